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
#define BINDINGS                                                                                   \
  "<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'><channel-binding type='tls-exporter'/>"        \
  "<channel-binding type='tls-unique'/></sasl-channel-binding>"
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
#define NOT_AUTHORIZED                                                                             \
  "<failure xmlns='urn:xmpp:sasl:2'>"                                                              \
  "<not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></failure>"

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
#define PLUS MECHANISM ("SCRAM-SHA-256-PLUS")
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

typedef struct
{
  const char *name;
  const char *features;
  const char *token; /* (nullable): its mechanism */
  gboolean    forbids_plain;
  gboolean    has_no_agent;
  gboolean    is_expired;
  const char *expected; /* what stands in the first message */
  const char *never;    /* and what does not */
} Choice;

#define REQUESTS(name) "<request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-" name "'/>"

static const Choice choices[] = {
  { "password-only", SASL2 (SCRAM, ""), NULL, .expected = "SCRAM-SHA-256", .never = "fast:0" },
  { "request-bound", SASL2 (SCRAM, FAST (EVERY_TOKEN)), NULL, .expected = REQUESTS ("EXPR") },
  { "request-end-point",
    SASL2 (SCRAM, FAST (MECHANISM ("HT-SHA-256-NONE") MECHANISM ("HT-SHA-256-ENDP"))), NULL,
    .expected = REQUESTS ("ENDP") },
  { "request-unbound", SASL2 (SCRAM, FAST (MECHANISM ("HT-SHA-256-NONE"))), NULL,
    .expected = REQUESTS ("NONE") },
  /* Where the password is bound, or PLAIN is forbidden, an unbound token would protect less. */
  { "request-for-a-bound-login", BINDINGS SASL2 (SCRAM PLUS, FAST (MECHANISM ("HT-SHA-256-NONE"))),
    NULL, .expected = "'SCRAM-SHA-256-PLUS'", .never = "fast:0" },
  { "request-without-PLAIN", SASL2 (SCRAM, FAST (MECHANISM ("HT-SHA-256-NONE"))), NULL,
    .forbids_plain = TRUE, .expected = "'SCRAM-SHA-256'", .never = "fast:0" },
  { "unbound-for-a-bound-login", BINDINGS SASL2 (SCRAM PLUS, FAST (EVERY_TOKEN)), "HT-SHA-256-NONE",
    .expected = "'SCRAM-SHA-256-PLUS'" },
  { "unbound-without-PLAIN", SASL2 (SCRAM, FAST (EVERY_TOKEN)), "HT-SHA-256-NONE",
    .forbids_plain = TRUE, .expected = "'SCRAM-SHA-256'" },
  /* Its own mechanism, or none. */
  { "not-offered", SASL2 (SCRAM, FAST (MECHANISM ("HT-SHA-256-ENDP"))), "HT-SHA-256-EXPR",
    .expected = "'SCRAM-SHA-256'" },
  /* An unbound one is not asked for in its place. */
  { "not-weaker", SASL2 (SCRAM, FAST (MECHANISM ("HT-SHA-256-NONE"))), "HT-SHA-256-EXPR",
    .expected = "'SCRAM-SHA-256'", .never = "fast:0" },
  { "not-of-this-TLS", SASL2 (SCRAM, FAST (EVERY_TOKEN)), "HT-SHA-256-UNIQ",
    .expected = "'SCRAM-SHA-256'" },
  { "unknown", SASL2 (SCRAM, FAST (MECHANISM ("HT-X"))), "HT-X", .expected = "'SCRAM-SHA-256'",
    .never = "fast:0" },
  { "expired", SASL2 (SCRAM, FAST (EVERY_TOKEN)), "HT-SHA-256-EXPR", .is_expired = TRUE,
    .expected = "'SCRAM-SHA-256'" },
  { "no-id", SASL2 (SCRAM, FAST (EVERY_TOKEN)), "HT-SHA-256-EXPR", .has_no_agent = TRUE,
    .expected = "'SCRAM-SHA-256'", .never = "fast:0" },
  /* The offer of SASL2 is of no use but for tokens. */
  { "nothing-but-tokens", FAKE_SASL (SCRAM) SASL2 ("", FAST (EVERY_TOKEN)), "HT-SHA-256-EXPR",
    .expected = "'HT-SHA-256-EXPR'" },
  /* SASL2 unless the older list is better. */
  { "same-lists", FAKE_SASL (SCRAM) SASL2 (SCRAM, ""), NULL, .expected = "<authenticate " },
  { "older-is-better", BINDINGS FAKE_SASL (SCRAM PLUS) SASL2 (SCRAM, ""), NULL,
    .expected = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-256-PLUS'",
    .never = "<authenticate" },
  { "older-is-bound", BINDINGS FAKE_SASL (PLUS) SASL2 (SCRAM, FAST (EVERY_TOKEN)),
    "HT-SHA-256-NONE", .expected = "'SCRAM-SHA-256-PLUS'", .never = "<authenticate" },
  /* "y" or "n", in base64: whether any list has -PLUS. */
  { "no-plus", FAKE_SASL (SCRAM) SASL2 (SCRAM, ""), NULL, .expected = "<initial-response>eSws" },
  { "plus", SASL2 (SCRAM PLUS, ""), NULL, .expected = "<initial-response>biws" },
  { "older-plus", FAKE_SASL (PLUS) SASL2 (SCRAM, ""), NULL, .expected = "<initial-response>biws" },
};

static void
test_choice (gconstpointer data)
{
  const Choice    *choice = data;
  g_autofree char *features =
      g_strconcat (FAKE_HEADER "<stream:features>", choice->features, "</stream:features>", NULL);
  FakeStep    steps[] = { { FAKE_OPEN, features }, { "</auth", NOT_AUTHORIZED }, { NULL } };
  FakeServer *server = create_server (steps);
  IBBClient  *client = create_client (server, NULL);
  g_autoptr (GDateTime) past = g_date_time_new_from_unix_utc (1);
  g_autofree char      *received = NULL;

  if (choice->token != NULL)
    {
      g_autoptr (IBBToken) token =
          ibb_token_new (SECRET, choice->token, choice->is_expired ? past : NULL);

      ibb_client_set_token (client, token);
    }
  if (choice->forbids_plain)
    ibb_client_set_password_policy (client, IBB_PASSWORD_POLICY_HASHED);
  if (choice->has_no_agent)
    ibb_client_set_user_agent_id (client, NULL);
  if (g_str_equal (choice->expected, "'HT-SHA-256-EXPR'"))
    ibb_client_set_password (client, NULL);
  assert_login_fails (client, IBB_ERROR, IBB_ERROR_AUTHENTICATION);
  drop_client (client);
  received = fake_server_free (server);
  if (strstr (received, choice->expected) == NULL)
    g_error ("“%s” was expected in “%s”", choice->expected, received);
  if (choice->never != NULL)
    g_assert_null (strstr (received, choice->never));
}

typedef struct
{
  const char *name;
  FakeStep    answer;
  int         code;
} Impostor;

#define HASH "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="

static const Impostor impostors[] = {
  { "no-proof",
    { "</authenticate>", "<success xmlns='urn:xmpp:sasl:2'><authorization-identifier>" FAKE_JID
                         "/r</authorization-identifier>" BOUND ("") NEW_TOKEN ("x") "</success>" },
    IBB_ERROR_AUTHENTICATION },
  { "wrong-proof",
    { "</authenticate>", SUCCESS (HASH, BOUND ("") NEW_TOKEN ("x")) },
    IBB_ERROR_AUTHENTICATION },
  { "short-proof",
    { "</authenticate>", SUCCESS ("QUFB", BOUND ("") NEW_TOKEN ("x")) },
    IBB_ERROR_AUTHENTICATION },
  { "no-base64", { "</authenticate>", SUCCESS ("!", BOUND ("")) }, IBB_ERROR_AUTHENTICATION },
  { "echo", { "</authenticate>", NULL, answer_echo }, IBB_ERROR_AUTHENTICATION },
  { "challenge",
    { "</authenticate>", "<challenge xmlns='urn:xmpp:sasl:2'>" HASH "</challenge>" },
    IBB_ERROR_PROTOCOL },
  { "features", { "</authenticate>", "<stream:features/>" }, IBB_ERROR_PROTOCOL },
  { "sasl1-success",
    { "</authenticate>", "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>" },
    IBB_ERROR_PROTOCOL },
  { "sasl1-failure",
    { "</authenticate>", "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/>"
                         "</failure>" },
    IBB_ERROR_PROTOCOL },
  { "task",
    { "</authenticate>", "<continue xmlns='urn:xmpp:sasl:2'><tasks/></continue>" },
    IBB_ERROR_AUTHENTICATION },
};

/* The client does not believe an impostor, and gives it nothing else: it does not try the password,
 * and the token stays. */
static void
test_impostor (gconstpointer data)
{
  const Impostor  *impostor = data;
  FakeStep         steps[] = { OFFER_FAST (EVERY_TOKEN), impostor->answer, { NULL } };
  FakeServer      *server = create_server (steps);
  IBBClient       *client = create_client (server, "HT-SHA-256-EXPR");
  g_autofree char *received = NULL;

  assert_login_fails (client, IBB_ERROR, impostor->code);
  assert_token (client, SECRET, "HT-SHA-256-EXPR");
  /* Twice: the certificate has to be accepted first. */
  g_assert_cmpuint (fake_server_get_n_clients (server), ==, 2);
  drop_client (client);
  received = fake_server_free (server);
  g_assert_null (strstr (received, "SCRAM"));
  g_assert_null (strstr (received, "<presence"));
}

static void
token_cb (IBBClient *client, GParamSpec *pspec, guint *n_changes)
{
  (*n_changes)++;
}

static void
refuse (const char *condition, gboolean has_password, int code, const char *left)
{
  g_autofree char *failure = g_strdup_printf (
      "<failure xmlns='urn:xmpp:sasl:2'><%s xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></failure>",
      condition);
  FakeStep    steps[] = { OFFER_FAST (EVERY_TOKEN), { "</authenticate>", failure }, { NULL } };
  FakeServer *server = create_server (steps);
  IBBClient  *client = create_client (server, "HT-SHA-256-EXPR");
  guint       n_changes = 0;

  g_signal_connect (client, "notify::token", G_CALLBACK (token_cb), &n_changes);
  if (!has_password)
    ibb_client_set_password (client, NULL);
  assert_login_fails (client, IBB_ERROR, code);
  assert_token (client, left, "HT-SHA-256-EXPR");
  /* The password is tried once, with another connection. The first one of all ends with the
   * question about the certificate. */
  g_assert_cmpuint (fake_server_get_n_clients (server), ==, has_password && left == NULL ? 3 : 2);
  run_pending ();
  g_assert_cmpuint (n_changes, ==, left == NULL ? 1 : 0);
  fake_end (client, server);
}

static void
test_refused (void)
{
  refuse ("credentials-expired", FALSE, IBB_ERROR_AUTHENTICATION, NULL);
  refuse ("not-authorized", TRUE, IBB_ERROR_AUTHENTICATION, NULL);
  /* The token may be as good as before. */
  refuse ("temporary-auth-failure", TRUE, IBB_ERROR_INTERNAL_SERVER_ERROR, SECRET);
  refuse ("account-disabled", TRUE, IBB_ERROR_AUTHENTICATION, SECRET);
  refuse ("aborted", TRUE, IBB_ERROR_AUTHENTICATION, SECRET);
}

/* Never without TLS. */
static void
test_plain_text (void)
{
  static const FakeStep steps[] = {
    OFFER_FAST (EVERY_TOKEN),
    { "</authenticate>", NOT_AUTHORIZED },
    { NULL },
  };
  FakeServer      *server = fake_server_new (steps);
  IBBClient       *client = create_client (server, "HT-SHA-256-NONE");
  g_autofree char *received = NULL;

  ibb_client_set_tls_mode (client, IBB_TLS_MODE_NONE);
  assert_login_fails (client, IBB_ERROR, IBB_ERROR_AUTHENTICATION);
  drop_client (client);
  received = fake_server_free (server);
  g_assert_null (strstr (received, "fast:0"));
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
  for (gsize i = 0; i < G_N_ELEMENTS (choices); i++)
    {
      g_autofree char *path = g_strconcat ("/ibb/client/token/choice/", choices[i].name, NULL);

      g_test_add_data_func (path, &choices[i], test_choice);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (impostors); i++)
    {
      g_autofree char *path = g_strconcat ("/ibb/client/token/impostor/", impostors[i].name, NULL);

      g_test_add_data_func (path, &impostors[i], test_impostor);
    }
  g_test_add_func ("/ibb/client/token/refused", test_refused);
  g_test_add_func ("/ibb/client/token/plain-text", test_plain_text);
  code = g_test_run ();
  gsasl_done (gsasl);

  return code;
}
