/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs a script of cases:
 *
 *   # D-14: the block size is halved until the peer agrees, down to 256 bytes.
 *   case D-14/floor
 *     begin size=1024
 *     > open size=1024; < error resource-constraint modify
 *     > open size=512;  < error resource-constraint modify
 *     > open size=256;  < error resource-constraint modify
 *     > nothing; state ended; empty
 *
 * A line holds statements with ";" between them. "<" is what the engine gets,
 * "> ..." what it has to send next (script-stanzas.c); other words are calls
 * (script-calls.c) or checks (script-checks.c). "@NAME" names the session that a
 * statement is about, "s" if there is none; "$NAME" a stanza that was sent.
 * {EXPRESSION} is a number: of digits, + - * / %, K and M, checks that are numbers,
 * what "note NAME NUMBER" has kept, and i, j ... in "repeat N; ...; end", from the
 * innermost loop outwards. {xN} is that many letters.
 *
 * A case with a table runs once for each of its rows; {COLUMN} stands for a cell:
 *
 *   case D-36/{when}
 *     | when  | written
 *     | last  | 10
 *
 * "macro NAME" instead of "case" names statements; {1}, {2} ... are its arguments. */

#include "config.h"

#include "script-file.h"
#include "script.h"

#include <stdarg.h>
#include <string.h>

typedef struct
{
  char    **words;
  gboolean *is_quoted;
  guint     n_words;
  guint     line;
  char     *text;
} Statement;

static ScriptFile file;

/* The place of a failure. */
static struct
{
  const char      *file;
  const Statement *statement;
  gint64           counters[8];
  guint            depth;
  char           **names; /* (nullable): of the table */
  char           **row;   /* (nullable) */
} current;

void
script_fail (Script *self, const char *format, ...)
{
  va_list          arguments;
  g_autofree char *text = NULL;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_error ("%s:%u: \"%s\": %s", current.file, current.statement->line, current.statement->text,
           text);
}

/* ---- reading ---- */

static void
statement_free (gpointer data)
{
  Statement *self = data;

  g_strfreev (self->words);
  g_free (self->is_quoted);
  g_free (self->text);
  g_free (self);
}

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

static Statement *
new_statement (const char *text, guint line)
{
  Statement *self = g_new0 (Statement, 1);
  GPtrArray *words = g_ptr_array_new ();
  GArray    *is_quoted = g_array_new (FALSE, FALSE, sizeof (gboolean));

  self->line = line;
  self->text = g_strdup (text);
  for (const char *p = text; *p != '\0';)
    {
      gboolean quoted;

      g_ptr_array_add (words, split_word (&p, &quoted));
      g_array_append_val (is_quoted, quoted);
    }
  self->n_words = words->len;
  g_ptr_array_add (words, NULL);
  self->words = (char **) g_ptr_array_free (words, FALSE);
  self->is_quoted = (gboolean *) (gpointer) g_array_free (is_quoted, FALSE);
  return self;
}

static GPtrArray *
parse (const char *body, guint line)
{
  GPtrArray *statements = g_ptr_array_new_with_free_func (statement_free);
  GString   *text = g_string_new (NULL);
  gboolean   quoted = FALSE;

  for (const char *p = body; *p != '\0'; p++)
    {
      quoted ^= *p == '"';
      if (*p != '\n' && (*p != ';' || quoted))
        {
          g_string_append_c (text, *p);
          continue;
        }
      g_strstrip (text->str);
      if (text->str[0] != '\0')
        g_ptr_array_add (statements, new_statement (text->str, line));
      g_string_truncate (text, 0);
      line += *p == '\n';
    }
  g_string_free (text, TRUE);
  return statements;
}

/* ---- expressions ---- */

static gint64 evaluate_sum (Script *self, const char **text);

static gint64
evaluate_atom (Script *self, const char **text)
{
  const char *begin = *text;
  gint64      value;

  if (**text == '-')
    {
      ++*text;
      return -evaluate_atom (self, text);
    }
  if (**text == '(')
    {
      ++*text;
      value = evaluate_sum (self, text);
      if (*(*text)++ != ')')
        script_fail (self, "no ) in %s", begin);
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

  {
    gsize            length = strspn (begin, "abcdefghijklmnopqrstuvwxyz-");
    g_autofree char *name = g_strndup (begin, length);

    *text += length;
    for (guint i = 0; current.names != NULL && current.names[i] != NULL; i++)
      if (g_str_equal (name, current.names[i]))
        return script_evaluate (self, current.row[i]);
    if (g_hash_table_contains (self->notes, name))
      return *(gint64 *) g_hash_table_lookup (self->notes, name);
    if (!script_get_value (self, g_hash_table_lookup (self->sessions, "s"), name, &value))
      script_fail (self, "no number: %s", begin);
    return value;
  }
}

static gint64
evaluate_product (Script *self, const char **text)
{
  gint64 value = evaluate_atom (self, text);

  while (**text == '*' || **text == '/' || **text == '%')
    {
      char   operation = *(*text)++;
      gint64 other = evaluate_atom (self, text);

      value = operation == '*' ? value * other : operation == '/' ? value / other : value % other;
    }
  return value;
}

static gint64
evaluate_sum (Script *self, const char **text)
{
  gint64 value = evaluate_product (self, text);

  while (**text == '+' || **text == '-')
    {
      gint64 sign = *(*text)++ == '+' ? 1 : -1;

      value += sign * evaluate_product (self, text);
    }
  return value;
}

gint64
script_evaluate (Script *self, const char *text)
{
  const char *p = text;
  gint64      value = evaluate_sum (self, &p);

  if (*p != '\0')
    script_fail (self, "no number: %s", text);
  return value;
}

static void
append_fill (GString *text, gint64 n)
{
  for (; n > 0; n--)
    g_string_append_c (text, 'x');
}

static char *
expand_word (Script *self, const char *word)
{
  GString *text = g_string_new (NULL);

  while (*word != '\0')
    {
      const char *end = *word == '{' ? strchr (word, '}') : NULL;

      if (end != NULL)
        {
          g_autofree char *inner = g_strndup (word + 1, (gsize) (end - word) - 1);

          if (inner[0] == 'x' && (g_ascii_isdigit (inner[1]) || inner[1] == '('))
            append_fill (text, script_evaluate (self, inner + 1));
          else
            g_string_append_printf (text, "%" G_GINT64_FORMAT, script_evaluate (self, inner));
          word = end + 1;
        }
      else
        g_string_append_c (text, *word++);
    }
  return g_string_free (text, FALSE);
}

/* ---- running ---- */

static void run_body (Script *self, const char *body, guint line);

static void
run_macro (Script *self, const ScriptPart *macro, Words *words)
{
  g_auto (GStrv)   values = g_new0 (char *, 5);
  g_autofree char *body = NULL;

  for (guint i = 0; i < 4; i++)
    values[i] = g_strdup (words->next < words->n_words ? words->words[words->next++] : "");
  body = script_part_dup_body (macro, values);
  run_body (self, body, macro->line);
}

static void
run_statement (Script *self, const Statement *statement)
{
  g_auto (GStrv)       words = g_new0 (char *, statement->n_words + 1);
  g_autofree gboolean *is_quoted = g_new0 (gboolean, statement->n_words);
  g_autofree char     *at = NULL;
  Words                self_words = { words, is_quoted, 0, 1, NULL };
  const ScriptPart    *macro;

  current.statement = statement;
  for (guint i = 0; i < statement->n_words; i++)
    {
      char *word = statement->is_quoted[i] ? g_strdup (statement->words[i])
                                           : expand_word (self, statement->words[i]);

      if (word[0] == '@' && !statement->is_quoted[i])
        {
          g_free (at);
          at = g_strdup (word + 1);
          g_free (word);
          continue;
        }
      is_quoted[self_words.n_words] = statement->is_quoted[i];
      words[self_words.n_words++] = word;
    }
  self_words.at = at != NULL ? at : "s";

  if (g_str_equal (words[0], "<"))
    script_receive (self, &self_words);
  else if (g_str_equal (words[0], ">"))
    script_expect (self, &self_words);
  else if ((macro = g_hash_table_lookup (file.macros, words[0])) != NULL)
    run_macro (self, macro, &self_words);
  else if (!script_call (self, words[0], &self_words) &&
           !script_check (self, words[0], &self_words))
    script_fail (self, "unknown word %s", words[0]);
  current.statement = statement;
  if (self_words.next < self_words.n_words)
    script_fail (self, "not understood: %s", words[self_words.next]);
}

static guint
find_end (Script *self, GPtrArray *statements, guint begin)
{
  guint depth = 1;

  for (guint i = begin; i < statements->len; i++)
    {
      const Statement *statement = g_ptr_array_index (statements, i);

      depth += g_str_equal (statement->words[0], "repeat");
      depth -= g_str_equal (statement->words[0], "end");
      if (depth == 0)
        return i;
    }
  script_fail (self, "no end");
}

static void
run_range (Script *self, GPtrArray *statements, guint begin, guint end)
{
  for (guint i = begin; i < end; i++)
    {
      const Statement *statement = g_ptr_array_index (statements, i);

      if (g_str_equal (statement->words[0], "repeat"))
        {
          g_autofree char *times = NULL;
          guint            inner_end;
          gint64           n;

          current.statement = statement;
          times = expand_word (self, statement->words[1]);
          n = script_evaluate (self, times);
          inner_end = find_end (self, statements, i + 1);
          g_assert_cmpuint (current.depth, <, G_N_ELEMENTS (current.counters));
          current.depth++;
          for (gint64 j = 0; j < n; j++)
            {
              current.counters[current.depth - 1] = j;
              run_range (self, statements, i + 1, inner_end);
            }
          current.depth--;
          i = inner_end;
        }
      else
        run_statement (self, statement);
    }
}

static void
run_body (Script *self, const char *body, guint line)
{
  g_autoptr (GPtrArray) statements = parse (body, line);

  run_range (self, statements, 0, statements->len);
}

static void
run_case (gconstpointer data)
{
  const ScriptCase *test = data;
  Script            self = { 0 };
  g_autofree char  *body = NULL;

  driver_init (&self.driver, OWN, NULL, (Random){ 42 });
  self.driver.engine->context->settings.default_block_size = IBB_CONTROLLER_BLOCK;
  self.sessions =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) ibb_session_unref);
  self.stanzas = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                        (GDestroyNotify) ibb_stanza_record_unref);
  self.expectations = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self.notes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  current.names = script_case_get_names (test);
  current.row = test->row;
  body = script_case_dup_body (test);
  run_body (&self, body, test->part->line + 1);

  g_hash_table_unref (self.sessions);
  g_hash_table_unref (self.stanzas);
  g_hash_table_unref (self.expectations);
  g_hash_table_unref (self.notes);
  g_clear_pointer (&self.last, ibb_stanza_record_unref);
  g_clear_pointer (&self.asked, ibb_stanza_record_unref);
  g_free (self.last_id);
  driver_clear (&self.driver);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  if (argc != 2)
    g_error ("usage: %s FILE.script", argv[0]);
  current.file = argv[1];
  script_file_init (&file);
  script_file_read (&file, argv[1]);
  script_file_add_tests (&file, "engine", argv[1], run_case);
  status = g_test_run ();
  script_file_clear (&file);
  return status;
}
