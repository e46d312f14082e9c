/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/session/acceptor.h"

#include "core/base/jid.h"
#include "core/peer/registration.h"
#include "core/session/lifecycle.h"
#include "core/session/opening.h"

static void
expectation_free (gpointer data)
{
  IBBExpectation *expectation = data;

  g_free (expectation->key);
  g_free (expectation);
}

void
ibb_acceptor_init (IBBAcceptor *self, IBBContext *context, GQueue *events)
{
  self->context = context;
  self->events = events;
  self->expectations = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, expectation_free);
}

/* failure: why an expectation has failed. */
static void
push_event (IBBAcceptor   *self,
            IBBEventType   type,
            IBBSession    *session,
            gpointer       expectation,
            IBBFailureKind failure)
{
  IBBEvent *event = g_new0 (IBBEvent, 1);

  event->type = type;
  event->session = session != NULL ? ibb_session_ref (session) : NULL;
  event->expectation = expectation;
  event->failure.kind = failure;
  g_queue_push_tail (self->events, event);
}

/* Neither a sid nor a normalised JID has a control character. */
static char *
create_key (const char *local, const char *peer, const char *sid)
{
  return g_strconcat (sid, "\n", peer, "\n", local, NULL);
}

IBBExpectation *
ibb_acceptor_expect (IBBAcceptor *self, const IBBOpen *open, gpointer data)
{
  g_autofree char *local = ibb_jid_normalize (open->local);
  g_autofree char *peer = ibb_jid_normalize (open->peer);
  g_autofree char *key = create_key (local, peer, open->sid);
  IBBExpectation  *expectation;

  if (g_hash_table_contains (self->expectations, key))
    return NULL;

  expectation = g_new0 (IBBExpectation, 1);
  *expectation = (IBBExpectation){ g_steal_pointer (&key), local == NULL,    open->block_size,
                                   open->is_agreed,        open->by_message, data };
  g_hash_table_insert (self->expectations, expectation->key, expectation);
  return expectation;
}

/* An expectation that names the address goes before one for all addresses (D-59). */
static IBBExpectation *
find_expectation (IBBAcceptor *self, const char *local, const char *peer, const char *sid)
{
  g_autofree char *key = create_key (local, peer, sid);
  g_autofree char *any_key = create_key (NULL, peer, sid);
  IBBExpectation  *expectation = g_hash_table_lookup (self->expectations, key);

  return expectation != NULL ? expectation : g_hash_table_lookup (self->expectations, any_key);
}

void
ibb_acceptor_remove (IBBAcceptor *self, IBBExpectation *expectation)
{
  g_hash_table_remove (self->expectations, expectation->key);
}

void
ibb_acceptor_fail_all (IBBAcceptor *self, IBBFailureKind kind)
{
  g_autoptr (GList) expectations = g_list_reverse (g_hash_table_get_values (self->expectations));

  for (GList *l = expectations; l != NULL; l = l->next)
    {
      IBBExpectation *expectation = l->data;

      push_event (self, IBB_EVENT_EXPECTATION_FAILED, NULL, expectation->data, kind);
      ibb_acceptor_remove (self, expectation);
    }
}

void
ibb_acceptor_listen (IBBAcceptor *self, IBBListen listen)
{
  self->listen = listen;
}

void
ibb_acceptor_stop (IBBAcceptor *self)
{
  self->is_stopped = TRUE;
  ibb_acceptor_fail_all (self, IBB_FAILURE_STOPPED);
}

gboolean
ibb_acceptor_can_accept (const IBBAcceptor *self)
{
  return !self->is_stopped &&
         ((self->context->settings.session_limit > 0 && self->listen != IBB_LISTEN_NONE) ||
          g_hash_table_size (self->expectations) > 0);
}

/* Whether nobody could take the open, whatever its block size (D-07, D-08). */
static gboolean
is_impossible (IBBAcceptor *self, const char *peer)
{
  IBBContext *context = self->context;

  return self->is_stopped || self->listen == IBB_LISTEN_NONE ||
         context->memory.n_sharers >= context->settings.session_limit ||
         ibb_control_is_flooded (&context->control) ||
         (self->listen == IBB_LISTEN_ASK && !ibb_context_has_room_for_request (context, peer));
}

static gboolean
is_open_valid (const IBBStanza *open, const char *local, const char *peer)
{
  return peer != NULL && local != NULL && open->block_size_valid && open->by_message_valid &&
         open->sid != NULL && ibb_stanza_is_valid_sid (open->sid) &&
         !ibb_stanza_record_has_long_id (open);
}

/* Whether the open has the stanza type that was agreed on (N-47). */
static gboolean
suits (const IBBExpectation *expectation, const IBBStanza *open)
{
  return !expectation->is_agreed || expectation->by_message == open->by_message;
}

static gboolean
accepts_block_size (const IBBAcceptor *self, const IBBExpectation *expectation, guint block_size)
{
  guint limit = self->context->settings.max_block_size;

  if (expectation != NULL && expectation->block_size > 0)
    limit = expectation->block_size;
  return block_size <= limit;
}

/* An opener with our feature may offer longer blocks beside those that it proposes (D-14). */
static guint
choose_block_size (const IBBAcceptor    *self,
                   const IBBExpectation *expectation,
                   const IBBStanza      *open)
{
  guint longer = open->long_block_size;

  return longer > open->block_size && accepts_block_size (self, expectation, longer)
             ? longer
             : open->block_size;
}

typedef struct
{
  IBBClaim        claim;
  IBBExpectation *expectation; /* (nullable) */
  gboolean        is_accepted; /* the open is, or the application is asked */
  IBBCondition    condition;   /* of the refusal */
} Verdict;

/* The checks are in the order of D-07. */
static Verdict
judge (IBBAcceptor *self, const IBBStanza *open, const char *local, const char *peer)
{
  IBBExpectation *expectation;
  gboolean        is_short;

  if (!is_open_valid (open, local, peer))
    return (Verdict){ IBB_CLAIM_NONE, NULL, FALSE, IBB_CONDITION_BAD_REQUEST };
  if (ibb_registration_find (self->context, local, peer, open->sid) != NULL)
    return (Verdict){ IBB_CLAIM_SESSION, NULL, FALSE, IBB_CONDITION_NOT_ACCEPTABLE };

  expectation = find_expectation (self, local, peer, open->sid);
  is_short = accepts_block_size (self, expectation, open->block_size);
  if (expectation != NULL)
    return (Verdict){ expectation->is_for_any ? IBB_CLAIM_EXPECTED_ANY : IBB_CLAIM_EXPECTED,
                      expectation, is_short && suits (expectation, open),
                      suits (expectation, open) ? IBB_CONDITION_RESOURCE_CONSTRAINT
                                                : IBB_CONDITION_NOT_ACCEPTABLE };
  if (is_impossible (self, peer))
    return (Verdict){ self->is_stopped || self->listen == IBB_LISTEN_NONE ? IBB_CLAIM_NONE
                                                                          : IBB_CLAIM_LISTENING,
                      NULL, FALSE, IBB_CONDITION_NOT_ACCEPTABLE };
  return (Verdict){ is_short ? IBB_CLAIM_ACCEPTED : IBB_CLAIM_SHORTER, NULL, is_short,
                    IBB_CONDITION_RESOURCE_CONSTRAINT };
}

gboolean
ibb_acceptor_receive (IBBAcceptor *self,
                      IBBStanza   *open,
                      const char  *local,
                      const char  *peer,
                      IBBClaim     least,
                      gint64       now)
{
  IBBContext            *context = self->context;
  g_autoptr (IBBSession) session = NULL;
  Verdict                verdict = judge (self, open, local, peer);
  IBBExpectation        *expectation = verdict.expectation;

  if (verdict.claim < least)
    return FALSE;
  if (!verdict.is_accepted)
    {
      ibb_control_refuse_open (&context->control, open, verdict.condition, NULL);
      return TRUE;
    }
  session = ibb_lifecycle_take_request (context, open, choose_block_size (self, expectation, open),
                                        local, peer);
  if (session == NULL)
    {
      ibb_control_refuse_open (&context->control, open, IBB_CONDITION_NOT_ACCEPTABLE, NULL);
      return TRUE;
    }

  if (expectation == NULL && self->listen == IBB_LISTEN_ASK)
    ibb_opening_ask (session, now);
  else
    ibb_opening_accept (session, now);
  if (expectation == NULL)
    push_event (self, self->listen == IBB_LISTEN_ASK ? IBB_EVENT_REQUESTED : IBB_EVENT_ACCEPTED,
                session, NULL, IBB_FAILURE_NONE);
  else
    {
      push_event (self, IBB_EVENT_EXPECTED, session, expectation->data, IBB_FAILURE_NONE);
      ibb_acceptor_remove (self, expectation);
    }
  return TRUE;
}
