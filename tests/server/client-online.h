/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "../lib/script-reader.h"
#include "xmpp/ibb-xmpp-entity.h"

typedef struct _Online Online;

Online *online_new (IBBXmppEntity **client);
void    online_free (Online *self);
/* FALSE if there is no such word. */
gboolean online_call (Online *self, const char *name, Words *words);
