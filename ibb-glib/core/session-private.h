/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the rooms of the core share of a session: its outgoing half (sender.c),
 * its incoming half (receiver.c), and the end of both (closing.c).
 */

#pragma once

#include <glib.h>

#include "core/byte-queue.h"
#include "core/session.h"
#include "core/timer.h"

G_BEGIN_DECLS

typedef struct _IBBEngine IBBEngine;
typedef struct _IBBPeer   IBBPeer;
typedef struct _IBBServer IBBServer;

/* Constants of protocol.md. */
#define IBB_LINGER (4 * G_USEC_PER_SEC)
#define IBB_ACK_DELAY (4 * G_USEC_PER_SEC)
#define IBB_PROBE_INTERVAL (60 * G_USEC_PER_SEC)
#define IBB_SILENCE_MAX (300 * G_USEC_PER_SEC)
#define IBB_BLOCKS_IN_FLIGHT_MAX 32767
#define IBB_SENDING_SIZE_MIN 256
#define IBB_RECENT_BLOCKS 64
#define IBB_EARLY_BLOCKS 8

/* A block that was cut and is not yet acknowledged. */
typedef enum
{
  IBB_BLOCK_TO_SEND, /* cut for a first or another try, not taken yet */
  IBB_BLOCK_SENT,    /* taken, awaits its reply */
  IBB_BLOCK_REFUSED, /* answered with .condition */
  IBB_BLOCK_GIVEN,   /* message carrier: the connection has it; only an error can come */
} IBBBlockState;

typedef struct
{
  IBBBlockState state;
  guint16       seq;
  char         *id;
  GBytes       *bytes;
  guint64       end;  /* position in the stream after its last byte */
  gint64        sent; /* when it was taken last */
  guint         attempts;
  gboolean      ambiguous; /* an attempt ended so that the peer may have it (D-28) */
  IBBCondition  condition;
  IBBErrorType  error_type;
} IBBBlock;

typedef struct
{
  IBBByteQueue queue;   /* written, not cut */
  guint64      written; /* positions in the stream */
  guint64      cut;
  guint64      handed;
  guint64      delivered;
  guint64      flush_to; /* a partial block may go up to here */
  gboolean     auto_flush;
  guint16      next_seq;
  GQueue       flight;           /* (element-type IBBBlock): cut and unacknowledged, by seq */
  gsize        in_flight;        /* bytes of those SENT */
  guint        n_sent;           /* how many are SENT */
  GList       *to_send;          /* (nullable): in flight, the first that is TO_SEND */
  guint        n_refused;        /* how many are REFUSED: replies of the rest are being collected */
  gsize        sending_size;     /* D-16: smaller than the block size after policy-violation */
  gboolean     acknowledged;     /* the first acknowledgement came */
  gboolean     refused_for_good; /* a block was, since the last acknowledgement (D-45) */
  gint64       accepted;         /* when we accepted, as responder (D-32); 0 as initiator */
  guint        retries;          /* of the present trouble, reset by success */
  guint        total_retries;
  guint        early_retries;  /* D-32 */
  gint64       retry_at;       /* nothing is sent earlier; IBB_NEVER: not waiting */
  gboolean     one_block;      /* until the next acknowledgement (D-30) */
  gboolean     one_block_ever; /* for the rest of the session */
  gsize        cap;            /* bytes in flight after a refusal; G_MAXSIZE: none */
  guint        n_refusals;     /* D-30: how often blocks in flight were refused */
  gint64       late_since;     /* when its oldest acknowledgement became overdue (D-50), or NEVER */
  gboolean     parked;         /* its bytes are out of the shared count (D-50) ... */
  guint64      parked_until;   /* ... and it sends no more before so much is delivered */
  gint64       smoothed;       /* round trip */
  gint64       heard;          /* when the peer's silence began (D-27) */
  gsize        refused_flight; /* bytes in flight when the first of them was refused */
  guint        n_flight_refused; /* blocks in flight then */
  gboolean     doubted;          /* a refusal says that nobody is there: probed at once (D-27) */
  GQueue       given;            /* message carrier: the last blocks the connection has */
} IBBSender;

/* A block that is stored and whose acknowledgement is withheld (D-22). */
typedef struct
{
  char   *id;
  guint64 digest;
  guint64 end;
  gsize   cost; /* towards the bound on what is held */
  gint64  arrived;
} IBBHeld;

typedef struct
{
  IBBByteQueue queue;    /* received, not read */
  guint64      received; /* positions in the stream */
  guint64      read;
  guint16      next_seq;
  GQueue       held;         /* (element-type IBBHeld) */
  GHashTable  *held_digests; /* (nullable) (element-type guint64): of the held, for D-20 */
  gsize        held_bytes;
  guint64     *recent; /* (nullable): digests of the last accepted blocks (D-20) */
  guint        n_recent;
  gboolean     refusing;       /* a seq was refused and is outstanding (D-23, D-24) ... */
  guint16      refused_seq;    /* ... this one is the last */
  gboolean     answered_error; /* a block got an error (D-45) */
  gboolean     discard;        /* the input half was closed by us (D-51) */
  gboolean     closed;         /* the whole transport was closed by us (D-51) */
  gboolean     eof;            /* the peer's orderly end is known */
  GQueue       early; /* (element-type IBBStanza): came before the answer to our open (D-24) */
} IBBReceiver;

struct _IBBSession
{
  grefcount       ref_count;
  IBBEngine      *engine; /* (unowned) (nullable): NULL once the engine is gone */
  gpointer        data;
  IBBSessionState state;
  IBBCarrier      carrier;
  gboolean        initiator;
  guint           block_size;
  char           *sid;
  char           *peer_jid;  /* as first given */
  char           *local_jid; /* as first given */
  char           *peer_normal;
  char           *local_normal;
  IBBPeer        *peer;        /* (unowned) (nullable): while it is in the table */
  IBBServer      *own_server;  /* (nullable): message carrier, while it is in the table (N-31) */
  IBBServer      *peer_server; /* (nullable): likewise, once it matters */

  GList    engine_link;
  GList    peer_link;
  GList    ready_link;
  GList    late_link;
  GList    changed_link;
  GList    memory_link;
  gboolean is_ready;
  gboolean is_changed;
  gboolean is_memory_held;
  gboolean is_counted;

  IBBTimer timer;
  gint64   deadline; /* of the open or the request */

  /* Opening. */
  char      *open_id; /* (nullable) */
  gboolean   fallback;
  IBBFailure first_refusal; /* of a series by fallback (D-14) */
  IBBStanza *request;       /* (nullable): the peer's open, unanswered */

  IBBSender   sender;
  IBBReceiver receiver;

  /* Closing. */
  gboolean   half_close;
  gboolean   output_closed; /* we closed the half: later writes fail */
  gboolean   shutdown;      /* drain, then <close/> */
  gboolean   close;         /* the whole is to end */
  char      *close_id;      /* (nullable): our <close/> awaits its reply */
  gboolean   close_sent;    /* our <close/> was queued */
  gboolean   output_shut;   /* the last word of our side was handed over */
  gint64     close_at;      /* when waiting for the reply to our close ends */
  IBBStanza *peer_close;    /* (nullable): the peer's <close/>, its result owed */
  gboolean   peer_closed;   /* the peer's <close/> came */
  gint64     linger_until;

  IBBFailure input_failure;
  IBBFailure output_failure;
  IBBFailure delivery_failure;
  IBBFailure failure;
};

IBBSession *ibb_session_new (IBBEngine  *engine,
                             const char *local,
                             const char *peer,
                             const char *sid,
                             IBBCarrier  carrier,
                             guint       block_size);
void        ibb_session_enter_table (IBBSession *self);
/* Names our address where it is not the connection's own. */
void ibb_session_set_from (IBBSession *self, IBBStanza *stanza);
/* An ended session counts for as long as it holds unread bytes (D-08). */
void ibb_session_check_counted (IBBSession *self);
void ibb_session_opened (IBBSession *self, gint64 now); /* OPENING or REQUESTED becomes OPEN */
void ibb_session_changed (IBBSession *self);
void ibb_session_update_timer (IBBSession *self, gint64 now);

/* receiver.c */
void   ibb_receiver_receive_data (IBBSession *self, IBBStanza *stanza, gint64 now);
void   ibb_receiver_receive_early (IBBSession *self, IBBStanza *stanza);
void   ibb_receiver_release (IBBSession *self, gint64 now);
void   ibb_receiver_release_waiting (IBBEngine *engine, gint64 now);
void   ibb_receiver_release_all (IBBSession *self);
void   ibb_receiver_drop_unread (IBBSession *self);
void   ibb_receiver_forget_held (IBBSession *self);
void   ibb_receiver_refuse_held (IBBSession *self);
gint64 ibb_receiver_get_due (IBBSession *self);
void   ibb_receiver_clear (IBBSession *self);

/* sender.c */
void ibb_sender_init (IBBSession *self);
void ibb_sender_opened (IBBSession *self);
void ibb_sender_clear (IBBSession *self);
gboolean
      ibb_sender_can_send (IBBSession *self, gint64 now); /* as far as the session is concerned */
gsize ibb_sender_get_next_size (IBBSession *self);
IBBStanza *ibb_sender_take_stanza (IBBSession *self, gint64 now);
void       ibb_sender_handed (IBBSession *self, IBBBlock *block);
void       ibb_sender_sent (IBBSession *self, IBBBlock *block, gint64 now);
void       ibb_sender_flush (IBBSession *self, gint64 now);
void       ibb_sender_update_ready (IBBSession *self, gint64 now);
void  ibb_sender_block_answered (IBBSession *self, IBBBlock *block, IBBStanza *answer, gint64 now);
void  ibb_sender_heard (IBBSession *self, gint64 now);
void  ibb_sender_probe_answered (IBBSession *self, gboolean there, gint64 now);
gsize ibb_sender_get_buffer_size (IBBSession *self);
gboolean ibb_sender_is_drained (IBBSession *self);
gint64   ibb_sender_get_due (IBBSession *self);
void     ibb_sender_timeout (IBBSession *self, gint64 now);

/* For reply.c. */
gsize ibb_sender_get_block_max (IBBSession *self);
void  ibb_sender_free_block (IBBSession *self, IBBBlock *block);

/* parking.c */
gint64 ibb_parking_get_due (IBBSession *self);
void   ibb_parking_timeout (IBBSession *self, gint64 now);
void   ibb_parking_clear (IBBSession *self);
/* Whether another block may go beside those in flight. */
gboolean ibb_parking_may_send (IBBSession *self);
/* In flight and no longer: in the shared count, unless parked or by message. */
void ibb_parking_sent (IBBSession *self, IBBBlock *block);
void ibb_parking_unsent (IBBSession *self, gsize length);
/* The block up to end, sent last then, and all before it are done with. */
void ibb_parking_acknowledged (IBBSession *self, guint64 end, gint64 sent, gint64 now);

/* closing.c */
void ibb_session_receive_close (IBBSession *self, IBBStanza *stanza, gint64 now);
void ibb_session_close_answered (IBBSession *self, IBBStanza *answer, gint64 now);
void ibb_session_repeat_close (IBBSession *self);
/* Goes on with a close as far as it can go now. */
void ibb_session_proceed (IBBSession *self, gint64 now);
/* Ends it here and at the peer, by an unclean <close/> (D-49). */
void ibb_session_fail (IBBSession *self, const IBBFailure *failure, gint64 now);
/* Ends it here; says nothing to the peer. */
void   ibb_session_end (IBBSession *self, const IBBFailure *failure);
void   ibb_session_restart_close_timeout (IBBSession *self, gint64 now);
gint64 ibb_session_get_close_due (IBBSession *self);
void   ibb_session_close_timeout (IBBSession *self, gint64 now);

G_END_DECLS
