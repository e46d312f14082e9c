/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* XML in and out of the core's record: shared by IBBStanza and the built-in
 * client. The only places that know the XML of a stanza.
 */

#pragma once

#include <libxml/parser.h>

#include "core/stanza.h"
#include "ibb-stanza.h"

G_BEGIN_DECLS

/* Bounds on what is read: bytes of a stanza as it is kept, the text of a data
 * block apart, and levels of elements. */
#define IBB_STANZA_MAX_LENGTH (256 * 1024)
#define IBB_STANZA_MAX_DEPTH 32

/* D-17 for the largest block there is: of longer text nothing is decoded. */
#define IBB_STANZA_MAX_BLOCK_TEXT (2 * IBB_BASE64_ENCODED_LENGTH (IBB_BLOCK_SIZE_MAX) + 256)

/* The options that the parser needs: with NOENT "&amp;" in an attribute comes
 * decoded. It is not unsafe here, for a DTD is refused. */
#define IBB_STANZA_PARSER_OPTIONS                                                                  \
  (XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_IGNORE_ENC | XML_PARSE_NOERROR |                  \
   XML_PARSE_NOWARNING)

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
void             ibb_stanza_reader_start (IBBStanzaReader *self,
                                          const xmlChar   *local_name,
                                          const xmlChar   *prefix,
                                          const xmlChar   *uri,
                                          int              n_namespaces,
                                          const xmlChar  **namespaces,
                                          int              n_attributes,
                                          const xmlChar  **attributes);
void       ibb_stanza_reader_characters (IBBStanzaReader *self, const xmlChar *text, int length);
IBBStanza *ibb_stanza_reader_end (IBBStanzaReader *self); /* (nullable) (transfer full) */

/* The stanza at hand, or the one that just ended, exceeded a bound or used a
 * prefix that nobody declared: it is dropped, end () returns NULL for it. */
gboolean ibb_stanza_reader_has_failed (IBBStanzaReader *self);

/* Appends the XML, in the default namespace of whatever stream it goes into; a
 * block is base64-encoded straight into out. */
void ibb_stanza_write (const IBBStanza *self, GByteArray *out);

/* Appends text for an attribute between single quotes or for content. What XML
 * 1.0 forbids, and what is not UTF-8, becomes U+FFFD, so that nothing that an
 * application passes can break a stream. */
void
ibb_xml_append_escaped (GByteArray *out, const char *text, gsize length, gboolean is_attribute);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBStanzaReader, ibb_stanza_reader_free)

G_END_DECLS
