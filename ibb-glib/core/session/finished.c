/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/session/finished.h"

#include "core/base/jid.h"
#include "core/base/proof.h"
#include "core/peer/registration.h"

#define RECORDS_MAX 256

struct _IBBFinished
{
  IBBStatement end;   /* of our end; sid is (owned) */
  char        *local; /* our account, normalised */
  char        *peer;  /* account of the peer, normalised */
  char        *secret;
};

static void
finished_free (gpointer data)
{
  IBBFinished *self = data;

  g_free ((char *) self->end.sid);
  g_free (self->local);
  g_free (self->peer);
  g_free (self->secret);
  g_free (self);
}

void
ibb_finished_forget_all (IBBContext *context)
{
  g_queue_clear_full (&context->finished, finished_free);
}

/* Forgets the oldest record of the account with the most records: no peer makes us forget the
 * records of another account before its own. */
static void
forget_one (GQueue *records)
{
  g_autoptr (GHashTable) counts = g_hash_table_new (g_str_hash, g_str_equal);
  GList                 *l;
  guint                  most = 0;

  for (l = records->head; l != NULL; l = l->next)
    {
      const IBBFinished *record = l->data;
      guint              n = GPOINTER_TO_UINT (g_hash_table_lookup (counts, record->peer)) + 1;

      g_hash_table_insert (counts, record->peer, GUINT_TO_POINTER (n));
      most = MAX (most, n);
    }

  l = records->head;
  while (GPOINTER_TO_UINT (g_hash_table_lookup (counts, ((IBBFinished *) l->data)->peer)) < most)
    l = l->next;
  finished_free (l->data);
  g_queue_delete_link (records, l);
}

void
ibb_finished_add (const IBBParameters *parameters, guint64 received, guint64 acknowledged)
{
  GQueue      *records = &parameters->context->finished;
  IBBFinished *record = g_new0 (IBBFinished, 1);

  record->end = (IBBStatement){
    IBB_PROOF_ENDED, parameters->is_initiator, g_strdup (parameters->key.sid), 0, received,
    acknowledged
  };
  record->local = ibb_jid_dup_bare (parameters->key.local);
  record->peer = ibb_jid_dup_bare (parameters->key.peer);
  record->secret = g_strdup (parameters->secret);
  g_queue_push_tail (records, record);
  if (records->length > RECORDS_MAX)
    forget_one (records);
}

static gboolean
is_genuine (const IBBFinished *self, const IBBStanza *resume)
{
  IBBStatement statement = { IBB_PROOF_RESUME, !self->end.by_initiator, self->end.sid,
                             resume->count,    resume->received,        resume->acknowledged };

  return ibb_proof_matches (resume->proof, self->secret, &statement);
}

const IBBFinished *
ibb_finished_find (IBBContext      *context,
                   const IBBStanza *resume,
                   const char      *local,
                   const char      *peer)
{
  g_autofree char *local_bare = ibb_jid_dup_bare (local);
  g_autofree char *peer_bare = ibb_jid_dup_bare (peer);
  guint            n = 0;

  for (const GList *l = context->finished.tail; l != NULL && n < IBB_RESUMABLE_MAX; l = l->prev)
    {
      const IBBFinished *record = l->data;

      if (!g_str_equal (record->end.sid, resume->sid) || !g_str_equal (record->local, local_bare) ||
          !g_str_equal (record->peer, peer_bare))
        continue;
      if (is_genuine (record, resume))
        return record;
      n++;
    }
  return NULL;
}

void
ibb_finished_answer (const IBBFinished *self, IBBContext *context, const IBBStanza *resume)
{
  IBBStatement statement = self->end;
  IBBStanza   *result = ibb_stanza_record_new_result (resume);

  statement.count = resume->count;
  result->has_position = TRUE;
  result->has_ended = TRUE;
  result->received = statement.received;
  result->acknowledged = statement.acknowledged;
  result->proof = ibb_proof_create (self->secret, &statement);
  ibb_control_push (&context->control, result);
}
