/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "stanza/ibb-element-private.h"

G_DEFINE_BOXED_TYPE (IBBElement, ibb_element, ibb_element_ref, ibb_element_unref)

/**
 * ibb_element_ref:
 * @self: an element
 *
 * Takes a reference. It can be called from any thread.
 *
 * Returns: (transfer full): @self
 *
 * Since: 1.0
 */
IBBElement *
ibb_element_ref (IBBElement *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * ibb_element_unref:
 * @self: (transfer full): an element
 *
 * Drops a reference, and frees the element with the last one. It can be called from any thread.
 *
 * Since: 1.0
 */
void
ibb_element_unref (IBBElement *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_pointer (&self->children, g_ptr_array_unref);
  g_free (self->name);
  g_free (self->namespace);
  g_strfreev (self->attributes);
  g_string_free (self->text, TRUE);
  g_free (self);
}

/**
 * ibb_element_get_name:
 * @self: an element
 *
 * Gets the local name, without a prefix.
 *
 * Returns: (transfer none): the name
 *
 * Since: 1.0
 */
const char *
ibb_element_get_name (const IBBElement *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->name;
}

/**
 * ibb_element_get_namespace:
 * @self: an element
 *
 * Gets the namespace. The namespace of a stanza is `jabber:client`, whichever the XML stream has.
 *
 * Returns: (transfer none): the namespace; empty if there is none, or if it is longer than 256
 *   bytes
 *
 * Since: 1.0
 */
const char *
ibb_element_get_namespace (const IBBElement *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->namespace;
}

/**
 * ibb_element_get_text:
 * @self: an element
 *
 * Gets the text of the element, without the text of its child elements.
 *
 * Returns: (transfer none): the text; empty if there is none
 *
 * Since: 1.0
 */
const char *
ibb_element_get_text (const IBBElement *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->text->str;
}

/**
 * ibb_element_get_attribute:
 * @self: an element
 * @name: the name of an attribute without a prefix
 *
 * Gets the value of an attribute. Attributes with a prefix, such as `xml:lang`, are left out.
 *
 * Returns: (transfer none) (nullable): the value, %NULL if there is no such attribute
 *
 * Since: 1.0
 */
const char *
ibb_element_get_attribute (const IBBElement *self, const char *name)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (name != NULL, NULL);

  for (gsize i = 0; self->attributes != NULL && self->attributes[i] != NULL; i += 2)
    if (strcmp (self->attributes[i], name) == 0)
      return self->attributes[i + 1];

  return NULL;
}

/**
 * ibb_element_get_child:
 * @self: an element
 * @name: (nullable): a local name, %NULL for any
 * @namespace_uri: (nullable): a namespace, %NULL for any
 *
 * Finds the first child element with that name and namespace.
 *
 * Returns: (transfer none) (nullable): the child element, %NULL if there is none
 *
 * Since: 1.0
 */
IBBElement *
ibb_element_get_child (const IBBElement *self, const char *name, const char *namespace_uri)
{
  g_return_val_if_fail (self != NULL, NULL);

  for (guint i = 0; self->children != NULL && i < self->children->len; i++)
    {
      IBBElement *child = g_ptr_array_index (self->children, i);

      if ((name == NULL || strcmp (child->name, name) == 0) &&
          (namespace_uri == NULL || strcmp (child->namespace, namespace_uri) == 0))
        return child;
    }

  return NULL;
}

/**
 * ibb_element_list_children:
 * @self: an element
 *
 * Lists the child elements.
 *
 * Returns: (transfer container) (element-type IBBElement): the child elements, in their order
 *
 * Since: 1.0
 */
GPtrArray *
ibb_element_list_children (const IBBElement *self)
{
  GPtrArray *list;

  g_return_val_if_fail (self != NULL, NULL);

  list = g_ptr_array_new_with_free_func ((GDestroyNotify) ibb_element_unref);
  for (guint i = 0; self->children != NULL && i < self->children->len; i++)
    g_ptr_array_add (list, ibb_element_ref (g_ptr_array_index (self->children, i)));
  return list;
}
