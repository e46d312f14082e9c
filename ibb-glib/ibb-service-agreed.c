/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The calls of a service for sessions on which a negotiation elsewhere has agreed. */

#include "config.h"

#include "ibb-intl-private.h"
#include "ibb-service-private.h"
#include "ibb-transport-private.h"
#include "runtime/argument.h"
#include "runtime/expect-operation.h"
#include "runtime/open-operation.h"

/* Everything has to be named: the negotiation has left nothing to choose. */
static gboolean
check_agreed (const char   *peer_jid,
              const char   *sid,
              IBBStanzaType stanza_type,
              guint         block_size,
              GError      **error)
{
  if (!ibb_argument_check_jid (peer_jid, error) || !ibb_argument_check_sid (sid, error) ||
      !ibb_argument_check_stanza_type (stanza_type, error) ||
      !ibb_argument_check_block_size (block_size, error))
    return FALSE;
  if (block_size == 0)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                         _ ("The block size of an agreed session is missing"));
  return block_size != 0;
}

/* FALSE with error set if an argument is wrong. */
static gboolean
fill_open (IBBOpen      *open,
           const char   *peer_jid,
           const char   *sid,
           IBBStanzaType stanza_type,
           guint         block_size,
           GError      **error)
{
  if (!check_agreed (peer_jid, sid, stanza_type, block_size, error))
    return FALSE;

  *open = (IBBOpen){
    .peer = peer_jid,
    .sid = sid,
    .block_size = block_size,
    .by_message = stanza_type == IBB_STANZA_TYPE_MESSAGE,
    .fixed_block_size = TRUE,
  };
  return TRUE;
}

/* The same for an expectation. */
static gboolean
fill_expected (IBBService   *self,
               IBBExpected  *expected,
               const char   *peer_jid,
               const char   *sid,
               IBBStanzaType stanza_type,
               guint         block_size,
               GError      **error)
{
  guint max_block_size = ibb_service_get_max_block_size (self);

  if (!check_agreed (peer_jid, sid, stanza_type, block_size, error))
    return FALSE;
  if (block_size > max_block_size)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _ ("A block size of %u is too large: this service accepts at most %u"),
                   block_size, max_block_size);
      return FALSE;
    }

  *expected = (IBBExpected){
    .peer = peer_jid,
    .sid = sid,
    .is_agreed = TRUE,
    .by_message = stanza_type == IBB_STANZA_TYPE_MESSAGE,
    .block_size = block_size,
  };
  return TRUE;
}

/**
 * ibb_service_open_agreed_session_async:
 * @self: a service
 * @peer_jid: the JID of the peer, with its resource unless the peer is a
 *   component or the like
 * @sid: the session identifier, an NMTOKEN of at most 256 bytes
 * @stanza_type: which stanza carries the blocks
 * @block_size: how many bytes a block may carry, 1 to 65535
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the peer has answered
 * @user_data: for @callback
 *
 * Opens a session on which a negotiation elsewhere has agreed, such as Jingle
 * (XEP-0261): with exactly this session identifier, stanza type and block size.
 *
 * Unlike [method@IBB.Service.open_session_async], it never asks again for a smaller
 * block size: a peer that refuses what was agreed has to negotiate again.
 *
 * The negotiation itself is the application's. The page
 * [Opening and accepting](opening.html#agreed-sessions) says what it has to do for Jingle.
 *
 * When it is cancelled, the peer is told to forget the session.
 *
 * Since: 1.0
 */
void
ibb_service_open_agreed_session_async (IBBService         *self,
                                       const char         *peer_jid,
                                       const char         *sid,
                                       IBBStanzaType       stanza_type,
                                       guint               block_size,
                                       GCancellable       *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;
  GError           *error = NULL;
  IBBOpen           open;

  g_return_if_fail (IBB_IS_SERVICE (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, ibb_service_open_agreed_session_async);
  if (fill_open (&open, peer_jid, sid, stanza_type, block_size, &error))
    ibb_open_operation_start (ibb_service_get_host (self), G_OBJECT (self), &open, task);
  else
    g_task_return_error (task, error);
}

/**
 * ibb_service_open_agreed_session_finish:
 * @self: a service
 * @result: what the callback got
 * @error: return location for an error
 *
 * Finishes [method@IBB.Service.open_agreed_session_async].
 *
 * The errors are those of [method@IBB.Service.open_session_finish], with
 * %G_IO_ERROR_INVALID_ARGUMENT also for a missing session identifier or block size,
 * and %IBB_ERROR_RESOURCE_CONSTRAINT when the peer refuses the block size.
 *
 * Returns: (transfer full): the session
 *
 * Since: 1.0
 */
IBBTransport *
ibb_service_open_agreed_session_finish (IBBService *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, ibb_service_open_agreed_session_async),
                        NULL);

  return ibb_transport_new_take (ibb_open_operation_finish (G_TASK (result), error));
}

/**
 * ibb_service_open_agreed_session:
 * @self: a service
 * @peer_jid: the JID of the peer, with its resource unless the peer is a
 *   component or the like
 * @sid: the session identifier, an NMTOKEN of at most 256 bytes
 * @stanza_type: which stanza carries the blocks
 * @block_size: how many bytes a block may carry, 1 to 65535
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Opens a session on which a negotiation elsewhere has agreed.
 *
 * The blocking variant of [method@IBB.Service.open_agreed_session_async]; the
 * errors are those of [method@IBB.Service.open_agreed_session_finish] and
 * %G_IO_ERROR_WOULD_BLOCK.
 *
 * Returns: (transfer full): the session
 *
 * Since: 1.0
 */
IBBTransport *
ibb_service_open_agreed_session (IBBService   *self,
                                 const char   *peer_jid,
                                 const char   *sid,
                                 IBBStanzaType stanza_type,
                                 guint         block_size,
                                 GCancellable *cancellable,
                                 GError      **error)
{
  IBBOpen open;

  g_return_val_if_fail (IBB_IS_SERVICE (self), NULL);

  if (!fill_open (&open, peer_jid, sid, stanza_type, block_size, error))
    return NULL;
  return ibb_transport_new_take (ibb_open_operation_run (
      ibb_service_get_host (self), G_OBJECT (self), &open, cancellable, error));
}

/**
 * ibb_service_expect_agreed_session_async:
 * @self: a service
 * @peer_jid: the JID that the session will come from, as a whole: a JID without
 *   resource expects an open without one
 * @sid: the session identifier, an NMTOKEN of at most 256 bytes
 * @stanza_type: which stanza carries the blocks
 * @block_size: how many bytes a block may carry, 1 to 65535
 * @cancellable: (nullable): ends the expectation
 * @callback: (scope async): called when the session has come
 * @user_data: for @callback
 *
 * Accepts one session on which a negotiation elsewhere has agreed, such as Jingle
 * (XEP-0261): with exactly this session identifier, stanza type and block size.
 *
 * An open with another block size is answered `resource-constraint` (XEP-0261 §2.2),
 * and one with another stanza type `not-acceptable`; the expectation holds on. Apart
 * from that it is [method@IBB.Service.expect_session_async]: call it before the answer
 * that accepts the negotiation leaves.
 *
 * Since: 1.0
 */
void
ibb_service_expect_agreed_session_async (IBBService         *self,
                                         const char         *peer_jid,
                                         const char         *sid,
                                         IBBStanzaType       stanza_type,
                                         guint               block_size,
                                         GCancellable       *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;
  GError           *error = NULL;
  IBBExpected       expected;

  g_return_if_fail (IBB_IS_SERVICE (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, ibb_service_expect_agreed_session_async);
  if (fill_expected (self, &expected, peer_jid, sid, stanza_type, block_size, &error))
    ibb_expect_operation_start (ibb_service_get_host (self), ibb_service_get_inbox (self),
                                G_OBJECT (self), &expected, task);
  else
    g_task_return_error (task, error);
}

/**
 * ibb_service_expect_agreed_session_finish:
 * @self: a service
 * @result: what the callback got
 * @error: return location for an error
 *
 * Finishes [method@IBB.Service.expect_agreed_session_async].
 *
 * The errors are those of [method@IBB.Service.expect_session_finish], with
 * %G_IO_ERROR_INVALID_ARGUMENT also for a missing block size, and for one beyond
 * [property@IBB.Service:max-block-size].
 *
 * Returns: (transfer full): the session
 *
 * Since: 1.0
 */
IBBTransport *
ibb_service_expect_agreed_session_finish (IBBService *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, ibb_service_expect_agreed_session_async),
                        NULL);

  return ibb_transport_new_take (ibb_expect_operation_finish (G_TASK (result), error));
}

/**
 * ibb_service_expect_agreed_session:
 * @self: a service
 * @peer_jid: the JID that the session will come from, as a whole: a JID without
 *   resource expects an open without one
 * @sid: the session identifier, an NMTOKEN of at most 256 bytes
 * @stanza_type: which stanza carries the blocks
 * @block_size: how many bytes a block may carry, 1 to 65535
 * @cancellable: (nullable): ends the expectation
 * @error: return location for an error
 *
 * Waits for a session on which a negotiation elsewhere has agreed.
 *
 * The blocking variant of [method@IBB.Service.expect_agreed_session_async]; the
 * errors are those of [method@IBB.Service.expect_agreed_session_finish] and
 * %G_IO_ERROR_WOULD_BLOCK.
 *
 * Returns: (transfer full): the session
 *
 * Since: 1.0
 */
IBBTransport *
ibb_service_expect_agreed_session (IBBService   *self,
                                   const char   *peer_jid,
                                   const char   *sid,
                                   IBBStanzaType stanza_type,
                                   guint         block_size,
                                   GCancellable *cancellable,
                                   GError      **error)
{
  IBBExpected expected;

  g_return_val_if_fail (IBB_IS_SERVICE (self), NULL);

  if (!fill_expected (self, &expected, peer_jid, sid, stanza_type, block_size, error))
    return NULL;
  return ibb_transport_new_take (
      ibb_expect_operation_run (ibb_service_get_host (self), ibb_service_get_inbox (self),
                                G_OBJECT (self), &expected, cancellable, error));
}
