/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_GLIB_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/ibb-glib.h> can be included directly."
#endif

#include <glib-object.h>

#include <ibb-glib/ibb-version.h>

G_BEGIN_DECLS

/**
 * IBBElement:
 *
 * One XML element of a stanza, with its attributes, text and child elements. Immutable.
 *
 * [method@IBB.Stanza.dup_element] returns the element of a whole stanza, and
 * [ctor@IBB.Element.new_from_xml] reads one from text:
 *
 * ```c
 * static char *
 * dup_body (IBBStanza *message)
 * {
 *   g_autoptr (IBBElement) element = ibb_stanza_dup_element (message);
 *   IBBElement *body = ibb_element_get_child (element, "body", "jabber:client");
 *
 *   return body != NULL ? g_strdup (ibb_element_get_text (body)) : NULL;
 * }
 * ```
 *
 * Since: 1.0
 */
typedef struct _IBBElement IBBElement;

#define IBB_TYPE_ELEMENT (ibb_element_get_type ())

IBB_AVAILABLE_IN_1_0
GType ibb_element_get_type (void);

IBB_AVAILABLE_IN_1_1
IBBElement *ibb_element_new_from_xml (const char *xml, gssize length, GError **error);

IBB_AVAILABLE_IN_1_0
IBBElement *ibb_element_ref (IBBElement *self);

IBB_AVAILABLE_IN_1_0
void ibb_element_unref (IBBElement *self);

IBB_AVAILABLE_IN_1_0
const char *ibb_element_get_name (const IBBElement *self);

IBB_AVAILABLE_IN_1_0
const char *ibb_element_get_namespace (const IBBElement *self);

IBB_AVAILABLE_IN_1_0
const char *ibb_element_get_text (const IBBElement *self);

IBB_AVAILABLE_IN_1_0
const char *ibb_element_get_attribute (const IBBElement *self, const char *name);

IBB_AVAILABLE_IN_1_0
IBBElement *
ibb_element_get_child (const IBBElement *self, const char *name, const char *namespace_uri);

IBB_AVAILABLE_IN_1_0
GPtrArray *ibb_element_list_children (const IBBElement *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBElement, ibb_element_unref)

G_END_DECLS
