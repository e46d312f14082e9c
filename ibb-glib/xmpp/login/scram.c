/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/login/scram.h"

#include <string.h>

#include <stringprep.h>

#include "base/foreign-text.h"
#include "base/ibb-error-private.h"
#include "base/intl.h"
#include "base/random.h"
#include "core/base/base64.h"
#include "xmpp/base/hmac.h"
#include "xmpp/base/secret.h"

#define NONCE_SIZE 24
#define ROUNDS_PER_SLICE 4096
/* Digits of the number of rounds: no number that is allowed has more. */
#define MAX_DIGITS 7

struct _IBBScram
{
  GChecksumType hash;
  gsize         size; /* of a digest, in bytes */
  char         *password;
  char         *gs2_header;
  GBytes       *binding_data; /* (nullable) */
  char         *offer;        /* (nullable) */
  char         *nonce;
  char         *first;
  const char   *first_bare; /* the end of first */

  char    *server_first; /* (nullable): until the challenge has come */
  char    *whole_nonce;  /* (nullable) */
  guint    rounds_left;
  IBBHmac *round_hmac; /* (nullable): keyed by the password */
  guint8   last[IBB_HMAC_MAX_DIGEST];
  guint8   salted[IBB_HMAC_MAX_DIGEST];

  guint8   server_signature[IBB_HMAC_MAX_DIGEST];
  gboolean has_final;
};

/* Such a text needs no preparation. libidn prepares the others, and frees copies of them as they
 * are. */
static gboolean
is_printable_ascii (const char *text)
{
  for (; *text != '\0'; text++)
    if (!g_ascii_isprint (*text))
      return FALSE;

  return TRUE;
}

/* RFC 4013. Unassigned code points are allowed: the text is a query. */
static char *
prepare (const char *text, const char *complaint, GError **error)
{
  char *prepared = NULL;
  char *copy = NULL;

  if (is_printable_ascii (text))
    copy = g_strdup (text);
  else if (stringprep_profile (text, &prepared, "SASLprep", 0) == STRINGPREP_OK)
    copy = g_strdup (prepared);
  if (prepared != NULL)
    explicit_bzero (prepared, strlen (prepared));
  free (prepared);
  if (copy == NULL || *copy == '\0')
    {
      g_clear_pointer (&copy, g_free);
      g_set_error_literal (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION, complaint);
    }

  return copy;
}

static char *
dup_random_nonce (void)
{
  guint8 bytes[NONCE_SIZE];

  ibb_random_fill (bytes, sizeof bytes);
  return g_base64_encode (bytes, sizeof bytes);
}

static char *
dup_gs2_header (const IBBScramParameters *parameters)
{
  if (parameters->binding == IBB_SCRAM_BINDING_BOUND)
    return g_strdup_printf ("p=%s,,", parameters->binding_type);

  return g_strdup (parameters->binding == IBB_SCRAM_BINDING_NOT_OFFERED ? "y,," : "n,,");
}

/* RFC 5802 §5.1: "," and "=" separate attributes. */
static char *
escape_name (const char *name)
{
  GString *escaped = g_string_new (name);

  g_string_replace (escaped, "=", "=3D", 0);
  g_string_replace (escaped, ",", "=2C", 0);
  return g_string_free (escaped, FALSE);
}

IBBScram *
ibb_scram_new (const IBBScramParameters *parameters, GError **error)
{
  g_autoptr (IBBScram) self = g_new0 (IBBScram, 1);
  g_autofree char     *name = NULL;
  g_autofree char     *escaped = NULL;

  self->hash = parameters->hash;
  self->size = (gsize) g_checksum_type_get_length (parameters->hash);
  name = prepare (parameters->node,
                  _ ("The user name has characters that a login cannot carry (RFC 4013)"), error);
  if (name == NULL)
    return NULL;
  self->password = prepare (
      parameters->password,
      _ ("The password is empty or has characters, such as control characters, that a login "
         "cannot carry (RFC 4013)"),
      error);
  if (self->password == NULL)
    return NULL;

  self->nonce = parameters->nonce != NULL ? g_strdup (parameters->nonce) : dup_random_nonce ();
  self->gs2_header = dup_gs2_header (parameters);
  if (parameters->binding == IBB_SCRAM_BINDING_BOUND)
    self->binding_data = g_bytes_ref (parameters->binding_data);
  self->offer = g_strdup (parameters->offer);
  escaped = escape_name (name);
  self->first = g_strdup_printf ("%sn=%s,r=%s", self->gs2_header, escaped, self->nonce);
  self->first_bare = self->first + strlen (self->gs2_header);

  return g_steal_pointer (&self);
}

void
ibb_scram_free (IBBScram *self)
{
  ibb_secret_free (self->password);
  g_free (self->gs2_header);
  g_clear_pointer (&self->binding_data, g_bytes_unref);
  g_free (self->offer);
  g_free (self->nonce);
  g_free (self->first);
  g_free (self->server_first);
  g_free (self->whole_nonce);
  g_clear_pointer (&self->round_hmac, ibb_hmac_free);
  /* The salted password is worth as much as the password. */
  explicit_bzero (self, sizeof *self);
  g_free (self);
}

const char *
ibb_scram_get_first (IBBScram *self)
{
  return self->first;
}

/* Returns the value of the attribute "name=" at *text, and moves *text behind its comma. NULL if
 * *text has another attribute. */
static char *
take_attribute (const char **text, char name)
{
  const char *value = *text + 2;
  gsize       length;

  if ((*text)[0] != name || (*text)[1] != '=')
    return NULL;

  length = strcspn (value, ",");
  *text = value + length;
  if (**text == ',')
    (*text)++;
  return g_strndup (value, length);
}

/* (nullable): NULL if the text is not exactly base64 of at least one byte. */
static guint8 *
decode (const char *text, gsize *length)
{
  IBBBase64Decoder   decoder = IBB_BASE64_DECODER_INIT;
  g_autofree guint8 *bytes = g_malloc (strlen (text) / 4 * 3 + 3);

  *length = ibb_base64_decoder_feed (&decoder, text, strlen (text), bytes);
  if (ibb_base64_decoder_finish (&decoder) != IBB_BASE64_EXACT || *length == 0)
    return NULL;

  return g_steal_pointer (&bytes);
}

/* "It must be a positive number": no sign, no space, no zero in front. Returns 0
 * for anything else. */
static guint
parse_rounds (const char *text)
{
  gsize length = strlen (text);

  if (strspn (text, "0123456789") != length || length == 0 || text[0] == '0')
    return 0;
  if (length > MAX_DIGITS)
    return G_MAXUINT;

  return (guint) g_ascii_strtoull (text, NULL, 10);
}

static gboolean
fail (GError **error, const char *message)
{
  g_set_error_literal (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION, message);

  return FALSE;
}

static gboolean
check_rounds (guint rounds, GError **error)
{
  if (rounds == 0)
    return fail (error, _ ("The server’s login challenge is malformed"));
  if (rounds < IBB_SCRAM_MIN_ROUNDS)
    g_set_error (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION,
                 _ ("The server asks for only %u rounds of hashing, which would expose the "
                    "password: at least %d are needed"),
                 rounds, IBB_SCRAM_MIN_ROUNDS);
  else if (rounds > IBB_SCRAM_MAX_ROUNDS)
    g_set_error (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION,
                 _ ("The server asks for more than %d rounds of hashing"), IBB_SCRAM_MAX_ROUNDS);
  else
    return TRUE;

  return FALSE;
}

/* The attributes after the number of rounds: those that we ignore, and at most one "h". The
 * password signs the whole message, so nobody can remove "h". "m" is an extension without which the
 * login must fail, wherever it stands (RFC 5802 §5.1). */
static gboolean
parse_extensions (const char *text, char **offer_hash)
{
  while (*text != '\0')
    {
      char             name = *text;
      g_autofree char *value = g_ascii_isalpha (name) ? take_attribute (&text, name) : NULL;

      if (value == NULL || *value == '\0' || name == 'm' || (name == 'h' && *offer_hash != NULL))
        return FALSE;
      if (name == 'h')
        *offer_hash = g_steal_pointer (&value);
    }

  return TRUE;
}

/* The "h" of XEP-0474 0.5.0, which came with version 0.4.0. "d" of the versions before it is
 * ignored: with their separators different lists could have the same hash. */
static gboolean
check_offer (IBBScram *self, const char *offer_hash, GError **error)
{
  const char           *offer = self->offer != NULL ? self->offer : "";
  guint8                expected[IBB_HMAC_MAX_DIGEST];
  gsize                 size = sizeof expected;
  gsize                 length = 0;
  g_autofree guint8    *received = decode (offer_hash, &length);
  g_autoptr (GChecksum) checksum = g_checksum_new (self->hash);

  if (received == NULL || length != self->size)
    return fail (error, _ ("The server’s login challenge is malformed"));
  g_checksum_update (checksum, (const guint8 *) offer, (gssize) strlen (offer));
  g_checksum_get_digest (checksum, expected, &size);
  if (memcmp (received, expected, self->size) == 0)
    return TRUE;

  return fail (error, _ ("Somebody has changed the server’s list of ways to log in: do not trust "
                         "this connection (XEP-0474)"));
}

/* The first round: U1 = HMAC (password, salt + INT (1)). */
static void
begin_rounds (IBBScram *self, const guint8 *salt, gsize length, guint rounds)
{
  static const guint8 one[] = { 0, 0, 0, 1 };

  g_clear_pointer (&self->round_hmac, ibb_hmac_free);
  self->round_hmac = ibb_hmac_new (self->hash, self->password, strlen (self->password));
  ibb_hmac_compute (self->round_hmac, salt, length, one, sizeof one, self->last);
  memcpy (self->salted, self->last, self->size);
  self->rounds_left = rounds - 1;
}

/* By the grammar text has no NUL. The rest behind one would not be checked. */
static char *
dup_text (const guint8 *bytes, gsize length)
{
  if (length == 0 || memchr (bytes, '\0', length) != NULL ||
      !g_utf8_validate_len ((const char *) bytes, length, NULL))
    return NULL;

  return g_strndup ((const char *) bytes, length);
}

static gboolean
is_printable (const char *text)
{
  for (; *text != '\0'; text++)
    if (!g_ascii_isgraph (*text))
      return FALSE;

  return TRUE;
}

gboolean
ibb_scram_set_challenge (IBBScram *self, const guint8 *bytes, gsize length, GError **error)
{
  g_autofree char   *message = dup_text (bytes, length);
  g_autofree char   *nonce = NULL;
  g_autofree char   *salt_text = NULL;
  g_autofree char   *rounds_text = NULL;
  g_autofree char   *offer_hash = NULL;
  g_autofree guint8 *salt = NULL;
  const char        *rest = message;
  gsize              salt_length = 0;
  guint              rounds;

  if (message == NULL || self->server_first != NULL)
    return fail (error, _ ("The server’s login challenge is malformed"));

  nonce = take_attribute (&rest, 'r');
  if (nonce != NULL)
    salt_text = take_attribute (&rest, 's');
  if (salt_text != NULL)
    salt = decode (salt_text, &salt_length);
  if (salt != NULL)
    rounds_text = take_attribute (&rest, 'i');
  if (rounds_text == NULL || !parse_extensions (rest, &offer_hash))
    return fail (error, _ ("The server’s login challenge is malformed"));
  if (!g_str_has_prefix (nonce, self->nonce) || strlen (nonce) == strlen (self->nonce) ||
      !is_printable (nonce))
    return fail (error, _ ("The server’s login challenge does not belong to this login"));
  rounds = parse_rounds (rounds_text);
  if (!check_rounds (rounds, error))
    return FALSE;
  if (offer_hash != NULL && !check_offer (self, offer_hash, error))
    return FALSE;

  self->server_first = g_steal_pointer (&message);
  self->whole_nonce = g_steal_pointer (&nonce);
  begin_rounds (self, salt, salt_length, rounds);
  return TRUE;
}

gboolean
ibb_scram_compute (IBBScram *self)
{
  guint n = MIN (self->rounds_left, ROUNDS_PER_SLICE);

  for (guint i = 0; i < n; i++)
    {
      ibb_hmac_compute (self->round_hmac, self->last, self->size, NULL, 0, self->last);
      for (gsize k = 0; k < self->size; k++)
        self->salted[k] ^= self->last[k];
    }
  self->rounds_left -= n;
  if (self->rounds_left == 0)
    g_clear_pointer (&self->round_hmac, ibb_hmac_free);
  ibb_secret_clear_stack ();

  return self->rounds_left == 0;
}

static char *
encode_binding (IBBScram *self)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  g_byte_array_append (bytes, (const guint8 *) self->gs2_header, (guint) strlen (self->gs2_header));
  if (self->binding_data != NULL)
    g_byte_array_append (bytes, g_bytes_get_data (self->binding_data, NULL),
                         (guint) g_bytes_get_size (self->binding_data));

  return g_base64_encode (bytes->data, bytes->len);
}

char *
ibb_scram_dup_final (IBBScram *self)
{
  g_autofree char *binding = encode_binding (self);
  g_autofree char *without_proof = NULL;
  g_autofree char *all = NULL;
  g_autofree char *proof_text = NULL;
  guint8           client_key[IBB_HMAC_MAX_DIGEST], stored_key[IBB_HMAC_MAX_DIGEST],
      server_key[IBB_HMAC_MAX_DIGEST];
  guint8 proof[IBB_HMAC_MAX_DIGEST];

  g_assert (self->server_first != NULL && self->rounds_left == 0);

  without_proof = g_strdup_printf ("c=%s,r=%s", binding, self->whole_nonce);
  all = g_strdup_printf ("%s,%s,%s", self->first_bare, self->server_first, without_proof);
  ibb_hmac_compute_secret (self->hash, self->salted, self->size, "Client Key", client_key);
  ibb_hmac_hash_secret (self->hash, client_key, self->size, stored_key);
  ibb_hmac_compute_secret (self->hash, stored_key, self->size, all, proof);
  for (gsize i = 0; i < self->size; i++)
    proof[i] ^= client_key[i];
  ibb_hmac_compute_secret (self->hash, self->salted, self->size, "Server Key", server_key);
  ibb_hmac_compute_secret (self->hash, server_key, self->size, all, self->server_signature);
  explicit_bzero (client_key, sizeof client_key);
  explicit_bzero (stored_key, sizeof stored_key);
  explicit_bzero (server_key, sizeof server_key);
  /* The proof is made, so these are not needed any more. */
  g_clear_pointer (&self->password, ibb_secret_free);
  explicit_bzero (self->salted, sizeof self->salted);
  explicit_bzero (self->last, sizeof self->last);
  self->has_final = TRUE;

  proof_text = g_base64_encode (proof, self->size);
  return g_strdup_printf ("%s,p=%s", without_proof, proof_text);
}

gboolean
ibb_scram_verify (IBBScram *self, const guint8 *bytes, gsize length, GError **error)
{
  g_autofree char   *message = dup_text (bytes, length);
  g_autofree char   *text = NULL;
  g_autofree char   *refusal = NULL;
  g_autofree guint8 *signature = NULL;
  const char        *rest = message;
  gsize              signature_length = 0;

  if (message != NULL)
    refusal = take_attribute (&rest, 'e');
  if (refusal != NULL)
    {
      g_autofree char *quotation = ibb_foreign_text_dup_quotation (refusal);

      g_set_error (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION,
                   /* Translators: %s is a quotation */
                   _ ("The server refused the login; it says %s"), quotation);
      return FALSE;
    }
  if (message != NULL)
    text = take_attribute (&rest, 'v');
  if (text != NULL)
    signature = decode (text, &signature_length);
  if (self->has_final && signature != NULL && signature_length == self->size &&
      memcmp (signature, self->server_signature, self->size) == 0)
    return TRUE;

  return fail (error, _ ("The server did not prove that it knows the password"));
}
