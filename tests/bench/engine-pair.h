/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Two engines back to back: no server, no XML, no thread. */

#pragma once

#include "driver.h"

#define BLOCK 4096

typedef struct
{
  Driver       ends[2];
  gint64       now;
  guint        n_sessions;
  IBBSession **opened; /* the ends of the first engine and of the second */
  IBBSession **accepted;
  guint        n_accepted;
} EnginePair;

/* The first engine opens so many sessions, and the second one accepts them. */
void engine_pair_init (EnginePair *self, guint n_sessions);
void engine_pair_clear (EnginePair *self);
/* Passes stanzas on until no engine has anything to send. */
void engine_pair_exchange (EnginePair *self);
