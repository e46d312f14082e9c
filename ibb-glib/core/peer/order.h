/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whether a peer keeps blocks in order, so that several may be in flight (D-29). The answer to a
 * disco#info query tells.
 */

#pragma once

#include "core/peer/context.h"

typedef enum
{
  IBB_ORDER_UNKNOWN,
  IBB_ORDER_ASKED,     /* disco#info is under way */
  IBB_ORDER_KEPT,      /* by the features or the identity of the peer */
  IBB_ORDER_UNCERTAIN, /* by neither of them */
} IBBOrderState;

typedef struct
{
  IBBContext   *context; /* (unowned) */
  gpointer      owner;   /* (unowned): the IBBPeer */
  const char   *jid;     /* (unowned): normalised */
  const char   *address; /* (unowned): as the application or the peer wrote it */
  char         *from;    /* (nullable): our address that asks, if we have several (D-59) */
  IBBOrderState state;
  gboolean      has_our_feature;
  gboolean      is_broken; /* it answered unexpected-request with several blocks in flight */
  IBBPending    query;
  gint64        next_query; /* no query is sent before, since the connection refused the last one */
} IBBOrder;

/* from (nullable) */
void ibb_order_set_from (IBBOrder *self, const char *from);
/* Asks the peer, unless it was asked. */
void ibb_order_ask (IBBOrder *self, gint64 now);
/* Forgets an unanswered query; what the peer has answered stays known. */
void ibb_order_stop (IBBOrder *self);
void ibb_order_answered (IBBOrder *self, const IBBStanza *answer);
/* The connection refused the query, which is sent again later. */
void ibb_order_not_asked (IBBOrder *self, gint64 now);
/* Notes that the peer has our feature, as one of its stanzas shows. */
void ibb_order_note_our_feature (IBBOrder *self);
/* The peer has refused one of several blocks in flight as unexpected. */
void ibb_order_note_broken (IBBOrder *self);
/* Whether a block may be sent to the peer while the one before is in flight. */
static inline gboolean
ibb_order_allows_several (const IBBOrder *self)
{
  return !self->is_broken && (self->context->settings.window > 0 || self->state == IBB_ORDER_KEPT);
}
