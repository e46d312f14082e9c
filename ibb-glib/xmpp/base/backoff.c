/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/base/backoff.h"

struct _IBBBackoff
{
  guint  first;      /* ms */
  guint  last;       /* ms */
  guint  bound;      /* ms: of the next wait */
  gint64 hurried_at; /* µs; G_MININT64: never */
};

IBBBackoff *
ibb_backoff_new (guint first, guint last)
{
  IBBBackoff *self = g_new0 (IBBBackoff, 1);

  self->first = first;
  self->last = last;
  self->bound = first;
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

  self->bound = MIN (bound * 2, self->last);
  return (guint) g_random_int_range (0, (gint32) bound + 1);
}

void
ibb_backoff_reset (IBBBackoff *self)
{
  self->bound = self->first;
}

void
ibb_backoff_exhaust (IBBBackoff *self)
{
  self->bound = self->last;
}

gboolean
ibb_backoff_note_stream (IBBBackoff *self, gint64 duration, gint64 least)
{
  if (duration < least)
    return FALSE;

  ibb_backoff_reset (self);
  return TRUE;
}

gboolean
ibb_backoff_hurry (IBBBackoff *self, gint64 now)
{
  if (self->hurried_at != G_MININT64 && now - self->hurried_at < (gint64) self->last * 1000)
    return FALSE;

  self->hurried_at = now;
  ibb_backoff_reset (self);
  return TRUE;
}
