/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Random numbers of the operating system: for identifiers and nonces that nobody can
 * guess (D-33). */

#pragma once

#include <glib.h>

void ibb_random_fill (guint8 *bytes, gsize length);

/* A supply of random bytes, for callers that often need a few: a system call fetches many.
 * Initialised with zeros; the caller serialises. */
typedef struct
{
  guint8 bytes[256];
  guint  n_left;
} IBBRandom;

void ibb_random_take (IBBRandom *self, guint8 *bytes, gsize length);
