/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which XML is a stanza, in which pieces it may come, and what is kept of a stanza that nobody here
 * knows. */

#include "config.h"

#include "../lib/stanza-parser.h"
#include "line.h"
#include "read-xml.h"
#include "stanza/stanza-writer.h"

#include <string.h>

static GPtrArray *
read_stream (const char *xml, gsize length, gsize piece, guint *n_failed)
{
  GPtrArray   *stanzas = g_ptr_array_new_with_free_func ((GDestroyNotify) ibb_stanza_unref);
  StanzaParser parser;

  stanza_parser_init (&parser, NULL);
  parser.stanzas = stanzas;
  for (gsize i = 0; i < length; i += piece)
    stanza_parser_feed (&parser, xml + i, MIN (piece, length - i));
  if (n_failed != NULL)
    *n_failed = parser.n_failed;
  stanza_parser_clear (&parser);

  return stanzas;
}

static void
assert_no_element (const char *xml, gssize length)
{
  g_autoptr (GError)     error = NULL;
  g_autoptr (IBBElement) element = ibb_element_new_from_xml (xml, length, &error);

  show (xml);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_assert_null (element);
}

/* RFC 6120 §11.1, and what is no stanza. */
static void
test_refused (void)
{
  static const char *const elements[] = { "<stream/>", "<iq xmlns='jabber:other'/>" };
  static const char *const cases[] = {
    "",
    " ",
    "hello",
    "<iq>",
    "<iq/><iq/>",
    "<iq/>x",
    "<iq></message>",
    "<iq id='1' id='2'/>",
    "<iq id=1/>",
    "<x:iq/>",
    "<iq><x:y/></iq>",
    "<iq><y x:z=''/></iq>",
    "<iq><!-- c --></iq>",
    "<!-- c --><iq/>",
    "<iq/><!-- c -->",
    "<iq><?a b?></iq>",
    "<?a b?><iq/>",
    "<!DOCTYPE iq><iq/>",
    "<!DOCTYPE iq SYSTEM 'file:///etc/passwd'><iq/>",
    "<!DOCTYPE iq [<!ENTITY e 'x'>]><iq>&e;</iq>",
    "<!DOCTYPE iq [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><iq>&e;</iq>",
    "<!DOCTYPE iq [<!ATTLIST iq type CDATA 'set'>]><iq/>",
    "<iq>&e;</iq>",
    "<iq id='&e;'/>",
    "<iq id='<'/>",
    "<iq>&#0;</iq>",
    "<iq>&#1;</iq>",
    "<iq>&#xFFFE;</iq>",
    "<iq>\x01</iq>",
    "<iq id='\x1B'/>",
    "<iq>\xFF</iq>",
    "<iq>\xED\xA0\x80</iq>",
    "<iq>\xEF\xBF\xBE</iq>",
    "<iq>]]></iq>",
    "\xFF\xFE<\0i\0q\0/\0>\0",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      assert_refused (cases[i], -1);
      assert_no_element (cases[i], -1);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (elements); i++)
    assert_refused (elements[i], -1);

  assert_refused ("<iq/>\0", 6);
  assert_refused ("<iq id='a\0b'/>", 14);
  assert_refused ("<iq/>", 4);
  assert_refused ("<iq/>", 0);
  assert_no_element ("<a>\0</a>", 8);
  assert_no_element ("<a/>", 3);
  assert_no_element ("<a/>", 0);

  {
    /* The length counts, not a NUL; a declaration is no processing instruction, and
     * cannot change the encoding. */
    g_autoptr (GError)    error = NULL;
    g_autoptr (IBBStanza) cut = ibb_stanza_new_from_xml ("<iq/>garbage", 5, &error);
    g_autoptr (IBBStanza) declared =
        read_xml ("<?xml version='1.0' encoding='ISO-8859-1'?>\n<iq id='\xC3\xA4'/>\n");
    g_autoptr (IBBStanza) marked = read_xml ("\xEF\xBB\xBF<iq id='1'/>");

    g_assert_no_error (error);
    g_assert_nonnull (cut);
    g_assert_cmpstr (ibb_stanza_get_id (declared), ==, "\xC3\xA4");
    g_assert_cmpstr (ibb_stanza_get_id (marked), ==, "1");
  }
}

static char *
nest (guint depth)
{
  GString *xml = g_string_new ("<message>");

  for (guint i = 1; i < depth; i++)
    g_string_append (xml, "<a>");
  for (guint i = 1; i < depth; i++)
    g_string_append (xml, "</a>");
  g_string_append (xml, "</message>");

  return g_string_free (xml, FALSE);
}

static void
test_bounds (void)
{
  g_autofree char *deepest = nest (IBB_STANZA_MAX_DEPTH);
  g_autofree char *too_deep = nest (IBB_STANZA_MAX_DEPTH + 1);
  g_autofree char *far_too_deep = nest (5000);
  g_autofree char *text = g_strnfill (IBB_STANZA_MAX_LENGTH - 100, 'x');
  g_autofree char *longest = g_strdup_printf ("<message><body>%s</body></message>", text);
  g_autofree char *too_long =
      g_strdup_printf ("<message><body>%s%.100s</body></message>", text, text);
  g_autofree char *long_attribute =
      g_strdup_printf ("<message><body a='%s%.100s'/></message>", text, text);
  g_autofree char *huge = g_strnfill (17 * 1024 * 1024, ' ');

  g_autoptr (IBBStanza) deep = read_xml (deepest);
  g_autoptr (IBBStanza) large = read_xml (longest);
  g_autofree char      *xml = ibb_stanza_to_xml (large);

  g_assert_cmpstr (xml, ==, longest);
  assert_refused (too_deep, -1);
  assert_refused (far_too_deep, -1);
  assert_refused (too_long, -1);
  assert_refused (long_attribute, -1);
  assert_refused (huge, -1);

  {
    g_autoptr (IBBElement) element = ibb_element_new_from_xml (deepest, -1, NULL);
    g_autofree char       *element_too_long = g_strconcat (longest, huge, NULL);

    g_assert_nonnull (element);
    assert_no_element (too_deep, -1);
    assert_no_element (far_too_deep, -1);
    assert_no_element (element_too_long, -1);
  }
}

/* An element has the namespaces that its text declares, and no other one. */
static void
test_element (void)
{
  static const char      text[] = "<?xml version='1.0'?>\n"
                                  "<f:file xmlns:f='urn:f' xmlns='urn:g' a='1' f:b='2'>x &amp; "
                                  "<name>\xC3\xA4</name><f:name/> y</f:file>garbage";
  const gssize           length = (gssize) (strlen (text) - strlen ("garbage"));
  g_autoptr (GError)     error = NULL;
  g_autoptr (IBBElement) element = ibb_element_new_from_xml (text, length, &error);
  g_autoptr (IBBElement) bare = ibb_element_new_from_xml ("<a><b/></a>", -1, NULL);
  g_autoptr (GPtrArray)  children = NULL;
  IBBElement            *name;

  g_assert_no_error (error);
  g_assert_cmpstr (ibb_element_get_name (element), ==, "file");
  g_assert_cmpstr (ibb_element_get_namespace (element), ==, "urn:f");
  g_assert_cmpstr (ibb_element_get_attribute (element, "a"), ==, "1");
  g_assert_null (ibb_element_get_attribute (element, "b"));
  g_assert_cmpstr (ibb_element_get_text (element), ==, "x &  y");
  children = ibb_element_list_children (element);
  g_assert_cmpuint (children->len, ==, 2);
  name = ibb_element_get_child (element, "name", "urn:g");
  g_assert_cmpstr (ibb_element_get_text (name), ==, "\xC3\xA4");
  g_assert_cmpstr (ibb_element_get_namespace (bare), ==, "");
  g_assert_nonnull (ibb_element_get_child (bare, "b", ""));
  assert_no_element (text, -1);
}

/* libxml2 quotes what it has read. */
static void
test_message (void)
{
  static const char *const cases[] = {
    "<!--\xC2\x9B"
    "31m\u202e",
    "<a>\n<!--\xC2\x9B"
    "2J x --&</a>",
    "<iq>\n<!--\u202E“",
    "<a\xC2\x85"
    "></a\xC2\x85"
    "b>",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (guint as_stanza = 0; as_stanza < 2; as_stanza++)
      {
        g_autoptr (GError)     error = NULL;
        g_autoptr (IBBElement) element = NULL;
        g_autoptr (IBBStanza)  stanza = NULL;

        if (as_stanza)
          stanza = ibb_stanza_new_from_xml (cases[i], -1, &error);
        else
          element = ibb_element_new_from_xml (cases[i], -1, &error);
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
        assert_is_line (error->message);
      }
}

/* XML without a field in the record is kept, by its meaning and not its spelling. */
static void
test_fidelity (void)
{
  static const char *const cases[][2] = {
    { "<message/>", "<message></message>" },
    { "<iq type='result' id='1'/>", NULL },
    { "<message type='chat' id='1' to='a@b' from='c@d'><body>hi</body></message>", NULL },
    { "<message to='a@b' type='chat'><body>hi</body></message>",
      "<message type='chat' to='a@b'><body>hi</body></message>" },
    { "<message xml:lang='de'><body xml:lang='en'>a&lt;b&amp;c</body></message>", NULL },
    { "<message xmlns='jabber:client'><body/></message>", "<message><body/></message>" },
    { "<c:message xmlns:c='jabber:client'><c:body/></c:message>",
      "<message xmlns:c='jabber:client'><body/></message>" },
    { "<message xmlns='jabber:server'><x xmlns='u'><y/></x><body/></message>",
      "<message><x xmlns='u'><y/></x><body/></message>" },
    { "<message><x xmlns='u'><y xmlns=''/><message xmlns='jabber:client'/></x></message>", NULL },
    { "<message xmlns='jabber:client'><forwarded xmlns='urn:xmpp:forward:0'><message "
      "xmlns='jabber:client' id='2'><body>x</body></message></forwarded></message>",
      "<message><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' "
      "id='2'><body>x</body></message></forwarded></message>" },
    { "<message xmlns:p='u&amp;'><p:x p:a='1' b='2'/></message>",
      "<message xmlns:p='u&amp;'><x xmlns='u&amp;' xmlns:p='u&amp;' p:a='1' b='2'/></message>" },
    { "<iq type='get' extra='&quot;&apos;&lt;&gt;&amp;&#10;&#9;&#13;'/>",
      "<iq type='get' extra='&quot;&apos;&lt;&gt;&amp;&#10;&#9;&#13;'></iq>" },
    { "<message><body>a&#13;&#10;\tb]]&gt;&quot;</body></message>",
      "<message><body>a&#13;\n\tb]]&gt;&quot;</body></message>" },
    { "<message><body><![CDATA[<&>]]></body></message>",
      "<message><body>&lt;&amp;&gt;</body></message>" },
    { "<message>a<b/>c</message>", NULL },
    { "<message><xml:a xml:b='1'>c<d xmlns='u'><xml:e/></d></xml:a><f/></message>", NULL },
    { "<presence><priority>-1</priority><c xmlns='caps' ver='\xE2\x82\xAC'/></presence>", NULL },
    { "<iq type='result'><bind xmlns='b'><jid>a@b/c</jid></bind></iq>", NULL },
    { "<message type='chat'><data xmlns='http://jabber.org/protocol/ibb'>AA</data></message>",
      NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (IBBStanza) stanza = read_xml (cases[i][0]);
      g_autofree char      *xml = ibb_stanza_to_xml (stanza);
      g_autoptr (IBBStanza) again = read_xml (xml);
      g_autofree char      *twice = ibb_stanza_to_xml (again);

      g_assert_cmpstr (xml, ==, cases[i][1] != NULL ? cases[i][1] : cases[i][0]);
      g_assert_cmpstr (twice, ==, xml);
    }
}

/* A prefix that the stream declares, not the stanza. */
static void
test_outer_prefix (void)
{
  static const char     stream[] = "<stream xmlns='jabber:client' xmlns:p='u'>"
                                   "<message p:a='1'><p:x p:b='2' p:c='3'/></message>";
  g_autoptr (GPtrArray) stanzas = read_stream (stream, strlen (stream), 7, NULL);
  g_autofree char      *xml = NULL;

  g_assert_cmpuint (stanzas->len, ==, 1);
  xml = ibb_stanza_to_xml (stanzas->pdata[0]);
  g_assert_cmpstr (xml, ==,
                   "<message xmlns:p='u' p:a='1'>"
                   "<x xmlns='u' xmlns:p='u' p:b='2' p:c='3'/></message>");
}

/* Many stanzas by one reader, in pieces of every size, always the same. */
static void
test_pieces (void)
{
  static const char stream[] =
      "<stream xmlns='jabber:client'>"
      "<iq type='set' id='a&amp;' from='j@c/\xC3\xA4'><data" IBB " seq='1' sid='s'>\n"
      "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5eg==\n</data></iq>"
      " <iq type='result' id='2'/>\n"
      "<message><body>\xE2\x82\xAC&lt;&#x20AC;</body></message>"
      "<iq type='error' id='3'><data" IBB ">AAAA</data><error type='wait'><gone" CONDITION
      "/><text" CONDITION ">t\xC3\xA9xt</text></error></iq>"
      "<iq type='set' id='4'><close" IBB " sid='s'/></iq>";

  for (gsize piece = 1; piece < sizeof stream; piece++)
    {
      guint                 n_failed = 0;
      g_autoptr (GPtrArray) stanzas = read_stream (stream, strlen (stream), piece, &n_failed);
      IBBStanza            *data, *message, *error, *end;
      g_autofree char      *xml = NULL;

      g_assert_cmpuint (n_failed, ==, 0);
      g_assert_cmpuint (stanzas->len, ==, 5);

      data = stanzas->pdata[0];
      g_assert_cmpstr (data->id, ==, "a&");
      g_assert_cmpint (data->payload, ==, IBB_PAYLOAD_DATA);
      g_assert_cmpint (data->base64, ==, IBB_BASE64_LENIENT);
      g_assert_cmpuint (data->text_length, ==, 74);
      g_assert_cmpmem (g_bytes_get_data (data->bytes, NULL), g_bytes_get_size (data->bytes),
                       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 52);

      message = stanzas->pdata[2];
      xml = ibb_stanza_to_xml (message);
      g_assert_cmpstr (xml, ==, "<message><body>\xE2\x82\xAC&lt;\xE2\x82\xAC</body></message>");

      error = stanzas->pdata[3];
      g_assert_cmpint (error->condition, ==, IBB_CONDITION_GONE);
      g_assert_cmpstr (error->text, ==, "t\xC3\xA9xt");

      end = stanzas->pdata[4];
      g_assert_cmpint (end->payload, ==, IBB_PAYLOAD_CLOSE);
      g_assert_null (end->text);
    }
}

/* A reader that is freed in the middle of a stanza frees all of it. */
static void
test_unfinished (void)
{
  static const char stream[] = "<stream><iq type='result'><query xmlns='" IBB_DISCO_INFO_NAMESPACE
                               "'><feature var='a'/><identity category='b' type='c'/>";
  g_autoptr (GPtrArray) stanzas = read_stream (stream, strlen (stream), 100, NULL);

  g_assert_cmpuint (stanzas->len, ==, 0);
}

/* Bindings hold stanzas as boxed values. */
static void
test_boxed (void)
{
  g_auto (GValue) value = G_VALUE_INIT;
  IBBStanza      *stanza = read_xml ("<iq id='1'/>");
  IBBStanza      *copy;

  g_value_init (&value, IBB_TYPE_STANZA);
  g_value_take_boxed (&value, stanza);
  copy = g_value_dup_boxed (&value);
  g_assert_true (copy == stanza);
  g_value_reset (&value);
  g_assert_cmpstr (ibb_stanza_get_id (copy), ==, "1");
  ibb_stanza_unref (copy);
}

static char *
make_data (gsize n_spaces, gsize n_characters)
{
  g_autofree char *spaces = g_strnfill (n_spaces, ' ');
  g_autofree char *characters = g_strnfill (n_characters, 'A');

  return g_strdup_printf ("<iq type='set'><data" IBB " sid='s' seq='0'>%s%s</data></iq>", spaces,
                          characters);
}

/* So much text of a block is decoded, whatever size was agreed on (D-17). */
static void
test_data_bounds (void)
{
  gsize            most = IBB_STANZA_MAX_BLOCK_TEXT;
  gsize            block = IBB_BASE64_ENCODED_LENGTH (65535);
  g_autofree char *fits_xml = make_data (most - block, block);
  g_autofree char *over_xml = make_data (most - block + 1, block);
  g_autofree char *megabytes_xml = make_data (5 * 1024 * 1024, 0);
  g_autofree char *long_block_xml = make_data (0, 2 * block);

  g_autoptr (IBBStanza) fits = read_xml (fits_xml);
  g_autoptr (IBBStanza) over = read_xml (over_xml);
  g_autoptr (IBBStanza) megabytes = read_xml (megabytes_xml);
  g_autoptr (IBBStanza) long_block = read_xml (long_block_xml);

  g_assert_cmpint (fits->base64, ==, IBB_BASE64_LENIENT);
  g_assert_cmpuint (fits->text_length, ==, most);
  g_assert_cmpuint (g_bytes_get_size (fits->bytes), ==, 65535);

  g_assert_cmpint (over->payload, ==, IBB_PAYLOAD_DATA);
  g_assert_cmpint (over->base64, ==, IBB_BASE64_INVALID);
  g_assert_cmpuint (over->text_length, ==, most + 1);
  g_assert_null (over->bytes);

  g_assert_cmpint (megabytes->payload, ==, IBB_PAYLOAD_DATA);
  g_assert_cmpuint (megabytes->text_length, ==, 5 * 1024 * 1024);
  g_assert_null (megabytes->bytes);

  /* Larger than any block may be, for the core to refuse. */
  g_assert_cmpuint (g_bytes_get_size (long_block->bytes), ==, 131070);
}

/* The XML of the record, which can be read, and its record then. */
static IBBStanza *
write_and_read (const IBBStanza *stanza)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();

  ibb_stanza_writer_append (stanza, out);
  g_byte_array_append (out, (const guint8 *) "", 1);
  return read_xml ((const char *) out->data);
}

/* The XML stays well-formed, whatever string an application passes. */
static void
test_noise (void)
{
  for (guint round = 0; round < 2000; round++)
    {
      g_autoptr (IBBStanza) stanza =
          ibb_stanza_record_new (IBB_STANZA_IQ, "set", IBB_PAYLOAD_CLOSE, "id", "them@there/r");
      g_autoptr (IBBStanza) back = NULL;
      char                  noise[17] = { 0 };

      for (gsize i = 0; i < sizeof noise - 1; i++)
        noise[i] = (char) g_test_rand_int_range (1, 256);
      stanza->sid = g_strdup (noise);
      stanza->from = g_strdup (noise + 8);
      back = write_and_read (stanza);
      g_assert_cmpint (back->payload, ==, IBB_PAYLOAD_CLOSE);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/ibb/stanza-xml/refused", test_refused);
  g_test_add_func ("/ibb/stanza-xml/bounds", test_bounds);
  g_test_add_func ("/ibb/stanza-xml/element", test_element);
  g_test_add_func ("/ibb/stanza-xml/message", test_message);
  g_test_add_func ("/ibb/stanza-xml/fidelity", test_fidelity);
  g_test_add_func ("/ibb/stanza-xml/outer-prefix", test_outer_prefix);
  g_test_add_func ("/ibb/stanza-xml/pieces", test_pieces);
  g_test_add_func ("/ibb/stanza-xml/unfinished", test_unfinished);
  g_test_add_func ("/ibb/stanza-xml/data/bounds/D-17", test_data_bounds);
  g_test_add_func ("/ibb/stanza-xml/noise", test_noise);
  g_test_add_func ("/ibb/stanza/boxed", test_boxed);

  return g_test_run ();
}
