/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/dial.h"

#include "ibb-intl-private.h"
#include "xmpp/domain.h"

#define DEFAULT_PORT 5222
#define DEFAULT_TLS_PORT 5223

typedef struct
{
  char       *domain;
  char       *host;
  guint       port;
  const char *service; /* of the SRV records */
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

static void
connect_to_service (GTask *task)
{
  Target                   *target = g_task_get_task_data (task);
  g_autoptr (GSocketClient) client = g_socket_client_new ();

  g_socket_client_connect_to_service_async (client, target->host, target->service,
                                            g_task_get_cancellable (task), connect_to_service_cb,
                                            g_object_ref (task));
}

/* RFC 2782: the target "." says that the service is decidedly not there. glibc
 * makes an empty name of it. */
static gboolean
is_denied (GList *records)
{
  const char *name = NULL;

  if (records == NULL || records->next != NULL ||
      !g_variant_is_of_type (records->data, G_VARIANT_TYPE ("(qqqs)")))
    return FALSE;

  g_variant_get_child (records->data, 3, "&s", &name);
  return *name == '\0' || g_str_equal (name, ".");
}

static void
lookup_records_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Target           *target = g_task_get_task_data (task);
  GList            *records;

  records = g_resolver_lookup_records_finish (G_RESOLVER (object), result, NULL);
  if (is_denied (records))
    g_task_return_new_error (task, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND,
                             _ ("DNS says “%s” offers no “%s” service: to connect anyway, set host "
                                "and port"),
                             target->domain, target->service);
  else
    connect_to_service (task);
  g_list_free_full (records, (GDestroyNotify) g_variant_unref);
}

/* GSocketClient takes the denial of a service for the lack of a record, and goes on
 * with the domain itself. */
static void
connect_unless_denied (GTask *task)
{
  Target               *target = g_task_get_task_data (task);
  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  g_autofree char      *name = g_strdup_printf ("_%s._tcp.%s", target->service, target->host);

  /* A resolver that the application has put in place need not have it. */
  if (G_RESOLVER_GET_CLASS (resolver)->lookup_records_async == NULL)
    connect_to_service (task);
  else
    g_resolver_lookup_records_async (resolver, name, G_RESOLVER_RECORD_SRV,
                                     g_task_get_cancellable (task), lookup_records_cb,
                                     g_object_ref (task));
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
  g_autofree char          *address = NULL;
  gboolean                  look_up;
  Target                   *target = g_new0 (Target, 1);

  g_task_set_source_tag (task, ibb_dial_async);
  g_task_set_name (task, "[ibb-glib] dial");
  g_task_set_task_data (task, target, (GDestroyNotify) target_free);
  target->domain = g_strdup (domain);
  address = ibb_domain_dup_address (domain);
  look_up = host == NULL && port == 0 && address == NULL;
  if (host == NULL)
    host = address != NULL ? address : domain;
  target->host = ibb_domain_to_ascii (host);
  if (target->host == NULL)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                               _ ("“%s” is not a valid host name"), host);
      return;
    }

  target->port = port;
  if (port == 0)
    target->port = direct ? DEFAULT_TLS_PORT : DEFAULT_PORT;

  target->service = direct ? "xmpps-client" : "xmpp-client";
  if (look_up)
    connect_unless_denied (task);
  else
    connect_to_host (client, task);
}

void
ibb_dial_web_async (const char         *domain,
                    const char         *host,
                    guint16             port,
                    GCancellable       *cancellable,
                    GAsyncReadyCallback callback,
                    gpointer            user_data)
{
  g_autoptr (GTask)              task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr (GSocketClient)      client = g_socket_client_new ();
  g_autoptr (GSocketConnectable) address = NULL;
  /* The scheme tells which proxy to ask for. */
  g_autofree char *uri = g_uri_join (G_URI_FLAGS_NONE, "https", NULL, host, port, "", NULL, NULL);
  Target          *target = g_new0 (Target, 1);

  g_task_set_source_tag (task, ibb_dial_web_async);
  g_task_set_name (task, "[ibb-glib] dial");
  g_task_set_task_data (task, target, (GDestroyNotify) target_free);
  target->domain = g_strdup (domain);
  target->host = g_strdup (host);
  target->port = port;
  address = g_network_address_parse_uri (uri, port, NULL);
  if (address == NULL)
    address = g_network_address_new (host, port);
  g_socket_client_connect_async (client, address, cancellable, connect_cb, g_object_ref (task));
}

GSocketConnection *
ibb_dial_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
