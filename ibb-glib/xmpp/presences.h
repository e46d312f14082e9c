/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The resources that are online, by the presence that the server passes on. Any thread may call. */

#pragma once

#include <glib-object.h>

#include "core/base/stanza.h"

typedef struct _IBBPresences IBBPresences;

/* signal: of the client, for ibb_presences_tell (). */
IBBPresences *ibb_presences_new (guint signal);
void          ibb_presences_free (IBBPresences *self);

/* Returns TRUE if there is a change to tell. local_jid: of the connection, which is left out. */
gboolean ibb_presences_take (IBBPresences *self, const IBBStanza *stanza, const char *local_jid);
/* The XML stream is gone, and nobody is online. Likewise. */
gboolean ibb_presences_clear (IBBPresences *self);
/* The next change, with the full JID: (transfer full). FALSE: there is none. */
gboolean ibb_presences_take_change (IBBPresences *self, char **jid, gboolean *is_available);
/* Emits the signal for each change, in the context of the application. */
void ibb_presences_tell (IBBPresences *self, gpointer client);

/* The full JIDs of an account, the one of the highest priority first, of several the last one. */
char **ibb_presences_dup_resources (IBBPresences *self, const char *contact);
