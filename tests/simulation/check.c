/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The rules that hold at each step, and at the end. */

#include "config.h"

#include "world.h"

#include "core/engine.h"
#include "core/peer/first-hop.h"
#include "core/session/session.h"
#include "inside.h"

#include <string.h>

#define IN_FLIGHT_MAX (4 * 1024 * 1024) /* bytes, of a session (D-29) */
#define FIRST_MAX (64 * 1024)           /* bytes, before its first acknowledgement */
#define BLOCKS_IN_FLIGHT_MAX 32767
#define HARD_BOUND_MIN (4 * 1024 * 1024) /* H of D-23 */
#define CHECKED_AT_ONCE 8
#define MESSAGES_REMEMBERED 64
#define BLOCKS_REMEMBERED 64 /* and answered again (D-20) */

End *
check_find_end (World *self, const IBBContext *context, guint node, guint peer, const char *sid)
{
  guint64 hash = hash_string (sid);

  /* The latest first: a sid may come again after its session is over. */
  for (guint i = self->ends->len; i-- > 0;)
    {
      End *end = g_ptr_array_index (self->ends, i);

      if (end->sid_hash == hash && end->node == node && end->peer == peer &&
          (context == NULL || end->context == context))
        return end;
    }
  return NULL;
}

/* ---- blocks on the wire ---- */

/* Bytes that may be unanswered beside the first block (D-29). */
static gsize
window_of (World *self, const Node *node, const End *end)
{
  gsize window = node->driver.engine->context->settings.window;
  gsize most = end->acked ? IN_FLIGHT_MAX : FIRST_MAX;

  if (!end->acked && !(end->initiator && node->trusts[end->peer]))
    return 0;
  if (window == 0)
    return node->trusts[end->peer] ? most : 0;
  return MIN (window, most);
}

static void
forget_blocks (End *end, guint n)
{
  end->first += n;
  if (end->first > 256 && end->first * 2 > end->blocks->len)
    {
      g_array_remove_range (end->blocks, 0, end->first);
      end->first = 0;
    }
}

static void
data_sent (World *self, Node *node, const IBBStanza *stanza)
{
  Node   *to = server_find (self, stanza->to);
  End    *end;
  gsize   length = stanza->bytes != NULL ? g_bytes_get_size (stanza->bytes) : 0;
  guint16 back;
  Block  *block = NULL;
  guint64 offset;

  if (to == NULL && self->schedule.profile == PROFILE_LOGINS)
    to = logins_find_account (self, stanza->to); /* of before */
  end = to != NULL ? check_find_end (self, node->driver.giver, node->index, to->index, stanza->sid)
                   : NULL;
  if (to != NULL && hostile_is_astray (self, node, to, end, stanza))
    return;
  if (end == NULL)
    {
      if (to == NULL && self->schedule.profile == PROFILE_HOSTILE)
        return; /* another address of the hostile one */
      world_fail (self, "%s: a block of no session", node->jid);
      return;
    }
  logins_follow (end);
  if (length == 0 || length > end->block_size)
    world_fail (self, "end %u: a block of %" G_GSIZE_FORMAT " bytes, allowed are %u (N-14)",
                end->index, length, end->block_size);
  if ((stanza->name == IBB_STANZA_MESSAGE) != end->by_message)
    world_fail (self, "end %u: a block on the other stanza type (N-13)", end->index);

  back = (guint16) (end->next_seq - stanza->seq);
  if (back != 0)
    {
      /* A repetition: the same seq, id and bytes, or shorter after D-16. */
      if (back > end->blocks->len - end->first)
        {
          /* A block that is sent again after a silence (D-27) may have waited in our own queue
           * while its acknowledgement came. The peer still knows it. A block that the peer has
           * refused is sent again with all after it, whatever was answered later (D-30). */
          if (node->trusts[end->peer] &&
              (back <= BLOCKS_REMEMBERED ||
               (end->misses_block && back <= (guint16) (end->next_seq - end->missing_seq))))
            return;
          world_fail (self, "end %u: seq %u where %u is due (N-17)", end->index, stanza->seq,
                      end->next_seq);
          return;
        }
      block = &g_array_index (end->blocks, Block, end->blocks->len - back);
      offset = block->offset;
      if (block->length != length || block->id != hash_string (stanza->id))
        {
          if (!end->was_cut_smaller || length > block->length)
            world_fail (self, "end %u: seq %u again, with another %s (D-26)", end->index,
                        stanza->seq, block->length != length ? "length" : "id");
          /* The block is segmented again, and all after it as well. */
          for (guint i = end->blocks->len - back; i < end->blocks->len; i++)
            if (!g_array_index (end->blocks, Block, i).answered)
              end->in_flight -= g_array_index (end->blocks, Block, i).length;
          g_array_set_size (end->blocks, end->blocks->len - back);
          end->next_seq = stanza->seq;
          end->next_offset = offset;
          block = NULL;
        }
    }
  else
    offset = end->next_offset;
  if (!pattern_matches (end->key_out, offset, g_bytes_get_data (stanza->bytes, NULL), length))
    world_fail (self, "end %u: seq %u does not hold the bytes at %" G_GUINT64_FORMAT, end->index,
                stanza->seq, offset);

  room_asked (self, node, end, stanza);
  if (block == NULL || block->answered)
    {
      gsize window = window_of (self, node, end);

      if (end->by_message)
        {
          if (end->unreported)
            world_fail (self, "end %u: a message before the last has left (D-35)", end->index);
        }
      else if (end->in_flight > 0 && end->in_flight + length > window)
        world_fail (self,
                    "end %u: %" G_GSIZE_FORMAT " bytes in flight and %" G_GSIZE_FORMAT
                    " more, allowed are %" G_GSIZE_FORMAT " (D-29)",
                    end->index, end->in_flight, length, window);
      room_block_sent (self, end, offset + length);
      if (!end->by_message)
        end->in_flight += length;
    }
  if (end->by_message)
    end->unreported = TRUE;
  if (block != NULL)
    {
      block->answered = FALSE;
      return;
    }
  g_array_append_val (end->blocks, ((Block){ hash_string (stanza->id), offset, (guint32) length,
                                             stanza->seq, FALSE, FALSE }));
  end->misses_block = FALSE;
  end->next_seq++;
  end->next_offset += length;
  end->sent_to = MAX (end->sent_to, end->next_offset);
  if (end->blocks->len - end->first > BLOCKS_IN_FLIGHT_MAX)
    world_fail (self, "end %u: too many blocks in flight", end->index);
  if (end->by_message && end->blocks->len - end->first > 4)
    forget_blocks (end, 1);
}

/* For the sake of another session (D-50), which may be over by the time that the connection
 * takes the ping; or to measure, with so many bytes that were acknowledged (D-57). */
static void
ping_sent (World *self, Node *node, const IBBStanza *stanza)
{
  IBBContext *context = node->driver.engine->context;

  if (g_strcmp0 (stanza->id, context->first_hop->ping.id) != 0)
    return; /* with the last session it was forgotten before the connection took it */
  if (self->schedule.settings[node->index].resume_sessions &&
      self->schedule.profile == PROFILE_HOSTILE)
    return; /* a <resume/> acknowledges as well, wherever it comes from */
  node->ping_measures = context->first_hop->ping_sent + context->clock.stood > node->shared_at;
  if (node->ping_measures && ++node->n_measured > node->answered / (16 * 1024))
    world_fail (self, "%s: a ping, and nobody waits for the answer", node->jid);
  g_strlcpy (node->ping, stanza->id, sizeof node->ping);
  /* The engine counts from when it queued the ping; the connection may take it later. */
  node->ping_sent = context->first_hop->ping_sent + context->clock.stood;
}

/* The connection refuses a stanza. Another ping measures in place of this one. */
void
check_not_sent (Node *node, const IBBStanza *stanza)
{
  if (node->ping_measures && g_strcmp0 (stanza->id, node->ping) == 0)
    node->n_measured--;
}

/* A request of a script has to be answered like any other (N-20). */
void
check_asked (World *self, Node *node, const IBBStanza *stanza)
{
  Node *to = server_find (self, stanza->to);

  if (to != NULL && stanza->id != NULL && stanza_is_request (stanza))
    question_asked (self, node->index, to->index, stanza);
}

static void
note_shared (World *self, Node *node)
{
  if (g_hash_table_size (node->driver.engine->context->sessions) > 1)
    node->shared_at = self->now;
}

void
check_sent (World *self, Node *node, IBBStanza *stanza)
{
  Node *to = server_find (self, stanza->to);
  Node *asker = to != NULL ? to : hostile_find (self, stanza->to);

  note_shared (self, node);
  if (stanza->name == IBB_STANZA_IQ && asker != NULL && question_is_answer (stanza))
    question_answered (self, node->index, asker->index, stanza);
  else if (stanza->name == IBB_STANZA_IQ && to != NULL)
    question_asked (self, node->index, to->index, stanza);
  if (stanza->payload == IBB_PAYLOAD_ERROR)
    node->n_errors++;
  if (stanza->tells_room && to != NULL && to->driver.engine != NULL)
    room_told (self, node, to, stanza);
  if (stanza->payload == IBB_PAYLOAD_DATA && self->schedule.stanza_limit[node->index] > 0 &&
      server_estimate (stanza) > self->schedule.stanza_limit[node->index])
    world_fail (self, "%s: a stanza longer than allowed (D-16)", node->jid);
  if (stanza->payload == IBB_PAYLOAD_DATA)
    data_sent (self, node, stanza);
  if (stanza->payload == IBB_PAYLOAD_PING && stanza_is_request (stanza))
    ping_sent (self, node, stanza);
}

/* The connection has reported it: the next message may leave. */
void
check_passed (World *self, Node *node, const IBBStanza *stanza)
{
  Node *to = server_find (self, stanza->to);
  End  *end;

  if (to == NULL && self->schedule.profile == PROFILE_LOGINS)
    to = logins_find_account (self, stanza->to); /* of before */
  if (stanza->payload != IBB_PAYLOAD_DATA || stanza->name != IBB_STANZA_MESSAGE || to == NULL)
    return;
  if ((end = check_find_end (self, NULL, node->index, to->index, stanza->sid)) != NULL)
    end->unreported = FALSE;
}

static gboolean
block_answered (World *self, Node *node, End *end, guint64 id, const IBBStanza *stanza)
{
  for (guint i = end->first; i < end->blocks->len; i++)
    {
      Block *block = &g_array_index (end->blocks, Block, i);

      if (block->id != id)
        continue;
      if (stanza->payload == IBB_PAYLOAD_ERROR)
        {
          if (stanza->condition == IBB_CONDITION_POLICY_VIOLATION)
            {
              end->was_cut_smaller = TRUE;
              block->too_large = block->length > 256; /* smaller ones are not halved (D-16) */
            }
          if (!end->misses_block || (gint16) (block->seq - end->missing_seq) < 0)
            end->missing_seq = block->seq;
          end->misses_block = TRUE;
          if (!block->answered && !end->by_message)
            end->in_flight -= block->length;
          block->answered = TRUE;
          return TRUE;
        }
      if (end->by_message)
        return TRUE; /* some answer messages with IQs (H-10): it means nothing */
      if (block->answered && block->too_large)
        return TRUE; /* its bytes are sent again under another id by now, or will */
      /* The result acknowledges all blocks before it as well (D-27). */
      end->acked = TRUE;
      room_block_answered (end, block, stanza);
      for (guint j = end->first; j <= i; j++)
        {
          const Block *acknowledged = &g_array_index (end->blocks, Block, j);

          node->answered += acknowledged->length;
          if (!acknowledged->answered)
            end->in_flight -= acknowledged->length;
        }
      forget_blocks (end, i + 1 - end->first);
      return TRUE;
    }
  return FALSE;
}

/* Before our engine learns that the peer has closed. */
static void
note_peer_close (World *self, Node *node, const IBBStanza *close)
{
  Node *from = server_find (self, close->from);
  End  *end =
      from != NULL ? check_find_end (self, NULL, node->index, from->index, close->sid) : NULL;
  const IBBSession *session = end != NULL ? end->session : NULL;

  if (session == NULL)
    return;

  /* As of the close before: check_end () may not have looked at the session between the two. */
  end->was_half_closed |= session->closing.peer_reads;

  /* Our engine has acknowledged what the impatient peer waited for. */
  if (end->other != NULL && end->other->gave_up_at > 0)
    end->other->gave_up_late = session->receiver.received >= end->other->gave_up_at &&
                               session->receiver.acks.blocks.length == 0;
}

/* The account that a stanza comes from, which may have had another name. */
static Node *
find_sender (World *self, const IBBStanza *stanza)
{
  Node *from = server_find (self, stanza->from);

  if (from == NULL && self->schedule.profile == PROFILE_LOGINS)
    from = logins_find_account (self, stanza->from);
  return from;
}

/* Whether something in it shows our feature (D-29). */
static gboolean
has_addition (const IBBStanza *stanza)
{
  return stanza->long_block_size > 0 || stanza->secret != NULL || stanza->is_resumable ||
         stanza->payload == IBB_PAYLOAD_RESUME;
}

void
check_received (World *self, Node *node, IBBStanza *stanza)
{
  Node   *from;
  guint64 id;

  if (has_addition (stanza) && (from = find_sender (self, stanza)) != NULL)
    node->trusts[from->index] = TRUE;
  if (hostile_is_for_later (self, node, stanza))
    question_removed (self, hostile_find (self, stanza->from)->index, node->index, stanza);
  if (stanza->payload == IBB_PAYLOAD_CLOSE)
    note_peer_close (self, node, stanza);
  if (stanza->payload != IBB_PAYLOAD_RESULT && stanza->payload != IBB_PAYLOAD_ERROR &&
      stanza->payload != IBB_PAYLOAD_DISCO_INFO)
    return;
  if (g_strcmp0 (stanza->id, node->ping) == 0)
    node->ping[0] = '\0';
  from = find_sender (self, stanza);
  if (from == NULL && g_strcmp0 (stanza->from, SERVER) != 0)
    return;
  if (stanza->payload == IBB_PAYLOAD_DISCO_INFO && from != NULL)
    {
      for (char **feature = stanza->features; feature != NULL && *feature != NULL; feature++)
        if (strcmp (*feature, IBB_FEATURE_NAMESPACE) == 0)
          node->trusts[from->index] = TRUE;
      if (stanza->identities != NULL)
        node->trusts[from->index] = TRUE; /* scripts name only those that keep order */
    }
  id = hash_string (stanza->id);
  for (guint i = self->ends->len; i-- > 0;)
    {
      End *end = g_ptr_array_index (self->ends, i);

      if (end->node == node->index && (from == NULL || end->peer == from->index) &&
          !logins_is_interrupted (end) && block_answered (self, node, end, id, stanza))
        return;
    }
}

/* ---- positions and memory ---- */

/* The most that can have arrived of what an end wrote: all that left it. While
 * nothing is refused that is what is acknowledged and what is in flight. (A
 * message that is sent again has counted as delivered.) */
static guint64
get_sent (End *self)
{
  const IBBSender *sender = self->session != NULL ? &self->session->sender : NULL;
  guint64          sent = self->scripted ? self->wrote : self->sent_to;

  if (sender == NULL)
    return sent;
  if (!self->by_message && ibb_session_get_state (self->session) == IBB_SESSION_OPEN &&
      sender->flight.n_refused == 0 && sender->flight.to_send == NULL &&
      self->session->sender.delivered + self->session->sender.flight.stall.in_flight !=
          sender->segmented)
    world_fail (self->world, "end %u: in flight is something else than was sent", self->index);
  return MIN (sent, sender->segmented);
}

/* A reader gets the end of file or an error, and the same one on every later
 * call (D-45), until it ends the session itself. */
static void
check_input_end (End *self)
{
  IBBInput       input = ibb_session_get_input (self->session);
  IBBFailureKind failure = self->session->receiver.failure.kind;

  if (self->closed || self->aborted || self->input_closed ||
      self->world->nodes[self->node].was_stopped)
    return;
  if (self->input_end != IBB_INPUT_EMPTY &&
      (input != self->input_end || failure != self->input_end_failure))
    world_fail (self->world,
                "end %u: its input ended with %d, failure %d, and now with %d, %d (D-45)",
                self->index, self->input_end, self->input_end_failure, input, failure);
  if (input == IBB_INPUT_EOF || input == IBB_INPUT_FAILED)
    {
      self->input_end = input;
      self->input_end_failure = failure;
    }
}

/* Nobody keeps a close waiting for longer than ten timeouts (D-37), but for one that waits for the
 * word of the peer's application (D-67). */
static void
check_close_time (End *self)
{
  World      *world = self->world;
  IBBSession *session = self->session;
  gint64      most = 10 * (gint64) CLOSE_TIMEOUT * MILLISECOND + SECOND; /* a late timer */

  if (!session->closing.is_whole || session->closing.out != IBB_OUT_CLOSE_SENT ||
      session->closing.is_mutual)
    return;
  if (self->close_began == 0)
    self->close_began = world->now;
  else if (logins_is_interrupted (self))
    self->close_began += world->now - self->close_checked; /* that has a time of its own */
  self->close_checked = world->now;
  if (world->now - self->close_began > most)
    world_fail (world, "end %u: its close waits for %.0f s already (D-37)", self->index,
                (double) (world->now - self->close_began) / SECOND);
}

/* How far the blocks may be acknowledged that a reader, now interrupted, has made room for. */
static guint64
get_room_end (const End *self)
{
  const IBBReceiver *receiver = &self->session->receiver;
  const IBBSettings *settings = &receiver->parameters->context->settings;
  gsize              recent = ibb_receive_window_get_recent (&receiver->offer, self->world->now);
  guint64            end = receiver->read + MAX (settings->receive_buffer_size, 2 * recent);

  return MAX (end, receiver->offer.is_asked ? receiver->offer.limit : 0);
}

/* What was not acknowledged when the application closed is refused, and is never delivered, however
 * often the connection is lost meanwhile. What was read during an interruption is acknowledged
 * after it. */
void
check_refuses (End *self, gboolean is_abort)
{
  if (self->has_refused)
    return;
  self->has_refused = TRUE;
  self->taken = self->session->receiver.acks.sent_to;
  if (!is_abort && logins_is_interrupted (self))
    self->taken = MAX (self->taken, get_room_end (self));
}

/* Without its connection, or interrupted, a session lasts no longer than resume-timeout (D-42). */
static void
check_wait (End *self)
{
  World *world = self->world;
  Node  *node = &world->nodes[self->node];
  gint64 lag = world->schedule.timer_lag[self->node];
  gint64 limit;

  if (node->driver.engine == NULL || world->schedule.profile == PROFILE_HOSTILE ||
      ibb_session_get_state (self->session) == IBB_SESSION_ENDED)
    return;
  limit = node->driver.engine->context->settings.resume_timeout * MILLISECOND;
  if (limit > 0 && self->waits_since > 0 && world->now - self->waits_since > limit + lag)
    world_fail (world, "end %u: has waited for %.3f s, with a resume-timeout of %.3f s (D-42)",
                self->index, (double) (world->now - self->waits_since) / SECOND,
                (double) limit / SECOND);
  if (node->up && !node->suspended && self->session->state != IBB_SESSION_INTERRUPTED)
    self->waits_since = 0;
  else if (self->waits_since == 0)
    self->waits_since = world->now;
}

void
check_waits (World *self, const Node *node)
{
  for (guint i = 0; i < self->ends->len; i++)
    {
      End *end = g_ptr_array_index (self->ends, i);

      if (end->node == node->index && end->session != NULL && !end->finished)
        check_wait (end);
    }
}

void
check_end (End *self)
{
  World      *world = self->world;
  Node       *node = &world->nodes[self->node];
  IBBSession *session = self->session;
  guint64     written;
  guint64     passed;
  guint64     delivered;
  guint64     received;
  gsize       readable;
  gsize       hard;

  if (session == NULL || world->failure != NULL)
    return;
  check_input_end (self);
  check_wait (self);
  if (world->schedule.profile == PROFILE_HOSTILE)
    check_close_time (self);
  self->was_half_closed |= session->closing.peer_reads;
  written = session->sender.written;
  passed = session->sender.passed;
  delivered = session->sender.delivered;
  received = session->receiver.received;
  readable = session->receiver.queue.length;
  if (written != self->wrote || passed > written || delivered > passed)
    world_fail (world,
                "end %u: wrote %" G_GUINT64_FORMAT ", written %" G_GUINT64_FORMAT
                ", passed %" G_GUINT64_FORMAT ", delivered %" G_GUINT64_FORMAT,
                self->index, self->wrote, written, passed, delivered);
  if (passed < self->last_passed || delivered < self->last_delivered ||
      received < self->last_received)
    world_fail (world,
                "end %u: a position went back: passed %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                ", delivered %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                ", received %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
                self->index, self->last_passed, passed, self->last_delivered, delivered,
                self->last_received, received);
  self->last_passed = passed;
  self->last_delivered = delivered;
  self->last_received = received;
  if (self->other != NULL && self->other->session != NULL)
    self->other->last_received = self->other->session->receiver.received;
  if (!self->by_message && !self->wild &&
      delivered > (self->other != NULL ? self->other->last_received : 0))
    world_fail (world,
                "end %u: delivered %" G_GUINT64_FORMAT ", but the peer received %" G_GUINT64_FORMAT,
                self->index, delivered, self->other != NULL ? self->other->last_received : 0);
  if (!self->by_message && !self->wild && self->other != NULL && self->other->has_refused &&
      delivered > self->other->taken)
    world_fail (world,
                "end %u: delivered %" G_GUINT64_FORMAT
                ", but the peer, which has closed, took %" G_GUINT64_FORMAT " (D-51)",
                self->index, delivered, self->other->taken);
  if (received < self->got)
    world_fail (world, "end %u: read more than was received", self->index);
  /* Refused blocks are sent again, and may have become shorter by then. */
  if (self->other != NULL && !self->has_refused && received > get_sent (self->other))
    world_fail (world, "end %u: received %" G_GUINT64_FORMAT ", the peer sent %" G_GUINT64_FORMAT,
                self->index, received, get_sent (self->other));
  hard = MAX (MAX (node->max_receive_buffer, HARD_BOUND_MIN), 2 * (gsize) self->block_size);
  if (readable > 2 * node->max_receive_buffer + hard + self->block_size)
    world_fail (world, "end %u: %" G_GSIZE_FORMAT " bytes unread (D-23)", self->index, readable);
}

/* Past the limit a session keeps its share, at least two blocks, and one block
 * more; all shares together are half of the limit. */
static void
check_memory (World *self, Node *node)
{
  gsize unread = node->driver.engine->context->memory.unread;
  gsize bound = node->max_memory_limit / 2;
  guint n = 0;

  for (guint i = 0; i < self->ends->len; i++)
    {
      End *end = g_ptr_array_index (self->ends, i);

      if (end->node != node->index || end->session == NULL)
        continue;
      bound += 3 * (gsize) end->block_size;
      n++;
    }
  if (unread > node->max_memory_limit + bound)
    world_fail (self,
                "%s: %" G_GSIZE_FORMAT " bytes unread in all, limit %" G_GSIZE_FORMAT
                ", %u sessions, bound %" G_GSIZE_FORMAT " (D-23)",
                node->jid, unread, node->max_memory_limit, n, node->max_memory_limit + bound);
}

/* No session is stalled by time alone, unless the server does not answer (D-50). */
static void
check_stalled (World *self, Node *node)
{
  gboolean       unanswered = node->ping[0] != '\0' && self->now - node->ping_sent >= MINUTE;
  guint          n = 0;
  GHashTableIter iter;
  gpointer       value;

  g_hash_table_iter_init (&iter, node->driver.engine->context->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    n += ((IBBSession *) value)->sender.flight.stall.is_stalled != FALSE;
  if (n > node->n_stalled && node->n_arrived == node->n_arrived_then && !unanswered)
    world_fail (self, "%s: a session is stalled, and nothing was answered (D-50)", node->jid);
  node->n_stalled = n;
  node->n_arrived_then = node->n_arrived;
}

void
check_node (World *self, Node *node)
{
  gboolean all = self->ends->len <= CHECKED_AT_ONCE;

  note_shared (self, node);
  if (g_hash_table_size (node->driver.engine->context->sessions) == 0)
    node->ping[0] = '\0';
  if (self->schedule.profile == PROFILE_SHARED)
    check_stalled (self, node);

  /* Where there are many sessions, some are checked at each step, in turn. */
  for (guint i = 0; i < (all ? self->ends->len : CHECKED_AT_ONCE); i++)
    {
      guint turn = all ? i : (guint) ((self->n_steps + i) % self->ends->len);
      End  *end = g_ptr_array_index (self->ends, turn);

      if (end->node == node->index && !end->finished)
        check_end (end);
    }
  if (node->driver.engine->context->memory.unread > node->max_memory_limit)
    check_memory (self, node);
  if (node->driver.engine->context->memory.n_sharers >
      g_hash_table_size (node->driver.engine->context->sessions) + self->ends->len)
    world_fail (self, "%s: the count of sessions is wrong", node->jid);
}

/* ---- the end ---- */

static gboolean
is_clean (const End *self)
{
  return self->opened && self->failure_kind == IBB_FAILURE_NONE;
}

/* Whether nothing stands in the way of every byte. */
static gboolean
must_succeed (World *self, End *end)
{
  switch (self->schedule.profile)
    {
    case PROFILE_CLEAN:
    case PROFILE_OUTAGES:
    case PROFILE_WRAP:
    case PROFILE_SHARED:
      return TRUE;
    case PROFILE_PEERS:
      return self->schedule.habits.conforms;
    case PROFILE_HOSTILE:
      return !end->wild;
    case PROFILE_LOGINS:
      return logins_must_succeed (self, end);
    default:
      return FALSE;
    }
}

static void
check_end_over (World *self, End *end)
{
  if (end->scripted)
    return;
  if (!end->finished)
    {
      world_fail (self,
                  "end %u (%s of %s) hangs: wrote %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                  ", got %" G_GUINT64_FORMAT ", state %d, finish %d%s%s%s",
                  end->index, end->initiator ? "initiator" : "responder",
                  self->nodes[end->node].jid, end->wrote, end->plan->total, end->got,
                  end->session != NULL ? (int) ibb_session_get_state (end->session) : -1,
                  end->plan->finish, end->closed ? ", closed" : "",
                  end->input_over ? ", input over" : "", end->output_over ? ", output over" : "");
      return;
    }
  /* An error to a message is noticed as long as not many left since (D-36):
   * where one ends its session for it, its close may come first. */
  if (end->other != NULL && end->other->scripted && end->by_message &&
      end->next_seq > MESSAGES_REMEMBERED)
    end->other->message_lost = TRUE;
  /* The close of a peer that gave up while the late acknowledgement was on its way looks like that
   * of a peer that had received it. */
  if (end->saw_eof && end->other != NULL && !end->other->message_lost &&
      !end->other->gave_up_late && end->got != end->other->wrote)
    world_fail (self,
                "end %u saw a clean end after %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                " bytes (D-45)",
                end->index, end->got, end->other->wrote);
  if (end->is_damaged && (end->saw_eof || end->got >= end->other->plan->total))
    world_fail (self, "end %u got other bytes than were written, and no error", end->index);
  if (must_succeed (self, end))
    {
      if (!is_clean (end) || (end->session != NULL && end->last_delivered != end->wrote) ||
          end->wrote != end->plan->total)
        world_fail (self,
                    "end %u did not succeed though nothing went wrong: opened %d, failure %d, "
                    "wrote %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                    ", delivered %" G_GUINT64_FORMAT,
                    end->index, end->opened, end->failure_kind, end->wrote, end->plan->total,
                    end->last_delivered);
      if (end->other == NULL ||
          (end->plan->finish != FINISH_CLOSE && end->got != end->other->plan->total))
        world_fail (self, "end %u did not get everything though nothing went wrong", end->index);
    }
  if (is_clean (end) && end->closed)
    self->n_clean++;
}

/* A whole block that comes late, after the peer has cut it, has the place of the first part. */
gboolean
check_may_be_damaged (const End *self)
{
  return self->world->schedule.faults.late > 0 && self->other != NULL &&
         self->other->was_cut_smaller;
}

/* An end is done: what its session says must fit what it did. */
void
check_finish (End *self)
{
  World      *world = self->world;
  IBBSession *session = self->session;

  if (session == NULL)
    return;
  check_end (self);
  self->failure_kind = session->failure.kind;
  if (ibb_session_get_state (session) != IBB_SESSION_ENDED || !self->opened)
    return;
  if ((session->sender.delivery_failure.kind == IBB_FAILURE_NONE) !=
      (self->last_delivered == self->wrote))
    world_fail (world,
                "end %u: ended with %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                " bytes delivered, delivery failure %d",
                self->index, self->last_delivered, self->wrote,
                session->sender.delivery_failure.kind);
  if (self->failure_kind == IBB_FAILURE_NONE && self->last_delivered != self->wrote)
    world_fail (world, "end %u: an orderly end with undelivered bytes", self->index);
  if (self->saw_eof && self->last_delivered != self->wrote && !self->was_half_closed &&
      !session->closing.half_close)
    world_fail (world, "end %u: read a clean end with undelivered bytes (D-38)", self->index);
  if (self->aborted && !self->was_over && self->failure_kind == IBB_FAILURE_NONE)
    world_fail (world, "end %u: aborted, yet in order", self->index);
}

static void
check_engine_over (World *self, const Node *node, IBBEngine *engine)
{
  IBBEvent event = IBB_EVENT_INIT;

  /* Unread bytes went with the last references. */
  if (ibb_engine_take_event (engine, &event))
    world_fail (self, "%s: an event is left", node->jid);
  ibb_event_clear (&event);
  if (g_hash_table_size (engine->context->sessions) != 0 || inside_get_n_timers (engine) != 0 ||
      g_hash_table_size (engine->context->pendings) != 0 ||
      engine->context->memory.n_sharers != 0 || engine->context->memory.unread != 0 ||
      ibb_engine_get_wake_time (engine) != G_MAXINT64)
    world_fail (self,
                "%s: left behind are %u sessions (%u counted), %u timers, %u pending replies, "
                "%" G_GSIZE_FORMAT " unread bytes",
                node->jid, g_hash_table_size (engine->context->sessions),
                engine->context->memory.n_sharers, inside_get_n_timers (engine),
                g_hash_table_size (engine->context->pendings), engine->context->memory.unread);
}

void
check_over (World *self)
{
  for (guint i = 0; i < self->ends->len; i++)
    {
      End *end = g_ptr_array_index (self->ends, i);

      check_end_over (self, end);
      if (end->session != NULL)
        {
          end->session->data = NULL;
          g_clear_pointer (&end->session, ibb_session_unref);
        }
    }
  for (guint i = 0; i < self->schedule.n_nodes && self->failure == NULL; i++)
    {
      IBBEngine *engines[3];

      driver_get_engines (&self->nodes[i].driver, engines);
      for (guint j = 0; engines[j] != NULL; j++)
        check_engine_over (self, &self->nodes[i], engines[j]);
    }
  question_check_all (self);
}
