/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The description of a file in XML, by XEP-0234. */

#pragma once

#include "files/ibb-files-metadata.h"

#define IBB_DESCRIPTION_NAMESPACE "urn:xmpp:jingle:apps:file-transfer:5"
#define IBB_DESCRIPTION_HASHES_NAMESPACE "urn:xmpp:hashes:2"

/* The children of <file/>: what is known, and whether a part may be asked for. */
void ibb_description_write (GString          *xml,
                            IBBFilesMetadata *metadata,
                            gboolean          takes_range,
                            guint64           offset);
/* Whether the text, in UTF-8, arrives as it is. */
gboolean ibb_description_can_have (const char *text);
/* text in UTF-8, for XML: what cannot stand there is replaced. */
char *ibb_description_escape (const char *text);
/* Appends <name>text</name>, escaped; nothing for NULL. */
void ibb_description_write_text (GString *xml, const char *name, const char *text);
/* NULL: file is not a description. Its size is 0 if there is none. takes_range and offset
 * (nullable).
 */
IBBFilesMetadata *
ibb_description_read (const IBBElement *file, gboolean *takes_range, guint64 *offset);
/* The hashes among the children go to the metadata; returns whether there was one. */
gboolean ibb_description_read_hashes (const IBBElement *file, IBBFilesMetadata *metadata);
/* Whether a hash is that of no bytes: Gajim and QXmpp leave out the size of an empty file. */
gboolean ibb_description_is_empty (IBBFilesMetadata *metadata);
/* A hash in hexadecimal digits; nothing for other text. */
void
ibb_description_set_hex_hash (IBBFilesMetadata *metadata, const char *algorithm, const char *hex);
/* A number of bytes; FALSE: text is none. */
gboolean ibb_description_read_number (const char *text, guint64 *number);
/* XEP-0082; NULL for anything else. */
GDateTime *ibb_description_read_date (const char *text);
char      *ibb_description_format_date (GDateTime *date);
