/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What else goes over the connection, and should not have to wait behind blocks: messages that a
 * person writes and reads (D-56), and the blocks of sessions that send little (D-50).
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How long something else may wait, in microseconds. */
#define IBB_INTERACTIVE_WAIT (100 * 1000)

typedef struct
{
  gint64   at;         /* when the application last sent or received a stanza; 0: never */
  gint64   urgent_at;  /* when a session that sends little last had a block; 0: never */
  gboolean is_on;      /* as of the last update: a person is likely to write again soon */
  gboolean has_urgent; /* so is a session that sends little */
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

/* The length of a block that nothing waits behind for longer. passing: the bytes that pass in
 * IBB_INTERACTIVE_WAIT. */
gsize ibb_interactive_get_block (double passing, gsize limit);

G_END_DECLS
