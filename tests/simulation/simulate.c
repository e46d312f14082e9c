/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs schedules and reports those that break something, each with the
 * command that replays it exactly. */

#include "config.h"

#include "world.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAX_FAILURES 20

static struct
{
  const char *program;
  Profile     profile;
  guint64     seed;
} current;

static void
print_replay (void)
{
  g_printerr ("replay: %s --profile %s --seed %" G_GUINT64_FORMAT " --verbose\n", current.program,
              profile_names[current.profile], current.seed);
}

/* An assertion of the core, or a sanitizer, ends the process: say where. */
static void
died (void)
{
  char text[512];
  int  n = g_snprintf (text, sizeof text,
                       "died in: %s --profile %s --seed %" G_GUINT64_FORMAT " --verbose\n",
                       current.program, profile_names[current.profile], current.seed);

  if (write (STDERR_FILENO, text, (size_t) n) < 0)
    return;
}

static void
abort_cb (int number)
{
  died ();
  signal (number, SIG_DFL);
  raise (number);
}

extern void __sanitizer_set_death_callback (void (*callback) (void)) __attribute__ ((weak));

/* N_PROFILES: there is none of that name. */
static guint
find_profile (const char *name)
{
  guint i = 0;

  while (i < N_PROFILES && strcmp (name, profile_names[i]) != 0)
    i++;
  return i;
}

int
main (int argc, char **argv)
{
  int                count = 1000;
  gint64             seed = 0;
  gint64             first = 1;
  g_autofree char   *name = NULL;
  gboolean           verbose = FALSE;
  const GOptionEntry entries[] = {
    { "count", 'n', 0, G_OPTION_ARG_INT, &count, "Schedules of each profile (1000)", "N" },
    { "first", 'f', 0, G_OPTION_ARG_INT64, &first, "Seed of the first of them (1)", "S" },
    { "seed", 's', 0, G_OPTION_ARG_INT64, &seed, "Only the schedule of this seed", "S" },
    { "profile", 'p', 0, G_OPTION_ARG_STRING, &name,
      "clean, faulty, timing, closing, crowd, bulk, wrap, peers, hostile, outages, shared, logins "
      "(all)",
      "NAME" },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &verbose, "Print every stanza and event", NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError)         error = NULL;
  guint                      n_failures = 0;
  guint64                    n_run = 0;
  gint64                     begun;
  double                     seconds;
  World                     *world;

  setlocale (LC_ALL, "");
  g_option_context_set_summary (context, "Simulates conversations between IBB engines.");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("%s\n", error->message);
      return 2;
    }
  if (name != NULL && find_profile (name) == N_PROFILES)
    {
      g_printerr ("%s: there is no profile “%s”\n", argv[0], name);
      return 2;
    }
  if (seed != 0)
    {
      first = seed;
      count = 1;
    }

  current.program = argv[0];
  signal (SIGABRT, abort_cb);
  signal (SIGTRAP, abort_cb);
  if (__sanitizer_set_death_callback != NULL)
    __sanitizer_set_death_callback (died);
  else
    signal (SIGSEGV, abort_cb);

  world = world_new (verbose);
  begun = g_get_monotonic_time ();
  for (guint profile = 0; profile < N_PROFILES; profile++)
    for (int i = 0;
         i < count && (name == NULL || profile == find_profile (name)) && n_failures < MAX_FAILURES;
         i++)
      {
        gboolean good;

        current.profile = (Profile) profile;
        current.seed = (guint64) (first + i);
        good = world_run (world, current.profile, current.seed);
        n_run++;
        if (!good)
          {
            n_failures++;
            if (world->failure != NULL)
              g_printerr ("%s %" G_GUINT64_FORMAT ": %s\n", profile_names[profile], current.seed,
                          world->failure);
            print_replay ();
          }
      }
  seconds = (double) (g_get_monotonic_time () - begun) / G_USEC_PER_SEC;
  g_print ("%" G_GUINT64_FORMAT " schedules in %.2f s (%.0f/s): %" G_GUINT64_FORMAT
           " stanzas, %" G_GUINT64_FORMAT " bytes read, %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
           " ends clean; %u failed\n",
           n_run, seconds, (double) n_run / MAX (seconds, 0.000001), world->n_stanzas,
           world->n_bytes, world->n_clean, world->n_ends, n_failures);
  world_free (world);
  return n_failures == 0 ? 0 : 1;
}
