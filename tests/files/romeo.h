/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a case of files-script.c knows, and the words for what Romeo says and hears. */

#pragma once

#include "../lib/script-reader.h"
#include "../loopback/fixture.h"

#include <ibb-glib/files/ibb-files.h>

typedef struct
{
  IBBLoopback      *loopback;
  IBBConnection    *own_connection;
  IBBFilesService  *own;             /* Juliet's */
  IBBConnection    *peer_connection; /* (unowned) */
  IBBService       *peer;            /* (nullable): Romeo's */
  GHashTable       *others;          /* (element-type utf8 IBBConnection): of all but Juliet */
  GPtrArray        *heard;           /* (element-type IBBStanza): what Romeo received */
  IBBStanza        *last;            /* (unowned) (nullable): that was heard last */
  char             *version;         /* (nullable): children of his answer to XEP-0092 */
  gboolean          is_mute;
  gboolean          is_asked;
  guint             n_refused;   /* queries of others */
  GPtrArray        *all_offered; /* (element-type IBBFilesTransfer) */
  IBBFilesTransfer *offered;     /* (nullable): the last of them */
  IBBFilesTransfer *sent;        /* (nullable) */
  GError           *error;       /* (nullable): of the last offer, or query */
  GBytes           *bytes;       /* of the file */
  char             *folder;
  GAsyncResult     *accepted;
  gboolean          is_stream; /* that was accepted */
  GAsyncResult     *expected;
  IBBTransport     *transport; /* (nullable): Romeo's end */
  IBBService       *streams;   /* (nullable): another one of Juliet's */
  GAsyncResult     *streamed;
  gpointer          gone; /* (nullable): an offer that nobody holds */
} FilesRun;

void romeo_set_up (FilesRun *self);
void romeo_tear_down (FilesRun *self);
/* FALSE if there is no such word. */
gboolean romeo_call (FilesRun *self, const char *name, Words *words);
