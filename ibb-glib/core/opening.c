/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/opening.h"

#include "core/abandoned.h"
#include "core/requests.h"

#define BLOCK_SIZE_FLOOR 256 /* bytes; no smaller ones are asked for (D-14) */

static void
send_open (IBBOpening *self)
{
  IBBTerms  *terms = self->terms;
  IBBShared *shared = terms->shared;
  IBBStanza *open;

  ibb_pendings_add (&shared->pendings, &self->pending, IBB_PENDING_OPEN,
                    ibb_ids_create (&shared->ids), terms->key.peer, terms->owner);
  open = ibb_terms_create_stanza (terms, IBB_STANZA_IQ, "set", IBB_PAYLOAD_OPEN, self->pending.id);
  open->sid = g_strdup (terms->key.sid);
  open->block_size = terms->block_size;
  open->block_size_valid = TRUE;
  open->stanza_type = terms->stanza_type;
  open->stanza_type_valid = TRUE;
  ibb_control_push (&shared->control, open);
}

IBBOpening *
ibb_opening_new (IBBTerms *terms, gboolean fixed_block_size)
{
  IBBOpening *self = g_new0 (IBBOpening, 1);

  self->terms = terms;
  self->fallback = !fixed_block_size && terms->shared->settings.block_size_fallback;
  if (self->fallback)
    ibb_terms_set_block_size (terms, ibb_peer_limit_block_size (terms->peer, terms->block_size));
  send_open (self);
  return self;
}

IBBOpening *
ibb_opening_new_request (IBBTerms *terms, IBBStanza *open)
{
  IBBOpening *self = g_new0 (IBBOpening, 1);

  self->terms = terms;
  self->request = ibb_stanza_record_ref (open);
  ibb_requests_add (terms->shared->requests, terms->key.peer);
  return self;
}

void
ibb_opening_free (IBBOpening *self)
{
  IBBShared *shared = self->terms->shared;

  ibb_pendings_remove (&shared->pendings, &self->pending);
  if (self->request != NULL)
    ibb_requests_remove (shared->requests, self->terms->key.peer);
  g_clear_pointer (&self->request, ibb_stanza_record_unref);
  ibb_failure_clear (&self->first_refusal);
  g_free (self);
}

gboolean
ibb_opening_is_request (const IBBOpening *self)
{
  return self->request != NULL;
}

/* The peer's first answer in a series of smaller and smaller proposals is the
 * one that says what it wants (H-09). */
static gboolean
try_smaller (IBBOpening *self, const IBBStanza *answer)
{
  IBBTerms *terms = self->terms;

  if (answer->condition != IBB_CONDITION_RESOURCE_CONSTRAINT || !self->fallback ||
      terms->block_size / 2 < BLOCK_SIZE_FLOOR)
    return FALSE;

  ibb_terms_set_block_size (terms, terms->block_size / 2);
  send_open (self);
  return TRUE;
}

IBBOpeningVerdict
ibb_opening_answered (IBBOpening *self, const IBBStanza *answer)
{
  ibb_pendings_remove (&self->terms->shared->pendings, &self->pending);
  if (answer->payload != IBB_PAYLOAD_ERROR)
    {
      if (self->first_refusal.kind != IBB_FAILURE_NONE)
        ibb_peer_set_block_size_max (self->terms->peer, self->terms->block_size);
      return IBB_OPENING_ACCEPTED;
    }

  if (self->first_refusal.kind == IBB_FAILURE_NONE)
    ibb_failure_set_condition (&self->first_refusal, IBB_FAILURE_REFUSED, answer->condition,
                               answer->text);
  return try_smaller (self, answer) ? IBB_OPENING_TRIES_AGAIN : IBB_OPENING_REFUSED;
}

const IBBFailure *
ibb_opening_get_refusal (const IBBOpening *self)
{
  return &self->first_refusal;
}

static void
abandon (IBBOpening *self, gint64 now)
{
  IBBShared *shared = self->terms->shared;
  char      *id = g_strdup (self->pending.id);

  ibb_pendings_remove (&shared->pendings, &self->pending);
  ibb_abandoned_add (shared->abandoned, self->terms, id, now);
}

void
ibb_opening_accept (IBBOpening *self)
{
  ibb_control_reply_result (&self->terms->shared->control, self->request);
}

void
ibb_opening_refuse (IBBOpening *self, IBBCondition condition, const char *text)
{
  ibb_control_refuse_open (&self->terms->shared->control, self->request, condition, text);
}

void
ibb_opening_give_up (IBBOpening *self, gint64 now)
{
  if (self->request != NULL)
    ibb_opening_refuse (self, IBB_CONDITION_NOT_ACCEPTABLE, NULL);
  else
    abandon (self, now);
}
