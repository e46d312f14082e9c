/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/socket.h"

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
  /* What the kernel has taken can no longer be overtaken by chat. */
#ifdef TCP_NOTSENT_LOWAT
  set_tcp_option (connection, TCP_NOTSENT_LOWAT, NOT_SENT_LIMIT);
#endif
}

/* Servers that leave Nagle on (Prosody) hold the tail of a long write until our kernel
 * acknowledges its head, which it would do 40 ms late. */
void
ibb_socket_acknowledge_quickly (GSocketConnection *connection)
{
#ifdef TCP_QUICKACK
  set_tcp_option (connection, TCP_QUICKACK, 1);
#endif
}
