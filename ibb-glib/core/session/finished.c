/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/session/finished.h"

#include "core/base/jid.h"
#include "core/base/proof.h"
#include "core/peer/pair.h"
#include "core/peer/registration.h"

#define RECORDS_MAX 256
/* A peer that misses the answer to its close asks within a minute, or gives up after its
 * peer-timeout (D-27). */
#define RECENT (600 * G_USEC_PER_SEC)
/* The wait before the peer is told again. Each attempt doubles it. */
#define WAIT_MIN (5 * G_USEC_PER_SEC)
#define WAIT_MAX (60 * G_USEC_PER_SEC)
#define DOUBLINGS_MAX 4

struct _IBBFinished
{
  IBBContext   *context; /* (unowned) */
  IBBSessionKey key;     /* (owned) */
  IBBStatement  end;     /* of our end; sid is that of key */
  char         *secret;
  gint64        ended;
  gboolean      is_known; /* the peer knows of the end, or is not told any more */

  /* While the peer is told. */
  gint64     since; /* the connection was lost; caller's time; IBB_NEVER: not since the end */
  guint      n_attempts;
  IBBPending pending;
  IBBTimer   timer;
};

static void
finished_free (gpointer data)
{
  IBBFinished *self = data;

  ibb_pendings_remove (self->context->pendings, &self->pending);
  ibb_timer_clear (&self->timer);
  g_free (self->key.local);
  g_free (self->key.peer);
  g_free (self->key.sid);
  g_free (self->secret);
  g_free (self);
}

void
ibb_finished_forget_all (IBBContext *context)
{
  g_queue_clear_full (&context->finished, finished_free);
}

static guint
get_count (GHashTable *counts, const IBBFinished *record)
{
  g_autofree char *account = ibb_jid_dup_bare (record->key.peer);

  return GPOINTER_TO_UINT (g_hash_table_lookup (counts, account));
}

/* Forgets the oldest record of the account with the most records: no peer makes us forget the
 * records of another account before its own. */
static void
forget_one (GQueue *records)
{
  g_autoptr (GHashTable) counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GList                 *l;
  guint                  most = 0;

  for (l = records->head; l != NULL; l = l->next)
    {
      const IBBFinished *record = l->data;
      guint              n = get_count (counts, record) + 1;

      g_hash_table_replace (counts, ibb_jid_dup_bare (record->key.peer), GUINT_TO_POINTER (n));
      most = MAX (most, n);
    }

  l = records->head;
  while (get_count (counts, l->data) < most)
    l = l->next;
  finished_free (l->data);
  g_queue_delete_link (records, l);
}

/* Says that the session has ended, in answer to a <resume/> of that count, or to none with 0.
 * stanza: (transfer full) */
static void
tell (const IBBFinished *self, IBBStanza *stanza, guint32 count)
{
  IBBStatement statement = self->end;

  statement.count = count;
  stanza->has_position = TRUE;
  stanza->has_ended = TRUE;
  stanza->received = statement.received;
  stanza->acknowledged = statement.acknowledged;
  stanza->proof = ibb_proof_create (self->secret, &statement);
  ibb_control_push (&self->context->control, stanza);
}

/* A peer that cannot ask. */

/* Whether the connection has another address than the session had. */
static gboolean
has_moved (const IBBFinished *self)
{
  const IBBContext *context = self->context;

  return !context->is_lost && context->local_normal != NULL &&
         !g_str_equal (context->local_normal, self->key.local) &&
         ibb_jid_is_of_account (context->local_normal, self->key.local);
}

static void
tell_peer (IBBFinished *self, gint64 now)
{
  IBBContext *context = self->context;
  IBBStanza  *stanza;

  if (self->pending.id == NULL)
    ibb_pendings_add (context->pendings, &self->pending, IBB_PENDING_FINISHED,
                      ibb_ids_create (&context->ids), self->key.peer, self);
  stanza = ibb_stanza_record_new (IBB_STANZA_IQ, "set", IBB_PAYLOAD_RESUME, self->pending.id,
                                  self->key.peer);
  stanza->sid = g_strdup (self->key.sid);
  tell (self, stanza, 0);
  ibb_timer_set (&self->timer, &context->timers,
                 now + MIN ((gint64) WAIT_MIN << MIN (self->n_attempts, DOUBLINGS_MAX), WAIT_MAX));
  self->n_attempts++;
}

static void
timeout (gpointer owner, gint64 now)
{
  IBBFinished      *self = owner;
  const IBBContext *context = self->context;
  gint64            time = ibb_clock_get_callers_time (&context->clock, now);

  if (self->since == IBB_NEVER)
    {
      self->since = time;
      self->is_known = now - self->ended >= RECENT;
    }
  self->is_known |= time >= ibb_timer_get_deadline (self->since, context->settings.resume_timeout);
  if (!self->is_known && has_moved (self))
    tell_peer (self, now);
  else
    ibb_pendings_remove (context->pendings, &self->pending);
}

void
ibb_finished_connection_changed (IBBContext *context)
{
  for (GList *l = context->finished.head; l != NULL; l = l->next)
    {
      IBBFinished *record = l->data;

      record->n_attempts = 0;
      if (!record->is_known)
        ibb_timer_set (&record->timer, &context->timers, 0);
    }
}

void
ibb_finished_answered (IBBFinished *self, const IBBStanza *answer)
{
  if (!ibb_probe_is_answer_of_peer (answer))
    return;

  self->is_known = TRUE;
  ibb_timer_clear (&self->timer);
  ibb_pendings_remove (self->context->pendings, &self->pending);
}

/* The records. */

void
ibb_finished_add (const IBBParameters *parameters,
                  guint64              received,
                  guint64              acknowledged,
                  gint64               ended)
{
  IBBContext          *context = parameters->context;
  const IBBSessionKey *key = &parameters->key;
  IBBFinished         *record = g_new0 (IBBFinished, 1);

  record->context = context;
  record->key = (IBBSessionKey){ .local = g_strdup (key->local),
                                 .peer = g_strdup (key->peer),
                                 .sid = g_strdup (key->sid) };
  record->end =
      (IBBStatement){ IBB_PROOF_ENDED, parameters->is_initiator, record->key.sid, 0, received,
                      acknowledged };
  record->secret = g_strdup (parameters->secret);
  record->ended = ended;
  record->since = IBB_NEVER;
  ibb_timer_init (&record->timer, timeout, record);
  g_queue_push_tail (&context->finished, record);
  if (context->finished.length > RECORDS_MAX)
    forget_one (&context->finished);
}

static gboolean
is_genuine (const IBBFinished *self, const IBBStanza *resume)
{
  IBBStatement statement = { IBB_PROOF_RESUME, !self->end.by_initiator, self->key.sid,
                             resume->count,    resume->received,        resume->acknowledged };

  return ibb_proof_matches (resume->proof, self->secret, &statement);
}

const IBBFinished *
ibb_finished_find (IBBContext      *context,
                   const IBBStanza *resume,
                   const char      *local,
                   const char      *peer)
{
  guint n = 0;

  for (const GList *l = context->finished.tail; l != NULL && n < IBB_RESUMABLE_MAX; l = l->prev)
    {
      const IBBFinished   *record = l->data;
      const IBBSessionKey *key = &record->key;

      if (!g_str_equal (key->sid, resume->sid) || !ibb_jid_is_of_account (key->local, local) ||
          !ibb_jid_is_of_account (key->peer, peer))
        continue;
      if (is_genuine (record, resume))
        return record;
      n++;
    }
  return NULL;
}

void
ibb_finished_answer (const IBBFinished *self, const IBBStanza *resume)
{
  tell (self, ibb_stanza_record_new_result (resume), resume->count);
}
