/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "cut-proxy.h"

#include <string.h>

#include "acceptor.h"

#define CHUNK 16384

struct _CutProxy
{
  Acceptor acceptor;
  guint    target_port;
  gboolean is_asked;

  GMutex     lock;
  GCond      changed;
  GPtrArray *links;      /* protected by lock; (element-type Link) */
  GPtrArray *threads;    /* protected by lock; (element-type GThread) */
  GString   *asked;      /* protected by lock */
  guint      n_accepted; /* protected by lock */
  guint64    passed;     /* protected by lock */
  guint64    step;       /* protected by lock */
  guint64    next_cut;   /* protected by lock */
  guint      n_cuts;     /* protected by lock */
  gboolean   closed;     /* protected by lock */
  gboolean   holds;      /* protected by lock */
};

/* One connection: two sockets, each with a thread that reads it. */
typedef struct
{
  CutProxy          *proxy;
  GSocketConnection *ends[2];
  gboolean           stalled; /* protected by lock */
} Link;

typedef struct
{
  Link *link;
  int   from;
} Way;

static void
link_free (gpointer data)
{
  Link *self = data;

  g_object_unref (self->ends[0]);
  g_object_unref (self->ends[1]);
  g_free (self);
}

static void
link_cut (Link *self)
{
  for (int i = 0; i < 2; i++)
    g_socket_shutdown (g_socket_connection_get_socket (self->ends[i]), TRUE, TRUE, NULL);
}

static void
cut_locked (CutProxy *self)
{
  for (guint i = 0; i < self->links->len; i++)
    link_cut (g_ptr_array_index (self->links, i));
}

/* How much of a chunk passes. */
static gsize
pass (CutProxy *self, Link *link, gsize length)
{
  g_mutex_lock (&self->lock);
  self->passed += length;
  if (link->stalled)
    length = 0;
  else if (self->n_cuts > 0 && self->passed >= self->next_cut)
    {
      /* Somewhere in the middle of a stanza, and this is lost. */
      self->next_cut = self->passed + self->step;
      self->n_cuts--;
      cut_locked (self);
      length = 0;
    }
  g_mutex_unlock (&self->lock);
  return length;
}

static gpointer
carry (gpointer data)
{
  g_autofree Way *way = data;
  Link           *link = way->link;
  GInputStream   *input = g_io_stream_get_input_stream (G_IO_STREAM (link->ends[way->from]));
  GOutputStream  *output = g_io_stream_get_output_stream (G_IO_STREAM (link->ends[1 - way->from]));
  GCancellable   *cancellable = link->proxy->acceptor.cancellable;
  guint8          buffer[CHUNK];
  gssize          n;

  while ((n = g_input_stream_read (input, buffer, sizeof buffer, cancellable, NULL)) > 0)
    {
      gsize length = pass (link->proxy, link, (gsize) n);

      if (!g_output_stream_write_all (output, buffer, length, NULL, cancellable, NULL))
        break;
    }
  g_mutex_lock (&link->proxy->lock);
  if (!link->stalled)
    link_cut (link);
  g_mutex_unlock (&link->proxy->lock);
  return NULL;
}

static void
say (GSocketConnection *client, const char *text)
{
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (client)), text,
                             strlen (text), NULL, NULL, NULL);
}

/* The port that the proxy leads to; 0: the client has gone. */
static guint16
get_port (CutProxy *self, GSocketConnection *client)
{
  GInputStream       *input = g_io_stream_get_input_stream (G_IO_STREAM (client));
  g_autoptr (GString) request = g_string_new (NULL);
  g_auto (GStrv)      words = NULL;
  guint64             port;
  char                c;

  if (!self->is_asked)
    return (guint16) self->target_port;

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
add_link (CutProxy *self, GSocketConnection *client)
{
  g_autoptr (GSocketClient)     to_server = g_socket_client_new ();
  g_autoptr (GSocketConnection) server = NULL;
  guint16                       port;
  Link                         *link;

  g_mutex_lock (&self->lock);
  self->n_accepted++;
  while (self->holds && !g_cancellable_is_cancelled (self->acceptor.cancellable))
    g_cond_wait (&self->changed, &self->lock);
  g_mutex_unlock (&self->lock);
  port = get_port (self, client);
  if (port != 0)
    server = g_socket_client_connect_to_host (to_server, "127.0.0.1", port,
                                              self->acceptor.cancellable, NULL);
  if (self->is_asked)
    say (client, server != NULL ? "HTTP/1.0 200 OK\r\n\r\n" : "HTTP/1.0 502 Bad Gateway\r\n\r\n");
  if (server == NULL)
    return;

  link = g_new0 (Link, 1);
  link->proxy = self;
  link->ends[0] = g_object_ref (client);
  link->ends[1] = g_steal_pointer (&server);
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->links, link);
  for (int i = 0; i < 2; i++)
    {
      Way *way = g_new (Way, 1);

      way->link = link;
      way->from = i;
      g_ptr_array_add (self->threads, g_thread_new ("cut-proxy", carry, way));
    }
  g_mutex_unlock (&self->lock);
}

static void
serve_cb (GSocketConnection *client, gpointer data)
{
  CutProxy *self = data;
  gboolean  closed;

  g_mutex_lock (&self->lock);
  closed = self->closed;
  g_mutex_unlock (&self->lock);
  if (!closed)
    add_link (self, client);
}

static CutProxy *
create (guint target_port, gboolean is_asked)
{
  CutProxy *self = g_new0 (CutProxy, 1);

  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->target_port = target_port;
  self->is_asked = is_asked;
  self->asked = g_string_new (NULL);
  self->links = g_ptr_array_new_with_free_func (link_free);
  self->threads = g_ptr_array_new ();
  acceptor_start (&self->acceptor, serve_cb, self);
  return self;
}

CutProxy *
cut_proxy_new (guint target_port)
{
  return create (target_port, FALSE);
}

CutProxy *
cut_proxy_new_asked (guint target_port)
{
  return create (target_port, TRUE);
}

void
cut_proxy_free (CutProxy *self)
{
  /* The threads of the links use it for longer than the acceptor does. */
  g_autoptr (GCancellable) cancellable = g_object_ref (self->acceptor.cancellable);

  g_cancellable_cancel (cancellable);
  cut_proxy_let_in (self);
  acceptor_stop (&self->acceptor);
  cut_proxy_cut (self);
  for (guint i = 0; i < self->threads->len; i++)
    g_thread_join (g_ptr_array_index (self->threads, i));
  g_string_free (self->asked, TRUE);
  g_ptr_array_unref (self->threads);
  g_ptr_array_unref (self->links);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

guint
cut_proxy_get_port (CutProxy *self)
{
  return self->acceptor.port;
}

char *
cut_proxy_dup_asked (CutProxy *self)
{
  char *asked;

  g_mutex_lock (&self->lock);
  asked = g_strdup (self->asked->str);
  g_mutex_unlock (&self->lock);
  return asked;
}

guint
cut_proxy_get_n_connections (CutProxy *self)
{
  guint n;

  g_mutex_lock (&self->lock);
  n = self->n_accepted;
  g_mutex_unlock (&self->lock);
  return n;
}

void
cut_proxy_cut (CutProxy *self)
{
  g_mutex_lock (&self->lock);
  cut_locked (self);
  g_mutex_unlock (&self->lock);
}

void
cut_proxy_cut_every (CutProxy *self, guint64 bytes, guint n)
{
  g_mutex_lock (&self->lock);
  self->step = bytes;
  self->next_cut = self->passed + bytes;
  self->n_cuts = n;
  g_mutex_unlock (&self->lock);
}

guint
cut_proxy_get_n_left (CutProxy *self)
{
  guint n;

  g_mutex_lock (&self->lock);
  n = self->n_cuts;
  g_mutex_unlock (&self->lock);
  return n;
}

void
cut_proxy_set_closed (CutProxy *self, gboolean closed)
{
  g_mutex_lock (&self->lock);
  self->closed = closed;
  g_mutex_unlock (&self->lock);
}

void
cut_proxy_stall (CutProxy *self)
{
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->links->len; i++)
    ((Link *) g_ptr_array_index (self->links, i))->stalled = TRUE;
  self->holds = TRUE;
  g_mutex_unlock (&self->lock);
}

void
cut_proxy_let_in (CutProxy *self)
{
  g_mutex_lock (&self->lock);
  self->holds = FALSE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}
