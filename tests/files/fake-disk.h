/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Folders in memory behind the calls of the disk: calls fail, the power is cut, programs are
 * killed, and the writers take turns, all by a seed. */

#pragma once

#include "base/disk.h"

#define FAKE_DISK_FOLDER "/folder"
#define FAKE_DISK_STRANGER 4711 /* another user */
#define FAKE_DISK_MODE 0644     /* of what somebody plants */
#define FAKE_DISK_WRITERS_MAX 4

typedef enum
{
  FAKE_DISK_FILE,
  FAKE_DISK_LINK,
  FAKE_DISK_PIPE,
  FAKE_DISK_DIRECTORY,
} FakeDiskKind;

typedef struct
{
  gatomicrefcount ref_count;
  FakeDiskKind    kind;
  guint64         number;
  uid_t           owner;
  gboolean        is_planted;
  guint           n_links;
  gint64          time;    /* µs since 1970: of the bytes */
  gint64          changed; /* of anything; nobody can set it */
  /* Now, and after a power cut. */
  GString *bytes;
  GString *durable;
  mode_t   mode;
  mode_t   durable_mode;
  gboolean is_lossy; /* a call to synchronize has failed: the next ones write nothing */
  int      holder;   /* of the lock: a descriptor, or -1 */
} FakeDiskFile;

typedef struct
{
  GRand *random;
  guint  n_calls;
  /* The number of the call that fails, 0: none; and with which of its errors. */
  guint fails_at;
  guint failure;
  /* Calls that fail, of a thousand. */
  guint    fault_rate;
  guint    cut_at;  /* the power is cut after this call */
  guint    kill_at; /* its program is killed */
  guint    plant_rate;
  gboolean has_locks, has_links;
  gboolean has_rename; /* one that replaces no file */
  gboolean has_no_folder;
  gboolean has_odd_times;
  guint    change_rate; /* of a thousand calls: change () comes before */
  void (*change) (void);

  /* What came of it. */
  guint    n_errors; /* with which the call fails_at can fail */
  guint    n_faults;
  gboolean is_off;
  int      last_writer; /* whose call was the last one before that */
  guint    n_killed;
  guint    n_planted;
  guint    n_lost; /* of these, that a writer has removed or replaced */
  guint    n_open; /* descriptors */

  const IBBDisk *replaced;
  /* By keys: a name in the first folder; the number of another folder, a slash and a name in it; or
   * a path with a slash in front: a folder that is in no other one. */
  GHashTable        *names;   /* (element-type utf8 FakeDiskFile) */
  GHashTable        *durable; /* (element-type utf8 FakeDiskFile) */
  GPtrArray         *journal; /* of changes to the names that are not durable */
  GArray            *descriptors;
  guint64            n_files;
  gint64             n_ticks;
  guint64            last_used; /* number of a file */
  const char *const *places;    /* paths in the first folder, where something may be planted */

  GMutex   lock;
  GCond    turned;
  int      turn; /* of which writer */
  gboolean runs[FAKE_DISK_WRITERS_MAX];
  gboolean is_dead[FAKE_DISK_WRITERS_MAX];
  gboolean survives[FAKE_DISK_WRITERS_MAX]; /* a cut of the power: it is on another machine */
} FakeDisk;

/* Takes the place of the disk. */
FakeDisk *fake_disk_new (guint32 seed);
void      fake_disk_free (FakeDisk *self);
/* Runs the writers at the same time, each in a thread, of which one runs at a time. */
void fake_disk_run (FakeDisk *self, guint n_writers, GThreadFunc function, gpointer *data);
/* The calls of this thread are the writer's from now on. */
void fake_disk_set_writer (guint writer);
int  fake_disk_get_writer (void);
/* Another writer may have the turn first. */
void fake_disk_wait_for_others (FakeDisk *self);
void fake_disk_kill (FakeDisk *self, guint writer);
/* Restores the power, with what was durable, and lets no more calls fail. */
void fake_disk_restart (FakeDisk *self);
/* Puts something there, with the text as its content. name: a key. */
void fake_disk_plant (
    FakeDisk *self, const char *name, FakeDiskKind kind, uid_t owner, const char *text);
/* Something of some kind and owner; name NULL: at one of the places, if nothing is there; or a key.
 */
void fake_disk_plant_any (FakeDisk *self, const char *name);
/* The name of a key if that is in the folder, which is NULL for the first one; or NULL. */
const char *fake_disk_get_name (const char *key, const FakeDiskFile *folder);

/* What is there already, or comes, without a program that writes it: on the disk at once. Files are
 * (unowned). */

FakeDiskFile *fake_disk_find (FakeDisk *self, const FakeDiskFile *folder, const char *name);
/* Takes the place of what has the name. */
FakeDiskFile *
fake_disk_make (FakeDisk *self, const FakeDiskFile *folder, const char *name, FakeDiskKind kind);
void fake_disk_remove (FakeDisk *self, const FakeDiskFile *folder, const char *name);
void fake_disk_rewrite (FakeDisk *self, FakeDiskFile *file, GBytes *bytes);
/* Of the last write; that of the last change is the clock's. */
void fake_disk_set_time (FakeDisk *self, FakeDiskFile *file, gint64 time);
