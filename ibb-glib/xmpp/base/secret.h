/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

/* Overwrites a text (nullable) of g_malloc () before it frees it, so that a password does
 * not stay in memory that is used again or dumped. */
void ibb_secret_free (char *text);
/* Overwrites the stack below the caller, where functions that have returned had their
 * variables. */
void ibb_secret_clear_stack (void);
