/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What an engine knows of a server: whether it heeds rules that come with a
 * message (XEP-0079, N-31). Kept for as long as sessions use it.
 */

#pragma once

#include <glib.h>

#include "core/engine.h"

G_BEGIN_DECLS

typedef struct _IBBServer IBBServer;

struct _IBBServer
{
  IBBEngine *engine; /* (unowned) */
  char      *domain; /* normalised: the key among the engine's servers */
  guint      n_users;
  char      *query; /* (nullable): id of the disco#info query under way */
  gboolean   heeds_rules;
};

/* The server of that domain; a new one is asked at once. */
IBBServer *ibb_server_use (IBBEngine *engine, const char *domain);
void       ibb_server_leave (IBBServer *self);
void       ibb_server_free (IBBServer *self);
void       ibb_server_answered (IBBServer *self, IBBStanza *answer);

G_END_DECLS
