/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The incoming half of a session: which blocks are taken, and when they are
 * acknowledged. An acknowledgement says that the bytes are in the application's
 * reach; withholding it is the back-pressure (D-22).
 */

#include "config.h"

#include <string.h>

#include "core/engine-private.h"
#include "core/session-private.h"

#define HELD_MIN (4 * 1024 * 1024) /* D-23 */

static void
held_free (gpointer data)
{
  IBBHeld *held = data;

  g_free (held->id);
  g_free (held);
}

static guint64
mix_word (guint64 hash, guint64 word)
{
  hash = (hash ^ word) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
  return hash ^ hash >> 29;
}

/* Tells a repeated block from another one; the peer that could make two alike
 * would only harm itself. Four words at a time, as long as there are: each has
 * to wait for one in four only. */
static guint64
mix (guint64 hash, const guint8 *bytes, gsize length)
{
  guint64 b = 1, c = 2, d = 3;
  guint64 words[4];

  for (; length >= sizeof words; length -= sizeof words)
    {
      memcpy (words, bytes, sizeof words);
      hash = mix_word (hash, words[0]);
      b = mix_word (b, words[1]);
      c = mix_word (c, words[2]);
      d = mix_word (d, words[3]);
      bytes += sizeof words;
    }
  hash = mix_word (mix_word (mix_word (hash, b), c), d);

  while (length > 0)
    {
      guint64 word = 0;
      gsize   n = MIN (length, sizeof word);

      memcpy (&word, bytes, n);
      hash = mix_word (hash, word ^ (guint64) n << 56);
      bytes += n;
      length -= n;
    }
  return hash;
}

static guint64
digest_block (IBBStanza *stanza)
{
  gsize         size;
  const guint8 *data = g_bytes_get_data (stanza->bytes, &size);
  const char   *id = stanza->id != NULL ? stanza->id : "";
  gsize         id_length = strlen (id);
  guint64       head = (guint64) id_length << 16 | stanza->seq;
  guint64       hash = mix (1, (const guint8 *) &head, sizeof head);

  /* The number has a round of its own: ids that count must not undo it. */
  hash = mix (hash, (const guint8 *) id, id_length);

  return mix (hash, data, size);
}

/* Memory. */

/* Whoever sets the largest number there is means no limit; sums of it fit. */
static gsize
get_receive_buffer_size (IBBSession *self)
{
  return MIN (self->engine->settings.receive_buffer_size, G_MAXSIZE / 16);
}

/* What a session may hold whatever the others do (D-23). */
static gsize
get_share (IBBSession *self)
{
  IBBEngine *engine = self->engine;
  gsize      n = MAX (g_hash_table_size (engine->sessions), 1);

  return MAX (2 * (gsize) self->block_size, engine->settings.receive_memory_limit / (2 * n));
}

static gboolean
is_beyond_share (IBBSession *self)
{
  return self->engine->unread > self->engine->settings.receive_memory_limit &&
         self->receiver.queue.length > get_share (self);
}

static gsize
get_held_max (IBBSession *self)
{
  return MAX (MAX (get_receive_buffer_size (self), HELD_MIN), 2 * (gsize) self->block_size);
}

/* What a held block counts for. Ids are short, unless somebody means harm. */
static gsize
get_cost (IBBStanza *stanza)
{
  gsize id_length = stanza->id != NULL ? strlen (stanza->id) : 0;

  return g_bytes_get_size (stanza->bytes) + (id_length > 64 ? id_length : 0);
}

static gboolean
has_room (IBBSession *self, IBBStanza *stanza)
{
  IBBReceiver *receiver = &self->receiver;
  gsize        length = get_cost (stanza);
  gsize        buffer_size = get_receive_buffer_size (self);
  gsize        held_max = get_held_max (self);

  if (stanza->name == IBB_STANZA_MESSAGE)
    return receiver->queue.length + length <= buffer_size + held_max;
  /* The first unacknowledged block is never refused. */
  if (g_queue_is_empty (&receiver->held))
    return TRUE;
  /* Both bounds: messages may have come as well, and are not held. */
  return receiver->held_bytes + length <= held_max &&
         receiver->queue.length + length <= 2 * buffer_size + held_max &&
         g_queue_get_length (&receiver->held) < IBB_BLOCKS_IN_FLIGHT_MAX && !is_beyond_share (self);
}

static void
forget_unread (IBBSession *self, gsize length)
{
  g_assert (self->engine->unread >= length);
  self->engine->unread -= length;
}

/* Acknowledgements. */

static IBBStanza *
reply_to_held (IBBSession *self, const IBBHeld *held, const char *kind, IBBPayload payload)
{
  IBBStanza *reply = ibb_stanza_record_new (IBB_STANZA_IQ, kind, payload, held->id, self->peer_jid);

  ibb_session_set_from (self, reply);
  ibb_engine_queue_control (self->engine, reply);
  return reply;
}

static IBBHeld *
pop_held (IBBReceiver *receiver)
{
  IBBHeld *held = g_queue_pop_head (&receiver->held);

  receiver->held_bytes -= held->cost;
  if (receiver->held_digests != NULL)
    g_hash_table_remove (receiver->held_digests, &held->digest);
  return held;
}

static void
acknowledge_first (IBBSession *self)
{
  IBBHeld *held = pop_held (&self->receiver);

  reply_to_held (self, held, "result", IBB_PAYLOAD_RESULT);
  held_free (held);
}

static gboolean
may_acknowledge (IBBSession *self, const IBBHeld *held)
{
  return held->end <= self->receiver.read + get_receive_buffer_size (self) &&
         !is_beyond_share (self) && !ibb_engine_is_backlogged (self->engine);
}

/* The only held block of a peer that sends one at a time is acknowledged late
 * rather than never, as long as memory allows: some give up after 5 s (H-02). */
static gboolean
may_drip (IBBSession *self)
{
  IBBReceiver *receiver = &self->receiver;

  return g_queue_get_length (&receiver->held) == 1 &&
         receiver->queue.length <= 2 * get_receive_buffer_size (self) && !is_beyond_share (self) &&
         !ibb_engine_is_backlogged (self->engine);
}

static void
set_memory_held (IBBSession *self, gboolean is_held)
{
  if (is_held == self->is_memory_held)
    return;

  self->is_memory_held = is_held;
  if (is_held)
    g_queue_push_tail_link (&self->engine->memory_held, &self->memory_link);
  else
    g_queue_unlink (&self->engine->memory_held, &self->memory_link);
}

void
ibb_receiver_release (IBBSession *self, gint64 now)
{
  IBBReceiver *receiver = &self->receiver;
  IBBHeld     *held;

  while (
      (held = g_queue_peek_head (&receiver->held)) != NULL &&
      (may_acknowledge (self, held) || (may_drip (self) && now >= held->arrived + IBB_ACK_DELAY)))
    acknowledge_first (self);

  set_memory_held (self, !g_queue_is_empty (&receiver->held) &&
                             (is_beyond_share (self) || ibb_engine_is_backlogged (self->engine)));
}

/* The next session that waits for what is not its own doing. */
void
ibb_receiver_release_waiting (IBBEngine *engine, gint64 now)
{
  IBBSession *waiting = g_queue_peek_head (&engine->memory_held);

  if (waiting == NULL)
    return;

  set_memory_held (waiting, FALSE); /* it goes to the end if it has to wait on */
  ibb_receiver_release (waiting, now);
  ibb_session_update_timer (waiting, now);
}

void
ibb_receiver_release_all (IBBSession *self)
{
  while (!g_queue_is_empty (&self->receiver.held))
    acknowledge_first (self);
  set_memory_held (self, FALSE);
}

/* The peer learns that its blocks were not read (D-51). */
void
ibb_receiver_refuse_held (IBBSession *self)
{
  IBBReceiver *receiver = &self->receiver;

  while (!g_queue_is_empty (&receiver->held))
    {
      IBBHeld   *held = pop_held (receiver);
      IBBStanza *reply = reply_to_held (self, held, "error", IBB_PAYLOAD_ERROR);

      reply->condition = IBB_CONDITION_ITEM_NOT_FOUND;
      reply->error_type = IBB_ERROR_TYPE_CANCEL;
      held_free (held);
    }
  set_memory_held (self, FALSE);
}

void
ibb_receiver_forget_held (IBBSession *self)
{
  g_clear_pointer (&self->receiver.held_digests, g_hash_table_unref);
  g_queue_clear_full (&self->receiver.held, held_free);
  self->receiver.held_bytes = 0;
  if (self->engine != NULL)
    set_memory_held (self, FALSE);
}

gint64
ibb_receiver_get_due (IBBSession *self)
{
  const IBBHeld *held = g_queue_peek_head (&self->receiver.held);

  return held != NULL && may_drip (self) ? held->arrived + IBB_ACK_DELAY : IBB_NEVER;
}

/* Blocks. */

static void
answer_error (IBBSession *self, IBBStanza *stanza, IBBCondition condition, IBBErrorType type)
{
  self->receiver.answered_error = TRUE;
  ibb_engine_reply_error (self->engine, stanza, condition, type, NULL);
}

/* A block that cannot be right ends the session (N-26, N-27, N-29). */
static void
refuse_for_good (IBBSession *self, IBBStanza *stanza, IBBCondition condition, gint64 now)
{
  IBBFailure failure = IBB_FAILURE_INIT;

  ibb_receiver_release_all (self); /* what came before can be read: N-20, in order */
  answer_error (self, stanza, condition, IBB_ERROR_TYPE_CANCEL);
  ibb_failure_set_condition (&failure, IBB_FAILURE_PROTOCOL, condition, NULL);
  ibb_session_fail (self, &failure, now);
}

static void
refuse_for_now (IBBSession *self, IBBStanza *stanza)
{
  IBBReceiver *receiver = &self->receiver;

  if (!receiver->refusing || (gint16) (stanza->seq - receiver->refused_seq) > 0)
    receiver->refused_seq = stanza->seq;
  receiver->refusing = TRUE;
  /* Not answered_error: the seq is not consumed, .refusing tells (D-45). */
  ibb_engine_reply_error (self->engine, stanza, IBB_CONDITION_RESOURCE_CONSTRAINT,
                          IBB_ERROR_TYPE_WAIT, NULL);
}

static gboolean
is_well_formed (IBBSession *self, IBBStanza *stanza)
{
  gsize text_max = 2 * (gsize) IBB_BASE64_ENCODED_LENGTH (self->block_size) + 256; /* D-17 */

  return stanza->seq_valid && !stanza->has_child && stanza->bytes != NULL &&
         stanza->base64 != IBB_BASE64_INVALID && stanza->text_length <= text_max &&
         g_bytes_get_size (stanza->bytes) <= self->block_size &&
         (stanza->base64 == IBB_BASE64_EXACT || !self->engine->settings.strict);
}

/* D-20. */
typedef enum
{
  REPEATED_ACKNOWLEDGED,
  REPEATED_HELD,
  NOT_REPEATED,
} Repetition;

static Repetition
find_repetition (IBBSession *self, guint64 digest)
{
  IBBReceiver *receiver = &self->receiver;
  guint        n = MIN (receiver->n_recent, IBB_RECENT_BLOCKS);

  if (receiver->held_digests != NULL && g_hash_table_contains (receiver->held_digests, &digest))
    return REPEATED_HELD;
  for (guint i = 0; i < n; i++)
    if (receiver->recent[i] == digest)
      return REPEATED_ACKNOWLEDGED;
  return NOT_REPEATED;
}

static void
remember (IBBSession *self, guint64 digest)
{
  IBBReceiver *receiver = &self->receiver;

  if (receiver->recent == NULL)
    receiver->recent = g_new (guint64, IBB_RECENT_BLOCKS);
  receiver->recent[receiver->n_recent % IBB_RECENT_BLOCKS] = digest;
  receiver->n_recent++;
  if (receiver->n_recent == 2 * IBB_RECENT_BLOCKS)
    receiver->n_recent = IBB_RECENT_BLOCKS;
}

static void
store (IBBSession *self, IBBStanza *stanza, guint64 digest, gint64 now)
{
  IBBReceiver *receiver = &self->receiver;
  gsize        length = g_bytes_get_size (stanza->bytes);

  receiver->next_seq++;
  if ((gint16) (receiver->next_seq - receiver->refused_seq) > 0)
    receiver->refusing = FALSE; /* all of them came again */
  receiver->received += length;
  remember (self, digest);
  /* A repetition is no sign of progress: two ends that each repeat would keep
   * each other from ever finding out (D-27). */
  ibb_sender_heard (self, now);

  if (receiver->discard)
    receiver->read += length;
  else if (length > 0) /* an empty block wakes no reader (D-21) */
    {
      ibb_byte_queue_push (&receiver->queue, stanza->bytes);
      self->engine->unread += length;
      ibb_session_changed (self);
    }

  if (stanza->name == IBB_STANZA_IQ)
    {
      IBBHeld *held = g_new0 (IBBHeld, 1);

      held->id = g_strdup (stanza->id);
      held->digest = digest;
      held->end = receiver->received;
      held->cost = get_cost (stanza);
      held->arrived = now;
      g_queue_push_tail (&receiver->held, held);
      receiver->held_bytes += held->cost;
      ibb_receiver_release (self, now);
      if (!g_queue_is_empty (&receiver->held)) /* then it is still the last one */
        {
          if (receiver->held_digests == NULL)
            receiver->held_digests = g_hash_table_new (g_int64_hash, g_int64_equal);
          g_hash_table_add (receiver->held_digests, &held->digest);
        }
    }
  ibb_session_update_timer (self, now);
}

/* A seq that is not the next one. */
static void
receive_out_of_order (IBBSession *self, IBBStanza *stanza, guint64 digest, gint64 now)
{
  IBBReceiver *receiver = &self->receiver;
  Repetition   repetition = find_repetition (self, digest);

  if (repetition == REPEATED_ACKNOWLEDGED)
    ibb_engine_repeat_result (self->engine, stanza);
  else if (repetition == NOT_REPEATED)
    {
      if (receiver->refusing && (guint16) (stanza->seq - receiver->next_seq) < 32768)
        refuse_for_now (self, stanza);
      else
        refuse_for_good (self, stanza, IBB_CONDITION_UNEXPECTED_REQUEST, now); /* D-18 */
    }
}

/* More messages than the reader takes: there is nothing to withhold (D-23). */
static void
overflow (IBBSession *self, IBBStanza *stanza, gint64 now)
{
  IBBFailure failure = IBB_FAILURE_INIT;

  ibb_receiver_release_all (self);
  answer_error (self, stanza, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_WAIT);
  ibb_failure_set_condition (&failure, IBB_FAILURE_OVERFLOW, IBB_CONDITION_RESOURCE_CONSTRAINT,
                             NULL);
  ibb_session_fail (self, &failure, now);
}

void
ibb_receiver_receive_data (IBBSession *self, IBBStanza *stanza, gint64 now)
{
  IBBReceiver *receiver = &self->receiver;
  guint64      digest;

  /* The peer closed, or nobody will ever read (D-51). */
  if (self->peer_closed || receiver->closed)
    {
      answer_error (self, stanza, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
      if (self->close_at != IBB_NEVER)
        ibb_session_restart_close_timeout (self, now); /* D-37 */
      return;
    }
  if (!is_well_formed (self, stanza))
    {
      refuse_for_good (self, stanza, IBB_CONDITION_BAD_REQUEST, now);
      return;
    }

  digest = digest_block (stanza);
  if (stanza->seq != receiver->next_seq)
    receive_out_of_order (self, stanza, digest, now);
  else if (has_room (self, stanza))
    store (self, stanza, digest, now);
  else if (stanza->name == IBB_STANZA_MESSAGE)
    overflow (self, stanza, now);
  else
    refuse_for_now (self, stanza);
}

/* D-24: an acceptor may write before the answer to our open is out. */
void
ibb_receiver_receive_early (IBBSession *self, IBBStanza *stanza)
{
  IBBReceiver *receiver = &self->receiver;

  if (g_queue_get_length (&receiver->early) <= IBB_EARLY_BLOCKS &&
      (stanza->payload == IBB_PAYLOAD_CLOSE ||
       g_queue_get_length (&receiver->early) < IBB_EARLY_BLOCKS))
    g_queue_push_tail (&receiver->early, ibb_stanza_record_ref (stanza));
  else
    refuse_for_now (self, stanza);
}

/* Reading. */

gsize
ibb_session_get_readable (IBBSession *self)
{
  return self->receiver.queue.length;
}

guint64
ibb_session_get_received (IBBSession *self)
{
  return self->receiver.received;
}

IBBInput
ibb_session_get_input (IBBSession *self)
{
  if (self->receiver.queue.length > 0)
    return IBB_INPUT_DATA;
  if (self->input_failure.kind != IBB_FAILURE_NONE)
    return IBB_INPUT_FAILED;
  if (self->receiver.eof)
    return IBB_INPUT_EOF;
  return IBB_INPUT_EMPTY;
}

static void
after_reading (IBBSession *self, gsize length, gint64 now)
{
  IBBEngine *engine = self->engine;

  if (engine == NULL)
    return;

  forget_unread (self, length);
  if (self->state == IBB_SESSION_OPEN)
    {
      ibb_receiver_release (self, now);
      ibb_session_update_timer (self, now);
    }
  /* Each that waited for the total only leaves the queue here, once for each
   * time that it entered. */
  while (engine->unread <= engine->settings.receive_memory_limit &&
         !ibb_engine_is_backlogged (engine) && !g_queue_is_empty (&engine->memory_held))
    ibb_receiver_release_waiting (engine, now);
  ibb_session_check_counted (self);
}

gsize
ibb_session_read (IBBSession *self, guint8 *bytes, gsize length, gint64 now)
{
  gsize n = ibb_byte_queue_read (&self->receiver.queue, bytes, length);

  if (n > 0)
    {
      self->receiver.read += n;
      after_reading (self, n, ibb_engine_get_time (self->engine, now));
    }
  return n;
}

void
ibb_receiver_drop_unread (IBBSession *self)
{
  gsize length = self->receiver.queue.length;

  ibb_byte_queue_clear (&self->receiver.queue);
  self->receiver.read += length;
  if (self->engine != NULL)
    {
      forget_unread (self, length);
      ibb_session_check_counted (self);
    }
}

void
ibb_receiver_clear (IBBSession *self)
{
  IBBReceiver *receiver = &self->receiver;

  ibb_byte_queue_clear (&receiver->queue);
  ibb_receiver_forget_held (self);
  g_queue_clear_full (&receiver->early, (GDestroyNotify) ibb_stanza_record_unref);
  g_clear_pointer (&receiver->recent, g_free);
}

void
ibb_session_close_input (IBBSession *self, gint64 now)
{
  IBBReceiver *receiver = &self->receiver;

  if (receiver->discard)
    return;

  now = ibb_engine_get_time (self->engine, now);
  receiver->discard = TRUE;
  if (self->state == IBB_SESSION_OPEN)
    ibb_receiver_release_all (self);
  ibb_receiver_drop_unread (self);
  if (self->input_failure.kind == IBB_FAILURE_NONE)
    ibb_failure_set (&self->input_failure, IBB_FAILURE_CLOSED);
  ibb_session_changed (self);
  ibb_session_update_timer (self, now);
}
