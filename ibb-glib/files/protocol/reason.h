/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Why a transfer ends: the reasons of Jingle (XEP-0166 §7.4) as errors, and errors as reasons. */

#pragma once

#include "files/ibb-files-types.h"

/* is_offered: the receiver had not decided yet. text: NULL, or what the reason does not say; it
 * tells the peer nothing else of this computer. Both are static. */
const char *ibb_reason_from_error (const GError     *error,
                                   IBBFilesDirection direction,
                                   gboolean          is_offered,
                                   const char      **text);
/* The error for the reason that the peer gave; text (nullable): the peer's own words. */
GError *ibb_reason_to_error (const char       *reason,
                             const char       *text,
                             const char       *peer_jid,
                             IBBFilesDirection direction,
                             gboolean          is_offered);
