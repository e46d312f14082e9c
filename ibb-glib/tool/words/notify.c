/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/words/notify.h"

#include "tool/words/output.h"

#include <errno.h>
#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/un.h>

#define SEND_TIMEOUT 5 /* s; a manager that reads nothing does not stop the command */

static GSocketAddress *
new_address (const char *name, GError **error)
{
  gboolean is_abstract = name[0] == '@';

  /* GUnixSocketAddress would cut the name. */
  if ((name[0] != '/' && !is_abstract) ||
      strlen (name) >= sizeof ((struct sockaddr_un *) NULL)->sun_path)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           g_strerror (name[0] != '/' && !is_abstract ? EINVAL : ENAMETOOLONG));
      return NULL;
    }
  return is_abstract
             ? g_unix_socket_address_new_with_type (name + 1, -1, G_UNIX_SOCKET_ADDRESS_ABSTRACT)
             : g_unix_socket_address_new (name);
}

static gboolean
send_state (const char *name, const char *state, GError **error)
{
  g_autoptr (GSocketAddress) address = new_address (name, error);
  g_autoptr (GSocket)        socket = NULL;

  if (address == NULL)
    return FALSE;
  socket =
      g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_DEFAULT, error);
  if (socket == NULL)
    return FALSE;
  g_socket_set_timeout (socket, SEND_TIMEOUT);
  return g_socket_connect (socket, address, NULL, error) &&
         g_socket_send (socket, state, strlen (state), NULL, error) >= 0;
}

void
tool_notify_ready (void)
{
  const char        *name = g_getenv ("NOTIFY_SOCKET");
  g_autoptr (GError) error = NULL;

  if (name == NULL || *name == '\0' || send_state (name, "READY=1", &error))
    return;
  tool_output_note (_ ("The service manager was not told that this program is ready "
                       "(NOTIFY_SOCKET is “%s”): %s"),
                    name, error->message);
}

/* The manager learns of the end in any case. */
void
tool_notify_stopping (void)
{
  const char *name = g_getenv ("NOTIFY_SOCKET");

  if (name != NULL && *name != '\0')
    send_state (name, "STOPPING=1", NULL);
}
