/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "loopback/port.h"

/* A port is congested where more than this many bytes wait for the rate. */
#define CONGESTED 16384

IBBPort *
ibb_port_new (IBBConnection *connection, const char *jid, const char *normal_jid)
{
  IBBPort *self = g_new0 (IBBPort, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->jid = g_strdup (jid);
  self->normal_jid = g_ref_string_new (normal_jid);
  self->signal_context = g_main_context_ref_thread_default ();
  self->connection = ibb_weak_new (connection);
  return self;
}

IBBPort *
ibb_port_ref (IBBPort *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
ibb_port_unref (IBBPort *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->jid);
  g_ref_string_release (self->normal_jid);
  g_main_context_unref (self->signal_context);
  ibb_weak_unref (self->connection);
  g_free (self);
}

gint64
ibb_port_send (IBBPort *self, gsize size, guint64 rate, gint64 now)
{
  gint64 leaves = now;

  if (rate > 0)
    {
      leaves = MAX (now, self->busy_until);
      leaves += MAX (1, (gint64) ((guint64) size * G_USEC_PER_SEC / rate));
      self->busy_until = leaves;
      self->queued += size;
      self->congested = self->queued > CONGESTED;
    }
  /* In order, even if the limit has just been lifted. */
  self->last_due = MAX (leaves, self->last_due);
  return self->last_due;
}

gboolean
ibb_port_sent (IBBPort *self, gsize size)
{
  self->queued -= MIN (size, self->queued);
  if (!self->congested || self->queued > CONGESTED / 2)
    return FALSE;
  self->congested = FALSE;
  return TRUE;
}
