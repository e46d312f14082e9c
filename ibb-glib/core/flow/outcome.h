/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A size, and what it has carried. */

#pragma once

#include "core/flow/size.h"

G_BEGIN_DECLS

typedef struct
{
  IBBSize size;
  double  rate;      /* bytes a microsecond; 0: not known */
  double  trip;      /* mean round trip, microseconds; 0: not known */
  double  in_flight; /* mean, bytes */
} IBBOutcome;

G_END_DECLS
