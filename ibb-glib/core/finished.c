/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/finished.h"

#include <string.h>

#include "core/jid.h"

#define RECORDS_MAX 256

struct _IBBFinished
{
  IBBShared *shared;  /* (unowned) */
  GQueue     records; /* (element-type Record): the oldest first */
};

typedef struct
{
  char       *sid;
  char       *local; /* the account, normalised, as below */
  char       *peer;
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
ibb_finished_new (IBBShared *shared)
{
  IBBFinished *self = g_new0 (IBBFinished, 1);

  self->shared = shared;
  return self;
}

void
ibb_finished_free (IBBFinished *self)
{
  g_queue_clear_full (&self->records, record_free);
  g_free (self);
}

void
ibb_finished_add (IBBFinished *self, const IBBTerms *terms, const IBBPosition *position)
{
  Record *record = g_new0 (Record, 1);

  record->sid = g_strdup (terms->key.sid);
  record->local = ibb_jid_dup_bare (terms->key.local);
  record->peer = ibb_jid_dup_bare (terms->key.peer);
  record->secret = g_strdup (terms->secret);
  record->is_initiator = terms->is_initiator;
  record->position = *position;
  g_queue_push_tail (&self->records, record);
  if (g_queue_get_length (&self->records) > RECORDS_MAX)
    record_free (g_queue_pop_head (&self->records));
}

static gboolean
is_genuine (const Record *self, const IBBStanza *resume)
{
  IBBStatement statement = { IBB_PROOF_RESUME, !self->is_initiator, self->sid,
                             resume->count,    resume->received,    resume->acknowledged };

  return ibb_proof_matches (resume->proof, self->secret, &statement);
}

static const Record *
find (const IBBFinished *self, const IBBStanza *resume, const char *local, const char *peer)
{
  g_autofree char *local_bare = ibb_jid_dup_bare (local);
  g_autofree char *peer_bare = ibb_jid_dup_bare (peer);

  for (const GList *l = self->records.tail; l != NULL; l = l->prev)
    {
      const Record *record = l->data;

      if (strcmp (record->sid, resume->sid) == 0 && strcmp (record->peer, peer_bare) == 0 &&
          strcmp (record->local, local_bare) == 0 && is_genuine (record, resume))
        return record;
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
  ibb_control_push (&self->shared->control, result);
  return TRUE;
}
