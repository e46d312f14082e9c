/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The requests along with a login by SASL2, and their answers. */

#include "config.h"

#include "xmpp/login/sasl2.h"

#include <string.h>

#include "ibb-error.h"
#include "xml-pair.h"

#define OFFER(inner)                                                                               \
  "<s:features><authentication xmlns='urn:xmpp:sasl:2'><mechanism>PLAIN</mechanism>" inner         \
  "</authentication></s:features>"
#define INLINE(inner) "<inline>" inner "</inline>"
#define BIND(inner) "<bind xmlns='urn:xmpp:bind:0'>" inner "</bind>"
#define SM "<sm xmlns='urn:xmpp:sm:3'/>"
#define SM_FEATURE "<inline><feature var='x'/><feature var='urn:xmpp:sm:3'/></inline>"
#define ENABLE "<enable xmlns='urn:xmpp:sm:3' resume='true'/>"

static void
test_requests (void)
{
  static const IBBResumption resumption = { .id = (char *) "i", .h = 7 };
  static const struct
  {
    const char    *features;
    IBBSasl2Wishes wishes;
    const char    *expected; /* behind the first message */
  } cases[] = {
    { OFFER (""), { .binds = TRUE, .confirms = TRUE }, "" },
    { OFFER (INLINE (BIND (""))), { .binds = TRUE, .confirms = TRUE }, BIND ("") },
    { OFFER (INLINE (BIND (SM_FEATURE))), { .binds = TRUE, .confirms = TRUE }, BIND (ENABLE) },
    { OFFER (INLINE (BIND (SM_FEATURE))), { .binds = TRUE }, BIND ("") },
    { OFFER (INLINE (BIND (SM_FEATURE) SM)), { .confirms = TRUE }, "" },
    { OFFER (INLINE (SM)), { .binds = TRUE, .confirms = TRUE }, "" },
    { OFFER (INLINE (BIND ("") SM)),
      { .resumption = &resumption },
      "<resume xmlns='urn:xmpp:sm:3' h='7' previd='i'/>" },
    { OFFER (INLINE (BIND (""))), { .binds = TRUE, .resumption = &resumption }, "" },
    { OFFER (""), { .user_agent_id = "a'<" }, "<user-agent id='a&apos;&lt;'/>" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (IBBElement) features = parse_element (cases[i].features);
      g_autofree char       *text = NULL;
      IBBSasl2Requests       requests;
      g_autofree char       *expected =
          g_strdup_printf ("<authenticate xmlns='urn:xmpp:sasl:2' mechanism='ANONYMOUS'>"
                           "<initial-response>%s</initial-response>%s</authenticate>",
                           i == 0 ? "" : "QQ==", cases[i].expected);

      ibb_sasl2_get_requests (ibb_sasl2_get_offer (features), &cases[i].wishes, &requests);
      text = ibb_sasl2_dup_authenticate (&requests, &cases[i].wishes, "ANONYMOUS",
                                         i == 0 ? "=" : "QQ==", "");
      g_assert_cmpstr (text, ==, expected);
    }
}

#define SUCCESS(inner) "<success xmlns='urn:xmpp:sasl:2'>" inner "</success>"
#define IDENTIFIER(jid) "<authorization-identifier>" jid "</authorization-identifier>"
#define BOUND(inner) "<bound xmlns='urn:xmpp:bind:0'>" inner "</bound>"

static void
test_outcomes (void)
{
  static const IBBSasl2Requests binding = { .binds = TRUE, .confirms = TRUE };
  static const IBBSasl2Requests resuming = { .resumes = TRUE };
  static const struct
  {
    const char *success;
    gboolean    is_bad;
    const char *jid;
    const char *management;
    const char *resumption;
  } cases[] = {
    { SUCCESS (""), FALSE, NULL, NULL, NULL },
    { SUCCESS (IDENTIFIER ("u@d")), FALSE, NULL, NULL, NULL },
    /* A resource that nobody says is bound is none. */
    { SUCCESS (IDENTIFIER ("u@d/r")), FALSE, NULL, NULL, NULL },
    { SUCCESS (IDENTIFIER ("u@d/r") BOUND ("")), FALSE, "u@d/r", NULL, NULL },
    { SUCCESS (BOUND ("<enabled xmlns='urn:xmpp:sm:3'/>") IDENTIFIER ("u@d/r")), FALSE, "u@d/r",
      "enabled", NULL },
    { SUCCESS (BOUND ("<failed xmlns='urn:xmpp:sm:3'/>") IDENTIFIER ("u@d/r")), FALSE, "u@d/r",
      "failed", NULL },
    { SUCCESS ("<resumed xmlns='urn:xmpp:sm:3'/>"), FALSE, NULL, NULL, "resumed" },
    { SUCCESS ("<failed xmlns='urn:xmpp:sm:3'/>"), FALSE, NULL, NULL, "failed" },
    { SUCCESS ("<failed xmlns='urn:xmpp:bind:0'/>"), FALSE, NULL, NULL, NULL },
    { SUCCESS (BOUND ("")), TRUE, NULL, NULL, NULL },
    { SUCCESS (BOUND ("") IDENTIFIER ("u@d")), TRUE, NULL, NULL, NULL },
    { SUCCESS (BOUND ("") IDENTIFIER ("u@d/")), TRUE, NULL, NULL, NULL },
    { SUCCESS (BOUND ("") IDENTIFIER ("u@@d/r")), TRUE, NULL, NULL, NULL },
    /* Of another account. */
    { SUCCESS (BOUND ("") IDENTIFIER ("v@d/r")), TRUE, NULL, NULL, NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (IBBElement) success = parse_element (cases[i].success);
      g_autoptr (GError)     error = NULL;
      IBBSasl2Outcome        outcome = { NULL };

      g_test_message ("%s", cases[i].success);
      g_assert_true (ibb_sasl2_take_outcome (
                         success,
                         strstr (cases[i].success, "<bound") != NULL ? &binding : &resuming, "u@d",
                         &outcome, &error) == !cases[i].is_bad);
      if (cases[i].is_bad)
        g_assert_error (error, IBB_ERROR, IBB_ERROR_PROTOCOL);
      g_assert_cmpstr (outcome.jid, ==, cases[i].jid);
      g_assert_cmpstr (outcome.management != NULL ? outcome.management->name : NULL, ==,
                       cases[i].management);
      g_assert_cmpstr (outcome.resumption != NULL ? outcome.resumption->name : NULL, ==,
                       cases[i].resumption);
      ibb_sasl2_outcome_clear (&outcome);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ibb/sasl2/requests", test_requests);
  g_test_add_func ("/ibb/sasl2/outcomes", test_outcomes);

  return g_test_run ();
}
