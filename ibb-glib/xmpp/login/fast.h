/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A login by a token of the server (XEP-0484), with the mechanisms HT-SHA-256-* of
 * draft-schmaus-kitten-sasl-ht: one message with a hash of the token, and one with another
 * hash, by which the server proves that it has the token, too.
 */

#pragma once

#include "xmpp/base/hmac.h"
#include "xmpp/ibb-xmpp-token.h"
#include "xmpp/login/sasl.h"
#include "xmpp/stream/element.h"

typedef struct _IBBFast IBBFast;

struct _IBBFast
{
  const char *mechanism;                     /* static */
  char       *initial;                       /* the first message, in base64 */
  guint8      expected[IBB_HMAC_MAX_DIGEST]; /* of the server */
};

/* offer: that of SASL2. is_bound: the password would log in bound to the channel; then a token
 * that is not bound is no replacement. NULL: the token cannot be used here. */
IBBFast *ibb_fast_new (IBBXmppToken            *token,
                       const IBBElement        *offer,
                       const IBBSaslParameters *parameters,
                       gboolean                 is_bound);
void     ibb_fast_free (IBBFast *self);
/* Takes the server's message, in base64 (nullable). FALSE: it did not prove itself. */
gboolean ibb_fast_verify (IBBFast *self, const char *text, GError **error);

/* (nullable) (transfer none): the best mechanism to ask a token for, along with a login that
 * is_bound to the channel or not. */
const char *
ibb_fast_choose (const IBBElement *offer, const IBBSaslParameters *parameters, gboolean is_bound);
/* Whether that mechanism binds to the TLS channel. */
gboolean ibb_fast_binds (const char *mechanism);
/* (nullable): the token for that mechanism in <success/>, which is overwritten there. */
IBBXmppToken *ibb_fast_take_token (IBBElement *success, const char *mechanism);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBFast, ibb_fast_free)
