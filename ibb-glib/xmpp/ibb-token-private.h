/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "xmpp/ibb-token.h"

/* Both are (nullable). Whether a server cannot tell one from the other: they have the same secret
 * for the same mechanism. */
gboolean ibb_token_is_same (IBBToken *self, IBBToken *other);
/* The same, and they expire at the same time. */
gboolean ibb_token_equal (IBBToken *self, IBBToken *other);
