/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/stream/parser.h"

#include <string.h>

#include "base/intl.h"
#include "ibb-error.h"
#include "stanza/sax.h"
#include "stanza/tree.h"
#include "xmpp/stream/stream-namespaces.h"
#include "xmpp/stream/stream-xml.h"

/* libxml2 keeps each name that it has seen for as long as its context lives, and peers can invent
 * names. So the context is replaced between two stanzas when the names have this many bytes. */
#define MAX_DICTIONARY (1024 * 1024)

/* Elements in a tree, the outermost included. An element of four bytes of XML takes eighty times as
 * much memory. */
#define MAX_ELEMENTS 1000

typedef struct
{
  IBBParserEvent event;
  IBBElement    *element; /* (nullable) (owned) */
  IBBStanza     *stanza;  /* (nullable) (owned) */
} Item;

static void G_GNUC_PRINTF (3, 4)
    refuse (IBBParser *self, const char *condition, const char *format, ...)
{
  va_list arguments;

  if (self->error != NULL)
    return;

  va_start (arguments, format);
  self->error = g_error_new_valist (IBB_ERROR, IBB_ERROR_PROTOCOL, format, arguments);
  va_end (arguments);
  self->condition = condition;
  ibb_sax_stop (&self->sax);
}

static void
push (IBBParser *self, IBBParserEvent event, IBBElement *element, IBBStanza *stanza)
{
  Item *item = g_new (Item, 1);

  item->event = event;
  item->element = element;
  item->stanza = stanza;
  g_queue_push_tail (&self->items, item);
}

static void
item_free (gpointer data)
{
  Item *item = data;

  g_clear_pointer (&item->element, ibb_element_unref);
  g_clear_pointer (&item->stanza, ibb_stanza_unref);
  g_free (item);
}

static void
start_header (IBBParser *self, const IBBSaxElement *start)
{
  if (self->replaying)
    return;
  if (strcmp (start->name, "stream") != 0 || g_strcmp0 (start->uri, IBB_STREAM_NAMESPACE) != 0)
    {
      refuse (self, "invalid-namespace", _ ("The server does not speak XMPP"));
      return;
    }

  self->header = ibb_stream_xml_dup_declarations (start->prefix, start->n_namespaces,
                                                  (const char **) start->namespaces);
  push (self, IBB_PARSER_HEADER, ibb_tree_add (start, NULL), NULL);
}

static gboolean
is_stanza (const IBBSaxElement *start)
{
  return (g_strcmp0 (start->uri, IBB_CLIENT_NAMESPACE) == 0 ||
          g_strcmp0 (start->uri, IBB_COMPONENT_NAMESPACE) == 0) &&
         (strcmp (start->name, "iq") == 0 || strcmp (start->name, "message") == 0 ||
          strcmp (start->name, "presence") == 0);
}

static gboolean
has_value (const xmlChar **attribute, const char *name, const char *value)
{
  gsize length = (gsize) (attribute[4] - attribute[3]);

  return attribute[1] == NULL && strcmp ((const char *) attribute[0], name) == 0 &&
         length == strlen (value) && memcmp (attribute[3], value, length) == 0;
}

static gboolean
is_awaited (IBBParser *self, const IBBSaxElement *start)
{
  const xmlChar **attributes = start->attributes;
  gboolean        is_answer = FALSE, has_id = FALSE;

  if (self->awaited == NULL)
    return FALSE;
  for (int i = 0; i < start->n_attributes; i++, attributes += IBB_SAX_ATTRIBUTE_FIELDS)
    {
      is_answer |=
          has_value (attributes, "type", "result") || has_value (attributes, "type", "error");
      has_id |= has_value (attributes, "id", self->awaited);
    }
  return is_answer && has_id;
}

static void
start_element_cb (void *user_data, const IBBSaxElement *start)
{
  IBBParser *self = user_data;

  if (self->error != NULL)
    return;

  self->depth++;
  if (self->depth == 1)
    {
      start_header (self, start);
      self->base = ibb_sax_get_position (&self->sax) + strlen (">");
      return;
    }
  if (!ibb_sax_has_namespaces (&self->sax))
    {
      refuse (self, "not-well-formed", _ ("An element uses an undeclared prefix"));
      return;
    }
  if (self->depth > IBB_STANZA_MAX_DEPTH + 1)
    {
      refuse (self, "policy-violation", _ ("A stanza is nested more than %d deep"),
              IBB_STANZA_MAX_DEPTH);
      return;
    }

  if (self->depth == 2 && start->uri == NULL)
    {
      refuse (self, "invalid-namespace",
              _ ("The server sent a stanza or another element without a namespace, such as "
                 "“jabber:client”"));
      return;
    }

  if (self->depth == 2)
    self->in_stanza = self->expects_stanzas && is_stanza (start) && !is_awaited (self, start);
  if (self->in_stanza)
    {
      ibb_stanza_reader_start (self->reader, start);
    }
  else if (self->depth > 2 && self->n_elements == MAX_ELEMENTS)
    {
      refuse (self, "policy-violation", _ ("An element has more than %d others in it"),
              MAX_ELEMENTS - 1);
    }
  else
    {
      self->n_elements = self->depth == 2 ? 1 : self->n_elements + 1;
      self->tree = ibb_tree_add (start, self->tree);
    }
}

static void
end_element_cb (void *user_data)
{
  IBBParser *self = user_data;

  if (self->error != NULL)
    return;

  self->depth--;
  if (self->depth == 0)
    {
      self->ended = TRUE;
      self->base = ibb_sax_get_position (&self->sax);
      push (self, IBB_PARSER_END, NULL, NULL);
      return;
    }

  if (self->depth == 1)
    {
      gsize position = ibb_sax_get_position (&self->sax);

      if (position - self->base > IBB_STANZA_MAX_LENGTH)
        {
          refuse (self, "policy-violation", _ ("A stanza is longer than %d bytes"),
                  IBB_STANZA_MAX_LENGTH);
          return;
        }
      self->base = position;
    }

  if (self->in_stanza)
    {
      IBBStanza *stanza = ibb_stanza_reader_end (self->reader);

      if (stanza != NULL)
        push (self, IBB_PARSER_STANZA, NULL, stanza);
      else if (self->depth == 1)
        push (self, IBB_PARSER_DROPPED, NULL, NULL);
      if (self->depth == 1)
        self->in_stanza = FALSE;
    }
  else
    {
      IBBElement *element = self->tree;

      self->tree = element->parent;
      if (self->depth == 1)
        push (self, IBB_PARSER_ELEMENT, element, NULL);
    }
}

static void
characters_cb (void *user_data, const xmlChar *text, int length)
{
  IBBParser *self = user_data;

  if (self->error != NULL)
    return;

  if (self->in_stanza)
    {
      ibb_stanza_reader_characters (self->reader, text, length);
    }
  else if (self->tree != NULL)
    {
      g_string_append_len (self->tree->text, (const char *) text, length);
    }
  else
    {
      for (int i = 0; i < length; i++)
        if (!g_ascii_isspace (text[i]))
          {
            refuse (self, "bad-format", _ ("The server sent text between stanzas"));
            return;
          }
      /* White space keeps the connection alive (RFC 6120 §4.6.1). */
      self->base = ibb_sax_get_position (&self->sax);
    }
}

static void
restricted_cb (void *data, IBBSaxRestriction what)
{
  static const char *const messages[] = {
    [IBB_SAX_DOCUMENT_TYPE] = N_ ("A document type declaration is not allowed in XMPP"),
    [IBB_SAX_ENTITY] = N_ ("An entity reference is not allowed in XMPP"),
    [IBB_SAX_COMMENT] = N_ ("A comment is not allowed in XMPP"),
    [IBB_SAX_PROCESSING_INSTRUCTION] = N_ ("A processing instruction is not allowed in XMPP"),
  };

  refuse (data, "restricted-xml", "%s", _ (messages[what]));
}

static const IBBSaxHandler sax_handler = {
  .start = start_element_cb,
  .end = end_element_cb,
  .characters = characters_cb,
  .restricted = restricted_cb,
};

static void
create_context (IBBParser *self)
{
  ibb_sax_init (&self->sax, &sax_handler);
  self->reader = ibb_stanza_reader_new ();
  self->fed = 0;
  self->base = 0;
}

static void
clear_context (IBBParser *self)
{
  ibb_sax_clear (&self->sax);
  g_clear_pointer (&self->reader, ibb_stanza_reader_free);
  while (self->tree != NULL && self->tree->parent != NULL)
    self->tree = self->tree->parent;
  g_clear_pointer (&self->tree, ibb_element_unref);
}

static void
feed_context (IBBParser *self, const char *data, gsize length)
{
  g_autofree char *complaint = NULL;
  int              line, column;
  gsize            position;

  self->fed += length;
  if (ibb_sax_feed (&self->sax, data, length, FALSE) || self->error != NULL)
    return;

  complaint = ibb_sax_dup_complaint (&self->sax, &line, &column);
  position = ibb_sax_get_position (&self->sax);
  refuse (self, "not-well-formed",
          _ ("The XML is not well-formed, %zu bytes after the last stanza: %s"),
          position - MIN (self->base, position), complaint != NULL ? complaint : "?");
}

/* Makes a new context with the state that the old one had at self->base. tail: the bytes that have
 * come since. */
static void
replace_context (IBBParser *self, const char *tail, gsize length)
{
  clear_context (self);
  self->in_stanza = FALSE;
  self->depth = 0;

  create_context (self);
  self->replaying = TRUE;
  feed_context (self, self->header, strlen (self->header));
  self->replaying = FALSE;
  self->base = self->fed;
  feed_context (self, tail, length);
}

/* UTF-16, UTF-32 and EBCDIC are told from UTF-8 by their first two bytes, as
 * libxml2 would do. */
static gboolean
check_first_bytes (IBBParser *self, const char *data, gsize length)
{
  while (self->n_first < G_N_ELEMENTS (self->first) && length-- > 0)
    {
      guint8 byte = (guint8) *data++;

      if (self->n_first == 0 ? byte != '<' && byte != 0xef && !g_ascii_isspace (byte) : byte == 0)
        {
          refuse (self, "unsupported-encoding", _ ("The server does not speak XMPP"));
          return FALSE;
        }
      self->first[self->n_first++] = byte;
    }

  return TRUE;
}

IBBParser *
ibb_parser_new (void)
{
  IBBParser *self = g_new0 (IBBParser, 1);

  g_queue_init (&self->items);
  create_context (self);

  return self;
}

void
ibb_parser_free (IBBParser *self)
{
  clear_context (self);
  g_queue_clear_full (&self->items, item_free);
  g_free (self->header);
  g_clear_error (&self->error);
  g_free (self);
}

/* libxml2 keeps text until it has seen what follows. */
static void
count_space (IBBParser *self, const char *data, gsize length)
{
  gsize n = 0;

  while (n < length && g_ascii_isspace (data[length - n - 1]))
    n++;
  self->n_space = n == length ? self->n_space + n : n;
}

gboolean
ibb_parser_feed (IBBParser *self, const char *data, gsize length, GError **error)
{
  if (self->error == NULL && !self->ended && check_first_bytes (self, data, length))
    {
      feed_context (self, data, length);
      count_space (self, data, length);

      if (self->error == NULL && self->fed - self->base > IBB_STANZA_MAX_LENGTH)
        refuse (self, "policy-violation", _ ("A stanza is longer than %d bytes"),
                IBB_STANZA_MAX_LENGTH);
      if (self->error == NULL && self->header != NULL && !self->ended &&
          self->fed - self->base <= length && ibb_sax_get_names_size (&self->sax) > MAX_DICTIONARY)
        {
          gsize tail = self->fed - self->base;

          replace_context (self, data + length - tail, tail);
        }
    }

  if (self->error != NULL)
    {
      g_propagate_error (error, g_error_copy (self->error));
      return FALSE;
    }
  return TRUE;
}

void
ibb_parser_forget (IBBParser *self)
{
  ibb_sax_forget (&self->sax);
}

IBBParserEvent
ibb_parser_take (IBBParser *self, IBBElement **element, IBBStanza **stanza)
{
  Item          *item = g_queue_pop_head (&self->items);
  IBBParserEvent event;

  *element = NULL;
  *stanza = NULL;
  if (item == NULL)
    return IBB_PARSER_NOTHING;

  event = item->event;
  *element = item->element;
  *stanza = item->stanza;
  g_free (item);
  return event;
}

gboolean
ibb_parser_has_leftover (IBBParser *self)
{
  return !g_queue_is_empty (&self->items) || self->fed != self->base || self->depth != 1;
}

gboolean
ibb_parser_is_within (IBBParser *self)
{
  return !g_queue_is_empty (&self->items) || self->fed - self->base > self->n_space ||
         self->depth != 1;
}
