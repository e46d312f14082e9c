/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Our opens that were given up before their answer (D-15). A peer that accepts one gets a <close/>.
 */

#pragma once

#include <glib.h>

#include "core/peer/context.h"
#include "core/peer/parameters.h"

G_BEGIN_DECLS

struct _IBBAbandoned
{
  IBBContext *context; /* (unowned) */
  GQueue      opens;   /* (element-type IBBAbandonedOpen): owned, oldest first */
  IBBTimer    timer;
};

typedef struct _IBBAbandonedOpen IBBAbandonedOpen;

IBBAbandoned *ibb_abandoned_new (IBBContext *context);
void          ibb_abandoned_free (IBBAbandoned *self);
/* id: of the open; (transfer full). */
void ibb_abandoned_add (IBBAbandoned *self, const IBBParameters *parameters, char *id, gint64 now);
/* Sends a <close/> for each of them now, when the service stops. */
void ibb_abandoned_close_all (IBBAbandoned *self);
void ibb_abandoned_forget_all (IBBAbandoned *self);

void ibb_abandoned_open_answered (IBBAbandonedOpen *self, const IBBStanza *answer);
void ibb_abandoned_open_forget (IBBAbandonedOpen *self);

G_END_DECLS
