/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/words/event.h"

#include "tool/words/output.h"
#include "tool/words/text.h"

/* Not printf (), whose decimal point is the locale's. The last two of 17 digits would only show
 * that the number is binary: 0.0019289999999999999. */
#define DOUBLE_FORMAT "%.15g"

GString *
tool_event_new (const char *event)
{
  GString *self = g_string_new ("{");

  tool_event_string (self, "event", event);
  return self;
}

/* The names are constants of the command, which need no escape. */
static void
append_name (GString *event, const char *name)
{
  if (event->len > 1)
    g_string_append_c (event, ',');
  g_string_append_printf (event, "\"%s\":", name);
}

void
tool_event_string (GString *event, const char *name, const char *value)
{
  g_autofree char *escaped = tool_text_escape_json (value);

  append_name (event, name);
  g_string_append_printf (event, "\"%s\"", escaped);
}

void
tool_event_int (GString *event, const char *name, gint64 value)
{
  append_name (event, name);
  g_string_append_printf (event, "%" G_GINT64_FORMAT, value);
}

void
tool_event_double (GString *event, const char *name, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  append_name (event, name);
  g_string_append (event, g_ascii_formatd (text, sizeof text, DOUBLE_FORMAT, value));
}

/* Prints the object as one line, at once. Two threads may do this at the same time, so the end of
 * the line is printed together with the line. */
void
tool_event_emit (GString *event)
{
  g_string_append (event, "}\n");
  tool_output_write (event->str);
}
