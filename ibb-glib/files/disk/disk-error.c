/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/disk/disk-error.h"

#include <errno.h>

/* GIO takes some failures for what they are not on a disk: ENOMEM for a full one, ETIMEDOUT of a
 * server of files for a silent peer, ECANCELED for a decision. */
int
ibb_disk_error_get_code (int failure)
{
  switch (failure)
    {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: /* a limit of the process (RLIMIT_FSIZE), or of the file system */
      return G_IO_ERROR_NO_SPACE;
    case EACCES:
    case EPERM:
      return G_IO_ERROR_PERMISSION_DENIED;
    case EROFS:
      return G_IO_ERROR_READ_ONLY;
    case ENOENT:
      return G_IO_ERROR_NOT_FOUND;
    case ENAMETOOLONG:
      return G_IO_ERROR_FILENAME_TOO_LONG;
    case EMFILE:
    case ENFILE:
      return G_IO_ERROR_TOO_MANY_OPEN_FILES;
    case EEXIST:
      return G_IO_ERROR_EXISTS;
    case EBUSY:
      return G_IO_ERROR_BUSY;
    case ENOTDIR:
    case ELOOP:
      return G_IO_ERROR_NOT_DIRECTORY;
    case EISDIR:
      return G_IO_ERROR_IS_DIRECTORY;
    default:
      return G_IO_ERROR_FAILED;
    }
}
