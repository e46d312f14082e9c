/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Ids are all of the random bytes that they are made from. */

#include "config.h"

#include "core/base/ids.h"

static void
count (guint8 *bytes, gsize n, gpointer data)
{
  guint8 *next = data;

  for (gsize i = 0; i < n; i++, *next += 0x22)
    bytes[i] = *next;
}

static void
test_digits (void)
{
  guint8           first = 0x01;
  guint8           second = 0x10;
  g_autofree char *id = ibb_ids_create (&(IBBIds){ count, &first });
  g_autofree char *sid = ibb_ids_create_sid (&(IBBIds){ count, &second });

  g_assert_cmpstr (id, ==, "0123456789abcdef");
  g_assert_cmpstr (sid, ==, "1032547698badcfe20426486a8caec0e");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ibb/ids/digits", test_digits);
  return g_test_run ();
}
