/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The turns of private sessions that this end opens to one account, each until it is encrypted: the
 * user may be asked about the key, and the identity lets few sessions wait for the answer. */

#pragma once

#include <ibb-glib/ibb-glib.h>

typedef struct _IBBTurn IBBTurn;

/* The turn has come. error (nullable): the session before, with the same program, could not be
 * encrypted, and neither can this one. */
typedef void (*IBBTurnFunc) (gpointer data, const GError *error);

/* turns: (element-type IBBTurn): those of a service that have not ended; identity and peer_jid stay
 * until the turn is freed. func is called once at most, and not if there is no need to wait. */
IBBTurn *ibb_turn_new (
    GPtrArray *turns, IBBIdentity *identity, const char *peer_jid, IBBTurnFunc func, gpointer data);
void ibb_turn_free (IBBTurn *self);
/* self, here and below: (nullable): a session that needs no turn. */
gboolean ibb_turn_is_waiting (IBBTurn *self);
/* The session is encrypted, or over: the next one has its turn. error (nullable): why it could not
 * be encrypted. Only the first call counts. */
void ibb_turn_end (IBBTurn *self, const GError *error);
