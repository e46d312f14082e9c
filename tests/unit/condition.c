/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/base/condition.h"
#include "core/base/failure.h"

#include <string.h>

/* RFC 6120 §8.3.3, with the types that it recommends. */
static const char *const conditions[][2] = {
  { "bad-request", "modify" },
  { "conflict", "cancel" },
  { "feature-not-implemented", "cancel" },
  { "forbidden", "auth" },
  { "gone", "cancel" },
  { "internal-server-error", "cancel" },
  { "item-not-found", "cancel" },
  { "jid-malformed", "modify" },
  { "not-acceptable", "modify" },
  { "not-allowed", "cancel" },
  { "not-authorized", "auth" },
  { "policy-violation", "modify" },
  { "recipient-unavailable", "wait" },
  { "redirect", "modify" },
  { "registration-required", "auth" },
  { "remote-server-not-found", "cancel" },
  { "remote-server-timeout", "wait" },
  { "resource-constraint", "wait" },
  { "service-unavailable", "cancel" },
  { "subscription-required", "auth" },
  { "undefined-condition", "cancel" },
  { "unexpected-request", "wait" },
};

/* Which conditions there are, and the types of our errors (D-48). The condition tells which are
 * passing (D-25). */
static void
test_names (void)
{
  IBBCondition condition;

  G_STATIC_ASSERT (G_N_ELEMENTS (conditions) == IBB_N_CONDITIONS);

  for (guint i = 0; i < IBB_N_CONDITIONS; i++)
    {
      g_assert_cmpstr (ibb_condition_to_string (i), ==, conditions[i][0]);
      g_assert_true (ibb_condition_from_string (conditions[i][0], &condition));
      g_assert_cmpuint (condition, ==, i);
      g_assert_cmpstr (ibb_condition_type_to_string (ibb_condition_get_default_type (i)), ==,
                       conditions[i][1]);
      g_assert_true (ibb_condition_means_nobody (i) ==
                     (strcmp (conditions[i][0], "service-unavailable") == 0 ||
                      strcmp (conditions[i][0], "gone") == 0 ||
                      strcmp (conditions[i][0], "remote-server-not-found") == 0));
      g_assert_true (ibb_condition_means_unreachable (i) ==
                     (ibb_condition_means_nobody (i) ||
                      strcmp (conditions[i][0], "recipient-unavailable") == 0 ||
                      strcmp (conditions[i][0], "remote-server-timeout") == 0));
    }

  g_assert_false (ibb_condition_from_string ("text", &condition));
  g_assert_false (ibb_condition_from_string ("", &condition));
  g_assert_false (ibb_condition_from_string ("Gone", &condition));
  g_assert_false (ibb_condition_from_string (NULL, &condition));
}

static void
test_types (void)
{
  static const char *const types[] = { "auth", "cancel", "continue", "modify", "wait" };
  IBBErrorType             type;

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_assert_cmpstr (ibb_condition_type_to_string (i), ==, types[i]);
      g_assert_true (ibb_condition_type_from_string (types[i], &type));
      g_assert_cmpuint (type, ==, i);
    }

  g_assert_false (ibb_condition_type_from_string ("Wait", &type));
  g_assert_false (ibb_condition_type_from_string (NULL, &type));
}

static void
test_text (void)
{
  g_autofree char *none = ibb_condition_dup_text (NULL);
  g_autofree char *empty = ibb_condition_dup_text ("");
  g_autofree char *plain = ibb_condition_dup_text ("no “thanks”");
  g_autofree char *lines = ibb_condition_dup_text ("a\nb\tc\x1B[31m\xC2\x9B");
  g_autofree char *broken = ibb_condition_dup_text ("a\xFF\xC3");
  g_autofree char *ascii = g_strnfill (300, 'x');
  g_autofree char *cut = ibb_condition_dup_text (ascii);

  g_assert_null (none);
  g_assert_cmpstr (empty, ==, "");
  g_assert_cmpstr (plain, ==, "no “thanks”");
  g_assert_cmpstr (lines, ==, "a b c [31m ");
  g_assert_cmpstr (broken, ==, "a\xEF\xBF\xBD\xEF\xBF\xBD");
  g_assert_cmpuint (strlen (cut), ==, IBB_ERROR_TEXT_MAX_LENGTH);

  /* A character of three bytes at every place near the end. */
  for (gsize before = 250; before < 260; before++)
    {
      g_autofree char *start = g_strnfill (before, 'x');
      g_autofree char *text = g_strconcat (start, "€€€€", NULL);
      g_autofree char *kept = ibb_condition_dup_text (text);

      g_assert_true (g_utf8_validate (kept, -1, NULL));
      g_assert_true (g_str_has_prefix (text, kept));
      g_assert_cmpuint (strlen (kept), <=, IBB_ERROR_TEXT_MAX_LENGTH);
      g_assert_cmpuint (strlen (kept), >, IBB_ERROR_TEXT_MAX_LENGTH - 3);
    }
}

static void
test_failure (void)
{
  IBBFailure       failure = IBB_FAILURE_INIT;
  IBBFailure       copy = IBB_FAILURE_INIT;
  g_autofree char *text = g_strnfill (300, 'x');

  ibb_failure_set_condition (&failure, IBB_FAILURE_REFUSED, IBB_CONDITION_GONE, text);
  g_assert_cmpint (failure.kind, ==, IBB_FAILURE_REFUSED);
  g_assert_true (failure.has_condition);
  g_assert_cmpint (failure.condition, ==, IBB_CONDITION_GONE);
  g_assert_cmpuint (strlen (failure.text), ==, 256);

  ibb_failure_copy (&copy, &failure);
  g_assert_cmpstr (copy.text, ==, failure.text);
  g_assert_true (copy.text != failure.text);
  ibb_failure_copy (&copy, &copy);
  g_assert_cmpstr (copy.text, ==, failure.text);

  /* A new copy of its own text. */
  ibb_failure_set_condition (&copy, IBB_FAILURE_CONDITION, IBB_CONDITION_CONFLICT, copy.text);
  g_assert_cmpstr (copy.text, ==, failure.text);

  ibb_failure_set (&copy, IBB_FAILURE_CLOSED);
  g_assert_cmpint (copy.kind, ==, IBB_FAILURE_CLOSED);
  g_assert_false (copy.has_condition);
  g_assert_null (copy.text);

  ibb_failure_clear (&failure);
  g_assert_cmpint (failure.kind, ==, IBB_FAILURE_NONE);
  ibb_failure_clear (&failure);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/ibb/condition/names/D-25", test_names);
  g_test_add_func ("/ibb/condition/types", test_types);
  g_test_add_func ("/ibb/condition/text", test_text);
  g_test_add_func ("/ibb/failure/set-and-copy", test_failure);

  return g_test_run ();
}
