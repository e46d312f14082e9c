/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "base/thread.h"

#include "base/source.h"

/* What the thread runs, for one IBBThread or for several. */
typedef struct
{
  gatomicrefcount ref_count; /* each IBBThread has one; they are dropped on the thread */
  GMainContext   *context;
  GMainLoop      *loop;
} Runner;

struct _IBBThread
{
  Runner *runner;

  guint n_holds; /* on the thread only; one until it quits */

  /* set before the thread is told to quit */
  gpointer       data;
  GDestroyNotify data_free; /* (nullable) */
};

static void
runner_free (Runner *self)
{
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_free (self);
}

static gpointer
run (gpointer data)
{
  Runner *self = data;

  g_main_context_push_thread_default (self->context);
  g_main_loop_run (self->loop);
  g_main_context_pop_thread_default (self->context);
  runner_free (self);
  return NULL;
}

static IBBThread *
create (Runner *runner)
{
  IBBThread *self = g_new0 (IBBThread, 1);

  self->runner = runner;
  self->n_holds = 1;
  return self;
}

IBBThread *
ibb_thread_try_new (const char *name, GError **error)
{
  Runner  *runner = g_new0 (Runner, 1);
  GThread *thread;

  g_atomic_ref_count_init (&runner->ref_count);
  runner->context = g_main_context_new ();
  runner->loop = g_main_loop_new (runner->context, FALSE);
  thread = g_thread_try_new (name, run, runner, error);
  if (thread == NULL)
    {
      runner_free (runner);
      return NULL;
    }
  /* Nobody joins the thread: its owner may be freed on this very thread, or with a lock that the
   * thread needs. */
  g_thread_unref (thread);
  return create (runner);
}

IBBThread *
ibb_thread_new (const char *name)
{
  g_autoptr (GError) error = NULL;
  IBBThread         *self = ibb_thread_try_new (name, &error);

  if (self == NULL)
    g_error ("%s", error->message);
  return self;
}

IBBThread *
ibb_thread_new_beside (IBBThread *other)
{
  g_atomic_ref_count_inc (&other->runner->ref_count);

  return create (other->runner);
}

GMainContext *
ibb_thread_get_context (IBBThread *self)
{
  return self->runner->context;
}

void
ibb_thread_invoke (IBBThread *self, GSourceFunc function, gpointer data, GDestroyNotify data_free)
{
  /* The thread may have ended before this function returns, and a source uses its context when it
   * is freed. */
  g_autoptr (GMainContext) context = g_main_context_ref (self->runner->context);

  g_source_unref (ibb_source_attach (g_idle_source_new (), context, "[ibb-glib] invoke", function,
                                     data, data_free));
}

/* Runs when nothing further up the stack uses the data any more. */
static gboolean
end_cb (gpointer user_data)
{
  IBBThread *self = user_data;

  if (self->data_free != NULL)
    self->data_free (self->data);
  if (g_atomic_ref_count_dec (&self->runner->ref_count))
    g_main_loop_quit (self->runner->loop);
  g_free (self);

  return G_SOURCE_REMOVE;
}

void
ibb_thread_hold (IBBThread *self)
{
  self->n_holds++;
}

void
ibb_thread_release (IBBThread *self)
{
  if (--self->n_holds == 0)
    ibb_thread_invoke (self, end_cb, self, NULL);
}

static gboolean
quit_cb (gpointer user_data)
{
  ibb_thread_release (user_data);
  return G_SOURCE_REMOVE;
}

void
ibb_thread_quit (IBBThread *self, gpointer data, GDestroyNotify data_free)
{
  self->data = data;
  self->data_free = data_free;
  ibb_thread_invoke (self, quit_cb, self, NULL);
}
