/* SPDX-License-Identifier: LGPL-2.1-or-later */

#define _GNU_SOURCE /* RTLD_NEXT */

#include "config.h"

#include "turns.h"

#include "fake-disk.h"

#include <dlfcn.h>
#include <semaphore.h>
#include <sys/random.h>
#include <time.h>

#define TASK_TIME_MAX 20000 /* µs that a task in a thread takes */

/* A thread of a program. */
typedef struct
{
  GThreadFunc   function;
  gpointer      data;
  guint         program;
  sem_t         turn;
  gboolean      is_over;
  gconstpointer cond; /* (nullable): what it waits for: a GCond, or a main context of its own */
  gint64        deadline;
  gboolean      is_polling; /* it is that */
  gboolean      is_empty;   /* in its last turn nothing was there to do */
} Strand;

typedef struct
{
  gint64         time;
  guint64        number;
  guint          program;
  gboolean       is_task;
  TurnFunc       function;
  gpointer       data;
  GDestroyNotify data_free;
} Call;

typedef struct
{
  GSource *source; /* (owned) */
  gint64   time;
} Timer;

typedef struct
{
  GMainContext *context;
  gboolean      is_awake;
} Program;

Random turns_random;
guint  turns_n_faults;

static struct
{
  gboolean   is_on;
  gint64     now;
  Program    programs[TURNS_PROGRAMS_MAX];
  guint      current;
  GSequence *calls;   /* (element-type Call) */
  GArray    *timers;  /* (element-type Timer) */
  GPtrArray *strands; /* (element-type Strand): those that live */
  sem_t      main;    /* a strand has ended its turn */
  guint64    n_calls;
  Random     names;
} turns = { .current = TURNS_NOBODY };

static GPrivate strand_key;

#define ORIGINAL(function)                                                                         \
  static __typeof__ (&function) original;                                                          \
                                                                                                   \
  if (original == NULL)                                                                            \
  *(void **) &original = dlsym (RTLD_NEXT, #function)

static void
call_free (gpointer data)
{
  Call *call = data;

  if (call->data_free != NULL)
    call->data_free (call->data);
  g_free (call);
}

static void
clear_timer (gpointer data)
{
  g_source_unref (((Timer *) data)->source);
}

/* Other strands of the program may have got something to do. */
static void
wake_strands (guint program)
{
  for (guint i = 0; i < turns.strands->len; i++)
    {
      Strand *strand = g_ptr_array_index (turns.strands, i);

      if (strand->program == program && strand->is_polling)
        strand->cond = NULL;
    }
}

static void
wake (guint program)
{
  if (program >= TURNS_PROGRAMS_MAX)
    return;
  turns.programs[program].is_awake = TRUE;
  wake_strands (program);
}

static void
wake_context (const GMainContext *context)
{
  for (guint i = 0; i < TURNS_PROGRAMS_MAX; i++)
    if (context == turns.programs[i].context)
      wake (i);
  for (guint i = 0; i < turns.strands->len; i++)
    {
      Strand *strand = g_ptr_array_index (turns.strands, i);

      if (strand->is_polling && strand->cond == context)
        strand->cond = NULL;
    }
}

static void
enter (guint program)
{
  turns.current = program;
  if (program < TURNS_PROGRAMS_MAX)
    {
      g_main_context_push_thread_default (turns.programs[program].context);
      fake_disk_set_writer (program);
    }
}

void
turns_enter (guint program)
{
  enter (program);
  wake (program);
}

void
turns_leave (void)
{
  if (turns.current < TURNS_PROGRAMS_MAX)
    g_main_context_pop_thread_default (turns.programs[turns.current].context);
  turns.current = TURNS_NOBODY;
}

/* In place of GLib's functions. */

gint64
g_get_monotonic_time (void)
{
  struct timespec now;

  if (turns.is_on)
    return turns.now;
  clock_gettime (CLOCK_MONOTONIC, &now);
  return (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static void
forget_timer (GSource *source)
{
  for (guint i = 0; i < turns.timers->len; i++)
    if (g_array_index (turns.timers, Timer, i).source == source)
      {
        g_array_remove_index_fast (turns.timers, i);
        return;
      }
}

void
g_source_set_ready_time (GSource *source, gint64 ready_time)
{
  ORIGINAL (g_source_set_ready_time);

  if (turns.is_on)
    {
      forget_timer (source);
      if (ready_time > turns.now)
        {
          Timer timer = { g_source_ref (source), ready_time };

          g_array_append_val (turns.timers, timer);
          ready_time = -1;
        }
      if (ready_time >= 0 && !g_source_is_destroyed (source))
        wake_context (g_source_get_context (source));
    }
  original (source, ready_time);
}

typedef struct
{
  GSource source;
  gint64  interval;
} Timeout;

static gboolean
timeout_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  g_source_set_ready_time (source, turns.now + ((Timeout *) source)->interval);
  return callback (user_data);
}

GSource *
g_timeout_source_new (guint interval)
{
  static GSourceFuncs functions = { .dispatch = timeout_dispatch };
  GSource            *source = g_source_new (&functions, sizeof (Timeout));

  g_assert_true (turns.is_on);
  ((Timeout *) source)->interval = MAX (1, interval * G_TIME_SPAN_MILLISECOND);
  g_source_set_ready_time (source, turns.now + ((Timeout *) source)->interval);
  return source;
}

GSource *
g_timeout_source_new_seconds (guint interval)
{
  return g_timeout_source_new (interval * 1000);
}

char *
g_uuid_string_random (void)
{
  return g_strdup_printf ("%016" G_GINT64_MODIFIER "x", random_next (&turns.names));
}

gssize
getrandom (void *bytes, gsize length, guint flags)
{
  random_fill (bytes, length, &turns.names);
  return (gssize) length;
}

static gpointer
run_strand (gpointer data)
{
  Strand *self = data;

  sem_wait (&self->turn);
  g_private_set (&strand_key, self);
  fake_disk_set_writer (self->program);
  self->function (self->data);
  self->is_over = TRUE;
  sem_post (&turns.main);
  return NULL;
}

GThread *
g_thread_try_new (const char *name, GThreadFunc function, gpointer data, GError **error)
{
  Strand *strand;
  ORIGINAL (g_thread_try_new);

  if (!turns.is_on)
    return original (name, function, data, error);
  if (random_permille (&turns_random, 2))
    {
      turns_n_faults++;
      g_set_error_literal (error, G_THREAD_ERROR, G_THREAD_ERROR_AGAIN, "No more threads");
      return NULL;
    }
  strand = g_new0 (Strand, 1);
  strand->function = function;
  strand->data = data;
  strand->program = turns.current;
  sem_init (&strand->turn, 0, 0);
  g_ptr_array_add (turns.strands, strand);
  return original (name, run_strand, strand, error);
}

/* mutex (nullable). */
static void
wait_for (gconstpointer cond, GMutex *mutex, gint64 deadline)
{
  Strand *self = g_private_get (&strand_key);

  g_assert_nonnull (self);
  self->cond = cond;
  self->deadline = deadline;
  if (mutex != NULL)
    g_mutex_unlock (mutex);
  sem_post (&turns.main);
  sem_wait (&self->turn);
  if (mutex != NULL)
    g_mutex_lock (mutex);
}

void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  wait_for (cond, mutex, G_MAXINT64);
}

gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 deadline)
{
  wait_for (cond, mutex, deadline);
  return turns.now < deadline;
}

void
g_cond_signal (GCond *cond)
{
  for (guint i = 0; turns.is_on && i < turns.strands->len; i++)
    {
      Strand *strand = g_ptr_array_index (turns.strands, i);

      if (strand->cond == cond)
        strand->cond = NULL;
    }
}

void
g_cond_broadcast (GCond *cond)
{
  g_cond_signal (cond);
}

/* A thread with a main context of its own waits for its turn in place of a descriptor. */
gboolean
g_main_context_iteration (GMainContext *context, gboolean may_block)
{
  Strand *self = g_private_get (&strand_key);
  ORIGINAL (g_main_context_iteration);

  if (self == NULL || !may_block)
    return original (context, may_block);
  while (!original (context, FALSE))
    {
      self->is_polling = TRUE;
      wait_for (context, NULL, G_MAXINT64);
      self->is_empty = TRUE;
    }
  self->is_polling = self->is_empty = FALSE;
  return TRUE;
}

typedef struct
{
  GTask          *task; /* (owned) */
  GTaskThreadFunc function;
} Job;

static void
run_job (gpointer data)
{
  Job *job = data;

  job->function (job->task, g_task_get_source_object (job->task), g_task_get_task_data (job->task),
                 g_task_get_cancellable (job->task));
}

static void
job_free (gpointer data)
{
  g_object_unref (((Job *) data)->task);
  g_free (data);
}

void
g_task_run_in_thread (GTask *task, GTaskThreadFunc function)
{
  Job *job = g_new (Job, 1);

  job->task = g_object_ref (task);
  job->function = function;
  turns_call_after (turns.current, random_between (&turns_random, 0, TASK_TIME_MAX), run_job, job,
                    job_free);
}

/* Turns. */

static int
compare_calls (gconstpointer a, gconstpointer b, gpointer data)
{
  const Call *first = a;
  const Call *second = b;

  if (first->time != second->time)
    return first->time < second->time ? -1 : 1;
  return first->number < second->number ? -1 : 1;
}

void
turns_call_after (
    guint program, gint64 delay, TurnFunc function, gpointer data, GDestroyNotify data_free)
{
  Call *call = g_new (Call, 1);

  *call = (Call){ turns.now + delay, ++turns.n_calls, program, function == run_job, function, data,
                  data_free };
  g_sequence_insert_sorted (turns.calls, call, compare_calls, NULL);
}

static Call *
get_first_call (void)
{
  GSequenceIter *iter = g_sequence_get_begin_iter (turns.calls);

  return g_sequence_iter_is_end (iter) ? NULL : g_sequence_get (iter);
}

static void
run_call (GSequenceIter *iter)
{
  Call *call = g_sequence_get (iter);

  g_sequence_remove (iter);
  turns_enter (call->program);
  call->function (call->data);
  turns_leave ();
  turns_enter (call->program);
  call_free (call);
  turns_leave ();
}

static gboolean
iterate (guint program)
{
  gboolean has_run;

  enter (program);
  has_run = g_main_context_iteration (turns.programs[program].context, FALSE);
  if (has_run)
    wake_strands (program);
  turns_leave ();
  turns.programs[program].is_awake = has_run;
  return has_run;
}

static gboolean
can_run (const Strand *strand)
{
  return strand->cond == NULL || strand->deadline <= turns.now;
}

static void
run_turn (Strand *strand)
{
  strand->cond = NULL;
  turns.current = strand->program;
  sem_post (&strand->turn);
  sem_wait (&turns.main);
  turns.current = TURNS_NOBODY;
  if (!strand->is_empty)
    wake (strand->program);
  if (!strand->is_over)
    return;
  sem_destroy (&strand->turn);
  g_ptr_array_remove (turns.strands, strand);
}

/* Returns FALSE if nobody has anything to do at this time. */
static gboolean
step (void)
{
  guint   programs[TURNS_PROGRAMS_MAX];
  guint   n_programs = 0;
  guint   n = 0;
  Call   *first = get_first_call ();
  guint64 choice;

  for (guint i = 0; i < TURNS_PROGRAMS_MAX; i++)
    if (turns.programs[i].is_awake)
      programs[n_programs++] = i;
  n = n_programs + (first != NULL && first->time <= turns.now);
  for (guint i = 0; i < turns.strands->len; i++)
    n += can_run (g_ptr_array_index (turns.strands, i));
  if (n == 0)
    return FALSE;
  choice = random_below (&turns_random, n);
  if (choice < n_programs)
    {
      iterate (programs[choice]);
      return TRUE;
    }
  choice -= n_programs;
  for (guint i = 0; i < turns.strands->len; i++)
    if (can_run (g_ptr_array_index (turns.strands, i)) && choice-- == 0)
      {
        run_turn (g_ptr_array_index (turns.strands, i));
        return TRUE;
      }
  run_call (g_sequence_get_begin_iter (turns.calls));
  return TRUE;
}

static gint64
get_next_time (void)
{
  Call  *first = get_first_call ();
  gint64 time = first != NULL ? first->time : G_MAXINT64;

  for (guint i = turns.timers->len; i-- > 0;)
    if (g_source_is_destroyed (g_array_index (turns.timers, Timer, i).source))
      g_array_remove_index_fast (turns.timers, i);
    else
      time = MIN (time, g_array_index (turns.timers, Timer, i).time);
  for (guint i = 0; i < turns.strands->len; i++)
    time = MIN (time, ((Strand *) g_ptr_array_index (turns.strands, i))->deadline);
  return time;
}

static void
fire_timers (void)
{
  for (guint i = turns.timers->len; i-- > 0;)
    if (g_array_index (turns.timers, Timer, i).time <= turns.now)
      {
        g_autoptr (GSource) source = g_source_ref (g_array_index (turns.timers, Timer, i).source);

        g_source_set_ready_time (source, 0);
      }
}

void
turns_run (gint64 until, gboolean (*is_over) (void))
{
  while (!is_over ())
    if (!step ())
      {
        gint64 time = get_next_time ();

        if (time > until)
          return;
        turns.now = MAX (turns.now, time);
        fire_timers ();
      }
}

gboolean
turns_end_program (guint program)
{
  Program *self = &turns.programs[program];
  gboolean has_run = TRUE;
  gboolean has_strands = FALSE;

  while (has_run)
    {
      GSequenceIter *next = g_sequence_get_begin_iter (turns.calls);

      has_run = iterate (program);
      for (guint i = turns.strands->len; i-- > 0;)
        {
          Strand *strand = g_ptr_array_index (turns.strands, i);

          if (strand->program == program && can_run (strand))
            {
              run_turn (strand);
              has_run = TRUE;
              break;
            }
        }
      while (!has_run && !g_sequence_iter_is_end (next))
        {
          GSequenceIter *iter = next;
          Call          *call = g_sequence_get (iter);

          next = g_sequence_iter_next (iter);
          if (call->program != program)
            continue;
          if (call->is_task)
            {
              run_call (iter);
              has_run = TRUE;
              break;
            }
          g_sequence_remove (iter);
          call_free (call);
        }
    }
  for (guint i = 0; i < turns.strands->len; i++)
    has_strands |= ((Strand *) g_ptr_array_index (turns.strands, i))->program == program;
  for (guint i = turns.timers->len; i-- > 0;)
    {
      GSource *source = g_array_index (turns.timers, Timer, i).source;

      if (g_source_is_destroyed (source) || g_source_get_context (source) == self->context)
        g_array_remove_index_fast (turns.timers, i);
    }
  g_main_context_unref (self->context);
  self->context = g_main_context_new ();
  return !has_strands;
}

void
turns_start (guint64 seed)
{
  turns_random = (Random){ seed };
  turns.names = random_fork (&turns_random);
  turns.now = G_USEC_PER_SEC;
  turns.n_calls = 0;
  turns_n_faults = 0;
  turns.calls = g_sequence_new (NULL);
  turns.timers = g_array_new (FALSE, FALSE, sizeof (Timer));
  g_array_set_clear_func (turns.timers, clear_timer);
  turns.strands = g_ptr_array_new_with_free_func (g_free);
  if (turns.programs[0].context == NULL)
    sem_init (&turns.main, 0, 0);
  for (guint i = 0; i < TURNS_PROGRAMS_MAX; i++)
    turns.programs[i] = (Program){ g_main_context_new (), FALSE };
  turns.is_on = TRUE;
}

void
turns_stop (void)
{
  turns.is_on = FALSE;
  for (guint i = 0; i < TURNS_PROGRAMS_MAX; i++)
    g_main_context_unref (turns.programs[i].context);
  g_sequence_foreach (turns.calls, (GFunc) (void (*) (void)) call_free, NULL);
  g_sequence_free (turns.calls);
  g_array_unref (turns.timers);
  g_ptr_array_unref (turns.strands);
}
