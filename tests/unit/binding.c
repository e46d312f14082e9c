/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The addresses that a server may give a login. The binding itself stands in
 * tests/server/login.script. */

#include "config.h"

#include "xmpp/login/binding.h"

#include <string.h>

#include "ibb-error.h"

/* Real servers that change the name stand in tests/server/jids.py. */
static void
test_check (void)
{
  static const struct
  {
    const char *bare_jid;
    const char *jid; /* (nullable) */
    gboolean    is_good;
  } cases[] = {
    { "user@d.test", "user@d.test/any", TRUE },
    { "user@d.test", "USER@D.test./any", TRUE },
    { "ｕｓｅｒ@d.test", "user@d.test/any", TRUE },
    { "straße@d.test", "strasse@d.test/any", TRUE }, /* stringprep */
    { "straße@d.test", "straße@d.test/any", TRUE },
    { "user@bücher.test", "user@xn--bcher-kva.test/any", TRUE },
    /* A login without a name. */
    { "d.test", "d0a1@d.test/any", TRUE },
    { "d.test", "d0a1@guests.d.test/any", TRUE },
    { "d.test", "d.test", FALSE },
    /* Another account, or another domain. */
    { "user@d.test", "other@d.test/any", FALSE },
    { "user@d.test", "user@other.test/any", FALSE },
    { "user@d.test", "d.test/any", FALSE },
    { "user@d.test", "d.test/user@d.test", FALSE },
    /* No address at all. */
    { "user@d.test", "user@d.test", FALSE },
    { "user@d.test", "user@d.test/", FALSE },
    { "user@d.test", "user@@d.test/any", FALSE },
    { "user@d.test", "", FALSE },
    { "user@d.test", NULL, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%s for %s", cases[i].jid, cases[i].bare_jid);
      g_assert_true (ibb_binding_check (cases[i].jid, cases[i].bare_jid, &error) ==
                     cases[i].is_good);
      if (!cases[i].is_good)
        g_assert_error (error, IBB_ERROR, IBB_ERROR_PROTOCOL);
    }
}

/* A server that has much to say does not fill a log. */
static void
test_long (void)
{
  g_autofree char   *resource = g_strnfill (1000, 'x');
  g_autofree char   *jid = g_strconcat ("other@d.test/", resource, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (ibb_binding_check (jid, "user@d.test", &error));
  g_assert_nonnull (strstr (error->message, "“user@d.test” in as “other@d.test/xxx"));
  g_assert_cmpuint (strlen (error->message), <, 500);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ibb/binding/check", test_check);
  g_test_add_func ("/ibb/binding/long", test_long);

  return g_test_run ();
}
