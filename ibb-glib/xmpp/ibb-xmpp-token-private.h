/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "xmpp/ibb-xmpp-token.h"

/* Both are (nullable). Whether a server cannot tell one from the other: they have the same secret
 * for the same mechanism. */
gboolean ibb_xmpp_token_is_same (IBBXmppToken *self, IBBXmppToken *other);
/* Whether the tokens are also equal in their time of expiry. */
gboolean ibb_xmpp_token_equal (IBBXmppToken *self, IBBXmppToken *other);
