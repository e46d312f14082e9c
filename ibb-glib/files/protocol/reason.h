/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Why a transfer ends: the reasons of Jingle (XEP-0166 §7.4) as errors, and errors as reasons. A
 * reason of the peer stays the word that came: a later XEP may have others. */

#pragma once

#include "files/ibb-files-types.h"

typedef enum
{
  IBB_REASON_NONE,
  IBB_REASON_BUSY,
  IBB_REASON_CANCEL,
  IBB_REASON_CONNECTIVITY_ERROR,
  IBB_REASON_DECLINE,
  IBB_REASON_EXPIRED,
  IBB_REASON_FAILED_APPLICATION,
  IBB_REASON_FAILED_TRANSPORT,
  IBB_REASON_GENERAL_ERROR,
  IBB_REASON_GONE,
  IBB_REASON_INCOMPATIBLE_PARAMETERS,
  IBB_REASON_MEDIA_ERROR,
  IBB_REASON_SECURITY_ERROR,
  IBB_REASON_SUCCESS,
  IBB_REASON_TIMEOUT,
  IBB_REASON_UNSUPPORTED_APPLICATIONS,
  IBB_REASON_UNSUPPORTED_TRANSPORTS,
} IBBReason;

/* The word of the protocol. */
const char *ibb_reason_get_word (IBBReason reason);
/* word (nullable): of the peer. */
gboolean ibb_reason_is (const char *word, IBBReason reason);

/* is_offered: the receiver had not decided yet. text: NULL, or what the reason does not say; it
 * tells the peer nothing else of this computer, and is static. */
IBBReason ibb_reason_from_error (const GError     *error,
                                 IBBFilesDirection direction,
                                 gboolean          is_offered,
                                 const char      **text);
/* The error for the reason that the peer gave; text (nullable): the peer's own words. */
GError *ibb_reason_to_error (const char       *word,
                             const char       *text,
                             const char       *peer_jid,
                             IBBFilesDirection direction,
                             gboolean          is_offered);
