/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/reach/dial.h"

#include "base/intl.h"
#include "base/source.h"
#include "xmpp/base/domain.h"
#include "xmpp/reach/proxy.h"
#include "xmpp/reach/targets.h"

#define DEFAULT_PORT 5222
#define DEFAULT_TLS_PORT 5223
#define COMPONENT_HOST "localhost"
#define COMPONENT_PORT 5347

/* Key of the data of a socket that is connected to a host with direct TLS. */
#define IS_DIRECT "ibb-is-direct"

/* Milliseconds for the SRV records, if a proxy can try the host of the domain without them. */
#define LOOK_UP_TIMEOUT 5000

/* The SRV records of one service. */
typedef struct
{
  const char *name;      /* (nullable): that of none which matters here */
  GList      *hosts;     /* (owned) (element-type GSrvTarget) */
  gboolean    is_denied; /* the domain has no such service */
  GTask      *task;      /* (owned) (nullable): during the look-up */
} Service;

typedef struct
{
  char           *domain;
  char           *host;
  guint           port;
  Service         plain;          /* its name is also for the choice of a proxy */
  Service         direct;         /* TLS from the first byte */
  guint           n_asked;        /* questions to DNS */
  guint           n_awaited;      /* their answers */
  GProxyResolver *proxy_resolver; /* (owned) (nullable): NULL for the system's */
  IBBProxy        proxy;
  gboolean        has_records; /* they name the hosts */
  GString        *records;     /* those, for people */
  IBBDialFound    found;       /* (nullable) */
  gpointer        owner;
  GSource        *timer;   /* (owned) (nullable): of the look-up */
  gboolean        is_late; /* the look-up: it is not waited for any more */
} Target;

static void
target_free (Target *self)
{
  g_free (self->domain);
  g_free (self->host);
  g_resolver_free_targets (self->plain.hosts);
  g_resolver_free_targets (self->direct.hosts);
  g_clear_object (&self->proxy_resolver);
  ibb_proxy_clear (&self->proxy);
  ibb_source_clear (&self->timer);
  g_string_free (self->records, TRUE);
  g_free (self);
}

static void
add_records (Target *self, const Service *service)
{
  for (GList *l = service->hosts; l != NULL; l = l->next)
    g_string_append_printf (self->records, "%s%s:%u (%s)", self->records->len > 0 ? ", " : "",
                            g_srv_target_get_hostname (l->data), g_srv_target_get_port (l->data),
                            service->name);
}

static char *
describe (const Target *self, GSocketAddress *address)
{
  g_autofree char *shown = NULL;

  if (self->proxy.uri != NULL)
    return g_strdup_printf (_ ("by the proxy “%s”"), self->proxy.uri);
  if (self->has_records)
    /* Translators: %s is a list of hosts and ports */
    return g_strdup_printf (_ ("SRV records: %s"), self->records->str);
  if (g_hostname_is_ip_address (self->host) || !G_IS_INET_SOCKET_ADDRESS (address))
    return g_strdup (_ ("not needed for an address"));

  shown = g_inet_address_to_string (
      g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address)));
  if (self->n_asked > 0 && !self->is_late)
    /* Translators: a host, its address, and a number */
    return g_strdup_printf (_ ("%s is %s; there is no SRV record, so the port is %u"), self->host,
                            shown, self->port);
  /* Translators: a host, and its address */
  return g_strdup_printf (_ ("%s is %s"), self->host, shown);
}

static void
tell_found (Target *self, GSocketConnection *connection)
{
  g_autoptr (GSocketAddress) address = g_socket_connection_get_remote_address (connection, NULL);
  g_autofree char           *text = NULL;

  if (self->found == NULL || address == NULL)
    return;
  text = describe (self, address);
  self->found (text, self->owner);
}

/* The connection object may be replaced, as by that of a proxy. The socket stays. */
static void
note_direct (GSocketConnection *connection)
{
  g_autoptr (GSocketAddress) address = g_socket_connection_get_remote_address (connection, NULL);
  GSocket                   *socket = g_socket_connection_get_socket (connection);

  if (address != NULL && ibb_targets_is_direct (address))
    g_object_set_data (G_OBJECT (socket), IS_DIRECT, GINT_TO_POINTER (TRUE));
}

static void
event_cb (GSocketClient      *client,
          GSocketClientEvent  event,
          GSocketConnectable *connectable,
          GIOStream          *connection,
          GTask              *task)
{
  Target *target = g_task_get_task_data (task);

  if (event == G_SOCKET_CLIENT_CONNECTING)
    note_direct (G_SOCKET_CONNECTION (connection));
  ibb_proxy_note (&target->proxy, event, connection);
  if (event == G_SOCKET_CLIENT_CONNECTING)
    tell_found (target, G_SOCKET_CONNECTION (connection));
}

/* The error of GIO names neither the host nor the port. That of IBBTargets does. */
static GError *
create_error (const Target *target, const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PROXY_FAILED))
    return g_error_copy (error);
  if (target->has_records)
    return g_error_new (error->domain, error->code,
                        /* Translators: the first %s is a domain, the second says why */
                        _ ("The server of “%s” cannot be reached (%s): check that it runs, or "
                           "name its host and port"),
                        target->domain, error->message);

  return g_error_new (error->domain, error->code,
                      _ ("The server of “%s” cannot be reached at “%s”, port %u (%s): check "
                         "that it runs, or name another host or port"),
                      target->domain, target->host, target->port, error->message);
}

static void
connect_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask)  task = user_data;
  Target            *target = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  GSocketConnection *connection =
      g_socket_client_connect_finish (G_SOCKET_CLIENT (object), result, &error);
  GError *proxy_error;

  target->found = NULL; /* its owner may go */
  if (connection != NULL)
    {
      ibb_proxy_release (connection);
      g_task_return_pointer (task, connection, g_object_unref);
      return;
    }

  proxy_error = ibb_proxy_new_error (&target->proxy, target->domain, error);
  g_task_return_error (task, proxy_error != NULL ? proxy_error : create_error (target, error));
}

static void
connect_to_hosts (GTask *task)
{
  Target                        *target = g_task_get_task_data (task);
  g_autoptr (GSocketClient)      client = g_socket_client_new ();
  g_autoptr (GSocketConnectable) targets = ibb_targets_new (
      g_steal_pointer (&target->plain.hosts), g_steal_pointer (&target->direct.hosts),
      target->plain.name, target->proxy_resolver);

  /* An attempt at another address may live longer than the task. */
  g_signal_connect_object (client, "event", G_CALLBACK (event_cb), task, 0);
  g_socket_client_connect_async (client, targets, g_task_get_cancellable (task), connect_cb,
                                 g_object_ref (task));
}

/* The service of the host that is named, or of the domain where there are no records. */
static Service *
get_default_service (Target *target)
{
  return target->plain.name != NULL ? &target->plain : &target->direct;
}

/* A proxy looks up the host itself, if its protocol allows that. */
static void
connect_to_host (GTask *task)
{
  Target     *target = g_task_get_task_data (task);
  GSrvTarget *host = g_srv_target_new (target->host, (guint16) target->port, 0, 0);

  get_default_service (target)->hosts = g_list_append (NULL, host);
  connect_to_hosts (task);
}

/* If the domain has records, the domain itself is not tried (RFC 6120 §3.2.1). */
static void
looked_up (GTask *task)
{
  Target *target = g_task_get_task_data (task);

  ibb_source_clear (&target->timer);
  add_records (target, &target->direct);
  add_records (target, &target->plain);
  target->has_records = target->records->len > 0;
  if (target->has_records)
    connect_to_hosts (task);
  else if (get_default_service (target)->is_denied)
    g_task_return_new_error (task, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND,
                             _ ("DNS says “%s” offers no “%s” service: to connect anyway, set host "
                                "and port"),
                             target->domain, get_default_service (target)->name);
  else
    connect_to_host (task);
}

/* hosts: (transfer full) (nullable) (element-type GSrvTarget) */
static void
take_hosts (GTask *task, Service *service, GList *hosts)
{
  Target *target = g_task_get_task_data (task);

  if (target->is_late)
    {
      g_debug ("The look-up of %s came too late", target->domain);
      g_resolver_free_targets (hosts);
      return;
    }

  service->hosts = hosts;
  if (--target->n_awaited == 0)
    looked_up (task);
}

static GList *
dup_hosts (GList *records)
{
  GList *hosts = NULL;

  for (GList *l = records; l != NULL; l = l->next)
    if (g_variant_is_of_type (l->data, G_VARIANT_TYPE ("(qqqs)")))
      {
        guint16     priority, weight, port;
        const char *name;

        g_variant_get (l->data, "(qqq&s)", &priority, &weight, &port, &name);
        hosts = g_list_prepend (hosts, g_srv_target_new (name, port, priority, weight));
      }
  return hosts;
}

/* RFC 2782: the target "." says that the domain does not have the service. glibc makes an empty
 * name of it. */
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
  Service          *service = user_data;
  g_autoptr (GTask) task = g_steal_pointer (&service->task);
  GList            *records = g_resolver_lookup_records_finish (G_RESOLVER (object), result, NULL);

  service->is_denied = is_denied (records);
  take_hosts (task, service, service->is_denied ? NULL : dup_hosts (records));
  g_list_free_full (records, (GDestroyNotify) g_variant_unref);
}

static gboolean
late_cb (gpointer user_data)
{
  GTask  *task = user_data;
  Target *target = g_task_get_task_data (task);

  target->is_late = TRUE;
  connect_to_host (task);
  return G_SOURCE_REMOVE;
}

/* On a network whose only way out is a proxy, DNS may not answer. */
static void
bound_look_up (GTask *task)
{
  Target *target = g_task_get_task_data (task);

  target->timer =
      ibb_source_attach (g_timeout_source_new (LOOK_UP_TIMEOUT), g_task_get_context (task),
                         "[ibb-glib] SRV timeout", late_cb, g_object_ref (task), g_object_unref);
}

/* For a resolver that an application has put in place, and that knows no records. */
static void
lookup_service_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Service          *service = user_data;
  g_autoptr (GTask) task = g_steal_pointer (&service->task);

  take_hosts (task, service, g_resolver_lookup_service_finish (G_RESOLVER (object), result, NULL));
}

/* g_resolver_lookup_service () does not tell a service that is denied from a missing record. */
static void
look_up_service (GTask *task, Service *service)
{
  Target               *target = g_task_get_task_data (task);
  GCancellable         *cancellable = g_task_get_cancellable (task);
  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  g_autofree char      *name = NULL;

  if (service->name == NULL)
    return;

  service->task = g_object_ref (task);
  name = g_strdup_printf ("_%s._tcp.%s", service->name, target->host);
  if (G_RESOLVER_GET_CLASS (resolver)->lookup_records_async != NULL)
    g_resolver_lookup_records_async (resolver, name, G_RESOLVER_RECORD_SRV, cancellable,
                                     lookup_records_cb, service);
  else
    g_resolver_lookup_service_async (resolver, service->name, "tcp", target->host, cancellable,
                                     lookup_service_cb, service);
}

static void
look_up (GTask *task)
{
  Target *target = g_task_get_task_data (task);

  if (target->proxy_resolver != NULL)
    bound_look_up (task);
  target->n_asked = (target->plain.name != NULL) + (target->direct.name != NULL);
  target->n_awaited = target->n_asked;
  look_up_service (task, &target->plain);
  look_up_service (task, &target->direct);
}

static GTask *
create_task (const char         *domain,
             GProxyResolver     *proxy_resolver,
             IBBDialFound        found,
             gpointer            owner,
             GCancellable       *cancellable,
             GAsyncReadyCallback callback,
             gpointer            user_data)
{
  GTask  *task = g_task_new (NULL, cancellable, callback, user_data);
  Target *target = g_new0 (Target, 1);

  g_task_set_source_tag (task, create_task);
  g_task_set_name (task, "[ibb-glib] dial");
  g_task_set_task_data (task, target, (GDestroyNotify) target_free);
  target->domain = g_strdup (domain);
  target->records = g_string_new (NULL);
  target->found = found;
  target->owner = owner;
  g_set_object (&target->proxy_resolver, proxy_resolver);

  return task;
}

void
ibb_dial_async (const char               *domain,
                const IBBAccountSettings *settings,
                IBBDialFound              found,
                gpointer                  owner,
                GCancellable             *cancellable,
                GAsyncReadyCallback       callback,
                gpointer                  user_data)
{
  g_autoptr (GTask) task = create_task (domain, settings->proxy_resolver, found, owner, cancellable,
                                        callback, user_data);
  Target           *target = g_task_get_task_data (task);
  gboolean          is_direct = settings->tls_mode == IBB_XMPP_TLS_MODE_DIRECT;
  const char       *host =
      settings->host != NULL || !settings->is_component ? settings->host : COMPONENT_HOST;
  g_autofree char *address = ibb_domain_dup_address (domain);
  gboolean         is_named = host != NULL || settings->port != 0 || address != NULL;

  if (host == NULL)
    host = address != NULL ? address : domain;
  target->host = ibb_domain_to_ascii (host);
  if (target->host == NULL)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                               _ ("“%s” is not a valid host name"), host);
      return;
    }

  target->port = settings->port;
  if (target->port == 0 && settings->is_component)
    target->port = COMPONENT_PORT;
  else if (target->port == 0)
    target->port = is_direct ? DEFAULT_TLS_PORT : DEFAULT_PORT;

  if (!is_direct)
    target->plain.name = "xmpp-client";
  if (is_direct || (settings->tls_mode == IBB_XMPP_TLS_MODE_AUTOMATIC && !is_named))
    target->direct.name = "xmpps-client";
  if (is_named || ibb_domain_is_onion (target->host))
    connect_to_host (task);
  else
    look_up (task);
}

void
ibb_dial_web_async (const char         *domain,
                    const char         *host,
                    guint16             port,
                    GProxyResolver     *proxy_resolver,
                    IBBDialFound        found,
                    gpointer            owner,
                    GCancellable       *cancellable,
                    GAsyncReadyCallback callback,
                    gpointer            user_data)
{
  g_autoptr (GTask) task =
      create_task (domain, proxy_resolver, found, owner, cancellable, callback, user_data);
  Target *target = g_task_get_task_data (task);

  target->host = g_strdup (host);
  target->port = port;
  target->plain.name = "https";
  connect_to_host (task);
}

GSocketConnection *
ibb_dial_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

gboolean
ibb_dial_is_direct (GSocketConnection *connection)
{
  GSocket *socket = g_socket_connection_get_socket (connection);

  return g_object_get_data (G_OBJECT (socket), IS_DIRECT) != NULL;
}
