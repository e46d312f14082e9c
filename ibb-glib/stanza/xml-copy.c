/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "stanza/xml-copy.h"

#include <string.h>

#include "stanza/xml.h"

typedef struct
{
  const char *name;
  const char *uri;    /* (nullable): the default namespace in it, as it is written */
  gboolean    is_xml; /* in the namespace of the prefix xml, which cannot be the default one */
} Level;

struct _IBBXmlCopy
{
  Level       levels[IBB_XML_COPY_MAX_DEPTH];
  GByteArray *xml;    /* keeps its room from stanza to stanza */
  gboolean    in_tag; /* the last start tag lacks its ">" */
};

IBBXmlCopy *
ibb_xml_copy_new (void)
{
  IBBXmlCopy *self = g_new0 (IBBXmlCopy, 1);

  self->xml = g_byte_array_new ();

  return self;
}

void
ibb_xml_copy_free (IBBXmlCopy *self)
{
  g_byte_array_unref (self->xml);
  g_free (self);
}

void
ibb_xml_copy_reset (IBBXmlCopy *self)
{
  g_byte_array_set_size (self->xml, 0);
  self->in_tag = FALSE;
}

static void
append_attribute (
    IBBXmlCopy *self, const char *prefix, const char *name, const char *value, gsize length)
{
  IBB_XML_APPEND (self->xml, " ");
  if (prefix != NULL)
    {
      ibb_xml_append (self->xml, prefix);
      IBB_XML_APPEND (self->xml, ":");
    }
  ibb_xml_append (self->xml, name);
  IBB_XML_APPEND (self->xml, "='");
  ibb_xml_append_escaped (self->xml, value, length, TRUE);
  IBB_XML_APPEND (self->xml, "'");
}

static void
end_tag (IBBXmlCopy *self)
{
  if (self->in_tag)
    IBB_XML_APPEND (self->xml, ">");

  self->in_tag = FALSE;
}

static gboolean
is_declared (const IBBSaxElement *element, const char *prefix, int n_attributes)
{
  for (int i = 0; i < element->n_namespaces; i++)
    {
      if (g_strcmp0 ((const char *) element->namespaces[2 * i], prefix) == 0)
        return TRUE;
    }

  for (int i = 0; i < n_attributes; i++)
    {
      if (g_strcmp0 (IBB_SAX_ATTRIBUTE_PREFIX (element->attributes + IBB_SAX_ATTRIBUTE_FIELDS * i),
                     prefix) == 0)
        return TRUE;
    }

  return FALSE;
}

/* Keeps all declarations of prefixes, since text may refer to them. */
static void
append_declarations (IBBXmlCopy *self, const IBBSaxElement *element)
{
  for (int i = 0; i < element->n_namespaces; i++)
    {
      const char *prefix = (const char *) element->namespaces[2 * i];
      const char *uri = (const char *) element->namespaces[2 * i + 1];

      if (prefix != NULL && uri != NULL)
        append_attribute (self, "xmlns", prefix, uri, strlen (uri));
    }

  /* A prefix may have been declared outside of the stanza. */
  for (int i = 0; i < element->n_attributes; i++)
    {
      const xmlChar **attribute = element->attributes + IBB_SAX_ATTRIBUTE_FIELDS * i;
      const char     *prefix = IBB_SAX_ATTRIBUTE_PREFIX (attribute);
      const char     *uri = IBB_SAX_ATTRIBUTE_URI (attribute);

      if (prefix != NULL && strcmp (prefix, "xml") != 0 && !is_declared (element, prefix, i))
        append_attribute (self, "xmlns", prefix, uri, strlen (uri));
    }
}

/* The record has fields for these attributes. */
static gboolean
is_in_record (const char *prefix, const char *name)
{
  return prefix == NULL && (strcmp (name, "type") == 0 || strcmp (name, "id") == 0 ||
                            strcmp (name, "from") == 0 || strcmp (name, "to") == 0);
}

static void
append_attributes (IBBXmlCopy *self, const IBBSaxElement *element, gboolean is_stanza)
{
  for (int i = 0; i < element->n_attributes; i++)
    {
      const xmlChar **attribute = element->attributes + IBB_SAX_ATTRIBUTE_FIELDS * i;
      const char     *prefix = IBB_SAX_ATTRIBUTE_PREFIX (attribute);
      const char     *name = IBB_SAX_ATTRIBUTE_NAME (attribute);

      if (!is_stanza || !is_in_record (prefix, name))
        append_attribute (self, prefix, name, IBB_SAX_ATTRIBUTE_VALUE (attribute),
                          IBB_SAX_ATTRIBUTE_LENGTH (attribute));
    }
}

static void
append_name (IBBXmlCopy *self, const Level *level)
{
  if (level->is_xml)
    IBB_XML_APPEND (self->xml, "xml:");
  ibb_xml_append (self->xml, level->name);
}

static void
append_start (IBBXmlCopy *self, const Level *level)
{
  const char *uri = level->uri != NULL ? level->uri : "";

  end_tag (self);
  IBB_XML_APPEND (self->xml, "<");
  append_name (self, level);
  if (g_strcmp0 (level->uri, (level - 1)->uri) != 0)
    append_attribute (self, NULL, "xmlns", uri, strlen (uri));
}

void
ibb_xml_copy_start (IBBXmlCopy *self, guint depth, const IBBSaxElement *element)
{
  Level   *level = &self->levels[depth];
  gboolean is_xml = depth > 0 && g_strcmp0 (element->uri, (const char *) XML_XML_NAMESPACE) == 0;

  g_assert (depth < IBB_XML_COPY_MAX_DEPTH);

  *level = (Level){ element->name, is_xml ? (level - 1)->uri : element->uri, is_xml };
  if (depth > 0)
    append_start (self, level);
  append_declarations (self, element);
  append_attributes (self, element, depth == 0);
  self->in_tag = TRUE;

  /* The end tag of a stanza is not kept with the rest: the writer adds it. */
  if (depth == 0)
    end_tag (self);
}

void
ibb_xml_copy_characters (IBBXmlCopy *self, const char *text, gsize length)
{
  end_tag (self);
  ibb_xml_append_escaped (self->xml, text, length, FALSE);
}

void
ibb_xml_copy_end (IBBXmlCopy *self, guint depth)
{
  if (self->in_tag)
    {
      IBB_XML_APPEND (self->xml, "/>");
      self->in_tag = FALSE;
      return;
    }

  IBB_XML_APPEND (self->xml, "</");
  append_name (self, &self->levels[depth]);
  IBB_XML_APPEND (self->xml, ">");
}

gsize
ibb_xml_copy_get_length (IBBXmlCopy *self)
{
  return self->xml->len;
}

GBytes *
ibb_xml_copy_dup_bytes (IBBXmlCopy *self)
{
  return g_bytes_new (self->xml->data, self->xml->len);
}
