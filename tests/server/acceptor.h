/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A port of the loopback, and a thread that serves one connection to it after another. */

#pragma once

#include <gio/gio.h>

typedef void (*AcceptorFunc) (GSocketConnection *connection, gpointer data);

typedef struct
{
  GSocketListener *listener;
  GThread         *thread;
  GCancellable    *cancellable; /* ends the thread; serve heeds it where it waits for long */
  guint            port;
  AcceptorFunc     serve; /* in the thread */
  gpointer         data;
} Acceptor;

static inline gpointer
acceptor_run (gpointer data)
{
  Acceptor *self = data;

  for (;;)
    {
      g_autoptr (GSocketConnection) connection =
          g_socket_listener_accept (self->listener, NULL, self->cancellable, NULL);

      if (connection == NULL)
        return NULL;
      self->serve (connection, self->data);
    }
}

static inline void
acceptor_start (Acceptor *self, AcceptorFunc serve, gpointer data)
{
  g_autoptr (GInetAddress)   loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GError)         error = NULL;

  self->serve = serve;
  self->data = data;
  self->cancellable = g_cancellable_new ();
  self->listener = g_socket_listener_new ();
  /* A connection that finds no room comes again after a second, or many. */
  g_socket_listener_set_backlog (self->listener, 200);
  g_socket_listener_add_address (self->listener, any, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP,
                                 NULL, &address, &error);
  g_assert_no_error (error);
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
  self->thread = g_thread_new ("acceptor", acceptor_run, self);
}

static inline void
acceptor_stop (Acceptor *self)
{
  g_cancellable_cancel (self->cancellable);
  g_thread_join (self->thread);
  g_socket_listener_close (self->listener);
  g_object_unref (self->listener);
  g_object_unref (self->cancellable);
}
