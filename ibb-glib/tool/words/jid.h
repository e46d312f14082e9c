/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Addresses as people type them. */

#pragma once

#include <ibb-glib/ibb-glib.h>
#include <ibb-glib/xmpp/ibb-xmpp.h>

char    *tool_jid_dup_bare (const char *jid);
char    *tool_jid_dup_domain (const char *jid);
char    *tool_jid_with_resource (const char *jid);
char    *tool_jid_explain_absence (IBBXmppClient *client, const char *peer);
GError  *tool_jid_explain_answer (IBBConnection *connection, const char *peer, GError *error);
gboolean tool_jid_is_valid (const char *jid);
/* Whether an address of a peer is most likely a name whose domain was forgotten. A host of one
 * word, which takes sessions itself, can be written with a dot at its end. */
gboolean tool_jid_lacks_domain (const char *jid);
