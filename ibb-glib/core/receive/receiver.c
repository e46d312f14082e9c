/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/receive/receiver.h"

#include "core/receive/digest.h"

#define STORED_MIN (4 * 1024 * 1024) /* bytes that a session may store unacknowledged (D-23) */

/* Limit of the room that a peer is told: one block less than a session may store. */
#define OFFER_MAX (STORED_MIN - IBB_BLOCK_SIZE_MAX)

/* Bytes of an early block beside its data: JIDs and an id of any usual length (D-24). */
#define EARLY_OVERHEAD (8 * 1024)

/* Number of stanzas ahead of their turn, and their time to wait for missing blocks (D-42). */
#define AHEAD_MAX 64
#define AHEAD_TIME (2 * G_USEC_PER_SEC)
/* Blocks that a repetition is compared with: more than are in flight (D-65). */
#define RECENT_MAX 256

void
ibb_receiver_init (IBBReceiver *self, const IBBParameters *parameters)
{
  self->parameters = parameters;
  self->closed_at = G_MAXUINT64;
  ibb_acks_init (&self->acks, parameters);
}

/* The delayed acknowledgement that is sent next. */
static const IBBDelayedAck *
get_first (const IBBReceiver *self)
{
  return self->acks.blocks.head->data;
}

/* Memory. */

/* G_MAXSIZE means no limit. The bound keeps sums from overflowing. */
static gsize
get_buffer_size (const IBBReceiver *self)
{
  return MIN (self->parameters->context->settings.receive_buffer_size, G_MAXSIZE / 16);
}

static gboolean
is_more_than_share (const IBBReceiver *self, gsize length)
{
  const IBBMemory *memory = &self->parameters->context->memory;

  return ibb_memory_is_short (memory) &&
         length > ibb_memory_get_share (memory, self->parameters->block_size);
}

/* Whether the peer has to wait until bytes are read. */
static gboolean
is_beyond_share (const IBBReceiver *self)
{
  return is_more_than_share (self, self->queue.length);
}

/* Whether the next block is refused. Records count as well: blocks with few bytes, or none, take
 * little but their records. */
static gboolean
is_full (const IBBReceiver *self)
{
  return is_more_than_share (self, self->queue.length + self->acks.records);
}

static gsize
get_stored_max (const IBBReceiver *self)
{
  return MAX (get_buffer_size (self), STORED_MIN);
}

static gboolean
has_room (const IBBReceiver *self, const IBBStanza *stanza)
{
  gsize length = ibb_acks_get_cost (stanza);
  gsize buffer_size = get_buffer_size (self);
  gsize stored_max = get_stored_max (self);

  if (stanza->name == IBB_STANZA_MESSAGE)
    return self->queue.length + length <= buffer_size + stored_max && !is_beyond_share (self);
  /* The first unacknowledged block is never refused. */
  if (self->acks.blocks.length == 0)
    return TRUE;
  /* The bound of the queue is for messages in between, which have no acknowledgement. */
  return self->acks.bytes + length <= stored_max &&
         self->queue.length + length <= 2 * buffer_size + stored_max &&
         self->acks.blocks.length < IBB_BLOCKS_IN_FLIGHT_MAX && !is_full (self);
}

/* The room that is offered (D-53). */

/* Bytes that the reader takes beyond those already read: twice the bytes of the last second. So the
 * reader goes on without a break if a round trip takes a second. */
static gsize
get_wanted (const IBBReceiver *self, gint64 now)
{
  const IBBMemory *memory = &self->parameters->context->memory;
  gsize            buffer_size = MIN (get_buffer_size (self), G_MAXINT32);

  if (ibb_memory_is_short (memory))
    return MIN (buffer_size, ibb_memory_get_share (memory, self->parameters->block_size));
  if (ibb_memory_is_half_taken (memory))
    return buffer_size;
  return MAX (buffer_size, MIN (2 * ibb_receive_window_get_recent (&self->offer, now), OFFER_MAX));
}

static void
note_read (IBBReceiver *self, gsize length, gint64 now)
{
  self->read += length;
  if (self->offer.is_asked)
    ibb_receive_window_note_read (&self->offer, length, now);
}

/* Tells the room where the peer would expect a quarter too much, or too little. */
static gboolean
tell_room (IBBReceiver *self, IBBRoom *room, gint64 now)
{
  gsize  wanted = get_wanted (self, now);
  gint64 delay = now - get_first (self)->arrived;

  room->delay = (guint32) CLAMP (delay, 0, G_MAXUINT32);
  return ibb_receive_window_tell (&self->offer, get_first (self)->end, self->read + wanted,
                                  MIN (wanted / 4, get_buffer_size (self)), room);
}

/* Acknowledgements. */

static gboolean
is_delayed_by_others (const IBBReceiver *self)
{
  return is_beyond_share (self) || ibb_control_is_backlogged (&self->parameters->context->control);
}

/* The end of the bytes that are acknowledged at once: all within the told room. A block beyond it
 * waits until half of the room is free: its acknowledgement is the only one to tell the room, and
 * each would otherwise tell of a single block (RFC 9293 §3.8.6.2.2). */
static guint64
get_room_end (const IBBReceiver *self, gint64 now)
{
  gsize   wanted;
  guint64 end;

  if (!self->offer.is_asked)
    return self->read + get_buffer_size (self);

  wanted = get_wanted (self, now);
  end = self->read + MAX (wanted / 2, MIN (wanted, self->parameters->block_size));
  return MAX (end, self->offer.limit);
}

/* Whether the only delayed acknowledgement, as of a peer that sends one block at a time, is sent
 * after IBB_ACK_DELAY. Some peers give up after 5 s (H-02). */
static gboolean
may_drip (const IBBReceiver *self)
{
  return self->acks.blocks.length == 1 && self->queue.length <= 2 * get_buffer_size (self) &&
         !is_delayed_by_others (self);
}

void
ibb_receiver_release (IBBReceiver *self, gint64 now)
{
  if (self->is_interrupted)
    return;

  while (self->acks.blocks.length > 0 &&
         ((get_first (self)->end <= get_room_end (self, now) && !is_delayed_by_others (self)) ||
          (may_drip (self) && now >= get_first (self)->arrived + IBB_ACK_DELAY)))
    {
      IBBRoom  room;
      gboolean tells = self->offer.is_asked && tell_room (self, &room, now);

      ibb_acks_send_first (&self->acks, tells ? &room : NULL);
    }

  ibb_acks_set_waiting (&self->acks, self->acks.blocks.length > 0 && is_delayed_by_others (self));
}

void
ibb_receiver_release_waiting (IBBReceiver *self, gint64 now)
{
  ibb_acks_set_waiting (&self->acks, FALSE); /* or to the end of the queue */
  ibb_receiver_release (self, now);
}

void
ibb_receiver_release_all (IBBReceiver *self)
{
  ibb_acks_send_all (&self->acks, self->closed_at);
}

void
ibb_receiver_refuse_all (IBBReceiver *self)
{
  self->closed_at = 0;
  ibb_receiver_release_all (self);
}

gint64
ibb_receiver_get_due (const IBBReceiver *self)
{
  gint64 due = ibb_receiver_get_ahead_due (self);

  return may_drip (self) ? MIN (due, get_first (self)->arrived + IBB_ACK_DELAY) : due;
}

/* Blocks. */

static void
reply_error (IBBReceiver *self, const IBBStanza *stanza, IBBCondition condition, IBBErrorType type)
{
  ibb_control_reply_error (&self->parameters->context->control, stanza, condition, type, NULL);
}

/* A malformed block ends the session (N-26, N-27, N-29). */
static IBBReceiverVerdict
refuse_for_good (IBBReceiver *self, const IBBStanza *stanza, IBBCondition condition)
{
  ibb_receiver_release_all (self); /* the blocks before it, in order (N-20) */
  reply_error (self, stanza, condition, IBB_ERROR_TYPE_CANCEL);
  ibb_failure_set_condition (&self->mistake, IBB_FAILURE_PROTOCOL, condition, NULL);
  return IBB_RECEIVER_FAILED;
}

/* Whether a block that is not the next one comes before it, rather than after it. */
static gboolean
is_behind (const IBBReceiver *self, const IBBStanza *stanza)
{
  return (guint16) (stanza->seq - self->next_seq) >= 32768;
}

/* A block that is not the next one (D-18). A block ahead of its turn shows that another was lost:
 * where the session can be resumed, the peer sends the lost block and all later ones again. */
static IBBReceiverVerdict
refuse_number (IBBReceiver *self, const IBBStanza *stanza)
{
  const IBBCondition condition = IBB_CONDITION_UNEXPECTED_REQUEST;

  if (self->parameters->secret == NULL || is_behind (self, stanza))
    return refuse_for_good (self, stanza, condition);

  ibb_failure_set_condition (&self->mistake, IBB_FAILURE_PROTOCOL, condition, NULL);
  return IBB_RECEIVER_MISSING;
}

IBBReceiverVerdict
ibb_receiver_refuse_malformed (IBBReceiver *self, const IBBStanza *stanza)
{
  return refuse_for_good (self, stanza, IBB_CONDITION_BAD_REQUEST);
}

static IBBReceiverVerdict
refuse_for_now (IBBReceiver *self, const IBBStanza *stanza)
{
  if (!self->refusing || (gint16) (stanza->seq - self->refused_seq) > 0)
    self->refused_seq = stanza->seq;
  self->refusing = TRUE;
  reply_error (self, stanza, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_WAIT);
  return IBB_RECEIVER_HANDLED;
}

static gboolean
is_well_formed (const IBBReceiver *self, const IBBStanza *stanza)
{
  guint block_size = self->parameters->block_size;
  /* With white space (D-17). */
  gsize text_max = 2 * IBB_BASE64_ENCODED_LENGTH ((gsize) block_size) + 256;

  return stanza->seq_valid && !stanza->has_child && stanza->bytes != NULL &&
         stanza->text_length <= text_max && g_bytes_get_size (stanza->bytes) <= block_size;
}

static gboolean
is_recent (const IBBReceiver *self, guint64 digest)
{
  for (guint i = 0; i < MIN (self->n_recent, RECENT_MAX); i++)
    if (self->recent[i] == digest)
      return TRUE;
  return FALSE;
}

static IBBReceiverVerdict
store (IBBReceiver *self, const IBBStanza *stanza, guint64 digest, gint64 now)
{
  IBBReceiverVerdict verdict = IBB_RECEIVER_STORED;
  gsize              length = g_bytes_get_size (stanza->bytes);

  self->next_seq++;
  if ((gint16) (self->next_seq - self->refused_seq) > 0)
    self->refusing = FALSE; /* all refused blocks came again */
  self->received += length;
  if (self->recent == NULL)
    self->recent = g_new (guint64, RECENT_MAX);
  self->recent[self->n_recent++ % RECENT_MAX] = digest;

  if (self->discards)
    note_read (self, length, now);
  else if (length > 0) /* an empty block wakes no reader (D-21) */
    {
      ibb_byte_queue_push (&self->queue, stanza->bytes);
      ibb_memory_add_unread (&self->parameters->context->memory, length);
      verdict = IBB_RECEIVER_READABLE;
    }

  if (stanza->name == IBB_STANZA_IQ)
    {
      if (stanza->asks_room)
        ibb_receive_window_ask (&self->offer, self->read + get_wanted (self, now));
      ibb_acks_add (&self->acks, stanza, self->received, now);
      ibb_receiver_release (self, now);
      if (self->acks.blocks.length > 0)
        ibb_acks_note_digest (&self->acks, digest);
    }
  return verdict;
}

/* Stanzas ahead of their turn. */

static gboolean
has_room_ahead (const IBBReceiver *self, const IBBStanza *stanza)
{
  return self->ahead.length < AHEAD_MAX && !is_full (self) &&
         self->acks.records + ibb_stanza_record_get_size (stanza) <= get_stored_max (self);
}

static gboolean
may_come_in_turn (const IBBReceiver *self, const IBBStanza *stanza)
{
  guint16 distance = stanza->seq - self->next_seq;

  return self->parameters->context->clock.resumed_at != 0 && distance <= AHEAD_MAX &&
         has_room_ahead (self, stanza);
}

static GList *
find_ahead (const IBBReceiver *self, guint16 seq)
{
  for (GList *l = self->ahead.head; l != NULL; l = l->next)
    {
      const IBBStanza *stanza = l->data;

      if (stanza->payload == IBB_PAYLOAD_DATA && stanza->seq == seq)
        return l;
    }
  return NULL;
}

/* Whether the block is kept already: a resumption sent it twice (D-20). */
static gboolean
is_kept_ahead (const IBBReceiver *self, const IBBStanza *stanza, guint64 digest)
{
  GList *link = find_ahead (self, stanza->seq);

  return link != NULL && ibb_digest_block (link->data) == digest;
}

static void
keep_ahead (IBBReceiver *self, IBBStanza *stanza, gint64 now)
{
  if (g_queue_is_empty (&self->ahead))
    self->ahead_since = now;
  g_queue_insert_before (&self->ahead,
                         stanza->payload == IBB_PAYLOAD_DATA ? self->ahead.head : NULL,
                         ibb_stanza_record_ref (stanza));
  ibb_acks_add_record (&self->acks, ibb_stanza_record_get_size (stanza));
}

static IBBStanza *
take_ahead (IBBReceiver *self, GList *link)
{
  IBBStanza *stanza;

  if (link == NULL)
    return NULL;

  stanza = link->data;
  ibb_acks_remove_record (&self->acks, ibb_stanza_record_get_size (stanza));
  g_queue_delete_link (&self->ahead, link);
  return stanza;
}

gboolean
ibb_receiver_has_block_ahead (const IBBReceiver *self)
{
  const GList *first = self->ahead.head;

  return first != NULL && ((const IBBStanza *) first->data)->payload == IBB_PAYLOAD_DATA;
}

gint64
ibb_receiver_get_ahead_due (const IBBReceiver *self)
{
  return self->ahead.length > 0 ? self->ahead_since + AHEAD_TIME : IBB_NEVER;
}

gboolean
ibb_receiver_defer (IBBReceiver *self, IBBStanza *stanza, gint64 now)
{
  if (!self->parameters->by_message || self->parameters->context->clock.resumed_at == 0 ||
      stanza->unclean || self->discards || !has_room_ahead (self, stanza))
    return FALSE;

  keep_ahead (self, stanza, now);
  return TRUE;
}

IBBStanza *
ibb_receiver_take_next (IBBReceiver *self)
{
  return take_ahead (self, find_ahead (self, self->next_seq));
}

IBBStanza *
ibb_receiver_pop_ahead (IBBReceiver *self)
{
  return take_ahead (self, self->ahead.head);
}

void
ibb_receiver_clear (IBBReceiver *self)
{
  IBBStanza *stanza;

  while ((stanza = ibb_receiver_pop_ahead (self)) != NULL)
    ibb_stanza_record_unref (stanza);
  ibb_receiver_drop_unread (self);
  ibb_acks_clear (&self->acks);
  g_queue_clear_full (&self->early, (GDestroyNotify) ibb_stanza_record_unref);
  g_clear_pointer (&self->recent, g_free);
  ibb_failure_clear (&self->failure);
}

IBBReceiverVerdict
ibb_receiver_refuse_ahead (IBBReceiver *self, const IBBStanza *stanza, gboolean is_over)
{
  if (self->refusing)
    return refuse_for_now (self, stanza);
  if (!is_over)
    return refuse_number (self, stanza);

  reply_error (self, stanza, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  return IBB_RECEIVER_HANDLED;
}

/* Blocks out of sequence. */

/* A seq that is not the next one. */
static IBBReceiverVerdict
receive_out_of_order (IBBReceiver *self, IBBStanza *stanza, guint64 digest, gint64 now)
{
  if (ibb_acks_contain (&self->acks, digest))
    return IBB_RECEIVER_HANDLED; /* the delayed acknowledgement answers it */
  /* The answer was lost, or a copy comes late. Another block of that number is no copy: the peer
   * has cut the block in between, and one of both has the place of the other (D-58). */
  if (is_recent (self, digest))
    {
      self->offer.is_told = FALSE; /* the first answer may have told the room */
      ibb_control_repeat_result (&self->parameters->context->control, stanza);
      return IBB_RECEIVER_HANDLED;
    }
  if (is_kept_ahead (self, stanza, digest))
    return IBB_RECEIVER_HANDLED; /* the kept block is answered in its turn */
  if (self->refusing && !is_behind (self, stanza))
    return refuse_for_now (self, stanza);
  if (may_come_in_turn (self, stanza))
    {
      keep_ahead (self, stanza, now);
      return IBB_RECEIVER_HANDLED;
    }
  return refuse_number (self, stanza);
}

/* Ends a session with more messages than the reader takes: messages have no acknowledgement to
 * delay (D-23). */
static IBBReceiverVerdict
overflow (IBBReceiver *self, const IBBStanza *stanza)
{
  reply_error (self, stanza, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_WAIT);
  ibb_failure_set_condition (&self->mistake, IBB_FAILURE_OVERFLOW,
                             IBB_CONDITION_RESOURCE_CONSTRAINT, NULL);
  return IBB_RECEIVER_FAILED;
}

IBBReceiverVerdict
ibb_receiver_receive_data (IBBReceiver *self, IBBStanza *stanza, gint64 now)
{
  guint64 digest;

  if (!is_well_formed (self, stanza))
    return ibb_receiver_refuse_malformed (self, stanza);

  digest = ibb_digest_block (stanza);
  if (stanza->seq != self->next_seq)
    return receive_out_of_order (self, stanza, digest, now);
  if (has_room (self, stanza))
    return store (self, stanza, digest, now);
  if (stanza->name == IBB_STANZA_MESSAGE)
    return overflow (self, stanza);
  return refuse_for_now (self, stanza);
}

gboolean
ibb_receiver_refuse_rest (IBBReceiver *self, const IBBStanza *stanza, gboolean is_peer_closed)
{
  reply_error (self, stanza, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  if (is_peer_closed || !is_well_formed (self, stanza) || g_bytes_get_size (stanza->bytes) == 0 ||
      stanza->seq != self->next_seq)
    return FALSE;

  self->next_seq++;
  return TRUE;
}

/* Early blocks are not checked yet: each may be as long as a stanza can be. */
static gboolean
has_room_for_early (const IBBReceiver *self, const IBBStanza *stanza)
{
  gsize size = ibb_stanza_record_get_size (stanza);
  guint n_max = stanza->payload == IBB_PAYLOAD_CLOSE ? IBB_EARLY_BLOCKS + 1 : IBB_EARLY_BLOCKS;

  for (const GList *l = self->early.head; l != NULL; l = l->next)
    size += ibb_stanza_record_get_size (l->data);
  return self->early.length < n_max &&
         size <= (IBB_EARLY_BLOCKS + 1) * (self->parameters->block_size + (gsize) EARLY_OVERHEAD);
}

void
ibb_receiver_receive_early (IBBReceiver *self, IBBStanza *stanza)
{
  if (has_room_for_early (self, stanza))
    g_queue_push_tail (&self->early, ibb_stanza_record_ref (stanza));
  else
    refuse_for_now (self, stanza);
}

/* Interruption (D-58). */

void
ibb_receiver_interrupt (IBBReceiver *self)
{
  IBBStanza *stanza;

  /* The peer sends them again. */
  while ((stanza = ibb_receiver_pop_ahead (self)) != NULL)
    ibb_stanza_record_unref (stanza);
  self->refusing = FALSE;
  self->is_interrupted = TRUE;
}

void
ibb_receiver_note_close (IBBReceiver *self, gint64 now)
{
  self->closed_at = get_room_end (self, now);
}

/* After a close during the interruption, blocks get their answers now: blocks that were read before
 * the close are acknowledged. */
void
ibb_receiver_resume (IBBReceiver *self, gint64 now)
{
  self->is_interrupted = FALSE;
  if (self->closed_at != G_MAXUINT64)
    ibb_receiver_release_all (self);
  ibb_acks_restart (&self->acks, now);
  ibb_receiver_release (self, now);
}

guint64
ibb_receiver_get_kept (const IBBReceiver *self)
{
  return self->acks.has_refused ? self->acks.sent_to : self->received;
}

guint64
ibb_receiver_get_acknowledged (const IBBReceiver *self)
{
  return self->acks.blocks.length > 0 ? self->acks.sent_to : ibb_receiver_get_kept (self);
}

/* The end of the input. */

gboolean
ibb_receiver_is_complete (const IBBReceiver *self, gint64 now)
{
  /* A block ahead of its turn waits for a missing one, or has the number of another. */
  if (self->refusing || ibb_receiver_has_block_ahead (self))
    return FALSE;
  return self->acks.blocks.length != 1 || now - get_first (self)->arrived <= IBB_ACK_DELAY;
}

/* The first end counts: a reader gets the same end of file, or error, on each later call (D-45). */
void
ibb_receiver_end (IBBReceiver *self, gboolean orderly)
{
  if (self->eof || self->failure.kind != IBB_FAILURE_NONE)
    return;

  if (orderly)
    self->eof = TRUE;
  else
    ibb_failure_set (&self->failure, IBB_FAILURE_PEER_ABORTED);
}

void
ibb_receiver_fail (IBBReceiver *self, const IBBFailure *failure)
{
  if (self->failure.kind == IBB_FAILURE_NONE)
    ibb_failure_copy (&self->failure, failure);
}

/* Reading. */

gsize
ibb_receiver_read (IBBReceiver *self, guint8 *bytes, gsize length, gint64 now)
{
  gsize n = ibb_byte_queue_read (&self->queue, bytes, length);

  if (n > 0)
    {
      note_read (self, n, now);
      ibb_memory_remove_unread (&self->parameters->context->memory, n);
    }
  return n;
}

void
ibb_receiver_discard (IBBReceiver *self, const IBBFailure *failure)
{
  self->discards = TRUE;
  ibb_receiver_drop_unread (self);
  ibb_receiver_fail (self, failure);
}

void
ibb_receiver_drop_unread (IBBReceiver *self)
{
  gsize length = self->queue.length;

  ibb_byte_queue_clear (&self->queue);
  self->read += length;
  ibb_memory_remove_unread (&self->parameters->context->memory, length);
}
