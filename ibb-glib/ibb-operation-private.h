/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Something that waits for a session, or for the service to get one: a read, a
 * drain, an open. The same operation can be waited for by a blocked thread, by
 * a task in a main context, or (a poll) by a source of GPollable*Stream.
 *
 * An operation stands in one queue of waiters. Whatever changes wakes those of
 * the queue that have become ready; each then tries for itself, in its own
 * thread, so that bytes leave a buffer only where they are returned.
 */

#pragma once

#include "ibb-transport.h"
#include "ibb-worker-private.h"

G_BEGIN_DECLS

typedef enum
{
  IBB_RESULT_SIZE,
  IBB_RESULT_BOOLEAN,
  IBB_RESULT_TRANSPORT,
} IBBResult;

typedef struct
{
  const char *name;       /* for the profiler */
  const char *async_name; /* what to call instead in the engine's own thread */
  IBBResult   result;
  gboolean    begins_anyway;    /* what it begins goes on even if nobody may wait for it */
  gboolean    begins_cancelled; /* even if it was cancelled before: GIO closes once */
  gboolean    always_waits;     /* it cannot be over at once */
  gboolean    keeps_result;     /* a result that is there is returned even if cancelled */

  /* All with the lock. begin (nullable) is called once; is_ready says whether
   * an attempt would be the last; attempt returns TRUE when the operation is
   * over, with its result or an error; give_up (nullable) undoes begin. */
  gboolean (*begin) (IBBOperation *self, gint64 now, GError **error);
  gboolean (*is_ready) (IBBOperation *self);
  gboolean (*attempt) (IBBOperation *self, gint64 now, GError **error);
  void (*give_up) (IBBOperation *self, gint64 now);
  /* Without the lock, once, before the result is returned. (nullable) */
  void (*finish) (IBBOperation *self);
} IBBOperationClass;

struct _IBBOperation
{
  const IBBOperationClass *class;
  IBBWorker  *worker;  /* kept by keep */
  IBBChannel *channel; /* (nullable): kept by keep */
  GObject    *keep;    /* (owned): the transport or the service */

  /* of whoever started it */
  GCancellable *cancellable; /* (owned) (nullable) */
  gulong        handler;

  /* protected by the worker's lock */
  GQueue    *queue; /* (nullable): where it waits */
  GList      link;
  gboolean   waiting; /* it does */
  GSource   *source;  /* (unowned) (nullable): of a task or a poll; else waiter is waited for */
  IBBWaiter *waiter;  /* (owned) (nullable): of a blocked thread */
  gboolean   woken;   /* it was signalled since it last looked */
  gboolean   begun;
  gint64     deadline; /* G_MAXINT64 for none */
  guint      timeout;  /* ms, for the message */

  /* read, write */
  guint8              *buffer;
  gsize                count;
  GOutputVector        vector; /* where there is but one */
  const GOutputVector *vectors;
  gsize                n_vectors;
  gssize               size; /* the result */
  /* flush, drain */
  guint64 target;
  /* open, expect, accept */
  char           *peer; /* (owned) */
  char           *sid;  /* (owned) (nullable) */
  IBBCarrier      carrier;
  guint           block_size;
  guint           n_reads;     /* of the connection, when it began */
  IBBExpectation *expectation; /* (nullable) */
  IBBFailure      failure;     /* of the expectation */
  IBBChannel     *outcome;     /* (owned) (nullable): the session */
};

/* keep is taken over. */
void          ibb_operation_init (IBBOperation *self,
                                  const IBBOperationClass *class,
                                  IBBWorker  *worker,
                                  IBBChannel *channel,
                                  GObject    *keep,
                                  GQueue     *queue);
IBBOperation *ibb_operation_new (const IBBOperationClass *class,
                                 IBBWorker  *worker,
                                 IBBChannel *channel,
                                 GObject    *keep,
                                 GQueue     *queue);
void          ibb_operation_set_timeout (IBBOperation *self, guint timeout);
void          ibb_operation_clear (IBBOperation *self);
void          ibb_operation_free (IBBOperation *self);

/* Waits for the end in this thread. FALSE with error set. */
gboolean ibb_operation_run (IBBOperation *self, GCancellable *cancellable, GError **error);
/* Lets task end with the operation, which it takes over. */
void ibb_operation_start (IBBOperation *self, GTask *task);
/* The transport of a session that an operation got. */
IBBTransport *ibb_operation_take_transport (IBBOperation *self);

void ibb_operation_wait_locked (IBBOperation *self);
void ibb_operation_leave_locked (IBBOperation *self);
void ibb_operation_wake_locked (IBBOperation *self);
void ibb_operations_wake_locked (GQueue *queue); /* those that are ready */

/* The end of what ibb_engine_expect began. */
void
ibb_operation_expected_locked (IBBOperation *self, IBBSession *session, const IBBFailure *failure);

G_END_DECLS
