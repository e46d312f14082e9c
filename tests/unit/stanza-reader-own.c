/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the reader finds in our own namespace. */

#include "config.h"

#include "read-xml.h"

#define ROOM " xmlns='urn:ibb-glib:1'"

/* The mark by which a block asks for the room (D-52). */
static void
test_room_asked (void)
{
  static const struct
  {
    const char *attributes;
    gboolean    asks;
  } cases[] = {
    { "", FALSE },
    { " xmlns:u='urn:ibb-glib:1' u:room='true'", TRUE },
    { " xmlns:other='urn:ibb-glib:1' other:room='1'", TRUE },
    { " xmlns:u='urn:ibb-glib:1' u:room=' 1&#10;'", TRUE },
    { " xmlns:u='urn:ibb-glib:1' u:room='false'", FALSE },
    { " xmlns:u='urn:ibb-glib:1' u:room='yes'", FALSE },
    { " xmlns:u='urn:ibb-glib:1' u:room='4096'", FALSE },
    { " xmlns:u='urn:ibb-glib:2' u:room='true'", FALSE },
    { " room='true'", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *xml = g_strdup_printf (
          "<iq type='set'><data" IBB " sid='s' seq='7'%s>Zg==</data></iq>", cases[i].attributes);
      g_autoptr (IBBStanza) stanza = read_xml (xml);

      g_assert_cmpint (stanza->asks_room, ==, cases[i].asks);
      g_assert_cmpint (stanza->base64, ==, IBB_BASE64_EXACT);
      g_assert_true (stanza->seq_valid);
    }
}

/* The result with that content. */
static IBBStanza *
read_result (const char *content)
{
  g_autofree char *xml = g_strdup_printf ("<iq type='result' id='1'>%s</iq>", content);
  IBBStanza       *stanza = read_xml (xml);

  g_test_message ("%s", xml);
  g_assert_cmpint (stanza->payload, ==, IBB_PAYLOAD_RESULT);
  return stanza;
}

/* The room that a result tells (D-52): both numbers, in the only child, or nothing. */
static void
test_room_told (void)
{
  static const char *const good[] = {
    "<ack" ROOM " room='4294967295' delay='17'/>",
    "<ack" ROOM " delay='17' room='4294967295' more='1'></ack>",
    "<a:ack xmlns:a='urn:ibb-glib:1' room=' 04294967295&#10;' delay='017'/>",
    "\n<ack" ROOM " room='4294967295' delay='17'/>\n",
  };
  static const char *const bad[] = {
    "",
    "<ack" ROOM "/>",
    "<ack" ROOM " room='1'/>",
    "<ack" ROOM " delay='1'/>",
    "<ack" ROOM " room='' delay='0'/>",
    "<ack" ROOM " room='-1' delay='0'/>",
    "<ack" ROOM " room='0' delay='-1'/>",
    "<ack" ROOM " room='4294967296' delay='0'/>",
    "<ack" ROOM " room='0' delay='4294967296'/>",
    "<ack" ROOM " room='many' delay='0'/>",
    "<ack" ROOM " xmlns:u='urn:ibb-glib:1' u:room='1' u:delay='1'/>",
    "<ack xmlns='urn:ibb-glib:2' room='1' delay='1'/>",
    "<ack room='1' delay='1'/>",
    "<Ack" ROOM " room='1' delay='1'/>",
    "<ack" ROOM " room='1' delay='1'>1</ack>",
    "<ack" ROOM " room='1' delay='1'><x/></ack>",
    "<ack" ROOM " room='1' delay='1'/><ack" ROOM " room='1' delay='1'/>",
    "<ack" ROOM " room='1' delay='1'/><ack" ROOM "/>",
    "<x xmlns='u'/><ack" ROOM " room='1' delay='1'/>",
    "<ack" ROOM " room='1' delay='1'/><x xmlns='u'/>",
    "<x xmlns='u'><ack" ROOM " room='1' delay='1'/></x>",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (IBBStanza) stanza = read_result (good[i]);

      g_assert_true (stanza->tells_room);
      g_assert_cmpuint (stanza->room, ==, G_MAXUINT32);
      g_assert_cmpuint (stanza->delay, ==, 17);
    }

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (IBBStanza) stanza = read_result (bad[i]);

      g_assert_false (stanza->tells_room);
    }
}

/* Only a result tells the room. */
static void
test_room_elsewhere (void)
{
  static const char *const cases[] = {
    "<iq type='set' id='1'><ack" ROOM " room='1' delay='1'/></iq>",
    "<iq type='error' id='1'><ack" ROOM " room='1' delay='1'/></iq>",
    "<message type='result' id='1'><ack" ROOM " room='1' delay='1'/></message>",
    "<iq type='result' id='1'><ack" ROOM " room='1' delay='1'/>"
    "<query xmlns='" IBB_DISCO_INFO_NAMESPACE "'/></iq>",
    "<iq type='result' id='1'><query xmlns='" IBB_DISCO_INFO_NAMESPACE "'/>"
    "<ack" ROOM " room='1' delay='1'/></iq>",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (IBBStanza) stanza = read_xml (cases[i]);

      g_assert_false (stanza->tells_room);
    }
}

/* The secret of an open (D-58): all of its digits, and no others. */
static void
test_secret (void)
{
  static const struct
  {
    const char *attributes;
    gboolean    is_good;
  } cases[] = {
    { "", FALSE },
    { " xmlns:u='urn:ibb-glib:1' u:secret='00112233445566778899aabbccddeeff'", TRUE },
    { " xmlns:u='urn:ibb-glib:1' u:secret='00112233445566778899aabbccddeef'", FALSE },
    { " xmlns:u='urn:ibb-glib:1' u:secret='00112233445566778899aabbccddeefff'", FALSE },
    { " xmlns:u='urn:ibb-glib:1' u:secret='00112233445566778899AABBCCDDEEFF'", FALSE },
    { " xmlns:u='urn:ibb-glib:1' u:secret='g0112233445566778899aabbccddeeff'", FALSE },
    { " xmlns:u='urn:ibb-glib:1' u:secret=''", FALSE },
    { " secret='00112233445566778899aabbccddeeff'", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *xml =
          g_strdup_printf ("<iq type='set' id='1'><open" IBB " sid='s' block-size='7'%s/></iq>",
                           cases[i].attributes);
      g_autoptr (IBBStanza) stanza = read_xml (xml);

      g_assert_cmpint (stanza->payload, ==, IBB_PAYLOAD_OPEN);
      g_assert_true (stanza->block_size_valid);
      g_assert_cmpint (stanza->secret != NULL, ==, cases[i].is_good);
    }
}

#define PROOF "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define POSITION " received='9223372036854775807' acknowledged='0' proof='" PROOF "'"

static void
test_resume (void)
{
  static const char *const bad[] = {
    "<resume" ROOM " sid='s'" POSITION "/>",
    "<resume" ROOM " sid='s' count='4294967296'" POSITION "/>",
    "<resume" ROOM " sid='s' count='1' received='1' proof='" PROOF "'/>",
    "<resume" ROOM " sid='s' count='1' received='-1' acknowledged='0' proof='" PROOF "'/>",
    "<resume" ROOM
    " sid='s' count='1' received='9223372036854775808' acknowledged='0' proof='" PROOF "'/>",
    "<resume" ROOM
    " sid='s' count='1' received='99999999999999999999' acknowledged='0' proof='" PROOF "'/>",
    "<resume" ROOM " sid='s' count='1' received='1' acknowledged='0' proof='0'/>",
    "<resume" ROOM " sid='s' count='1' received='1' acknowledged='0'/>",
    "<resume" ROOM " sid='s' count='1'" POSITION ">x</resume>",
    "<resume" ROOM " sid='s' count='1'" POSITION "><x/></resume>",
    "<resume" ROOM " sid='s' count='1'" POSITION "/><x xmlns='u'/>",
  };
  g_autoptr (IBBStanza) good =
      read_xml ("<iq type='set' id='1'><resume" ROOM " sid=' s ' count='7'" POSITION "/></iq>");
  g_autoptr (IBBStanza) unclean = read_xml ("<iq type='set' id='1'><resume" ROOM
                                            " sid='s' count='0' unclean='1'" POSITION "/></iq>");
  g_autoptr (IBBStanza) ended = read_xml ("<iq type='set' id='1'><resume" ROOM
                                          " sid='s' count='0' ended=' 1 '" POSITION "/></iq>");
  g_autoptr (IBBStanza) get =
      read_xml ("<iq type='get' id='1'><resume" ROOM " sid='s' count='7'" POSITION "/></iq>");
  g_autoptr (IBBStanza) both = read_xml ("<iq type='set' id='1'><open" IBB " sid='s'/><resume" ROOM
                                         " sid='s' count='7'" POSITION "/></iq>");

  g_assert_cmpint (good->payload, ==, IBB_PAYLOAD_RESUME);
  g_assert_true (good->has_position);
  g_assert_cmpstr (good->sid, ==, "s");
  g_assert_cmpuint (good->count, ==, 7);
  g_assert_cmpuint (good->received, ==, G_MAXINT64);
  g_assert_cmpuint (good->acknowledged, ==, 0);
  g_assert_cmpstr (good->proof, ==, PROOF);
  g_assert_false (good->unclean || good->has_ended);
  g_assert_true (unclean->has_position && unclean->unclean);
  g_assert_true (ended->has_position && ended->has_ended && !ended->unclean);
  g_assert_cmpint (get->payload, ==, IBB_PAYLOAD_OTHER);
  g_assert_cmpint (both->payload, ==, IBB_PAYLOAD_UNKNOWN);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char      *xml = g_strdup_printf ("<iq type='set' id='1'>%s</iq>", bad[i]);
      g_autoptr (IBBStanza) stanza = read_xml (xml);

      g_test_message ("%s", bad[i]);
      g_assert_cmpint (stanza->payload, ==, IBB_PAYLOAD_RESUME);
      g_assert_false (stanza->has_position);
    }
}

/* D-14: the block size that an open offers beside its own one. Which sizes count is up to the
 * core. */
static void
test_long_block_size (void)
{
  static const struct
  {
    const char *attributes;
    guint       size;
  } cases[] = {
    { "", 0 },
    { " xmlns:u='urn:ibb-glib:1' u:block-size='32768'", 32768 },
    { " xmlns:u='urn:ibb-glib:1' u:block-size=' 065535 '", 65535 },
    { " xmlns:u='urn:ibb-glib:1' u:block-size='6'", 6 },
    { " xmlns:u='urn:ibb-glib:1' u:block-size='0'", 0 },
    { " xmlns:u='urn:ibb-glib:1' u:block-size='65536'", 0 },
    { " xmlns:u='urn:ibb-glib:1' u:block-size='-32768'", 0 },
    { " xmlns:u='urn:ibb-glib:1' u:block-size='32768x'", 0 },
    { " xmlns:u='urn:ibb-glib:1' u:block-size=''", 0 },
    { " xmlns:u='urn:another' u:block-size='32768'", 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *xml =
          g_strdup_printf ("<iq type='set' id='1'><open" IBB " sid='s' block-size='7'%s/></iq>",
                           cases[i].attributes);
      g_autoptr (IBBStanza) stanza = read_xml (xml);

      g_test_message ("%s", cases[i].attributes);
      g_assert_true (stanza->block_size_valid);
      g_assert_cmpuint (stanza->block_size, ==, 7);
      g_assert_cmpuint (stanza->long_block_size, ==, cases[i].size);
    }
}

/* The result of an open: what the peer has agreed to (D-14, D-58). It counts only where it is
 * alone and empty. */
static void
test_opened (void)
{
  static const struct
  {
    const char *content;
    gboolean    is_resumable;
    guint       size;
  } cases[] = {
    { "<opened" ROOM "/>", FALSE, 0 },
    { "<opened" ROOM " resumable='true'/>", TRUE, 0 },
    { "<opened" ROOM " resumable=' 1 '/>", TRUE, 0 },
    { "<opened" ROOM " resumable='1' block-size='32768'/>", TRUE, 32768 },
    { "<opened" ROOM " resumable='false' block-size='32768'/>", FALSE, 32768 },
    { "<opened" ROOM " resumable='yes' block-size='65536'/>", FALSE, 0 },
    { "<opened" ROOM " resumable='true' block-size='-1'/>", TRUE, 0 },
    { "<opened" ROOM " block-size='0'/>", FALSE, 0 },
    { "<opened" ROOM " block-size=''/>", FALSE, 0 },
    { "<opened" ROOM " xmlns:u='urn:ibb-glib:1' u:resumable='true' u:block-size='32768'/>", FALSE,
      0 },
    { "<opened" ROOM " resumable='true' block-size='32768'>1</opened>", FALSE, 0 },
    { "<opened" ROOM " resumable='true' block-size='32768'><x/></opened>", FALSE, 0 },
    { "<opened" ROOM " resumable='true' block-size='32768'/><x xmlns='u'/>", FALSE, 0 },
    { "<opened" ROOM " block-size='32768'/><opened" ROOM " block-size='32768'/>", FALSE, 0 },
    { "<opened xmlns='u' resumable='true' block-size='32768'/>", FALSE, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (IBBStanza) stanza = read_result (cases[i].content);

      g_assert_cmpint (stanza->is_resumable, ==, cases[i].is_resumable);
      g_assert_cmpuint (stanza->long_block_size, ==, cases[i].size);
    }
}

/* The result of a question whether the session goes on: it counts only where it is empty. */
static void
test_resumed (void)
{
  static const struct
  {
    const char *content;
    gboolean    has_position;
    gboolean    has_ended;
  } cases[] = {
    { "<resumed" ROOM POSITION "/>", TRUE, FALSE },
    { "<resumed" ROOM POSITION " ended='true'/>", TRUE, TRUE },
    { "<resumed" ROOM POSITION " ended=' true '/>", TRUE, TRUE },
    { "<resumed" ROOM POSITION " ended='no'/>", TRUE, FALSE },
    { "<resumed" ROOM POSITION "><x/></resumed>", FALSE, FALSE },
    { "<resumed" ROOM " received='1' acknowledged='0'/>", FALSE, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (IBBStanza) stanza = read_result (cases[i].content);

      g_assert_cmpint (stanza->has_position, ==, cases[i].has_position);
      if (cases[i].has_position)
        g_assert_cmpint (stanza->has_ended, ==, cases[i].has_ended);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/ibb/stanza-reader-own/room/asked/D-52", test_room_asked);
  g_test_add_func ("/ibb/stanza-reader-own/room/told/D-52", test_room_told);
  g_test_add_func ("/ibb/stanza-reader-own/D-58/secret", test_secret);
  g_test_add_func ("/ibb/stanza-reader-own/D-58/resume", test_resume);
  g_test_add_func ("/ibb/stanza-reader-own/D-58/resumed", test_resumed);
  g_test_add_func ("/ibb/stanza-reader-own/D-14/block-size", test_long_block_size);
  g_test_add_func ("/ibb/stanza-reader-own/D-14,D-58/opened", test_opened);
  g_test_add_func ("/ibb/stanza-reader-own/room/elsewhere/D-52", test_room_elsewhere);

  return g_test_run ();
}
