/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ibb-stanza-private.h"

#include <string.h>

#define ERROR_NAMESPACE "urn:ietf:params:xml:ns:xmpp-stanzas"

/* Bytes of an error's text that are gathered before it is shortened. */
#define TEXT_GATHERED (4 * IBB_ERROR_TEXT_MAX_LENGTH)

/* Which part of the stanza the next event belongs to, where that matters. */
typedef enum
{
  PLACE_ELSEWHERE,
  PLACE_DATA,       /* in the block */
  PLACE_ECHO,       /* in a block that an answer sends back */
  PLACE_ERROR,      /* in <error/> */
  PLACE_ERROR_TEXT, /* in its <text/> */
  PLACE_DISCO,      /* in the <query/> of a disco#info result */
} Place;

typedef struct
{
  const xmlChar *name;
  const xmlChar *uri; /* (nullable): the default namespace in it, as it is written */
} Level;

struct _IBBStanzaReader
{
  guint      depth; /* open elements */
  Level      levels[IBB_STANZA_MAX_DEPTH];
  IBBStanza *stanza; /* (owned) (nullable): NULL in what is no stanza, or is dropped */
  gboolean   failed;

  Place      place;
  guint      n_children;    /* of the stanza */
  gboolean   has_ibb;       /* one of them is in our namespace */
  gboolean   has_error;     /* <error/> came */
  gboolean   has_condition; /* ... with a condition that we know */
  gboolean   has_type;      /* ... with a type that we know */
  gboolean   has_text;      /* ... with a text */
  GPtrArray *features;      /* (owned) (nullable) */
  GPtrArray *identities;    /* (owned) (nullable) */

  IBBBase64Decoder decoder;

  /* These keep their room from stanza to stanza. */
  GByteArray *xml;        /* what follows the attributes that the record has fields for */
  gboolean    xml_in_tag; /* the last start tag lacks its ">" */
  GByteArray *block;      /* decoded bytes; len is its room */
  gsize       block_length;
  GString    *text;
};

/* One attribute as SAX2 has it: name, prefix, namespace, begin and end of value. */
#define ATTRIBUTE_NAME(a) ((const char *) (a)[0])
#define ATTRIBUTE_PREFIX(a) ((const char *) (a)[1])
#define ATTRIBUTE_URI(a) ((const char *) (a)[2])
#define ATTRIBUTE_VALUE(a) ((const char *) (a)[3])
#define ATTRIBUTE_LENGTH(a) ((gsize) ((a)[4] - (a)[3]))
#define ATTRIBUTE_FIELDS 5

IBBStanzaReader *
ibb_stanza_reader_new (void)
{
  IBBStanzaReader *self = g_new0 (IBBStanzaReader, 1);

  xmlInitParser ();
  self->xml = g_byte_array_new ();
  self->block = g_byte_array_new ();
  self->text = g_string_new (NULL);

  return self;
}

static void
drop_stanza (IBBStanzaReader *self)
{
  g_clear_pointer (&self->stanza, ibb_stanza_record_unref);
  g_clear_pointer (&self->features, g_ptr_array_unref);
  g_clear_pointer (&self->identities, g_ptr_array_unref);
}

void
ibb_stanza_reader_free (IBBStanzaReader *self)
{
  drop_stanza (self);
  g_byte_array_unref (self->xml);
  g_byte_array_unref (self->block);
  g_string_free (self->text, TRUE);
  g_free (self);
}

gboolean
ibb_stanza_reader_has_failed (IBBStanzaReader *self)
{
  return self->failed;
}

static void
fail (IBBStanzaReader *self)
{
  self->failed = TRUE;
  drop_stanza (self);
}

static gboolean
equal (const xmlChar *a, const char *b)
{
  return a != NULL && strcmp ((const char *) a, b) == 0;
}

static gboolean
is_same_namespace (const xmlChar *a, const xmlChar *b)
{
  return a == b || (a != NULL && b != NULL && strcmp ((const char *) a, (const char *) b) == 0);
}

static gboolean
is_stanza_namespace (const xmlChar *uri)
{
  return uri == NULL || equal (uri, "jabber:client") || equal (uri, "jabber:server") ||
         equal (uri, "jabber:component:accept");
}

/* The attribute without a namespace (uri NULL) or in one. */
static char *
dup_attribute (const xmlChar **attributes, int n_attributes, const char *name, const char *uri)
{
  for (int i = 0; i < n_attributes; i++, attributes += ATTRIBUTE_FIELDS)
    {
      if (g_strcmp0 (ATTRIBUTE_URI (attributes), uri) == 0 &&
          strcmp (ATTRIBUTE_NAME (attributes), name) == 0)
        return g_strndup (ATTRIBUTE_VALUE (attributes), ATTRIBUTE_LENGTH (attributes));
    }

  return NULL;
}

/* Writing what is read: every element without prefix, with a declaration of
 * its namespace where its parent has another; so what stood in the stream's
 * namespace stands in that of any stream it is put into. */

static void
append (IBBStanzaReader *self, const char *text)
{
  g_byte_array_append (self->xml, (const guint8 *) text, (guint) strlen (text));
}

static void
append_attribute (
    IBBStanzaReader *self, const char *prefix, const char *name, const char *value, gsize length)
{
  append (self, " ");
  if (prefix != NULL)
    {
      append (self, prefix);
      append (self, ":");
    }
  append (self, name);
  append (self, "='");
  ibb_xml_append_escaped (self->xml, value, length, TRUE);
  append (self, "'");
}

static void
end_tag (IBBStanzaReader *self)
{
  if (self->xml_in_tag)
    append (self, ">");

  self->xml_in_tag = FALSE;
}

static gboolean
is_declared (const char     *prefix,
             int             n_namespaces,
             const xmlChar **namespaces,
             int             n_attributes,
             const xmlChar **attributes)
{
  for (int i = 0; i < n_namespaces; i++)
    {
      if (g_strcmp0 ((const char *) namespaces[2 * i], prefix) == 0)
        return TRUE;
    }

  for (int i = 0; i < n_attributes; i++)
    {
      if (g_strcmp0 (ATTRIBUTE_PREFIX (attributes + ATTRIBUTE_FIELDS * i), prefix) == 0)
        return TRUE;
    }

  return FALSE;
}

/* All declarations of prefixes are kept, as text may refer to them. */
static void
append_attributes (IBBStanzaReader *self,
                   int              n_namespaces,
                   const xmlChar  **namespaces,
                   int              n_attributes,
                   const xmlChar  **attributes,
                   gboolean         is_stanza)
{
  for (int i = 0; i < n_namespaces; i++)
    {
      const char *prefix = (const char *) namespaces[2 * i];
      const char *uri = (const char *) namespaces[2 * i + 1];

      if (prefix != NULL && uri != NULL)
        append_attribute (self, "xmlns", prefix, uri, strlen (uri));
    }

  /* One may have been declared outside of the stanza. */
  for (int i = 0; i < n_attributes; i++)
    {
      const xmlChar **attribute = attributes + ATTRIBUTE_FIELDS * i;
      const char     *prefix = ATTRIBUTE_PREFIX (attribute);
      const char     *uri = ATTRIBUTE_URI (attribute);

      if (prefix != NULL && strcmp (prefix, "xml") != 0 &&
          !is_declared (prefix, n_namespaces, namespaces, i, attributes))
        append_attribute (self, "xmlns", prefix, uri, strlen (uri));
    }

  for (int i = 0; i < n_attributes; i++)
    {
      const xmlChar **attribute = attributes + ATTRIBUTE_FIELDS * i;
      const char     *prefix = ATTRIBUTE_PREFIX (attribute);
      const char     *name = ATTRIBUTE_NAME (attribute);

      if (prefix == NULL && is_stanza &&
          (strcmp (name, "type") == 0 || strcmp (name, "id") == 0 || strcmp (name, "from") == 0 ||
           strcmp (name, "to") == 0))
        continue;

      append_attribute (self, prefix, name, ATTRIBUTE_VALUE (attribute),
                        ATTRIBUTE_LENGTH (attribute));
    }
}

/* A prefix without a declaration is an error from which libxml2 recovers. */
static gboolean
has_undeclared_prefix (const xmlChar  *local_name,
                       const xmlChar  *prefix,
                       const xmlChar  *uri,
                       int             n_attributes,
                       const xmlChar **attributes)
{
  if ((prefix != NULL && uri == NULL) || strchr ((const char *) local_name, ':') != NULL)
    return TRUE;

  for (int i = 0; i < n_attributes; i++, attributes += ATTRIBUTE_FIELDS)
    {
      if ((ATTRIBUTE_PREFIX (attributes) != NULL && ATTRIBUTE_URI (attributes) == NULL) ||
          strchr (ATTRIBUTE_NAME (attributes), ':') != NULL)
        return TRUE;
    }

  return FALSE;
}

static void
start_stanza (IBBStanzaReader *self,
              const xmlChar   *local_name,
              const xmlChar   *uri,
              int              n_attributes,
              const xmlChar  **attributes)
{
  IBBStanzaName name;
  IBBPayload    payload = IBB_PAYLOAD_OTHER;

  self->failed = FALSE;
  self->place = PLACE_ELSEWHERE;
  self->n_children = 0;
  self->has_ibb = self->has_error = self->has_condition = self->has_type = self->has_text = FALSE;
  g_byte_array_set_size (self->xml, 0);
  self->xml_in_tag = FALSE;

  if (!is_stanza_namespace (uri))
    return;
  if (equal (local_name, "iq"))
    name = IBB_STANZA_IQ;
  else if (equal (local_name, "message"))
    name = IBB_STANZA_MESSAGE;
  else if (equal (local_name, "presence"))
    name = IBB_STANZA_PRESENCE;
  else
    return;

  self->stanza = ibb_stanza_record_new (name, NULL, payload, NULL, NULL);
  self->stanza->kind = dup_attribute (attributes, n_attributes, "type", NULL);
  self->stanza->id = dup_attribute (attributes, n_attributes, "id", NULL);
  self->stanza->from = dup_attribute (attributes, n_attributes, "from", NULL);
  self->stanza->to = dup_attribute (attributes, n_attributes, "to", NULL);

  if (ibb_stanza_record_is_kind (self->stanza, "error"))
    self->stanza->payload = IBB_PAYLOAD_ERROR;
  else if (name == IBB_STANZA_IQ && ibb_stanza_record_is_kind (self->stanza, "result"))
    self->stanza->payload = IBB_PAYLOAD_RESULT;
}

static void
start_ibb (IBBStanzaReader *self, IBBPayload payload, int n_attributes, const xmlChar **attributes)
{
  IBBStanza       *stanza = self->stanza;
  g_autofree char *value = NULL;

  stanza->payload = payload;
  if (payload == IBB_PAYLOAD_UNKNOWN)
    return;

  g_free (stanza->sid);
  stanza->sid = dup_attribute (attributes, n_attributes, "sid", NULL);

  if (payload == IBB_PAYLOAD_OPEN)
    {
      g_autofree char *carrier = dup_attribute (attributes, n_attributes, "stanza", NULL);

      value = dup_attribute (attributes, n_attributes, "block-size", NULL);
      stanza->block_size_valid = ibb_stanza_parse_block_size (value, &stanza->block_size);
      stanza->carrier_valid = ibb_stanza_parse_carrier (carrier, &stanza->carrier);
    }
  else if (payload == IBB_PAYLOAD_CLOSE)
    {
      value = dup_attribute (attributes, n_attributes, "unclean", IBB_FEATURE_NAMESPACE);
      stanza->unclean = g_strcmp0 (value, "true") == 0 || g_strcmp0 (value, "1") == 0;
    }
  else
    {
      value = dup_attribute (attributes, n_attributes, "seq", NULL);
      stanza->seq_valid = ibb_stanza_parse_seq (value, &stanza->seq);
      self->place = PLACE_DATA;
      self->decoder = (IBBBase64Decoder) IBB_BASE64_DECODER_INIT;
      self->block_length = 0;
    }
}

/* An element in a stanza that asks or tells: what it is to us. */
static void
start_request_child (IBBStanzaReader *self,
                     const xmlChar   *local_name,
                     const xmlChar   *uri,
                     int              n_attributes,
                     const xmlChar  **attributes)
{
  IBBStanza *stanza = self->stanza;

  if (equal (uri, IBB_NAMESPACE))
    {
      gboolean   is_message = stanza->name == IBB_STANZA_MESSAGE;
      IBBPayload payload = IBB_PAYLOAD_UNKNOWN;

      /* Only normal messages count (D-34), and only IQs open and close. */
      if (is_message && stanza->kind != NULL && strcmp (stanza->kind, "normal") != 0)
        return;

      self->has_ibb = TRUE;
      if (equal (local_name, "data"))
        payload = IBB_PAYLOAD_DATA;
      else if (is_message)
        payload = IBB_PAYLOAD_UNKNOWN;
      else if (equal (local_name, "open"))
        payload = IBB_PAYLOAD_OPEN;
      else if (equal (local_name, "close"))
        payload = IBB_PAYLOAD_CLOSE;

      /* The first counts; an IQ with several is sorted out when it ends. */
      if (stanza->payload == IBB_PAYLOAD_OTHER ||
          (stanza->payload == IBB_PAYLOAD_UNKNOWN && is_message))
        start_ibb (self, payload, n_attributes, attributes);
      else if (payload == IBB_PAYLOAD_DATA)
        self->place = PLACE_ECHO;
    }
  else if (ibb_stanza_record_is_kind (stanza, "get") && stanza->payload == IBB_PAYLOAD_OTHER)
    {
      if (equal (uri, IBB_PING_NAMESPACE) && equal (local_name, "ping"))
        {
          stanza->payload = IBB_PAYLOAD_PING;
        }
      else if (equal (uri, IBB_DISCO_INFO_NAMESPACE) && equal (local_name, "query"))
        {
          g_autofree char *node = dup_attribute (attributes, n_attributes, "node", NULL);

          if (node == NULL)
            stanza->payload = IBB_PAYLOAD_DISCO_QUERY;
        }
    }
}

static void
start_child (IBBStanzaReader *self,
             const xmlChar   *local_name,
             const xmlChar   *uri,
             int              n_attributes,
             const xmlChar  **attributes)
{
  IBBStanza *stanza = self->stanza;

  self->n_children++;

  if (stanza->payload == IBB_PAYLOAD_ERROR || stanza->payload == IBB_PAYLOAD_RESULT ||
      stanza->payload == IBB_PAYLOAD_DISCO_INFO)
    {
      /* Whatever it echoes is not decoded (D-36). */
      if (equal (uri, IBB_NAMESPACE) && equal (local_name, "data"))
        {
          self->place = PLACE_ECHO;
        }
      else if (stanza->payload == IBB_PAYLOAD_ERROR && !self->has_error &&
               equal (local_name, "error") && is_stanza_namespace (uri))
        {
          g_autofree char *type = dup_attribute (attributes, n_attributes, "type", NULL);

          self->has_error = TRUE;
          self->has_type = ibb_error_type_from_string (type, &stanza->error_type);
          self->place = PLACE_ERROR;
        }
      else if (stanza->payload == IBB_PAYLOAD_RESULT && equal (uri, IBB_DISCO_INFO_NAMESPACE) &&
               equal (local_name, "query"))
        {
          stanza->payload = IBB_PAYLOAD_DISCO_INFO;
          self->features = g_ptr_array_new_with_free_func (g_free);
          self->identities = g_ptr_array_new_with_free_func (g_free);
          self->place = PLACE_DISCO;
        }
    }
  else if (stanza->name == IBB_STANZA_MESSAGE ||
           (stanza->name == IBB_STANZA_IQ && (ibb_stanza_record_is_kind (stanza, "set") ||
                                              ibb_stanza_record_is_kind (stanza, "get"))))
    {
      start_request_child (self, local_name, uri, n_attributes, attributes);
    }
}

static void
start_grandchild (IBBStanzaReader *self,
                  const xmlChar   *local_name,
                  const xmlChar   *uri,
                  int              n_attributes,
                  const xmlChar  **attributes)
{
  IBBStanza *stanza = self->stanza;

  if (self->place == PLACE_DATA)
    {
      stanza->has_child = TRUE;
    }
  else if (self->place == PLACE_ERROR && equal (uri, ERROR_NAMESPACE))
    {
      if (equal (local_name, "text"))
        {
          if (!self->has_text)
            {
              self->has_text = TRUE;
              self->place = PLACE_ERROR_TEXT;
              g_string_truncate (self->text, 0);
            }
        }
      else if (!self->has_condition)
        {
          self->has_condition =
              ibb_condition_from_string ((const char *) local_name, &stanza->condition);
        }
    }
  else if (self->place == PLACE_DISCO && equal (uri, IBB_DISCO_INFO_NAMESPACE))
    {
      if (equal (local_name, "feature"))
        {
          char *var = dup_attribute (attributes, n_attributes, "var", NULL);

          if (var != NULL)
            g_ptr_array_add (self->features, var);
        }
      else if (equal (local_name, "identity"))
        {
          g_autofree char *category = dup_attribute (attributes, n_attributes, "category", NULL);
          g_autofree char *type = dup_attribute (attributes, n_attributes, "type", NULL);
          g_autofree char *name = dup_attribute (attributes, n_attributes, "name", NULL);

          if (category != NULL && type != NULL)
            g_ptr_array_add (self->identities,
                             g_strdup_printf ("%s/%s/%s", category, type, name ? name : ""));
        }
    }
}

void
ibb_stanza_reader_start (IBBStanzaReader *self,
                         const xmlChar   *local_name,
                         const xmlChar   *prefix,
                         const xmlChar   *uri,
                         int              n_namespaces,
                         const xmlChar  **namespaces,
                         int              n_attributes,
                         const xmlChar  **attributes)
{
  guint depth = self->depth++;

  if (depth == 0)
    start_stanza (self, local_name, uri, n_attributes, attributes);

  if (self->stanza == NULL)
    return;

  if (depth >= IBB_STANZA_MAX_DEPTH ||
      has_undeclared_prefix (local_name, prefix, uri, n_attributes, attributes))
    {
      fail (self);
      return;
    }

  self->levels[depth].name = local_name;
  self->levels[depth].uri = uri;

  if (depth == 1)
    start_child (self, local_name, uri, n_attributes, attributes);
  else if (depth == 2)
    start_grandchild (self, local_name, uri, n_attributes, attributes);

  if (depth > 0)
    {
      end_tag (self);
      append (self, "<");
      append (self, (const char *) local_name);
      if (!is_same_namespace (uri, self->levels[depth - 1].uri))
        {
          const char *value = uri != NULL ? (const char *) uri : "";

          append_attribute (self, NULL, "xmlns", value, strlen (value));
        }
    }

  append_attributes (self, n_namespaces, namespaces, n_attributes, attributes, depth == 0);
  self->xml_in_tag = TRUE;

  /* The end tag of a stanza is not kept with the rest: the writer adds it. */
  if (depth == 0)
    end_tag (self);

  if (self->xml->len > IBB_STANZA_MAX_LENGTH)
    fail (self);
}

static void
decode (IBBStanzaReader *self, const char *text, gsize length)
{
  IBBStanza *stanza = self->stanza;
  gsize      room;

  stanza->text_length += length;

  if (stanza->text_length > IBB_STANZA_MAX_BLOCK_TEXT)
    self->decoder.status = IBB_BASE64_INVALID;
  if (self->decoder.status == IBB_BASE64_INVALID)
    return;

  room = self->block_length + length / 4 * 3 + 3;
  if (room > self->block->len)
    g_byte_array_set_size (self->block, (guint) MAX (room, 2 * (gsize) self->block->len));

  self->block_length += ibb_base64_decoder_feed (&self->decoder, text, length,
                                                 self->block->data + self->block_length);
}

void
ibb_stanza_reader_characters (IBBStanzaReader *self, const xmlChar *text, int length)
{
  if (self->stanza == NULL || length <= 0)
    return;

  if (self->place == PLACE_DATA)
    {
      /* The text of a child is not the block's; has_child says enough. */
      if (self->depth == 2)
        decode (self, (const char *) text, (gsize) length);
      return;
    }

  if (self->place == PLACE_ECHO)
    return;

  if (self->place == PLACE_ERROR_TEXT && self->depth == 3 && self->text->len < TEXT_GATHERED)
    g_string_append_len (self->text, (const char *) text,
                         MIN (length, (int) (TEXT_GATHERED - self->text->len)));

  end_tag (self);
  ibb_xml_append_escaped (self->xml, (const char *) text, (gsize) length, FALSE);

  if (self->xml->len > IBB_STANZA_MAX_LENGTH)
    fail (self);
}

static void
end_block (IBBStanzaReader *self)
{
  IBBStanza *stanza = self->stanza;

  stanza->base64 = ibb_base64_decoder_finish (&self->decoder);
  if (stanza->base64 != IBB_BASE64_INVALID)
    stanza->bytes = g_bytes_new (self->block->data, self->block_length);
}

static char **
steal_strings (GPtrArray **array)
{
  g_ptr_array_add (*array, NULL);

  return (char **) g_ptr_array_free (g_steal_pointer (array), FALSE);
}

static IBBStanza *
end_stanza (IBBStanzaReader *self)
{
  IBBStanza *stanza = g_steal_pointer (&self->stanza);
  gboolean   keep = TRUE;

  /* RFC 6120 §8.2.3: an IQ that asks has exactly one child. One with more is
   * none of the things that we know, so that nobody takes half of it. */
  if (stanza->name == IBB_STANZA_IQ && self->n_children > 1)
    {
      if (self->has_ibb)
        stanza->payload = IBB_PAYLOAD_UNKNOWN;
      else if (stanza->payload == IBB_PAYLOAD_DISCO_QUERY || stanza->payload == IBB_PAYLOAD_PING)
        stanza->payload = IBB_PAYLOAD_OTHER;
    }

  switch (stanza->payload)
    {
    case IBB_PAYLOAD_OPEN:
    case IBB_PAYLOAD_DATA:
    case IBB_PAYLOAD_CLOSE:
    case IBB_PAYLOAD_PING:
    case IBB_PAYLOAD_DISCO_QUERY:
      keep = FALSE;
      break;
    case IBB_PAYLOAD_RESULT:
      keep = self->n_children > 0;
      break;
    case IBB_PAYLOAD_DISCO_INFO:
      stanza->features = steal_strings (&self->features);
      stanza->identities = steal_strings (&self->identities);
      break;
    case IBB_PAYLOAD_ERROR:
      if (!self->has_type)
        stanza->error_type = ibb_condition_get_default_type (stanza->condition);
      if (self->has_text)
        stanza->text = ibb_error_text_dup (self->text->str);
      break;
    case IBB_PAYLOAD_UNKNOWN:
      g_clear_pointer (&stanza->bytes, g_bytes_unref);
      break;
    case IBB_PAYLOAD_OTHER:
    default:
      break;
    }

  if (keep)
    stanza->xml = g_bytes_new (self->xml->data, self->xml->len);

  return stanza;
}

IBBStanza *
ibb_stanza_reader_end (IBBStanzaReader *self)
{
  guint depth;

  g_assert (self->depth > 0);
  depth = --self->depth;

  if (self->stanza == NULL)
    return NULL;

  if (depth == 0)
    return end_stanza (self);

  if (self->xml_in_tag)
    {
      append (self, "/>");
      self->xml_in_tag = FALSE;
    }
  else
    {
      append (self, "</");
      append (self, (const char *) self->levels[depth].name);
      append (self, ">");
    }

  if (depth == 1)
    {
      if (self->place == PLACE_DATA)
        end_block (self);
      self->place = PLACE_ELSEWHERE;
    }
  else if (depth == 2 && self->place == PLACE_ERROR_TEXT)
    {
      self->place = PLACE_ERROR;
    }

  return NULL;
}
