/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs the engine of one service: with its lock, its timers, and the pump that sends stanzas and
 * passes on events. Shared by the service, its requests and its transports, and alive until the
 * last session has ended, even if the application has dropped all of them. With the lock held only
 * the core is called, and functions of GLib that call nothing back. No object is released with it
 * held.
 */

#pragma once

#include "base/random.h"
#include "connection/ibb-connection-private.h"
#include "core/engine.h"
#include "runtime/uplink.h"
#include "runtime/waiter.h"

typedef struct _IBBHost IBBHost;

/* Receives the changes of a session: its channel, its request, or the inbox in which the session
 * waits for the application. The data of a session points to its owner. */
typedef struct
{
  void (*changed_locked) (gpointer object, IBBSession *session);
  gpointer object;
} IBBSessionOwner;

/* Receives the end of an expectation: session is NULL when it failed. The data of an expectation
 * points to its owner. */
typedef struct
{
  void (*ended_locked) (gpointer object, IBBSession *session, const IBBFailure *failure);
  gpointer object;
} IBBExpectationOwner;

/* A session that the peer began: it asks for an answer, or was accepted at once. */
typedef void (*IBBArrivalFunc) (gpointer data, IBBSession *session, gboolean is_request);

struct _IBBHost
{
  gatomicrefcount ref_count; /* of the memory */

  /* immutable after construction */
  GMainContext  *context; /* (owned): where the connection is called */
  IBBEngine     *engine;  /* (owned): called with the lock */
  IBBNames      *names;   /* (owned) (nullable): of the engine */
  IBBArrivalFunc arrived_locked;
  gpointer       arrival_data; /* (owned) */
  GDestroyNotify arrival_data_free;

  gboolean in_batch; /* in context only: a batch of stanzas has begun */

  IBBLock lock;

  /* protected by lock */
  IBBUplink              uplink;
  IBBConnectionListener *listener;       /* (unowned) (nullable): owned by the connection */
  GMainContext          *signal_context; /* (owned) (nullable): where users emit; NULL after them */
  GSource               *source; /* (owned) (nullable): in context; pumps; NULL once retired */
  guint                  n_users;
  GQueue                 listings;    /* (element-type IBBChannel): for the list of the service */
  GSource               *list_source; /* (unowned) (nullable): woken when there are listings */
  gboolean               retired;     /* no user and no session is left */
  GThread               *thread;   /* (owned) (nullable): the one that runs context, once known */
  gint64                 armed;    /* when source will be dispatched, G_MAXINT64 for never */
  gboolean               pumping;  /* in context: it sends, or a batch has brought a stanza */
  gboolean               batching; /* stanzas arrive: waiting calls are woken after the last */
  gboolean               stale;    /* JID and stanza limit of the connection are to be read */
  guint                  n_reads;  /* how often they were */
  GQueue    refresh_waiters;       /* (element-type IBBWaiter): for the connection to be read */
  GQueue    trace;                 /* (element-type utf8): for the log, once the lock is free */
  IBBRandom random;
};

/* With one user. Without a connection (an error that a binding can make) everything is as if
 * the connection had been lost. */
IBBHost *ibb_host_new (IBBConnection *connection);
/* The host calls arrived_locked, and frees data with itself. */
void ibb_host_set_arrival (IBBHost       *self,
                           IBBArrivalFunc arrived_locked,
                           gpointer       data,
                           GDestroyNotify data_free);
/* Registers listener, which it takes over, with the connection: from now on stanzas may
 * come. */
void ibb_host_start (IBBHost *self, IBBConnectionListener *listener);

/* References keep the memory only. */
IBBHost *ibb_host_ref (IBBHost *self);
void     ibb_host_unref (IBBHost *self);

/* Each user (service, channel, request) of n_users ends by this function. Without a user and a
 * session the host retires. */
void ibb_host_release (IBBHost *self); /* without the lock */

void ibb_host_lock (IBBHost *self);
void ibb_host_unlock (IBBHost *self);
/* A line for developers (G_MESSAGES_DEBUG). The log may call the application, so it gets the line
 * when the lock is given up. */
void ibb_host_trace_locked (IBBHost *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* Wakes waiting calls and schedules the pump. To be called after each call of the engine or its
 * sessions. */
void ibb_host_update_locked (IBBHost *self);
/* Does so in the middle of a batch of stanzas: the caller may wait next for what is told here. */
void ibb_host_update_now_locked (IBBHost *self);
/* Does so after the connection has room again. */
void ibb_host_drained_locked (IBBHost *self);

/* Copies the field of IBBSettings at offset to value, which has its type and size. */
void ibb_host_get_setting (IBBHost *self, glong offset, gpointer value, gsize size);
/* Returns whether the value has changed. */
gboolean ibb_host_set_setting (IBBHost *self, glong offset, gconstpointer value, gsize size);

/* Whether a wait in this thread would never end, as only this thread can end it. */
gboolean ibb_host_is_own_thread_locked (IBBHost *self);

/* For users of the host: the signal context goes with the last of them. */
GMainContext *ibb_host_get_signal_context (IBBHost *self);

/* The reason that the connection gave for a failure, or NULL. */
const char *ibb_host_get_reason_locked (IBBHost *self, const IBBFailure *failure);
/* Why the session has ended; NULL for an orderly end. */
GError *ibb_host_new_error_locked (IBBHost *self, const IBBSession *session);
/* Whether the connection is lost and makes a new XML stream by itself. */
gboolean ibb_host_is_returning_locked (IBBHost *self);

/* Reading the connection's JID and stanza limit: soon, in the connection's context. Waiters
 * in refresh_waiters are woken after each reading. */
void ibb_host_refresh_locked (IBBHost *self);

/* For the listener of the connection. Called without the lock unless the name ends in _locked. */

/* Holds the connection again, if it was let go: an event of it shows that it is alive. */
void ibb_host_hold_connection (IBBHost *self);
/* In the connection's context. */
void ibb_host_read_connection (IBBHost *self);
/* Schedules the pump no later than time (0: at once). */
void ibb_host_arm_locked (IBBHost *self, gint64 time);
/* A stanza was received. Sending, and waking the waiting calls, is left until the end of the
 * batch; without a batch, if others may follow, until the next turn of the context. */
void ibb_host_received_locked (IBBHost *self, gboolean may_others_follow);
void ibb_host_end_batch (IBBHost *self); /* in the connection's context */
/* In the connection's context, before a logout: sends all but the bytes of sessions, however
 * congested the connection is. */
void ibb_host_send_last (IBBHost *self);
/* Releases the lock, and the connection if no user is left and the connection takes no stanza. */
void ibb_host_unlock_and_let_go (IBBHost *self);
void ibb_host_retire (IBBHost *self);
