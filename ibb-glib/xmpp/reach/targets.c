/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/reach/targets.h"

#include "base/intl.h"
#include "xmpp/base/domain.h"

#define DIRECT_SCHEME "xmpps-client"
/* Key of the data of an address: whether its host is for direct TLS. */
#define IS_DIRECT "ibb-is-direct"

/* Hosts. */

#define IBB_TYPE_TARGETS (ibb_targets_get_type ())
G_DECLARE_FINAL_TYPE (IBBTargets, ibb_targets, IBB, TARGETS, GObject)

struct _IBBTargets
{
  GObject parent;

  GList          *hosts;  /* (owned) (element-type GSrvTarget) */
  GHashTable     *direct; /* (element-type GSrvTarget): those of them, unowned */
  char           *scheme;
  GProxyResolver *proxy_resolver; /* (owned) (nullable): NULL for the system's */
};

/* Addresses of the hosts, or of proxies. */

#define IBB_TYPE_TARGET_ENUMERATOR (ibb_target_enumerator_get_type ())
G_DECLARE_FINAL_TYPE (
    IBBTargetEnumerator, ibb_target_enumerator, IBB, TARGET_ENUMERATOR, GSocketAddressEnumerator)

struct _IBBTargetEnumerator
{
  GSocketAddressEnumerator parent;

  IBBTargets               *targets; /* (owned) */
  GList                    *next;    /* (nullable): of its hosts */
  GSocketAddressEnumerator *current; /* (owned) (nullable): of the host before */
  gboolean                  is_direct;
  GError                   *error; /* (owned) (nullable): the first one */

  /* (element-type GTask): GSocketClient may ask for the next address again before it has this one.
   * The calls are served one after the other. */
  GQueue calls;
};

static void connectable_init (GSocketConnectableIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (IBBTargets,
                               ibb_targets,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_SOCKET_CONNECTABLE, connectable_init))

G_DEFINE_FINAL_TYPE (IBBTargetEnumerator, ibb_target_enumerator, G_TYPE_SOCKET_ADDRESS_ENUMERATOR)

/* Defined below: after an address that fails comes the next one. */
static void go_on (IBBTargetEnumerator *self);

/* The first call ends with an address, with an error, or with neither if there are no more. The
 * arguments are (transfer full) (nullable). */
static void
end_call (IBBTargetEnumerator *self, GSocketAddress *address, GError *error)
{
  g_autoptr (GTask) task = g_queue_peek_head (&self->calls);

  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, address, g_object_unref);
  /* Not before, as the callback may make the next call. */
  g_queue_pop_head (&self->calls);
  if (!g_queue_is_empty (&self->calls))
    go_on (self);
}

static GCancellable *
get_cancellable (IBBTargetEnumerator *self)
{
  return g_task_get_cancellable (g_queue_peek_head (&self->calls));
}

static void
next_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  IBBTargetEnumerator *self = user_data;
  g_autoptr (GError)   error = NULL;
  GSocketAddress *address = g_socket_address_enumerator_next_finish (self->current, result, &error);

  if (address != NULL)
    {
      g_object_set_data (G_OBJECT (address), IS_DIRECT, GINT_TO_POINTER (self->is_direct));
      end_call (self, address, NULL);
      return;
    }

  if (self->error == NULL)
    self->error = g_steal_pointer (&error);
  g_clear_object (&self->current);
  go_on (self);
}

static GSocketConnectable *
create_address (const char *uri, GSrvTarget *host)
{
  guint16             port = g_srv_target_get_port (host);
  GSocketConnectable *address = g_network_address_parse_uri (uri, port, NULL);

  return address != NULL ? address : g_network_address_new (g_srv_target_get_hostname (host), port);
}

/* proxy_resolver (nullable): that of the system. */
static void
enumerate (IBBTargetEnumerator *self,
           const char          *uri,
           GSrvTarget          *host,
           GProxyResolver      *proxy_resolver)
{
  g_autoptr (GSocketConnectable) address = create_address (uri, host);

  self->current = g_socket_connectable_proxy_enumerate (address);
  g_object_set (self->current, "proxy-resolver", proxy_resolver, NULL);
}

/* Names of Tor. GIO looks up a name in DNS for a connection without a proxy, and for a proxy that
 * takes only addresses. */

typedef struct
{
  IBBTargetEnumerator *enumerator;
  GSrvTarget          *host; /* of the targets */
  char                *uri;
} Onion;

static void
onion_free (Onion *self)
{
  g_free (self->uri);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Onion, onion_free)

static gboolean
takes_names (const char *proxy_uri)
{
  g_autofree char   *scheme = g_uri_parse_scheme (proxy_uri);
  g_autoptr (GProxy) proxy = scheme != NULL ? g_proxy_get_default_for_protocol (scheme) : NULL;

  return proxy != NULL && g_proxy_supports_hostname (proxy);
}

static void
proxies_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Onion)    onion = user_data;
  IBBTargetEnumerator *self = onion->enumerator;
  g_autoptr (GError)   error = NULL;
  g_auto (GStrv) uris = g_proxy_resolver_lookup_finish (G_PROXY_RESOLVER (object), result, &error);
  guint          i = 0;

  while (uris != NULL && uris[i] != NULL && !takes_names (uris[i]))
    i++;
  if (uris != NULL && uris[i] != NULL)
    {
      g_autoptr (GProxyResolver) only = g_simple_proxy_resolver_new (uris[i], NULL);

      enumerate (self, onion->uri, onion->host, only);
    }
  else if (self->error == NULL && error != NULL)
    self->error = g_steal_pointer (&error);
  else if (self->error == NULL)
    self->error = g_error_new (G_IO_ERROR, G_IO_ERROR_PROXY_FAILED,
                               _ ("“%s” is not in DNS: it is reached only by a proxy that takes "
                                  "names, such as that of Tor"),
                               g_srv_target_get_hostname (onion->host));
  go_on (self);
}

static void
ask_for_proxy (IBBTargetEnumerator *self, const char *uri, GSrvTarget *host)
{
  GProxyResolver *resolver = self->targets->proxy_resolver;
  Onion          *onion = g_new (Onion, 1);

  *onion = (Onion){ self, host, g_strdup (uri) };
  g_proxy_resolver_lookup_async (resolver != NULL ? resolver : g_proxy_resolver_get_default (), uri,
                                 get_cancellable (self), proxies_cb, onion);
}

/* FALSE: the call goes on later. */
static gboolean
enter (IBBTargetEnumerator *self, GSrvTarget *host)
{
  const char      *name = g_srv_target_get_hostname (host);
  g_autofree char *uri = NULL;

  self->is_direct = g_hash_table_contains (self->targets->direct, host);
  uri = g_uri_join (G_URI_FLAGS_NONE, self->is_direct ? DIRECT_SCHEME : self->targets->scheme, NULL,
                    name, g_srv_target_get_port (host), "", NULL, NULL);
  if (ibb_domain_is_onion (name))
    {
      ask_for_proxy (self, uri, host);
      return FALSE;
    }

  enumerate (self, uri, host, self->targets->proxy_resolver);
  return TRUE;
}

static void
go_on (IBBTargetEnumerator *self)
{
  if (self->current == NULL && self->next != NULL)
    {
      GSrvTarget *host = self->next->data;

      self->next = self->next->next;
      if (!enter (self, host))
        return;
    }

  if (self->current != NULL)
    g_socket_address_enumerator_next_async (self->current, get_cancellable (self), next_cb, self);
  else
    end_call (self, NULL, g_steal_pointer (&self->error));
}

static void
ibb_target_enumerator_next_async (GSocketAddressEnumerator *enumerator,
                                  GCancellable             *cancellable,
                                  GAsyncReadyCallback       callback,
                                  gpointer                  user_data)
{
  IBBTargetEnumerator *self = IBB_TARGET_ENUMERATOR (enumerator);
  GTask               *task = g_task_new (enumerator, cancellable, callback, user_data);

  g_task_set_source_tag (task, ibb_target_enumerator_next_async);
  g_task_set_name (task, "[ibb-glib] next address");
  g_queue_push_tail (&self->calls, task);
  if (self->calls.length == 1)
    go_on (self);
}

static GSocketAddress *
ibb_target_enumerator_next_finish (GSocketAddressEnumerator *enumerator,
                                   GAsyncResult             *result,
                                   GError                  **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
ibb_target_enumerator_finalize (GObject *object)
{
  IBBTargetEnumerator *self = IBB_TARGET_ENUMERATOR (object);

  g_clear_object (&self->current);
  g_clear_object (&self->targets);
  g_clear_error (&self->error);

  G_OBJECT_CLASS (ibb_target_enumerator_parent_class)->finalize (object);
}

static void
ibb_target_enumerator_class_init (IBBTargetEnumeratorClass *klass)
{
  GSocketAddressEnumeratorClass *enumerator_class = G_SOCKET_ADDRESS_ENUMERATOR_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = ibb_target_enumerator_finalize;
  enumerator_class->next_async = ibb_target_enumerator_next_async;
  enumerator_class->next_finish = ibb_target_enumerator_next_finish;
}

static void
ibb_target_enumerator_init (IBBTargetEnumerator *self)
{
}

static GSocketAddressEnumerator *
ibb_targets_enumerate (GSocketConnectable *connectable)
{
  IBBTargetEnumerator *enumerator = g_object_new (IBB_TYPE_TARGET_ENUMERATOR, NULL);

  enumerator->targets = g_object_ref (IBB_TARGETS (connectable));
  enumerator->next = enumerator->targets->hosts;

  return G_SOCKET_ADDRESS_ENUMERATOR (enumerator);
}

static char *
ibb_targets_to_string (GSocketConnectable *connectable)
{
  return g_strdup ("hosts of a server");
}

static void
connectable_init (GSocketConnectableIface *iface)
{
  iface->enumerate = ibb_targets_enumerate;
  iface->to_string = ibb_targets_to_string;
}

static void
ibb_targets_finalize (GObject *object)
{
  IBBTargets *self = IBB_TARGETS (object);

  g_resolver_free_targets (self->hosts);
  g_hash_table_unref (self->direct);
  g_free (self->scheme);
  g_clear_object (&self->proxy_resolver);

  G_OBJECT_CLASS (ibb_targets_parent_class)->finalize (object);
}

static void
ibb_targets_class_init (IBBTargetsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ibb_targets_finalize;
}

static void
ibb_targets_init (IBBTargets *self)
{
}

GSocketConnectable *
ibb_targets_new (GList *hosts, GList *direct, const char *scheme, GProxyResolver *proxy_resolver)
{
  IBBTargets *self = g_object_new (IBB_TYPE_TARGETS, NULL);

  self->direct = g_hash_table_new (NULL, NULL);
  for (GList *l = direct; l != NULL; l = l->next)
    g_hash_table_add (self->direct, l->data);
  self->hosts = g_list_concat (hosts, direct);
  if (self->hosts->next != NULL)
    self->hosts = g_srv_target_list_sort (self->hosts);
  self->scheme = g_strdup (scheme);
  g_set_object (&self->proxy_resolver, proxy_resolver);
  return G_SOCKET_CONNECTABLE (self);
}

gboolean
ibb_targets_is_direct (GSocketAddress *address)
{
  return g_object_get_data (G_OBJECT (address), IS_DIRECT) != NULL;
}
