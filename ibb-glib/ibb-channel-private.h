/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One session as its transport and the two halves share it: who waits for it,
 * and what was asked of it. The halves hold it, and only it, so that dropping
 * the transport ends the session.
 */

#pragma once

#include "ibb-operation-private.h"
#include "ibb-worker-private.h"

G_BEGIN_DECLS

struct _IBBChannel
{
  /* immutable after construction */
  IBBWorker  *worker;  /* (owned): as a user */
  IBBSession *session; /* (owned): called with the lock */

  GWeakRef transport;

  /* protected by the worker's lock */
  guint    ref_count;
  GQueue   readers;       /* (element-type IBBOperation) */
  GQueue   writers;       /* (element-type IBBOperation): closes as well */
  guint    read_timeout;  /* ms */
  guint    write_timeout; /* ms */
  gboolean auto_flush;
  gboolean half_close;
  gboolean opened;        /* the session was open once */
  gboolean ended;         /* and is over */
  gboolean closing;       /* the transport's close has begun */
  gboolean shutting;      /* a shutdown_output is in progress */
  gboolean has_transport; /* */
  gboolean ended_told;    /* signal ended is on its way, or was emitted */
  GSource *ended_source;  /* (owned) (nullable): on its way */
};

IBBChannel *ibb_channel_new_locked (IBBWorker *worker, IBBSession *session);
IBBChannel *ibb_channel_ref (IBBChannel *self);
void        ibb_channel_unref (IBBChannel *self); /* not with the lock */

/* Looks anew who need not wait any longer. */
void ibb_channel_changed_locked (IBBChannel *self);

void          ibb_channel_set_transport (IBBChannel *self, IBBTransport *transport);
IBBTransport *ibb_channel_dup_transport (IBBChannel *self); /* (nullable) */
/* The transport goes: unless a close has begun, the session is aborted. */
void ibb_channel_drop_transport (IBBChannel *self);
void ibb_channel_abort (IBBChannel *self);
void ibb_channel_close_input (IBBChannel *self);
void ibb_channel_close_output (IBBChannel *self);

/* The precise error of a session that has ended; NULL for an orderly end. */
GError *ibb_channel_new_error_locked (IBBChannel *self);

extern const IBBOperationClass ibb_operation_read;
extern const IBBOperationClass ibb_operation_write;
extern const IBBOperationClass ibb_operation_writev; /* asynchronous */
extern const IBBOperationClass ibb_operation_flush;
extern const IBBOperationClass ibb_operation_drain;
extern const IBBOperationClass ibb_operation_shutdown;
extern const IBBOperationClass ibb_operation_close;

/* Makes ready an operation of one of these classes; FALSE with G_IO_ERROR_CLOSED
 * when the transport is gone. */
gboolean ibb_channel_init_operation (IBBChannel   *self,
                                     IBBOperation *operation,
                                     const IBBOperationClass *class,
                                     GError **error);
/* The same for task, which it ends in the failing case (NULL). */
IBBOperation *
ibb_channel_new_operation (IBBChannel *self, const IBBOperationClass *class, GTask *task);

/* One read or write that does not wait: -1 with error set, G_IO_ERROR_WOULD_BLOCK
 * among others. */
gssize ibb_channel_read_nonblocking (IBBChannel *self, guint8 *buffer, gsize count, GError **error);
gssize
ibb_channel_write_nonblocking (IBBChannel *self, const guint8 *buffer, gsize count, GError **error);
gboolean ibb_channel_is_readable (IBBChannel *self);
gboolean ibb_channel_is_writable (IBBChannel *self);

/* A source that is ready while the channel is: a child for a source of GIO, which
 * must not set its callback. */
GSource *ibb_channel_create_source (IBBChannel *self, gboolean for_output);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBChannel, ibb_channel_unref)

G_END_DECLS
