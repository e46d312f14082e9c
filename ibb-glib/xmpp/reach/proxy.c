/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/reach/proxy.h"

#include "base/intl.h"
#include "base/source.h"

#define PROXY_TIMEOUT 15 /* seconds in which nothing comes */

/* The URI for messages. That of GIO may have a password, and names the host; the address has only
 * what was looked up. */
static char *
dup_uri (GProxyAddress *address)
{
  GInetSocketAddress *inet = G_INET_SOCKET_ADDRESS (address);
  const char         *uri = g_proxy_address_get_uri (address);
  g_autofree char    *host = NULL;

  if (uri == NULL || !g_uri_split_network (uri, G_URI_FLAGS_NONE, NULL, &host, NULL, NULL))
    host = g_inet_address_to_string (g_inet_socket_address_get_address (inet));
  return g_uri_join (G_URI_FLAGS_NONE, g_proxy_address_get_protocol (address), NULL, host,
                     g_inet_socket_address_get_port (inet), "", NULL, NULL);
}

/* At the end of the data GLib's SOCKS4a reads on, without a pause, for as long as it may. */
static gboolean
end_cb (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  char         byte;
  GInputVector vector = { &byte, 1 };
  int          flags = G_SOCKET_MSG_PEEK;

  /* Another read may have taken the data meanwhile, and the socket blocks. */
  if ((g_socket_condition_check (socket, G_IO_IN) & G_IO_IN) != 0 &&
      g_socket_receive_message (socket, NULL, &vector, 1, NULL, NULL, &flags, NULL, NULL) == 0)
    {
      g_socket_close (socket, NULL);
      return G_SOURCE_REMOVE;
    }

  return G_SOURCE_CONTINUE;
}

static void
watch_end (IBBProxy *self, GSocketConnection *connection)
{
  GSocket *socket = g_socket_connection_get_socket (connection);
  GSource *source = g_socket_create_source (socket, G_IO_IN, NULL);

  ibb_source_clear (&self->end);
  self->end = ibb_source_attach (source, g_main_context_get_thread_default (),
                                 "[ibb-glib] end of proxy", G_SOURCE_FUNC (end_cb), NULL, NULL);
}

static void
note_address (IBBProxy *self, GSocketConnection *connection)
{
  g_autoptr (GSocketAddress) address = g_socket_connection_get_remote_address (connection, NULL);

  ibb_proxy_clear (self);
  if (!G_IS_PROXY_ADDRESS (address))
    return;

  self->uri = dup_uri (G_PROXY_ADDRESS (address));
  g_socket_set_timeout (g_socket_connection_get_socket (connection), PROXY_TIMEOUT);
}

void
ibb_proxy_note (IBBProxy *self, GSocketClientEvent event, GIOStream *connection)
{
  if (event == G_SOCKET_CLIENT_CONNECTING && G_IS_SOCKET_CONNECTION (connection))
    note_address (self, G_SOCKET_CONNECTION (connection));
  else if (event == G_SOCKET_CLIENT_CONNECTED)
    self->is_reached = TRUE;
  else if (event == G_SOCKET_CLIENT_PROXY_NEGOTIATING && self->uri != NULL &&
           g_str_has_prefix (self->uri, "socks4") && G_IS_SOCKET_CONNECTION (connection))
    watch_end (self, G_SOCKET_CONNECTION (connection));
  else if (event == G_SOCKET_CLIENT_PROXY_NEGOTIATED || event == G_SOCKET_CLIENT_TLS_HANDSHAKING)
    ibb_proxy_clear (self); /* it has done its part */
}

GError *
ibb_proxy_new_error (const IBBProxy *self, const char *domain, const GError *cause)
{
  if (self->uri == NULL)
    return NULL;
  if (!self->is_reached)
    return g_error_new (cause->domain, cause->code,
                        _ ("The proxy “%s” cannot be reached (%s): check that it runs, or name "
                           "another one"),
                        self->uri, cause->message);

  return g_error_new (cause->domain, cause->code,
                      _ ("The proxy “%s” does not connect to the server of “%s” (%s): check that "
                         "both run, or name another proxy"),
                      self->uri, domain, cause->message);
}

void
ibb_proxy_release (GSocketConnection *connection)
{
  g_socket_set_timeout (g_socket_connection_get_socket (connection), 0);
}

void
ibb_proxy_clear (IBBProxy *self)
{
  g_clear_pointer (&self->uri, g_free);
  ibb_source_clear (&self->end);
  self->is_reached = FALSE;
}
