/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "http-proxy.h"

#include <string.h>

#include "acceptor.h"

#define CHUNK 16384

struct _HttpProxy
{
  Acceptor acceptor;
  guint    target_port;

  GMutex     lock;
  GPtrArray *sockets; /* protected by lock; (element-type GSocketConnection) */
  GPtrArray *threads; /* protected by lock; (element-type GThread) */
  GString   *asked;   /* protected by lock */
};

typedef struct
{
  GSocketConnection *from;
  GSocketConnection *to;
  GCancellable      *cancellable;
} Way;

static void
cut (gpointer connection, gpointer data)
{
  g_socket_shutdown (g_socket_connection_get_socket (connection), TRUE, TRUE, NULL);
}

static gpointer
carry (gpointer data)
{
  g_autofree Way *way = data;

  g_output_stream_splice (g_io_stream_get_output_stream (G_IO_STREAM (way->to)),
                          g_io_stream_get_input_stream (G_IO_STREAM (way->from)),
                          G_OUTPUT_STREAM_SPLICE_NONE, way->cancellable, NULL);
  cut (way->from, NULL);
  cut (way->to, NULL);
  return NULL;
}

/* The port that the client has asked for; 0: it has gone. */
static guint16
read_port (HttpProxy *self, GSocketConnection *client)
{
  GInputStream       *input = g_io_stream_get_input_stream (G_IO_STREAM (client));
  g_autoptr (GString) request = g_string_new (NULL);
  g_auto (GStrv)      words = NULL;
  guint64             port;
  char                c;

  while (!g_str_has_suffix (request->str, "\r\n\r\n"))
    {
      if (g_input_stream_read (input, &c, 1, self->acceptor.cancellable, NULL) != 1)
        return 0;
      g_string_append_c (request, c);
    }
  words = g_strsplit (request->str, " ", 3);
  g_assert_cmpstr (words[0], ==, "CONNECT");
  g_mutex_lock (&self->lock);
  g_string_append_printf (self->asked, "%s ", words[1]);
  g_mutex_unlock (&self->lock);
  g_assert_true (
      g_ascii_string_to_unsigned (strrchr (words[1], ':') + 1, 10, 1, G_MAXUINT16, &port, NULL));
  return (guint16) (port == 5222 || port == 5223 || port == 443 ? self->target_port : port);
}

static void
serve_cb (GSocketConnection *client, gpointer data)
{
  HttpProxy                    *self = data;
  g_autoptr (GSocketClient)     to_server = g_socket_client_new ();
  g_autoptr (GSocketConnection) server = NULL;
  guint16                       port = read_port (self, client);
  const char                   *answer;

  if (port != 0)
    server = g_socket_client_connect_to_host (to_server, "127.0.0.1", port,
                                              self->acceptor.cancellable, NULL);
  answer = server != NULL ? "HTTP/1.0 200 OK\r\n\r\n" : "HTTP/1.0 502 Bad Gateway\r\n\r\n";
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (client)), answer,
                             strlen (answer), NULL, NULL, NULL);
  if (server == NULL)
    return;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < 2; i++)
    {
      GSocketConnection *ends[] = { client, server };
      Way                way = { ends[i], ends[1 - i], self->acceptor.cancellable };

      g_ptr_array_add (self->sockets, g_object_ref (ends[i]));
      g_ptr_array_add (self->threads,
                       g_thread_new ("http-proxy", carry, g_memdup2 (&way, sizeof way)));
    }
  g_mutex_unlock (&self->lock);
}

HttpProxy *
http_proxy_new (guint target_port)
{
  HttpProxy *self = g_new0 (HttpProxy, 1);

  g_mutex_init (&self->lock);
  self->target_port = target_port;
  self->asked = g_string_new (NULL);
  self->sockets = g_ptr_array_new_with_free_func (g_object_unref);
  self->threads = g_ptr_array_new ();
  acceptor_start (&self->acceptor, serve_cb, self);
  return self;
}

void
http_proxy_free (HttpProxy *self)
{
  /* The threads use it for longer than the acceptor does. */
  g_autoptr (GCancellable) cancellable = g_object_ref (self->acceptor.cancellable);

  acceptor_stop (&self->acceptor);
  g_ptr_array_foreach (self->sockets, cut, NULL);
  for (guint i = 0; i < self->threads->len; i++)
    g_thread_join (g_ptr_array_index (self->threads, i));
  g_string_free (self->asked, TRUE);
  g_ptr_array_unref (self->threads);
  g_ptr_array_unref (self->sockets);
  g_mutex_clear (&self->lock);
  g_free (self);
}

guint
http_proxy_get_port (HttpProxy *self)
{
  return self->acceptor.port;
}

char *
http_proxy_dup_asked (HttpProxy *self)
{
  char *asked;

  g_mutex_lock (&self->lock);
  asked = g_strdup (self->asked->str);
  g_mutex_unlock (&self->lock);
  return asked;
}
