/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The memory of ended transfers, for stanzas that their senders may still send.
 *
 * The farewells have how this end ended each Jingle session whose bytes it had received: a sender
 * that lost the answer with its connection asks again. They also have the accepted in-band sessions
 * that a sender may have opened before it heard of the end: no other service may take these. */

#pragma once

#include <ibb-glib/ibb-glib.h>

typedef struct _IBBFarewells IBBFarewells;

IBBFarewells *ibb_farewells_new (void);
void          ibb_farewells_free (IBBFarewells *self);

/* payloads: (transfer full) (array zero-terminated=1): the last requests of the session sid. */
void ibb_farewells_add (IBBFarewells *self, const char *peer_jid, const char *sid, char **payloads);
/* NULL: nothing is known of such a session with the account of the peer. */
const char *const *ibb_farewells_find (IBBFarewells *self, const char *peer_jid, const char *sid);

/* Aborts the session if the peer opens it within a minute. */
void ibb_farewells_guard (IBBFarewells     *self,
                          IBBService       *sessions,
                          const char       *peer_jid,
                          IBBSessionParams *params);
/* The peer and the sid are those of another transfer now. */
void ibb_farewells_unguard (IBBFarewells *self, const char *peer_jid, const char *sid);
