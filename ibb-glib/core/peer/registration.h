/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The membership of a session in the table of its engine, in the list of its pair, in the number of
 * sessions, and in the queue of changed sessions.
 */

#pragma once

#include <glib.h>

#include "core/peer/parameters.h"

/* Limit of resumable sessions with one account and sid, and likewise of ended ones. */
#define IBB_RESUMABLE_MAX 8

/* The names of the sessions of a connection: each service has an engine of its own, and a peer
 * could not tell apart the blocks of two sessions of one name (D-05). A key is valid until its name
 * is free again, or belongs to another key. */
struct _IBBNames
{
  gboolean (*take) (IBBNames *self, const IBBSessionKey *key); /* FALSE: a session has the name */
  /* to: the key that the name belongs to from now on; NULL: the name is free. */
  void (*hand_over) (IBBNames *self, const IBBSessionKey *from, const IBBSessionKey *to);
};

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

/* Finds the session with that key. NULL if a part of the key is NULL. */
gpointer ibb_registration_find (const IBBContext *context,
                                const char       *local,
                                const char       *peer,
                                const char       *sid);
/* Whether the session is the one that the stanza is for. */
typedef gboolean (*IBBPlaceFilter) (gpointer session, const IBBStanza *stanza);
/* Finds the resumable session with the sid of the stanza and any resource of the peer's account
 * that passes the filter. The filter is called IBB_RESUMABLE_MAX times at most. */
gpointer ibb_registration_find_resumable (const IBBContext *context,
                                          const char       *local,
                                          const char       *peer,
                                          const IBBStanza  *stanza,
                                          IBBPlaceFilter    filter);
void     ibb_registration_init (IBBRegistration *self, IBBParameters *parameters);
/* Makes the session resumable with that secret, unless IBB_RESUMABLE_MAX other sessions have its
 * sid and account. secret: (nullable): makes the session not resumable. */
void ibb_registration_set_secret (IBBRegistration *self, const char *secret);
/* Enters the session into the table, with a reference of the caller. FALSE if another session of
 * the connection has the name: then the caller keeps the reference. */
gboolean ibb_registration_enter (IBBRegistration *self);
/* Removes the session from the table, with its reference. */
void ibb_registration_leave (IBBRegistration *self);
/* Changes the addresses of the session: as they are written, and from ibb_jid_normalize (). NULL:
 * as before. FALSE if another session of the connection has the name. */
gboolean ibb_registration_move (IBBRegistration *self,
                                const char      *peer_jid,
                                const char      *peer,
                                const char      *local_jid,
                                const char      *local);
void     ibb_registration_uncount (IBBRegistration *self);
/* Queues the session as changed. Returns TRUE if the queue now owns the caller's reference. */
gboolean ibb_registration_note_change (IBBRegistration *self);
/* The next session in the queue. (transfer full) (nullable) */
static inline gpointer
ibb_registration_take_changed (IBBContext *context)
{
  GList           *link = g_queue_pop_head_link (&context->changed);
  IBBRegistration *self = link != NULL ? link->data : NULL;

  if (self == NULL)
    return NULL;

  self->is_changed = FALSE;
  return self->parameters->owner;
}
