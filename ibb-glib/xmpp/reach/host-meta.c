/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/reach/host-meta.h"

#include <string.h>

#include "base/foreign-text.h"
#include "base/ibb-error-private.h"
#include "base/intl.h"
#include "xmpp/base/domain.h"
#include "xmpp/reach/dial.h"
#include "xmpp/reach/endpoint.h"
#include "xmpp/reach/handshake.h"
#include "xmpp/reach/http-request.h"

/* By XEP-0156 §2.3 each server offers this form, whether or not it offers the one in JSON. */
#define PATH "/.well-known/host-meta"
#define RELATION "urn:xmpp:alt-connections:websocket"
#define WEBSOCKET_SCHEME "wss"

#define MAX_DOCUMENT (64 * 1024)
#define MAX_REDIRECTS 3
#define STATUS_OK 200

typedef struct
{
  char              *domain;
  IBBServerTrust     trust;
  GProxyResolver    *proxy_resolver; /* (owned) (nullable) */
  IBBEndpoint       *endpoint;       /* (owned): of the last request */
  GSocketConnection *connection;     /* (owned) (nullable): to it */
  guint              n_redirects;

  GTlsCertificate     *untrusted; /* (owned) (nullable) */
  GTlsCertificateFlags errors;    /* of untrusted */
} HostMeta;

static void
disconnect (HostMeta *self)
{
  if (self->connection != NULL)
    g_io_stream_close (G_IO_STREAM (self->connection), NULL, NULL);
  g_clear_object (&self->connection);
}

static void
host_meta_free (gpointer data)
{
  HostMeta *self = data;

  disconnect (self);
  g_free (self->domain);
  ibb_server_trust_clear (&self->trust);
  g_clear_object (&self->proxy_resolver);
  g_clear_pointer (&self->endpoint, ibb_endpoint_unref);
  g_clear_object (&self->untrusted);
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

/* Defined below: a redirect leads back to it. */
static void request (GTask *task);

static void
take_document (GTask *task, const IBBHttpReader *answer)
{
  gsize       length;
  const char *document = ibb_http_reader_get_body (answer, &length);
  char       *uri = ibb_host_meta_parse (document, length);

  if (uri != NULL)
    g_task_return_pointer (task, uri, g_free);
  else
    fail (task, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _ ("“%s” names no WebSocket"), PATH);
}

static void
follow (GTask *task, const char *location)
{
  HostMeta        *self = g_task_get_task_data (task);
  g_autofree char *uri =
      g_uri_resolve_relative (self->endpoint->uri, location, G_URI_FLAGS_ENCODED, NULL);
  IBBEndpoint     *endpoint = uri != NULL ? ibb_endpoint_new_web (uri) : NULL;
  g_autofree char *place = ibb_foreign_text_dup_quotation (location);

  if (endpoint == NULL)
    {
      fail (task, G_IO_ERROR, G_IO_ERROR_FAILED,
            _ ("the web server redirects to %s, which is not HTTPS"), place);
      return;
    }

  ibb_endpoint_unref (self->endpoint);
  self->endpoint = endpoint;
  if (++self->n_redirects > MAX_REDIRECTS)
    fail (task, G_IO_ERROR, G_IO_ERROR_FAILED,
          _ ("the web server redirects more than %d times, at last to %s"), MAX_REDIRECTS, place);
  else
    request (task);
}

static void
answered_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask)         task = user_data;
  HostMeta                 *self = g_task_get_task_data (task);
  GError                   *error = NULL;
  gboolean                  is_over;
  g_autoptr (IBBHttpReader) answer = ibb_http_request_finish (result, &is_over, &error);
  const char               *location;
  guint                     status;

  disconnect (self);
  if (answer == NULL)
    {
      fail_with (task, error);
      return;
    }

  status = ibb_http_reader_get_status (answer);
  location = ibb_http_reader_get_field (answer, "location");
  if (status == STATUS_OK)
    take_document (task, answer);
  else if (status >= 300 && status < 400 && location != NULL)
    follow (task, location);
  else
    fail (task, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _ ("HTTP status %u at “%s”"), status, PATH);
}

static void
send (GTask *task, GTlsConnection *tls)
{
  HostMeta        *self = g_task_get_task_data (task);
  g_autofree char *authority = ibb_endpoint_dup_authority (self->endpoint);
  g_autofree char *text = g_strdup_printf ("GET %s HTTP/1.1\r\n"
                                           "Host: %s\r\n"
                                           "Connection: close\r\n\r\n",
                                           self->endpoint->target, authority);

  ibb_http_request_async (G_IO_STREAM (tls), text, MAX_DOCUMENT, g_task_get_cancellable (task),
                          answered_cb, g_object_ref (task));
}

static void
secured_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask)          task = user_data;
  HostMeta                  *self = g_task_get_task_data (task);
  GError                    *error = NULL;
  g_autoptr (GTlsConnection) tls =
      ibb_handshake_finish (result, &self->untrusted, &self->errors, &error);

  /* The question would name the domain, and not the host to which a redirect leads. */
  if (self->n_redirects > 0)
    g_clear_object (&self->untrusted);
  if (error != NULL)
    fail_with (task, error);
  else
    send (task, tls);
}

static void
connected_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask)      task = user_data;
  HostMeta              *self = g_task_get_task_data (task);
  GError                *error = NULL;
  IBBHandshakeParameters parameters = {
    .domain = self->endpoint->host,
    .trust = &self->trust,
    .protocol = "http/1.1",
  };

  self->connection = ibb_dial_finish (result, &error);
  if (self->connection != NULL)
    ibb_handshake_async (G_IO_STREAM (self->connection), &parameters, g_task_get_cancellable (task),
                         secured_cb, g_object_ref (task));
  else
    fail_with (task, error);
}

static void
request (GTask *task)
{
  HostMeta *self = g_task_get_task_data (task);

  ibb_dial_web_async (self->domain, self->endpoint->host, self->endpoint->port,
                      self->proxy_resolver, NULL, NULL, g_task_get_cancellable (task), connected_cb,
                      g_object_ref (task));
}

static IBBEndpoint *
create_endpoint (const char *domain)
{
  g_autofree char *address = ibb_domain_dup_address (domain);
  g_autofree char *uri = g_uri_join (G_URI_FLAGS_NONE, "https", NULL,
                                     address != NULL ? address : domain, -1, PATH, NULL, NULL);

  return ibb_endpoint_new_web (uri);
}

void
ibb_host_meta_async (const char           *domain,
                     const IBBServerTrust *trust,
                     GProxyResolver       *proxy_resolver,
                     GCancellable         *cancellable,
                     GAsyncReadyCallback   callback,
                     gpointer              user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  HostMeta         *self = g_new0 (HostMeta, 1);

  g_task_set_source_tag (task, ibb_host_meta_async);
  g_task_set_name (task, "[ibb-glib] host-meta");
  g_task_set_task_data (task, self, host_meta_free);
  self->domain = g_strdup (domain);
  ibb_server_trust_copy (trust, &self->trust);
  g_set_object (&self->proxy_resolver, proxy_resolver);
  self->endpoint = create_endpoint (domain);
  if (self->endpoint != NULL)
    request (task);
  else
    fail (task, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, _ ("“%s” is not a valid host name"),
          domain);
}

char *
ibb_host_meta_finish (GAsyncResult         *result,
                      GTlsCertificate     **untrusted,
                      GTlsCertificateFlags *errors,
                      GError              **error)
{
  HostMeta *self = g_task_get_task_data (G_TASK (result));

  *untrusted = g_steal_pointer (&self->untrusted);
  *errors = self->errors;
  return g_task_propagate_pointer (G_TASK (result), error);
}
