/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The XML of a stanza, from the core's record. */

#pragma once

#include "core/base/stanza.h"

/* Appends the XML, in the default namespace of the XML stream that it goes into. A block is
 * base64-encoded straight into out. */
void ibb_stanza_writer_append (const IBBStanza *self, GByteArray *out);
