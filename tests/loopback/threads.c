/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Blocking calls in threads, and contexts of threads (B-10, B-17). */

#include "fixture.h"

#define LENGTH (3 * 1000 * 1000 + 1)

typedef struct
{
  IBBTransport *transport;
  GBytes       *bytes;
} Job;

static gpointer
write_thread (gpointer data)
{
  Job              *job = data;
  const guint8     *bytes = g_bytes_get_data (job->bytes, NULL);
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);

  for (gsize done = 0; done < LENGTH;)
    {
      gsize piece = g_rand_int_range (rand, 1, 40000);
      gsize size = MIN (LENGTH - done, piece);

      write_bytes (job->transport, bytes + done, size);
      done += size;
    }
  shut_down_output (job->transport);
  return NULL;
}

static gpointer
read_thread (gpointer data)
{
  Job               *job = data;
  GInputStream      *input = get_input (job->transport);
  g_autofree guint8 *got = g_malloc (LENGTH + 1);
  gsize              size;

  assert_succeeds (g_input_stream_read_all, input, got, LENGTH + 1, &size, NULL);
  g_assert_cmpuint (size, ==, LENGTH);
  g_assert_cmpmem (got, size, g_bytes_get_data (job->bytes, NULL), LENGTH);
  return NULL;
}

/* A reader and a writer on each end, at the same time. */
static void
test_both_ways (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends)      ends = { NULL };
  g_autoptr (GBytes) there = make_bytes (LENGTH, 1);
  g_autoptr (GBytes) back = make_bytes (LENGTH, 2);
  GThread           *threads[4];

  ends = fixture_open (fixture);
  threads[0] = g_thread_new ("write", write_thread, &(Job){ ends.romeo, there });
  threads[1] = g_thread_new ("read", read_thread, &(Job){ ends.juliet, there });
  threads[2] = g_thread_new ("write", write_thread, &(Job){ ends.juliet, back });
  threads[3] = g_thread_new ("read", read_thread, &(Job){ ends.romeo, back });
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  poll_until (ibb_transport_has_ended (ends.romeo) && ibb_transport_has_ended (ends.juliet));
}

/* Asynchronous calls complete in the context of their caller, which is another
 * one than the service's. */
static gpointer
context_thread (gpointer data)
{
  Fixture                 *fixture = data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  IBBTransport            *transport;
  GAsyncResult            *opened = NULL;

  g_main_context_push_thread_default (context);
  ibb_service_open_session_async (fixture->romeo, JULIET, NULL, NULL, store_result_cb, &opened);
  transport = assert_result (ibb_service_open_session_finish, fixture->romeo, &opened);
  write_text (transport, "from a thread");
  g_main_context_pop_thread_default (context);
  return transport;
}

static void
test_context (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  GAsyncResult            *accepted = NULL;
  GThread                 *thread;

  ibb_service_accept_async (fixture->juliet, NULL, store_result_cb, &accepted);
  thread = g_thread_new ("context", context_thread, fixture);
  romeo = g_thread_join (thread);
  juliet = assert_result (ibb_service_accept_finish, fixture->juliet, &accepted);
  assert_reads (juliet, "from a thread");
}

/* Sessions that come and go in threads, while others do. */
static gpointer
come_and_go_thread (gpointer data)
{
  Fixture *fixture = data;

  for (guint i = 0; i < 40; i++)
    {
      g_autoptr (IBBTransport) transport = NULL;

      transport = assert_succeeds (ibb_service_open_session, fixture->romeo, JULIET, NULL, NULL);
      write_text (transport, "ping");
      assert_reads (transport, "pong");
      if (i % 4 == 0)
        ibb_transport_abort (transport);
      else if (i % 4 != 1)
        {
          close_stream (transport);
        }
    }
  return NULL;
}

static gpointer
serve_thread (gpointer data)
{
  Fixture *fixture = data;

  for (;;)
    {
      g_autoptr (GError)       error = NULL;
      g_autoptr (IBBTransport) transport = ibb_service_accept (fixture->juliet, NULL, &error);
      char                     rest;

      if (transport == NULL)
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
          return NULL;
        }
      assert_reads (transport, "ping");
      write_text (transport, "pong");
      /* The end, of whatever kind. */
      g_input_stream_read (get_input (transport), &rest, 1, NULL, NULL);
    }
}

static void
test_come_and_go (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  GAsyncResult            *accepted = NULL;
  GThread                 *clients[4];
  GThread                 *servers[4];

  ibb_service_set_session_limit (fixture->juliet, 1000);
  /* Somebody listens, before the first open comes. */
  ibb_service_accept_async (fixture->juliet, cancellable, store_result_cb, &accepted);
  g_cancellable_cancel (cancellable);
  result = wait_for_result (&accepted);
  for (guint i = 0; i < 4; i++)
    {
      servers[i] = g_thread_new ("server", serve_thread, fixture);
      clients[i] = g_thread_new ("client", come_and_go_thread, fixture);
    }
  for (guint i = 0; i < 4; i++)
    g_thread_join (clients[i]);
  ibb_service_stop (fixture->juliet);
  for (guint i = 0; i < 4; i++)
    g_thread_join (servers[i]);
}

static GMutex interpreter;
static guint  n_waiting;

/* Like the toggle reference of a language binding, which needs its interpreter. */
static void
toggled_cb (gpointer data, GObject *object, gboolean is_last)
{
  if (is_last)
    return;
  g_atomic_int_inc (&n_waiting);
  g_mutex_lock (&interpreter);
  g_mutex_unlock (&interpreter);
}

/* The thread that has the interpreter drops a connection while a stanza is on its way to
 * another one. */
static void
test_interpreter (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBLoopback)   loopback = ibb_loopback_new ();
  g_autoptr (IBBConnection) sender = ibb_loopback_attach (loopback, "romeo@montague.example/a");
  g_autoptr (IBBConnection) other = ibb_loopback_attach (loopback, "romeo@montague.example/b");
  IBBConnection            *receiver = ibb_loopback_attach (loopback, "juliet@capulet.example/c");
  g_autoptr (IBBStanza)     stanza =
      ibb_stanza_new_from_xml ("<message to='juliet@capulet.example/c'/>", -1, NULL);

  g_object_add_toggle_ref (G_OBJECT (receiver), toggled_cb, NULL);
  g_object_unref (receiver);
  g_mutex_lock (&interpreter);
  assert_succeeds (ibb_connection_send, sender, stanza);
  while (g_atomic_int_get (&n_waiting) == 0)
    g_thread_yield ();
  g_assert_finalize_object (g_steal_pointer (&other));
  g_mutex_unlock (&interpreter);
  g_object_remove_toggle_ref (G_OBJECT (receiver), toggled_cb, NULL);
}

#define N_QUERIES 2000

static void
answered_cb (GObject *source, GAsyncResult *result, gpointer n_answered)
{
  g_autoptr (IBBStanza) answer =
      ibb_connection_query_finish (IBB_CONNECTION (source), result, NULL);

  g_assert_null (answer);
  (*(guint *) n_answered)++;
}

typedef struct
{
  IBBConnection *connection;
  guint          n_answered;
  int            is_over;
  GCancellable  *cancellable; /* (owned) (nullable): atomic; each thread takes it out */
} Queries;

/* Cancels each as soon as it can be seen. */
static gpointer
cancel_thread (gpointer data)
{
  Queries *self = data;

  while (!g_atomic_int_get (&self->is_over))
    {
      GCancellable *cancellable = g_atomic_pointer_exchange (&self->cancellable, NULL);

      if (cancellable == NULL)
        continue;
      g_cancellable_cancel (cancellable);
      g_object_unref (cancellable);
    }
  return NULL;
}

static gpointer
query_thread (gpointer data)
{
  Queries              *self = data;
  g_autoptr (IBBStanza) request = ibb_stanza_new_from_xml (
      "<iq type='get' to='nobody@capulet.example/x'><x xmlns='urn:x'/></iq>", -1, NULL);

  for (guint i = 0; i < N_QUERIES; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (GCancellable) last = NULL;

      last = g_atomic_pointer_exchange (&self->cancellable, g_object_ref (cancellable));
      ibb_connection_query_async (self->connection, request, i % 3, cancellable, answered_cb,
                                  &self->n_answered);
    }
  g_atomic_int_set (&self->is_over, TRUE);
  return NULL;
}

/* The task of a thread without a context of its own belongs to the default context: a query may be
 * over before the call that begins it has returned. */
static void
test_queries (Fixture *fixture, gconstpointer data)
{
  Queries  queries = { fixture->romeo_connection };
  GThread *threads[] = { g_thread_new ("query", query_thread, &queries),
                         g_thread_new ("cancel", cancel_thread, &queries) };

  while (queries.n_answered < N_QUERIES)
    g_main_context_iteration (NULL, FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_clear_object (&queries.cancellable);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test ("/ibb/loopback/threads/queries", test_queries);
  add_test ("/ibb/loopback/threads/interpreter", test_interpreter);
  add_test ("/ibb/loopback/threads/both-ways/B-17", test_both_ways);
  add_test ("/ibb/loopback/threads/context", test_context);
  add_test ("/ibb/loopback/threads/come-and-go/B-10", test_come_and_go);
  return g_test_run ();
}
