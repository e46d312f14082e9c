/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The words of a script of client-script.c for what is around a client: DNS, time, chance and the
 * network. */

#pragma once

#include "../lib/script-reader.h"

typedef struct _Surroundings Surroundings;

Surroundings *surroundings_new (void);
/* Time goes on again. */
void surroundings_free (Surroundings *self);
/* FALSE if there is no such word. */
gboolean surroundings_call (Surroundings *self, const char *name, Words *words);
