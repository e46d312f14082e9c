/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/stream/prologue.h"

#include <string.h>

#define START "<?xml"
#define MAX_DECLARATION 256 /* bytes */

static gboolean
is_start (const IBBPrologue *self, guint8 byte)
{
  return self->n_bytes < strlen (START) ? byte == START[self->n_bytes] : g_ascii_isspace (byte);
}

static void
take_in_declaration (IBBPrologue *self, guint8 byte)
{
  self->is_over = self->has_mark && byte == '>';
  self->has_mark = byte == '?';
}

gboolean
ibb_prologue_skip (
    IBBPrologue *self, const guint8 **data, gsize *length, const char **held, gsize *n_held)
{
  const gsize n_before = self->n_bytes;

  *held = START;
  *n_held = 0;
  if (self->is_over)
    return TRUE;

  for (; *length > 0 && !self->is_over; *data += 1, *length -= 1, self->n_bytes++)
    {
      if (self->in_declaration)
        take_in_declaration (self, **data);
      else if (is_start (self, **data))
        self->in_declaration = self->n_bytes == strlen (START);
      else
        {
          *n_held = MIN (n_before, self->n_bytes);
          *data -= self->n_bytes - *n_held;
          *length += self->n_bytes - *n_held;
          self->is_over = TRUE;
          return self->n_bytes > 0;
        }
    }

  return self->n_bytes <= MAX_DECLARATION;
}
