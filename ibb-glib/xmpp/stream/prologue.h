/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The start of a WebSocket message (RFC 7395 §3.3.3): “<” comes first, perhaps that of an XML
 * declaration. The parser, for which each message is a part of one document, gets no declaration.
 */

#pragma once

#include <glib.h>

/* Zeroed: at the start of a message. */
typedef struct
{
  gsize    n_bytes; /* taken by the prologue */
  gboolean in_declaration;
  gboolean has_mark; /* the last byte of the declaration was “?” */
  gboolean is_over;
} IBBPrologue;

/* Takes the declaration from the front of data. held (transfer none) with n_held bytes: what was
 * taken from earlier data and turned out to be no declaration, to be parsed before data. FALSE: the
 * message begins otherwise, or its declaration is too long. */
gboolean ibb_prologue_skip (
    IBBPrologue *self, const guint8 **data, gsize *length, const char **held, gsize *n_held);
