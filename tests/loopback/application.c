/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What an application exchanges beside its sessions: requests with their answers, stanzas by their
 * namespaces, and what it announces of itself. */

#include "fixture.h"

#define NURSE "nurse@capulet.example/hall"
#define MAP "urn:example:map"

/* Juliet's application answers each request in its namespace. */
static gboolean
map_received_cb (IBBConnection *connection, IBBStanza *request, guint *n_requests)
{
  g_autoptr (IBBElement) element = ibb_stanza_dup_element (request);
  IBBElement            *map = ibb_element_get_child (element, NULL, MAP);
  g_autofree char       *answer = g_markup_printf_escaped (
            "<iq type='result' to='%s' id='%s'><map xmlns='" MAP "'>%s</map></iq>",
            ibb_stanza_get_from (request), ibb_stanza_get_id (request),
            ibb_element_get_attribute (map, "place"));

  (*n_requests)++;
  g_assert_cmpstr (ibb_stanza_get_kind (request), ==, "get");
  send_xml (connection, "%s", answer);
  return TRUE;
}

static void
test_query (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBStanza) request =
      new_stanza ("<iq type='get' to='" JULIET "'><map xmlns='" MAP "' place='&lt;Verona>'/></iq>");
  g_autoptr (IBBStanza)  answer = NULL;
  g_autoptr (IBBElement) element = NULL;
  GAsyncResult          *result = NULL;
  guint                  n_requests = 0;

  g_signal_connect (fixture->juliet_connection, "stanza-received::" MAP,
                    G_CALLBACK (map_received_cb), &n_requests);
  ibb_connection_query_async (fixture->romeo_connection, request, 0, NULL, store_result_cb,
                              &result);
  answer = assert_result (ibb_connection_query_finish, fixture->romeo_connection, &result);
  element = ibb_stanza_dup_element (answer);
  g_assert_cmpstr (ibb_element_get_text (ibb_element_get_child (element, "map", MAP)), ==,
                   "<Verona>");
  g_assert_cmpuint (n_requests, ==, 1);
}

/* The errors, the blocking form among them. */
static void
test_query_errors (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBStanza) nobody =
      new_stanza ("<iq type='set' to='tybalt@capulet.example/x'><map xmlns='" MAP "'/></iq>");
  g_autoptr (IBBStanza) unknown =
      new_stanza ("<iq type='set' to='" JULIET "'><map xmlns='" MAP "'/></iq>");
  g_autoptr (IBBStanza) two = new_stanza ("<iq type='set' to='" JULIET "'><map xmlns='" MAP
                                          "'/><map xmlns='" MAP "'/></iq>");
  g_autoptr (IBBStanza) server =
      new_stanza ("<iq type='get' to='montague.example'><ping xmlns='urn:xmpp:ping'/></iq>");
  g_autoptr (IBBStanza) misaddressed =
      new_stanza ("<iq type='set' to='@'><map xmlns='" MAP "'/></iq>");
  g_autoptr (IBBStanza)    message = new_stanza ("<message to='" JULIET "'><body/></message>");
  g_autoptr (IBBStanza)    result = new_stanza ("<iq type='result' id='x' to='" JULIET "'/>");
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();

  g_cancellable_cancel (cancelled);
  assert_fails (IBB_ERROR, IBB_ERROR_SERVICE_UNAVAILABLE, ibb_connection_query,
                fixture->romeo_connection, nobody, 0, NULL);
  assert_fails (IBB_ERROR, IBB_ERROR_SERVICE_UNAVAILABLE, ibb_connection_query,
                fixture->romeo_connection, unknown, 0, NULL);
  assert_fails (IBB_ERROR, IBB_ERROR_BAD_REQUEST, ibb_connection_query, fixture->romeo_connection,
                two, 0, NULL);
  assert_fails (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, ibb_connection_query, fixture->romeo_connection,
                misaddressed, 1, NULL);
  assert_fails (G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, ibb_connection_query,
                fixture->romeo_connection, message, 0, NULL);
  assert_fails (G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, ibb_connection_query,
                fixture->romeo_connection, result, 0, NULL);
  assert_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, ibb_connection_query, fixture->romeo_connection,
                nobody, 0, cancelled);
  /* Our own server answers, if only by an error (D-50). */
  assert_fails (IBB_ERROR, IBB_ERROR_SERVICE_UNAVAILABLE, ibb_connection_query,
                fixture->romeo_connection, server, 0, NULL);
}

static gboolean
keep_cb (IBBConnection *connection, IBBStanza *stanza, GQueue *kept)
{
  g_queue_push_tail (kept, ibb_stanza_ref (stanza));
  return TRUE;
}

/* No stanza comes any more, also of those that are on their way. */
static void
stop_keeping (IBBConnection *connection, GQueue *kept)
{
  g_signal_handlers_disconnect_by_data (connection, kept);
  g_queue_clear_full (kept, (GDestroyNotify) ibb_stanza_unref);
}

static char *
dup_answer (IBBStanza *request, const char *to)
{
  return g_strdup_printf ("<iq type='result' to='%s' id='%s'/>", to, ibb_stanza_get_id (request));
}

/* Only the peer that was asked can answer; and a peer that does not is not waited for. */
static void
test_query_forged (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBConnection) nurse = ibb_loopback_attach (fixture->loopback, NURSE);
  g_autoptr (IBBStanza)     request =
      new_stanza ("<iq type='get' to='" JULIET "'><map xmlns='" MAP "'/></iq>");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (IBBStanza)    asked = NULL;
  g_autoptr (IBBStanza)    answer = NULL;
  g_autoptr (IBBStanza)    forged = NULL;
  g_autofree char         *xml = NULL;
  GQueue                   at_juliet = G_QUEUE_INIT;
  GQueue                   at_romeo = G_QUEUE_INIT;
  GAsyncResult            *answered = NULL;
  GAsyncResult            *cancelled = NULL;

  g_signal_connect (fixture->juliet_connection, "stanza-received", G_CALLBACK (keep_cb),
                    &at_juliet);
  g_signal_connect (fixture->romeo_connection, "stanza-received", G_CALLBACK (keep_cb), &at_romeo);
  ibb_connection_query_async (fixture->romeo_connection, request, 0, NULL, store_result_cb,
                              &answered);
  wait_until (at_juliet.length == 1);
  asked = g_queue_pop_head (&at_juliet);
  xml = dup_answer (asked, ROMEO);
  send_xml (nurse, "%s", xml);
  wait_until (at_romeo.length == 1);
  forged = g_queue_pop_head (&at_romeo);
  g_assert_cmpstr (ibb_stanza_get_from (forged), ==, NURSE);
  g_assert_null (answered);
  send_xml (fixture->juliet_connection, "%s", xml);
  answer = assert_result (ibb_connection_query_finish, fixture->romeo_connection, &answered);
  g_assert_cmpstr (ibb_stanza_get_from (answer), ==, JULIET);

  assert_fails (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, ibb_connection_query, fixture->romeo_connection,
                request, 1, NULL);
  ibb_connection_query_async (fixture->romeo_connection, request, 0, cancellable, store_result_cb,
                              &cancelled);
  g_cancellable_cancel (cancellable);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, ibb_connection_query_finish,
                       fixture->romeo_connection, &cancelled);
  fixture_settle (fixture);
  stop_keeping (fixture->juliet_connection, &at_juliet);
  g_assert_true (g_queue_is_empty (&at_romeo));
  stop_keeping (fixture->romeo_connection, &at_romeo);
}

/* A connection whose address another one has taken is gone, and its requests end. */
static void
test_query_lost (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBStanza) request =
      new_stanza ("<iq type='get' to='" JULIET "'><map xmlns='" MAP "'/></iq>");
  g_autoptr (IBBConnection) other = NULL;
  GAsyncResult             *lost = NULL;
  GQueue                    kept = G_QUEUE_INIT;

  g_signal_connect (fixture->juliet_connection, "stanza-received", G_CALLBACK (keep_cb), &kept);
  ibb_connection_query_async (fixture->romeo_connection, request, 0, NULL, store_result_cb, &lost);
  wait_until (kept.length == 1);
  other = ibb_loopback_attach (fixture->loopback, ROMEO);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, ibb_connection_query_finish,
                       fixture->romeo_connection, &lost);
  assert_fails (IBB_ERROR, IBB_ERROR_CONFLICT, ibb_connection_query, fixture->romeo_connection,
                request, 0, NULL);
  stop_keeping (fixture->juliet_connection, &kept);
}

/* The peer goes while the request is on its way. */
static void
test_query_gone (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBStanza) request =
      new_stanza ("<iq type='get' to='" NURSE "'><map xmlns='" MAP "'/></iq>");
  IBBConnection *nurse = ibb_loopback_attach (fixture->loopback, NURSE);
  GAsyncResult  *result = NULL;

  fixture_stop_traffic (fixture);
  ibb_connection_query_async (fixture->romeo_connection, request, 0, NULL, store_result_cb,
                              &result);
  g_assert_finalize_object (nurse);
  fixture_resume_traffic (fixture);
  assert_result_fails (IBB_ERROR, IBB_ERROR_SERVICE_UNAVAILABLE, ibb_connection_query_finish,
                       fixture->romeo_connection, &result);
}

static void
count_cb (IBBConnection *connection, guint *count)
{
  (*count)++;
}

/* D-60: what the application adds is announced besides what the services can do. */
static void
test_features (Fixture *fixture, gconstpointer data)
{
  g_auto (GStrv) before = NULL;
  g_auto (GStrv) added = NULL;
  g_auto (GStrv) kept = NULL;
  g_auto (GStrv) after = NULL;
  guint          n_changes = 0;

  g_signal_connect (fixture->juliet_connection, "capabilities-changed", G_CALLBACK (count_cb),
                    &n_changes);
  before = assert_succeeds (ibb_connection_query_features, fixture->romeo_connection, JULIET, NULL);
  ibb_connection_add_feature (fixture->juliet_connection, MAP);
  ibb_connection_add_feature (fixture->juliet_connection, MAP);
  added = assert_succeeds (ibb_connection_query_features, fixture->romeo_connection, JULIET, NULL);
  g_assert_cmpuint (g_strv_length (added), ==, g_strv_length (before) + 1);
  g_assert_true (g_strv_contains ((const char *const *) added, MAP));
  ibb_connection_remove_feature (fixture->juliet_connection, MAP);
  kept = assert_succeeds (ibb_connection_query_features, fixture->romeo_connection, JULIET, NULL);
  g_assert_true (g_strv_equal ((const char *const *) kept, (const char *const *) added));
  ibb_connection_remove_feature (fixture->juliet_connection, MAP);
  ibb_connection_remove_feature (fixture->juliet_connection, "urn:never:added");
  after = assert_succeeds (ibb_connection_query_features, fixture->romeo_connection, JULIET, NULL);
  g_assert_true (g_strv_equal ((const char *const *) after, (const char *const *) before));
  g_assert_cmpuint (n_changes, ==, 4);

  assert_fails (IBB_ERROR, IBB_ERROR_JID_MALFORMED, ibb_connection_query_features,
                fixture->romeo_connection, "@", NULL);
  assert_fails (IBB_ERROR, IBB_ERROR_SERVICE_UNAVAILABLE, ibb_connection_query_features,
                fixture->romeo_connection, NURSE, NULL);
}

static void
test_identity (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBStanza) request = new_stanza (
      "<iq type='get' to='" JULIET "'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
  g_autoptr (IBBStanza)  answer = NULL;
  g_autoptr (IBBElement) element = NULL;
  IBBElement            *identity;

  ibb_connection_set_identity (fixture->juliet_connection, "client", "phone", "a/b <c>");
  answer = assert_succeeds (ibb_connection_query, fixture->romeo_connection, request, 0, NULL);
  element = ibb_stanza_dup_element (answer);
  identity = ibb_element_get_child (ibb_element_get_child (element, "query", NULL), "identity",
                                    "http://jabber.org/protocol/disco#info");
  g_assert_cmpstr (ibb_element_get_attribute (identity, "category"), ==, "client");
  g_assert_cmpstr (ibb_element_get_attribute (identity, "type"), ==, "phone");
  g_assert_cmpstr (ibb_element_get_attribute (identity, "name"), ==, "a/b <c>");
}

/* A handler with a detail gets the stanzas with that namespace, whichever child element has it. */
static void
test_detail (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *xml;
    gboolean    is_for_map;
  } cases[] = {
    { "<message to='" JULIET "'><body>a</body></message>", FALSE },
    { "<message to='" JULIET "'><body>a</body><m xmlns='" MAP "'/></message>", TRUE },
    { "<message to='" JULIET "'><x xmlns='urn:x'><m xmlns='" MAP "'/></x></message>", FALSE },
    { "<message to='" JULIET "'><m xmlns='" MAP "2'/></message>", FALSE },
    { "<message to='" JULIET "'/>", FALSE },
    { "<iq type='set' id='1' to='" JULIET "'><m xmlns='" MAP "'/></iq>", TRUE },
  };
  GQueue by_detail = G_QUEUE_INIT;
  GQueue others = G_QUEUE_INIT;

  g_signal_connect (fixture->juliet_connection, "stanza-received::" MAP, G_CALLBACK (keep_cb),
                    &by_detail);
  g_signal_connect (fixture->juliet_connection, "stanza-received", G_CALLBACK (keep_cb), &others);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      send_xml (fixture->romeo_connection, "%s", cases[i].xml);
      wait_until (by_detail.length + others.length == 1);
      g_assert_cmpuint (by_detail.length, ==, cases[i].is_for_map);
      g_queue_clear_full (&by_detail, (GDestroyNotify) ibb_stanza_unref);
      g_queue_clear_full (&others, (GDestroyNotify) ibb_stanza_unref);
    }
}

/* The tree has what the stanza has; the stanza itself is in jabber:client whatever it was in. */
static void
test_element (void)
{
  g_autofree char *long_name = g_strnfill (300, 'n');
  g_autofree char *long_namespace = g_strdup_printf ("<l xmlns='%s'/>", long_name);
  g_autofree char *xml = g_strdup_printf (
      "<message xmlns='jabber:server' type='chat' xml:lang='en'>a<body>&lt;b&#233;</body>c"
      "<x xmlns='urn:x'><body>d</body><y:z xmlns:y='urn:y' y:a='1' b='2'/></x>%s</message>",
      long_namespace);
  g_autoptr (IBBStanza)  stanza = new_stanza ("%s", xml);
  g_autoptr (IBBElement) message = ibb_stanza_dup_element (stanza);
  IBBElement            *x = ibb_element_get_child (message, "x", NULL);
  IBBElement            *z = ibb_element_get_child (x, NULL, "urn:y");
  g_autoptr (GPtrArray)  children = ibb_element_list_children (message);
  g_autoptr (GPtrArray)  none = ibb_element_list_children (z);

  g_assert_cmpstr (ibb_element_get_name (message), ==, "message");
  g_assert_cmpstr (ibb_element_get_namespace (message), ==, "jabber:client");
  g_assert_cmpstr (ibb_element_get_attribute (message, "type"), ==, "chat");
  g_assert_null (ibb_element_get_attribute (message, "lang"));
  g_assert_cmpstr (ibb_element_get_text (message), ==, "ac");
  g_assert_cmpstr (ibb_element_get_text (ibb_element_get_child (message, "body", "jabber:client")),
                   ==, "<bé");
  g_assert_null (ibb_element_get_child (message, "body", "urn:x"));
  g_assert_cmpstr (ibb_element_get_text (ibb_element_get_child (x, "body", "urn:x")), ==, "d");
  g_assert_cmpstr (ibb_element_get_name (z), ==, "z");
  g_assert_cmpstr (ibb_element_get_attribute (z, "b"), ==, "2");
  g_assert_null (ibb_element_get_attribute (z, "a"));
  g_assert_null (ibb_element_get_child (z, NULL, NULL));
  g_assert_cmpuint (none->len, ==, 0);
  g_assert_cmpuint (children->len, ==, 3);
  g_assert_cmpstr (ibb_element_get_namespace (g_ptr_array_index (children, 2)), ==, "");
}

int
main (int argc, char *argv[])
{
  test_init (&argc, &argv);

  add_test ("/ibb/application/query", test_query);
  add_test ("/ibb/application/query/errors/N-08", test_query_errors);
  add_test ("/ibb/application/query/forged", test_query_forged);
  add_test ("/ibb/application/query/lost", test_query_lost);
  add_test ("/ibb/application/query/gone/N-08", test_query_gone);
  add_test ("/ibb/application/features/D-60", test_features);
  add_test ("/ibb/application/identity", test_identity);
  add_test ("/ibb/application/detail/F-20", test_detail);
  g_test_add_func ("/ibb/application/element", test_element);

  return g_test_run ();
}
