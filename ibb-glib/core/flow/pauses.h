/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* When a search tries another size (D-55). Trials that are in vain become rarer. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* After so long the path may be another one. */
#define IBB_PAUSE_MAX (60 * G_USEC_PER_SEC)

typedef struct
{
  guint  n_before; /* measurements until the next trial */
  guint  pause;    /* and between those that are in vain */
  guint  n_trials;
  guint  next_longer;  /* of them, before which no longer block is tried */
  guint  longer_pause; /* trials between those of longer blocks, which are in vain */
  gint64 next_larger;  /* beside others no larger window is tried before */
} IBBPauses;

/* Another path: only what others notice is as before. */
void ibb_pauses_reset (IBBPauses *self);
/* Another size is kept: the next trial follows soon, or late. */
void ibb_pauses_begin (IBBPauses *self, gboolean is_soon);
/* A trial was better: the next one follows at once. */
void ibb_pauses_found (IBBPauses *self);
/* The next trial follows at once, whatever came of those before. */
void ibb_pauses_skip (IBBPauses *self);
/* A measurement is over. Returns whether a trial follows. */
gboolean ibb_pauses_step (IBBPauses *self);
void     ibb_pauses_note_trial (IBBPauses *self);
/* Whether it is time for longer blocks, and beside others for a larger window. */
gboolean ibb_pauses_may_lengthen (const IBBPauses *self);
gboolean ibb_pauses_may_enlarge (const IBBPauses *self, gint64 now);
/* A trial was in vain, of any kind, ... */
void ibb_pauses_in_vain (IBBPauses *self);
/* ... of longer blocks, and of a larger window that took so long. */
void ibb_pauses_longer_in_vain (IBBPauses *self);
void ibb_pauses_larger_in_vain (IBBPauses *self, gint64 time, gint64 now);

G_END_DECLS
