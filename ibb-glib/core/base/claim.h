/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which of several services on one connection gets a stanza of a peer (D-66). */

#pragma once

#include "core/base/stanza.h"

/* How much a stanza of a peer concerns one service of the connection. Of several services the one
 * gets the stanza that it concerns most, of equal ones the first. */
typedef enum
{
  IBB_CLAIM_NONE,      /* the first service that takes the stanza answers that it is for none */
  IBB_CLAIM_LAST_WORD, /* a stanza for no session, while stanzas for its sender wait in the service
                        */
  IBB_CLAIM_LISTENING, /* an open; the service listens, and has no room for it */
  IBB_CLAIM_SHORTER,   /* an open that the service would accept with shorter blocks */
  IBB_CLAIM_ACCEPTED, /* an open that nobody expects, and that the service accepts, or asks about */
  IBB_CLAIM_EXPECTED_ANY, /* an open that is expected at any of our addresses (D-59) */
  IBB_CLAIM_EXPECTED,     /* an open that is expected at this address */
  IBB_CLAIM_SESSION,      /* a stanza for a session that the service has, or remembers */
} IBBClaim;

/* A connection asks its services from IBB_CLAIM_SESSION down to IBB_CLAIM_NONE, until one of them
 * takes the stanza. Returns the claim after this one. */
static inline IBBClaim
ibb_claim_get_next (IBBClaim self, const IBBStanza *stanza)
{
  if (stanza->payload == IBB_PAYLOAD_OPEN || self == IBB_CLAIM_LAST_WORD)
    return self - 1;
  return IBB_CLAIM_LAST_WORD;
}
