/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "loopback/port.h"

#include "runtime/weak.h"

/* A port is congested where more than this many bytes wait for the rate. */
#define CONGESTED 16384

struct _IBBPort
{
  gatomicrefcount ref_count;

  /* immutable after construction */
  char         *jid;            /* (owned) */
  GRefString   *normal_jid;     /* (owned) */
  GMainContext *signal_context; /* (owned) */
  IBBWeak      *connection;     /* (owned) */

  gboolean closed;
  gint64   busy_until; /* when the rate lets the next stanza go */
  gint64   last_due;   /* when the last stanza so far arrives */
  gsize    queued;     /* bytes that wait for the rate */
  gboolean congested;
};

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

const char *
ibb_port_get_jid (IBBPort *self)
{
  return self->jid;
}

GRefString *
ibb_port_get_normal_jid (IBBPort *self)
{
  return self->normal_jid;
}

GMainContext *
ibb_port_get_signal_context (IBBPort *self)
{
  return self->signal_context;
}

IBBConnection *
ibb_port_dup_connection (IBBPort *self)
{
  return ibb_weak_get (self->connection);
}

void
ibb_port_close (IBBPort *self)
{
  self->closed = TRUE;
}

gboolean
ibb_port_is_closed (IBBPort *self)
{
  return self->closed;
}

gint64
ibb_port_send (IBBPort *self, gsize size, guint64 rate, gint64 latency, gint64 now)
{
  gint64 leaves = now;

  if (rate > 0)
    {
      leaves = MAX (now, self->busy_until);
      leaves += MAX (1, (gint64) (size * G_USEC_PER_SEC / rate));
      self->busy_until = leaves;
      self->queued += size;
      self->congested = self->queued > CONGESTED;
    }
  /* In order, even if the latency has just been lowered. */
  self->last_due = MAX (leaves + latency, self->last_due);
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

gboolean
ibb_port_is_congested (IBBPort *self)
{
  return self->congested;
}
