/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The binding of a resource (RFC 6120 §7), whatever the server answers. */

#include "config.h"

#include "xmpp/login/binding.h"

#include <string.h>

#include "ibb-error.h"
#include "xml-pair.h"

#define BIND "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'"
#define FEATURES(inner) "<s:features>" BIND "/>" inner "</s:features>"
#define SESSION "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'"
#define BOUND "<iq type='result' id='bind'>" BIND "><jid>u@d/r</jid></bind></iq>"
#define CONFLICT                                                                                   \
  "<iq type='error' id='bind'><error type='cancel'>"                                               \
  "<conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"

static IBBBinding *
start (XmlPair *pair, const char *features, const char *resource)
{
  g_autoptr (IBBElement) element = parse_element (features);

  return ibb_binding_new (pair->stream, element, "u@d", resource, NULL);
}

static IBBBindingState
handle (IBBBinding *binding, const char *xml, GError **error)
{
  g_autoptr (IBBElement) element = parse_element (xml);

  return ibb_binding_handle (binding, element, error);
}

static void
test_bound (void)
{
  XmlPair     pair;
  IBBBinding *binding;

  xml_pair_set_up (&pair);
  binding = start (&pair, FEATURES (""), "a<b");
  xml_pair_assert_sent (&pair, "<iq type='set' id='bind'>" BIND
                               "><resource>a&lt;b</resource></bind></iq>");
  g_assert_cmpint (handle (binding, "<message/>", NULL), ==, IBB_BINDING_GOES_ON);
  g_assert_cmpint (handle (binding, "<iq type='result' id='x'/>", NULL), ==, IBB_BINDING_GOES_ON);
  g_assert_cmpint (handle (binding, BOUND, NULL), ==, IBB_BINDING_DONE);
  g_assert_cmpstr (binding->jid, ==, "u@d/r");
  ibb_binding_free (binding);
  xml_pair_tear_down (&pair);
}

/* A resource that is taken: the server shall choose one. */
static void
test_conflict (void)
{
  XmlPair            pair;
  IBBBinding        *binding;
  g_autoptr (GError) error = NULL;

  xml_pair_set_up (&pair);
  binding = start (&pair, FEATURES (""), "r");
  g_free (xml_pair_read (&pair));
  g_assert_cmpint (handle (binding, CONFLICT, NULL), ==, IBB_BINDING_GOES_ON);
  xml_pair_assert_sent (&pair, "<iq type='set' id='bind'>" BIND "></bind></iq>");
  g_assert_cmpint (handle (binding, CONFLICT, &error), ==, IBB_BINDING_FAILED);
  g_assert_error (error, IBB_ERROR, IBB_ERROR_CONFLICT);
  ibb_binding_free (binding);
  xml_pair_tear_down (&pair);
}

static void
test_no_reason (void)
{
  XmlPair            pair;
  IBBBinding        *binding;
  g_autoptr (GError) error = NULL;

  xml_pair_set_up (&pair);
  binding = start (&pair, FEATURES (""), NULL);
  g_assert_cmpint (handle (binding, "<iq type='error' id='bind'/>", &error), ==,
                   IBB_BINDING_FAILED);
  g_assert_nonnull (error);
  g_assert_true (g_str_has_suffix (error->message, "bind a resource: it does not say why"));
  ibb_binding_free (binding);
  xml_pair_tear_down (&pair);
}

/* RFC 3921 §3, unless the server says that it is optional. */
static void
test_session (void)
{
  XmlPair     pair;
  IBBBinding *binding;

  xml_pair_set_up (&pair);
  binding = start (&pair, FEATURES (SESSION "/>"), NULL);
  g_free (xml_pair_read (&pair));
  g_assert_cmpint (handle (binding, BOUND, NULL), ==, IBB_BINDING_DONE);
  xml_pair_assert_sent (&pair, "<iq type='set' id='session'>" SESSION "/></iq>");
  ibb_binding_free (binding);

  binding = start (&pair, FEATURES (SESSION "><optional/></session>"), NULL);
  g_assert_cmpint (handle (binding, BOUND, NULL), ==, IBB_BINDING_DONE);
  ibb_binding_free (binding);
  xml_pair_tear_down (&pair);
}

static void
test_broken (void)
{
  static const char *const answers[] = {
    "<iq type='result' id='bind'/>",
    "<iq type='result' id='bind'>" BIND "/></iq>",
    "<iq type='result' id='bind'>" BIND "><jid>u@d</jid></bind></iq>",
    "<iq type='result' id='bind'>" BIND "><jid>u@d@d/r</jid></bind></iq>",
    "<iq type='result' id='bind'>" BIND "><jid>v@d/r</jid></bind></iq>",
    "<iq type='result' id='bind'>" BIND "><jid>d/r</jid></bind></iq>",
  };
  XmlPair pair;

  xml_pair_set_up (&pair);
  g_assert_null (start (&pair, "<s:features/>", NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      IBBBinding        *binding = start (&pair, FEATURES (""), NULL);
      g_autoptr (GError) error = NULL;

      g_assert_cmpint (handle (binding, answers[i], &error), ==, IBB_BINDING_FAILED);
      g_assert_error (error, IBB_ERROR, IBB_ERROR_PROTOCOL);
      ibb_binding_free (binding);
    }
  xml_pair_tear_down (&pair);
}

/* The addresses that a server may give a login. Real servers that change the name stand in
 * tests/server/jids.py. */
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
  g_test_add_func ("/ibb/binding/bound", test_bound);
  g_test_add_func ("/ibb/binding/conflict", test_conflict);
  g_test_add_func ("/ibb/binding/no-reason", test_no_reason);
  g_test_add_func ("/ibb/binding/session", test_session);
  g_test_add_func ("/ibb/binding/broken", test_broken);
  g_test_add_func ("/ibb/binding/check", test_check);
  g_test_add_func ("/ibb/binding/long", test_long);

  return g_test_run ();
}
