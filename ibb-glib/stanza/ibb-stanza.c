/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ibb-stanza.h"

#include <string.h>

#include "base/intl.h"
#include "stanza/ibb-element-private.h"
#include "stanza/sax.h"
#include "stanza/stanza-reader.h"
#include "stanza/stanza-writer.h"

/* More than a stanza may have: the text of a data block does not count there. But a wrong argument
 * should not be parsed for minutes. */
#define MAX_XML_LENGTH (16 * 1024 * 1024)

G_DEFINE_BOXED_TYPE (IBBStanza, ibb_stanza, ibb_stanza_ref, ibb_stanza_unref)

typedef struct
{
  IBBSax           sax;
  IBBStanzaReader *reader;
  IBBStanza       *stanza; /* (owned) (nullable) */
} Parse;

static void
start_cb (void *data, const IBBSaxElement *element)
{
  Parse *parse = data;

  ibb_stanza_reader_start (parse->reader, element);

  if (ibb_stanza_reader_has_failed (parse->reader))
    ibb_sax_stop (&parse->sax);
}

static void
characters_cb (void *data, const xmlChar *text, int length)
{
  Parse *parse = data;

  ibb_stanza_reader_characters (parse->reader, text, length);

  if (ibb_stanza_reader_has_failed (parse->reader))
    ibb_sax_stop (&parse->sax);
}

static void
end_cb (void *data)
{
  Parse     *parse = data;
  IBBStanza *stanza = ibb_stanza_reader_end (parse->reader);

  if (stanza != NULL)
    parse->stanza = stanza;
}

static const IBBSaxHandler handler = {
  .start = start_cb,
  .end = end_cb,
  .characters = characters_cb,
};

static char *
dup_syntax_complaint (Parse *parse)
{
  int              line, column;
  g_autofree char *reason = ibb_sax_dup_complaint (&parse->sax, &line, &column);

  if (reason == NULL)
    return g_strdup (_ ("The stanza is not well-formed XML"));

  return g_strdup_printf (_ ("The stanza is not well-formed XML at line %d, column %d: %s"), line,
                          column, reason);
}

/* (nullable): NULL if nothing is wrong with the stanza. */
static char *
dup_complaint (Parse *parse, gboolean is_well_formed)
{
  if (ibb_sax_is_restricted (&parse->sax))
    return g_strdup (
        _ ("The stanza has a comment, an entity or another construct that XMPP forbids"));
  if (ibb_stanza_reader_has_failed (parse->reader))
    return g_strdup (_ ("The stanza is too large, nested too deeply or uses an undeclared prefix"));
  if (!is_well_formed)
    return dup_syntax_complaint (parse);
  if (parse->stanza == NULL)
    return g_strdup (_ ("The XML is not an XMPP stanza: neither iq, message nor presence"));

  return NULL;
}

static gboolean
check_text (const char *xml, gsize length, GError **error)
{
  if (length > MAX_XML_LENGTH)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                           _ ("The stanza is too large"));
      return FALSE;
    }
  if (!g_utf8_validate_len (xml, length, NULL))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                           _ ("The stanza is not valid UTF-8"));
      return FALSE;
    }

  return TRUE;
}

/**
 * ibb_stanza_new_from_xml:
 * @xml: one stanza as XML, UTF-8
 * @length: its length in bytes, or -1 if it ends with a NUL
 * @error: return location for an error
 *
 * Reads a stanza: an `iq`, `message` or `presence` element in the namespace
 * `jabber:client`, `jabber:server`, `jabber:component:accept` or none.
 *
 * This is how an implementation of [iface@IBB.Connection] makes the stanzas that
 * it passes to [method@IBB.Connection.receive].
 *
 * The restrictions of RFC 6120 §11.1 hold: no document type declaration,
 * comment, processing instruction or entity but the predefined ones. Elements
 * may be nested 32 deep; a stanza may have 256 KiB, apart from its data block.
 *
 * XML that breaks one of these rules fails with %G_IO_ERROR_INVALID_DATA.
 *
 * It can be called from any thread.
 *
 * Returns: (transfer full): the stanza, or %NULL with @error set
 * Since: 1.0
 */
IBBStanza *
ibb_stanza_new_from_xml (const char *xml, gssize length, GError **error)
{
  Parse                 parse = { .stanza = NULL };
  g_autoptr (IBBStanza) stanza = NULL;
  g_autofree char      *complaint = NULL;
  gboolean              is_well_formed;

  g_return_val_if_fail (xml != NULL, NULL);
  g_return_val_if_fail (length >= -1, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (length == -1)
    length = (gssize) strlen (xml);
  if (!check_text (xml, (gsize) length, error))
    return NULL;

  ibb_sax_init (&parse.sax, &handler);
  parse.reader = ibb_stanza_reader_new ();
  is_well_formed = ibb_sax_feed (&parse.sax, xml, (gsize) length, TRUE);
  stanza = parse.stanza;
  complaint = dup_complaint (&parse, is_well_formed);
  ibb_stanza_reader_free (parse.reader);
  ibb_sax_clear (&parse.sax);

  if (complaint == NULL)
    return g_steal_pointer (&stanza);

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, complaint);
  return NULL;
}

/**
 * ibb_stanza_ref:
 * @self: a stanza
 *
 * Takes a reference. It can be called from any thread.
 *
 * Returns: (transfer full): @self
 * Since: 1.0
 */
IBBStanza *
ibb_stanza_ref (IBBStanza *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return ibb_stanza_record_ref (self);
}

/**
 * ibb_stanza_unref:
 * @self: (transfer full): a stanza
 *
 * Drops a reference, and frees the stanza with the last one. It can be called
 * from any thread.
 *
 * Since: 1.0
 */
void
ibb_stanza_unref (IBBStanza *self)
{
  g_return_if_fail (self != NULL);

  ibb_stanza_record_unref (self);
}

/**
 * ibb_stanza_to_xml:
 * @self: a stanza
 *
 * Writes the stanza as XML, ready to be put into an XML stream.
 *
 * The outermost element is without a declaration of its namespace: the XML stream
 * supplies it, `jabber:client` or another. Everything else declares what it
 * uses. Characters that XML forbids are replaced by U+FFFD.
 *
 * Of a stanza that was read from XML the meaning is kept, not the spelling:
 * prefixes of elements and white space inside tags may differ. A data block that
 * an error or a result echoes is left out.
 *
 * It can be called from any thread.
 *
 * Returns: (transfer full): the XML, UTF-8
 * Since: 1.0
 */
char *
ibb_stanza_to_xml (IBBStanza *self)
{
  g_autoptr (GByteArray) out = NULL;
  gsize                  size = 512;

  g_return_val_if_fail (self != NULL, NULL);

  if (self->bytes != NULL)
    size += IBB_BASE64_ENCODED_LENGTH (g_bytes_get_size (self->bytes));
  if (self->xml != NULL)
    size += g_bytes_get_size (self->xml);

  out = g_byte_array_sized_new ((guint) size);
  ibb_stanza_writer_append (self, out);
  g_byte_array_append (out, (const guint8 *) "", 1);

  return (char *) g_byte_array_free (g_steal_pointer (&out), FALSE);
}

/**
 * ibb_stanza_dup_element:
 * @self: a stanza
 *
 * Reads the stanza as a tree of elements, for a program that has no XML parser of its own.
 *
 * Each call makes a new tree. It can be called from any thread.
 *
 * Returns: (transfer full): the element of the stanza, with all that is in it
 * Since: 1.0
 */
IBBElement *
ibb_stanza_dup_element (IBBStanza *self)
{
  g_autofree char *xml = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  xml = ibb_stanza_to_xml (self);
  return ibb_element_new_of_stanza (xml);
}

/**
 * ibb_stanza_get_name:
 * @self: a stanza
 *
 * Gets the name of the element: `iq`, `message` or `presence`.
 *
 * Returns: (transfer none): the name
 * Since: 1.0
 */
const char *
ibb_stanza_get_name (IBBStanza *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  switch (self->name)
    {
    case IBB_STANZA_IQ:
      return "iq";
    case IBB_STANZA_MESSAGE:
      return "message";
    case IBB_STANZA_PRESENCE:
    default:
      return "presence";
    }
}

/**
 * ibb_stanza_get_kind:
 * @self: a stanza
 *
 * Gets the attribute `type`, such as `set`, `result`, `error` or `chat`.
 *
 * A message without it is of type `normal`.
 *
 * Returns: (transfer none) (nullable): the attribute, %NULL if there is none
 * Since: 1.0
 */
const char *
ibb_stanza_get_kind (IBBStanza *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->kind;
}

/**
 * ibb_stanza_get_id:
 * @self: a stanza
 *
 * Gets the attribute `id`, by which an answer is matched to its request.
 *
 * Returns: (transfer none) (nullable): the attribute, %NULL if there is none
 * Since: 1.0
 */
const char *
ibb_stanza_get_id (IBBStanza *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->id;
}

/**
 * ibb_stanza_get_from:
 * @self: a stanza
 *
 * Gets the attribute `from`, the JID of the sender.
 *
 * Returns: (transfer none) (nullable): the attribute, %NULL if there is none
 * Since: 1.0
 */
const char *
ibb_stanza_get_from (IBBStanza *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->from;
}

/**
 * ibb_stanza_get_to:
 * @self: a stanza
 *
 * Gets the attribute `to`, the JID of the recipient.
 *
 * Returns: (transfer none) (nullable): the attribute, %NULL if there is none
 * Since: 1.0
 */
const char *
ibb_stanza_get_to (IBBStanza *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->to;
}
