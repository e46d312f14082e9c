/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "engine-check.h"

#include <string.h>

#include "core/engine-private.h"
#include "core/session/session.h"
#include "inside.h"

/* What counts against a peer is what its sessions have in flight, without those set aside. */
static void
check_quota (IBBPeer *peer)
{
  guint n = 0, n_stalled = 0;

  for (GList *l = peer->sessions.head; l != NULL; l = l->next)
    {
      const IBBSession *session = l->data;
      const IBBStall   *stall = &session->sender.flight.stall;

      g_assert (!stall->blocks.is_aside || stall->is_stalled);
      n += stall->blocks.is_aside ? 0 : stall->blocks.n;
      n_stalled += stall->is_stalled && !stall->blocks.is_aside;
    }
  g_assert (peer->quota.n == n);
  g_assert (g_queue_get_length (&peer->quota.stalled) == n_stalled);
}

static void
check_sender (IBBSession *session, guint *n_pending)
{
  IBBSender *sender = &session->sender;
  IBBFlight *flight = &sender->flight;
  guint64    position = sender->delivered;
  gsize      in_flight = 0;
  guint      n_sent = 0;
  guint      n_refused = 0;
  gboolean   after_unsent = FALSE;
  guint16    seq = (guint16) (sender->next_seq - g_queue_get_length (&flight->blocks));

  g_assert (sender->written == sender->segmented + sender->queue.length);
  g_assert (sender->delivered <= sender->segmented);
  /* Bytes that were passed on, refused and put back to be segmented again (D-16) still count. */
  g_assert (sender->passed <= sender->written);
  g_assert (flight->to_send == NULL ||
            ((IBBBlock *) flight->to_send->data)->state == IBB_BLOCK_TO_SEND);

  for (GList *l = flight->blocks.head; l != NULL; l = l->next)
    {
      IBBBlock *block = l->data;
      gsize     size = g_bytes_get_size (block->bytes);

      g_assert (size > 0 && size <= session->parameters.block_size);
      position += size;
      /* A message that is sent again was already counted as delivered. */
      g_assert (block->end == position || session->parameters.by_message);
      g_assert (block->seq == seq++);
      g_assert (!after_unsent || block->state == IBB_BLOCK_TO_SEND);
      if (block->attempts > 0)
        (*n_pending)++;
      switch (block->state)
        {
        case IBB_BLOCK_TO_SEND:
          g_assert (flight->to_send != NULL);
          after_unsent = TRUE;
          break;
        case IBB_BLOCK_SENT:
          in_flight += size;
          n_sent++;
          break;
        case IBB_BLOCK_REFUSED:
          n_refused++;
          break;
        case IBB_BLOCK_DELIVERED:
        default:
          g_assert_not_reached ();
        }
    }

  g_assert (flight->stall.in_flight == in_flight);
  g_assert (flight->stall.blocks.n == n_sent);
  g_assert (flight->n_refused == n_refused);
  /* When all replies have come, the sender has reacted to the refusals. */
  g_assert (n_refused == 0 || n_sent > 0);
  /* Each block that is not delivered can still leave. */
  g_assert (g_queue_get_length (&flight->blocks) == n_sent + n_refused || flight->to_send != NULL);
  g_assert (g_queue_get_length (&flight->delivered) <= IBB_RECENT_BLOCKS);
  *n_pending += g_queue_get_length (&flight->delivered);
}

static void
check_receiver (IBBSession *session, const IBBSettings *largest)
{
  IBBReceiver *receiver = &session->receiver;
  IBBAcks     *acks = &receiver->acks;
  gsize        s = largest->receive_buffer_size;
  gsize        h = MAX (MAX (s, 4 * 1024 * 1024), 2 * (gsize) session->parameters.block_size);
  gsize        delayed_bytes = 0;
  gsize        records = 0;

  g_assert (receiver->received == receiver->read + receiver->queue.length);
  g_assert (receiver->queue.length <=
            2 * s + h + session->parameters.block_size); /* the hard bound (D-23) */
  for (GList *l = acks->blocks.head; l != NULL; l = l->next)
    {
      IBBDelayedAck *ack = l->data;

      delayed_bytes += ack->cost;
      records += 192 + strlen (ack->id);
      g_assert (g_hash_table_lookup (acks->digests, &ack->digest) == &ack->digest);
    }
  g_assert (acks->digests == NULL ||
            g_hash_table_size (acks->digests) == g_queue_get_length (&acks->blocks));
  g_assert (acks->bytes == delayed_bytes);
  g_assert (acks->records == records);
  g_assert (g_queue_get_length (&acks->blocks) <= IBB_BLOCKS_IN_FLIGHT_MAX);
  g_assert (g_queue_get_length (&receiver->early) <= IBB_EARLY_BLOCKS + 1); /* and a close (D-24) */
}

/* D-50: a late session waits in the order in which it became so, and is not
 * stalled; a ping is under way only while there are sessions. */
static void
check_stalls (IBBEngine *engine)
{
  IBBStalls     *stalls = engine->context->stalls;
  gint64         since = G_MININT64;
  guint          n_late = 0;
  GHashTableIter iter;
  gpointer       session;

  g_hash_table_iter_init (&iter, engine->context->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &session))
    n_late += ((IBBSession *) session)->sender.flight.stall.late_since != IBB_NEVER;
  g_assert (g_queue_get_length (&stalls->late) == n_late);
  for (GList *l = stalls->late.head; l != NULL; l = l->next)
    {
      IBBStall *stall = l->data;

      g_assert (stall->late_since >= since && stall->late_since != IBB_NEVER);
      g_assert (!stall->is_stalled && stall->in_flight > 0);
      since = stall->late_since;
    }
  g_assert (!ibb_pending_is_set (&engine->context->first_hop->ping) ||
            g_hash_table_size (engine->context->sessions) > 0);
  g_assert (
      ibb_pending_is_set (&engine->context->first_hop->ping) ||
      (!engine->context->first_hop->is_unanswered && !engine->context->first_hop->is_holding));
  g_assert (engine->context->first_hop->ping_timer.iter == NULL ||
            g_hash_table_size (engine->context->sessions) > 0);
}

/* The path that peers near by share has what is in flight to its members, and to nobody else. One
 * that wants to send has a turn, unless so many blocks are in flight to it as may be. */
static void
check_near (IBBPeers *peers)
{
  gsize          in_flight = 0;
  guint          n_holders = 0;
  GHashTableIter iter;
  gpointer       value;

  g_hash_table_iter_init (&iter, peers->by_jid);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      IBBPeer           *peer = value;
      const IBBNearPeer *near = &peer->near;

      g_assert (near->path.in_flight == (near->is_member ? 0 : near->in_flight));
      if (!near->is_member)
        continue;
      in_flight += near->in_flight;
      n_holders += near->in_flight > 0;
      g_assert (ibb_scheduler_peek (&peer->turns) == NULL || peer->turn.has_a_block ||
                ibb_block_limit_is_full (&peer->quota));
    }
  g_assert (peers->near.path.in_flight == in_flight);
  g_assert (peers->near.holders.length == n_holders);
  g_assert (ibb_scheduler_peek (&peers->near_turns) == NULL || peers->near_turn.has_a_block ||
            in_flight > 0);
}

/* Every session of the engine: those in the table, and those that ended. */
static GHashTable *
collect_sessions (IBBEngine *engine, IBBSession **held, guint n_held)
{
  GHashTable    *sessions = g_hash_table_new (NULL, NULL);
  GHashTableIter iter;
  gpointer       session;

  g_hash_table_iter_init (&iter, engine->context->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &session))
    g_hash_table_add (sessions, session);
  for (GList *l = engine->context->changed.head; l != NULL; l = l->next)
    g_hash_table_add (sessions, l->data);
  for (GList *l = engine->events.queue.head; l != NULL; l = l->next)
    if (((IBBEvent *) l->data)->session != NULL)
      g_hash_table_add (sessions, ((IBBEvent *) l->data)->session);
  for (guint i = 0; i < n_held; i++)
    if (held[i] != NULL && held[i]->parameters.context == engine->context)
      g_hash_table_add (sessions, held[i]);
  return sessions;
}

static void
check_turn (const IBBScheduler *turns, const IBBTurn *turn)
{
  gboolean is_ahead = turn->is_sparse && turn->has_a_block;

  g_assert ((turn->ahead != NULL) == is_ahead);
  g_assert (turn->ahead == NULL || turn->ahead == &turns->urgent || turn->ahead == &turns->sparse);
  g_assert (turn->size > 0 || !turn->has_a_block);
  g_assert (turn->size == 0 || turn->credit > 0);
}

static void
check_turns (const IBBScheduler *turns)
{
  guint n_by_bits[IBB_SCHEDULER_N_SIZES] = { 0 };
  guint n_ahead = 0;

  for (const GList *l = turns->round.head; l != NULL; l = l->next)
    {
      const IBBTurn *turn = l->data;

      check_turn (turns, turn);
      n_ahead += turn->ahead != NULL;
      n_by_bits[g_bit_storage (turn->size) - 1]++;
    }
  g_assert (n_ahead == turns->urgent.length + turns->sparse.length);
  g_assert (memcmp (n_by_bits, turns->n_by_bits, sizeof n_by_bits) == 0);
}

static void
check_session (IBBSession *session, const IBBSettings *largest, guint *n_pending)
{
  IBBSender  *sender = &session->sender;
  IBBOpening *opening = session->opening;

  if (ibb_session_get_state (session) == IBB_SESSION_ENDED)
    {
      g_assert (sender->flight.stall.in_flight == 0 && session->timer.iter == NULL);
      g_assert (!sender->turn.has_a_block && sender->turn.size == 0);
      g_assert (!session->receiver.acks.is_waiting);
      g_assert (sender->own_server == NULL && sender->peer_server == NULL);
      g_assert (g_queue_is_empty (&session->receiver.acks.blocks));
      g_assert (session->registration.is_counted == (session->receiver.queue.length > 0));
      /* The application learns why, when it has read everything. */
      g_assert (session->receiver.eof || session->receiver.failure.kind != IBB_FAILURE_NONE);
      g_assert (sender->output_failure.kind != IBB_FAILURE_NONE);
      g_assert (opening == NULL);
      return;
    }

  g_assert (session->registration.is_counted);
  *n_pending += (opening != NULL && ibb_pending_is_set (&opening->pending)) +
                ibb_pending_is_set (&session->resume.pending) +
                ibb_pending_is_set (&session->closing.pending);
  g_assert ((ibb_session_get_state (session) == IBB_SESSION_OPENING) ==
            (opening != NULL && ibb_pending_is_set (&opening->pending)));
  g_assert ((ibb_session_get_state (session) == IBB_SESSION_REQUESTED) ==
            (opening != NULL && opening->request != NULL));
  check_sender (session, n_pending);
  check_receiver (session, largest);
}

void
engine_check (IBBEngine *engine, IBBSession **held, guint n_held, const IBBSettings *largest)
{
  IBBContext            *context = engine->context;
  g_autoptr (GHashTable) sessions = collect_sessions (engine, held, n_held);
  gsize                  in_flight = 0;
  gsize                  stalled = 0;
  gsize                  unread = 0;
  gsize                  records = 0;
  guint                  n_counted = 0;
  guint                  n_requests = 0;
  guint                  n_server_users = 0;
  guint                  n_pending = g_queue_get_length (&context->abandoned->opens);
  guint                  n_timers = context->abandoned->timer.iter != NULL;
  GHashTableIter         iter;
  gpointer               key, value;

  g_hash_table_iter_init (&iter, sessions);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      IBBSession *session = key;
      IBBSender  *sender = &session->sender;

      g_assert (session->parameters.context == context);
      g_assert ((session->parameters.peer != NULL) ==
                (ibb_session_get_state (session) != IBB_SESSION_ENDED));
      unread += session->receiver.queue.length;
      records += session->receiver.acks.records + session->receiver.ahead_size +
                 session->parameters.former_size;
      n_counted += session->registration.is_counted != FALSE;
      n_requests += ibb_session_get_state (session) == IBB_SESSION_REQUESTED;
      n_timers += session->timer.iter != NULL;
      n_server_users += (sender->own_server != NULL) + (sender->peer_server != NULL);
      check_session (session, largest, &n_pending);
      if (sender->flight.stall.is_stalled)
        stalled += sender->flight.stall.in_flight;
      else if (!session->parameters.by_message && !sender->flight.stall.is_probing)
        in_flight += sender->flight.stall.in_flight;
    }

  g_hash_table_iter_init (&iter, context->peers->by_jid);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      IBBPeer *peer = value;

      check_quota (peer);
      n_pending += ibb_pending_is_set (&peer->query) + ibb_pending_is_set (&peer->probe);
      n_timers += peer->timer.iter != NULL;
    }

  g_hash_table_iter_init (&iter, context->servers->by_domain);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      IBBServer *server = value;

      n_pending += ibb_pending_is_set (&server->query);
      g_assert (server->n_users > 0);
      n_server_users -= server->n_users;
    }

  g_assert (n_server_users == 0);
  n_pending += ibb_pending_is_set (&context->first_hop->ping);
  n_timers += context->first_hop->ping_timer.iter != NULL;
  n_timers += context->peers->near.timer.iter != NULL;
  g_assert (context->memory.unread == unread);
  g_assert (context->memory.records == records);
  g_assert (context->memory.n_sharers == n_counted);
  g_assert (context->requests->n == n_requests && n_requests <= 16); /* unanswered (D-47) */
  g_assert (context->first_hop->in_flight == in_flight);
  g_assert (context->stalls->stalled == stalled);
  check_stalls (engine);
  check_near (context->peers);
  check_turns (&context->peer_turns);
  check_turns (&context->peers->near_turns);
  check_turns (&context->message_turns);
  g_assert (context->control.errors <= 512 * 1024); /* bytes of errors that wait (D-47) */
  g_assert (inside_get_n_pending (engine) == n_pending);
  g_assert (inside_get_n_timers (engine) == n_timers);
}

gboolean
engine_check_flooded (IBBEngine *engine)
{
  return engine->context->control.errors >= 448 * 1024;
}

guint16
engine_check_get_next_seq (IBBSession *session)
{
  return session->receiver.next_seq;
}

void
engine_check_ready (IBBEngine *engine, gint64 now)
{
  gint64         time = ibb_clock_get_time (&engine->context->clock, now);
  GHashTableIter iter;
  gpointer       value;

  g_hash_table_iter_init (&iter, engine->context->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      IBBSender *sender = &((IBBSession *) value)->sender;

      g_assert (sender->turn.has_a_block || !ibb_sender_can_send (sender, time));
    }
}
