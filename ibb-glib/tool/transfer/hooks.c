/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/transfer/hooks.h"

#include "tool/account/source.h"
#include "tool/session/descriptors.h"
#include "tool/words/report.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <unistd.h>

#define RUNNING_MAX 4   /* at a time */
#define WAITING_MAX 100 /* files, before no more are taken */
#define RUN_TIMEOUT 600 /* s */
#define END_TIMEOUT 5   /* s after a signal, for all */
#define KILL_TIMEOUT 2  /* s after SIGTERM, before SIGKILL */

struct _ToolHooks
{
  char    *command;
  GQueue   waiting; /* (element-type Hook) */
  GQueue   running; /* (element-type Hook) */
  gboolean has_failed;
  GSource *end; /* (owned) (nullable) */
};

typedef struct
{
  ToolHooks   *hooks;
  char        *path;
  char        *peer;
  guint64      size;
  GSubprocess *process; /* (owned) (nullable) */
  GSource     *timer;   /* (owned) (nullable) */
  gboolean     is_ended;
} Hook;

static void
hook_free (gpointer data)
{
  Hook *hook = data;

  tool_source_clear (&hook->timer);
  g_clear_object (&hook->process);
  g_free (hook->path);
  g_free (hook->peer);
  g_free (hook);
}

/* Takes the error. */
static void
report (Hook *hook, GError *error)
{
  g_autofree char *name = g_filename_display_basename (hook->path);

  hook->hooks->has_failed = TRUE;
  tool_report_one_file_error (error, hook->peer, name);
  g_error_free (error);
}

/* What the command has started belongs to its process group. */
static void
signal_group (Hook *hook, int number)
{
  const char *pid = g_subprocess_get_identifier (hook->process);

  if (pid != NULL)
    kill (-(pid_t) g_ascii_strtoll (pid, NULL, 10), number);
}

static gboolean
kill_cb (gpointer data)
{
  signal_group (data, SIGKILL);
  return G_SOURCE_REMOVE;
}

static void
set_timer (Hook *hook, guint seconds, GSourceFunc function)
{
  tool_source_clear (&hook->timer);
  hook->timer = tool_source_attach (g_timeout_source_new_seconds (seconds), NULL, "[ibb] hook",
                                    function, hook);
}

static gboolean
late_cb (gpointer data)
{
  Hook *hook = data;

  if (hook->is_ended)
    return G_SOURCE_REMOVE; /* its time until SIGKILL runs already */
  hook->is_ended = TRUE;
  signal_group (hook, SIGTERM);
  set_timer (hook, KILL_TIMEOUT, kill_cb);
  return G_SOURCE_REMOVE;
}

/* Returns why the command did not succeed, or NULL. */
static GError *
new_error (Hook *hook)
{
  if (hook->is_ended)
    return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                                _ ("The command of --on-received took too long, and was ended"));
  if (g_subprocess_get_if_signaled (hook->process))
    return g_error_new (G_IO_ERROR, G_IO_ERROR_FAILED,
                        _ ("Signal %d ended the command of --on-received"),
                        g_subprocess_get_term_sig (hook->process));
  if (g_subprocess_get_exit_status (hook->process) != 0)
    return g_error_new (G_IO_ERROR, G_IO_ERROR_FAILED,
                        _ ("The command of --on-received failed with status %d"),
                        g_subprocess_get_exit_status (hook->process));
  return NULL;
}

static void start_next (ToolHooks *self);

static void
ended_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  Hook      *hook = data;
  ToolHooks *self = hook->hooks;
  GError    *error;

  g_subprocess_wait_finish (hook->process, result, NULL);
  error = new_error (hook);
  if (error != NULL)
    report (hook, error);
  g_queue_remove (&self->running, hook);
  hook_free (hook);
  start_next (self);
}

/* Between fork () and exec (). */
static void
child_setup (gpointer data)
{
  setpgid (0, 0);
  tool_descriptors_restore ();
  /* The command ignores them, and a child would, too. */
  signal (SIGPIPE, SIG_DFL);
  signal (SIGXFSZ, SIG_DFL);
}

static gboolean
start (Hook *hook, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autofree char                *size = g_strdup_printf ("%" G_GUINT64_FORMAT, hook->size);
  int                             output = dup (STDERR_FILENO); /* standard output is for --json */

  if (output < 0)
    {
      g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (errno), g_strerror (errno));
      return FALSE;
    }
  g_subprocess_launcher_setenv (launcher, "IBB_FILE", hook->path, TRUE);
  g_subprocess_launcher_setenv (launcher, "IBB_PEER", hook->peer, TRUE);
  g_subprocess_launcher_setenv (launcher, "IBB_SIZE", size, TRUE);
  g_subprocess_launcher_unsetenv (launcher, "IBB_PASSWORD");
  g_subprocess_launcher_unsetenv (launcher, "NOTIFY_SOCKET");
  g_subprocess_launcher_set_child_setup (launcher, child_setup, NULL, NULL);
  g_subprocess_launcher_take_stdout_fd (launcher, output);
  hook->process =
      g_subprocess_launcher_spawn (launcher, error, "/bin/sh", "-c", hook->hooks->command, NULL);
  if (hook->process == NULL)
    return FALSE;
  set_timer (hook, RUN_TIMEOUT, late_cb);
  g_subprocess_wait_async (hook->process, NULL, ended_cb, hook);
  return TRUE;
}

static void
start_next (ToolHooks *self)
{
  while (self->running.length < RUNNING_MAX && !g_queue_is_empty (&self->waiting))
    {
      Hook   *hook = g_queue_pop_head (&self->waiting);
      GError *error = NULL;

      if (start (hook, &error))
        {
          g_queue_push_tail (&self->running, hook);
          continue;
        }
      report (hook, error);
      hook_free (hook);
    }
}

ToolHooks *
tool_hooks_new (const char *command)
{
  ToolHooks *self = g_new0 (ToolHooks, 1);

  self->command = g_strdup (command);
  return self;
}

/* After tool_hooks_finish (). */
void
tool_hooks_free (ToolHooks *self)
{
  g_assert (g_queue_is_empty (&self->running));

  tool_source_clear (&self->end);
  g_free (self->command);
  g_free (self);
}

gboolean
tool_hooks_is_full (ToolHooks *self)
{
  return self->waiting.length >= WAITING_MAX;
}

void
tool_hooks_run (ToolHooks *self, const char *path, const char *peer, guint64 size)
{
  Hook *hook = g_new0 (Hook, 1);

  hook->hooks = self;
  hook->path = g_strdup (path);
  hook->peer = g_strdup (peer);
  hook->size = size;
  g_queue_push_tail (&self->waiting, hook);
  start_next (self);
}

static gboolean
end_cb (gpointer data)
{
  ToolHooks *self = data;
  Hook      *hook;

  while ((hook = g_queue_pop_head (&self->waiting)) != NULL)
    {
      report (hook, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                         _ ("The command of --on-received was not run, as this "
                                            "program was stopped")));
      hook_free (hook);
    }
  for (GList *l = self->running.head; l != NULL; l = l->next)
    late_cb (l->data);
  return G_SOURCE_REMOVE;
}

static gboolean
signal_cb (gpointer data)
{
  end_cb (data);
  return G_SOURCE_CONTINUE;
}

gboolean
tool_hooks_finish (ToolHooks *self, gboolean is_stopped)
{
  static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
  guint            ids[G_N_ELEMENTS (numbers)] = { 0 };

  if (is_stopped)
    self->end = tool_source_attach (g_timeout_source_new_seconds (END_TIMEOUT), NULL, "[ibb] hooks",
                                    end_cb, self);
  for (gsize i = 0; !is_stopped && i < G_N_ELEMENTS (numbers); i++)
    ids[i] = g_unix_signal_add (numbers[i], signal_cb, self);
  while (!g_queue_is_empty (&self->running))
    g_main_context_iteration (NULL, TRUE);
  for (gsize i = 0; !is_stopped && i < G_N_ELEMENTS (numbers); i++)
    g_source_remove (ids[i]);
  return !self->has_failed;
}
