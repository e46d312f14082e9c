/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A question to a peer, from one of our addresses, whether the peer is there (D-27).
 *
 * The probe is a <close/> of a session that does not exist. item-not-found shows that the peer is
 * there, and that it has processed everything before the probe, since stanzas between two JIDs stay
 * in order. A probe to a peer with our feature may name a session that exists at our end: if it
 * exists at the peer's, too, the answer is a result.
 */

#pragma once

#include "core/peer/context.h"

/* Conclusion about a peer from an answer, or from its lack. The owner acts on it. */
typedef enum
{
  IBB_PEER_UNKNOWN,
  IBB_PEER_THERE,  /* each session may conclude from silence what it means */
  IBB_PEER_SILENT, /* it has not answered a probe for some time: the application is told */
  IBB_PEER_GONE,   /* each open session of the pair ends */
  IBB_PEER_AWAY,   /* a server cannot reach it, again and again: each that waits for it ends */
  IBB_PEER_FORGOT, /* the peer is there without the session that the probe names, which ends */
} IBBPeerVerdict;

typedef struct
{
  IBBContext *context;   /* (unowned) */
  gpointer    owner;     /* (unowned): the IBBPair */
  const char *jid;       /* (unowned): of the peer, normalised */
  const char *address;   /* (unowned): the same as it was written */
  const char *from;      /* (unowned) (nullable): our address, if we have several (D-59) */
  IBBPending  pending;   /* kept when the probe is repeated */
  guint64     end;       /* position behind it in the control queue: of the last repetition ... */
  guint64     first_end; /* ... and of the first probe */
  GList      *session;   /* (nullable): link of the session that it names, or the next one will */
  char       *sid;       /* (nullable): of that session ... */
  char       *session_from; /* (nullable): ... and our address in it, if we have several */
  gboolean    was_answered; /* the peer has answered one, so a bounce is not its own answer */
  gboolean    is_query;     /* a disco#info query: a client may give the error of a bounce itself */
} IBBProbe;

void ibb_probe_clear (IBBProbe *self);
/* Forgets the unanswered probe. */
void ibb_probe_stop (IBBProbe *self);
/* Makes the next probe name that session. from (nullable): our address in it, if we have several.
 */
void ibb_probe_name (IBBProbe *self, GList *link, const char *sid, const char *from);
void ibb_probe_send (IBBProbe *self);
/* Sends the unanswered probe again, unless it is still queued: it or its answer may be lost. */
void ibb_probe_repeat (IBBProbe *self);
/* Whether the connection has taken the unanswered probe. */
gboolean ibb_probe_has_left (const IBBProbe *self);
/* The session that a probe names whose answer has come. A query names none. (nullable)
 * (type IBBSession) */
gpointer ibb_probe_get_session (const IBBProbe *self);
/* Concludes from an answer whether the peer is there. IBB_PEER_GONE: a bounce. IBB_PEER_AWAY: a
 * server cannot reach the peer now. */
IBBPeerVerdict ibb_probe_judge (const IBBProbe *self, const IBBStanza *answer);
/* Whether an answer comes from the peer itself, and not from a server. */
gboolean ibb_probe_is_answer_of_peer (const IBBStanza *answer);
