/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Many sessions on one account, each joined with a connection to a socket: what the two
 * ends of such have in common. All of it happens in one thread, that of
 * tool_relay_run().
 */

#pragma once

#include "tool/account/login.h"
#include "tool/account/run.h"
#include "tool/relay/link.h"
#include "tool/words/refusals.h"

#define TOOL_RELAY_MAX_SESSIONS 100 /* without --max-sessions */

typedef struct _ToolRelay ToolRelay;

typedef struct
{
  /* Logged in: takes what comes from now on, and says so. */
  gboolean (*start) (ToolRelay *relay, gpointer data, GError **error);
  /* A link has gone. (nullable) */
  void (*link_gone) (ToolRelay *relay, gpointer data);
  /* The client is online, again if it was away. (nullable) */
  void (*online) (ToolRelay *relay, gboolean was_away, gpointer data);
  /* Takes nothing more. */
  void (*stop) (ToolRelay *relay, gpointer data);
  guint session_timeout; /* s without anything that moves, and without --timeout; 0: none */
} ToolRelayFuncs;

/* The account and the data of one relay. */
typedef struct
{
  ToolLogin *login;
  gpointer   data;
} ToolRelayMember;

/* Call this from the function of tool_run (). All log in, or none is started. One that can log in
 * no more is reported, and the others go on; the error of the last one is that of the command. A
 * signal is a good end. max_sessions: of each; a line says so if there are fewer descriptors. */
gboolean tool_relay_run (ToolRun               *run,
                         const ToolRelayFuncs  *funcs,
                         const ToolRelayMember *members,
                         guint                  n_members,
                         guint                  max_sessions,
                         GError               **error);

const ToolOptions *tool_relay_get_options (ToolRelay *self);
gpointer           tool_relay_get_data (ToolRelay *self);
const char        *tool_relay_get_local_jid (ToolRelay *self);
IBBService        *tool_relay_get_service (ToolRelay *self);
ToolRefusals      *tool_relay_get_refusals (ToolRelay *self);
gboolean           tool_relay_is_online (ToolRelay *self);
guint              tool_relay_count_links (ToolRelay *self);
/* Whether there are descriptors for one more link. */
gboolean tool_relay_has_descriptors (ToolRelay *self);
/* Those with jid: an account with all its programs, or one program. (transfer container) */
GPtrArray *tool_relay_find_links (ToolRelay *self, const char *jid);
/* The link is on the way to a session with peer; sid is NULL if it is not known yet. */
ToolLink *tool_relay_add_link (ToolRelay *self, const char *peer, const char *sid);
void      tool_relay_hold (ToolRelay *self);
void      tool_relay_release (ToolRelay *self);
