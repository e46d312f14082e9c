/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/queries.h"

#include "core/base/jid.h"
#include "ibb-error.h"
#include "ibb-intl-private.h"
#include "runtime/cancel-watch.h"
#include "xmpp/base/call-task.h"
#include "xmpp/base/id.h"
#include "xmpp/base/source.h"

#define TIMEOUT 30000 /* ms */

struct _IBBQueries
{
  IBBThread  *thread;
  IBBOutbox  *outbox;
  IBBStatus  *status;
  GHashTable *queries; /* (owned): id to Query */
};

typedef struct
{
  IBBQueries     *queries;
  char           *id;
  char           *peer;
  GTask          *task;      /* (owned): until it ends */
  GSource        *timer;     /* (owned) */
  IBBCancelWatch *cancelled; /* (owned) (nullable) */
} Query;

static void
query_free (gpointer data)
{
  Query *query = data;

  g_assert (query->task == NULL);
  ibb_source_clear (&query->timer);
  g_clear_pointer (&query->cancelled, ibb_cancel_watch_free);
  g_free (query->id);
  g_free (query->peer);
  g_free (query);
}

/* Takes both. The watch goes before the task is returned: it holds an object of the
 * application's. */
static void
end_query (Query *query, GError *error)
{
  IBBThread *thread = query->queries->thread;
  GTask     *task = g_steal_pointer (&query->task);

  query_free (query);
  ibb_call_task_return (task, error, thread);
}

IBBQueries *
ibb_queries_new (IBBThread *thread, IBBOutbox *outbox, IBBStatus *status)
{
  IBBQueries *self = g_new0 (IBBQueries, 1);

  self->thread = thread;
  self->outbox = outbox;
  self->status = status;
  self->queries = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, query_free);

  return self;
}

void
ibb_queries_free (IBBQueries *self)
{
  g_assert (g_hash_table_size (self->queries) == 0);

  g_hash_table_unref (self->queries);
  g_free (self);
}

static Query *
steal_query (IBBQueries *self, const char *id)
{
  gpointer query = NULL;

  g_hash_table_steal_extended (self->queries, id, NULL, &query);
  return query;
}

static gboolean
supports_bytestreams (const IBBStanza *answer)
{
  const char *const *features = (const char *const *) answer->features;

  return features != NULL && (g_strv_contains (features, IBB_NAMESPACE) ||
                              g_strv_contains (features, IBB_FEATURE_NAMESPACE));
}

/* Returns what is wrong with it; NULL: the peer supports bytestreams. */
static GError *
check_answer (const Query *query, const IBBStanza *answer)
{
  if (answer->payload == IBB_PAYLOAD_ERROR)
    return g_error_new (IBB_ERROR, IBB_ERROR_BAD_REQUEST + (int) answer->condition,
                        _ ("“%s” could not be asked what it supports: %s"), query->peer,
                        ibb_condition_to_string (answer->condition));
  if (answer->payload != IBB_PAYLOAD_DISCO_INFO)
    return g_error_new (IBB_ERROR, IBB_ERROR_PROTOCOL, _ ("“%s” did not say what it supports"),
                        query->peer);
  if (supports_bytestreams (answer))
    return NULL;
  if (ibb_jid_get_resource (query->peer) == NULL)
    return g_error_new (IBB_ERROR, IBB_ERROR_FEATURE_NOT_IMPLEMENTED,
                        _ ("“%s” does not support in-band bytestreams: to ask a program of an "
                           "account, use its full JID, with a resource"),
                        query->peer);
  return g_error_new (IBB_ERROR, IBB_ERROR_FEATURE_NOT_IMPLEMENTED,
                      _ ("“%s” does not support in-band bytestreams"), query->peer);
}

/* An answer comes from the peer that was asked, in the form that the server gives to the JID
 * (D-02). One without "from" comes from our own server (D-33). */
static gboolean
is_from (IBBQueries *self, const IBBStanza *answer, const char *peer)
{
  g_autofree char *local_jid = NULL;
  g_autofree char *bare = NULL;
  g_autofree char *domain = NULL;

  if (answer->from != NULL)
    return ibb_jid_resembles (answer->from, peer);

  local_jid = ibb_status_dup_local_jid (self->status);
  bare = ibb_jid_dup_bare (local_jid);
  domain = ibb_jid_dup_domain (local_jid);
  return ibb_jid_equal (bare, peer) || ibb_jid_equal (domain, peer);
}

gboolean
ibb_queries_take_answer (IBBQueries *self, const IBBStanza *stanza)
{
  Query *query;

  if (stanza->name != IBB_STANZA_IQ || stanza->id == NULL ||
      !(ibb_stanza_record_is_kind (stanza, "result") ||
        ibb_stanza_record_is_kind (stanza, "error")))
    return FALSE;

  query = g_hash_table_lookup (self->queries, stanza->id);
  if (query == NULL || !is_from (self, stanza, query->peer))
    return FALSE;

  query = steal_query (self, stanza->id);
  end_query (query, check_answer (query, stanza));
  return TRUE;
}

static gboolean
timeout_cb (gpointer user_data)
{
  Query *query = steal_query (((Query *) user_data)->queries, ((Query *) user_data)->id);

  end_query (query, g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _ ("“%s” did not answer"),
                                 query->peer));
  return G_SOURCE_REMOVE;
}

static gboolean
cancelled_cb (gpointer user_data)
{
  Query *query = steal_query (((Query *) user_data)->queries, ((Query *) user_data)->id);

  end_query (query, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                         _ ("The question was cancelled")));
  return G_SOURCE_REMOVE;
}

static gboolean
send_query (Query *query)
{
  IBBStanza *stanza =
      ibb_stanza_record_new (IBB_STANZA_IQ, "get", IBB_PAYLOAD_DISCO_QUERY, query->id, query->peer);
  gboolean sent = ibb_outbox_send (query->queries->outbox, stanza);

  ibb_stanza_record_unref (stanza);
  return sent;
}

static gboolean
start_cb (gpointer user_data)
{
  Query        *query = user_data;
  GMainContext *context = ibb_thread_get_context (query->queries->thread);

  if (!send_query (query))
    {
      end_query (query,
                 g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED, _ ("Not logged in")));
      return G_SOURCE_REMOVE;
    }

  g_hash_table_insert (query->queries->queries, query->id, query);
  query->timer = ibb_source_attach (g_timeout_source_new (TIMEOUT), context,
                                    "[ibb-glib] query timeout", timeout_cb, query, NULL);
  query->cancelled = ibb_cancel_watch_new_callback (g_task_get_cancellable (query->task), context,
                                                    cancelled_cb, query);

  return G_SOURCE_REMOVE;
}

void
ibb_queries_start (IBBQueries *self, GTask *task, const char *peer_jid)
{
  Query *query = g_new0 (Query, 1);

  query->queries = self;
  query->task = task;
  query->peer = ibb_jid_dup_unicode (peer_jid);
  query->id = ibb_id_new ();
  ibb_thread_invoke (self->thread, start_cb, query, NULL);
}

void
ibb_queries_fail (IBBQueries *self, const GError *error)
{
  GHashTableIter iter;
  gpointer       value;

  g_hash_table_iter_init (&iter, self->queries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Query *query = value;

      g_hash_table_iter_steal (&iter);
      end_query (query, g_error_copy (error));
    }
}
