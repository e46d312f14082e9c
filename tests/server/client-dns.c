/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where IBBClient looks for the server of a domain, RFC 6120 §3.2: the resolver
 * of the process is one that knows what a case tells it.
 */

#include "config.h"

#include <string.h>

#include "../lib/certificate.h"
#include "../lib/fast-timers.h"
#include "client-fixture.h"
#include "cut-proxy.h"
#include "fake-server.h"

#define TEST_TYPE_RESOLVER (test_resolver_get_type ())
G_DECLARE_FINAL_TYPE (TestResolver, test_resolver, TEST, RESOLVER, GResolver)

struct _TestResolver
{
  GResolver parent_instance;

  GMutex   lock;      /* the client asks in its own thread */
  GList   *targets;   /* protected by lock (element-type GSrvTarget): SRV records, any order ... */
  GList   *direct;    /* ... and those of XEP-0368 */
  GString *asked;     /* protected by lock: names of records and hosts, each once */
  gboolean is_silent; /* about records */
};

G_DEFINE_FINAL_TYPE (TestResolver, test_resolver, G_TYPE_RESOLVER)

static void
note (TestResolver *self, const char *name)
{
  g_autofree char *word = g_strconcat (" ", name, " ", NULL);

  g_mutex_lock (&self->lock);
  if (strstr (self->asked->str, word) == NULL) /* for each family of addresses */
    g_string_append_printf (self->asked, "%s ", name);
  g_mutex_unlock (&self->lock);
}

static GList *
get_targets (TestResolver *self, const char *name)
{
  return g_str_has_prefix (name, "_xmpps-") ? self->direct : self->targets;
}

static void
test_resolver_lookup_service_async (GResolver          *resolver,
                                    const char         *name,
                                    GCancellable       *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer            user_data)
{
  TestResolver     *self = TEST_RESOLVER (resolver);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GList            *targets = NULL;

  note (self, name);
  g_mutex_lock (&self->lock);
  for (GList *l = get_targets (self, name); l != NULL; l = l->next)
    targets = g_list_append (targets, g_srv_target_copy (l->data));
  g_mutex_unlock (&self->lock);
  targets = g_srv_target_list_sort (targets); /* RFC 2782: a GResolver does that */
  if (targets != NULL)
    g_task_return_pointer (task, targets, (GDestroyNotify) g_resolver_free_targets);
  else
    g_task_return_new_error (task, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND,
                             "There is no record %s", name);
}

static GList *
test_resolver_lookup_service_finish (GResolver *resolver, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static gboolean
cancelled_cb (GCancellable *cancellable, gpointer task)
{
  g_task_return_error_if_cancelled (task);
  return G_SOURCE_REMOVE;
}

/* There will be no answer. */
static void
wait_for_cancellation (GTask *task)
{
  g_autoptr (GSource) source = g_cancellable_source_new (g_task_get_cancellable (task));

  g_source_set_callback (source, G_SOURCE_FUNC (cancelled_cb), g_object_ref (task), g_object_unref);
  g_source_attach (source, g_task_get_context (task));
}

static void
test_resolver_lookup_records_async (GResolver          *resolver,
                                    const char         *name,
                                    GResolverRecordType type,
                                    GCancellable       *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer            user_data)
{
  TestResolver     *self = TEST_RESOLVER (resolver);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GList            *records = NULL;

  g_assert_cmpint (type, ==, G_RESOLVER_RECORD_SRV);
  note (self, name);
  if (self->is_silent)
    {
      wait_for_cancellation (task);
      return;
    }

  g_mutex_lock (&self->lock);
  for (GList *l = get_targets (self, name); l != NULL; l = l->next)
    records = g_list_append (
        records, g_variant_ref_sink (g_variant_new ("(qqqs)", g_srv_target_get_priority (l->data),
                                                    g_srv_target_get_weight (l->data),
                                                    g_srv_target_get_port (l->data),
                                                    g_srv_target_get_hostname (l->data))));
  g_mutex_unlock (&self->lock);
  if (records != NULL)
    g_task_return_pointer (task, records, (GDestroyNotify) g_resolver_free_targets);
  else
    g_task_return_new_error (task, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND,
                             "There is no record %s", name);
}

/* Each host is this one, except "nowhere" and "silent". */
static void
test_resolver_lookup_by_name_with_flags_async (GResolver               *resolver,
                                               const char              *host,
                                               GResolverNameLookupFlags flags,
                                               GCancellable            *cancellable,
                                               GAsyncReadyCallback      callback,
                                               gpointer                 user_data)
{
  TestResolver     *self = TEST_RESOLVER (resolver);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  note (self, host);
  if (g_str_equal (host, "silent.test"))
    wait_for_cancellation (task);
  else if ((flags & G_RESOLVER_NAME_LOOKUP_FLAGS_IPV6_ONLY) != 0 ||
           g_str_equal (host, "nowhere.test"))
    g_task_return_new_error (task, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND, "There is no %s",
                             host);
  else
    g_task_return_pointer (task,
                           g_list_append (NULL, g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4)),
                           (GDestroyNotify) g_resolver_free_addresses);
}

static void
test_resolver_lookup_by_name_async (GResolver          *resolver,
                                    const char         *host,
                                    GCancellable       *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer            user_data)
{
  test_resolver_lookup_by_name_with_flags_async (
      resolver, host, G_RESOLVER_NAME_LOOKUP_FLAGS_DEFAULT, cancellable, callback, user_data);
}

static GList *
test_resolver_lookup_by_name_finish (GResolver *resolver, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
test_resolver_finalize (GObject *object)
{
  TestResolver *self = TEST_RESOLVER (object);

  g_mutex_clear (&self->lock);
  g_resolver_free_targets (self->targets);
  g_resolver_free_targets (self->direct);
  g_string_free (self->asked, TRUE);
  G_OBJECT_CLASS (test_resolver_parent_class)->finalize (object);
}

static void
test_resolver_class_init (TestResolverClass *class)
{
  GResolverClass *resolver_class = G_RESOLVER_CLASS (class);

  G_OBJECT_CLASS (class)->finalize = test_resolver_finalize;
  resolver_class->lookup_service_async = test_resolver_lookup_service_async;
  resolver_class->lookup_service_finish = test_resolver_lookup_service_finish;
  resolver_class->lookup_records_async = test_resolver_lookup_records_async;
  resolver_class->lookup_records_finish = test_resolver_lookup_service_finish;
  resolver_class->lookup_by_name_async = test_resolver_lookup_by_name_async;
  resolver_class->lookup_by_name_finish = test_resolver_lookup_by_name_finish;
  resolver_class->lookup_by_name_with_flags_async = test_resolver_lookup_by_name_with_flags_async;
  resolver_class->lookup_by_name_with_flags_finish = test_resolver_lookup_by_name_finish;
}

static void
test_resolver_init (TestResolver *self)
{
  g_mutex_init (&self->lock);
  self->asked = g_string_new (" ");
}

typedef struct
{
  TestResolver *resolver;
  FakeServer   *server;
  GSocket      *silent; /* has a port and does not listen: refused */
  IBBClient    *client;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  static const FakeStep      steps[] = { FAKE_LOGIN, { NULL } };
  g_autoptr (GInetAddress)   loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (loopback, 0);

  self->resolver = g_object_new (TEST_TYPE_RESOLVER, NULL);
  g_resolver_set_default (G_RESOLVER (self->resolver));
  self->server = fake_server_new (steps);
  self->silent =
      g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
  g_assert_true (g_socket_bind (self->silent, any, FALSE, NULL));
  /* The usual client, which goes by the domain alone. */
  self->client = fake_create_client (self->server, FAKE_JID);
  ibb_xmpp_connection_set_host (IBB_XMPP_CONNECTION (self->client), NULL);
  ibb_xmpp_connection_set_port (IBB_XMPP_CONNECTION (self->client), 0);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  drop_client (self->client);
  g_free (fake_server_free (self->server));
  g_object_unref (self->silent);
  g_object_unref (self->resolver);
}

static guint16
get_silent_port (Fixture *self)
{
  g_autoptr (GSocketAddress) address = g_socket_get_local_address (self->silent, NULL);

  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
}

static void
add_target (Fixture *self, const char *host, guint port, guint priority, guint weight)
{
  self->resolver->targets =
      g_list_append (self->resolver->targets,
                     g_srv_target_new (host, (guint16) port, (guint16) priority, (guint16) weight));
}

static void
assert_asked (Fixture *self, const char *names)
{
  g_mutex_lock (&self->resolver->lock);
  g_assert_cmpstr (self->resolver->asked->str + 1, ==, names);
  g_mutex_unlock (&self->resolver->lock);
}

#define PLAIN "_xmpp-client._tcp.fake.test "
#define DIRECT "_xmpps-client._tcp.fake.test "
#define BOTH PLAIN DIRECT

typedef struct
{
  const char *host; /* (nullable): there is none */
  guint       priority;
  gboolean    is_silent; /* the port is that of no server */
  guint       weight;
} Record;

typedef struct
{
  const char *name;
  Record      targets[3];
  Record      direct;       /* XEP-0368: records of their own */
  IBBTlsMode  mode;         /* with a direct one */
  gboolean    has_services; /* a resolver of the application's own need not know records */
  GQuark (*domain) (void);  /* (nullable): the client gets online */
  int         code;
  const char *words; /* (nullable) */
  const char *asked; /* (nullable) */
} LookUp;

#define IS_REFUSED .domain = g_io_error_quark, .code = G_IO_ERROR_CONNECTION_REFUSED
#define IS_NOT_FOUND .domain = g_resolver_error_quark, .code = G_RESOLVER_ERROR_NOT_FOUND

static const LookUp look_ups[] = {
  /* The last is not needed. */
  { "priority",
    { { "last.test", 30 }, { "second.test", 20 }, { "first.test", 10, TRUE } },
    .asked = PLAIN "first.test second.test " },
  /* Whichever comes first, one of them is there. */
  { "weight",
    { { "a.test", 10, TRUE, 60 }, { "b.test", 10, .weight = 30 }, { "c.test", 10, TRUE, 9 } } },
  { "services",
    { { "second.test", 20 }, { "first.test", 10, TRUE } },
    .has_services = TRUE,
    .asked = PLAIN "first.test second.test " },
  /* A target without an address is no reason to give up. */
  { "lost-target",
    { { "nowhere.test", 10 }, { "second.test", 20 } },
    .asked = PLAIN "nowhere.test second.test " },
  /* If the domain has records, the client tries nothing else (RFC 6120 §3.2.1). */
  { "all-refuse",
    { { "first.test", 10, TRUE }, { "second.test", 20, TRUE } },
    IS_REFUSED,
    .words = "name its host",
    .asked = PLAIN "first.test second.test " },
  { "all-lost", { { "nowhere.test", 10 } }, IS_NOT_FOUND, .asked = PLAIN "nowhere.test " },
  /* RFC 2782: "." is no host, but says that there is no such service. The library of the system
   * makes an empty name of it. */
  { "denied", { { "." } }, IS_NOT_FOUND, .words = "DNS", .asked = PLAIN },
  { "denied/empty", { { "" } }, IS_NOT_FOUND, .words = "DNS", .asked = PLAIN },
  /* The domain itself would have the other service. */
  { "denied/both", { { "." } }, { "." }, IBB_TLS_MODE_AUTOMATIC, IS_NOT_FOUND, .asked = BOTH },
  { "direct", .direct = { "first.test", 10, TRUE }, .mode = IBB_TLS_MODE_DIRECT, IS_REFUSED,
    .asked = DIRECT "first.test " },
};

static void
add_record (Fixture *self, GList **records, const Record *record, guint port)
{
  if (record->host == NULL)
    return;
  *records = g_list_append (
      *records,
      g_srv_target_new (record->host, (guint16) (record->is_silent ? get_silent_port (self) : port),
                        (guint16) record->priority, (guint16) record->weight));
}

static void
forget_records (Fixture *self, gboolean has_services)
{
  G_RESOLVER_GET_CLASS (self->resolver)->lookup_records_async =
      has_services ? NULL : test_resolver_lookup_records_async;
}

static void
test_look_up (Fixture *self, gconstpointer data)
{
  const LookUp      *row = data;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (row->targets); i++)
    add_record (self, &self->resolver->targets, &row->targets[i],
                fake_server_get_port (self->server));
  add_record (self, &self->resolver->direct, &row->direct, 0);
  if (row->direct.host != NULL)
    ibb_client_set_tls_mode (self->client, row->mode);
  forget_records (self, row->has_services);
  ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (self->client), NULL, &error);
  forget_records (self, FALSE);
  if (row->domain == NULL)
    {
      g_assert_no_error (error);
    }
  else
    {
      g_assert_true (g_error_matches (error, row->domain (), row->code));
      g_assert_nonnull (strstr (error->message, "“fake.test”"));
      g_assert_nonnull (strstr (error->message, row->words != NULL ? row->words : ""));
    }
  if (row->asked != NULL)
    assert_asked (self, row->asked);
}

typedef struct
{
  const char *name;
  Record      plain;
  Record      direct;
  gboolean    is_plain; /* the login ends there: that server offers no TLS */
  const char *asked;
} MergeCase;

/* The targets of both services are tried as one list. */
static const MergeCase merge_cases[] = {
  { "direct-first", { "p.test", 20, FALSE }, { "d.test", 10, FALSE }, FALSE, BOTH "d.test " },
  { "plain-first", { "p.test", 10, FALSE }, { "d.test", 20, FALSE }, TRUE, BOTH "p.test " },
  { "plain-refuses",
    { "p.test", 10, TRUE },
    { "d.test", 20, FALSE },
    FALSE,
    BOTH "p.test d.test " },
  { "direct-refuses",
    { "p.test", 20, FALSE },
    { "d.test", 10, TRUE },
    TRUE,
    BOTH "d.test p.test " },
  { "plain-denied", { ".", 0, FALSE }, { "d.test", 10, FALSE }, FALSE, BOTH "d.test " },
  { "direct-denied", { "p.test", 10, FALSE }, { ".", 0, FALSE }, TRUE, BOTH "p.test " },
  { "no-plain", { NULL, 0, FALSE }, { "d.test", 10, FALSE }, FALSE, BOTH "d.test " },
  { "no-direct", { "p.test", 10, FALSE }, { NULL, 0, FALSE }, TRUE, BOTH "p.test " },
};

static gboolean
accept_cb (IBBClient *client, IBBTrustQuestion *question)
{
  ibb_trust_question_accept (question, FALSE);
  return TRUE;
}

/* TLS from the first byte says what follows (XEP-0368 §3). */
static char *
answer_with_features (const char *received)
{
  g_assert_cmpstr (g_tls_connection_get_negotiated_protocol (fake_server_get_tls ()), ==,
                   "xmpp-client");
  return g_strdup (FAKE_FEATURES (FAKE_PLAIN));
}

static void
assert_merges (Fixture *self, const MergeCase *merge_case)
{
  static const FakeStep       steps[] = { { FAKE_OPEN, NULL, answer_with_features },
                                          { "</auth>", FAKE_SUCCESS },
                                          { FAKE_OPEN, FAKE_FEATURES (FAKE_BIND) },
                                          { "</iq>", FAKE_BOUND },
                                          { NULL } };
  g_autoptr (GTlsCertificate) own = load_certificate ("alone-1.pem");
  FakeServer                 *server = fake_server_new_tls (steps, own);
  const Record               *plain = &merge_case->plain;
  const Record               *direct = &merge_case->direct;

  ibb_client_set_tls_mode (self->client, IBB_TLS_MODE_AUTOMATIC);
  g_signal_connect (self->client, "trust-requested", G_CALLBACK (accept_cb), NULL);
  add_record (self, &self->resolver->targets, plain, fake_server_get_port (self->server));
  add_record (self, &self->resolver->direct, direct, fake_server_get_port (server));
  if (merge_case->is_plain)
    assert_login_fails (self->client, G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE);
  else
    assert_login (self->client);
  assert_asked (self, merge_case->asked);
  /* Twice: the certificate has to be accepted first. */
  g_assert_cmpuint (fake_server_get_n_clients (server), ==, merge_case->is_plain ? 0 : 2);
  g_free (fake_server_free (server));
}

static void
test_merged (Fixture *self, gconstpointer data)
{
  assert_merges (self, data);
}

/* The same with a resolver that knows no records. */
static void
test_merged_services (Fixture *self, gconstpointer data)
{
  forget_records (self, TRUE);
  assert_merges (self, data);
  forget_records (self, FALSE);
}

/* No record: the domain itself, at the usual port (RFC 6120 §3.2.2). */
static void
test_no_record (Fixture *self, gconstpointer data)
{
  static const struct
  {
    IBBTlsMode  mode; /* with a direct one */
    const char *port;
    const char *records;
  } cases[] = { { IBB_TLS_MODE_NONE, "port 5222", "_xmpp-client._tcp.nowhere.test" },
                { IBB_TLS_MODE_DIRECT, "port 5223", "_xmpps-client._tcp.nowhere.test" },
                { IBB_TLS_MODE_AUTOMATIC, "port 5222",
                  "_xmpp-client._tcp.nowhere.test _xmpps-client._tcp.nowhere.test" } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      IBBClient         *client = ibb_client_new ("user@nowhere.test");
      g_autoptr (GError) error = NULL;
      g_autofree char   *asked = g_strconcat (cases[i].records, " nowhere.test ", NULL);

      g_string_truncate (self->resolver->asked, 1);
      ibb_client_set_tls_mode (client, cases[i].mode);
      g_assert_false (ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (client), NULL, &error));
      g_assert_error (error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND);
      g_assert_nonnull (strstr (error->message, "“nowhere.test”"));
      g_assert_nonnull (strstr (error->message, cases[i].port));
      assert_asked (self, asked);
      drop_client (client);
    }
}

/* With a host or a port of its own a client looks up no record. */
static void
test_no_look_up (Fixture *self, gconstpointer data)
{
  add_target (self, "first.test", get_silent_port (self), 10, 0);
  ibb_xmpp_connection_set_host (IBB_XMPP_CONNECTION (self->client), data);
  ibb_xmpp_connection_set_port (IBB_XMPP_CONNECTION (self->client),
                                fake_server_get_port (self->server));
  assert_login (self->client);
  assert_asked (self, data != NULL ? "other.test " : "fake.test ");
}

/* DNS does not answer. */
static void
test_silent (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  ibb_xmpp_connection_set_host (IBB_XMPP_CONNECTION (self->client), "silent.test");
  fast_timers_start (20000, 20000, 0);
  g_assert_false (ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (self->client), NULL, &error));
  fast_timers_stop ();
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_nonnull (strstr (error->message, "cannot be reached within 20 s"));
}

typedef struct
{
  const char *name;
  const char *resolved; /* (nullable): what the proxy resolver says, instead of the proxy */
  gboolean    has_records;
  gboolean    is_silent; /* about records */
  const char *host;      /* (nullable): named, with the port of the server */
  const char *looked_up; /* by the client: all but these names are for the proxy alone */
  const char *asked;     /* of the proxy; %u is the port of the server */
} ProxyCase;

static const ProxyCase proxy_cases[] = {
  { "records", NULL, TRUE, FALSE, NULL, "_xmpp-client._tcp.fake.test ",
    "first.test:1 second.test:%u " },
  { "no-record", NULL, FALSE, FALSE, NULL, "_xmpp-client._tcp.fake.test ", "fake.test:5222 " },
  { "silent", NULL, TRUE, TRUE, NULL, "_xmpp-client._tcp.fake.test ", "fake.test:5222 " },
  { "host", NULL, TRUE, FALSE, "other.test", "", "other.test:%u " },
  { "onion", NULL, TRUE, FALSE, "other.ONION", "", "other.onion:%u " },
  { "direct", "direct://", TRUE, FALSE, NULL, "_xmpp-client._tcp.fake.test first.test second.test ",
    "" },
};

/* The proxy looks up the hosts, and is asked for one after another. */
static void
test_proxy (Fixture *self, gconstpointer data)
{
  const ProxyCase *proxy_case = data;
  guint            port = fake_server_get_port (self->server);
  CutProxy        *proxy = cut_proxy_new_asked (port);
  g_autofree char *uri = g_strdup_printf ("http://127.0.0.1:%u", cut_proxy_get_port (proxy));
  g_autoptr (GProxyResolver) resolver = g_simple_proxy_resolver_new (proxy_case->resolved, NULL);
  g_auto (GStrv)             parts = g_strsplit (proxy_case->asked, "%u", 2);
  g_autofree char           *number = g_strdup_printf ("%u", port);
  g_autofree char           *wanted = g_strjoinv (number, parts);
  g_autofree char           *asked = NULL;

  if (proxy_case->has_records)
    {
      add_target (self, "second.test", port, 20, 0);
      add_target (self, "first.test", 1, 10, 0);
    }
  if (proxy_case->resolved == NULL)
    g_simple_proxy_resolver_set_uri_proxy (G_SIMPLE_PROXY_RESOLVER (resolver), "xmpp-client", uri);
  self->resolver->is_silent = proxy_case->is_silent;
  ibb_xmpp_connection_set_host (IBB_XMPP_CONNECTION (self->client), proxy_case->host);
  ibb_xmpp_connection_set_port (IBB_XMPP_CONNECTION (self->client),
                                proxy_case->host != NULL ? port : 0);
  ibb_client_set_proxy_resolver (self->client, resolver);
  if (proxy_case->is_silent)
    fast_timers_start (5000, 5000, 0); /* the time that DNS has */
  assert_login (self->client);
  fast_timers_stop ();
  assert_asked (self, proxy_case->looked_up);
  asked = cut_proxy_dup_asked (proxy);
  g_assert_cmpstr (asked, ==, wanted);
  cut_proxy_free (proxy);
}

/* What the proxy resolver says. */
static const char *const other_ways[] = { "direct://", "socks4://127.0.0.1:1",
                                          "unknown://127.0.0.1:1", NULL };

/* Without a proxy that takes names a name of Tor's fails. No name server sees it (RFC 7686),
 * neither as the domain, nor as a host that a record, a user or the web server of the domain would
 * name. */
static void
test_onion (Fixture *self, gconstpointer data)
{
  for (guint i = 0; other_ways[i] != NULL; i++)
    {
      g_autoptr (GProxyResolver) resolver = g_simple_proxy_resolver_new (other_ways[i], NULL);
      IBBClient                 *client = ibb_client_new ("user@fake.onion");
      g_autoptr (GError)         error = NULL;

      ibb_client_set_tls_mode (client, IBB_TLS_MODE_AUTOMATIC);
      ibb_client_set_websocket_mode (client, GPOINTER_TO_INT (data));
      ibb_client_set_proxy_resolver (client, resolver);
      g_assert_false (ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (client), NULL, &error));
      g_test_message ("%s", error->message);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PROXY_FAILED);
      g_assert_nonnull (strstr (error->message, "“fake.onion” is not in DNS"));
      assert_asked (self, "");
      drop_client (client);
    }
}

static void
test_onion_record (Fixture *self, gconstpointer data)
{
  add_target (self, "first.onion", 5222, 10, 0);
  assert_login_fails (self->client, G_IO_ERROR, G_IO_ERROR_PROXY_FAILED);
  add_target (self, "second.test", fake_server_get_port (self->server), 20, 0);
  assert_login (self->client);
  assert_asked (self, "_xmpp-client._tcp.fake.test second.test ");
}

/* The usual way to such a domain: no record is looked up, and the proxy is asked for the usual
 * port. */
static void
test_onion_proxy (Fixture *self, gconstpointer data)
{
  CutProxy        *proxy = cut_proxy_new_asked (fake_server_get_port (self->server));
  g_autofree char *uri = g_strdup_printf ("http://127.0.0.1:%u", cut_proxy_get_port (proxy));
  g_autoptr (GProxyResolver) resolver = g_simple_proxy_resolver_new (uri, NULL);
  IBBClient                 *client = fake_create_client (self->server, "user@fake.onion");
  g_autofree char           *asked = NULL;

  ibb_xmpp_connection_set_host (IBB_XMPP_CONNECTION (client), NULL);
  ibb_xmpp_connection_set_port (IBB_XMPP_CONNECTION (client), 0);
  ibb_client_set_proxy_resolver (client, resolver);
  assert_login_fails (client, IBB_ERROR, IBB_ERROR_PROTOCOL); /* bound to another account */
  assert_asked (self, "");
  asked = cut_proxy_dup_asked (proxy);
  g_assert_cmpstr (asked, ==, "fake.onion:5222 ");
  drop_client (client);
  cut_proxy_free (proxy);
}

/* The proxy reaches none of the targets, and is not asked for one in vain. */
static void
test_proxy_fails (Fixture *self, gconstpointer data)
{
  CutProxy        *proxy = cut_proxy_new_asked (1);
  g_autofree char *uri = g_strdup_printf ("http://127.0.0.1:%u", cut_proxy_get_port (proxy));
  g_autoptr (GProxyResolver) resolver = g_simple_proxy_resolver_new (uri, NULL);
  g_autoptr (GError)         error = NULL;
  g_autofree char           *asked = NULL;

  add_target (self, data, 1, 10, 0);
  if (*(const char *) data != '.')
    add_target (self, "second.test", 2, 20, 0);
  ibb_client_set_proxy_resolver (self->client, resolver);
  g_assert_false (ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (self->client), NULL, &error));
  g_test_message ("%s", error->message);
  asked = cut_proxy_dup_asked (proxy);
  if (*(const char *) data == '.')
    {
      g_assert_error (error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND);
      g_assert_cmpstr (asked, ==, "");
    }
  else
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PROXY_FAILED);
      g_assert_nonnull (strstr (error->message, uri));
      g_assert_nonnull (strstr (error->message, "“fake.test”"));
      g_assert_cmpstr (asked, ==, "first.test:1 second.test:2 ");
    }
  cut_proxy_free (proxy);
}

static void
add (const char *path, gconstpointer data, void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, data, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  start_watchdog ();
  for (gsize i = 0; i < G_N_ELEMENTS (look_ups); i++)
    {
      g_autofree char *path = g_strconcat ("/ibb/client/dns/", look_ups[i].name, NULL);

      add (path, &look_ups[i], test_look_up);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (merge_cases) && g_getenv ("IBB_TEST_CERTIFICATES") != NULL;
       i++)
    {
      g_autofree char *path = g_strconcat ("/ibb/client/dns/merged/", merge_cases[i].name, NULL);

      add (path, &merge_cases[i], test_merged);
    }
  if (g_getenv ("IBB_TEST_CERTIFICATES") != NULL)
    add ("/ibb/client/dns/merged/services", &merge_cases[0], test_merged_services);
  add ("/ibb/client/dns/no-record", NULL, test_no_record);
  add ("/ibb/client/dns/silent", NULL, test_silent);
  add ("/ibb/client/dns/no-look-up/port", NULL, test_no_look_up);
  add ("/ibb/client/dns/no-look-up/host", "other.test", test_no_look_up);
  for (gsize i = 0; i < G_N_ELEMENTS (proxy_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/ibb/client/dns/proxy/", proxy_cases[i].name, NULL);

      add (path, &proxy_cases[i], test_proxy);
    }
  add ("/ibb/client/dns/onion/tcp", GINT_TO_POINTER (IBB_WEBSOCKET_MODE_NEVER), test_onion);
  add ("/ibb/client/dns/onion/web", GINT_TO_POINTER (IBB_WEBSOCKET_MODE_ALWAYS), test_onion);
  add ("/ibb/client/dns/onion/fallback", GINT_TO_POINTER (IBB_WEBSOCKET_MODE_FALLBACK), test_onion);
  add ("/ibb/client/dns/onion/record", NULL, test_onion_record);
  add ("/ibb/client/dns/onion/proxy", NULL, test_onion_proxy);
  add ("/ibb/client/dns/proxy/fails", "first.test", test_proxy_fails);
  add ("/ibb/client/dns/proxy/denied", ".", test_proxy_fails);

  return g_test_run ();
}
