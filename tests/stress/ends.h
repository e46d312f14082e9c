/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The ends as the run sees them. */

#pragma once

#include "stress.h"

void     ends_init (void);
void     ends_print (void);
void     ends_drop_all (void);
gboolean ends_are_gone (void);
void     ends_clear (void);
