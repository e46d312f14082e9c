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

static gboolean
parse_profiles (const char *text, gboolean *wanted)
{
  g_auto (GStrv) names = g_strsplit (text, ",", -1);

  for (char **name = names; *name != NULL; name++)
    {
      guint i = 0;

      while (i < N_PROFILES && strcmp (*name, profile_names[i]) != 0)
        i++;
      if (i == N_PROFILES)
        return FALSE;
      wanted[i] = TRUE;
    }
  return TRUE;
}

int
main (int argc, char **argv)
{
  int                count = 1000;
  g_autofree char   *seed_text = NULL;
  g_autofree char   *first_text = NULL;
  g_autofree char   *profile_text = NULL;
  gboolean           verbose = FALSE;
  gboolean           wanted[N_PROFILES] = { FALSE };
  const GOptionEntry entries[] = {
    { "count", 'n', 0, G_OPTION_ARG_INT, &count, "Schedules of each profile (1000)", "N" },
    { "first", 'f', 0, G_OPTION_ARG_STRING, &first_text, "Seed of the first of them (1)", "S" },
    { "seed", 's', 0, G_OPTION_ARG_STRING, &seed_text, "Only the schedule of this seed", "S" },
    { "profile", 'p', 0, G_OPTION_ARG_STRING, &profile_text,
      "clean, faulty, timing, closing, crowd, bulk, wrap, peers, hostile, outages, shared, logins; "
      "several with commas",
      "NAME" },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &verbose, "Print every stanza and event", NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError)         error = NULL;
  guint64                    first = 1;
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
  if (!parse_profiles (profile_text != NULL
                           ? profile_text
                           : "clean,faulty,timing,closing,crowd,peers,hostile,shared",
                       wanted) ||
      (first_text != NULL &&
       !g_ascii_string_to_unsigned (first_text, 10, 0, G_MAXUINT64, &first, NULL)) ||
      (seed_text != NULL &&
       !g_ascii_string_to_unsigned (seed_text, 10, 0, G_MAXUINT64, &first, NULL)))
    {
      g_printerr ("%s: what profile or seed is that?\n", argv[0]);
      return 2;
    }
  if (seed_text != NULL)
    count = 1;

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
    for (int i = 0; i < count && wanted[profile] && n_failures < MAX_FAILURES; i++)
      {
        gboolean good;

        current.profile = (Profile) profile;
        current.seed = first + (guint64) i;
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
