/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where a client's incoming stanzas go: its own questions, services, service
 * discovery (XEP-0030) and ping (XEP-0199), the application, and service-
 * unavailable for the rest. On the worker but for the application's part.
 */

#include "config.h"

#include "xmpp/client-private.h"

#include <string.h>
#include <sys/random.h>

#include <glib/gi18n-lib.h>

#include "core/jid.h"
#include "ibb-connection-private.h"
#include "ibb-error.h"
#include "ibb-stanza-private.h"

#define IDENTITY "client/pc/ibb-glib"

/* Strangers can send what nobody here takes: it waits for an application that
 * does not run its context. */
#define MAX_RECEIVED 1000

typedef struct
{
  IBBClient      *client; /* (transfer none): the task holds it */
  char           *id;
  char           *peer;
  GTask          *task;      /* (owned) */
  GSource        *timer;     /* (owned) */
  IBBCancelWatch *cancelled; /* (owned) (nullable) */
} Query;

static void
query_free (gpointer data)
{
  Query *query = data;

  ibb_client_clear_source (&query->timer);
  g_clear_pointer (&query->cancelled, ibb_cancel_watch_free);
  g_free (query->id);
  g_free (query->peer);
  g_object_unref (query->task);
  g_free (query);
}

void
ibb_client_init_iq (IBBClient *self)
{
  g_queue_init (&self->received);
  self->queries = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, query_free);
}

void
ibb_client_clear_iq (IBBClient *self)
{
  g_assert (g_hash_table_size (self->queries) == 0);

  g_hash_table_unref (self->queries);
  ibb_client_clear_source (&self->received_source);
  g_queue_clear_full (&self->received, (GDestroyNotify) ibb_stanza_unref);
}

/* Our questions. */

static Query *
steal_query (IBBClient *self, const char *id)
{
  gpointer query = NULL;

  g_hash_table_steal_extended (self->queries, id, NULL, &query);
  return query;
}

static void
answer_query (Query *query, const IBBStanza *answer)
{
  if (answer->payload == IBB_PAYLOAD_DISCO_INFO)
    {
      const char *const *features = (const char *const *) answer->features;

      if (features != NULL && (g_strv_contains (features, IBB_NAMESPACE) ||
                               g_strv_contains (features, IBB_FEATURE_NAMESPACE)))
        g_task_return_boolean (query->task, TRUE);
      else if (ibb_jid_get_resource (query->peer) == NULL)
        g_task_return_new_error (query->task, IBB_ERROR, IBB_ERROR_FEATURE_NOT_IMPLEMENTED,
                                 _ ("“%s” does not name in-band bytestreams; a person’s program is "
                                    "asked by its full address, with a resource"),
                                 query->peer);
      else
        g_task_return_new_error (query->task, IBB_ERROR, IBB_ERROR_FEATURE_NOT_IMPLEMENTED,
                                 _ ("“%s” does not support in-band bytestreams"), query->peer);
    }
  else if (answer->payload == IBB_PAYLOAD_ERROR)
    {
      g_task_return_new_error (query->task, IBB_ERROR,
                               IBB_ERROR_BAD_REQUEST + (int) answer->condition,
                               _ ("“%s” could not be asked what it supports: %s"), query->peer,
                               ibb_condition_to_string (answer->condition));
    }
  else
    {
      g_task_return_new_error (query->task, IBB_ERROR, IBB_ERROR_PROTOCOL,
                               _ ("“%s” gave no answer to what it supports"), query->peer);
    }
}

/* D-33: an answer comes from whom was asked; without a "from" it is our own
 * server's. */
static gboolean
is_from (IBBClient *self, const IBBStanza *answer, const char *peer)
{
  g_autofree char *bare = NULL;
  g_autofree char *domain = NULL;

  if (answer->from != NULL)
    return ibb_jid_equal (answer->from, peer);

  /* Only this thread changes it. */
  bare = ibb_jid_dup_bare (self->local_jid);
  domain = ibb_jid_dup_domain (self->local_jid);
  return ibb_jid_equal (bare, peer) || ibb_jid_equal (domain, peer);
}

static gboolean
take_answer (IBBClient *self, const IBBStanza *stanza)
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
  answer_query (query, stanza);
  query_free (query);
  return TRUE;
}

static gboolean
query_timeout_cb (gpointer user_data)
{
  Query *query = steal_query (((Query *) user_data)->client, ((Query *) user_data)->id);

  g_task_return_new_error (query->task, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _ ("“%s” did not answer"),
                           query->peer);
  query_free (query);
  return G_SOURCE_REMOVE;
}

static gboolean
query_cancelled_cb (gpointer user_data)
{
  Query *query = steal_query (((Query *) user_data)->client, ((Query *) user_data)->id);

  g_task_return_error_if_cancelled (query->task);
  query_free (query);
  return G_SOURCE_REMOVE;
}

static char *
create_id (void)
{
  guint8   random[16];
  GString *id = g_string_new ("ibb-");

  while (getentropy (random, sizeof random) != 0)
    g_thread_yield ();
  for (gsize i = 0; i < sizeof random; i++)
    g_string_append_printf (id, "%02x", random[i]);

  return g_string_free (id, FALSE);
}

static gboolean
query_cb (gpointer user_data)
{
  Query        *query = user_data;
  IBBClient    *self = query->client;
  GMainContext *context = ibb_thread_get_context (self->thread);
  IBBStanza    *stanza;
  gboolean      sent;

  stanza =
      ibb_stanza_record_new (IBB_STANZA_IQ, "get", IBB_PAYLOAD_DISCO_QUERY, query->id, query->peer);
  g_mutex_lock (&self->lock);
  sent = ibb_client_send_locked (self, stanza);
  g_mutex_unlock (&self->lock);
  ibb_stanza_unref (stanza);
  if (!sent)
    {
      g_task_return_new_error (query->task, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED,
                               _ ("Not logged in"));
      query_free (query);
      return G_SOURCE_REMOVE;
    }

  g_hash_table_insert (self->queries, query->id, query);
  query->timer = ibb_client_attach (context, g_timeout_source_new (IBB_CLIENT_QUERY_TIMEOUT),
                                    query_timeout_cb, query, NULL);
  query->cancelled = ibb_cancel_watch_new (context, g_task_get_cancellable (query->task),
                                           query_cancelled_cb, query);

  return G_SOURCE_REMOVE;
}

void
ibb_client_start_query (IBBClient *self, GTask *task, const char *peer_jid)
{
  Query *query = g_new0 (Query, 1);

  query->client = self;
  query->task = task;
  query->peer = g_strdup (peer_jid);
  query->id = create_id ();
  ibb_thread_invoke (self->thread, query_cb, query, NULL);
}

void
ibb_client_fail_queries (IBBClient *self, const GError *error)
{
  GHashTableIter iter;
  gpointer       value;

  g_hash_table_iter_init (&iter, self->queries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Query *query = value;

      g_hash_table_iter_steal (&iter);
      g_task_return_error (query->task, g_error_copy (error));
      query_free (query);
    }
}

/* Others' questions. */

static gboolean
is_request (const IBBStanza *stanza)
{
  return stanza->name == IBB_STANZA_IQ &&
         (ibb_stanza_record_is_kind (stanza, "get") || ibb_stanza_record_is_kind (stanza, "set"));
}

static void
send_answer (IBBClient *self, IBBStanza *answer)
{
  g_mutex_lock (&self->lock);
  if (ibb_client_get_unsent_locked (self) < IBB_CLIENT_MAX_UNSENT_ANSWERS)
    ibb_client_send_locked (self, answer);
  g_mutex_unlock (&self->lock);

  ibb_stanza_unref (answer);
}

static void
refuse (IBBClient *self, const IBBStanza *stanza, IBBCondition condition)
{
  if (is_request (stanza))
    send_answer (self, ibb_stanza_record_new_error (
                           stanza, condition, ibb_condition_get_default_type (condition), NULL));
}

static void
answer_disco (IBBClient *self, const IBBStanza *stanza)
{
  static const char *const own[] = { IBB_DISCO_INFO_NAMESPACE, IBB_PING_NAMESPACE };
  static const char *const identities[] = { IDENTITY, NULL };
  IBBStanza               *answer = ibb_stanza_record_new_result (stanza);
  GPtrArray               *features = g_ptr_array_new ();
  char                   **services = ibb_connection_dup_features (IBB_CONNECTION (self));

  for (gsize i = 0; i < G_N_ELEMENTS (own); i++)
    g_ptr_array_add (features, g_strdup (own[i]));
  for (gsize i = 0; services != NULL && services[i] != NULL; i++)
    g_ptr_array_add (features, services[i]);
  g_ptr_array_add (features, NULL);
  g_free (services);

  answer->payload = IBB_PAYLOAD_DISCO_INFO;
  answer->features = (char **) g_ptr_array_free (features, FALSE);
  answer->identities = g_strdupv ((char **) identities);
  send_answer (self, answer);
}

/* The application. */

static gboolean
received_cb (gpointer user_data)
{
  g_autoptr (IBBClient) self = g_weak_ref_get (user_data);
  g_autoptr (IBBStanza) stanza = NULL;
  gboolean              more;

  if (self == NULL)
    return G_SOURCE_REMOVE;

  g_mutex_lock (&self->lock);
  stanza = g_queue_pop_head (&self->received);
  more = !g_queue_is_empty (&self->received);
  if (!more)
    ibb_client_clear_source (&self->received_source);
  g_mutex_unlock (&self->lock);

  if (stanza != NULL && !ibb_connection_emit_stanza_received (IBB_CONNECTION (self), stanza))
    refuse (self, stanza, IBB_CONDITION_SERVICE_UNAVAILABLE);

  return more;
}

static gboolean
post (IBBClient *self, IBBStanza *stanza)
{
  gboolean posted;

  g_mutex_lock (&self->lock);
  posted = self->received.length < MAX_RECEIVED;
  if (posted)
    g_queue_push_tail (&self->received, ibb_stanza_ref (stanza));
  if (posted && self->received_source == NULL)
    {
      self->received_source =
          ibb_client_attach (self->context, g_idle_source_new (), received_cb,
                             ibb_client_weak_ref_new (self), ibb_client_weak_ref_free);
    }
  g_mutex_unlock (&self->lock);

  return posted;
}

void
ibb_client_handle_stanza (IBBClient *self, IBBStanza *stanza)
{
  if (take_answer (self, stanza) ||
      ibb_connection_offer_to_services (IBB_CONNECTION (self), stanza))
    return;

  if (stanza->payload == IBB_PAYLOAD_DISCO_QUERY && ibb_stanza_record_is_kind (stanza, "get"))
    answer_disco (self, stanza);
  else if (stanza->payload == IBB_PAYLOAD_PING && ibb_stanza_record_is_kind (stanza, "get"))
    send_answer (self, ibb_stanza_record_new_result (stanza));
  else if (!ibb_connection_has_receiver (IBB_CONNECTION (self)))
    refuse (self, stanza, IBB_CONDITION_SERVICE_UNAVAILABLE);
  else if (!post (self, stanza))
    refuse (self, stanza, IBB_CONDITION_RESOURCE_CONSTRAINT);
}
