/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the programs of a schedule of whole.c share. */

#pragma once

#include "fake-disk.h"
#include "turns.h"
#include "wire.h"

#include <ibb-glib/files/ibb-files.h>

#define WHOLE_PROGRAMS_MAX 3
#define WHOLE_STRANGER 3 /* the number of a program that does not use the library for files */
#define WHOLE_STRANGER_JID "user3@server.example/client"
#define WHOLE_FILES_MAX 6
#define WHOLE_MISCHIEF (100 * G_USEC_PER_SEC) /* when it ends */

typedef struct _WholeTree WholeTree;

/* Or a folder, which has no bytes itself. */
typedef struct
{
  guint      number;
  char      *name;  /* (owned) */
  GBytes    *bytes; /* (owned) */
  GBytes    *other; /* (owned) (nullable): another state of it, of the same size and date */
  GDateTime *date;  /* (owned) (nullable) */
  WholeTree *tree;  /* (owned) (nullable): of a folder */
  guint      sender;
  guint      receiver;
  guint      n_offers; /* that will be made */
  guint      n_made;
  guint      arrived;      /* the last offer that the receiver has got whole */
  guint      delivered;    /* the last one of which its sender says so */
  guint      failed;       /* the last one that failed at its sender */
  guint      n_broken;     /* offers that failed */
  guint      bad_offer;    /* one that cannot be sent whole: the last such one */
  guint64    n_said;       /* bytes of it that were sent and acknowledged */
  gboolean   is_unsettled; /* a part had all bytes: a hash of the rest does not do */
  gboolean   is_false;     /* the sender lies about it: nobody may have it */
  gboolean   is_free;      /* nothing that a person or a program does stands in its way */
  gboolean   is_lost;      /* bytes that were received may have gone again */
  gboolean   is_left;      /* a part of it may be: it was interrupted, and has not gone on */
  gboolean   is_twin;      /* another program is sent the same one */
  gboolean   is_promised;  /* delivered, says a sender of the library */
  gboolean   is_elsewhere; /* in a stream, or replaced by another one of its name */
} WholeFile;

/* A transfer at one end. */
typedef struct
{
  IBBFilesTransfer *transfer; /* (owned) until it is dropped */
  WholeFile        *file;
  GOutputStream    *stream;   /* (owned) (nullable) */
  guint             offer;    /* which one of the file's */
  guint             n_faults; /* of the disk, when it was accepted */
  gboolean          is_over;
  gboolean          is_dropped;
} WholeRecord;

typedef struct
{
  guint            number;
  gboolean         runs;
  gboolean         has_moved; /* to another address, without being killed */
  IBBIdentity     *identity;  /* (owned) (nullable): that of a schedule */
  WireConnection  *connection;
  IBBFilesService *files;
  GPtrArray       *records; /* (element-type WholeRecord) */
} WholeProgram;

typedef struct
{
  gboolean     is_verbose;
  FakeDisk    *disk;
  WholeProgram programs[WHOLE_PROGRAMS_MAX];
  guint        n_programs;
  WholeFile    files[WHOLE_FILES_MAX];
  guint        n_files;
  guint        n_pending; /* of what has to happen before the end */
  guint        n_evils;   /* what may break any transfer */
  guint        n_evils_max;
  guint        n_deaths;     /* of programs */
  gboolean     was_cut;      /* the power */
  gboolean     has_replaced; /* a receiver, what has the name of a file */
  gboolean     is_calm;      /* the mischief is over */
  gboolean     is_private;   /* some programs have an identity */
  gboolean     has_trees;
  char        *failure; /* (owned) (nullable): the first one */

  guint64 n_transfers;
  guint64 n_delivered;
  guint64 n_kills;
  guint64 n_of_strangers;
  guint64 n_streams;
  guint64 n_sealed; /* sessions, at both ends */
  guint64 n_trees;  /* delivered */
} World;

extern World world;

void whole_fail (const char *format, ...) G_GNUC_PRINTF (1, 2);
void whole_trace (const char *format, ...) G_GNUC_PRINTF (1, 2);
/* What an offer says beside the name: the number of the file, and which offer of it this is. */
char      *whole_dup_mark (const WholeFile *file);
WholeFile *whole_find_mark (const char *mark, guint *offer);
gboolean   whole_one_in (guint n);
gint64     whole_some_time (gint64 most);

/* judge.c */

void judge_folder (void);
/* What an offer says of a file. */
void judge_offered (const WholeFile *file, IBBFilesMetadata *metadata);
void judge_transfer (WholeRecord *record);
void judge_no_offer (const WholeFile *file, const GError *error);
/* At the first byte to come. */
void judge_beginning (WholeProgram *program, WholeRecord *record);
/* The name of one of the parts of a file. */
char *judge_dup_part_name (const WholeFile *file, guint number);
/* After the programs have ended. */
void judge_end (void);

/* spoil.c: files that change, and a folder that others write to. */

/* Perhaps of a file that has changed, changes or cannot be read. */
GInputStream *spoil_open_source (WholeFile *file);
/* The same as a file on the simulated disk, perhaps; or NULL. */
GFile *spoil_make_source (WholeFile *file);
/* Somebody writes the other state into one of these files, perhaps with its old date. */
void spoil_source (void);
/* The same file goes to somebody else, into the same folder. */
void spoil_copy_file (WholeFile *self, WholeFile *other);
/* Somebody writes to a part, or puts something in its place. */
void spoil_part (void);
/* Says where somebody may plant something: the names (owned) of the files and of their parts. */
void spoil_plan (char **places);

/* tree.c: folders that are sent. */

void tree_begin (void);
/* is_full: with as many entries as a folder has at first. */
void tree_make (WholeFile *file, gboolean is_full);
void tree_free (WholeTree *self);
/* What is offered: before each offer. Free with g_object_unref (). */
GFile *tree_offer (WholeFile *file);
/* One of the paths in it, also of folders; 0: "". */
const char *tree_get_path (const WholeTree *self, guint number);
/* Somebody changes a folder of a sender. */
void     tree_change_any (void);
gboolean tree_has_changed (void);
/* Each received folder: nothing in it is of no sender, and what was delivered is there. */
void tree_judge (void);
void tree_judge_delivered (WholeRecord *record, gboolean is_sender);
void tree_judge_failed (WholeRecord *record, const GError *error);

/* fake-file.c */

/* A file or folder of the simulated disk. */
GFile *fake_file_new (const char *path);

/* seal.c: encryption that hides nothing, and shows what is lost. */

IBBIdentity *seal_new (gboolean trusts);
/* Whether both ends of a file have an identity. */
gboolean seal_is_private (const WholeFile *file);
/* Whether both ends are ours: then the receiver says itself what it has. */
gboolean seal_is_bundled (const WholeFile *file);
/* Whether each of them trusts the other, or neither has one. */
gboolean seal_can_meet (const WholeFile *file);

/* beside.c: services of the application's own on the same connection. */

void beside_begin (void);
void beside_end (void);
/* Perhaps makes one. */
void beside_start (WholeProgram *program);
void beside_stop (WholeProgram *program);
/* Opens a session between two of them. */
void beside_open (gpointer data);
void beside_judge (void);

/* stranger.c: a program that sends and receives files as chat clients do, by its own stanzas. */

void stranger_start (void);
void stranger_stop (void);
/* Sends one of its files, in one of the ways of the clients. */
void stranger_send (WholeFile *file);
