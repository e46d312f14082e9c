/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/trust/turns.h"

#define PAUSE_FIRST 1     /* s */
#define PAUSE_MAX 512     /* s; of one name */
#define PAUSE_MAX_ALL 64  /* s; of all names together */
#define PAUSE_MEMORY 7200 /* s after the end of a pause: then it is forgotten */
#define PAUSED_NAMES_MAX 64
#define WAITING_MAX 4 /* of one name */

void
ibb_turns_init (IBBTurns *self)
{
  *self = (IBBTurns){ .names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free),
                      .waiting = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL) };
  for (guint i = 0; i < G_N_ELEMENTS (self->accepted); i++)
    self->accepted[i] = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

void
ibb_turns_clear (IBBTurns *self)
{
  g_clear_pointer (&self->names, g_hash_table_unref);
  g_clear_pointer (&self->waiting, g_hash_table_unref);
  for (guint i = 0; i < G_N_ELEMENTS (self->accepted); i++)
    g_clear_pointer (&self->accepted[i], g_hash_table_unref);
}

gint64
ibb_turns_take (IBBTurns *self, const char *name, gboolean as_server, gint64 now)
{
  const IBBPause *pause = g_hash_table_lookup (self->names, name);
  gint64          until = MAX (self->all.until, pause != NULL ? pause->until : 0);

  if (now < until)
    return until;
  if (self->is_taken[as_server] || g_hash_table_contains (self->accepted[as_server], name))
    return G_MAXINT64;
  self->is_taken[as_server] = TRUE;
  return 0;
}

static void
count_waiting (IBBTurns *self, const char *name, int change)
{
  int n = GPOINTER_TO_INT (g_hash_table_lookup (self->waiting, name)) + change;

  if (n > 0)
    g_hash_table_insert (self->waiting, g_strdup (name), GINT_TO_POINTER (n));
  else
    g_hash_table_remove (self->waiting, name);
}

gboolean
ibb_turns_start_waiting (IBBTurns *self, const char *name)
{
  if (GPOINTER_TO_INT (g_hash_table_lookup (self->waiting, name)) >= WAITING_MAX)
    return FALSE;
  count_waiting (self, name, 1);
  return TRUE;
}

void
ibb_turns_stop_waiting (IBBTurns *self, const char *name)
{
  count_waiting (self, name, -1);
}

void
ibb_turns_end (IBBTurns *self, const char *name, gboolean as_server, gboolean is_trusted)
{
  self->is_taken[as_server] = FALSE;
  if (is_trusted)
    g_hash_table_remove (self->names, name);
}

void
ibb_turns_accept (IBBTurns *self, const char *name, gboolean as_server)
{
  self->is_taken[as_server] = FALSE;
  g_hash_table_add (self->accepted[as_server], g_strdup (name));
}

void
ibb_turns_settle (IBBTurns *self, const char *name, gboolean as_server, gboolean is_trusted)
{
  g_hash_table_remove (self->accepted[as_server], name);
  if (is_trusted)
    g_hash_table_remove (self->names, name);
}

static void
prolong (IBBPause *pause, gint64 now, gint64 max)
{
  if (now > pause->until + PAUSE_MEMORY * G_TIME_SPAN_SECOND)
    pause->n_broken = 0;
  pause->until =
      now + MIN ((gint64) PAUSE_FIRST << MIN (pause->n_broken, 16), max) * G_TIME_SPAN_SECOND;
  pause->n_broken++;
}

/* The name whose pause ends first: its owner gains no more than what the pause of all allows. */
static void
forget_one (IBBTurns *self)
{
  const char    *first = NULL;
  gint64         until = G_MAXINT64;
  GHashTableIter iter;
  gpointer       name, pause;

  g_hash_table_iter_init (&iter, self->names);
  while (g_hash_table_iter_next (&iter, &name, &pause))
    if (((IBBPause *) pause)->until < until)
      {
        first = name;
        until = ((IBBPause *) pause)->until;
      }
  g_hash_table_remove (self->names, first);
}

IBBPause
ibb_turns_break_off (IBBTurns *self, const char *name, gboolean as_server, gint64 now)
{
  IBBPause *pause = g_hash_table_lookup (self->names, name);

  self->is_taken[as_server] = FALSE;
  if (pause == NULL)
    {
      if (g_hash_table_size (self->names) == PAUSED_NAMES_MAX)
        forget_one (self);
      pause = g_new0 (IBBPause, 1);
      g_hash_table_insert (self->names, g_strdup (name), pause);
    }
  prolong (&self->all, now, PAUSE_MAX_ALL);
  prolong (pause, now, PAUSE_MAX);
  return *pause;
}
