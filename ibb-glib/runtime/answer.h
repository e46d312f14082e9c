/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The answers of a client to the requests that no service takes. */

#pragma once

#include "core/base/stanza.h"
#include "ibb-connection.h"

/* The answer to disco#info (XEP-0030), with an identity such as "client/pc/name" and these features
 * (nullable), of services and added ones, besides the client's own; to disco#info for the node of
 * our presence (XEP-0115), for which added (nullable) are the added ones; to a ping (XEP-0199); or
 * to the question for the version (XEP-0092). NULL for any other stanza. */
IBBStanza *ibb_answer_new (const IBBStanza   *request,
                           const char        *identity,
                           const char *const *features,
                           const char *const *added);
/* An answer with the features and the identity of the connection. identity: for a program that has
 * set none. */
IBBStanza *
ibb_answer_create (IBBConnection *connection, const IBBStanza *request, const char *identity);
/* An error. NULL: the stanza is no request, and gets no answer (RFC 6120 §8.3.1). */
IBBStanza *ibb_answer_new_refusal (const IBBStanza *stanza, IBBCondition condition);
/* The error for a request that nobody takes. */
IBBStanza *ibb_answer_new_unknown (const IBBStanza *stanza);
