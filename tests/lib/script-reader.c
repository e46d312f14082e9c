/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "script-reader.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define MAX_ARGUMENTS 4
#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"

typedef struct
{
  guint line;
  char *text;
} Statement;

/* What was read. */
static GPtrArray  *parts;  /* (element-type ScriptPart): the cases */
static GHashTable *macros; /* (element-type utf8 ScriptPart) */
static GPtrArray  *cases;  /* (element-type ScriptCase) */

/* What runs. */
static struct
{
  const ScriptRoom *room;
  gpointer          run;
  const ScriptCase *test;
  GHashTable       *texts; /* (element-type utf8 utf8) */
  GHashTable       *notes; /* (element-type utf8 gint64) */
  gint64            counters[8];
  guint             depth;
  const ScriptPart *part;
  const Statement  *statement;
} current;

void
script_fail (const char *format, ...)
{
  va_list          arguments;
  g_autofree char *text = NULL;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_error ("%s:%u: \"%s\": %s", current.part->file, current.statement->line,
           current.statement->text, text);
}

void
script_print_place (void)
{
  char place[512];

  if (current.statement == NULL)
    return;
  g_snprintf (place, sizeof place, "%s:%u: \"%s\"\n", current.part->file, current.statement->line,
              current.statement->text);
  if (write (STDERR_FILENO, place, strlen (place)) < 0)
    _exit (2);
}

/* Of an assertion that failed in the code of a word. */
static void
abort_cb (int number)
{
  script_print_place ();
  signal (number, SIG_DFL);
  raise (number);
}

/* ---- files ---- */

static void
part_free (gpointer data)
{
  ScriptPart *self = data;

  g_free (self->file);
  g_free (self->name);
  g_string_free (self->body, TRUE);
  g_ptr_array_unref (self->rows);
  g_free (self);
}

static ScriptPart *
part_new (const char *path, const char *name, guint line)
{
  ScriptPart *self = g_new0 (ScriptPart, 1);

  self->file = g_strdup (path);
  self->name = g_strdup (name);
  self->line = line;
  self->body = g_string_new (NULL);
  self->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  return self;
}

static void
cut_comment (char *line)
{
  gboolean quoted = FALSE;

  for (char *p = line; *p != '\0'; p++)
    if (*p == '"')
      quoted = !quoted;
    else if (*p == '#' && !quoted && (p == line || g_ascii_isspace (p[-1])))
      *p = '\0';
  g_strchomp (line);
}

/* "| a | b || c" is { "a", "b | c" }. */
static GStrv
split_row (const char *line)
{
  g_autoptr (GString) text = g_string_new (line + 1);
  GStrv               cells;

  g_string_replace (text, " ||", "\1", 0);
  cells = g_strsplit (text->str, " |", -1);
  for (guint i = 0; cells[i] != NULL; i++)
    {
      g_autoptr (GString) cell = g_string_new (g_strstrip (cells[i]));

      g_string_replace (cell, "\1", " |", 0);
      g_free (cells[i]);
      cells[i] = g_strdup (cell->str);
    }
  return cells;
}

void
script_read (const char *path)
{
  g_autofree char   *contents = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv)     lines = NULL;
  ScriptPart        *part = NULL;

  if (parts == NULL)
    {
      parts = g_ptr_array_new_with_free_func (part_free);
      macros = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, part_free);
      cases = g_ptr_array_new_with_free_func (g_free);
    }
  if (!g_file_get_contents (path, &contents, NULL, &error))
    g_error ("%s", error->message);
  lines = g_strsplit (contents, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      char       *line = lines[i];
      const char *inner;

      cut_comment (line);
      inner = line + strspn (line, " ");
      if (g_str_has_prefix (line, "case ") || g_str_has_prefix (line, "macro "))
        {
          part = part_new (path, strchr (line, ' ') + 1, i + 1);
          if (line[0] == 'c')
            g_ptr_array_add (parts, part);
          else
            g_hash_table_insert (macros, part->name, part);
        }
      else if (part == NULL)
        g_assert_cmpstr (line, ==, "");
      else if (*inner == '|')
        {
          g_ptr_array_add (part->rows, split_row (inner));
          g_string_append_c (part->body, '\n');
        }
      else
        g_string_append_printf (part->body, "%s\n", inner);
    }
}

GPtrArray *
script_get_cases (void)
{
  return parts;
}

void
script_clear (void)
{
  g_clear_pointer (&cases, g_ptr_array_unref);
  g_clear_pointer (&parts, g_ptr_array_unref);
  g_clear_pointer (&macros, g_hash_table_unref);
}

static char *
substitute (const char *body, const char *const *names, const char *const *values)
{
  GString *text = g_string_new (body);

  for (guint i = 0; names[i] != NULL; i++)
    {
      g_autofree char *name = g_strdup_printf ("{%s}", names[i]);

      g_assert_nonnull (values[i]);
      g_string_replace (text, name, values[i], 0);
    }
  return g_string_free (text, FALSE);
}

static char *
substitute_row (const char *text, const ScriptPart *part, GStrv row)
{
  return row != NULL ? substitute (text, part->rows->pdata[0], (const char *const *) row)
                     : g_strdup (text);
}

static void
add_test (const char *prefix, const ScriptPart *part, GStrv row, GTestDataFunc run)
{
  ScriptCase      *test = g_new (ScriptCase, 1);
  g_autofree char *name = substitute_row (part->name, part, row);
  g_autofree char *path = g_strdup_printf ("%s/%s", prefix, name);

  *test = (ScriptCase){ part, row };
  g_ptr_array_add (cases, test);
  g_test_add_data_func (path, test, run);
}

void
script_add_tests (const char *prefix, const char *path, GTestDataFunc run)
{
  g_autofree char *file = g_path_get_basename (path);
  g_autofree char *start = NULL;

  *strrchr (file, '.') = '\0';
  start = g_strdup_printf ("/%s/%s", prefix, file);
  for (guint i = 0; i < parts->len; i++)
    {
      const ScriptPart *part = parts->pdata[i];

      if (!g_str_equal (part->file, path))
        continue;
      if (part->rows->len == 0)
        add_test (start, part, NULL, run);
      for (guint j = 1; j < part->rows->len; j++)
        add_test (start, part, part->rows->pdata[j], run);
    }
}

int
script_main (int argc, char **argv, const char *prefix, GTestDataFunc run)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  if (argc < 2)
    g_error ("usage: %s [MACROS.script] FILE.script", argv[0]);
  for (int i = 1; i < argc; i++)
    script_read (argv[i]);
  script_add_tests (prefix, argv[argc - 1], run);
  status = g_test_run ();
  script_clear ();
  return status;
}

/* ---- statements ---- */

static void
statement_free (gpointer data)
{
  Statement *self = data;

  g_free (self->text);
  g_free (self);
}

static void
add_statement (GPtrArray *statements, GString *text, guint line)
{
  Statement *self;

  g_strstrip (text->str);
  if (text->str[0] != '\0')
    {
      self = g_new (Statement, 1);
      self->line = line;
      self->text = g_strdup (text->str);
      g_ptr_array_add (statements, self);
    }
  g_string_truncate (text, 0);
}

/* (element-type Statement) */
static GPtrArray *
parse (const char *body, guint line)
{
  GPtrArray          *statements = g_ptr_array_new_with_free_func (statement_free);
  g_autoptr (GString) text = g_string_new (NULL);
  gboolean            quoted = FALSE;
  guint               begin = line;

  for (const char *p = body; *p != '\0'; p++)
    {
      quoted ^= *p == '"';
      line += *p == '\n';
      if (p[0] == '\\' && p[1] == '\n')
        {
          p++;
          line++;
        }
      else if (*p == '\n' || (*p == ';' && !quoted && g_ascii_isspace (p[1])))
        {
          add_statement (statements, text, begin);
          begin = line;
        }
      else
        g_string_append_c (text, *p);
    }
  return statements;
}

/* ---- expressions ---- */

static gint64 evaluate_sum (const char **text);

static gint64
evaluate_name (const char **text)
{
  gsize            length = strspn (*text, "abcdefghijklmnopqrstuvwxyz-");
  g_autofree char *name = g_strndup (*text, length);
  GStrv            names = current.test->row != NULL ? current.test->part->rows->pdata[0] : NULL;
  gint64          *noted = g_hash_table_lookup (current.notes, name);
  gint64           value;

  *text += length;
  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    if (g_str_equal (name, names[i]))
      return script_evaluate (current.test->row[i]);
  if (noted != NULL)
    return *noted;
  if (current.room->get_number == NULL || !current.room->get_number (current.run, name, &value))
    script_fail ("no number: %s", name);
  return value;
}

static gint64
evaluate_atom (const char **text)
{
  const char *begin = *text;
  gint64      value;

  if (**text == '-')
    {
      ++*text;
      return -evaluate_atom (text);
    }
  if (**text == '(')
    {
      ++*text;
      value = evaluate_sum (text);
      if (*(*text)++ != ')')
        script_fail ("no ) in %s", begin);
      return value;
    }
  if (g_ascii_isdigit (**text))
    {
      value = (gint64) g_ascii_strtoull (*text, (char **) text, 10);
      if (**text == 'K' || **text == 'M')
        value *= *(*text)++ == 'K' ? 1024 : 1024 * 1024;
      return value;
    }
  if (**text >= 'i' && (guint) (**text - 'i') < current.depth && !g_ascii_isalpha ((*text)[1]))
    return current.counters[current.depth - 1 - (guint) (*(*text)++ - 'i')];
  return evaluate_name (text);
}

static gint64
evaluate_product (const char **text)
{
  gint64 value = evaluate_atom (text);

  while (**text == '*' || **text == '/' || **text == '%')
    {
      char   operation = *(*text)++;
      gint64 other = evaluate_atom (text);

      value = operation == '*' ? value * other : operation == '/' ? value / other : value % other;
    }
  return value;
}

static gint64
evaluate_sum (const char **text)
{
  gint64 value = evaluate_product (text);

  while (**text == '+' || **text == '-')
    {
      gint64 sign = *(*text)++ == '+' ? 1 : -1;

      value += sign * evaluate_product (text);
    }
  return value;
}

gint64
script_evaluate (const char *text)
{
  const char *p = text;
  gint64      value = evaluate_sum (&p);

  if (*p != '\0')
    script_fail ("no number: %s", text);
  return value;
}

/* Puts numbers, and letters, in the place of {...}. */
static char *
expand_numbers (const char *text)
{
  GString *result;
  gboolean quoted = FALSE;

  if (strchr (text, '{') == NULL)
    return g_strdup (text);
  result = g_string_new (NULL);
  while (*text != '\0')
    {
      const char *end = *text == '{' && !quoted ? strchr (text, '}') : NULL;

      quoted ^= *text == '"';
      if (end != NULL)
        {
          g_autofree char *inner = g_strndup (text + 1, (gsize) (end - text) - 1);

          if (inner[0] == 'x' && (g_ascii_isdigit (inner[1]) || inner[1] == '('))
            {
              g_autofree char *fill = g_strnfill ((gsize) script_evaluate (inner + 1), 'x');

              g_string_append (result, fill);
            }
          else
            g_string_append_printf (result, "%" G_GINT64_FORMAT, script_evaluate (inner));
          text = end + 1;
        }
      else
        g_string_append_c (result, *text++);
    }
  return g_string_free (result, FALSE);
}

/* Puts texts in the place of %NAME. */
static char *
expand_texts (const char *text)
{
  GString *result;

  if (strchr (text, '%') == NULL)
    return g_strdup (text);
  result = g_string_new (NULL);
  while (*text != '\0')
    if (text[0] == '%' && g_ascii_isupper (text[1]))
      {
        gsize             length = strspn (text + 1, CAPITALS);
        g_autofree char  *name = g_strndup (text + 1, length);
        const char       *value = g_hash_table_lookup (current.texts, name);
        const ScriptPart *macro = g_hash_table_lookup (macros, name);

        text += 1 + length;
        if (value != NULL && macro != NULL)
          script_fail ("%s is a text and a macro", name);
        if (value != NULL)
          g_string_append (result, value);
        else if (macro != NULL)
          {
            g_auto (GStrv)   lines = g_strsplit (macro->body->str, "\n", -1);
            g_autofree char *joined = g_strjoinv (NULL, lines);
            g_autofree char *inner = expand_texts (joined);

            g_string_append (result, inner);
          }
        else
          script_fail ("no text %s", name);
      }
    else
      g_string_append_c (result, *text++);
  return g_string_free (result, FALSE);
}

void
script_define (char *name, char *value)
{
  if (current.texts == NULL)
    current.texts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_replace (current.texts, name, value);
}

/* ---- words ---- */

/* Cuts off the next word of *text, and says whether it had quotes. */
static char *
split_word (const char **text, gboolean *is_quoted)
{
  GString    *word = g_string_new (NULL);
  gboolean    quoted = FALSE;
  const char *p = *text;

  *is_quoted = FALSE;
  for (; *p != '\0' && (quoted || !g_ascii_isspace (*p)); p++)
    if (*p == '"')
      {
        *is_quoted = TRUE;
        quoted = !quoted;
      }
    else
      g_string_append_c (word, *p);
  *text = p + strspn (p, " ");
  return g_string_free (word, FALSE);
}

static void
words_init (Words *self, const char *text)
{
  gsize most = strlen (text) + 1;

  *self = (Words){ .at = current.room->at };
  for (const char *p = text; *p != '\0';)
    {
      const char *start = p;
      gboolean    is_quoted;
      char       *word = split_word (&p, &is_quoted);

      if (current.room->at != NULL && word[0] == '@' && !is_quoted)
        {
          g_free (self->given);
          self->given = word;
          self->at = word + 1;
          continue;
        }
      if (self->n_words % 16 == 0)
        {
          gsize n = MIN (most, self->n_words + 16);

          self->words = g_renew (char *, self->words, n);
          self->starts = g_renew (const char *, self->starts, n);
          self->is_quoted = g_renew (gboolean, self->is_quoted, n);
        }
      self->starts[self->n_words] = start;
      self->is_quoted[self->n_words] = is_quoted;
      self->words[self->n_words++] = word;
    }
}

static void
words_clear (Words *self)
{
  for (guint i = 0; i < self->n_words; i++)
    g_free (self->words[i]);
  g_free (self->words);
  g_free (self->given);
  g_free (self->starts);
  g_free (self->is_quoted);
}

const char *
words_peek (const Words *words)
{
  return words->next < words->n_words ? words->words[words->next] : NULL;
}

const char *
words_take (Words *words)
{
  if (words->next == words->n_words)
    script_fail ("a word is missing");
  return words->words[words->next++];
}

gboolean
words_take_if (Words *words, const char *word)
{
  if (g_strcmp0 (words_peek (words), word) != 0)
    return FALSE;
  words->next++;
  return TRUE;
}

gint64
words_take_number (Words *words)
{
  return script_evaluate (words_take (words));
}

gboolean
words_take_switch (Words *words)
{
  return script_find ((const char *const[]){ "off", "on" }, 2, words_take (words)) != 0;
}

const char *
words_take_rest (Words *words)
{
  const char *rest = words->next < words->n_words ? words->starts[words->next] : "";

  words->next = words->n_words;
  return rest;
}

guint
script_find (const char *const *names, guint n, const char *name)
{
  for (guint i = 0; i < n; i++)
    if (names[i] != NULL && g_str_equal (names[i], name))
      return i;
  script_fail ("unknown name %s", name);
}

const char *
script_get_option (const char *word, const char *name)
{
  gsize length = strlen (name);

  return g_str_has_prefix (word, name) && word[length] == '=' ? word + length + 1 : NULL;
}

/* ---- running ---- */

static void run_body (const ScriptPart *part, const char *body);

gboolean
script_call (const ScriptWord *table, gsize n, gpointer run, const char *name, Words *words)
{
  for (gsize i = 0; i < n; i++)
    if (g_str_equal (name, table[i].name))
      {
        words->word = &table[i];
        table[i].call (run, words);
        return TRUE;
      }
  return FALSE;
}

static void
note (Words *words)
{
  char   *name = g_strdup (words_take (words));
  gint64 *value = g_new (gint64, 1);

  *value = words_take_number (words);
  g_hash_table_replace (current.notes, name, value);
}

static void
run_macro (const ScriptPart *macro, const char *text)
{
  static const char *const names[] = { "1", "2", "3", "4", NULL };
  g_auto (GStrv)           given = g_strsplit (text, " | ", MAX_ARGUMENTS);
  const char              *values[MAX_ARGUMENTS] = { "", "", "", "" };
  g_autofree char         *body = NULL;

  for (guint i = 0; given[i] != NULL; i++)
    values[i] = given[i];
  body = substitute (macro->body->str, names, values);
  run_body (macro, body);
}

static void
run_statement (const ScriptPart *part, const Statement *statement)
{
  g_autofree char  *text = NULL;
  g_autofree char  *expanded = NULL;
  g_autofree char  *name = g_strndup (statement->text, strcspn (statement->text, " "));
  const ScriptPart *macro = g_hash_table_lookup (macros, name);
  Words             words;

  current.part = part;
  current.statement = statement;
  text = expand_numbers (statement->text);
  if (macro != NULL)
    {
      run_macro (macro, text + strlen (name) + strspn (text + strlen (name), " "));
      current.part = part;
      current.statement = statement;
      return;
    }
  expanded = expand_texts (text);
  words_init (&words, expanded);
  words_take (&words);
  if (g_str_equal (name, "note"))
    note (&words);
  else if (!current.room->call (current.run, words.words[0], &words))
    script_fail ("unknown word %s", words.words[0]);
  if (words.next < words.n_words)
    script_fail ("not understood: %s", words.words[words.next]);
  words_clear (&words);
}

static gboolean
is_loop (const Statement *statement)
{
  return g_str_has_prefix (statement->text, "repeat ");
}

static guint
find_end (GPtrArray *statements, guint begin)
{
  guint depth = 1;

  for (guint i = begin; i < statements->len; i++)
    {
      const Statement *statement = statements->pdata[i];

      depth += is_loop (statement);
      depth -= g_str_equal (statement->text, "end");
      if (depth == 0)
        return i;
    }
  script_fail ("no end");
}

static void
run_range (const ScriptPart *part, GPtrArray *statements, guint begin, guint end)
{
  for (guint i = begin; i < end; i++)
    {
      const Statement *statement = statements->pdata[i];

      if (is_loop (statement))
        {
          g_autofree char *times = NULL;
          guint            inner_end = find_end (statements, i + 1);
          gint64           n;

          current.part = part;
          current.statement = statement;
          times = expand_numbers (statement->text + strlen ("repeat "));
          n = script_evaluate (times);
          g_assert_cmpuint (current.depth, <, G_N_ELEMENTS (current.counters));
          current.depth++;
          for (gint64 j = 0; j < n; j++)
            {
              current.counters[current.depth - 1] = j;
              run_range (part, statements, i + 1, inner_end);
            }
          current.depth--;
          i = inner_end;
        }
      else
        run_statement (part, statement);
    }
}

static void
run_body (const ScriptPart *part, const char *body)
{
  g_autoptr (GPtrArray) statements = parse (body, part->line + 1);

  run_range (part, statements, 0, statements->len);
}

void
script_run (const ScriptCase *test, const ScriptRoom *room, gpointer run)
{
  g_autofree char *body = substitute_row (test->part->body->str, test->part, test->row);

  signal (SIGABRT, abort_cb);
  current.room = room;
  current.run = run;
  current.test = test;
  current.depth = 0;
  script_define (g_strdup ("VERSION"), g_strdup (PACKAGE_VERSION));
  current.notes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  run_body (test->part, body);
  current.statement = NULL;
  g_clear_pointer (&current.notes, g_hash_table_unref);
  g_clear_pointer (&current.texts, g_hash_table_unref);
}
