/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "stanza/sax.h"

#include "base/foreign-text.h"

#include <libxml/parserInternals.h>
#include <string.h>

/* With XML_PARSE_NOENT "&amp;" in an attribute is decoded. The option is safe here, since a
 * document type declaration is refused. XML_PARSE_IGNORE_ENC: only UTF-8 counts, whatever the XML
 * declaration says (RFC 6120 §11.6). */
#define OPTIONS                                                                                    \
  (XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_IGNORE_ENC | XML_PARSE_NOERROR |                  \
   XML_PARSE_NOWARNING)

static void
start_cb (void           *data,
          const xmlChar  *name,
          const xmlChar  *prefix,
          const xmlChar  *uri,
          int             n_namespaces,
          const xmlChar **namespaces,
          int             n_attributes,
          int             n_defaulted,
          const xmlChar **attributes)
{
  const IBBSaxElement element = {
    (const char *) name, (const char *) prefix, (const char *) uri, n_namespaces,
    namespaces,          n_attributes,          attributes,
  };

  ((IBBSax *) data)->handler->start (data, &element);
}

static void
end_cb (void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
  ((IBBSax *) data)->handler->end (data);
}

static void
report (void *data, IBBSaxRestriction what)
{
  IBBSax *self = data;

  self->is_restricted = TRUE;
  if (self->handler->restricted != NULL)
    self->handler->restricted (self, what);
  ibb_sax_stop (self);
}

static void
subset_cb (void *data, const xmlChar *name, const xmlChar *external_id, const xmlChar *system_id)
{
  report (data, IBB_SAX_DOCUMENT_TYPE);
}

static void
reference_cb (void *data, const xmlChar *name)
{
  report (data, IBB_SAX_ENTITY);
}

static void
comment_cb (void *data, const xmlChar *text)
{
  report (data, IBB_SAX_COMMENT);
}

static void
instruction_cb (void *data, const xmlChar *target, const xmlChar *text)
{
  report (data, IBB_SAX_PROCESSING_INSTRUCTION);
}

#if LIBXML_VERSION >= 21200
typedef const xmlError IBBSaxError;
#else
typedef xmlError IBBSaxError;
#endif

/* ibb_sax_feed () checks for errors later. Without this function libxml2 would print them to
 * stderr. */
static void
error_cb (void *data, IBBSaxError *error)
{
}

void
ibb_sax_init (IBBSax *self, const IBBSaxHandler *handler)
{
  xmlSAXHandler sax = {
    .initialized = XML_SAX2_MAGIC,
    .startElementNs = start_cb,
    .endElementNs = end_cb,
    .characters = handler->characters,
    .ignorableWhitespace = handler->characters,
    .cdataBlock = handler->characters,
    .internalSubset = subset_cb,
    .externalSubset = subset_cb,
    .reference = reference_cb,
    .comment = comment_cb,
    .processingInstruction = instruction_cb,
    .serror = error_cb,
  };

  xmlInitParser ();
  self->handler = handler;
  self->is_restricted = FALSE;
  self->context = xmlCreatePushParserCtxt (&sax, self, NULL, 0, NULL);
  g_assert (self->context != NULL);
  xmlCtxtUseOptions (self->context, OPTIONS);
}

void
ibb_sax_clear (IBBSax *self)
{
  if (self->context == NULL)
    return; /* a call had a wrong argument, and returned before ibb_sax_init () */
  if (self->context->myDoc != NULL)
    xmlFreeDoc (self->context->myDoc);
  g_clear_pointer (&self->context, xmlFreeParserCtxt);
}

gboolean
ibb_sax_feed (IBBSax *self, const char *data, gsize length, gboolean is_last)
{
  const xmlError *error;

  xmlParseChunk (self->context, data, (int) length, is_last);
  if (self->context->wellFormed && self->context->nsWellFormed)
    return TRUE;

  error = xmlCtxtGetLastError (self->context);
  if (error != NULL && error->code == XML_ERR_UNDECLARED_ENTITY)
    report (self, IBB_SAX_ENTITY);
  return FALSE;
}

/* libxml2 keeps text that it has parsed, but reads it again only to explain an error. */
void
ibb_sax_forget (IBBSax *self)
{
  xmlParserInput *input = self->context->input;

  if (input != NULL && input->cur > input->base)
    memset ((xmlChar *) input->base, ' ', (gsize) (input->cur - input->base));
}

gboolean
ibb_sax_is_restricted (const IBBSax *self)
{
  return self->is_restricted;
}

void
ibb_sax_stop (IBBSax *self)
{
  xmlStopParser (self->context);
}

gboolean
ibb_sax_has_namespaces (IBBSax *self)
{
  return self->context->nsWellFormed;
}

char *
ibb_sax_dup_complaint (IBBSax *self, int *line, int *column)
{
  const xmlError *error = xmlCtxtGetLastError (self->context);

  if (error == NULL || error->message == NULL)
    return NULL;

  *line = error->line;
  *column = error->int2;
  return ibb_foreign_text_dup_line (error->message);
}

gsize
ibb_sax_get_position (IBBSax *self)
{
#if LIBXML_VERSION >= 21400
  unsigned long position = 0;

  xmlCtxtGetInputPosition (self->context, 0, NULL, NULL, NULL, &position);
#else
  long position = xmlByteConsumed (self->context);
#endif

  return position > 0 ? (gsize) position : 0;
}

gsize
ibb_sax_get_names_size (IBBSax *self)
{
  return xmlDictGetUsage (self->context->dict);
}
