/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/session/turn.h"

#include <string.h>

struct _IBBTurn
{
  GPtrArray   *turns;    /* (owned) (element-type IBBTurn) */
  IBBIdentity *identity; /* (unowned) */
  const char  *peer_jid; /* (unowned) */
  IBBTurnFunc  func;
  gpointer     data;
  gboolean     is_waiting;
};

static gboolean
is_with_account_of (IBBTurn *self, IBBTurn *other)
{
  gsize length = strcspn (self->peer_jid, "/");

  return other->identity == self->identity && length == strcspn (other->peer_jid, "/") &&
         memcmp (self->peer_jid, other->peer_jid, length) == 0;
}

IBBTurn *
ibb_turn_new (
    GPtrArray *turns, IBBIdentity *identity, const char *peer_jid, IBBTurnFunc func, gpointer data)
{
  IBBTurn *self = g_new0 (IBBTurn, 1);

  self->turns = g_ptr_array_ref (turns);
  self->identity = identity;
  self->peer_jid = peer_jid;
  self->func = func;
  self->data = data;
  for (guint i = 0; i < turns->len && !self->is_waiting; i++)
    self->is_waiting = is_with_account_of (self, g_ptr_array_index (turns, i));
  g_ptr_array_add (turns, self);
  return self;
}

void
ibb_turn_free (IBBTurn *self)
{
  g_ptr_array_unref (self->turns);
  g_free (self);
}

gboolean
ibb_turn_is_waiting (IBBTurn *self)
{
  return self != NULL && self->is_waiting;
}

/* The first one that waits for this one, or for its program. Returns (nullable). */
static IBBTurn *
find_waiting (IBBTurn *self, gboolean is_with_program)
{
  for (guint i = 0; i < self->turns->len; i++)
    {
      IBBTurn *other = g_ptr_array_index (self->turns, i);

      if (other->is_waiting && is_with_account_of (self, other) &&
          (!is_with_program || g_str_equal (other->peer_jid, self->peer_jid)))
        return other;
    }
  return NULL;
}

void
ibb_turn_end (IBBTurn *self, const GError *error)
{
  IBBTurn *next;

  if (self == NULL || !g_ptr_array_remove (self->turns, self) || self->is_waiting)
    return;
  while (error != NULL && (next = find_waiting (self, TRUE)) != NULL)
    {
      g_ptr_array_remove (self->turns, next);
      next->func (next->data, error);
    }
  next = find_waiting (self, FALSE);
  if (next != NULL)
    {
      next->is_waiting = FALSE;
      next->func (next->data, NULL);
    }
}
