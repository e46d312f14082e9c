/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Moves the files of a bundle over a stream, in a thread of its own. A folder counts as a file. */

#pragma once

#include "files/move/mover.h"
#include "files/protocol/bundle.h"

typedef struct _IBBBundleThread IBBBundleThread;

typedef enum
{
  IBB_BUNDLE_THREAD_OFFERED,
  IBB_BUNDLE_THREAD_ACCEPTED,  /* the bytes begin to move */
  IBB_BUNDLE_THREAD_FAILED,    /* by the peer */
  IBB_BUNDLE_THREAD_RELEASED,  /* the thread uses the mover no longer: once for each */
  IBB_BUNDLE_THREAD_DELIVERED, /* the peer says so; of a receiver: it has been written */
  IBB_BUNDLE_THREAD_IDLE,      /* the sender has no file that has not ended */
  IBB_BUNDLE_THREAD_OVER,      /* the stream; before the last files are released */
} IBBBundleThreadEventType;

typedef struct
{
  IBBBundleThreadEventType type;
  guint32                  number;   /* of the file */
  IBBFilesMetadata        *metadata; /* (owned) (nullable): of an offer */
  char                    *hash;   /* (owned) (nullable): in base64, what a whole file has to be */
  char                    *reason; /* (owned) (nullable): the word of the peer */
  char                    *text;   /* (owned) (nullable): the peer's words beside it */
  gboolean                 is_accepted; /* the failed file was */
  GError                  *error; /* (owned) (nullable): of the mover, the stream, or a folder */
} IBBBundleThreadEvent;

typedef void (*IBBBundleThreadFunc) (IBBBundleThreadEvent *news, gpointer user_data);

/* func is called in the context of this call, where the other calls belong, too. announced
 * (nullable): the first file that a receiver is offered. */
IBBBundleThread *ibb_bundle_thread_new (GIOStream          *stream,
                                        gboolean            is_sender,
                                        gboolean            is_private,
                                        IBBFilesMetadata   *announced,
                                        IBBBundleThreadFunc func,
                                        gpointer            user_data,
                                        GError            **error);
/* Nothing is read and written any more. */
void ibb_bundle_thread_stop (IBBBundleThread *self);
/* func is called no more. The thread ends when the stream has. */
void ibb_bundle_thread_free (IBBBundleThread *self);

/* The sender. Files have the numbers 1, 2, … in the order of the calls. */
void ibb_bundle_thread_offer (IBBBundleThread *self, IBBMover *mover, IBBFilesMetadata *metadata);
/* The receiver. The file begins at the offset of the mover. */
void ibb_bundle_thread_accept (IBBBundleThread *self, guint32 number, IBBMover *mover);
void ibb_bundle_thread_deliver (IBBBundleThread *self, guint32 number);
/* text (nullable). */
void
ibb_bundle_thread_fail (IBBBundleThread *self, guint32 number, IBBReason reason, const char *text);
