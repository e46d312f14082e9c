/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What happens in two threads at once. */

#include "fixture.h"

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
  g_autoptr (IBBStanza)     stanza = new_stanza ("<message to='juliet@capulet.example/c'/>");

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
  g_autoptr (IBBStanza) request =
      new_stanza ("<iq type='get' to='nobody@capulet.example/x'><x xmlns='urn:x'/></iq>");

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
  run_pending ();
  g_assert_cmpuint (queries.n_answered, ==, N_QUERIES);
  g_clear_object (&queries.cancellable);
}

#define N_NAMES 500

typedef struct
{
  IBBService   *service;
  int          *n_ready;             /* atomic: of both threads, in all rounds */
  IBBTransport *transports[N_NAMES]; /* (owned) (nullable) */
  GError       *errors[N_NAMES];     /* (owned) (nullable) */
} Opener;

/* Opens each session at the moment at which the other thread does. */
static gpointer
open_thread (gpointer data)
{
  Opener *self = data;

  for (guint i = 0; i < N_NAMES; i++)
    {
      g_autoptr (IBBSessionParams) params = ibb_session_params_new ();
      g_autofree char             *sid = g_strdup_printf ("name-%u", i);

      ibb_session_params_set_sid (params, sid);
      g_atomic_int_inc (self->n_ready);
      while (g_atomic_int_get (self->n_ready) < 2 * (int) (i + 1))
        g_thread_yield ();
      self->transports[i] =
          ibb_service_open_session (self->service, JULIET, params, NULL, &self->errors[i]);
    }
  return NULL;
}

/* D-05: a name belongs to one session of the connection, however close two calls are. */
static void
test_names (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBService)   beside = ibb_service_new (fixture->romeo_connection);
  int                      n_ready = 0;
  Opener                   openers[] = { { fixture->romeo, &n_ready }, { beside, &n_ready } };
  GThread                 *threads[G_N_ELEMENTS (openers)];
  GAsyncResult            *accepted = NULL;
  g_autoptr (IBBTransport) juliet = NULL;

  ibb_service_set_session_limit (fixture->juliet, N_NAMES);
  ibb_service_accept_async (fixture->juliet, NULL, store_result_cb, &accepted);
  for (guint i = 0; i < G_N_ELEMENTS (openers); i++)
    threads[i] = g_thread_new ("open", open_thread, &openers[i]);
  for (guint i = 0; i < G_N_ELEMENTS (openers); i++)
    g_thread_join (threads[i]);
  juliet = assert_result (ibb_service_accept_finish, fixture->juliet, &accepted);

  for (guint i = 0; i < N_NAMES; i++)
    {
      guint loser = openers[0].transports[i] != NULL ? 1 : 0;

      g_assert_nonnull (openers[1 - loser].transports[i]);
      g_assert_no_error (openers[1 - loser].errors[i]);
      g_assert_null (openers[loser].transports[i]);
      g_assert_error (openers[loser].errors[i], G_IO_ERROR, G_IO_ERROR_PENDING);
      g_clear_error (&openers[loser].errors[i]);
      g_clear_object (&openers[1 - loser].transports[i]);
    }
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test ("/ibb/loopback/threads/queries", test_queries);
  add_test ("/ibb/loopback/threads/names/D-05", test_names);
  add_test ("/ibb/loopback/threads/interpreter", test_interpreter);
  return g_test_run ();
}
