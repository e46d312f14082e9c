/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A TCP connection with its session, or on the way to get one. It frees itself when it fails
 * or when both have ended. All of that happens in one thread.
 */

#pragma once

#include "tool/account/options.h"

typedef struct _ToolLink ToolLink;

/* Called once, before the link frees itself; error is NULL for a good end. */
typedef void (*ToolLinkEndedFunc) (ToolLink *link, const GError *error, gpointer data);

typedef void (*ToolLinkReadyFunc) (gboolean succeeded, gpointer data);

/* timeout: seconds without anything that moves, after which the session fails; 0: none. identity
 * (nullable): the session is encrypted; it outlives the link. */
ToolLink     *tool_link_new (const char        *peer,
                             const char        *sid,
                             const ToolOptions *options,
                             double             timeout,
                             IBBXmppIdentity   *identity,
                             ToolLinkEndedFunc  ended,
                             gpointer           data);
const char   *tool_link_get_peer (ToolLink *self);
const char   *tool_link_get_sid (ToolLink *self); /* (nullable): not known yet */
GCancellable *tool_link_get_cancellable (ToolLink *self);
/* Whether the peer opened a session that could not be encrypted with it. */
gboolean tool_link_is_refused (ToolLink *self);
/* The connection and the session are joined when both are there, in whatever order. */
void tool_link_set_connection (ToolLink *self, GSocketConnection *connection);
/* ready (nullable) is called once: the session is encrypted if it has to be, or that has failed. */
void tool_link_set_transport (ToolLink         *self,
                              IBBTransport     *transport,
                              ToolLinkReadyFunc ready,
                              gpointer          data);
/* The link ends later, in the callback of the operation that is in progress. */
void tool_link_cancel (ToolLink *self);
/* The same, for that reason: (transfer full). */
void tool_link_give_up (ToolLink *self, GError *reason);
/* Takes error. The other end of the connection gets an error, too. */
void tool_link_fail (ToolLink *self, GError *error);
