/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "stanza/tree.h"

#include <string.h>

#define MAX_NAMESPACE 256 /* bytes: of those that are known here none is as long */
#define WRAPPER_START "<wrapper xmlns='jabber:client'>"
#define WRAPPER_END "</wrapper>"

/* Those without a namespace. */
static char **
dup_attributes (const IBBSaxElement *start)
{
  GPtrArray      *array = g_ptr_array_new ();
  const xmlChar **attributes = start->attributes;

  for (int i = 0; i < start->n_attributes; i++, attributes += IBB_SAX_ATTRIBUTE_FIELDS)
    if (IBB_SAX_ATTRIBUTE_PREFIX (attributes) == NULL)
      {
        g_ptr_array_add (array, g_strdup (IBB_SAX_ATTRIBUTE_NAME (attributes)));
        g_ptr_array_add (array, g_strndup (IBB_SAX_ATTRIBUTE_VALUE (attributes),
                                           IBB_SAX_ATTRIBUTE_LENGTH (attributes)));
      }
  g_ptr_array_add (array, NULL);
  return (char **) g_ptr_array_free (array, FALSE);
}

IBBElement *
ibb_tree_add (const IBBSaxElement *start, IBBElement *parent)
{
  IBBElement *self = g_new0 (IBBElement, 1);
  /* One declaration may serve any number of elements, each of which would keep a copy. */
  gboolean has_namespace =
      start->uri != NULL && strnlen (start->uri, MAX_NAMESPACE + 1) <= MAX_NAMESPACE;

  g_atomic_ref_count_init (&self->ref_count);
  self->name = g_strdup (start->name);
  self->namespace = g_strdup (has_namespace ? start->uri : "");
  self->attributes = dup_attributes (start);
  self->text = g_string_new (NULL);
  self->parent = parent;
  if (parent != NULL)
    {
      if (parent->children == NULL)
        parent->children = g_ptr_array_new_with_free_func ((GDestroyNotify) ibb_element_unref);
      g_ptr_array_add (parent->children, self);
    }

  return self;
}

typedef struct
{
  IBBSax      sax;
  IBBElement *root;    /* (owned) (nullable): the wrapper */
  IBBElement *current; /* (nullable) */
} Parse;

static void
start_cb (void *data, const IBBSaxElement *element)
{
  Parse *parse = data;

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

  parse->current->parent = NULL;
  parse->current = parent;
}

IBBElement *
ibb_tree_parse (const char *xml, gsize length)
{
  static const IBBSaxHandler handler = {
    .start = start_cb,
    .end = end_cb,
    .characters = characters_cb,
  };
  Parse       parse = { .root = NULL };
  IBBElement *element = NULL;

  ibb_sax_init (&parse.sax, &handler);
  if (ibb_sax_feed (&parse.sax, WRAPPER_START, strlen (WRAPPER_START), FALSE) &&
      ibb_sax_feed (&parse.sax, xml, length, FALSE) &&
      ibb_sax_feed (&parse.sax, WRAPPER_END, strlen (WRAPPER_END), TRUE) &&
      !ibb_sax_is_restricted (&parse.sax) && parse.root->children != NULL &&
      parse.root->children->len == 1)
    element = ibb_element_ref (g_ptr_array_index (parse.root->children, 0));
  ibb_sax_clear (&parse.sax);
  g_clear_pointer (&parse.root, ibb_element_unref);

  return element;
}
