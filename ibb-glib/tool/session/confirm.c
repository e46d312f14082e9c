/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/session/confirm.h"

#include "tool/session/call.h"
#include "tool/session/secure.h"
#include "tool/session/session.h"
#include "tool/session/stream.h"

#include <glib/gi18n.h>

#define RECEIPT_LENGTH 32

typedef struct
{
  gboolean expects; /* a receipt of the peer */
  guint8   own[RECEIPT_LENGTH];
  guint8   expected[RECEIPT_LENGTH];
  guint8   input[RECEIPT_LENGTH + 1];
} Receipts;

static void
make_receipt (const GByteArray *key, gboolean of_server, guint8 *receipt)
{
  const char *text = of_server ? "ibb-glib receipt 1 server" : "ibb-glib receipt 1 client";
  GHmac      *hmac = g_hmac_new (G_CHECKSUM_SHA256, key->data, key->len);
  gsize       length = RECEIPT_LENGTH;

  g_hmac_update (hmac, (const guchar *) text, -1);
  g_hmac_get_digest (hmac, receipt, &length);
  g_hmac_unref (hmac);
}

static gboolean
make_receipts (Receipts *self, GTlsConnection *tls, GError **error)
{
  g_autoptr (GByteArray) key = g_byte_array_new ();
  gboolean               is_server = G_IS_TLS_SERVER_CONNECTION (tls);

  if (!g_tls_connection_get_channel_binding_data (tls, G_TLS_CHANNEL_BINDING_TLS_EXPORTER, key,
                                                  error))
    return FALSE;
  make_receipt (key, is_server, self->own);
  make_receipt (key, !is_server, self->expected);
  return TRUE;
}

/* In the same time wherever they differ. */
static gboolean
is_equal (const guint8 *a, const guint8 *b)
{
  guint8 difference = 0;

  for (guint i = 0; i < RECEIPT_LENGTH; i++)
    difference |= a[i] ^ b[i];
  return difference == 0;
}

/* reason: (transfer full) (nullable): what the session or TLS says. */
static GError *
new_error (IBBTransport *transport, GError *reason)
{
  g_autofree char   *peer = ibb_transport_dup_peer_jid (transport);
  g_autofree char   *text = NULL;
  g_autoptr (GError) precise = NULL;

  if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return reason;
  text = g_strdup_printf (
      _ ("“%s” did not confirm the end of the session: what it has read is not known"), peer);
  if (reason == NULL)
    return g_error_new_literal (IBB_ERROR, IBB_ERROR_PROTOCOL, text);
  tool_stream_set_error (&precise, transport, reason);
  return g_error_new (precise->domain, precise->code, "%s (%s)", text, precise->message);
}

static void
fail (GTask *task, GError *reason)
{
  g_task_return_error (task, new_error (g_task_get_source_object (task), reason));
}

static void
read_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const Receipts   *self = g_task_get_task_data (task);
  GError           *error = NULL;
  gsize             n;

  if (!g_input_stream_read_all_finish (G_INPUT_STREAM (source), result, &n, &error))
    fail (task, error);
  else if (n != RECEIPT_LENGTH || !is_equal (self->input, self->expected))
    fail (task, NULL);
  else
    g_task_return_boolean (task, TRUE);
}

static void
shut_down_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GInputStream     *input = g_io_stream_get_input_stream (G_IO_STREAM (source));
  Receipts         *self = g_task_get_task_data (task);
  GError           *error = NULL;

  if (!ibb_transport_shutdown_output_finish (IBB_TRANSPORT (source), result, &error))
    fail (task, error);
  else if (self->expects)
    g_input_stream_read_all_async (input, self->input, sizeof self->input, G_PRIORITY_DEFAULT,
                                   g_task_get_cancellable (task), read_cb, g_object_ref (task));
  else
    g_task_return_boolean (task, TRUE);
}

static void
written_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError           *error = NULL;

  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &error))
    ibb_transport_shutdown_output_async (g_task_get_source_object (task),
                                         g_task_get_cancellable (task), shut_down_cb,
                                         g_object_ref (task));
  else
    fail (task, error);
}

void
tool_confirm_async (IBBTransport       *transport,
                    gboolean            has_read,
                    gboolean            has_written,
                    GCancellable       *cancellable,
                    GAsyncReadyCallback callback,
                    gpointer            user_data)
{
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);
  GIOStream        *stream = tool_secure_get_stream (transport);
  GOutputStream    *output = g_io_stream_get_output_stream (G_IO_STREAM (transport));
  Receipts         *self = g_new0 (Receipts, 1);
  GError           *error = NULL;

  g_task_set_source_tag (task, tool_confirm_async);
  /* The error of the session says more than that the task was cancelled. */
  g_task_set_check_cancellable (task, FALSE);
  self->expects = has_written;
  g_task_set_task_data (task, self, g_free);
  if (IBB_IS_TRANSPORT (stream))
    g_task_return_boolean (task, TRUE);
  else if (!make_receipts (self, G_TLS_CONNECTION (stream), &error))
    fail (task, error);
  else if (has_read)
    g_output_stream_write_all_async (output, self->own, RECEIPT_LENGTH, G_PRIORITY_DEFAULT,
                                     cancellable, written_cb, g_object_ref (task));
  else
    ibb_transport_shutdown_output_async (transport, cancellable, shut_down_cb, g_object_ref (task));
}

gboolean
tool_confirm_finish (IBBTransport *transport, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, transport), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

gboolean
tool_confirm (
    ToolRun *run, IBBTransport *transport, gboolean has_read, gboolean has_written, GError **error)
{
  GCancellable     *cancellable = tool_run_get_cancellable (run);
  g_auto (ToolCall) call = { NULL };
  GError           *reason = NULL;
  g_autofree char  *peer = ibb_transport_dup_peer_jid (transport);
  g_autofree char  *phase = g_strdup_printf (_ ("waiting for “%s” to confirm"), peer);

  if (IBB_IS_TRANSPORT (tool_secure_get_stream (transport)))
    return TRUE;
  tool_run_begin_wait (run, phase, 0);
  if (!tool_secure_end_output (transport, cancellable, &reason))
    {
      g_propagate_error (error, new_error (transport, reason));
      return FALSE;
    }
  tool_call_begin (&call);
  tool_confirm_async (transport, has_read, has_written, cancellable, tool_call_cb, &call);
  return tool_confirm_finish (transport, tool_call_join (&call), error);
}

gboolean
tool_confirm_join (ToolRun *run, IBBConnection *connection, IBBTransport *transport, GError **error)
{
  ToolStreamMoved moved = { 0 };

  if (tool_stream_join (run, connection, transport, &moved, error) &&
      tool_confirm (run, transport, moved.n_read > 0, moved.n_written > 0, error) &&
      tool_session_finish (transport, tool_run_get_cancellable (run), error))
    return TRUE;

  tool_session_give_up (transport, *error);
  return FALSE;
}
