/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/peer/stanza-limit.h"

void
ibb_stanza_limit_clear (IBBStanzaLimit *self)
{
  g_clear_pointer (&self->server, g_free);
}

gsize
ibb_stanza_limit_get (const IBBStanzaLimit *self)
{
  if (self->named == 0 || self->learnt == 0)
    return MAX (self->named, self->learnt);
  return MIN (self->named, self->learnt);
}

void
ibb_stanza_limit_set_server (IBBStanzaLimit *self, const char *server)
{
  if (g_strcmp0 (server, self->server) == 0)
    return;

  g_free (self->server);
  self->server = g_strdup (server);
  ibb_stanza_limit_forget (self);
}

/* The length may be the reason although a longer stanza has passed before (quirks.h). */
gboolean
ibb_stanza_limit_note_violation (IBBStanzaLimit *self, gsize longest)
{
  if (longest > 0)
    self->learnt = longest / 2;
  return longest > 0;
}

void
ibb_stanza_limit_forget (IBBStanzaLimit *self)
{
  self->learnt = 0;
}
