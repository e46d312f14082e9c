/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sessions that have ended in order. A peer that missed the end asks to resume the session, and
 * learns of the end. Once we have another address the peer cannot ask: it is told (D-58).
 */

#pragma once

#include <glib.h>

#include "core/base/stanza.h"
#include "core/peer/parameters.h"

typedef struct _IBBFinished IBBFinished;

/* The position of our end: bytes of the peer that arrived, and of these, those acknowledged. ended:
 * about when the session did; IBB_NEVER: while it waited for the connection or the peer. */
void ibb_finished_add (const IBBParameters *parameters,
                       guint64              received,
                       guint64              acknowledged,
                       gint64               ended);
void ibb_finished_forget_all (IBBContext *context);
/* Finds the ended session that a <resume/> is for, among the last with its sid: each one that is
 * looked at costs a proof. local, peer: normalised. (nullable) */
const IBBFinished *ibb_finished_find (IBBContext      *context,
                                      const IBBStanza *resume,
                                      const char      *local,
                                      const char      *peer);
void               ibb_finished_answer (const IBBFinished *self, const IBBStanza *resume);
/* The connection was lost, or there is one again, or it has another address. */
void ibb_finished_connection_changed (IBBContext *context);
/* The peer, or a server for it, answered what it was told. */
void ibb_finished_answered (IBBFinished *self, const IBBStanza *answer);
