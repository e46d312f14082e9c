/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/peer/order.h"

/* Identities of implementations that are known to keep the order of blocks, as "category/type/name"
 * (D-29). aioxmpp has this one once its DiscoServer is used, and handles blocks in the order of
 * arrival, in one event loop: tests/interop. slixmpp does so, too, but other programs may have its
 * identity, "client/bot/", as well. */
static const char *const ordered_identities[] = {
  "client/bot/aioxmpp default identity",
};

#define QUERY_PAUSE (60 * G_USEC_PER_SEC) /* after the connection has refused a question (D-29) */

void
ibb_order_set_from (IBBOrder *self, const char *from)
{
  g_free (self->from);
  self->from = g_strdup (from);
}

static void
forget_query (IBBOrder *self)
{
  ibb_pendings_remove (self->context->pendings, &self->query);
}

void
ibb_order_ask (IBBOrder *self, gint64 now)
{
  IBBContext *context = self->context;
  IBBStanza  *question;

  if (self->is_broken || self->state != IBB_ORDER_UNKNOWN || now < self->next_query)
    return;

  self->state = IBB_ORDER_ASKED;
  ibb_pendings_add (context->pendings, &self->query, IBB_PENDING_QUERY,
                    ibb_ids_create (&context->ids), self->jid, self->owner);
  question = ibb_stanza_record_new (IBB_STANZA_IQ, "get", IBB_PAYLOAD_DISCO_QUERY, self->query.id,
                                    self->address);
  question->from = g_strdup (self->from);
  ibb_control_push (&context->control, question);
}

void
ibb_order_stop (IBBOrder *self)
{
  forget_query (self);
  if (self->state == IBB_ORDER_ASKED)
    self->state = IBB_ORDER_UNKNOWN;
}

static gboolean
has_ordered_identity (const IBBStanza *answer)
{
  if (answer->identities == NULL)
    return FALSE;

  for (gsize i = 0; i < G_N_ELEMENTS (ordered_identities); i++)
    if (g_strv_contains ((const char *const *) answer->identities, ordered_identities[i]))
      return TRUE;
  return FALSE;
}

void
ibb_order_answered (IBBOrder *self, const IBBStanza *answer)
{
  forget_query (self);
  if (self->has_our_feature)
    return; /* a stanza of the peer has shown it meanwhile */
  self->state = IBB_ORDER_UNCERTAIN;
  if (answer->payload != IBB_PAYLOAD_DISCO_INFO)
    return;

  self->has_our_feature =
      answer->features != NULL &&
      g_strv_contains ((const char *const *) answer->features, IBB_FEATURE_NAMESPACE);
  if (self->has_our_feature || has_ordered_identity (answer))
    self->state = IBB_ORDER_KEPT;
}

void
ibb_order_not_asked (IBBOrder *self, gint64 now)
{
  ibb_order_stop (self);
  self->next_query = now + QUERY_PAUSE;
}

/* A session may wait for the answer to the query (D-39). */
void
ibb_order_note_our_feature (IBBOrder *self)
{
  self->has_our_feature = TRUE;
  self->state = IBB_ORDER_KEPT;
}

void
ibb_order_note_broken (IBBOrder *self)
{
  self->is_broken = TRUE;
}
