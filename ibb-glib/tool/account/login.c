/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/account/login.h"

#include "tool/account/source.h"
#include "tool/words/jid.h"
#include "tool/words/report.h"

#include <glib/gi18n.h>
#include <string.h>

#define LOGOUT_TIMEOUT 2 /* s */
/* How long another command of the account has to answer. */
#define SCOUT_TIMEOUT 5 /* s */

/* What was reported about the client, on the main thread. */
typedef struct
{
  IBBConnectionState state;
  gboolean           is_lost; /* and was told to be */

  GMutex lock;
  /* protected by lock; source apart, only the thread of context changes these */
  GMainContext   *context; /* (nullable) */
  ToolLoginOnline online;  /* (nullable) */
  gpointer        data;
  GSource        *source;   /* (owned) (nullable): calls online */
  gboolean        was_away; /* for that call */
} States;

struct _ToolLogin
{
  ToolAccount   *account;
  IBBXmppClient *client;     /* (owned) */
  IBBXmppClient *scout;      /* (owned) (nullable): looks before the login, see check_resource () */
  char          *example;    /* (owned): the option that gives another resource */
  gboolean       is_service; /* one of several of the account */
  States        *states;     /* the handler's of the client */
  gboolean       stays;      /* logs in again, once the first login is done */
  ToolRun       *run;        /* (nullable): from the first login on */
};

static void
states_free (gpointer data, GClosure *closure)
{
  States *states = data;

  g_mutex_clear (&states->lock);
  g_free (states);
}

static gboolean
online_cb (gpointer data)
{
  States  *states = data;
  gboolean was_away;

  g_mutex_lock (&states->lock);
  g_clear_pointer (&states->source, g_source_unref);
  was_away = states->was_away;
  states->was_away = FALSE;
  g_mutex_unlock (&states->lock);
  states->online (was_away, states->data);
  return G_SOURCE_REMOVE;
}

/* On the main thread, which may learn of the first login only when the watch has begun. */
static void
tell_online (States *states, gboolean was_away)
{
  g_mutex_lock (&states->lock);
  if (states->online != NULL)
    states->was_away |= was_away;
  if (states->online != NULL && states->source == NULL)
    states->source = tool_source_attach (g_idle_source_new (), states->context, "[ibb] online",
                                         online_cb, states);
  g_mutex_unlock (&states->lock);
}

static void
report_disconnected (IBBXmppClient *client, States *states)
{
  g_autoptr (GError) error = ibb_xmpp_entity_dup_disconnect_error (IBB_XMPP_ENTITY (client));

  if (error == NULL) /* the first login */
    return;
  tool_report_disconnected (ibb_xmpp_client_get_jid (client), error);
  states->is_lost = TRUE;
}

static void
report_online (IBBXmppClient *client, States *states)
{
  g_autofree char *local_jid = ibb_connection_dup_local_jid (IBB_CONNECTION (client));

  if (!states->is_lost)
    tool_report_resumed (ibb_xmpp_client_get_jid (client));
  else if (local_jid != NULL)
    tool_report_reconnected (local_jid);
  states->is_lost = FALSE;
}

/* On the main thread. */
static void
state_cb (IBBXmppClient *client, GParamSpec *pspec, gpointer data)
{
  States            *states = data;
  IBBConnectionState before = states->state;

  states->state = ibb_xmpp_entity_get_state (IBB_XMPP_ENTITY (client));
  if (states->state == IBB_CONNECTION_STATE_ONLINE)
    /* It may have been away between two calls of this handler. */
    tell_online (states, states->is_lost || before == IBB_CONNECTION_STATE_SUSPENDED);
  /* The client may also have been online between two calls, and away again. */
  if (states->state == IBB_CONNECTION_STATE_CONNECTING && !states->is_lost)
    report_disconnected (client, states);
  if (states->state == before)
    return;
  if (states->state == IBB_CONNECTION_STATE_SUSPENDED)
    tool_report_suspended (ibb_xmpp_client_get_jid (client));
  else if (states->state == IBB_CONNECTION_STATE_ONLINE &&
           (states->is_lost || before == IBB_CONNECTION_STATE_SUSPENDED))
    report_online (client, states);
}

/* A peer reaches a command by its full JID, without presence. But some servers may deliver
 * messages only to resources that are available. */
ToolLogin *
tool_login_new (ToolAccount *account, const ToolOptions *options, const char *jid)
{
  ToolLogin       *self = g_new0 (ToolLogin, 1);
  g_autofree char *bare = tool_jid_dup_bare (jid);

  self->account = account;
  self->client = tool_account_new_client (account, jid);
  ibb_xmpp_client_set_send_presence (
      self->client, options->show_online || options->stanza_type == IBB_STANZA_TYPE_MESSAGE);
  self->example = g_strdup_printf ("--jid %s/NAME", bare);
  self->states = g_new0 (States, 1);
  g_mutex_init (&self->states->lock);
  g_signal_connect_data (self->client, "notify::state", G_CALLBACK (state_cb), self->states,
                         states_free, 0);
  /* An anonymous login gets another account each time, so its resource is always free. */
  if (strchr (jid, '/') != NULL && strchr (bare, '@') != NULL)
    {
      self->scout = tool_account_new_client (account, bare);
      ibb_xmpp_client_set_send_presence (self->scout, FALSE);
    }
  return self;
}

void
tool_login_free (ToolLogin *self)
{
  g_clear_object (&self->scout);
  g_object_unref (self->client);
  g_free (self->example);
  g_free (self);
}

IBBXmppClient *
tool_login_get_client (ToolLogin *self)
{
  return self->client;
}

void
tool_login_set_stays (ToolLogin *self)
{
  self->stays = TRUE;
}

void
tool_login_set_service (ToolLogin *self)
{
  self->is_service = TRUE;
  g_free (self->example);
  self->example = g_strdup ("--service NAME=WHERE");
}

gboolean
tool_login_is_online (ToolLogin *self)
{
  IBBConnectionState state = ibb_xmpp_entity_get_state (IBB_XMPP_ENTITY (self->client));

  return state == IBB_CONNECTION_STATE_ONLINE || state == IBB_CONNECTION_STATE_SUSPENDED;
}

void
tool_login_watch (ToolLogin *self, GMainContext *context, ToolLoginOnline online, gpointer data)
{
  States *states = self->states;

  g_mutex_lock (&states->lock);
  tool_source_clear (&states->source);
  states->was_away = FALSE;
  states->context = context;
  states->online = online;
  states->data = data;
  g_mutex_unlock (&states->lock);
}

/* Adds to the error that ended the connection what to do about it. Servers name the loss of a
 * resource and that of a place among the logins of an account alike. Takes reason. */
static GError *
explain (ToolLogin *self, GError *reason)
{
  GError *error;

  if (!g_error_matches (reason, IBB_ERROR, IBB_ERROR_CONFLICT))
    return reason;
  if (self->is_service)
    error = g_error_new (IBB_ERROR, IBB_ERROR_CONFLICT,
                         /* Translators: an address, and an option */
                         _ ("The server ended the login of “%s” (conflict): the account may have "
                            "no more logins (“max_user_sessions” of ejabberd), or another program "
                            "took the resource: give each command a resource of its own, as in %s"),
                         ibb_xmpp_client_get_jid (self->client), self->example);
  else
    error = g_error_new (IBB_ERROR, IBB_ERROR_CONFLICT,
                         /* Translators: the first %s is a sentence, the second an option */
                         _ ("%s: give each command a resource of its own, as in %s"),
                         reason->message, self->example);
  g_error_free (reason);
  return error;
}

/* The XML stream may have ended already. */
static char *
dup_local_jid (ToolLogin *self, GError **error)
{
  char   *local_jid = ibb_connection_dup_local_jid (IBB_CONNECTION (self->client));
  GError *reason = NULL;

  if (local_jid != NULL)
    return local_jid;
  reason = ibb_xmpp_entity_dup_disconnect_error (IBB_XMPP_ENTITY (self->client));
  if (reason != NULL)
    g_propagate_error (error, explain (self, reason));
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                 _ ("The connection of “%s” ended right after the login"),
                 ibb_xmpp_client_get_jid (self->client));
  return NULL;
}

/* Whether a client of the account answers at jid. If there is none, the server says so at once. If
 * nothing answers for long, there may be a command whose network is away, or one that was killed
 * and that the server still believes to be there. */
static gboolean
is_taken (ToolRun *run, IBBXmppClient *scout, const char *jid)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GSource           *timeout = tool_source_cancel_after (SCOUT_TIMEOUT, "[ibb] scout", cancellable);
  g_autoptr (GError) error = NULL;
  gulong             handler;
  g_autofree char   *phase = g_strdup_printf (_ ("looking for a command at “%s”"), jid);
  g_auto (GStrv)     features = NULL;
  gboolean           answered;

  tool_run_begin_phase (run, phase, TOOL_RUN_UNLIMITED);
  handler = tool_run_connect (run, cancellable);
  features = ibb_connection_query_features (IBB_CONNECTION (scout), jid, cancellable, &error);
  answered =
      features != NULL || g_error_matches (error, IBB_ERROR, IBB_ERROR_FEATURE_NOT_IMPLEMENTED);
  g_cancellable_disconnect (tool_run_get_cancellable (run), handler);
  tool_source_clear (&timeout);
  return answered;
}

static gboolean
login (ToolLogin *self, IBBXmppClient *client, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  tool_account_begin_login (self->account, self->run, client);
  if (ibb_xmpp_client_login (client, tool_run_get_cancellable (self->run), &local_error))
    return TRUE;
  tool_account_explain_password (self->account, &local_error);
  if (g_error_matches (local_error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE))
    {
      g_propagate_error (error,
                         tool_account_explain_certificate (self->account, client, local_error));
      return FALSE;
    }
  /* Errors of the network do not name the account. */
  if (local_error->domain == G_RESOLVER_ERROR || local_error->domain == G_TLS_ERROR ||
      (local_error->domain == G_IO_ERROR && local_error->code != G_IO_ERROR_INVALID_ARGUMENT))
    g_prefix_error (&local_error, /* Translators: a reason follows */
                    _ ("Cannot log in as “%s”: "), ibb_xmpp_client_get_jid (client));
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* Ends the XML stream in good order, so that the server passes on the last stanzas, and shows the
 * account offline at once. This never takes long. */
static void
logout (IBBXmppClient *client)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GSource                 *source;

  if (ibb_xmpp_entity_get_state (IBB_XMPP_ENTITY (client)) != IBB_CONNECTION_STATE_ONLINE)
    return;
  source = tool_source_cancel_after (LOGOUT_TIMEOUT, "[ibb] logout", cancellable);
  ibb_xmpp_client_logout (client, cancellable, NULL);
  tool_source_clear (&source);
}

/* When a client asks for a resource that another one has, the server ends the other one. So a login
 * without a resource comes first, to see whether a command is there. */
static gboolean
check_resource (ToolLogin *self, ToolRun *run, GError **error)
{
  g_autoptr (IBBXmppClient) scout = g_steal_pointer (&self->scout);
  const char               *jid = ibb_xmpp_client_get_jid (self->client);
  gboolean                  taken;

  if (scout == NULL)
    return TRUE;
  if (!login (self, scout, error))
    return FALSE;
  taken = is_taken (run, scout, jid);
  logout (scout);
  if (g_cancellable_set_error_if_cancelled (tool_run_get_cancellable (run), error))
    return FALSE;
  if (taken)
    g_set_error (error, IBB_ERROR, IBB_ERROR_CONFLICT,
                 /* Translators: the first %s is an address, the second an option */
                 _ ("Another command is at “%s” already: end it, or give this one a resource of "
                    "its own, as in %s"),
                 jid, self->example);
  return !taken;
}

/* Takes reason. An error that the owner of the server may mend, such as a bad certificate, is no
 * refusal. */
static void
fail (ToolLogin *self, GError *reason, GError **error)
{
  if (ibb_xmpp_entity_is_refusal (reason))
    tool_run_set_login_refused (self->run);
  g_propagate_error (error, reason);
}

char *
tool_login_begin (ToolLogin *self, ToolRun *run, GError **error)
{
  char   *local_jid = NULL;
  GError *reason = NULL;

  self->run = run;
  if (check_resource (self, run, &reason) && login (self, self->client, &reason))
    local_jid = dup_local_jid (self, &reason);
  if (local_jid != NULL)
    ibb_xmpp_entity_set_auto_reconnect (IBB_XMPP_ENTITY (self->client), self->stays);
  else
    fail (self, reason, error);
  return local_jid;
}

void
tool_login_end (ToolLogin *self, GError **error)
{
  GError *reason = ibb_xmpp_entity_dup_disconnect_error (IBB_XMPP_ENTITY (self->client));

  if (reason != NULL && error != NULL && *error != NULL)
    {
      g_clear_error (error);
      fail (self, explain (self, g_steal_pointer (&reason)), error);
    }
  g_clear_error (&reason);
  logout (self->client);
}
