/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The run: threads, operations, the watchdog, and what is left at the end. */

#include "ends.h"

#include "../lib/process.h"
#include "../lib/watchdog.h"

#include <stdlib.h>
#include <string.h>

#define TICK (2 * G_TIME_SPAN_MILLISECOND)
#define PENDING_MAX 24

Place *places;
guint  n_places;

static GMutex     ops_lock;
static GPtrArray *ops;         /* protected by ops_lock */
static Op        *past[1024];  /* the last that have ended, protected by ops_lock */
static guint      n_past;      /* protected by ops_lock */
static guint      n_cancelled; /* protected by ops_lock */
static gboolean   hurry;       /* everything is cancelled at once, protected by ops_lock */
static gboolean   watching;    /* protected by ops_lock */
static gint64     last_step;   /* protected by ops_lock */

static int live_services;
static int live_connections;
static int steps_left;
static int n_steps;
static int over;

static gint64  seed = -1;
static double  seconds = 0;
static int     steps = 30000;
static int     n_threads = 6;
static int     limit = 240;
static Worker *workers;

static const GOptionEntry entries[] = {
  { "seed", 0, 0, G_OPTION_ARG_INT64, &seed, "Which steps are taken", "N" },
  { "seconds", 0, 0, G_OPTION_ARG_DOUBLE, &seconds, "Go on for so long", "S" },
  { "steps", 0, 0, G_OPTION_ARG_INT, &steps, "or for so many steps of all threads", "N" },
  { "threads", 0, 0, G_OPTION_ARG_INT, &n_threads, "How many threads", "N" },
  { "limit", 0, 0, G_OPTION_ARG_INT, &limit, "Seconds after which something hangs", "S" },
  { "tap", 0, 0, G_OPTION_ARG_NONE, &(gboolean){ FALSE }, "As all tests: no effect", NULL },
  G_OPTION_ENTRY_NULL,
};

gboolean
chance (Worker *worker, double probability)
{
  return g_rand_double (worker->rand) < probability;
}

guint
below (Worker *worker, guint end)
{
  return (guint) g_rand_int_range (worker->rand, 0, (gint32) end);
}

/* Operations */

static void
op_free (Op *op)
{
  g_clear_pointer (&op->end, end_unref);
  g_clear_pointer (&op->link, link_unref);
  g_clear_pointer (&op->buffer, g_free);
  g_object_unref (op->cancellable);
  g_free (op);
}

/* Most are cancelled later than they take. */
Op *
op_begin (Worker *worker, const char *name, End *end)
{
  Op   *op = g_new0 (Op, 1);
  guint wait = below (worker, 10) < 7 ? 20 + below (worker, 80) : below (worker, 4);

  op->name = name;
  op->worker = worker;
  op->cancellable = g_cancellable_new ();
  op->begin = g_get_monotonic_time ();
  op->cancel_at = op->begin + wait * G_TIME_SPAN_MILLISECOND;
  op->end = end != NULL ? end_ref (end) : NULL;
  worker->n_pending++;
  worker->doing = name;
  if (chance (worker, 0.02))
    g_cancellable_cancel (op->cancellable);
  g_mutex_lock (&ops_lock);
  if (hurry)
    op->cancel_at = op->begin;
  g_ptr_array_add (ops, op);
  g_mutex_unlock (&ops_lock);
  return op;
}

void
op_spare (Op *op)
{
  g_mutex_lock (&ops_lock);
  op->cancel_at = G_MAXINT64;
  g_mutex_unlock (&ops_lock);
}

void
op_end (Op *op)
{
  Op *old;

  g_assert_cmpint (g_atomic_int_add (&op->n_ends, 1), ==, 0);
  g_assert_true (g_main_context_is_owner (op->worker->context));
  op->worker->n_pending--;
  g_clear_pointer (&op->end, end_unref);
  g_clear_pointer (&op->link, link_unref);
  g_clear_pointer (&op->buffer, g_free);

  g_mutex_lock (&ops_lock);
  g_assert_true (g_ptr_array_remove_fast (ops, op));
  old = past[n_past % G_N_ELEMENTS (past)];
  past[n_past++ % G_N_ELEMENTS (past)] = op;
  g_mutex_unlock (&ops_lock);
  if (old != NULL)
    op_free (old);
}

void
cancel_some_operation (Worker *worker)
{
  guint at = g_rand_int (worker->rand);

  g_mutex_lock (&ops_lock);
  if (ops->len > 0)
    ((Op *) g_ptr_array_index (ops, at % ops->len))->cancel_at = 0;
  g_mutex_unlock (&ops_lock);
}

static void
print_state (const char *what)
{
  gint64 now = g_get_monotonic_time ();

  g_printerr ("%s; seed %" G_GINT64_FORMAT ", %d steps\n", what, seed, g_atomic_int_get (&n_steps));
  for (int i = 0; i < n_threads; i++)
    g_printerr ("  thread %d: %u pending, last: %s\n", i, workers[i].n_pending, workers[i].doing);
  for (guint i = 0; i < ops->len; i++)
    {
      Op *op = g_ptr_array_index (ops, i);

      g_printerr ("  %s of thread %u, %.1f s, %s\n", op->name, op->worker->index,
                  (double) (now - op->begin) / G_USEC_PER_SEC,
                  g_cancellable_is_cancelled (op->cancellable) ? "cancelled" : "not cancelled");
    }
  ends_print ();
  g_printerr ("  %d services, %d connections\n", live_services, live_connections);
}

static void
look_at_operations_locked (GPtrArray *due)
{
  gint64 now = g_get_monotonic_time ();

  for (guint i = 0; i < ops->len; i++)
    {
      Op *op = g_ptr_array_index (ops, i);

      if (now - op->begin > limit * G_USEC_PER_SEC)
        {
          print_state ("An operation hangs");
          watchdog_print_stacks ();
          abort ();
        }
      if (!op->cancelled && (hurry || now >= op->cancel_at))
        {
          op->cancelled = TRUE;
          n_cancelled++;
          g_ptr_array_add (due, g_object_ref (op->cancellable));
        }
    }
  if (now - last_step > limit * G_USEC_PER_SEC)
    {
      print_state ("Nothing goes on");
      watchdog_print_stacks ();
      abort ();
    }
}

/* Cancels what is due, and finds what hangs. */
static gpointer
watch_thread (gpointer data)
{
  g_mutex_lock (&ops_lock);
  while (watching)
    {
      g_autoptr (GPtrArray) due = g_ptr_array_new_with_free_func (g_object_unref);

      look_at_operations_locked (due);
      g_mutex_unlock (&ops_lock);
      for (guint i = 0; i < due->len; i++)
        g_cancellable_cancel (g_ptr_array_index (due, i));
      g_usleep (TICK);
      g_mutex_lock (&ops_lock);
    }
  g_mutex_unlock (&ops_lock);
  return NULL;
}

static void
note_step (void)
{
  g_mutex_lock (&ops_lock);
  last_step = g_get_monotonic_time ();
  g_mutex_unlock (&ops_lock);
}

/* Places */

static void
service_gone_cb (gpointer data, GObject *object)
{
  g_atomic_int_add (&live_services, -1);
}

static void
connection_gone_cb (gpointer data, GObject *object)
{
  g_atomic_int_add (&live_connections, -1);
}

static gboolean
requested_cb (IBBService *service, IBBRequest *request, gpointer data)
{
  static int         turn;
  g_autoptr (GError) error = NULL;
  IBBTransport      *transport;

  g_assert_nonnull (ibb_request_get_sid (request));
  switch (g_atomic_int_add (&turn, 1) % 4)
    {
    case 0:
    case 1:
      transport = ibb_request_accept (request, &error);
      if (transport != NULL)
        end_accepted (transport);
      else
        g_assert_nonnull (error);
      return TRUE;
    case 2:
      hold_request (request);
      return TRUE;
    default:
      return FALSE; /* refused with its last reference */
    }
}

static void
accepted_cb (IBBService *service, IBBTransport *transport, gpointer data)
{
  end_accepted (g_object_ref (transport));
}

static IBBService *
make_service (IBBConnection *connection, guint handlers)
{
  IBBService *service = ibb_service_new (connection);

  g_atomic_int_inc (&live_services);
  g_object_weak_ref (G_OBJECT (service), service_gone_cb, NULL);
  ibb_service_set_session_limit (service, 64);
  ibb_service_set_close_timeout (service, 300);
  ibb_service_set_open_timeout (service, 2000);
  ibb_service_set_accept_timeout (service, 500);
  ibb_service_set_initial_wait_time (service, 5);
  ibb_service_set_receive_buffer_size (service, 20000);
  if (handlers % 3 == 0)
    g_signal_connect (service, "session-requested", G_CALLBACK (requested_cb), NULL);
  else if (handlers % 3 == 1)
    g_signal_connect (service, "session-accepted", G_CALLBACK (accepted_cb), NULL);
  return service;
}

static IBBConnection *
make_connection (const Setting *setting, const char *jid)
{
  IBBConnection *connection = setting->make_connection (jid);

  g_atomic_int_inc (&live_connections);
  g_object_weak_ref (G_OBJECT (connection), connection_gone_cb, NULL);
  return connection;
}

IBBService *
place_dup_service (Place *place)
{
  IBBService *service;

  g_mutex_lock (&place->lock);
  service = g_object_ref (place->service);
  g_mutex_unlock (&place->lock);
  return service;
}

IBBConnection *
place_dup_connection (Place *place)
{
  IBBConnection *connection;

  g_mutex_lock (&place->lock);
  connection = g_object_ref (place->connection);
  g_mutex_unlock (&place->lock);
  return connection;
}

void
place_replace (Place *place, const Setting *setting, gboolean with_connection, guint handlers)
{
  IBBConnection *connection =
      with_connection ? make_connection (setting, place->jid) : place_dup_connection (place);
  IBBService *service = make_service (connection, handlers);

  g_mutex_lock (&place->lock);
  if (place->service != NULL && handlers % 2 == 0)
    ibb_service_stop (place->service);
  {
    IBBConnection *old = place->connection;

    place->connection = connection;
    connection = old;
  }
  {
    IBBService *old = place->service;

    place->service = service;
    service = old;
  }
  g_mutex_unlock (&place->lock);
  g_clear_object (&service);
  g_clear_object (&connection);
}

/* Threads */

static gpointer
worker_thread (gpointer data)
{
  Worker        *self = ((gpointer *) data)[0];
  const Setting *setting = ((gpointer *) data)[1];

  g_main_context_push_thread_default (self->context);
  while (!g_atomic_int_get (&over) && (seconds > 0 || g_atomic_int_add (&steps_left, -1) > 0))
    {
      g_atomic_int_inc (&n_steps);
      take_step (self, setting);
      note_step ();
      while (g_main_context_iteration (self->context, FALSE))
        ;
      while (self->n_pending >= PENDING_MAX)
        g_main_context_iteration (self->context, TRUE);
    }
  /* Each operation ends in time. */
  self->doing = "to end";
  while (self->n_pending > 0)
    g_main_context_iteration (self->context, TRUE);
  self->doing = "done";
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

static gboolean
tick_cb (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

/* Iterates the default context, where signals are emitted. */
static void
wait_in_default_context (gboolean (*condition) (void))
{
  while (!condition ())
    g_main_context_iteration (NULL, TRUE);
}

static gint64 end_time;

static gboolean
time_is_up (void)
{
  return seconds > 0 ? g_get_monotonic_time () >= end_time : g_atomic_int_get (&steps_left) <= 0;
}

static gboolean
workers_are_done (void)
{
  gboolean done = TRUE;

  g_mutex_lock (&ops_lock);
  hurry = TRUE;
  done = ops->len == 0;
  g_mutex_unlock (&ops_lock);
  return done;
}

static gboolean
lose_cb (gpointer data)
{
  g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "the end");

  ibb_connection_set_state (data, IBB_CONNECTION_STATE_OFFLINE, error);
  return G_SOURCE_REMOVE;
}

static gboolean
nothing_is_left (void)
{
  return ends_are_gone () && g_atomic_int_get (&live_services) == 0 &&
         g_atomic_int_get (&live_connections) == 0;
}

static gboolean
threads_are_gone (void)
{
  return process_count_threads ("ibb-") == 0;
}

static void
run (const Setting *setting)
{
  g_autofree gpointer *arguments = g_new (gpointer, 2 * (gsize) n_threads);
  GThread             *watch;
  guint                tick = g_timeout_add (5, tick_cb, NULL);

  ends_init ();
  ops = g_ptr_array_new ();
  watching = TRUE;
  note_step ();
  n_places = setting->n_places;
  places = g_new0 (Place, n_places);
  workers = g_new0 (Worker, (gsize) n_threads);
  watch = g_thread_new ("watch", watch_thread, NULL);
  for (guint i = 0; i < n_places; i++)
    {
      g_mutex_init (&places[i].lock);
      places[i].jid = setting->make_jid (i);
      place_replace (&places[i], setting, TRUE, i + 1);
    }
  end_time = g_get_monotonic_time () + (gint64) (seconds * G_USEC_PER_SEC);
  steps_left = steps;

  for (int i = 0; i < n_threads; i++)
    {
      workers[i].index = (guint) i;
      workers[i].rand = g_rand_new_with_seed ((guint32) seed * 1000003u + (guint32) i);
      workers[i].context = g_main_context_new ();
      workers[i].doing = "nothing";
      arguments[2 * i] = &workers[i];
      arguments[2 * i + 1] = (gpointer) setting;
    }
  for (int i = 0; i < n_threads; i++)
    workers[i].thread = g_thread_new ("worker", worker_thread, &arguments[2 * i]);
  wait_in_default_context (time_is_up);
  g_atomic_int_set (&over, TRUE);
  wait_in_default_context (workers_are_done);
  for (int i = 0; i < n_threads; i++)
    g_thread_join (workers[i].thread);

  /* Sessions that close in the background end with their connection. */
  for (guint i = 0; i < n_places; i++)
    {
      GMainContext *context = ibb_connection_get_context (places[i].connection);

      g_main_context_invoke_full (context, G_PRIORITY_DEFAULT, lose_cb,
                                  g_steal_pointer (&places[i].connection), g_object_unref);
      g_clear_object (&places[i].service);
    }
  ends_drop_all ();
  for (guint i = 0; i < G_N_ELEMENTS (past); i++)
    g_clear_pointer (&past[i], op_free);
  /* Sources of services that were made in a thread are in its context. */
  for (int i = 0; i < n_threads; i++)
    {
      g_main_context_unref (workers[i].context);
      g_rand_free (workers[i].rand);
    }
  wait_in_default_context (nothing_is_left);
  if (setting->finish != NULL)
    setting->finish ();
  wait_in_default_context (threads_are_gone);

  g_mutex_lock (&ops_lock);
  watching = FALSE;
  g_mutex_unlock (&ops_lock);
  g_thread_join (watch);
  g_source_remove (tick);
  ends_print ();
  g_print ("# %d steps, %u operations, %u of them cancelled\n", n_steps, n_past, n_cancelled);

  for (guint i = 0; i < n_places; i++)
    {
      g_mutex_clear (&places[i].lock);
      g_free (places[i].jid);
    }
  g_free (places);
  g_free (workers);
  g_ptr_array_unref (ops);
  ends_clear ();
}

int
stress_main (int argc, char **argv, const Setting *setting)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError)         error = NULL;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("%s\n", error->message);
      return 2;
    }
  /* As in a test, critical messages are fatal. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING | G_LOG_FATAL_MASK);
  if (seed < 0)
    seed = g_random_int ();

  g_print ("1..1\n# --seed %" G_GINT64_FORMAT "\n", seed);
  run (setting);
  g_print ("ok 1 /ibb/stress/%s/D-46\n", setting->name);
  return 0;
}
