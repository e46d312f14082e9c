/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The answer of the application about the key of a peer, for which a thread waits. */

#pragma once

#include "trust/exchange.h"
#include "trust/ibb-trust-question-private.h"

/* Milliseconds for the answers of both users. */
#define IBB_TRUST_ANSWER_TIMEOUT 300000

/* Emits signal of object in context, and waits for the answer, for the end of the time, or until
 * the exchange is cancelled. The peer is told if no program answers at once. question: (transfer
 * full). Returns the question if the certificate is accepted: (transfer full) (nullable). */
IBBTrustQuestion *ibb_trust_answer_wait (IBBTrustQuestion  *question,
                                         gpointer           object,
                                         guint              signal,
                                         GMainContext      *context,
                                         const IBBExchange *exchange);
