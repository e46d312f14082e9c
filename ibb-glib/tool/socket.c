/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

/* An interactive session needs no delay, and a dead network has to be noticed. */
void
tool_socket_prepare (GSocketConnection *connection)
{
  GSocket *socket = g_socket_connection_get_socket (connection);

  g_socket_set_timeout (socket, 0);
  g_socket_set_keepalive (socket, TRUE);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
}

/* The program at the other end reads an error, not an end of file. */
void
tool_socket_reset (GSocketConnection *connection)
{
  GSocket            *socket = g_socket_connection_get_socket (connection);
  const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

  if (!g_socket_is_closed (socket))
    setsockopt (g_socket_get_fd (socket), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  g_socket_close (socket, NULL);
}
