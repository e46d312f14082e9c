/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "base/random.h"

#include <errno.h>
#include <stdio.h>

#ifdef HAVE_GETRANDOM
#include <sys/random.h>
#endif

#ifdef HAVE_GETRANDOM

/* Returns FALSE where the kernel is older than the C library. */
static gboolean
fill_from_kernel (guint8 *bytes, gsize length)
{
  while (length > 0)
    {
      gssize n = getrandom (bytes, length, 0);

      if (n < 0 && errno != EINTR)
        return FALSE;
      if (n < 0)
        continue;
      bytes += n;
      length -= (gsize) n;
    }
  return TRUE;
}

#else

static gboolean
fill_from_kernel (guint8 *bytes, gsize length)
{
  return FALSE;
}

#endif

static void
fill_from_device (guint8 *bytes, gsize length)
{
  FILE *file = fopen ("/dev/urandom", "rb");

  if (file == NULL || fread (bytes, 1, length, file) != length)
    g_error ("The system gives no random numbers: %s", g_strerror (errno));
  fclose (file);
}

void
ibb_random_fill (guint8 *bytes, gsize length)
{
  if (!fill_from_kernel (bytes, length))
    fill_from_device (bytes, length);
}

void
ibb_random_take (IBBRandom *self, guint8 *bytes, gsize length)
{
  for (gsize i = 0; i < length; i++)
    {
      if (self->n_left == 0)
        {
          ibb_random_fill (self->bytes, sizeof self->bytes);
          self->n_left = sizeof self->bytes;
        }
      self->n_left--;
      bytes[i] = self->bytes[self->n_left];
      self->bytes[self->n_left] = 0; /* no number is used twice, or found in memory later */
    }
}
