/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* IBBComponent and servers that refuse it, are broken, or are hostile. */

#include "config.h"

#include <string.h>

#include "../lib/fast-timers.h"
#include "client-fixture.h"
#include "fake-server.h"

#define DOMAIN "bots.fake.test"
/* The example of XEP-0114 §3. */
#define SECRET "test"
#define ID "3BF96D32"
#define DIGEST "<handshake>aaee83c26aeeafcbabeabfcbcd50df997e0a2a1e</handshake>"

#define HEADER_WITH(attribute)                                                                     \
  "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "                           \
  "xmlns:stream='http://etherx.jabber.org/streams' from='" DOMAIN "'" attribute ">"
#define HEADER HEADER_WITH (" id='" ID "'")
#define ADMITTED(more)                                                                             \
  { FAKE_OPEN, HEADER },                                                                           \
  {                                                                                                \
    DIGEST, "<handshake/>" more                                                                    \
  }
#define FAILS(domain, code) domain##_error_quark, code

static IBBComponent *
create_component (FakeServer *server)
{
  IBBComponent *component = ibb_component_new (DOMAIN);

  ibb_component_set_secret (component, SECRET);
  ibb_xmpp_connection_set_host (IBB_XMPP_CONNECTION (component), "127.0.0.1");
  ibb_xmpp_connection_set_port (IBB_XMPP_CONNECTION (component), fake_server_get_port (server));
  return component;
}

static void
test_refused (void)
{
  static const struct
  {
    const char *name;
    FakeStep    steps[4];
    GQuark (*domain) (void);
    int code;
  } cases[] = {
    { "wrong secret",
      { { FAKE_OPEN, HEADER }, { DIGEST, FAKE_STREAM_ERROR ("not-authorized") } },
      FAILS (ibb, IBB_ERROR_AUTHENTICATION) },
    { "host unknown",
      { { FAKE_OPEN, HEADER FAKE_STREAM_ERROR ("host-unknown") } },
      FAILS (ibb, IBB_ERROR_ITEM_NOT_FOUND) },
    { "conflict",
      { { FAKE_OPEN, HEADER }, { DIGEST, FAKE_STREAM_ERROR ("conflict") } },
      FAILS (ibb, IBB_ERROR_CONFLICT) },
    { "no identifier", { { FAKE_OPEN, HEADER_WITH ("") } }, FAILS (ibb, IBB_ERROR_PROTOCOL) },
    { "an empty identifier",
      { { FAKE_OPEN, HEADER_WITH (" id=''") "<handshake/>" } },
      FAILS (ibb, IBB_ERROR_PROTOCOL) },
    { "an empty identifier before the reason",
      { { FAKE_OPEN, HEADER_WITH (" id=''") FAKE_STREAM_ERROR ("host-unknown") } },
      FAILS (ibb, IBB_ERROR_ITEM_NOT_FOUND) },
    { "features",
      { { FAKE_OPEN, HEADER }, { DIGEST, "<stream:features/>" } },
      FAILS (ibb, IBB_ERROR_PROTOCOL) },
    { "a handshake of another namespace",
      { { FAKE_OPEN, HEADER }, { DIGEST, "<handshake xmlns='jabber:client'/>" } },
      FAILS (ibb, IBB_ERROR_PROTOCOL) },
    { "a port for clients",
      { { FAKE_OPEN, FAKE_HEADER FAKE_STREAM_ERROR ("invalid-namespace") } },
      FAILS (ibb, IBB_ERROR_PROTOCOL) },
    { "garbage",
      { { FAKE_OPEN, "HTTP/1.1 400 Bad Request\r\n\r\n" } },
      FAILS (ibb, IBB_ERROR_PROTOCOL) },
    { "garbage after the header",
      { { FAKE_OPEN, HEADER }, { DIGEST, "</handshake>" } },
      FAILS (ibb, IBB_ERROR_PROTOCOL) },
    { "the end of the stream",
      { { FAKE_OPEN, HEADER }, { DIGEST, "</stream:stream>" } },
      FAILS (g_io, G_IO_ERROR_CONNECTION_CLOSED) },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      FakeServer        *server = fake_server_new (cases[i].steps);
      IBBComponent      *component = create_component (server);
      g_autoptr (GError) error = NULL;
      g_autofree char   *received = NULL;

      g_test_message ("%s", cases[i].name);
      g_assert_false (ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (component), NULL, &error));
      g_assert_error (error, cases[i].domain (), cases[i].code);
      drop_client (component);
      received = fake_server_free (server);
      g_assert_nonnull (strstr (received, " to='" DOMAIN "' xmlns='jabber:component:accept'"));
    }
}

static void
test_silence (void)
{
  static const FakeStep silent[][2] = { { { FAKE_OPEN, NULL } }, { { FAKE_OPEN, HEADER } } };

  for (gsize i = 0; i < G_N_ELEMENTS (silent); i++)
    {
      FakeServer        *server = fake_server_new (silent[i]);
      IBBComponent      *component = create_component (server);
      g_autoptr (GError) error = NULL;

      fast_timers_start (15000, 15000, 0); /* the connection has 20 s */
      g_assert_false (ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (component), NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      g_assert_nonnull (strstr (error->message, "the login of the component within 15 s"));
      drop_client (component);
      g_free (fake_server_free (server));
    }
  fast_timers_stop ();
}

/* The connection breaks between the two parts of the handshake. */
static void
test_cut (void)
{
  static const FakeStep steps[] = { { FAKE_OPEN, HEADER }, { NULL } };
  FakeServer           *server = fake_server_new (steps);
  IBBComponent         *component = create_component (server);
  GAsyncResult         *result = NULL;
  g_autoptr (GError)    error = NULL;

  ibb_xmpp_connection_login_async (IBB_XMPP_CONNECTION (component), NULL, store_result_cb, &result);
  fake_server_expect (server, DIGEST);
  fake_server_close (server);
  while (result == NULL)
    wait_a_moment ();
  g_assert_false (
      ibb_xmpp_connection_login_finish (IBB_XMPP_CONNECTION (component), result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  g_object_unref (result);
  drop_client (component);
  g_free (fake_server_free (server));
}

static void
assert_online (IBBComponent *component)
{
  g_autoptr (GError) error = NULL;
  g_autofree char   *local_jid = NULL;

  g_assert_true (ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (component), NULL, &error));
  g_assert_no_error (error);
  g_object_get (component, "local-jid", &local_jid, NULL);
  g_assert_cmpstr (local_jid, ==, DOMAIN);
}

static void
send_and_expect (FakeServer *server, const char *text, const char *answer)
{
  fake_server_send (server, text, -1);
  fake_server_expect (server, answer);
}

#define PING(attributes) "<iq type='get' " attributes "><ping xmlns='urn:xmpp:ping'/></iq>"

/* The server is hostile: what is for another domain is not answered, nor passed on. The last
 * ping shows that all before it has been handled. */
static void
test_addresses (void)
{
  static const FakeStep  steps[] = { ADMITTED (""), { NULL } };
  FakeServer            *server = fake_server_new (steps);
  IBBComponent          *component = create_component (server);
  g_autoptr (IBBService) service = ibb_service_new (IBB_CONNECTION (component));
  g_autofree char       *received = NULL;

  assert_online (component);
  send_and_expect (server, PING ("id='1' from='a@b/c' to='echo@" DOMAIN "'"),
                   "<iq type='result' id='1' to='a@b/c' from='echo@" DOMAIN "'/>");
  send_and_expect (server,
                   "<iq type='get' id='2' from='a@b/c' to='x@" DOMAIN
                   "'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
                   "<identity category='component' type='generic' name='ibb-glib'/>");
  send_and_expect (server, "<presence type='probe' from='a@b' to='echo@" DOMAIN "'/>",
                   "<presence to='a@b' from='echo@" DOMAIN
                   "'><c xmlns='http://jabber.org/protocol/caps' hash='sha-1'");
  fake_server_send (server,
                    PING ("id='f1' from='a@b/c' to='echo@fake.test'") PING ("id='f2' from='a@b/c'")
                        PING ("id='f3' from='a@b/c' to='a@x." DOMAIN "'"),
                    -1);

  ibb_component_set_any_address (component, FALSE);
  g_assert_true (ibb_component_add_address (component, "Echo@" DOMAIN, NULL));
  send_and_expect (server, PING ("id='3' from='a@b/c' to='nobody@" DOMAIN "'"),
                   "<service-unavailable");
  fake_server_send (server, "<presence type='probe' from='a@b' to='nobody@" DOMAIN "'/>", -1);
  send_and_expect (server, PING ("id='4' from='a@b/c' to='echo@" DOMAIN "/r'"),
                   "<iq type='result' id='4'");
  send_and_expect (server, PING ("id='5' from='a@b/c' to='" DOMAIN "'"),
                   "<iq type='result' id='5'");

  g_assert_true (ibb_xmpp_connection_logout (IBB_XMPP_CONNECTION (component), NULL, NULL));
  g_clear_object (&service);
  drop_client (component);
  received = fake_server_free (server);
  g_assert_null (strstr (received, "id='f"));
  g_assert_null (strstr (received, "<presence to='a@b' from='nobody"));
}

/* Stanzas of the application and pings of the keepalive have a "from", too: a server adds
 * none. */
static void
test_from (void)
{
  static const FakeStep steps[] = { ADMITTED (""), { NULL } };
  FakeServer           *server = fake_server_new (steps);
  IBBComponent         *component = create_component (server);
  g_autoptr (IBBStanza) stanza =
      ibb_stanza_new_from_xml ("<message to='a@b'><body>x</body></message>", -1, NULL);

  ibb_xmpp_connection_set_keepalive_interval (IBB_XMPP_CONNECTION (component), 1000);
  assert_online (component);
  g_assert_true (ibb_connection_send (IBB_CONNECTION (component), stanza, NULL));
  g_assert_null (ibb_stanza_get_from (stanza));
  fake_server_expect (server, "<message to='a@b' from='" DOMAIN "'>");
  fake_server_expect (server, " to='" DOMAIN "' from='" DOMAIN "'><ping xmlns");
  g_assert_true (ibb_xmpp_connection_logout (IBB_XMPP_CONNECTION (component), NULL, NULL));
  drop_client (component);
  g_free (fake_server_free (server));
}

/* Without a sender's address there is nobody to answer, and no session. */
static void
test_no_sender (void)
{
  static const FakeStep steps[] = { ADMITTED (""), { NULL } };
  FakeServer           *server = fake_server_new (steps);
  IBBComponent         *component = create_component (server);
  g_autoptr (GError)    error = NULL;

  assert_online (component);
  send_and_expect (server, PING ("id='1' to='" DOMAIN "'"), "<improper-addressing xmlns=");
  while (ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (component)) !=
         IBB_CONNECTION_STATE_OFFLINE)
    g_main_context_iteration (NULL, TRUE);
  error = ibb_xmpp_connection_dup_disconnect_error (IBB_XMPP_CONNECTION (component));
  g_assert_error (error, IBB_ERROR, IBB_ERROR_PROTOCOL);
  drop_client (component);
  g_free (fake_server_free (server));
}

/* After the loss of the connection the server keeps it for a while, and refuses another one. */
static void
test_return (void)
{
  static const FakeStep first[] = { ADMITTED (""), { NULL } };
  static const FakeStep busy[] = { { FAKE_OPEN, HEADER },
                                   { DIGEST, FAKE_STREAM_ERROR ("conflict") },
                                   { NULL } };
  FakeServer           *server = fake_server_new (first);
  IBBComponent         *component = create_component (server);

  ibb_xmpp_connection_set_auto_reconnect (IBB_XMPP_CONNECTION (component), TRUE);
  assert_online (component);
  fake_server_set_steps (server, busy);
  fake_server_close (server);
  fake_server_wait_for_clients (server, 3);
  g_assert_cmpint (ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (component)), ==,
                   IBB_CONNECTION_STATE_CONNECTING);
  fake_server_set_steps (server, first);
  while (ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (component)) !=
         IBB_CONNECTION_STATE_ONLINE)
    wait_a_moment ();

  /* When the component is online, a conflict is with another component. */
  fake_server_send (server, FAKE_STREAM_ERROR ("conflict"), -1);
  while (ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (component)) !=
         IBB_CONNECTION_STATE_OFFLINE)
    wait_a_moment ();
  drop_client (component);
  g_free (fake_server_free (server));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  start_watchdog ();

  g_test_add_func ("/component/fake/refused", test_refused);
  g_test_add_func ("/component/fake/silence", test_silence);
  g_test_add_func ("/component/fake/cut", test_cut);
  g_test_add_func ("/component/fake/D-59/addresses", test_addresses);
  g_test_add_func ("/component/fake/D-59/from", test_from);
  g_test_add_func ("/component/fake/D-59/no-sender", test_no_sender);
  g_test_add_func ("/component/fake/return", test_return);

  return g_test_run ();
}
