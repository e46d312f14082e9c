/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/base/ids.h"

char *
ibb_ids_create (const IBBIds *self)
{
  static const char digits[] = "0123456789abcdef";
  guint8            bytes[8];
  char             *id = g_strnfill (2 * sizeof bytes, '0');

  self->random (bytes, sizeof bytes, self->data);
  for (gsize i = 0; i < sizeof bytes; i++)
    {
      id[2 * i] = digits[bytes[i] >> 4];
      id[2 * i + 1] = digits[bytes[i] & 15];
    }
  return id;
}

char *
ibb_ids_create_sid (const IBBIds *self)
{
  g_autofree char *first = ibb_ids_create (self);
  g_autofree char *second = ibb_ids_create (self);

  return g_strconcat (first, second, NULL);
}
