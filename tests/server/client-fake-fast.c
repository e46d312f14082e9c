/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* IBBClient logs in by a token (XEP-0484), to servers that know it, do not, or pretend to; and
 * how many round trips each login takes. The servers speak TLS from the start.
 * IBB_TEST_CERTIFICATES is a folder that tests/lib/certificates.py filled. */

#include "config.h"

#include <gsasl.h>
#include <string.h>

#include "../lib/certificate.h"
#include "client-fixture.h"
#include "fake-server.h"
#include "ibb-error.h"

#define PASSWORD "secret"
#define SECRET "secret-token:first"
#define AGENT "d4565fa7"
#define MECHANISM(name) "<mechanism>" name "</mechanism>"
#define FAST(mechanisms) "<fast xmlns='urn:xmpp:fast:0'>" mechanisms "</fast>"
#define BIND2 "<bind xmlns='urn:xmpp:bind:0'><inline><feature var='" FAKE_SM "'/></inline></bind>"
#define SASL2(mechanisms, inner)                                                                   \
  "<authentication xmlns='urn:xmpp:sasl:2'>" mechanisms "<inline>" inner "</inline>"               \
  "</authentication>"
#define EVERY_TOKEN                                                                                \
  MECHANISM ("HT-SHA-256-NONE")                                                                    \
  MECHANISM ("HT-SHA-256-ENDP") MECHANISM ("HT-SHA-256-UNIQ") MECHANISM ("HT-SHA-256-EXPR")
#define SUCCESS(proof, inner)                                                                      \
  "<success xmlns='urn:xmpp:sasl:2'><additional-data>" proof "</additional-data>"                  \
  "<authorization-identifier>" FAKE_JID "/chosen</authorization-identifier>" inner "</success>"
#define BOUND(enabled) "<bound xmlns='urn:xmpp:bind:0'>" enabled "</bound>"
#define ENABLED "<enabled xmlns='" FAKE_SM "' id='some-id' resume='1'/>"
#define LAST_FEATURES "<stream:features>" FAKE_BIND FAKE_SM_OFFER "</stream:features>"
#define NEW_TOKEN(text)                                                                            \
  "<token xmlns='urn:xmpp:fast:0' token='" text "' expiry='2126-03-12T14:36:15Z'/>"

/* The server's side of the tokens. */

static GBytes *
get_binding (const char *mechanism)
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
  GByteArray *bytes = g_byte_array_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_str_has_suffix (mechanism, types[i].suffix))
      g_assert_true (g_tls_connection_get_channel_binding_data (fake_server_get_tls (),
                                                                types[i].type, bytes, NULL));
  return g_byte_array_free_to_bytes (bytes);
}

/* The hash of draft-schmaus-kitten-sasl-ht, in base64. before (nullable) stands before it. */
static char *
dup_hash (const char *mechanism, const char *role, const char *before)
{
  g_autoptr (GBytes)     binding = get_binding (mechanism);
  g_autoptr (GByteArray) all = g_byte_array_new ();
  GHmac *hmac = g_hmac_new (G_CHECKSUM_SHA256, (const guchar *) SECRET, strlen (SECRET));
  guint8 digest[32];
  gsize  size = sizeof digest;

  g_hmac_update (hmac, (const guchar *) role, -1);
  g_hmac_update (hmac, g_bytes_get_data (binding, NULL), (gssize) g_bytes_get_size (binding));
  g_hmac_get_digest (hmac, digest, &size);
  g_hmac_unref (hmac);
  if (before != NULL)
    g_byte_array_append (all, (const guint8 *) before, (guint) strlen (before) + 1);
  g_byte_array_append (all, digest, (guint) size);
  return g_base64_encode (all->data, all->len);
}

static char *
dup_between (const char *text, const char *start, const char *end)
{
  const char *begin = strstr (text, start);

  g_assert_nonnull (begin);
  begin += strlen (start);
  return g_strndup (begin, (gsize) (strstr (begin, end) - begin));
}

/* Checks the client's hash, and proves that it knows the token. */
static char *
accept_token (const char *received, const char *proof_role, const char *inner)
{
  g_autofree char *mechanism = dup_between (received, "mechanism='", "'");
  g_autofree char *initial = dup_between (received, "<initial-response>", "</initial-response>");
  g_autofree char *expected = dup_hash (mechanism, "Initiator", "user");
  g_autofree char *proof = dup_hash (mechanism, proof_role, NULL);

  g_assert_cmpstr (initial, ==, expected);
  g_assert_nonnull (strstr (received, "<user-agent id='" AGENT "'/>"));
  g_assert_nonnull (strstr (received, "<fast xmlns='urn:xmpp:fast:0'/>"));
  /* The best mechanism is not asked for by a token that is for it. */
  if (g_str_has_suffix (mechanism, "-EXPR"))
    g_assert_null (strstr (received, "request-token"));
  else
    g_assert_nonnull (strstr (received, "<request-token xmlns='urn:xmpp:fast:0' "
                                        "mechanism='HT-SHA-256-EXPR'/>"));
  return g_strdup_printf (SUCCESS ("%s", "%s") LAST_FEATURES, proof, inner);
}

static char *
answer_token (const char *received)
{
  return accept_token (received, "Responder", BOUND (ENABLED));
}

static char *
answer_rotated (const char *received)
{
  return accept_token (received, "Responder", BOUND (ENABLED) NEW_TOKEN ("second"));
}

/* The proof of somebody who has seen nothing but the client's hash. */
static char *
answer_echo (const char *received)
{
  return accept_token (received, "Initiator", BOUND (ENABLED) NEW_TOKEN ("of-an-impostor"));
}

/* The server's side of a password. */

static Gsasl         *gsasl;
static Gsasl_session *gsasl_session; /* of the login that is under way */

static int
property_cb (Gsasl *context, Gsasl_session *session, Gsasl_property property)
{
  if (property != GSASL_PASSWORD)
    return GSASL_NO_CALLBACK;

  return gsasl_property_set (session, property, PASSWORD);
}

static char *
step (const char *message, int expected)
{
  char *output = NULL;
  char *answer;

  g_assert_cmpint (gsasl_step64 (gsasl_session, message, &output), ==, expected);
  answer = g_strdup (output);
  gsasl_free (output);
  if (expected == GSASL_OK)
    g_clear_pointer (&gsasl_session, gsasl_finish);
  return answer;
}

static char *
answer_first (const char *received, const char *start, const char *end, const char *namespace)
{
  g_autofree char *mechanism = dup_between (received, "mechanism='", "'");
  g_autofree char *initial = dup_between (received, start, end);
  g_autofree char *challenge = NULL;

  g_assert_cmpint (g_tls_connection_get_protocol_version (fake_server_get_tls ()), ==,
                   G_TLS_PROTOCOL_VERSION_TLS_1_3);
  g_assert_cmpint (gsasl_server_start (gsasl, mechanism, &gsasl_session), ==, GSASL_OK);
  challenge = step (initial, GSASL_NEEDS_MORE);
  return g_strdup_printf ("<challenge xmlns='%s'>%s</challenge>", namespace, challenge);
}

static char *
answer_auth (const char *received)
{
  return answer_first (strstr (received, "<auth"), "'>", "<", "urn:ietf:params:xml:ns:xmpp-sasl");
}

static char *
answer_authenticate (const char *received)
{
  return answer_first (received, "<initial-response>", "<", "urn:xmpp:sasl:2");
}

static char *
answer_response (const char *received)
{
  g_autofree char *response = dup_between (received, "'>", "<");
  g_autofree char *proof = step (response, GSASL_OK);

  return g_strdup_printf ("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>%s</success>", proof);
}

static char *
answer_response2 (const char *received)
{
  g_autofree char *response = dup_between (received, "'>", "<");
  g_autofree char *proof = step (response, GSASL_OK);

  return g_strdup_printf (SUCCESS ("%s", BOUND (ENABLED) NEW_TOKEN (SECRET)) LAST_FEATURES, proof);
}

/* Clients. */

static gboolean
accept_cb (IBBClient *client, IBBTrustQuestion *question)
{
  ibb_trust_question_accept (question, FALSE);
  return TRUE;
}

static FakeServer *
create_server (const FakeStep *steps)
{
  g_autoptr (GTlsCertificate) certificate = load_certificate ("alone-1.pem");

  return fake_server_new_tls (steps, certificate);
}

static IBBClient *
create_client (FakeServer *server, const char *mechanism)
{
  IBBClient           *client = fake_create_client (server, FAKE_JID);
  g_autoptr (IBBToken) token = mechanism != NULL ? ibb_token_new (SECRET, mechanism, NULL) : NULL;

  ibb_client_set_tls_mode (client, IBB_TLS_MODE_DIRECT);
  ibb_client_set_user_agent_id (client, AGENT);
  ibb_client_set_token (client, token);
  g_signal_connect (client, "trust-requested", G_CALLBACK (accept_cb), NULL);
  return client;
}

/* NULL: there is none. */
static void
assert_token (IBBClient *client, const char *secret, const char *mechanism)
{
  g_autoptr (IBBToken) token = ibb_client_dup_token (client);

  g_assert_cmpstr (token != NULL ? ibb_token_get_secret (token) : NULL, ==, secret);
  if (token != NULL)
    g_assert_cmpstr (ibb_token_get_mechanism (token), ==, mechanism);
}

#define SCRAM MECHANISM ("SCRAM-SHA-256")
#define OFFER_FAST(tokens)                                                                         \
  {                                                                                                \
    FAKE_OPEN, FAKE_FEATURES (SASL2 (SCRAM, BIND2 FAST (tokens)))                                  \
  }
#define ONLINE                                                                                     \
  {                                                                                                \
    "</presence>", NULL                                                                            \
  }

/* The round trips after the TCP connection. That of TLS 1.3 is not among the steps. */
static void
assert_rounds (FakeServer *server, guint n)
{
  g_assert_cmpuint (fake_server_get_n_answers (server) + 1, ==, n);
}

static void
test_rounds_classic (void)
{
  static const FakeStep steps[] = {
    { FAKE_OPEN, FAKE_FEATURES (FAKE_SASL (SCRAM)) },
    { "</auth>", NULL, answer_auth },
    { "</response>", NULL, answer_response },
    { FAKE_OPEN, FAKE_FEATURES (FAKE_BIND FAKE_SM_OFFER) },
    { "</iq>", FAKE_BOUND },
    ONLINE,
    { NULL },
  };
  FakeServer *server = create_server (steps);
  IBBClient  *client = create_client (server, NULL);

  assert_login (client);
  assert_rounds (server, 6);
  fake_log_out (client, server, NULL);
}

static void
test_rounds_sasl2 (void)
{
  static const FakeStep steps[] = {
    OFFER_FAST (EVERY_TOKEN),
    { "</authenticate>", NULL, answer_authenticate },
    { "</response>", NULL, answer_response2 },
    ONLINE,
    { NULL },
  };
  static const FakeStep again[] = {
    OFFER_FAST (EVERY_TOKEN),
    { "</authenticate>", NULL, answer_rotated },
    ONLINE,
    { NULL },
  };
  FakeServer      *server = create_server (steps);
  IBBClient       *client = create_client (server, NULL);
  g_autofree char *received = NULL;

  assert_login (client);
  assert_rounds (server, 4);
  assert_token (client, SECRET, "HT-SHA-256-EXPR");
  assert_succeeds (ibb_xmpp_connection_logout, IBB_XMPP_CONNECTION (client), NULL);

  /* The token does without the password, and is replaced by another one. */
  fake_server_set_steps (server, again);
  ibb_client_set_password (client, NULL);
  assert_login (client);
  assert_rounds (server, 4 + 2);
  assert_token (client, "second", "HT-SHA-256-EXPR");
  fake_log_out (client, server, &received);
  g_assert_nonnull (
      strstr (received, "<request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-EXPR'/>"));
}

/* Three in all, of which one is that of TLS. */
static void
test_rounds_token (void)
{
  static const FakeStep steps[] = {
    OFFER_FAST (EVERY_TOKEN),
    { "</authenticate>", NULL, answer_token },
    ONLINE,
    { NULL },
  };
  FakeServer *server = create_server (steps);
  IBBClient  *client = create_client (server, "HT-SHA-256-EXPR");

  assert_login (client);
  assert_rounds (server, 3);
  assert_token (client, SECRET, "HT-SHA-256-EXPR");
  fake_log_out (client, server, NULL);
}

/* The client uses each mechanism, by the name of the token. */
static void
test_mechanism (gconstpointer mechanism)
{
  static const FakeStep steps[] = {
    OFFER_FAST (EVERY_TOKEN),
    { "</authenticate>", NULL, answer_token },
    ONLINE,
    { NULL },
  };
  FakeServer *server = create_server (steps);
  IBBClient  *client = create_client (server, mechanism);

  assert_login (client);
  fake_log_out (client, server, NULL);
}

/* A token that is bound to less than is possible, or to nothing, is replaced by a better one, also
 * where there is no password. */
static void
test_better (gconstpointer mechanism)
{
  static const FakeStep steps[] = {
    OFFER_FAST (EVERY_TOKEN),
    { "</authenticate>", NULL, answer_rotated },
    ONLINE,
    { NULL },
  };
  FakeServer *server = create_server (steps);
  IBBClient  *client = create_client (server, mechanism);

  ibb_client_set_password (client, NULL);
  assert_login (client);
  assert_token (client, "second", "HT-SHA-256-EXPR");
  fake_log_out (client, server, NULL);
}

/* An impostor that has seen nothing but the client's hash is not believed; for others see
 * token.script. */
static void
test_echo (void)
{
  static const FakeStep steps[] = {
    OFFER_FAST (EVERY_TOKEN),
    { "</authenticate>", NULL, answer_echo },
    { NULL },
  };
  FakeServer *server = create_server (steps);
  IBBClient  *client = create_client (server, "HT-SHA-256-EXPR");

  assert_login_fails (client, IBB_ERROR, IBB_ERROR_AUTHENTICATION);
  assert_token (client, SECRET, "HT-SHA-256-EXPR");
  fake_end (client, server);
}

int
main (int argc, char **argv)
{
  int code;

  g_test_init (&argc, &argv, NULL);
  start_watchdog ();
  g_assert_cmpint (gsasl_init (&gsasl), ==, GSASL_OK);
  gsasl_callback_set (gsasl, property_cb);
  g_test_add_func ("/ibb/client/rounds/classic", test_rounds_classic);
  g_test_add_func ("/ibb/client/rounds/sasl2", test_rounds_sasl2);
  g_test_add_func ("/ibb/client/rounds/token", test_rounds_token);
  g_test_add_data_func ("/ibb/client/token/EXPR", "HT-SHA-256-EXPR", test_mechanism);
  g_test_add_data_func ("/ibb/client/token/ENDP", "HT-SHA-256-ENDP", test_mechanism);
  g_test_add_data_func ("/ibb/client/token/NONE", "HT-SHA-256-NONE", test_mechanism);
  g_test_add_data_func ("/ibb/client/token/better/ENDP", "HT-SHA-256-ENDP", test_better);
  g_test_add_data_func ("/ibb/client/token/better/NONE", "HT-SHA-256-NONE", test_better);
  g_test_add_func ("/ibb/client/token/echo", test_echo);
  code = g_test_run ();
  gsasl_done (gsasl);

  return code;
}
