/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <string.h>

#include "ibb-element.h"

/* Its maker fills an element in; from the moment it is shared it is immutable. */
struct _IBBElement
{
  gatomicrefcount ref_count;
  char           *name;
  char *namespace;      /* empty for none */
  char **attributes;    /* (nullable) (array zero-terminated=1): name, value, …; those without a
                           namespace */
  GString    *text;     /* its own text, without the text of children */
  GPtrArray  *children; /* (nullable) (element-type IBBElement) */
  IBBElement *parent;   /* (nullable) (transfer none): used by the maker only */
};

/* xml: that of one well-formed stanza, in jabber:client. (nullable): NULL if XMPP forbids it. */
IBBElement *ibb_element_new_of_stanza (const char *xml);

static inline gboolean
ibb_element_is (const IBBElement *self, const char *name, const char *namespace)
{
  return strcmp (self->name, name) == 0 && strcmp (self->namespace, namespace) == 0;
}
