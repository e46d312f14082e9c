/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sessions that nobody expected: each reaches the application exactly once. */

#include "fixture.h"

typedef struct
{
  IBBRequest   *request;
  IBBTransport *transport;
  guint         n_calls;
  GThread      *thread;
} Seen;

static void
seen_clear (Seen *seen)
{
  g_clear_object (&seen->request);
  g_clear_object (&seen->transport);
}

static void
start_open (Fixture *fixture, GAsyncResult **opened)
{
  ibb_service_open_session_async (fixture->romeo, JULIET, IBB_STANZA_TYPE_IQ, 0, NULL, NULL,
                                  store_result_cb, opened);
}

static IBBTransport *
finish_open (Fixture *fixture, GAsyncResult **opened)
{
  g_autoptr (GAsyncResult) result = wait_for_result (opened);
  g_autoptr (GError)       error = NULL;
  IBBTransport *transport = ibb_service_open_session_finish (fixture->romeo, result, &error);

  g_assert_no_error (error);
  return transport;
}

static void
assert_refused (Fixture *fixture, GAsyncResult **opened, GQuark domain, int code, const char *text)
{
  g_autoptr (GAsyncResult) result = wait_for_result (opened);
  g_autoptr (GError)       error = NULL;

  g_assert_null (ibb_service_open_session_finish (fixture->romeo, result, &error));
  g_assert_error (error, domain, code);
  if (text != NULL)
    g_assert_nonnull (strstr (error->message, text));
}

static gboolean
hold_cb (IBBService *service, IBBRequest *request, gpointer data)
{
  Seen *seen = data;

  seen->n_calls++;
  seen->thread = g_thread_self ();
  g_assert_null (seen->request);
  seen->request = g_object_ref (request);
  return TRUE;
}

static gboolean
ignore_cb (IBBService *service, IBBRequest *request, gpointer data)
{
  ((Seen *) data)->n_calls++;
  return FALSE;
}

static gboolean
accept_cb (IBBService *service, IBBRequest *request, gpointer data)
{
  Seen              *seen = data;
  g_autoptr (GError) error = NULL;

  seen->n_calls++;
  seen->transport = ibb_request_accept (request, &error);
  g_assert_no_error (error);
  return TRUE;
}

static gboolean
refuse_cb (IBBService *service, IBBRequest *request, gpointer data)
{
  ((Seen *) data)->n_calls++;
  ibb_request_refuse (request, IBB_ERROR_FORBIDDEN, "not tonight");
  return TRUE;
}

static void
accepted_cb (IBBService *service, IBBTransport *transport, gpointer data)
{
  Seen *seen = data;

  seen->n_calls++;
  seen->thread = g_thread_self ();
  g_set_object (&seen->transport, transport);
}

/* D-07: the handler accepts at once, and further ones are not asked. */
static void
test_request_accept (Fixture *fixture, gconstpointer data)
{
  Seen                     seen = { 0 };
  Seen                     later = { 0 };
  GAsyncResult            *opened = NULL;
  g_autoptr (IBBTransport) romeo = NULL;

  g_signal_connect (fixture->juliet, "session-requested", G_CALLBACK (accept_cb), &seen);
  g_signal_connect (fixture->juliet, "session-requested", G_CALLBACK (ignore_cb), &later);
  start_open (fixture, &opened);
  romeo = finish_open (fixture, &opened);
  wait_until (seen.transport != NULL);
  g_assert_cmpuint (seen.n_calls, ==, 1);
  g_assert_cmpuint (later.n_calls, ==, 0);
  write_text (romeo, "hello");
  assert_reads (seen.transport, "hello");
  seen_clear (&seen);
}

/* Asking the user first: the request is answered later, once. */
static void
test_request_later (Fixture *fixture, gconstpointer data)
{
  Seen                     seen = { 0 };
  GAsyncResult            *opened = NULL;
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (GError)       error = NULL;

  g_signal_connect (fixture->juliet, "session-requested", G_CALLBACK (hold_cb), &seen);
  start_open (fixture, &opened);
  wait_until (seen.request != NULL);
  g_assert_true (seen.thread == g_thread_self ());
  g_assert_cmpstr (ibb_request_get_peer_jid (seen.request), ==, ROMEO);
  g_assert_cmpstr (ibb_request_get_local_jid (seen.request), ==, JULIET);
  g_assert_cmpuint (ibb_request_get_block_size (seen.request), ==, 4096);
  g_assert_cmpint (ibb_request_get_stanza_type (seen.request), ==, IBB_STANZA_TYPE_IQ);
  g_assert_cmpuint (strlen (ibb_request_get_sid (seen.request)), >, 0);
  run_pending ();
  g_assert_null (opened);

  seen.transport = ibb_request_accept (seen.request, &error);
  g_assert_no_error (error);
  romeo = finish_open (fixture, &opened);

  /* The first answer wins. */
  g_assert_null (ibb_request_accept (seen.request, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  ibb_request_refuse (seen.request, IBB_ERROR_FORBIDDEN, NULL);
  write_text (seen.transport, "later");
  assert_reads (romeo, "later");
  seen_clear (&seen);
}

static void
test_request_refuse (Fixture *fixture, gconstpointer data)
{
  Seen          seen = { 0 };
  GAsyncResult *opened = NULL;
  gulong        handler;

  handler = g_signal_connect (fixture->juliet, "session-requested", G_CALLBACK (refuse_cb), &seen);
  start_open (fixture, &opened);
  assert_refused (fixture, &opened, IBB_ERROR, IBB_ERROR_FORBIDDEN, "not tonight");
  g_assert_cmpuint (seen.n_calls, ==, 1);
  g_signal_handler_disconnect (fixture->juliet, handler);

  /* A handler that throws in another language does nothing: that refuses. */
  g_signal_connect (fixture->juliet, "session-requested", G_CALLBACK (ignore_cb), &seen);
  start_open (fixture, &opened);
  assert_refused (fixture, &opened, IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE, NULL);
  g_assert_cmpuint (seen.n_calls, ==, 2);
}

/* D-15: nobody answers. */
static void
test_request_timeout (Fixture *fixture, gconstpointer data)
{
  Seen               seen = { 0 };
  GAsyncResult      *opened = NULL;
  g_autoptr (GError) error = NULL;

  ibb_service_set_accept_timeout (fixture->juliet, 30);
  g_signal_connect (fixture->juliet, "session-requested", G_CALLBACK (hold_cb), &seen);
  start_open (fixture, &opened);
  assert_refused (fixture, &opened, IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE, NULL);
  wait_until (seen.request != NULL);
  g_assert_null (ibb_request_accept (seen.request, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  seen_clear (&seen);
}

/* A request outlives the service that is gone, without harm. */
static void
test_request_orphan (Fixture *fixture, gconstpointer data)
{
  Seen               seen = { 0 };
  GAsyncResult      *opened = NULL;
  g_autoptr (GError) error = NULL;

  g_signal_connect (fixture->juliet, "session-requested", G_CALLBACK (hold_cb), &seen);
  start_open (fixture, &opened);
  wait_until (seen.request != NULL);
  g_assert_finalize_object (g_steal_pointer (&fixture->juliet));
  assert_refused (fixture, &opened, IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE, NULL);
  g_assert_null (ibb_request_accept (seen.request, &error));
  g_assert_nonnull (error);
  seen_clear (&seen);
}

/* The handler drops the service. */
static gboolean
drop_service_cb (IBBService *service, IBBRequest *request, gpointer data)
{
  Fixture *fixture = data;

  g_clear_object (&fixture->juliet);
  return FALSE;
}

static void
test_request_drops_service (Fixture *fixture, gconstpointer data)
{
  GAsyncResult *opened = NULL;

  g_signal_connect (fixture->juliet, "session-requested", G_CALLBACK (drop_service_cb), fixture);
  start_open (fixture, &opened);
  assert_refused (fixture, &opened, IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE, NULL);
  g_assert_null (fixture->juliet);
}

/* F-06: session-accepted, in the context of the service. */
static void
test_accepted (Fixture *fixture, gconstpointer data)
{
  Seen                     seen = { 0 };
  GAsyncResult            *opened = NULL;
  g_autoptr (IBBTransport) romeo = NULL;

  g_signal_connect (fixture->juliet, "session-accepted", G_CALLBACK (accepted_cb), &seen);
  start_open (fixture, &opened);
  romeo = finish_open (fixture, &opened);
  wait_until (seen.transport != NULL);
  g_assert_true (seen.thread == g_thread_self ());
  write_text (romeo, "hello");
  assert_reads (seen.transport, "hello");
  seen_clear (&seen);
}

/* A handler that keeps no reference does not keep the session. */
static void
ignore_transport_cb (IBBService *service, IBBTransport *transport, gpointer data)
{
  ((Seen *) data)->n_calls++;
}

static void
test_accepted_dropped (Fixture *fixture, gconstpointer data)
{
  Seen                     seen = { 0 };
  GAsyncResult            *opened = NULL;
  g_autoptr (IBBTransport) romeo = NULL;

  g_signal_connect (fixture->juliet, "session-accepted", G_CALLBACK (ignore_transport_cb), &seen);
  start_open (fixture, &opened);
  romeo = finish_open (fixture, &opened);
  wait_until (seen.n_calls == 1);
  assert_read_fails (romeo, G_IO_ERROR_CONNECTION_CLOSED);
}

static gpointer
accept_thread (gpointer data)
{
  g_autoptr (GError) error = NULL;
  IBBTransport      *transport = ibb_service_accept (data, NULL, &error);

  g_assert_no_error (error);
  return transport;
}

/* F-27: accept in a thread; what comes while nobody waits is kept; a cancelled
 * accept takes nothing away. */
static void
test_accept (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError)       error = NULL;
  g_autoptr (IBBTransport) first = NULL;
  g_autoptr (IBBTransport) second = NULL;
  g_autoptr (IBBTransport) third = NULL;
  g_autoptr (IBBTransport) romeo_first = NULL;
  g_autoptr (IBBTransport) romeo_second = NULL;
  g_autoptr (IBBTransport) romeo_third = NULL;
  GAsyncResult            *opened = NULL;
  GAsyncResult            *accepted = NULL;
  GThread                 *thread;

  /* From now on somebody listens. */
  ibb_service_accept_async (fixture->juliet, cancellable, store_result_cb, &accepted);
  g_cancellable_cancel (cancellable);
  result = wait_for_result (&accepted);
  g_assert_null (ibb_service_accept_finish (fixture->juliet, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_clear_object (&result);

  start_open (fixture, &opened);
  romeo_first = finish_open (fixture, &opened);
  start_open (fixture, &opened);
  romeo_second = finish_open (fixture, &opened);

  thread = g_thread_new ("accept", accept_thread, fixture->juliet);
  first = g_thread_join (thread);
  g_assert_cmpstr (ibb_transport_get_sid (first), ==, ibb_transport_get_sid (romeo_first));

  ibb_service_accept_async (fixture->juliet, NULL, store_result_cb, &accepted);
  g_assert_null (accepted);
  result = wait_for_result (&accepted);
  second = ibb_service_accept_finish (fixture->juliet, result, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (ibb_transport_get_sid (second), ==, ibb_transport_get_sid (romeo_second));

  thread = g_thread_new ("accept", accept_thread, fixture->juliet);
  start_open (fixture, &opened);
  romeo_third = finish_open (fixture, &opened);
  third = g_thread_join (thread);
  g_assert_cmpstr (ibb_transport_get_sid (third), ==, ibb_transport_get_sid (romeo_third));
}

/* D-08: the limit counts sessions of any origin. */
static void
test_limit (Fixture *fixture, gconstpointer data)
{
  GAsyncResult            *opened = NULL;
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;

  ibb_service_set_session_limit (fixture->juliet, 1);
  fixture_open (fixture, &romeo, &juliet);
  start_open (fixture, &opened);
  assert_refused (fixture, &opened, IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE, NULL);
}

/* What nobody took when the service goes is aborted, not leaked. */
static void
test_queue_dropped (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (IBBTransport) romeo = NULL;
  GAsyncResult            *opened = NULL;
  GAsyncResult            *accepted = NULL;

  ibb_service_accept_async (fixture->juliet, cancellable, store_result_cb, &accepted);
  g_cancellable_cancel (cancellable);
  result = wait_for_result (&accepted);
  g_clear_object (&result);

  start_open (fixture, &opened);
  romeo = finish_open (fixture, &opened);
  g_assert_finalize_object (g_steal_pointer (&fixture->juliet));
  assert_read_fails (romeo, G_IO_ERROR_CONNECTION_CLOSED);
}

/* D-43 */
static void
assert_features (IBBService *service, const char *expected)
{
  g_auto (GStrv)   features = ibb_service_get_features (service);
  g_autofree char *joined = g_strjoinv (" ", features);

  g_assert_cmpstr (joined, ==, expected);
}

static void
test_features (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  GAsyncResult            *expected = NULL;
  Seen                     seen = { 0 };
  gulong                   handler;
  g_auto (GStrv)           features = NULL;

  assert_features (fixture->juliet, "urn:ibb-glib:1");
  handler = g_signal_connect (fixture->juliet, "session-accepted", G_CALLBACK (accepted_cb), &seen);
  assert_features (fixture->juliet, "urn:ibb-glib:1 http://jabber.org/protocol/ibb");
  ibb_service_set_session_limit (fixture->juliet, 0);
  assert_features (fixture->juliet, "urn:ibb-glib:1");
  g_signal_handler_disconnect (fixture->juliet, handler);

  ibb_service_expect_session_async (fixture->juliet, ROMEO, "sid", cancellable, store_result_cb,
                                    &expected);
  assert_features (fixture->juliet, "urn:ibb-glib:1 http://jabber.org/protocol/ibb");
  g_cancellable_cancel (cancellable);
  result = wait_for_result (&expected);
  assert_features (fixture->juliet, "urn:ibb-glib:1");

  features = ibb_connection_dup_features (fixture->juliet_connection);
  g_assert_cmpuint (g_strv_length (features), ==, 1);
  ibb_service_stop (fixture->juliet);
  assert_features (fixture->juliet, "");
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test ("/ibb/loopback/accept/request/D-07", test_request_accept);
  add_test ("/ibb/loopback/accept/request-later", test_request_later);
  add_test ("/ibb/loopback/accept/request-refuse", test_request_refuse);
  add_test ("/ibb/loopback/accept/request-timeout/D-15", test_request_timeout);
  add_test ("/ibb/loopback/accept/request-orphan", test_request_orphan);
  add_test ("/ibb/loopback/accept/request-drops-service", test_request_drops_service);
  add_test ("/ibb/loopback/accept/session-accepted/F-06", test_accepted);
  add_test ("/ibb/loopback/accept/session-accepted-dropped", test_accepted_dropped);
  add_test ("/ibb/loopback/accept/accept/F-27", test_accept);
  add_test ("/ibb/loopback/accept/limit/D-08", test_limit);
  add_test ("/ibb/loopback/accept/queue-dropped", test_queue_dropped);
  add_test ("/ibb/loopback/accept/features/D-43", test_features);
  return g_test_run ();
}
