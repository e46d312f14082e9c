/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/base/id.h"

#include "base/random.h"
#include "core/base/ids.h"

static void
fill_random (guint8 *bytes, gsize length, gpointer data)
{
  ibb_random_fill (bytes, length);
}

char *
ibb_id_new (void)
{
  const IBBIds     ids = { .random = fill_random };
  g_autofree char *digits = ibb_ids_create_sid (&ids);

  return g_strconcat ("ibb-", digits, NULL);
}
