/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "script-login.h"

#include <string.h>

#ifdef HAVE_GSASL
#include <gsasl.h>
#endif

#define PASSWORD "secret"
#define SECRET "secret-token"

/* What stands between the tag of the client's first message, or of its response, and the next tag.
 */
static char *
dup_message (const char *received)
{
  const char *begin = strstr (received, "<initial-response>");

  begin = strchr (begin != NULL ? begin : strchr (received, '<'), '>') + 1;
  return g_strndup (begin, strcspn (begin, "<"));
}

static char *
dup_decoded (const char *received)
{
  g_autofree char   *message = dup_message (received);
  gsize              length;
  g_autofree guchar *bytes = g_base64_decode (message, &length);

  return g_strndup ((const char *) bytes, length);
}

static char *
dup_mechanism (const char *received)
{
  const char *begin = strstr (received, "mechanism='");

  g_assert_nonnull (begin);
  begin += strlen ("mechanism='");
  return g_strndup (begin, strcspn (begin, "'"));
}

/* "gs2 MECHANISM FLAG AUTH": the client's first message is for this mechanism, and begins with this
 * flag of channel binding. */
static void
check_flag (ScriptServer *self, Words *words)
{
  const char      *mechanism = words_take (words);
  const char      *flag = words_take (words);
  const char      *received = words_take_rest (words);
  g_autofree char *used = dup_mechanism (received);
  g_autofree char *message = dup_decoded (received);

  g_assert_cmpstr (used, ==, mechanism);
  if (!g_str_has_prefix (message, flag))
    script_fail ("%s does not begin with %s", message, flag);
}

/* "challenge REST AUTH": a challenge of SCRAM to that first message, whose REST follows the nonce.
 */
static void
send_challenge (ScriptServer *self, Words *words)
{
  const char      *rest = words_take (words);
  const char      *received = words_take_rest (words);
  g_autofree char *message = dup_decoded (received);
  g_autofree char *text = g_strdup_printf ("r=%sxyz%s", strstr (message, ",r=") + 3, rest);
  g_autofree char *encoded = g_base64_encode ((const guchar *) text, strlen (text));
  gboolean         is_sasl2 = strstr (received, "<initial-response>") != NULL;
  g_autofree char *challenge =
      g_strdup_printf ("<challenge xmlns='%s'>%s</challenge>",
                       is_sasl2 ? "urn:xmpp:sasl:2" : "urn:ietf:params:xml:ns:xmpp-sasl", encoded);

  fake_server_send (self->server, challenge, -1);
}

/* "by-version NAME VALUE OTHER": %NAME is VALUE over TLS 1.3, OTHER over TLS 1.2. */
static void
choose_by_version (ScriptServer *self, Words *words)
{
  char       *name = g_strdup (words_take (words));
  const char *value = words_take (words);
  const char *other = words_take (words);

  script_define (name, g_strdup (g_getenv ("G_TLS_GNUTLS_PRIORITY") == NULL ? value : other));
}

static GByteArray *
get_binding (ScriptServer *self, GTlsChannelBindingType type)
{
  g_autoptr (GTlsConnection) tls = fake_server_dup_tls (self->server);
  GByteArray                *bytes = g_byte_array_new ();

  if (tls == NULL || !g_tls_connection_get_channel_binding_data (tls, type, bytes, NULL))
    g_clear_pointer (&bytes, g_byte_array_unref);
  return bytes;
}

/* The hash of draft-schmaus-kitten-sasl-ht, in base64. before (nullable) stands before it. */
static char *
dup_hash (ScriptServer *self, const char *mechanism, const char *role, const char *before)
{
  static const struct
  {
    const char            *suffix;
    GTlsChannelBindingType type;
  } types[] = {
    { "-EXPR", G_TLS_CHANNEL_BINDING_TLS_EXPORTER },
    { "-UNIQ", G_TLS_CHANNEL_BINDING_TLS_UNIQUE },
    { "-ENDP", G_TLS_CHANNEL_BINDING_TLS_SERVER_END_POINT },
  };
  g_autoptr (GByteArray) all = g_byte_array_new ();
  GHmac *hmac = g_hmac_new (G_CHECKSUM_SHA256, (const guchar *) SECRET, strlen (SECRET));
  guint8 digest[32];
  gsize  size = sizeof digest;

  g_hmac_update (hmac, (const guchar *) role, -1);
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_str_has_suffix (mechanism, types[i].suffix))
      {
        g_autoptr (GByteArray) binding = get_binding (self, types[i].type);

        g_hmac_update (hmac, binding->data, (gssize) binding->len);
      }
  g_hmac_get_digest (hmac, digest, &size);
  g_hmac_unref (hmac);
  if (before != NULL)
    g_byte_array_append (all, (const guint8 *) before, (guint) strlen (before) + 1);
  g_byte_array_append (all, digest, (guint) size);
  return g_base64_encode (all->data, all->len);
}

/* "prove ROLE AUTH": the client's hash of the token is right, and %PROOF is that of this role. */
static void
prove_token (ScriptServer *self, Words *words)
{
  const char      *role = words_take (words);
  const char      *received = words_take_rest (words);
  g_autofree char *mechanism = dup_mechanism (received);
  g_autofree char *message = dup_message (received);
  g_autofree char *expected = dup_hash (self, mechanism, "Initiator", "user");

  g_assert_cmpstr (message, ==, expected);
  script_define (g_strdup ("PROOF"), dup_hash (self, mechanism, role, NULL));
}

#ifdef HAVE_GSASL
static Gsasl         *gsasl;
static Gsasl_session *session;       /* of the login that is under way */
static gboolean       is_in_between; /* somebody, who has another channel on each side */

static int
property_cb (Gsasl *context, Gsasl_session *of, Gsasl_property property)
{
  GTlsChannelBindingType type = property == GSASL_CB_TLS_EXPORTER
                                    ? G_TLS_CHANNEL_BINDING_TLS_EXPORTER
                                    : G_TLS_CHANNEL_BINDING_TLS_UNIQUE;
  g_autoptr (GByteArray) bytes = NULL;
  g_autofree char       *text = NULL;

  if (property == GSASL_PASSWORD)
    return gsasl_property_set (of, property, PASSWORD);
  if ((property != GSASL_CB_TLS_EXPORTER && property != GSASL_CB_TLS_UNIQUE) ||
      (bytes = get_binding (gsasl_callback_hook_get (context), type)) == NULL)
    return GSASL_NO_CALLBACK;
  bytes->data[0] ^= (guint8) is_in_between;
  text = g_base64_encode (bytes->data, bytes->len);
  return gsasl_property_set (of, property, text);
}

static char *
take_step (const char *message, int expected)
{
  char *output = NULL;
  char *answer;

  g_assert_cmpint (gsasl_step64 (session, message, &output), ==, expected);
  answer = g_strdup (output);
  gsasl_free (output);
  if (expected != GSASL_NEEDS_MORE)
    g_clear_pointer (&session, gsasl_finish);
  return answer;
}

/* "scram AUTH": %CHALLENGE answers the client's first message. */
static void
begin_scram (ScriptServer *self, Words *words)
{
  const char      *received = words_take_rest (words);
  g_autofree char *mechanism = dup_mechanism (received);
  g_autofree char *message = dup_message (received);

  if (gsasl == NULL)
    {
      g_assert_cmpint (gsasl_init (&gsasl), ==, GSASL_OK);
      gsasl_callback_set (gsasl, property_cb);
    }
  gsasl_callback_hook_set (gsasl, self);
  g_assert_cmpint (gsasl_server_start (gsasl, mechanism, &session), ==, GSASL_OK);
  script_define (g_strdup ("CHALLENGE"), take_step (message, GSASL_NEEDS_MORE));
}

/* The same by somebody in the middle. */
static void
begin_in_between (ScriptServer *self, Words *words)
{
  is_in_between = TRUE;
  begin_scram (self, words);
}

/* "scram-ends RESPONSE": %PROOF is for the client, which knows the password. */
static void
end_scram (ScriptServer *self, Words *words)
{
  g_autofree char *message = dup_message (words_take_rest (words));

  script_define (g_strdup ("PROOF"), take_step (message, GSASL_OK));
}

/* The client's response is not for this channel. */
static void
refuse_scram (ScriptServer *self, Words *words)
{
  g_autofree char *message = dup_message (words_take_rest (words));

  g_free (take_step (message, GSASL_AUTHENTICATION_ERROR));
  is_in_between = FALSE;
}
#endif

static const ScriptWord calls[] = {
  SCRIPT_WORD ("by-version", choose_by_version),
  SCRIPT_WORD ("challenge", send_challenge),
  SCRIPT_WORD ("gs2", check_flag),
  SCRIPT_WORD ("prove", prove_token),
#ifdef HAVE_GSASL
  SCRIPT_WORD ("scram", begin_scram),
  SCRIPT_WORD ("scram-in-between", begin_in_between),
  SCRIPT_WORD ("scram-ends", end_scram),
  SCRIPT_WORD ("scram-refused", refuse_scram),
#endif
};

gboolean
script_login_call (ScriptServer *self, const char *name, Words *words)
{
  return SCRIPT_CALL (calls, self, name, words);
}

void
script_login_clear (void)
{
#ifdef HAVE_GSASL
  g_clear_pointer (&gsasl, gsasl_done);
#endif
}
