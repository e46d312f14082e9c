/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "script-file.h"

#include <string.h>

static void
part_free (gpointer data)
{
  ScriptPart *self = data;

  g_free (self->name);
  g_string_free (self->body, TRUE);
  g_ptr_array_unref (self->rows);
  g_free (self);
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

/* "| a | b" is { "a", "b" }. */
static GStrv
split_row (const char *line)
{
  GStrv cells = g_strsplit (line + 1, " |", -1);

  for (guint i = 0; cells[i] != NULL; i++)
    g_strstrip (cells[i]);
  return cells;
}

void
script_file_init (ScriptFile *self)
{
  self->parts = g_ptr_array_new_with_free_func (part_free);
  self->macros = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, part_free);
  self->cases = g_ptr_array_new_with_free_func (g_free);
}

void
script_file_read (ScriptFile *self, const char *path)
{
  g_autofree char   *contents = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv)     lines = NULL;
  ScriptPart        *part = NULL;

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
          part = g_new0 (ScriptPart, 1);
          part->name = g_strdup (strchr (line, ' ') + 1);
          part->line = i + 1;
          part->body = g_string_new (NULL);
          part->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
          if (line[0] == 'c')
            g_ptr_array_add (self->parts, part);
          else
            g_hash_table_insert (self->macros, part->name, part);
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

void
script_file_clear (ScriptFile *self)
{
  g_ptr_array_unref (self->cases);
  g_ptr_array_unref (self->parts);
  g_hash_table_unref (self->macros);
}

static char *
substitute (const char *body, GStrv names, GStrv values)
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

GStrv
script_case_get_names (const ScriptCase *self)
{
  return self->row != NULL ? g_ptr_array_index (self->part->rows, 0) : NULL;
}

char *
script_case_dup_body (const ScriptCase *self)
{
  const char *body = self->part->body->str;

  return self->row != NULL ? substitute (body, script_case_get_names (self), self->row)
                           : g_strdup (body);
}

char *
script_part_dup_body (const ScriptPart *self, GStrv arguments)
{
  g_auto (GStrv) names = g_strsplit ("1 2 3 4", " ", 0);

  return substitute (self->body->str, names, arguments);
}

static void
add_test (
    ScriptFile *self, const char *prefix, const ScriptPart *part, GStrv row, GTestDataFunc run)
{
  ScriptCase      *test = g_new (ScriptCase, 1);
  g_autofree char *name = row != NULL
                              ? substitute (part->name, g_ptr_array_index (part->rows, 0), row)
                              : g_strdup (part->name);
  g_autofree char *path = g_strdup_printf ("%s/%s", prefix, name);

  *test = (ScriptCase){ part, row };
  g_ptr_array_add (self->cases, test);
  g_test_add_data_func (path, test, run);
}

void
script_file_add_tests (ScriptFile *self, const char *prefix, const char *path, GTestDataFunc run)
{
  g_autofree char *file = g_path_get_basename (path);
  g_autofree char *start = NULL;

  *strrchr (file, '.') = '\0';
  start = g_strdup_printf ("/%s/%s", prefix, file);
  for (guint i = 0; i < self->parts->len; i++)
    {
      const ScriptPart *part = g_ptr_array_index (self->parts, i);

      if (part->rows->len == 0)
        add_test (self, start, part, NULL, run);
      for (guint j = 1; j < part->rows->len; j++)
        add_test (self, start, part, g_ptr_array_index (part->rows, j), run);
    }
}

char *
script_take_word (const char **text)
{
  gsize length = strcspn (*text, " ");
  char *word = g_strndup (*text, length);

  *text += length + strspn (*text + length, " ");
  return word;
}

guint
script_take_number (const char **text)
{
  g_autofree char *word = script_take_word (text);
  guint64          number;

  if (!g_ascii_string_to_unsigned (word, 10, 0, G_MAXUINT, &number, NULL))
    g_error ("no number: %s", word);
  return (guint) number;
}
