/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Two programs that use the library: Romeo sends to Juliet. */

#pragma once

#include "../loopback/fixture.h"

#include <ibb-glib/files/ibb-files.h>
#include <ibb-glib/xmpp/ibb-xmpp.h>

typedef struct
{
  IBBLoopback      *loopback;
  IBBConnection    *romeo_connection;
  IBBConnection    *juliet_connection;
  IBBFilesService  *romeo;
  IBBFilesService  *juliet;
  char             *folder;
  GBytes           *bytes;   /* (nullable): of the file “sent” */
  IBBFilesTransfer *sent;    /* (nullable) */
  IBBFilesTransfer *offered; /* (nullable): the last one at Juliet's */
  GAsyncResult     *result;  /* (nullable): of its acceptance */
  gboolean          refuses;
  IBBFilesExisting  existing;
} Files;

/* One more service that receives. */
IBBFilesService *create_receiver (Files *self, IBBConnection *connection);

void set_up (Files *self, gconstpointer data);
/* Both have an identity, which trusts that of the other. */
void set_up_private (Files *self, gconstpointer data);
/* Gives a service an identity, whose questions the handler of trust-requested gets. */
void set_asking (Files *self, IBBFilesService *service, gpointer handler, gpointer data);
/* The same, which trusts all or nobody. */
void set_identity (Files *self, IBBFilesService *service, gboolean trusts);
/* Transfers that are over have let go of everything. */
void   tear_down (Files *self, gconstpointer data);
char  *get_path (Files *self, const char *name);
GFile *make_file (Files *self, const char *name, GBytes *bytes);
void   assert_content (Files *self, const char *name, GBytes *bytes);
/* Overwrites the file, and puts its date back. */
void rewrite_in_place (const char *path);
/* How many files there are, hidden ones included. */
guint count_files (Files *self);

/* How often a transfer has notified of a property since it was offered. */
guint count_notified (IBBFilesTransfer *transfer, const char *name);

/* Offers the file “sent”. */
IBBFilesTransfer *offer (Files *self, const char *jid);
/* Makes it, and offers it to Juliet. */
void begin (Files *self, gsize size);
void accept_as (Files *self, const char *name, GAsyncResult **result);
