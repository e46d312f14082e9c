/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/session/finished.h"

#include "core/base/jid.h"
#include "core/peer/registration.h"

#define RECORDS_MAX 256

struct _IBBFinished
{
  IBBContext *context; /* (unowned) */
  GQueue      records; /* (element-type Record): oldest first */
};

typedef struct
{
  char       *sid;
  char       *local; /* our account, normalised */
  char       *peer;  /* account of the peer, normalised */
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
  g_free (self->peer);
  g_free (self->secret);
  g_free (self);
}

IBBFinished *
ibb_finished_new (IBBContext *context)
{
  IBBFinished *self = g_new0 (IBBFinished, 1);

  self->context = context;
  return self;
}

void
ibb_finished_free (IBBFinished *self)
{
  g_queue_clear_full (&self->records, record_free);
  g_free (self);
}

/* Forgets the oldest record of the account with the most records: no peer makes us forget the
 * records of another account before its own. */
static void
forget_one (IBBFinished *self)
{
  g_autoptr (GHashTable) counts = g_hash_table_new (g_str_hash, g_str_equal);
  GList                 *l;
  guint                  most = 0;

  for (l = self->records.head; l != NULL; l = l->next)
    {
      const Record *record = l->data;
      guint         n = GPOINTER_TO_UINT (g_hash_table_lookup (counts, record->peer)) + 1;

      g_hash_table_insert (counts, record->peer, GUINT_TO_POINTER (n));
      most = MAX (most, n);
    }

  l = self->records.head;
  while (GPOINTER_TO_UINT (g_hash_table_lookup (counts, ((Record *) l->data)->peer)) < most)
    l = l->next;
  record_free (l->data);
  g_queue_delete_link (&self->records, l);
}

void
ibb_finished_add (IBBFinished *self, const IBBParameters *parameters, const IBBPosition *position)
{
  Record *record = g_new0 (Record, 1);

  record->sid = g_strdup (parameters->key.sid);
  record->local = ibb_jid_dup_bare (parameters->key.local);
  record->peer = ibb_jid_dup_bare (parameters->key.peer);
  record->secret = g_strdup (parameters->secret);
  record->is_initiator = parameters->is_initiator;
  record->position = *position;
  g_queue_push_tail (&self->records, record);
  if (self->records.length > RECORDS_MAX)
    forget_one (self);
}

static gboolean
is_genuine (const Record *self, const IBBStanza *resume)
{
  IBBStatement statement = { IBB_PROOF_RESUME, !self->is_initiator, self->sid,
                             resume->count,    resume->received,    resume->acknowledged };

  return ibb_proof_matches (resume->proof, self->secret, &statement);
}

/* Checks the last records with the sid: each check costs a proof. */
static const Record *
find (const IBBFinished *self, const IBBStanza *resume, const char *local, const char *peer)
{
  g_autofree char *local_bare = ibb_jid_dup_bare (local);
  g_autofree char *peer_bare = ibb_jid_dup_bare (peer);
  guint            n = 0;

  for (const GList *l = self->records.tail; l != NULL && n < IBB_RESUMABLE_MAX; l = l->prev)
    {
      const Record *record = l->data;

      if (!g_str_equal (record->sid, resume->sid) || !g_str_equal (record->local, local_bare) ||
          !g_str_equal (record->peer, peer_bare))
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
