/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sessions that have ended in order. A peer that missed the end asks to resume the session, and
 * learns of the end (D-58).
 */

#pragma once

#include <glib.h>

#include "core/base/proof.h"
#include "core/base/stanza.h"
#include "core/peer/parameters.h"

IBBFinished *ibb_finished_new (IBBContext *context);
void         ibb_finished_free (IBBFinished *self);
/* position: of our end. */
void
ibb_finished_add (IBBFinished *self, const IBBParameters *parameters, const IBBPosition *position);
/* Answers a <resume/> for an ended session. local, peer: normalised. FALSE if there is none. */
gboolean ibb_finished_answer (IBBFinished     *self,
                              const IBBStanza *resume,
                              const char      *local,
                              const char      *peer);
