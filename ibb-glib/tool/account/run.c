/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/account/run.h"
#include "tool/account/source.h"
#include "tool/words/exit-status.h"
#include "tool/words/notify.h"
#include "tool/words/output.h"
#include "tool/words/progress.h"
#include "tool/words/report.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <unistd.h>

#define TICK_INTERVAL 200 /* ms */
/* After this time the user is told what the command waits for. */
#define WAIT_NOTICE 3000 /* ms */
/* How long the work may take to stop. After that the command ends without it. */
#define STOP_TIMEOUT 5000 /* ms */
/* How long the work may go on by itself when the program that started the command is gone: ssh
 * closes both ends of its proxy command and sends this signal in the same moment. */
#define HANG_UP_TIMEOUT 2000 /* ms */
/* A second signal after this time ends the command at once. timeout(1), for example, sends two
 * signals together: to the command and to its group. */
#define IMPATIENCE (G_USEC_PER_SEC)

static int is_stopping; /* atomic */

struct _ToolRun
{
  const ToolOptions *options;     /* immutable */
  GCancellable      *cancellable; /* immutable */
  ToolRunFunc        func;        /* immutable */
  gpointer           data;        /* immutable */
  GMainLoop         *loop;        /* immutable */

  gboolean succeeded; /* the worker's until it ends */
  int      failure;   /* the worker's until it ends; the exit status if it does not succeed */
  GError  *error;     /* the worker's until it ends */

  int      signal;         /* main thread only; the one that interrupted the work, 0: none */
  gint64   interrupt_time; /* main thread only; µs */
  gboolean timed_out;      /* main thread only */
  guint    stop_id;        /* main thread only */
  guint    hang_up_id;     /* main thread only */

  int signal_is_end; /* atomic */

  GMutex        lock;
  char         *phase;       /* protected by lock */
  gboolean      goes_on;     /* protected by lock; after an interruption, a later transfer does */
  gint64        limit;       /* protected by lock; µs without progress, 0: any */
  gint64        last_change; /* protected by lock */
  guint64       last_count;  /* protected by lock */
  IBBTransport *transport;   /* protected by lock; (owned) */
  ToolProgress *progress;    /* protected by lock; (owned) */
  ToolDirection direction;   /* protected by lock */
  guint64       n_bytes;     /* protected by lock */
  guint64       n_beside;    /* protected by lock */
  char         *temporary;   /* protected by lock */
  GSource      *tick;        /* protected by lock; (owned), NULL when nobody needs it */
  GSource      *notice;      /* protected by lock; (owned) (nullable) */
  char         *peer;        /* protected by lock; (nullable): whom the error is about */
  char         *name;        /* protected by lock; (nullable): and which file */
};

static GError *
make_plain_error_locked (ToolRun *self)
{
  if (self->signal != 0)
    return g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                        /* Translators: %s is the name of a step, a phrase of its own, such as:
                           logging in as “a@b” */
                        _ ("Interrupted. The step was: %s"), self->phase);
  return g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                      /* Translators: a number of seconds, and the name of a step, a phrase of its
                         own, such as: logging in as “a@b” */
                      _ ("Gave up, as nothing happened for %g s. The step was: %s"),
                      (double) self->limit / G_USEC_PER_SEC, self->phase);
}

gboolean
tool_run_is_stopping (void)
{
  return g_atomic_int_get (&is_stopping);
}

static GError *
make_error_locked (ToolRun *self)
{
  g_autoptr (GError) error = make_plain_error_locked (self);

  return self->goes_on ? tool_report_add_remedy (error) : g_steal_pointer (&error);
}

/* status is TOOL_EXIT_SIGNAL and the number of a signal. Ends the process by that signal. From a
 * normal exit a shell would conclude that the command has dealt with the interruption, and would go
 * on with its loop. */
void
tool_run_exit_by_signal (int status)
{
  int number = status - TOOL_EXIT_SIGNAL;

  tool_output_check ();
  signal (number, SIG_DFL);
  raise (number);
}

/* The work has not stopped in time: ends without it, but removes its temporary file. */
static gboolean
stop_timeout_cb (gpointer data)
{
  ToolRun           *self = data;
  g_autoptr (GError) error = NULL;

  g_mutex_lock (&self->lock);
  if (self->temporary != NULL)
    unlink (self->temporary);
  error = make_error_locked (self);
  g_mutex_unlock (&self->lock);
  if (self->signal != 0 && g_atomic_int_get (&self->signal_is_end))
    {
      tool_output_check ();
      _exit (TOOL_EXIT_DONE);
    }
  tool_report_error (error);
  if (self->signal != 0)
    tool_run_exit_by_signal (TOOL_EXIT_SIGNAL + self->signal);
  tool_output_check ();
  _exit (TOOL_EXIT_FAILED);
}

static void
stop (ToolRun *self)
{
  if (self->stop_id == 0)
    self->stop_id = g_timeout_add (STOP_TIMEOUT, stop_timeout_cb, self);
  g_atomic_int_set (&is_stopping, TRUE);
  tool_notify_stopping ();
  g_cancellable_cancel (self->cancellable);
}

static void
interrupt (ToolRun *self, int number)
{
  gint64 now = g_get_monotonic_time ();

  if (self->signal != 0 && now - self->interrupt_time >= IMPATIENCE)
    stop_timeout_cb (self);
  if (self->signal != 0)
    return;
  if (!self->timed_out)
    self->signal = number;
  self->interrupt_time = now;
  stop (self);
}

static gboolean
interrupt_cb (gpointer data)
{
  interrupt (data, SIGINT);
  return G_SOURCE_CONTINUE;
}

static gboolean
terminate_cb (gpointer data)
{
  interrupt (data, SIGTERM);
  return G_SOURCE_CONTINUE;
}

static gboolean
ignore_cb (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

static gboolean
hang_up_timeout_cb (gpointer data)
{
  ToolRun *self = data;

  self->hang_up_id = 0;
  if (self->signal == 0)
    interrupt (self, SIGHUP);
  return G_SOURCE_REMOVE;
}

static gboolean
hang_up_cb (gpointer data)
{
  ToolRun *self = data;

  if (self->hang_up_id == 0)
    self->hang_up_id = g_timeout_add (HANG_UP_TIMEOUT, hang_up_timeout_cb, self);
  return G_SOURCE_CONTINUE;
}

static gboolean
tick_cb (gpointer data)
{
  ToolRun *self = data;
  gint64   now = g_get_monotonic_time ();
  gboolean late;

  g_mutex_lock (&self->lock);
  if (self->transport != NULL)
    {
      g_autoptr (IBBStatistics) statistics = ibb_transport_dup_statistics (self->transport);
      gboolean                  sends = self->direction == TOOL_DIRECTION_SEND;
      guint64                   count =
          statistics->bytes_acknowledged + statistics->bytes_received + statistics->bytes_queued;
      guint64 moved = sends ? statistics->bytes_acknowledged : statistics->bytes_received;

      if (count != self->last_count)
        self->last_change = now;
      self->last_count = count;
      if (self->progress != NULL)
        tool_progress_update (self->progress,
                              MIN (moved - MIN (moved, self->n_beside), self->n_bytes),
                              sends ? statistics->send_rate : statistics->receive_rate);
    }
  late = self->limit > 0 && now - self->last_change >= self->limit;
  g_mutex_unlock (&self->lock);
  if (late && self->signal == 0 && !self->timed_out)
    {
      self->timed_out = TRUE;
      stop (self);
    }
  return G_SOURCE_CONTINUE;
}

/* The timer runs only while something needs it: a command that waits for days for a session
 * sleeps. */
static void
update_tick_locked (ToolRun *self)
{
  gboolean needed = self->limit > 0 || self->progress != NULL;
  guint    interval = TICK_INTERVAL;

  tool_source_clear (&self->tick);
  if (!needed)
    return;
  if (self->limit > 0)
    interval = (guint) CLAMP (self->limit / 4000, 10, TICK_INTERVAL);
  self->tick =
      tool_source_attach (g_timeout_source_new (interval), NULL, "[ibb] tick", tick_cb, self);
}

static gboolean
notice_cb (gpointer data)
{
  ToolRun         *self = data;
  g_autofree char *phase = NULL;

  /* The command waits for its own user, and for the other end later. */
  if (tool_output_has_question ())
    return G_SOURCE_CONTINUE;
  g_mutex_lock (&self->lock);
  if (!g_source_is_destroyed (g_main_current_source ()))
    phase = g_strdup (self->phase);
  g_mutex_unlock (&self->lock);
  if (phase != NULL)
    tool_report_wait (phase);
  return G_SOURCE_REMOVE;
}

static gboolean
finished_cb (gpointer data)
{
  g_main_loop_quit (data);
  return G_SOURCE_REMOVE;
}

static gpointer
run_thread (gpointer data)
{
  ToolRun *self = data;

  self->succeeded = self->func (self, self->data, &self->error);
  g_idle_add (finished_cb, self->loop);
  return NULL;
}

/* Runs func in a thread until it ends, a signal comes, or nothing happens for too long. Prints the
 * error, if there is one. Returns the exit status, or TOOL_EXIT_SIGNAL and the number of a signal.
 */
int
tool_run (const ToolOptions *options, ToolRunFunc func, gpointer data)
{
  guint    signal_ids[3];
  ToolRun  self = { .options = options, .func = func, .data = data, .failure = TOOL_EXIT_FAILED };
  GThread *thread;
  int      status = TOOL_EXIT_DONE;

  g_mutex_init (&self.lock);
  self.cancellable = g_cancellable_new ();
  self.loop = g_main_loop_new (NULL, FALSE);
  self.phase = g_strdup (_ ("starting"));
  signal_ids[0] = g_unix_signal_add (SIGINT, interrupt_cb, &self);
  signal_ids[1] = g_unix_signal_add (SIGTERM, terminate_cb, &self);
  signal_ids[2] = g_unix_signal_add (SIGHUP, hang_up_cb, &self);

  thread = g_thread_new ("work", run_thread, &self);
  g_main_loop_run (self.loop);
  g_thread_join (thread);

  tool_run_end_progress (&self);
  if (!self.succeeded && !(self.signal != 0 && g_atomic_int_get (&self.signal_is_end)))
    {
      if (self.signal != 0 || self.timed_out)
        {
          g_clear_error (&self.error);
          g_mutex_lock (&self.lock);
          self.error = make_error_locked (&self);
          g_mutex_unlock (&self.lock);
          self.failure = self.signal != 0 ? TOOL_EXIT_SIGNAL + self.signal : TOOL_EXIT_FAILED;
        }
      tool_report_file_error (self.error, self.peer, self.name);
      status = self.failure;
    }

  /* After a signal the process is about to end. One more signal, of two that came together for one,
   * would end it in another way if nobody handled it. */
  for (gsize i = 0; i < G_N_ELEMENTS (signal_ids); i++)
    if (self.signal != 0)
      g_source_set_callback (g_main_context_find_source_by_id (NULL, signal_ids[i]), ignore_cb,
                             NULL, NULL);
    else
      g_source_remove (signal_ids[i]);
  g_clear_handle_id (&self.hang_up_id, g_source_remove);
  g_clear_handle_id (&self.stop_id, g_source_remove);
  self.limit = 0;
  update_tick_locked (&self);
  tool_source_clear (&self.notice);
  g_clear_error (&self.error);
  g_clear_object (&self.transport);
  g_free (self.temporary);
  g_free (self.phase);
  g_free (self.peer);
  g_free (self.name);
  g_main_loop_unref (self.loop);
  g_object_unref (self.cancellable);
  g_mutex_clear (&self.lock);
  return status;
}

const ToolOptions *
tool_run_get_options (ToolRun *self)
{
  return self->options;
}

/* A signal cancels it, and so does a lack of progress. */
GCancellable *
tool_run_get_cancellable (ToolRun *self)
{
  return self->cancellable;
}

static void
cancel_cb (GCancellable *cancellable, gpointer other)
{
  g_cancellable_cancel (other);
}

/* Cancels other, too. Returns the handler, for g_cancellable_disconnect (). */
gulong
tool_run_connect (ToolRun *self, GCancellable *other)
{
  return g_cancellable_connect (self->cancellable, G_CALLBACK (cancel_cb), g_object_ref (other),
                                g_object_unref);
}

/* Whether a signal is a good end, from now on. */
void
tool_run_set_signal_is_end (ToolRun *self, gboolean is_end)
{
  g_atomic_int_set (&self->signal_is_end, is_end);
}

/* The work has found that the arguments are wrong. On the thread of the work. */
void
tool_run_set_bad_argument (ToolRun *self)
{
  self->failure = TOOL_EXIT_USAGE;
}

/* The server refused the login, and would refuse it again. On the thread of the work. */
void
tool_run_set_login_refused (ToolRun *self)
{
  self->failure = TOOL_EXIT_REFUSED;
}

static void
begin_phase_locked (ToolRun *self, const char *phase, guint timeout)
{
  double limit = self->options->timeout >= 0 ? self->options->timeout : timeout;

  g_free (self->phase);
  self->phase = g_strdup (phase);
  self->goes_on = FALSE;
  tool_source_clear (&self->notice);
  self->limit = timeout == TOOL_RUN_UNLIMITED ? 0 : (gint64) (limit * G_USEC_PER_SEC);
  self->last_change = g_get_monotonic_time ();
  update_tick_locked (self);
}

/* phase is the name of a step, for “Interrupted. The step was: …”. timeout, in seconds, holds
 * without --timeout, and 0 is no limit. With TOOL_RUN_UNLIMITED there is no limit even with
 * --timeout. */
void
tool_run_begin_phase (ToolRun *self, const char *phase, guint timeout)
{
  g_mutex_lock (&self->lock);
  begin_phase_locked (self, phase, timeout);
  g_mutex_unlock (&self->lock);
}

/* The same of a step in which a file moves, of which the receiver keeps what has come. */
void
tool_run_begin_transfer (ToolRun *self, const char *phase)
{
  g_mutex_lock (&self->lock);
  begin_phase_locked (self, phase, 0);
  self->goes_on = TRUE;
  g_mutex_unlock (&self->lock);
}

/* The same of a step in which the command waits for somebody else, and says so if that takes
 * long. */
void
tool_run_begin_wait (ToolRun *self, const char *phase, guint timeout)
{
  g_mutex_lock (&self->lock);
  begin_phase_locked (self, phase, timeout);
  self->notice = tool_source_attach (g_timeout_source_new (WAIT_NOTICE), NULL, "[ibb] notice",
                                     notice_cb, self);
  g_mutex_unlock (&self->lock);
}

/* The file that the error of the command is about; both (nullable). */
void
tool_run_set_file (ToolRun *self, const char *peer, const char *name)
{
  g_mutex_lock (&self->lock);
  g_free (self->peer);
  g_free (self->name);
  self->peer = g_strdup (peer);
  self->name = g_strdup (name);
  g_mutex_unlock (&self->lock);
}

/* From now on bytes that move on transport count as progress. */
void
tool_run_set_transport (ToolRun *self, IBBTransport *transport)
{
  g_mutex_lock (&self->lock);
  g_set_object (&self->transport, transport);
  g_mutex_unlock (&self->lock);
}

/* total is 0 when it is not known. */
void
tool_run_show_progress (ToolRun *self, const char *label, ToolDirection direction, guint64 total)
{
  if (!tool_output_is_json () && !tool_output_shows_status ())
    return;
  g_mutex_lock (&self->lock);
  self->direction = direction;
  self->progress = tool_progress_new (label, NULL, NULL, total);
  update_tick_locked (self);
  g_mutex_unlock (&self->lock);
}

/* Of a stream: how many bytes were read of what is sent, or stored of what is received, and how
 * many bytes of the session are beside these: those of the encryption. */
void
tool_run_set_moved (ToolRun *self, guint64 n_bytes, guint64 n_beside)
{
  g_mutex_lock (&self->lock);
  self->n_bytes = n_bytes;
  self->n_beside = n_beside;
  g_mutex_unlock (&self->lock);
}

void
tool_run_end_progress (ToolRun *self)
{
  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->progress, tool_progress_free);
  update_tick_locked (self);
  g_mutex_unlock (&self->lock);
}

/* The file to remove if the command has to end before the work; NULL for none. */
void
tool_run_set_temporary (ToolRun *self, const char *path)
{
  g_mutex_lock (&self->lock);
  g_free (self->temporary);
  self->temporary = g_strdup (path);
  g_mutex_unlock (&self->lock);
}
