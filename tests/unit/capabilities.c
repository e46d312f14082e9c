/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ibb-stanza.h"
#include "stanza/answer.h"
#include "stanza/capabilities.h"

/* D-60: the example of XEP-0115 §5.2, in another order; and nothing but an identity. */
static void
test_hash (void)
{
  static const char *const exodus[] = { "http://jabber.org/protocol/disco#items",
                                        "http://jabber.org/protocol/caps",
                                        "http://jabber.org/protocol/muc",
                                        "http://jabber.org/protocol/disco#info", NULL };
  static const char *const none[] = { NULL };
  g_autofree char         *hash = ibb_capabilities_hash ("client/pc/Exodus 0.9.1", exodus);
  g_autofree char         *empty = ibb_capabilities_hash ("client/pc/", none);

  g_assert_cmpstr (hash, ==, "QgayPKawpkPSDYmwT/WM94uAlu0=");
  g_assert_cmpstr (empty, ==, "5rmn0FzA5p88QvLQoLSAYUehLJQ=");
}

/* D-60: it is the hash of the answer about its node, with what the application has added. */
static void
test_node (void)
{
  static const char *const added[] = { "urn:xmpp:jingle:1", IBB_NAMESPACE, NULL };
  g_autofree char         *ver = ibb_capabilities_dup_ver ("client/pc/x", added);
  g_autofree char         *node = g_strconcat (IBB_CAPABILITIES_NODE "#", ver, NULL);
  g_autoptr (IBBStanza)    query =
      ibb_stanza_record_new (IBB_STANZA_IQ, "get", IBB_PAYLOAD_DISCO_QUERY, "id", NULL);
  g_autoptr (IBBStanza) answer = NULL;
  g_autofree char      *hash = NULL;

  query->node = g_strdup (node);
  answer = ibb_answer_new (query, "client/pc/x", NULL, added);
  g_assert_cmpstr (answer->node, ==, node);
  g_assert_cmpuint (g_strv_length (answer->identities), ==, 1);
  hash = ibb_capabilities_hash (answer->identities[0], (const char *const *) answer->features);
  g_assert_cmpstr (hash, ==, ver);
  g_assert_true (g_strv_contains ((const char *const *) answer->features, "urn:xmpp:jingle:1"));
  g_assert_null (ibb_answer_new (query, "client/pc/y", NULL, added));
  g_assert_null (ibb_answer_new (query, "client/pc/x", NULL, NULL));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/ibb/capabilities/hash", test_hash);
  g_test_add_func ("/ibb/capabilities/node", test_node);

  return g_test_run ();
}
