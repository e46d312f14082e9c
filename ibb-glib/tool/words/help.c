/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/words/help.h"

#include "tool/words/text.h"

#include <glib/gi18n.h>
#include <string.h>

#define WIDTH 79       /* columns: the last one of a terminal stays free */
#define ROW_COLUMN 26  /* where the text of a row begins */
#define ROW_INDENT 2   /* where its label begins */
#define SHORT_LENGTH 4 /* columns of “-o, ” */

struct _ToolHelp
{
  GString *text;
  GArray  *options; /* (element-type GOptionEntry) */
};

ToolHelp *
tool_help_new (void)
{
  ToolHelp *self = g_new0 (ToolHelp, 1);

  self->text = g_string_new (NULL);
  self->options = g_array_new (FALSE, FALSE, sizeof (GOptionEntry));
  return self;
}

void
tool_help_free (ToolHelp *self)
{
  g_string_free (self->text, TRUE);
  g_array_unref (self->options);
  g_free (self);
}

static void
separate (ToolHelp *self)
{
  if (self->text->len > 0)
    g_string_append_c (self->text, '\n');
}

void
tool_help_add_paragraph (ToolHelp *self, const char *text)
{
  separate (self);
  tool_text_append_wrapped (self->text, text, 0, 0, WIDTH);
}

void
tool_help_add_title (ToolHelp *self, const char *title)
{
  separate (self);
  g_string_append_printf (self->text, "%s\n", title);
}

/* A long label has a line of its own. text is empty for a label alone. */
void
tool_help_add_row (ToolHelp *self, const char *label, const char *text)
{
  gsize column = ROW_INDENT + tool_text_get_width (label);

  g_string_append_printf (self->text, "%*s%s", ROW_INDENT, "", label);
  if (*text == '\0')
    {
      g_string_append_c (self->text, '\n');
      return;
    }
  if (column + ROW_INDENT > ROW_COLUMN)
    {
      g_string_append_c (self->text, '\n');
      column = 0;
    }
  g_string_append_printf (self->text, "%*s", (int) (ROW_COLUMN - column), "");
  tool_text_append_wrapped (self->text, text, ROW_COLUMN, ROW_COLUMN, WIDTH);
}

/* Those of one group. */
void
tool_help_add_options (ToolHelp *self, const char *title, const GOptionEntry *entries)
{
  tool_help_add_title (self, title);
  for (; entries->long_name != NULL; entries++)
    {
      g_autoptr (GString) label = g_string_new (NULL);

      if (entries->short_name != '\0')
        g_string_append_printf (label, "-%c, ", entries->short_name);
      else
        g_string_append_printf (label, "%*s", SHORT_LENGTH, "");
      g_string_append_printf (label, "--%s", entries->long_name);
      if (entries->arg_description != NULL)
        g_string_append_printf (label, "=%s", _ (entries->arg_description));
      tool_help_add_row (self, label->str, _ (entries->description));
      g_array_append_vals (self->options, entries, 1);
    }
}

void
tool_help_print (ToolHelp *self)
{
  g_print ("%s", self->text->str);
}

static const char *
describe_value (const GOptionEntry *entry, const ToolHelpChoice *choices, gsize n_choices)
{
  if (entry->arg_description == NULL)
    return "-";
  for (gsize i = 0; i < n_choices; i++)
    if (g_str_equal (entry->long_name, choices[i].option))
      return choices[i].words;
  if (entry->arg != G_OPTION_ARG_FILENAME)
    return "text";
  return g_str_equal (entry->arg_description, "DIR") ? "directory" : "file";
}

/* For the scripts in completions/: one line for each option, with tabs between its name, the kind
 * of its value and its description. The kind is “-” without a value, “file”, “directory”, “text”,
 * or the words to choose from. */
void
tool_help_print_options (ToolHelp *self, const ToolHelpChoice *choices, gsize n_choices)
{
  for (guint i = 0; i < self->options->len; i++)
    {
      const GOptionEntry *entry = &g_array_index (self->options, GOptionEntry, i);

      g_print ("--%s\t%s\t%s\n", entry->long_name, describe_value (entry, choices, n_choices),
               _ (entry->description));
    }
}

const char *
tool_help_find_meant (ToolHelp *self, char **arguments)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  const char           *meant = NULL;

  for (guint i = 0; i < self->options->len; i++)
    g_ptr_array_add (names, (gpointer) g_array_index (self->options, GOptionEntry, i).long_name);
  g_ptr_array_add (names, NULL);
  for (; *arguments != NULL && meant == NULL; arguments++)
    {
      const char      *word = *arguments + strspn (*arguments, "-");
      g_autofree char *name = g_strndup (word, strcspn (word, "="));

      if (**arguments == '-' && !(g_str_has_prefix (*arguments, "--") &&
                                  g_strv_contains ((const char *const *) names->pdata, name)))
        meant = tool_text_find_meant (name, (const char *const *) names->pdata);
    }
  return meant;
}
