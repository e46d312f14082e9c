/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* State of one peer JID: its sessions, their turns and the path to it. order.h has whether the peer
 * takes several blocks at once (D-29), pair.h whether the peer is still there (D-27).
 */

#pragma once

#include <glib.h>

#include "core/flow/scheduler.h"
#include "core/peer/context.h"
#include "core/peer/near.h"
#include "core/peer/order.h"

struct _IBBPeers
{
  IBBContext  *context; /* (unowned) */
  GHashTable  *by_jid;  /* (element-type utf8 IBBPeer): owned */
  GQueue       idle;    /* least recently used first */
  IBBNear      near;
  IBBScheduler near_turns; /* of the members of that path ... */
  IBBTurn      near_turn;  /* ... and their common turn among all peers */
  IBBTimerFunc timeout;    /* of a pair */
};

typedef struct
{
  IBBPeers *peers;      /* (unowned) */
  char     *jid;        /* normalised: the key among the peers */
  char     *address;    /* as the application or the peer wrote it */
  GQueue    pairs;      /* (element-type IBBPair): with our addresses that have sessions with it */
  guint     n_sessions; /* of all pairs */
  GList     idle_link;  /* among the idle peers while it has no session */

  guint       block_size_max; /* accepted after a refusal of larger ones; 0: not known */
  IBBNearPeer near;           /* has its path */
  /* While the connection of the peer is broken, its server keeps what is in flight, and may keep
   * only so many blocks (D-65). Those of a session whose reader does not read are set aside, but
   * not before the peer has acknowledged another block: until then it may be the peer that is away.
   */
  guint        n_blocks; /* in flight, without those that are set aside */
  GQueue       stalled;  /* (element-type IBBStall): sessions whose blocks are still in n_blocks */
  IBBScheduler turns;    /* of its sessions by IQ ... */
  IBBTurn      turn;     /* ... and its own among the peers */

  IBBOrder order;
} IBBPeer;

/* timeout: of the timer of an IBBPair. */
IBBPeers *ibb_peers_new (IBBContext *context, IBBTimerFunc timeout);
void      ibb_peers_free (IBBPeers *self);
/* Finds the peer of that JID, or makes it. */
IBBPeer *ibb_peers_get (IBBPeers *self, const char *normal_jid, const char *address);
/* After the end of an XML stream: forgets the peers without a session, and the paths of the others.
 */
void ibb_peers_forget (IBBPeers *self);

/* The peer whose turn it is to send. (nullable) */
IBBPeer *ibb_peers_get_next (IBBPeers *self);
/* Whether several peers are runnable, or were lately. */
gboolean ibb_peers_are_several (const IBBPeers *self);

/* For ibb_pair_join () and ibb_pair_leave (). from (nullable): our address in the session, if we
 * have several. The question for features comes from the one whose session was there first. */
void ibb_peer_add_session (IBBPeer *self, const char *from);
void ibb_peer_remove_session (IBBPeer *self);

static inline IBBController *
ibb_peer_get_path (IBBPeer *self)
{
  return ibb_near_get_path (&self->peers->near, &self->near);
}

/* The block size to propose to the peer in place of block_size. */
guint ibb_peer_limit_block_size (const IBBPeer *self, guint block_size);
/* The peer has accepted that size after it had refused larger ones. */
void ibb_peer_note_block_size (IBBPeer *self, guint block_size);
/* Makes the peer runnable if one of its sessions is: the path may have room. */
void ibb_peer_try (IBBPeer *self);
/* Takes the turn from the peer: none of its sessions can send. */
void ibb_peer_pause (IBBPeer *self);
/* Takes the turn from the peer: its path has no room. */
void ibb_peer_wait (IBBPeer *self, gint64 now);
/* Takes the turn from the peer: no more blocks may be in flight to it (D-65). */
void ibb_peer_cap (IBBPeer *self);
/* Notes the round trip of a block; see ibb_near_note (). */
gboolean ibb_peer_note_trip (IBBPeer *self, gint64 sent, gint64 round_trip, gint64 now);
/* Notes the time of the answer to a short request. */
void ibb_peer_note_answer (IBBPeer *self, gint64 round_trip, gint64 now);
/* A block of that size was sent. */
void ibb_peer_took (IBBPeer *self, gsize size);
