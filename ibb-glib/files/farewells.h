/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How this end has ended Jingle sessions whose bytes it had received. A sender that has lost this
 * with its connection asks again, and then the session is known nowhere else. */

#pragma once

#include <ibb-glib/ibb-glib.h>

typedef struct _IBBFarewells IBBFarewells;

IBBFarewells *ibb_farewells_new (void);
void          ibb_farewells_free (IBBFarewells *self);

/* payloads: (transfer full) (array zero-terminated=1): the last requests of the session sid. */
void ibb_farewells_add (IBBFarewells *self, const char *peer_jid, const char *sid, char **payloads);
/* NULL: nothing is known of such a session with the account of the peer. */
const char *const *ibb_farewells_find (IBBFarewells *self, const char *peer_jid, const char *sid);
