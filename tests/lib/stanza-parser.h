/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads the stanzas of a stream, as a client does, in pieces of any size, and counts what was in
 * them. */

#pragma once

#include "stanza/sax.h"
#include "stanza/stanza-reader.h"
#include "stanza/stanza-writer.h"

typedef struct
{
  IBBSax           sax;
  IBBStanzaReader *reader;
  guint            depth;
  GPtrArray       *stanzas; /* (nullable): a caller that wants them sets it */
  guint            n_stanzas;
  guint            n_failed;
  gsize            n_bytes; /* decoded */
} StanzaParser;

/* header (nullable): the start of the stream, if it is not fed itself. */
void stanza_parser_init (StanzaParser *self, const char *header);
void stanza_parser_feed (StanzaParser *self, const void *xml, gsize length);
void stanza_parser_clear (StanzaParser *self);
