/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "event.h"

#include "output.h"
#include "text.h"

JsonBuilder *
tool_event_new (const char *event)
{
  JsonBuilder *builder = json_builder_new ();

  json_builder_begin_object (builder);
  tool_event_string (builder, "event", event);
  return builder;
}

void
tool_event_string (JsonBuilder *event, const char *name, const char *value)
{
  /* The value may be a file name, which need not be UTF-8. */
  g_autofree char *valid = g_utf8_make_valid (value, -1);

  json_builder_set_member_name (event, name);
  json_builder_add_string_value (event, valid);
}

void
tool_event_int (JsonBuilder *event, const char *name, gint64 value)
{
  json_builder_set_member_name (event, name);
  json_builder_add_int_value (event, value);
}

void
tool_event_double (JsonBuilder *event, const char *name, double value)
{
  json_builder_set_member_name (event, name);
  json_builder_add_double_value (event, value);
}

/* Prints one object as one line, at once. Two threads may do this at the same time, so the end of
 * the line is printed together with the line. */
void
tool_event_emit (JsonBuilder *event)
{
  g_autoptr (JsonNode) root = NULL;
  g_autofree char     *text = NULL;
  g_autofree char     *escaped = NULL;
  g_autofree char     *line = NULL;

  json_builder_end_object (event);
  root = json_builder_get_root (event);
  text = json_to_string (root, FALSE);
  escaped = tool_text_escape_json (text);
  line = g_strconcat (escaped, "\n", NULL);
  tool_output_print (line);
}
