/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the reader passes to the core. */

#include "config.h"

#include "read-xml.h"

#include <string.h>

static void
test_attributes (void)
{
  g_autoptr (IBBStanza) full = read_xml ("<iq xmlns='jabber:client' type='get' id='a&amp;&#38;b' "
                                         "from='j@c/&lt;r&gt;' to=\"n@d/'\" xml:lang='en'/>");
  g_autoptr (IBBStanza) bare = read_xml ("<message/>");
  g_autoptr (IBBStanza) component = read_xml ("<presence xmlns='jabber:component:accept' to='x'/>");
  /* Attributes of other namespaces are not the stanza's. */
  g_autoptr (IBBStanza) foreign = read_xml (
      "<s:iq xmlns:s='jabber:server' xmlns:x='u' x:type='set' x:id='no' id='yes' type='get'/>");

  g_assert_cmpstr (ibb_stanza_get_name (full), ==, "iq");
  g_assert_cmpstr (ibb_stanza_get_kind (full), ==, "get");
  g_assert_cmpstr (ibb_stanza_get_id (full), ==, "a&&b");
  g_assert_cmpstr (ibb_stanza_get_from (full), ==, "j@c/<r>");
  g_assert_cmpstr (ibb_stanza_get_to (full), ==, "n@d/'");

  g_assert_cmpstr (ibb_stanza_get_name (bare), ==, "message");
  g_assert_null (ibb_stanza_get_kind (bare));
  g_assert_null (ibb_stanza_get_id (bare));
  g_assert_null (ibb_stanza_get_from (bare));
  g_assert_null (ibb_stanza_get_to (bare));

  g_assert_cmpstr (ibb_stanza_get_name (component), ==, "presence");
  g_assert_cmpstr (ibb_stanza_get_id (foreign), ==, "yes");
  g_assert_cmpstr (ibb_stanza_get_kind (foreign), ==, "get");
}

/* N-01, and where which element counts (D-10, D-34). */
static void
test_payload (void)
{
  static const struct
  {
    const char *xml;
    IBBPayload  payload;
  } cases[] = {
    { "<iq type='set'><open" IBB "/></iq>", IBB_PAYLOAD_OPEN },
    { "<iq type='set'><data" IBB "/></iq>", IBB_PAYLOAD_DATA },
    { "<iq type='set'><close" IBB "/></iq>", IBB_PAYLOAD_CLOSE },
    { "<iq type='get'><open" IBB "/></iq>", IBB_PAYLOAD_OPEN },
    { "<iq type='set'>\n  <close" IBB "/>\n</iq>", IBB_PAYLOAD_CLOSE },
    { "<iq type='set'><i:open xmlns:i='http://jabber.org/protocol/ibb'/></iq>", IBB_PAYLOAD_OPEN },
    { "<i:iq xmlns:i='jabber:client' type='set'><close" IBB "/></i:iq>", IBB_PAYLOAD_CLOSE },
    { "<iq type='set'><seek" IBB "/></iq>", IBB_PAYLOAD_UNKNOWN },
    { "<iq type='set'><Open" IBB "/></iq>", IBB_PAYLOAD_UNKNOWN },
    /* Another namespace, or none. */
    { "<iq type='set'><open/></iq>", IBB_PAYLOAD_OTHER },
    { "<iq type='set'><open xmlns='http://jabber.org/protocol/ibb/'/></iq>", IBB_PAYLOAD_OTHER },
    { "<iq type='set'><x xmlns='u'><open" IBB "/></x></iq>", IBB_PAYLOAD_OTHER },
    /* An IQ that neither asks nor answers. */
    { "<iq><open" IBB "/></iq>", IBB_PAYLOAD_OTHER },
    { "<iq type='SET'><open" IBB "/></iq>", IBB_PAYLOAD_OTHER },
    /* More in one IQ than RFC 6120 §8.2.3 allows: nobody takes half of it. */
    { "<iq type='set'><open" IBB "/><close" IBB "/></iq>", IBB_PAYLOAD_UNKNOWN },
    { "<iq type='set'><data" IBB ">AAAA</data><data" IBB "/></iq>", IBB_PAYLOAD_UNKNOWN },
    { "<iq type='set'><x xmlns='u'/><open" IBB "/></iq>", IBB_PAYLOAD_UNKNOWN },
    { "<iq type='set'><open" IBB "/><x xmlns='u'/></iq>", IBB_PAYLOAD_UNKNOWN },
    { "<iq type='set'><x xmlns='u'/><y xmlns='u'/></iq>", IBB_PAYLOAD_OTHER },
    /* Messages carry blocks, of type normal only. */
    { "<message><data" IBB "/></message>", IBB_PAYLOAD_DATA },
    { "<message type='normal'><data" IBB "/></message>", IBB_PAYLOAD_DATA },
    { "<message><no-store xmlns='urn:xmpp:hints'/><data" IBB "/></message>", IBB_PAYLOAD_DATA },
    { "<message><seek" IBB "/><data" IBB "/></message>", IBB_PAYLOAD_DATA },
    { "<message type='chat'><data" IBB "/></message>", IBB_PAYLOAD_OTHER },
    { "<message type='groupchat'><data" IBB "/></message>", IBB_PAYLOAD_OTHER },
    { "<message type='headline'><data" IBB "/></message>", IBB_PAYLOAD_OTHER },
    { "<message><open" IBB "/></message>", IBB_PAYLOAD_UNKNOWN },
    { "<message><close" IBB "/></message>", IBB_PAYLOAD_UNKNOWN },
    { "<message><body>hi</body></message>", IBB_PAYLOAD_OTHER },
    { "<presence><data" IBB "/></presence>", IBB_PAYLOAD_OTHER },
    /* The rest of what the core knows. */
    { "<iq type='result'/>", IBB_PAYLOAD_RESULT },
    { "<iq type='result'><data" IBB ">AAAA</data></iq>", IBB_PAYLOAD_RESULT },
    { "<message type='result'/>", IBB_PAYLOAD_OTHER },
    { "<iq type='get'><ping xmlns='urn:xmpp:ping'/></iq>", IBB_PAYLOAD_PING },
    { "<iq type='set'><ping xmlns='urn:xmpp:ping'/></iq>", IBB_PAYLOAD_OTHER },
    { "<iq type='get'><ping xmlns='urn:xmpp:ping'/><x/></iq>", IBB_PAYLOAD_OTHER },
    { "<iq type='get'><query xmlns='" IBB_DISCO_INFO_NAMESPACE "'/></iq>",
      IBB_PAYLOAD_DISCO_QUERY },
    { "<iq type='get'><query xmlns='" IBB_DISCO_INFO_NAMESPACE "' node='n'/></iq>",
      IBB_PAYLOAD_DISCO_QUERY },
    { "<iq type='get'><query xmlns='jabber:iq:version'/></iq>", IBB_PAYLOAD_VERSION },
    { "<iq type='set'><query xmlns='jabber:iq:version'/></iq>", IBB_PAYLOAD_OTHER },
    { "<iq type='get'><query xmlns='jabber:iq:version'/><x/></iq>", IBB_PAYLOAD_OTHER },
    { "<iq type='result'><query xmlns='" IBB_DISCO_INFO_NAMESPACE "'/></iq>",
      IBB_PAYLOAD_DISCO_INFO },
    { "<iq type='error'/>", IBB_PAYLOAD_ERROR },
    { "<message type='error'><data" IBB "/></message>", IBB_PAYLOAD_ERROR },
    { "<presence type='error'/>", IBB_PAYLOAD_ERROR },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (IBBStanza) stanza = read_xml (cases[i].xml);

      g_assert_cmpint (stanza->payload, ==, cases[i].payload);
      if (stanza->payload != IBB_PAYLOAD_DATA)
        g_assert_null (stanza->bytes);
    }
}

/* The block size (N-03, D-12), the stanza type (N-05) and the sid (D-13) of an open. */
static void
test_open (void)
{
  g_autoptr (IBBStanza) full =
      read_xml ("<iq type='set'><open" IBB " sid='s' block-size='4096' stanza='message'/></iq>");
  g_autoptr (IBBStanza) defaults =
      read_xml ("<iq type='set'><open" IBB " sid='' block-size=' 0065535&#10;'><x/>?</open></iq>");
  g_autoptr (IBBStanza) bad =
      read_xml ("<iq type='set'><open" IBB " sid='a b' block-size='0' stanza='presence'/></iq>");
  g_autoptr (IBBStanza) none = read_xml ("<iq type='set'><open" IBB "/></iq>");
  g_autoptr (IBBStanza) foreign = read_xml ("<iq type='set'><open" IBB " xmlns:x='u' x:sid='s' "
                                            "x:block-size='1' x:stanza='bogus'/></iq>");

  g_assert_cmpstr (full->sid, ==, "s");
  g_assert_true (full->block_size_valid);
  g_assert_cmpuint (full->block_size, ==, 4096);
  g_assert_true (full->by_message_valid);
  g_assert_true (full->by_message);

  g_assert_cmpstr (defaults->sid, ==, "");
  g_assert_true (defaults->block_size_valid);
  g_assert_cmpuint (defaults->block_size, ==, 65535);
  g_assert_true (defaults->by_message_valid);
  g_assert_false (defaults->by_message);
  g_assert_false (defaults->has_child);

  g_assert_cmpstr (bad->sid, ==, "a b");
  g_assert_false (bad->block_size_valid);
  g_assert_false (bad->by_message_valid);

  g_assert_null (none->sid);
  g_assert_false (none->block_size_valid);
  g_assert_true (none->by_message_valid);

  g_assert_null (foreign->sid);
  g_assert_false (foreign->block_size_valid);
  g_assert_true (foreign->by_message_valid);
}

/* Base64 that is wrong (N-42, N-43) or has white space (D-19), a seq that is none (D-11), children
 * (N-44). */
static void
test_data (void)
{
  static const struct
  {
    const char     *content;
    IBBBase64Status base64;
    const char     *bytes;
    gsize           text_length;
  } cases[] = {
    { "Zm9vYmFy", IBB_BASE64_EXACT, "foobar", 8 },
    { "", IBB_BASE64_EXACT, "", 0 },
    { "Zg==", IBB_BASE64_EXACT, "f", 4 },
    { "\n  Zm9v\n", IBB_BASE64_LENIENT, "foo", 8 },
    { "Zh==", IBB_BASE64_LENIENT, "f", 4 },
    { "AA*A", IBB_BASE64_INVALID, NULL, 4 },
    { "AA-_", IBB_BASE64_INVALID, NULL, 4 },
    { "AA\xC3\xA4", IBB_BASE64_INVALID, NULL, 4 },
    { "AAAAA", IBB_BASE64_INVALID, NULL, 5 },
    { "=AAA", IBB_BASE64_INVALID, NULL, 4 },
    /* XML's ways to write a character are no way around. */
    { "AA&#42;A", IBB_BASE64_INVALID, NULL, 4 },
    { "AA&amp;A", IBB_BASE64_INVALID, NULL, 4 },
    { "AA&#x41;A", IBB_BASE64_EXACT, "\0\0\0", 4 },
    { "<![CDATA[Zm9v]]>YmFy", IBB_BASE64_EXACT, "foobar", 8 },
    { "<![CDATA[AA<A]]>", IBB_BASE64_INVALID, NULL, 4 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *xml = g_strdup_printf (
          "<iq type='set'><data" IBB " sid='s' seq='7'>%s</data></iq>", cases[i].content);
      g_autoptr (IBBStanza) stanza = read_xml (xml);

      g_assert_cmpint (stanza->base64, ==, cases[i].base64);
      g_assert_cmpuint (stanza->text_length, ==, cases[i].text_length);
      g_assert_true (stanza->seq_valid);
      g_assert_cmpuint (stanza->seq, ==, 7);
      g_assert_cmpstr (stanza->sid, ==, "s");
      g_assert_false (stanza->has_child);
      g_assert_null (stanza->xml);

      if (cases[i].bytes == NULL)
        g_assert_null (stanza->bytes);
      else
        g_assert_cmpmem (g_bytes_get_data (stanza->bytes, NULL), g_bytes_get_size (stanza->bytes),
                         cases[i].bytes,
                         MAX (strlen (cases[i].bytes), g_bytes_get_size (stanza->bytes)));
    }
}

static void
test_data_attributes (void)
{
  static const char *const bad[] = { "", "-1", "+1", "65536", "x", "1 1" };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *xml =
          g_strdup_printf ("<iq type='set'><data" IBB " sid='s' seq='%s'>AAAA</data></iq>", bad[i]);
      g_autoptr (IBBStanza) stanza = read_xml (xml);

      g_assert_false (stanza->seq_valid);
    }

  {
    g_autoptr (IBBStanza) none = read_xml ("<iq type='set'><data" IBB ">AAAA</data></iq>");

    g_assert_false (none->seq_valid);
    g_assert_null (none->sid);
    g_assert_nonnull (none->bytes);
  }
}

/* N-44: the text of a child is not the block's. */
static void
test_data_child (void)
{
  g_autoptr (IBBStanza) stanza = read_xml (
      "<message><data" IBB " sid='s' seq='0'>Zm9v<b>AAAA<c>AAAA</c></b>YmFy</data></message>");
  g_autoptr (IBBStanza) sibling =
      read_xml ("<message><x xmlns='u'>AAAA</x><data" IBB " sid='s' seq='0'>Zm9v</data>"
                "<body>AAAA</body></message>");

  g_assert_true (stanza->has_child);
  g_assert_cmpmem (g_bytes_get_data (stanza->bytes, NULL), g_bytes_get_size (stanza->bytes),
                   "foobar", 6);

  g_assert_false (sibling->has_child);
  g_assert_cmpmem (g_bytes_get_data (sibling->bytes, NULL), g_bytes_get_size (sibling->bytes),
                   "foo", 3);
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

/* The marks of a close after an error (D-49), and of one after which the peer reads on (D-39); the
 * session that a probe names (D-27). */
static void
test_close (void)
{
  static const struct
  {
    const char *attributes;
    gboolean    unclean;
    gboolean    reads;
    const char *asked;
  } cases[] = {
    { "", FALSE, FALSE, NULL },
    { " xmlns:u='urn:ibb-glib:1' u:unclean='true'", TRUE, FALSE, NULL },
    { " xmlns:other='urn:ibb-glib:1' other:unclean='true'", TRUE, FALSE, NULL },
    { " xmlns:u='urn:ibb-glib:1' u:unclean='1'", TRUE, FALSE, NULL },
    { " xmlns:u='urn:ibb-glib:1' u:unclean='false'", FALSE, FALSE, NULL },
    { " xmlns:u='urn:ibb-glib:2' u:unclean='true'", FALSE, FALSE, NULL },
    { " unclean='true'", FALSE, FALSE, NULL },
    { " xmlns:u='urn:ibb-glib:1' u:reads='true'", FALSE, TRUE, NULL },
    { " xmlns:u='urn:ibb-glib:1' u:reads='1'", FALSE, TRUE, NULL },
    { " xmlns:u='urn:ibb-glib:1' u:reads='false'", FALSE, FALSE, NULL },
    { " xmlns:u='urn:ibb-glib:1' u:reads='true' u:unclean='true'", TRUE, FALSE, NULL },
    { " reads='true'", FALSE, FALSE, NULL },
    { " xmlns:u='urn:ibb-glib:1' u:asked='&lt;t'", FALSE, FALSE, "<t" },
    { " xmlns:u='urn:ibb-glib:1' u:asked='t' u:unclean='true'", TRUE, FALSE, "t" },
    { " xmlns:u='urn:ibb-glib:1' u:asked=' t&#10;' u:unclean=' true '", TRUE, FALSE, "t" },
    { " xmlns:u='urn:ibb-glib:1' u:unclean='t rue'", FALSE, FALSE, NULL },
    { " xmlns:u='urn:ibb-glib:2' u:asked='t'", FALSE, FALSE, NULL },
    { " asked='t'", FALSE, FALSE, NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *xml =
          g_strdup_printf ("<iq type='set'><close" IBB " sid='s'%s/></iq>", cases[i].attributes);
      g_autoptr (IBBStanza) stanza = read_xml (xml);

      g_assert_cmpstr (stanza->sid, ==, "s");
      g_assert_cmpint (stanza->unclean, ==, cases[i].unclean);
      g_assert_cmpint (stanza->reads, ==, cases[i].reads);
      g_assert_cmpstr (stanza->asked, ==, cases[i].asked);
    }
}

/* D-49: the reason of an unclean close. The text is one line of 256 bytes at most. */
static void
test_close_reason (void)
{
  g_autofree char *most = g_strnfill (IBB_ERROR_TEXT_MAX_LENGTH, 'x');
  const struct
  {
    const char *mark;
    const char *condition;
    const char *text;
    const char *kept; /* (nullable) */
    gboolean    gives;
  } cases[] = {
    { "u:unclean='true'", "gone", "bye", "bye", TRUE },
    { "u:unclean='true'", "gone", "a&#10;b&#x202e;", "a b\xe2\x80\xae", TRUE },
    { "u:unclean='true'", "gone", most, most, TRUE },
    { "u:unclean='true'", "another", "bye", NULL, FALSE },
    { "u:reads='true'", "gone", "bye", NULL, FALSE },
    { "", "gone", "bye", NULL, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *xml = g_strdup_printf (
          "<iq type='set'><close" IBB " sid='s' xmlns:u='urn:ibb-glib:1' %s u:condition='%s' "
          "u:text='%s%s'/></iq>",
          cases[i].mark, cases[i].condition, cases[i].text, cases[i].text == most ? "more" : "");
      g_autoptr (IBBStanza) stanza = read_xml (xml);

      g_assert_cmpint (stanza->payload, ==, IBB_PAYLOAD_CLOSE);
      g_assert_cmpint (stanza->gives_reason, ==, cases[i].gives);
      g_assert_cmpstr (stanza->text, ==, cases[i].kept);
      if (cases[i].gives)
        g_assert_cmpint (stanza->condition, ==, IBB_CONDITION_GONE);
    }
}

/* D-25 reads conditions, H-06 types: every combination. */
static void
test_error_table (void)
{
  for (guint condition = 0; condition < IBB_N_CONDITIONS; condition++)
    {
      for (guint type = 0; type <= IBB_ERROR_TYPE_WAIT; type++)
        {
          g_autofree char *xml = g_strdup_printf (
              "<iq type='error' id='1'><error type='%s'><%s" CONDITION "/></error></iq>",
              ibb_error_type_to_string (type), ibb_condition_to_string (condition));
          g_autoptr (IBBStanza) stanza = read_xml (xml);

          g_assert_cmpint (stanza->payload, ==, IBB_PAYLOAD_ERROR);
          g_assert_cmpuint (stanza->condition, ==, condition);
          g_assert_cmpuint (stanza->error_type, ==, type);
          g_assert_null (stanza->text);
        }
    }
}

static void
test_error_details (void)
{
  static const struct
  {
    const char  *content;
    IBBCondition condition;
    IBBErrorType type;
    const char  *text;
  } cases[] = {
    { "", IBB_CONDITION_UNDEFINED_CONDITION, IBB_ERROR_TYPE_CANCEL, NULL },
    { "<error/>", IBB_CONDITION_UNDEFINED_CONDITION, IBB_ERROR_TYPE_CANCEL, NULL },
    { "<error type='wait'/>", IBB_CONDITION_UNDEFINED_CONDITION, IBB_ERROR_TYPE_WAIT, NULL },
    { "<error type='wait'><new-one" CONDITION "/></error>", IBB_CONDITION_UNDEFINED_CONDITION,
      IBB_ERROR_TYPE_WAIT, NULL },
    /* Without a known type the condition decides. */
    { "<error type='later'><item-not-found" CONDITION "/></error>", IBB_CONDITION_ITEM_NOT_FOUND,
      IBB_ERROR_TYPE_CANCEL, NULL },
    { "<error><remote-server-timeout" CONDITION "/></error>", IBB_CONDITION_REMOTE_SERVER_TIMEOUT,
      IBB_ERROR_TYPE_WAIT, NULL },
    /* The condition may be wrapped in others, and stand anywhere. */
    { "<error type='cancel'><text" CONDITION
      ">Not &lt;now&gt;</text><gone xmlns='u'/><gone" CONDITION ">xmpp:a@b</gone></error>",
      IBB_CONDITION_GONE, IBB_ERROR_TYPE_CANCEL, "Not <now>" },
    { "<error type='auth'><forbidden xmlns='u'/></error>", IBB_CONDITION_UNDEFINED_CONDITION,
      IBB_ERROR_TYPE_AUTH, NULL },
    /* The first text counts, and of the first error. */
    { "<error type='wait'><text" CONDITION " xml:lang='de'>eins</text><text" CONDITION
      ">two</text></error><error type='auth'><gone" CONDITION "/><text" CONDITION
      ">three</text></error>",
      IBB_CONDITION_UNDEFINED_CONDITION, IBB_ERROR_TYPE_WAIT, "eins" },
    { "<error><text" CONDITION "/></error>", IBB_CONDITION_UNDEFINED_CONDITION,
      IBB_ERROR_TYPE_CANCEL, "" },
    { "<error><text" CONDITION ">a<b>c</b>&#10;d</text></error>", IBB_CONDITION_UNDEFINED_CONDITION,
      IBB_ERROR_TYPE_CANCEL, "a d" },
    /* The element is not where it belongs. */
    { "<x xmlns='u'><error type='wait'><gone" CONDITION "/></error></x>",
      IBB_CONDITION_UNDEFINED_CONDITION, IBB_ERROR_TYPE_CANCEL, NULL },
    { "<error xmlns='u' type='wait'><gone" CONDITION "/></error>",
      IBB_CONDITION_UNDEFINED_CONDITION, IBB_ERROR_TYPE_CANCEL, NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *xml =
          g_strdup_printf ("<message type='error'>%s</message>", cases[i].content);
      g_autoptr (IBBStanza) stanza = read_xml (xml);

      g_assert_cmpint (stanza->condition, ==, cases[i].condition);
      g_assert_cmpint (stanza->error_type, ==, cases[i].type);
      g_assert_cmpstr (stanza->text, ==, cases[i].text);
    }

  {
    g_autofree char *text = g_strnfill (5000, 'x');
    g_autofree char *xml =
        g_strdup_printf ("<iq type='error'><error><text" CONDITION ">%s</text></error></iq>", text);
    g_autoptr (IBBStanza) stanza = read_xml (xml);

    g_assert_cmpuint (strlen (stanza->text), ==, IBB_ERROR_TEXT_MAX_LENGTH);
  }
}

/* N-31: a rule of XEP-0079 was heeded, as the server says in more than one way. */
static void
test_error_rules (void)
{
  g_autoptr (IBBStanza) stanza =
      read_xml ("<message type='error' id='1' from='there'>"
                "<amp xmlns='http://jabber.org/protocol/amp' status='error' to='them@there/r'>"
                "<rule action='error' condition='deliver' value='stored'/></amp>"
                "<error type='modify' code='500'>"
                "<failed-rules xmlns='http://jabber.org/protocol/amp#errors'>"
                "<rule action='error' condition='deliver' value='stored'/></failed-rules>"
                "<undefined-condition" CONDITION "/></error></message>");
  g_autoptr (IBBStanza) alert =
      read_xml ("<message id='1' from='there'>"
                "<amp xmlns='http://jabber.org/protocol/amp' status='alert' to='them@there/r'>"
                "<rule action='alert' condition='deliver' value='stored'/></amp></message>");

  g_assert_cmpint (stanza->payload, ==, IBB_PAYLOAD_ERROR);
  g_assert_cmpint (stanza->condition, ==, IBB_CONDITION_UNDEFINED_CONDITION);
  g_assert_cmpint (stanza->error_type, ==, IBB_ERROR_TYPE_MODIFY);
  g_assert_cmpint (alert->payload, ==, IBB_PAYLOAD_OTHER); /* not of our asking */
}

/* What the answer of a peer to disco#info tells: our feature, and its identities (D-29). */
static void
test_disco_info (void)
{
  g_autoptr (IBBStanza) stanza = read_xml (
      "<iq type='result'><query xmlns='" IBB_DISCO_INFO_NAMESPACE "'>"
      "<identity category='client' type='bot' name='a/b &amp; c'/><identity category='x' type='y'/>"
      "<identity category='incomplete'/><feature var='urn:ibb-glib:1'/><feature/>"
      "<feature xmlns='u' var='foreign'/><x><feature var='nested'/></x><feature var='z'/>"
      "</query></iq>");
  g_autoptr (IBBStanza) empty =
      read_xml ("<iq type='result'><query xmlns='" IBB_DISCO_INFO_NAMESPACE "'/></iq>");

  g_assert_cmpuint (g_strv_length (stanza->features), ==, 2);
  g_assert_cmpstr (stanza->features[0], ==, IBB_FEATURE_NAMESPACE);
  g_assert_cmpstr (stanza->features[1], ==, "z");
  g_assert_cmpuint (g_strv_length (stanza->identities), ==, 2);
  g_assert_cmpstr (stanza->identities[0], ==, "client/bot/a/b & c");
  g_assert_cmpstr (stanza->identities[1], ==, "x/y/");

  g_assert_null (stanza->node);
  g_assert_cmpuint (g_strv_length (empty->features), ==, 0);
  g_assert_cmpuint (g_strv_length (empty->identities), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/ibb/stanza-reader/attributes", test_attributes);
  g_test_add_func ("/ibb/stanza-reader/payload/N-01,D-10,D-34", test_payload);
  g_test_add_func ("/ibb/stanza-reader/open/N-03,N-05,D-12,D-13", test_open);
  g_test_add_func ("/ibb/stanza-reader/data/N-42,N-43,D-19", test_data);
  g_test_add_func ("/ibb/stanza-reader/data/attributes/N-19,D-11", test_data_attributes);
  g_test_add_func ("/ibb/stanza-reader/data/child/N-44", test_data_child);
  g_test_add_func ("/ibb/stanza-reader/data/bounds/D-17", test_data_bounds);
  g_test_add_func ("/ibb/stanza-reader/close/D-39,D-49", test_close);
  g_test_add_func ("/ibb/stanza-reader/close/reason/D-49", test_close_reason);
  g_test_add_func ("/ibb/stanza-reader/error/table/D-25", test_error_table);
  g_test_add_func ("/ibb/stanza-reader/error/details", test_error_details);
  g_test_add_func ("/ibb/stanza-reader/error/rules/N-31", test_error_rules);
  g_test_add_func ("/ibb/stanza-reader/disco-info/D-29", test_disco_info);

  return g_test_run ();
}
