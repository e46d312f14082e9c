/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The pace of the messages to one peer, which are not acknowledged (N-31). A server stores messages
 * to a client that has gone. So questions to the peer leave between the messages. An answer shows
 * that all messages before the question have arrived.
 *
 * A block counts as 4096 bytes at least. So the server of a client whose connection broke has to
 * keep no more messages than blocks in IQs (D-65).
 */

#pragma once

#include <glib.h>

#include "core/base/timer.h"

/* The sums are bytes of blocks, as they count. */
typedef struct
{
  guint64 sent;
  guint64 asked;    /* sent before the last question */
  guint64 answered; /* sent before the last question that was answered */
  gint64  due;      /* of the next question; IBB_NEVER if nothing was sent since the last one */
  gsize   longest;  /* block since the last question ... */
  gsize   longest_asked; /* ... and before, if there was no answer */
} IBBPace;

void     ibb_pace_init (IBBPace *self);
gboolean ibb_pace_may_send (const IBBPace *self);
/* The size of the longest block that may not have arrived; 0 for none. */
gsize ibb_pace_get_longest (const IBBPace *self);
/* A block of that size was sent. */
void ibb_pace_sent (IBBPace *self, gsize size, gint64 now);
void ibb_pace_asked (IBBPace *self);
void ibb_pace_answered (IBBPace *self);
/* The connection refused the question, which is repeated at due. */
void ibb_pace_not_asked (IBBPace *self, gint64 due);
