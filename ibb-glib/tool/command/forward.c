/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ibb forward: a TCP port or a socket file, each connection to which becomes a session. */

#include "config.h"

#include "tool/account/login.h"
#include "tool/account/source.h"
#include "tool/command/commands.h"
#include "tool/relay/relay.h"
#include "tool/relay/socket.h"
#include "tool/session/session.h"
#include "tool/words/notify.h"
#include "tool/words/output.h"
#include "tool/words/report.h"

#include <glib/gi18n.h>
#include <string.h>

#define BACKLOG 128
#define PORT_ATTEMPTS 20
/* The peer keeps no more unanswered requests of one account than this (D-47), and other programs of
 * the account may have some. Further connections wait in the backlog. */
#define MAX_OPENING 4
/* How often the peer is asked again, and after how many ms: for five seconds, and longer if its
 * answers take long. The wait grows with each attempt. */
#define ATTEMPTS_MAX 15
#define ATTEMPT_INTERVAL 50
#define ATTEMPT_INTERVAL_MAX 500
/* How long a connection waits for our next login, and after that for the peer's. */
#define LOGIN_WAIT 60 /* s */
/* The pause after the system has refused to accept a connection. */
#define ACCEPT_RETRY 1000 /* ms */

typedef struct
{
  char            *peer;
  const char      *path; /* (nullable): of a socket file, in place of address and port */
  ToolSocketFile   file;
  char            *address; /* NULL: the loopback */
  guint16          port;    /* 0: any */
  guint            max_sessions;
  ToolLogin       *login;
  GSocketListener *listener;    /* (owned) */
  GCancellable    *cancellable; /* (owned) of the accepting */
  GSource         *retry;       /* (owned) (nullable) */
  gboolean         accepting;
  gboolean         welcome;    /* the peer has let a session in */
  guint            may_open;   /* at the same time */
  guint            opening;    /* those that are to be tried again included */
  GQueue           waiting;    /* (element-type Opening): for the next login */
  gint64           peer_until; /* µs: the end of the wait for the peer after an outage */
  gboolean         has_told;   /* of this wait */
} Forward;

typedef struct
{
  Forward   *forward;
  ToolRelay *relay;
  ToolLink  *link;
  guint      attempts;
  gint64     until; /* µs: the end of the wait for a login; 0: none yet */
  GSource   *timer; /* (owned) (nullable): while it waits */
} Opening;

static void proceed (Forward *self, ToolRelay *relay);
static void try_to_open (Opening *opening);

/* Listening. */

/* Returns the port, 0 with an error. */
static guint16
listen_at (Forward *self, const char *address, guint16 port, GError **error)
{
  g_autoptr (GSocketAddress) wanted = g_inet_socket_address_new_from_string (address, port);
  g_autoptr (GSocketAddress) effective = NULL;

  if (!g_socket_listener_add_address (self->listener, wanted, G_SOCKET_TYPE_STREAM,
                                      G_SOCKET_PROTOCOL_TCP, NULL, &effective, error))
    {
      g_prefix_error (error, /* Translators: a reason follows */
                      _ ("Cannot listen on port %u of “%s”: "), port, address);
      return 0;
    }
  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (effective));
}

/* Both loopback addresses, with the same port; the second only where there is IPv6. */
static gboolean
listen_on_loopback (Forward *self, GError **error)
{
  for (guint attempt = 1;; attempt++)
    {
      g_autoptr (GError) local_error = NULL;
      guint16            port = listen_at (self, "127.0.0.1", self->port, error);

      if (port == 0)
        return FALSE;
      if (listen_at (self, "::1", port, &local_error) != 0 ||
          !g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE))
        {
          self->port = port;
          return TRUE;
        }
      if (self->port != 0 || attempt == PORT_ATTEMPTS)
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
      g_object_unref (self->listener);
      self->listener = g_socket_listener_new ();
      g_socket_listener_set_backlog (self->listener, BACKLOG);
    }
}

static gboolean
listen_at_path (Forward *self, GError **error)
{
  g_autoptr (GSocket) socket = tool_socket_listen (self->path, BACKLOG, &self->file, error);

  return socket != NULL && g_socket_listener_add_socket (self->listener, socket, NULL, error);
}

static gboolean
listen_everywhere (Forward *self, GError **error)
{
  self->listener = g_socket_listener_new ();
  g_socket_listener_set_backlog (self->listener, BACKLOG);
  if (self->path != NULL)
    return listen_at_path (self, error);
  if (self->address == NULL)
    return listen_on_loopback (self, error);
  self->port = listen_at (self, self->address, self->port, error);
  return self->port != 0;
}

/* Parses PORT, ADDRESS:PORT or [ADDRESS]:PORT. No names: a name of this machine may stand for more
 * addresses than the user thinks of. */
static gboolean
parse_listen (Forward *self, const char *text)
{
  const char                *colon = strrchr (text, ':');
  const char                *digits = colon != NULL ? colon + 1 : text;
  guint64                    port;
  g_autoptr (GSocketAddress) address = NULL;

  if (!g_ascii_string_to_unsigned (digits, 10, 0, G_MAXUINT16, &port, NULL))
    return FALSE;
  self->port = (guint16) port;
  if (colon == NULL)
    return TRUE;
  if (text[0] == '[' && colon > text + 1 && colon[-1] == ']')
    self->address = g_strndup (text + 1, (gsize) (colon - text - 2));
  else if (memchr (text, ':', (gsize) (colon - text)) == NULL)
    self->address = g_strndup (text, (gsize) (colon - text));
  if (self->address != NULL)
    address = g_inet_socket_address_new_from_string (self->address, self->port);
  return address != NULL;
}

static char *
format_address (Forward *self)
{
  const char *address = self->address != NULL ? self->address : "127.0.0.1";

  if (self->path != NULL)
    return g_strconcat ("unix:", self->path, NULL);
  return g_strdup_printf (strchr (address, ':') != NULL ? "[%s]:%u" : "%s:%u", address, self->port);
}

/* Connections that wait for the next login. Nothing is read from them in the meantime. */

static void
end_wait (Opening *opening)
{
  tool_source_clear (&opening->timer);
  g_queue_remove (&opening->forward->waiting, opening);
}

/* Takes error. */
static void
fail_waiting (Opening *opening, GError *error)
{
  end_wait (opening);
  tool_link_fail (opening->link, error);
  g_free (opening);
}

static gboolean
waited_cb (gpointer data)
{
  fail_waiting (data, g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                                   _ ("A connection waited for %d s for the next login; closed it"),
                                   LOGIN_WAIT));
  return G_SOURCE_REMOVE;
}

/* The time begins with the first loss of the connection, and goes on if the new login is lost,
 * too. */
static void
wait_for_login (Opening *opening)
{
  gint64 now = g_get_monotonic_time ();

  if (opening->until == 0)
    opening->until = now + LOGIN_WAIT * G_USEC_PER_SEC;
  opening->timer = tool_source_attach (
      g_timeout_source_new ((guint) (MAX (opening->until - now, 0) / 1000)),
      g_main_context_get_thread_default (), "[ibb] wait for login", waited_cb, opening);
  g_queue_push_tail (&opening->forward->waiting, opening);
}

static void
fail_all_waiting (Forward *self)
{
  Opening *opening;

  while ((opening = g_queue_peek_head (&self->waiting)) != NULL)
    fail_waiting (opening, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, _ ("Cancelled")));
}

/* Connections. */

static gboolean
attempt_again_cb (gpointer data)
{
  try_to_open (data);
  return G_SOURCE_REMOVE;
}

/* Whether the connection to the server was lost before the session was open. */
static gboolean
is_lost (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED);
}

/* Whether the peer is away. After a restart of its server it may not have come back yet. */
static gboolean
is_away (const GError *error)
{
  return g_error_matches (error, IBB_ERROR, IBB_ERROR_SERVICE_UNAVAILABLE) ||
         g_error_matches (error, IBB_ERROR, IBB_ERROR_RECIPIENT_UNAVAILABLE);
}

/* A peer that has accepted a session before, and now refuses one, has too many requests or sessions
 * at the moment. After an outage a peer may need some time. */
static gboolean
may_try_again (Opening *opening, const GError *error)
{
  if (is_away (error))
    return g_get_monotonic_time () < opening->forward->peer_until;
  if (!is_lost (error) &&
      !(g_error_matches (error, IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE) && opening->forward->welcome))
    return FALSE;
  return opening->attempts <= ATTEMPTS_MAX;
}

static void
tell_of_wait (Forward *self)
{
  g_autofree char *phase = NULL;

  if (self->has_told)
    return;
  phase = g_strdup_printf (_ ("waiting for “%s” to answer"), self->peer);
  tool_report_wait (phase);
  self->has_told = TRUE;
}

static gboolean
attempt_again (Opening *opening, const GError *error)
{
  guint interval = MIN (opening->attempts * ATTEMPT_INTERVAL, ATTEMPT_INTERVAL_MAX);

  if (!may_try_again (opening, error))
    return FALSE;
  if (is_away (error))
    tell_of_wait (opening->forward);
  opening->forward->may_open = 1;
  interval += (guint) g_random_int_range (0, ATTEMPT_INTERVAL);
  g_source_unref (tool_source_attach (g_timeout_source_new (interval),
                                      g_main_context_get_thread_default (), "[ibb] next attempt",
                                      attempt_again_cb, opening));
  return TRUE;
}

/* The first session is alone until it is encrypted: a question about the key of the peer shows the
 * same digits at both ends. */
static void
joined_cb (gboolean succeeded, gpointer data)
{
  Opening   *opening = data;
  Forward   *self = opening->forward;
  ToolRelay *relay = opening->relay;

  self->opening--;
  if (succeeded)
    self->may_open = MIN (self->may_open + 1, MAX_OPENING);
  g_free (opening);
  proceed (self, relay);
}

static void
opened_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Opening                 *opening = data;
  Forward                 *self = opening->forward;
  ToolRelay               *relay = opening->relay;
  g_autoptr (IBBTransport) transport = NULL;
  g_autoptr (GError)       error = NULL;
  gboolean                 waits;

  transport = ibb_service_open_session_finish (IBB_SERVICE (source), result, &error);
  waits = transport == NULL && is_lost (error) && !tool_relay_is_online (relay) &&
          !g_cancellable_is_cancelled (self->cancellable);
  if (transport == NULL && !waits && attempt_again (opening, error))
    return;

  if (transport != NULL)
    {
      self->welcome = TRUE;
      tool_link_set_transport (opening->link, transport, joined_cb, opening);
      return;
    }
  self->opening--;
  if (waits)
    wait_for_login (opening);
  else
    tool_link_fail (opening->link, g_steal_pointer (&error));
  if (!waits)
    g_free (opening);
  proceed (self, relay);
}

/* If the link has been cancelled in the meantime, the call fails at once. */
static void
try_to_open (Opening *opening)
{
  g_autoptr (IBBSessionParams) params =
      tool_options_new_params (tool_relay_get_options (opening->relay));

  opening->attempts++;
  ibb_service_open_session_async (tool_relay_get_service (opening->relay), opening->forward->peer,
                                  params, tool_link_get_cancellable (opening->link), opened_cb,
                                  opening);
}

static void
open_session (Forward *self, ToolRelay *relay, GSocketConnection *connection)
{
  Opening *opening = g_new0 (Opening, 1);

  opening->forward = self;
  opening->relay = relay;
  opening->link = tool_relay_add_link (relay, self->peer, NULL);
  tool_link_set_connection (opening->link, connection);
  if (!tool_relay_is_online (relay))
    {
      wait_for_login (opening);
      return;
    }
  self->opening++;
  try_to_open (opening);
}

static gboolean
may_open (Forward *self, ToolRelay *relay)
{
  return tool_relay_is_online (relay) && self->opening < self->may_open &&
         !g_cancellable_is_cancelled (self->cancellable);
}

static void
open_waiting (Forward *self, ToolRelay *relay)
{
  while (!g_queue_is_empty (&self->waiting) && may_open (self, relay))
    {
      Opening *opening = g_queue_peek_head (&self->waiting);

      end_wait (opening);
      opening->attempts = 0;
      self->opening++;
      try_to_open (opening);
    }
}

static gboolean
retry_cb (gpointer data)
{
  ToolRelay *relay = data;
  Forward   *self = tool_relay_get_data (relay);

  g_clear_pointer (&self->retry, g_source_unref);
  proceed (self, relay);
  return G_SOURCE_REMOVE;
}

static void
accepted_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  ToolRelay                    *relay = data;
  Forward                      *self = tool_relay_get_data (relay);
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GError)            error = NULL;

  connection = g_socket_listener_accept_finish (G_SOCKET_LISTENER (source), result, NULL, &error);
  self->accepting = FALSE;
  tool_relay_release (relay);
  if (connection != NULL)
    open_session (self, relay, connection);
  else if (!g_cancellable_is_cancelled (self->cancellable))
    {
      /* Too many files may be open, for example: that passes. */
      tool_report_session_error (error, NULL, NULL);
      self->retry = tool_source_attach (g_timeout_source_new (ACCEPT_RETRY),
                                        g_main_context_get_thread_default (), "[ibb] next accept",
                                        retry_cb, relay);
    }
  proceed (self, relay);
}

static void
accept_next (Forward *self, ToolRelay *relay)
{
  if (self->accepting || self->retry != NULL ||
      (tool_relay_is_online (relay) && self->opening >= self->may_open) ||
      tool_relay_count_links (relay) >= self->max_sessions || !tool_relay_has_descriptors (relay) ||
      g_cancellable_is_cancelled (self->cancellable))
    return;
  self->accepting = TRUE;
  tool_relay_hold (relay);
  g_socket_listener_accept_async (self->listener, self->cancellable, accepted_cb, relay);
}

static void
proceed (Forward *self, ToolRelay *relay)
{
  open_waiting (self, relay);
  accept_next (self, relay);
}

static gboolean
forward_start (ToolRelay *relay, gpointer data, GError **error)
{
  Forward         *self = data;
  g_autofree char *address = NULL;

  if (!listen_everywhere (self, error))
    return FALSE;
  self->cancellable = g_cancellable_new ();
  proceed (self, relay);
  address = format_address (self);
  tool_report_ready_at (tool_relay_get_local_jid (relay), address, self->port);
  tool_notify_ready ();
  return TRUE;
}

static void
forward_proceed (ToolRelay *relay, gpointer data)
{
  proceed (data, relay);
}

static void
forward_online (ToolRelay *relay, gboolean was_away, gpointer data)
{
  Forward *self = data;

  if (was_away)
    {
      self->peer_until = g_get_monotonic_time () + LOGIN_WAIT * G_USEC_PER_SEC;
      self->has_told = FALSE;
    }
  proceed (self, relay);
}

static void
forward_stop (ToolRelay *relay, gpointer data)
{
  Forward *self = data;

  g_cancellable_cancel (self->cancellable);
  tool_source_clear (&self->retry);
  g_socket_listener_close (self->listener);
  tool_socket_file_clear (&self->file);
  fail_all_waiting (self);
}

static const ToolRelayFuncs forward_funcs = {
  .start = forward_start,
  .link_gone = forward_proceed,
  .online = forward_online,
  .stop = forward_stop,
};

static gboolean
forward_run (ToolRun *run, gpointer data, GError **error)
{
  Forward *self = data;

  return tool_relay_run (run, &forward_funcs, &(ToolRelayMember){ self->login, self }, 1,
                         self->max_sessions, error);
}

/* Returns the exit status if the arguments are wrong, else -1. */
static int
check_arguments (Forward *self, const char *listen, const char *max_sessions, int argc, char **argv)
{
  g_autoptr (GSocketAddress) file = NULL;
  g_autoptr (GError)         error = NULL;

  if (argc != 2)
    return tool_output_usage_error ("forward",
                                    argc < 2 ? _ ("PEER is required") : _ ("too many arguments"));
  if (listen == NULL)
    return tool_output_usage_error ("forward", _ ("--listen is missing: on which port?"));
  self->path = tool_socket_get_path (listen);
  if (self->path != NULL)
    file = tool_socket_new_address (self->path, &error);
  if (error != NULL)
    return tool_output_usage_error ("forward", "--listen: %s", error->message);
  if (self->path == NULL && !parse_listen (self, listen))
    return tool_output_usage_error (
        "forward",
        _ ("--listen is PORT, ADDRESS:PORT or unix:PATH, not “%s”; an address is numeric, "
           "such as 127.0.0.1 or [::1]"),
        listen);
  if (max_sessions != NULL && !tool_options_parse_count (max_sessions, &self->max_sessions))
    return tool_output_usage_error ("forward", _ ("--max-sessions is at least 1, not %s"),
                                    max_sessions);
  self->peer = tool_options_parse_peer ("forward", argv[1]);
  return self->peer != NULL ? -1 : TOOL_EXIT_USAGE;
}

int
tool_forward (int argc, char **argv)
{
  g_auto (ToolOptions) options = { 0 };
  g_auto (ToolAccount) account = { NULL };
  g_autofree char     *listen = NULL;
  g_autofree char     *max_sessions = NULL;
  Forward              self = { .max_sessions = TOOL_RELAY_MAX_SESSIONS, .may_open = 1 };
  int                  status;
  const GOptionEntry   entries[] = {
      { "listen", 0, 0, G_OPTION_ARG_STRING, &listen,
        N_ ("Port of the loopback, or of a numeric ADDRESS; 0 is any free port. Or a socket file"),
        N_ ("[ADDRESS:]PORT|unix:PATH") },
      { "max-sessions", 0, 0, G_OPTION_ARG_STRING, &max_sessions,
        N_ ("More connections wait until one ends (default 100)"), N_ ("N") },
      { NULL },
  };

  if (!tool_options_parse (
          &options,
          TOOL_OPTIONS_ACCOUNT | TOOL_OPTIONS_PEER | TOOL_OPTIONS_OPEN | TOOL_OPTIONS_ENCRYPT |
              TOOL_OPTIONS_WINDOW | TOOL_OPTIONS_TIMEOUT | TOOL_OPTIONS_QUIET | TOOL_OPTIONS_JSON,
          entries, _ ("PEER"),
          _ ("Listens on a TCP port or a socket file and joins each connection with a session of "
             "its own to a peer, such as “ibb expose”."),
          _ ("PEER without a resource means PEER/ibb. Says “ready ADDRESS:PORT”, or “ready "
             "unix:PATH”, on standard "
             "error when it can be reached. Runs until a signal ends it, and logs in again when "
             "the "
             "connection is lost: connections wait for that for up to 60 s. --timeout holds for "
             "the first login and for each session."),
          &argc, &argv))
    return TOOL_EXIT_USAGE;
  status = check_arguments (&self, listen, max_sessions, argc, argv);
  if (status < 0 && tool_account_prepare (&account, &options))
    {
      self.login = tool_login_new (&account, &options, options.jid);
      tool_login_set_stays (self.login);
      status = tool_run (&options, forward_run, &self);
    }
  else if (status < 0)
    status = TOOL_EXIT_FAILED;

  g_clear_object (&self.listener);
  g_clear_object (&self.cancellable);
  g_clear_pointer (&self.login, tool_login_free);
  g_free (self.address);
  g_free (self.peer);
  return status;
}
