/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Moves the bytes of one file, in a thread of its own or in that of a bundle, or those of a folder,
 * in the thread of a bundle. */

#pragma once

#include <ibb-glib/ibb-glib.h>

#include "files/disk/hasher.h"
#include "files/move/file-source.h"
#include "files/move/part.h"
#include "files/protocol/bundle.h"

typedef enum
{
  IBB_MOVER_FAILED,
  IBB_MOVER_WAITS, /* for the receiver */
  IBB_MOVER_WORKS,
  IBB_MOVER_ENDED, /* in the bundle, too */
} IBBMoverState;

typedef struct _IBBMover IBBMover;

/* A folder that is sent: its files, in the place of one. */
typedef struct
{
  IBBMoverState (*send) (
      gpointer folder, IBBMover *mover, IBBBundle *bundle, guint32 number, GError **error);
  /* Takes an event of an entry. */
  void (*take) (gpointer folder, IBBMover *mover, const IBBBundleEvent *event);
  /* Why the folder is not whole; NULL: no entry has failed. */
  GError *(*dup_error) (gpointer folder);
  void (*stop) (gpointer folder);
  void (*free) (gpointer folder);
} IBBMoverFolder;

struct _IBBMover
{
  gatomicrefcount ref_count;
  IBBFileSource  *source;    /* (owned) (nullable): of a folder; an entry without bytes */
  GOutputStream  *sink;      /* (owned) (nullable): of a sender */
  IBBPart        *part;      /* (owned) (nullable): of a receiver */
  IBBTransport   *transport; /* (owned) (nullable): one of the two is its stream */
  IBBHasher      *hasher; /* (owned): has the bytes before offset already, if a file is received */
  gpointer        folder; /* (owned) (nullable): to send */
  const IBBMoverFolder *funcs; /* (nullable): of the folder */
  IBBMover             *whole; /* (unowned) (nullable): that of the folder counts the bytes, too */
  GCancellable         *cancellable; /* (owned) (nullable): of the transfer: ends each call below */
  gboolean              is_sender;
  guint64               offset; /* bytes that need not be moved; of a folder protected by lock */
  guint64               size;   /* of the whole file */
  guint64               left;   /* bytes to move; of the thread */
  guint8               *piece; /* (owned) (nullable): what was read last, once a bundle has begun */

  GMutex  lock;
  guint64 n_moved; /* protected by lock: offset included */
};

IBBMover *ibb_mover_new (void);
IBBMover *ibb_mover_ref (IBBMover *self);
void      ibb_mover_unref (IBBMover *self);
guint64   ibb_mover_get_n_moved (IBBMover *self);
guint64   ibb_mover_get_offset (IBBMover *self);
/* Counts bytes of a folder. */
void ibb_mover_add_progress (IBBMover *self, const IBBFolderProgress *progress);

/* The steps of the thread of a bundle; they block. */

/* Sends the next bytes in the bundle, and the end after the last one. */
IBBMoverState ibb_mover_send (IBBMover *self, IBBBundle *bundle, guint32 number, GError **error);
/* Before the first byte of a received file. */
void ibb_mover_begin (IBBMover *self);
/* Stores bytes of a received file. */
gboolean ibb_mover_write (IBBMover *self, const guint8 *bytes, gsize length, GError **error);

/* The bytes come no more, or have all come: those that are there go to the disk. keeps: of a
 * folder, the part of the file that is not whole stays. */
void ibb_mover_stop (IBBMover *self, gboolean keeps);
/* Of a folder: why not all its files are whole; NULL: none has failed. */
GError *ibb_mover_dup_folder_error (IBBMover *self);

/* Done when the peer has acknowledged the last byte, or the part has it. The task of the callback
 * is the mover's, with source (nullable) as its source object. */
void     ibb_mover_run_async (IBBMover           *self,
                              gpointer            source,
                              GAsyncReadyCallback callback,
                              gpointer            user_data);
gboolean ibb_mover_run_finish (GAsyncResult *result, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBMover, ibb_mover_unref)
