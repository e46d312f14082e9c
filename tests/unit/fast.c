/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The tokens that a server issues. The logins stand in tests/server/token.script, as they need
 * TLS. */

#include "config.h"

#include "xmpp/login/fast.h"

#include "xml-pair.h"

#define SUCCESS(inner) "<success xmlns='urn:xmpp:sasl:2'>" inner "</success>"
#define TOKEN(attributes) "<token xmlns='urn:xmpp:fast:0' " attributes "/>"

static void
test_issued (void)
{
  g_autoptr (IBBElement) success =
      parse_element (SUCCESS (TOKEN ("token='a&lt;b' expiry='2126-03-12T14:36:15Z'")));
  g_autoptr (IBBXmppToken) token = ibb_fast_take_token (success, "HT-SHA-256-ENDP");
  g_autoptr (GDateTime)    expected = g_date_time_new_utc (2126, 3, 12, 14, 36, 15);

  g_assert_cmpstr (ibb_xmpp_token_get_secret (token), ==, "a<b");
  g_assert_cmpstr (ibb_xmpp_token_get_mechanism (token), ==, "HT-SHA-256-ENDP");
  g_assert_true (g_date_time_equal (ibb_xmpp_token_get_expiry (token), expected));
  g_assert_null (ibb_fast_take_token (success, "HT-SHA-256-ENDP"));
}

static void
test_length (void)
{
  for (gsize length = 0; length <= 1025; length += length == 1 ? 1023 : 1)
    {
      g_autofree char         *secret = g_strnfill (length, 's');
      g_autofree char         *text = g_strdup_printf (SUCCESS (TOKEN ("token='%s'")), secret);
      g_autoptr (IBBElement)   success = parse_element (text);
      g_autoptr (IBBXmppToken) token = ibb_fast_take_token (success, "m");

      g_assert_true ((token != NULL) == (length >= 1 && length <= 1024));
      if (token != NULL)
        {
          g_assert_cmpstr (ibb_xmpp_token_get_secret (token), ==, secret);
          g_assert_null (ibb_xmpp_token_get_expiry (token));
        }
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ibb/fast/issued", test_issued);
  g_test_add_func ("/ibb/fast/length", test_length);

  return g_test_run ();
}
