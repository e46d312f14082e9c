/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Why no HTTP library: libsoup 3.2 reads interim answers without returning to the main context, so
 * that a server holds the thread of all clients of an IBBXmppWorker. Its WebSocket has no bound for
 * its queue, does not tell when a message has left, and reads without a limit. With the connections
 * of this library the rules for certificates and proxies are the same as over TCP, by the same
 * code.
 */

#include "config.h"

#include "xmpp/reach/http-request.h"

#include <string.h>

#define READ_SIZE 4096

typedef struct
{
  GIOStream     *io;
  char          *text;
  IBBHttpReader *reader; /* (owned) (nullable): until it is returned */
  char           buffer[READ_SIZE];
  gboolean       is_over;
} HttpRequest;

static void
http_request_free (gpointer data)
{
  HttpRequest *self = data;

  g_object_unref (self->io);
  g_free (self->text);
  g_clear_pointer (&self->reader, ibb_http_reader_free);
  g_free (self);
}

/* Defined below: an answer comes in any number of pieces. */
static void read_more (GTask *task);

static void
take (GTask *task, gsize length)
{
  HttpRequest *self = g_task_get_task_data (task);
  const char  *data = self->buffer;
  GError      *error = NULL;
  gboolean     fine = length > 0 ? ibb_http_reader_feed (self->reader, &data, &length, &error)
                                 : ibb_http_reader_end (self->reader, &error);

  if (!fine)
    g_task_return_error (task, error);
  else if (ibb_http_reader_is_done (self->reader))
    {
      self->is_over = length == 0;
      g_task_return_pointer (task, g_steal_pointer (&self->reader),
                             (GDestroyNotify) ibb_http_reader_free);
    }
  else
    read_more (task);
}

static void
read_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError           *error = NULL;
  gssize            n = g_input_stream_read_finish (G_INPUT_STREAM (object), result, &error);

  if (n < 0)
    g_task_return_error (task, error);
  else
    take (task, (gsize) n);
}

static void
read_more (GTask *task)
{
  HttpRequest *self = g_task_get_task_data (task);

  g_input_stream_read_async (g_io_stream_get_input_stream (self->io), self->buffer, READ_SIZE,
                             G_PRIORITY_DEFAULT, g_task_get_cancellable (task), read_cb,
                             g_object_ref (task));
}

static void
write_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError           *error = NULL;

  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (object), result, NULL, &error))
    read_more (task);
  else
    g_task_return_error (task, error);
}

void
ibb_http_request_async (GIOStream          *io,
                        const char         *text,
                        gsize               max_body,
                        GCancellable       *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer            user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  HttpRequest      *self = g_new0 (HttpRequest, 1);

  g_task_set_source_tag (task, ibb_http_request_async);
  g_task_set_name (task, "[ibb-glib] HTTP request");
  g_task_set_task_data (task, self, http_request_free);
  self->io = g_object_ref (io);
  self->text = g_strdup (text);
  self->reader = ibb_http_reader_new (max_body);

  g_output_stream_write_all_async (g_io_stream_get_output_stream (io), self->text,
                                   strlen (self->text), G_PRIORITY_DEFAULT, cancellable, write_cb,
                                   g_object_ref (task));
}

IBBHttpReader *
ibb_http_request_finish (GAsyncResult *result, gboolean *is_over, GError **error)
{
  HttpRequest *self = g_task_get_task_data (G_TASK (result));

  *is_over = self->is_over;
  return g_task_propagate_pointer (G_TASK (result), error);
}
