/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The words of a script of client-script.c for the application of a client. */

#pragma once

#include <ibb-glib/ibb-glib.h>
#include <ibb-glib/xmpp/ibb-xmpp.h>

#include "../lib/script-reader.h"

typedef struct _Application Application;

/* client: where the case has its client, and the application the last reference to it */
Application *application_new (IBBXmppEntity **client);
void         application_free (Application *self);
/* The application answers the questions of the client that the case has now. */
void application_attach (Application *self);
/* Drops what it has given to the client, which was the last to use that. */
void application_drop_objects (Application *self);
/* FALSE if there is no such word. */
gboolean application_call (Application *self, const char *name, Words *words);
