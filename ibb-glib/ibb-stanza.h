/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_GLIB_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/ibb-glib.h> can be included directly."
#endif

#include <gio/gio.h>

#include <ibb-glib/ibb-element.h>
#include <ibb-glib/ibb-types.h>
#include <ibb-glib/ibb-version.h>

G_BEGIN_DECLS

/**
 * IBBStanza:
 *
 * One XMPP stanza: an IQ, a message or a presence. Immutable.
 *
 * A connection of your own makes stanzas from the XML that it receives, and writes as XML
 * those that it sends. An application sends stanzas of its own through a client:
 *
 * ```c
 * static gboolean
 * say_hello (IBBXmppClient *client, const char *peer, GError **error)
 * {
 *   g_autofree char *xml = g_markup_printf_escaped (
 *       "<message to='%s' type='chat'><body>Hello</body></message>", peer);
 *   g_autoptr (IBBStanza) stanza = ibb_stanza_new_from_xml (xml, -1, error);
 *
 *   return stanza != NULL && ibb_connection_send (IBB_CONNECTION (client), stanza, error);
 * }
 * ```
 *
 * Since: 1.0
 */
typedef struct _IBBStanza IBBStanza;

#define IBB_TYPE_STANZA (ibb_stanza_get_type ())

IBB_AVAILABLE_IN_1_0
GType ibb_stanza_get_type (void);

IBB_AVAILABLE_IN_1_0
IBBStanza *ibb_stanza_new_from_xml (const char *xml, gssize length, GError **error);

IBB_AVAILABLE_IN_1_0
IBBStanza *ibb_stanza_ref (IBBStanza *self);

IBB_AVAILABLE_IN_1_0
void ibb_stanza_unref (IBBStanza *self);

IBB_AVAILABLE_IN_1_0
char *ibb_stanza_to_xml (IBBStanza *self);

IBB_AVAILABLE_IN_1_0
IBBElement *ibb_stanza_dup_element (IBBStanza *self);

IBB_AVAILABLE_IN_1_0
const char *ibb_stanza_get_name (IBBStanza *self);

IBB_AVAILABLE_IN_1_0
const char *ibb_stanza_get_kind (IBBStanza *self);

IBB_AVAILABLE_IN_1_0
const char *ibb_stanza_get_id (IBBStanza *self);

IBB_AVAILABLE_IN_1_0
const char *ibb_stanza_get_from (IBBStanza *self);

IBB_AVAILABLE_IN_1_0
const char *ibb_stanza_get_to (IBBStanza *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBStanza, ibb_stanza_unref)

G_END_DECLS
