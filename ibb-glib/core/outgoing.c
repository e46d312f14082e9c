/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/outgoing.h"

#include "core/peer/first-hop.h"
#include "core/peer/peer.h"
#include "core/peer/stall.h"
#include "core/session/delivery.h"

/* For so long after a stanza of the application a person is likely to write another. So is a
 * session that sends little. */
#define CHAT_TIME (10 * G_USEC_PER_SEC)

/* Lets the sessions go on that wait for memory or for the end of a backlog, and not for their own
 * readers. */
static void
release_waiting (IBBOutgoing *self, gint64 now)
{
  IBBContext *context = self->context;

  if (ibb_control_is_backlogged (&context->control) || !ibb_memory_take_freed (&context->memory))
    return;

  for (guint n = g_queue_get_length (&context->memory.waiting);
       n > 0 && !ibb_control_is_backlogged (&context->control); n--)
    {
      IBBSession *session = g_queue_peek_head (&context->memory.waiting);

      ibb_receiver_release_waiting (&session->receiver, now);
      ibb_session_update_timer (session);
    }
}

static IBBStanza *
take_control (IBBOutgoing *self)
{
  IBBContext *context = self->context;
  gboolean    was_backlogged;
  IBBStanza  *stanza;

  if (context->control.length == 0)
    return NULL;

  was_backlogged = ibb_control_is_backlogged (&context->control);
  stanza = ibb_control_pop (&context->control);
  ibb_memory_note_room (&context->memory);
  /* Once the backlog has gone some of the sessions that wait may go on although memory is still
   * short. */
  if (was_backlogged)
    ibb_memory_wake (&context->memory);
  return stanza;
}

/* A peer may wait for bytes in flight to another peer, which need not answer. */
static void
wait_for_others (IBBContext *context, IBBPeer *peer, gint64 now)
{
  gsize in_flight = context->first_hop->in_flight;

  if (in_flight > ibb_peer_get_path (peer)->in_flight || ibb_peers_are_several (context->peers))
    ibb_first_hop_wait (context->first_hop, now);
}

/* Whether the peer has the most blocks in flight. A session without a block in flight may send one
 * in any case: the acknowledgement shows that the peer is there (D-65). */
static gboolean
has_most_blocks (IBBPeer *peer, IBBSession *session)
{
  return peer->n_blocks >= IBB_CONTROLLER_BLOCKS_MAX && ibb_sender_awaits_reply (&session->sender);
}

static gboolean
may_take_path (IBBContext *context, IBBPeer *peer, gsize size)
{
  ibb_near_share (&peer->peers->near, &peer->near, size);
  return ibb_controller_may_send (ibb_peer_get_path (peer), size,
                                  ibb_first_hop_get_share (context->first_hop),
                                  context->is_chatting);
}

/* Notes that a low-rate session waits behind other blocks. */
static void
note_urgent (IBBContext *context, gint64 now)
{
  if (context->first_hop->in_flight > 0)
    context->urgent_at = now;
}

/* The next session by IQ whose block may leave. Peers take turns, and so do the sessions of each.
 * Sessions that may not send lose their turns. A peer whose window is full waits until a block is
 * answered. Stalled sessions may fill the window: an answer of the server shows them.
 */
static IBBSession *
find_ready (IBBOutgoing *self, gint64 now)
{
  IBBContext *context = self->context;
  IBBPeer    *peer;

  while ((peer = ibb_peers_get_next (context->peers)) != NULL)
    {
      IBBScheduler *turns = &peer->turns;
      IBBSession   *session = ibb_scheduler_peek (turns);
      gsize         size;

      if (session == NULL)
        ibb_peer_pause (peer);
      else if (!ibb_sender_can_send (&session->sender, &size, now))
        ibb_sender_update_ready (&session->sender, now);
      else if (ibb_scheduler_may_exceed (turns, size))
        {
          note_urgent (context, now);
          return session;
        }
      else if (has_most_blocks (peer, session))
        {
          if (!ibb_stalls_make_room (context, now))
            ibb_peer_cap (peer);
        }
      else if (!may_take_path (context, peer, size))
        {
          if (!ibb_stalls_make_room (context, now))
            ibb_peer_wait (peer, now);
        }
      else if (ibb_first_hop_may_send (context->first_hop, size, now))
        return session;
      else if (!ibb_stalls_make_room (context, now))
        {
          wait_for_others (context, peer, now);
          return NULL;
        }
    }
  return NULL;
}

static IBBSession *
find_ready_by_message (IBBOutgoing *self, gint64 now)
{
  IBBSession *session;
  gsize       size;

  while ((session = ibb_scheduler_peek (&self->context->message_turns)) != NULL &&
         !ibb_sender_can_send (&session->sender, &size, now))
    ibb_sender_update_ready (&session->sender, now);
  return session;
}

/* Whether no session wants to send, as after most acknowledgements. Then nothing is to be decided.
 */
static gboolean
is_quiet (const IBBContext *context)
{
  return context->peer_turns.round.length == 0 && context->message_turns.round.length == 0;
}

/* Messages have turns of their own: they do not wait for acknowledgements, so a full window must
 * not hold them up. */
static IBBStanza *
take_block (IBBOutgoing *self, gint64 now)
{
  IBBSession *session;

  if (is_quiet (self->context))
    return NULL;

  session = self->is_turn_of_messages ? find_ready_by_message (self, now) : NULL;
  if (session == NULL)
    session = find_ready (self, now);
  if (session == NULL)
    session = find_ready_by_message (self, now);
  self->is_turn_of_messages = !self->is_turn_of_messages;
  return session != NULL ? ibb_delivery_take_block (session, now) : NULL;
}

static gboolean
is_recent (gint64 at, gint64 now)
{
  return at > 0 && now - at < CHAT_TIME;
}

/* Events since the last call may let a stanza leave. */
static void
update (IBBOutgoing *self, gint64 now)
{
  self->context->is_chatting = is_recent (self->context->chat_at, now);
  self->context->has_urgent = is_recent (self->context->urgent_at, now);
  release_waiting (self, now);
}

gboolean
ibb_outgoing_has_stanza (IBBOutgoing *self, gint64 now)
{
  update (self, now);
  if (self->context->control.length > 0)
    return TRUE;
  if (is_quiet (self->context))
    return FALSE;
  return find_ready (self, now) != NULL || find_ready_by_message (self, now) != NULL ||
         /* The search may have queued a question. */
         self->context->control.length > 0;
}

static IBBStanza *
take_stanza (IBBOutgoing *self, gint64 now)
{
  IBBStanza *stanza;

  update (self, now);
  stanza = take_control (self);
  if (stanza == NULL)
    stanza = take_block (self, now);
  /* A session whose window is full may have queued a question to its peer, or a ping. */
  return stanza != NULL ? stanza : take_control (self);
}

/* A server adds no "from" to the stanzas of a component (XEP-0114). */
IBBStanza *
ibb_outgoing_take_stanza (IBBOutgoing *self, gint64 now)
{
  IBBStanza *stanza = take_stanza (self, now);

  if (self->context->is_domain && stanza != NULL && stanza->from == NULL)
    stanza->from = g_strdup (self->context->local_jid);
  return stanza;
}
