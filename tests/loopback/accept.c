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
  ibb_service_open_session_async (fixture->romeo, JULIET, NULL, NULL, store_result_cb, opened);
}

static IBBTransport *
finish_open (Fixture *fixture, GAsyncResult **opened)
{
  return assert_result (ibb_service_open_session_finish, fixture->romeo, opened);
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
  Seen *seen = data;

  seen->n_calls++;
  seen->transport = assert_succeeds (ibb_request_accept, request);
  return TRUE;
}

static gboolean
refuse_cb (IBBService *service, IBBRequest *request, gpointer data)
{
  ((Seen *) data)->n_calls++;
  ibb_request_refuse (request, IBB_STANZA_CONDITION_FORBIDDEN, "not tonight");
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

/* What is no address is nobody's, however alike it is. */
static void
test_is_from (Fixture *fixture, gconstpointer data)
{
  g_autofree char  *long_resource = g_strnfill (1024, 'x');
  g_autofree char  *too_long = g_strconcat ("romeo@montague.example/", long_resource, NULL);
  const char *const invalid[] = { "romeo@montague.example/",
                                  "romeo@montague.example/\x01",
                                  "romeo@montague.example/\xff",
                                  "romeo@montague.example/\u00ad",
                                  "@montague.example/orchard",
                                  "romeo@",
                                  "",
                                  too_long };

  g_assert_true (ibb_jid_is_from ("romeo@montague.example", "ROMEO@montague.example"));
  g_assert_true (ibb_jid_is_from (ROMEO, "romeo@montague.example/orchard"));
  g_assert_false (ibb_jid_is_from ("romeo@montague.example", ROMEO));
  g_assert_false (ibb_jid_is_from (ROMEO, "romeo@montague.example/Orchard"));
  for (guint i = 0; i < G_N_ELEMENTS (invalid); i++)
    {
      g_assert_false (ibb_jid_is_from (invalid[i], "romeo@montague.example"));
      g_assert_false (ibb_jid_is_from (invalid[i], invalid[i]));
      g_assert_false (ibb_jid_is_from ("romeo@montague.example", invalid[i]));
      g_assert_false (ibb_jid_is_from (ROMEO, invalid[i]));
    }
}

/* Asking the user first: the request is answered later, once. */
static void
test_request_later (Fixture *fixture, gconstpointer data)
{
  Seen                     seen = { 0 };
  GAsyncResult            *opened = NULL;
  g_autoptr (IBBTransport) romeo = NULL;

  g_signal_connect (fixture->juliet, "session-requested", G_CALLBACK (hold_cb), &seen);
  start_open (fixture, &opened);
  wait_until (seen.request != NULL);
  g_assert_true (seen.thread == g_thread_self ());
  g_assert_cmpstr (ibb_request_get_peer_jid (seen.request), ==, ROMEO);
  g_assert_true (ibb_request_is_from (seen.request, ROMEO));
  g_assert_true (ibb_request_is_from (seen.request, "Romeo@MONTAGUE.example."));
  g_assert_true (ibb_request_is_from (seen.request, "ｒｏｍｅｏ@montague.example"));
  g_assert_false (ibb_request_is_from (seen.request, "romeo@montague.example/cellar"));
  g_assert_false (ibb_request_is_from (seen.request, "montague.example"));
  g_assert_false (ibb_request_is_from (seen.request, "romeo"));
  g_assert_false (ibb_request_is_from (seen.request, ""));
  g_assert_cmpstr (ibb_request_get_local_jid (seen.request), ==, JULIET);
  g_assert_cmpuint (ibb_request_get_block_size (seen.request), ==, 32768);
  g_assert_cmpint (ibb_request_get_stanza_type (seen.request), ==, IBB_STANZA_TYPE_IQ);
  g_assert_cmpuint (strlen (ibb_request_get_sid (seen.request)), >, 0);
  run_pending ();
  g_assert_null (opened);

  seen.transport = assert_succeeds (ibb_request_accept, seen.request);
  romeo = finish_open (fixture, &opened);

  /* The first answer wins. */
  assert_fails (G_IO_ERROR, G_IO_ERROR_CLOSED, ibb_request_accept, seen.request);
  ibb_request_refuse (seen.request, IBB_STANZA_CONDITION_FORBIDDEN, NULL);
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

/* A handler runs a main loop of its own, as a modal dialogue does, until all
 * sessions were told: each once, in order. */
#define N_NESTED 4 /* as many requests as one account may have (D-47) */

typedef struct
{
  Fixture   *fixture;
  GPtrArray *sids; /* (element-type utf8) */
  guint      n_opened;
  guint      n_results;
  guint      depth;
  guint      max_depth;
} Nesting;

static void
nesting_result_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (IBBTransport) transport =
      ibb_service_open_session_finish (IBB_SERVICE (source), result, NULL);

  ((Nesting *) data)->n_results++;
}

static void
nesting_open (Nesting *self)
{
  g_autofree char *sid = g_strdup_printf ("nested-%u", self->n_opened++);

  open_with_async (self->fixture->romeo, JULIET, IBB_STANZA_TYPE_IQ, 0, sid, nesting_result_cb,
                   self);
}

static void
nesting_add (Nesting *self, const char *sid)
{
  g_ptr_array_add (self->sids, g_strdup (sid));
  self->depth++;
  self->max_depth = MAX (self->max_depth, self->depth);
  if (self->n_opened < N_NESTED)
    nesting_open (self);
  wait_until (self->sids->len == N_NESTED);
  self->depth--;
}

static gboolean
nested_requested_cb (IBBService *service, IBBRequest *request, gpointer data)
{
  nesting_add (data, ibb_request_get_sid (request));
  return FALSE;
}

static void
nested_accepted_cb (IBBService *service, IBBTransport *transport, gpointer data)
{
  nesting_add (data, ibb_transport_get_sid (transport));
}

/* Returns how many handlers ran within each other. */
static guint
nest (Fixture *fixture, const char *signal, GCallback handler, gboolean at_once)
{
  Nesting nesting = {
    .fixture = fixture,
    .sids = g_ptr_array_new_with_free_func (g_free),
  };
  gulong id = g_signal_connect (fixture->juliet, signal, handler, &nesting);

  do
    nesting_open (&nesting);
  while (at_once && nesting.n_opened < N_NESTED);
  wait_until (nesting.sids->len == N_NESTED && nesting.depth == 0 && nesting.n_results == N_NESTED);
  run_pending ();
  g_assert_cmpuint (nesting.sids->len, ==, N_NESTED);
  for (guint i = 0; i < N_NESTED; i++)
    {
      g_autofree char *sid = g_strdup_printf ("nested-%u", i);

      g_assert_cmpstr (nesting.sids->pdata[i], ==, sid);
    }
  g_ptr_array_unref (nesting.sids);
  g_signal_handler_disconnect (fixture->juliet, id);
  return nesting.max_depth;
}

static void
test_nested (Fixture *fixture, gconstpointer data)
{
  for (int at_once = 0; at_once < 2; at_once++)
    {
      g_assert_cmpuint (
          nest (fixture, "session-requested", G_CALLBACK (nested_requested_cb), at_once), ==,
          N_NESTED);
      g_assert_cmpuint (
          nest (fixture, "session-accepted", G_CALLBACK (nested_accepted_cb), at_once), ==,
          N_NESTED);
    }
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
  g_autoptr (IBBTransport) first = NULL;
  g_autoptr (IBBTransport) second = NULL;
  g_autoptr (IBBTransport) third = NULL;
  g_autoptr (IBBTransport) romeo_first = NULL;
  g_autoptr (IBBTransport) romeo_second = NULL;
  g_autoptr (IBBTransport) romeo_third = NULL;
  GAsyncResult            *opened = NULL;
  GAsyncResult            *accepted = NULL;
  GThread                 *thread;

  /* From now on an accept waits. */
  ibb_service_accept_async (fixture->juliet, cancellable, store_result_cb, &accepted);
  g_cancellable_cancel (cancellable);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, ibb_service_accept_finish, fixture->juliet,
                       &accepted);

  start_open (fixture, &opened);
  romeo_first = finish_open (fixture, &opened);
  start_open (fixture, &opened);
  romeo_second = finish_open (fixture, &opened);

  thread = g_thread_new ("accept", accept_thread, fixture->juliet);
  first = g_thread_join (thread);
  g_assert_cmpstr (ibb_transport_get_sid (first), ==, ibb_transport_get_sid (romeo_first));

  ibb_service_accept_async (fixture->juliet, NULL, store_result_cb, &accepted);
  g_assert_null (accepted);
  second = assert_result (ibb_service_accept_finish, fixture->juliet, &accepted);
  g_assert_cmpstr (ibb_transport_get_sid (second), ==, ibb_transport_get_sid (romeo_second));

  thread = g_thread_new ("accept", accept_thread, fixture->juliet);
  start_open (fixture, &opened);
  romeo_third = finish_open (fixture, &opened);
  third = g_thread_join (thread);
  g_assert_cmpstr (ibb_transport_get_sid (third), ==, ibb_transport_get_sid (romeo_third));
}

/* F-06: session-accepted, in the context of the service. D-66: beside a service that takes any
 * session, an open gets to the one that expects it, whichever was made first; and the others do
 * not. */
static void
test_beside (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBService)   later = ibb_service_new (fixture->juliet_connection);
  IBBService              *services[] = { fixture->juliet, later };
  const gboolean           is_later = GPOINTER_TO_INT (data);
  IBBService              *expecting = services[is_later];
  IBBService              *listening = services[!is_later];
  g_autoptr (IBBTransport) unexpected = NULL;
  g_autoptr (IBBTransport) opened = NULL;
  g_autoptr (IBBTransport) expected = NULL;
  GAsyncResult            *result = NULL;
  GAsyncResult            *expectation = NULL;
  Seen                     seen = { 0 };

  ibb_service_set_session_limit (listening, 10);
  g_signal_connect (listening, "session-accepted", G_CALLBACK (accepted_cb), &seen);
  ibb_service_expect_session_async (expecting, ROMEO, "file", NULL, NULL, store_result_cb,
                                    &expectation);

  start_open (fixture, &result);
  unexpected = finish_open (fixture, &result);
  wait_until (seen.transport != NULL);
  g_assert_true (seen.thread == g_thread_self ());
  write_text (unexpected, "hello");
  assert_reads (seen.transport, "hello");

  open_with_async (fixture->romeo, JULIET, IBB_STANZA_TYPE_IQ, 4096, "file", store_result_cb,
                   &result);
  opened = finish_open (fixture, &result);
  expected = assert_result (ibb_service_expect_session_finish, expecting, &expectation);
  g_assert_cmpuint (seen.n_calls, ==, 1);
  write_text (opened, "hello");
  assert_reads (expected, "hello");
  seen_clear (&seen);
}

/* Sessions that nobody has taken are aborted with the service, and not leaked. */
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

/* The features that the service advertises (D-43). */
static void
assert_features (IBBService *service, const char *expected)
{
  g_auto (GStrv)   features = ibb_connection_dup_features (ibb_service_get_connection (service));
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

  ibb_service_expect_session_async (fixture->juliet, ROMEO, "sid", NULL, cancellable,
                                    store_result_cb, &expected);
  assert_features (fixture->juliet, "urn:ibb-glib:1 http://jabber.org/protocol/ibb");
  g_cancellable_cancel (cancellable);
  result = wait_for_result (&expected);
  assert_features (fixture->juliet, "urn:ibb-glib:1");

  features = ibb_connection_dup_features (fixture->juliet_connection);
  g_assert_cmpuint (g_strv_length (features), ==, 1);
  ibb_service_stop (fixture->juliet);
  assert_features (fixture->juliet, "");
}

/* D-42: an accept outlives the XML stream where the connection makes a new one by itself. An
 * open does not wait for it. */
static void
test_interrupted (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError)       reason = g_error_new (IBB_ERROR, IBB_ERROR_FAILED, "cable cut");
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (IBBTransport) romeo = NULL;
  GAsyncResult            *opened = NULL;
  GAsyncResult            *before = NULL;
  GAsyncResult            *meanwhile = NULL;

  ibb_service_accept_async (fixture->juliet, NULL, store_result_cb, &before);
  for (guint i = 0; i < 2; i++)
    ibb_connection_set_state_with_error (fixture->juliet_connection,
                                         IBB_CONNECTION_STATE_CONNECTING, reason);
  ibb_service_accept_async (fixture->juliet, NULL, store_result_cb, &meanwhile);
  ibb_service_open_session_async (fixture->juliet, ROMEO, NULL, NULL, store_result_cb, &opened);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, ibb_service_open_session_finish,
                       fixture->juliet, &opened);
  run_pending ();
  g_assert_null (before);
  g_assert_null (meanwhile);

  ibb_connection_set_state (fixture->juliet_connection, IBB_CONNECTION_STATE_ONLINE);
  start_open (fixture, &opened);
  romeo = finish_open (fixture, &opened);
  juliet = assert_result (ibb_service_accept_finish, fixture->juliet, &before);
  run_pending ();
  g_assert_null (meanwhile);
  close_async (romeo);

  /* The stop of the service, not the loss, is why no session can come. */
  ibb_connection_set_state_with_error (fixture->juliet_connection, IBB_CONNECTION_STATE_CONNECTING,
                                       reason);
  ibb_service_stop (fixture->juliet);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, ibb_service_accept_finish, fixture->juliet,
                       &meanwhile);
}

static void
assert_cannot_accept (IBBService *service, GAsyncResult **accepted, const char *reason)
{
  g_autoptr (GAsyncResult) result = wait_for_result (accepted);
  g_autoptr (GError)       error = NULL;

  g_assert_null (ibb_service_accept_finish (service, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  g_assert_nonnull (strstr (error->message, reason));
}

/* D-42: the connection gives up: the accept ends with the reason of that. */
static void
test_given_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) reason = g_error_new (IBB_ERROR, IBB_ERROR_FAILED, "cable cut");
  g_autoptr (GError) last = g_error_new (IBB_ERROR, IBB_ERROR_FAILED, "no such user");
  GAsyncResult      *accepted = NULL;

  ibb_service_accept_async (fixture->juliet, NULL, store_result_cb, &accepted);
  ibb_connection_set_state_with_error (fixture->juliet_connection, IBB_CONNECTION_STATE_CONNECTING,
                                       reason);
  ibb_connection_set_state_with_error (fixture->juliet_connection, IBB_CONNECTION_STATE_OFFLINE,
                                       last);
  assert_cannot_accept (fixture->juliet, &accepted, "no such user");
}

/* D-42: a service that is made while the connection is away knows of that, and why. */
static void
test_made_away (Fixture *fixture, gconstpointer data)
{
  IBBConnection         *connection = fixture->juliet_connection;
  g_autoptr (GError)     last = g_error_new (IBB_ERROR, IBB_ERROR_FAILED, "no such user");
  g_autoptr (IBBService) waiting = NULL;
  g_autoptr (IBBService) offline = NULL;
  GAsyncResult          *accepted = NULL;
  GAsyncResult          *opened = NULL;
  GAsyncResult          *expected = NULL;

  ibb_connection_set_state (connection, IBB_CONNECTION_STATE_CONNECTING);
  waiting = ibb_service_new (connection);
  ibb_service_accept_async (waiting, NULL, store_result_cb, &accepted);
  ibb_service_open_session_async (waiting, ROMEO, NULL, NULL, store_result_cb, &opened);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, ibb_service_open_session_finish,
                       waiting, &opened);
  run_pending ();
  g_assert_null (accepted);

  ibb_connection_set_state_with_error (connection, IBB_CONNECTION_STATE_OFFLINE, last);
  assert_cannot_accept (waiting, &accepted, "no such user");
  offline = ibb_service_new (connection);
  ibb_service_accept_async (offline, NULL, store_result_cb, &accepted);
  assert_cannot_accept (offline, &accepted, "no such user");
  ibb_service_expect_session_async (offline, ROMEO, "sid", NULL, NULL, store_result_cb, &expected);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, ibb_service_expect_session_finish,
                       offline, &expected);

  ibb_connection_set_state (connection, IBB_CONNECTION_STATE_ONLINE);
  ibb_service_open_session_async (offline, ROMEO, NULL, NULL, store_result_cb, &opened);
  assert_result_fails (IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE, ibb_service_open_session_finish,
                       offline, &opened);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test ("/ibb/loopback/accept/request/D-07", test_request_accept);
  add_test ("/ibb/loopback/accept/request-later", test_request_later);
  add_test ("/ibb/loopback/accept/is-from", test_is_from);
  add_test ("/ibb/loopback/accept/request-refuse", test_request_refuse);
  add_test ("/ibb/loopback/accept/nested", test_nested);
  add_test ("/ibb/loopback/accept/accept/F-27", test_accept);
  for (int is_later = 0; is_later < 2; is_later++)
    g_test_add (is_later ? "/ibb/loopback/accept/beside/F-06/D-66/later"
                         : "/ibb/loopback/accept/beside/F-06/D-66/earlier",
                Fixture, GINT_TO_POINTER (is_later), fixture_set_up, test_beside,
                fixture_tear_down);
  add_test ("/ibb/loopback/accept/queue-dropped", test_queue_dropped);
  add_test ("/ibb/loopback/accept/features/D-43", test_features);
  add_test ("/ibb/loopback/accept/interrupted/D-42", test_interrupted);
  add_test ("/ibb/loopback/accept/given-up/D-42", test_given_up);
  add_test ("/ibb/loopback/accept/made-away/D-42", test_made_away);
  return g_test_run ();
}
