/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* libxml2's push parser, for XMPP: only UTF-8, and without what RFC 6120 §11.1 forbids. */

#pragma once

#include <libxml/parser.h>

#include <glib.h>

/* The constructs that XMPP forbids. */
typedef enum
{
  IBB_SAX_DOCUMENT_TYPE,
  IBB_SAX_ENTITY, /* but the predefined ones */
  IBB_SAX_COMMENT,
  IBB_SAX_PROCESSING_INSTRUCTION,
} IBBSaxRestriction;

/* The start of an element, as SAX2 has it. */
typedef struct
{
  const char     *name;   /* without its prefix */
  const char     *prefix; /* (nullable) */
  const char     *uri;    /* (nullable): its namespace */
  int             n_namespaces;
  const xmlChar **namespaces; /* prefix or NULL, URI, … */
  int             n_attributes;
  const xmlChar **attributes; /* IBB_SAX_ATTRIBUTE_FIELDS of each */
} IBBSaxElement;

/* Each call gets the IBBSax: let it be the first member of your struct. */
typedef struct
{
  void (*start) (void *data, const IBBSaxElement *element);
  void (*end) (void *data);
  charactersSAXFunc characters;
  void (*restricted) (void *data, IBBSaxRestriction what); /* (nullable) */
} IBBSaxHandler;

typedef struct
{
  const IBBSaxHandler *handler;
  xmlParserCtxt       *context;
  gboolean             is_restricted;
} IBBSax;

/* One attribute as SAX2 has it: name, prefix, namespace, begin and end of its value. */
#define IBB_SAX_ATTRIBUTE_FIELDS 5
#define IBB_SAX_ATTRIBUTE_NAME(a) ((const char *) (a)[0])
#define IBB_SAX_ATTRIBUTE_PREFIX(a) ((const char *) (a)[1])
#define IBB_SAX_ATTRIBUTE_URI(a) ((const char *) (a)[2])
#define IBB_SAX_ATTRIBUTE_VALUE(a) ((const char *) (a)[3])
#define IBB_SAX_ATTRIBUTE_LENGTH(a) ((gsize) ((a)[4] - (a)[3]))

void ibb_sax_init (IBBSax *self, const IBBSaxHandler *handler);
void ibb_sax_clear (IBBSax *self);
/* FALSE: it is not well-formed. */
gboolean ibb_sax_feed (IBBSax *self, const char *data, gsize length, gboolean is_last);
/* Whether there was a construct that XMPP forbids: no other callback followed. */
gboolean ibb_sax_is_restricted (const IBBSax *self);
/* For use in a callback: no other callback follows. */
void ibb_sax_stop (IBBSax *self);
/* Overwrites the parsed text, which may contain a secret. */
void ibb_sax_forget (IBBSax *self);
/* For use in a callback: whether each prefix so far is declared. libxml2 would go on without
 * that. */
gboolean ibb_sax_has_namespaces (IBBSax *self);
/* Why it is not well-formed, for a message: libxml2 quotes names and other XML of the peer, which
 * are cleaned. (nullable): it does not say. */
char *ibb_sax_dup_complaint (IBBSax *self, int *line, int *column);
/* How many bytes it has come. Exact in an end call; only UTF-8 is read, so that it costs two
 * additions. */
gsize ibb_sax_get_position (IBBSax *self);
/* The memory of the names that it keeps for as long as it lives. */
gsize ibb_sax_get_names_size (IBBSax *self);
