/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The tree of elements that the events of an XML parser describe. */

#pragma once

#include "stanza/ibb-element-private.h"
#include "stanza/sax.h"

/* The element that has begun, the last child of parent (nullable), to which it belongs. */
IBBElement *ibb_tree_add (const IBBSaxElement *start, IBBElement *parent);
