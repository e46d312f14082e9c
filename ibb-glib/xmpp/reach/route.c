/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/reach/route.h"

#include <string.h>

#include "base/intl.h"
#include "base/source.h"
#include "xmpp/reach/host-meta.h"

/* Milliseconds for TCP, if a WebSocket may be used instead: a firewall may answer nothing. */
#define TCP_TIMEOUT 8000
/* Milliseconds for all requests for host-meta. */
#define HOST_META_TIMEOUT 12000

#define MAX_PLACE 2048 /* bytes */

typedef struct
{
  char           *domain;
  char           *uri;            /* (nullable) */
  GProxyResolver *proxy_resolver; /* (owned) (nullable) */
  GError         *tcp_error;      /* (owned) (nullable): TCP was tried before */
  IBBEndpoint    *endpoint;       /* (owned) (nullable) */
  GCancellable   *attempt;        /* (owned) (nullable): of a step with a time of its own */
  gulong          cancelled;      /* handler of the task's cancellable, which ends attempt */
  GSource        *timer;          /* (owned) (nullable) */
  gboolean        is_late;        /* it has ended attempt */
  IBBDialFound    found;
  gpointer        owner;

  IBBServerTrust       trust;
  GTlsCertificate     *untrusted; /* (owned) (nullable) */
  GTlsCertificateFlags errors;    /* of untrusted */
} Route;

static void
route_free (gpointer data)
{
  Route *self = data;

  g_free (self->domain);
  g_free (self->uri);
  g_clear_object (&self->proxy_resolver);
  g_clear_error (&self->tcp_error);
  g_clear_pointer (&self->endpoint, ibb_endpoint_unref);
  g_clear_object (&self->attempt);
  ibb_source_clear (&self->timer);
  ibb_server_trust_clear (&self->trust);
  g_clear_object (&self->untrusted);
  g_free (self);
}

/* A step with a time of its own. */

static gboolean
timeout_cb (gpointer user_data)
{
  Route *self = user_data;

  self->is_late = TRUE;
  g_cancellable_cancel (self->attempt);
  return G_SOURCE_REMOVE;
}

static void
cancelled_cb (GCancellable *cancellable, gpointer user_data)
{
  g_cancellable_cancel (user_data);
}

static void
begin_attempt (GTask *task, guint milliseconds)
{
  Route *self = g_task_get_task_data (task);

  self->is_late = FALSE;
  self->attempt = g_cancellable_new ();
  self->cancelled = g_cancellable_connect (g_task_get_cancellable (task), G_CALLBACK (cancelled_cb),
                                           g_object_ref (self->attempt), g_object_unref);
  self->timer = ibb_source_attach (g_timeout_source_new (milliseconds), g_task_get_context (task),
                                   "[ibb-glib] route timeout", timeout_cb, self, NULL);
}

/* FALSE: nothing was begun. */
static gboolean
end_attempt (GTask *task)
{
  Route *self = g_task_get_task_data (task);

  if (self->attempt == NULL)
    return FALSE;

  ibb_source_clear (&self->timer);
  g_cancellable_disconnect (g_task_get_cancellable (task), self->cancelled);
  g_clear_object (&self->attempt);
  return TRUE;
}

/* The WebSocket. */

/* Adds why TCP has failed before. Takes error. */
static void
fail (GTask *task, GError *error)
{
  Route             *self = g_task_get_task_data (task);
  g_autoptr (GError) web_error = error;

  if (self->tcp_error == NULL || g_error_matches (web_error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_task_return_error (task, g_steal_pointer (&web_error));
  else
    g_task_return_new_error (
        task, self->untrusted != NULL ? web_error->domain : self->tcp_error->domain,
        self->untrusted != NULL ? web_error->code : self->tcp_error->code,
        /* Translators: the first %s says why there is no TCP connection, the
           second why there is no WebSocket */
        _ ("%s. By WebSocket: %s"), self->tcp_error->message, web_error->message);
}

static void
web_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask)  task = user_data;
  GError            *error = NULL;
  GSocketConnection *connection = ibb_dial_finish (result, &error);

  if (connection != NULL)
    g_task_return_pointer (task, connection, g_object_unref);
  else
    fail (task, error);
}

static void
dial_endpoint (GTask *task)
{
  Route *self = g_task_get_task_data (task);

  ibb_dial_web_async (self->domain, self->endpoint->host, self->endpoint->port,
                      self->proxy_resolver, self->found, self->owner, g_task_get_cancellable (task),
                      web_cb, g_object_ref (task));
}

static void
take_uri (GTask *task, const char *uri)
{
  Route  *self = g_task_get_task_data (task);
  GError *error = NULL;

  self->endpoint = ibb_endpoint_new (uri, &error);
  if (self->endpoint != NULL)
    dial_endpoint (task);
  else
    fail (task, error);
}

static void
host_meta_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Route            *self = g_task_get_task_data (task);
  GError           *error = NULL;
  g_autofree char  *uri = ibb_host_meta_finish (result, &self->untrusted, &self->errors, &error);

  end_attempt (task);
  if (uri == NULL && self->is_late && !g_cancellable_is_cancelled (g_task_get_cancellable (task)))
    {
      g_clear_error (&error);
      error = g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                           _ ("Cannot find the WebSocket of “%s”: the web server did not answer "
                              "within %u s"),
                           self->domain, HOST_META_TIMEOUT / 1000);
    }
  if (uri != NULL)
    take_uri (task, uri);
  else
    fail (task, error);
}

static void
start_web (GTask *task)
{
  Route *self = g_task_get_task_data (task);

  if (self->uri != NULL)
    {
      take_uri (task, self->uri);
      return;
    }

  begin_attempt (task, HOST_META_TIMEOUT);
  ibb_host_meta_async (self->domain, &self->trust, self->proxy_resolver, self->attempt,
                       host_meta_cb, g_object_ref (task));
}

/* TCP. */

static void
tcp_failed (GTask *task, GError *error, gboolean is_bounded)
{
  Route *self = g_task_get_task_data (task);

  if (!is_bounded || g_cancellable_is_cancelled (g_task_get_cancellable (task)))
    {
      g_task_return_error (task, error);
      return;
    }
  if (self->is_late)
    {
      g_clear_error (&error);
      error = g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                           _ ("The server of “%s” cannot be reached in time"), self->domain);
    }

  self->tcp_error = error;
  g_debug ("%s", error->message);
  start_web (task);
}

static void
tcp_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask)  task = user_data;
  GError            *error = NULL;
  GSocketConnection *connection = ibb_dial_finish (result, &error);
  gboolean           is_bounded = end_attempt (task);

  if (connection != NULL)
    g_task_return_pointer (task, connection, g_object_unref);
  else
    tcp_failed (task, error, is_bounded);
}

void
ibb_route_async (const char               *domain,
                 const IBBAccountSettings *settings,
                 GTlsCertificate          *accepted_certificate,
                 IBBDialFound              found,
                 gpointer                  owner,
                 GCancellable             *cancellable,
                 GAsyncReadyCallback       callback,
                 gpointer                  user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Route            *self = g_new0 (Route, 1);

  g_task_set_source_tag (task, ibb_route_async);
  g_task_set_name (task, "[ibb-glib] route");
  g_task_set_task_data (task, self, route_free);
  self->domain = g_strdup (domain);
  self->uri = g_strdup (settings->websocket_uri);
  self->found = found;
  self->owner = owner;
  g_set_object (&self->proxy_resolver, settings->proxy_resolver);
  ibb_server_trust_init (&self->trust, settings, accepted_certificate);
  if (settings->websocket_mode == IBB_XMPP_WEBSOCKET_MODE_ALWAYS)
    {
      start_web (task);
      return;
    }

  if (settings->websocket_mode == IBB_XMPP_WEBSOCKET_MODE_FALLBACK)
    begin_attempt (task, TCP_TIMEOUT);
  ibb_dial_async (domain, settings, found, owner,
                  self->attempt != NULL ? self->attempt : cancellable, tcp_cb, g_object_ref (task));
}

GSocketConnection *
ibb_route_finish (GAsyncResult         *result,
                  IBBEndpoint         **endpoint,
                  GTlsCertificate     **untrusted,
                  GTlsCertificateFlags *errors,
                  GError              **error)
{
  Route             *self = g_task_get_task_data (G_TASK (result));
  GSocketConnection *connection = g_task_propagate_pointer (G_TASK (result), error);

  *endpoint = connection != NULL ? g_steal_pointer (&self->endpoint) : NULL;
  *untrusted = g_steal_pointer (&self->untrusted);
  *errors = self->errors;
  return connection;
}

char *
ibb_route_describe (GSocketConnection *connection, IBBEndpoint *endpoint)
{
  g_autoptr (GSocketAddress) address = g_socket_connection_get_remote_address (connection, NULL);
  g_autofree char           *shown = address != NULL
                                         ? g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address))
                                         : g_strdup ("?");

  if (endpoint != NULL)
    /* Translators: an address with its port, and that of a WebSocket */
    return g_strdup_printf (_ ("%s, for the WebSocket “%s”"), shown, endpoint->uri);
  if (ibb_dial_is_direct (connection))
    /* Translators: an address with its port */
    return g_strdup_printf (_ ("%s, with TLS from the first byte"), shown);
  return g_steal_pointer (&shown);
}

gboolean
ibb_route_redirect (IBBAccountSettings *settings, const char *place, gboolean is_uri)
{
  g_autoptr (IBBEndpoint) endpoint = NULL;

  if (strlen (place) > MAX_PLACE)
    return FALSE;
  if (!is_uri)
    return ibb_account_settings_set_place (settings, place);

  /* RFC 7395 forbids to follow to a WebSocket without TLS. */
  endpoint = ibb_endpoint_new (place, NULL);
  if (endpoint == NULL)
    return FALSE;
  g_free (settings->websocket_uri);
  settings->websocket_uri = g_strdup (place);
  settings->websocket_mode = IBB_XMPP_WEBSOCKET_MODE_ALWAYS;
  return TRUE;
}
