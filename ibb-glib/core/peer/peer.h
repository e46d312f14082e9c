/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* State of one peer JID: whether the peer takes several blocks at once (D-29), whether it is still
 * there (the probe of D-27), and the path to it.
 */

#pragma once

#include <glib.h>

#include "core/flow/pace.h"
#include "core/flow/scheduler.h"
#include "core/peer/context.h"
#include "core/peer/near.h"

typedef enum
{
  IBB_ORDER_UNKNOWN,
  IBB_ORDER_ASKED,     /* disco#info is under way */
  IBB_ORDER_KEPT,      /* its features or identity say that blocks keep their order */
  IBB_ORDER_UNCERTAIN, /* nothing says so, or it reordered: one block at a time */
} IBBOrder;

struct _IBBPeers
{
  IBBContext  *context; /* (unowned) */
  GHashTable  *by_jid;  /* (element-type utf8 IBBPeer): owned */
  GQueue       idle;    /* least recently used first */
  IBBNear      near;
  IBBScheduler near_turns; /* of the members of that path ... */
  IBBTurn      near_turn;  /* ... and their common turn among all peers */
  IBBTimerFunc timeout;
};

/* Conclusion about a peer from an answer, or from its lack. The owner acts on it. */
typedef enum
{
  IBB_PEER_UNKNOWN,
  IBB_PEER_THERE,  /* each session may conclude from silence what it means */
  IBB_PEER_SILENT, /* it has not answered a probe for some time: the application is told */
  IBB_PEER_GONE,   /* each open session ends */
  IBB_PEER_FORGOT, /* the peer is there without the session that the probe names, which ends */
} IBBPeerVerdict;

typedef struct
{
  IBBPeers *peers;     /* (unowned) */
  char     *jid;       /* normalised: the key among the peers */
  char     *address;   /* as the application or the peer wrote it */
  char     *from;      /* (nullable): our address that asks, if we have several (D-59) */
  GQueue    sessions;  /* (element-type IBBSession): those in the table, by links of theirs */
  GList     idle_link; /* among the idle peers while it has no session */

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

  IBBOrder   order;
  gboolean   has_our_feature;
  gboolean   reorders;   /* it answered unexpected-request with several blocks in flight */
  IBBPending query;      /* disco#info */
  gint64     next_query; /* no query is sent before, since the connection refused the last one */

  gint64     heard;      /* its last sign of life */
  IBBPending probe;      /* kept when it is repeated */
  guint64    probe_end;  /* position behind it in the control queue: of the last repetition ... */
  guint64    first_end;  /* ... and of the first probe */
  gint64     asked;      /* when the unanswered probe was sent first */
  gint64     silent_at;  /* when an unanswered probe makes the peer silent; IBB_NEVER: no probe */
  gint64     next_probe; /* no probe is sent before */
  GList     *asked_link; /* (nullable): of the session that the probe names, or the next one will */
  char      *asked_sid;  /* (nullable): its sid ... */
  char      *asked_from; /* (nullable): ... and our address in it, as from */
  IBBPace    pace;       /* of messages to it */
  gboolean   knows_probe;    /* it has answered one, so a bounce is not its own answer */
  gboolean   probe_by_query; /* the probe is a disco#info query: see ibb_peer_probe_answered () */
  IBBTimer   timer;          /* while it has a session; its owner calls ibb_peer_timeout () */
} IBBPeer;

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

/* from (nullable): our address in the session, if we have several. Questions to the peer come
 * from the one whose session was there first. */
void ibb_peer_add_session (IBBPeer *self, GList *link, const char *from);
void ibb_peer_remove_session (IBBPeer *self, GList *link);

IBBController *ibb_peer_get_path (IBBPeer *self);
/* The block size to propose to the peer in place of block_size. */
guint ibb_peer_limit_block_size (const IBBPeer *self, guint block_size);
/* Makes the peer runnable if one of its sessions is: the path may have room. */
void ibb_peer_try (IBBPeer *self);
/* A block of that size goes next. Where all peers wait for our server, the window is no smaller
 * than its share (D-57). */
void ibb_peer_share (IBBPeer *self, gsize size);
/* Takes the turn from the peer: none of its sessions can send. */
void ibb_peer_pause (IBBPeer *self);
/* The same: its path has no room. */
void ibb_peer_wait (IBBPeer *self, gint64 now);
/* The same: no more blocks may be in flight to the peer (D-65). */
void ibb_peer_cap (IBBPeer *self);
/* Notes the round trip of a block; see ibb_near_note (). */
gboolean ibb_peer_note_trip (IBBPeer *self, gint64 sent, gint64 round_trip, gint64 now);
/* Notes the time of the answer to a short request. */
void ibb_peer_note_answer (IBBPeer *self, gint64 round_trip, gint64 now);
/* A block of that size was sent. */
void ibb_peer_took (IBBPeer *self, gsize size);

/* Whether a session may send it a block while the one before is in flight. */
gboolean ibb_peer_takes_several (const IBBPeer *self);
/* Notes that the peer has our feature, as one of its stanzas shows. */
void ibb_peer_note_our_feature (IBBPeer *self);
void ibb_peer_ask_order (IBBPeer *self, gint64 now);
void ibb_peer_order_answered (IBBPeer *self, const IBBStanza *answer);
/* The connection refused the question, which is sent again later. */
void ibb_peer_order_not_asked (IBBPeer *self, gint64 now);

/* Notes a sign of life. */
void ibb_peer_heard (IBBPeer *self, gint64 now);
/* Silence before a probe, and time between two probes, microseconds. */
gint64 ibb_peer_get_probe_interval (const IBBPeer *self);
/* When the next probe may be sent; IBB_NEVER while a probe is unanswered. */
gint64 ibb_peer_get_next_probe (const IBBPeer *self);
/* Queues a probe unless one is unanswered or was sent lately. */
void ibb_peer_probe (IBBPeer *self, gint64 now);
/* Makes the next probe name that session, unless a probe is unanswered: a program that was started
 * again has none of the sessions of the one before. from (nullable): our address in the session, if
 * we have several. */
void ibb_peer_ask_about (IBBPeer *self, GList *link, const char *sid, const char *from);
/* The session that the unanswered probe names. (nullable) (type IBBSession) */
gpointer ibb_peer_get_asked (const IBBPeer *self);
/* Whether the peer is IBB_PEER_SILENT. */
gboolean       ibb_peer_is_silent (const IBBPeer *self);
IBBPeerVerdict ibb_peer_probe_answered (IBBPeer *self, const IBBStanza *answer, gint64 now);
/* Notes that a block of that size was sent in a message. */
void ibb_peer_note_message (IBBPeer *self, gsize size, gint64 now);
/* The connection refused the probe. The timer stays. */
void ibb_peer_not_probed (IBBPeer *self);
/* is_needed: whether a session depends on the peer, and awaits no reply (ibb_session_needs_peer
 * ()). */
IBBPeerVerdict ibb_peer_timeout (IBBPeer *self, gboolean is_needed, gint64 now);
void           ibb_peer_update_timer (IBBPeer *self, gboolean is_needed, gint64 now);
/* Whether an answer comes from the peer itself, and not from a server. */
gboolean ibb_peer_gave_answer (const IBBStanza *answer);
