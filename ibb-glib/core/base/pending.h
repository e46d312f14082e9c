/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Stanzas that we sent and whose answers are still to come, by id (D-33). An
 * IBBPending is a part of the object that sent the stanza.
 */

#pragma once

#include <glib.h>

#include "core/base/stanza.h"

/* What the stanza was. The type of the owner follows from it. */
typedef enum
{
  IBB_PENDING_OPEN,           /* owner: IBBSession */
  IBB_PENDING_BLOCK,          /* owner: IBBSession */
  IBB_PENDING_CUT_BLOCK,      /* owner: IBBSession; its bytes are in shorter blocks (D-16) */
  IBB_PENDING_CLOSE,          /* owner: IBBSession */
  IBB_PENDING_ABANDONED_OPEN, /* owner: IBBAbandonedOpen; a late result gets a <close/> (D-15) */
  IBB_PENDING_QUERY,          /* owner: IBBPeer; disco#info */
  IBB_PENDING_PROBE,          /* owner: IBBPeer */
  IBB_PENDING_SERVER,         /* owner: IBBServer; disco#info of a server (N-31) */
  IBB_PENDING_PING,           /* owner: IBBFirstHop */
  IBB_PENDING_RESUME,         /* owner: IBBSession */
  IBB_PENDING_FINISHED,       /* owner: IBBFinished; the end of a session (D-58) */
} IBBPendingType;

typedef struct
{
  IBBPendingType type;
  gboolean       is_message; /* its error may come from elsewhere (D-36) */
  char          *id;         /* (nullable): NULL while no answer is awaited */
  const char    *jid;        /* (unowned): whom the answer must come from, normalised */
  gpointer       owner;      /* (unowned) */
} IBBPending;

/* The pending stanzas: (element-type utf8 IBBPending), by id, unowned. */
typedef GHashTable IBBPendings;

/* id: (transfer full). The caller keeps jid until the pending is removed. */
void ibb_pendings_add (IBBPendings   *self,
                       IBBPending    *pending,
                       IBBPendingType type,
                       char          *id,
                       const char    *jid,
                       gpointer       owner);
/* Replaces the JID of the peer, which the caller keeps until the pending is removed. */
void        ibb_pendings_set_jid (IBBPendings *self, IBBPending *pending, const char *jid);
void        ibb_pendings_remove (IBBPendings *self, IBBPending *pending);
IBBPending *ibb_pendings_find (IBBPendings *self, const char *id); /* (nullable) */

/* Whether a stanza with its id is its answer. from: its sender, normalised;
 * local_jid: our own on the connection, normalised. */
gboolean ibb_pending_is_answered_by (const IBBPending *self,
                                     const IBBStanza  *stanza,
                                     const char       *from,
                                     const char       *local_jid);
