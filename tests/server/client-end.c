/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* When a call has returned, the client's thread has let go of all that belongs to the application:
 * what the application drops then is gone at once. Were the thread to drop it later, it could do so
 * while the interpreter of the application's language is being finalized. */

#include "config.h"

#include "../lib/certificate.h"
#include "client-fixture.h"
#include "fake-server.h"

#define ROUNDS 100

/* The application's objects. */
typedef struct
{
  GTlsDatabase         *database;
  IBBKnownCertificates *known;
  GTlsCertificate      *certificate;
  GProxyResolver       *resolver;
} Objects;

static void
objects_init (Objects *self, IBBClient *client)
{
  g_autofree char *path = get_certificate_path ("authority.crt");

  self->database = assert_succeeds (g_tls_file_database_new, path);
  self->known = ibb_known_certificates_new (NULL);
  self->certificate = load_certificate ("romeo.pem");
  self->resolver = g_simple_proxy_resolver_new (NULL, NULL);
  ibb_client_set_tls_database (client, self->database);
  ibb_client_set_known_certificates (client, self->known);
  ibb_client_set_certificate (client, self->certificate);
  ibb_client_set_proxy_resolver (client, self->resolver);
}

static void
test_logout (void)
{
  for (guint i = 0; i < ROUNDS; i++)
    {
      IBBClient *client = ibb_client_new (FAKE_JID);

      assert_succeeds (ibb_xmpp_connection_logout, IBB_XMPP_CONNECTION (client), NULL);
      g_assert_finalize_object (client);
    }
}

static gboolean
accept_cb (IBBClient *client, IBBTrustQuestion *question, gpointer seen)
{
  g_set_weak_pointer ((GTlsCertificate **) seen, ibb_trust_question_get_certificate (question));
  ibb_trust_question_accept (question, IBB_ANSWER_FLAGS_NONE);
  return TRUE;
}

static IBBClient *
create_online (FakeServer *server, GTlsCertificate **seen)
{
  IBBClient *client = fake_create_client (server, FAKE_JID);

  ibb_client_set_tls_mode (client, IBB_TLS_MODE_DIRECT);
  g_signal_connect (client, "trust-requested", G_CALLBACK (accept_cb), seen);
  return client;
}

static const FakeStep steps[] = { FAKE_LOGIN, { NULL } };

/* TLS ends in a thread of GIO's, which may hold the certificates for a moment: the application's,
 * and that of the server, which the handler of the signal has seen. */
static void
test_online (void)
{
  g_autoptr (GTlsCertificate) own = load_certificate ("alone-1.pem");

  for (guint i = 0; i < 10; i++)
    {
      FakeServer      *server = fake_server_new_tls (steps, own);
      GTlsCertificate *seen = NULL;
      IBBClient       *client = create_online (server, &seen);
      IBBService      *service = ibb_service_new (IBB_CONNECTION (client));
      GAsyncResult    *result = NULL;
      Objects          objects;

      objects_init (&objects, client);
      assert_login (client);
      g_assert_nonnull (seen);
      ibb_xmpp_connection_logout_async (IBB_XMPP_CONNECTION (client), NULL, store_result_cb,
                                        &result);
      wait_until (result != NULL);
      assert_succeeds (ibb_xmpp_connection_logout_finish, IBB_XMPP_CONNECTION (client), result);
      g_clear_object (&result);
      g_assert_finalize_object (service);
      g_assert_finalize_object (client);
      g_assert_finalize_object (objects.database);
      g_assert_finalize_object (objects.known);
      g_assert_finalize_object (objects.resolver);
      drop_client (objects.certificate);
      while (g_atomic_pointer_get (&seen) != NULL)
        wait_a_moment ();
      g_free (fake_server_free (server));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  start_watchdog ();
  g_test_add_func ("/client/end/logout", test_logout);
  g_test_add_func ("/client/end/online", test_online);

  return g_test_run ();
}
