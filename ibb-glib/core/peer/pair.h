/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whether the peer is there (D-27), for one of our addresses: several programs may share the
 * address of the peer, and each may serve others of our addresses. So a pair of addresses has its
 * own signs of life, its own questions, and its own sessions. It exists while it has a session.
 */

#pragma once

#include <glib.h>

#include "core/flow/pace.h"
#include "core/peer/peer.h"
#include "core/peer/probe.h"

typedef struct
{
  IBBPeer *peer;     /* (unowned) */
  char    *local;    /* ours, normalised: the key among the pairs of the peer */
  char    *from;     /* (nullable): the same as it is written, if we have several (D-59) */
  GQueue   sessions; /* (element-type IBBSession): those in the table, by links of theirs */
  GList    link;     /* among the pairs of the peer */

  IBBProbe probe;
  gint64   heard;      /* the last sign of life of the peer */
  gint64   asked;      /* when the unanswered probe was sent first */
  gint64   silent_at;  /* when an unanswered probe makes the peer silent; IBB_NEVER: no probe */
  gint64   next_probe; /* no probe is sent before */
  guint    n_away;     /* answers in a row of a server that cannot reach the peer */
  IBBPace  pace;       /* of messages to it */
  IBBTimer timer;      /* its owner calls ibb_pair_timeout () */
} IBBPair;

/* Adds a session to the pair of peer and local, our address in it, normalised. from (nullable): the
 * same, if we have several. */
IBBPair *ibb_pair_join (IBBPeer *peer, GList *link, const char *local, const char *from);
void     ibb_pair_leave (IBBPair *self, GList *link);
/* After the end of an XML stream: forgets what was asked. */
void ibb_pairs_forget (IBBPeers *peers);

/* Notes a sign of life. */
void ibb_pair_heard (IBBPair *self, gint64 now);
/* Silence before a probe, and time between two probes, microseconds. */
gint64 ibb_pair_get_probe_interval (const IBBPair *self);
/* When the next probe may be sent; IBB_NEVER while a probe is unanswered. */
gint64 ibb_pair_get_next_probe (const IBBPair *self);
/* Queues a probe unless one is unanswered or was sent lately. */
void ibb_pair_probe (IBBPair *self, gint64 now);
/* Makes the next probe name that session, unless a probe is unanswered: a program that was started
 * again has none of the sessions of the one before. from (nullable): our address in the session, if
 * we have several. */
void ibb_pair_ask_about (IBBPair *self, GList *link, const char *sid, const char *from);
/* Whether the peer is IBB_PEER_SILENT. */
gboolean ibb_pair_is_silent (const IBBPair *self);
/* is_awaited: whether a session waits for the peer (ibb_session_waits_for_peer ()). */
IBBPeerVerdict
ibb_pair_probe_answered (IBBPair *self, const IBBStanza *answer, gboolean is_awaited, gint64 now);
/* Notes that a block of that size was sent in a message. */
void ibb_pair_note_message (IBBPair *self, gsize size, gint64 now);
/* The connection refused the probe. The timer stays. */
void ibb_pair_not_probed (IBBPair *self);
/* is_needed: whether a session depends on the peer, and awaits no reply (ibb_session_needs_peer
 * ()). */
IBBPeerVerdict ibb_pair_timeout (IBBPair *self, gboolean is_needed, gint64 now);
void           ibb_pair_update_timer (IBBPair *self, gboolean is_needed, gint64 now);
