/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "core/base/stanza.h"

/* Tells a repeated block from another one (D-20). */
guint64 ibb_digest_block (const IBBStanza *stanza);
