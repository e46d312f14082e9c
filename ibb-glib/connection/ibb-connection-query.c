/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The calls of IBBConnection that wait for an answer. */

#include "config.h"

#include "base/blocking-call.h"
#include "base/call-task.h"
#include "base/intl.h"
#include "connection/queries.h"
#include "core/base/jid.h"
#include "core/base/stanza.h"
#include "ibb-connection.h"
#include "ibb-error.h"

#define DISCO_TIMEOUT 30000 /* ms */
#define DISCO_ATTEMPTS 3

/* Takes task. */
static void
start (IBBConnection *self, IBBStanza *request, guint timeout, GTask *task)
{
  IBBQueries           *queries = ibb_queries_get (self);
  g_autoptr (IBBStanza) stanza = ibb_stanza_record_copy (request);
  g_autoptr (GError)    error = NULL;

  stanza->id = ibb_queries_add (queries, task, stanza->to, timeout);
  if (!ibb_connection_send (self, stanza, &error))
    ibb_queries_end (queries, stanza->id, g_steal_pointer (&error));
}

/**
 * ibb_connection_query_async:
 * @self: a connection
 * @stanza: an IQ of type `get` or `set`; the call sends it with an id of its own
 * @timeout: how long to wait for the answer, in milliseconds; 0: without a limit
 * @cancellable: (nullable): ends the waiting
 * @callback: (scope async): called with the answer
 * @user_data: data for @callback
 *
 * Sends a request and waits for its answer (RFC 6120 §8.2.3).
 *
 * Only a stanza with the id of the request and the address of the peer that was asked, or of the
 * own server for a request without one, is an answer. Neither services nor handlers of
 * [signal@IBB.Connection::stanza-received] get it. The request is sent as by
 * [method@IBB.Connection.send], and may be made from the same threads.
 *
 * ```c
 * static void
 * answered_cb (GObject *source, GAsyncResult *result, gpointer user_data)
 * {
 *   g_autoptr (GError)    error = NULL;
 *   g_autoptr (IBBStanza) answer =
 *       ibb_connection_query_finish (IBB_CONNECTION (source), result, &error);
 *
 *   g_print ("%s\n", answer != NULL ? "The server is there" : error->message);
 * }
 *
 * static void
 * ping (IBBConnection *connection, const char *server, GCancellable *cancellable)
 * {
 *   g_autofree char *xml = g_markup_printf_escaped (
 *       "<iq type='get' to='%s'><ping xmlns='urn:xmpp:ping'/></iq>", server);
 *   g_autoptr (IBBStanza) request = ibb_stanza_new_from_xml (xml, -1, NULL);
 *
 *   ibb_connection_query_async (connection, request, 10000, cancellable, answered_cb, NULL);
 * }
 * ```
 *
 * Errors:
 *
 * - a code of %IBB_ERROR that names a condition, such as %IBB_ERROR_ITEM_NOT_FOUND: the answer is
 * an error
 * - %G_IO_ERROR_INVALID_ARGUMENT: @stanza is no request
 * - %G_IO_ERROR_NOT_CONNECTED, or what the implementation sets: the request could not be sent
 * - %G_IO_ERROR_CONNECTION_CLOSED: the XML stream has ended, without a resumption (XEP-0198)
 * - %G_IO_ERROR_TIMED_OUT, %G_IO_ERROR_CANCELLED
 *
 * Since: 1.0
 */
void
ibb_connection_query_async (IBBConnection      *self,
                            IBBStanza          *stanza,
                            guint               timeout,
                            GCancellable       *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (IBB_IS_CONNECTION (self));
  g_return_if_fail (stanza != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = ibb_call_task_new (self, ibb_connection_query_async, "[ibb-glib] query", cancellable,
                            callback, user_data);
  if (g_task_return_error_if_cancelled (task))
    return;
  if (stanza->name != IBB_STANZA_IQ ||
      !(ibb_stanza_record_is_kind (stanza, "get") || ibb_stanza_record_is_kind (stanza, "set")))
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                               _ ("Only an IQ of type “get” or “set” has an answer"));
      return;
    }
  start (self, stanza, timeout, g_steal_pointer (&task));
}

/**
 * ibb_connection_query_finish:
 * @self: a connection
 * @result: what the callback was given
 * @error: return location for an error, see [method@IBB.Connection.query_async]
 *
 * Finishes [method@IBB.Connection.query_async].
 *
 * Returns: (transfer full): the answer, an IQ of type `result`; %NULL with @error set
 *
 * Since: 1.0
 */
IBBStanza *
ibb_connection_query_finish (IBBConnection *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (IBB_IS_CONNECTION (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, ibb_connection_query_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * ibb_connection_query:
 * @self: a connection that works on a thread of its own, such as that of a client
 * @stanza: an IQ of type `get` or `set`; the call sends it with an id of its own
 * @timeout: how long to wait for the answer, in milliseconds; 0: without a limit
 * @cancellable: (nullable): ends the waiting
 * @error: return location for an error, see [method@IBB.Connection.query_async]; also
 *   %G_IO_ERROR_WOULD_BLOCK where the connection works in the calling thread
 *
 * Sends a request and waits for its answer. No main loop is needed or run.
 *
 * Returns: (transfer full): the answer, an IQ of type `result`; %NULL with @error set
 *
 * Since: 1.0
 */
IBBStanza *
ibb_connection_query (IBBConnection *self,
                      IBBStanza     *stanza,
                      guint          timeout,
                      GCancellable  *cancellable,
                      GError       **error)
{
  IBBBlockingCall call;
  IBBStanza      *answer;

  g_return_val_if_fail (IBB_IS_CONNECTION (self), NULL);
  g_return_val_if_fail (stanza != NULL, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  if (!ibb_blocking_call_begin (&call, ibb_connection_get_context (self),
                                "ibb_connection_query_async", error))
    return NULL;
  ibb_connection_query_async (self, stanza, timeout, cancellable, ibb_blocking_call_cb, &call);
  answer = ibb_connection_query_finish (self, ibb_blocking_call_wait (&call), error);
  ibb_blocking_call_clear (&call);
  return answer;
}

typedef struct
{
  char *peer_jid; /* (owned) */
  guint n_asked;
} Features;

static void
features_free (gpointer data)
{
  Features *self = data;

  g_free (self->peer_jid);
  g_free (self);
}

static void ask_for_features (GTask *task);

/* What has waited at the server for a client comes back when another login takes the resource
 * (XEP-0198), and this login may answer. */
static gboolean
may_ask_again (const Features *self, const GError *error)
{
  return g_error_matches (error, IBB_ERROR, IBB_ERROR_RECIPIENT_UNAVAILABLE) &&
         self->n_asked < DISCO_ATTEMPTS;
}

static void
features_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask)     task = user_data;
  Features             *self = g_task_get_task_data (task);
  g_autoptr (GError)    error = NULL;
  g_autoptr (IBBStanza) answer = g_task_propagate_pointer (G_TASK (result), &error);

  if (answer == NULL && may_ask_again (self, error))
    ask_for_features (g_steal_pointer (&task));
  else if (answer == NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else if (answer->payload != IBB_PAYLOAD_DISCO_INFO)
    {
      g_autofree char *shown = ibb_jid_dup_unicode (self->peer_jid);

      g_task_return_new_error (task, IBB_ERROR, IBB_ERROR_PROTOCOL,
                               _ ("“%s” did not say what it supports"), shown);
    }
  else
    g_task_return_pointer (task, g_strdupv (answer->features), (GDestroyNotify) g_strfreev);
}

/* Takes the task. */
static void
ask_for_features (GTask *task)
{
  IBBConnection        *connection = g_task_get_source_object (task);
  Features             *self = g_task_get_task_data (task);
  g_autoptr (IBBStanza) request =
      ibb_stanza_record_new (IBB_STANZA_IQ, "get", IBB_PAYLOAD_DISCO_QUERY, NULL, self->peer_jid);

  self->n_asked++;
  start (connection, request, DISCO_TIMEOUT,
         ibb_call_task_new (connection, features_cb, "[ibb-glib] query features",
                            g_task_get_cancellable (task), features_cb, task));
}

/**
 * ibb_connection_query_features_async:
 * @self: a connection
 * @peer_jid: whom to ask: for a person's program its full JID
 * @cancellable: (nullable): ends the waiting
 * @callback: (scope async): called with the answer
 * @user_data: data for @callback
 *
 * Asks a peer by disco#info (XEP-0030) what it supports.
 *
 * The errors are those of [method@IBB.Connection.query_async], often %IBB_ERROR_SERVICE_UNAVAILABLE
 * for a peer that is offline; %IBB_ERROR_JID_MALFORMED; %IBB_ERROR_PROTOCOL for an answer that says
 * nothing. The peer has 30 seconds. Where the answer is `recipient-unavailable`, which servers give
 * for a client that has lost its place to a new login, the peer is asked again, three times in all.
 *
 * Since: 1.0
 */
void
ibb_connection_query_features_async (IBBConnection      *self,
                                     const char         *peer_jid,
                                     GCancellable       *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autofree char  *normal = NULL;
  Features         *features;

  g_return_if_fail (IBB_IS_CONNECTION (self));
  g_return_if_fail (peer_jid != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = ibb_call_task_new (self, ibb_connection_query_features_async, "[ibb-glib] query features",
                            cancellable, callback, user_data);
  if (g_task_return_error_if_cancelled (task))
    return;
  normal = ibb_jid_normalize (peer_jid);
  if (normal == NULL)
    {
      g_autofree char *valid = g_utf8_make_valid (peer_jid, -1);

      g_task_return_new_error (task, IBB_ERROR, IBB_ERROR_JID_MALFORMED,
                               _ ("“%s” is not a valid XMPP address"), valid);
      return;
    }

  features = g_new0 (Features, 1);
  features->peer_jid = g_strdup (peer_jid);
  g_task_set_task_data (task, features, features_free);
  ask_for_features (g_steal_pointer (&task));
}

/**
 * ibb_connection_query_features_finish:
 * @self: a connection
 * @result: what the callback was given
 * @error: return location for an error, see [method@IBB.Connection.query_features_async]
 *
 * Finishes [method@IBB.Connection.query_features_async].
 *
 * Returns: (transfer full) (array zero-terminated=1): the features; %NULL with @error set
 *
 * Since: 1.0
 */
char **
ibb_connection_query_features_finish (IBBConnection *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (IBB_IS_CONNECTION (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, ibb_connection_query_features_async),
                        NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * ibb_connection_query_features:
 * @self: a connection that works on a thread of its own, such as that of a client
 * @peer_jid: whom to ask: for a person's program its full JID
 * @cancellable: (nullable): ends the waiting
 * @error: return location for an error, see [method@IBB.Connection.query_features_async]; also
 *   %G_IO_ERROR_WOULD_BLOCK where the connection works in the calling thread
 *
 * Asks a peer by disco#info (XEP-0030) what it supports, and waits for the answer. No main loop is
 * needed or run.
 *
 * Returns: (transfer full) (array zero-terminated=1): the features; %NULL with @error set
 *
 * Since: 1.0
 */
char **
ibb_connection_query_features (IBBConnection *self,
                               const char    *peer_jid,
                               GCancellable  *cancellable,
                               GError       **error)
{
  IBBBlockingCall call;
  char          **features;

  g_return_val_if_fail (IBB_IS_CONNECTION (self), NULL);
  g_return_val_if_fail (peer_jid != NULL, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  if (!ibb_blocking_call_begin (&call, ibb_connection_get_context (self),
                                "ibb_connection_query_features_async", error))
    return NULL;
  ibb_connection_query_features_async (self, peer_jid, cancellable, ibb_blocking_call_cb, &call);
  features = ibb_connection_query_features_finish (self, ibb_blocking_call_wait (&call), error);
  ibb_blocking_call_clear (&call);
  return features;
}
