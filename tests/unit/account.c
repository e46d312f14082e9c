/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/base/account.h"

static void
test_copy (void)
{
  g_auto (IBBAccountSettings) settings = { NULL };
  g_auto (IBBAccountSettings) login = { NULL };
  IBBAccount                 *account = ibb_account_new ();

  ibb_account_set_jid (account, "user@d.test");
  g_assert_true (ibb_account_set_string (account, IBB_ACCOUNT_SETTING (password), "pencil"));
  g_assert_false (ibb_account_set_string (account, IBB_ACCOUNT_SETTING (password), "pencil"));
  g_assert_true (ibb_account_set_string (account, IBB_ACCOUNT_SETTING (host), "localhost"));

  ibb_account_get (account, &settings);
  ibb_account_get_for_login (account, &login);
  ibb_account_free (account);
  g_assert_cmpstr (settings.jid, ==, "user@d.test");
  g_assert_cmpstr (settings.host, ==, "localhost");
  g_assert_null (settings.password);
  g_assert_cmpstr (login.host, ==, "localhost");
  g_assert_cmpstr (login.password, ==, "pencil");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/account/copy", test_copy);
  return g_test_run ();
}
