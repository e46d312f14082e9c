/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Looks for secrets in the memory of this process. */

#pragma once

#include <glib.h>

#define MEMORY_TEXT_MAX 512
/* A text of which each byte is changed by this is not found itself. */
#define MEMORY_MASK 0xa5

/* A text that stands nowhere as it is, and that is looked for in pieces: what is freed may
 * be overwritten in part, its first 16 bytes among others. */
typedef struct
{
  const char *name;
  guint8      bytes[MEMORY_TEXT_MAX]; /* changed by MEMORY_MASK */
  gsize       length;
  gsize       piece;
  guint       n_found; /* pieces, by the last search */
} MemoryText;

/* FALSE with sanitizers and valgrind, which have memory of their own. */
gboolean memory_can_search (void);
/* The bytes are changed by MEMORY_MASK. */
void memory_text_set (MemoryText *self, const char *name, const guint8 *bytes, gsize length);
/* The same, each byte of other as one of width bytes, and changed by key. */
void memory_text_set_as (
    MemoryText *self, const char *name, const MemoryText *other, gsize width, guint8 key);
/* Whether a piece of it is in there. */
gboolean memory_text_is_in (const MemoryText *self, const char *bytes, gsize length);
/* Searches all memory that can be read and written: heap, stacks and variables. Not the
 * registers. */
void memory_search (MemoryText *texts, guint n_texts);
