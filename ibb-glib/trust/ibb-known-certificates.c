/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "trust/ibb-known-certificates.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ibb-disk-private.h"
#include "ibb-enum-types.h"
#include "ibb-intl-private.h"
#include "trust/ibb-known-certificates-private.h"
#include "trust/private-file.h"

/**
 * IBBKnownCertificates:
 *
 * The certificates that the user has trusted, by name: of servers by their domain, of peers by
 * their bare JID.
 *
 * They are kept in a file, one certificate in each line: its SHA-256 as 64 hexadecimal digits, a
 * space, and the name. Programs may share the file, and it may be edited; lines that are not
 * understood stay. The file is read at each call, so that a change counts at once. A change locks
 * the file (flock), writes another one beside it, and puts that in its place: the file is always
 * whole.
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
/* A change takes milliseconds; a program that was stopped within one may keep the lock. */
#define LOCK_TIMEOUT (5 * G_USEC_PER_SEC)
#define LOCK_PAUSE 5000 /* µs */
#define N_DIGITS 64

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

/* Whether a line, which begins with the digits of a certificate, is one of name. */
static gboolean
is_of (const char *line, gsize length, const char *name)
{
  gsize n_digits = 0;

  while (n_digits < length && g_ascii_isxdigit (line[n_digits]))
    n_digits++;
  return n_digits == N_DIGITS && length == N_DIGITS + 1 + strlen (name) && line[N_DIGITS] == ' ' &&
         g_ascii_strncasecmp (line + N_DIGITS + 1, name, strlen (name)) == 0;
}

static IBBTrust
find (const char *text, gsize left, const char *name, const char *digits)
{
  IBBTrust    trust = IBB_TRUST_UNKNOWN;
  const char *line;
  gsize       length;

  while (take_line (&text, &left, &line, &length))
    {
      if (!is_of (line, length, name))
        continue;
      if (g_ascii_strncasecmp (line, digits, N_DIGITS) == 0)
        return IBB_TRUST_KNOWN;
      trust = IBB_TRUST_CHANGED;
    }
  return trust;
}

/* fd: of the open file, or -1. (nullable): with an error, or if there is no file. */
static char *
read_file (IBBKnownCertificates *self, int fd, gsize *length, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  char              *text;

  if (fd >= 0)
    text = ibb_private_file_read (fd, self->path, IBB_PRIVATE_FILE_TRUST, FILE_MAX, length,
                                  &local_error);
  else
    text =
        ibb_private_file_load (self->path, IBB_PRIVATE_FILE_TRUST, FILE_MAX, length, &local_error);
  if (text == NULL && !g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    g_set_error (error, local_error->domain, local_error->code,
                 _ ("Cannot read the file of known certificates “%s”: %s"), self->path,
                 local_error->message);
  return text;
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
  g_autoptr (GError) error = NULL;
  gsize              length = 0;

  g_return_val_if_fail (IBB_IS_KNOWN_CERTIFICATES (self), IBB_TRUST_UNKNOWN);
  g_return_val_if_fail (name != NULL, IBB_TRUST_UNKNOWN);
  g_return_val_if_fail (G_IS_TLS_CERTIFICATE (certificate), IBB_TRUST_UNKNOWN);

  text = read_file (self, -1, &length, &error);
  if (error != NULL)
    g_warning ("%s", error->message);
  if (text == NULL)
    return IBB_TRUST_UNKNOWN;

  wanted = dup_digits (certificate);
  return find (text, length, name, wanted);
}

static void
set_write_error (IBBKnownCertificates *self, int failure, GError **error)
{
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (failure),
               _ ("Cannot write the file of known certificates “%s”: %s"), self->path,
               g_strerror (failure));
}

static gboolean
make_folder (const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);

  if (g_mkdir_with_parents (folder, 0700) == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
               _ ("Cannot make the folder “%s”: %s"), folder, g_strerror (errno));
  return FALSE;
}

/* Whether fd is what path names: another program may have put another file there. */
static gboolean
is_there (int fd, const char *path)
{
  struct stat held;
  struct stat named;

  return fstat (fd, &held) == 0 && stat (path, &named) == 0 && held.st_dev == named.st_dev &&
         held.st_ino == named.st_ino;
}

/* Opens the file at path, and keeps other writers away until it is closed. -1 with errno. */
static int
open_locked (const char *path, gboolean create)
{
  gint64 end = g_get_monotonic_time () + LOCK_TIMEOUT;

  for (;;)
    {
      int fd = open (path, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
      int failure;

      if (fd < 0)
        return -1;
      failure = flock (fd, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
      if (failure == 0 && is_there (fd, path))
        return fd;
      close (fd);
      /* EWOULDBLOCK: somebody else has the lock. 0: somebody else had it, and has put another file
       * there. */
      if (failure == EWOULDBLOCK)
        g_usleep (LOCK_PAUSE);
      else if (failure != 0 && failure != EINTR && failure != ENOLCK)
        {
          errno = failure;
          return -1;
        }
      if (failure == ENOLCK || g_get_monotonic_time () >= end)
        {
          errno = EBUSY;
          return -1;
        }
    }
}

static gboolean
write_all (int fd, const char *text, gsize length)
{
  gssize n = 0;

  for (gsize done = 0; done < length; done += (gsize) MAX (n, 0))
    {
      n = write (fd, text + done, length - done);
      if (n == 0)
        errno = EIO;
      if (n == 0 || (n < 0 && errno != EINTR))
        return FALSE;
    }
  return fsync (fd) == 0;
}

static gboolean
sync_folder (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  int              fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean         done = fd >= 0 && fsync (fd) == 0;

  if (fd >= 0)
    close (fd);
  return done;
}

/* Puts a file with text in the place of that at path, whose lock the caller has: so no other writer
 * uses the name of the new file, and what is there was left by one that was killed. The new file is
 * locked before others see it. -1 with errno. */
static int
replace_file (const char *path, int old, const char *text, gsize length)
{
  g_autofree char *beside = g_strconcat (path, ".new", NULL);
  struct stat      info;
  int              fd;
  int              failure;

  unlink (beside);
  fd = open (beside, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0)
    return -1;
  if (flock (fd, LOCK_EX) == 0 && fstat (old, &info) == 0 &&
      fchmod (fd, info.st_mode & 0755) == 0 && write_all (fd, text, length) &&
      rename (beside, path) == 0 && sync_folder (path))
    return fd;
  failure = errno;
  close (fd);
  unlink (beside);
  errno = failure;
  return -1;
}

/* A change of the lines of one name. */
typedef struct
{
  const char *name;
  const char *digits;  /* (nullable): to be added */
  gboolean    removes; /* those of others */
} Change;

static gboolean
is_done (const Change *change, const char *text, gsize length)
{
  IBBTrust trust = find (text, length, change->name, change->digits != NULL ? change->digits : "");

  return change->digits != NULL ? trust == IBB_TRUST_KNOWN : trust == IBB_TRUST_UNKNOWN;
}

static GString *
apply (const Change *change, const char *text, gsize left)
{
  GString    *result = g_string_sized_new (left + 128);
  const char *line;
  gsize       length;

  while (take_line (&text, &left, &line, &length))
    if (!change->removes || !is_of (line, length, change->name))
      g_string_append_len (result, line, (gssize) (text - line));
  /* The last line may have no end: somebody has edited the file, or its disk was full. */
  if (change->digits != NULL && result->len > 0 && result->str[result->len - 1] != '\n')
    g_string_append_c (result, '\n');
  if (change->digits != NULL)
    g_string_append_printf (result, "%s %s\n", change->digits, change->name);
  return result;
}

/* What counts is what can be read afterwards, under the name of the file. */
static gboolean
verify (IBBKnownCertificates *self, const Change *change, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  gsize              length = 0;
  g_autofree char   *text = read_file (self, -1, &length, &local_error);

  if (text != NULL && is_done (change, text, length))
    return TRUE;
  if (local_error != NULL)
    g_propagate_error (error, g_steal_pointer (&local_error));
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                 _ ("Cannot write the file of known certificates “%s”: %s"), self->path,
                 _ ("another program has changed it"));
  return FALSE;
}

static gboolean
change_locked (
    IBBKnownCertificates *self, const Change *change, const char *path, int fd, GError **error)
{
  g_autoptr (GString) result = NULL;
  gsize               length = 0;
  g_autofree char    *text = read_file (self, fd, &length, error);
  int                 written;
  gboolean            done;

  if (text == NULL)
    return FALSE;
  result = apply (change, text, length);
  if (result->len > FILE_MAX)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                   _ ("The file of known certificates “%s” is too long"), self->path);
      return FALSE;
    }
  written = replace_file (path, fd, result->str, result->len);
  if (written < 0)
    {
      set_write_error (self, errno, error);
      return FALSE;
    }
  done = verify (self, change, error);
  close (written);
  return done;
}

static gboolean
make_change (IBBKnownCertificates *self, const Change *change, GError **error)
{
  g_autofree char *path = ibb_disk_resolve (self->path); /* so that a change keeps links */
  gboolean         done;
  int              fd;

  if (path == NULL)
    {
      set_write_error (self, errno, error);
      return FALSE;
    }
  if (change->digits != NULL && !make_folder (path, error))
    return FALSE;
  fd = open_locked (path, change->digits != NULL);
  if (fd < 0 && errno == ENOENT && change->digits == NULL)
    return TRUE;
  if (fd < 0)
    {
      set_write_error (self, errno, error);
      return FALSE;
    }
  done = change_locked (self, change, path, fd, error);
  close (fd);
  return done;
}

static gboolean
add (IBBKnownCertificates *self,
     const char           *name,
     GTlsCertificate      *certificate,
     gboolean              replaces,
     GError              **error)
{
  g_autofree char *digits = dup_digits (certificate);
  const Change     change = { name, digits, replaces };

  if (!replaces && ibb_known_certificates_check (self, name, certificate) == IBB_TRUST_KNOWN)
    return TRUE;
  return make_change (self, &change, error);
}

gboolean
ibb_known_certificates_replace (IBBKnownCertificates *self,
                                const char           *name,
                                GTlsCertificate      *certificate,
                                GError              **error)
{
  return add (self, name, certificate, TRUE, error);
}

/**
 * ibb_known_certificates_add:
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
ibb_known_certificates_add (IBBKnownCertificates *self,
                            const char           *name,
                            GTlsCertificate      *certificate,
                            GError              **error)
{
  g_return_val_if_fail (IBB_IS_KNOWN_CERTIFICATES (self), FALSE);
  g_return_val_if_fail (name != NULL && strpbrk (name, "\r\n") == NULL, FALSE);
  g_return_val_if_fail (G_IS_TLS_CERTIFICATE (certificate), FALSE);

  return add (self, name, certificate, FALSE, error);
}

/**
 * ibb_known_certificates_forget:
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
ibb_known_certificates_forget (IBBKnownCertificates *self, const char *name, GError **error)
{
  const Change change = { name, NULL, TRUE };

  g_return_val_if_fail (IBB_IS_KNOWN_CERTIFICATES (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  return make_change (self, &change, error);
}

gboolean
ibb_known_certificates_matches (GTlsCertificate *certificate, const char *fingerprint)
{
  g_autofree char *digits = dup_digits (certificate);
  g_auto (GStrv)   parts = g_strsplit (fingerprint, ":", -1);
  g_autofree char *wanted = g_strjoinv ("", parts);

  return g_ascii_strcasecmp (digits, wanted) == 0;
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
