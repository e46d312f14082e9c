/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "schedules.h"

#include <stdlib.h>
#include <string.h>

#define N_FAILURES 12 /* eight errors, and cuts with four seeds */

static int    n_schedules = 3000;
static gint64 only = -1;

/* ext4, an older NFS, exFAT by FUSE with and without locks. */
static const struct
{
  gboolean has_rename, has_links, has_locks;
} systems[] = { { TRUE, TRUE, TRUE }, { FALSE, TRUE, TRUE }, { FALSE, FALSE, TRUE }, { FALSE } };

static void
test_schedules (gconstpointer data)
{
  ScheduleFunc run = (ScheduleFunc) data;
  guint64      n_calls = 0;

  if (only >= 0)
    n_calls = run ((guint32) only, NULL);
  for (int i = 0; only < 0 && i < n_schedules; i++)
    n_calls += run ((guint32) i, NULL);
  g_assert_cmpuint (n_calls, >, 0);
}

static void
test_each_call (gconstpointer data)
{
  const ScheduleEach none = { 0, 0, 0 };
  ScheduleFunc       run = (ScheduleFunc) data;
  guint              n_calls = 0;

  for (guint i = 0; i < 3; i++)
    n_calls = MAX (n_calls, run (1 + i, &none));
  for (guint system = 0; system < G_N_ELEMENTS (systems); system++)
    for (guint call = 1; call <= n_calls; call++)
      for (guint failure = 0; failure < N_FAILURES; failure++)
        {
          const ScheduleEach each = { system, call, failure };

          run (1 + failure % 3, &each);
        }
  g_test_message ("%u calls", n_calls);
  g_assert_cmpuint (n_calls, >, 20);
}

gboolean
schedules_plan (FakeDisk *disk, const ScheduleEach *each)
{
  GRand *random = disk->random;

  if (each != NULL)
    {
      disk->has_rename = systems[each->system].has_rename;
      disk->has_links = systems[each->system].has_links;
      disk->has_locks = systems[each->system].has_locks;
      disk->failure = each->failure;
      *(each->failure < 8 ? &disk->fails_at : &disk->cut_at) = each->call;
      return FALSE;
    }
  disk->has_rename = g_rand_int_range (random, 0, 4) > 0;
  disk->has_links = disk->has_rename || g_rand_boolean (random);
  disk->has_locks = g_rand_int_range (random, 0, 8) > 0;
  if (g_rand_int_range (random, 0, 4) == 0)
    return TRUE;
  disk->fault_rate = g_rand_boolean (random) ? (guint) g_rand_int_range (random, 0, 60) : 0;
  disk->plant_rate = g_rand_boolean (random) ? (guint) g_rand_int_range (random, 0, 60) : 0;
  disk->cut_at = g_rand_boolean (random) ? (guint) g_rand_int_range (random, 1, 300) : 0;
  disk->kill_at = g_rand_boolean (random) ? (guint) g_rand_int_range (random, 1, 200) : 0;
  return FALSE;
}

void
schedules_init (int *argc, char ***argv)
{
  char **arguments = *argv;

  /* Before the framework reads its own options. */
  for (int i = 1; i + 1 < *argc; i++)
    if (g_str_equal (arguments[i], "--seed") || g_str_equal (arguments[i], "--count"))
      {
        if (arguments[i][2] == 's')
          only = g_ascii_strtoll (arguments[i + 1], NULL, 10);
        else
          n_schedules = atoi (arguments[i + 1]);
        memmove (&arguments[i], &arguments[i + 2], sizeof *arguments * (gsize) (*argc - i - 1));
        *argc -= 2;
        i--;
      }
  g_test_init (argc, argv, NULL);
}

void
schedules_add (const char *each, const char *many, ScheduleFunc run)
{
  g_test_add_data_func (each, (gconstpointer) run, test_each_call);
  g_test_add_data_func (many, (gconstpointer) run, test_schedules);
}
