/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads scripts of cases, for the engine, the client and streams:
 *
 *   # D-14: the block size is halved until the peer agrees, down to 256 bytes.
 *   case D-14/floor
 *     begin size=1024
 *     > open size=1024; < error resource-constraint modify
 *     > nothing; state ended
 *
 * A line holds statements with "; " between them; one that ends with "\" goes on in the next. The
 * first word of a statement is a macro or a word of the room, whose table says what it does.
 * "quotes" keep a word together. In rooms with names, "@NAME" is what the statement is about.
 *
 * {EXPRESSION} is a number: of digits, + - * / %, K and M, numbers of the room, what "note NAME
 * NUMBER" has kept, and i, j ... in "repeat N; ...; end", from the innermost loop outwards. {xN} is
 * that many letters.
 *
 * A case with a table runs once for each of its rows; {COLUMN} stands for a cell:
 *
 *   case D-36/{when}
 *     | when  | written
 *     | last  | 10
 *
 * "||" in a cell is a bar.
 *
 * "macro NAME" names statements; a call gives it arguments with " | " between them, for {1}, {2}
 * ... A macro with a name in capitals is a text, for which %NAME stands. */

#pragma once

#include <glib.h>

/* Lines as they are written. */
typedef struct
{
  char      *file;
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

typedef struct _ScriptWord ScriptWord;

/* A statement while it runs. */
typedef struct
{
  char            **words;
  const char      **starts;    /* of each of them, in the text */
  gboolean         *is_quoted; /* each of them */
  guint             n_words;
  guint             next;
  char             *given; /* (nullable): @NAME */
  const char       *at;    /* (nullable): its name, or that of the room */
  const ScriptWord *word;  /* that is called */
} Words;

typedef void (*ScriptFunc) (gpointer run, Words *words);
typedef void (*ScriptFunction) (void);

struct _ScriptWord
{
  const char    *name;
  ScriptFunc     call;
  ScriptFunction function; /* (nullable): what call calls in its turn */
};

#define SCRIPT_WORD(name, call)                                                                    \
  {                                                                                                \
    name, (ScriptFunc) call, NULL                                                                  \
  }

typedef struct
{
  const char
      *at; /* (nullable): what a statement without @NAME is about; NULL: there are no names */
  /* FALSE if the room has no such word. */
  gboolean (*call) (gpointer run, const char *name, Words *words);
  /* (nullable): FALSE if the room has no such number. */
  gboolean (*get_number) (gpointer run, const char *name, gint64 *number);
} ScriptRoom;

/* Runs the tests of the last file of the command line, each as /PREFIX/FILE/CASE. The data of run
 * is a ScriptCase. */
int  script_main (int argc, char **argv, const char *prefix, GTestDataFunc run);
void script_read (const char *path);
void script_add_tests (const char *prefix, const char *path, GTestDataFunc run);
/* (element-type ScriptPart) (transfer none): the cases of all files. */
GPtrArray *script_get_cases (void);
void       script_clear (void);
/* Runs a case in a room. */
void script_run (const ScriptCase *test, const ScriptRoom *room, gpointer run);
/* TRUE after a word of the table. */
gboolean
script_call (const ScriptWord *table, gsize n, gpointer run, const char *name, Words *words);
#define SCRIPT_CALL(table, run, name, words)                                                       \
  script_call (table, G_N_ELEMENTS (table), run, name, words)
/* From now on %NAME is value, in this case. (transfer full): both */
void script_define (char *name, char *value);
/* Ends the test, and says at which statement. */
void script_fail (const char *format, ...) G_GNUC_PRINTF (1, 2) G_GNUC_NORETURN;
/* Writes the statement that runs to the standard error. */
void script_print_place (void);

/* Words: next ones, (nullable) at the end. */
const char *words_take (Words *words); /* fails at the end */
const char *words_peek (const Words *words);
gboolean    words_take_if (Words *words, const char *word);
gint64      words_take_number (Words *words);
gboolean    words_take_switch (Words *words); /* on or off */
/* All that is left, as it is written. */
const char *words_take_rest (Words *words);
gint64      script_evaluate (const char *text);
guint       script_find (const char *const *names, guint n, const char *name);
/* The value after "name=" where word begins so, else NULL. */
const char *script_get_option (const char *word, const char *name);
