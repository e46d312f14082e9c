/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The incoming half of one XML stream (RFC 6120 §4): bytes go in as they come,
 * events come out. Refuses what XMPP forbids (§11.1) and bounds what it keeps:
 * a stanza, an element before its first ">", and the names that libxml2
 * remembers. Used by one thread at a time.
 */

#pragma once

#include <gio/gio.h>

#include "ibb-stanza.h"
#include "stanza/sax.h"
#include "stanza/stanza-reader.h"
#include "xmpp/stream/element.h"

typedef enum
{
  IBB_PARSER_NOTHING, /* more bytes are needed */
  IBB_PARSER_HEADER,  /* the XML stream's start tag; element: its attributes */
  IBB_PARSER_ELEMENT, /* a child of the XML stream as a tree */
  IBB_PARSER_STANZA,  /* a stanza as the core's record */
  IBB_PARSER_DROPPED, /* a stanza that exceeded a bound: it counts, and is gone */
  IBB_PARSER_END,     /* the XML stream's end tag */
} IBBParserEvent;

typedef struct _IBBParser IBBParser;

struct _IBBParser
{
  IBBSax           sax;
  IBBStanzaReader *reader;
  GQueue           items; /* (element-type Item) (owned) */
  /* iq, message and presence become records; FALSE, while the XML stream is negotiated: trees, as
   * everything else */
  gboolean expects_stanzas;
  /* (nullable), static: the id of an answer that is a tree nevertheless; stanzas for the
   * application may follow it at once */
  const char *awaited;

  guint       depth;      /* open elements, the XML stream's own included */
  IBBElement *tree;       /* (nullable): the innermost open element of a tree */
  guint       n_elements; /* of the tree */
  gboolean    in_stanza;  /* the reader gets the events */
  char       *header;     /* (nullable): a start tag that declares what the XML stream's own did */
  gboolean    replaying;  /* header is being fed to a new context */
  gboolean    ended;
  GError     *error;
  const char *condition; /* static: of the stream error that answers the mistake */

  /* Position in the bytes that the context was fed. */
  gsize  fed;
  gsize  base;    /* end of the last complete child of the XML stream */
  gsize  n_space; /* white space at the end of those bytes */
  guint8 first[2];
  guint  n_first;
};

IBBParser *ibb_parser_new (void);
void       ibb_parser_free (IBBParser *self);

/* FALSE: IBB_ERROR_PROTOCOL, for good. What came before the mistake can still
 * be taken. */
gboolean ibb_parser_feed (IBBParser *self, const char *data, gsize length, GError **error);
/* Overwrites the text that was parsed, as there may be a secret in it. What can be taken stays. */
void ibb_parser_forget (IBBParser *self);

IBBParserEvent ibb_parser_take (IBBParser *self, IBBElement **element, IBBStanza **stanza);

/* Whether more than what was taken has come. After <proceed/> and <success/>
 * that would be something that an attacker put before the switch. */
gboolean ibb_parser_has_leftover (IBBParser *self);
/* Whether more than white space has come after the last element that was taken. */
gboolean ibb_parser_is_within (IBBParser *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBParser, ibb_parser_free)
