/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files of cases and macros, as tests/unit/script.c and tests/server/client-script.c explain. */

#pragma once

#include <glib.h>

/* Lines as they are written. */
typedef struct
{
  char      *name;
  guint      line;
  GString   *body;
  GPtrArray *rows; /* (element-type GStrv): the first holds the names */
} ScriptPart;

/* One row of a case, or a case without a table. */
typedef struct
{
  const ScriptPart *part;
  GStrv             row; /* (unowned) (nullable) */
} ScriptCase;

typedef struct
{
  GPtrArray  *parts;  /* (element-type ScriptPart): the cases */
  GHashTable *macros; /* (element-type utf8 ScriptPart) */
  GPtrArray  *cases;  /* (element-type ScriptCase) */
} ScriptFile;

void script_file_init (ScriptFile *self);
/* Adds the parts of a file. */
void script_file_read (ScriptFile *self, const char *path);
void script_file_clear (ScriptFile *self);
/* Adds a test for each case, with the name /PREFIX/FILE/CASE. The data of run is a ScriptCase. */
void
script_file_add_tests (ScriptFile *self, const char *prefix, const char *path, GTestDataFunc run);

/* The body with the cells of its row in it. */
char *script_case_dup_body (const ScriptCase *self);
GStrv script_case_get_names (const ScriptCase *self); /* (nullable): of the columns */
/* The body with arguments in place of {1}, {2} ... */
char *script_part_dup_body (const ScriptPart *self, GStrv arguments);

/* Cuts off the first word of *text, and the spaces behind it. */
char *script_take_word (const char **text);
guint script_take_number (const char **text);
