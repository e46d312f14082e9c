/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What peers ask for: each stanza goes to its session, or opens or resumes one, or is answered
 * with an error.
 */

#pragma once

#include <glib.h>

#include "core/base/stanza.h"
#include "core/peer/context.h"
#include "core/session/acceptor.h"

/* A request, or a message. local, peer (nullable): the addresses, normalised. FALSE: the stanza is
 * left to others, as it does not concern the service as much as least. */
gboolean ibb_incoming_receive (IBBAcceptor *self,
                               IBBStanza   *stanza,
                               const char  *local,
                               const char  *peer,
                               IBBClaim     least,
                               gint64       now);
