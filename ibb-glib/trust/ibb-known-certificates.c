/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "trust/ibb-known-certificates.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "ibb-enum-types.h"
#include "ibb-intl-private.h"

/**
 * IBBKnownCertificates:
 *
 * The certificates that the user has trusted, by name: of servers by their domain, of peers by
 * their bare JID.
 *
 * They are kept in a file, one certificate in each line: its SHA-256 as 64 hexadecimal digits, a
 * space, and the name. Programs may share the file, and it may be edited; lines that are not
 * understood stay. The file is read at each call, so that a change counts at once.
 *
 * ```c
 * static void
 * trust_what_is_known (IBBClient *client)
 * {
 *   g_autoptr (IBBKnownCertificates) known = ibb_known_certificates_new (NULL);
 *
 *   ibb_client_set_known_certificates (client, known);
 * }
 * ```
 *
 * ## Threads
 *
 * Any thread may call any method. Each reads or writes a small file.
 *
 * Since: 1.0
 */

/* A line of a certificate has some 100 bytes; a user's file grows by a line with each server and
 * each device of a peer. */
#define FILE_MAX 1048576 /* bytes */

struct _IBBKnownCertificates
{
  GObject parent_instance;

  char *path; /* immutable after construction */
};

enum
{
  PROP_PATH = 1,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (IBBKnownCertificates, ibb_known_certificates, G_TYPE_OBJECT)

static void
ibb_known_certificates_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_PATH)
    g_value_set_string (value, IBB_KNOWN_CERTIFICATES (object)->path);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
ibb_known_certificates_set_property (GObject      *object,
                                     guint         id,
                                     const GValue *value,
                                     GParamSpec   *pspec)
{
  IBBKnownCertificates *self = IBB_KNOWN_CERTIFICATES (object);

  if (id != PROP_PATH)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  else if (g_value_get_string (value) != NULL)
    self->path = g_value_dup_string (value);
  else
    self->path = g_build_filename (g_get_user_data_dir (), "ibb-glib", "known-certificates", NULL);
}

static void
ibb_known_certificates_finalize (GObject *object)
{
  g_free (IBB_KNOWN_CERTIFICATES (object)->path);

  G_OBJECT_CLASS (ibb_known_certificates_parent_class)->finalize (object);
}

static void
ibb_known_certificates_class_init (IBBKnownCertificatesClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = ibb_known_certificates_get_property;
  object_class->set_property = ibb_known_certificates_set_property;
  object_class->finalize = ibb_known_certificates_finalize;

  /**
   * IBBKnownCertificates:path:
   *
   * The file. It and its folder are made when the first certificate is added.
   *
   * Default: %NULL. Then it is `ibb-glib/known-certificates` in the user's folder for data, usually
   * `~/.local/share`, where the command `ibb` keeps them, too.
   *
   * Since: 1.0
   */
  props[PROP_PATH] =
      g_param_spec_string ("path", NULL, NULL, NULL,
                           G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
ibb_known_certificates_init (IBBKnownCertificates *self)
{
}

/**
 * ibb_known_certificates_new:
 * @path: (nullable) (type filename): the file; NULL: that of the user, see
 *   [property@IBB.KnownCertificates:path]
 *
 * Makes an object for the certificates in a file, which need not exist.
 *
 * Returns: (transfer full): the known certificates
 *
 * Since: 1.0
 */
IBBKnownCertificates *
ibb_known_certificates_new (const char *path)
{
  return g_object_new (IBB_TYPE_KNOWN_CERTIFICATES, "path", path, NULL);
}

/**
 * ibb_known_certificates_get_path:
 * @self: known certificates
 *
 * Gets the file.
 *
 * Returns: (type filename): the path
 *
 * Since: 1.0
 */
const char *
ibb_known_certificates_get_path (IBBKnownCertificates *self)
{
  g_return_val_if_fail (IBB_IS_KNOWN_CERTIFICATES (self), NULL);

  return self->path;
}

/* The digits of the file. */
static char *
dup_digits (GTlsCertificate *certificate)
{
  g_autoptr (GByteArray) der = NULL;

  g_object_get (certificate, "certificate", &der, NULL);
  return g_compute_checksum_for_data (G_CHECKSUM_SHA256, der->data, der->len);
}

/* Returns NULL without an error if there is no file. */
static char *
read_file (IBBKnownCertificates *self, gsize *length, GError **error)
{
  struct stat        info;
  g_autoptr (GError) local_error = NULL;
  char              *text = NULL;

  if (g_stat (self->path, &info) == 0 && info.st_size > FILE_MAX)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   _ ("The file of known certificates “%s” is too long"), self->path);
      return NULL;
    }
  if (!g_file_get_contents (self->path, &text, length, &local_error) &&
      !g_error_matches (local_error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                 _ ("Cannot read the file of known certificates “%s”: %s"), self->path,
                 local_error->message);
  return text;
}

/* Whether line is one of name. digits: its fingerprint, not terminated. */
static gboolean
parse_line (const char *line, const char *name, const char **digits)
{
  *digits = line;
  return strlen (line) > 65 && line[64] == ' ' && strspn (line, "0123456789abcdefABCDEF") == 64 &&
         g_ascii_strcasecmp (line + 65, name) == 0;
}

/**
 * ibb_known_certificates_check:
 * @self: known certificates
 * @name: whom the certificate has to belong to: a domain, or a bare JID
 * @certificate: the certificate
 *
 * Looks for a certificate. If the file cannot be read, no certificate is known.
 *
 * Returns: whether it is known, or another one of @name
 *
 * Since: 1.0
 */
IBBTrust
ibb_known_certificates_check (IBBKnownCertificates *self,
                              const char           *name,
                              GTlsCertificate      *certificate)
{
  g_autofree char   *text = NULL;
  g_autofree char   *wanted = NULL;
  g_auto (GStrv)     lines = NULL;
  g_autoptr (GError) error = NULL;
  IBBTrust           trust = IBB_TRUST_UNKNOWN;

  g_return_val_if_fail (IBB_IS_KNOWN_CERTIFICATES (self), IBB_TRUST_UNKNOWN);
  g_return_val_if_fail (name != NULL, IBB_TRUST_UNKNOWN);
  g_return_val_if_fail (G_IS_TLS_CERTIFICATE (certificate), IBB_TRUST_UNKNOWN);

  text = read_file (self, NULL, &error);
  if (error != NULL)
    g_warning ("%s", error->message);
  if (text == NULL)
    return IBB_TRUST_UNKNOWN;

  wanted = dup_digits (certificate);
  lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      const char *digits;

      if (!parse_line (g_strchomp (*line), name, &digits))
        continue;
      if (g_ascii_strncasecmp (digits, wanted, 64) == 0)
        return IBB_TRUST_KNOWN;
      trust = IBB_TRUST_CHANGED;
    }
  return trust;
}

static gboolean
make_folder (IBBKnownCertificates *self, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (self->path);

  if (g_mkdir_with_parents (folder, 0700) == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
               _ ("Cannot make the folder “%s”: %s"), folder, g_strerror (errno));
  return FALSE;
}

/**
 * ibb_known_certificates_add:
 * @self: known certificates
 * @name: whom the certificate belongs to: a domain, or a bare JID
 * @certificate: the certificate
 * @error: return location for an error of the file, in the domain %G_IO_ERROR
 *
 * Adds a certificate. The others of @name stay known.
 *
 * Returns: TRUE if the certificate is in the file
 *
 * Since: 1.0
 */
gboolean
ibb_known_certificates_add (IBBKnownCertificates *self,
                            const char           *name,
                            GTlsCertificate      *certificate,
                            GError              **error)
{
  g_autofree char *digits = NULL;
  g_autofree char *line = NULL;
  int              fd;
  int              failure = 0;

  g_return_val_if_fail (IBB_IS_KNOWN_CERTIFICATES (self), FALSE);
  g_return_val_if_fail (name != NULL && strpbrk (name, "\r\n") == NULL, FALSE);
  g_return_val_if_fail (G_IS_TLS_CERTIFICATE (certificate), FALSE);

  if (ibb_known_certificates_check (self, name, certificate) == IBB_TRUST_KNOWN)
    return TRUE;
  if (!make_folder (self, error))
    return FALSE;

  digits = dup_digits (certificate);
  line = g_strdup_printf ("%s %s\n", digits, name);
  /* One write at the end of the file: another program may add a line at the same time. */
  fd = g_open (self->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || write (fd, line, strlen (line)) != (gssize) strlen (line))
    failure = errno;
  if (fd >= 0 && close (fd) != 0 && failure == 0)
    failure = errno;
  if (failure == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (failure),
               _ ("Cannot write the file of known certificates “%s”: %s"), self->path,
               g_strerror (failure));
  return FALSE;
}

/**
 * ibb_known_certificates_forget:
 * @self: known certificates
 * @name: a domain, or a bare JID
 * @error: return location for an error of the file, in the domain %G_IO_ERROR
 *
 * Removes all certificates of a name.
 *
 * Returns: TRUE if no certificate of the name is in the file
 *
 * Since: 1.0
 */
gboolean
ibb_known_certificates_forget (IBBKnownCertificates *self, const char *name, GError **error)
{
  g_autofree char    *text = NULL;
  g_auto (GStrv)      lines = NULL;
  g_autoptr (GError)  local_error = NULL;
  g_autoptr (GString) rest = NULL;

  g_return_val_if_fail (IBB_IS_KNOWN_CERTIFICATES (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  text = read_file (self, NULL, &local_error);
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (text == NULL)
    return TRUE;

  rest = g_string_new (NULL);
  lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      g_autofree char *trimmed = g_strchomp (g_strdup (*line));
      const char      *digits;

      if (parse_line (trimmed, name, &digits))
        continue;
      g_string_append (rest, *line);
      if (line[1] != NULL)
        g_string_append_c (rest, '\n');
    }
  if (g_file_set_contents_full (self->path, rest->str, (gssize) rest->len,
                                G_FILE_SET_CONTENTS_CONSISTENT, 0600, &local_error))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
               _ ("Cannot write the file of known certificates “%s”: %s"), self->path,
               local_error->message);
  return FALSE;
}

/**
 * ibb_known_certificates_dup_fingerprint:
 * @certificate: a certificate
 *
 * Gets the SHA-256 of a certificate, in the form of openssl: see
 * [property@IBB.TrustQuestion:fingerprint].
 *
 * Returns: (transfer full): the fingerprint
 *
 * Since: 1.0
 */
char *
ibb_known_certificates_dup_fingerprint (GTlsCertificate *certificate)
{
  g_autofree char *digits = NULL;
  GString         *fingerprint;

  g_return_val_if_fail (G_IS_TLS_CERTIFICATE (certificate), NULL);

  digits = dup_digits (certificate);
  fingerprint = g_string_new (NULL);
  for (guint i = 0; digits[i] != '\0'; i++)
    {
      if (i > 0 && i % 2 == 0)
        g_string_append_c (fingerprint, ':');
      g_string_append_c (fingerprint, g_ascii_toupper (digits[i]));
    }
  return g_string_free (fingerprint, FALSE);
}
