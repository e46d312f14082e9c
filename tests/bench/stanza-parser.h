/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads stanzas of a stream, as a client does, and counts what was in them. */

#pragma once

#include "stanza/sax.h"
#include "stanza/stanza-reader.h"
#include "stanza/stanza-writer.h"

typedef struct
{
  IBBSax           sax;
  IBBStanzaReader *reader;
  guint            depth;
  guint            n_stanzas;
  gsize            n_bytes; /* decoded */
} StanzaParser;

void stanza_parser_init (StanzaParser *self); /* within a stream */
void stanza_parser_feed (StanzaParser *self, const void *xml, gsize length);
void stanza_parser_clear (StanzaParser *self);
