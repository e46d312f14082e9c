/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A world without clocks or threads: engines, the server between them, the
 * applications that use them, and the queue of what happens next. What happens
 * is decided by one seed alone.
 *
 *   schedule.c     seed -> how the world is made
 *   world.c        the queue, the nodes, the loop
 *   server.c       what becomes of a stanza on its way
 *   application.c  what is done with a session
 *   peer.c         other implementations, each with its habits
 *   logins.c       streams that are lost, and new logins
 *   hostile.c      one that sends whatever is well-formed
 *   check.c        what must hold at every step and at the end
 */

#pragma once

#include "driver.h"

#define SERVER "simulation.test"
#define MAX_NODES 4
#define N_SEEDS 11 /* profiles as far as seeds are concerned: those written down stay the same */
#define CLOSE_TIMEOUT 60000 /* ms, where nothing may go wrong */
#define MAX_REPLAYED 16

typedef struct _World World;
typedef struct _Node  Node;
typedef struct _End   End;

/* ---- the queue ---- */

typedef enum
{
  EVENT_ARRIVE, /* pointer: stanza; node, number: from */
  EVENT_PASSED, /* the connection of node took its oldest stanza; number: incarnation */
  EVENT_STEP,   /* pointer: end; number: 1 when it is to answer a request */
  EVENT_ACTION, /* number: index into the actions of the schedule */
  EVENT_PEER,   /* pointer: what a scripted peer does next */
  EVENT_RESUME, /* the stream of node, suspended in incarnation number, is resumed */
  EVENT_FREE,   /* the way between node and the server is free again */
  EVENT_GHOST,  /* the server has noticed that node lost its stream in incarnation number */
} EventKind;

typedef struct
{
  gint64    time;
  guint64   order;
  EventKind kind;
  guint     node;
  guint64   number;
  gpointer  pointer;
} Event;

/* ---- the schedule ---- */

typedef enum
{
  PROFILE_CLEAN,   /* nothing goes wrong: everybody must succeed */
  PROFILE_FAULTY,  /* bounces, refusals, duplicates, losses, cuts, restarts */
  PROFILE_TIMING,  /* extreme delays, pauses, timeouts, settings that change */
  PROFILE_CLOSING, /* short sessions that end in every way at every moment */
  PROFILE_CROWD,   /* many sessions and little memory */
  PROFILE_BULK,    /* megabytes, and readers that stop */
  PROFILE_WRAP,    /* more than 65536 blocks each way */
  PROFILE_PEERS,   /* against other implementations, as protocol.md describes them */
  PROFILE_HOSTILE, /* two that succeed whatever a third one sends */
  PROFILE_OUTAGES, /* streams that break for minutes: everybody must succeed (D-27) */
  PROFILE_SHARED,  /* readers that stop for hours beside others on the same connection */
  PROFILE_LOGINS,  /* streams that are lost and logins that follow (D-58) */
  N_PROFILES,
} Profile;

extern const char *const profile_names[N_PROFILES + 1];

typedef enum
{
  FINISH_CLOSE,        /* close once all is written */
  FINISH_SHUTDOWN,     /* shutdown_output once all is written, read to the end, close */
  FINISH_DRAIN,        /* drain, read what the other end has to say, close */
  FINISH_READ_END,     /* write all, read to the end, close */
  FINISH_CLOSE_OUTPUT, /* close the output half, read to the end or for a while, close */
  FINISH_CLOSE_INPUT,  /* close the input half at some position, go on writing, close */
  FINISH_ABORT,        /* abort at some moment */
  FINISH_DROP,         /* drop the last reference at some moment */
  FINISH_CLOSE_EARLY,  /* close at some moment, whatever was written */
} Finish;

/* The plan of an application for its end of a session. Times in microseconds. */
typedef struct
{
  guint64  total;     /* bytes to write */
  guint    write_max; /* most of one write */
  gint64   write_gap; /* longest wait between two writes, 0: none */
  guint    read_max;
  gint64   read_gap;
  guint64  pause_at; /* stop reading at this position ... */
  gint64   pause;    /* ... for so long; 0: never */
  gint64   reaction; /* longest time from an event to the reaction */
  guint    flush_percent;
  guint    drain_percent;
  gboolean auto_flush;
  Finish   finish;
  gint64   moment;   /* of the finish, since the open, where it has one */
  guint64  position; /* FINISH_CLOSE_INPUT */
  gboolean drop;     /* drop the last reference right after the close */
  gboolean waits;    /* FINISH_SHUTDOWN: it closes once the session has ended, unless its close
                        confirms (D-67) */
  gint64 deadline;   /* by which it is done, whatever others do (D-50); 0: none */
} Plan;

typedef enum
{
  ACTION_OPEN,     /* node opens session number */
  ACTION_GIVE_UP,  /* the initiator of session number abandons its open */
  ACTION_CUT,      /* node's stream is lost; the server notices after number ms */
  ACTION_DEAFEN,   /* ... and nobody has noticed yet */
  ACTION_LOGIN,    /* node has a new one; number: as another resource */
  ACTION_RESTART,  /* a new engine takes the node's place */
  ACTION_STOP,     /* ibb_engine_stop; value: abort the sessions */
  ACTION_SETTINGS, /* settings of the node change */
  ACTION_SUSPEND,  /* node's stream breaks, to be resumed after number ms; value: Outage */
  ACTION_JAM,      /* nothing passes between node and the server for number ms */
} ActionKind;

/* The fate of stanzas that the node had sent when its XML stream broke. */
typedef enum
{
  OUTAGE_ARRIVED,   /* the server has it */
  OUTAGE_LOST,      /* the server has it not, and gets it after the resumption */
  OUTAGE_REORDERED, /* the server has it, and sends it on in another order */
  N_OUTAGES,
} Outage;

typedef struct
{
  ActionKind kind;
  gint64     time;
  guint      node;
  guint      number;
  guint      value;
} Action;

/* A session to come: who opens, and the plans of both ends. */
typedef struct
{
  guint    initiator;
  guint    responder;
  gboolean by_message;
  guint    block_size;
  gboolean expected; /* the responder waits for it */
  guint    expected_block_size;
  gboolean cancelled; /* ... and no longer does when it comes */
  guint    rival;     /* this one has the sid of session rival - 1, opened from the other side */
  char     sid[40];   /* "": left to the engine */
  Plan     plans[2];  /* initiator's, responder's */
  End     *ends[2];
} Session;

/* The habits of another implementation: the rows of protocol.md. Times in microseconds, shares in
 * percent. */
typedef struct
{
  gboolean     conforms; /* nothing of it loses a byte: all must arrive */
  gint64       reaction; /* longest time to handle a stanza */
  guint        disco;    /* 0: none, 1: others' features, 2: keeps order, 3: no answer */
  IBBErrorType type;     /* of its errors (H-06) */

  /* opening */
  gboolean never_accepts; /* no answer to an open (H-20) */
  guint    refuse_open;   /* with some condition (H-07) */
  guint    max_block_size;
  gboolean spends_permission; /* by a block size that it refuses (H-09) */
  gboolean early;             /* blocks before the result (H-05) */
  gint64   late;              /* as opener, it knows its session only then (H-04) */
  gboolean ignores_refusal;   /* as opener, it writes nevertheless (H-21) */

  /* receiving */
  gboolean reorders; /* a pool of threads (H-16) */
  gboolean mute;     /* it never takes a block (H-12) */
  guint    refuse;   /* blocks, with resource-constraint */
  gboolean consumes; /* the number of such a block is spent (B-07) */
  gboolean keeps;    /* the session, after an error (H-08) */
  gboolean iq_reply; /* to messages (H-10) */

  /* sending */
  guint    block_max;   /* of its own (H-14) */
  gboolean white_space; /* in base64 (H-17) */
  guint    empty;       /* blocks without bytes (D-21) */
  guint    pipeline;    /* blocks in flight */
  gint64   patience;    /* with an acknowledgement (H-02); 0: without end */
  gboolean gives_up;    /* upon any error (H-03), else it tries again */

  /* closing */
  gboolean closes;          /* by itself, once all is done */
  gboolean never_closes;    /* no answer to a close */
  gboolean close_not_found; /* item-not-found to a close (H-11) */
  gboolean deaf;            /* item-not-found to blocks that cross its close (H-11) */
  gboolean remainder;       /* all the rest at once upon a close (H-15) */
  gboolean finishes;        /* the rest goes out before the answer to a close */
  gint64   dies;            /* nothing from then on; 0: never */
} Habits;

/* Shares are in permille of the stanzas concerned. */
typedef struct
{
  guint  bounce;       /* data sent back with a condition */
  guint  bounce_final; /* of those: with any condition and type, not only a passing one */
  guint  ambiguous;    /* of the passing ones: delivered nevertheless (D-28) */
  guint  duplicate;    /* data or a reply arrives twice */
  guint  late;         /* IQ data is overtaken, or a copy of it comes late, at any time */
  guint  replay;       /* the last stanzas of a way come again, as after a resumption */
  guint  late_result;  /* the answer to an open is overtaken (H-05) */
  guint  lose_data;    /* IQ data or its reply vanishes (D-27) */
  guint  lose_message; /* a message vanishes */
  guint  lose_other;   /* open, close or a reply to one vanishes */
  guint  bounce_other; /* open or close sent back */
  guint  send_failed;  /* the connection refuses a stanza */
  gsize  stanza_limit; /* a longer one meets policy-violation; 0: none */
  guint  limit_type;   /* IBBErrorType of that */
  gint64 faults_until; /* peace afterwards */
} Faults;

/* What another service on the connection does. Expected sessions are expected there. */
typedef enum
{
  BESIDE_NONE,    /* there is none */
  BESIDE_EXPECTS, /* nothing but expect sessions */
  BESIDE_FULL,    /* it listens, and has no room */
  BESIDE_LISTENS, /* the first service has no room, and this one accepts all sessions */
  N_BESIDES,
} Beside;

typedef struct
{
  Profile     profile;
  guint64     seed;
  gboolean    is_patient; /* of the profile LOGINS: nobody gives up */
  guint       breaks;     /* percent: a stream is lost soon after the application has closed */
  guint       n_nodes;
  IBBSettings settings[MAX_NODES];
  IBBListen   listen[MAX_NODES];
  gboolean    has_feature[MAX_NODES];
  guint       request_refuse[MAX_NODES]; /* percent */
  guint       request_ignore[MAX_NODES]; /* percent: never answered */
  gint64      request_delay[MAX_NODES];  /* longest time to the answer */
  gint64      timer_lag[MAX_NODES];      /* longest lateness of advance */
  gsize       uplink_room[MAX_NODES];    /* bytes that the connection takes ahead */
  guint64     uplink_rate[MAX_NODES];    /* bytes per second; 0: any */
  gint64      delay[MAX_NODES][MAX_NODES];
  gint64      jitter[MAX_NODES][MAX_NODES];
  gint64      server_delay[MAX_NODES];
  guint       server_disco; /* its answer: 0: error, 1: no rules, 2: rules (N-31), 3: none */
  guint       server_ping;  /* its answer: 0: result, 1: error, 2: without "from", 3: none */
  gsize       stanza_limit[MAX_NODES]; /* that the engine is told of (D-16) */
  gboolean    confirms[MAX_NODES]; /* its connection tells when the server has a message (D-35) */
  gboolean    scripted[MAX_NODES]; /* not our engine */
  Beside      beside[MAX_NODES];   /* another service on the same connection (D-66) */
  gboolean    is_beside_first[MAX_NODES];
  Habits      habits; /* of those */
  Faults      faults;
  GArray     *sessions;   /* Session */
  GArray     *actions;    /* Action */
  gint64      time_limit; /* everything is over by then */
} Schedule;

void schedule_make (Schedule *self, Profile profile, guint64 seed);
void schedule_clear (Schedule *self);
void schedule_change_settings (Schedule *self, IBBSettings *settings, Random *random);

/* ---- the world ---- */

typedef struct _Peer    Peer;
typedef struct _Hostile Hostile;

struct _Node
{
  World   *world;
  guint    index;
  char     jid[32];
  char     bare[32];
  Driver   driver;      /* its engine is NULL where a script is in its place */
  Peer    *peer;        /* (nullable) */
  Hostile *hostile;     /* (nullable) */
  guint    incarnation; /* one more with each restart */
  gboolean up;
  gboolean was_cut;
  gboolean was_stopped;
  gboolean trusts[MAX_NODES];  /* has seen our feature there (D-29) */
  gsize    max_receive_buffer; /* the largest that the setting ever was */
  gsize    max_memory_limit;
  guint    n_errors; /* error replies: past 1000 waiting ones, D-47 leaves requests unanswered */

  /* The last stanzas from each other node, for replays. */
  IBBStanza *history[MAX_NODES][MAX_REPLAYED];
  guint      n_history[MAX_NODES];

  /* While the XML stream is suspended (D-42). */
  gboolean suspended;
  Outage   outage;
  GQueue   held; /* Held: what waits for the resumption, to and from it */

  gboolean is_deaf;  /* its stream is broken, and nobody has noticed */
  gboolean is_ghost; /* its stream is lost, and the server has not noticed */
  guint    n_moves;  /* resources that it has had */

  gboolean jammed;
  gint64   jammed_until;

  GQueue unsent; /* IBBStanza: taken from the engine, not yet reported */
  gsize  unsent_bytes;
  gint64 uplink_free;                 /* when its connection to the server is idle again */
  gint64 last_arrival[MAX_NODES + 1]; /* at each other node, at the server */

  /* Whether our server answers (D-50). */
  char     ping[20]; /* id of the ping that is not answered yet, or "" */
  gint64   ping_sent;
  gint64   shared_at;      /* when it had more than one session last */
  gboolean ping_measures;  /* the ping is among these: */
  guint64  n_measured;     /* pings that only measured (D-57) ... */
  guint64  answered;       /* ... while so many bytes were acknowledged */
  guint64  n_arrived;      /* stanzas that its engine has got ... */
  guint64  n_arrived_then; /* ... when it was checked last */
  guint    n_stalled;      /* sessions, then */

  gint64 late;     /* how late the timer will be this time */
  gint64 late_for; /* the wake time that this is about */
};

/* One outgoing block as it was sent. */
typedef struct
{
  guint64  id; /* hash */
  guint64  offset;
  guint32  length;
  guint16  seq;
  gboolean answered;  /* an error came back */
  gboolean too_large; /* that was policy-violation */
} Block;

struct _End
{
  World            *world;
  Session          *plan_of;
  const Plan       *plan;
  guint             index;
  guint             node;
  guint             peer;
  gboolean          initiator;
  IBBSession       *session; /* (owned) (nullable): NULL once dropped */
  const IBBContext *context; /* (nullable): of the service that has the session */
  guint64           sid_hash;
  End              *other; /* (nullable) */
  guint64           key_out;
  guint64           key_in;
  gboolean          by_message;
  guint             block_size;

  /* the application */
  gboolean       opened;
  gboolean       refused_by_us;
  gint64         opened_at;
  gint64         waits_since; /* without its connection, or interrupted; 0: it does not */
  guint64        wrote;
  guint64        got;
  gint64         next_write;
  gint64         next_read;
  guint64        drain_to; /* writing waits until so much is delivered */
  guint64        flush_to; /* must be passed on */
  gboolean       paused;
  gboolean       shut;
  gboolean       output_closed;
  gboolean       input_closed;
  gboolean       output_over;
  gboolean       input_over;
  gboolean       saw_eof;
  gboolean       was_half_closed;   /* by the peer, which may have closed the rest later (D-39) */
  gint64         close_began;       /* when our close was seen to wait for its answer; 0: not yet */
  gint64         close_checked;     /* when that was looked at last */
  IBBInput       input_end;         /* how reading ended: IBB_INPUT_EOF, _FAILED; _EMPTY: not yet */
  IBBFailureKind input_end_failure; /* and why */
  gboolean       closed;
  gboolean       aborted;
  gboolean       was_over;    /* when it was aborted */
  gboolean       has_refused; /* it has closed or aborted, and refuses what comes after: */
  guint64        taken;       /* the incoming bytes that may count as delivered then */
  gboolean       dropped;
  gboolean       finished;
  IBBFailureKind failure_kind;
  gint64         step_at; /* time of the pending EVENT_STEP, or G_MAXINT64 */

  gboolean scripted; /* the peer's, not our session: only what it wrote and got is kept */
  gboolean wild;     /* the peer is hostile: it may write and acknowledge anything */

  /* what faults excuse */
  gboolean may_hang;     /* an open, a close or a reply to one was lost; a node died */
  gboolean message_lost; /* of what this end sent */
  guint64  gave_up_at;   /* it lost its patience with the acknowledgement up to there, or 0 */
  gboolean gave_up_late; /* that was on its way when the close came */

  /* last positions, which never go back */
  guint64 last_written;
  guint64 last_passed;
  guint64 last_delivered;
  guint64 last_received;

  /* the wire */
  GArray  *blocks; /* Block: from the first without an acknowledgement to the last sent */
  guint    first;  /* index of the first that counts */
  guint16  next_seq;
  guint64  next_offset;
  gsize    in_flight;
  gboolean acked;
  gboolean unreported;   /* a message was taken and not yet reported */
  gboolean misses_block; /* the peer has refused a block since the last new one: */
  guint16  missing_seq;  /* the first of those */

  /* the room of its reader */
  gboolean asked;
  gboolean is_told;
  guint32  told_room;
  guint64  told_limit; /* no more may be sent beside others */
  guint64  offered;    /* by the reader, also where the answer was lost */

  gboolean is_resumable; /* the ends have agreed on it (D-58) */
  guint    n_resumed;

  guint64  sent_to;         /* the furthest that was ever sent */
  gboolean is_damaged;      /* it has read other bytes than were written: it must learn of that */
  gboolean was_cut_smaller; /* blocks may be sent again with another length (D-16) */
};

struct _World
{
  Schedule schedule;
  gint64   now;
  gint64   start;
  Random   random;
  gboolean verbose;

  Event  *heap;
  guint   n_events;
  guint   heap_size;
  guint64 order;
  guint64 n_steps;

  Node        nodes[MAX_NODES];
  GPtrArray  *ends;
  guint       n_unfinished;
  gboolean    answers_open; /* the answer that was checked last is one to an open */
  GHashTable *requests;     /* what IQs await an answer: see question.c */

  /* totals, for the summary */
  guint64 n_stanzas;
  guint64 n_bytes;
  guint64 n_clean; /* ends that saw an orderly end with every byte */
  guint64 n_ends;

  char *failure; /* (nullable): what broke */
};

World   *world_new (gboolean verbose);
void     world_free (World *self);
gboolean world_run (World *self, Profile profile, guint64 seed); /* FALSE: see failure */
void
world_post (World *self, gint64 time, EventKind kind, guint node, guint64 number, gpointer pointer);
void    world_fail (World *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
void    world_trace (World *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
void    world_pump (World *self, Node *node);
guint64 hash_string (const char *string);

/* ---- the server ---- */

void        server_route (World *self, Node *from, IBBStanza *stanza); /* (transfer full) */
void        server_arrive (World *self, Node *node, IBBStanza *stanza, guint from);
void        server_deliver (World *self, guint from, Node *to, IBBStanza *stanza, gint64 time);
void        server_passed (World *self, Node *node, guint64 incarnation);
void        server_suspend (World *self, Node *node, gint64 duration, Outage outage);
void        server_resume (World *self, Node *node);
void        server_jam (World *self, Node *node, gint64 duration);
void        server_free (World *self, Node *node);
void        server_cut (World *self, Node *node);
void        server_restart (World *self, Node *node); /* in world.c, where nodes are made */
void        server_drop_held (World *self, Node *node);
void        server_release_held (World *self, Node *node);
void        server_clear (Node *node);
gsize       server_estimate (const IBBStanza *stanza);
Node       *server_find (World *self, const char *jid);
const char *stanza_describe (const IBBStanza *stanza);
gboolean    stanza_is_request (const IBBStanza *stanza);

/* ---- the applications ---- */

void application_event (World *self, Node *node, IBBEvent *event);
void application_step (End *self);
void application_open (World *self, Session *session);
void application_give_up (End *self);
void application_answer (End *self);
End *application_add_scripted (World      *self,
                               Session    *session,
                               guint       side,
                               const char *sid,
                               gboolean    by_message,
                               guint       block_size);

/* ---- other implementations ---- */

void peer_start (Node *node);
void peer_clear (Node *node);
void peer_open (Node *node, Session *session);
void peer_receive (Node *node, IBBStanza *stanza);
void peer_run (Node *node, gpointer task);
void peer_task_free (gpointer task);

void     hostile_start (Node *node);
void     hostile_clear (Node *node);
void     hostile_receive (Node *node, IBBStanza *stanza);
void     hostile_run (Node *node);
Node    *hostile_find (World *world, const char *jid);
void     hostile_make (Schedule *self, Random *random);
gboolean hostile_is_for_later (World *self, const Node *node, const IBBStanza *stanza);
gboolean hostile_is_astray (
    World *self, const Node *node, const Node *to, const End *end, const IBBStanza *block);

/* ---- new logins ---- */

void     logins_make (Schedule *self, Random *random);
void     logins_stretch (Schedule *self, Random *random);
void     logins_break (End *end);
void     logins_overtake (World *self, const Node *node);
void     logins_deafen (World *self, Node *node);
void     logins_cut (World *self, Node *node, gint64 ghost);
void     logins_forget_ghost (World *self, Node *node);
void     logins_login (World *self, Node *node, gboolean is_moved);
gboolean logins_outlives (const End *end);
gboolean logins_may_wait_on (const End *end);
gboolean logins_must_succeed (World *self, const End *end);
Node    *logins_find_account (World *self, const char *jid);
void     logins_follow (End *self);
gboolean logins_is_interrupted (const End *self);

/* ---- the checks ---- */

/* context: (nullable): of one service of the node, or of any. A hostile peer can have a session of
 * one name with each, where it moves one of them to the address of the other (D-58). */
End *
check_find_end (World *self, const IBBContext *context, guint node, guint peer, const char *sid);
void     check_sent (World *self, Node *node, IBBStanza *stanza);     /* the engine let it go */
void     check_received (World *self, Node *node, IBBStanza *stanza); /* the engine is to see it */
gboolean check_may_be_damaged (const End *self);                      /* until an error tells */
void     check_asked (World *self, Node *node, const IBBStanza *stanza); /* a script sent it */
void     check_passed (World *self, Node *node, const IBBStanza *stanza);
void     check_end (End *self);
void     check_not_sent (Node *node, const IBBStanza *stanza);
void     check_refuses (End *self, gboolean is_abort); /* before a close, or an abort */
void     check_finish (End *self);
void     check_node (World *self, Node *node);
/* Of all sessions of the node, while check_node () looks at some of many. */
void check_waits (World *self, const Node *node);
void check_over (World *self);

gboolean question_is_answer (const IBBStanza *stanza);
void     question_asked (World *self, guint from, guint to, const IBBStanza *stanza);
void     question_answered (World *self, guint from, guint to, const IBBStanza *stanza);
void question_removed (World *self, guint from, guint to, const IBBStanza *stanza); /* by a fault */
/* A request arrives once more than it was sent. */
void question_doubled (World *self, guint from, guint to, const IBBStanza *stanza);
void question_check_all (World *self);

void room_asked (World *self, Node *node, End *end, const IBBStanza *block);
void room_block_sent (World *self, End *end, guint64 behind); /* not a repetition */
void room_block_answered (End *self, const Block *block, const IBBStanza *result);
void room_told (World *self, Node *node, Node *to, const IBBStanza *result);

/* The byte at each offset is known, so a reader can tell which it got. */
void     pattern_fill (guint64 key, guint64 offset, guint8 *bytes, gsize length);
gboolean pattern_matches (guint64 key, guint64 offset, const guint8 *bytes, gsize length);
