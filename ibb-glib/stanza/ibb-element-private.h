/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

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
