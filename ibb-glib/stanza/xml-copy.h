/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The stanza of which SAX events tell, as XML again: the form that core/base/stanza.h keeps. Each
 * element is without prefix, with a declaration of its namespace where its parent has another
 * one. So an element in the namespace of one XML stream can be put into any other XML stream.
 */

#pragma once

#include <glib.h>

#include "stanza/sax.h"

#define IBB_XML_COPY_MAX_DEPTH 32

typedef struct _IBBXmlCopy IBBXmlCopy;

IBBXmlCopy *ibb_xml_copy_new (void);
void        ibb_xml_copy_free (IBBXmlCopy *self);
void        ibb_xml_copy_reset (IBBXmlCopy *self); /* before each stanza */

/* depth: 0 for the stanza itself. Names must stay valid until their element ends. */
void ibb_xml_copy_start (IBBXmlCopy *self, guint depth, const IBBSaxElement *element);
void ibb_xml_copy_characters (IBBXmlCopy *self, const char *text, gsize length);
void ibb_xml_copy_end (IBBXmlCopy *self, guint depth); /* not of the stanza itself */

gsize   ibb_xml_copy_get_length (IBBXmlCopy *self);
GBytes *ibb_xml_copy_dup_bytes (IBBXmlCopy *self);
