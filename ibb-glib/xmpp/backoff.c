/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/backoff.h"

struct _IBBBackoff
{
  guint  bound;      /* ms: of the next wait */
  gint64 hurried_at; /* µs; G_MININT64: never */
};

IBBBackoff *
ibb_backoff_new (void)
{
  IBBBackoff *self = g_new0 (IBBBackoff, 1);

  self->bound = IBB_BACKOFF_MIN;
  self->hurried_at = G_MININT64;

  return self;
}

void
ibb_backoff_free (IBBBackoff *self)
{
  g_free (self);
}

guint
ibb_backoff_next (IBBBackoff *self)
{
  guint bound = self->bound;

  self->bound = MIN (bound * 2, IBB_BACKOFF_MAX);
  return (guint) g_random_int_range (0, (gint32) bound + 1);
}

void
ibb_backoff_reset (IBBBackoff *self)
{
  self->bound = IBB_BACKOFF_MIN;
}

void
ibb_backoff_exhaust (IBBBackoff *self)
{
  self->bound = IBB_BACKOFF_MAX;
}

void
ibb_backoff_note_stream (IBBBackoff *self, gint64 duration)
{
  if (duration >= (gint64) IBB_BACKOFF_MAX * 1000)
    ibb_backoff_reset (self);
}

gboolean
ibb_backoff_hurry (IBBBackoff *self, gint64 now)
{
  if (self->hurried_at != G_MININT64 && now - self->hurried_at < (gint64) IBB_BACKOFF_MAX * 1000)
    return FALSE;

  self->hurried_at = now;
  ibb_backoff_reset (self);
  return TRUE;
}
