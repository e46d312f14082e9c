/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Interactive traffic that should not wait behind blocks: the messages of a person (D-56), and the
 * blocks of sessions that send little (D-50).
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The longest wait of interactive traffic, in microseconds. */
#define IBB_INTERACTIVE_WAIT (100 * 1000)

typedef struct
{
  gint64   at;         /* when the application last sent or received a stanza; 0: never */
  gint64   urgent_at;  /* when a session that sends little last had a block; 0: never */
  gboolean is_on;      /* as of the last update: a person is likely to write again soon */
  gboolean has_urgent; /* a session that sends little is likely to send again soon */
} IBBInteractive;

void ibb_interactive_note (IBBInteractive *self, gint64 now);
void ibb_interactive_note_urgent (IBBInteractive *self, gint64 now);
void ibb_interactive_update (IBBInteractive *self, gint64 now);

static inline gboolean
ibb_interactive_is_on (const IBBInteractive *self)
{
  return self->is_on;
}

static inline gboolean
ibb_interactive_has_urgent (const IBBInteractive *self)
{
  return self->has_urgent;
}

/* The length of a block that takes IBB_INTERACTIVE_WAIT at most. passing: bytes that pass in that
 * time. */
gsize ibb_interactive_get_block (double passing, gsize limit);

G_END_DECLS
