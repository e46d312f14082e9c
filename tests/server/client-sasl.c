/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* SCRAM bound to a TLS channel of each version, against libgsasl's own server:
 * Prosody 0.12 knows tls-unique only, which TLS 1.3 lacks. The certificate is
 * that of tests/lib/prosody.py. */

#include "config.h"

#include <gsasl.h>
#include <string.h>
#include <sys/socket.h>

#include "client-fixture.h"
#include "ibb-error.h"
#include "xmpp/login/sasl.h"

#define PASSWORD "pencil"

typedef struct
{
  GIOStream *client;
  GIOStream *server;
} Pair;

static gpointer
shake_hands (gpointer data)
{
  g_autoptr (GError) error = NULL;

  assert_succeeds (g_tls_connection_handshake, data, NULL);
  return NULL;
}

static gboolean
accept_cb (GTlsConnection *tls, GTlsCertificate *certificate, GTlsCertificateFlags errors)
{
  return TRUE;
}

static GIOStream *
wrap (int descriptor)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (descriptor, NULL);

  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

static void
pair_set_up (Pair *self)
{
  g_autofree char            *folder = g_path_get_dirname (g_getenv ("IBB_TEST_CA_FILE"));
  g_autofree char            *certificate_file = g_build_filename (folder, "server.crt", NULL);
  g_autofree char            *key_file = g_build_filename (folder, "server.key", NULL);
  g_autoptr (GTlsCertificate) certificate = NULL;
  g_autoptr (GIOStream)       client_base = NULL;
  g_autoptr (GIOStream)       server_base = NULL;
  GThread                    *thread;
  int                         descriptors[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, descriptors), ==, 0);
  client_base = wrap (descriptors[0]);
  server_base = wrap (descriptors[1]);
  certificate = assert_succeeds (g_tls_certificate_new_from_files, certificate_file, key_file);
  self->client = assert_succeeds (g_tls_client_connection_new, client_base, NULL);
  self->server = assert_succeeds (g_tls_server_connection_new, server_base, certificate);
  g_signal_connect (self->client, "accept-certificate", G_CALLBACK (accept_cb), NULL);
  thread = g_thread_new ("server", shake_hands, self->server);
  shake_hands (self->client);
  g_thread_join (thread);
}

static void
pair_clear (Pair *self)
{
  g_clear_object (&self->client);
  g_clear_object (&self->server);
}

static gboolean
is_tls13 (Pair *self)
{
  return g_tls_connection_get_protocol_version (G_TLS_CONNECTION (self->client)) >=
         G_TLS_PROTOCOL_VERSION_TLS_1_3;
}

/* The server's side of the channel, and what it lets the client have. */
static int
property_cb (Gsasl *gsasl, Gsasl_session *session, Gsasl_property property)
{
  GTlsConnection        *tls = gsasl_session_hook_get (session);
  GTlsChannelBindingType type = property == GSASL_CB_TLS_EXPORTER
                                    ? G_TLS_CHANNEL_BINDING_TLS_EXPORTER
                                    : G_TLS_CHANNEL_BINDING_TLS_UNIQUE;
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autofree char       *text = NULL;

  if (property == GSASL_PASSWORD)
    return gsasl_property_set (session, property, PASSWORD);
  if ((property != GSASL_CB_TLS_EXPORTER && property != GSASL_CB_TLS_UNIQUE) || tls == NULL ||
      !g_tls_connection_get_channel_binding_data (tls, type, bytes, NULL))
    return GSASL_NO_CALLBACK;

  text = g_base64_encode (bytes->data, bytes->len);
  return gsasl_property_set (session, property, text);
}

/* Runs one exchange. TRUE if both sides accept it. */
static gboolean
authenticate (IBBSasl *client, GIOStream *server_tls)
{
  g_autofree char *message = g_strdup (ibb_sasl_get_initial (client));
  Gsasl           *gsasl;
  Gsasl_session   *server;
  int              code = GSASL_NEEDS_MORE;

  g_assert_cmpint (gsasl_init (&gsasl), ==, GSASL_OK);
  gsasl_callback_set (gsasl, property_cb);
  g_assert_cmpint (gsasl_server_start (gsasl, ibb_sasl_get_mechanism (client), &server), ==,
                   GSASL_OK);
  gsasl_session_hook_set (server, server_tls);
  while (code == GSASL_NEEDS_MORE)
    {
      char            *output = NULL;
      g_autofree char *answer = NULL;

      code = gsasl_step64 (server, message, &output);
      answer = g_strdup (output);
      gsasl_free (output);
      if (code == GSASL_OK)
        {
          assert_succeeds (ibb_sasl_finish, client, answer);
        }
      else if (code == GSASL_NEEDS_MORE)
        {
          g_free (message);
          assert_succeeds (ibb_sasl_set_challenge, client, answer);
          while (!ibb_sasl_compute (client))
            ;
          message = ibb_sasl_dup_response (client);
        }
    }
  gsasl_finish (server);
  gsasl_done (gsasl);

  return code == GSASL_OK;
}

static IBBSasl *
create_sasl (GIOStream *tls, const char *const *mechanisms, const char *const *binding_types)
{
  IBBSaslParameters parameters = { .node = "user", .password = PASSWORD };
  IBBSasl          *sasl;

  parameters.tls = (GTlsConnection *) tls;
  parameters.mechanisms = mechanisms;
  parameters.binding_types = binding_types;
  sasl = assert_succeeds (ibb_sasl_new, &parameters);
  return sasl;
}

static const char *const every_mechanism[] = {
  "PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", NULL,
};

/* The first message has this flag of channel binding, and is for this mechanism. */
static void
assert_choice (IBBSasl *sasl, const char *mechanism, const char *flag)
{
  gsize              length;
  g_autofree guchar *initial = g_base64_decode (ibb_sasl_get_initial (sasl), &length);
  g_autofree char   *text = g_strndup ((const char *) initial, length);

  g_assert_cmpstr (ibb_sasl_get_mechanism (sasl), ==, mechanism);
  if (!g_str_has_prefix (text, flag))
    g_error ("%s does not begin with %s", text, flag);
}

static void
test_bound (void)
{
  static const char *const both[] = { "tls-unique", "tls-exporter", NULL };
  static const char *const sha1[] = { "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", NULL };
  g_autoptr (IBBSasl)      listed = NULL;
  g_autoptr (IBBSasl)      older = NULL;
  Pair                     pair;

  pair_set_up (&pair);
  g_assert_cmpint (is_tls13 (&pair), ==, g_getenv ("G_TLS_GNUTLS_PRIORITY") == NULL);
  listed = create_sasl (pair.client, every_mechanism, both);
  assert_choice (listed, "SCRAM-SHA-256-PLUS",
                 is_tls13 (&pair) ? "p=tls-exporter,," : "p=tls-unique,,");
  g_assert_true (authenticate (listed, pair.server));

  /* Bound is better than a longer hash. */
  older = create_sasl (pair.client, sha1, both);
  g_assert_cmpstr (ibb_sasl_get_mechanism (older), ==, "SCRAM-SHA-1-PLUS");
  g_assert_true (authenticate (older, pair.server));
  pair_clear (&pair);
}

/* A server that names no types is older than XEP-0440: it knows tls-unique, which
 * TLS 1.3 does not have. ejabberd 23.01 is like that. */
static void
test_without_list (void)
{
  g_autoptr (IBBSasl) sasl = NULL;
  Pair                pair;

  pair_set_up (&pair);
  sasl = create_sasl (pair.client, every_mechanism, NULL);
  if (is_tls13 (&pair))
    assert_choice (sasl, "SCRAM-SHA-256", "n,,");
  else
    assert_choice (sasl, "SCRAM-SHA-256-PLUS", "p=tls-unique,,");
  g_assert_true (authenticate (sasl, is_tls13 (&pair) ? NULL : pair.server));
  pair_clear (&pair);
}

/* No -PLUS on the list: we could have bound, and say so. A server that did offer
 * it refuses then (RFC 5802 §6), for somebody took it off the list. */
static void
test_stripped (void)
{
  static const char *const stripped[] = { "PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256", NULL };
  g_autoptr (IBBSasl)      sasl = NULL;
  g_autoptr (IBBSasl)      plain = NULL;
  Pair                     pair;

  pair_set_up (&pair);
  sasl = create_sasl (pair.client, stripped, NULL);
  assert_choice (sasl, "SCRAM-SHA-256", "y,,");
  plain = create_sasl (NULL, stripped, NULL);
  assert_choice (plain, "SCRAM-SHA-256", "n,,");
  g_assert_true (authenticate (plain, NULL));
  pair_clear (&pair);
}

static void
test_sha512 (void)
{
  static const char *const with_plus[] = { "SCRAM-SHA-512", "SCRAM-SHA-512-PLUS",
                                           "SCRAM-SHA-256-PLUS", NULL };
  static const char *const without[] = { "PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512",
                                         NULL };
  static const char *const types[] = { "tls-exporter", "tls-unique", NULL };
  g_autoptr (IBBSasl)      bound = NULL;
  g_autoptr (IBBSasl)      unbound = NULL;
  Pair                     pair;

  pair_set_up (&pair);
  bound = create_sasl (pair.client, with_plus, types);
  assert_choice (bound, "SCRAM-SHA-512-PLUS", "p=tls-");
  unbound = create_sasl (pair.client, without, NULL);
  assert_choice (unbound, "SCRAM-SHA-512", "y,,");
  pair_clear (&pair);
}

/* Somebody in the middle has another channel on each side. */
static void
test_middle (void)
{
  static const char *const types[] = { "tls-unique", "tls-exporter", NULL };
  g_autoptr (IBBSasl)      sasl = NULL;
  Pair                     near, far;

  pair_set_up (&near);
  pair_set_up (&far);
  sasl = create_sasl (near.client, every_mechanism, types);
  g_assert_false (authenticate (sasl, far.server));
  pair_clear (&near);
  pair_clear (&far);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  start_watchdog ();
  g_test_add_func ("/ibb/client/sasl/bound", test_bound);
  g_test_add_func ("/ibb/client/sasl/without-list", test_without_list);
  g_test_add_func ("/ibb/client/sasl/stripped", test_stripped);
  g_test_add_func ("/ibb/client/sasl/sha-512", test_sha512);
  g_test_add_func ("/ibb/client/sasl/middle", test_middle);

  return g_test_run ();
}
