/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/base/base64.h"

#include <string.h>

/* clang-format off */

/* F (value, character, X) for the whole alphabet; twice, as a macro does not
 * expand within itself. */
#define EACH_FIRST(F, X) \
  F (0, 'A', X) F (1, 'B', X) F (2, 'C', X) F (3, 'D', X) F (4, 'E', X) F (5, 'F', X) F (6, 'G', X) F (7, 'H', X) \
  F (8, 'I', X) F (9, 'J', X) F (10, 'K', X) F (11, 'L', X) F (12, 'M', X) F (13, 'N', X) F (14, 'O', X) F (15, 'P', X) \
  F (16, 'Q', X) F (17, 'R', X) F (18, 'S', X) F (19, 'T', X) F (20, 'U', X) F (21, 'V', X) F (22, 'W', X) F (23, 'X', X) \
  F (24, 'Y', X) F (25, 'Z', X) F (26, 'a', X) F (27, 'b', X) F (28, 'c', X) F (29, 'd', X) F (30, 'e', X) F (31, 'f', X) \
  F (32, 'g', X) F (33, 'h', X) F (34, 'i', X) F (35, 'j', X) F (36, 'k', X) F (37, 'l', X) F (38, 'm', X) F (39, 'n', X) \
  F (40, 'o', X) F (41, 'p', X) F (42, 'q', X) F (43, 'r', X) F (44, 's', X) F (45, 't', X) F (46, 'u', X) F (47, 'v', X) \
  F (48, 'w', X) F (49, 'x', X) F (50, 'y', X) F (51, 'z', X) F (52, '0', X) F (53, '1', X) F (54, '2', X) F (55, '3', X) \
  F (56, '4', X) F (57, '5', X) F (58, '6', X) F (59, '7', X) F (60, '8', X) F (61, '9', X) F (62, '+', X) F (63, '/', X)

#define EACH_SECOND(F, X) \
  F (0, 'A', X) F (1, 'B', X) F (2, 'C', X) F (3, 'D', X) F (4, 'E', X) F (5, 'F', X) F (6, 'G', X) F (7, 'H', X) \
  F (8, 'I', X) F (9, 'J', X) F (10, 'K', X) F (11, 'L', X) F (12, 'M', X) F (13, 'N', X) F (14, 'O', X) F (15, 'P', X) \
  F (16, 'Q', X) F (17, 'R', X) F (18, 'S', X) F (19, 'T', X) F (20, 'U', X) F (21, 'V', X) F (22, 'W', X) F (23, 'X', X) \
  F (24, 'Y', X) F (25, 'Z', X) F (26, 'a', X) F (27, 'b', X) F (28, 'c', X) F (29, 'd', X) F (30, 'e', X) F (31, 'f', X) \
  F (32, 'g', X) F (33, 'h', X) F (34, 'i', X) F (35, 'j', X) F (36, 'k', X) F (37, 'l', X) F (38, 'm', X) F (39, 'n', X) \
  F (40, 'o', X) F (41, 'p', X) F (42, 'q', X) F (43, 'r', X) F (44, 's', X) F (45, 't', X) F (46, 'u', X) F (47, 'v', X) \
  F (48, 'w', X) F (49, 'x', X) F (50, 'y', X) F (51, 'z', X) F (52, '0', X) F (53, '1', X) F (54, '2', X) F (55, '3', X) \
  F (56, '4', X) F (57, '5', X) F (58, '6', X) F (59, '7', X) F (60, '8', X) F (61, '9', X) F (62, '+', X) F (63, '/', X)

/* Twelve bits as their two characters. */
#define PAIR(value, second, first) { first, second },
#define ROW(value, first, X) EACH_SECOND (PAIR, first)

static const char pairs[4096][2] = { EACH_FIRST (ROW, ) };

/* Where each of the four characters of a group stands in its 24 bits. The bit
 * above those, another for each position, says that the character is one of the
 * alphabet: a group is good when all four are set. */
#define PLACE(value, character, position) \
  [character] = ((guint32) (value) << (18 - 6 * (position))) | (1u << (24 + (position))),

static const guint32 places[4][256] = {
  { EACH_FIRST (PLACE, 0) },
  { EACH_FIRST (PLACE, 1) },
  { EACH_FIRST (PLACE, 2) },
  { EACH_FIRST (PLACE, 3) },
};

/* clang-format on */

#define GROUP_BITS 0x00FFFFFFu
#define GROUP_GOOD 0x0F000000u

static inline void
put_pair (char *text, guint64 twelve_bits)
{
  memcpy (text, pairs[twelve_bits & 0xFFF], 2);
}

void
ibb_base64_encode (const guint8 *bytes, gsize length, char *text)
{
  guint32 rest;

  /* Six bytes at a time, of the eight that are loaded. */
  for (; length >= 8; bytes += 6, text += 8, length -= 6)
    {
      guint64 word;

      memcpy (&word, bytes, sizeof word);
      word = GUINT64_FROM_BE (word);
      put_pair (text, word >> 52);
      put_pair (text + 2, word >> 40);
      put_pair (text + 4, word >> 28);
      put_pair (text + 6, word >> 16);
    }

  for (; length >= 3; bytes += 3, text += 4, length -= 3)
    {
      rest = (guint32) bytes[0] << 16 | (guint32) bytes[1] << 8 | bytes[2];
      put_pair (text, rest >> 12);
      put_pair (text + 2, rest);
    }

  if (length == 0)
    return;

  rest = (guint32) bytes[0] << 16 | (length == 2 ? (guint32) bytes[1] << 8 : 0);
  put_pair (text, rest >> 12);
  put_pair (text + 2, rest);
  text[3] = '=';
  if (length == 1)
    text[2] = '=';
}

static inline guint32
get_group (const guint8 *text)
{
  return places[0][text[0]] | places[1][text[1]] | places[2][text[2]] | places[3][text[3]];
}

/* Whole clean groups, as many as there are. */
static gsize
decode_run (const guint8 **text, const guint8 *end, guint8 *bytes)
{
  const guint8 *p = *text;
  guint8       *out = bytes;

  /* Two groups make six bytes, but eight are stored: with twelve characters
   * still to come the caller's room is at least nine. */
  for (; end - p >= 12; p += 8, out += 6)
    {
      guint32 first = get_group (p);
      guint32 second = get_group (p + 4);
      guint64 word;

      if ((first & second & GROUP_GOOD) != GROUP_GOOD)
        break;

      word = (guint64) (first & GROUP_BITS) << 40 | (guint64) (second & GROUP_BITS) << 16;
      word = GUINT64_TO_BE (word);
      memcpy (out, &word, sizeof word);
    }

  for (; end - p >= 4; p += 4, out += 3)
    {
      guint32 group = get_group (p);

      if ((group & GROUP_GOOD) != GROUP_GOOD)
        break;

      out[0] = (guint8) (group >> 16);
      out[1] = (guint8) (group >> 8);
      out[2] = (guint8) group;
    }

  *text = p;
  return (gsize) (out - bytes);
}

static inline void
note (IBBBase64Decoder *self, IBBBase64Status status)
{
  self->status = MAX (self->status, status);
}

/* A full group, pads included, that did not come through decode_run. */
static gsize
put_group (IBBBase64Decoder *self, guint8 *bytes)
{
  guint32 bits = self->bits << (6 * self->n_pads);
  gsize   n = 3u - self->n_pads;

  if ((bits & ((1u << (8 * self->n_pads)) - 1)) != 0)
    note (self, IBB_BASE64_LENIENT);

  for (gsize i = 0; i < n; i++)
    bytes[i] = (guint8) (bits >> (16 - 8 * i));

  self->n = 0;

  return n;
}

gsize
ibb_base64_decoder_feed (IBBBase64Decoder *self, const char *text, gsize length, guint8 *bytes)
{
  const guint8 *p = (const guint8 *) text;
  const guint8 *end = p + length;
  guint8       *out = bytes;

  while (p < end && self->status != IBB_BASE64_INVALID)
    {
      guint8  c;
      guint32 place;

      if (self->n == 0 && self->n_pads == 0)
        {
          out += decode_run (&p, end, out);

          if (p == end)
            break;
        }

      c = *p++;
      place = places[3][c];

      if (c == ' ' || c == '\n' || c == '\r' || c == '\t')
        {
          note (self, IBB_BASE64_LENIENT);
        }
      else if (c == '=' && self->n >= 2)
        {
          self->n++;
          self->n_pads++;
        }
      else if (place != 0 && self->n_pads == 0)
        {
          self->n++;
          self->bits = self->bits << 6 | (place & 0x3F);
        }
      else
        {
          note (self, IBB_BASE64_INVALID);
        }

      if (self->n == 4)
        out += put_group (self, out);
    }

  return (gsize) (out - bytes);
}

IBBBase64Status
ibb_base64_decoder_finish (IBBBase64Decoder *self)
{
  if (self->n != 0)
    note (self, IBB_BASE64_INVALID);

  return self->status;
}
