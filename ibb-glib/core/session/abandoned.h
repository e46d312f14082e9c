/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Our opens that were given up before the answer (D-15). A peer that accepts such an open gets
 * a <close/>.
 */

#pragma once

#include <glib.h>

#include "core/peer/context.h"
#include "core/peer/parameters.h"

typedef struct _IBBAbandonedOpen IBBAbandonedOpen;

/* id: of the open; (transfer full). */
void ibb_abandoned_add (IBBContext *context, const IBBParameters *parameters, char *id, gint64 now);
/* Sends a <close/> for each abandoned open, when the service stops. */
void ibb_abandoned_close_all (IBBContext *context);
/* The <close/> for a peer that has accepted an open that nobody wants any more. (transfer full) */
IBBStanza *ibb_abandoned_create_close (const IBBParameters *parameters);
void       ibb_abandoned_forget_all (IBBContext *context);

void ibb_abandoned_open_answered (IBBAbandonedOpen *self, const IBBStanza *answer);
void ibb_abandoned_open_forget (IBBAbandonedOpen *self);
