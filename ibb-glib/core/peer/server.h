/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What an engine knows of a server: whether it heeds rules that come with a
 * message (XEP-0079, N-31). Kept for as long as sessions use it.
 */

#pragma once

#include <glib.h>

#include "core/peer/context.h"

G_BEGIN_DECLS

typedef struct
{
  IBBServers *servers; /* (unowned) */
  char       *domain;  /* normalised: the key among the servers */
  guint       n_users;
  IBBPending  query; /* disco#info */
  gboolean    heeds_rules;
} IBBServer;

struct _IBBServers
{
  IBBContext *context;   /* (unowned) */
  GHashTable *by_domain; /* (element-type utf8 IBBServer): owned */
};

IBBServers *ibb_servers_new (IBBContext *context);
void        ibb_servers_free (IBBServers *self);
/* The server of that domain; a new one is asked at once. */
IBBServer *ibb_servers_use (IBBServers *self, const char *domain);
void       ibb_server_leave (IBBServer *self);
gboolean   ibb_server_heeds_rules (const IBBServer *self);
void       ibb_server_answered (IBBServer *self, const IBBStanza *answer);
void       ibb_server_not_asked (IBBServer *self); /* the connection refused the question */

G_END_DECLS
