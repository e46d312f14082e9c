/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs a grid of cells in a process for each core, and prints the worst of them, and
 * how each group did. */

#include "config.h"

#include "sample.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Shared by the processes. */
typedef struct
{
  gint    next; /* the cell that is run next; atomic */
  Outcome outcomes[];
} Board;

static void
run_cells (Board *board, const GPtrArray *cells, gboolean with_models)
{
  guint i;

  while ((i = (guint) g_atomic_int_add (&board->next, 1)) < cells->len)
    {
      const GridCell *cell = g_ptr_array_index (cells, i);

      board->outcomes[i] = outcome_run (&cell->cell, i, with_models);
    }
}

/* FALSE: a process died, or there is none. */
static gboolean
run_processes (Board *board, const GPtrArray *cells, int n_jobs, gboolean with_models)
{
  gboolean good = TRUE;
  int      status;

  for (int i = 0; i < n_jobs; i++)
    {
      pid_t pid = fork ();

      if (pid < 0)
        return FALSE;
      if (pid == 0)
        {
          run_cells (board, cells, with_models);
          _exit (0);
        }
    }
  for (int i = 0; i < n_jobs; i++)
    if (wait (&status) < 0 || status != 0)
      good = FALSE;
  return good;
}

static void
print_unknown (const Board *board, const GPtrArray *cells)
{
  for (guint i = 0; i < cells->len; i++)
    if (!board->outcomes[i].is_known)
      g_printerr ("did not finish: %s\n", ((GridCell *) g_ptr_array_index (cells, i))->text);
}

static gboolean
reaches (const Board *board, const GPtrArray *cells, double least)
{
  gboolean good = TRUE;

  for (guint i = 0; i < cells->len; i++)
    {
      const GridCell *cell = g_ptr_array_index (cells, i);
      double          ratio = outcome_get_ratio (&board->outcomes[i], &cell->cell);

      if (!board->outcomes[i].is_known || ratio >= least)
        continue;
      g_printerr ("%.3f is less than %.3f: %s\n", ratio, least, cell->text);
      good = FALSE;
    }
  return good;
}

static gboolean
write_json (const char *path, const Board *board, const GPtrArray *cells)
{
  g_autofree char   *json = outcome_get_json (board->outcomes, cells);
  g_autoptr (GError) error = NULL;

  if (g_file_set_contents (path, json, -1, &error))
    return TRUE;
  g_printerr ("%s\n", error->message);
  return FALSE;
}

int
main (int argc, char **argv)
{
  g_autofree char   *match = NULL;
  g_autofree char   *json = NULL;
  g_autofree char   *record = NULL;
  g_autofree char   *against = NULL;
  g_autofree char   *by = g_strdup ("ratio");
  int                n_jobs = (int) g_get_num_processors ();
  int                n_worst = 40;
  int                n_seeds = 1;
  double             least = 0;
  gboolean           is_list = FALSE;
  const GOptionEntry entries[] = {
    { "match", 'm', 0, G_OPTION_ARG_STRING, &match, "Only cells with these words", "WORDS" },
    { "jobs", 'j', 0, G_OPTION_ARG_INT, &n_jobs, "Processes (one for each core)", "N" },
    { "sort", 's', 0, G_OPTION_ARG_STRING, &by, "ratio, chat or interactive", "COLUMN" },
    { "worst", 'w', 0, G_OPTION_ARG_INT, &n_worst, "Cells to print (40)", "N" },
    { "seeds", 0, 0, G_OPTION_ARG_INT, &n_seeds, "Runs of a cell with jitter (1)", "N" },
    { "least", 0, 0, G_OPTION_ARG_DOUBLE, &least, "Fail where the first column is less", "RATIO" },
    { "json", 0, 0, G_OPTION_ARG_FILENAME, &json, "Write all results there", "FILE" },
    { "record", 0, 0, G_OPTION_ARG_FILENAME, &record, "Write the figures of a sample there",
      "FILE" },
    { "against", 0, 0, G_OPTION_ARG_FILENAME, &against, "Compare a sample with such figures",
      "FILE" },
    { "list", 'l', 0, G_OPTION_ARG_NONE, &is_list, "Only print the cells", NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GPtrArray)      grid = NULL;
  g_autoptr (GPtrArray)      cells = NULL;
  g_autoptr (GError)         error = NULL;
  Board                     *board;
  gboolean                   is_sample, good;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("%s\n", error->message);
      return 2;
    }

  grid = grid_create (match, (guint) MAX (n_seeds, 1));
  is_sample = record != NULL || against != NULL;
  cells = is_sample ? sample_select (grid) : g_ptr_array_ref (grid);
  for (guint i = 0; is_list && i < cells->len; i++)
    g_print ("%s\n", ((GridCell *) g_ptr_array_index (cells, i))->text);
  if (is_list)
    return 0;
  if (cells->len == 0)
    {
      g_printerr ("No cell has all of “%s”; --list prints the cells\n", match);
      return 2;
    }

  board = mmap (NULL, sizeof *board + cells->len * sizeof *board->outcomes, PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  g_assert (board != MAP_FAILED);
  good = run_processes (board, cells, MAX (n_jobs, 1), !is_sample);
  print_unknown (board, cells);
  if (record != NULL && !sample_record (record, board->outcomes, cells))
    good = FALSE;
  if (against != NULL && !sample_compare (against, board->outcomes, cells))
    good = FALSE;
  if (is_sample)
    return good ? 0 : 1;
  if (!reaches (board, cells, least))
    good = FALSE;
  if (json != NULL && !write_json (json, board, cells))
    good = FALSE;
  if (!outcome_print_all (board->outcomes, cells, by, (guint) MAX (n_worst, 0)))
    {
      g_printerr ("“%s” is not a column to sort by\n", by);
      return 2;
    }
  return good ? 0 : 1;
}
