/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/reach/upgrade.h"

#include "base/foreign-text.h"
#include "base/ibb-error-private.h"
#include "base/intl.h"
#include "base/random.h"
#include "xmpp/reach/http-request.h"

#define KEY_LENGTH 16
#define KEY_SUFFIX "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455 §1.3 */
#define SUBPROTOCOL "xmpp"
#define STATUS_SWITCHING_PROTOCOLS 101

typedef struct
{
  IBBEndpoint *endpoint;
  char        *key;
} Upgrade;

static void
upgrade_free (gpointer data)
{
  Upgrade *self = data;

  ibb_endpoint_unref (self->endpoint);
  g_free (self->key);
  g_free (self);
}

static char *
create_key (void)
{
  guint8 bytes[KEY_LENGTH];

  ibb_random_fill (bytes, sizeof bytes);
  return g_base64_encode (bytes, sizeof bytes);
}

static char *
create_request (const Upgrade *self)
{
  g_autofree char *authority = ibb_endpoint_dup_authority (self->endpoint);

  return g_strdup_printf ("GET %s HTTP/1.1\r\n"
                          "Host: %s\r\n"
                          "Upgrade: websocket\r\n"
                          "Connection: Upgrade\r\n"
                          "Sec-WebSocket-Key: %s\r\n"
                          "Sec-WebSocket-Version: 13\r\n"
                          "Sec-WebSocket-Protocol: " SUBPROTOCOL "\r\n\r\n",
                          self->endpoint->target, authority, self->key);
}

/* The value by which the server shows that it has read our request as one for a WebSocket. */
static char *
dup_accept (const Upgrade *self)
{
  g_autofree char *text = g_strconcat (self->key, KEY_SUFFIX, NULL);
  guint8           digest[20];
  gsize            length = sizeof digest;
  GChecksum       *checksum = g_checksum_new (G_CHECKSUM_SHA1);

  g_checksum_update (checksum, (const guint8 *) text, -1);
  g_checksum_get_digest (checksum, digest, &length);
  g_checksum_free (checksum);
  return g_base64_encode (digest, length);
}

static gboolean
check_status (const Upgrade *self, const IBBHttpReader *answer, GError **error)
{
  guint            status = ibb_http_reader_get_status (answer);
  const char      *location = ibb_http_reader_get_field (answer, "location");
  g_autofree char *place = NULL;

  if (status == STATUS_SWITCHING_PROTOCOLS)
    return TRUE;

  if (status >= 300 && status < 400 && location != NULL)
    {
      place = ibb_foreign_text_dup_quotation (location);
      g_set_error (
          error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED,
          /* Translators: an address, another one in quotation marks, and the number of HTTP */
          _ ("“%s” redirects to %s (HTTP status %u), which is not followed: name that "
             "address if it is right"),
          self->endpoint->uri, place, status);
    }
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED,
                 _ ("There is no WebSocket at “%s” (HTTP status %u)"), self->endpoint->uri, status);
  return FALSE;
}

static gboolean
check_fields (const Upgrade *self, const IBBHttpReader *answer, GError **error)
{
  g_autofree char *accept = dup_accept (self);
  const char      *protocol = ibb_http_reader_get_field (answer, "sec-websocket-protocol");

  if (!ibb_http_reader_has_token (answer, "upgrade", "websocket") ||
      !ibb_http_reader_has_token (answer, "connection", "upgrade") ||
      g_strcmp0 (ibb_http_reader_get_field (answer, "sec-websocket-accept"), accept) != 0 ||
      ibb_http_reader_get_field (answer, "sec-websocket-extensions") != NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED,
                   _ ("The answer of “%s” is not that of a WebSocket"), self->endpoint->uri);
      return FALSE;
    }
  if (g_strcmp0 (protocol, SUBPROTOCOL) != 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED,
                   _ ("The WebSocket at “%s” is not for XMPP"), self->endpoint->uri);
      return FALSE;
    }

  return TRUE;
}

/* The client sends first, so nothing may follow the answer. */
static void
take_answer (GTask *task, const IBBHttpReader *answer, gboolean is_over)
{
  Upgrade *self = g_task_get_task_data (task);
  GError  *error = NULL;

  if (!check_status (self, answer, &error) || !check_fields (self, answer, &error))
    g_task_return_error (task, error);
  else if (!is_over)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED,
                             _ ("“%s” sent more than it may before the XML stream began"),
                             self->endpoint->uri);
  else
    g_task_return_boolean (task, TRUE);
}

static void
answered_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask)         task = user_data;
  Upgrade                  *self = g_task_get_task_data (task);
  g_autoptr (GError)        error = NULL;
  gboolean                  is_over;
  g_autoptr (IBBHttpReader) answer = ibb_http_request_finish (result, &is_over, &error);

  if (answer != NULL)
    take_answer (task, answer, is_over);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA))
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED,
                             /* Translators: an address, and why */
                             _ ("“%s” does not speak HTTP: %s"), self->endpoint->uri,
                             error->message);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

void
ibb_upgrade_async (GIOStream          *io,
                   IBBEndpoint        *endpoint,
                   GCancellable       *cancellable,
                   GAsyncReadyCallback callback,
                   gpointer            user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Upgrade          *self = g_new0 (Upgrade, 1);
  g_autofree char  *request = NULL;

  g_task_set_source_tag (task, ibb_upgrade_async);
  g_task_set_name (task, "[ibb-glib] WebSocket");
  g_task_set_task_data (task, self, upgrade_free);
  self->endpoint = ibb_endpoint_ref (endpoint);
  self->key = create_key ();
  request = create_request (self);
  ibb_http_request_async (io, request, 0, cancellable, answered_cb, g_object_ref (task));
}

gboolean
ibb_upgrade_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
