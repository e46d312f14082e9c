/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/session/probe.h"

#include "tool/account/source.h"
#include "tool/session/pair.h"
#include "tool/session/session.h"

#include <errno.h>

#define TIME 6                      /* s */
#define START (G_USEC_PER_SEC * 2)  /* µs: servers let so much pass before their limit holds */
#define MAX_SIZE (32 * 1024 * 1024) /* bytes */
#define STEP_SIZE (16 * 1024)

typedef struct
{
  IBBTransport *transport;
  GCancellable *cancellable;
} Sender;

static gpointer
sender_thread (gpointer data)
{
  Sender            *self = data;
  GOutputStream     *sink = g_io_stream_get_output_stream (G_IO_STREAM (self->transport));
  g_autofree guint8 *step = g_malloc0 (STEP_SIZE);

  while (g_output_stream_write_all (sink, step, STEP_SIZE, NULL, self->cancellable, NULL))
    ;
  return NULL;
}

/* Reads until the time is over. What came at first does not count, if there was more. */
static gboolean
count (IBBTransport *transport, GCancellable *cancellable, guint64 *rate, GError **error)
{
  GInputStream      *source = g_io_stream_get_input_stream (G_IO_STREAM (transport));
  g_autofree guint8 *step = g_malloc (STEP_SIZE);
  gint64             begin = g_get_monotonic_time ();
  gint64             since = begin;
  guint64            received = 0;
  guint64            first = 0;
  GError            *seen = NULL;
  gint64             elapsed;
  gssize             n;

  while (received < MAX_SIZE &&
         (n = g_input_stream_read (source, step, STEP_SIZE, cancellable, &seen)) > 0)
    {
      received += (guint64) n;
      if (since == begin && g_get_monotonic_time () - begin >= START)
        {
          since = g_get_monotonic_time ();
          first = received;
        }
    }
  elapsed = MAX (g_get_monotonic_time () - since, 1);
  *rate = (guint64) ((double) (received - first) * G_USEC_PER_SEC / (double) elapsed);
  if (seen != NULL && !g_error_matches (seen, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_propagate_error (error, seen);
      return FALSE;
    }
  g_clear_error (&seen);
  return TRUE;
}

static gboolean
measure (ToolRun *run, ToolPair *pair, guint64 *rate, GError **error)
{
  GCancellable            *interrupt = tool_run_get_cancellable (run);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GSource                 *timeout = tool_source_cancel_after (TIME, "[ibb] measure", cancellable);
  Sender                   sender = { pair->near, cancellable };
  GThread                 *thread;
  gulong                   handler;
  gboolean                 counted;

  handler = tool_run_connect (run, cancellable);
  thread = g_thread_new ("sender", sender_thread, &sender);
  counted = count (pair->far, cancellable, rate, error);
  g_cancellable_cancel (cancellable);
  g_thread_join (thread);
  g_cancellable_disconnect (interrupt, handler);
  tool_source_clear (&timeout);
  return counted && !g_cancellable_set_error_if_cancelled (interrupt, error);
}

gboolean
tool_probe_rate (
    ToolRun *run, IBBXmppClient *near, IBBXmppClient *far, guint64 *rate, GError **error)
{
  const ToolOptions     *options = tool_run_get_options (run);
  g_autoptr (IBBService) near_service = NULL;
  g_autoptr (IBBService) far_service = NULL;
  g_autofree char       *near_jid = ibb_connection_dup_local_jid (IBB_CONNECTION (near));
  g_autofree char       *far_jid = ibb_connection_dup_local_jid (IBB_CONNECTION (far));
  g_auto (ToolPair)      pair = { NULL };
  gboolean               measured;

  if (near_jid == NULL || far_jid == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                           g_strerror (ECONNRESET));
      return FALSE;
    }
  near_service = tool_session_new_service (IBB_CONNECTION (near), options, FALSE);
  far_service = tool_session_new_service (IBB_CONNECTION (far), options, FALSE);
  if (!tool_pair_open (&pair, run, near_service, near_jid, far_service, far_jid, error))
    return FALSE;
  measured = measure (run, &pair, rate, error);
  tool_run_set_transport (run, NULL);
  ibb_transport_abort (pair.near);
  ibb_transport_abort (pair.far);
  return measured;
}
