/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime/uplink.h"

void
ibb_uplink_init (IBBUplink *self, IBBConnection *connection)
{
  *self = (IBBUplink){ .connection = connection != NULL ? g_object_ref (connection) : NULL };
  if (connection != NULL)
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
ibb_uplink_ask (const IBBUplink *self, IBBConnection *connection)
{
  int n_drained = g_atomic_int_get (&self->n_drained);

  return (IBBUplinkAnswer){ ibb_connection_is_congested (connection), n_drained };
}

/* An answer from before a call of ibb_connection_drained () is out of date. */
void
ibb_uplink_heed (IBBUplink *self, const IBBUplinkAnswer *answer)
{
  self->congested = answer->congested && answer->n_drained == g_atomic_int_get (&self->n_drained);
}

gboolean
ibb_uplink_drained (IBBUplink *self)
{
  gboolean was_congested = self->congested;

  g_atomic_int_inc (&self->n_drained);
  self->congested = FALSE;
  return was_congested;
}

void
ibb_uplink_set_lost (IBBUplink *self, const GError *error, gboolean is_returning)
{
  if (self->is_returning)
    g_clear_pointer (&self->lost_reason, g_free);
  self->is_returning = is_returning;
  if (self->lost_reason == NULL && error != NULL)
    self->lost_reason = g_strdup (error->message);
}

void
ibb_uplink_set_restored (IBBUplink *self)
{
  self->is_returning = FALSE;
  g_clear_pointer (&self->lost_reason, g_free);
}

void
ibb_uplink_set_refusal_reason (IBBUplink *self, const GError *error)
{
  g_free (self->refusal_reason);
  self->refusal_reason = g_strdup (error->message);
}

const char *
ibb_uplink_get_reason (const IBBUplink *self, const IBBFailure *failure)
{
  if (failure->kind == IBB_FAILURE_CONNECTION_LOST)
    return self->lost_reason;
  return failure->kind == IBB_FAILURE_SEND_FAILED ? self->refusal_reason : NULL;
}
