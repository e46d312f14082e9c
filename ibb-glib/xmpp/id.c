/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/id.h"

#include "runtime/random.h"

char *
ibb_id_new (void)
{
  guint8   random[16];
  GString *id = g_string_new ("ibb-");

  ibb_random_fill (random, sizeof random);
  for (gsize i = 0; i < sizeof random; i++)
    g_string_append_printf (id, "%02x", random[i]);

  return g_string_free (id, FALSE);
}
