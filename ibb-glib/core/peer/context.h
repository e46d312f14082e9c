/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* State shared by all objects of an engine. Owned by the engine and its sessions. The engine makes
 * and frees the objects at the end of the struct.
 */

#pragma once

#include <glib.h>

#include "core/base/clock.h"
#include "core/base/control.h"
#include "core/base/ids.h"
#include "core/base/pending.h"
#include "core/base/settings.h"
#include "core/base/timer.h"
#include "core/flow/scheduler.h"
#include "core/peer/memory.h"

typedef struct _IBBFirstHop IBBFirstHop;
typedef struct _IBBPeers    IBBPeers;
typedef struct _IBBNames    IBBNames;

typedef struct
{
  grefcount    ref_count;
  IBBSettings  settings;
  IBBClock     clock;
  IBBIds       ids;
  IBBControl   control; /* stanzas other than blocks, which leave first */
  IBBPendings *pendings;
  IBBTimers    timers;
  IBBTimers    waits; /* by the time of the caller, which goes on while the clock is stopped */
  IBBMemory    memory;

  char    *local_jid;    /* (nullable): ours on the connection */
  char    *local_normal; /* (nullable): local_jid, normalised */
  gboolean is_domain;    /* local_jid is a domain, and each address of it is ours (D-59) */

  /* Traffic that should not wait behind blocks. */
  gint64   chat_at;     /* when the application last sent or received a stanza; 0: never (D-56) */
  gint64   urgent_at;   /* when a low-rate session last had a block; 0: never (D-50) */
  gboolean is_chatting; /* as of the last look for a stanza: more of it is likely soon */
  gboolean has_urgent;  /* likewise */

  GHashTable *requests;   /* (element-type utf8 guint): opens that wait for the application ... */
  guint       n_requests; /* ... by bare JID, and of all (D-47) */

  /* The longest stanza that our server takes, in bytes of XML (D-16); 0: not known. */
  gsize named_limit;  /* as the server names it (XEP-0478); 8192 over a foreign connection */
  gsize learnt_limit; /* as the server has shown by a policy-violation */
  char *server;       /* (nullable): domain of the learnt limit */

  GQueue abandoned; /* (element-type IBBAbandonedOpen): owned, oldest first (D-15) */
  GQueue finished;  /* of finished.c: sessions that ended in order, oldest first (D-58) */

  gsize  stalled; /* bytes in flight of stalled sessions */
  GQueue late;    /* (element-type IBBStall): overdue and not stalled, in turn */

  gsize       unsent;   /* bytes written and not in blocks, of all sessions */
  GHashTable *sessions; /* (element-type IBBSessionKey IBBSession); holds references */
  IBBNames   *names; /* (unowned) (nullable): of the sessions of all services of the connection */
  GHashTable *resumable; /* (element-type utf8 GQueue): of these, by both accounts and sid (D-58) */
  IBBScheduler peer_turns;    /* of the peers to which a session wants to send a block in an IQ */
  IBBScheduler message_turns; /* of the sessions that want to send a block in a message */
  GQueue       changed; /* (element-type IBBRegistration): sessions to report; holds references */
  gboolean     is_lost; /* the connection is: nothing is sent */
  gboolean
      has_moved; /* a session has, over this XML stream: it began, went on, or got bytes across */
  gboolean is_gone; /* the engine is: nobody asks for changes */

  IBBFirstHop *first_hop;
  IBBPeers    *peers;
  GHashTable  *servers; /* (nullable) (element-type utf8 IBBServer): in use, by domain */
} IBBContext;

IBBContext *ibb_context_new (IBBRandomFunc random, gpointer random_data, GHashTable *sessions);
IBBContext *ibb_context_ref (IBBContext *self);
void        ibb_context_unref (IBBContext *self);
void        ibb_context_set_local_jid (IBBContext *self, const char *jid);
/* Whether jid (nullable) is an address of this connection: over the connection of a domain, an
 * address of the domain. */
gboolean ibb_context_may_get (const IBBContext *self, const char *jid);

/* Whether another open of that peer may wait for the answer of the application (D-47). peer: a
 * normalised JID, full or bare. */
gboolean ibb_context_has_room_for_request (IBBContext *self, const char *peer);
void     ibb_context_add_request (IBBContext *self, const char *peer);
void     ibb_context_remove_request (IBBContext *self, const char *peer);
