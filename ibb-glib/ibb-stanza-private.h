/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* XML in and out of the core's record: shared by IBBStanza and the built-in
 * client. The only places that know the XML of a stanza.
 */

#pragma once

#include <libxml/parser.h>

#include "core/stanza.h"
#include "ibb-stanza.h"

G_BEGIN_DECLS

/* Bounds on what is read (attributes and text that the record keeps). */
#define IBB_STANZA_MAX_LENGTH (256 * 1024)
#define IBB_STANZA_MAX_DEPTH 32

/* Makes records of libxml2 SAX2 events: one start per element, characters, one
 * end. A data block is decoded as its text arrives and never stored as text.
 * Returns from end () the finished stanza when its outermost element ends. The
 * events of one stanza begin with its own element (iq, message, presence in
 * any of jabber:client, jabber:server or no namespace). */
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

/* Appends the XML; a block is base64-encoded straight into out. */
void ibb_stanza_write (const IBBStanza *self, GByteArray *out);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBStanzaReader, ibb_stanza_reader_free)

G_END_DECLS
