/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/session/peer-watch.h"

#include "base/intl.h"
#include "base/source.h"

#define ASK_INTERVAL 60000 /* ms between two questions to the peer */
#define ASK_TIMEOUT 60000  /* ms for the answer to one */

struct _IBBPeerWatch
{
  IBBConnection   *connection; /* (owned) */
  char            *peer_jid;   /* (owned) */
  IBBStanza       *question;   /* (owned) */
  IBBPeerWatchFunc gone;       /* NULL: it was called, or the watch has ended */
  gpointer         user_data;
  GCancellable    *cancellable;      /* (owned): of the calls */
  gulong           presence_handler; /* 0: none */
  GSource         *timer;            /* (owned) (nullable) */
};

static void
clear (gpointer data)
{
  IBBPeerWatch *self = data;

  g_object_unref (self->connection);
  g_free (self->peer_jid);
  ibb_stanza_unref (self->question);
  g_object_unref (self->cancellable);
}

static void
unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, clear);
}

/* Calls no callback after this. */
static void
end (IBBPeerWatch *self)
{
  self->gone = NULL;
  g_clear_signal_handler (&self->presence_handler, self->connection);
  ibb_source_clear (&self->timer);
  g_cancellable_cancel (self->cancellable);
}

/* Takes error. */
static void
tell (IBBPeerWatch *self, GError *error)
{
  IBBPeerWatchFunc gone = self->gone;

  end (self);
  gone (error, self->user_data);
}

GError *
ibb_peer_watch_new_gone_error (const char *peer_jid)
{
  return g_error_new (IBB_ERROR, IBB_ERROR_SERVICE_UNAVAILABLE, _ ("“%s” went offline"), peer_jid);
}

static void
tell_gone (IBBPeerWatch *self)
{
  tell (self, ibb_peer_watch_new_gone_error (self->peer_jid));
}

/* A connection tells its end to those that expect a session, and to nobody else. */
static void
lost_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  IBBPeerWatch            *self = user_data;
  g_autoptr (GError)       error = NULL;
  g_autoptr (IBBTransport) transport =
      ibb_service_expect_session_finish (IBB_SERVICE (object), result, &error);

  if (self->gone != NULL && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED))
    tell (self, g_error_new (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                             _ ("The connection to the server was lost, and with it the transfer "
                                "with “%s”"),
                             self->peer_jid));
  unref (self);
}

/* XEP-0166 §6.7: a peer that is offline has ended its sessions. */
static gboolean
presence_cb (IBBConnection *connection, IBBStanza *stanza, IBBPeerWatch *self)
{
  if (g_str_equal (ibb_stanza_get_name (stanza), "presence") &&
      g_strcmp0 (ibb_stanza_get_kind (stanza), "unavailable") == 0 &&
      ibb_stanza_get_from (stanza) != NULL &&
      ibb_jid_is_from (ibb_stanza_get_from (stanza), self->peer_jid))
    tell_gone (self);
  return FALSE;
}

/* The server of a peer that is offline answers in its place, and a program that was started again
 * knows no session. Other errors come from programs that do not understand the question. */
static gboolean
says_gone (const GError *error)
{
  return g_error_matches (error, IBB_ERROR, IBB_ERROR_SERVICE_UNAVAILABLE) ||
         g_error_matches (error, IBB_ERROR, IBB_ERROR_RECIPIENT_UNAVAILABLE) ||
         g_error_matches (error, IBB_ERROR, IBB_ERROR_GONE) ||
         g_error_matches (error, IBB_ERROR, IBB_ERROR_ITEM_NOT_FOUND);
}

static void start_timer (IBBPeerWatch *self);

static void
answered_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  IBBPeerWatch         *self = user_data;
  g_autoptr (GError)    error = NULL;
  g_autoptr (IBBStanza) answer =
      ibb_connection_query_finish (IBB_CONNECTION (object), result, &error);

  if (self->gone != NULL && answer == NULL && says_gone (error))
    tell_gone (self);
  else if (self->gone != NULL)
    start_timer (self);
  unref (self);
}

static gboolean
ask_cb (gpointer user_data)
{
  IBBPeerWatch *self = user_data;

  ibb_source_clear (&self->timer);
  ibb_connection_query_async (self->connection, self->question, ASK_TIMEOUT, self->cancellable,
                              answered_cb, g_atomic_rc_box_acquire (self));
  return G_SOURCE_REMOVE;
}

static void
start_timer (IBBPeerWatch *self)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  self->timer = ibb_source_attach (g_timeout_source_new (ASK_INTERVAL), context,
                                   "[ibb-files] question", ask_cb, self, NULL);
}

IBBPeerWatch *
ibb_peer_watch_new (IBBService      *sessions,
                    const char      *peer_jid,
                    IBBStanza       *question,
                    IBBPeerWatchFunc gone,
                    gpointer         user_data)
{
  IBBPeerWatch    *self = g_atomic_rc_box_new0 (IBBPeerWatch);
  g_autofree char *of_nobody = g_uuid_string_random ();

  self->connection = g_object_ref (ibb_service_get_connection (sessions));
  self->peer_jid = g_strdup (peer_jid);
  self->question = ibb_stanza_ref (question);
  self->gone = gone;
  self->user_data = user_data;
  self->cancellable = g_cancellable_new ();
  self->presence_handler =
      g_signal_connect (self->connection, "stanza-received", G_CALLBACK (presence_cb), self);
  ibb_service_expect_session_async (sessions, peer_jid, of_nobody, NULL, self->cancellable, lost_cb,
                                    g_atomic_rc_box_acquire (self));
  start_timer (self);
  return self;
}

void
ibb_peer_watch_free (IBBPeerWatch *self)
{
  end (self);
  unref (self);
}
