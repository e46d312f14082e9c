/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs a grid of cells in a process for each core, and prints the worst of them, and
 * how each group did. */

#include "config.h"

#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* The grid: combinations of networks and sessions, in groups. */

typedef struct
{
  const char *group;
  char       *text; /* the group and the parameters */
  Cell        cell;
} GridCell;

typedef struct
{
  const char *name;
  const char *parameters; /* values with | between: all combinations */
} Group;

#define RATES "rate=100k|1M|10M "
#define DELAYS "delay=0.1|5|25|50|150 "
#define JITTERS "jitter=0|5|20|40 "
#define FEW_DELAYS "delay=0.1|25|150 "
#define FEW_JITTERS "jitter=0|20 "

static const Group groups[] = {
  { "path", RATES DELAYS JITTERS "socket=16384|0 chat=0|1" },
  { "path-jitter", RATES DELAYS "jitter=5|20|40 jitter-time=50|300 peers=1|4" },
  { "near", "rate=0 delay=0.01|0.05|0.1|0.5|1|2 peer-delay=0.01|0.1 block=1024|4096|16384" },
  { "block", RATES DELAYS FEW_JITTERS "block=1024|16384|65535" },
  { "far-peer", RATES "delay=0.1|5 peer-delay=25|50|150 peer-jitter=0|5|20|40" },
  { "one-block", RATES DELAYS "feature=0" },

  { "limit", "limit=prosody|ejabberd rate=1M|10M " DELAYS JITTERS "peers=1|4" },
  { "limit-mixed", "limit=prosody|ejabberd rate=10M " DELAYS FEW_JITTERS
                   "limit-rate=10k|100k sessions=1|4 interactive=1" },
  /* A person who has been silent for so long that blocks are long again. */
  { "limit-chat", "limit=prosody|ejabberd rate=10M delay=0.1|25 chat=20" },
  { "nagle", "nagle=sender|receiver|both rate=0|1M|10M " DELAYS "jitter=0|5 mss=1448|65483" },
  { "nagle-block",
    "nagle=both rate=0|10M " FEW_DELAYS "block=1024|8192|16384|65535 mss=1448|65483" },
  { "pacing", "pacing=1 rate=0|1M|10M " DELAYS "jitter=0|5 peers=1|4" },

  { "peers",
    RATES "delay=0.1|25 " FEW_JITTERS "peers=2|4|16 peer-delay=0.1|0.1,50|0.1,150|5,25,50,150" },
  { "peer-rates", "rate=1M|10M delay=0.1|25 " FEW_JITTERS
                  "peers=1|2|4 peer-rate=100k|100k,0|1M,100k peer-delay=0.1|25" },
  { "sessions", RATES DELAYS FEW_JITTERS "sessions=4|16 peers=1|4" },
  { "late-start", RATES DELAYS FEW_JITTERS "peers=2|4 start=0,3" },
  { "interactive", RATES DELAYS FEW_JITTERS "interactive=1 sessions=1|4 peers=1|4 trickle=0|10" },
  { "interactive-bloat", RATES DELAYS FEW_JITTERS "socket=0 interactive=1" },

  { "slow-peer", RATES FEW_DELAYS FEW_JITTERS "slow-rate=20k|50k|500k|0 peers=2 slow=1" },
  { "slow-peer", RATES FEW_DELAYS FEW_JITTERS "slow-rate=20k|50k|500k|0 peers=11 slow=10" },
  { "slow-peer", RATES FEW_DELAYS "slow-rate=20k|50k|500k|0 peers=101 slow=100" },
  { "slow-session", RATES FEW_DELAYS FEW_JITTERS "slow-rate=20k|50k|500k|0 sessions=2 slow=1" },
  { "slow-session", RATES FEW_DELAYS FEW_JITTERS "slow-rate=20k|50k|500k|0 sessions=11 slow=10" },
  { "slow-session", RATES FEW_DELAYS "slow-rate=20k|50k|500k|0 sessions=101 slow=100" },
  { "only-slow", RATES FEW_DELAYS FEW_JITTERS "slow-rate=20k|50k|500k slow=1" },
  { "hostile", RATES FEW_DELAYS "hostile=1 peers=2|4 slow=1 stall-from=0|3" },
  { "hostile", "limit=prosody|ejabberd rate=10M limit-rate=10k|100k " FEW_DELAYS
               "hostile=1 peers=4 slow=1|3 stall-from=0|5" },
  { "stall", RATES FEW_DELAYS FEW_JITTERS "peers=2 slow=1 stall-from=3 stall-until=6" },
  { "stall-alone", RATES FEW_DELAYS FEW_JITTERS "slow=1 stall-from=2 stall-until=4" },
};

static void
grid_cell_free (gpointer data)
{
  GridCell *self = data;

  g_free (self->text);
  g_free (self);
}

/* Long enough to find the rate, short enough for thousands of them. */
static double
choose_seconds (const Cell *cell)
{
  if (cell->limit != CELL_LIMIT_NONE)
    return 60;
  if (cell->rate <= 0 || cell->rate > 5e6)
    return 10;
  return cell->rate > 5e5 ? 20 : 30;
}

static gboolean
is_wanted (const char *text, char **words)
{
  for (guint i = 0; words[i] != NULL; i++)
    if (strstr (text, words[i]) == NULL)
      return FALSE;
  return TRUE;
}

static void
add_cell (GPtrArray *cells, const Group *group, const Cell *cell, char **words)
{
  g_autofree char *parameters = NULL;
  g_autofree char *text = NULL;
  GridCell        *self;
  Cell             copy = *cell;

  copy.seconds = choose_seconds (cell);
  parameters = cell_describe (&copy);
  text = g_strconcat (group->name, ": ", parameters, NULL);
  if (!is_wanted (text, words))
    return;

  self = g_new0 (GridCell, 1);
  self->group = group->name;
  self->cell = copy;
  self->text = g_steal_pointer (&text);
  g_ptr_array_add (cells, self);
}

/* Combines all values of the first parameter with all of the others. */
static void
combine (GPtrArray *cells, const Group *group, char **parameters, const Cell *cell, char **words)
{
  g_auto (GStrv) parts = NULL;
  g_auto (GStrv) values = NULL;
  Cell           copy = *cell;

  if (parameters[0] == NULL)
    {
      add_cell (cells, group, &copy, words);
      return;
    }

  parts = g_strsplit (parameters[0], "=", 2);
  values = g_strsplit (parts[1], "|", 0);
  for (guint i = 0; values[i] != NULL; i++)
    {
      if (!cell_set (&copy, parts[0], values[i]))
        g_error ("%s: %s", group->name, parameters[0]);
      combine (cells, group, parameters + 1, &copy, words);
    }
}

/* The cells whose text has all the words of match (nullable).
 * (transfer full) (element-type GridCell) */
static GPtrArray *
grid_create (const char *match)
{
  GPtrArray     *cells = g_ptr_array_new_with_free_func (grid_cell_free);
  g_auto (GStrv) words = g_strsplit (match != NULL ? match : "", " ", 0);

  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    {
      g_auto (GStrv) parameters = g_strsplit (groups[i].parameters, " ", 0);
      Cell           cell;

      cell_init (&cell);
      combine (cells, &groups[i], parameters, &cell, words);
    }
  return cells;
}

/* Outcomes. */

typedef struct
{
  guint    number; /* of the cell */
  gboolean is_known;
  Report   engine;
  Report   fixed; /* the model, for comparison */
} Outcome;

/* Runs the cell, with_model: and again, with the model in the engine's place. */
static Outcome
outcome_run (const Cell *cell, guint number, gboolean with_model)
{
  Outcome self = { .number = number, .is_known = TRUE };
  Cell    copy = *cell;

  self.engine = report_run (&copy, NULL, FALSE);
  if (!with_model)
    return self;
  copy.sender = CELL_SENDER_FIXED;
  self.fixed = report_run (&copy, NULL, FALSE);
  return self;
}

/* Bytes a second; where some readers are slow, those of the slowest session with a usual reader. */
static double
outcome_get_goodput (const Report *report, const Cell *cell)
{
  return cell->slow > 0 && report->slowest >= 0 ? report->slowest : report->late_goodput;
}

static double
divide (double a, double b)
{
  return b > 0 ? a / b : 1;
}

/* The engine's goodput beside that of the model with a fixed window; where some readers
 * are slow, that of the others. */
static double
outcome_get_ratio (const Outcome *self, const Cell *cell)
{
  return divide (outcome_get_goodput (&self->engine, cell),
                 outcome_get_goodput (&self->fixed, cell));
}

/* Order. */

typedef struct
{
  const Outcome *outcome;
  double         ratio;
} Place;

static int
compare (gconstpointer a, gconstpointer b)
{
  const Place *x = a;
  const Place *y = b;

  if (x->ratio > y->ratio || x->ratio < y->ratio)
    return x->ratio < y->ratio ? -1 : 1;
  return (x->outcome->number > y->outcome->number) - (x->outcome->number < y->outcome->number);
}

/* The known outcomes by ratio, the worst first: (transfer full). */
static GArray *
sort (const Outcome *outcomes, const GPtrArray *cells)
{
  GArray *places = g_array_new (FALSE, FALSE, sizeof (Place));

  for (guint i = 0; i < cells->len; i++)
    {
      const GridCell *cell = g_ptr_array_index (cells, i);
      Place           place = { &outcomes[i], outcome_get_ratio (&outcomes[i], &cell->cell) };

      if (outcomes[i].is_known)
        g_array_append_val (places, place);
    }
  g_array_sort (places, compare);
  return places;
}

/* Tables. */

static void
print_line (const Place *self, const GridCell *cell)
{
  const Report *engine = &self->outcome->engine;
  const Report *fixed = &self->outcome->fixed;

  g_print ("%6.3f %9.0f %6.3f %9.1f %8.0f %8.0f %8.0f %8.0f %8.0f %8.0f  %s\n", self->ratio,
           engine->late_goodput / 1000, engine->jain, (double) engine->max_in_flight / 1024,
           engine->chat[0], engine->chat[1], fixed->chat[1], engine->interactive[0],
           engine->interactive[1], fixed->interactive[1], cell->text);
}

static void
print_worst (const GArray *places, const GPtrArray *cells, guint n)
{
  g_print ("%6s %9s %6s %9s %8s %8s %8s %8s %8s %8s  %s\n", "fixed", "kB/s", "Jain", "KiB max",
           "chat p50", "p99", "(fixed)", "inter p50", "p99", "(fixed)", "cell");
  for (guint i = 0; i < MIN (n, places->len); i++)
    {
      const Place *place = &g_array_index (places, Place, i);

      print_line (place, g_ptr_array_index (cells, place->outcome->number));
    }
}

/* Prints the places of a group, or of all cells if group is NULL. */
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

/* Tables, the worst first, and of each group. */
static void
outcome_print_all (const Outcome *outcomes, const GPtrArray *cells, guint n_worst)
{
  g_autoptr (GArray) places = sort (outcomes, cells);
  const char        *last = NULL;

  print_worst (places, cells, n_worst);
  g_print ("\n%-18s %5s %8s %8s %8s %6s %6s %9s %9s\n", "group", "cells", "worst", "5 %", "median",
           "<0.9", "<0.5", "+chat p99", "+inter p99");
  for (guint i = 0; i < cells->len; i++)
    {
      const GridCell *cell = g_ptr_array_index (cells, i);

      if (last == NULL || !g_str_equal (last, cell->group))
        print_group (places, cells, cell->group);
      last = cell->group;
    }
  print_group (places, cells, NULL);
}

/* A sample of the grid, beside figures that were stored before. */

/* One cell in so many, and at least so many of each group. */
#define SPACING 11
#define GROUP_MIN 4

/* What a change may cost, as ratios to the stored figures: geometric means of all cells and of each
 * group, and each cell. A cell is the same in each run, so that one which another hardly notices
 * shows here. */
typedef struct
{
  double goodput;
  double wait;
} Bounds;

static const Bounds all_bounds = { 0.99, 1.02 };
static const Bounds group_bounds = { 0.97, 1.05 };
static const Bounds cell_bounds = { 0.95, 1.1 };

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

/* Some cells of each group, evenly spaced: (transfer full) (element-type GridCell). cells lends
 * them and has to live longer. */
static GPtrArray *
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

/* Writes the figures of the outcomes. FALSE, with a message: the file cannot be written. */
static gboolean
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

/* The geometric means. */
static Figures
get_means (const Sums *self)
{
  double n = MAX (self->n, 1);

  return (Figures){ exp (self->goodput / n), exp (self->chat / n), exp (self->interactive / n) };
}

/* FALSE, with a message: the bounds are missed. */
static gboolean
judge (const char *name, const Sums *sums, const Bounds *bounds)
{
  Figures means = get_means (sums);

  if (means.goodput >= bounds->goodput && means.chat <= bounds->wait &&
      means.interactive <= bounds->wait)
    return TRUE;
  g_printerr ("goodput %.3f (at least %.2f), waits %.3f and %.3f (at most %.2f): %s\n",
              means.goodput, bounds->goodput, means.chat, means.interactive, bounds->wait, name);
  return FALSE;
}

static gboolean
report (const char *group, const Sums *sums, const Bounds *bounds)
{
  Figures means = get_means (sums);

  g_print ("%-18s %5u %8.3f %8.3f %8.3f\n", group, sums->n, means.goodput, means.chat,
           means.interactive);
  return judge (group, sums, bounds);
}

/* Prints how each group has done beside the figures in a file. FALSE, with messages: bounds are
 * missed, or a cell has no figures there. */
static gboolean
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
          Sums            alone = { 0 };

          if (before == NULL)
            {
              g_printerr ("%s has no figures of: %s\n", path, cell->text);
              good = FALSE;
              continue;
            }
          add (&alone, &now, before);
          add (&sums, &now, before);
          add (&all, &now, before);
          good = judge (cell->text, &alone, &cell_bounds) && good;
        }
      good =
          report (((GridCell *) g_ptr_array_index (cells, first))->group, &sums, &group_bounds) &&
          good;
    }
  return report ("all", &all, &all_bounds) && good;
}

/* The program. */

/* Shared by the processes. */
typedef struct
{
  gint    next; /* the cell that is run next; atomic */
  Outcome outcomes[];
} Board;

static void
run_cells (Board *board, const GPtrArray *cells, gboolean with_model)
{
  guint i;

  while ((i = (guint) g_atomic_int_add (&board->next, 1)) < cells->len)
    {
      const GridCell *cell = g_ptr_array_index (cells, i);

      board->outcomes[i] = outcome_run (&cell->cell, i, with_model);
    }
}

/* FALSE: a process died, or there is none. */
static gboolean
run_processes (Board *board, const GPtrArray *cells, int n_jobs, gboolean with_model)
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
          run_cells (board, cells, with_model);
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

int
main (int argc, char **argv)
{
  g_autofree char   *match = NULL;
  g_autofree char   *record = NULL;
  g_autofree char   *against = NULL;
  int                n_jobs = (int) g_get_num_processors ();
  int                n_worst = 40;
  gboolean           is_list = FALSE;
  const GOptionEntry entries[] = {
    { "match", 'm', 0, G_OPTION_ARG_STRING, &match, "Only cells with these words", "WORDS" },
    { "jobs", 'j', 0, G_OPTION_ARG_INT, &n_jobs, "Processes (one for each core)", "N" },
    { "worst", 'w', 0, G_OPTION_ARG_INT, &n_worst, "Cells to print (40)", "N" },
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

  grid = grid_create (match);
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
  outcome_print_all (board->outcomes, cells, (guint) MAX (n_worst, 0));
  return good ? 0 : 1;
}
