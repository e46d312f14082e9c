/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* libsoup only parses the answer. It does not connect, and SoupWebsocketConnection is not used: its
 * queue has no bound, it does not tell when a message has left, it reads without a limit, and up to
 * version 3.6 it keeps a message in fragments of any length. Besides, the rules for the server's
 * certificate, the client's certificate and channel binding are the same as over TCP, by the same
 * code. */

#include "config.h"

#include "xmpp/upgrade.h"

#include <libsoup/soup.h>
#include <string.h>

#include "ibb-intl-private.h"
#include "runtime/random.h"

#define MAX_HEAD (16 * 1024)
#define HEAD_END "\r\n\r\n"
#define KEY_LENGTH 16
#define KEY_SUFFIX "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455 §1.3 */
#define SUBPROTOCOL "xmpp"

typedef struct
{
  GIOStream   *io;
  IBBEndpoint *endpoint;
  char        *key;
  char        *request;
  char         head[MAX_HEAD + 1];
  gsize        length; /* of head */
} Upgrade;

static void
upgrade_free (gpointer data)
{
  Upgrade *self = data;

  g_object_unref (self->io);
  ibb_endpoint_unref (self->endpoint);
  g_free (self->key);
  g_free (self->request);
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
                          "Sec-WebSocket-Protocol: " SUBPROTOCOL HEAD_END,
                          ibb_endpoint_get_target (self->endpoint), authority, self->key);
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
check_status (const Upgrade *self, guint status, GError **error)
{
  if (status == SOUP_STATUS_SWITCHING_PROTOCOLS)
    return TRUE;

  if (SOUP_STATUS_IS_REDIRECTION (status))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED,
                 _ ("“%s” redirects to another address (HTTP status %u), which is not followed"),
                 ibb_endpoint_get_uri (self->endpoint), status);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED,
                 _ ("There is no WebSocket at “%s” (HTTP status %u: %s)"),
                 ibb_endpoint_get_uri (self->endpoint), status, soup_status_get_phrase (status));
  return FALSE;
}

static gboolean
check_headers (const Upgrade *self, SoupMessageHeaders *headers, GError **error)
{
  g_autofree char *accept = dup_accept (self);
  const char      *protocol = soup_message_headers_get_one (headers, "Sec-WebSocket-Protocol");

  if (!soup_message_headers_header_equals (headers, "Upgrade", "websocket") ||
      !soup_message_headers_header_contains (headers, "Connection", "upgrade") ||
      g_strcmp0 (soup_message_headers_get_one (headers, "Sec-WebSocket-Accept"), accept) != 0 ||
      soup_message_headers_get_list (headers, "Sec-WebSocket-Extensions") != NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED,
                   _ ("The answer of “%s” is not that of a WebSocket"),
                   ibb_endpoint_get_uri (self->endpoint));
      return FALSE;
    }
  if (g_strcmp0 (protocol, SUBPROTOCOL) != 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED,
                   _ ("The WebSocket at “%s” is not for XMPP"),
                   ibb_endpoint_get_uri (self->endpoint));
      return FALSE;
    }

  return TRUE;
}

static gboolean
check_head (const Upgrade *self, const char *end, GError **error)
{
  SoupMessageHeaders *headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_RESPONSE);
  int                 length = (int) (end + strlen ("\r\n") - self->head);
  guint               status = 0;
  gboolean            fine = FALSE;

  if (!soup_headers_parse_response (self->head, length, headers, NULL, &status, NULL))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED, _ ("“%s” does not speak HTTP"),
                 ibb_endpoint_get_uri (self->endpoint));
  else if (check_status (self, status, error) && check_headers (self, headers, error))
    fine = TRUE;

  soup_message_headers_unref (headers);
  return fine;
}

/* The client sends first, so nothing may follow the head. */
static void
take_head (GTask *task, const char *end)
{
  Upgrade           *self = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  if (!check_head (self, end, &error))
    g_task_return_error (task, g_steal_pointer (&error));
  else if (end + strlen (HEAD_END) != self->head + self->length)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED,
                             _ ("“%s” sent more than it may before the XML stream began"),
                             ibb_endpoint_get_uri (self->endpoint));
  else
    g_task_return_boolean (task, TRUE);
}

static void read_more (GTask *task);

static void
read_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask)  task = user_data;
  Upgrade           *self = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  gssize             n = g_input_stream_read_finish (G_INPUT_STREAM (object), result, &error);
  const char        *end;

  if (n < 0)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  self->length += (gsize) n;
  self->head[self->length] = '\0';
  end = g_strstr_len (self->head, (gssize) self->length, HEAD_END);
  if (end != NULL)
    take_head (task, end);
  else if (n == 0 || self->length == MAX_HEAD)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED,
                             _ ("“%s” does not speak HTTP"), ibb_endpoint_get_uri (self->endpoint));
  else
    read_more (task);
}

static void
read_more (GTask *task)
{
  Upgrade *self = g_task_get_task_data (task);

  g_input_stream_read_async (g_io_stream_get_input_stream (self->io), self->head + self->length,
                             MAX_HEAD - self->length, G_PRIORITY_DEFAULT,
                             g_task_get_cancellable (task), read_cb, g_object_ref (task));
}

static void
write_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask)  task = user_data;
  g_autoptr (GError) error = NULL;

  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (object), result, NULL, &error))
    read_more (task);
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

  g_task_set_source_tag (task, ibb_upgrade_async);
  g_task_set_name (task, "[ibb-glib] WebSocket");
  g_task_set_task_data (task, self, upgrade_free);
  self->io = g_object_ref (io);
  self->endpoint = ibb_endpoint_ref (endpoint);
  self->key = create_key ();
  self->request = create_request (self);

  g_output_stream_write_all_async (g_io_stream_get_output_stream (io), self->request,
                                   strlen (self->request), G_PRIORITY_DEFAULT, cancellable,
                                   write_cb, g_object_ref (task));
}

gboolean
ibb_upgrade_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
