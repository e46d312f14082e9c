/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A server and the connections of programs to it. Stanzas take some time; a connection may break,
 * at which both ends look later, and what was under way is lost. */

#pragma once

#include "turns.h"

#include <ibb-glib/ibb-glib.h>

#define WIRE_TYPE_CONNECTION (wire_connection_get_type ())
G_DECLARE_FINAL_TYPE (WireConnection, wire_connection, WIRE, CONNECTION, GObject)

/* (nullable): sees each stanza that a client has got. */
extern void (*wire_heard) (guint program, IBBStanza *stanza);
/* (nullable): sees each stanza that a client has sent, lost or not. */
extern void (*wire_said) (guint program, const char *xml);

void wire_start (gboolean verbose);
void wire_stop (void);
/* Logs in as the account of the program; resource (nullable): it stays offline. */
WireConnection *wire_connection_new (guint program, const char *resource);
const char     *wire_connection_get_jid (WireConnection *self);
gboolean        wire_connection_is_online (WireConnection *self);
/* The XML stream breaks. After some time both ends notice, and the client logs in again, with the
 * resource. resource NULL: it is offline for good, or tries to log in for ever. */
void wire_break (WireConnection *self, const char *resource);
/* The program is gone: nothing of it leaves any more. */
void wire_kill (WireConnection *self);
/* The XML stream stands still for some time, and nothing is lost (XEP-0198). */
void wire_suspend (WireConnection *self);
