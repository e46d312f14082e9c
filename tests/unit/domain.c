/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/base/domain.h"

/* A domain is looked up by its A-labels (D-02). */
static void
test_to_ascii (void)
{
  static const struct
  {
    const char *domain;
    const char *ascii;
  } cases[] = {
    { "capulet.example", "capulet.example" },
    { "xn--mnchen-3ya.example", "xn--mnchen-3ya.example" },
    { "münchen.example", "xn--mnchen-3ya.example" },
    { "www.straße.example", "www.xn--strae-oqa.example" },
    { "例え.テスト", "xn--r8jz45g.xn--zckzah" },
    { "[::1]", "[::1]" },
    { "_a.example", "_a.example" },
    { "a\342\200\215b.example", NULL }, /* a joiner that joins nothing */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *ascii = ibb_domain_to_ascii (cases[i].domain);

      g_assert_cmpstr (ascii, ==, cases[i].ascii);
    }
}

/* D-02: which domains are addresses. */
static void
test_dup_address (void)
{
  static const struct
  {
    const char *domain;
    const char *address; /* (nullable) */
  } cases[] = {
    { "[::1]", "::1" }, { "192.0.2.1", "192.0.2.1" },  { "capulet.example", NULL },
    { "[]", NULL },     { "[capulet.example]", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *address = ibb_domain_dup_address (cases[i].domain);

      g_assert_cmpstr (address, ==, cases[i].address);
    }
}

/* D-02: the names that DNS must not get (RFC 7686). */
static void
test_is_onion (void)
{
  g_assert_true (ibb_domain_is_onion ("capulet.onion"));
  g_assert_true (ibb_domain_is_onion ("www.capulet.Onion."));
  g_assert_true (ibb_domain_is_onion ("onion"));
  g_assert_false (ibb_domain_is_onion ("onion.example"));
  g_assert_false (ibb_domain_is_onion ("capulet.notonion"));
  g_assert_false (ibb_domain_is_onion ("capulet.onion.."));
  g_assert_false (ibb_domain_is_onion (""));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/ibb/domain/to-ascii/D-02", test_to_ascii);
  g_test_add_func ("/ibb/domain/address/D-02", test_dup_address);

  g_test_add_func ("/ibb/domain/is-onion/D-02", test_is_onion);

  return g_test_run ();
}
