/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "outcome.h"

#include <stdlib.h>
#include <string.h>

Outcome
outcome_run (const Cell *cell, guint number, gboolean with_models)
{
  Outcome self = { .number = number, .is_known = TRUE };
  Cell    copy = *cell;

  self.engine = report_run (&copy, NULL, FALSE);
  if (!with_models)
    return self;
  copy.sender = CELL_SENDER_FIXED;
  self.fixed = report_run (&copy, NULL, FALSE);
  copy.sender = CELL_SENDER_UNLIMITED;
  self.unlimited = report_run (&copy, NULL, FALSE);
  return self;
}

double
outcome_get_goodput (const Report *report, const Cell *cell)
{
  return cell->slow > 0 && report->slowest >= 0 ? report->slowest : report->late_goodput;
}

static double
divide (double a, double b)
{
  return b > 0 ? a / b : 1;
}

double
outcome_get_ratio (const Outcome *self, const Cell *cell)
{
  return divide (outcome_get_goodput (&self->engine, cell),
                 outcome_get_goodput (&self->fixed, cell));
}

/* Order. */

typedef struct
{
  const Outcome *outcome;
  double         badness;
} Place;

static int
compare (gconstpointer a, gconstpointer b)
{
  const Place *x = a;
  const Place *y = b;

  if (x->badness > y->badness || x->badness < y->badness)
    return x->badness > y->badness ? -1 : 1;
  return (x->outcome->number > y->outcome->number) - (x->outcome->number < y->outcome->number);
}

/* By how many milliseconds the model is faster. */
static gboolean
get_badness (const Outcome *outcome, const Cell *cell, const char *by, double *badness)
{
  if (g_str_equal (by, "ratio"))
    *badness = -outcome_get_ratio (outcome, cell);
  else if (g_str_equal (by, "chat"))
    *badness = outcome->engine.chat[1] - outcome->fixed.chat[1];
  else if (g_str_equal (by, "interactive"))
    *badness = outcome->engine.interactive[1] - outcome->fixed.interactive[1];
  else
    return FALSE;
  return TRUE;
}

/* The known values of the column, the worst first: (transfer full); NULL: there is no such
 * column. */
static GArray *
sort (const Outcome *outcomes, const GPtrArray *cells, const char *by)
{
  g_autoptr (GArray) places = g_array_new (FALSE, FALSE, sizeof (Place));

  for (guint i = 0; i < cells->len; i++)
    {
      const GridCell *cell = g_ptr_array_index (cells, i);
      Place           place = { .outcome = &outcomes[i] };

      if (!get_badness (&outcomes[i], &cell->cell, by, &place.badness))
        return NULL;
      if (outcomes[i].is_known)
        g_array_append_val (places, place);
    }
  g_array_sort (places, compare);
  return g_steal_pointer (&places);
}

/* Tables. */

static void
print_line (const Outcome *self, const GridCell *cell)
{
  const Report *engine = &self->engine;
  const Report *fixed = &self->fixed;

  g_print ("%6.3f %6.3f %9.0f %6.3f %9.1f %8.0f %8.0f %8.0f %8.0f %8.0f %8.0f  %s\n",
           outcome_get_ratio (self, &cell->cell),
           divide (outcome_get_goodput (engine, &cell->cell),
                   outcome_get_goodput (&self->unlimited, &cell->cell)),
           engine->late_goodput / 1000, engine->jain, (double) engine->max_in_flight / 1024,
           engine->chat[0], engine->chat[1], fixed->chat[1], engine->interactive[0],
           engine->interactive[1], fixed->interactive[1], cell->text);
}

static void
print_worst (const GArray *places, const GPtrArray *cells, guint n)
{
  g_print ("%6s %6s %9s %6s %9s %8s %8s %8s %8s %8s %8s  %s\n", "fixed", "unlim.", "kB/s", "Jain",
           "KiB max", "chat p50", "p99", "(fixed)", "inter p50", "p99", "(fixed)", "cell");
  for (guint i = 0; i < MIN (n, places->len); i++)
    {
      const Outcome *outcome = g_array_index (places, Place, i).outcome;

      print_line (outcome, g_ptr_array_index (cells, outcome->number));
    }
}

/* Prints the places of a group, or of all cells if group is NULL. places: by ratio. */
static void
print_group (const GArray *places, const GPtrArray *cells, const char *group)
{
  g_autofree double *ratios = g_new (double, places->len + 1);
  double             chat = 0;
  double             interactive = 0;
  guint              n = 0;
  guint              n_low = 0;
  guint              n_half = 0;

  for (guint i = 0; i < places->len; i++)
    {
      const Outcome  *outcome = g_array_index (places, Place, i).outcome;
      const GridCell *cell = g_ptr_array_index (cells, outcome->number);

      if (group != NULL && !g_str_equal (group, cell->group))
        continue;
      ratios[n] = outcome_get_ratio (outcome, &cell->cell);
      n_low += ratios[n] < 0.9;
      n_half += ratios[n++] < 0.5;
      chat = MAX (chat, outcome->engine.chat[1] - outcome->fixed.chat[1]);
      interactive =
          MAX (interactive, outcome->engine.interactive[1] - outcome->fixed.interactive[1]);
    }
  if (n > 0)
    g_print ("%-18s %5u %8.3f %8.3f %8.3f %6u %6u %9.0f %9.0f\n", group != NULL ? group : "all", n,
             ratios[0], ratios[n / 20], ratios[n / 2], n_low, n_half, chat, interactive);
}

gboolean
outcome_print_all (const Outcome *outcomes, const GPtrArray *cells, const char *by, guint n_worst)
{
  g_autoptr (GArray) places = sort (outcomes, cells, by);
  g_autoptr (GArray) by_ratio = sort (outcomes, cells, "ratio");
  const char        *last = NULL;

  if (places == NULL)
    return FALSE;

  print_worst (places, cells, n_worst);
  g_print ("\n%-18s %5s %8s %8s %8s %6s %6s %9s %9s\n", "group", "cells", "worst", "5 %", "median",
           "<0.9", "<0.5", "+chat p99", "+inter p99");
  for (guint i = 0; i < cells->len; i++)
    {
      const GridCell *cell = g_ptr_array_index (cells, i);

      if (last == NULL || !g_str_equal (last, cell->group))
        print_group (by_ratio, cells, cell->group);
      last = cell->group;
    }
  print_group (by_ratio, cells, NULL);
  return TRUE;
}

/* JSON. */

static void
append_report (GString *json, const char *name, const Report *report)
{
  g_string_append_printf (json,
                          ",\n  \"%s\": {\"goodput\": %.0f, \"late_goodput\": %.0f, \"slowest\": "
                          "%.0f, \"jain\": %.4f, \"max_in_flight\": %" G_GSIZE_FORMAT
                          ", \"chat\": [%.3f, %.3f, %.3f], \"interactive\": [%.3f, %.3f, %.3f]}",
                          name, report->goodput, report->late_goodput, report->slowest,
                          report->jain, report->max_in_flight, report->chat[0], report->chat[1],
                          report->chat[2], report->interactive[0], report->interactive[1],
                          report->interactive[2]);
}

char *
outcome_get_json (const Outcome *outcomes, const GPtrArray *cells)
{
  GString *json = g_string_new ("[");

  for (guint i = 0; i < cells->len; i++)
    {
      const GridCell *cell = g_ptr_array_index (cells, i);

      if (!outcomes[i].is_known)
        continue;
      g_string_append_printf (json,
                              "%s\n {\"group\": \"%s\", \"text\": \"%s\", \"ratio\": %.4f,\n"
                              "  \"cell\": {",
                              json->len > 1 ? "," : "", cell->group,
                              cell->text + strlen (cell->group) + strlen (": "),
                              outcome_get_ratio (&outcomes[i], &cell->cell));
      cell_print (&cell->cell, json);
      g_string_append_c (json, '}');
      append_report (json, "engine", &outcomes[i].engine);
      append_report (json, "fixed", &outcomes[i].fixed);
      append_report (json, "unlimited", &outcomes[i].unlimited);
      g_string_append_c (json, '}');
    }
  g_string_append (json, "\n]\n");
  return g_string_free (json, FALSE);
}
