/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* g_io_stream_splice () is not used: it has no half-close (D-39), and to its sink a source that
 * broke looks like one that has ended. */

#include "config.h"

#include "tool/account/source.h"
#include "tool/relay/join.h"
#include "tool/relay/socket.h"
#include "tool/session/confirm.h"
#include "tool/session/secure.h"
#include "tool/session/session.h"
#include "tool/session/stream.h"

#include <glib/gi18n.h>
#include <sys/socket.h>

/* Bytes of a connection in each direction, beside the buffers of the system and of the session.
 * Nothing more is read until they are written. */
#define BUFFER_SIZE (32 * 1024)

typedef struct _Join Join;

typedef struct
{
  Join          *join;
  GInputStream  *source; /* the connection's or the session's */
  GOutputStream *sink;   /* the other's */
  gboolean       to_peer;
  guint64        n_moved;
  gboolean       over;
  guint8         buffer[BUFFER_SIZE];
} Way;

struct _Join
{
  GTask             *task;       /* (owned) until it returns */
  IBBTransport      *transport;  /* (owned) */
  GSocketConnection *connection; /* (owned) */
  GSocket           *socket;     /* connection's */
  GSource           *hang_up;    /* (owned) */
  gulong             ended;
  guint              pending;    /* operations */
  gboolean           confirming; /* both ways are over */
  GError            *error;      /* the first one */
  Way                out;
  Way                in;
};

static void way_read (Way *way);

static void
join_free (gpointer data)
{
  Join *join = data;

  g_source_unref (join->hang_up);
  g_clear_signal_handler (&join->ended, join->transport);
  g_clear_error (&join->error);
  g_object_unref (join->connection);
  g_object_unref (join->transport);
  g_free (join);
}

static void
complete (Join *join)
{
  g_autoptr (GTask) task = g_steal_pointer (&join->task);

  g_source_destroy (join->hang_up);
  tool_secure_forget_stream (join->transport);
  if (join->error != NULL)
    {
      tool_socket_reset (join->connection);
      g_task_return_error (task, g_steal_pointer (&join->error));
    }
  else
    {
      g_socket_close (join->socket, NULL);
      g_task_return_boolean (task, TRUE);
    }
}

/* Ends both ways at once; takes error. */
static void
fail (Join *join, GError *error)
{
  if (join->error == NULL)
    join->error = error;
  else
    g_error_free (error);
  g_cancellable_cancel (g_task_get_cancellable (join->task));
  tool_session_abort (join->transport, join->error);
}

static void
fail_by_socket (Join *join, GError *error)
{
  g_autofree char *peer = ibb_transport_dup_peer_jid (join->transport);

  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_prefix_error (&error, /* Translators: a reason follows */
                    _ ("The socket of the session with “%s” broke: "), peer);
  fail (join, error);
}

/* Takes seen. */
static void
fail_by_transport (Join *join, GError *seen)
{
  GError *error = NULL;

  tool_stream_set_error (&error, join->transport, seen);
  fail (join, error);
}

static void
way_fail (Way *way, gboolean reading, GError *error)
{
  if (way->to_peer == reading)
    fail_by_socket (way->join, error);
  else
    fail_by_transport (way->join, error);
}

static void
closed_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Join   *join = data;
  GError *error = NULL;

  join->pending--;
  if (!g_io_stream_close_finish (G_IO_STREAM (source), result, &error))
    fail_by_transport (join, error);
  complete (join);
}

static void
confirmed_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Join   *join = data;
  GError *error = NULL;

  if (tool_confirm_finish (IBB_TRANSPORT (source), result, &error))
    {
      g_io_stream_close_async (G_IO_STREAM (source), G_PRIORITY_DEFAULT,
                               g_task_get_cancellable (join->task), closed_cb, join);
      return;
    }
  join->pending--;
  fail (join, error);
  complete (join);
}

/* Called at the end of each operation. */
static void
proceed (Join *join)
{
  if (join->pending > 0)
    return;
  if (join->error != NULL)
    complete (join);
  else if (join->out.over && join->in.over)
    {
      join->pending++;
      join->confirming = TRUE;
      tool_confirm_async (join->transport, join->in.n_moved > 0, join->out.n_moved > 0,
                          g_task_get_cancellable (join->task), confirmed_cb, join);
    }
}

static void
shut_down_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Way    *way = data;
  GError *error = NULL;

  way->join->pending--;
  if (ibb_transport_shutdown_output_finish (IBB_TRANSPORT (source), result, &error))
    way->over = TRUE;
  else
    way_fail (way, FALSE, error);
  proceed (way->join);
}

/* The end of TLS is on its way; that of the session follows the receipt. */
static void
tls_ended_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Way    *way = data;
  GError *error = NULL;

  way->join->pending--;
  if (g_output_stream_close_finish (G_OUTPUT_STREAM (source), result, &error))
    way->over = TRUE;
  else
    way_fail (way, FALSE, error);
  proceed (way->join);
}

/* Passes the end of the source on to the sink. */
static void
way_end (Way *way)
{
  Join   *join = way->join;
  GError *error = NULL;

  if (way->to_peer)
    {
      join->pending++;
      if (IBB_IS_TRANSPORT (tool_secure_get_stream (join->transport)))
        ibb_transport_shutdown_output_async (join->transport, g_task_get_cancellable (join->task),
                                             shut_down_cb, way);
      else
        g_output_stream_close_async (way->sink, G_PRIORITY_DEFAULT,
                                     g_task_get_cancellable (join->task), tls_ended_cb, way);
    }
  else if (g_socket_shutdown (join->socket, FALSE, TRUE, &error))
    way->over = TRUE;
  else
    way_fail (way, FALSE, error);
}

static void
written_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Way    *way = data;
  GError *error = NULL;

  way->join->pending--;
  if (!g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &error))
    way_fail (way, FALSE, error);
  else
    way_read (way);
  proceed (way->join);
}

static void
read_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Way    *way = data;
  GError *error = NULL;
  gssize  n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);

  way->join->pending--;
  if (n > 0)
    {
      way->n_moved += (guint64) n;
      way->join->pending++;
      g_output_stream_write_all_async (way->sink, way->buffer, (gsize) n, G_PRIORITY_DEFAULT,
                                       g_task_get_cancellable (way->join->task), written_cb, way);
    }
  else if (n == 0)
    way_end (way);
  else
    way_fail (way, TRUE, error);
  proceed (way->join);
}

static void
way_read (Way *way)
{
  way->join->pending++;
  g_input_stream_read_async (way->source, way->buffer, BUFFER_SIZE, G_PRIORITY_DEFAULT,
                             g_task_get_cancellable (way->join->task), read_cb, way);
}

/* Notices a reset even while nothing is read, because the session is full, or because the client
 * has ended its direction. */
static gboolean
hang_up_cb (GSocket *socket, GIOCondition condition, gpointer data)
{
  Join *join = data;
  int   failure = 0;

  if (join->task != NULL && g_socket_get_option (socket, SOL_SOCKET, SO_ERROR, &failure, NULL) &&
      failure != 0)
    {
      fail_by_socket (join, g_error_new_literal (G_IO_ERROR, g_io_error_from_errno (failure),
                                                 g_strerror (failure)));
      proceed (join);
    }
  /* Otherwise both directions have ended in good order, or a read or write has met the error. */
  return G_SOURCE_REMOVE;
}

/* While something is read from the session, the read meets the error, after the bytes before it;
 * and so does the confirmation. */
static void
error_cb (IBBTransport *transport, GParamSpec *pspec, gpointer data)
{
  Join              *join = data;
  g_autoptr (GError) error = ibb_transport_dup_error (transport);

  if (error == NULL || !join->in.over || join->confirming || join->task == NULL)
    return;
  fail (join, g_steal_pointer (&error));
  proceed (join);
}

static void
way_init (Way *way, Join *join, GIOStream *source, GIOStream *sink)
{
  way->join = join;
  way->source = g_io_stream_get_input_stream (source);
  way->sink = g_io_stream_get_output_stream (sink);
  way->to_peer = sink != G_IO_STREAM (join->connection);
}

/* At the end of the task the session and the connection have ended, too: in good order if both
 * directions have, else by an abort and a reset. The cancellable is required; the first error
 * cancels it. */
void
tool_join_async (IBBTransport       *transport,
                 GSocketConnection  *connection,
                 GCancellable       *cancellable,
                 GAsyncReadyCallback callback,
                 gpointer            user_data)
{
  Join *join = g_new0 (Join, 1);

  join->task = g_task_new (transport, cancellable, callback, user_data);
  g_task_set_source_tag (join->task, tool_join_async);
  /* The error of the join says more than that it was cancelled. */
  g_task_set_check_cancellable (join->task, FALSE);
  g_task_set_task_data (join->task, join, join_free);
  join->transport = g_object_ref (transport);
  join->connection = g_object_ref (connection);
  join->socket = g_socket_connection_get_socket (connection);
  way_init (&join->out, join, G_IO_STREAM (connection), tool_secure_get_stream (transport));
  way_init (&join->in, join, tool_secure_get_stream (transport), G_IO_STREAM (connection));

  join->ended = g_signal_connect (transport, "notify::error", G_CALLBACK (error_cb), join);
  join->hang_up = tool_source_attach (
      g_socket_create_source (join->socket, G_IO_ERR | G_IO_HUP, NULL),
      g_main_context_get_thread_default (), "[ibb] hang-up", G_SOURCE_FUNC (hang_up_cb), join);

  way_read (&join->in);
  way_read (&join->out);
}

/* sent, received: (out): bytes of the connection; encrypted, the session carries more. */
gboolean
tool_join_finish (
    IBBTransport *transport, GAsyncResult *result, guint64 *sent, guint64 *received, GError **error)
{
  const Join *join;

  g_return_val_if_fail (g_task_is_valid (result, transport), FALSE);

  join = g_task_get_task_data (G_TASK (result));
  *sent = join->out.n_moved;
  *received = join->in.n_moved;
  return g_task_propagate_boolean (G_TASK (result), error);
}
