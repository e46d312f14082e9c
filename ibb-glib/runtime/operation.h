/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A call that may have to wait: a read, a drain, an open. A thread blocks until its end, or a
 * task returns it in a main context. Each kind of call has a struct of its own, which begins
 * with this one.
 */

#pragma once

#include <gio/gio.h>

#include "base/cancel-watch.h"
#include "runtime/host.h"

typedef struct _IBBOperation IBBOperation;

typedef struct
{
  const char *name;             /* for the profiler */
  const char *async_name;       /* the call to use instead in the thread of the connection */
  gboolean    begins_anyway;    /* the operation goes on even if this thread may not wait for it */
  gboolean    begins_cancelled; /* even if it was cancelled before: GIO closes once */
  gboolean    always_waits;     /* it cannot be over at once */
  gboolean    keeps_result;     /* a result that is there is returned even if cancelled */

  /* With the lock. begin (nullable) is called once; is_ready tells whether an attempt would
   * be the last one; attempt returns TRUE when the operation is over, with its result or an
   * error; give_up (nullable) undoes begin. */
  gboolean (*begin) (IBBOperation *self, gint64 now, GError **error);
  gboolean (*is_ready) (IBBOperation *self);
  gboolean (*attempt) (IBBOperation *self, gint64 now, GError **error);
  void (*give_up) (IBBOperation *self, gint64 now);
  GError *(*new_timeout_error) (IBBOperation *self); /* (nullable): the session goes on */

  /* Without the lock. */
  void (*return_result) (IBBOperation *self, GTask *task); /* (nullable): TRUE */
  void (*clear) (IBBOperation *self);                      /* (nullable): frees what is its own */
} IBBOperationClass;

struct _IBBOperation
{
  IBBWaiter waiter;

  const IBBOperationClass *class;
  IBBHost *host; /* kept by keep */
  GObject *keep; /* (owned): the transport or the service */

  IBBCancelWatch *cancelled; /* (owned) (nullable): of the task's cancellable */
  void (*finished) (gpointer data);
  gpointer finished_data;

  /* protected by the host's lock */
  GQueue *queue;    /* (nullable): where it waits, if it has to */
  gint64  deadline; /* G_MAXINT64 for none */
  guint   timeout;  /* ms, for the message */
};

/* keep is taken over; queue is NULL if only ibb_waiter_wake () wakes it; timeout is
 * in milliseconds, 0 for none. */
void ibb_operation_init (IBBOperation *self,
                         const IBBOperationClass *class,
                         IBBHost *host,
                         GObject *keep,
                         GQueue  *queue,
                         guint    timeout);
void ibb_operation_clear (IBBOperation *self);

/* The operation waits in queue from now on, also if it waits already. */
void ibb_operation_set_queue_locked (IBBOperation *self, GQueue *queue);

/* Waits for the end in this thread. FALSE with error set. */
gboolean ibb_operation_run (IBBOperation *self, GCancellable *cancellable, GError **error);
/* Lets task end with the operation, which it takes over, to free it with g_free (). finished
 * (nullable) is called before the result is returned, without the lock. */
void ibb_operation_start (IBBOperation *self,
                          GTask        *task,
                          void (*finished) (gpointer data),
                          gpointer finished_data);
