/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ibb-statistics.h"

G_DEFINE_BOXED_TYPE (IBBStatistics, ibb_statistics, ibb_statistics_copy, ibb_statistics_free)

/**
 * ibb_statistics_copy:
 * @self: statistics
 *
 * Copies the statistics.
 *
 * Returns: (transfer full): the copy
 *
 * Since: 1.0
 */
IBBStatistics *
ibb_statistics_copy (const IBBStatistics *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_memdup2 (self, sizeof *self);
}

/**
 * ibb_statistics_free:
 * @self: statistics
 *
 * Frees the statistics.
 *
 * Since: 1.0
 */
void
ibb_statistics_free (IBBStatistics *self)
{
  g_free (self);
}
