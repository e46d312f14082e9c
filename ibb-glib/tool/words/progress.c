/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/words/event.h"
#include "tool/words/output.h"
#include "tool/words/progress.h"
#include "tool/words/text.h"

#include <glib/gi18n.h>
#include <unistd.h>

#define SHOW_INTERVAL (200 * 1000)  /* µs, on a terminal */
#define EVENT_INTERVAL (500 * 1000) /* µs, between two events */
#define BAR_WIDTH_MAX 20
#define BAR_WIDTH_MIN 5
#define LABEL_WIDTH_MIN 8

struct _ToolProgress
{
  char   *label;
  char   *position; /* (nullable) */
  char   *peer;     /* (nullable): of a file */
  guint64 total;    /* 0: not known */
  gint64  last_shown;
};

/* peer (nullable): of a file, whose name is label. position (nullable): which of several. total is
 * 0 when it is not known. */
ToolProgress *
tool_progress_new (const char *label, const char *position, const char *peer, guint64 total)
{
  ToolProgress *self = g_new0 (ToolProgress, 1);

  self->peer = g_strdup (peer);
  self->position = g_strdup (position);
  self->label = tool_text_make_printable (label);
  self->total = total;
  return self;
}

static void
emit_event (ToolProgress *self, guint64 bytes, guint64 rate)
{
  g_autoptr (GString) event = tool_event_new ("progress");

  if (self->peer != NULL)
    {
      tool_event_string (event, "peer", self->peer);
      tool_event_string (event, "name", self->label);
    }
  tool_event_int (event, "bytes", (gint64) bytes);
  if (self->total > 0)
    tool_event_int (event, "total", (gint64) self->total);
  tool_event_int (event, "rate", (gint64) rate);
  tool_event_emit (event);
}

/* Shows “name  42 % [########............]  12.3 MiB of 29.1 MiB  4.1 MiB/s  4 s left”. The bar
 * takes the room that is left, and a long name loses its end. A narrow terminal gets no sizes: the
 * rate and the time tell more. */
static void
show_line (ToolProgress *self, guint64 bytes, guint64 rate)
{
  guint            columns = tool_output_get_width (STDERR_FILENO);
  g_autofree char *name = tool_text_as_shown (self->label);
  /* The last column stays free, and where “…” has three columns two more. */
  gsize               width = (columns > 3 ? columns : 80) - (g_get_console_charset (NULL) ? 1 : 3);
  g_autofree char    *size = g_format_size_full (bytes, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char    *speed = tool_text_format_rate (rate, 1);
  g_autofree char    *label = NULL;
  g_autofree char    *shown = NULL;
  g_autoptr (GString) line = g_string_new (NULL);
  g_autoptr (GString) part_text = g_string_new (NULL);
  g_autoptr (GString) sizes = g_string_new (NULL);
  g_autoptr (GString) end = g_string_new (NULL);
  double              part = 0;
  gsize               used;

  if (self->total > 0)
    {
      g_autofree char *whole = g_format_size_full (self->total, G_FORMAT_SIZE_IEC_UNITS);

      part = MIN ((double) bytes / (double) self->total, 1);
      g_string_append_printf (part_text, "  %3d %%", (int) (part * 100));
      g_string_append (sizes, "  ");
      /* Translators: two sizes, such as “1.2 MiB of 5.0 MiB” */
      g_string_append_printf (sizes, _ ("%s of %s"), size, whole);
      g_string_append_printf (end, "  %s", speed);
      if (rate >= 1 && bytes < self->total)
        {
          g_autofree char *left =
              tool_text_format_whole_duration ((double) (self->total - bytes) / (double) rate);

          g_string_append (end, "  ");
          /* Translators: %s is a time */
          g_string_append_printf (end, _ ("%s left"), left);
        }
    }
  else
    g_string_append_printf (end, "  %s  %s", size, speed);
  used = tool_text_get_width (part_text->str) + tool_text_get_width (end->str);
  if (self->position != NULL)
    used += tool_text_get_width (self->position) + 2;
  if (used + tool_text_get_width (sizes->str) + LABEL_WIDTH_MIN <= width)
    {
      g_string_prepend (end, sizes->str);
      used += tool_text_get_width (sizes->str);
    }
  label = tool_text_shorten (name, MAX (width, used + LABEL_WIDTH_MIN) - used);
  used += tool_text_get_width (label);
  if (self->position != NULL)
    g_string_append_printf (line, "%s  ", self->position);
  g_string_append_printf (line, "%s%s", label, part_text->str);
  if (self->total > 0 && used + 3 + BAR_WIDTH_MIN <= width)
    {
      gsize bar = MIN (width - used - 3, BAR_WIDTH_MAX);

      g_string_append (line, " [");
      for (gsize i = 0; i < bar; i++)
        g_string_append_c (line, i < (gsize) (part * (double) bar) ? '#' : '.');
      g_string_append_c (line, ']');
    }
  g_string_append (line, end->str);
  shown = tool_text_shorten (line->str, width);
  tool_output_status (shown);
}

/* rate: bytes per second. Callers need not limit how often they call this: it shows a change now
 * and then. */
void
tool_progress_update (ToolProgress *self, guint64 bytes, guint64 rate)
{
  gint64   now = g_get_monotonic_time ();
  gboolean json = tool_output_is_json ();

  if (now - self->last_shown < (json ? EVENT_INTERVAL : SHOW_INTERVAL) - 10000)
    return;
  self->last_shown = now;
  if (json)
    emit_event (self, bytes, rate);
  else
    show_line (self, bytes, rate);
}

void
tool_progress_free (ToolProgress *self)
{
  if (!tool_output_is_json ())
    tool_output_status (NULL);
  g_free (self->label);
  g_free (self->peer);
  g_free (self->position);
  g_free (self);
}
