/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What waits sleeps: each kind of wait of a session, of a service and of an encryption, counted in
 * turns. */

#include "users.h"

#include "../lib/count-turns.h"

#define TOO_MUCH (4 << 20) /* bytes that nobody reads */

typedef struct
{
  const Fixture *fixture;
  Ends           ends;
  GCancellable  *cancellable;
  GAsyncResult  *result;
} Wait;

/* The blocking calls, each in a thread. */

static void
read_and_wait (Wait *self)
{
  char byte;

  assert_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, g_input_stream_read, get_input (self->ends.romeo),
                &byte, 1, self->cancellable);
}

static void
write_and_wait (Wait *self)
{
  g_autofree char *bytes = g_malloc0 (TOO_MUCH);

  assert_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, g_output_stream_write_all,
                get_output (self->ends.romeo), bytes, TOO_MUCH, NULL, self->cancellable);
}

static void
close_and_wait (Wait *self)
{
  ibb_loopback_set_faults (self->fixture->loopback, &(IBBHubFaults){ .drop_probability = 1.0 });
  assert_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, g_io_stream_close, G_IO_STREAM (self->ends.romeo),
                self->cancellable);
}

static void
open_and_wait (Wait *self)
{
  ibb_loopback_set_faults (self->fixture->loopback, &(IBBHubFaults){ .drop_probability = 1.0 });
  assert_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, ibb_service_open_session, self->fixture->romeo,
                JULIET, NULL, self->cancellable);
}

static void
accept_and_wait (Wait *self)
{
  assert_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, ibb_service_accept, self->fixture->juliet,
                self->cancellable);
}

static void
expect_and_wait (Wait *self)
{
  assert_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, ibb_service_expect_session, self->fixture->juliet,
                ROMEO, "a-sid", NULL, self->cancellable);
}

static gboolean
ready_cb (GObject *stream, gpointer data)
{
  return G_SOURCE_CONTINUE;
}

static void
poll_and_wait (Wait *self)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GSource)      source = g_pollable_input_stream_create_source (
           G_POLLABLE_INPUT_STREAM (get_input (self->ends.romeo)), self->cancellable);

  g_source_set_callback (source, G_SOURCE_FUNC (ready_cb), NULL, NULL);
  g_source_attach (source, context);
  while (!g_cancellable_is_cancelled (self->cancellable))
    g_main_context_iteration (context, TRUE);
  g_source_destroy (source);
}

static const struct
{
  const char *path;
  void (*wait) (Wait *self);
} blocking[] = {
  { "/ibb/asleep/blocking/read", read_and_wait },
  { "/ibb/asleep/blocking/write", write_and_wait },
  { "/ibb/asleep/blocking/close", close_and_wait },
  { "/ibb/asleep/blocking/open", open_and_wait },
  { "/ibb/asleep/blocking/accept", accept_and_wait },
  { "/ibb/asleep/blocking/expect", expect_and_wait },
  { "/ibb/asleep/blocking/source", poll_and_wait },
};

typedef struct
{
  Wait *wait;
  void (*function) (Wait *self);
} Call;

static gpointer
wait_thread (gpointer data)
{
  Call *call = data;

  call->function (call->wait);
  return NULL;
}

static void
test_blocking (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Wait     self = { fixture, fixture_open_with (fixture, IBB_STANZA_TYPE_IQ), cancellable, NULL };
  Call     call = { &self, blocking[GPOINTER_TO_SIZE (data)].wait };
  GThread *thread = g_thread_new ("wait", wait_thread, &call);

  poll_until (has_waiter (cancellable));
  turns_assert_asleep ();
  g_cancellable_cancel (cancellable);
  g_thread_join (thread);
  ibb_loopback_set_faults (fixture->loopback, &(IBBHubFaults){ 0 });
  ibb_transport_abort (self.ends.romeo);
  ends_clear (&self.ends);
}

/* The asynchronous calls, all in the main context at once. */
static void
test_asynchronous (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (Ends)            ends = fixture_open_with (fixture, IBB_STANZA_TYPE_IQ);
  g_auto (Ends)            closing = fixture_open_with (fixture, IBB_STANZA_TYPE_IQ);
  g_autofree char         *bytes = g_malloc0 (TOO_MUCH);
  GAsyncResult            *results[6] = { NULL };
  char                     byte;

  g_input_stream_read_async (get_input (ends.romeo), &byte, 1, 0, cancellable, store_result_cb,
                             &results[0]);
  g_output_stream_write_all_async (get_output (ends.romeo), bytes, TOO_MUCH, 0, cancellable,
                                   store_result_cb, &results[1]);
  ibb_service_accept_async (fixture->juliet, cancellable, store_result_cb, &results[2]);
  ibb_service_expect_session_async (fixture->juliet, ROMEO, "a-sid", NULL, cancellable,
                                    store_result_cb, &results[3]);
  turns_assert_asleep ();
  ibb_loopback_set_faults (fixture->loopback, &(IBBHubFaults){ .drop_probability = 1.0 });
  ibb_service_open_session_async (fixture->romeo, JULIET, NULL, cancellable, store_result_cb,
                                  &results[4]);
  g_io_stream_close_async (G_IO_STREAM (closing.romeo), 0, cancellable, store_result_cb,
                           &results[5]);
  turns_assert_asleep ();
  for (gsize i = 0; i < G_N_ELEMENTS (results); i++)
    g_assert_null (results[i]);
  g_cancellable_cancel (cancellable);
  for (gsize i = 0; i < G_N_ELEMENTS (results); i++)
    g_object_unref (wait_for_result (&results[i]));
  ibb_loopback_set_faults (fixture->loopback, &(IBBHubFaults){ 0 });
  ibb_transport_abort (ends.romeo);
  ibb_transport_abort (closing.romeo);
}

/* Encryption. */

static gboolean
keep_cb (IBBXmppIdentity *identity, IBBXmppTrustQuestion *question, GPtrArray *questions)
{
  g_ptr_array_add (questions, g_object_ref (question));
  return TRUE;
}

static void
encrypt_and_wait (Wait *self, IBBXmppIdentity *identity, IBBTransport *transport)
{
  ibb_xmpp_identity_encrypt_async (identity, transport, self->cancellable, store_result_cb,
                                   &self->result);
}

/* All of them were waiting, with one cancellable. */
static void
end_waits (Wait *waits, gsize n)
{
  for (gsize i = 0; i < n; i++)
    g_assert_null (waits[i].result);
  g_cancellable_cancel (waits->cancellable);
  for (gsize i = 0; i < n; i++)
    {
      g_object_unref (wait_for_result (&waits[i].result));
      ends_clear (&waits[i].ends);
    }
  run_pending ();
}

/* A person is asked at both ends, and one session more waits for its turn at each. */
static void
test_question (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBXmppIdentity) romeo = create_identity ("romeo");
  g_autoptr (IBBXmppIdentity) juliet = create_identity ("juliet");
  g_autoptr (GCancellable)    cancellable = g_cancellable_new ();
  Wait                        waits[4];
  g_autoptr (GPtrArray)       questions = g_ptr_array_new_with_free_func (g_object_unref);

  g_signal_connect (romeo, "trust-requested", G_CALLBACK (keep_cb), questions);
  g_signal_connect (juliet, "trust-requested", G_CALLBACK (keep_cb), questions);
  for (gsize i = 0; i < G_N_ELEMENTS (waits); i += 2)
    {
      Ends ends = fixture_open_with (fixture, IBB_STANZA_TYPE_IQ);

      waits[i] = (Wait){ fixture, { ends.romeo, NULL }, cancellable, NULL };
      waits[i + 1] = (Wait){ fixture, { NULL, ends.juliet }, cancellable, NULL };
      encrypt_and_wait (&waits[i], romeo, ends.romeo);
      encrypt_and_wait (&waits[i + 1], juliet, ends.juliet);
      /* The second one finds that somebody is asked. */
      wait_until (questions->len == 2);
    }
  turns_assert_asleep ();
  g_assert_cmpuint (questions->len, ==, 2);
  end_waits (waits, G_N_ELEMENTS (waits));
}

/* A peer that says nothing: at all, as the client or as the server. */
static void
test_silent (Fixture *fixture, gconstpointer data)
{
  gboolean                    as_server = GPOINTER_TO_INT (data);
  g_autoptr (IBBXmppIdentity) identity = create_identity ("romeo");
  g_autoptr (GCancellable)    cancellable = g_cancellable_new ();
  Wait self = { fixture, fixture_open_with (fixture, IBB_STANZA_TYPE_IQ), cancellable, NULL };

  encrypt_and_wait (&self, identity, as_server ? self.ends.juliet : self.ends.romeo);
  turns_assert_asleep ();
  end_waits (&self, 1);
}

static gboolean
accept_cb (GTlsConnection      *tls,
           GTlsCertificate     *certificate,
           GTlsCertificateFlags errors,
           gpointer             data)
{
  return TRUE;
}

/* Or once it has done TLS. */
static void
test_silent_after_tls (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBXmppIdentity) mute = create_identity ("romeo");
  g_autoptr (IBBXmppIdentity) juliet = create_identity ("juliet");
  g_autoptr (GCancellable)    cancellable = g_cancellable_new ();
  Wait self = { fixture, fixture_open_with (fixture, IBB_STANZA_TYPE_IQ), cancellable, NULL };
  g_autoptr (GIOStream) tls =
      assert_succeeds (g_tls_client_connection_new, G_IO_STREAM (self.ends.romeo), NULL);

  g_tls_connection_set_certificate (G_TLS_CONNECTION (tls),
                                    ibb_xmpp_identity_get_certificate (mute));
  g_signal_connect (tls, "accept-certificate", G_CALLBACK (accept_cb), NULL);
  encrypt_and_wait (&self, juliet, self.ends.juliet);
  assert_succeeds (g_tls_connection_handshake, G_TLS_CONNECTION (tls), NULL);
  turns_assert_asleep ();
  end_waits (&self, 1);
}

#define ADD(path, data, test)                                                                      \
  g_test_add (path, Fixture, data, fixture_set_up, test, fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (blocking); i++)
    ADD (blocking[i].path, GSIZE_TO_POINTER (i), test_blocking);
  ADD ("/ibb/asleep/asynchronous", NULL, test_asynchronous);
  ADD ("/ibb/asleep/question", NULL, test_question);
  ADD ("/ibb/asleep/silent/client", GINT_TO_POINTER (TRUE), test_silent);
  ADD ("/ibb/asleep/silent/server", GINT_TO_POINTER (FALSE), test_silent);
  ADD ("/ibb/asleep/silent/after-tls", NULL, test_silent_after_tls);
  return run_with_identities ();
}
