/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/stream/socket.h"

#ifdef G_OS_UNIX
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#endif

#define NOT_SENT_LIMIT (16 * 1024)

static void
set_tcp_option (GSocketConnection *connection, int option, int value)
{
#ifdef G_OS_UNIX
  g_socket_set_option (g_socket_connection_get_socket (connection), IPPROTO_TCP, option, value,
                       NULL);
#endif
}

void
ibb_socket_set_options (GSocketConnection *connection)
{
#ifdef TCP_NODELAY
  set_tcp_option (connection, TCP_NODELAY, 1);
#endif
  /* Chat can no longer overtake bytes that the kernel has taken. */
#ifdef TCP_NOTSENT_LOWAT
  set_tcp_option (connection, TCP_NOTSENT_LOWAT, NOT_SENT_LIMIT);
#endif
}

/* A server with Nagle's algorithm (Prosody) holds back the end of a long write until our kernel
 * acknowledges its beginning, which would take 40 ms. */
void
ibb_socket_acknowledge_quickly (GSocketConnection *connection)
{
#ifdef TCP_QUICKACK
  set_tcp_option (connection, TCP_QUICKACK, 1);
#endif
}
