/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Moves the bytes of one file, in a thread of its own, or those of a folder, in the thread of a
 * bundle. */

#pragma once

#include <ibb-glib/ibb-glib.h>

#include "files/disk/hasher.h"
#include "files/move/folder-source.h"
#include "files/move/part.h"

typedef struct
{
  gatomicrefcount  ref_count;
  GInputStream    *source;    /* (owned); NULL: of a folder */
  GOutputStream   *sink;      /* (owned) (nullable): of a sender */
  IBBPart         *part;      /* (owned) (nullable): of a receiver */
  IBBTransport    *transport; /* (owned) (nullable): one of the two is its stream */
  IBBHasher       *hasher; /* (owned): has the bytes before offset already, if a file is received */
  GFile           *file;   /* (owned) (nullable): the file to send, to see whether it changes */
  char            *etag;   /* (owned) (nullable): of the file before */
  GFileInfo       *change; /* (owned) (nullable): of the source, when its first byte was read */
  IBBFolderSource *folder; /* (owned) (nullable): the folder to send */
  GCancellable    *cancellable; /* (owned) (nullable): of the transfer: ends each call below */
  gboolean         is_sender;
  guint64          offset; /* bytes that need not be moved; of a folder protected by lock */
  guint64          size;   /* of the whole file */
  guint64          left;   /* bytes to move; of the thread */

  GMutex  lock;
  guint64 n_moved; /* protected by lock: offset included */
} IBBMover;

IBBMover *ibb_mover_new (void);
IBBMover *ibb_mover_ref (IBBMover *self);
void      ibb_mover_unref (IBBMover *self);
guint64   ibb_mover_get_n_moved (IBBMover *self);
guint64   ibb_mover_get_offset (IBBMover *self);
/* Counts bytes of a folder. */
void ibb_mover_add_progress (IBBMover *self, const IBBFolderProgress *progress);

/* The steps of a thread that moves the bytes itself; they block. */

/* The first one. */
gboolean ibb_mover_begin (IBBMover *self, GError **error);
/* How many bytes of the source are in the buffer, as many as it holds unless the file ends; -1:
 * none can be read. */
gssize ibb_mover_read (IBBMover *self, guint8 *buffer, gsize size, GError **error);
/* Stores bytes of a received file. */
gboolean ibb_mover_write (IBBMover *self, const guint8 *bytes, gsize length, GError **error);
/* Whether the file that was sent is still as it was offered. */
gboolean ibb_mover_check_source (IBBMover *self, GError **error);

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
