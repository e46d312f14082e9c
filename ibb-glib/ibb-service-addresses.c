/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The calls of a service for sessions of one address, where its connection has several. */

#include "config.h"

#include "ibb-service-private.h"
#include "ibb-transport-private.h"
#include "runtime/argument.h"
#include "runtime/expect-operation.h"
#include "runtime/open-operation.h"

/* FALSE with error set if an argument is wrong. */
static gboolean
fill_open (IBBOpen      *open,
           const char   *local_jid,
           const char   *peer_jid,
           IBBStanzaType stanza_type,
           guint         block_size,
           const char   *sid,
           GError      **error)
{
  return ibb_argument_check_jid (local_jid, error) &&
         ibb_argument_fill_open (open, local_jid, peer_jid, stanza_type, block_size, sid, error);
}

/**
 * ibb_service_open_session_from_async:
 * @self: a service
 * @local_jid: the address that the session is opened from
 * @peer_jid: the JID of the peer, with its resource unless the peer is a
 *   component or the like
 * @stanza_type: which stanza is to carry the blocks
 * @block_size: how many bytes a block may carry, 1 to 65535; 0 for
 *   [property@IBB.Service:default-block-size]
 * @sid: (nullable): the session identifier, an NMTOKEN of at most 256 bytes;
 *   NULL for a fresh random one
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the peer has answered
 * @user_data: for @callback
 *
 * Asks a peer for a session with one of our addresses.
 *
 * Where the connection is that of a domain, as an [class@IBB.Component] is, @local_jid is any
 * address of the domain, such as `echo@bots.example.org`, or the domain itself. Over another
 * connection it has to be the connection's own. [method@IBB.Service.open_session_async] is the
 * same from [property@IBB.Connection:local-jid].
 *
 * Since: 1.0
 */
void
ibb_service_open_session_from_async (IBBService         *self,
                                     const char         *local_jid,
                                     const char         *peer_jid,
                                     IBBStanzaType       stanza_type,
                                     guint               block_size,
                                     const char         *sid,
                                     GCancellable       *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;
  GError           *error = NULL;
  IBBOpen           open;

  g_return_if_fail (IBB_IS_SERVICE (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, ibb_service_open_session_from_async);
  if (fill_open (&open, local_jid, peer_jid, stanza_type, block_size, sid, &error))
    ibb_open_operation_start (ibb_service_get_host (self), G_OBJECT (self), &open, task);
  else
    g_task_return_error (task, error);
}

/**
 * ibb_service_open_session_from_finish:
 * @self: a service
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Finishes [method@IBB.Service.open_session_from_async].
 *
 * The errors are those of [method@IBB.Service.open_session_finish], and
 * %G_IO_ERROR_INVALID_ARGUMENT also for an address that the connection does not have.
 *
 * Returns: (transfer full): the session
 *
 * Since: 1.0
 */
IBBTransport *
ibb_service_open_session_from_finish (IBBService *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, ibb_service_open_session_from_async),
                        NULL);

  return ibb_transport_new_take (ibb_open_operation_finish (G_TASK (result), error));
}

/**
 * ibb_service_open_session_from:
 * @self: a service
 * @local_jid: the address that the session is opened from
 * @peer_jid: the JID of the peer, with its resource unless the peer is a
 *   component or the like
 * @stanza_type: which stanza is to carry the blocks
 * @block_size: how many bytes a block may carry, 1 to 65535; 0 for
 *   [property@IBB.Service:default-block-size]
 * @sid: (nullable): the session identifier, an NMTOKEN of at most 256 bytes;
 *   NULL for a fresh random one
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Asks a peer for a session with one of our addresses.
 *
 * The blocking variant of [method@IBB.Service.open_session_from_async]; the errors are
 * those of [method@IBB.Service.open_session_from_finish] and %G_IO_ERROR_WOULD_BLOCK.
 *
 * Returns: (transfer full): the session
 *
 * Since: 1.0
 */
IBBTransport *
ibb_service_open_session_from (IBBService   *self,
                               const char   *local_jid,
                               const char   *peer_jid,
                               IBBStanzaType stanza_type,
                               guint         block_size,
                               const char   *sid,
                               GCancellable *cancellable,
                               GError      **error)
{
  IBBOpen open;

  g_return_val_if_fail (IBB_IS_SERVICE (self), NULL);

  if (!fill_open (&open, local_jid, peer_jid, stanza_type, block_size, sid, error))
    return NULL;
  return ibb_transport_new_take (ibb_open_operation_run (
      ibb_service_get_host (self), G_OBJECT (self), &open, cancellable, error));
}

/* FALSE with error set if an argument is wrong. */
static gboolean
fill_expected (IBBExpected *expected,
               const char  *local_jid,
               const char  *peer_jid,
               const char  *sid,
               GError     **error)
{
  *expected = (IBBExpected){ .local = local_jid, .peer = peer_jid, .sid = sid };
  return ibb_argument_check_jid (local_jid, error) && ibb_argument_check_jid (peer_jid, error) &&
         ibb_argument_check_sid (sid, error);
}

/**
 * ibb_service_expect_session_at_async:
 * @self: a service
 * @local_jid: the address that the session will be opened to
 * @peer_jid: the JID that the session will come from, as a whole: a JID without
 *   resource expects an open without one
 * @sid: the session identifier
 * @cancellable: (nullable): ends the expectation
 * @callback: (scope async): called when the session is there
 * @user_data: for @callback
 *
 * Waits for one session with one of our addresses that was agreed on out of band.
 *
 * [method@IBB.Service.expect_session_async] does the same for a session at any address of the
 * connection. Where both wait for the same peer and sid, this one gets the session.
 *
 * Since: 1.0
 */
void
ibb_service_expect_session_at_async (IBBService         *self,
                                     const char         *local_jid,
                                     const char         *peer_jid,
                                     const char         *sid,
                                     GCancellable       *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;
  GError           *error = NULL;
  IBBExpected       expected;

  g_return_if_fail (IBB_IS_SERVICE (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, ibb_service_expect_session_at_async);
  if (fill_expected (&expected, local_jid, peer_jid, sid, &error))
    ibb_expect_operation_start (ibb_service_get_host (self), ibb_service_get_inbox (self),
                                G_OBJECT (self), &expected, task);
  else
    g_task_return_error (task, error);
}

/**
 * ibb_service_expect_session_at_finish:
 * @self: a service
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Finishes [method@IBB.Service.expect_session_at_async].
 *
 * The errors are those of [method@IBB.Service.expect_session_finish], and
 * %G_IO_ERROR_INVALID_ARGUMENT also for an address that the connection does not have.
 *
 * Returns: (transfer full): the session
 *
 * Since: 1.0
 */
IBBTransport *
ibb_service_expect_session_at_finish (IBBService *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, ibb_service_expect_session_at_async),
                        NULL);

  return ibb_transport_new_take (ibb_expect_operation_finish (G_TASK (result), error));
}

/**
 * ibb_service_expect_session_at:
 * @self: a service
 * @local_jid: the address that the session will be opened to
 * @peer_jid: the JID that the session will come from, as a whole: a JID without
 *   resource expects an open without one
 * @sid: the session identifier
 * @cancellable: (nullable): ends the expectation
 * @error: return location for an error
 *
 * Waits for one session with one of our addresses that was agreed on out of band.
 *
 * The blocking variant of [method@IBB.Service.expect_session_at_async]; the errors are
 * those of [method@IBB.Service.expect_session_at_finish] and %G_IO_ERROR_WOULD_BLOCK.
 *
 * Returns: (transfer full): the session
 *
 * Since: 1.0
 */
IBBTransport *
ibb_service_expect_session_at (IBBService   *self,
                               const char   *local_jid,
                               const char   *peer_jid,
                               const char   *sid,
                               GCancellable *cancellable,
                               GError      **error)
{
  IBBExpected expected;

  g_return_val_if_fail (IBB_IS_SERVICE (self), NULL);

  if (!fill_expected (&expected, local_jid, peer_jid, sid, error))
    return NULL;
  return ibb_transport_new_take (
      ibb_expect_operation_run (ibb_service_get_host (self), ibb_service_get_inbox (self),
                                G_OBJECT (self), &expected, cancellable, error));
}
