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

IBBUplinkAnswer
ibb_uplink_ask (IBBUplink *self, IBBConnection *connection)
{
  int n_drained = g_atomic_int_get (&self->n_drained);

  return (IBBUplinkAnswer){ ibb_connection_is_congested (connection), n_drained };
}

void
ibb_uplink_heed_locked (IBBUplink *self, const IBBUplinkAnswer *answer)
{
  self->congested = answer->congested && answer->n_drained == g_atomic_int_get (&self->n_drained);
}

gboolean
ibb_uplink_drained_locked (IBBUplink *self)
{
  gboolean was_congested = self->congested;

  g_atomic_int_inc (&self->n_drained);
  self->congested = FALSE;
  return was_congested;
}
