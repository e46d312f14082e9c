/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "pair.h"

#include "stack.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

const char *const pair_names[N_PAIRS] = { "tcp", "loopback", "server", "foreign" };

/* TCP */

static GSocket *
make_socket (GSocketFamily family)
{
  g_autoptr (GError) error = NULL;
  GSocket *socket = g_socket_new (family, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);

  g_assert_no_error (error);
  /* Both are inherited by the sockets that are accepted. */
  assert_succeeds (g_socket_set_option, socket, SOL_SOCKET, SO_SNDBUF, PAIR_SEND_BUFFER);
  assert_succeeds (g_socket_set_option, socket, SOL_SOCKET, SO_RCVBUF, PAIR_SEND_BUFFER);
  /* TCP uses the rest of a window that is smaller than a segment only late. */
  assert_succeeds (g_socket_set_option, socket, IPPROTO_TCP, TCP_MAXSEG, 1024);
  return socket;
}

/* Returns: (nullable): %NULL if this machine has no loopback address of @family */
static GSocket *
make_listener (GSocketFamily family)
{
  g_autoptr (GSocket)        socket = make_socket (family);
  g_autoptr (GInetAddress)   host = g_inet_address_new_loopback (family);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (host, 0);

  if (!g_socket_bind (socket, any, FALSE, NULL))
    return NULL;
  assert_succeeds (g_socket_listen, socket);
  return g_steal_pointer (&socket);
}

static GIOStream *
make_stream (GSocket *socket)
{
  assert_succeeds (g_socket_set_option, socket, IPPROTO_TCP, TCP_NODELAY, TRUE);
  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

static void
connect_sockets (GIOStream **a, GIOStream **b)
{
  g_autoptr (GSocket)        listener = make_listener (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocket)        here = NULL;
  g_autoptr (GSocket)        there = NULL;
  g_autoptr (GSocketAddress) address = NULL;

  if (listener == NULL)
    listener = make_listener (G_SOCKET_FAMILY_IPV6);
  g_assert_nonnull (listener);
  address = assert_succeeds (g_socket_get_local_address, listener);
  here = make_socket (g_socket_get_family (listener));
  assert_succeeds (g_socket_connect, here, address, NULL);
  there = assert_succeeds (g_socket_accept, listener, NULL);
  *a = make_stream (here);
  *b = make_stream (there);
}

/* The foreign stack */

static gpointer
stack_thread (gpointer data)
{
  PairSource      *self = data;
  StackConnection *romeo;
  StackConnection *juliet;

  g_main_context_push_thread_default (self->context);
  romeo = stack_connection_new (ROMEO);
  juliet = stack_connection_new (JULIET);
  stack_connection_set_peer (romeo, juliet);
  stack_connection_set_peer (juliet, romeo);
  romeo->context = juliet->context = self->context;
  self->fixture.juliet_connection = IBB_CONNECTION (juliet);
  g_atomic_pointer_set (&self->fixture.romeo_connection, IBB_CONNECTION (romeo));
  g_main_loop_run (self->loop);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

static void
start_stack (PairSource *self)
{
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  self->thread = g_thread_new ("stack", stack_thread, self);
  poll_until (g_atomic_pointer_get (&self->fixture.romeo_connection) != NULL);
  fixture_add_services (&self->fixture);
}

static gboolean
quit_cb (gpointer data)
{
  g_main_loop_quit (data);
  return G_SOURCE_REMOVE;
}

static void
stop_stack (PairSource *self)
{
  /* The loop may not run yet. */
  g_main_context_invoke (self->context, quit_cb, self->loop);
  g_thread_join (self->thread);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
}

PairSource *
pair_source_new (PairKind kind)
{
  PairSource *self = g_new0 (PairSource, 1);

  self->kind = kind;
  switch (kind)
    {
    case PAIR_TCP:
      return self;
    case PAIR_LOOPBACK:
      fixture_set_up (&self->fixture, NULL);
      break;
    case PAIR_SERVER:
      g_assert_nonnull (g_getenv ("IBB_TEST_HOST"));
      fixture_set_up_anywhere (&self->fixture, NULL);
      break;
    case PAIR_FOREIGN:
      start_stack (self);
      break;
    case N_PAIRS:
    default:
      g_assert_not_reached ();
    }
  g_object_set (self->fixture.romeo, "send-buffer-size", (guint64) PAIR_SEND_BUFFER, NULL);
  g_object_set (self->fixture.juliet, "send-buffer-size", (guint64) PAIR_SEND_BUFFER, NULL);
  g_object_set (self->fixture.romeo, "receive-buffer-size", (guint64) PAIR_RECEIVE_BUFFER, NULL);
  g_object_set (self->fixture.juliet, "receive-buffer-size", (guint64) PAIR_RECEIVE_BUFFER, NULL);
  g_object_set (self->fixture.romeo, "default-block-size", PAIR_BLOCK_SIZE, NULL);
  g_object_set (self->fixture.juliet, "default-block-size", PAIR_BLOCK_SIZE, NULL);
  g_object_set (self->fixture.romeo, "window", (guint64) 1, NULL);
  g_object_set (self->fixture.juliet, "window", (guint64) 1, NULL);
  return self;
}

void
pair_source_free (PairSource *self)
{
  if (self->kind != PAIR_TCP)
    fixture_tear_down (&self->fixture, NULL);
  if (self->thread != NULL)
    stop_stack (self);
  g_free (self);
}

void
pair_source_connect (PairSource *self, GIOStream **a, GIOStream **b)
{
  if (self->kind == PAIR_TCP)
    connect_sockets (a, b);
  else
    {
      Ends ends = fixture_open (&self->fixture);

      *a = G_IO_STREAM (ends.romeo);
      *b = G_IO_STREAM (ends.juliet);
    }
}
