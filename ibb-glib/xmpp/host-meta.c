/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/host-meta.h"

#include <libsoup/soup.h>
#include <string.h>

#include "ibb-intl-private.h"
#include "xmpp/domain.h"
#include "xmpp/proxy.h"

/* By XEP-0156 §2.3 each server offers this form, whether or not it offers the one in JSON. */
#define PATH "/.well-known/host-meta"
#define RELATION "urn:xmpp:alt-connections:websocket"
#define WEBSOCKET_SCHEME "wss"

#define MAX_DOCUMENT (64 * 1024)
#define MAX_REDIRECTS 3
#define TIMEOUT 10 /* seconds in which nothing comes */

typedef struct
{
  char        *domain;
  SoupSession *session;
  SoupMessage *message; /* (owned): of the last request */
  IBBProxy     proxy;   /* of the last request */
  guint        n_redirects;
  guint8       document[MAX_DOCUMENT + 1];
} HostMeta;

static void
drop_message (HostMeta *self)
{
  if (self->message != NULL)
    g_signal_handlers_disconnect_by_data (self->message, self);
  g_clear_object (&self->message);
  ibb_proxy_clear (&self->proxy);
}

static void
host_meta_free (gpointer data)
{
  HostMeta *self = data;

  g_free (self->domain);
  drop_message (self);
  g_clear_object (&self->session);
  g_free (self);
}

static void
start_element_cb (GMarkupParseContext *context,
                  const char          *name,
                  const char         **names,
                  const char         **values,
                  gpointer             user_data,
                  GError             **error)
{
  char           **uri = user_data;
  const char      *prefix_end = strrchr (name, ':');
  const char      *relation = NULL;
  const char      *href = NULL;
  g_autofree char *scheme = NULL;

  if (*uri != NULL || strcmp (prefix_end != NULL ? prefix_end + 1 : name, "Link") != 0)
    return;

  for (; *names != NULL; names++, values++)
    if (strcmp (*names, "rel") == 0)
      relation = *values;
    else if (strcmp (*names, "href") == 0)
      href = *values;
  if (g_strcmp0 (relation, RELATION) != 0 || href == NULL)
    return;

  /* The document may also have a WebSocket without TLS. */
  scheme = g_uri_parse_scheme (href);
  if (g_strcmp0 (scheme, WEBSOCKET_SCHEME) == 0)
    *uri = g_strdup (href);
}

char *
ibb_host_meta_parse (const char *document, gsize length)
{
  static const GMarkupParser parser = { .start_element = start_element_cb };
  char                      *uri = NULL;
  GMarkupParseContext       *context =
      g_markup_parse_context_new (&parser, G_MARKUP_DEFAULT_FLAGS, &uri, NULL);

  if (!g_markup_parse_context_parse (context, document, (gssize) length, NULL) ||
      !g_markup_parse_context_end_parse (context, NULL))
    g_clear_pointer (&uri, g_free);
  g_markup_parse_context_free (context);

  return uri;
}

static void G_GNUC_PRINTF (4, 5)
    fail (GTask *task, GQuark domain, int code, const char *format, ...)
{
  HostMeta        *self = g_task_get_task_data (task);
  g_autofree char *reason = NULL;
  va_list          arguments;

  va_start (arguments, format);
  reason = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_task_return_new_error (task, domain, code, _ ("Cannot find the WebSocket of “%s”: %s"),
                           self->domain, reason);
}

/* Takes error. */
static void
fail_with (GTask *task, GError *error)
{
  g_autoptr (GError) cause = error;

  if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_task_return_error (task, g_steal_pointer (&cause));
  else
    fail (task, cause->domain, cause->code, "%s", cause->message);
}

static void
read_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  HostMeta         *self = g_task_get_task_data (task);
  GError           *error = NULL;
  gsize             length;
  char             *uri;

  if (!g_input_stream_read_all_finish (G_INPUT_STREAM (object), result, &length, &error))
    {
      fail_with (task, error);
      return;
    }
  if (length > MAX_DOCUMENT)
    {
      fail (task, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, _ ("the answer is longer than %d bytes"),
            MAX_DOCUMENT);
      return;
    }

  uri = ibb_host_meta_parse ((const char *) self->document, length);
  if (uri != NULL)
    g_task_return_pointer (task, uri, g_free);
  else
    fail (task, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _ ("“%s” names no WebSocket"), PATH);
}

/* Defined below: a redirect leads back to it. */
static void send (GTask *task, GUri *uri);

static void
follow (GTask *task)
{
  HostMeta   *self = g_task_get_task_data (task);
  const char *location =
      soup_message_headers_get_one (soup_message_get_response_headers (self->message), "Location");
  g_autoptr (GUri) uri = NULL;

  if (location != NULL)
    uri = g_uri_parse_relative (soup_message_get_uri (self->message), location, SOUP_HTTP_URI_FLAGS,
                                NULL);
  if (uri == NULL || strcmp (g_uri_get_scheme (uri), "https") != 0 ||
      ++self->n_redirects > MAX_REDIRECTS)
    fail (task, G_IO_ERROR, G_IO_ERROR_FAILED,
          _ ("the web server redirects too often, or not to HTTPS"));
  else
    send (task, uri);
}

static gboolean
has_new_tls (SoupMessage *message)
{
  GTlsProtocolVersion version = soup_message_get_tls_protocol_version (message);

  return version >= G_TLS_PROTOCOL_VERSION_TLS_1_2 && version != G_TLS_PROTOCOL_VERSION_DTLS_1_0 &&
         version != G_TLS_PROTOCOL_VERSION_DTLS_1_2;
}

static void
fail_to_connect (GTask *task, GError *error)
{
  HostMeta *self = g_task_get_task_data (task);
  GError   *proxy_error = ibb_proxy_new_error (&self->proxy, self->domain, error);

  if (proxy_error != NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_error_free (error);
      error = g_steal_pointer (&proxy_error);
    }
  g_clear_error (&proxy_error);
  fail_with (task, error);
}

static void
send_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask)        task = user_data;
  HostMeta                *self = g_task_get_task_data (task);
  GError                  *error = NULL;
  guint                    status;
  g_autoptr (GInputStream) stream = NULL;

  stream = soup_session_send_finish (SOUP_SESSION (object), result, &error);
  if (stream == NULL)
    {
      fail_to_connect (task, error);
      return;
    }

  status = soup_message_get_status (self->message);
  if (!has_new_tls (self->message))
    fail (task, G_TLS_ERROR, G_TLS_ERROR_HANDSHAKE, _ ("the web server has no TLS newer than 1.1"));
  else if (SOUP_STATUS_IS_REDIRECTION (status))
    follow (task);
  else if (status != SOUP_STATUS_OK)
    fail (task, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _ ("HTTP status %u at “%s”"), status, PATH);
  else
    g_input_stream_read_all_async (stream, self->document, sizeof self->document,
                                   G_PRIORITY_DEFAULT, g_task_get_cancellable (task), read_cb,
                                   g_object_ref (task));
}

static void
event_cb (SoupMessage *message, GSocketClientEvent event, GIOStream *connection, HostMeta *self)
{
  ibb_proxy_note (&self->proxy, event, connection);
}

static void
send (GTask *task, GUri *uri)
{
  HostMeta *self = g_task_get_task_data (task);

  drop_message (self);
  self->message = soup_message_new_from_uri (SOUP_METHOD_GET, uri);
  soup_message_add_flags (self->message, SOUP_MESSAGE_NO_REDIRECT);
  g_signal_connect (self->message, "network-event", G_CALLBACK (event_cb), self);
  soup_session_send_async (self->session, self->message, G_PRIORITY_DEFAULT,
                           g_task_get_cancellable (task), send_cb, g_object_ref (task));
}

/* Without features that are not needed: no cookies, no cache, no decoding of compressed content. */
static SoupSession *
create_session (GTlsDatabase *tls_database, GProxyResolver *proxy_resolver)
{
  SoupSession *session = soup_session_new ();

  soup_session_remove_feature_by_type (session, SOUP_TYPE_CONTENT_DECODER);
  soup_session_set_timeout (session, TIMEOUT);
  soup_session_set_user_agent (session, "");
  if (tls_database != NULL)
    soup_session_set_tls_database (session, tls_database);
  if (proxy_resolver != NULL)
    soup_session_set_proxy_resolver (session, proxy_resolver);

  return session;
}

static GUri *
create_uri (const char *domain)
{
  g_autofree char *address = ibb_domain_dup_address (domain);
  g_autofree char *host =
      address != NULL ? g_steal_pointer (&address) : ibb_domain_to_ascii (domain);

  return g_uri_build (SOUP_HTTP_URI_FLAGS, "https", NULL, host, -1, PATH, NULL, NULL);
}

void
ibb_host_meta_async (const char         *domain,
                     GTlsDatabase       *tls_database,
                     GProxyResolver     *proxy_resolver,
                     GCancellable       *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer            user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr (GUri)  uri = create_uri (domain);
  HostMeta         *self = g_new0 (HostMeta, 1);

  g_task_set_source_tag (task, ibb_host_meta_async);
  g_task_set_name (task, "[ibb-glib] host-meta");
  g_task_set_task_data (task, self, host_meta_free);
  self->domain = g_strdup (domain);
  self->session = create_session (tls_database, proxy_resolver);
  send (task, uri);
}

char *
ibb_host_meta_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
