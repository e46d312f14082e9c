/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whether, when and how often a refused block is sent again (D-25, D-26, D-30,
 * D-32).
 */

#pragma once

#include <glib.h>

#include "core/base/settings.h"
#include "core/send/flight.h"

typedef enum
{
  IBB_REACTION_RETRY,
  IBB_REACTION_RETRY_SMALLER, /* the stanza was too long (D-16) */
  IBB_REACTION_RETRY_EARLY,   /* the peer does not know the session yet (D-32) */
  IBB_REACTION_FINAL,
} IBBReaction;

typedef struct
{
  gint64   accepted;       /* when the session was, by us or by the peer (D-32) */
  gint64   at;             /* nothing is sent earlier; IBB_NEVER: not waiting */
  guint    n;              /* of the present trouble, reset by success */
  guint    n_early;        /* retries since the peer did not know the session yet (D-32) */
  guint    n_refusals;     /* D-30: how often blocks in flight were refused */
  gboolean one_block;      /* until the next acknowledgement (D-30) */
  gboolean one_block_ever; /* once set, holds for the rest of the session */
  gboolean acknowledged;   /* the first acknowledgement came */
  gsize    cap;            /* bytes in flight after a refusal; G_MAXSIZE: none */
  guint64  resumed;        /* limit of the bytes in flight after a resumption; G_MAXUINT64: none */
} IBBRetry;

void ibb_retry_init (IBBRetry *self);
/* Forgets the refusals, and keeps what is known of the peer. */
void ibb_retry_forget (IBBRetry *self);
/* length: bytes. */
void ibb_retry_acknowledged (IBBRetry *self, guint64 length);
/* The session goes on: no block is sent before at (IBB_NEVER: at once), and no more bytes are in
 * flight than have moved since the last resumption, until others are acknowledged. */
void ibb_retry_resume (IBBRetry *self, guint64 moved, gint64 at);
/* By condition, and by type where the condition alone does not decide (D-25). */
IBBReaction
ibb_retry_classify (const IBBRetry *self, const IBBBlock *block, gboolean is_initiator, gint64 now);
/* Sets the wait before the next attempt: the n-th, or one for a late opener. */
void ibb_retry_wait (IBBRetry *self, guint n, const IBBSettings *settings, gint64 now);
void ibb_retry_wait_early (IBBRetry *self, gint64 now);
/* The next attempt goes alone, after the wait. */
void ibb_retry_alone (IBBRetry *self, const IBBSettings *settings, gint64 now);
/* Notes a refusal while in_flight bytes in several blocks were in flight. */
void ibb_retry_limit (IBBRetry *self, gsize in_flight, guint block_size);
/* How many bytes may be in flight; 0: one block. may_hurry: several may be before the first
 * acknowledgement. */
gsize ibb_retry_get_window (const IBBRetry *self, gboolean may_hurry);
