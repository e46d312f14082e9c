/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "stanza/tree.h"

#include <string.h>

#define MAX_NAMESPACE 256 /* bytes: of those that are known here none is as long */

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
