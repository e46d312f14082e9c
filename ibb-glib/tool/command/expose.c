/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ibb expose: sessions become connections to services. */

#include "config.h"

#include "tool/account/login.h"
#include "tool/account/source.h"
#include "tool/command/commands.h"
#include "tool/relay/relay.h"
#include "tool/relay/socket.h"
#include "tool/session/secure.h"
#include "tool/session/server.h"
#include "tool/session/session.h"
#include "tool/words/jid.h"
#include "tool/words/output.h"
#include "tool/words/report.h"

#include <glib/gi18n.h>
#include <string.h>

/* Less than accept-timeout, so that the peer learns the reason. */
#define CONNECT_TIMEOUT 20 /* s */
/* Between attempts to connect to a socket file whose queue is full. */
#define CONNECT_INTERVAL 100 /* ms */
/* Longer than a pause of somebody who works in a shell. */
#define SESSION_TIMEOUT 3600 /* s */
/* For a program that holds sessions to say that it is there, when its account needs their places.
 */
#define HOLDER_TIMEOUT 10000 /* ms */
/* With --from any an account gets one part in so many of all sessions. */
#define ANYBODY_SHARES 4
/* With --max-sessions of each, as many sockets as a process may usually have. */
#define MAX_SERVICES 10
/* How many logins of one account ejabberd allows, unless its administrator says otherwise. The next
 * one ends the oldest. */
#define EJABBERD_LOGINS 10

typedef struct
{
  const ToolOptions *options;
  GPtrArray         *services;     /* (owned) (element-type Service) */
  guint              max_sessions; /* of each service, as the next one */
  guint              max_per_peer; /* 0: a share of max_sessions */
  GSocketClient     *connector;    /* (owned) */
} Expose;

typedef struct
{
  Expose             *expose;
  char               *name;   /* (nullable): its resource; NULL: that of --jid */
  GSocketConnectable *target; /* (owned) */
  char               *where;  /* target, for people */
  ToolLogin          *login;  /* (owned) */
  gulong              handler;
  gboolean            full;  /* and said so */
  GHashTable         *asked; /* (owned) (element-type utf8): programs that have not answered yet */
  GCancellable       *stopped; /* (owned) */
} Service;

typedef struct
{
  Service   *service;
  ToolRelay *relay;
  char      *holder; /* (owned) */
} Question;

typedef struct
{
  Service      *service;
  ToolLink     *link;
  IBBRequest   *request;   /* (owned) */
  IBBTransport *transport; /* (owned) (nullable): once accepted */
  gint64        until;     /* µs: the end of the attempts to connect */
} Connecting;

static void try_to_connect (Connecting *self);

static void
connecting_free (Connecting *self)
{
  g_object_unref (self->request);
  g_clear_object (&self->transport);
  g_free (self);
}

/* The peer learns only that the service fails. */
static void
refuse (Connecting *self, const GError *error)
{
  gboolean is_late = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ||
                     g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  IBBStanzaCondition condition =
      is_late ? IBB_STANZA_CONDITION_REMOTE_SERVER_TIMEOUT : IBB_STANZA_CONDITION_ITEM_NOT_FOUND;
  const char *text = is_late ? "The service behind this address does not answer"
                             : "The service behind this address cannot be reached";

  if (self->transport != NULL)
    ibb_transport_abort_with_reason (self->transport, condition, text);
  else
    ibb_request_refuse (self->request, condition, text);
}

/* Takes self if it fails. */
static gboolean
accept_session (Connecting *self)
{
  GError *error = NULL;

  self->transport = ibb_request_accept (self->request, &error);
  if (self->transport != NULL)
    return TRUE;
  /* The peer has given up in the meantime. */
  tool_link_fail (self->link, error);
  connecting_free (self);
  return FALSE;
}

static gboolean
connect_again_cb (gpointer data)
{
  try_to_connect (data);
  return G_SOURCE_REMOVE;
}

/* Whether the queue of a socket file is full. The system lets connections to a TCP port wait, and
 * fails these. */
static gboolean
connect_again (Connecting *self, const GError *error)
{
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK) ||
      g_get_monotonic_time () >= self->until)
    return FALSE;
  g_source_unref (tool_source_attach (g_timeout_source_new (CONNECT_INTERVAL),
                                      g_main_context_get_thread_default (), "[ibb] next attempt",
                                      connect_again_cb, self));
  return TRUE;
}

static void
connected_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Connecting                   *self = data;
  GError                       *error = NULL;
  g_autoptr (GSocketConnection) connection =
      g_socket_client_connect_finish (G_SOCKET_CLIENT (source), result, &error);

  if (connection == NULL && connect_again (self, error))
    {
      g_error_free (error);
      return;
    }
  if (connection != NULL)
    {
      tool_link_set_connection (self->link, connection);
      if (self->transport == NULL)
        {
          if (!accept_session (self))
            return;
          tool_link_set_transport (self->link, self->transport, NULL, NULL);
        }
    }
  else
    {
      refuse (self, error);
      g_prefix_error (&error, /* Translators: a reason follows */
                      _ ("Cannot connect to %s for “%s”: "), self->service->where,
                      ibb_request_get_peer_jid (self->request));
      tool_link_fail (self->link, error);
    }
  connecting_free (self);
}

/* If the link has been cancelled in the meantime, the call fails at once. */
static void
try_to_connect (Connecting *self)
{
  Expose *expose = self->service->expose;

  g_socket_client_connect_async (expose->connector, self->service->target,
                                 tool_link_get_cancellable (self->link), connected_cb, self);
}

static void
connect_to_service (Connecting *self)
{
  self->until = g_get_monotonic_time () + CONNECT_TIMEOUT * G_USEC_PER_SEC;
  try_to_connect (self);
}

static void
encrypted_cb (gboolean succeeded, gpointer data)
{
  if (succeeded)
    connect_to_service (data);
  else
    connecting_free (data);
}

/* A peer learns at once that the service fails, as the connection comes before the session; but no
 * peer reaches the service before its key is trusted. */
static void
serve (Service *self, ToolRelay *relay, IBBRequest *request)
{
  Connecting *connecting = g_new0 (Connecting, 1);

  connecting->service = self;
  connecting->request = g_object_ref (request);
  connecting->link = tool_relay_add_link (relay, ibb_request_get_peer_jid (request),
                                          ibb_request_get_sid (request));
  if (!self->expose->options->encrypt)
    connect_to_service (connecting);
  else if (accept_session (connecting))
    tool_link_set_transport (connecting->link, connecting->transport, encrypted_cb, connecting);
}

/* ibb forward asks again and again: one line is printed until there is a place. */
static void
note_full (Service *self, ToolRelay *relay, const char *peer, guint limit)
{
  if (!self->full)
    tool_refusals_note (
        tool_relay_get_refusals (relay),
        ngettext ("Refused a session from “%s”: the limit of %u session is reached",
                  "Refused a session from “%s”: the limit of %u sessions is reached", limit),
        peer, limit);
  self->full = TRUE;
}

static void
note_no_descriptors (Service *self, ToolRelay *relay, const char *peer)
{
  if (!self->full)
    tool_refusals_note (tool_relay_get_refusals (relay),
                        _ ("Refused a session from “%s”: too many files are open"), peer);
  self->full = TRUE;
}

/* An error is an answer, too: not each program knows the question. */
static void
answered_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Question             *question = data;
  g_autoptr (GError)    error = NULL;
  g_autoptr (IBBStanza) answer =
      ibb_connection_query_finish (IBB_CONNECTION (source), result, &error);
  g_autoptr (GPtrArray) links = tool_relay_find_links (question->relay, question->holder);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    for (guint i = 0; i < links->len; i++)
      tool_link_give_up (g_ptr_array_index (links, i),
                         g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                                      _ ("“%s” does not answer: its session was ended to make room "
                                         "for another one of the same account"),
                                      question->holder));
  g_hash_table_remove (question->service->asked, question->holder);
  tool_relay_release (question->relay);
  g_free (question->holder);
  g_free (question);
}

/* A program that was killed keeps its sessions until peer-timeout, because its server waits for it
 * to come back, and answers nothing meanwhile. Its successor would find no place. */
static void
ask_holder (Service *self, ToolRelay *relay, const char *holder)
{
  g_autofree char *xml =
      g_markup_printf_escaped ("<iq type='get' to='%s'><ping xmlns='urn:xmpp:ping'/></iq>", holder);
  g_autoptr (IBBStanza) request = ibb_stanza_new_from_xml (xml, -1, NULL);
  Question             *question;

  if (request == NULL || !g_hash_table_add (self->asked, g_strdup (holder)))
    return;
  question = g_new (Question, 1);
  *question = (Question){ self, relay, g_strdup (holder) };
  tool_relay_hold (relay);
  ibb_connection_query_async (ibb_service_get_connection (tool_relay_get_service (relay)), request,
                              HOLDER_TIMEOUT, self->stopped, answered_cb, question);
}

/* Whether this account may have one more session. */
static gboolean
has_place (Service *self, ToolRelay *relay, const char *peer)
{
  g_autofree char      *account = tool_jid_dup_bare (peer);
  g_autoptr (GPtrArray) links = tool_relay_find_links (relay, account);

  if (tool_relay_count_links (relay) >= self->expose->max_sessions)
    note_full (self, relay, peer, self->expose->max_sessions);
  else if (links->len >= self->expose->max_per_peer)
    note_full (self, relay, account, self->expose->max_per_peer);
  else if (!tool_relay_has_descriptors (relay))
    note_no_descriptors (self, relay, peer);
  else
    {
      self->full = FALSE;
      return TRUE;
    }
  for (guint i = 0; i < links->len; i++)
    ask_holder (self, relay, tool_link_get_peer (g_ptr_array_index (links, i)));
  return FALSE;
}

static gboolean
session_requested_cb (IBBService *service, IBBRequest *request, gpointer data)
{
  ToolRelay         *relay = data;
  Service           *self = tool_relay_get_data (relay);
  const ToolOptions *options = self->expose->options;
  const char        *peer = ibb_request_get_peer_jid (request);
  const char        *local_jid = tool_relay_get_local_jid (relay);

  if (!tool_session_is_welcome (options, local_jid, request))
    {
      ibb_request_refuse (request, IBB_STANZA_CONDITION_NOT_ACCEPTABLE, NULL);
      tool_session_note_stranger (options, local_jid, request, tool_relay_get_refusals (relay));
    }
  else if (!has_place (self, relay, peer))
    /* Not resource-constraint, which asks for smaller blocks (D-14). */
    ibb_request_refuse (request, IBB_STANZA_CONDITION_NOT_ACCEPTABLE,
                        "There are too many sessions");
  else
    serve (self, relay, request);
  return TRUE;
}

/* The share of one account: an equal part for each account that --from names, or one part in
 * ANYBODY_SHARES if it lets in anybody. */
static guint
get_share (Expose *self)
{
  g_autoptr (GHashTable) accounts = NULL;
  guint                  n_accounts;

  if (self->options->from == NULL)
    return self->max_sessions;
  accounts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (char **from = self->options->from; *from != NULL; from++)
    g_hash_table_add (accounts, tool_jid_dup_bare (*from));
  n_accounts = g_hash_table_size (accounts);
  if (g_strv_contains ((const char *const *) self->options->from, TOOL_FROM_ANYBODY))
    n_accounts = MAX (n_accounts, ANYBODY_SHARES);
  return MAX (self->max_sessions / n_accounts, 1);
}

static gpointer
check_server_thread (gpointer data)
{
  g_autoptr (IBBConnection) connection = data;
  g_autofree char          *jid = ibb_connection_dup_local_jid (connection);
  g_autofree char          *domain = jid != NULL ? tool_jid_dup_domain (jid) : NULL;
  g_autofree char          *software =
      domain != NULL ? tool_server_dup_software (connection, domain, NULL) : NULL;

  if (software != NULL && g_str_has_prefix (software, "ejabberd"))
    /* Translators: a domain */
    tool_output_note (_ ("“%s” is ejabberd, which allows an account %d logins at a time unless its "
                         "administrator has changed “max_user_sessions”: one more login would end "
                         "the oldest service"),
                      domain, EJABBERD_LOGINS);
  return NULL;
}

/* Nothing waits for the answer. */
static void
check_server (Expose *self, IBBConnection *connection)
{
  if (self->services->len + 1 >= EJABBERD_LOGINS)
    g_thread_unref (g_thread_new ("server", check_server_thread, g_object_ref (connection)));
}

static gboolean
expose_start (ToolRelay *relay, gpointer data, GError **error)
{
  Service    *self = data;
  Expose     *expose = self->expose;
  IBBService *service = tool_relay_get_service (relay);

  self->asked = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->stopped = g_cancellable_new ();
  self->handler =
      g_signal_connect (service, "session-requested", G_CALLBACK (session_requested_cb), relay);
  /* This file checks the limit itself, so that a peer that exceeds it is reported. */
  ibb_service_set_session_limit (service, G_MAXUINT);
  if (expose->options->encrypt)
    ibb_connection_add_feature (ibb_service_get_connection (service), TOOL_SECURE_FEATURE);
  if (self == g_ptr_array_index (expose->services, expose->services->len - 1))
    {
      tool_session_report_ready (expose->options, tool_relay_get_local_jid (relay));
      check_server (expose, ibb_service_get_connection (service));
    }
  else
    tool_report_ready (tool_relay_get_local_jid (relay));
  return TRUE;
}

static void
expose_stop (ToolRelay *relay, gpointer data)
{
  Service    *self = data;
  IBBService *service = tool_relay_get_service (relay);

  g_cancellable_cancel (self->stopped);
  ibb_service_set_session_limit (service, 0);
  g_signal_handler_disconnect (service, self->handler);
}

static const ToolRelayFuncs expose_funcs = {
  .start = expose_start,
  .stop = expose_stop,
  .session_timeout = SESSION_TIMEOUT,
};

static gboolean
expose_run (ToolRun *run, gpointer data, GError **error)
{
  Expose         *self = data;
  ToolRelayMember members[MAX_SERVICES];

  for (guint i = 0; i < self->services->len; i++)
    {
      Service *service = g_ptr_array_index (self->services, i);

      members[i] = (ToolRelayMember){ service->login, service };
    }
  return tool_relay_run (run, &expose_funcs, members, self->services->len, self->max_sessions,
                         error);
}

static void
service_free (gpointer data)
{
  Service *self = data;

  g_clear_object (&self->target);
  g_clear_object (&self->stopped);
  g_clear_pointer (&self->asked, g_hash_table_unref);
  g_clear_pointer (&self->login, tool_login_free);
  g_free (self->where);
  g_free (self->name);
  g_free (self);
}

/* Parses HOST:PORT by the rule of --server. Returns NULL if it is none. */
static GSocketConnectable *
parse_address (const char *text)
{
  /* Never logs in. */
  g_autoptr (IBBXmppClient) client = ibb_xmpp_client_new ("localhost");
  g_autofree char          *host = NULL;
  guint                     port;

  if (!ibb_xmpp_client_parse_setting (client, "server", text))
    return NULL;
  host = ibb_xmpp_entity_dup_host (IBB_XMPP_ENTITY (client));
  port = ibb_xmpp_entity_get_port (IBB_XMPP_ENTITY (client));
  return port != 0 ? g_network_address_new (host, (guint16) port) : NULL;
}

/* Adds the service at where, which has the resource name (nullable), and takes name. Returns why it
 * cannot be, or NULL. */
static char *
add_service (Expose *self, const char *option, char *name, const char *where)
{
  Service           *service = g_new0 (Service, 1);
  const char        *path = tool_socket_get_path (where);
  struct stat        info;
  g_autoptr (GError) error = NULL;

  service->expose = self;
  service->name = name;
  g_ptr_array_add (self->services, service);
  if (path == NULL)
    {
      service->target = parse_address (where);
      if (service->target == NULL)
        /* Translators: %s is an option */
        return g_strdup_printf (_ ("%s takes HOST:PORT or unix:PATH, not “%s”"), option, where);
      /* Translators: a host and its port */
      service->where = g_strdup_printf (
          _ ("“%s”, port %u"), g_network_address_get_hostname (G_NETWORK_ADDRESS (service->target)),
          g_network_address_get_port (G_NETWORK_ADDRESS (service->target)));
      return NULL;
    }
  service->target = G_SOCKET_CONNECTABLE (tool_socket_new_address (path, &error));
  if (service->target == NULL)
    return g_strdup (error->message);
  /* One that is not there yet may come. */
  if (stat (path, &info) == 0 && !S_ISSOCK (info.st_mode))
    return g_strdup_printf (_ ("“%s” is not a socket"), path);
  service->where = g_strdup_printf ("“%s”", path);
  return NULL;
}

static gboolean
has_service (Expose *self, const char *name)
{
  for (guint i = 0; i < self->services->len; i++)
    {
      Service *service = g_ptr_array_index (self->services, i);

      if (g_str_equal (service->name, name))
        return TRUE;
    }
  return FALSE;
}

/* Parses NAME=HOST:PORT or NAME=unix:PATH. Returns what is wrong, or NULL. */
static char *
parse_service (Expose *self, const char *text)
{
  const char      *equals = strchr (text, '=');
  g_autofree char *name = NULL;
  g_autofree char *jid = NULL;

  if (equals == NULL || equals == text)
    return g_strdup_printf (_ ("--service is NAME=HOST:PORT or NAME=unix:PATH, not “%s”"), text);
  name = g_strndup (text, (gsize) (equals - text));
  jid = g_strconcat ("user@host/", name, NULL);
  if (!tool_jid_is_valid (jid))
    return g_strdup_printf (_ ("“%s” of --service cannot be a resource"), name);
  if (has_service (self, name))
    return g_strdup_printf (_ ("--service names “%s” more than once"), name);
  if (self->services->len == MAX_SERVICES)
    return g_strdup_printf (_ ("--service can be given %d times at most"), MAX_SERVICES);
  return add_service (self, "--service", g_steal_pointer (&name), equals + 1);
}

/* Returns what is wrong, or NULL. */
static char *
parse_services (Expose *self, const char *to, char **services)
{
  char *problem = NULL;

  if (to != NULL && services != NULL)
    return g_strdup (_ ("--to and --service cannot be combined"));
  if (to != NULL)
    return add_service (self, "--to", NULL, to);
  if (services == NULL)
    return g_strdup (_ ("--to is missing: which service?"));
  if (strchr (self->options->jid, '/') != NULL)
    return g_strdup (_ ("--service names the resource: --jid is to have none"));
  for (char **text = services; *text != NULL && problem == NULL; text++)
    problem = parse_service (self, *text);
  return problem;
}

/* Returns the exit status if the arguments are wrong, else -1. */
static int
check_arguments (Expose     *self,
                 const char *to,
                 char      **services,
                 const char *max_sessions,
                 const char *max_per_peer,
                 int         argc,
                 char      **argv)
{
  g_autofree char *problem = NULL;

  if (argc != 1)
    return tool_output_usage_error ("expose", _ ("unexpected argument “%s”"), argv[1]);
  problem = parse_services (self, to, services);
  if (problem != NULL)
    return tool_output_usage_error ("expose", "%s", problem);
  if (max_sessions != NULL && !tool_options_parse_count (max_sessions, &self->max_sessions))
    return tool_output_usage_error ("expose", _ ("--max-sessions is at least 1, not %s"),
                                    max_sessions);
  if (max_per_peer != NULL && !tool_options_parse_count (max_per_peer, &self->max_per_peer))
    return tool_output_usage_error ("expose", _ ("--max-per-peer is at least 1, not %s"),
                                    max_per_peer);
  return -1;
}

static void
prepare (Expose *self, ToolAccount *account)
{
  if (self->max_per_peer == 0)
    self->max_per_peer = get_share (self);
  self->connector = g_socket_client_new ();
  g_socket_client_set_enable_proxy (self->connector, FALSE);
  g_socket_client_set_timeout (self->connector, CONNECT_TIMEOUT);
  for (guint i = 0; i < self->services->len; i++)
    {
      Service         *service = g_ptr_array_index (self->services, i);
      g_autofree char *jid = service->name == NULL
                                 ? tool_jid_with_resource (self->options->jid)
                                 : g_strconcat (self->options->jid, "/", service->name, NULL);

      service->login = tool_login_new (account, self->options, jid);
      tool_login_set_stays (service->login);
      if (service->name != NULL)
        tool_login_set_service (service->login);
    }
}

int
tool_expose (int argc, char **argv)
{
  g_auto (ToolOptions) options = { 0 };
  g_auto (ToolAccount) account = { NULL };
  g_autofree char     *to = NULL;
  g_autofree char     *max_sessions = NULL;
  g_autofree char     *max_per_peer = NULL;
  g_auto (GStrv)       services = NULL;
  Expose               self = { .options = &options, .max_sessions = TOOL_RELAY_MAX_SESSIONS };
  int                  status;
  const GOptionEntry   entries[] = {
      { "to", 0, 0, G_OPTION_ARG_STRING, &to, N_ ("The service"), N_ ("HOST:PORT|unix:PATH") },
      { "service", 0, 0, G_OPTION_ARG_STRING_ARRAY, &services,
        N_ ("One of several services, with NAME as its resource"), N_ ("NAME=WHERE") },
      { "max-sessions", 0, 0, G_OPTION_ARG_STRING, &max_sessions,
        N_ ("Maximum sessions of each service at a time (default 100)"), N_ ("N") },
      { "max-per-peer", 0, 0, G_OPTION_ARG_STRING, &max_per_peer,
        N_ ("Maximum sessions of one account (default: an equal share)"), N_ ("N") },
      { NULL },
  };

  if (!tool_options_parse (
          &options,
          TOOL_OPTIONS_ACCOUNT | TOOL_OPTIONS_ACCEPT | TOOL_OPTIONS_WINDOW | TOOL_OPTIONS_ENCRYPT |
              TOOL_OPTIONS_TIMEOUT | TOOL_OPTIONS_QUIET | TOOL_OPTIONS_JSON,
          entries, NULL, _ ("Accepts sessions and connects each of them to a service."),
          _ ("Asks for the resource “ibb” unless --jid names one, and says “ready "
             "JID” on standard "
             "error when it can be reached. The other end is “ibb forward”, or "
             "“ibb cat”. Runs until a signal ends it, and logs in again when the "
             "connection is lost; --timeout holds for the first login and for "
             "each session. Without --timeout, a session ends after one idle "
             "hour."),
          &argc, &argv))
    return TOOL_EXIT_USAGE;
  self.services = g_ptr_array_new_with_free_func (service_free);
  status = check_arguments (&self, to, services, max_sessions, max_per_peer, argc, argv);
  if (status < 0 && tool_account_prepare (&account, &options))
    {
      prepare (&self, &account);
      status = tool_run (&options, expose_run, &self);
    }
  else if (status < 0)
    status = TOOL_EXIT_FAILED;

  g_clear_object (&self.connector);
  g_ptr_array_unref (self.services);
  return status;
}
