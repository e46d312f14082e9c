/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Repeats one step of the way of a byte, for a counter of instructions: budgets.py
 * takes the difference of two counts of repetitions.
 *
 *   steps NAME REPETITIONS
 */

#include "config.h"

#include "../lib/stanza-parser.h"
#include "engine-pair.h"

#include <stdlib.h>
#include <string.h>

#define FROM "romeo@montague.example/orchard"
#define TO "juliet@capulet.example/balcony"

typedef struct
{
  guint8      bytes[BLOCK];
  char        text[IBB_BASE64_ENCODED_LENGTH (BLOCK) + 1];
  IBBStanza  *block;
  IBBStanza  *acknowledgement;
  GByteArray *xml; /* of what is parsed */
  EnginePair  pair;
} World;

static void
encode (World *world)
{
  ibb_base64_encode (world->bytes, BLOCK, world->text);
}

static void
decode (World *world)
{
  IBBBase64Decoder decoder = IBB_BASE64_DECODER_INIT;

  ibb_base64_decoder_feed (&decoder, world->text, IBB_BASE64_ENCODED_LENGTH (BLOCK), world->bytes);
  g_assert (ibb_base64_decoder_finish (&decoder) == IBB_BASE64_EXACT);
}

static void
write_stanza (World *world, const IBBStanza *stanza)
{
  g_byte_array_set_size (world->xml, 0);
  ibb_stanza_writer_append (stanza, world->xml);
}

static void
write_block (World *world)
{
  write_stanza (world, world->block);
}

static void
write_acknowledgement (World *world)
{
  write_stanza (world, world->acknowledgement);
}

static void
transfer (World *world, IBBSession *from, IBBSession *to)
{
  EnginePair *pair = &world->pair;

  g_assert_cmpuint (ibb_session_write (from, world->bytes, BLOCK, pair->now), ==, BLOCK);
  engine_pair_exchange (pair);
  g_assert_cmpuint (ibb_session_read (to, world->bytes, BLOCK, pair->now), ==, BLOCK);
  engine_pair_exchange (pair);
}

/* Through both engines, with its acknowledgement. */
static void
exchange (World *world)
{
  transfer (world, world->pair.opened[0], world->pair.accepted[0]);
  transfer (world, world->pair.accepted[0], world->pair.opened[0]);
}

/* One parser reads all stanzas, like that of an XML stream. */
static void
parse (World *world, const IBBStanza *stanza, guint n)
{
  StanzaParser parser;

  write_stanza (world, stanza);
  stanza_parser_init (&parser, "<s xmlns='jabber:client'>");
  for (guint i = 0; i < n; i++)
    stanza_parser_feed (&parser, world->xml->data, world->xml->len);
  g_assert_cmpuint (parser.n_stanzas, ==, n);
  stanza_parser_clear (&parser);
}

static const struct
{
  const char *name;
  void (*step) (World *world);
} steps[] = {
  { "encode", encode },           { "decode", decode },
  { "write-block", write_block }, { "write-acknowledgement", write_acknowledgement },
  { "exchange", exchange },
};

static gboolean
repeat (World *world, const char *name, guint n)
{
  if (strcmp (name, "parse-block") == 0)
    parse (world, world->block, n);
  else if (strcmp (name, "parse-acknowledgement") == 0)
    parse (world, world->acknowledgement, n);
  else
    {
      gsize i = 0;

      while (i < G_N_ELEMENTS (steps) && strcmp (steps[i].name, name) != 0)
        i++;
      if (i == G_N_ELEMENTS (steps))
        return FALSE;
      for (guint j = 0; j < n; j++)
        steps[i].step (world);
    }
  return TRUE;
}

int
main (int argc, char **argv)
{
  static World world;
  gboolean     is_known;

  if (argc != 3)
    {
      g_printerr ("usage: %s NAME REPETITIONS\n", argv[0]);
      return 2;
    }

  for (guint i = 0; i < BLOCK; i++)
    world.bytes[i] = (guint8) (i * 37);
  encode (&world);
  world.block =
      ibb_stanza_record_new (IBB_STANZA_IQ, "set", IBB_PAYLOAD_DATA, "0123456789abcdef", TO);
  world.block->from = g_strdup (FROM);
  world.block->sid = g_strdup ("0123456789abcdef0123456789abcdef");
  world.block->bytes = g_bytes_new (world.bytes, BLOCK);
  world.acknowledgement = ibb_stanza_record_new_result (world.block);
  world.xml = g_byte_array_new ();
  engine_pair_init (&world.pair, 1);

  is_known = repeat (&world, argv[1], (guint) strtoul (argv[2], NULL, 10));

  engine_pair_clear (&world.pair);
  g_byte_array_unref (world.xml);
  ibb_stanza_record_unref (world.acknowledgement);
  ibb_stanza_record_unref (world.block);
  if (!is_known)
    g_printerr ("%s: there is no step “%s”\n", argv[0], argv[1]);
  return is_known ? EXIT_SUCCESS : 2;
}
