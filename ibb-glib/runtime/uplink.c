/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime/uplink.h"

void
ibb_uplink_init (IBBUplink *self, IBBConnection *connection)
{
  if (connection == NULL)
    return;

  self->connection = g_object_ref (connection);
  self->weak_connection = ibb_weak_new (connection);
}

void
ibb_uplink_clear (IBBUplink *self)
{
  g_assert (self->connection == NULL);
  g_clear_pointer (&self->weak_connection, ibb_weak_unref);
  g_free (self->lost_reason);
  g_free (self->refusal_reason);
}

gboolean
ibb_uplink_drained_locked (IBBUplink *self)
{
  gboolean was_congested = self->congested;

  g_atomic_int_inc (&self->n_drained);
  self->congested = FALSE;
  return was_congested;
}
