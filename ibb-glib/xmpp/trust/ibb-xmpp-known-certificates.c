/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/trust/ibb-xmpp-known-certificates.h"

#include <errno.h>
#include <string.h>

#include "base/intl.h"
#include "xmpp/ibb-xmpp-enum-types.h"
#include "xmpp/trust/ibb-xmpp-known-certificates-private.h"
#include "xmpp/trust/private-place.h"
#include "xmpp/trust/user-file.h"

/**
 * IBBXmppKnownCertificates:
 *
 * The certificates that the user has trusted, by name: of servers by their domain, of peers by
 * their bare JID.
 *
 * They are kept in a file, one certificate in each line: its SHA-256 as 64 hexadecimal digits, a
 * space, and the name. Programs may share the file, and it may be edited; lines that are not
 * understood stay. The file is read at each call, so that a change counts at once. A change is
 * written to a second file, with `.new` at the end of its name, which is locked (flock) and then
 * takes the place of the first. So the file is always whole.
 *
 * ```c
 * static void
 * trust_what_is_known (IBBXmppClient *client)
 * {
 *   g_autoptr (IBBXmppKnownCertificates) known = ibb_xmpp_known_certificates_new (NULL);
 *
 *   ibb_xmpp_client_set_known_certificates (client, known);
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
#define N_DIGITS IBB_XMPP_KNOWN_CERTIFICATES_N_DIGITS

struct _IBBXmppKnownCertificates
{
  GObject parent_instance;

  /* immutable after construction */
  char    *path;
  gboolean is_usual; /* in the user's folder */
};

enum
{
  PROP_PATH = 1,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (IBBXmppKnownCertificates, ibb_xmpp_known_certificates, G_TYPE_OBJECT)

static void
ibb_xmpp_known_certificates_get_property (GObject    *object,
                                          guint       id,
                                          GValue     *value,
                                          GParamSpec *pspec)
{
  if (id == PROP_PATH)
    g_value_set_string (value, IBB_XMPP_KNOWN_CERTIFICATES (object)->path);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
ibb_xmpp_known_certificates_set_property (GObject      *object,
                                          guint         id,
                                          const GValue *value,
                                          GParamSpec   *pspec)
{
  IBBXmppKnownCertificates *self = IBB_XMPP_KNOWN_CERTIFICATES (object);

  if (id != PROP_PATH)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  else if (g_value_get_string (value) != NULL)
    self->path = g_value_dup_string (value);
  else
    {
      self->path = ibb_user_file_dup_path (g_get_user_data_dir (), "known-certificates");
      self->is_usual = TRUE;
    }
}

static void
ibb_xmpp_known_certificates_finalize (GObject *object)
{
  g_free (IBB_XMPP_KNOWN_CERTIFICATES (object)->path);

  G_OBJECT_CLASS (ibb_xmpp_known_certificates_parent_class)->finalize (object);
}

static void
ibb_xmpp_known_certificates_class_init (IBBXmppKnownCertificatesClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = ibb_xmpp_known_certificates_get_property;
  object_class->set_property = ibb_xmpp_known_certificates_set_property;
  object_class->finalize = ibb_xmpp_known_certificates_finalize;

  /**
   * IBBXmppKnownCertificates:path:
   *
   * The file. It and its folder are made when the first certificate is added.
   *
   * Default: %NULL. Then it is `ibb-glib/known-certificates` in the user's folder for data, usually
   * `~/.local/share`, where the command `ibb` keeps them, too. If that folder is a relative path,
   * each call fails, and no certificate is known.
   *
   * Since: 1.0
   */
  props[PROP_PATH] =
      g_param_spec_string ("path", NULL, NULL, NULL,
                           G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
ibb_xmpp_known_certificates_init (IBBXmppKnownCertificates *self)
{
}

/**
 * ibb_xmpp_known_certificates_new:
 * @path: (nullable) (type filename): the file; NULL: that of the user, see
 *   [property@IBBXmpp.KnownCertificates:path]
 *
 * Makes an object for the certificates in a file, which need not exist.
 *
 * Returns: (transfer full): the known certificates
 *
 * Since: 1.0
 */
IBBXmppKnownCertificates *
ibb_xmpp_known_certificates_new (const char *path)
{
  return g_object_new (IBB_XMPP_TYPE_KNOWN_CERTIFICATES, "path", path, NULL);
}

/**
 * ibb_xmpp_known_certificates_get_path:
 * @self: known certificates
 *
 * Gets the file.
 *
 * Returns: (type filename): the path
 *
 * Since: 1.0
 */
const char *
ibb_xmpp_known_certificates_get_path (IBBXmppKnownCertificates *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_KNOWN_CERTIFICATES (self), NULL);

  return self->path;
}

char *
ibb_xmpp_known_certificates_dup_digits (GTlsCertificate *certificate)
{
  g_autoptr (GByteArray) der = NULL;

  g_object_get (certificate, "certificate", &der, NULL);
  return g_compute_checksum_for_data (G_CHECKSUM_SHA256, der->data, der->len);
}

/* Takes the next line from text, of which left bytes remain. Bytes may be NUL. length is that
 * without the end of the line and the space before it. FALSE: there is none. */
static gboolean
take_line (const char **text, gsize *left, const char **line, gsize *length)
{
  const char *end;
  gsize       size;

  if (*left == 0)
    return FALSE;
  end = memchr (*text, '\n', *left);
  size = end != NULL ? (gsize) (end - *text) + 1 : *left;
  *line = *text;
  *text += size;
  *left -= size;
  while (size > 0 && g_ascii_isspace ((*line)[size - 1]))
    size--;
  *length = size;
  return TRUE;
}

/* Whether a line has the digits of a certificate and a name. */
static gboolean
is_entry (const char *line, gsize length)
{
  gsize n_digits = 0;

  while (n_digits < length && g_ascii_isxdigit (line[n_digits]))
    n_digits++;
  return n_digits == N_DIGITS && length > N_DIGITS + 1 && line[N_DIGITS] == ' ';
}

static gboolean
is_of (const char *line, gsize length, const char *name)
{
  return is_entry (line, length) && length == N_DIGITS + 1 + strlen (name) &&
         g_ascii_strncasecmp (line + N_DIGITS + 1, name, strlen (name)) == 0;
}

static IBBXmppTrust
find (const char *text, gsize left, const char *name, const char *digits)
{
  IBBXmppTrust trust = IBB_XMPP_TRUST_UNKNOWN;
  const char  *line;
  gsize        length;

  while (take_line (&text, &left, &line, &length))
    {
      if (!is_of (line, length, name))
        continue;
      if (g_ascii_strncasecmp (line, digits, N_DIGITS) == 0)
        return IBB_XMPP_TRUST_KNOWN;
      trust = IBB_XMPP_TRUST_CHANGED;
    }
  return trust;
}

/* place: (nullable): where a change looks, with the lock. Without a file the text is empty. */
static char *
read_file (IBBXmppKnownCertificates *self, IBBPrivatePlace *place, gsize *length, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  char              *text = NULL;

  if (self->is_usual && !ibb_user_file_check (self->path, error))
    return NULL;
  if (place != NULL)
    text = ibb_private_place_read (place, self->path, FILE_MAX, length, &local_error);
  else if (ibb_private_file_check (self->path, &local_error))
    text =
        ibb_private_file_load (self->path, IBB_PRIVATE_FILE_TRUST, FILE_MAX, length, &local_error);
  if (text != NULL)
    return text;
  if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    {
      *length = 0;
      return g_strdup ("");
    }
  g_set_error (error, local_error->domain, local_error->code,
               _ ("Cannot read the file of known certificates “%s”: %s"), self->path,
               local_error->message);
  return NULL;
}

/**
 * ibb_xmpp_known_certificates_check:
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
IBBXmppTrust
ibb_xmpp_known_certificates_check (IBBXmppKnownCertificates *self,
                                   const char               *name,
                                   GTlsCertificate          *certificate)
{
  g_autofree char   *text = NULL;
  g_autofree char   *wanted = NULL;
  g_autoptr (GError) error = NULL;
  gsize              length;

  g_return_val_if_fail (IBB_XMPP_IS_KNOWN_CERTIFICATES (self), IBB_XMPP_TRUST_UNKNOWN);
  g_return_val_if_fail (name != NULL, IBB_XMPP_TRUST_UNKNOWN);
  g_return_val_if_fail (G_IS_TLS_CERTIFICATE (certificate), IBB_XMPP_TRUST_UNKNOWN);

  text = read_file (self, NULL, &length, &error);
  if (text == NULL)
    {
      g_warning ("%s", error->message);
      return IBB_XMPP_TRUST_UNKNOWN;
    }

  wanted = ibb_xmpp_known_certificates_dup_digits (certificate);
  return find (text, length, name, wanted);
}

/* A change of the lines of one name. */
typedef struct
{
  const char *name;
  const char *digits;  /* (nullable): to be added */
  gboolean    removes; /* those of others */
} Change;

/* Returns: (nullable): the text after the change, if that is another one. */
static GString *
apply (const Change *change, const char *text, gsize left)
{
  g_autoptr (GString) result = g_string_sized_new (left + 128);
  gsize               old_length = left;
  gboolean            is_known = FALSE;
  const char         *line;
  gsize               length;

  while (take_line (&text, &left, &line, &length))
    {
      gboolean is_named = is_of (line, length, change->name);
      gboolean is_added = is_named && change->digits != NULL &&
                          g_ascii_strncasecmp (line, change->digits, N_DIGITS) == 0;

      is_known |= is_added;
      if (!is_named || !change->removes || is_added)
        g_string_append_len (result, line, (gssize) (text - line));
    }
  if (change->digits != NULL && !is_known)
    {
      /* The last line may have no end: somebody has edited the file, or its disk was full. */
      if (result->len > 0 && result->str[result->len - 1] != '\n')
        g_string_append_c (result, '\n');
      g_string_append_printf (result, "%s %s\n", change->digits, change->name);
    }
  else if (result->len == old_length)
    return NULL;
  return g_steal_pointer (&result);
}

/* Returns 0 or an errno, or -1 with the error. */
static int
change_locked (IBBXmppKnownCertificates *self,
               const Change             *change,
               IBBPrivatePlace          *place,
               GError                  **error)
{
  g_autofree char    *text = NULL;
  g_autoptr (GString) result = NULL;
  gsize               length;
  int                 failure = ibb_private_place_lock (place);

  if (failure != 0)
    return failure;
  text = read_file (self, place, &length, error);
  if (text == NULL)
    return -1;
  result = apply (change, text, length);
  if (result == NULL)
    return ibb_private_place_sync (place);
  if (result->len <= FILE_MAX)
    return ibb_private_place_write (place, result->str, result->len);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
               _ ("The file of known certificates “%s” is too long"), self->path);
  return -1;
}

static gboolean
make_change (IBBXmppKnownCertificates *self, const Change *change, GError **error)
{
  g_autoptr (GString) result = NULL;
  gsize               length;
  g_autofree char    *text = read_file (self, NULL, &length, error);
  IBBPrivatePlace     place;
  int                 failure;

  if (text == NULL)
    return FALSE;
  result = apply (change, text, length);
  failure = ibb_private_place_open (&place, self->path, result != NULL);
  /* An entry that the file has already may not be on the disk: its writer was killed, or has not
   * ended. */
  if (failure == 0)
    failure = result != NULL ? change_locked (self, change, &place, error)
                             : ibb_private_place_sync (&place);
  else if (failure == ENOENT && result == NULL)
    failure = 0;
  ibb_private_place_close (&place);
  if (failure > 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (failure),
                 _ ("Cannot write the file of known certificates “%s”: %s"), self->path,
                 g_strerror (failure));
  return failure == 0;
}

static gboolean
add (IBBXmppKnownCertificates *self,
     const char               *name,
     GTlsCertificate          *certificate,
     gboolean                  replaces,
     GError                  **error)
{
  g_autofree char *digits = ibb_xmpp_known_certificates_dup_digits (certificate);
  const Change     change = { name, digits, replaces };

  return make_change (self, &change, error);
}

gboolean
ibb_xmpp_known_certificates_replace (IBBXmppKnownCertificates *self,
                                     const char               *name,
                                     GTlsCertificate          *certificate,
                                     GError                  **error)
{
  return add (self, name, certificate, TRUE, error);
}

/**
 * ibb_xmpp_known_certificates_add:
 * @self: known certificates
 * @name: whom the certificate belongs to: a domain, or a bare JID
 * @certificate: the certificate
 * @error: return location for an error of the file, in the domain %G_IO_ERROR;
 *   %G_IO_ERROR_BUSY: another program has kept its lock for five seconds
 *
 * Adds a certificate. The others of @name stay known.
 *
 * Returns: TRUE if the certificate is in the file
 *
 * Since: 1.0
 */
gboolean
ibb_xmpp_known_certificates_add (IBBXmppKnownCertificates *self,
                                 const char               *name,
                                 GTlsCertificate          *certificate,
                                 GError                  **error)
{
  g_return_val_if_fail (IBB_XMPP_IS_KNOWN_CERTIFICATES (self), FALSE);
  g_return_val_if_fail (name != NULL && strpbrk (name, "\r\n") == NULL, FALSE);
  g_return_val_if_fail (G_IS_TLS_CERTIFICATE (certificate), FALSE);

  return add (self, name, certificate, FALSE, error);
}

/**
 * ibb_xmpp_known_certificates_forget:
 * @self: known certificates
 * @name: a domain, or a bare JID
 * @error: return location for an error of the file, in the domain %G_IO_ERROR;
 *   %G_IO_ERROR_BUSY: another program has kept its lock for five seconds
 *
 * Removes all certificates of a name.
 *
 * Returns: TRUE if no certificate of the name is in the file
 *
 * Since: 1.0
 */
gboolean
ibb_xmpp_known_certificates_forget (IBBXmppKnownCertificates *self,
                                    const char               *name,
                                    GError                  **error)
{
  const Change change = { name, NULL, TRUE };

  g_return_val_if_fail (IBB_XMPP_IS_KNOWN_CERTIFICATES (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  return make_change (self, &change, error);
}

/**
 * ibb_xmpp_known_certificates_list:
 * @self: known certificates
 * @fingerprints: (out) (array zero-terminated=1) (transfer full): the SHA-256 of each certificate,
 * in the form of [property@IBBXmpp.TrustQuestion:fingerprint]; free with g_strfreev()
 * @error: return location for an error of the file, in the domain %G_IO_ERROR
 *
 * Lists the certificates, in the order of the file. A name with several certificates is there
 * several times. Names that are not UTF-8 are left out. Without a file there are none.
 *
 * Returns: (transfer full) (array zero-terminated=1): whom each certificate belongs to, a domain or
 *   a bare JID; free with g_strfreev()
 *
 * Since: 1.0
 */
char **
ibb_xmpp_known_certificates_list (IBBXmppKnownCertificates *self,
                                  char                   ***fingerprints,
                                  GError                  **error)
{
  g_autoptr (GStrvBuilder) names = NULL;
  g_autoptr (GStrvBuilder) found = NULL;
  g_autoptr (GError)       local_error = NULL;
  g_autofree char         *text = NULL;
  const char              *next;
  const char              *line;
  gsize                    left = 0;
  gsize                    length;

  g_return_val_if_fail (IBB_XMPP_IS_KNOWN_CERTIFICATES (self), NULL);
  g_return_val_if_fail (fingerprints != NULL, NULL);

  text = read_file (self, NULL, &left, &local_error);
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }
  names = g_strv_builder_new ();
  found = g_strv_builder_new ();
  next = text;
  while (take_line (&next, &left, &line, &length))
    {
      g_autofree char *name = NULL;
      g_autofree char *fingerprint = NULL;

      if (!is_entry (line, length) ||
          !g_utf8_validate_len (line + N_DIGITS + 1, length - N_DIGITS - 1, NULL))
        continue;
      name = g_strndup (line + N_DIGITS + 1, length - N_DIGITS - 1);
      fingerprint = ibb_xmpp_known_certificates_format (line);
      g_strv_builder_add (names, name);
      g_strv_builder_add (found, fingerprint);
    }
  *fingerprints = g_strv_builder_end (found);
  return g_strv_builder_end (names);
}

static char *
dup_without_colons (const char *fingerprint)
{
  g_auto (GStrv) parts = g_strsplit (fingerprint, ":", -1);

  return g_strjoinv ("", parts);
}

gboolean
ibb_xmpp_known_certificates_is_fingerprint (const char *fingerprint)
{
  g_autofree char *digits = dup_without_colons (fingerprint);

  return strlen (digits) == N_DIGITS && strspn (digits, "0123456789abcdefABCDEF") == N_DIGITS;
}

gboolean
ibb_xmpp_known_certificates_matches (GTlsCertificate *certificate, const char *fingerprint)
{
  g_autofree char *digits = ibb_xmpp_known_certificates_dup_digits (certificate);
  g_autofree char *wanted = dup_without_colons (fingerprint);

  return g_ascii_strcasecmp (digits, wanted) == 0;
}

/* What openssl prints: capital pairs with colons. digits: of the file, and perhaps more. */
char *
ibb_xmpp_known_certificates_format (const char *digits)
{
  GString *fingerprint = g_string_new (NULL);

  for (guint i = 0; i < N_DIGITS; i++)
    {
      if (i > 0 && i % 2 == 0)
        g_string_append_c (fingerprint, ':');
      g_string_append_c (fingerprint, g_ascii_toupper (digits[i]));
    }
  return g_string_free (fingerprint, FALSE);
}

/**
 * ibb_xmpp_known_certificates_dup_fingerprint:
 * @certificate: a certificate
 *
 * Gets the SHA-256 of a certificate, in the form of openssl: see
 * [property@IBBXmpp.TrustQuestion:fingerprint].
 *
 * Returns: (transfer full): the fingerprint
 *
 * Since: 1.0
 */
char *
ibb_xmpp_known_certificates_dup_fingerprint (GTlsCertificate *certificate)
{
  g_autofree char *digits = NULL;

  g_return_val_if_fail (G_IS_TLS_CERTIFICATE (certificate), NULL);

  digits = ibb_xmpp_known_certificates_dup_digits (certificate);
  return ibb_xmpp_known_certificates_format (digits);
}
