/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ibb-stanza.h"
#include "stanza/stanza-writer.h"

#include <string.h>

#define CONDITION "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'"

/* Writes after something that is there already, as into a stream's buffer. */
static char *
write_xml (const IBBStanza *stanza)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (GError)     error = NULL;
  g_autoptr (IBBStanza)  back = NULL;
  g_autofree char       *xml = NULL;

  g_byte_array_append (out, (const guint8 *) "<stream>", 8);
  ibb_stanza_writer_append (stanza, out);
  g_assert_cmpmem (out->data, 8, "<stream>", 8);
  xml = g_strndup ((const char *) out->data + 8, out->len - 8);

  /* Each stanza that is written can be read, and is the same then. */
  back = ibb_stanza_new_from_xml (xml, -1, &error);
  g_assert_no_error (error);
  g_assert_cmpint (back->name, ==, stanza->name);
  g_assert_cmpint (back->payload, ==, stanza->payload);

  return g_steal_pointer (&xml);
}

static void
assert_xml (IBBStanza *stanza, const char *expected)
{
  g_autofree char *xml = write_xml (stanza);

  g_assert_cmpstr (xml, ==, expected);
  ibb_stanza_unref (stanza);
}

static IBBStanza *
make (IBBStanzaName name, const char *kind, IBBPayload payload)
{
  IBBStanza *stanza = ibb_stanza_record_new (name, kind, payload, "id", "them@there/r");

  stanza->sid = g_strdup ("sid");

  return stanza;
}

/* An open is one child of an IQ (N-02, N-06), which names the block size (N-03) and the stanza
 * type (N-05). */
static void
test_open (void)
{
  IBBStanza *iq = make (IBB_STANZA_IQ, "set", IBB_PAYLOAD_OPEN);
  IBBStanza *message = make (IBB_STANZA_IQ, "set", IBB_PAYLOAD_OPEN);

  iq->block_size = 4096;
  assert_xml (iq, "<iq type='set' id='id' to='them@there/r'>"
                  "<open xmlns='http://jabber.org/protocol/ibb' block-size='4096' sid='sid' "
                  "stanza='iq'/></iq>");

  message->from = g_strdup ("us@here/r");
  message->block_size = 65535;
  message->by_message = TRUE;
  assert_xml (message, "<iq type='set' id='id' to='them@there/r' from='us@here/r'>"
                       "<open xmlns='http://jabber.org/protocol/ibb' block-size='65535' sid='sid' "
                       "stanza='message'/></iq>");
}

/* A block in an IQ (N-13): base64 (N-15), a number of 16 bits (N-16), the sid (N-19). */
static void
test_data_iq (void)
{
  IBBStanza *last = make (IBB_STANZA_IQ, "set", IBB_PAYLOAD_DATA);
  IBBStanza *empty = make (IBB_STANZA_IQ, "set", IBB_PAYLOAD_DATA);

  last->seq = 65535;
  last->bytes = g_bytes_new_static ("\xFB\xEF\xBE\x00", 4);
  assert_xml (last, "<iq type='set' id='id' to='them@there/r'>"
                    "<data xmlns='http://jabber.org/protocol/ibb' seq='65535' sid='sid'>"
                    "++++AA==</data></iq>");

  assert_xml (empty, "<iq type='set' id='id' to='them@there/r'>"
                     "<data xmlns='http://jabber.org/protocol/ibb' seq='0' sid='sid'></data></iq>");
}

/* D-52: the mark of a block, and the room that a result tells. */
static void
test_room (void)
{
  IBBStanza *block = make (IBB_STANZA_IQ, "set", IBB_PAYLOAD_DATA);
  IBBStanza *result = make (IBB_STANZA_IQ, "result", IBB_PAYLOAD_RESULT);
  IBBStanza *most = make (IBB_STANZA_IQ, "result", IBB_PAYLOAD_RESULT);

  block->bytes = g_bytes_new_static ("f", 1);
  block->asks_room = TRUE;
  assert_xml (block, "<iq type='set' id='id' to='them@there/r'>"
                     "<data xmlns='http://jabber.org/protocol/ibb' seq='0' sid='sid' "
                     "xmlns:u='urn:ibb-glib:1' u:room='true'>Zg==</data></iq>");

  result->tells_room = TRUE;
  assert_xml (result, "<iq type='result' id='id' to='them@there/r'>"
                      "<ack xmlns='urn:ibb-glib:1' room='0' delay='0'/></iq>");

  most->tells_room = TRUE;
  most->room = G_MAXUINT32;
  most->delay = 4000000;
  assert_xml (most, "<iq type='result' id='id' to='them@there/r'>"
                    "<ack xmlns='urn:ibb-glib:1' room='4294967295' delay='4000000'/></iq>");
}

/* N-13, N-32, D-35: with its type, which mellium looks for (H-18), the two
 * hints, and rules of XEP-0079 only where they are wanted (N-31). */
static void
test_data_message (void)
{
  static const char *const kinds[] = { NULL, "normal" };

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      IBBStanza *message = make (IBB_STANZA_MESSAGE, kinds[i], IBB_PAYLOAD_DATA);

      message->bytes = g_bytes_new_static ("f", 1);
      assert_xml (message, "<message type='normal' id='id' to='them@there/r'>"
                           "<data xmlns='http://jabber.org/protocol/ibb' seq='0' sid='sid'>"
                           "Zg==</data>"
                           "<no-store xmlns='urn:xmpp:hints'/><no-copy xmlns='urn:xmpp:hints'/>"
                           "</message>");
    }
}

/* N-31: what would be stored, or given to another resource, comes back. */
static void
test_data_message_rules (void)
{
  IBBStanza *message = make (IBB_STANZA_MESSAGE, NULL, IBB_PAYLOAD_DATA);

  message->bytes = g_bytes_new_static ("f", 1);
  message->has_rules = TRUE;
  assert_xml (message,
              "<message type='normal' id='id' to='them@there/r'>"
              "<data xmlns='http://jabber.org/protocol/ibb' seq='0' sid='sid'>Zg==</data>"
              "<no-store xmlns='urn:xmpp:hints'/><no-copy xmlns='urn:xmpp:hints'/>"
              "<amp xmlns='http://jabber.org/protocol/amp'>"
              "<rule action='error' condition='deliver' value='stored'/>"
              "<rule action='error' condition='match-resource' value='other'/></amp></message>");
}

/* N-15: one clean run, whatever the length, which the strictest peer takes
 * (H-17); nothing is ever cut inside a group, and every number is one (H-19). */
static void
test_data_round_trip (void)
{
  for (gsize length = 0; length < 300; length++)
    {
      g_autoptr (IBBStanza) stanza = make (IBB_STANZA_IQ, "set", IBB_PAYLOAD_DATA);
      g_autoptr (IBBStanza) back = NULL;
      g_autofree guint8    *bytes = g_malloc (length + 1);
      g_autofree char      *xml = NULL;

      for (gsize i = 0; i < length; i++)
        bytes[i] = (guint8) g_test_rand_int ();
      stanza->bytes = g_bytes_new (bytes, length);
      stanza->seq = (guint16) (length * 223);
      xml = write_xml (stanza);
      back = ibb_stanza_new_from_xml (xml, -1, NULL);
      g_assert_cmpint (back->base64, ==, IBB_BASE64_EXACT);
      g_assert_cmpuint (back->text_length, ==, IBB_BASE64_ENCODED_LENGTH (length));
      g_assert_cmpuint (back->text_length % 4, ==, 0);
      g_assert_true (back->seq_valid);
      g_assert_cmpuint (back->seq, ==, stanza->seq);
      g_assert_true (g_bytes_equal (back->bytes, stanza->bytes));
    }
}

/* A close is an IQ (N-34), marked if it is not clean (D-49), or if its sender reads on (D-39); a
 * probe may name a session (D-27). */
static void
test_close (void)
{
  IBBStanza *clean = make (IBB_STANZA_IQ, "set", IBB_PAYLOAD_CLOSE);
  IBBStanza *unclean = make (IBB_STANZA_IQ, "set", IBB_PAYLOAD_CLOSE);
  IBBStanza *reason = make (IBB_STANZA_IQ, "set", IBB_PAYLOAD_CLOSE);
  IBBStanza *half = make (IBB_STANZA_IQ, "set", IBB_PAYLOAD_CLOSE);
  IBBStanza *probe = make (IBB_STANZA_IQ, "set", IBB_PAYLOAD_CLOSE);

  assert_xml (clean, "<iq type='set' id='id' to='them@there/r'>"
                     "<close xmlns='http://jabber.org/protocol/ibb' sid='sid'/></iq>");
  unclean->unclean = TRUE;
  assert_xml (unclean, "<iq type='set' id='id' to='them@there/r'>"
                       "<close xmlns='http://jabber.org/protocol/ibb' sid='sid' "
                       "xmlns:u='urn:ibb-glib:1' u:unclean='true'/></iq>");
  reason->unclean = reason->gives_reason = TRUE;
  reason->condition = IBB_CONDITION_RESOURCE_CONSTRAINT;
  reason->text = g_strdup ("<full>");
  assert_xml (reason, "<iq type='set' id='id' to='them@there/r'>"
                      "<close xmlns='http://jabber.org/protocol/ibb' sid='sid' "
                      "xmlns:u='urn:ibb-glib:1' u:unclean='true' "
                      "u:condition='resource-constraint' u:text='&lt;full&gt;'/></iq>");
  half->reads = TRUE;
  assert_xml (half, "<iq type='set' id='id' to='them@there/r'>"
                    "<close xmlns='http://jabber.org/protocol/ibb' sid='sid' "
                    "xmlns:u='urn:ibb-glib:1' u:reads='true'/></iq>");
  probe->asked = g_strdup ("<t>");
  assert_xml (probe, "<iq type='set' id='id' to='them@there/r'>"
                     "<close xmlns='http://jabber.org/protocol/ibb' sid='sid' "
                     "xmlns:u='urn:ibb-glib:1' u:asked='&lt;t&gt;'/></iq>");
}

/* Results are empty (N-07, N-20, N-35); errors echo nothing (D-36, D-48). */
static void
test_answers (void)
{
  g_autoptr (IBBStanza) request = make (IBB_STANZA_IQ, "set", IBB_PAYLOAD_DATA);
  g_autoptr (IBBStanza) message = make (IBB_STANZA_MESSAGE, NULL, IBB_PAYLOAD_DATA);

  g_free (request->to);
  request->to = NULL;
  request->from = g_strdup ("them@there/r");
  request->bytes = g_bytes_new_static ("secret", 6);
  assert_xml (ibb_stanza_record_new_result (request),
              "<iq type='result' id='id' to='them@there/r'/>");
  assert_xml (ibb_stanza_record_new_error (request, IBB_CONDITION_ITEM_NOT_FOUND,
                                           IBB_ERROR_TYPE_CANCEL, NULL),
              "<iq type='error' id='id' to='them@there/r'><error type='cancel'>"
              "<item-not-found " CONDITION "/></error></iq>");
  assert_xml (ibb_stanza_record_new_error (message, IBB_CONDITION_RESOURCE_CONSTRAINT,
                                           IBB_ERROR_TYPE_WAIT, "a<b>&'\"\x01"),
              "<message type='error' id='id' from='them@there/r'><error type='wait'>"
              "<resource-constraint " CONDITION "/>"
              "<text " CONDITION ">a&lt;b&gt;&amp;&apos;&quot; </text></error></message>");
}

/* The question for the feature (D-29), and what is advertised (D-43). */
static void
test_disco (void)
{
  IBBStanza *query = make (IBB_STANZA_IQ, "get", IBB_PAYLOAD_DISCO_QUERY);
  IBBStanza *info = make (IBB_STANZA_IQ, "result", IBB_PAYLOAD_DISCO_INFO);
  IBBStanza *nothing = make (IBB_STANZA_IQ, "result", IBB_PAYLOAD_DISCO_INFO);

  assert_xml (query, "<iq type='get' id='id' to='them@there/r'>"
                     "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>");

  info->identities = g_strsplit ("client/pc/a/b & c|client/bot/|odd", "|", -1);
  info->features = g_strsplit ("urn:ibb-glib:1|<'>", "|", -1);
  assert_xml (info, "<iq type='result' id='id' to='them@there/r'>"
                    "<query xmlns='http://jabber.org/protocol/disco#info'>"
                    "<identity category='client' type='pc' name='a/b &amp; c'/>"
                    "<identity category='client' type='bot'/><identity category='odd' type=''/>"
                    "<feature var='urn:ibb-glib:1'/><feature var='&lt;&apos;&gt;'/></query></iq>");

  nothing->node = g_strdup ("a&b");
  assert_xml (nothing,
              "<iq type='result' id='id' to='them@there/r'>"
              "<query xmlns='http://jabber.org/protocol/disco#info' node='a&amp;b'></query></iq>");
}

static void
test_questions (void)
{
  assert_xml (make (IBB_STANZA_IQ, "get", IBB_PAYLOAD_VERSION),
              "<iq type='get' id='id' to='them@there/r'><query xmlns='jabber:iq:version'/></iq>");
  assert_xml (make (IBB_STANZA_IQ, "get", IBB_PAYLOAD_PING),
              "<iq type='get' id='id' to='them@there/r'><ping xmlns='urn:xmpp:ping'/></iq>");
}

/* The XML stays well-formed, whatever string an application passes. */
static void
test_hostile_strings (void)
{
  static const struct
  {
    const char *text;
    const char *written;
  } cases[] = {
    { "<&>'\"", "&lt;&amp;&gt;&apos;&quot;" },
    { "a\nb\tc\rd", "a&#10;b&#9;c&#13;d" },
    { "\x01\x1F", "\xEF\xBF\xBD\xEF\xBF\xBD" },
    { "\x7F\xC2\x80", "\x7F\xC2\x80" },
    { "\xFF", "\xEF\xBF\xBD" },
    { "a\xE2\x82", "a\xEF\xBF\xBD\xEF\xBF\xBD" },
    { "\xC0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD" },
    { "\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD" },
    { "\xEF\xBF\xBE\xEF\xBF\xBF", "\xEF\xBF\xBD\xEF\xBF\xBD" },
    { "\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF" },
    { "\xE2\x82\xAC", "\xE2\x82\xAC" },
    { "'/><x a='", "&apos;/&gt;&lt;x a=&apos;" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      IBBStanza *stanza = ibb_stanza_record_new (IBB_STANZA_IQ, cases[i].text, IBB_PAYLOAD_OTHER,
                                                 cases[i].text, cases[i].text);
      g_autofree char *expected = g_strdup_printf (
          "<iq type='%s' id='%s' to='%s'/>", cases[i].written, cases[i].written, cases[i].written);

      g_test_message ("case %" G_GSIZE_FORMAT, i);
      assert_xml (stanza, expected);
    }

  for (guint round = 0; round < 2000; round++)
    {
      g_autoptr (IBBStanza) stanza = make (IBB_STANZA_IQ, "set", IBB_PAYLOAD_CLOSE);
      g_autofree char      *xml = NULL;
      char                  noise[17] = { 0 };

      for (gsize i = 0; i < sizeof noise - 1; i++)
        noise[i] = (char) g_test_rand_int_range (1, 256);
      g_free (stanza->sid);
      stanza->sid = g_strdup (noise);
      stanza->from = g_strdup (noise + 8);
      xml = write_xml (stanza);
    }
}

/* D-14: the longer block size that goes with an open and its result, with a secret and without. */
static void
test_long_block_size (void)
{
  IBBStanza *open = make (IBB_STANZA_IQ, "set", IBB_PAYLOAD_OPEN);
  IBBStanza *both = make (IBB_STANZA_IQ, "set", IBB_PAYLOAD_OPEN);
  IBBStanza *accepted = make (IBB_STANZA_IQ, "result", IBB_PAYLOAD_RESULT);
  IBBStanza *resumable = make (IBB_STANZA_IQ, "result", IBB_PAYLOAD_RESULT);

  open->block_size = both->block_size = 8192;
  open->long_block_size = both->long_block_size = 32768;
  assert_xml (open, "<iq type='set' id='id' to='them@there/r'>"
                    "<open xmlns='http://jabber.org/protocol/ibb' block-size='8192' sid='sid' "
                    "stanza='iq' xmlns:u='urn:ibb-glib:1' u:block-size='32768'/></iq>");

  both->secret = g_strdup ("00112233445566778899aabbccddeeff");
  assert_xml (both, "<iq type='set' id='id' to='them@there/r'>"
                    "<open xmlns='http://jabber.org/protocol/ibb' block-size='8192' sid='sid' "
                    "stanza='iq' xmlns:u='urn:ibb-glib:1' u:block-size='32768' "
                    "u:secret='00112233445566778899aabbccddeeff'/></iq>");

  accepted->long_block_size = resumable->long_block_size = 65535;
  assert_xml (accepted, "<iq type='result' id='id' to='them@there/r'>"
                        "<opened xmlns='urn:ibb-glib:1' block-size='65535'/></iq>");

  resumable->is_resumable = TRUE;
  assert_xml (resumable,
              "<iq type='result' id='id' to='them@there/r'>"
              "<opened xmlns='urn:ibb-glib:1' resumable='true' block-size='65535'/></iq>");
}

/* D-58: what goes with an open and its result, and what the two ends tell each other. */
static void
test_resume (void)
{
  IBBStanza *open = make (IBB_STANZA_IQ, "set", IBB_PAYLOAD_OPEN);
  IBBStanza *accepted = make (IBB_STANZA_IQ, "result", IBB_PAYLOAD_RESULT);
  IBBStanza *resume = make (IBB_STANZA_IQ, "set", IBB_PAYLOAD_RESUME);
  IBBStanza *unclean = make (IBB_STANZA_IQ, "set", IBB_PAYLOAD_RESUME);
  IBBStanza *ended = make (IBB_STANZA_IQ, "set", IBB_PAYLOAD_RESUME);
  IBBStanza *resumed = make (IBB_STANZA_IQ, "result", IBB_PAYLOAD_RESULT);

  open->block_size = 7;
  open->secret = g_strdup ("00112233445566778899aabbccddeeff");
  assert_xml (open, "<iq type='set' id='id' to='them@there/r'>"
                    "<open xmlns='http://jabber.org/protocol/ibb' block-size='7' sid='sid' "
                    "stanza='iq' xmlns:u='urn:ibb-glib:1' "
                    "u:secret='00112233445566778899aabbccddeeff'/></iq>");

  accepted->is_resumable = TRUE;
  assert_xml (accepted, "<iq type='result' id='id' to='them@there/r'>"
                        "<opened xmlns='urn:ibb-glib:1' resumable='true'/></iq>");

  resume->count = 3;
  resume->received = G_MAXINT64;
  resume->acknowledged = 1;
  resume->proof = g_strnfill (IBB_PROOF_LENGTH, 'a');
  assert_xml (resume, "<iq type='set' id='id' to='them@there/r'>"
                      "<resume xmlns='urn:ibb-glib:1' sid='sid' count='3' "
                      "received='9223372036854775807' acknowledged='1' proof='"
                      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'/></iq>");

  unclean->unclean = TRUE;
  unclean->proof = g_strnfill (IBB_PROOF_LENGTH, 'a');
  assert_xml (unclean, "<iq type='set' id='id' to='them@there/r'>"
                       "<resume xmlns='urn:ibb-glib:1' sid='sid' count='0' unclean='true' "
                       "received='0' acknowledged='0' proof='"
                       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'/></iq>");

  ended->has_ended = TRUE;
  ended->proof = g_strnfill (IBB_PROOF_LENGTH, 'a');
  assert_xml (ended, "<iq type='set' id='id' to='them@there/r'>"
                     "<resume xmlns='urn:ibb-glib:1' sid='sid' count='0' ended='true' "
                     "received='0' acknowledged='0' proof='"
                     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'/></iq>");

  resumed->has_position = resumed->has_ended = TRUE;
  resumed->proof = g_strnfill (IBB_PROOF_LENGTH, 'b');
  assert_xml (resumed, "<iq type='result' id='id' to='them@there/r'>"
                       "<resumed xmlns='urn:ibb-glib:1' ended='true' received='0' "
                       "acknowledged='0' proof='"
                       "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'/></iq>");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/ibb/stanza-writer/open/N-02,N-03,N-05,N-06", test_open);
  g_test_add_func ("/ibb/stanza-writer/data/iq/N-13,N-15,N-19", test_data_iq);
  g_test_add_func ("/ibb/stanza-writer/room/D-52", test_room);
  g_test_add_func ("/ibb/stanza-writer/block-size/D-14", test_long_block_size);
  g_test_add_func ("/ibb/stanza-writer/resume/D-58", test_resume);
  g_test_add_func ("/ibb/stanza-writer/data/message/N-13,N-32,D-35", test_data_message);
  g_test_add_func ("/ibb/stanza-writer/data/message/rules/N-31", test_data_message_rules);
  g_test_add_func ("/ibb/stanza-writer/data/round-trip/N-15", test_data_round_trip);
  g_test_add_func ("/ibb/stanza-writer/close/N-34,D-49", test_close);
  g_test_add_func ("/ibb/stanza-writer/answers/N-07,N-20,D-36,D-48", test_answers);
  g_test_add_func ("/ibb/stanza-writer/disco/D-29,D-43", test_disco);
  g_test_add_func ("/ibb/stanza-writer/questions", test_questions);
  g_test_add_func ("/ibb/stanza-writer/hostile-strings", test_hostile_strings);

  return g_test_run ();
}
