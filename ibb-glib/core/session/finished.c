/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/session/finished.h"

#include <string.h>

#include "core/base/jid.h"
#include "core/peer/registration.h"

#define RECORDS_MAX 256

struct _IBBFinished
{
  IBBContext *context;   /* (unowned) */
  GHashTable *accounts;  /* (element-type utf8 GQueue): of peers; Record, the oldest first */
  guint       n_records; /* of all accounts */
  guint64     n_added;   /* ever */
};

typedef struct
{
  guint64     number; /* in the order in which they ended */
  char       *sid;
  char       *local; /* our account, normalised */
  char       *secret;
  gboolean    is_initiator;
  IBBPosition position;
} Record;

static void
record_free (gpointer data)
{
  Record *self = data;

  g_free (self->sid);
  g_free (self->local);
  g_free (self->secret);
  g_free (self);
}

static void
records_free (gpointer records)
{
  g_queue_free_full (records, record_free);
}

IBBFinished *
ibb_finished_new (IBBContext *context)
{
  IBBFinished *self = g_new0 (IBBFinished, 1);

  self->context = context;
  self->accounts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, records_free);
  return self;
}

void
ibb_finished_free (IBBFinished *self)
{
  g_hash_table_unref (self->accounts);
  g_free (self);
}

/* Takes an account, which is freed. */
static GQueue *
get_records (IBBFinished *self, char *account)
{
  GQueue *records = g_hash_table_lookup (self->accounts, account);

  if (records != NULL)
    {
      g_free (account);
      return records;
    }
  records = g_queue_new ();
  g_hash_table_insert (self->accounts, account, records);
  return records;
}

static gboolean
goes_before (const GQueue *a, const GQueue *b)
{
  if (b == NULL || a->length != b->length)
    return b == NULL || a->length > b->length;
  return ((const Record *) a->head->data)->number < ((const Record *) b->head->data)->number;
}

/* The account that has the most loses its oldest one: no peer makes us forget those of another
 * before its own. */
static void
forget_one (IBBFinished *self)
{
  GHashTableIter iter;
  gpointer       account, records, most_account = NULL;
  GQueue        *most = NULL;

  g_hash_table_iter_init (&iter, self->accounts);
  while (g_hash_table_iter_next (&iter, &account, &records))
    if (goes_before (records, most))
      {
        most = records;
        most_account = account;
      }
  record_free (g_queue_pop_head (most));
  if (g_queue_is_empty (most))
    g_hash_table_remove (self->accounts, most_account);
  self->n_records--;
}

void
ibb_finished_add (IBBFinished *self, const IBBParameters *parameters, const IBBPosition *position)
{
  Record *record = g_new0 (Record, 1);

  record->number = self->n_added++;
  record->sid = g_strdup (parameters->key.sid);
  record->local = ibb_jid_dup_bare (parameters->key.local);
  record->secret = g_strdup (parameters->secret);
  record->is_initiator = parameters->is_initiator;
  record->position = *position;
  g_queue_push_tail (get_records (self, ibb_jid_dup_bare (parameters->key.peer)), record);
  if (++self->n_records > RECORDS_MAX)
    forget_one (self);
}

static gboolean
is_genuine (const Record *self, const IBBStanza *resume)
{
  IBBStatement statement = { IBB_PROOF_RESUME, !self->is_initiator, self->sid,
                             resume->count,    resume->received,    resume->acknowledged };

  return ibb_proof_matches (resume->proof, self->secret, &statement);
}

/* Of those with one sid, the last ones are looked at: each costs a proof. */
static const Record *
find (const IBBFinished *self, const IBBStanza *resume, const char *local, const char *peer)
{
  g_autofree char *local_bare = ibb_jid_dup_bare (local);
  g_autofree char *peer_bare = ibb_jid_dup_bare (peer);
  const GQueue    *records = g_hash_table_lookup (self->accounts, peer_bare);
  guint            n = 0;

  for (const GList *l = records != NULL ? records->tail : NULL; l != NULL && n < IBB_RESUMABLE_MAX;
       l = l->prev)
    {
      const Record *record = l->data;

      if (strcmp (record->sid, resume->sid) != 0 || strcmp (record->local, local_bare) != 0)
        continue;
      if (is_genuine (record, resume))
        return record;
      n++;
    }
  return NULL;
}

gboolean
ibb_finished_answer (IBBFinished     *self,
                     const IBBStanza *resume,
                     const char      *local,
                     const char      *peer)
{
  const Record *record = find (self, resume, local, peer);
  IBBStatement  statement;
  IBBStanza    *result;

  if (record == NULL)
    return FALSE;

  statement =
      (IBBStatement){ IBB_PROOF_ENDED, record->is_initiator,      record->sid,
                      resume->count,   record->position.received, record->position.acknowledged };
  result = ibb_stanza_record_new_result (resume);
  result->has_position = TRUE;
  result->has_ended = TRUE;
  result->received = record->position.received;
  result->acknowledged = record->position.acknowledged;
  result->proof = ibb_proof_create (record->secret, &statement);
  ibb_control_push (&self->context->control, result);
  return TRUE;
}
