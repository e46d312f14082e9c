/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "connection/queries.h"

#include "base/callback-source.h"
#include "base/cancel-watch.h"
#include "base/foreign-text.h"
#include "base/ibb-error-private.h"
#include "base/intl.h"
#include "base/source.h"
#include "connection/ibb-connection-private.h"
#include "core/base/jid.h"
#include "core/base/stanza.h"

struct _IBBQueries
{
  IBBConnectionListener parent;

  IBBConnection *connection; /* the owner */

  GMutex lock;
  /* protected by lock */
  GHashTable *queries; /* id to Query */
};

/* All but the outcome belongs to the context of the task, where the source ends the query. Other
 * threads only store the outcome and wake the source, so that none of them drops an object of the
 * application. */
typedef struct
{
  IBBQueries     *queries;
  char           *id;
  char           *peer;      /* (nullable) */
  GTask          *task;      /* (owned) */
  GSource        *source;    /* (owned) */
  IBBCancelWatch *cancelled; /* (owned) (nullable) */
  gint64          deadline;  /* µs; -1 for none */

  /* protected by the lock of queries */
  IBBStanza *answer; /* (owned) (nullable) */
  GError    *error;  /* (owned) (nullable) */
} Query;

/* Also frees a query that has not ended, with the context of its task. */
static void
query_free (gpointer data)
{
  Query *query = data;

  g_mutex_lock (&query->queries->lock);
  g_hash_table_remove (query->queries->queries, query->id);
  g_mutex_unlock (&query->queries->lock);

  g_clear_pointer (&query->cancelled, ibb_cancel_watch_free);
  g_source_unref (query->source);
  g_clear_pointer (&query->answer, ibb_stanza_unref);
  g_clear_error (&query->error);
  g_object_unref (query->task);
  g_free (query->id);
  g_free (query->peer);
  g_free (query);
}

static GError *
new_refusal (const Query *query, const IBBStanza *answer)
{
  const char      *condition = ibb_condition_to_string (answer->condition);
  g_autofree char *quotation = ibb_foreign_text_dup_quotation (answer->text);
  GError          *error;

  error = query->peer != NULL
              ? g_error_new (IBB_ERROR, IBB_ERROR_BAD_REQUEST + (int) answer->condition,
                             _ ("“%s” answered “%s”"), query->peer, condition)
              : g_error_new (IBB_ERROR, IBB_ERROR_BAD_REQUEST + (int) answer->condition,
                             _ ("The server answered “%s”"), condition);
  return ibb_error_add_reason (error, quotation);
}

static GError *
new_timeout (const Query *query)
{
  if (query->peer == NULL)
    return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _ ("The server did not answer"));
  return g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _ ("“%s” did not answer"), query->peer);
}

static void
return_outcome (Query *query)
{
  if (query->error != NULL)
    g_task_return_error (query->task, g_steal_pointer (&query->error));
  else if (query->answer != NULL && query->answer->payload == IBB_PAYLOAD_ERROR)
    g_task_return_error (query->task, new_refusal (query, query->answer));
  else if (query->answer != NULL)
    g_task_return_pointer (query->task, g_steal_pointer (&query->answer),
                           (GDestroyNotify) ibb_stanza_unref);
  else if (query->deadline >= 0 && g_get_monotonic_time () >= query->deadline)
    g_task_return_error (query->task, new_timeout (query));
  else
    g_task_return_new_error (query->task, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                             _ ("The request was cancelled"));
}

static gboolean
over_cb (gpointer data)
{
  Query *query = data;

  g_mutex_lock (&query->queries->lock);
  g_hash_table_remove (query->queries->queries, query->id);
  g_mutex_unlock (&query->queries->lock);

  return_outcome (query);
  return G_SOURCE_REMOVE;
}

static char *
dup_id (void)
{
  g_autofree char *uuid = g_uuid_string_random ();

  return g_strconcat ("ibb-", uuid, NULL);
}

char *
ibb_queries_add (IBBQueries *self, GTask *task, const char *peer, guint timeout)
{
  Query *query = g_new0 (Query, 1);
  char  *id = dup_id ();

  query->queries = self;
  query->id = g_strdup (id);
  query->peer = peer != NULL ? ibb_jid_dup_unicode (peer) : NULL;
  query->task = task;
  query->deadline = timeout > 0 ? g_get_monotonic_time () + timeout * G_TIME_SPAN_MILLISECOND : -1;
  query->source = ibb_callback_source_new ("[ibb-glib] query", over_cb, query, query_free);

  /* With the lock, for which over_cb () waits: another thread may dispatch the source as soon as it
   * is attached, and the end of the query frees it. */
  g_mutex_lock (&self->lock);
  g_hash_table_insert (self->queries, query->id, query);
  ibb_source_attach_at (query->source, query->deadline, g_task_get_context (task));
  query->cancelled = ibb_cancel_watch_new (g_task_get_cancellable (task), query->source);
  g_mutex_unlock (&self->lock);
  return id;
}

static void
end_locked (Query *query, GError *error)
{
  query->error = error;
  g_hash_table_remove (query->queries->queries, query->id);
  g_source_set_ready_time (query->source, 0);
}

void
ibb_queries_end (IBBQueries *self, const char *id, GError *error)
{
  Query *query;

  g_mutex_lock (&self->lock);
  query = g_hash_table_lookup (self->queries, id);
  if (query != NULL)
    end_locked (query, error);
  else
    g_error_free (error);
  g_mutex_unlock (&self->lock);
}

/* The XML stream is gone. */
static void
fail_all (IBBQueries *self, const GError *error)
{
  const char    *reason = error != NULL ? error->message : _ ("The connection is closed");
  GHashTableIter iter;
  gpointer       value;

  g_mutex_lock (&self->lock);
  g_hash_table_iter_init (&iter, self->queries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Query *query = value;

      g_hash_table_iter_remove (&iter);
      query->error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, reason);
      g_source_set_ready_time (query->source, 0);
    }
  g_mutex_unlock (&self->lock);
}

static gboolean
is_answer (const IBBStanza *stanza)
{
  return stanza->name == IBB_STANZA_IQ && stanza->id != NULL &&
         (ibb_stanza_record_is_kind (stanza, "result") ||
          ibb_stanza_record_is_kind (stanza, "error"));
}

/* An answer comes from the peer that was asked, in the form that the server gives to the JID
 * (D-02). One without "from" comes from our own server (D-33), and the server of an account also
 * answers as the account (RFC 6120 §8.1.2.1). */
static gboolean
is_from (const IBBStanza *answer, const char *peer, const char *local_jid)
{
  g_autofree char *bare = NULL;
  g_autofree char *domain = NULL;

  if (answer->from != NULL && peer != NULL)
    return ibb_jid_resembles (answer->from, peer);
  if (answer->from == NULL && peer == NULL)
    return TRUE;
  if (local_jid == NULL)
    return FALSE;

  peer = peer != NULL ? peer : answer->from;
  bare = ibb_jid_dup_bare (local_jid);
  domain = ibb_jid_dup_domain (local_jid);
  return ibb_jid_equal (bare, peer) || ibb_jid_equal (domain, peer);
}

static gboolean
take_answer (IBBQueries *self, IBBStanza *stanza)
{
  g_autofree char *local_jid = NULL;
  Query           *query;
  gboolean         is_known;

  if (!is_answer (stanza))
    return FALSE;
  g_mutex_lock (&self->lock);
  is_known = g_hash_table_contains (self->queries, stanza->id);
  g_mutex_unlock (&self->lock);
  if (!is_known)
    return FALSE; /* most answers are for blocks */
  local_jid = ibb_connection_dup_local_jid (self->connection);

  g_mutex_lock (&self->lock);
  query = g_hash_table_lookup (self->queries, stanza->id);
  if (query != NULL && is_from (stanza, query->peer, local_jid))
    {
      query->answer = ibb_stanza_ref (stanza);
      end_locked (query, NULL);
    }
  else
    query = NULL;
  g_mutex_unlock (&self->lock);
  return query != NULL;
}

/* The connection, as a listener is told of it. */

static gboolean
notify (IBBConnectionListener *listener, const IBBConnectionEvent *event)
{
  IBBQueries *self = (IBBQueries *) listener;

  switch (event->type)
    {
    case IBB_CONNECTION_RECEIVED:
      return take_answer (self, event->stanza);
    case IBB_CONNECTION_LOST:
    case IBB_CONNECTION_INTERRUPTED:
      fail_all (self, event->error);
      return FALSE;
    default:
      return FALSE;
    }
}

static char **
dup_features (IBBConnectionListener *listener)
{
  return g_new0 (char *, 1);
}

static void
queries_free (IBBConnectionListener *listener)
{
  IBBQueries *self = (IBBQueries *) listener;

  g_assert (g_hash_table_size (self->queries) == 0);

  g_hash_table_unref (self->queries);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static IBBQueries *
new_queries (IBBConnection *connection)
{
  static const IBBConnectionListenerClass class = { notify, dup_features, queries_free };
  IBBQueries *self = g_new0 (IBBQueries, 1);

  ibb_connection_listener_init (&self->parent, &class);
  self->connection = connection;
  g_mutex_init (&self->lock);
  self->queries = g_hash_table_new (g_str_hash, g_str_equal);
  return self;
}

IBBQueries *
ibb_queries_get (IBBConnection *connection)
{
  static const char key[] = "ibb-queries";
  GQuark            quark = g_quark_from_static_string (key);
  IBBQueries       *self = g_object_get_qdata (G_OBJECT (connection), quark);

  if (self != NULL)
    return self;
  self = new_queries (connection);
  ibb_connection_add_listener (connection, &self->parent);
  if (g_object_replace_qdata (G_OBJECT (connection), quark, NULL, self, NULL, NULL))
    return self;
  ibb_connection_remove_listener (connection, &self->parent); /* another thread was faster */
  return g_object_get_qdata (G_OBJECT (connection), quark);
}
