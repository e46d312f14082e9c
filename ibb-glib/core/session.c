/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/session-private.h"

#include "core/stall.h"

static void timeout (gpointer owner, gint64 now);
static void proceed (IBBSession *self, gint64 now);
static void update_timer (IBBSession *self, gint64 now);
static void fail (IBBSession *self, const IBBFailure *failure, gint64 now);
static void end_orderly (IBBSession *self);
static void abort_session (IBBSession *self, gint64 now);
static void take_close (IBBSession *self, IBBStanza *stanza, gint64 now);
static void take_close_answer (IBBSession *self, IBBStanza *answer, gint64 now);

static IBBShared *
get_shared (IBBSession *self)
{
  return self->terms.shared;
}

static gint64
get_time (IBBSession *self, gint64 now)
{
  return ibb_clock_get_time (&get_shared (self)->clock, now);
}

/* Life. */

static IBBSession *
create (IBBShared  *shared,
        const char *local,
        const char *peer,
        const char *sid,
        IBBCarrier  carrier,
        guint       block_size,
        gboolean    is_initiator)
{
  IBBSession *self = g_new0 (IBBSession, 1);

  g_ref_count_init (&self->ref_count);
  self->peer_link.data = self;
  self->changed_link.data = self;
  self->deadline = IBB_NEVER;
  ibb_timer_init (&self->timer, timeout, self);
  ibb_terms_init (&self->terms, shared, self, local, peer, sid, carrier, block_size, is_initiator);
  ibb_sender_init (&self->sender, &self->terms);
  ibb_receiver_init (&self->receiver, &self->terms);
  ibb_closing_init (&self->closing, &self->terms);
  return self;
}

static void
add_to_table (IBBSession *self)
{
  IBBShared *shared = get_shared (self);
  IBBPeer   *peer;

  g_hash_table_insert (shared->sessions, &self->terms.key, ibb_session_ref (self));
  peer = ibb_peers_get (shared->peers, self->terms.key.peer, self->terms.peer_jid);
  ibb_terms_set_peer (&self->terms, peer);
  ibb_peer_add_session (peer, &self->peer_link);
}

static void
remove_from_table (IBBSession *self)
{
  ibb_peer_remove_session (self->terms.peer, &self->peer_link);
  ibb_terms_set_peer (&self->terms, NULL);
  g_hash_table_remove (get_shared (self)->sessions, &self->terms.key);
}

static void
enter_table (IBBSession *self)
{
  add_to_table (self);
  self->is_counted = TRUE;
  ibb_memory_add_sharer (&get_shared (self)->memory);
}

static void
uncount (IBBSession *self)
{
  if (!self->is_counted)
    return;

  self->is_counted = FALSE;
  ibb_memory_remove_sharer (&get_shared (self)->memory);
}

/* An ended session counts for as long as it holds unread bytes, or an end that
 * its application was not told of (D-08). */
static void
check_counted (IBBSession *self)
{
  if (self->state == IBB_SESSION_ENDED && ibb_receiver_get_readable (&self->receiver) == 0 &&
      (!self->is_waiting || ibb_session_is_over (self)))
    uncount (self);
}

IBBSession *
ibb_session_ref (IBBSession *self)
{
  g_ref_count_inc (&self->ref_count);
  return self;
}

void
ibb_session_unref (IBBSession *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;

  ibb_timer_clear (&self->timer);
  ibb_receiver_drop_unread (&self->receiver);
  uncount (self);
  g_clear_pointer (&self->opening, ibb_opening_free);
  ibb_sender_clear (&self->sender);
  ibb_receiver_clear (&self->receiver);
  ibb_closing_clear (&self->closing);
  ibb_failure_clear (&self->failure);
  ibb_terms_clear (&self->terms);
  g_free (self);
}

static void
changed (IBBSession *self)
{
  IBBShared *shared = get_shared (self);

  if (self->is_changed || shared->is_gone)
    return;

  self->is_changed = TRUE;
  ibb_session_ref (self);
  g_queue_push_tail_link (&shared->changed, &self->changed_link);
}

void
ibb_session_take_change (IBBSession *self)
{
  self->is_changed = FALSE;
}

/* The peer. */

/* Whether the application has read everything and more may come. */
static gboolean
listens (IBBSession *self)
{
  return self->state == IBB_SESSION_OPEN && !ibb_closing_is_peer_closed (&self->closing) &&
         ibb_receiver_is_open (&self->receiver);
}

gboolean
ibb_session_is_peer_listened_to (IBBSession *self)
{
  const GQueue *sessions = ibb_peer_get_sessions (self->terms.peer);

  for (const GList *l = sessions->head; l != NULL; l = l->next)
    if (listens (l->data))
      return TRUE;
  return FALSE;
}

/* Any sign of life: the silence before is over. */
static void
heard (IBBSession *self, gint64 now)
{
  ibb_sender_heard (&self->sender, now);
  ibb_peer_heard (self->terms.peer, now);
}

static void
heard_answer (IBBSession *self, const IBBStanza *answer, gint64 now)
{
  ibb_sender_heard (&self->sender, now);
  if (ibb_peer_gave_answer (answer))
    ibb_peer_heard (self->terms.peer, now);
}

static gboolean
awaits_reply (IBBSession *self)
{
  return ibb_sender_awaits_reply (&self->sender) || ibb_closing_awaits_reply (&self->closing);
}

/* When the peer is asked whether it is there (D-27). */
static gint64
get_probe_time (IBBSession *self)
{
  IBBPeer *peer = self->terms.peer;

  if (!awaits_reply (self))
    return IBB_NEVER;
  return MAX (ibb_sender_get_heard (&self->sender) + ibb_peer_get_probe_interval (peer),
              ibb_peer_get_next_probe (peer));
}

/* The peer is there and silent: the reply was lost, or it is delayed. */
static void
repeat_last_word (IBBSession *self)
{
  IBBStanza *block = ibb_sender_repeat (&self->sender);

  if (block != NULL)
    ibb_control_push (&get_shared (self)->control, block);
  else
    ibb_closing_repeat (&self->closing);
}

/* Whether a peer that answers probes, but not us, counts as gone. One with our
 * feature may delay an acknowledgement for as long as its reader is slow. */
static gboolean
is_silent_for_too_long (IBBSession *self, gint64 now)
{
  IBBShared *shared = get_shared (self);
  gint64     timeout = (gint64) shared->settings.peer_timeout * 1000;
  gint64     since =
      MAX (ibb_sender_get_heard (&self->sender), ibb_clock_get_resumed_at (&shared->clock));

  return timeout > 0 && now - since >= timeout;
}

static void
conclude_from_silence (IBBSession *self, gint64 now)
{
  IBBPeer *peer = self->terms.peer;
  gint64   silence = now - ibb_sender_get_heard (&self->sender);

  ibb_sender_end_doubt (&self->sender);
  if (!awaits_reply (self) || silence < ibb_peer_get_probe_interval (peer))
    return; /* its replies come, or its silence is waited for as ever */

  if (ibb_peer_has_our_feature (peer))
    repeat_last_word (self);
  else if (is_silent_for_too_long (self, now))
    ibb_session_peer_gone (self, now);
}

void
ibb_session_peer_is_there (IBBSession *self, gint64 now)
{
  if (self->state == IBB_SESSION_OPEN)
    conclude_from_silence (self, now);
  update_timer (self, now);
}

void
ibb_session_peer_not_probed (IBBSession *self, gint64 now)
{
  ibb_sender_end_doubt (&self->sender);
  update_timer (self, now);
}

void
ibb_session_peer_gone (IBBSession *self, gint64 now)
{
  IBBFailure failure = IBB_FAILURE_INIT;

  ibb_failure_set (&failure, IBB_FAILURE_PEER_GONE);
  fail (self, &failure, now);
}

/* Opening. */

static void
opened (IBBSession *self, gint64 now)
{
  IBBPeer *peer = self->terms.peer;

  g_clear_pointer (&self->opening, ibb_opening_free);
  self->state = IBB_SESSION_OPEN;
  self->deadline = IBB_NEVER;
  ibb_peer_heard (peer, now);
  ibb_peer_update_timer (peer, ibb_session_is_peer_listened_to (self), now);
  ibb_sender_open (&self->sender, self->terms.is_initiator ? 0 : now);
  changed (self);
  proceed (self, now);
  ibb_sender_update_ready (&self->sender, now);
  update_timer (self, now);
}

IBBSession *
ibb_session_new (IBBShared  *shared,
                 const char *local,
                 const char *peer,
                 const char *sid,
                 IBBCarrier  carrier,
                 guint       block_size,
                 IBBFailure *failure)
{
  IBBSession *self = create (shared, local, peer, sid, carrier, block_size, TRUE);

  if (g_hash_table_contains (shared->sessions, &self->terms.key))
    ibb_failure_set (failure, IBB_FAILURE_IN_USE);
  else if (!ibb_terms_have_room (&self->terms))
    ibb_failure_set (failure, IBB_FAILURE_NO_ROOM);
  else
    return self;

  ibb_session_unref (self);
  return NULL;
}

void
ibb_session_send_open (IBBSession *self, gboolean fixed_block_size, gint64 now)
{
  self->deadline = ibb_timer_get_deadline (now, get_shared (self)->settings.open_timeout);
  enter_table (self);
  self->opening = ibb_opening_new (&self->terms, fixed_block_size);
  update_timer (self, now);
}

IBBSession *
ibb_session_new_request (IBBShared *shared, IBBStanza *open, const char *local, const char *peer)
{
  IBBSession *self =
      create (shared, open->to != NULL ? open->to : local, open->from != NULL ? open->from : peer,
              open->sid, open->carrier, open->block_size, FALSE);

  if (!ibb_terms_have_room (&self->terms))
    {
      ibb_session_unref (self);
      return NULL;
    }
  self->state = IBB_SESSION_REQUESTED;
  enter_table (self);
  self->opening = ibb_opening_new_request (&self->terms, open);
  return self;
}

void
ibb_session_ask (IBBSession *self, gint64 now)
{
  self->deadline = ibb_timer_get_deadline (now, get_shared (self)->settings.accept_timeout);
  update_timer (self, now);
}

/* The session has the JID by which the peer's server calls it: requests for the
 * session will come from that one (D-02). FALSE if the peer has opened a session
 * of that name itself. */
static gboolean
take_name_of_peer (IBBSession *self, IBBStanza *answer, const char *from)
{
  IBBSessionKey key = self->terms.key;

  if (answer->from == NULL || g_str_equal (from, key.peer))
    return TRUE;
  key.peer = (char *) from;
  if (g_hash_table_contains (get_shared (self)->sessions, &key))
    return FALSE;

  remove_from_table (self);
  ibb_terms_rename_peer (&self->terms, from);
  add_to_table (self);
  return TRUE;
}

static void
process_early (IBBSession *self, gint64 now)
{
  IBBStanza *stanza;

  while ((stanza = ibb_receiver_pop_early (&self->receiver)) != NULL)
    {
      ibb_session_receive (self, stanza, now);
      ibb_stanza_record_unref (stanza);
    }
}

void
ibb_session_open_answered (IBBSession *self, IBBStanza *answer, const char *from, gint64 now)
{
  g_autoptr (IBBSession) keep = ibb_session_ref (self);
  IBBFailure             failure = IBB_FAILURE_INIT;

  switch (ibb_opening_answered (self->opening, answer))
    {
    case IBB_OPENING_ACCEPTED:
      if (take_name_of_peer (self, answer, from))
        {
          opened (self, now);
          process_early (self, now);
        }
      else
        {
          ibb_failure_set (&failure, IBB_FAILURE_IN_USE);
          ibb_session_end (self, &failure);
        }
      break;
    case IBB_OPENING_REFUSED:
      ibb_session_end (self, ibb_opening_get_refusal (self->opening));
      break;
    case IBB_OPENING_TRIES_AGAIN:
    default:
      break;
    }
}

void
ibb_session_accept_now (IBBSession *self, gint64 now)
{
  /* Queued before any block of ours can be (N-07). */
  ibb_opening_accept (self->opening);
  opened (self, now);
}

gboolean
ibb_session_accept (IBBSession *self, gint64 now)
{
  if (self->state != IBB_SESSION_REQUESTED)
    return FALSE;

  ibb_session_accept_now (self, get_time (self, now));
  return TRUE;
}

/* The peer gets the condition, the layer above the reason. */
static void
end_request (IBBSession *self, IBBFailureKind reason, IBBCondition condition, const char *text)
{
  IBBFailure failure = IBB_FAILURE_INIT;

  ibb_opening_refuse (self->opening, condition, text);
  ibb_failure_set (&failure, reason);
  ibb_session_end (self, &failure);
}

gboolean
ibb_session_refuse (IBBSession *self, IBBCondition condition, const char *text, gint64 now)
{
  if (self->state != IBB_SESSION_REQUESTED)
    return FALSE;

  end_request (self, IBB_FAILURE_CLOSED, condition, text);
  return TRUE;
}

void
ibb_session_withdraw (IBBSession *self)
{
  end_request (self, IBB_FAILURE_WITHDRAWN, IBB_CONDITION_NOT_ACCEPTABLE, NULL);
}

/* Receiving. */

static void
receive_block (IBBSession *self, IBBStanza *stanza, gint64 now)
{
  IBBFailure failure = IBB_FAILURE_INIT;
  gboolean   is_peer_closed = ibb_closing_is_peer_closed (&self->closing);

  /* The peer closed, or no bytes will ever be read (D-51). */
  if (is_peer_closed || ibb_closing_is_whole (&self->closing))
    {
      if (ibb_receiver_refuse_rest (&self->receiver, stanza, is_peer_closed))
        {
          ibb_closing_prolong (&self->closing, now);
          update_timer (self, now);
        }
      return;
    }

  switch (ibb_receiver_receive_data (&self->receiver, stanza, &failure, now))
    {
    case IBB_RECEIVER_READABLE:
      changed (self);
      G_GNUC_FALLTHROUGH;
    case IBB_RECEIVER_STORED:
      /* A repetition is no sign of progress: two ends that each repeat would keep
       * each other from ever finding out (D-27). */
      heard (self, now);
      G_GNUC_FALLTHROUGH;
    case IBB_RECEIVER_KEPT:
      update_timer (self, now);
      break;
    case IBB_RECEIVER_FAILED:
      fail (self, &failure, now);
      break;
    case IBB_RECEIVER_ANSWERED:
    default:
      break;
    }
}

/* Looks at each stanza ahead of its turn as if there were nothing to wait for. */
static void
flush_ahead (IBBSession *self, gint64 now)
{
  IBBStanza *stanza;

  while (self->state == IBB_SESSION_OPEN &&
         (stanza = ibb_receiver_pop_ahead (&self->receiver)) != NULL)
    {
      IBBFailure failure = IBB_FAILURE_INIT;
      gboolean   is_over =
          ibb_closing_is_peer_closed (&self->closing) || ibb_closing_is_whole (&self->closing);

      if (stanza->payload != IBB_PAYLOAD_DATA)
        take_close (self, stanza, now);
      else if (ibb_receiver_refuse_ahead (&self->receiver, stanza, is_over, &failure) ==
               IBB_RECEIVER_FAILED)
        fail (self, &failure, now);
      ibb_stanza_record_unref (stanza);
    }
}

/* Unless a block before a deferred close is known to be missing. */
static void
take_deferred (IBBSession *self, gint64 now)
{
  if (ibb_closing_is_whole (&self->closing) || ibb_receiver_has_no_gap (&self->receiver))
    flush_ahead (self, now);
}

static void
receive_data (IBBSession *self, IBBStanza *stanza, gint64 now)
{
  receive_block (self, stanza, now);
  if (G_LIKELY (!ibb_receiver_has_ahead (&self->receiver)))
    return;

  while (self->state == IBB_SESSION_OPEN &&
         (stanza = ibb_receiver_take_next (&self->receiver)) != NULL)
    {
      receive_block (self, stanza, now);
      ibb_stanza_record_unref (stanza);
    }
  /* The peer sends all of them again, from the one that was refused. */
  if (self->state == IBB_SESSION_OPEN && ibb_receiver_is_refusing (&self->receiver))
    flush_ahead (self, now);
}

/* Whether what came before the peer's close is all that it meant to send (D-45).
 * Some end a session upon an error of their own with a close (H-03). */
static gboolean
is_complete (IBBSession *self, gint64 now)
{
  return ibb_receiver_is_complete (&self->receiver, now) &&
         !ibb_sender_was_refused_for_good (&self->sender);
}

static void
end_input (IBBSession *self, gboolean orderly)
{
  if (ibb_receiver_end (&self->receiver, orderly))
    changed (self);
}

static void
peer_aborted (IBBSession *self)
{
  IBBFailure failure = IBB_FAILURE_INIT;

  /* A peer that closed the whole wants no more, and all of its bytes arrived (D-37). */
  if (ibb_closing_is_whole (&self->closing) && ibb_sender_is_drained (&self->sender))
    {
      end_orderly (self);
      return;
    }

  ibb_failure_set (&failure, IBB_FAILURE_PEER_ABORTED);
  ibb_session_end (self, &failure);
}

/* After the peer's close the application writes on only where that was agreed. */
static void
stop_writing (IBBSession *self, gint64 now)
{
  if (!ibb_closing_stop (&self->closing, now))
    return;

  ibb_sender_stop_writes (&self->sender, IBB_FAILURE_PEER_CLOSED);
  ibb_sender_flush (&self->sender, now);
  changed (self);
}

static void
take_peer_close (IBBSession *self, IBBStanza *stanza, gint64 now)
{
  if (ibb_closing_is_peer_closed (&self->closing))
    {
      if (ibb_closing_receive_again (&self->closing, stanza) == IBB_CLOSING_ABORTED)
        peer_aborted (self);
      return;
    }

  heard (self, now);
  end_input (self, !stanza->unclean && is_complete (self, now));
  ibb_receiver_release_all (&self->receiver);
  if (ibb_closing_receive (&self->closing, stanza, now) == IBB_CLOSING_ABORTED)
    {
      peer_aborted (self);
      return;
    }

  stop_writing (self, now);
  proceed (self, now);
  update_timer (self, now);
}

/* The peer's close, or its answer to ours. */
static void
take_close (IBBSession *self, IBBStanza *stanza, gint64 now)
{
  if (stanza->payload == IBB_PAYLOAD_CLOSE)
    take_peer_close (self, stanza, now);
  else
    take_close_answer (self, stanza, now);
}

/* The same, unless it may have overtaken a block. */
static void
receive_close (IBBSession *self, IBBStanza *stanza, gint64 now)
{
  if (ibb_closing_is_peer_closed (&self->closing) || ibb_closing_is_whole (&self->closing) ||
      !ibb_receiver_defer (&self->receiver, stanza, now))
    take_close (self, stanza, now);
  else
    update_timer (self, now);
}

void
ibb_session_receive (IBBSession *self, IBBStanza *stanza, gint64 now)
{
  g_autoptr (IBBSession) keep = ibb_session_ref (self);
  IBBFailure             failure = IBB_FAILURE_INIT;

  if (self->state == IBB_SESSION_OPENING)
    ibb_receiver_receive_early (&self->receiver, stanza);
  else if (ibb_stanza_record_has_long_id (stanza))
    {
      /* No implementation writes such an id, and it would be kept (D-47). */
      ibb_receiver_refuse_malformed (&self->receiver, stanza, &failure);
      fail (self, &failure, now);
    }
  else if (stanza->payload == IBB_PAYLOAD_CLOSE)
    receive_close (self, stanza, now);
  else
    receive_data (self, stanza, now);
}

/* Sending. */

gboolean
ibb_session_can_send (IBBSession *self, gint64 now)
{
  return ibb_sender_can_send (&self->sender, now);
}

gsize
ibb_session_get_next_size (IBBSession *self)
{
  return ibb_sender_get_next_size (&self->sender);
}

IBBStanza *
ibb_session_take_block (IBBSession *self, gint64 now)
{
  IBBStanza *stanza = ibb_sender_take_stanza (&self->sender, now);

  /* A writer is woken when there is room for more than a trickle. */
  if (ibb_sender_has_half_room (&self->sender))
    changed (self);
  update_timer (self, now);
  ibb_sender_update_ready (&self->sender, now);
  return stanza;
}

void
ibb_session_update_ready (IBBSession *self, gint64 now)
{
  ibb_sender_update_ready (&self->sender, now);
}

void
ibb_session_stanza_handed (IBBSession *self, IBBPending *pending)
{
  if (pending->type != IBB_PENDING_BLOCK)
    return;

  ibb_sender_handed (&self->sender, ibb_block_of_pending (pending));
  changed (self);
}

void
ibb_session_stanza_sent (IBBSession *self, IBBPending *pending, gint64 now)
{
  if (pending->type == IBB_PENDING_CLOSE)
    ibb_closing_sent (&self->closing);
  changed (self);
  if (pending->type == IBB_PENDING_BLOCK &&
      ibb_sender_sent (&self->sender, ibb_block_of_pending (pending), now))
    {
      ibb_closing_prolong_linger (&self->closing, now); /* it counts as acknowledged (D-38) */
      proceed (self, now);
    }
}

void
ibb_session_send_failed (IBBSession *self, gint64 now)
{
  g_autoptr (IBBSession) keep = ibb_session_ref (self);
  IBBFailure             failure = IBB_FAILURE_INIT;

  ibb_failure_set (&failure, IBB_FAILURE_SEND_FAILED);
  if (self->state == IBB_SESSION_OPEN)
    fail (self, &failure, now);
  else
    ibb_session_end (self, &failure);
}

void
ibb_session_block_answered (IBBSession *self, IBBPending *pending, IBBStanza *answer, gint64 now)
{
  g_autoptr (IBBSession) keep = ibb_session_ref (self);
  IBBFailure             failure = IBB_FAILURE_INIT;
  IBBSenderVerdict       verdict;

  if (answer->payload == IBB_PAYLOAD_ERROR)
    take_deferred (self, now);
  if (self->state != IBB_SESSION_OPEN)
    return; /* it ended with the close */

  heard_answer (self, answer, now);
  verdict = ibb_sender_block_answered (&self->sender, ibb_block_of_pending (pending), answer,
                                       ibb_closing_is_peer_closed (&self->closing), &failure, now);
  if ((verdict & IBB_SENDER_ADVANCED) != 0)
    {
      ibb_closing_prolong_linger (&self->closing, now);
      changed (self);
    }
  if ((verdict & IBB_SENDER_FAILED) != 0)
    {
      fail (self, &failure, now);
      return;
    }

  proceed (self, now);
  ibb_sender_update_ready (&self->sender, now);
  update_timer (self, now);
}

/* Time. */

/* One timer serves all that a session may wait for. When its reason was put off,
 * it may fire early; it is never late. */
static void
update_timer (IBBSession *self, gint64 now)
{
  gint64 due = self->deadline;

  if (self->state == IBB_SESSION_OPEN)
    {
      due = MIN (due, MIN (ibb_sender_get_due (&self->sender), get_probe_time (self)));
      due = MIN (due, ibb_receiver_get_due (&self->receiver));
      due = MIN (due, ibb_closing_get_due (&self->closing));
    }

  if (due == IBB_NEVER)
    ibb_timer_clear (&self->timer);
  else if (due < self->timer.due)
    ibb_timer_set (&self->timer, &get_shared (self)->timers, due);
}

static void
end_unconfirmed (IBBSession *self, const IBBFailure *failure)
{
  /* Half of an answer must not look whole; sent messages may not have arrived (D-37). */
  if (!ibb_closing_is_peer_closed (&self->closing) && self->terms.carrier == IBB_CARRIER_MESSAGE &&
      ibb_sender_get_written (&self->sender) > 0)
    ibb_session_end (self, failure);
  else
    end_orderly (self);
}

/* No answer to our close will come. Every byte was acknowledged, except for those
 * in messages (D-37). */
static void
end_unanswered (IBBSession *self)
{
  IBBFailure failure = IBB_FAILURE_INIT;

  ibb_failure_set (&failure, IBB_FAILURE_CLOSE_UNCONFIRMED);
  end_unconfirmed (self, &failure);
}

static void
end_peer_closed (IBBSession *self)
{
  IBBFailure failure = IBB_FAILURE_INIT;

  ibb_failure_set (&failure, IBB_FAILURE_PEER_CLOSED);
  ibb_session_end (self, &failure);
}

static void
open_timeout (IBBSession *self, gint64 now)
{
  if (now >= ibb_receiver_get_ahead_due (&self->receiver))
    flush_ahead (self, now);
  if (self->state != IBB_SESSION_OPEN)
    return;

  ibb_receiver_release (&self->receiver, now);
  ibb_sender_timeout (&self->sender, now);
  if (now >= get_probe_time (self))
    ibb_peer_probe (self->terms.peer, now);
  ibb_sender_update_ready (&self->sender, now);
  switch (ibb_closing_timeout (&self->closing, now))
    {
    case IBB_CLOSING_LINGERED:
      end_peer_closed (self);
      break;
    case IBB_CLOSING_UNANSWERED:
      end_unanswered (self);
      break;
    case IBB_CLOSING_GOES_ON:
    case IBB_CLOSING_SENT:
    case IBB_CLOSING_ENDS:
    case IBB_CLOSING_ABORTED:
    default:
      break;
    }
}

static void
give_up_open (IBBSession *self, IBBFailureKind reason, gint64 now)
{
  IBBFailure failure = IBB_FAILURE_INIT;

  ibb_opening_abandon (self->opening, now);
  ibb_failure_set (&failure, reason);
  ibb_session_end (self, &failure);
}

void
ibb_session_stop (IBBSession *self, gboolean abort_open, gint64 now)
{
  if (self->state == IBB_SESSION_OPENING)
    give_up_open (self, IBB_FAILURE_STOPPED, now);
  else if (self->state == IBB_SESSION_REQUESTED)
    end_request (self, IBB_FAILURE_STOPPED, IBB_CONDITION_NOT_ACCEPTABLE, NULL);
  else if (abort_open)
    abort_session (self, now);
}

static void
deadline_passed (IBBSession *self, gint64 now)
{
  if (self->state == IBB_SESSION_OPENING)
    give_up_open (self, IBB_FAILURE_OPEN_TIMEOUT, now);
  else if (self->state == IBB_SESSION_REQUESTED)
    /* D-15: a request that is not answered in time is refused. */
    end_request (self, IBB_FAILURE_ACCEPT_TIMEOUT, IBB_CONDITION_NOT_ACCEPTABLE, NULL);
  else
    {
      /* It was not taken, though it may have ended. */
      self->deadline = IBB_NEVER;
      abort_session (self, now);
    }
}

static void
timeout (gpointer owner, gint64 now)
{
  g_autoptr (IBBSession) self = ibb_session_ref (owner);

  if (now >= self->deadline)
    deadline_passed (self, now);
  else if (self->state == IBB_SESSION_OPEN)
    open_timeout (self, now);
  update_timer (self, now);
}

void
ibb_session_set_untaken (IBBSession *self, gboolean untaken, gint64 now)
{
  IBBShared *shared = get_shared (self);

  if (shared->is_gone || (untaken && ibb_session_is_over (self)))
    return;

  now = get_time (self, now);
  self->deadline =
      untaken ? ibb_timer_get_deadline (now, shared->settings.accept_timeout) : IBB_NEVER;
  update_timer (self, now);
}

void
ibb_session_release_waiting (IBBSession *self, gint64 now)
{
  ibb_receiver_release_waiting (&self->receiver, now);
  update_timer (self, now);
}

void
ibb_session_settings_changed (IBBSession *self, gint64 now)
{
  if (self->state != IBB_SESSION_OPEN)
    return;

  ibb_receiver_release (&self->receiver, now);
  ibb_sender_update_ready (&self->sender, now);
  update_timer (self, now);
  ibb_peer_update_timer (self->terms.peer, ibb_session_is_peer_listened_to (self), now);
  changed (self);
}

/* The end. */

/* Those that waited for a stanza that will not come (D-24, D-42). */
static void
refuse_early (IBBSession *self)
{
  IBBStanza *stanza;

  while ((stanza = ibb_receiver_pop_early (&self->receiver)) != NULL ||
         (stanza = ibb_receiver_pop_ahead (&self->receiver)) != NULL)
    {
      if (stanza->payload == IBB_PAYLOAD_DATA || stanza->payload == IBB_PAYLOAD_CLOSE)
        ibb_control_reply_error (&get_shared (self)->control, stanza, IBB_CONDITION_ITEM_NOT_FOUND,
                                 IBB_ERROR_TYPE_CANCEL, NULL);
      ibb_stanza_record_unref (stanza);
    }
}

void
ibb_session_end (IBBSession *self, const IBBFailure *failure)
{
  IBBShared             *shared = get_shared (self);
  g_autoptr (IBBSession) keep = ibb_session_ref (self);
  IBBFailure             closed = IBB_FAILURE_INIT;
  const IBBFailure      *reason = failure;
  gboolean               is_orderly = failure->kind == IBB_FAILURE_NONE;

  if (self->state == IBB_SESSION_ENDED)
    return;

  refuse_early (self);
  ibb_failure_set (&closed, ibb_closing_is_peer_closed (&self->closing) &&
                                    !ibb_closing_is_whole (&self->closing)
                                ? IBB_FAILURE_PEER_CLOSED
                                : IBB_FAILURE_CLOSED);
  if (is_orderly)
    reason = &closed;
  if (!ibb_receiver_has_eof (&self->receiver))
    ibb_receiver_fail (&self->receiver, reason);
  ibb_sender_end (&self->sender, reason);
  if (self->failure.kind == IBB_FAILURE_NONE)
    ibb_failure_copy (&self->failure, failure);
  /* An end that is not orderly says nothing of the kind to the peer. */
  ibb_closing_end (&self->closing,
                   is_orderly &&
                       ibb_sender_get_delivery_failure (&self->sender)->kind == IBB_FAILURE_NONE);

  /* A session that is not taken yet keeps its time (D-09). */
  if (self->state != IBB_SESSION_OPEN)
    self->deadline = IBB_NEVER;
  self->state = IBB_SESSION_ENDED;
  ibb_timer_set (&self->timer, &shared->timers, self->deadline);
  /* No request stays without an answer (N-20); the bytes can be read. */
  if (failure->kind == IBB_FAILURE_CONNECTION_LOST)
    ibb_receiver_forget_all (&self->receiver);
  else
    ibb_receiver_release_all (&self->receiver);
  g_clear_pointer (&self->opening, ibb_opening_free); /* failure may be its */

  changed (self);
  remove_from_table (self);
  if (g_hash_table_size (shared->sessions) == 0)
    ibb_stalls_forget_ping (shared->stalls);
  check_counted (self);
}

/* The way in may have failed while ours went well. */
static void
end_orderly (IBBSession *self)
{
  const IBBFailure *input_failure = ibb_receiver_get_failure (&self->receiver);

  if (input_failure->kind == IBB_FAILURE_PEER_ABORTED)
    ibb_failure_copy (&self->failure, input_failure);
  ibb_session_end (self, &(IBBFailure) IBB_FAILURE_INIT);
}

/* Ends it here and at the peer, by an unclean <close/> (D-49). */
static void
fail (IBBSession *self, const IBBFailure *failure, gint64 now)
{
  IBBFailure  peer_closed = IBB_FAILURE_INIT;
  IBBClosing *closing = &self->closing;

  if (self->state != IBB_SESSION_OPEN)
    return;

  /* Where the time-out never comes, a peer that is gone ends it like one. */
  if (failure->kind == IBB_FAILURE_PEER_GONE && ibb_closing_is_sent (closing) &&
      (ibb_closing_is_whole (closing) || ibb_closing_is_peer_closed (closing)))
    {
      end_unanswered (self);
      return;
    }

  ibb_receiver_release_all (&self->receiver);
  ibb_closing_tell_peer (closing);
  if (ibb_closing_explains (closing, failure))
    {
      ibb_failure_set (&peer_closed, IBB_FAILURE_PEER_CLOSED);
      failure = &peer_closed;
    }
  ibb_session_end (self, failure);
}

/* Goes on with a close as far as it can go now. */
static void
proceed (IBBSession *self, gint64 now)
{
  if (self->state != IBB_SESSION_OPEN || !ibb_sender_is_drained (&self->sender))
    return;

  switch (ibb_closing_drained (&self->closing, now))
    {
    case IBB_CLOSING_SENT:
      ibb_sender_heard (&self->sender, now); /* a new silence begins */
      update_timer (self, now);
      break;
    case IBB_CLOSING_ENDS:
      end_orderly (self);
      break;
    case IBB_CLOSING_GOES_ON:
    case IBB_CLOSING_LINGERED:
    case IBB_CLOSING_ABORTED:
    case IBB_CLOSING_UNANSWERED:
    default:
      break;
    }
}

static void
take_close_answer (IBBSession *self, IBBStanza *answer, gint64 now)
{
  gboolean   is_result = answer->payload != IBB_PAYLOAD_ERROR;
  gboolean   is_whole = ibb_closing_is_whole (&self->closing);
  IBBFailure failure = IBB_FAILURE_INIT;

  if (is_result || ibb_closing_is_peer_closed (&self->closing))
    {
      end_input (self, is_complete (self, now));
      end_orderly (self);
      return;
    }

  ibb_failure_set_condition (&failure, IBB_FAILURE_CLOSE_UNCONFIRMED, answer->condition,
                             answer->text);
  if (is_whole)
    end_unconfirmed (self, &failure);
  else
    ibb_session_end (self, &failure);
  ibb_failure_clear (&failure);
}

void
ibb_session_close_answered (IBBSession *self, IBBStanza *answer, gint64 now)
{
  g_autoptr (IBBSession) keep = ibb_session_ref (self);

  heard_answer (self, answer, now);
  receive_close (self, answer, now);
}

gboolean
ibb_session_get_half_close (IBBSession *self)
{
  return ibb_closing_get_half_close (&self->closing);
}

void
ibb_session_set_half_close (IBBSession *self, gboolean half_close, gint64 now)
{
  ibb_closing_set_half_close (&self->closing, half_close);
  if (self->state != IBB_SESSION_OPEN)
    return;

  now = get_time (self, now);
  stop_writing (self, now);
  proceed (self, now);
  update_timer (self, now);
}

void
ibb_session_close_output (IBBSession *self, gint64 now)
{
  ibb_sender_stop_writes (&self->sender, IBB_FAILURE_CLOSED);
  changed (self);
}

void
ibb_session_close_input (IBBSession *self, gint64 now)
{
  IBBFailure failure = IBB_FAILURE_INIT;

  if (!ibb_receiver_discard (&self->receiver))
    return;

  now = get_time (self, now);
  if (self->state == IBB_SESSION_OPEN)
    ibb_receiver_release_all (&self->receiver);
  ibb_receiver_drop_unread (&self->receiver);
  check_counted (self);
  ibb_failure_set (&failure, IBB_FAILURE_CLOSED);
  ibb_receiver_fail (&self->receiver, &failure);
  changed (self);
  update_timer (self, now);
}

void
ibb_session_shutdown_output (IBBSession *self, gint64 now)
{
  if (self->state != IBB_SESSION_OPEN || !ibb_closing_shutdown (&self->closing))
    return;

  now = get_time (self, now);
  ibb_sender_stop_writes (&self->sender, IBB_FAILURE_CLOSED);
  ibb_sender_flush (&self->sender, now);
  proceed (self, now);
  changed (self);
  update_timer (self, now);
}

void
ibb_session_close (IBBSession *self, gint64 now)
{
  IBBFailure failure = IBB_FAILURE_INIT;

  if (self->state == IBB_SESSION_OPENING || self->state == IBB_SESSION_REQUESTED)
    {
      ibb_session_abort (self, now);
      return;
    }

  now = get_time (self, now);
  if (!ibb_closing_close (&self->closing, now))
    return;

  ibb_failure_set (&failure, IBB_FAILURE_CLOSED);
  ibb_sender_stop_writes (&self->sender, IBB_FAILURE_CLOSED);
  ibb_receiver_fail (&self->receiver, &failure);
  if (self->state == IBB_SESSION_OPEN)
    {
      ibb_receiver_refuse_all (&self->receiver);
      take_deferred (self, now);
    }
  if (self->state == IBB_SESSION_OPEN)
    ibb_sender_flush (&self->sender, now);
  ibb_receiver_drop_unread (&self->receiver);
  check_counted (self);
  proceed (self, now);
  changed (self);
  update_timer (self, now);
}

static void
abort_session (IBBSession *self, gint64 now)
{
  IBBFailure failure = IBB_FAILURE_INIT;

  ibb_failure_set (&failure, IBB_FAILURE_ABORTED);
  ibb_closing_abort (&self->closing);
  ibb_receiver_fail (&self->receiver, &failure);

  if (self->state == IBB_SESSION_REQUESTED)
    end_request (self, IBB_FAILURE_CLOSED, IBB_CONDITION_NOT_ACCEPTABLE, NULL);
  else if (self->state == IBB_SESSION_OPENING)
    ibb_opening_abandon (self->opening, now);
  else if (self->state == IBB_SESSION_OPEN)
    {
      ibb_receiver_refuse_all (&self->receiver);
      ibb_closing_tell_peer (&self->closing);
    }
  ibb_session_end (self, &failure);
  ibb_receiver_drop_unread (&self->receiver);
  check_counted (self);
  changed (self);
}

void
ibb_session_abort (IBBSession *self, gint64 now)
{
  abort_session (self, get_time (self, now));
}

gboolean
ibb_session_is_over (IBBSession *self)
{
  return self->state == IBB_SESSION_ENDED && ibb_receiver_get_readable (&self->receiver) == 0 &&
         (!ibb_receiver_has_eof (&self->receiver) || ibb_closing_is_whole (&self->closing));
}

void
ibb_session_set_waiting (IBBSession *self, gboolean is_waiting)
{
  self->is_waiting = is_waiting;
  check_counted (self);
}

/* Reading and writing. */

IBBInput
ibb_session_get_input (IBBSession *self)
{
  if (ibb_receiver_get_readable (&self->receiver) > 0)
    return IBB_INPUT_DATA;
  if (ibb_receiver_get_failure (&self->receiver)->kind != IBB_FAILURE_NONE)
    return IBB_INPUT_FAILED;
  return ibb_receiver_has_eof (&self->receiver) ? IBB_INPUT_EOF : IBB_INPUT_EMPTY;
}

gsize
ibb_session_get_readable (IBBSession *self)
{
  return ibb_receiver_get_readable (&self->receiver);
}

gsize
ibb_session_read (IBBSession *self, guint8 *bytes, gsize length, gint64 now)
{
  gsize n = ibb_receiver_read (&self->receiver, bytes, length);

  if (n == 0)
    return 0;

  now = get_time (self, now);
  if (self->state == IBB_SESSION_OPEN)
    {
      ibb_receiver_release (&self->receiver, now);
      update_timer (self, now);
      if (listens (self))
        ibb_peer_update_timer (self->terms.peer, TRUE, now);
    }
  check_counted (self);
  return n;
}

IBBOutput
ibb_session_get_output (IBBSession *self)
{
  if (ibb_sender_get_output_failure (&self->sender)->kind != IBB_FAILURE_NONE)
    return IBB_OUTPUT_FAILED;
  return ibb_session_get_writable (self) > 0 ? IBB_OUTPUT_ROOM : IBB_OUTPUT_FULL;
}

gsize
ibb_session_get_writable (IBBSession *self)
{
  return self->state == IBB_SESSION_OPEN ? ibb_sender_get_room (&self->sender) : 0;
}

gboolean
ibb_session_is_worth_waking (IBBSession *self, gsize length)
{
  gsize room = ibb_session_get_writable (self);

  if (room == 0)
    return FALSE;
  if (room >= MIN (length, ibb_sender_get_buffer_size (&self->sender) / 2))
    return TRUE;
  /* Without more bytes it may stay as it is. */
  return ibb_sender_is_idle (&self->sender);
}

gsize
ibb_session_write (IBBSession *self, const guint8 *bytes, gsize length, gint64 now)
{
  if (self->state != IBB_SESSION_OPEN)
    return 0;
  return ibb_sender_write (&self->sender, bytes, length, get_time (self, now));
}

void
ibb_session_flush (IBBSession *self, gint64 now)
{
  ibb_sender_flush (&self->sender, get_time (self, now));
}

gboolean
ibb_session_get_auto_flush (IBBSession *self)
{
  return ibb_sender_get_auto_flush (&self->sender);
}

void
ibb_session_set_auto_flush (IBBSession *self, gboolean auto_flush, gint64 now)
{
  ibb_sender_set_auto_flush (&self->sender, auto_flush, get_time (self, now));
}

/* What it is like. */

gpointer
ibb_session_get_data (IBBSession *self)
{
  return self->data;
}

void
ibb_session_set_data (IBBSession *self, gpointer data)
{
  self->data = data;
}

IBBSessionState
ibb_session_get_state (IBBSession *self)
{
  return self->state;
}

const char *
ibb_session_get_sid (IBBSession *self)
{
  return self->terms.key.sid;
}

const char *
ibb_session_get_peer (IBBSession *self)
{
  return self->terms.peer_jid;
}

const char *
ibb_session_get_local (IBBSession *self)
{
  return self->terms.local_jid;
}

guint
ibb_session_get_block_size (IBBSession *self)
{
  return self->terms.block_size;
}

IBBCarrier
ibb_session_get_carrier (IBBSession *self)
{
  return self->terms.carrier;
}

const IBBFailure *
ibb_session_get_input_failure (IBBSession *self)
{
  return ibb_receiver_get_failure (&self->receiver);
}

const IBBFailure *
ibb_session_get_output_failure (IBBSession *self)
{
  return ibb_sender_get_output_failure (&self->sender);
}

const IBBFailure *
ibb_session_get_delivery_failure (IBBSession *self)
{
  return ibb_sender_get_delivery_failure (&self->sender);
}

const IBBFailure *
ibb_session_get_failure (IBBSession *self)
{
  return &self->failure;
}

gboolean
ibb_session_is_output_shut (IBBSession *self)
{
  return ibb_closing_is_output_shut (&self->closing);
}

gboolean
ibb_session_is_close_begun (IBBSession *self)
{
  return ibb_closing_is_whole (&self->closing);
}

guint64
ibb_session_get_written (IBBSession *self)
{
  return ibb_sender_get_written (&self->sender);
}

guint64
ibb_session_get_handed (IBBSession *self)
{
  return ibb_sender_get_handed (&self->sender);
}

guint64
ibb_session_get_delivered (IBBSession *self)
{
  return ibb_sender_get_delivered (&self->sender);
}

guint64
ibb_session_get_received (IBBSession *self)
{
  return ibb_receiver_get_received (&self->receiver);
}

guint64
ibb_session_get_cut (IBBSession *self)
{
  return ibb_sender_get_cut (&self->sender);
}

gsize
ibb_session_get_in_flight (IBBSession *self)
{
  return ibb_sender_get_in_flight (&self->sender);
}

gint64
ibb_session_get_round_trip (IBBSession *self)
{
  return ibb_sender_get_round_trip (&self->sender);
}

guint
ibb_session_get_retries (IBBSession *self)
{
  return ibb_sender_get_retries (&self->sender);
}
