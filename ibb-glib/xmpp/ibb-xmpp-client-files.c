/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The files that a client reads for its logins: a password, a key, authorities. */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/intl.h"
#include "xmpp/ibb-xmpp-client-private.h"
#include "xmpp/trust/private-file.h"

/* Far more than any password has. */
#define PASSWORD_MAX 4096 /* bytes */

/* Byte by byte, as what follows in a pipe may be for others. line has room for PASSWORD_MAX bytes
 * and one more. FALSE with errno, which is EBADMSG for a line that is too long or has a NUL, so
 * that it would be only a part of the password. */
static gboolean
read_line (int fd, char *line)
{
  gsize  length = 0;
  gssize n;
  char   c = '\0';

  for (;;)
    {
      n = read (fd, &c, 1);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0 || c == '\n')
        break;
      if (c == '\0' || length == PASSWORD_MAX)
        {
          errno = EBADMSG;
          n = -1;
          break;
        }
      line[length++] = c;
    }
  explicit_bzero (&c, sizeof c);
  if (length > 0 && line[length - 1] == '\r')
    length--;
  line[length] = '\0';
  return n >= 0;
}

/**
 * ibb_xmpp_client_load_password:
 * @self: a client
 * @path: (type filename): a file, or a pipe
 * @error: return location for an error of %G_IO_ERROR: %G_IO_ERROR_INVALID_DATA if the first line
 * is empty, has a NUL, or more than 4096 bytes
 *
 * Sets the password to the first line of a file. If everybody on the machine can read the file, or
 * write it, a warning is logged.
 *
 * Returns: TRUE if the password was set
 *
 * Since: 1.0
 */
gboolean
ibb_xmpp_client_load_password (IBBXmppClient *self, const char *path, GError **error)
{
  char     line[PASSWORD_MAX + 1] = "";
  gboolean done = FALSE;
  int      failure;
  int      fd;

  g_return_val_if_fail (IBB_XMPP_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (path != NULL, FALSE);

  fd = open (path, O_RDONLY | O_CLOEXEC);
  failure = errno;
  if (fd >= 0)
    {
      ibb_private_file_judge (fd, path, IBB_PRIVATE_FILE_SECRET);
      done = read_line (fd, line);
      failure = errno;
      close (fd);
    }
  if (!done && failure == EBADMSG)
    g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        _ ("The first line of “%s” is not a valid password: it has a NUL or more than %d bytes"),
        path, PASSWORD_MAX);
  else if (!done)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (failure),
                 _ ("Cannot read the password file “%s”: %s"), path, g_strerror (failure));
  else if (*line == '\0')
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, _ ("The password file “%s” is empty"),
                 path);
  else
    ibb_xmpp_client_set_password (self, line);
  done = done && *line != '\0';
  explicit_bzero (line, sizeof line);
  return done;
}

/**
 * ibb_xmpp_client_load_certificate:
 * @self: a client
 * @path: (type filename): a file with the client's certificate in PEM, then the certificates of
 *   authorities that lead to one that the server trusts
 * @key_path: (nullable) (type filename): a file with the private key in PEM; NULL: it is in @path
 * @error: return location for an error of %G_IO_ERROR or %G_TLS_ERROR
 *
 * Sets [property@IBBXmpp.Client:certificate]. If everybody on the machine can read the key, or
 * write it, a warning is logged.
 *
 * Returns: TRUE if the certificate was set
 *
 * Since: 1.0
 */
gboolean
ibb_xmpp_client_load_certificate (IBBXmppClient *self,
                                  const char    *path,
                                  const char    *key_path,
                                  GError       **error)
{
  g_autoptr (GTlsCertificate) certificate = NULL;

  g_return_val_if_fail (IBB_XMPP_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (path != NULL, FALSE);

  certificate = ibb_private_file_load_certificate (path, key_path, error);
  if (certificate == NULL)
    {
      g_prefix_error (error, /* Translators: a reason follows */
                      _ ("Cannot read the certificate “%s” and its key “%s”: "), path,
                      key_path != NULL ? key_path : path);
      return FALSE;
    }
  ibb_xmpp_client_set_certificate (self, certificate);
  return TRUE;
}

/**
 * ibb_xmpp_client_load_authorities:
 * @self: a client
 * @path: (type filename): a file with certificates of authorities, in PEM
 * @error: return location for an error of %G_FILE_ERROR or %G_TLS_ERROR
 *
 * Trusts only servers whose certificate one of these authorities has signed: sets
 * [property@IBBXmpp.Client:tls-database], and [property@IBBXmpp.Client:known-certificates] to
 * %NULL, so that no certificate counts that was accepted before.
 * [signal@IBBXmpp.Client::trust-requested] is emitted for others as usual.
 *
 * Returns: TRUE if the authorities were set
 *
 * Since: 1.0
 */
gboolean
ibb_xmpp_client_load_authorities (IBBXmppClient *self, const char *path, GError **error)
{
  g_autofree char         *absolute = NULL;
  g_autoptr (GError)       reason = NULL;
  g_autoptr (GTlsDatabase) database = NULL;

  g_return_val_if_fail (IBB_XMPP_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (path != NULL, FALSE);

  /* GTlsFileDatabase takes absolute paths only. */
  absolute = g_canonicalize_filename (path, NULL);
  database = g_tls_file_database_new (absolute, &reason);
  if (database == NULL)
    {
      g_set_error (error, reason->domain, reason->code,
                   _ ("Cannot read certificates from “%s”: name a file that has them in PEM, and "
                      "that this user can read"),
                   path);
      return FALSE;
    }
  ibb_xmpp_client_set_tls_database (self, database);
  ibb_xmpp_client_set_known_certificates (self, NULL);
  return TRUE;
}
