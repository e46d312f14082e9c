/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The stanzas of stream initiation (XEP-0095) for files (XEP-0096) by in-band bytestreams. One
 * request and one answer: there is no state between them. */

#pragma once

#include "files/ibb-files-metadata.h"

#define IBB_INITIATION_NAMESPACE "http://jabber.org/protocol/si"
#define IBB_INITIATION_PROFILE "http://jabber.org/protocol/si/profile/file-transfer"

/* The payload of the offer. */
char *ibb_initiation_write_offer (const char *sid, IBBFilesMetadata *metadata);
/* Whether an element is an offer of a file. */
gboolean ibb_initiation_is_offer (const IBBElement *si);
/* NULL: answer with the condition, and with the child of XEP-0095 beside it (nullable). Both texts
 * are static. */
IBBFilesMetadata *ibb_initiation_read_offer (const IBBElement *si,
                                             char            **sid,
                                             const char      **condition,
                                             const char      **child);
/* The payload of the answer that accepts. */
char *ibb_initiation_write_answer (void);
/* Whether the answer has chosen in-band. */
gboolean ibb_initiation_read_answer (const IBBElement *si);
