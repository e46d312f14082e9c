/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* IBBClient logs in to servers that are silent, broken or hostile. */

#include "config.h"

#include <string.h>

#include "../lib/fast-timers.h"
#include "client-fixture.h"
#include "fake-server.h"
#include "ibb-connection-private.h"

/* Login. */

#define STARTTLS "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
#define FAILS(domain, code) domain##_error_quark, code

static void
test_login_failures (void)
{
  static const struct
  {
    const char *name;
    FakeStep    steps[6];
    GQuark (*domain) (void);
    int         code;
    const char *never; /* what the client must not have said */
    gboolean    starttls;
    gboolean    forbids_plain_text;
  } cases[] = {
    { "no TLS offered",
      { { FAKE_OPEN, FAKE_FEATURES (FAKE_PLAIN) } },
      FAILS (g_tls, G_TLS_ERROR_UNAVAILABLE),
      "<auth",
      TRUE },
    { "TLS refused",
      { { FAKE_OPEN, FAKE_FEATURES (STARTTLS FAKE_PLAIN) },
        { "<starttls", "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>" } },
      FAILS (g_tls, G_TLS_ERROR_UNAVAILABLE),
      "<auth",
      TRUE },
    { "TLS required and turned off",
      { { FAKE_OPEN, FAKE_FEATURES ("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'>"
                                    "<required/></starttls>" FAKE_PLAIN) } },
      FAILS (g_tls, G_TLS_ERROR_UNAVAILABLE),
      "<auth" },
    { "something slipped in before TLS",
      { { FAKE_OPEN, FAKE_FEATURES (STARTTLS FAKE_PLAIN) },
        { "<starttls",
          "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>" FAKE_FEATURES (FAKE_PLAIN) } },
      FAILS (ibb, IBB_ERROR_PROTOCOL),
      "<auth",
      TRUE },
    { "PLAIN without TLS",
      { { FAKE_OPEN, FAKE_FEATURES (FAKE_PLAIN) } },
      FAILS (ibb, IBB_ERROR_AUTHENTICATION),
      "<auth",
      FALSE,
      TRUE },
    { "no mechanism that we know",
      { { FAKE_OPEN, FAKE_FEATURES (FAKE_SASL ("<mechanism>GSSAPI</mechanism>")) } },
      FAILS (ibb, IBB_ERROR_AUTHENTICATION),
      "<auth" },
    { "no mechanisms at all",
      { { FAKE_OPEN, FAKE_FEATURES ("") } },
      FAILS (ibb, IBB_ERROR_AUTHENTICATION),
      "<auth" },
    { "account disabled",
      { { FAKE_OPEN, FAKE_FEATURES (FAKE_PLAIN) },
        { "</auth>", FAKE_FAILURE ("<account-disabled/><text>Pay</text>") } },
      FAILS (ibb, IBB_ERROR_AUTHENTICATION),
      "<bind" },
    { "SCRAM without a proof of the server",
      { { FAKE_OPEN, FAKE_FEATURES (FAKE_SASL ("<mechanism>SCRAM-SHA-1</mechanism>")) },
        { "</auth>", FAKE_SUCCESS } },
      FAILS (ibb, IBB_ERROR_AUTHENTICATION),
      "<bind" },
    { "something slipped in after SASL",
      { { FAKE_OPEN, FAKE_FEATURES (FAKE_PLAIN) },
        { "</auth>", FAKE_SUCCESS FAKE_FEATURES (FAKE_BIND) } },
      FAILS (ibb, IBB_ERROR_PROTOCOL),
      "<bind" },
    { "nothing to bind", { FAKE_AUTHENTICATE ("") }, FAILS (ibb, IBB_ERROR_PROTOCOL), "<bind" },
    { "binding refused",
      { FAKE_AUTHENTICATE (FAKE_BIND),
        { "</iq>", FAKE_NOT_BOUND ("wait", "resource-constraint") } },
      FAILS (ibb, IBB_ERROR_RESOURCE_CONSTRAINT),
      "<presence" },
    { "bound to nothing",
      { FAKE_AUTHENTICATE (FAKE_BIND), { "</iq>", "<iq type='result' id='bind'/>" } },
      FAILS (ibb, IBB_ERROR_PROTOCOL),
      "<presence" },
    { "bound to another account",
      { FAKE_AUTHENTICATE (FAKE_BIND), { "</iq>", FAKE_BOUND_TO ("other@fake.test/r") } },
      FAILS (ibb, IBB_ERROR_PROTOCOL),
      "<presence" },
    { "unknown domain",
      { { FAKE_OPEN, FAKE_HEADER "<stream:error><host-unknown "
                                 "xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>" } },
      FAILS (ibb, IBB_ERROR_ITEM_NOT_FOUND),
      "<auth" },
    { "the password cannot be checked now",
      { { FAKE_OPEN, FAKE_FEATURES (FAKE_PLAIN) },
        { "</auth>", FAKE_FAILURE ("<temporary-auth-failure/>") } },
      FAILS (ibb, IBB_ERROR_INTERNAL_SERVER_ERROR),
      "<bind" },
    { "the end of the stream",
      { { FAKE_OPEN, FAKE_HEADER "</stream:stream>" } },
      FAILS (g_io, G_IO_ERROR_CONNECTION_CLOSED),
      "<auth" },
    { "XMPP 0.9",
      { { FAKE_OPEN, "<stream:stream xmlns='jabber:client' "
                     "xmlns:stream='http://etherx.jabber.org/streams' from='fake.test' id='1'>" } },
      FAILS (ibb, IBB_ERROR_PROTOCOL),
      "<auth" },
    { "a web server",
      { { FAKE_OPEN, "HTTP/1.1 400 Bad Request\r\n\r\n<html></html>" } },
      FAILS (ibb, IBB_ERROR_PROTOCOL),
      "<auth" },
    { "a document type",
      { { FAKE_OPEN, "<!DOCTYPE a [<!ENTITY b 'c'>]>" FAKE_FEATURES (FAKE_PLAIN) } },
      FAILS (ibb, IBB_ERROR_PROTOCOL),
      "<auth" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      FakeServer      *server = fake_server_new (cases[i].steps);
      IBBClient       *client = fake_create_client (server, FAKE_JID);
      g_autofree char *received = NULL;

      g_test_message ("%s", cases[i].name);
      if (cases[i].starttls)
        ibb_client_set_tls_mode (client, IBB_TLS_MODE_STARTTLS);
      ibb_client_set_password_policy (client, cases[i].forbids_plain_text
                                                  ? IBB_PASSWORD_POLICY_ENCRYPTED
                                                  : IBB_PASSWORD_POLICY_READABLE);
      assert_login_fails (client, cases[i].domain (), cases[i].code);
      drop_client (client);
      received = fake_server_free (server);
      g_assert_null (strstr (received, cases[i].never));
    }
}

static char *
get_client_nonce (const char *received)
{
  const char      *begin = strchr (received, '>') + 1;
  g_autofree char *text = g_strndup (begin, strcspn (begin, "<"));
  gsize            length;
  g_autofree char *first = (char *) g_base64_decode (text, &length);
  g_autofree char *message = g_strndup (first, length);

  return g_strdup (strstr (message, ",r=") + 3);
}

/* rest follows the nonce. */
static char *
challenge (const char *received, const char *rest, gsize length)
{
  const char         *initial = strstr (received, "<initial-response>");
  g_autofree char    *nonce = get_client_nonce (initial ? initial : strstr (received, "<auth"));
  g_autoptr (GString) message = g_string_new (NULL);
  g_autofree char    *text = NULL;

  g_string_append_printf (message, "r=%sxyz", nonce);
  g_string_append_len (message, rest, (gssize) length);
  text = g_base64_encode ((const guchar *) message->str, message->len);

  return g_strdup_printf ("<challenge xmlns='%s'>%s</challenge>",
                          initial ? "urn:xmpp:sasl:2" : "urn:ietf:params:xml:ns:xmpp-sasl", text);
}

#define DEFINE_CHALLENGE(name, rest)                                                               \
  static char *challenge_##name (const char *received)                                             \
  {                                                                                                \
    return challenge (received, rest, sizeof rest - 1);                                            \
  }

/* SHA-1 of the list of SASL, and of that of SASL2, with the types of channel binding. */
DEFINE_CHALLENGE (for_sasl, ",s=QUJDRA==,i=4096,h=i/2AcxPoD4PzEPvQwIy/p9O1Wd8=")
DEFINE_CHALLENGE (for_sasl2, ",s=QUJDRA==,i=4096,h=3jF3WyEPM7a5T5fMHi3mct/ZFac=")

#define TYPES(name)                                                                                \
  "<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'><channel-binding type='" name "'/>"            \
  "</sasl-channel-binding>"
#define SASL(more) FAKE_SASL ("<mechanism>SCRAM-SHA-1</mechanism>" more)
#define SASL2(more)                                                                                \
  "<authentication xmlns='urn:xmpp:sasl:2'><mechanism>SCRAM-SHA-1</mechanism>" more                \
  "</authentication>"
#define BETTER "<mechanism>SCRAM-SHA-512-PLUS</mechanism>"

/* XEP-0474. A client that has seen another offer does not prove the password, and says why. */
static void
test_offer (void)
{
  static const struct
  {
    FakeStep steps[4];
    gboolean is_changed;
  } servers[] = {
#define CASE(features, answer, changed)                                                            \
  { { { FAKE_OPEN, FAKE_FEATURES (features) },                                                     \
      { "</auth", NULL, answer },                                                                  \
      { "</response>", "</stream:stream>" } },                                                     \
    changed }
    CASE (SASL (BETTER) TYPES ("tls-exporter"), challenge_for_sasl, FALSE),
    CASE (SASL ("") TYPES ("tls-exporter"), challenge_for_sasl, TRUE),
    CASE (SASL (BETTER) TYPES ("tls-nothing"), challenge_for_sasl, TRUE),
    CASE (SASL (BETTER), challenge_for_sasl, TRUE),
    /* The list by which the client logs in counts, and not the other one. */
    CASE (SASL (BETTER) SASL2 ("") TYPES ("tls-exporter"), challenge_for_sasl2, FALSE),
    CASE (SASL (BETTER) SASL2 (BETTER) TYPES ("tls-exporter"), challenge_for_sasl2, TRUE),
  };

  for (gsize i = 0; i < G_N_ELEMENTS (servers); i++)
    {
      FakeServer        *server = fake_server_new (servers[i].steps);
      IBBClient         *client = fake_create_client (server, FAKE_JID);
      g_autoptr (GError) error = NULL;
      g_autofree char   *received = NULL;

      g_test_message ("case %" G_GSIZE_FORMAT, i);
      g_assert_false (ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (client), NULL, &error));
      g_assert_true (g_error_matches (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION) ==
                     servers[i].is_changed);
      g_assert_true ((strstr (error->message, "XEP-0474") != NULL) == servers[i].is_changed);
      drop_client (client);
      received = fake_server_free (server);
      g_assert_true ((strstr (received, "<response") == NULL) == servers[i].is_changed);
    }
}

/* A server that has much to say does not fill a log or a terminal. */
static void
test_long_words (void)
{
  g_autofree char *word = g_strnfill (40000, 'x');
  g_autofree char *mechanism =
      g_strconcat (FAKE_HEADER "<stream:features><mechanisms "
                               "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>",
                   word, "</mechanism></mechanisms></stream:features>", NULL);
  g_autofree char *mechanisms = NULL;
  g_autofree char *refusal = g_strconcat ("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><",
                                          word, "/></failure>", NULL);
  g_autofree char *stream_error = g_strconcat (
      FAKE_HEADER "<stream:error><", word,
      " xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>", NULL);
  g_autofree char *malformed = g_strconcat (FAKE_HEADER "<", word, "></y>", NULL);
  g_autofree char *many = g_strdup ("<mechanism>X</mechanism>");
  FakeStep         cases[][3] = {
            { { FAKE_OPEN, mechanism } },
            { { FAKE_OPEN, NULL } },
            { { FAKE_OPEN, FAKE_FEATURES (FAKE_PLAIN) }, { "</auth>", refusal } },
            { { FAKE_OPEN, stream_error } },
            { { FAKE_OPEN, malformed } },
  };

  for (guint i = 0; i < 9; i++)
    {
      char *twice = g_strconcat (many, many, NULL);

      g_free (many);
      many = twice;
    }
  mechanisms = g_strconcat (FAKE_HEADER "<stream:features><mechanisms "
                                        "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>",
                            many, "</mechanisms></stream:features>", NULL);
  cases[1][0].send = mechanisms;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      FakeServer        *server = fake_server_new (cases[i]);
      IBBClient         *client = fake_create_client (server, FAKE_JID);

      g_assert_false (ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (client), NULL, &error));
      g_assert_nonnull (error);
      g_test_message ("%.1000s", error->message);
      g_assert_cmpuint (strlen (error->message), <, 1000);
      fake_end (client, server);
    }
}

static void
test_bad_jid (void)
{
  static const char *const jids[] = { "", "@", "a@", "@b", "a@b/", "\xff@b", "b", "b/c" };
  static const FakeStep    steps[] = { { NULL } };

  for (gsize i = 0; i < G_N_ELEMENTS (jids); i++)
    {
      FakeServer *server = fake_server_new (steps);
      IBBClient  *client = fake_create_client (server, jids[i]);

      assert_login_fails (client, IBB_ERROR, IBB_ERROR_JID_MALFORMED);
      fake_end (client, server);
    }
}

/* The server falls silent at every stage; the error says at which. */
static const struct
{
  FakeStep    steps[6];
  guint       n_before; /* stages after the connection, which have their time */
  const char *stage;
} silent_servers[] = {
  { { { NULL } }, 0, "the opening of the XML stream within 15 s" },
  { { { FAKE_OPEN, FAKE_HEADER } }, 0, "the opening of the XML stream within 15 s" },
  { { { FAKE_OPEN, FAKE_FEATURES (STARTTLS) } }, 1, "the request for TLS within 15 s" },
  { { { FAKE_OPEN, FAKE_FEATURES (STARTTLS) },
      { "<starttls", "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>" } },
    2,
    "the TLS handshake within 15 s" },
  { { { FAKE_OPEN, FAKE_FEATURES (FAKE_PLAIN) } }, 1, "the authentication within 15 s" },
  { { { FAKE_OPEN, FAKE_FEATURES (FAKE_PLAIN) }, { "</auth>", FAKE_SUCCESS } },
    2,
    "the opening of the XML stream within 15 s" },
  { { FAKE_AUTHENTICATE (FAKE_BIND) }, 3, "the binding of a resource within 15 s" },
};

/* Servers that send the client from one to the next (RFC 6120 §4.9.3.19). */

#define MAX_SERVERS 5

static guint next_port; /* atomic: of the server after the one that was visited last */
static guint ports[MAX_SERVERS + 1];

static char *
dup_next (const char *head)
{
  guint i = (guint) g_atomic_int_add ((int *) &next_port, 1);

  g_assert_cmpuint (i, <, MAX_SERVERS);
  return g_strdup_printf ("%s" FAKE_SEE_OTHER ("127.0.0.1:%u"), head, ports[i + 1]);
}

static char *
send_on (const char *received)
{
  return dup_next (FAKE_HEADER);
}

static char *
send_on_late (const char *received)
{
  return dup_next (FAKE_FEATURES (FAKE_BIND));
}

#define TEN(x) x x x x x x x x x x
#define SENDS(answer)                                                                              \
  {                                                                                                \
    { FAKE_OPEN, NULL, answer },                                                                   \
    {                                                                                              \
      NULL                                                                                         \
    }                                                                                              \
  }
#define SENDS_TO(place)                                                                            \
  {                                                                                                \
    { FAKE_OPEN, FAKE_HEADER FAKE_SEE_OTHER (place) },                                             \
    {                                                                                              \
      NULL                                                                                         \
    }                                                                                              \
  }

static const struct
{
  const char *name;
  guint       n_servers; /* the last one lets the client in */
  guint       n_visited;
  FakeStep    steps[4]; /* of the others */
} redirects[] = {
  { "once", 2, 2, SENDS (send_on) },
  { "three", 4, 4, SENDS (send_on) },
  { "four", 5, 4, SENDS (send_on) },
  { "after the authentication",
    2,
    1,
    { { FAKE_OPEN, FAKE_FEATURES (FAKE_PLAIN) },
      { "</auth>", FAKE_SUCCESS },
      { FAKE_OPEN, NULL, send_on_late } } },
  { "nowhere", 2, 1, SENDS_TO ("") },
  { "no host", 2, 1, SENDS_TO (":5222") },
  { "no port", 2, 1, SENDS_TO ("127.0.0.1:x") },
  { "far", 2, 1, SENDS_TO (TEN (TEN (TEN ("far.")))) },
};

static void
test_redirects (void)
{
  static const FakeStep last[] = { FAKE_LOGIN, { NULL } };

  for (gsize i = 0; i < G_N_ELEMENTS (redirects); i++)
    {
      guint              n = redirects[i].n_servers, n_visited = 0;
      FakeServer        *servers[MAX_SERVERS];
      IBBClient         *client;
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", redirects[i].name);
      g_atomic_int_set ((int *) &next_port, 0);
      for (guint j = 0; j < n; j++)
        {
          servers[j] = fake_server_new (j + 1 < n ? redirects[i].steps : last);
          ports[j] = fake_server_get_port (servers[j]);
        }
      client = fake_create_client (servers[0], FAKE_JID);
      if (ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (client), NULL, &error))
        assert_succeeds (ibb_xmpp_connection_logout, IBB_XMPP_CONNECTION (client), NULL);
      else
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
      g_assert_cmpint (error == NULL, ==, redirects[i].n_visited == n);
      drop_client (client);
      for (guint j = 0; j < n; j++)
        {
          n_visited += fake_server_get_n_clients (servers[j]);
          g_free (fake_server_free (servers[j]));
        }
      g_assert_cmpuint (n_visited, ==, redirects[i].n_visited);
    }
}

static IBBClient *
create_client_for_silence (FakeServer *server, gsize i)
{
  IBBClient *client = fake_create_client (server, FAKE_JID);

  if (i == 2 || i == 3)
    ibb_client_set_tls_mode (client, IBB_TLS_MODE_STARTTLS);
  return client;
}

static void
assert_silence (IBBClient *client, gsize i)
{
  g_autoptr (GError) error = NULL;

  fast_timers_start (15000, 15000, silent_servers[i].n_before);
  g_assert_false (ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (client), NULL, &error));
  fast_timers_stop ();
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  if (strstr (error->message, silent_servers[i].stage) == NULL)
    g_error ("“%s” was expected in “%s”", silent_servers[i].stage, error->message);
}

static void
test_silence (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (silent_servers); i++)
    {
      FakeServer *server = fake_server_new (silent_servers[i].steps);
      IBBClient  *client = create_client_for_silence (server, i);

      assert_silence (client, i);
      /* A second login is as silent: nothing of the first one is left. */
      assert_silence (client, i);
      fake_end (client, server);
    }
}

/* A connection that is closed during the handshake is told from an answer that is not TLS. */
static void
test_broken_handshake (void)
{
  static const FakeStep silent[] = { { NULL } };
  static const FakeStep no_tls[] = { { "\x16\x03", FAKE_HEADER }, { NULL } };
  static const struct
  {
    const FakeStep *steps;
    IBBTlsMode      mode;
    gboolean        is_network;
  } cases[] = {
    { silent, IBB_TLS_MODE_DIRECT, TRUE },
    { silent_servers[3].steps, IBB_TLS_MODE_STARTTLS, TRUE },
    { no_tls, IBB_TLS_MODE_DIRECT, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      FakeServer              *server = fake_server_new (cases[i].steps);
      IBBClient               *client = fake_create_client (server, FAKE_JID);
      GAsyncResult            *stored = NULL;
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GError)       error = NULL;

      ibb_client_set_tls_mode (client, cases[i].mode);
      ibb_xmpp_connection_login_async (IBB_XMPP_CONNECTION (client), NULL, store_result_cb,
                                       &stored);
      fake_server_expect (server, cases[i].is_network ? "\x16\x03" : "");
      fake_server_close (server);
      result = wait_for_result (&stored);
      g_assert_false (
          ibb_xmpp_connection_login_finish (IBB_XMPP_CONNECTION (client), result, &error));
      g_test_message ("%s", error->message);
      g_assert_cmpint (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED), ==,
                       cases[i].is_network);
      g_assert_cmpint (error->domain == G_TLS_ERROR, ==, !cases[i].is_network);
      g_assert_cmpint (strstr (error->message, "closed the connection") != NULL, ==,
                       cases[i].is_network);
      g_clear_object (&result); /* it holds the client */
      fake_end (client, server);
    }
}

static void
test_cancel (void)
{
  for (gsize i = 0; i < 2 * G_N_ELEMENTS (silent_servers); i++)
    {
      gsize                    stage = i % G_N_ELEMENTS (silent_servers);
      FakeServer              *server = fake_server_new (silent_servers[stage].steps);
      IBBClient               *client = create_client_for_silence (server, stage);
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      GAsyncResult            *result = NULL;

      ibb_xmpp_connection_login_async (IBB_XMPP_CONNECTION (client), cancellable, store_result_cb,
                                       &result);
      g_assert_null (result);
      if (stage > 0)
        fake_server_expect (server, "");
      if (i == stage)
        {
          g_cancellable_cancel (cancellable);
        }
      else
        {
          assert_succeeds (ibb_xmpp_connection_logout, IBB_XMPP_CONNECTION (client), NULL);
        }
      assert_result_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, ibb_xmpp_connection_login_finish,
                           IBB_XMPP_CONNECTION (client), &result);
      g_assert_cmpint (ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (client)), ==,
                       IBB_CONNECTION_STATE_OFFLINE);
      fake_end (client, server);
    }
}

static void
test_bind_conflict (void)
{
  static const FakeStep steps[] = {
    FAKE_AUTHENTICATE (FAKE_BIND),
    { "<resource>a&amp;b</resource></bind></iq>", FAKE_NOT_BOUND ("cancel", "conflict") },
    { "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'></bind></iq>", FAKE_BOUND },
    { "</presence>" },
    { NULL },
  };
  FakeServer      *server = fake_server_new (steps);
  IBBClient       *client = fake_create_client (server, FAKE_JID "/a&b");
  g_autofree char *jid = NULL;

  assert_login (client);
  jid = ibb_connection_dup_local_jid (IBB_CONNECTION (client));
  g_assert_cmpstr (jid, ==, FAKE_JID "/r");
  g_assert_cmpstr (ibb_client_get_jid (client), ==, FAKE_JID "/a&b");
  fake_end (client, server);
}

static void
test_features (void)
{
  static const FakeStep steps[] = {
    FAKE_AUTHENTICATE ("<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>" FAKE_BIND
                       "<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>3000</max-bytes>"
                       "</limits>"),
    { "</iq>", FAKE_BOUND },
    { "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>",
      "<iq type='result' id='session'/>" },
    { "<presence><priority>7</priority><c xmlns='http://jabber.org/protocol/caps' "
      "hash='sha-1' node='urn:ibb-glib' ver='" },
    { NULL },
  };
  FakeServer *server = fake_server_new (steps);
  IBBClient  *client = fake_create_client (server, FAKE_JID);

  ibb_client_set_priority (client, 7);
  assert_login (client);
  g_assert_cmpuint (ibb_connection_get_stanza_limit (IBB_CONNECTION (client)), ==, 3000);
  fake_server_expect (server, "");
  g_assert_true (ibb_xmpp_connection_logout (IBB_XMPP_CONNECTION (client), NULL, NULL));
  g_assert_cmpuint (ibb_connection_get_stanza_limit (IBB_CONNECTION (client)), ==, 0);
  fake_end (client, server);
}

static char *
assert_no_presence (const char *received)
{
  g_assert_null (strstr (received, "<presence"));
  return g_strdup ("");
}

/* The first stanza is the application's. */
static void
test_no_presence (void)
{
  static const FakeStep steps[] = {
    FAKE_AUTHENTICATE (FAKE_BIND),
    { "</iq>", FAKE_BOUND },
    { "</message>", NULL, assert_no_presence },
    { NULL },
  };
  FakeServer           *server = fake_server_new (steps);
  IBBClient            *client = fake_create_client (server, FAKE_JID);
  g_autoptr (IBBStanza) stanza =
      ibb_stanza_new_from_xml ("<message to='p@d/r'><body>first</body></message>", -1, NULL);

  g_assert_true (ibb_client_get_send_presence (client));
  g_object_set (client, "send-presence", FALSE, NULL);
  g_assert_false (ibb_client_get_send_presence (client));
  assert_login (client);
  g_assert_true (ibb_connection_send (IBB_CONNECTION (client), stanza, NULL));
  fake_server_expect (server, "");
  g_assert_true (ibb_xmpp_connection_logout (IBB_XMPP_CONNECTION (client), NULL, NULL));
  fake_end (client, server);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  start_watchdog ();
  g_test_add_func ("/ibb/client/login/failures", test_login_failures);
  g_test_add_func ("/ibb/client/login/long-words", test_long_words);
  g_test_add_func ("/ibb/client/login/offer", test_offer);
  g_test_add_func ("/ibb/client/login/bad-jid", test_bad_jid);
  g_test_add_func ("/ibb/client/login/redirects", test_redirects);
  g_test_add_func ("/ibb/client/login/silence", test_silence);
  g_test_add_func ("/ibb/client/login/broken-handshake", test_broken_handshake);
  g_test_add_func ("/ibb/client/login/cancel", test_cancel);
  g_test_add_func ("/ibb/client/login/bind-conflict", test_bind_conflict);
  g_test_add_func ("/ibb/client/login/features", test_features);
  g_test_add_func ("/ibb/client/login/no-presence", test_no_presence);

  return g_test_run ();
}
