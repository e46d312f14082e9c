/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The public API from many threads at random, over a loopback that delays, loses, bounces and
 * doubles. Each thread has a main context of its own, and takes one step after the other: any
 * call, of any session. The seed decides which steps a thread takes, not how the threads meet.
 * Every byte that is read has to be the one that was written at its position (D-46), every
 * operation has to end, and nothing may be left in the end. */

#include "config.h"

#include "loopback/hub.h"

#include "../lib/process.h"
#include "../lib/watchdog.h"

#include <ibb-glib/ibb-glib.h>
#include <stdlib.h>
#include <string.h>

#define N_PLACES 4
#define N_LINKS 24
#define N_PENDING 24
#define PIECE 9000

/* Both ends of a session. Each direction has one reader and one writer at a time. */
typedef struct
{
  char         *sid;
  GMutex        lock;
  IBBTransport *ends[2];    /* (owned) (nullable), protected by lock */
  guint64       read[2];    /* by that end; only its reader looks at it */
  int           reading[2]; /* atomic */
  int           writing[2]; /* atomic */
  int           is_ended;   /* atomic: somebody has begun to end it in good order */
} Link;

typedef struct
{
  GMutex         lock;
  char          *jid;
  IBBConnection *connection; /* protected by lock */
  IBBService    *service;    /* protected by lock */
} Place;

typedef struct
{
  GThread      *thread;
  GRand        *rand;
  GMainContext *context;
  GMutex        lock;
  GCancellable *cancellable; /* of the operations that it begins, protected by lock */
  guint         n_pending;
} Worker;

/* One end at work. */
typedef struct
{
  Worker       *worker;
  Link         *link; /* (owned) (nullable) */
  guint         side;
  int          *busy; /* (nullable): of the link */
  IBBTransport *transport;
  GCancellable *cancellable;
  guint8        bytes[PIECE];
  gsize         count;

  /* how the call ends, by its kind */
  gboolean (*finish) (gpointer object, GAsyncResult *result, GError **error);
  IBBTransport *(*finish_session) (gpointer object, GAsyncResult *result, GError **error);
} Op;

static IBBLoopback *loopback;
static Place        places[N_PLACES];
static Worker      *workers;
static GMutex       lock;
static Link        *links[N_LINKS]; /* (nullable), protected by lock */
static guint        n_sids;         /* protected by lock */
static gsize        n_read;         /* atomic: bytes, of all sessions */
static int          live;           /* atomic: objects that are not finalized */
static int          n_running;      /* atomic: threads */
static int          steps_left;     /* atomic */
static gint64       end_time;

static gint64 seed = -1;
static double seconds = 0;
static int    steps = 100000;
static int    n_threads = 6;
static int    limit = 240;

static const GOptionEntry entries[] = {
  { "seed", 0, 0, G_OPTION_ARG_INT64, &seed, "Which steps are taken", "N" },
  { "seconds", 0, 0, G_OPTION_ARG_DOUBLE, &seconds, "Go on for so long", "S" },
  { "steps", 0, 0, G_OPTION_ARG_INT, &steps, "or for so many steps of all threads", "N" },
  { "threads", 0, 0, G_OPTION_ARG_INT, &n_threads, "How many threads", "N" },
  { "limit", 0, 0, G_OPTION_ARG_INT, &limit, "Seconds after which something hangs", "S" },
  { "tap", 0, 0, G_OPTION_ARG_NONE, &(gboolean){ FALSE }, "As all tests: no effect", NULL },
  G_OPTION_ENTRY_NULL,
};

static guint
below (Worker *worker, guint end)
{
  return (guint) g_rand_int_range (worker->rand, 0, (gint32) end);
}

static gboolean
chance (Worker *worker, guint percent)
{
  return below (worker, 100) < percent;
}

static void
gone_cb (gpointer data, GObject *object)
{
  g_atomic_int_add (&live, -1);
}

static gpointer
count (gpointer object)
{
  g_atomic_int_inc (&live);
  g_object_weak_ref (object, gone_cb, NULL);
  return object;
}

/* Links */

static void
link_clear (gpointer data)
{
  Link *self = data;

  g_clear_object (&self->ends[0]);
  g_clear_object (&self->ends[1]);
  g_mutex_clear (&self->lock);
  g_free (self->sid);
}

static void
link_unref (Link *self)
{
  g_atomic_rc_box_release_full (self, link_clear);
}

/* Puts a new one in the place of another, which is dropped with its ends. */
static Link *
link_new (Worker *worker)
{
  guint at = below (worker, N_LINKS);
  Link *self = g_atomic_rc_box_new0 (Link);
  Link *old;

  g_mutex_init (&self->lock);
  g_mutex_lock (&lock);
  self->sid = g_strdup_printf ("stress-%u", ++n_sids);
  old = links[at];
  links[at] = g_atomic_rc_box_acquire (self);
  g_mutex_unlock (&lock);
  g_clear_pointer (&old, link_unref);
  return self;
}

/* (nullable): the one at that place, or the one with that sid. */
static Link *
link_find (guint at, const char *sid)
{
  Link *link = NULL;

  g_mutex_lock (&lock);
  for (guint i = 0; sid != NULL && i < N_LINKS; i++)
    if (links[i] != NULL && strcmp (links[i]->sid, sid) == 0)
      at = i;
  if (links[at] != NULL && (sid == NULL || strcmp (links[at]->sid, sid) == 0))
    link = g_atomic_rc_box_acquire (links[at]);
  g_mutex_unlock (&lock);
  return link;
}

/* (transfer full); a session of which nobody knows any more is dropped. */
static void
link_add (guint side, IBBTransport *transport)
{
  Link *link = link_find (0, ibb_transport_get_sid (transport));

  count (transport);
  g_object_set (transport, "read-timeout", 20, "write-timeout", 20, NULL);
  if (link != NULL)
    {
      g_mutex_lock (&link->lock);
      if (link->ends[side] == NULL)
        link->ends[side] = g_steal_pointer (&transport);
      g_mutex_unlock (&link->lock);
      link_unref (link);
    }
  g_clear_object (&transport);
}

/* Bytes that differ between the directions, the sessions and the positions. */
static guint8
get_byte (const Op *op, guint side, guint64 position)
{
  return (guint8) (g_str_hash (op->link->sid) + 31 * side + position * 7 + position / 251);
}

/* All that the session has taken. */
static guint64
get_written (IBBTransport *transport)
{
  g_autoptr (IBBStatistics) statistics = ibb_transport_dup_statistics (transport);

  return statistics->bytes_acknowledged + statistics->bytes_queued;
}

/* Operations */

static Op *
op_new (Worker *worker)
{
  Op *op = g_new0 (Op, 1);

  op->worker = worker;
  g_mutex_lock (&worker->lock);
  if (worker->cancellable == NULL || g_cancellable_is_cancelled (worker->cancellable))
    {
      g_clear_object (&worker->cancellable);
      worker->cancellable = g_cancellable_new ();
    }
  op->cancellable = g_object_ref (worker->cancellable);
  g_mutex_unlock (&worker->lock);
  worker->n_pending++;
  return op;
}

static void
op_end (Op *op, const GError *error)
{
  g_assert_true (g_main_context_is_owner (op->worker->context));
  g_assert_true (error == NULL || error->domain == G_IO_ERROR || error->domain == IBB_ERROR);
  op->worker->n_pending--;
  if (op->busy != NULL)
    g_atomic_int_set (op->busy, FALSE);
  g_clear_pointer (&op->link, link_unref);
  g_clear_object (&op->transport);
  g_object_unref (op->cancellable);
  g_free (op);
}

/* An operation of some end that exists, and that nobody else reads or writes; (nullable). */
static Op *
op_new_for_end (Worker *worker, gboolean reads, gboolean writes)
{
  Link *link = link_find (below (worker, N_LINKS), NULL);
  guint side = below (worker, 2);
  int  *busy = NULL;
  Op   *op;

  if (link == NULL)
    return NULL;
  if (reads || writes)
    busy = reads ? &link->reading[side] : &link->writing[side];
  if (busy != NULL && !g_atomic_int_compare_and_exchange (busy, FALSE, TRUE))
    {
      link_unref (link);
      return NULL;
    }
  op = op_new (worker);
  op->link = link;
  op->side = side;
  op->busy = busy;
  g_mutex_lock (&link->lock);
  op->transport = link->ends[side] != NULL ? g_object_ref (link->ends[side]) : NULL;
  g_mutex_unlock (&link->lock);
  if (op->transport == NULL)
    {
      op_end (op, NULL);
      return NULL;
    }
  return op;
}

static void
have_read (Op *op, gssize n, const GError *error)
{
  guint64 *position = &op->link->read[op->side];

  for (gssize i = 0; i < n; i++)
    g_assert_cmpuint (op->bytes[i], ==, get_byte (op, !op->side, (*position)++));
  if (n > 0)
    g_atomic_pointer_add (&n_read, n);
  if (n == 0)
    g_assert_true (g_atomic_int_get (&op->link->is_ended));
  op_end (op, error);
}

static void
read_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  gssize             n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);

  have_read (data, n, error);
}

static void
step_read (Worker *worker, Op *op)
{
  GInputStream      *input = g_io_stream_get_input_stream (G_IO_STREAM (op->transport));
  gsize              wanted = 1 + below (worker, PIECE);
  g_autoptr (GError) error = NULL;
  gssize             n;

  switch (below (worker, 3))
    {
    case 0:
      n = g_input_stream_read (input, op->bytes, wanted, op->cancellable, &error);
      have_read (op, n, error);
      break;
    case 1:
      n = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (input), op->bytes,
                                                    wanted, NULL, &error);
      have_read (op, n, error);
      break;
    default:
      g_input_stream_read_async (input, op->bytes, wanted, G_PRIORITY_DEFAULT, op->cancellable,
                                 read_cb, op);
    }
}

static void
write_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  g_output_stream_write_finish (G_OUTPUT_STREAM (source), result, &error);
  op_end (data, error);
}

static void
step_write (Worker *worker, Op *op)
{
  GOutputStream     *output = g_io_stream_get_output_stream (G_IO_STREAM (op->transport));
  guint64            before = get_written (op->transport);
  g_autoptr (GError) error = NULL;
  gssize             n;

  op->count = 1 + below (worker, PIECE);
  for (gsize i = 0; i < op->count; i++)
    op->bytes[i] = get_byte (op, op->side, before + i);
  switch (below (worker, 3))
    {
    case 0:
      n = g_output_stream_write (output, op->bytes, op->count, op->cancellable, &error);
      g_assert_cmpuint (get_written (op->transport), ==, before + (guint64) MAX (n, 0));
      op_end (op, error);
      break;
    case 1:
      n = g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (output), op->bytes,
                                                      op->count, NULL, &error);
      g_assert_cmpuint (get_written (op->transport), ==, before + (guint64) MAX (n, 0));
      op_end (op, error);
      break;
    default:
      g_output_stream_write_async (output, op->bytes, op->count, G_PRIORITY_DEFAULT,
                                   op->cancellable, write_cb, op);
    }
}

static void
done_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Op                *op = data;
  g_autoptr (GError) error = NULL;

  op->finish (source, result, &error);
  op_end (op, error);
}

static void
step_output (Worker *worker, Op *op)
{
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (op->transport));

  if (chance (worker, 90))
    {
      op->finish = (gpointer) g_output_stream_flush_finish;
      g_output_stream_flush_async (output, G_PRIORITY_DEFAULT, op->cancellable, done_cb, op);
    }
  else
    {
      g_atomic_int_set (&op->link->is_ended, TRUE);
      op->finish = (gpointer) ibb_transport_shutdown_output_finish;
      ibb_transport_shutdown_output_async (op->transport, op->cancellable, done_cb, op);
    }
}

/* What somebody may do while others read and write. */
static void
step_end (Worker *worker, Op *op)
{
  guint              what = below (worker, 100);
  g_autoptr (GError) error = ibb_transport_dup_error (op->transport);

  if (what < 80)
    {
      g_assert_true (error == NULL || ibb_transport_has_ended (op->transport));
      g_object_set (op->transport, "auto-flush", chance (worker, 90), NULL);
      g_assert_cmpuint (ibb_transport_get_block_size (op->transport), >, 0);
      op_end (op, NULL);
    }
  else if (what < 90)
    {
      op->finish = (gpointer) ibb_transport_drain_finish;
      ibb_transport_drain_async (op->transport, op->cancellable, done_cb, op);
    }
  else if (what < 97)
    {
      g_atomic_int_set (&op->link->is_ended, TRUE);
      op->finish = (gpointer) g_io_stream_close_finish;
      g_io_stream_close_async (G_IO_STREAM (op->transport), G_PRIORITY_DEFAULT, op->cancellable,
                               done_cb, op);
    }
  else
    {
      ibb_transport_abort (op->transport);
      op_end (op, NULL);
    }
}

/* Opening and accepting */

static gboolean
requested_cb (IBBService *service, IBBRequest *request, gpointer data)
{
  static int    turn;
  IBBTransport *transport;

  switch (g_atomic_int_add (&turn, 1) % 4)
    {
    case 0:
      ibb_request_refuse (request, IBB_STANZA_CONDITION_FORBIDDEN, "not now");
      return TRUE;
    case 1:
      return FALSE; /* refused with its last reference */
    default:
      transport = ibb_request_accept (request, NULL);
      if (transport != NULL)
        link_add (1, transport);
      return TRUE;
    }
}

static void
accepted_cb (IBBService *service, IBBTransport *transport, gpointer data)
{
  link_add (1, g_object_ref (transport));
}

/* Its accept calls get what no handler takes. */
static IBBService *
make_service (IBBConnection *connection, guint kind)
{
  IBBService *service = count (ibb_service_new (connection));

  ibb_service_set_session_limit (service, 64);
  g_object_set (service, "open-timeout", 2000, "accept-timeout", 500, "initial-wait-time", 5,
                "receive-buffer-size", (guint64) 20000, NULL);
  if (kind % 3 == 0)
    g_signal_connect (service, "session-requested", G_CALLBACK (requested_cb), NULL);
  else if (kind % 3 == 1)
    g_signal_connect (service, "session-accepted", G_CALLBACK (accepted_cb), NULL);
  return service;
}

static IBBService *
dup_service (Place *place)
{
  IBBService *service;

  g_mutex_lock (&place->lock);
  service = g_object_ref (place->service);
  g_mutex_unlock (&place->lock);
  return service;
}

/* side: of the session that the call is to bring. */
static Op *
op_new_for_session (Worker *worker, guint side, gpointer finish)
{
  Op *op = op_new (worker);

  op->side = side;
  op->finish_session = finish;
  return op;
}

static void
session_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Op                *op = data;
  g_autoptr (GError) error = NULL;
  IBBTransport      *transport = op->finish_session (source, result, &error);

  if (transport != NULL)
    link_add (op->side, transport);
  op_end (op, error);
}

static void
step_open (Worker *worker, Place *place)
{
  static const guint           sizes[] = { 0, 0, 0, 256, 1000, 8192, 65535 };
  Place                       *other = &places[below (worker, N_PLACES)];
  g_autoptr (IBBService)       here = dup_service (place);
  g_autoptr (IBBService)       there = dup_service (other);
  Link                        *link = link_new (worker);
  g_autoptr (IBBSessionParams) params = NULL;
  g_autoptr (GError)           error = NULL;
  IBBTransport                *transport;
  Op                          *op;

  params = g_object_new (IBB_TYPE_SESSION_PARAMS, "stanza-type",
                         chance (worker, 80) ? IBB_STANZA_TYPE_IQ : IBB_STANZA_TYPE_MESSAGE,
                         "block-size", sizes[below (worker, G_N_ELEMENTS (sizes))], "sid",
                         link->sid, NULL);
  if (chance (worker, 40))
    {
      op = op_new_for_session (worker, 1, ibb_service_expect_session_finish);
      ibb_service_expect_session_async (there, place->jid, link->sid, NULL, op->cancellable,
                                        session_cb, op);
    }
  op = op_new_for_session (worker, 0, ibb_service_open_session_finish);
  if (chance (worker, 50))
    ibb_service_open_session_async (here, other->jid, params, op->cancellable, session_cb, op);
  else
    {
      transport = ibb_service_open_session (here, other->jid, params, op->cancellable, &error);
      if (transport != NULL)
        link_add (0, transport);
      op_end (op, error);
    }
  link_unref (link);
}

/* Services and connections */

static void
step_settings (Worker *worker, IBBService *service)
{
  g_object_set (service, "window", (guint64) (chance (worker, 50) ? 0 : below (worker, 100000)),
                "send-buffer-size", (guint64) (chance (worker, 50) ? 0 : below (worker, 30000)),
                "receive-buffer-size", (guint64) (1000 + below (worker, 60000)), "half-close",
                chance (worker, 50), "max-block-size", chance (worker, 80) ? 65535 : 1000,
                "max-retries", 1 + below (worker, 5), NULL);
}

/* Of all bytes, each stanza that comes twice or not at all may cost a session. */
static void
step_loopback (Worker *worker)
{
  ibb_loopback_set_faults (
      loopback, &(IBBHubFaults){ .rate = chance (worker, 10) ? 5000000 : 0,
                                 .duplicate_probability = chance (worker, 10) ? 0.05 : 0.0,
                                 .bounce_probability = chance (worker, 10) ? 0.01 : 0.0,
                                 .drop_probability = chance (worker, 5) ? 0.001 : 0.0 });
}

static gboolean
lose_cb (gpointer data)
{
  g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "lost");

  ibb_connection_set_state_with_error (data, IBB_CONNECTION_STATE_OFFLINE, error);
  return G_SOURCE_REMOVE;
}

static void
lose (IBBConnection *connection)
{
  g_main_context_invoke_full (ibb_connection_get_context (connection), G_PRIORITY_DEFAULT, lose_cb,
                              connection, g_object_unref);
}

/* Another service, or another connection with one. The old ones go with those who still use
 * them. */
static void
replace (Place *place, gboolean with_connection, guint kind)
{
  IBBConnection *connection = NULL;
  IBBService    *service;

  if (with_connection)
    connection = count (ibb_loopback_attach (loopback, place->jid));
  g_mutex_lock (&place->lock);
  if (connection != NULL)
    {
      IBBConnection *old = place->connection;

      place->connection = connection;
      connection = old;
    }
  service = place->service;
  place->service = make_service (place->connection, kind);
  g_mutex_unlock (&place->lock);
  if (service != NULL && kind % 2 == 0)
    ibb_service_stop (service);
  g_clear_object (&service);
  if (connection != NULL)
    lose (connection);
}

static void
step (Worker *worker)
{
  Place                 *place = &places[below (worker, N_PLACES)];
  g_autoptr (IBBService) service = dup_service (place);
  guint                  what = below (worker, 1000);
  Op                    *op = NULL;

  if (what < 900)
    {
      op = op_new_for_end (worker, what < 400, what >= 400 && what < 800);
      if (op == NULL)
        return;
      if (what < 400)
        step_read (worker, op);
      else if (what < 760)
        step_write (worker, op);
      else if (what < 800)
        step_output (worker, op);
      else
        step_end (worker, op);
    }
  else if (what < 920)
    step_open (worker, place);
  else if (what < 930)
    {
      op = op_new_for_session (worker, 1, ibb_service_accept_finish);
      ibb_service_accept_async (service, op->cancellable, session_cb, op);
    }
  else if (what < 940)
    step_settings (worker, service);
  else if (what < 980)
    {
      Worker *other = &workers[below (worker, (guint) n_threads)];

      g_mutex_lock (&other->lock);
      if (other->cancellable != NULL)
        g_cancellable_cancel (other->cancellable);
      g_mutex_unlock (&other->lock);
    }
  else if (what < 996)
    step_loopback (worker);
  else
    replace (place, what == 996, below (worker, 12));
}

static gpointer
worker_thread (gpointer data)
{
  Worker *self = data;

  g_main_context_push_thread_default (self->context);
  while (seconds > 0 ? g_get_monotonic_time () < end_time : g_atomic_int_add (&steps_left, -1) > 0)
    {
      step (self);
      while (g_main_context_iteration (self->context, FALSE) || self->n_pending >= N_PENDING)
        ;
    }
  g_mutex_lock (&self->lock);
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_mutex_unlock (&self->lock);
  while (self->n_pending > 0)
    g_main_context_iteration (self->context, TRUE);
  g_main_context_pop_thread_default (self->context);
  g_atomic_int_add (&n_running, -1);
  return NULL;
}

/* The end of a thread wakes no context: the main thread looks now and then. */
static gboolean
tick_cb (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

static void
start (void)
{
  loopback = ibb_loopback_new ();
  for (guint i = 0; i < N_PLACES; i++)
    {
      g_mutex_init (&places[i].lock);
      places[i].jid = g_strdup_printf ("user%u@example.org/stress", i);
      replace (&places[i], TRUE, i);
    }
  workers = g_new0 (Worker, (gsize) n_threads);
  n_running = n_threads;
  steps_left = steps;
  end_time = g_get_monotonic_time () + (gint64) (seconds * G_USEC_PER_SEC);
  for (int i = 0; i < n_threads; i++)
    {
      g_mutex_init (&workers[i].lock);
      workers[i].rand = g_rand_new_with_seed ((guint32) seed * 1000003u + (guint32) i);
      workers[i].context = g_main_context_new ();
    }
  for (int i = 0; i < n_threads; i++)
    workers[i].thread = g_thread_new ("worker", worker_thread, &workers[i]);
}

static void
finish (void)
{
  for (guint i = 0; i < N_PLACES; i++)
    {
      g_clear_object (&places[i].service);
      lose (g_steal_pointer (&places[i].connection));
    }
  for (guint i = 0; i < N_LINKS; i++)
    g_clear_pointer (&links[i], link_unref);
  for (int i = 0; i < n_threads; i++)
    {
      g_main_context_unref (workers[i].context);
      g_rand_free (workers[i].rand);
      g_clear_object (&workers[i].cancellable);
      g_mutex_clear (&workers[i].lock);
    }
  g_free (workers);
  while (g_atomic_int_get (&live) > 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_finalize_object (loopback);
  while (process_count_threads ("ibb-") > 0)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < N_PLACES; i++)
    {
      g_mutex_clear (&places[i].lock);
      g_free (places[i].jid);
    }
}

int
main (int argc, char **argv)
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
  watchdog_start ((guint) (limit + seconds));

  start ();
  g_timeout_add (5, tick_cb, NULL);
  /* The default context, in which signals are emitted, runs meanwhile. */
  while (g_atomic_int_get (&n_running) > 0)
    g_main_context_iteration (NULL, TRUE);
  for (int i = 0; i < n_threads; i++)
    g_thread_join (workers[i].thread);
  finish ();

  g_print ("# %u sessions, %" G_GSIZE_FORMAT " KiB read\n", n_sids, n_read / 1024);
  g_print ("ok 1 /ibb/stress/D-46/B-10\n");
  return 0;
}
