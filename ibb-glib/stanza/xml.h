/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The pieces of XML that is written. */

#pragma once

#include <glib.h>

/* Of a string literal the length is known. */
#define IBB_XML_APPEND(out, literal)                                                               \
  g_byte_array_append (out, (const guint8 *) "" literal, sizeof (literal) - 1)

/* Appends text without escaping: a name, or XML. */
void ibb_xml_append (GByteArray *out, const char *text);
/* Appends text for an attribute between single quotes or for content. What XML 1.0 forbids,
 * and what is not UTF-8, becomes U+FFFD, so that nothing that an application passes can
 * break an XML stream. */
void
ibb_xml_append_escaped (GByteArray *out, const char *text, gsize length, gboolean is_attribute);
/* start holds the name and the opening quote: " id='". Nothing for a NULL value. */
void ibb_xml_append_attribute (GByteArray *out, const char *start, const char *value);
void ibb_xml_append_number (GByteArray *out, const char *start, guint value);
