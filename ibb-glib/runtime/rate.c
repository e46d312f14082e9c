/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime/rate.h"

#define TIME_CONSTANT 2.0  /* s */
#define FIRST_INTERVAL 0.1 /* s, which the first bytes after a pause count as */

guint64
ibb_rate_update (IBBRate *self, guint64 bytes, gint64 now)
{
  double seconds = (double) (now - self->at) / G_USEC_PER_SEC;
  double kept;

  if (seconds > 0)
    {
      if (self->sum < 1 && bytes > self->bytes)
        {
          self->sum = self->weight = 0;
          seconds = MIN (seconds, FIRST_INTERVAL);
        }
      kept = TIME_CONSTANT / (TIME_CONSTANT + seconds);
      self->sum = self->sum * kept + (double) (bytes - self->bytes) / seconds * (1 - kept);
      self->weight = self->weight * kept + 1 - kept;
      self->bytes = bytes;
      self->at = now;
    }
  return self->weight > 0 ? (guint64) (self->sum / self->weight) : 0;
}
