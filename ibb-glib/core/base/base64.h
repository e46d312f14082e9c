/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Base64 as RFC 4648 §4 has it and XEP-0047 demands it: decoded strictly,
 * never skipping foreign characters (N-42, N-43). */

#pragma once

#include <glib.h>

/* From good to bad: the result of a text is the worst that its parts have. */
typedef enum
{
  IBB_BASE64_EXACT,   /* one clean run */
  IBB_BASE64_LENIENT, /* XML white space in it, or stray pad bits: refused when strict (D-19) */
  IBB_BASE64_INVALID,
} IBBBase64Status;

#define IBB_BASE64_ENCODED_LENGTH(n) (((n) + 2) / 3 * 4)

/* Writes IBB_BASE64_ENCODED_LENGTH (length) characters, without a NUL. */
void ibb_base64_encode (const guint8 *bytes, gsize length, char *text);

/* A decoder that is fed piece by piece. Zero it (or use _INIT) to begin. */
typedef struct
{
  guint32         bits;   /* characters of the unfinished group */
  guint8          n;      /* how many characters of it have come, pads included */
  guint8          n_pads; /* pads seen: only white space may follow a full group with pads */
  IBBBase64Status status;
} IBBBase64Decoder;

#define IBB_BASE64_DECODER_INIT                                                                    \
  {                                                                                                \
    0, 0, 0, IBB_BASE64_EXACT                                                                      \
  }

/* bytes has room for length / 4 * 3 + 3; returns how many were written. Once
 * the status is INVALID nothing more is written. */
gsize
ibb_base64_decoder_feed (IBBBase64Decoder *self, const char *text, gsize length, guint8 *bytes);
IBBBase64Status ibb_base64_decoder_finish (IBBBase64Decoder *self);
