/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Moves the bytes of one file from a source to a target, in a thread of its own; or one half of the
 * way, in the thread of a bundle. A folder has a mover, too, and one for each entry that has begun.
 */

#pragma once

#include <ibb-glib/ibb-glib.h>

#include "files/move/file-source.h"
#include "files/move/file-target.h"
#include "files/protocol/bundle.h"

typedef enum
{
  IBB_MOVER_FAILED,
  IBB_MOVER_WAITS, /* for the receiver */
  IBB_MOVER_WORKS,
  IBB_MOVER_ENDED, /* in the bundle, too */
} IBBMoverState;

typedef struct _IBBMover IBBMover;

/* What a file does, or in its place a folder. All but the first two block. */
typedef struct
{
  /* Whether both, of one class, receive the same. */
  gboolean (*is_rival) (IBBMover *self, IBBMover *other);
  /* (nullable): where it is, once it is whole. */
  GFile *(*dup_file) (IBBMover *self);
  /* Prepares to receive. */
  gboolean (*open) (IBBMover *self, GError **error);
  /* Sends the next bytes in the bundle, and the end after the last one. */
  IBBMoverState (*send) (IBBMover *self, IBBBundle *bundle, guint32 number, GError **error);
  /* Takes bytes of the file, or an event of an entry. */
  gboolean (*take) (IBBMover *self, IBBBundle *bundle, const IBBBundleEvent *event, GError **error);
  /* (nullable): delivers the entries that are whole, as soon as they are on the disk. */
  gboolean (*flush) (IBBMover *self, IBBBundle *bundle, GError **error);
  /* (nullable): of a folder whose entries are all delivered: whether it is in its place. */
  gboolean (*check) (IBBMover *self, GError **error);
  /* The bytes come no more, or have all come: those that are there go to the disk. keeps: of a
   * folder, the part of the file that is not whole stays until the close, which decides. */
  void (*stop) (IBBMover *self, gboolean keeps);
  /* It is whole, or has failed, and nobody uses it any more: it has no descriptor when this
   * returns. keeps: its part stays. */
  void (*close) (IBBMover *self, gboolean keeps);
  void (*free) (gpointer folder);
} IBBMoverClass;

struct _IBBMover
{
  gatomicrefcount ref_count;
  const IBBMoverClass *class;
  gpointer       folder;      /* (owned) (nullable): of the class */
  IBBFileSource *source;      /* (owned) (nullable) */
  IBBFileTarget *target;      /* (owned) (nullable) */
  IBBTransport  *transport;   /* (owned) (nullable): whose stream is one of the two */
  IBBHasher     *hasher;      /* (owned) (nullable): of all bytes */
  IBBMover      *whole;       /* (unowned) (nullable): of the folder, whose bytes count, too */
  GCancellable  *cancellable; /* (owned): of the transfer: ends the calls that block */
  gboolean       is_sender;
  gboolean       goes_on; /* from the bytes that are there */
  guint64        size;    /* of the whole file */
  guint64        left;    /* bytes to move; of the thread */
  guint8        *piece;   /* (owned) (nullable): what was read last, once a bundle has begun */

  /* of a folder */
  char   *peer_jid; /* (owned) (nullable): for errors */
  guint   n_files;
  guint   n_failed;    /* of these */
  char   *failed_path; /* (owned) (nullable): of the first one */
  GError *failure;     /* (owned) (nullable): why it failed */

  GMutex  lock;
  guint64 offset;  /* protected by lock: bytes that need not be moved */
  guint64 n_moved; /* protected by lock: offset included */
};

/* The sender. Takes source. */
IBBMover *
ibb_mover_new (IBBFileSource *source, guint64 size, guint64 offset, GCancellable *cancellable);
/* The receiver. Takes target. */
IBBMover *ibb_mover_new_for_target (IBBFileTarget *target, guint64 size, GCancellable *cancellable);
/* Takes folder. */
IBBMover *ibb_mover_new_for_folder (const IBBMoverClass *class,
                                    gpointer      folder,
                                    gboolean      is_sender,
                                    const char   *peer_jid,
                                    guint64       size,
                                    guint         n_files,
                                    GCancellable *cancellable);
IBBMover *ibb_mover_ref (IBBMover *self);
void      ibb_mover_unref (IBBMover *self);
guint64   ibb_mover_get_n_moved (IBBMover *self);
guint64   ibb_mover_get_offset (IBBMover *self);
void      ibb_mover_set_offset (IBBMover *self, guint64 offset);
/* Before it is opened. algorithm: by which all bytes are hashed; goes_on: from the bytes that are
 * there. */
void ibb_mover_prepare (IBBMover *self, const char *algorithm, gboolean goes_on);
/* The other end of a mover with a thread of its own; NULL: there is no byte. */
void ibb_mover_set_transport (IBBMover *self, IBBTransport *transport);
/* Of a folder: bytes of an entry that the receiver has already. */
void ibb_mover_add_found (IBBMover *self, guint64 n);
/* An entry of a folder fails here: the peer learns why. Takes error. */
void ibb_mover_fail_entry (
    IBBMover *self, const char *path, IBBBundle *bundle, guint32 number, GError *error);
/* The peer has failed an entry. */
void ibb_mover_take_failure (IBBMover *self, const char *path, const IBBBundleEvent *event);
/* Of a folder: why not all its files are whole. NULL: none has failed. */
GError *ibb_mover_dup_error (IBBMover *self);
/* In a bundle: before the first byte of a received file. */
void ibb_mover_begin (IBBMover *self);

/* Done when the peer has acknowledged the last byte, or the part has it. The task of the callback
 * is the mover's, with source (nullable) as its source object. */
void     ibb_mover_run_async (IBBMover           *self,
                              gpointer            source,
                              GAsyncReadyCallback callback,
                              gpointer            user_data);
gboolean ibb_mover_run_finish (GAsyncResult *result, GError **error);
