/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The answers of a client to the requests that no service takes. */

#pragma once

#include "core/base/stanza.h"

/* The answer to disco#info (XEP-0030), with an identity such as "client/pc/name" and these features
 * (nullable), of services and added ones, besides the client's own; to disco#info for the node of
 * our presence (XEP-0115), for which added (nullable) are the added ones; to a ping (XEP-0199); or
 * to the question for the version (XEP-0092). NULL for any other stanza. */
IBBStanza *ibb_answer_new (const IBBStanza   *request,
                           const char        *identity,
                           const char *const *features,
                           const char *const *added);
