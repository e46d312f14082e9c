/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Elements from text. */

#include "config.h"

#include <gio/gio.h>
#include <string.h>

#include "base/intl.h"
#include "stanza/stanza-reader.h"
#include "stanza/tree.h"

#define WRAPPER_START "<wrapper xmlns='jabber:client'>"
#define WRAPPER_END "</wrapper>"

typedef struct
{
  IBBSax      sax;
  guint       depth_left; /* levels of elements that may follow */
  gboolean    is_too_deep;
  IBBElement *root;    /* (owned) (nullable) */
  IBBElement *current; /* (nullable) */
} Parse;

static void
start_cb (void *data, const IBBSaxElement *element)
{
  Parse *parse = data;

  if (parse->depth_left == 0)
    {
      parse->is_too_deep = TRUE;
      ibb_sax_stop (&parse->sax);
      return;
    }
  parse->depth_left--;
  parse->current = ibb_tree_add (element, parse->current);
  if (parse->root == NULL)
    parse->root = parse->current;
}

static void
characters_cb (void *data, const xmlChar *text, int length)
{
  Parse *parse = data;

  g_string_append_len (parse->current->text, (const char *) text, length);
}

static void
end_cb (void *data)
{
  Parse      *parse = data;
  IBBElement *parent = parse->current->parent;

  parse->depth_left++;
  parse->current->parent = NULL;
  parse->current = parent;
}

static const IBBSaxHandler handler = {
  .start = start_cb,
  .end = end_cb,
  .characters = characters_cb,
};

static void
parse_clear (Parse *self)
{
  ibb_sax_clear (&self->sax);
  g_clear_pointer (&self->root, ibb_element_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Parse, parse_clear)

IBBElement *
ibb_element_new_of_stanza (const char *xml)
{
  g_auto (Parse) parse = { .depth_left = 1 + IBB_STANZA_MAX_DEPTH };

  ibb_sax_init (&parse.sax, &handler);
  if (!ibb_sax_feed (&parse.sax, WRAPPER_START, strlen (WRAPPER_START), FALSE) ||
      !ibb_sax_feed (&parse.sax, xml, strlen (xml), FALSE) ||
      !ibb_sax_feed (&parse.sax, WRAPPER_END, strlen (WRAPPER_END), TRUE))
    return NULL;
  if (ibb_sax_is_restricted (&parse.sax) || parse.root->children == NULL ||
      parse.root->children->len != 1)
    return NULL;
  return ibb_element_ref (g_ptr_array_index (parse.root->children, 0));
}

static void
set_complaint (Parse *parse, GError **error)
{
  int              line, column;
  g_autofree char *reason = NULL;

  if (ibb_sax_is_restricted (&parse->sax))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                         _ ("The XML has a comment, an entity or another construct that XMPP "
                            "forbids"));
  else if (parse->is_too_deep)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                         _ ("The XML is nested too deeply"));
  else if ((reason = ibb_sax_dup_complaint (&parse->sax, &line, &column)) != NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 _ ("The XML is not one well-formed element, at line %d, column %d: %s"), line,
                 column, reason);
  else
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                         _ ("The XML is not one well-formed element"));
}

/**
 * ibb_element_new_from_xml:
 * @xml: one element as XML, UTF-8
 * @length: its length in bytes, or -1 if it ends with a NUL
 * @error: return location for an error
 *
 * Reads an element, such as one that a peer has sent in the bytes of a session.
 *
 * The restrictions of RFC 6120 §11.1 hold: no document type declaration, comment, processing
 * instruction or entity but the predefined ones. Each prefix is declared in @xml. Elements may be
 * nested 32 deep, and the XML may have 256 KiB.
 *
 * XML that breaks one of these rules fails with %G_IO_ERROR_INVALID_DATA.
 *
 * It can be called from any thread.
 *
 * Returns: (transfer full): the element, or %NULL with @error set
 *
 * Since: 1.1
 */
IBBElement *
ibb_element_new_from_xml (const char *xml, gssize length, GError **error)
{
  g_auto (Parse) parse = { .depth_left = IBB_STANZA_MAX_DEPTH };
  gboolean       is_well_formed;

  g_return_val_if_fail (xml != NULL, NULL);
  g_return_val_if_fail (length >= -1, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (length == -1)
    length = (gssize) strlen (xml);
  ibb_sax_init (&parse.sax, &handler);
  /* libxml2 would read UTF-16, too, which has NULs. */
  if (length > IBB_STANZA_MAX_LENGTH || !g_utf8_validate_len (xml, (gsize) length, NULL))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                           _ ("The XML is too large, or not valid UTF-8"));
      return NULL;
    }
  is_well_formed = ibb_sax_feed (&parse.sax, xml, (gsize) length, TRUE);
  if (!is_well_formed || ibb_sax_is_restricted (&parse.sax) || parse.is_too_deep)
    {
      set_complaint (&parse, error);
      return NULL;
    }
  return g_steal_pointer (&parse.root);
}
