/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "base/lock-order.h"

#include <string.h>

#undef g_mutex_lock
#undef g_mutex_unlock

/* The first is taken first. With the locks of the last rank no other one is taken. */
static const char *const ranks[][15] = {
  { "ibb-connection-audience.c" },
  { "cipher-pipe.c", "outbox.c" },
  { "ibb-connection-features.c", "ibb-xmpp-identity.c", "account.c", "addresses.c", "encrypter.c",
    "hub.c", "lock.c", "network-watch.c", "presences.c", "queries.c", "status.c", "weak.c",
    "xml-output.c" },
  { "names.c" },
};

typedef struct
{
  GMutex     *mutex;
  const char *name;
  gsize       rank;
} Held;

static __thread Held  held[G_N_ELEMENTS (ranks)];
static __thread guint n_held;

static gsize
get_rank (const char *name)
{
  for (gsize rank = 0; rank < G_N_ELEMENTS (ranks); rank++)
    for (gsize i = 0; i < G_N_ELEMENTS (ranks[rank]) && ranks[rank][i] != NULL; i++)
      if (g_str_equal (name, ranks[rank][i]))
        return rank;
  g_error ("The lock of %s has no rank", name);
}

void
ibb_lock_order_lock (GMutex *mutex, const char *file)
{
  const char *name = strrchr (file, '/') != NULL ? strrchr (file, '/') + 1 : file;
  gsize       rank = get_rank (name);

  if (n_held > 0 && held[n_held - 1].rank >= rank)
    g_error ("The lock of %s is taken with that of %s held", name, held[n_held - 1].name);
  g_mutex_lock (mutex);
  held[n_held++] = (Held){ mutex, name, rank };
}

void
ibb_lock_order_unlock (GMutex *mutex)
{
  guint i = n_held - 1;

  while (held[i].mutex != mutex)
    i--;
  n_held--;
  memmove (held + i, held + i + 1, (n_held - i) * sizeof *held);
  g_mutex_unlock (mutex);
}
