/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/dial.h"

#include <glib/gi18n-lib.h>

#define DEFAULT_PORT 5222
#define DEFAULT_TLS_PORT 5223

typedef struct
{
  char *domain;
  char *host;
  guint port;
} Target;

static void
target_free (Target *self)
{
  g_free (self->domain);
  g_free (self->host);
  g_free (self);
}

static void
connect_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask)             task = user_data;
  Target                       *target = g_task_get_task_data (task);
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GError)            error = NULL;

  connection = g_socket_client_connect_finish (G_SOCKET_CLIENT (object), result, &error);
  if (connection != NULL)
    g_task_return_pointer (task, g_steal_pointer (&connection), g_object_unref);
  else
    /* GIO names no port. */
    g_task_return_new_error (task, error->domain, error->code,
                             _ ("The server of “%s” cannot be reached at “%s”, port %u (%s): check "
                                "that it runs, or name another host or port"),
                             target->domain, target->host, target->port, error->message);
}

static void
connect_to_host (GSocketClient *client, GTask *task)
{
  Target                        *target = g_task_get_task_data (task);
  g_autoptr (GSocketConnectable) address =
      g_network_address_new (target->host, (guint16) target->port);

  g_socket_client_connect_async (client, address, g_task_get_cancellable (task), connect_cb,
                                 g_object_ref (task));
}

static void
connect_to_service_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask)             task = user_data;
  Target                       *target = g_task_get_task_data (task);
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GError)            error = NULL;

  connection = g_socket_client_connect_to_service_finish (G_SOCKET_CLIENT (object), result, &error);
  if (connection != NULL)
    g_task_return_pointer (task, g_steal_pointer (&connection), g_object_unref);
  else if (error->domain == G_RESOLVER_ERROR ||
           g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT))
    connect_to_host (G_SOCKET_CLIENT (object), task); /* no such record: RFC 6120 §3.2.2 */
  else
    /* By its records, or by the domain alone: GIO has tried that too. */
    g_task_return_new_error (task, error->domain, error->code,
                             _ ("The server of “%s” cannot be reached (%s): check that it runs, or "
                                "name its host and port"),
                             target->domain, error->message);
}

void
ibb_dial_async (const char         *domain,
                const char         *host,
                guint               port,
                gboolean            direct,
                GCancellable       *cancellable,
                GAsyncReadyCallback callback,
                gpointer            user_data)
{
  g_autoptr (GTask)         task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  Target                   *target = g_new0 (Target, 1);

  g_task_set_source_tag (task, ibb_dial_async);
  g_task_set_name (task, "[ibb-glib] dial");
  g_task_set_task_data (task, target, (GDestroyNotify) target_free);
  target->domain = g_strdup (domain);
  target->host = g_strdup (host != NULL ? host : domain);
  target->port = port;
  if (port == 0)
    target->port = direct ? DEFAULT_TLS_PORT : DEFAULT_PORT;

  if (host == NULL && port == 0)
    g_socket_client_connect_to_service_async (client, domain,
                                              direct ? "xmpps-client" : "xmpp-client", cancellable,
                                              connect_to_service_cb, g_object_ref (task));
  else
    connect_to_host (client, task);
}

GSocketConnection *
ibb_dial_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
