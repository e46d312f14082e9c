/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/words/refusals.h"

#include "tool/words/output.h"

#include <glib/gi18n.h>

#define INTERVAL (10 * G_USEC_PER_SEC)
#define MAX_LINES 5 /* in an interval */

/* Prints how many refusals had no line. */
void
tool_refusals_flush (ToolRefusals *self)
{
  if (self->hidden > 0)
    tool_output_note (
        ngettext ("Refused %u more session", "Refused %u more sessions", self->hidden),
        self->hidden);
  self->hidden = 0;
}

/* The first refusals in an interval get a line each, the others are counted. The count is printed
 * with the first refusal after the interval. */
void
tool_refusals_note (ToolRefusals *self, const char *format, ...)
{
  gint64           now = g_get_monotonic_time ();
  g_autofree char *text = NULL;
  va_list          arguments;

  if (now - self->start >= INTERVAL)
    {
      tool_refusals_flush (self);
      self->start = now;
      self->written = 0;
    }
  if (self->written >= MAX_LINES)
    {
      self->hidden++;
      return;
    }
  self->written++;
  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  tool_output_note ("%s", text);
}
