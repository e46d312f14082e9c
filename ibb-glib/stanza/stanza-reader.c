/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "stanza/stanza-reader.h"

#include <string.h>

#include "stanza/namespaces.h"
#include "stanza/xml-copy.h"

/* Bytes of an error's text that are gathered before it is shortened. */
#define TEXT_GATHERED (4 * IBB_ERROR_TEXT_MAX_LENGTH)

/* Bytes that the memory of a block may have beyond the length of the block. */
#define MAX_UNUSED 64

/* Which part of the stanza the next event belongs to, where that matters. */
typedef enum
{
  PLACE_ELSEWHERE,
  PLACE_DATA,       /* in the block */
  PLACE_ECHO,       /* in a block that an answer sends back */
  PLACE_ERROR,      /* in <error/> */
  PLACE_ERROR_TEXT, /* in its <text/> */
  PLACE_DISCO,      /* in the <query/> of a disco#info result */
  PLACE_FEATURE,    /* in an element of our feature, which is empty */
} Place;

struct _IBBStanzaReader
{
  guint      depth;  /* open elements */
  IBBStanza *stanza; /* (owned) (nullable): NULL in another element, and in a dropped stanza */
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

  IBBXmlCopy *copy;  /* (owned): the stanza as XML */
  guint8     *block; /* (owned) (nullable): decoded bytes */
  gsize       block_room;
  gsize       block_length;
  gsize       usual_room; /* the need of the block before */
  GString    *text;       /* keeps its room from stanza to stanza */
};

IBBStanzaReader *
ibb_stanza_reader_new (void)
{
  IBBStanzaReader *self = g_new0 (IBBStanzaReader, 1);

  self->copy = ibb_xml_copy_new ();
  self->text = g_string_new (NULL);

  return self;
}

static void
drop_stanza (IBBStanzaReader *self)
{
  g_clear_pointer (&self->stanza, ibb_stanza_record_unref);
  g_clear_pointer (&self->features, g_ptr_array_unref);
  g_clear_pointer (&self->identities, g_ptr_array_unref);
  g_clear_pointer (&self->block, g_free);
}

void
ibb_stanza_reader_free (IBBStanzaReader *self)
{
  drop_stanza (self);
  ibb_xml_copy_free (self->copy);
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
equal (const char *a, const char *b)
{
  return a != NULL && strcmp (a, b) == 0;
}

static gboolean
is_stanza_namespace (const char *uri)
{
  return uri == NULL || equal (uri, IBB_CLIENT_NAMESPACE) || equal (uri, IBB_SERVER_NAMESPACE) ||
         equal (uri, IBB_COMPONENT_NAMESPACE);
}

/* The attribute without a namespace (uri is NULL), or in one. */
static char *
dup_attribute (const IBBSaxElement *element, const char *name, const char *uri)
{
  const xmlChar **attributes = element->attributes;

  for (int i = 0; i < element->n_attributes; i++, attributes += IBB_SAX_ATTRIBUTE_FIELDS)
    {
      if (g_strcmp0 (IBB_SAX_ATTRIBUTE_URI (attributes), uri) == 0 &&
          strcmp (IBB_SAX_ATTRIBUTE_NAME (attributes), name) == 0)
        return g_strndup (IBB_SAX_ATTRIBUTE_VALUE (attributes),
                          IBB_SAX_ATTRIBUTE_LENGTH (attributes));
    }

  return NULL;
}

/* Removes white space around the value, as XML Schema does for all types but strings. */
static char *
dup_token (const IBBSaxElement *element, const char *name, const char *uri)
{
  char *value = dup_attribute (element, name, uri);

  return value != NULL ? g_strstrip (value) : NULL;
}

/* A prefix without a declaration is an error from which libxml2 recovers. */
static gboolean
has_undeclared_prefix (const IBBSaxElement *element)
{
  const xmlChar **attributes = element->attributes;

  if ((element->prefix != NULL && element->uri == NULL) || strchr (element->name, ':') != NULL)
    return TRUE;

  for (int i = 0; i < element->n_attributes; i++, attributes += IBB_SAX_ATTRIBUTE_FIELDS)
    {
      if ((IBB_SAX_ATTRIBUTE_PREFIX (attributes) != NULL &&
           IBB_SAX_ATTRIBUTE_URI (attributes) == NULL) ||
          strchr (IBB_SAX_ATTRIBUTE_NAME (attributes), ':') != NULL)
        return TRUE;
    }

  return FALSE;
}

static void
start_stanza (IBBStanzaReader *self, const IBBSaxElement *element)
{
  g_autofree char *kind = NULL;
  IBBStanzaName    name;
  IBBPayload       payload = IBB_PAYLOAD_OTHER;

  self->failed = FALSE;
  self->place = PLACE_ELSEWHERE;
  self->n_children = 0;
  self->has_ibb = self->has_error = self->has_condition = self->has_type = self->has_text = FALSE;
  ibb_xml_copy_reset (self->copy);

  if (!is_stanza_namespace (element->uri))
    return;
  if (equal (element->name, "iq"))
    name = IBB_STANZA_IQ;
  else if (equal (element->name, "message"))
    name = IBB_STANZA_MESSAGE;
  else if (equal (element->name, "presence"))
    name = IBB_STANZA_PRESENCE;
  else
    return;

  kind = dup_attribute (element, "type", NULL);
  self->stanza = ibb_stanza_record_new (name, kind, payload, NULL, NULL);
  self->stanza->id = dup_attribute (element, "id", NULL);
  self->stanza->from = dup_attribute (element, "from", NULL);
  self->stanza->to = dup_attribute (element, "to", NULL);

  if (ibb_stanza_record_is_kind (self->stanza, "error"))
    self->stanza->payload = IBB_PAYLOAD_ERROR;
  else if (name == IBB_STANZA_IQ && ibb_stanza_record_is_kind (self->stanza, "result"))
    self->stanza->payload = IBB_PAYLOAD_RESULT;
}

/* An xs:boolean. Anything else is FALSE. */
static gboolean
is_true (const char *value)
{
  return g_strcmp0 (value, "true") == 0 || g_strcmp0 (value, "1") == 0;
}

/* An attribute of our feature. */
static gboolean
has_mark (const IBBSaxElement *element, const char *name)
{
  g_autofree char *value = dup_token (element, name, IBB_FEATURE_NAMESPACE);

  return is_true (value);
}

/* The number in an attribute; 0 without a valid one. */
static gboolean
take_number (
    const IBBSaxElement *element, const char *name, const char *uri, guint64 max, guint64 *value)
{
  g_autofree char *text = dup_attribute (element, name, uri);

  *value = 0;
  return ibb_stanza_parse_number (text, max, value);
}

/* 1 to 65535; 0 if there is none that is valid. */
static guint
take_block_size (const IBBSaxElement *element, const char *uri)
{
  guint64 block_size;

  take_number (element, "block-size", uri, IBB_BLOCK_SIZE_MAX, &block_size);
  return (guint) block_size;
}

static void
start_room (IBBStanzaReader *self, const IBBSaxElement *element)
{
  IBBStanza *stanza = self->stanza;
  guint64    room, delay;

  stanza->tells_room = take_number (element, "room", NULL, G_MAXUINT32, &room) &&
                       take_number (element, "delay", NULL, G_MAXUINT32, &delay);
  if (stanza->tells_room)
    {
      stanza->room = (guint32) room;
      stanza->delay = (guint32) delay;
    }
  self->place = PLACE_FEATURE;
}

static void
start_position (IBBStanzaReader *self, const IBBSaxElement *element)
{
  IBBStanza       *stanza = self->stanza;
  g_autofree char *ended = dup_token (element, "ended", NULL);

  g_free (stanza->proof);
  stanza->has_ended = is_true (ended);
  stanza->proof = dup_attribute (element, "proof", NULL);
  stanza->has_position =
      take_number (element, "received", NULL, G_MAXINT64, &stanza->received) &&
      take_number (element, "acknowledged", NULL, G_MAXINT64, &stanza->acknowledged) &&
      ibb_stanza_is_hex (stanza->proof, IBB_PROOF_LENGTH);
  self->place = PLACE_FEATURE;
}

static void
start_resume (IBBStanzaReader *self, const IBBSaxElement *element)
{
  IBBStanza       *stanza = self->stanza;
  g_autofree char *unclean = dup_token (element, "unclean", NULL);
  guint64          count;

  stanza->payload = IBB_PAYLOAD_RESUME;
  stanza->unclean = is_true (unclean);
  stanza->sid = dup_token (element, "sid", NULL);
  start_position (self, element);
  stanza->has_position &= take_number (element, "count", NULL, G_MAXUINT32, &count);
  stanza->count = (guint32) count;
}

static void
start_opened (IBBStanzaReader *self, const IBBSaxElement *element)
{
  g_autofree char *resumable = dup_token (element, "resumable", NULL);

  self->stanza->is_resumable = is_true (resumable);
  self->stanza->long_block_size = take_block_size (element, NULL);
  self->place = PLACE_FEATURE;
}

/* The child of a result (D-14, D-52, D-58). */
static void
start_result_child (IBBStanzaReader *self, const IBBSaxElement *element)
{
  if (equal (element->name, "ack"))
    start_room (self, element);
  else if (equal (element->name, "resumed"))
    start_position (self, element);
  else if (equal (element->name, "opened"))
    start_opened (self, element);
}

/* The element has content, which none of these elements may have, or is not alone. */
static void
drop_feature (IBBStanza *stanza)
{
  stanza->tells_room = stanza->is_resumable = stanza->has_position = FALSE;
  stanza->long_block_size = 0;
}

static void
start_close (IBBStanza *stanza, const IBBSaxElement *element)
{
  g_autofree char *condition = dup_token (element, "condition", IBB_FEATURE_NAMESPACE);
  g_autofree char *text = dup_attribute (element, "text", IBB_FEATURE_NAMESPACE);

  stanza->unclean = has_mark (element, "unclean");
  stanza->reads = !stanza->unclean && has_mark (element, "reads");
  stanza->gives_reason =
      stanza->unclean && ibb_condition_from_string (condition, &stanza->condition);
  g_free (stanza->text);
  stanza->text = stanza->gives_reason ? ibb_condition_dup_text (text) : NULL;
  g_free (stanza->asked);
  stanza->asked = dup_token (element, "asked", IBB_FEATURE_NAMESPACE);
}

static void
start_ibb (IBBStanzaReader *self, IBBPayload payload, const IBBSaxElement *element)
{
  IBBStanza *stanza = self->stanza;
  guint64    seq;

  stanza->payload = payload;
  if (payload == IBB_PAYLOAD_UNKNOWN)
    return;

  g_free (stanza->sid);
  stanza->sid = dup_token (element, "sid", NULL);

  if (payload == IBB_PAYLOAD_OPEN)
    {
      g_autofree char *stanza_type = dup_token (element, "stanza", NULL);

      stanza->block_size = take_block_size (element, NULL);
      stanza->block_size_valid = stanza->block_size > 0;
      stanza->by_message_valid = ibb_stanza_parse_type (stanza_type, &stanza->by_message);
      stanza->long_block_size = take_block_size (element, IBB_FEATURE_NAMESPACE);
      stanza->secret = dup_attribute (element, "secret", IBB_FEATURE_NAMESPACE);
      if (!ibb_stanza_is_hex (stanza->secret, IBB_SECRET_LENGTH))
        g_clear_pointer (&stanza->secret, g_free);
    }
  else if (payload == IBB_PAYLOAD_CLOSE)
    start_close (stanza, element);
  else
    {
      stanza->seq_valid = take_number (element, "seq", NULL, G_MAXUINT16, &seq);
      stanza->seq = (guint16) seq;
      stanza->asks_room = has_mark (element, "room");
      self->place = PLACE_DATA;
      self->decoder = (IBBBase64Decoder) IBB_BASE64_DECODER_INIT;
      self->block_length = self->block_room = 0;
    }
}

/* Whether the message may have a block (D-34). An unknown type is normal (RFC 6121 §5.2.2). */
static gboolean
is_normal (const IBBStanza *message)
{
  static const char *const others[] = { "chat", "groupchat", "headline", NULL };

  return message->kind == NULL || !g_strv_contains (others, message->kind);
}

/* A child of a request or of a message. */
static void
start_request_child (IBBStanzaReader *self, const IBBSaxElement *element)
{
  IBBStanza *stanza = self->stanza;

  if (equal (element->uri, IBB_NAMESPACE))
    {
      gboolean   is_message = stanza->name == IBB_STANZA_MESSAGE;
      IBBPayload payload = IBB_PAYLOAD_UNKNOWN;

      /* Only IQs open and close. */
      if (is_message && !is_normal (stanza))
        return;

      self->has_ibb = TRUE;
      if (equal (element->name, "data"))
        payload = IBB_PAYLOAD_DATA;
      else if (is_message)
        payload = IBB_PAYLOAD_UNKNOWN;
      else if (equal (element->name, "open"))
        payload = IBB_PAYLOAD_OPEN;
      else if (equal (element->name, "close"))
        payload = IBB_PAYLOAD_CLOSE;

      /* The first child counts. The end of an IQ with several children sorts that out. */
      if (stanza->payload == IBB_PAYLOAD_OTHER ||
          (stanza->payload == IBB_PAYLOAD_UNKNOWN && is_message))
        start_ibb (self, payload, element);
      else if (payload == IBB_PAYLOAD_DATA)
        self->place = PLACE_ECHO;
    }
  else if (equal (element->uri, IBB_FEATURE_NAMESPACE) && equal (element->name, "resume") &&
           stanza->name == IBB_STANZA_IQ && ibb_stanza_record_is_kind (stanza, "set"))
    {
      if (stanza->payload == IBB_PAYLOAD_OTHER)
        start_resume (self, element);
    }
  else if (ibb_stanza_record_is_kind (stanza, "get") && stanza->payload == IBB_PAYLOAD_OTHER)
    {
      if (equal (element->uri, IBB_PING_NAMESPACE) && equal (element->name, "ping"))
        {
          stanza->payload = IBB_PAYLOAD_PING;
        }
      else if (equal (element->uri, IBB_DISCO_INFO_NAMESPACE) && equal (element->name, "query"))
        {
          stanza->payload = IBB_PAYLOAD_DISCO_QUERY;
          stanza->node = dup_attribute (element, "node", NULL);
        }
      else if (equal (element->uri, IBB_VERSION_NAMESPACE) && equal (element->name, "query"))
        stanza->payload = IBB_PAYLOAD_VERSION;
    }
}

static void
start_child (IBBStanzaReader *self, const IBBSaxElement *element)
{
  IBBStanza *stanza = self->stanza;

  self->n_children++;

  if (stanza->payload == IBB_PAYLOAD_ERROR || stanza->payload == IBB_PAYLOAD_RESULT ||
      stanza->payload == IBB_PAYLOAD_DISCO_INFO)
    {
      /* A block that the answer echoes is not decoded (D-36). */
      if (equal (element->uri, IBB_NAMESPACE) && equal (element->name, "data"))
        {
          self->place = PLACE_ECHO;
        }
      else if (stanza->payload == IBB_PAYLOAD_ERROR && !self->has_error &&
               equal (element->name, "error") && is_stanza_namespace (element->uri))
        {
          g_autofree char *type = dup_attribute (element, "type", NULL);

          self->has_error = TRUE;
          self->has_type = ibb_condition_type_from_string (type, &stanza->error_type);
          self->place = PLACE_ERROR;
        }
      else if (stanza->payload == IBB_PAYLOAD_RESULT &&
               equal (element->uri, IBB_DISCO_INFO_NAMESPACE) && equal (element->name, "query"))
        {
          stanza->payload = IBB_PAYLOAD_DISCO_INFO;
          self->features = g_ptr_array_new_with_free_func (g_free);
          self->identities = g_ptr_array_new_with_free_func (g_free);
          self->place = PLACE_DISCO;
        }
      else if (stanza->payload == IBB_PAYLOAD_RESULT && equal (element->uri, IBB_FEATURE_NAMESPACE))
        start_result_child (self, element);
    }
  else if (stanza->name == IBB_STANZA_MESSAGE ||
           (stanza->name == IBB_STANZA_IQ && (ibb_stanza_record_is_kind (stanza, "set") ||
                                              ibb_stanza_record_is_kind (stanza, "get"))))
    {
      start_request_child (self, element);
    }
}

static void
start_grandchild (IBBStanzaReader *self, const IBBSaxElement *element)
{
  IBBStanza *stanza = self->stanza;

  if (self->place == PLACE_DATA)
    {
      stanza->has_child = TRUE;
    }
  else if (self->place == PLACE_FEATURE)
    {
      drop_feature (stanza);
    }
  else if (self->place == PLACE_ERROR && equal (element->uri, IBB_STANZA_ERROR_NAMESPACE))
    {
      if (equal (element->name, "text"))
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
          self->has_condition = ibb_condition_from_string (element->name, &stanza->condition);
        }
    }
  else if (self->place == PLACE_DISCO && equal (element->uri, IBB_DISCO_INFO_NAMESPACE))
    {
      if (equal (element->name, "feature"))
        {
          char *var = dup_attribute (element, "var", NULL);

          if (var != NULL)
            g_ptr_array_add (self->features, var);
        }
      else if (equal (element->name, "identity"))
        {
          g_autofree char *category = dup_attribute (element, "category", NULL);
          g_autofree char *type = dup_attribute (element, "type", NULL);
          g_autofree char *name = dup_attribute (element, "name", NULL);

          if (category != NULL && type != NULL)
            g_ptr_array_add (self->identities,
                             g_strdup_printf ("%s/%s/%s", category, type, name ? name : ""));
        }
    }
}

void
ibb_stanza_reader_start (IBBStanzaReader *self, const IBBSaxElement *element)
{
  guint depth = self->depth++;

  if (depth == 0)
    start_stanza (self, element);

  if (self->stanza == NULL)
    return;

  if (depth >= IBB_STANZA_MAX_DEPTH || has_undeclared_prefix (element))
    {
      fail (self);
      return;
    }

  if (depth == 1)
    start_child (self, element);
  else if (depth == 2)
    start_grandchild (self, element);

  ibb_xml_copy_start (self->copy, depth, element);
  if (ibb_xml_copy_get_length (self->copy) > IBB_STANZA_MAX_LENGTH)
    fail (self);
}

static void
make_room (IBBStanzaReader *self, gsize room)
{
  if (room <= self->block_room)
    return;

  self->block_room = MAX (MAX (room, self->usual_room), 2 * self->block_room);
  self->block = g_realloc (self->block, self->block_room);
}

/* Decodes into the memory that the block will have. A block is often as long as the one before:
 * then this memory is allocated once. */
static void
decode (IBBStanzaReader *self, const char *text, gsize length)
{
  IBBStanza *stanza = self->stanza;

  stanza->text_length += length;
  if (stanza->text_length > IBB_STANZA_MAX_BLOCK_TEXT)
    return;

  make_room (self, self->block_length + length / 4 * 3 + 3);
  self->block_length +=
      ibb_base64_decoder_feed (&self->decoder, text, length, self->block + self->block_length);
}

void
ibb_stanza_reader_characters (IBBStanzaReader *self, const xmlChar *text, int length)
{
  if (self->stanza == NULL || length <= 0)
    return;

  if (self->place == PLACE_DATA)
    {
      /* The text of a child is not part of the block. has_child makes the block malformed. */
      if (self->depth == 2)
        decode (self, (const char *) text, (gsize) length);
      return;
    }

  if (self->place == PLACE_ECHO)
    return;

  if (self->place == PLACE_FEATURE)
    drop_feature (self->stanza);

  if (self->place == PLACE_ERROR_TEXT && self->depth == 3 && self->text->len < TEXT_GATHERED)
    g_string_append_len (self->text, (const char *) text,
                         MIN (length, (int) (TEXT_GATHERED - self->text->len)));

  ibb_xml_copy_characters (self->copy, (const char *) text, (gsize) length);

  if (ibb_xml_copy_get_length (self->copy) > IBB_STANZA_MAX_LENGTH)
    fail (self);
}

static void
end_block (IBBStanzaReader *self)
{
  IBBStanza *stanza = self->stanza;

  stanza->base64 = stanza->text_length <= IBB_STANZA_MAX_BLOCK_TEXT
                       ? ibb_base64_decoder_finish (&self->decoder)
                       : IBB_BASE64_INVALID;
  if (stanza->base64 == IBB_BASE64_INVALID)
    {
      g_clear_pointer (&self->block, g_free);
      return;
    }

  self->usual_room = self->block_length + MAX_UNUSED / 2;
  if (self->block_room - self->block_length > MAX_UNUSED)
    self->block = g_realloc (self->block, self->block_length);
  stanza->bytes = g_bytes_new_take (g_steal_pointer (&self->block), self->block_length);
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

  /* RFC 6120 §8.2.3: a request has exactly one child. A request with more counts as an unknown one,
   * so that nobody handles half of it. */
  if (stanza->name == IBB_STANZA_IQ && self->n_children > 1)
    {
      stanza->has_child = TRUE;
      if (self->has_ibb)
        stanza->payload = IBB_PAYLOAD_UNKNOWN;
      else if (stanza->payload == IBB_PAYLOAD_DISCO_QUERY || stanza->payload == IBB_PAYLOAD_PING ||
               stanza->payload == IBB_PAYLOAD_VERSION)
        stanza->payload = IBB_PAYLOAD_OTHER;
      drop_feature (stanza);
    }

  switch (stanza->payload)
    {
    case IBB_PAYLOAD_OPEN:
    case IBB_PAYLOAD_DATA:
    case IBB_PAYLOAD_CLOSE:
    case IBB_PAYLOAD_PING:
    case IBB_PAYLOAD_VERSION:
    case IBB_PAYLOAD_RESUME:
      keep = FALSE;
      break;
    case IBB_PAYLOAD_DISCO_QUERY:
      keep = stanza->node != NULL; /* the node may be one that the application reads */
      break;
    case IBB_PAYLOAD_RESULT:
      keep = self->n_children > 0 && !stanza->tells_room && !stanza->is_resumable &&
             stanza->long_block_size == 0 && !stanza->has_position;
      break;
    case IBB_PAYLOAD_DISCO_INFO:
      stanza->features = steal_strings (&self->features);
      stanza->identities = steal_strings (&self->identities);
      break;
    case IBB_PAYLOAD_ERROR:
      if (!self->has_type)
        stanza->error_type = ibb_condition_get_default_type (stanza->condition);
      if (self->has_text)
        stanza->text = ibb_condition_dup_text (self->text->str);
      break;
    case IBB_PAYLOAD_UNKNOWN:
      g_clear_pointer (&stanza->bytes, g_bytes_unref);
      break;
    case IBB_PAYLOAD_OTHER:
    default:
      break;
    }

  if (keep)
    stanza->xml = ibb_xml_copy_dup_bytes (self->copy);

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

  ibb_xml_copy_end (self->copy, depth);

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
