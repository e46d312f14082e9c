/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* IBBClient logs in to servers that are silent, broken or hostile. */

#include "config.h"

#include <string.h>

#include "client-fixture.h"
#include "fake-server.h"
#include "ibb-connection-private.h"
#include "xmpp/client-private.h"

/* Login. */

static void
test_login_failures (void)
{
  static const struct
  {
    const char *name;
    FakeStep    steps[6];
    IBBTlsMode  tls_mode;
    gboolean    allow_plain_text;
    GQuark (*domain) (void);
    int         code;
    const char *never; /* what the client must not have said */
  } cases[] = {
    { "no TLS offered",
      { { "<stream:stream", FAKE_FEATURES (FAKE_PLAIN) } },
      IBB_TLS_MODE_STARTTLS,
      TRUE,
      g_tls_error_quark,
      G_TLS_ERROR_UNAVAILABLE,
      "<auth" },
    { "TLS refused",
      { { "<stream:stream",
          FAKE_FEATURES ("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>" FAKE_PLAIN) },
        { "<starttls", "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>" } },
      IBB_TLS_MODE_STARTTLS,
      TRUE,
      g_tls_error_quark,
      G_TLS_ERROR_UNAVAILABLE,
      "<auth" },
    { "TLS required and turned off",
      { { "<stream:stream", FAKE_FEATURES ("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'>"
                                           "<required/></starttls>" FAKE_PLAIN) } },
      IBB_TLS_MODE_NONE,
      TRUE,
      g_tls_error_quark,
      G_TLS_ERROR_UNAVAILABLE,
      "<auth" },
    { "something slipped in before TLS",
      { { "<stream:stream",
          FAKE_FEATURES ("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>" FAKE_PLAIN) },
        { "<starttls",
          "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>" FAKE_FEATURES (FAKE_PLAIN) } },
      IBB_TLS_MODE_STARTTLS,
      TRUE,
      ibb_error_quark,
      IBB_ERROR_PROTOCOL,
      "<auth" },
    { "PLAIN without TLS",
      { { "<stream:stream", FAKE_FEATURES (FAKE_PLAIN) } },
      IBB_TLS_MODE_NONE,
      FALSE,
      ibb_error_quark,
      IBB_ERROR_AUTHENTICATION,
      "<auth" },
    { "no mechanism that we know",
      { { "<stream:stream", FAKE_FEATURES (FAKE_SASL ("<mechanism>GSSAPI</mechanism>")) } },
      IBB_TLS_MODE_NONE,
      TRUE,
      ibb_error_quark,
      IBB_ERROR_AUTHENTICATION,
      "<auth" },
    { "no mechanisms at all",
      { { "<stream:stream", FAKE_FEATURES ("") } },
      IBB_TLS_MODE_NONE,
      TRUE,
      ibb_error_quark,
      IBB_ERROR_AUTHENTICATION,
      "<auth" },
    { "account disabled",
      { { "<stream:stream", FAKE_FEATURES (FAKE_PLAIN) },
        { "</auth>", "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><account-disabled/>"
                     "<text>Pay</text></failure>" } },
      IBB_TLS_MODE_NONE,
      TRUE,
      ibb_error_quark,
      IBB_ERROR_AUTHENTICATION,
      "<bind" },
    { "SCRAM without a proof of the server",
      { { "<stream:stream", FAKE_FEATURES (FAKE_SASL ("<mechanism>SCRAM-SHA-1</mechanism>")) },
        { "</auth>", FAKE_SUCCESS } },
      IBB_TLS_MODE_NONE,
      TRUE,
      ibb_error_quark,
      IBB_ERROR_AUTHENTICATION,
      "<bind" },
    { "something slipped in after SASL",
      { { "<stream:stream", FAKE_FEATURES (FAKE_PLAIN) },
        { "</auth>", FAKE_SUCCESS FAKE_FEATURES (FAKE_BIND) } },
      IBB_TLS_MODE_NONE,
      TRUE,
      ibb_error_quark,
      IBB_ERROR_PROTOCOL,
      "<bind" },
    { "nothing to bind",
      { { "<stream:stream", FAKE_FEATURES (FAKE_PLAIN) },
        { "</auth>", FAKE_SUCCESS },
        { "<stream:stream", FAKE_FEATURES ("") } },
      IBB_TLS_MODE_NONE,
      TRUE,
      ibb_error_quark,
      IBB_ERROR_PROTOCOL,
      "<bind" },
    { "binding refused",
      { { "<stream:stream", FAKE_FEATURES (FAKE_PLAIN) },
        { "</auth>", FAKE_SUCCESS },
        { "<stream:stream", FAKE_FEATURES (FAKE_BIND) },
        { "</iq>", "<iq type='error' id='bind'><error type='wait'><resource-constraint "
                   "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>" } },
      IBB_TLS_MODE_NONE,
      TRUE,
      ibb_error_quark,
      IBB_ERROR_RESOURCE_CONSTRAINT,
      "<presence" },
    { "bound to nothing",
      { { "<stream:stream", FAKE_FEATURES (FAKE_PLAIN) },
        { "</auth>", FAKE_SUCCESS },
        { "<stream:stream", FAKE_FEATURES (FAKE_BIND) },
        { "</iq>", "<iq type='result' id='bind'/>" } },
      IBB_TLS_MODE_NONE,
      TRUE,
      ibb_error_quark,
      IBB_ERROR_PROTOCOL,
      "<presence" },
    { "unknown domain",
      { { "<stream:stream",
          FAKE_HEADER "<stream:error><host-unknown "
                      "xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>" } },
      IBB_TLS_MODE_NONE,
      TRUE,
      g_io_error_quark,
      G_IO_ERROR_CONNECTION_CLOSED,
      "<auth" },
    { "the end of the stream",
      { { "<stream:stream", FAKE_HEADER "</stream:stream>" } },
      IBB_TLS_MODE_NONE,
      TRUE,
      g_io_error_quark,
      G_IO_ERROR_CONNECTION_CLOSED,
      "<auth" },
    { "XMPP 0.9",
      { { "<stream:stream",
          "<stream:stream xmlns='jabber:client' "
          "xmlns:stream='http://etherx.jabber.org/streams' from='fake.test' id='1'>" } },
      IBB_TLS_MODE_NONE,
      TRUE,
      ibb_error_quark,
      IBB_ERROR_PROTOCOL,
      "<auth" },
    { "a web server",
      { { "<stream:stream", "HTTP/1.1 400 Bad Request\r\n\r\n<html></html>" } },
      IBB_TLS_MODE_NONE,
      TRUE,
      ibb_error_quark,
      IBB_ERROR_PROTOCOL,
      "<auth" },
    { "a document type",
      { { "<stream:stream", "<!DOCTYPE a [<!ENTITY b 'c'>]>" FAKE_FEATURES (FAKE_PLAIN) } },
      IBB_TLS_MODE_NONE,
      TRUE,
      ibb_error_quark,
      IBB_ERROR_PROTOCOL,
      "<auth" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      FakeServer      *server = fake_server_new (cases[i].steps);
      IBBClient       *client = fake_create_client (server, FAKE_JID);
      g_autofree char *received = NULL;

      g_test_message ("%s", cases[i].name);
      ibb_client_set_tls_mode (client, cases[i].tls_mode);
      ibb_client_set_allow_plain_text (client, cases[i].allow_plain_text);
      fake_assert_login_fails (client, cases[i].domain (), cases[i].code);
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

static char *
challenge (const char *received, const char *iterations)
{
  g_autofree char *nonce = get_client_nonce (strstr (received, "<auth"));
  g_autofree char *message = g_strdup_printf ("r=%sxyz,s=QUJDRA==,i=%s", nonce, iterations);
  g_autofree char *text = g_base64_encode ((const guchar *) message, strlen (message));

  return g_strdup_printf ("<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>%s</challenge>",
                          text);
}

static char *
challenge_fair (const char *received)
{
  return challenge (received, "4096");
}

static char *
challenge_endless (const char *received)
{
  return challenge (received, "2000000000");
}

static void
test_scram (void)
{
  static const FakeStep endless[] = {
    { "<stream:stream", FAKE_FEATURES (FAKE_SASL ("<mechanism>SCRAM-SHA-1</mechanism>")) },
    { "</auth>", NULL, challenge_endless },
    { NULL },
  };
  static const FakeStep early[] = {
    { "<stream:stream", FAKE_FEATURES (FAKE_SASL ("<mechanism>SCRAM-SHA-1</mechanism>")) },
    { "</auth>", NULL, challenge_fair },
    { "</response>", FAKE_SUCCESS },
    { NULL },
  };
  static const FakeStep wrong[] = {
    { "<stream:stream", FAKE_FEATURES (FAKE_SASL ("<mechanism>SCRAM-SHA-256</mechanism>")) },
    { "</auth>", NULL, challenge_fair },
    { "</response>", "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
                     "dj1BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQT0=</success>" },
    { NULL },
  };
  static const FakeStep *const servers[] = { endless, early, wrong };

  for (gsize i = 0; i < G_N_ELEMENTS (servers); i++)
    {
      FakeServer      *server = fake_server_new (servers[i]);
      IBBClient       *client = fake_create_client (server, FAKE_JID);
      g_autofree char *received = NULL;

      fake_assert_login_fails (client, IBB_ERROR, IBB_ERROR_AUTHENTICATION);
      drop_client (client);
      received = fake_server_free (server);
      g_assert_null (strstr (received, "<bind"));
    }
}

static void
test_without_password (void)
{
  static const FakeStep external[] = {
    { "<stream:stream",
      FAKE_FEATURES (FAKE_SASL ("<mechanism>PLAIN</mechanism><mechanism>EXTERNAL</mechanism>")) },
    { "mechanism='EXTERNAL'>=</auth>", FAKE_SUCCESS },
    { "<stream:stream", FAKE_FEATURES (FAKE_BIND) },
    { "</iq>", FAKE_BOUND },
    { "</presence>" },
    { NULL },
  };
  static const FakeStep plain[] = {
    { "<stream:stream", FAKE_FEATURES (FAKE_PLAIN) },
    { NULL },
  };
  FakeServer *server = fake_server_new (external);
  IBBClient  *client = fake_create_client (server, FAKE_JID);

  ibb_client_set_password (client, NULL);
  fake_assert_login (client);
  drop_client (client);
  g_free (fake_server_free (server));

  server = fake_server_new (plain);
  client = fake_create_client (server, FAKE_JID);
  ibb_client_set_password (client, NULL);
  fake_assert_login_fails (client, IBB_ERROR, IBB_ERROR_AUTHENTICATION);
  drop_client (client);
  g_free (fake_server_free (server));
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

      fake_assert_login_fails (client, IBB_ERROR, IBB_ERROR_JID_MALFORMED);
      drop_client (client);
      g_free (fake_server_free (server));
    }
}

/* The server falls silent at every stage. */
static const FakeStep silent_servers[][6] = {
  { { NULL } },
  { { "<stream:stream", FAKE_HEADER } },
  { { "<stream:stream", FAKE_FEATURES ("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>") } },
  { { "<stream:stream", FAKE_FEATURES ("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>") },
    { "<starttls", "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>" } },
  { { "<stream:stream", FAKE_FEATURES (FAKE_PLAIN) } },
  { { "<stream:stream", FAKE_FEATURES (FAKE_PLAIN) }, { "</auth>", FAKE_SUCCESS } },
  { { "<stream:stream", FAKE_FEATURES (FAKE_PLAIN) },
    { "</auth>", FAKE_SUCCESS },
    { "<stream:stream", FAKE_FEATURES (FAKE_BIND) } },
};

static IBBClient *
create_client_for_silence (FakeServer *server, gsize i)
{
  IBBClient *client = fake_create_client (server, FAKE_JID);

  if (i == 2 || i == 3)
    ibb_client_set_tls_mode (client, IBB_TLS_MODE_STARTTLS);
  return client;
}

static void
test_silence (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (silent_servers); i++)
    {
      FakeServer *server = fake_server_new (silent_servers[i]);
      IBBClient  *client = create_client_for_silence (server, i);

      g_object_set_data (G_OBJECT (client), IBB_CLIENT_LOGIN_TIMEOUT_KEY, GUINT_TO_POINTER (100));
      fake_assert_login_fails (client, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      /* And again: nothing of the first try is left. */
      fake_assert_login_fails (client, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      drop_client (client);
      g_free (fake_server_free (server));
    }
}

static void
test_cancel (void)
{
  for (gsize i = 0; i < 2 * G_N_ELEMENTS (silent_servers); i++)
    {
      gsize                    stage = i % G_N_ELEMENTS (silent_servers);
      FakeServer              *server = fake_server_new (silent_servers[stage]);
      IBBClient               *client = create_client_for_silence (server, stage);
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GError)       error = NULL;

      ibb_client_login_async (client, cancellable, store_result_cb, &result);
      g_assert_null (result);
      if (stage > 0)
        fake_server_expect (server, "");
      if (i == stage)
        {
          g_cancellable_cancel (cancellable);
        }
      else
        {
          g_assert_true (ibb_client_logout (client, NULL, &error));
          g_assert_no_error (error);
        }
      wait_for_result (&result);
      g_assert_false (ibb_client_login_finish (client, result, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_cmpint (ibb_client_get_state (client), ==, IBB_CLIENT_STATE_OFFLINE);
      g_clear_object (&result);
      iterate_until_idle ();
      drop_client (client);
      g_free (fake_server_free (server));
    }
}

static void
test_bind_conflict (void)
{
  static const FakeStep steps[] = {
    { "<stream:stream", FAKE_FEATURES (FAKE_PLAIN) },
    { "</auth>", FAKE_SUCCESS },
    { "<stream:stream", FAKE_FEATURES (FAKE_BIND) },
    { "<resource>a&amp;b</resource></bind></iq>",
      "<iq type='error' id='bind'><error type='cancel'><conflict "
      "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>" },
    { "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'></bind></iq>", FAKE_BOUND },
    { "</presence>" },
    { NULL },
  };
  FakeServer      *server = fake_server_new (steps);
  IBBClient       *client = fake_create_client (server, FAKE_JID "/a&b");
  g_autofree char *jid = NULL;

  fake_assert_login (client);
  jid = ibb_connection_dup_local_jid (IBB_CONNECTION (client));
  g_assert_cmpstr (jid, ==, FAKE_JID "/r");
  g_assert_cmpstr (ibb_client_get_jid (client), ==, FAKE_JID "/a&b");
  drop_client (client);
  g_free (fake_server_free (server));
}

static void
test_features (void)
{
  static const FakeStep steps[] = {
    { "<stream:stream", FAKE_FEATURES (FAKE_PLAIN) },
    { "</auth>", FAKE_SUCCESS },
    { "<stream:stream",
      FAKE_FEATURES ("<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>" FAKE_BIND
                     "<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>3000</max-bytes>"
                     "</limits>") },
    { "</iq>", FAKE_BOUND },
    { "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>",
      "<iq type='result' id='session'/>" },
    { "<presence><priority>7</priority></presence>" },
    { NULL },
  };
  FakeServer *server = fake_server_new (steps);
  IBBClient  *client = fake_create_client (server, FAKE_JID);

  ibb_client_set_priority (client, 7);
  fake_assert_login (client);
  g_assert_cmpuint (ibb_connection_get_stanza_limit (IBB_CONNECTION (client)), ==, 3000);
  fake_server_expect (server, "");
  g_assert_true (ibb_client_logout (client, NULL, NULL));
  g_assert_cmpuint (ibb_connection_get_stanza_limit (IBB_CONNECTION (client)), ==, 0);
  drop_client (client);
  g_free (fake_server_free (server));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  start_watchdog ();
  g_test_add_func ("/ibb/client/login/failures", test_login_failures);
  g_test_add_func ("/ibb/client/login/scram", test_scram);
  g_test_add_func ("/ibb/client/login/without-password", test_without_password);
  g_test_add_func ("/ibb/client/login/bad-jid", test_bad_jid);
  g_test_add_func ("/ibb/client/login/silence", test_silence);
  g_test_add_func ("/ibb/client/login/cancel", test_cancel);
  g_test_add_func ("/ibb/client/login/bind-conflict", test_bind_conflict);
  g_test_add_func ("/ibb/client/login/features", test_features);

  return g_test_run ();
}
