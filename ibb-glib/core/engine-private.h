/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the rooms of the core share of the engine. */

#pragma once

#include <glib.h>

#include "core/engine.h"
#include "core/flow.h"
#include "core/peer.h"
#include "core/server.h"
#include "core/session-private.h"
#include "core/timer.h"

G_BEGIN_DECLS

/* What a stanza of ours was, for when its reply comes (D-33). */
typedef enum
{
  IBB_PENDING_OPEN,
  IBB_PENDING_ABANDONED_OPEN, /* nobody waits any more: a late result gets a <close/> (D-15) */
  IBB_PENDING_BLOCK,
  IBB_PENDING_CLOSE,
  IBB_PENDING_QUERY, /* disco#info */
  IBB_PENDING_PROBE,
  IBB_PENDING_SERVER, /* disco#info of a server (N-31) */
  IBB_PENDING_PING,
} IBBPendingType;

typedef struct
{
  IBBPendingType type;
  char          *id;         /* the key */
  IBBPeer       *peer;       /* (unowned) (nullable): query, probe */
  IBBServer     *server;     /* (unowned) (nullable): server */
  IBBSession    *session;    /* (unowned) (nullable) */
  IBBBlock      *block;      /* (unowned) (nullable) */
  char          *jid;        /* whom the reply must come from, normalised */
  gboolean       is_message; /* its error may come from elsewhere (D-36) */

  /* An abandoned open. */
  char  *address;
  char  *local;
  char  *sid;
  gint64 until;
  GList  link;
} IBBPending;

struct _IBBExpectation
{
  IBBEngine *engine;
  char      *key; /* "peer sid", normalised */
  guint      block_size;
  gpointer   data;
};

struct _IBBEngine
{
  IBBSettings   settings;
  IBBRandomFunc random;
  gpointer      random_data;
  char         *local_jid;    /* (nullable) */
  char         *local_normal; /* (nullable) */
  gsize         stanza_limit;
  IBBListen     listen;
  gboolean      stopped;
  gboolean      lost;

  /* Our own time, in which everything here is kept: it stands still while the
   * connection is suspended (D-42). */
  gboolean suspended;
  gint64   suspended_at; /* by the caller's clock */
  gint64   stood;        /* for how long it has, altogether */
  gint64   resumed_at;   /* by our own */

  GHashTable *sessions;     /* (element-type IBBSession IBBSession): by key; holds a reference */
  GHashTable *expectations; /* (element-type utf8 IBBExpectation): owned */
  GHashTable *pending;      /* (element-type utf8 IBBPending): by id, owned */
  GHashTable *peers;        /* (element-type utf8 IBBPeer): owned */
  GHashTable *servers;      /* (element-type utf8 IBBServer): by domain, owned */
  GQueue      idle_peers;   /* least recently used first */
  GQueue      all;          /* every session that points to this engine, by its engine_link */
  GQueue      abandoned;    /* pending abandoned opens, oldest first */
  GHashTable *requests;     /* (element-type utf8 guint): unanswered requests by bare JID */
  guint       n_requests;
  guint       n_counted;

  GQueue     control;         /* (element-type IBBStanza): leaves before any block */
  guint      n_error_replies; /* in control (D-47) */
  GQueue     ready[2]; /* by carrier: sessions that want to send a block, by ready_link, in turn */
  IBBCarrier turn;     /* whose queue is looked at first */
  GQueue     changed;  /* sessions with a change to report, by changed_link */
  GQueue     events;   /* (element-type IBBEvent) */

  IBBFlow   flow;
  IBBTimers timers;
  IBBTimer  abandoned_timer;

  /* D-50 */
  gsize    parked; /* bytes in flight of parked sessions */
  GQueue   late;   /* sessions with an overdue acknowledgement, not parked, by late_link, in turn */
  char    *ping;   /* (nullable): id of the ping under way */
  gint64   ping_sent;
  IBBTimer ping_timer;
  gboolean ping_unanswered; /* for so long that nobody waits for it */

  gsize  unread;      /* bytes received and not read, all sessions */
  GQueue memory_held; /* sessions whose acks wait for others, or to be sent, by memory_link */
};

/* What the caller's clock says, in our own time: for whatever is called from
 * outside. self (nullable): the engine is gone. */
gint64 ibb_engine_get_time (IBBEngine *self, gint64 now);

char *ibb_engine_new_id (IBBEngine *self);
/* So much waits to be sent that acknowledgements are withheld (D-47). */
gboolean ibb_engine_is_backlogged (IBBEngine *self);
void     ibb_engine_queue_control (IBBEngine *self, IBBStanza *stanza); /* (transfer full) */
void     ibb_engine_reply_result (IBBEngine *self, IBBStanza *request);
/* The same again, unless much waits to be sent: the peer will ask again. */
void ibb_engine_repeat_result (IBBEngine *self, IBBStanza *request);
/* For an IQ; a message gets one only if it is not an error itself. */
void ibb_engine_reply_error (IBBEngine   *self,
                             IBBStanza   *request,
                             IBBCondition condition,
                             IBBErrorType type,
                             const char  *text);
void ibb_engine_push_event (IBBEngine   *self,
                            IBBEventType type,
                            IBBSession  *session,
                            gpointer     expectation);

/* Makes the stanza's id, registers whom its reply is for, and queues nothing. */
IBBPending *ibb_engine_add_pending (IBBEngine     *self,
                                    IBBPendingType type,
                                    const char    *id,
                                    const char    *normal_jid);
void        ibb_engine_remove_pending (IBBEngine *self, const char *id);

void ibb_engine_forget_abandoned (IBBEngine *self, IBBPending *pending);

gboolean
ibb_engine_has_session (IBBEngine *self, const char *local, const char *peer, const char *sid);

/* parking.c */
void ibb_parking_init (IBBEngine *engine);
/* Something that left then has been answered: acknowledgements that were
 * overdue by then are not held up on the way. */
void ibb_parking_note_answer (IBBEngine *engine, gint64 sent);
/* The window is shut, and somebody waits. Whether there may be room now. */
gboolean ibb_parking_make_room (IBBEngine *engine, gint64 now);
void     ibb_parking_ping_answered (IBBEngine *engine);
void     ibb_parking_forget_ping (IBBEngine *engine);

/* opening.c */
void ibb_engine_receive_open (
    IBBEngine *self, IBBStanza *stanza, const char *local, const char *peer, gint64 now);
void ibb_engine_send_open (IBBSession *session);
void ibb_engine_open_answered (IBBSession *session, IBBStanza *answer, gint64 now);
void ibb_engine_abandon_open (IBBSession *session, gint64 now);
void ibb_engine_abandoned_open_answered (IBBEngine *self, IBBPending *pending, IBBStanza *answer);
void ibb_engine_close_abandoned_opens (IBBEngine *self);
void ibb_engine_request_gone (IBBEngine *self, IBBSession *session);

G_END_DECLS
