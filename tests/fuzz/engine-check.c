/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "engine-check.h"

#include "core/engine-private.h"

static void
check_sender (IBBSession *session, guint *n_pending)
{
  IBBSender *sender = &session->sender;
  guint64    position = sender->delivered;
  gsize      in_flight = 0;
  guint      n_sent = 0;
  guint      n_refused = 0;
  gboolean   after_unsent = FALSE;
  guint16    seq = (guint16) (sender->next_seq - g_queue_get_length (&sender->flight));

  g_assert (sender->written == sender->cut + sender->queue.length);
  g_assert (sender->delivered <= sender->cut);
  /* What was handed over, refused and put back to be cut anew (D-16) counts still. */
  g_assert (sender->handed <= sender->written);
  g_assert (sender->to_send == NULL ||
            ((IBBBlock *) sender->to_send->data)->state == IBB_BLOCK_TO_SEND);

  for (GList *l = sender->flight.head; l != NULL; l = l->next)
    {
      IBBBlock *block = l->data;
      gsize     size = g_bytes_get_size (block->bytes);

      g_assert (size > 0 && size <= session->block_size);
      position += size;
      /* A message that goes again was already counted as delivered. */
      g_assert (block->end == position || session->carrier == IBB_CARRIER_MESSAGE);
      g_assert (block->seq == seq++);
      g_assert (!after_unsent || block->state == IBB_BLOCK_TO_SEND);
      if (block->attempts > 0)
        (*n_pending)++;
      switch (block->state)
        {
        case IBB_BLOCK_TO_SEND:
          g_assert (sender->to_send != NULL);
          after_unsent = TRUE;
          break;
        case IBB_BLOCK_SENT:
          in_flight += size;
          n_sent++;
          break;
        case IBB_BLOCK_REFUSED:
          n_refused++;
          break;
        case IBB_BLOCK_GIVEN:
        default:
          g_assert_not_reached ();
        }
    }

  g_assert (sender->in_flight == in_flight);
  g_assert (sender->n_sent == n_sent);
  g_assert (sender->n_refused == n_refused);
  /* All replies collected: something was made of them. */
  g_assert (n_refused == 0 || n_sent > 0);
  /* Whatever is not delivered has a way out. */
  g_assert (g_queue_get_length (&sender->flight) == n_sent + n_refused || sender->to_send != NULL);
  g_assert (g_queue_get_length (&sender->given) <= IBB_RECENT_BLOCKS);
  *n_pending += g_queue_get_length (&sender->given);
}

static void
check_receiver (IBBSession *session, const IBBSettings *largest)
{
  IBBReceiver *receiver = &session->receiver;
  gsize        s = largest->receive_buffer_size;
  gsize        h = MAX (MAX (s, 4 * 1024 * 1024), 2 * (gsize) session->block_size);
  gsize        held_bytes = 0;

  g_assert (receiver->received == receiver->read + receiver->queue.length);
  g_assert (receiver->queue.length <= 2 * s + h + session->block_size); /* D-23 */
  for (GList *l = receiver->held.head; l != NULL; l = l->next)
    {
      IBBHeld *held = l->data;

      held_bytes += held->cost;
      g_assert (g_hash_table_lookup (receiver->held_digests, &held->digest) == &held->digest);
    }
  g_assert (receiver->held_digests == NULL ||
            g_hash_table_size (receiver->held_digests) == g_queue_get_length (&receiver->held));
  g_assert (receiver->held_bytes == held_bytes);
  g_assert (g_queue_get_length (&receiver->held) <= IBB_BLOCKS_IN_FLIGHT_MAX);
  g_assert (g_queue_get_length (&receiver->early) <= IBB_EARLY_BLOCKS + 1); /* D-24 */
}

/* D-50: who is late waits in the order in which it became so, and is not parked;
 * a ping is under way only while there are sessions. */
static void
check_parking (IBBEngine *engine)
{
  gint64 since = G_MININT64;
  guint  n_late = 0;

  for (GList *l = engine->all.head; l != NULL; l = l->next)
    n_late += ((IBBSession *) l->data)->sender.late_since != IBB_NEVER;
  g_assert (g_queue_get_length (&engine->late) == n_late);
  for (GList *l = engine->late.head; l != NULL; l = l->next)
    {
      IBBSender *sender = &((IBBSession *) l->data)->sender;

      g_assert (sender->late_since >= since && sender->late_since != IBB_NEVER);
      g_assert (!sender->parked && sender->n_sent > 0);
      since = sender->late_since;
    }
  g_assert (engine->ping == NULL || g_hash_table_size (engine->sessions) > 0);
  g_assert (engine->ping != NULL || (engine->ping_timer.iter == NULL && !engine->ping_unanswered));
}

void
engine_check (IBBEngine *engine, const IBBSettings *largest)
{
  gsize          in_flight = 0;
  gsize          parked = 0;
  gsize          unread = 0;
  guint          n_counted = 0;
  guint          n_requests = 0;
  guint          n_errors = 0;
  guint          n_server_users = 0;
  guint          n_pending = g_queue_get_length (&engine->abandoned);
  guint          n_timers = engine->abandoned_timer.iter != NULL;
  GHashTableIter iter;
  gpointer       value;

  for (GList *l = engine->all.head; l != NULL; l = l->next)
    {
      IBBSession *session = l->data;

      g_assert (session->engine == engine);
      g_assert ((session->peer != NULL) == (session->state != IBB_SESSION_ENDED));
      unread += session->receiver.queue.length;
      n_counted += session->is_counted != FALSE;
      n_requests += session->state == IBB_SESSION_REQUESTED;
      n_timers += session->timer.iter != NULL;
      if (session->state == IBB_SESSION_ENDED)
        {
          g_assert (session->sender.in_flight == 0 && session->timer.iter == NULL);
          g_assert (!session->is_ready && !session->is_memory_held);
          g_assert (session->own_server == NULL && session->peer_server == NULL);
          g_assert (g_queue_is_empty (&session->receiver.held));
          g_assert (session->is_counted == (session->receiver.queue.length > 0));
          /* It is told why, once all is read. */
          g_assert (session->receiver.eof || session->input_failure.kind != IBB_FAILURE_NONE);
          g_assert (session->output_failure.kind != IBB_FAILURE_NONE);
          continue;
        }

      g_assert (session->is_counted);
      n_pending += (session->open_id != NULL) + (session->close_id != NULL);
      g_assert ((session->state == IBB_SESSION_OPENING) == (session->open_id != NULL));
      g_assert ((session->state == IBB_SESSION_REQUESTED) == (session->request != NULL));
      check_sender (session, &n_pending);
      check_receiver (session, largest);
      n_server_users += (session->own_server != NULL) + (session->peer_server != NULL);
      if (session->sender.parked)
        parked += session->sender.in_flight;
      else if (session->carrier == IBB_CARRIER_IQ)
        in_flight += session->sender.in_flight;
    }

  g_hash_table_iter_init (&iter, engine->peers);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      IBBPeer *peer = value;

      n_pending += (peer->query != NULL) + (peer->probe != NULL);
      n_timers += peer->probe_timer.iter != NULL;
    }

  g_hash_table_iter_init (&iter, engine->servers);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      IBBServer *server = value;

      n_pending += server->query != NULL;
      g_assert (server->n_users > 0);
      n_server_users -= server->n_users;
    }

  g_assert (n_server_users == 0);
  n_pending += engine->ping != NULL;
  n_timers += engine->ping_timer.iter != NULL;
  g_assert (engine->unread == unread);
  g_assert (engine->n_counted == n_counted);
  g_assert (engine->n_requests == n_requests && n_requests <= 16); /* D-47 */
  g_assert (engine->flow.in_flight == in_flight);
  g_assert (engine->parked == parked);
  check_parking (engine);
  for (GList *l = engine->control.head; l != NULL; l = l->next)
    n_errors += ((IBBStanza *) l->data)->payload == IBB_PAYLOAD_ERROR;
  g_assert (engine->n_error_replies == n_errors);
  g_assert (ibb_engine_get_n_pending (engine) == n_pending);
  g_assert (ibb_engine_get_n_timers (engine) == n_timers);
}

gboolean
engine_check_flooded (IBBEngine *engine)
{
  return engine->n_error_replies >= 1000;
}

guint16
engine_check_get_next_seq (IBBSession *session)
{
  return session->receiver.next_seq;
}

void
engine_check_ready (IBBEngine *engine, gint64 now)
{
  for (GList *l = engine->all.head; l != NULL; l = l->next)
    {
      IBBSession *session = l->data;

      g_assert (session->is_ready || !ibb_sender_can_send (session, now));
    }
}
