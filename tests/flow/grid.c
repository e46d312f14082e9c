/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "grid.h"

#include <string.h>

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
add (GPtrArray *cells, const Group *group, const Cell *cell, char **words)
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

static gboolean
has_jitter (const Cell *cell)
{
  return cell->jitter > 0 || cell_get (&cell->peer_jitter, 0) > 0;
}

static void
add_seeds (GPtrArray *cells, const Group *group, Cell *cell, char **words, guint n_seeds)
{
  for (cell->seed = 1; cell->seed <= (has_jitter (cell) ? n_seeds : 1); cell->seed++)
    add (cells, group, cell, words);
}

/* Combines all values of the first parameter with all of the others. */
static void
combine (GPtrArray   *cells,
         const Group *group,
         char       **parameters,
         const Cell  *cell,
         char       **words,
         guint        n_seeds)
{
  g_auto (GStrv) parts = NULL;
  g_auto (GStrv) values = NULL;
  Cell           copy = *cell;

  if (parameters[0] == NULL)
    {
      add_seeds (cells, group, &copy, words, n_seeds);
      return;
    }

  parts = g_strsplit (parameters[0], "=", 2);
  values = g_strsplit (parts[1], "|", 0);
  for (guint i = 0; values[i] != NULL; i++)
    {
      if (!cell_set (&copy, parts[0], values[i]))
        g_error ("%s: %s", group->name, parameters[0]);
      combine (cells, group, parameters + 1, &copy, words, n_seeds);
    }
}

GPtrArray *
grid_create (const char *match, guint n_seeds)
{
  GPtrArray     *cells = g_ptr_array_new_with_free_func (grid_cell_free);
  g_auto (GStrv) words = g_strsplit (match != NULL ? match : "", " ", 0);

  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    {
      g_auto (GStrv) parameters = g_strsplit (groups[i].parameters, " ", 0);
      Cell           cell;

      cell_init (&cell);
      combine (cells, &groups[i], parameters, &cell, words, n_seeds);
    }
  return cells;
}
