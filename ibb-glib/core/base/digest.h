/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tells a repeated block from another one (D-20). */

#pragma once

#include <glib.h>

#include "core/base/stanza.h"

G_BEGIN_DECLS

guint64 ibb_digest_block (const IBBStanza *stanza);

G_END_DECLS
