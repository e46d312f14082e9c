/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every property: its default, its way in and out, its notification. */

#include "fixture.h"

static void
count_cb (GObject *object, GParamSpec *pspec, gpointer data)
{
  (*(guint *) data)++;
}

/* Sets another value than the property has. */
static void
change (GObject *object, GParamSpec *pspec)
{
  g_auto (GValue)  value = G_VALUE_INIT;
  g_auto (GValue)  again = G_VALUE_INIT;
  guint            n_notified = 0;
  g_autofree char *signal = g_strconcat ("notify::", pspec->name, NULL);

  g_value_init (&value, pspec->value_type);
  g_value_init (&again, pspec->value_type);
  g_object_get_property (object, pspec->name, &value);
  g_assert_true (g_param_value_defaults (pspec, &value));
  if (G_VALUE_HOLDS_UINT (&value))
    g_value_set_uint (&value, g_value_get_uint (&value) / 2 + 7);
  else if (G_VALUE_HOLDS_UINT64 (&value))
    g_value_set_uint64 (&value, g_value_get_uint64 (&value) / 2 + 7);
  else if (G_VALUE_HOLDS_DOUBLE (&value))
    g_value_set_double (&value, g_value_get_double (&value) + 0.5);
  else if (G_VALUE_HOLDS_INT (&value))
    g_value_set_int (&value, g_value_get_int (&value) / 2 + 7);
  else if (G_VALUE_HOLDS_ENUM (&value))
    g_value_set_enum (&value, !g_value_get_enum (&value));
  else if (G_VALUE_HOLDS_STRING (&value))
    g_value_set_static_string (&value, "00112233-4455-4677-8899-aabbccddeeff");
  else if (pspec->value_type == G_TYPE_PROXY_RESOLVER)
    g_value_take_object (&value, g_simple_proxy_resolver_new (NULL, NULL));
  else if (pspec->value_type == IBB_XMPP_TYPE_TOKEN)
    g_value_take_boxed (&value, ibb_xmpp_token_new ("secret", "HT-SHA-256-NONE", NULL));
  else if (!G_VALUE_HOLDS_BOOLEAN (&value))
    return;
  else
    g_value_set_boolean (&value, !g_value_get_boolean (&value));

  g_signal_connect (object, signal, G_CALLBACK (count_cb), &n_notified);
  g_object_set_property (object, pspec->name, &value);
  g_assert_cmpuint (n_notified, ==, 1);
  g_object_get_property (object, pspec->name, &again);
  g_assert_cmpint (g_param_values_cmp (pspec, &value, &again), ==, 0);
  /* Setting the same value again is no change. */
  g_object_set_property (object, pspec->name, &value);
  g_assert_cmpuint (n_notified, ==, 1);
}

/* Changes all writable properties, and returns how many they are. */
static guint
change_all (gpointer object)
{
  guint                   n;
  guint                   n_changed = 0;
  g_autofree GParamSpec **all = g_object_class_list_properties (G_OBJECT_GET_CLASS (object), &n);

  for (guint i = 0; i < n; i++)
    if ((all[i]->flags & G_PARAM_READWRITE) == G_PARAM_READWRITE &&
        (all[i]->flags & G_PARAM_CONSTRUCT_ONLY) == 0)
      {
        change (object, all[i]);
        n_changed++;
      }
  return n_changed;
}

/* F-04, F-07, N-11: the defaults. */
static void
test_service (Fixture *fixture, gconstpointer data)
{
  const struct
  {
    const char *name;
    double      value;
  } defaults[] = {
    { "max-retries", 5 },
    { "initial-wait-time", 1000 },
    { "wait-backoff-factor", 1.2 },
    { "default-block-size", 8192 },
    { "max-block-size", 65535 },
    { "window", 0 },
    { "send-buffer-size", 0 },
    { "receive-buffer-size", 256 * 1024 },
    { "receive-memory-limit", 64 * 1024 * 1024 },
    { "open-timeout", 60 * 1000 },
    { "accept-timeout", 30 * 1000 },
    { "peer-timeout", 600 * 1000 },
  };
  IBBService               *service = fixture->romeo;
  g_autoptr (IBBConnection) connection = NULL;
  gboolean                  half_close;
  gboolean                  confirm_close;

  g_object_get (service, "connection", &connection, NULL);
  g_assert_true (connection == fixture->romeo_connection);
  g_assert_true (ibb_service_get_connection (service) == fixture->romeo_connection);
  g_assert_cmpuint (ibb_service_get_session_limit (service), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (defaults); i++)
    {
      GValue value = G_VALUE_INIT;

      g_value_init (&value, G_TYPE_DOUBLE);
      g_object_get_property (G_OBJECT (service), defaults[i].name, &value);
      g_assert_cmpfloat_with_epsilon (g_value_get_double (&value), defaults[i].value, 0.001);
    }
  g_object_get (service, "half-close", &half_close, "confirm-close", &confirm_close, NULL);
  g_assert_false (half_close);
  g_assert_false (confirm_close);
  g_assert_cmpuint (change_all (service), ==, 17);
}

/* What an account says of itself, and the settings of its next login. */
static void
test_client (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBXmppClient)    client = ibb_xmpp_client_new ("a@b");
  g_autoptr (IBBXmppComponent) component = ibb_xmpp_component_new ("gateway.example");
  g_autofree char             *jid = NULL;
  g_autofree char             *domain = NULL;
  gboolean                     has_any;

  g_object_get (client, "jid", &jid, NULL);
  g_object_get (component, "domain", &domain, "any-address", &has_any, NULL);
  g_assert_cmpstr (jid, ==, "a@b");
  g_assert_cmpstr (domain, ==, "gateway.example");
  g_assert_true (has_any == ibb_xmpp_component_get_any_address (component));
  g_assert_cmpuint (change_all (client), ==, 20);
  g_assert_cmpuint (change_all (component), ==, 6);
}

/* F-10, F-22: what a transport tells of its session and its addresses. */
static void
test_transport (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends)    ends = fixture_open (fixture);
  g_autofree char *sid = NULL;
  g_autofree char *peer = NULL;
  g_autofree char *local = NULL;
  guint            block_size;
  IBBStanzaType    type;
  guint64          sent;
  guint64          received;
  guint64          queued;

  write_text (ends.romeo, "twelve bytes");
  assert_reads (ends.juliet, "twelve bytes");
  poll_until (ibb_transport_get_bytes_queued (ends.romeo) == 0);
  g_object_get (ends.romeo, "sid", &sid, "peer-jid", &peer, "local-jid", &local, "block-size",
                &block_size, "stanza-type", &type, "bytes-acknowledged", &sent, "bytes-received",
                &received, "bytes-queued", &queued, NULL);
  g_assert_cmpstr (sid, ==, ibb_transport_get_sid (ends.juliet));
  g_assert_cmpstr (peer, ==, JULIET);
  g_assert_cmpstr (local, ==, ROMEO);
  g_assert_cmpuint (block_size, ==, 32768);
  g_assert_cmpint (type, ==, IBB_STANZA_TYPE_IQ);
  g_assert_cmpuint (sent, ==, 12);
  g_assert_cmpuint (received, ==, 0);
  g_assert_cmpuint (queued, ==, 0);

  g_assert_cmpuint (change_all (ends.romeo), ==, 3);
}

/* Bytes are told at the first, and then ten times a second at most; and at the end. */
static void
test_notify (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends)             ends = fixture_open (fixture);
  guint                     n_acknowledged = 0;
  guint                     n_received = 0;
  gint64                    start = g_get_monotonic_time ();
  guint                     most;
  g_autoptr (IBBStatistics) statistics = NULL;

  g_signal_connect (ends.romeo, "notify::bytes-acknowledged", G_CALLBACK (count_cb),
                    &n_acknowledged);
  g_signal_connect (ends.juliet, "notify::bytes-received", G_CALLBACK (count_cb), &n_received);
  for (guint i = 0; i < 100; i++)
    {
      write_text (ends.romeo, "twelve bytes");
      assert_reads (ends.juliet, "twelve bytes");
      run_pending ();
    }
  wait_until (n_acknowledged > 0 && n_received > 0);
  close_stream (ends.romeo);
  wait_until (ibb_transport_has_ended (ends.romeo));
  run_pending ();
  most = 2 + (guint) ((g_get_monotonic_time () - start) / (G_USEC_PER_SEC / 10));
  g_assert_cmpuint (n_acknowledged, <=, most);
  g_assert_cmpuint (n_received, <=, most);
  statistics = ibb_transport_dup_statistics (ends.romeo);
  g_assert_cmpuint (statistics->bytes_acknowledged, ==, 1200);
  g_assert_cmpuint (statistics->bytes_queued, ==, 0);
  g_assert_cmpuint (statistics->send_rate, >, 0);
}

/* Objects that a binding has constructed by itself harm nobody. */
static void
test_halves_alone (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GInputStream)  input = g_object_new (IBB_TYPE_INPUT_STREAM, NULL);
  g_autoptr (GOutputStream) output = g_object_new (IBB_TYPE_OUTPUT_STREAM, NULL);
  g_autoptr (IBBTransport)  transport = g_object_new (IBB_TYPE_TRANSPORT, NULL);
  g_autoptr (IBBRequest)    request = g_object_new (IBB_TYPE_REQUEST, NULL);
  char                      byte;

  assert_fails (G_IO_ERROR, G_IO_ERROR_CLOSED, g_input_stream_read, input, &byte, 1, NULL);
  assert_fails (G_IO_ERROR, G_IO_ERROR_CLOSED, g_output_stream_write, output, "x", 1, NULL);
  assert_fails (G_IO_ERROR, G_IO_ERROR_CLOSED, ibb_transport_drain, transport, NULL);
  g_assert_false (ibb_transport_has_ended (transport));
  ibb_transport_abort (transport);
  assert_fails (G_IO_ERROR, G_IO_ERROR_CLOSED, ibb_request_accept, request);
  ibb_request_refuse (request, IBB_STANZA_CONDITION_FORBIDDEN, NULL);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test ("/ibb/loopback/properties/service/F-07", test_service);
  add_test ("/ibb/loopback/properties/client", test_client);
  add_test ("/ibb/loopback/properties/transport/F-10", test_transport);
  add_test ("/ibb/loopback/properties/notify", test_notify);
  add_test ("/ibb/loopback/properties/alone", test_halves_alone);
  return g_test_run ();
}
