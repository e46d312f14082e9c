/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The silence of the peer while a session awaits a reply: when the peer is asked
 * whether it is there, and what follows if it is (D-27).
 */

#pragma once

#include <glib.h>

#include "core/peer/parameters.h"

G_BEGIN_DECLS

/* What the owner of the session has to do. */
typedef enum
{
  IBB_SILENCE_GOES_ON,
  IBB_SILENCE_REPEAT, /* what awaits the reply: the reply was lost, or it is delayed */
  IBB_SILENCE_GONE,   /* the peer counts as gone */
} IBBSilenceVerdict;

typedef struct
{
  const IBBParameters *parameters;
  gint64               since;
} IBBSilence;

void ibb_silence_init (IBBSilence *self, const IBBParameters *parameters);
/* A reply is awaited since now. */
void ibb_silence_begin (IBBSilence *self, gint64 now);
/* Any sign of life: the silence before is over. */
void ibb_silence_heard (IBBSilence *self, gint64 now);
void ibb_silence_heard_answer (IBBSilence *self, const IBBStanza *answer, gint64 now);
/* Whether the session has heard nothing for so long that its peer is asked. */
gboolean ibb_silence_is_long (const IBBSilence *self, gint64 now);
/* When to ask the peer whether it is there. */
gint64 ibb_silence_get_due (const IBBSilence *self);
void   ibb_silence_timeout (IBBSilence *self, gint64 now);
/* The peer has answered that it is there, and still owes the reply. */
IBBSilenceVerdict ibb_silence_conclude (IBBSilence *self, gint64 now);

G_END_DECLS
