/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sessions whose acknowledgements stay out (D-50). Is it congestion, which
 * concerns all of them, or a slow reader, which concerns none but its own?
 *
 * Stanzas keep their order from us to our server and back. When one that left
 * after an acknowledgement was overdue has been answered, that acknowledgement
 * cannot be on its way to us any more: whoever should give it does not, and its
 * session is parked. Blocks of other sessions tell that without being asked.
 * Where the window is shut by what is overdue, so that none of them is out, a
 * ping to our own server has to: it is sent when somebody waits, never else.
 *
 * What is parked is out of the shared count. It goes on with one block for an
 * acknowledgement, and when that one is acknowledged in time it is a session
 * like any other again.
 */

#include "config.h"

#include "core/engine-private.h"
#include "core/jid.h"
#include "core/session-private.h"

#define PARKED_MAX (64 * 1024 * 1024)
#define PATIENCE_MIN G_USEC_PER_SEC
#define PATIENCE_ROUND_TRIPS 8
#define PING_TIMEOUT (60 * G_USEC_PER_SEC)

static gint64
get_patience (IBBSession *self)
{
  return MAX (PATIENCE_MIN, PATIENCE_ROUND_TRIPS * self->sender.smoothed);
}

static gboolean
is_late (IBBSession *self)
{
  return self->sender.late_since != IBB_NEVER;
}

/* When the oldest acknowledgement becomes overdue. */
static gint64
get_overdue_time (IBBSession *self)
{
  IBBBlock *oldest = g_queue_peek_head (&self->sender.flight);

  if (self->carrier != IBB_CARRIER_IQ || self->sender.n_sent == 0 ||
      oldest->state != IBB_BLOCK_SENT)
    return IBB_NEVER;
  return oldest->sent + get_patience (self);
}

gint64
ibb_parking_get_due (IBBSession *self)
{
  return self->sender.parked || is_late (self) ? IBB_NEVER : get_overdue_time (self);
}

void
ibb_parking_timeout (IBBSession *self, gint64 now)
{
  if (now < ibb_parking_get_due (self))
    return;

  self->sender.late_since = now;
  g_queue_push_tail_link (&self->engine->late, &self->late_link);
}

static void
leave_late (IBBSession *self)
{
  if (!is_late (self))
    return;

  g_queue_unlink (&self->engine->late, &self->late_link);
  self->sender.late_since = IBB_NEVER;
}

void
ibb_parking_clear (IBBSession *self)
{
  leave_late (self);
  self->sender.parked = FALSE;
}

gboolean
ibb_parking_may_send (IBBSession *self)
{
  IBBSender *sender = &self->sender;

  return !is_late (self) && (!sender->parked || sender->delivered >= sender->parked_until);
}

void
ibb_parking_sent (IBBSession *self, IBBBlock *block)
{
  gsize size = g_bytes_get_size (block->bytes);

  if (self->sender.parked)
    {
      self->engine->parked += size;
      self->sender.parked_until = block->end;
    }
  else if (self->carrier == IBB_CARRIER_IQ)
    ibb_flow_sent (&self->engine->flow, size);
}

void
ibb_parking_unsent (IBBSession *self, gsize length)
{
  if (self->sender.parked)
    self->engine->parked -= length;
  else if (self->carrier == IBB_CARRIER_IQ)
    ibb_flow_forget (&self->engine->flow, length);
  if (self->sender.n_sent == 0)
    leave_late (self);
}

/* With whatever else of it is in flight: that, too, has left the server. */
static void
unpark (IBBSession *self)
{
  IBBSender *sender = &self->sender;

  self->engine->parked -= sender->in_flight;
  ibb_flow_sent (&self->engine->flow, sender->in_flight);
  sender->parked = FALSE;
}

void
ibb_parking_acknowledged (IBBSession *self, guint64 end, gint64 sent, gint64 now)
{
  IBBSender *sender = &self->sender;

  if (sender->parked && end == sender->parked_until && now - sent < get_patience (self))
    unpark (self);
  if (now < get_overdue_time (self))
    leave_late (self);
}

static gboolean
has_room (IBBSession *self)
{
  return self->engine->parked + self->sender.in_flight <= PARKED_MAX;
}

static void
park (IBBSession *self)
{
  IBBSender *sender = &self->sender;

  leave_late (self);
  ibb_flow_forget (&self->engine->flow, sender->in_flight);
  self->engine->parked += sender->in_flight;
  sender->parked = TRUE;
  sender->parked_until = sender->delivered + 1; /* the next acknowledgement, whichever */
}

void
ibb_parking_note_answer (IBBEngine *engine, gint64 sent)
{
  IBBSession *first;

  while ((first = g_queue_peek_head (&engine->late)) != NULL && first->sender.late_since <= sent &&
         has_room (first))
    park (first);
}

/* The ping. */

static void
ping_timeout (gpointer owner, gint64 now)
{
  IBBEngine *engine = owner;

  engine->ping_unanswered = TRUE;
}

static void
send_ping (IBBEngine *engine, gint64 now)
{
  g_autofree char *domain = ibb_jid_dup_domain (engine->local_normal);

  engine->ping = ibb_engine_new_id (engine);
  engine->ping_sent = now;
  ibb_engine_add_pending (engine, IBB_PENDING_PING, engine->ping, domain);
  ibb_engine_queue_control (
      engine, ibb_stanza_record_new (IBB_STANZA_IQ, "get", IBB_PAYLOAD_PING, engine->ping, domain));
  ibb_timer_set (&engine->ping_timer, &engine->timers, now + PING_TIMEOUT);
}

void
ibb_parking_init (IBBEngine *engine)
{
  ibb_timer_init (&engine->ping_timer, ping_timeout, engine);
}

void
ibb_parking_forget_ping (IBBEngine *engine)
{
  ibb_timer_clear (&engine->ping_timer);
  engine->ping_unanswered = FALSE;
  if (engine->ping == NULL)
    return;

  ibb_engine_remove_pending (engine, engine->ping);
  g_clear_pointer (&engine->ping, g_free);
}

void
ibb_parking_ping_answered (IBBEngine *engine)
{
  ibb_parking_forget_ping (engine);
  ibb_parking_note_answer (engine, engine->ping_sent);
}

gboolean
ibb_parking_make_room (IBBEngine *engine, gint64 now)
{
  IBBSession *first = g_queue_peek_head (&engine->late);

  if (first == NULL || !has_room (first))
    return FALSE;

  /* A server that answers no ping leaves nothing to go by but the time. */
  if (engine->ping_unanswered || engine->local_normal == NULL)
    {
      ibb_parking_note_answer (engine, now);
      return TRUE;
    }
  if (engine->ping == NULL)
    send_ping (engine, now);
  return FALSE;
}
