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
#include "xmpp/sasl.h"

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

  g_assert_true (g_tls_connection_handshake (data, NULL, &error));
  g_assert_no_error (error);
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
  g_autoptr (GError)          error = NULL;
  GThread                    *thread;
  int                         descriptors[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, descriptors), ==, 0);
  client_base = wrap (descriptors[0]);
  server_base = wrap (descriptors[1]);
  certificate = g_tls_certificate_new_from_files (certificate_file, key_file, &error);
  g_assert_no_error (error);
  self->client = g_tls_client_connection_new (client_base, NULL, &error);
  g_assert_no_error (error);
  self->server = g_tls_server_connection_new (server_base, certificate, &error);
  g_assert_no_error (error);
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

/* One exchange; TRUE if both sides are content. */
static gboolean
authenticate (IBBSasl *client, GIOStream *server_tls)
{
  g_autofree char   *message = g_strdup (ibb_sasl_get_initial (client));
  g_autoptr (GError) error = NULL;
  Gsasl             *gsasl;
  Gsasl_session     *server;
  int                code = GSASL_NEEDS_MORE;

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
          g_assert_true (ibb_sasl_finish (client, answer, &error));
          g_assert_no_error (error);
        }
      else if (code == GSASL_NEEDS_MORE)
        {
          g_free (message);
          message = ibb_sasl_respond (client, answer, &error);
          g_assert_no_error (error);
        }
    }
  gsasl_finish (server);
  gsasl_done (gsasl);

  return code == GSASL_OK;
}

static IBBSasl *
create_sasl (GIOStream *tls, const char *const *mechanisms, const char *const *binding_types)
{
  IBBSaslParameters  parameters = { .node = "user", .password = PASSWORD };
  g_autoptr (GError) error = NULL;
  IBBSasl           *sasl;

  parameters.tls = G_TLS_CONNECTION (tls);
  parameters.mechanisms = mechanisms;
  parameters.binding_types = binding_types;
  sasl = ibb_sasl_new (&parameters, &error);
  g_assert_no_error (error);
  return sasl;
}

static const char *const every_mechanism[] = {
  "PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", NULL,
};

static void
test_bound (void)
{
  static const char *const both[] = { "tls-unique", "tls-exporter", NULL };
  static const char *const sha1[] = { "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", NULL };
  g_autoptr (IBBSasl)      listed = NULL;
  g_autoptr (IBBSasl)      unlisted = NULL;
  g_autoptr (IBBSasl)      older = NULL;
  g_autofree guchar       *initial = NULL;
  gsize                    length;
  Pair                     pair;

  pair_set_up (&pair);
  g_assert_cmpint (is_tls13 (&pair), ==, g_getenv ("G_TLS_GNUTLS_PRIORITY") == NULL);
  listed = create_sasl (pair.client, every_mechanism, both);
  g_assert_cmpstr (ibb_sasl_get_mechanism (listed), ==, "SCRAM-SHA-256-PLUS");
  initial = g_base64_decode (ibb_sasl_get_initial (listed), &length);
  g_assert_nonnull (g_strstr_len ((const char *) initial, (gssize) length,
                                  is_tls13 (&pair) ? "p=tls-exporter,," : "p=tls-unique,,"));
  g_assert_true (authenticate (listed, pair.server));

  unlisted = create_sasl (pair.client, every_mechanism, NULL);
  g_assert_cmpstr (ibb_sasl_get_mechanism (unlisted), ==, "SCRAM-SHA-256-PLUS");
  g_assert_true (authenticate (unlisted, pair.server));

  /* Bound is better than a longer hash. */
  older = create_sasl (pair.client, sha1, both);
  g_assert_cmpstr (ibb_sasl_get_mechanism (older), ==, "SCRAM-SHA-1-PLUS");
  g_assert_true (authenticate (older, pair.server));
  pair_clear (&pair);
}

/* Somebody in the middle has another channel on each side. */
static void
test_middle (void)
{
  g_autoptr (IBBSasl) sasl = NULL;
  Pair                near, far;

  pair_set_up (&near);
  pair_set_up (&far);
  sasl = create_sasl (near.client, every_mechanism, NULL);
  g_assert_false (authenticate (sasl, far.server));
  pair_clear (&near);
  pair_clear (&far);
}

/* The server binds, but to nothing that we have: no -PLUS, and no claim that it
 * did not offer any. */
static void
test_other_type (void)
{
  static const char *const types[] = { "tls-server-end-point", NULL };
  g_autoptr (IBBSasl)      sasl = NULL;
  g_autofree guchar       *initial = NULL;
  gsize                    length;
  Pair                     pair;

  pair_set_up (&pair);
  sasl = create_sasl (pair.client, every_mechanism, types);
  g_assert_cmpstr (ibb_sasl_get_mechanism (sasl), ==, "SCRAM-SHA-256");
  initial = g_base64_decode (ibb_sasl_get_initial (sasl), &length);
  g_assert_true (g_str_has_prefix ((const char *) initial, "n,,"));
  g_assert_true (authenticate (sasl, NULL));
  pair_clear (&pair);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  start_watchdog ();
  g_test_add_func ("/ibb/sasl/bound", test_bound);
  g_test_add_func ("/ibb/sasl/middle", test_middle);
  g_test_add_func ("/ibb/sasl/other-type", test_other_type);

  return g_test_run ();
}
