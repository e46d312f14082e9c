/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The place of a session among the others of its engine: in the table, at its
 * peer, in the number of sessions, and in the queue of those that changed.
 */

#pragma once

#include <glib.h>

#include "core/peer/parameters.h"

G_BEGIN_DECLS

/* Sessions with one account and sid that can be resumed; and, apart from these, such that have
 * ended. */
#define IBB_RESUMABLE_MAX 8

typedef struct
{
  IBBParameters *parameters;
  GList          peer_link;
  GList          resumable_link;
  GQueue        *resumable; /* (unowned) (nullable): the one that has the link */
  GList          changed_link;
  gboolean       is_changed;
  gboolean       is_counted; /* shares the memory, and counts towards the limit (D-08) */
} IBBRegistration;

/* The session with that key; NULL also where a part of the key is. */
gpointer ibb_registration_find (const IBBContext *context,
                                const char       *local,
                                const char       *peer,
                                const char       *sid);
/* Whether the session is the one that the stanza is for. */
typedef gboolean (*IBBPlaceFilter) (gpointer session, const IBBStanza *stanza);
/* The resumable one of the stanza's sid that passes the filter, with any resource of the peer's
 * account. The filter sees IBB_RESUMABLE_MAX sessions at most. */
gpointer ibb_registration_find_resumable (const IBBContext *context,
                                          const char       *local,
                                          const char       *peer,
                                          const IBBStanza  *stanza,
                                          IBBPlaceFilter    filter);
void     ibb_registration_init (IBBRegistration *self, IBBParameters *parameters);
/* The session can be resumed with that secret, unless there are IBB_RESUMABLE_MAX others of its sid
 * with that account; secret: (nullable): it cannot. */
void ibb_registration_set_secret (IBBRegistration *self, const char *secret);
/* Whether another session has the same key. */
gboolean ibb_registration_is_taken (const IBBRegistration *self);
/* The table takes a reference to the session from the caller, ... */
void ibb_registration_enter (IBBRegistration *self);
/* ... and gives it up. */
void ibb_registration_leave (IBBRegistration *self);
/* normal: the peer's JID as ibb_jid_normalize () gives it. FALSE if another session
 * has that key. */
gboolean ibb_registration_rename_peer (IBBRegistration *self, const char *normal);
/* The same with the address as the peer writes it; FALSE likewise. */
gboolean ibb_registration_move_peer (IBBRegistration *self, const char *jid, const char *normal);
/* We have another resource. */
gboolean ibb_registration_move_local (IBBRegistration *self, const char *jid, const char *normal);
void     ibb_registration_uncount (IBBRegistration *self);
/* Queues the session as changed. Returns TRUE if the queue now owns the caller's reference. */
gboolean ibb_registration_note_change (IBBRegistration *self);
/* The next session in the queue. (transfer full) (nullable) */
gpointer ibb_registration_take_changed (IBBContext *context);

G_END_DECLS
