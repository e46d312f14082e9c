/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "sample.h"

#include <math.h>
#include <string.h>

/* One cell in so many, and at least so many of each group. */
#define SPACING 11
#define GROUP_MIN 4

/* What a change may cost, as a ratio to the stored figures: geometric means of all cells, and the
 * goodput of each group. */
#define GOODPUT_MIN 0.98
#define WAIT_MAX 1.05
#define GROUP_GOODPUT_MIN 0.9

/* Shorter waits count as this one, milliseconds: a chat message does not notice them. */
#define WAIT_MIN 1

typedef struct
{
  double goodput; /* bytes a second */
  double chat;    /* p99, milliseconds; 0: nobody chats */
  double interactive;
} Figures;

typedef struct
{
  double goodput; /* sums of logarithms */
  double chat;
  double interactive;
  guint  n;
} Sums;

/* How many cells the group of a cell has, from that cell on. */
static guint
count_group (const GPtrArray *cells, guint first)
{
  const GridCell *cell = g_ptr_array_index (cells, first);
  guint           n = 0;

  while (first + n < cells->len &&
         g_str_equal (((GridCell *) g_ptr_array_index (cells, first + n))->group, cell->group))
    n++;
  return n;
}

GPtrArray *
sample_select (const GPtrArray *cells)
{
  GPtrArray *sample = g_ptr_array_new ();
  guint      n;

  for (guint first = 0; first < cells->len; first += n)
    {
      guint n_wanted;

      n = count_group (cells, first);
      n_wanted = MIN (n, MAX (GROUP_MIN, n / SPACING));
      /* The middle of each part: the first cells of a group have its least values. */
      for (guint i = 0; i < n_wanted; i++)
        g_ptr_array_add (sample,
                         g_ptr_array_index (cells, first + (2 * i + 1) * n / (2 * n_wanted)));
    }
  return sample;
}

static Figures
get_figures (const Outcome *outcome, const Cell *cell)
{
  return (Figures){ outcome_get_goodput (&outcome->engine, cell), outcome->engine.chat[1],
                    outcome->engine.interactive[1] };
}

gboolean
sample_record (const char *path, const Outcome *outcomes, const GPtrArray *cells)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError)  error = NULL;

  for (guint i = 0; i < cells->len; i++)
    {
      const GridCell *cell = g_ptr_array_index (cells, i);
      Figures         figures = get_figures (&outcomes[i], &cell->cell);

      g_string_append_printf (text, "%.0f %.1f %.1f %s\n", figures.goodput, figures.chat,
                              figures.interactive, cell->text);
    }
  if (g_file_set_contents (path, text->str, (gssize) text->len, &error))
    return TRUE;
  g_printerr ("%s\n", error->message);
  return FALSE;
}

/* The stored figures by the text of the cell. */
static GHashTable *
read_figures (const char *path)
{
  g_autoptr (GHashTable) found = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GError)     error = NULL;
  g_autofree char       *text = NULL;
  g_auto (GStrv)         lines = NULL;

  if (!g_file_get_contents (path, &text, NULL, &error))
    {
      g_printerr ("%s\n", error->message);
      return NULL;
    }
  lines = g_strsplit (text, "\n", 0);
  for (guint i = 0; lines[i] != NULL && *lines[i] != '\0'; i++)
    {
      Figures *figures = g_new0 (Figures, 1);
      char    *rest;

      figures->goodput = g_ascii_strtod (lines[i], &rest);
      figures->chat = g_ascii_strtod (rest, &rest);
      figures->interactive = g_ascii_strtod (rest, &rest);
      g_hash_table_insert (found, g_strdup (g_strchug (rest)), figures);
    }
  return g_steal_pointer (&found);
}

static double
get_log_ratio (double now, double before, double least)
{
  return log (MAX (now, least) / MAX (before, least));
}

static void
add (Sums *self, const Figures *now, const Figures *before)
{
  self->goodput += get_log_ratio (now->goodput, before->goodput, 1);
  self->chat += get_log_ratio (now->chat, before->chat, WAIT_MIN);
  self->interactive += get_log_ratio (now->interactive, before->interactive, WAIT_MIN);
  self->n++;
}

static double
get_mean (double sum, guint n)
{
  return exp (sum / MAX (n, 1));
}

/* Prints the means of the cells of a group, and FALSE if they miss its bounds. */
static gboolean
report (const char *group, const Sums *sums, double goodput_min, double wait_max)
{
  double goodput = get_mean (sums->goodput, sums->n);
  double chat = get_mean (sums->chat, sums->n);
  double interactive = get_mean (sums->interactive, sums->n);

  g_print ("%-18s %5u %8.3f %8.3f %8.3f\n", group, sums->n, goodput, chat, interactive);
  if (goodput >= goodput_min && chat <= wait_max && interactive <= wait_max)
    return TRUE;
  g_printerr ("%s: goodput %.3f (at least %.2f), waits %.3f and %.3f (at most %.2f)\n", group,
              goodput, goodput_min, chat, interactive, wait_max);
  return FALSE;
}

gboolean
sample_compare (const char *path, const Outcome *outcomes, const GPtrArray *cells)
{
  g_autoptr (GHashTable) stored = read_figures (path);
  Sums                   all = { 0 };
  gboolean               good = TRUE;
  guint                  n;

  if (stored == NULL)
    return FALSE;

  g_print ("%-18s %5s %8s %8s %8s\n", "group", "cells", "goodput", "chat", "interact.");
  for (guint first = 0; first < cells->len; first += n)
    {
      Sums sums = { 0 };

      n = count_group (cells, first);
      for (guint i = first; i < first + n; i++)
        {
          const GridCell *cell = g_ptr_array_index (cells, i);
          Figures         now = get_figures (&outcomes[i], &cell->cell);
          const Figures  *before = g_hash_table_lookup (stored, cell->text);

          if (before == NULL)
            {
              g_printerr ("%s has no figures of: %s\n", path, cell->text);
              good = FALSE;
              continue;
            }
          add (&sums, &now, before);
          add (&all, &now, before);
        }
      if (!report (((GridCell *) g_ptr_array_index (cells, first))->group, &sums, GROUP_GOODPUT_MIN,
                   G_MAXDOUBLE))
        good = FALSE;
    }
  return report ("all", &all, GOODPUT_MIN, WAIT_MAX) && good;
}
