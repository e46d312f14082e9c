/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How a server limits what it reads from one connection. */

#pragma once

#include "cell.h"
#include "events.h"

typedef enum
{
  GATE_OPEN,
  GATE_PACED,   /* 8192 bytes a millisecond, where more than that wait */
  GATE_BUCKET,  /* as Prosody's module "limits" */
  GATE_PAUSING, /* as ejabberd's shaper */
} GateKind;

typedef struct
{
  GateKind kind;
  double   rate;
  double   tokens; /* bytes that may be read at once: GATE_BUCKET */
  gint64   updated;
  gint64   closed_until;
} Gate;

/* is_own: of our client's connection. */
void gate_init (Gate *self, const Cell *cell, gboolean is_own);
/* How many of the bytes that wait are read now. queued: those that were read and are
 * not processed yet. */
gsize  gate_read (Gate *self, gsize waiting, gsize queued, gint64 now);
gint64 gate_get_due (const Gate *self); /* when to try again, if not all was read */
