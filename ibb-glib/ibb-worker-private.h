/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The engine of one service at work: its lock, its clock, the source that
 * sends and tells. Shared by the service and by what came out of it, and alive
 * until the last session has ended, even when nobody holds it any more.
 *
 * The lock is the innermost one of the library: under it nothing is called but
 * the core and the parts of GLib that call nobody back. Objects are never
 * released under it.
 */

#pragma once

#include "core/engine.h"
#include "ibb-connection.h"

G_BEGIN_DECLS

typedef struct _IBBWorker    IBBWorker;
typedef struct _IBBChannel   IBBChannel;
typedef struct _IBBOperation IBBOperation;
typedef struct _IBBNotice    IBBNotice;

/* What a blocked thread waits at. It is signalled when the lock has been given
 * up, or else the thread would wake only to wait for that; by then it may have
 * gone its way, so it does not own this alone. */
typedef struct
{
  gatomicrefcount ref_count;
  GCond           cond;
} IBBWaiter;

IBBWaiter *ibb_waiter_new (void);
void       ibb_waiter_unref (IBBWaiter *self);

/* So many threads are woken after the lock was given up, others before. */
#define IBB_WAKES_MAX 8

/* Something that the service has to tell its application. */
struct _IBBNotice
{
  IBBWorker  *worker;  /* (unowned): kept by session or channel */
  IBBSession *session; /* (owned) (nullable): a request, with a use of the worker */
  IBBChannel *channel; /* (owned) (nullable): or a session accepted at once */
};

struct _IBBWorker
{
  gatomicrefcount ref_count; /* of the memory */

  /* immutable after construction */
  GMainContext *context;        /* (owned): the engine's, where the connection is called */
  GMainContext *signal_context; /* (owned): where signals are emitted */
  GSource      *source;         /* (owned): in context; pumps */

  GMutex lock;

  /* protected by lock */
  IBBEngine     *engine;     /* (owned) */
  IBBConnection *connection; /* (owned) (nullable): NULL once retired */
  guint          n_users;    /* service, channels, requests, operations */
  GThread       *thread;     /* (owned) (nullable): the engine's, as far as is known */
  gint64         armed;      /* when source is to be dispatched, G_MAXINT64 for never */
  gboolean       pumping;    /* source is being dispatched and looks at everything anew */
  gboolean       batching;   /* more stanzas come at once: who waits is told after the last */
  gboolean       congested;  /* what the connection last said */
  IBBWaiter     *wakes[IBB_WAKES_MAX]; /* (owned): signalled when the lock is given up */
  guint          n_wakes;
  gboolean       drained;     /* it said otherwise since it was last asked */
  gboolean       suspended;   /* the connection broke and is being resumed */
  gboolean       retired;     /* nobody uses it and no session is left */
  GQueue         outbox;      /* (element-type IBBStanza): taken from the engine, not yet sent */
  gboolean       stale;       /* local JID and stanza limit are to be read again */
  guint          n_reads;     /* how often they were */
  char          *local_jid;   /* (owned) (nullable) */
  gboolean       lost;        /* the connection is gone, and no new one came */
  char          *lost_reason; /* (owned) (nullable): what it said */
  char          *send_reason; /* (owned) (nullable): why it last did not take a stanza */

  GObject *service;          /* (unowned) (nullable): cleared by its dispose */
  guint    signal_requested; /* the signals of the service */
  guint    signal_accepted;  /* */
  GSource *notice_source; /* (owned) (nullable): in signal_context; woken when there are notices */
  GQueue   notices;       /* (element-type IBBNotice) */
  GQueue   accepted;      /* (owned) (element-type IBBChannel): waiting for an accept */
  GQueue   accepts;       /* (element-type IBBOperation): waiting for a session */
  GQueue   opens;         /* (element-type IBBOperation): waiting for the local JID */
  GQueue   expects;       /* (element-type IBBOperation): each woken by its own event */
  gboolean listening;     /* there was an accept */

  guint8 random[256];
  guint  random_left;
};

/* With one user. Without a connection (which a binding can bring about, and
 * which is an error) everything is as if it had been lost. */
IBBWorker *ibb_worker_new (IBBConnection *connection);
void       ibb_worker_start (IBBWorker *self); /* registers: from here on stanzas may come */

/* Users, as opposed to references, keep the engine at work. Neither may be
 * given up under the lock. */
void ibb_worker_use (IBBWorker *self);
void ibb_worker_use_locked (IBBWorker *self);
void ibb_worker_release (IBBWorker *self);

void ibb_worker_lock (IBBWorker *self);
void ibb_worker_unlock (IBBWorker *self);

/* Signals a blocked thread, when the lock is given up. */
void ibb_worker_wake_locked (IBBWorker *self, IBBWaiter *waiter);
/* Gives the lock up to be signalled at waiter, until deadline (G_MAXINT64 for ever). */
void ibb_worker_wait_locked (IBBWorker *self, IBBWaiter *waiter, gint64 deadline);

/* After any call of the engine or its sessions: tells whoever waits, and sees
 * to it that what is to be sent is sent. */
void ibb_worker_update_locked (IBBWorker *self);

/* Whether waiting here would wait for ourselves. */
gboolean ibb_worker_is_own_thread_locked (IBBWorker *self);

/* Reads local JID and stanza limit again, in the connection's context. */
void ibb_worker_refresh_locked (IBBWorker *self);

/* Tells the engine who listens for unexpected opens (D-08). */
void ibb_worker_update_listen_locked (IBBWorker *self);

/* Adds to error, if it has to do with the connection, what that one said. */
GError *ibb_worker_add_reason_locked (IBBWorker *self, const IBBFailure *failure, GError *error);

/* Why something of a session failed: the precise error, or as GIO's streams
 * say it. NULL for no failure. */
GError *
ibb_worker_new_error_locked (IBBWorker *self, const IBBFailure *failure, IBBSession *session);
GError *ibb_worker_new_stream_error_locked (IBBWorker        *self,
                                            const IBBFailure *failure,
                                            IBBSession       *session);

/* What D-43 advertises. */
char **ibb_worker_dup_features (IBBWorker *self);

/* As many accepts as there are sessions; all of them once none can come. */
void ibb_worker_wake_accepts_locked (IBBWorker *self);

/* Moves what has not reached the application into empty queues. */
void ibb_worker_steal_waiting_locked (IBBWorker *self, GQueue *notices, GQueue *accepted);

void ibb_notice_free (IBBNotice *notice); /* what nobody answered is refused or aborted */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBNotice, ibb_notice_free)

G_END_DECLS
