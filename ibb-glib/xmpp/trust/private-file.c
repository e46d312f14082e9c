/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/trust/private-file.h"

#include <string.h>

#include "base/disk.h"
#include "base/intl.h"

/* Some chains have a dozen certificates. */
#define PEM_MAX 1048576 /* bytes */

/* Devices and pipes, which may have the password of a service, have no owner that counts. */
void
ibb_private_file_judge (int fd, const char *path, IBBPrivateFile kind)
{
  struct stat info;

  if (ibb_disk->stat (fd, NULL, &info) != 0 || !S_ISREG (info.st_mode))
    return;

  if ((info.st_mode & S_IWOTH) != 0)
    g_warning (_ ("Everybody on this machine can write “%s”: chmod o-w %s"), path, path);
  if (kind == IBB_PRIVATE_FILE_SECRET && (info.st_mode & S_IROTH) != 0)
    g_warning (_ ("Everybody on this machine can read “%s”: chmod 600 %s"), path, path);
}

static void
set_error (GError **error, int failure)
{
  g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (failure), g_strerror (failure));
}

static void
wipe (char *text, gsize length)
{
  explicit_bzero (text, length);
  g_free (text);
}

char *
ibb_private_file_read (
    int fd, const char *path, IBBPrivateFile kind, gsize max, gsize *length, GError **error)
{
  struct stat info;
  gsize       size = 4096;
  gsize       used = 0;
  gssize      n;
  char       *text;

  ibb_private_file_judge (fd, path, kind);
  if (ibb_disk->stat (fd, NULL, &info) == 0 && info.st_size > 0)
    size = MIN ((gsize) info.st_size, max) + 1;
  text = g_malloc (size + 1);
  for (;;)
    {
      IBB_DISK_CALL (n, read (fd, text + used, size - used, used));
      if (n <= 0)
        break;
      used += (gsize) n;
      if (used > max)
        break;
      /* Not by g_realloc (), which leaves copies of a secret in memory. */
      if (used == size)
        {
          char *more;

          size = MIN (size * 2, max + 1);
          more = g_malloc (size + 1);
          memcpy (more, text, used);
          wipe (text, used);
          text = more;
        }
    }
  text[used] = '\0';
  if (n >= 0 && used <= max)
    {
      *length = used;
      return text;
    }

  if (n < 0)
    set_error (error, errno);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 /* Translators: a number of bytes */
                 _ ("The file has more than %zu bytes"), max);
  wipe (text, used);
  return NULL;
}

gboolean
ibb_private_file_check (const char *path, GError **error)
{
  g_autofree char *target = ibb_disk_resolve (path);
  struct stat      info;

  /* What cannot be looked at cannot be read: that error counts. */
  if (target == NULL || ibb_disk->stat_path (target, &info) != 0 || !S_ISFIFO (info.st_mode))
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE,
                       _ ("It is not a regular file"));
  return FALSE;
}

char *
ibb_private_file_load (
    const char *path, IBBPrivateFile kind, gsize max, gsize *length, GError **error)
{
  char *text;
  int   fd;

  IBB_DISK_CALL (fd, open_path (path));
  if (fd < 0)
    {
      set_error (error, errno);
      return NULL;
    }
  text = ibb_private_file_read (fd, path, kind, max, length, error);
  ibb_disk->close (fd);
  return text;
}

static gboolean
has_key (GTlsCertificate *certificate)
{
  g_autoptr (GByteArray) key = NULL;

  g_object_get (certificate, "private-key", &key, NULL);
  if (key != NULL)
    explicit_bzero (key->data, key->len);
  return key != NULL;
}

GTlsCertificate *
ibb_private_file_load_certificate (const char *path, const char *key_path, GError **error)
{
  gboolean         is_one = key_path == NULL || g_str_equal (key_path, path);
  gsize            length;
  gsize            key_length;
  char            *key;
  GTlsCertificate *certificate = NULL;
  g_autofree char *text = NULL;

  key = ibb_private_file_load (is_one ? path : key_path, IBB_PRIVATE_FILE_SECRET, PEM_MAX,
                               &key_length, error);
  if (key == NULL)
    return NULL;
  if (is_one)
    certificate = g_tls_certificate_new_from_pem (key, (gssize) key_length, error);
  else
    text = ibb_private_file_load (path, IBB_PRIVATE_FILE_TRUST, PEM_MAX, &length, error);
  if (text != NULL)
    {
      gsize both_length = length + 1 + key_length;
      char *both = g_malloc (both_length);

      memcpy (both, text, length);
      both[length] = '\n';
      memcpy (both + length + 1, key, key_length);
      certificate = g_tls_certificate_new_from_pem (both, (gssize) both_length, error);
      wipe (both, both_length);
    }
  wipe (key, key_length);
  if (certificate == NULL || has_key (certificate))
    return certificate;

  g_object_unref (certificate);
  g_set_error_literal (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE,
                       _ ("There is no private key"));
  return NULL;
}
