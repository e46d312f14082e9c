/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* State of a server: whether the server heeds rules in messages (XEP-0079, N-31). Kept while
 * sessions use it.
 */

#pragma once

#include <glib.h>

#include "core/peer/context.h"

typedef struct
{
  IBBContext *context; /* (unowned) */
  char       *domain;  /* normalised: the key among the servers */
  guint       n_users;
  IBBPending  query; /* disco#info */
  gboolean    heeds_rules;
} IBBServer;

/* The server of that domain; a new one is asked at once. */
IBBServer *ibb_servers_use (IBBContext *context, const char *domain);
void       ibb_server_leave (IBBServer *self);
/* answer: (nullable): NULL: the connection refused the question. */
void ibb_server_answered (IBBServer *self, const IBBStanza *answer);
