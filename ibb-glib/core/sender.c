/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The outgoing half of a session: cutting blocks, how many may be in flight,
 * and what follows from each reply.
 */

#include "config.h"

#include <string.h>

#include "core/engine-private.h"
#include "core/jid.h"
#include "core/session-private.h"

#define SEND_BUFFER_BLOCKS 16
#define SEND_BUFFER_MIN (64 * 1024)
#define RESEND_LATER_MAX 63 /* D-27: a peer remembers 64 blocks */
#define STANZA_OVERHEAD 320 /* tags, attributes, id, what a server adds (D-16) */
#define RULES_OVERHEAD 180  /* of a message (N-31) */

void
ibb_sender_init (IBBSession *self)
{
  self->sender.auto_flush = TRUE;
  self->sender.sending_size = IBB_BLOCK_SIZE_MAX;
  self->sender.retry_at = IBB_NEVER;
  self->sender.late_since = IBB_NEVER;
  self->sender.cap = G_MAXSIZE;
}

void
ibb_sender_free_block (IBBSession *self, IBBBlock *block)
{
  ibb_engine_remove_pending (self->engine, block->id);
  g_bytes_unref (block->bytes);
  g_free (block->id);
  g_free (block);
}

void
ibb_sender_clear (IBBSession *self)
{
  IBBSender *sender = &self->sender;
  IBBBlock  *block;

  if (self->engine != NULL)
    {
      ibb_parking_unsent (self, sender->in_flight);
      if (self->is_ready)
        g_queue_unlink (&self->engine->ready[self->carrier], &self->ready_link);
    }
  ibb_parking_clear (self);
  self->is_ready = FALSE;
  sender->in_flight = 0;
  sender->n_sent = 0;
  sender->n_refused = 0;
  sender->to_send = NULL;
  sender->retry_at = IBB_NEVER;
  while ((block = g_queue_pop_head (&sender->flight)) != NULL)
    ibb_sender_free_block (self, block);
  while ((block = g_queue_pop_head (&sender->given)) != NULL)
    ibb_sender_free_block (self, block);
  ibb_byte_queue_clear (&sender->queue);
}

/* How large and how many. */

static gsize
get_escaped_length (const char *text)
{
  gsize length = 0;

  for (const char *p = text; *p != '\0'; p++)
    length += strchr ("&<>\"'", *p) != NULL ? 6 : 1;
  return length;
}

gsize
ibb_sender_get_block_max (IBBSession *self)
{
  gsize size = MIN (self->block_size, self->sender.sending_size);
  gsize limit = self->engine->stanza_limit;
  gsize overhead;

  if (limit == 0)
    return size;

  overhead = STANZA_OVERHEAD + (self->carrier == IBB_CARRIER_MESSAGE ? RULES_OVERHEAD : 0) +
             get_escaped_length (self->peer_jid) + get_escaped_length (self->local_jid) +
             get_escaped_length (self->sid);
  limit = limit > overhead ? (limit - overhead) / 4 * 3 : 0;
  return CLAMP (limit, 1, size);
}

gsize
ibb_sender_get_next_size (IBBSession *self)
{
  IBBSender *sender = &self->sender;

  if (sender->to_send != NULL)
    return g_bytes_get_size (((IBBBlock *) sender->to_send->data)->bytes);
  return MIN (sender->queue.length, ibb_sender_get_block_max (self));
}

/* Small writes are gathered while something is in flight (D-31). */
static gboolean
has_something_to_send (IBBSession *self)
{
  IBBSender *sender = &self->sender;

  if (sender->to_send != NULL)
    return TRUE;
  if (sender->queue.length == 0)
    return FALSE;
  /* A full buffer cannot grow to a block, however small it was set. */
  return sender->flush_to > sender->cut ||
         sender->queue.length >= ibb_sender_get_block_max (self) ||
         sender->queue.length >= ibb_sender_get_buffer_size (self) ||
         (sender->auto_flush && sender->n_sent == 0);
}

/* How many bytes the session may have in flight, beyond one block (D-29). */
static gsize
get_window (IBBSession *self)
{
  IBBPeer *peer = self->peer;
  gsize    window = self->engine->settings.window;

  if (peer->reorders)
    return 0;
  if (window == 0)
    {
      ibb_peer_ask_order (peer);
      if (peer->order != IBB_ORDER_KEPT)
        return 0;
      window = IBB_FLOW_SESSION_MAX;
    }
  if (!self->sender.acknowledged || self->sender.one_block || self->sender.one_block_ever)
    return 0;
  return MIN (MIN (window, IBB_FLOW_SESSION_MAX), self->sender.cap);
}

gboolean
ibb_sender_can_send (IBBSession *self, gint64 now)
{
  IBBSender *sender = &self->sender;

  if (self->state != IBB_SESSION_OPEN || sender->n_refused > 0 || !has_something_to_send (self))
    return FALSE;
  if (sender->retry_at != IBB_NEVER && now < sender->retry_at)
    return FALSE;
  if (sender->n_sent == 0)
    return TRUE;
  if (self->carrier == IBB_CARRIER_MESSAGE || !ibb_parking_may_send (self) ||
      sender->n_sent >= IBB_BLOCKS_IN_FLIGHT_MAX)
    return FALSE;
  return sender->in_flight + ibb_sender_get_next_size (self) <= get_window (self);
}

void
ibb_sender_update_ready (IBBSession *self, gint64 now)
{
  gboolean can_send;

  if (self->engine == NULL)
    return;

  can_send = ibb_sender_can_send (self, now);
  if (can_send == self->is_ready)
    return;

  self->is_ready = can_send;
  if (can_send)
    g_queue_push_tail_link (&self->engine->ready[self->carrier], &self->ready_link);
  else
    g_queue_unlink (&self->engine->ready[self->carrier], &self->ready_link);
}

/* Sending. */

static IBBBlock *
cut_block (IBBSession *self)
{
  IBBSender *sender = &self->sender;
  gsize      size = MIN (sender->queue.length, ibb_sender_get_block_max (self));
  IBBBlock  *block = g_new0 (IBBBlock, 1);

  block->bytes = ibb_byte_queue_take (&sender->queue, size);
  block->seq = sender->next_seq++;
  block->id = ibb_engine_new_id (self->engine);
  sender->cut += size;
  block->end = sender->cut;
  g_queue_push_tail (&sender->flight, block);
  return block;
}

/* Rules go with messages to where both servers heed them (XEP-0079 §2.1.1): one
 * that does not know them is given no such message, it comes back. Nothing waits
 * for the answers. */
void
ibb_sender_opened (IBBSession *self)
{
  g_autofree char *domain = NULL;

  if (self->carrier != IBB_CARRIER_MESSAGE || self->engine->local_normal == NULL)
    return;

  domain = ibb_jid_dup_domain (self->engine->local_normal);
  self->own_server = ibb_server_use (self->engine, domain);
}

static gboolean
may_have_rules (IBBSession *self)
{
  if (self->own_server == NULL || !self->own_server->heeds_rules)
    return FALSE;
  if (self->peer_server == NULL)
    {
      g_autofree char *domain = ibb_jid_dup_domain (self->peer_normal);

      self->peer_server = ibb_server_use (self->engine, domain);
    }
  return self->peer_server->heeds_rules;
}

static IBBStanza *
make_stanza (IBBSession *self, IBBBlock *block)
{
  IBBStanza *stanza;

  if (self->carrier == IBB_CARRIER_IQ)
    stanza =
        ibb_stanza_record_new (IBB_STANZA_IQ, "set", IBB_PAYLOAD_DATA, block->id, self->peer_jid);
  else
    {
      stanza = ibb_stanza_record_new (IBB_STANZA_MESSAGE, NULL, IBB_PAYLOAD_DATA, block->id,
                                      self->peer_jid);
      stanza->has_rules = may_have_rules (self);
    }
  ibb_session_set_from (self, stanza);
  stanza->sid = g_strdup (self->sid);
  stanza->seq = block->seq;
  stanza->seq_valid = TRUE;
  stanza->bytes = g_bytes_ref (block->bytes);
  stanza->base64 = IBB_BASE64_EXACT;
  stanza->text_length = IBB_BASE64_ENCODED_LENGTH (g_bytes_get_size (block->bytes));
  return stanza;
}

IBBStanza *
ibb_sender_take_stanza (IBBSession *self, gint64 now)
{
  IBBSender *sender = &self->sender;
  IBBBlock  *block;
  gsize      size;

  if (sender->to_send != NULL)
    {
      block = sender->to_send->data;
      sender->to_send = sender->to_send->next;
    }
  else
    block = cut_block (self);

  if (block->attempts == 0)
    {
      IBBPending *pending =
          ibb_engine_add_pending (self->engine, IBB_PENDING_BLOCK, block->id, self->peer_normal);

      pending->session = self;
      pending->block = block;
      pending->is_message = self->carrier == IBB_CARRIER_MESSAGE;
    }

  size = g_bytes_get_size (block->bytes);
  if (sender->n_sent == 0)
    sender->heard = now; /* the silence begins here */
  block->state = IBB_BLOCK_SENT;
  block->sent = now;
  block->attempts++;
  sender->n_sent++;
  sender->in_flight += size;
  ibb_parking_sent (self, block);

  /* A writer is woken when there is room for more than a trickle. */
  if (sender->queue.length <= ibb_sender_get_buffer_size (self) / 2)
    ibb_session_changed (self);
  ibb_session_update_timer (self, now);
  return make_stanza (self, block);
}

/* A message is as good as delivered when the connection has sent it, or knows
 * that the server has it (D-35). */
static void
give_message (IBBSession *self, IBBBlock *block, gint64 now)
{
  IBBSender *sender = &self->sender;

  g_queue_remove (&sender->flight, block);
  sender->n_sent--;
  sender->in_flight -= g_bytes_get_size (block->bytes);
  sender->delivered = MAX (sender->delivered, block->end);
  block->state = IBB_BLOCK_GIVEN;
  g_queue_push_tail (&sender->given, block);
  if (g_queue_get_length (&sender->given) > IBB_RECENT_BLOCKS)
    ibb_sender_free_block (self, g_queue_pop_head (&sender->given));
  if (self->linger_until != IBB_NEVER)
    self->linger_until = now + IBB_LINGER; /* it counts as acknowledged (D-38) */
  ibb_sender_update_ready (self, now);
  ibb_session_proceed (self, now);
}

void
ibb_sender_handed (IBBSession *self, IBBBlock *block)
{
  self->sender.handed = MAX (self->sender.handed, block->end);
  ibb_session_changed (self);
}

void
ibb_sender_sent (IBBSession *self, IBBBlock *block, gint64 now)
{
  ibb_sender_handed (self, block);
  if (self->carrier == IBB_CARRIER_MESSAGE && block->state == IBB_BLOCK_SENT)
    give_message (self, block, now);
}

/* Silence (D-27). */

void
ibb_sender_heard (IBBSession *self, gint64 now)
{
  self->sender.heard = now;
}

static gboolean
awaits_reply (IBBSession *self)
{
  return (self->sender.n_sent > 0 && self->carrier == IBB_CARRIER_IQ) ||
         (self->close_id != NULL && self->close_at == IBB_NEVER);
}

static gint64
get_probe_time (IBBSession *self)
{
  if (!awaits_reply (self) || self->peer->probe != NULL)
    return IBB_NEVER;
  return MAX (self->sender.heard + IBB_PROBE_INTERVAL, self->peer->next_probe);
}

gint64
ibb_sender_get_due (IBBSession *self)
{
  return MIN (self->sender.retry_at, MIN (ibb_parking_get_due (self), get_probe_time (self)));
}

void
ibb_sender_timeout (IBBSession *self, gint64 now)
{
  IBBSender *sender = &self->sender;

  if (now >= sender->retry_at)
    sender->retry_at = IBB_NEVER;
  ibb_parking_timeout (self, now);
  if (now >= get_probe_time (self))
    ibb_peer_probe (self->peer, now);
  ibb_sender_update_ready (self, now);
}

static void
fail_gone (IBBSession *self, gint64 now)
{
  IBBFailure failure = IBB_FAILURE_INIT;

  ibb_failure_set (&failure, IBB_FAILURE_PEER_GONE);
  ibb_session_fail (self, &failure, now);
}

/* Which block goes again: the oldest that has had no reply, which is what the
 * peer expects if it was lost. A peer remembers only so many of those that it
 * acknowledged, but all that it holds: when too many came after it, the last
 * one, whose result acknowledges the others. */
static IBBBlock *
choose_repetition (IBBSession *self)
{
  IBBSender *sender = &self->sender;
  IBBBlock  *chosen = NULL;

  for (GList *l = sender->flight.head; l != NULL; l = l->next)
    {
      IBBBlock *block = l->data;

      if (block->state != IBB_BLOCK_SENT)
        continue;
      chosen = block;
      if (sender->n_sent <= RESEND_LATER_MAX + 1)
        break;
    }
  return chosen;
}

/* The peer is there and silent: the reply was lost, or it is held. */
static void
repeat_last_word (IBBSession *self)
{
  IBBBlock *block = choose_repetition (self);

  if (block == NULL)
    {
      ibb_session_repeat_close (self);
      return;
    }
  block->attempts++;
  ibb_engine_queue_control (self->engine, make_stanza (self, block));
}

void
ibb_sender_probe_answered (IBBSession *self, gboolean there, gint64 now)
{
  gboolean silent = now - self->sender.heard >= IBB_PROBE_INTERVAL;
  gboolean doubted = self->sender.doubted;

  self->sender.doubted = FALSE;
  if (!awaits_reply (self) || (!silent && !doubted))
    return;

  if (!there)
    fail_gone (self, now);
  else if (!silent)
    return; /* its replies come, or its silence is waited for as ever */
  else if (self->peer->has_our_feature)
    repeat_last_word (self);
  else if (now - self->sender.heard >= IBB_SILENCE_MAX)
    fail_gone (self, now);
}

/* Writing. */

gsize
ibb_sender_get_buffer_size (IBBSession *self)
{
  const IBBSettings *settings = &self->engine->settings;
  gsize              size;

  if (settings->send_buffer_size > 0)
    return settings->send_buffer_size;

  size = MAX (SEND_BUFFER_BLOCKS * (gsize) self->block_size, SEND_BUFFER_MIN);
  return MAX (size, 2 * self->sender.in_flight);
}

gboolean
ibb_sender_is_drained (IBBSession *self)
{
  return self->sender.queue.length == 0 && g_queue_is_empty (&self->sender.flight);
}

IBBOutput
ibb_session_get_output (IBBSession *self)
{
  if (self->output_failure.kind != IBB_FAILURE_NONE)
    return IBB_OUTPUT_FAILED;
  return ibb_session_get_writable (self) > 0 ? IBB_OUTPUT_ROOM : IBB_OUTPUT_FULL;
}

gsize
ibb_session_get_writable (IBBSession *self)
{
  gsize size;

  if (self->state != IBB_SESSION_OPEN || self->output_failure.kind != IBB_FAILURE_NONE)
    return 0;

  size = ibb_sender_get_buffer_size (self);
  return size - MIN (size, self->sender.queue.length);
}

gboolean
ibb_session_is_worth_waking (IBBSession *self, gsize length)
{
  gsize room = ibb_session_get_writable (self);

  if (room == 0)
    return FALSE;
  if (room >= MIN (length, ibb_sender_get_buffer_size (self) / 2))
    return TRUE;
  /* Without more bytes it may stay as it is. */
  return !self->is_ready && self->sender.n_sent == 0;
}

gsize
ibb_session_write (IBBSession *self, const guint8 *bytes, gsize length, gint64 now)
{
  gsize n = MIN (length, ibb_session_get_writable (self));

  if (n == 0)
    return 0;

  ibb_byte_queue_write (&self->sender.queue, bytes, n, ibb_sender_get_block_max (self));
  self->sender.written += n;
  ibb_sender_update_ready (self, ibb_engine_get_time (self->engine, now));
  return n;
}

void
ibb_sender_flush (IBBSession *self, gint64 now)
{
  self->sender.flush_to = self->sender.written;
  ibb_sender_update_ready (self, now);
}

void
ibb_session_flush (IBBSession *self, gint64 now)
{
  ibb_sender_flush (self, ibb_engine_get_time (self->engine, now));
}

void
ibb_session_set_auto_flush (IBBSession *self, gboolean auto_flush, gint64 now)
{
  self->sender.auto_flush = auto_flush;
  ibb_sender_update_ready (self, ibb_engine_get_time (self->engine, now));
}

guint64
ibb_session_get_written (IBBSession *self)
{
  return self->sender.written;
}

guint64
ibb_session_get_handed (IBBSession *self)
{
  return self->sender.handed;
}

guint64
ibb_session_get_delivered (IBBSession *self)
{
  return self->sender.delivered;
}

guint64
ibb_session_get_cut (IBBSession *self)
{
  return self->sender.cut;
}

gsize
ibb_session_get_in_flight (IBBSession *self)
{
  return self->sender.in_flight;
}

gint64
ibb_session_get_round_trip (IBBSession *self)
{
  return self->sender.smoothed;
}

guint
ibb_session_get_retries (IBBSession *self)
{
  return self->sender.total_retries;
}
