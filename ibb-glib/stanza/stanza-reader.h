/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The core's record of a stanza, from its XML. */

#pragma once

#include "core/base/stanza.h"
#include "stanza/xml-copy.h"

/* Limits: bytes of a stanza as it is kept, apart from the text of a data block, and levels of
 * elements. */
#define IBB_STANZA_MAX_LENGTH (256 * 1024)
#define IBB_STANZA_MAX_DEPTH IBB_XML_COPY_MAX_DEPTH

/* D-17 for the largest block there is: of longer text nothing is decoded. */
#define IBB_STANZA_MAX_BLOCK_TEXT (2 * IBB_BASE64_ENCODED_LENGTH (IBB_BLOCK_SIZE_MAX) + 256)

/* Makes records of libxml2 SAX2 events: one start per element, characters, one
 * end. A data block is decoded as its text arrives and never stored as text.
 * Returns from end () the finished stanza when its outermost element ends. The
 * events of one stanza begin with its own element (iq, message, presence in
 * any of jabber:client, jabber:server, jabber:component:accept or no
 * namespace); for any other element the reader returns nothing in the end.
 *
 * Names and namespaces must stay valid until their element ends, as libxml2's
 * do. */
typedef struct _IBBStanzaReader IBBStanzaReader;

IBBStanzaReader *ibb_stanza_reader_new (void);
void             ibb_stanza_reader_free (IBBStanzaReader *self);
void             ibb_stanza_reader_start (IBBStanzaReader *self, const IBBSaxElement *element);
void       ibb_stanza_reader_characters (IBBStanzaReader *self, const xmlChar *text, int length);
IBBStanza *ibb_stanza_reader_end (IBBStanzaReader *self); /* (nullable) (transfer full) */

/* The stanza at hand, or the one that just ended, exceeded a bound or used a
 * prefix that nobody declared: it is dropped, end () returns NULL for it. */
gboolean ibb_stanza_reader_has_failed (IBBStanzaReader *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBStanzaReader, ibb_stanza_reader_free)
