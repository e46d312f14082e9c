/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Opening and expecting a session, and all that may become of it. */

#include "../lib/list-mirror.h"
#include "fixture.h"

static void
assert_open_fails (
    Fixture *fixture, const char *peer, guint block_size, const char *sid, GQuark domain, int code)
{
  GAsyncResult *opened = NULL;

  assert_fails (domain, code, open_with, fixture->romeo, peer, IBB_STANZA_TYPE_IQ, block_size, sid);

  open_with_async (fixture->romeo, peer, IBB_STANZA_TYPE_IQ, block_size, sid, store_result_cb,
                   &opened);
  g_assert_null (opened);
  assert_result_fails (domain, code, ibb_service_open_session_finish, fixture->romeo, &opened);
}

/* F-02, N-03, N-04: wrong arguments are errors, and nothing is sent. */
static void
test_invalid (Fixture *fixture, gconstpointer data)
{
  g_autofree char *long_sid = g_strnfill (257, 'a');

  assert_open_fails (fixture, JULIET, 70000, NULL, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  assert_open_fails (fixture, JULIET, 65536, NULL, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  assert_open_fails (fixture, JULIET, 0, "a b", G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  assert_open_fails (fixture, JULIET, 0, "", G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  assert_open_fails (fixture, JULIET, 0, long_sid, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  assert_open_fails (fixture, "@", 0, NULL, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  assert_open_fails (fixture, "", 0, NULL, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  assert_open_fails (fixture, "a@b\xff/c", 0, NULL, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  assert_open_fails (fixture, JULIET, 0, "\xff", G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  /* D-04: there is no session with oneself. */
  assert_open_fails (fixture, ROMEO, 0, NULL, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);

  assert_fails (G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, ibb_service_expect_session, fixture->romeo,
                "@", "sid", NULL, NULL);
  assert_fails (G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, ibb_service_expect_session, fixture->romeo,
                JULIET, "a b", NULL, NULL);
}

/* N-10, D-08: nobody wants the session. */
static void
test_refused (Fixture *fixture, gconstpointer data)
{
  /* A limit alone is no listener. */
  assert_open_fails (fixture, JULIET, 0, NULL, IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE);
  ibb_service_set_session_limit (fixture->juliet, 0);
  assert_open_fails (fixture, JULIET, 0, NULL, IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE);
}

/* N-08: there is nobody, or nobody who knows bytestreams. */
static void
test_nobody (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBConnection) bare_client =
      ibb_loopback_attach (fixture->loopback, "nurse@capulet.example/kitchen");

  assert_open_fails (fixture, "paris@verona.example/street", 0, NULL, IBB_ERROR,
                     IBB_ERROR_SERVICE_UNAVAILABLE);
  assert_open_fails (fixture, "nurse@capulet.example/kitchen", 0, NULL, IBB_ERROR,
                     IBB_ERROR_SERVICE_UNAVAILABLE);
}

/* D-03: the error says what is missing. */
static void
test_bare_jid (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (
      ibb_service_open_session (fixture->romeo, "juliet@capulet.example", NULL, NULL, &error));
  g_assert_error (error, IBB_ERROR, IBB_ERROR_SERVICE_UNAVAILABLE);
  g_assert_nonnull (strstr (error->message, "full JID"));
}

/* D-02, D-14, F-01, F-09, F-29: the JID in another writing, a size that has to be halved. */
static void
test_fallback (Fixture *fixture, gconstpointer data)
{
  GAsyncResult            *accepted = NULL;
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;

  g_object_set (fixture->juliet, "max-block-size", 1024, NULL);
  ibb_service_accept_async (fixture->juliet, NULL, store_result_cb, &accepted);
  romeo = assert_succeeds (open_with, fixture->romeo, "Juliet@Capulet.Example/balcony",
                           IBB_STANZA_TYPE_MESSAGE, 4096, "one");
  juliet = assert_result (ibb_service_accept_finish, fixture->juliet, &accepted);
  g_assert_cmpuint (ibb_transport_get_block_size (romeo), ==, 1024);
  g_assert_cmpuint (ibb_transport_get_block_size (juliet), ==, 1024);
  g_assert_cmpstr (ibb_transport_get_sid (juliet), ==, "one");
  g_assert_cmpint (ibb_transport_get_stanza_type (juliet), ==, IBB_STANZA_TYPE_MESSAGE);
  write_text (romeo, "by message");
  assert_reads (juliet, "by message");

  /* D-05: the sid is in use, and the session is none the worse. */
  assert_open_fails (fixture, JULIET, 1024, "one", G_IO_ERROR, G_IO_ERROR_PENDING);
  write_text (juliet, "still here");
  assert_reads (romeo, "still here");
}

static gboolean
keep_request_cb (IBBService *service, IBBRequest *request, gpointer data)
{
  *(IBBRequest **) data = g_object_ref (request);
  return TRUE;
}

/* D-15: a cancelled open leaves nothing behind on either side. */
static void
test_cancelled (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (IBBRequest)   request = NULL;
  GAsyncResult            *opened = NULL;

  g_signal_connect (fixture->juliet, "session-requested", G_CALLBACK (keep_request_cb), &request);
  ibb_service_open_session_async (fixture->romeo, JULIET, NULL, cancellable, store_result_cb,
                                  &opened);
  wait_until (request != NULL);
  fixture_stop_traffic (fixture);
  g_cancellable_cancel (cancellable);
  g_assert_null (opened);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, ibb_service_open_session_finish,
                       fixture->romeo, &opened);

  /* Juliet accepts what Romeo no longer wants: she is told. */
  juliet = assert_succeeds (ibb_request_accept, request);
  fixture_resume_traffic (fixture);
  poll_until (ibb_transport_has_ended (juliet));

  /* A cancellation before the call, asynchronous or blocking. */
  assert_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, ibb_service_open_session, fixture->romeo, JULIET,
                NULL, cancellable);
}

/* open-timeout */
static void
test_timeout (Fixture *fixture, gconstpointer data)
{
  ibb_loopback_set_faults (fixture->loopback, &(IBBHubFaults){ .drop_probability = 1.0 });
  g_object_set (fixture->romeo, "open-timeout", 30, NULL);
  assert_open_fails (fixture, JULIET, 0, NULL, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

/* The service lists the transports that the application has, and keeps none. */
static void
test_list (Fixture *fixture, gconstpointer data)
{
  GListModel              *list = G_LIST_MODEL (fixture->romeo);
  g_autoptr (GPtrArray)    romeo = list_mirror_new (fixture->romeo);
  g_autoptr (GPtrArray)    juliet = list_mirror_new (fixture->juliet);
  Ends                     first = fixture_open (fixture);
  Ends                     second = fixture_open (fixture);
  g_autoptr (IBBTransport) gone = NULL;
  g_autoptr (IBBTransport) again = NULL;

  run_pending ();
  g_assert_cmpuint (romeo->len, ==, 2);
  g_assert_true (g_ptr_array_index (romeo, 0) == first.romeo);
  g_assert_true (g_ptr_array_index (romeo, 1) == second.romeo);
  g_assert_true (g_ptr_array_index (juliet, 1) == second.juliet);

  /* Until the context runs, something ended stands for what was dropped. */
  g_assert_finalize_object (first.romeo);
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 2);
  gone = g_list_model_get_item (list, 0);
  g_assert_true (ibb_transport_has_ended (gone));
  again = g_list_model_get_item (list, 0);
  g_assert_true (again == gone);
  wait_until (romeo->len == 1);
  g_assert_true (g_ptr_array_index (romeo, 0) == second.romeo);
  wait_until (juliet->len == 1);

  close_async (second.juliet);
  close_async (second.romeo);
  wait_until (romeo->len == 0 && juliet->len == 0);
  g_object_unref (first.juliet);
  g_object_unref (second.juliet);
  g_object_unref (second.romeo);
}

static void
count_cb (GListModel *list, guint position, guint n_removed, guint n_added, guint *n_changes)
{
  g_assert_true (g_main_context_is_owner (NULL));
  ++*n_changes;
}

static void
ignore_cb (IBBService *service, IBBTransport *transport, gpointer data)
{
}

static void
keep_cb (IBBService *service, IBBTransport *transport, gpointer data)
{
  g_object_set_data_full (G_OBJECT (service), ibb_transport_get_sid (transport),
                          g_object_ref (transport), g_object_unref);
}

static void
find_cb (IBBService *service, IBBTransport *transport, guint *n_found)
{
  g_autoptr (IBBTransport) listed = g_list_model_get_item (G_LIST_MODEL (service), 0);

  g_assert_true (listed == transport);
  ++*n_found;
}

/* The list has the session before the application is told of it. */
static void
test_list_accepted (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  guint                    n_found = 0;

  g_signal_connect (fixture->juliet, "session-accepted", G_CALLBACK (find_cb), &n_found);
  romeo = assert_succeeds (ibb_service_open_session, fixture->romeo, JULIET, NULL, NULL);
  wait_until (n_found == 1);
  g_signal_handlers_disconnect_by_func (fixture->juliet, find_cb, &n_found);
}

typedef struct
{
  IBBTransport *(*finish) (IBBService *self, GAsyncResult *result, GError **error);
  IBBTransport *transport; /* (owned) (nullable) */
} Call;

static void
assert_listed_last (IBBService *service, IBBTransport *transport)
{
  GListModel              *list = G_LIST_MODEL (service);
  g_autoptr (IBBTransport) listed = NULL;

  g_assert_cmpuint (g_list_model_get_n_items (list), >, 0);
  listed = g_list_model_get_item (list, g_list_model_get_n_items (list) - 1);
  g_assert_true (listed == transport);
}

static void
called_cb (GObject *service, GAsyncResult *result, gpointer data)
{
  Call *call = data;

  call->transport = assert_succeeds (call->finish, IBB_SERVICE (service), result);
  assert_listed_last (IBB_SERVICE (service), call->transport);
}

static gboolean
accept_cb (IBBService *service, IBBRequest *request, IBBTransport **transport)
{
  *transport = assert_succeeds (ibb_request_accept, request);
  assert_listed_last (service, *transport);
  return TRUE;
}

/* In a handler, a blocking call ends with a session. */
static gboolean
open_cb (IBBService *service, IBBRequest *request, IBBTransport **transport)
{
  *transport = assert_succeeds (ibb_service_open_session, service, ROMEO, NULL, NULL);
  assert_listed_last (service, *transport);
  return FALSE;
}

/* The list has the session that a request or a blocking call ends with. */
static void
test_list_requested (Fixture *fixture, gconstpointer data)
{
  GAsyncResult            *opened = NULL;
  g_autoptr (IBBTransport) accepted = NULL;
  g_autoptr (IBBTransport) blocking = NULL;
  g_autoptr (IBBTransport) romeo = NULL;

  ibb_service_set_session_limit (fixture->romeo, 10);
  g_signal_connect (fixture->romeo, "session-accepted", G_CALLBACK (ignore_cb), NULL);
  g_signal_connect (fixture->juliet, "session-requested", G_CALLBACK (open_cb), &blocking);
  g_signal_connect (fixture->juliet, "session-requested", G_CALLBACK (accept_cb), &accepted);
  ibb_service_open_session_async (fixture->romeo, JULIET, NULL, NULL, store_result_cb, &opened);
  romeo = assert_result (ibb_service_open_session_finish, fixture->romeo, &opened);
  g_assert_nonnull (blocking);
}

/* The list has the session that an asynchronous call ends with. */
static void
test_list_called (Fixture *fixture, gconstpointer data)
{
  Call accept = { ibb_service_accept_finish, NULL };
  Call open = { ibb_service_open_session_finish, NULL };
  Call expect = { ibb_service_expect_session_finish, NULL };
  Call open_expected = { ibb_service_open_session_finish, NULL };

  ibb_service_accept_async (fixture->juliet, NULL, called_cb, &accept);
  ibb_service_open_session_async (fixture->romeo, JULIET, NULL, NULL, called_cb, &open);
  wait_until (accept.transport != NULL && open.transport != NULL);

  ibb_service_expect_session_async (fixture->juliet, ROMEO, "known", NULL, NULL, called_cb,
                                    &expect);
  open_with_async (fixture->romeo, JULIET, IBB_STANZA_TYPE_IQ, 0, "known", called_cb,
                   &open_expected);
  wait_until (expect.transport != NULL && open_expected.transport != NULL);
  g_assert_cmpstr (ibb_transport_get_sid (expect.transport), ==, "known");
  g_assert_cmpstr (ibb_transport_get_sid (open_expected.transport), ==, "known");

  g_object_unref (accept.transport);
  g_object_unref (open.transport);
  g_object_unref (expect.transport);
  g_object_unref (open_expected.transport);
}

/* So it has after a blocking call in a thread that runs no main loop, such as that of a script. */
static void
test_list_blocking (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends) ends = fixture_open (fixture);

  assert_listed_last (fixture->romeo, ends.romeo);
  assert_listed_last (fixture->juliet, ends.juliet);
}

static gpointer
open_and_drop_thread (gpointer romeo)
{
  for (guint i = 0; i < 100; i++)
    g_object_unref (assert_succeeds (ibb_service_open_session, romeo, JULIET, NULL, NULL));
  return NULL;
}

/* Nothing piles up for a context that does not run. */
static void
test_list_unseen (Fixture *fixture, gconstpointer data)
{
  guint         n_changes = 0;
  g_auto (Ends) seen = { NULL };

  g_signal_connect (fixture->romeo, "items-changed", G_CALLBACK (count_cb), &n_changes);
  seen = fixture_open (fixture);
  wait_until (n_changes == 1);
  g_signal_connect (fixture->juliet, "session-accepted", G_CALLBACK (ignore_cb), NULL);
  g_thread_join (g_thread_new ("open", open_and_drop_thread, fixture->romeo));
  run_pending ();
  g_assert_cmpuint (n_changes, ==, 1);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (fixture->romeo)), ==, 1);
  g_signal_handlers_disconnect_by_func (fixture->romeo, count_cb, &n_changes);
}

/* What a blocking call in a dispatch of the main loop ends with. */
typedef struct
{
  Fixture      *fixture;
  IBBTransport *transport; /* (owned) (nullable) */
} Blocking;

static void
drop_cb (GListModel *list, guint position, guint n_removed, guint n_added, IBBService **service)
{
  g_clear_object (service);
}

static gboolean
block_open_cb (gpointer data)
{
  Blocking *self = data;

  g_signal_connect (self->fixture->romeo, "items-changed", G_CALLBACK (drop_cb),
                    &self->fixture->romeo);
  self->transport =
      assert_succeeds (ibb_service_open_session, self->fixture->romeo, JULIET, NULL, NULL);
  g_assert_null (self->fixture->romeo);
  return G_SOURCE_REMOVE;
}

static gboolean
block_accept_cb (gpointer data)
{
  Blocking *self = data;

  g_signal_connect (self->fixture->juliet, "items-changed", G_CALLBACK (drop_cb),
                    &self->fixture->juliet);
  self->transport = assert_succeeds (ibb_service_accept, self->fixture->juliet, NULL);
  g_assert_null (self->fixture->juliet);
  return G_SOURCE_REMOVE;
}

/* A handler of the list drops the service while a blocking call ends with a session. */
static void
test_list_dropped (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  GAsyncResult            *accepted = NULL;
  Blocking                 open = { fixture, NULL };
  Blocking                 accept = { fixture, NULL };

  ibb_service_accept_async (fixture->juliet, cancellable, store_result_cb, &accepted);
  g_cancellable_cancel (cancellable);
  result = wait_for_result (&accepted);
  g_clear_object (&result);

  g_idle_add (block_open_cb, &open);
  wait_until (open.transport != NULL);
  g_idle_add (block_accept_cb, &accept);
  wait_until (accept.transport != NULL);
  write_text (open.transport, "hello");
  assert_reads (accept.transport, "hello");
  g_object_unref (open.transport);
  g_object_unref (accept.transport);
}

/* D-05: a name belongs to one session of the connection, whichever service opens it. Of two opens
 * that wait for the JID of the connection, the one whose service reads the JID first has the
 * name. */
static void
test_name_of_another_service (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBService)   beside = ibb_service_new (fixture->romeo_connection);
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) other = NULL;
  g_autoptr (GError)       error = NULL;
  GAsyncResult            *first = NULL;
  GAsyncResult            *second = NULL;

  g_signal_connect (fixture->juliet, "session-accepted", G_CALLBACK (keep_cb), NULL);
  /* At once, before the connection has told its JID. */
  open_with_async (beside, JULIET, IBB_STANZA_TYPE_IQ, 0, "known", store_result_cb, &first);
  open_with_async (fixture->romeo, JULIET, IBB_STANZA_TYPE_IQ, 0, "known", store_result_cb,
                   &second);
  wait_until (first != NULL && second != NULL);
  romeo = ibb_service_open_session_finish (beside, first, &error);
  if (romeo == NULL)
    romeo = assert_result (ibb_service_open_session_finish, fixture->romeo, &second);
  else
    g_assert_null (ibb_service_open_session_finish (fixture->romeo, second, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_clear_object (&first);
  g_clear_object (&second);

  assert_open_fails (fixture, JULIET, 0, "known", G_IO_ERROR, G_IO_ERROR_PENDING);
  other = assert_succeeds (open_with, fixture->romeo, JULIET, IBB_STANZA_TYPE_IQ, 0, "of-its-own");
  ibb_transport_abort (romeo);
  poll_until (ibb_transport_has_ended (g_object_get_data (G_OBJECT (fixture->juliet), "known")));
  g_clear_object (&romeo);
  romeo = assert_succeeds (open_with, fixture->romeo, JULIET, IBB_STANZA_TYPE_IQ, 0, "known");
}

/* D-09, F-03, F-28: an expected session comes in whatever the limit, and beats
 * an accept. */
static void
test_expect (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GAsyncResult            *expected = NULL;
  GAsyncResult            *accepted = NULL;
  GAsyncResult            *again = NULL;

  ibb_service_accept_async (fixture->juliet, cancellable, store_result_cb, &accepted);
  ibb_service_expect_session_async (fixture->juliet, ROMEO, "known", NULL, NULL, store_result_cb,
                                    &expected);
  ibb_service_set_session_limit (fixture->juliet, 0);
  romeo = assert_succeeds (open_with, fixture->romeo, JULIET, IBB_STANZA_TYPE_IQ, 0, "known");
  juliet = assert_result (ibb_service_expect_session_finish, fixture->juliet, &expected);
  g_assert_cmpstr (ibb_transport_get_sid (juliet), ==, "known");
  write_text (romeo, "expected");
  assert_reads (juliet, "expected");
  g_clear_object (&result);

  /* The expectation was used up. */
  assert_open_fails (fixture, JULIET, 0, "other", IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE);
  g_assert_null (accepted);
  g_cancellable_cancel (cancellable);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, ibb_service_accept_finish, fixture->juliet,
                       &accepted);

  /* Twice is once too often. */
  g_cancellable_reset (cancellable);
  ibb_service_expect_session_async (fixture->juliet, ROMEO, "twice", NULL, cancellable,
                                    store_result_cb, &expected);
  ibb_service_expect_session_async (fixture->juliet, ROMEO, "twice", NULL, NULL, store_result_cb,
                                    &again);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_PENDING, ibb_service_expect_session_finish,
                       fixture->juliet, &again);

  /* Cancelling ends it. */
  g_assert_null (expected);
  g_cancellable_cancel (cancellable);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, ibb_service_expect_session_finish,
                       fixture->juliet, &expected);
  assert_open_fails (fixture, JULIET, 0, "twice", IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE);
}

/* D-09, expect-timeout: the end of the wait is the end of the expectation. */
static void
test_expect_timeout (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBSessionParams) params = ibb_session_params_new ();
  GAsyncResult                *expected = NULL;

  ibb_session_params_set_expect_timeout (params, 30);
  ibb_service_expect_session_async (fixture->juliet, ROMEO, "late", params, NULL, store_result_cb,
                                    &expected);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, ibb_service_expect_session_finish,
                       fixture->juliet, &expected);
  assert_open_fails (fixture, JULIET, 0, "late", IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE);
}

/* Calls in progress end when the connection is lost (D-42) or the service is stopped, and so do
 * later ones. */
static void
test_end (Fixture *fixture, gconstpointer data)
{
  gboolean           stops = GPOINTER_TO_INT (data);
  int                code = stops ? G_IO_ERROR_CANCELLED : G_IO_ERROR_CONNECTION_CLOSED;
  g_autoptr (GError) reason = g_error_new (IBB_ERROR, IBB_ERROR_FAILED, "cable cut");
  g_auto (Ends)      ends = fixture_open (fixture);
  GAsyncResult      *opened = NULL;
  GAsyncResult      *expected = NULL;
  GAsyncResult      *accepted = NULL;
  g_autoptr (GError) error = NULL;

  write_text (ends.juliet, "last words");
  poll_until (ibb_transport_get_bytes_received (ends.romeo) == 10);
  fixture_stop_traffic (fixture);
  ibb_service_open_session_async (fixture->romeo, JULIET, NULL, NULL, store_result_cb, &opened);
  ibb_service_expect_session_async (fixture->romeo, JULIET, "sid", NULL, NULL, store_result_cb,
                                    &expected);
  ibb_service_accept_async (fixture->romeo, NULL, store_result_cb, &accepted);
  if (stops)
    ibb_service_stop (fixture->romeo);
  else
    ibb_connection_set_state_with_error (fixture->romeo_connection, IBB_CONNECTION_STATE_OFFLINE,
                                         reason);
  fixture_resume_traffic (fixture);
  assert_result_fails (G_IO_ERROR, code, ibb_service_open_session_finish, fixture->romeo, &opened);
  assert_result_fails (G_IO_ERROR, code, ibb_service_expect_session_finish, fixture->romeo,
                       &expected);
  assert_result_fails (G_IO_ERROR, code, ibb_service_accept_finish, fixture->romeo, &accepted);
  assert_open_fails (fixture, JULIET, 0, NULL, G_IO_ERROR, code);
  assert_fails (G_IO_ERROR, code, ibb_service_accept, fixture->romeo, NULL);

  g_assert_true (ibb_transport_has_ended (ends.romeo));
  if (stops)
    {
      assert_write_fails (ends.romeo, G_IO_ERROR_CLOSED);
      assert_read_fails (ends.juliet, G_IO_ERROR_CONNECTION_CLOSED); /* not finished: D-49 */
      return;
    }
  /* Never a clean end (B-03), but first what had come (B-05). */
  assert_reads (ends.romeo, "last words");
  assert_read_fails (ends.romeo, G_IO_ERROR_CONNECTION_CLOSED);
  assert_read_fails (ends.romeo, G_IO_ERROR_CONNECTION_CLOSED);
  assert_write_fails (ends.romeo, G_IO_ERROR_CONNECTION_CLOSED);
  error = ibb_transport_dup_error (ends.romeo);
  g_assert_nonnull (strstr (error->message, reason->message));
}

/* A binding can make a service of nothing: an error, not a crash. */
static void
test_no_connection (Fixture *fixture, gconstpointer data)
{
  IBBService *service;

  g_test_expect_message ("ibb-glib", G_LOG_LEVEL_CRITICAL, "*connection*");
  service = g_object_new (IBB_TYPE_SERVICE, NULL);
  g_test_assert_expected_messages ();
  ibb_service_set_session_limit (service, 3);
  g_assert_cmpuint (ibb_service_get_session_limit (service), ==, 3);
  assert_fails (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, ibb_service_open_session, service, JULIET,
                NULL, NULL);
  assert_fails (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, ibb_service_accept, service, NULL);
  g_assert_finalize_object (service);
}

#define assert_checks(call)                                                                        \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_test_expect_message ("ibb-glib", G_LOG_LEVEL_CRITICAL, "*G_IS_CANCELLABLE*");                \
    call;                                                                                          \
    g_test_assert_expected_messages ();                                                            \
  }                                                                                                \
  G_STMT_END

/* Another object in the place of the cancellable is noticed before anything begins. */
static void
test_wrong_cancellable (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends)         ends = fixture_open (fixture);
  GCancellable         *wrong = (GCancellable *) fixture->juliet;
  IBBService           *service = fixture->romeo;
  IBBConnection        *connection = fixture->romeo_connection;
  g_autoptr (IBBStanza) request = new_stanza ("<iq type='get'><x xmlns='urn:x'/></iq>");

  assert_checks (ibb_service_open_session (service, JULIET, NULL, wrong, NULL));
  assert_checks (ibb_service_open_session_async (service, JULIET, NULL, wrong, NULL, NULL));
  assert_checks (ibb_service_expect_session (service, JULIET, "s", NULL, wrong, NULL));
  assert_checks (ibb_service_expect_session_async (service, JULIET, "s", NULL, wrong, NULL, NULL));
  assert_checks (ibb_service_accept (service, wrong, NULL));
  assert_checks (ibb_service_accept_async (service, wrong, NULL, NULL));
  assert_checks (ibb_transport_drain (ends.romeo, wrong, NULL));
  assert_checks (ibb_transport_drain_async (ends.romeo, wrong, NULL, NULL));
  assert_checks (ibb_transport_shutdown_output (ends.romeo, wrong, NULL));
  assert_checks (ibb_transport_shutdown_output_async (ends.romeo, wrong, NULL, NULL));
  assert_checks (ibb_connection_query (connection, request, 0, wrong, NULL));
  assert_checks (ibb_connection_query_async (connection, request, 0, wrong, NULL, NULL));
  assert_checks (ibb_connection_query_features (connection, JULIET, wrong, NULL));
  assert_checks (ibb_connection_query_features_async (connection, JULIET, wrong, NULL, NULL));
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test ("/ibb/loopback/open/invalid/F-02", test_invalid);
  add_test ("/ibb/loopback/open/refused/N-10", test_refused);
  add_test ("/ibb/loopback/open/nobody/N-08", test_nobody);
  add_test ("/ibb/loopback/open/bare-jid/D-03", test_bare_jid);
  add_test ("/ibb/loopback/open/fallback/D-14", test_fallback);
  add_test ("/ibb/loopback/open/cancelled/D-15", test_cancelled);
  add_test ("/ibb/loopback/open/timeout", test_timeout);
  add_test ("/ibb/loopback/open/list", test_list);
  add_test ("/ibb/loopback/open/list/accepted", test_list_accepted);
  add_test ("/ibb/loopback/open/list/requested", test_list_requested);
  add_test ("/ibb/loopback/open/list/called", test_list_called);
  add_test ("/ibb/loopback/open/list/dropped", test_list_dropped);
  add_test ("/ibb/loopback/open/list/blocking", test_list_blocking);
  add_test ("/ibb/loopback/open/list/unseen", test_list_unseen);
  add_test ("/ibb/loopback/open/name-of-another-service/D-05", test_name_of_another_service);
  add_test ("/ibb/loopback/open/expect/D-09", test_expect);
  add_test ("/ibb/loopback/open/expect-timeout", test_expect_timeout);
  g_test_add ("/ibb/loopback/open/lost/D-42", Fixture, GINT_TO_POINTER (FALSE), fixture_set_up,
              test_end, fixture_tear_down);
  g_test_add ("/ibb/loopback/open/stop", Fixture, GINT_TO_POINTER (TRUE), fixture_set_up, test_end,
              fixture_tear_down);
  add_test ("/ibb/loopback/open/no-connection", test_no_connection);
  add_test ("/ibb/loopback/open/wrong-cancellable", test_wrong_cancellable);
  return g_test_run ();
}
