/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/relay/relay.h"

#include "tool/session/descriptors.h"
#include "tool/session/secure.h"
#include "tool/session/session.h"
#include "tool/words/output.h"
#include "tool/words/report.h"

#include <glib/gi18n.h>
#include <string.h>

/* The relays of a command, all in one thread. */
typedef struct
{
  GMainContext *context;     /* (owned) */
  int           interrupted; /* atomic */
  guint         n_links;
  guint         max_links; /* as many descriptors are there for */
} Group;

struct _ToolRelay
{
  Group                *group;
  const ToolOptions    *options;
  ToolLogin            *login;
  IBBXmppIdentity      *identity;  /* (owned) (nullable): sessions are encrypted */
  char                 *local_jid; /* (owned) the address that the server gave */
  IBBService           *service;   /* (owned) */
  const ToolRelayFuncs *funcs;
  gpointer              data;
  double                timeout; /* s; of a session, 0: none */
  GHashTable           *links;   /* (element-type ToolLink), a set */
  ToolRefusals          refusals;
  guint                 holds;   /* operations that nobody may leave behind */
  GCancellable         *watch;   /* (owned) */
  gboolean              started; /* and not stopped */
  GError               *error;   /* why the account is lost */
};

const ToolOptions *
tool_relay_get_options (ToolRelay *self)
{
  return self->options;
}

gpointer
tool_relay_get_data (ToolRelay *self)
{
  return self->data;
}

const char *
tool_relay_get_local_jid (ToolRelay *self)
{
  return self->local_jid;
}

IBBService *
tool_relay_get_service (ToolRelay *self)
{
  return self->service;
}

ToolRefusals *
tool_relay_get_refusals (ToolRelay *self)
{
  return &self->refusals;
}

gboolean
tool_relay_has_descriptors (ToolRelay *self)
{
  return self->group->n_links < self->group->max_links;
}

guint
tool_relay_count_links (ToolRelay *self)
{
  return g_hash_table_size (self->links);
}

GPtrArray *
tool_relay_find_links (ToolRelay *self, const char *jid)
{
  GPtrArray     *found = g_ptr_array_new ();
  gsize          length = strlen (jid);
  GHashTableIter iter;
  gpointer       item;

  g_hash_table_iter_init (&iter, self->links);
  while (g_hash_table_iter_next (&iter, &item, NULL))
    {
      const char *peer = tool_link_get_peer (item);

      if (strncmp (peer, jid, length) == 0 && (peer[length] == '/' || peer[length] == '\0'))
        g_ptr_array_add (found, item);
    }
  return found;
}

/* Whether something ends all connections at once. Then its cause is printed once, and not for
 * each. */
static gboolean
is_over (ToolRelay *self)
{
  return g_atomic_int_get (&self->group->interrupted) || self->error != NULL ||
         ibb_xmpp_entity_get_state (IBB_XMPP_ENTITY (tool_login_get_client (self->login))) ==
             IBB_CONNECTION_STATE_OFFLINE;
}

/* Whether the session has ended because the connection to the server was lost, and a new login
 * follows. */
static gboolean
is_lost (ToolRelay *self, const GError *error)
{
  return !tool_login_is_online (self->login) &&
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
}

static void
report_error (ToolRelay *self, ToolLink *link, const GError *error)
{
  const char *peer = tool_link_get_peer (link);
  const char *sid = tool_link_get_sid (link);

  if (is_lost (self, error))
    tool_report_session_lost (error, peer, sid);
  else if (tool_link_is_refused (link))
    {
      tool_report_session_lost (error, peer, sid);
      tool_refusals_note (&self->refusals, "%s", error->message);
    }
  else
    tool_report_session_error (error, peer, sid);
}

static void
link_ended_cb (ToolLink *link, const GError *error, gpointer data)
{
  ToolRelay *self = data;

  if (error != NULL && !is_over (self))
    report_error (self, link, error);
  g_hash_table_remove (self->links, link);
  self->group->n_links--;
  if (self->funcs->link_gone != NULL)
    self->funcs->link_gone (self, self->data);
}

ToolLink *
tool_relay_add_link (ToolRelay *self, const char *peer, const char *sid)
{
  ToolLink *link =
      tool_link_new (peer, sid, self->options, self->timeout, self->identity, link_ended_cb, self);

  g_hash_table_add (self->links, link);
  self->group->n_links++;
  return link;
}

/* Delays the end until tool_relay_release () was called as often. */
void
tool_relay_hold (ToolRelay *self)
{
  self->holds++;
}

void
tool_relay_release (ToolRelay *self)
{
  self->holds--;
}

gboolean
tool_relay_is_online (ToolRelay *self)
{
  return tool_login_is_online (self->login);
}

/* The server may have given another address at the last login. FALSE: the client is away again. */
static gboolean
update_local_jid (ToolRelay *self)
{
  g_autofree char *local_jid =
      ibb_connection_dup_local_jid (IBB_CONNECTION (tool_login_get_client (self->login)));

  if (local_jid == NULL)
    return FALSE;
  g_free (self->local_jid);
  self->local_jid = g_steal_pointer (&local_jid);
  return TRUE;
}

static void
online_cb (gboolean was_away, gpointer data)
{
  ToolRelay *self = data;

  if (update_local_jid (self) && self->funcs->online != NULL)
    self->funcs->online (self, was_away, self->data);
}

/* This accept never gets a session: either a handler takes them, or the limit is 0. It ends when
 * the connection is lost for good, and its error says why. */
static void
lost_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  ToolRelay               *self = data;
  g_autoptr (GError)       error = NULL;
  g_autoptr (IBBTransport) transport = NULL;

  transport = ibb_service_accept_finish (IBB_SERVICE (source), result, &error);
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    self->error = g_steal_pointer (&error);
  tool_relay_release (self);
}

/* On the main thread. A source of GIO would sometimes leak when it is cancelled from another
 * thread. */
static void
interrupted_cb (GCancellable *cancellable, gpointer data)
{
  Group *group = data;

  g_atomic_int_set (&group->interrupted, TRUE);
  g_main_context_wakeup (group->context);
}

static void
free_relay (gpointer data)
{
  ToolRelay *self = data;

  g_clear_object (&self->service);
  g_clear_object (&self->identity);
  g_clear_object (&self->watch);
  g_hash_table_unref (self->links);
  g_clear_error (&self->error);
  g_free (self->local_jid);
  g_free (self);
}

static ToolRelay *
new_relay (Group                 *group,
           ToolRun               *run,
           const ToolRelayFuncs  *funcs,
           const ToolRelayMember *member,
           IBBXmppIdentity       *identity)
{
  const ToolOptions *options = tool_run_get_options (run);
  ToolRelay         *self = g_new0 (ToolRelay, 1);

  self->group = group;
  self->options = options;
  self->login = member->login;
  self->funcs = funcs;
  self->data = member->data;
  self->links = g_hash_table_new (NULL, NULL);
  self->watch = g_cancellable_new ();
  self->service = tool_session_new_service (IBB_CONNECTION (tool_login_get_client (self->login)),
                                            options, TRUE);
  self->timeout = options->timeout >= 0 ? options->timeout : funcs->session_timeout;
  g_set_object (&self->identity, identity);
  return self;
}

static gboolean
start (ToolRelay *self, GError **error)
{
  tool_relay_hold (self);
  ibb_service_accept_async (self->service, self->watch, lost_cb, self);
  /* The watch tells what changes from now on, so the look follows it. */
  tool_login_watch (self->login, self->group->context, online_cb, self);
  update_local_jid (self);
  self->started = self->funcs->start (self, self->data, error);
  return self->started;
}

static void
stop (ToolRelay *self)
{
  GHashTableIter iter;
  gpointer       link;

  tool_login_watch (self->login, NULL, NULL, NULL);
  if (self->started)
    self->funcs->stop (self, self->data);
  self->started = FALSE;
  g_cancellable_cancel (self->watch);
  g_hash_table_iter_init (&iter, self->links);
  while (g_hash_table_iter_next (&iter, &link, NULL))
    tool_link_cancel (link);
}

static void
wait_for_end (ToolRelay *self)
{
  while (self->holds > 0 || g_hash_table_size (self->links) > 0)
    g_main_context_iteration (self->group->context, TRUE);
  tool_refusals_flush (&self->refusals);
}

/* Stops those that can log in no more. Returns how many go on; the error of the last one is left to
 * the command. */
static guint
stop_lost (GPtrArray *relays, GError **error)
{
  guint n_started = 0;

  for (guint i = 0; i < relays->len; i++)
    n_started += ((ToolRelay *) g_ptr_array_index (relays, i))->started;
  for (guint i = 0; i < relays->len; i++)
    {
      ToolRelay         *self = g_ptr_array_index (relays, i);
      g_autoptr (GError) lost = NULL;

      if (!self->started || self->error == NULL)
        continue;
      lost = g_error_copy (self->error);
      stop (self);
      tool_login_end (self->login, &lost);
      if (--n_started == 0)
        g_propagate_error (error, g_steal_pointer (&lost));
      else
        {
          g_prefix_error (&lost, /* Translators: an address; a reason follows */
                          _ ("“%s” cannot be reached any more: "), self->local_jid);
          tool_report_session_error (lost, NULL, NULL);
        }
    }
  return n_started;
}

/* Serves until a signal comes or no client can log in any more. */
static gboolean
serve (Group *group, GPtrArray *relays, ToolRun *run, GError **error)
{
  GCancellable *interrupt = tool_run_get_cancellable (run);
  GError       *failure = NULL;
  gulong        handler;

  handler = g_cancellable_connect (interrupt, G_CALLBACK (interrupted_cb), group, NULL);
  tool_run_begin_phase (run, _ ("waiting for connections"), TOOL_RUN_UNLIMITED);
  tool_run_set_signal_is_end (run, TRUE);

  for (guint i = 0; i < relays->len && failure == NULL; i++)
    start (g_ptr_array_index (relays, i), &failure);
  while (failure == NULL && !g_atomic_int_get (&group->interrupted) &&
         stop_lost (relays, &failure) > 0)
    g_main_context_iteration (group->context, TRUE);

  g_cancellable_disconnect (interrupt, handler);
  for (guint i = 0; i < relays->len; i++)
    stop (g_ptr_array_index (relays, i));
  for (guint i = 0; i < relays->len; i++)
    wait_for_end (g_ptr_array_index (relays, i));
  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, failure);
  return FALSE;
}

static gboolean
log_in (GPtrArray *relays, ToolRun *run, GError **error)
{
  for (guint i = 0; i < relays->len; i++)
    {
      ToolRelay *self = g_ptr_array_index (relays, i);

      self->local_jid = tool_login_begin (self->login, run, error);
      if (self->local_jid == NULL)
        return FALSE;
    }
  return TRUE;
}

/* After the logins. A link takes one descriptor. */
static void
set_max_links (Group *group, guint64 max_sessions)
{
  group->max_links = tool_descriptors_count_sessions (1);
  if (group->max_links < max_sessions)
    {
      g_autofree char *limit =
          g_strdup_printf ("%" G_GUINT64_FORMAT, tool_descriptors_get_limit ());

      tool_output_note (
          /* Translators: a number of sessions, and one of files */
          ngettext ("There can be %u session at a time, because of the limit of %s open files "
                    "(“ulimit -n”)",
                    "There can be %u sessions at a time, because of the limit of %s open files "
                    "(“ulimit -n”)",
                    group->max_links),
          group->max_links, limit);
    }
}

gboolean
tool_relay_run (ToolRun               *run,
                const ToolRelayFuncs  *funcs,
                const ToolRelayMember *members,
                guint                  n_members,
                guint                  max_sessions,
                GError               **error)
{
  GError                     *failure = NULL;
  g_autoptr (IBBXmppIdentity) identity = NULL;
  g_autoptr (GPtrArray)       relays = g_ptr_array_new_with_free_func (free_relay);
  Group                       group = { .context = g_main_context_new () };

  tool_descriptors_raise ();
  g_main_context_push_thread_default (group.context);
  identity = tool_secure_new_identity (tool_run_get_options (run), &failure);
  for (guint i = 0; i < n_members && failure == NULL; i++)
    g_ptr_array_add (relays, new_relay (&group, run, funcs, &members[i], identity));
  if (failure == NULL && log_in (relays, run, &failure))
    {
      set_max_links (&group, (guint64) max_sessions * n_members);
      serve (&group, relays, run, &failure);
    }
  for (guint i = 0; i < relays->len; i++)
    tool_login_end (members[i].login, NULL);
  g_ptr_array_set_size (relays, 0);
  g_main_context_pop_thread_default (group.context);
  g_main_context_unref (group.context);
  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, failure);
  return FALSE;
}
