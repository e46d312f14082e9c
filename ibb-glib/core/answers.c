/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/answers.h"

#include "core/peer/first-hop.h"
#include "core/peer/pair.h"
#include "core/peer/server.h"
#include "core/peer/stall.h"
#include "core/session/abandoned.h"
#include "core/session/closing.h"
#include "core/session/delivery.h"
#include "core/session/finished.h"
#include "core/session/held.h"
#include "core/session/opening.h"
#include "core/session/resume.h"

/* Peers. */

static void
heed_peer (IBBPair *pair, IBBPeerVerdict verdict, gint64 now)
{
  g_autoptr (IBBHeldSessions) sessions = NULL;

  if (verdict == IBB_PEER_UNKNOWN)
    return;

  if (verdict == IBB_PEER_THERE)
    ibb_pair_update_timer (pair, ibb_session_is_peer_needed (pair), now);
  sessions = ibb_held_sessions_new (g_list_copy (pair->sessions.head));
  for (GList *l = sessions; l != NULL; l = l->next)
    ibb_delivery_heed_peer (l->data, verdict, now);
}

void
ibb_answers_peer_timeout (gpointer owner, gint64 now)
{
  IBBPair *pair = owner;

  ibb_delivery_ask_about_idle (pair, now);
  heed_peer (pair, ibb_pair_timeout (pair, ibb_session_is_peer_needed (pair), now), now);
}

/* When the peer has forgotten one session, it is asked about the next one at once. The last answer
 * shows all sessions that the peer is there. */
static void
heed_forgetting (IBBPair *pair, IBBSession *asked, gint64 now)
{
  g_autoptr (IBBSession) keep = ibb_session_ref (asked);
  gboolean               is_last = pair->sessions.head->next == NULL;

  ibb_delivery_heed_peer (asked, IBB_PEER_FORGOT, now);
  if (is_last && asked->parameters.pair == NULL)
    return; /* the pair has ended with it */

  ibb_answers_peer_timeout (pair, now);
  if (ibb_pair_get_next_probe (pair) != IBB_NEVER)
    heed_peer (pair, IBB_PEER_THERE, now);
}

static void
probe_answered (IBBPair *pair, IBBStanza *answer, gint64 now)
{
  IBBSession    *asked = ibb_probe_get_session (&pair->probe);
  IBBPeerVerdict verdict =
      ibb_pair_probe_answered (pair, answer, ibb_session_is_peer_awaited (pair), now);

  if (verdict == IBB_PEER_FORGOT)
    heed_forgetting (pair, asked, now);
  else
    heed_peer (pair, verdict, now);
}

static void
peer_not_probed (IBBPair *pair)
{
  ibb_pair_not_probed (pair);
  for (GList *l = pair->sessions.head; l != NULL; l = l->next)
    ibb_session_update_timer (l->data);
}

static void
peer_order_answered (IBBPeer *peer, IBBStanza *answer, gint64 now)
{
  g_autoptr (IBBHeldSessions) sessions = NULL;

  ibb_order_answered (&peer->order, answer);
  for (GList *pair = peer->pairs.head; pair != NULL; pair = pair->next)
    sessions = g_list_concat (sessions, ibb_held_sessions_new (g_list_copy (
                                            ((const IBBPair *) pair->data)->sessions.head)));
  for (GList *l = sessions; l != NULL; l = l->next)
    {
      IBBSession *session = l->data;

      ibb_closing_peer_known (session, now);
      if (session->state == IBB_SESSION_OPEN)
        ibb_sender_update_ready (&session->sender, now);
      ibb_session_settle (session);
    }
}

static void
not_pinged (IBBContext *context, gint64 now)
{
  ibb_first_hop_not_pinged (context->first_hop, now);
  ibb_stalls_try (context);
}

void
ibb_answers_ping_timeout (gpointer owner, gint64 now)
{
  IBBContext *context = owner;

  ibb_first_hop_timeout (context->first_hop);
  ibb_stalls_try (context);
}

static void
ping_answered (IBBContext *context, gint64 now)
{
  gint64 sent = ibb_first_hop_ping_answered (context->first_hop, now);

  ibb_stalls_note_answer (context, sent);
  ibb_stalls_try (context);
}

/* Stanzas. */

static void
send_failed (IBBSession *session)
{
  ibb_closing_fail (session, &(IBBFailure) IBB_FAILURE_OF (IBB_FAILURE_SEND_FAILED));
  ibb_session_settle (session);
}

void
ibb_answers_not_sent (IBBContext *context, const IBBStanza *stanza, gint64 now)
{
  IBBPending *pending = NULL;

  if (stanza->payload == IBB_PAYLOAD_DATA || ibb_stanza_record_is_kind (stanza, "set") ||
      ibb_stanza_record_is_kind (stanza, "get"))
    pending = ibb_pendings_find (context->pendings, stanza->id);
  if (pending == NULL)
    return;

  switch (pending->type)
    {
    case IBB_PENDING_OPEN:
    case IBB_PENDING_BLOCK:
    case IBB_PENDING_CLOSE:
      send_failed (pending->owner);
      break;
    case IBB_PENDING_ABANDONED_OPEN:
      ibb_abandoned_open_forget (pending->owner);
      break;
    case IBB_PENDING_QUERY:
      ibb_order_not_asked (&((IBBPeer *) pending->owner)->order, now);
      break;
    case IBB_PENDING_PROBE:
      peer_not_probed (pending->owner);
      break;
    case IBB_PENDING_SERVER:
      ibb_server_answered (pending->owner, NULL);
      break;
    case IBB_PENDING_PING:
      not_pinged (context, now);
      break;
    case IBB_PENDING_RESUME:
      ibb_resume_answered (pending->owner, NULL, now);
      break;
    case IBB_PENDING_CUT_BLOCK:
    case IBB_PENDING_FINISHED:
      break; /* sent again in shorter blocks, or by its timer */
    default:
      g_assert_not_reached ();
    }
}

gboolean
ibb_answers_receive (IBBContext *context, IBBStanza *stanza, const char *from, gint64 now)
{
  IBBPending *pending = ibb_pendings_find (context->pendings, stanza->id);

  if (pending == NULL || !ibb_pending_is_answered_by (pending, stanza, from, context->local_normal))
    return FALSE;

  switch (pending->type)
    {
    case IBB_PENDING_OPEN:
      ibb_opening_answered (pending->owner, stanza, from, now);
      break;
    case IBB_PENDING_BLOCK:
      ibb_delivery_block_answered (pending->owner, pending, stanza, now);
      break;
    case IBB_PENDING_CUT_BLOCK:
      ibb_delivery_cut_block_answered (pending->owner, stanza);
      break;
    case IBB_PENDING_CLOSE:
      ibb_delivery_close_answered (pending->owner, stanza, now);
      break;
    case IBB_PENDING_ABANDONED_OPEN:
      ibb_abandoned_open_answered (pending->owner, stanza);
      break;
    case IBB_PENDING_QUERY:
      peer_order_answered (pending->owner, stanza, now);
      break;
    case IBB_PENDING_PROBE:
      probe_answered (pending->owner, stanza, now);
      break;
    case IBB_PENDING_SERVER:
      ibb_server_answered (pending->owner, stanza);
      break;
    case IBB_PENDING_PING:
      ping_answered (context, now);
      break;
    case IBB_PENDING_RESUME:
      ibb_resume_answered (pending->owner, stanza, now);
      break;
    case IBB_PENDING_FINISHED:
      ibb_finished_answered (pending->owner, stanza);
      break;
    default:
      g_assert_not_reached ();
    }
  return TRUE;
}
