/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs what uses a simulated disk by many seeds. */

#pragma once

#include "fake-disk.h"

/* Ends the program with the words, and how to see that again. */
#define judge(seed, condition, ...)                                                                \
  do                                                                                               \
    if (!(condition))                                                                              \
      {                                                                                            \
        g_autofree char *words = g_strdup_printf (__VA_ARGS__);                                    \
                                                                                                   \
        g_error ("%s; again: %s --seed %u", words, g_get_prgname (), seed);                        \
      }                                                                                            \
  while (0)

/* One schedule: prepares a disk by the seed, runs and judges. each: what fails, in place of what
 * schedules_plan () chooses; NULL: that. Returns how many calls of the disk there were. */
typedef struct
{
  guint system; /* of file systems */
  guint call;
  guint failure;
} ScheduleEach;

typedef guint (*ScheduleFunc) (guint32 seed, const ScheduleEach *each);

/* Takes --seed and --count from the arguments. In place of g_test_init (). */
void schedules_init (int *argc, char ***argv);
/* Adds two tests: one writer on each system, of whom each call fails with each of its errors, or
 * the power is cut after it; and many seeds. */
void schedules_add (const char *each, const char *many, ScheduleFunc run);
/* What goes wrong. Returns whether nothing does. */
gboolean schedules_plan (FakeDisk *disk, const ScheduleEach *each);
