/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* IBBClient logs in to servers that are hostile, where a script cannot say how; the others are in
 * login.script. */

#include "config.h"

#include <string.h>

#include "client-fixture.h"
#include "fake-server.h"

#define STARTTLS "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"

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

static void
test_bad_jid (void)
{
  static const char *const jids[] = { "", "\xff@b" };
  static const FakeStep    steps[] = { { NULL } };

  for (gsize i = 0; i < G_N_ELEMENTS (jids); i++)
    {
      FakeServer *server = fake_server_new (steps);
      IBBClient  *client = fake_create_client (server, jids[i]);

      assert_login_fails (client, IBB_ERROR, IBB_ERROR_JID_MALFORMED);
      fake_end (client, server);
    }
}

/* A connection that is closed during the handshake is told from an answer that is not TLS. */
static void
test_broken_handshake (void)
{
  static const FakeStep silent[] = { { NULL } };
  static const FakeStep proceed[] = {
    { FAKE_OPEN, FAKE_FEATURES (STARTTLS) },
    { "<starttls", "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>" },
    { NULL },
  };
  static const FakeStep no_tls[] = { { "\x16\x03", FAKE_HEADER }, { NULL } };
  static const struct
  {
    const FakeStep *steps;
    IBBTlsMode      mode;
    gboolean        is_network;
  } cases[] = {
    { silent, IBB_TLS_MODE_DIRECT, TRUE },
    { proceed, IBB_TLS_MODE_STARTTLS, TRUE },
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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  start_watchdog ();
  g_test_add_func ("/ibb/client/login/offer", test_offer);
  g_test_add_func ("/ibb/client/login/bad-jid", test_bad_jid);
  g_test_add_func ("/ibb/client/login/broken-handshake", test_broken_handshake);

  return g_test_run ();
}
