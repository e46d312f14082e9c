/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A login of an account, from before it looks for the server until after the logout. */

#pragma once

#include "tool/account/account.h"
#include "tool/account/run.h"

typedef struct _ToolLogin ToolLogin;

/* options must outlive it. */
ToolLogin     *tool_login_new (ToolAccount *account, const ToolOptions *options, const char *jid);
void           tool_login_free (ToolLogin *self);
IBBXmppClient *tool_login_get_client (ToolLogin *self);

/* Once it has begun, it logs in again by itself when the connection is lost, until a session has
 * begun that is the only one (tool_session_open ()); before the login. */
void tool_login_set_stays (ToolLogin *self);
/* One of the services of a command: errors name --service, in place of --jid, as the option by
 * which the user gives another resource. */
void tool_login_set_service (ToolLogin *self);
/* Whether sessions can be opened; they may wait for the connection to be resumed. Any thread. */
gboolean tool_login_is_online (ToolLogin *self);
/* The client is online. was_away: an outage was reported before, which the first login does not
 * follow. */
typedef void (*ToolLoginOnline) (gboolean was_away, gpointer data);
/* Calls online in context each time that the client is online, also for a login before the watch.
 * In the thread of context, which iterates it and ends the watch with (NULL, NULL, NULL). */
void
tool_login_watch (ToolLogin *self, GMainContext *context, ToolLoginOnline online, gpointer data);

/* Not in the main thread. Returns the address that the server gave, NULL with an error. */
char *tool_login_begin (ToolLogin *self, ToolRun *run, GError **error);
/* If the connection was lost before, the error of the command, if there is one, becomes the
 * reason of that. */
void tool_login_end (ToolLogin *self, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolLogin, tool_login_free)
