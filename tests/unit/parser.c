/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/stream/parser.h"

#include <malloc.h>
#include <string.h>

#include "ibb-error.h"
#include "line.h"
#include "stanza/ibb-element-private.h"
#include "xmpp/stream/stream-namespaces.h"

#define HEADER                                                                                     \
  "<?xml version='1.0' encoding='UTF-8'?><stream:stream xmlns='jabber:client' "                    \
  "xmlns:stream='http://etherx.jabber.org/streams' from='a&amp;b' id='x' version='1.0'>"

/* The events so far, one word or line each. */
static void
take_all (IBBParser *parser, GString *log)
{
  for (;;)
    {
      g_autoptr (IBBElement) element = NULL;
      g_autoptr (IBBStanza)  stanza = NULL;

      switch (ibb_parser_take (parser, &element, &stanza))
        {
        case IBB_PARSER_NOTHING:
          g_assert_null (element);
          g_assert_null (stanza);
          return;
        case IBB_PARSER_HEADER:
          g_assert_cmpstr (ibb_element_get_attribute (element, "version"), ==, "1.0");
          g_string_append (log, "header ");
          break;
        case IBB_PARSER_ELEMENT:
          g_string_append_printf (log, "%s ", element->name);
          break;
        case IBB_PARSER_STANZA:
          g_string_append_printf (log, "[%s %s] ", ibb_stanza_get_name (stanza),
                                  ibb_stanza_get_id (stanza));
          if (stanza->payload == IBB_PAYLOAD_DATA)
            g_string_append_printf (log, "%" G_GSIZE_FORMAT " ", g_bytes_get_size (stanza->bytes));
          break;
        case IBB_PARSER_END:
          g_string_append (log, "end ");
          break;
        default:
          g_assert_not_reached ();
        }
    }
}

/* The parser does not need what it has parsed. */
static gboolean
feed (IBBParser *parser, const char *xml, gsize chunk, GString *log, GError **error)
{
  gsize length = strlen (xml);

  for (gsize i = 0; i < length; i += chunk)
    {
      gboolean fine = ibb_parser_feed (parser, xml + i, MIN (chunk, length - i), error);

      ibb_parser_forget (parser);
      take_all (parser, log);
      if (!fine)
        return FALSE;
    }

  return TRUE;
}

static void
test_chunks (void)
{
  static const char xml[] = HEADER
      "<stream:features><a xmlns='urn:a'>&lt;<![CDATA[&x]]></a><stream:b/></stream:features>\n "
      "<iq type='set' id='1' from='p@d/r'><data xmlns='http://jabber.org/protocol/ibb' sid='s' "
      "seq='0'>QUJD</data></iq><message id='2'><body>x &amp; y</body></message> "
      "<presence id='3'/><other xmlns='urn:o'/></stream:stream>";
  static const gsize chunks[] = { 1, 2, 3, 7, 64, sizeof xml };

  for (gsize i = 0; i < G_N_ELEMENTS (chunks); i++)
    {
      g_autoptr (IBBParser) parser = ibb_parser_new ();
      g_autoptr (GString)   log = g_string_new (NULL);
      g_autoptr (GError)    error = NULL;

      parser->expects_stanzas = TRUE;
      g_assert_true (feed (parser, xml, chunks[i], log, &error));
      g_assert_no_error (error);
      g_assert_cmpstr (log->str, ==,
                       "header features [iq 1] 3 [message 2] [presence 3] other end ");
    }
}

static void
test_tree (void)
{
  g_autoptr (IBBParser)  parser = ibb_parser_new ();
  g_autoptr (IBBElement) header = NULL;
  g_autoptr (IBBElement) iq = NULL;
  g_autoptr (IBBStanza)  stanza = NULL;
  IBBElement            *bind, *jid;
  static const char      xml[] = HEADER
      "<iq type='result' id='&quot;b&#65;&amp;'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
      "<jid>a@b/c&amp;d</jid></bind></iq>";

  g_assert_true (ibb_parser_feed (parser, xml, strlen (xml), NULL));
  g_assert_cmpint (ibb_parser_take (parser, &header, &stanza), ==, IBB_PARSER_HEADER);
  g_assert_cmpstr (ibb_element_get_attribute (header, "from"), ==, "a&b");
  g_assert_cmpint (ibb_parser_take (parser, &iq, &stanza), ==, IBB_PARSER_ELEMENT);
  g_assert_true (ibb_element_is (iq, "iq", IBB_CLIENT_NAMESPACE));
  g_assert_cmpstr (ibb_element_get_attribute (iq, "id"), ==, "\"bA&");
  g_assert_null (ibb_element_get_attribute (iq, "from"));
  bind = ibb_element_get_child (iq, "bind", IBB_BIND_NAMESPACE);
  g_assert_nonnull (bind);
  g_assert_null (ibb_element_get_child (iq, "bind", "urn:other"));
  jid = ibb_element_get_child (bind, "jid", IBB_BIND_NAMESPACE);
  g_assert_cmpstr (jid->text->str, ==, "a@b/c&d");
}

static void
test_condition (void)
{
  g_autoptr (IBBParser)  parser = ibb_parser_new ();
  g_autoptr (IBBElement) header = NULL;
  g_autoptr (IBBElement) element = NULL;
  g_autoptr (IBBStanza)  stanza = NULL;
  static const char      xml[] =
      HEADER "<stream:error><text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>why</text>"
             "<conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><own xmlns='urn:own'/>"
             "</stream:error>";

  g_assert_true (ibb_parser_feed (parser, xml, strlen (xml), NULL));
  ibb_parser_take (parser, &header, &stanza);
  g_assert_cmpint (ibb_parser_take (parser, &element, &stanza), ==, IBB_PARSER_ELEMENT);
  g_assert_cmpstr (ibb_element_get_condition (element, IBB_STREAM_ERROR_NAMESPACE), ==, "conflict");
  g_assert_cmpstr (ibb_element_get_condition_text (element, IBB_STREAM_ERROR_NAMESPACE), ==, "why");
  g_assert_null (ibb_element_get_condition_text (element, IBB_SASL_NAMESPACE));
  g_assert_null (ibb_element_get_condition (element, IBB_SASL_NAMESPACE));
}

static void
test_forbidden (void)
{
  static const struct
  {
    const char *xml;
    const char *condition;
    const char *before; /* what came before it is not lost */
  } cases[] = {
    { "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]>" HEADER, "restricted-xml", "" },
    { "<!DOCTYPE a SYSTEM 'file:///etc/passwd'>" HEADER, "restricted-xml", "" },
    { HEADER "<iq id='1'/><iq id='2'>&b;</iq>", "restricted-xml", "header [iq 1] " },
    { HEADER "<iq id='1'/><iq id='&b;'/>", "restricted-xml", "header [iq 1] " },
    { HEADER "<iq id='1'/><!-- no -->", "restricted-xml", "header [iq 1] " },
    { HEADER "<iq id='1'/><iq id='2'><!-- no --></iq>", "restricted-xml", "header [iq 1] " },
    { HEADER "<iq id='1'/><?no no?>", "restricted-xml", "header [iq 1] " },
    { HEADER "<iq id='1'><?no no?></iq>", "restricted-xml", "header " },
    { HEADER "<iq id='1'/>text", "bad-format", "header [iq 1] " },
    { HEADER "<iq id='1'/></iq>", "not-well-formed", "header [iq 1] " },
    { HEADER "<iq id='1'/><iq id='1' id='2'/>", "not-well-formed", "header [iq 1] " },
    { HEADER "<iq id='1'/><a\xC2\x85"
             "\xC2\x9B"
             "\u202e></b>",
      "not-well-formed", "header [iq 1] " },
    { HEADER "<iq id='1'/><iq\n\xC2\x9B"
             "\u202e='&x",
      "not-well-formed", "header [iq 1] " },
    { HEADER "<iq id='1'/><p:iq id='1'/>", "not-well-formed", "header [iq 1] " },
    { HEADER "<iq id='\xff'/>", "not-well-formed", "header " },
    { HEADER "<iq id='1'>&#0;</iq>", "not-well-formed", "header " },
    { "<html xmlns='http://www.w3.org/1999/xhtml'></html>", "invalid-namespace", "" },
    { "<stream xmlns='jabber:client'>", "invalid-namespace", "" },
    { "HTTP/1.1 400 Bad Request\r\n", "unsupported-encoding", "" },
    { "\x16\x03\x01", "unsupported-encoding", "" },
    { "\xff\xfe<", "unsupported-encoding", "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (gsize chunk = 1; chunk <= 4096; chunk *= 64)
      {
        g_autoptr (IBBParser) parser = ibb_parser_new ();
        g_autoptr (GString)   log = g_string_new (NULL);
        g_autoptr (GError)    error = NULL;

        g_test_message ("case %" G_GSIZE_FORMAT, i);
        parser->expects_stanzas = TRUE;
        /* The start of the text is found out when more of it comes. */
        if (feed (parser, cases[i].xml, chunk, log, &error))
          feed (parser, "<x>", 1, log, &error);
        g_assert_error (error, IBB_ERROR, IBB_ERROR_PROTOCOL);
        g_assert_cmpstr (parser->condition, ==, cases[i].condition);
        assert_is_line (error->message);
        g_assert_cmpstr (log->str, ==, cases[i].before);

        /* The parser goes on refusing. */
        g_clear_error (&error);
        g_assert_false (ibb_parser_feed (parser, HEADER, strlen (HEADER), &error));
        g_assert_error (error, IBB_ERROR, IBB_ERROR_PROTOCOL);
      }
}

static void
test_utf16 (void)
{
  g_autoptr (IBBParser) parser = ibb_parser_new ();
  g_autoptr (GError)    error = NULL;

  g_assert_false (ibb_parser_feed (parser, "<\0?\0x\0m\0", 8, &error));
  g_assert_error (error, IBB_ERROR, IBB_ERROR_PROTOCOL);
}

static void
test_depth (void)
{
  for (guint depth = IBB_STANZA_MAX_DEPTH; depth <= IBB_STANZA_MAX_DEPTH + 1; depth++)
    for (guint stanza = 0; stanza < 2; stanza++)
      {
        g_autoptr (IBBParser) parser = ibb_parser_new ();
        g_autoptr (GString)   xml = g_string_new (HEADER);
        g_autoptr (GString)   log = g_string_new (NULL);
        g_autoptr (GError)    error = NULL;
        const char           *name = stanza ? "iq" : "other";

        parser->expects_stanzas = TRUE;
        for (guint i = 0; i < depth; i++)
          g_string_append_printf (xml, "<%s>", name);
        for (guint i = 0; i < depth; i++)
          g_string_append_printf (xml, "</%s>", name);
        g_assert_cmpint (feed (parser, xml->str, 4096, log, &error), ==,
                         depth <= IBB_STANZA_MAX_DEPTH);
        if (depth > IBB_STANZA_MAX_DEPTH)
          g_assert_cmpstr (parser->condition, ==, "policy-violation");
      }
}

static gboolean
feed_children (guint n, const char *start, const char *child, IBBElement **element)
{
  g_autoptr (IBBParser) parser = ibb_parser_new ();
  g_autoptr (GString)   xml = g_string_new (HEADER);
  g_autoptr (GError)    error = NULL;
  IBBStanza            *stanza;
  gboolean              fine;

  g_string_append (xml, start);
  for (guint i = 0; i < n; i++)
    g_string_append (xml, child);
  g_string_append (xml, "</other>");
  fine = ibb_parser_feed (parser, xml->str, xml->len, &error);
  if (!fine)
    g_assert_cmpstr (parser->condition, ==, "policy-violation");
  else
    {
      g_assert_cmpint (ibb_parser_take (parser, element, &stanza), ==, IBB_PARSER_HEADER);
      ibb_element_unref (*element);
      g_assert_cmpint (ibb_parser_take (parser, element, &stanza), ==, IBB_PARSER_ELEMENT);
    }
  return fine;
}

/* The memory that a tree of small elements takes is bounded. */
static void
test_tree_bounds (void)
{
  IBBElement      *element = NULL;
  g_autofree char *fill = g_strnfill (100000, 'x');
  g_autofree char *start = g_strdup_printf ("<other xmlns:p='%s'>", fill);
  IBBElement      *child;

  g_assert_true (feed_children (999, "<other>", "<a/>", &element));
  g_clear_pointer (&element, ibb_element_unref);
  g_assert_false (feed_children (1000, "<other>", "<a/>", &element));

  /* Six bytes would copy a namespace of 100,000. */
  g_assert_true (feed_children (999, start, "<p:a/>", &element));
  g_assert_cmpuint (element->children->len, ==, 999);
  child = g_ptr_array_index (element->children, 0);
  g_assert_cmpuint (strlen (child->namespace), <=, 256);
  ibb_element_unref (element);
}

/* Endless in one way each: never more than the bound and a chunk is taken. */
static void
test_length (void)
{
  static const struct
  {
    const char *start;
    const char *more;
  } cases[] = {
    { HEADER "<message><body>", "text " },
    { HEADER "<message a='", "value " },
    { HEADER "<message", " " },
    { HEADER "<messag", "e" },
    { HEADER "<message><body>", "<b/>" },
    { HEADER "<other>", "<b c='d'>e</b>" },
    { HEADER "<message><![CDATA[", "text " },
    { HEADER "<!-- ", "text " },
    { HEADER "<?a ", "text " },
    { "<!DOCTYPE a [", "<!ENTITY a 'b'>" },
    { "<stream ", "a=b " },
    { "<stream", " " },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (gsize chunk = 100; chunk <= 65536; chunk *= 655)
      {
        g_autoptr (IBBParser) parser = ibb_parser_new ();
        g_autoptr (GString)   more = g_string_new (NULL);
        g_autoptr (GError)    error = NULL;
        gsize                 fed;

        g_test_message ("%s", cases[i].start);
        while (more->len < chunk)
          g_string_append (more, cases[i].more);
        parser->expects_stanzas = TRUE;
        fed = strlen (cases[i].start);
        if (ibb_parser_feed (parser, cases[i].start, fed, &error))
          while (ibb_parser_feed (parser, more->str, more->len, &error))
            {
              fed += more->len;
              g_assert_cmpuint (fed, <=, IBB_STANZA_MAX_LENGTH + 4096 + 2 * more->len);
            }
        g_assert_error (error, IBB_ERROR, IBB_ERROR_PROTOCOL);
      }
}

static void
test_leftover (void)
{
  static const struct
  {
    const char *xml;
    gboolean    leftover;
  } cases[] = {
    { HEADER "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", FALSE },
    { HEADER "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'></proceed >", FALSE },
    { HEADER "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><iq/>", TRUE },
    { HEADER "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><", TRUE },
    { HEADER "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><iq", TRUE },
    { HEADER "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/> ", TRUE },
    { HEADER "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>", TRUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (gsize chunk = 1; chunk <= 4096; chunk *= 4096)
      {
        g_autoptr (IBBParser)  parser = ibb_parser_new ();
        g_autoptr (IBBElement) header = NULL;
        g_autoptr (IBBElement) proceed = NULL;
        g_autoptr (IBBStanza)  stanza = NULL;

        for (gsize j = 0; j < strlen (cases[i].xml); j += chunk)
          g_assert_true (ibb_parser_feed (parser, cases[i].xml + j,
                                          MIN (chunk, strlen (cases[i].xml) - j), NULL));
        g_assert_cmpint (ibb_parser_take (parser, &header, &stanza), ==, IBB_PARSER_HEADER);
        g_assert_cmpint (ibb_parser_take (parser, &proceed, &stanza), ==, IBB_PARSER_ELEMENT);
        g_assert_cmpint (ibb_parser_has_leftover (parser), ==, cases[i].leftover);
      }
}

/* Names that are never seen again, in stanzas that never end with a chunk:
 * 16 MB of them, and libxml2 would remember each. */
static void
test_memory (void)
{
  g_autoptr (IBBParser) parser = ibb_parser_new ();
  g_autoptr (GString)   chunk = g_string_new (HEADER);
  struct mallinfo2      before;
  guint                 n = 0, n_stanzas = 0;

  parser->expects_stanzas = TRUE;
  g_assert_true (ibb_parser_feed (parser, chunk->str, chunk->len, NULL));
  g_string_truncate (chunk, 0);
  before = mallinfo2 ();
  for (gsize total = 0; total < 16 * 1024 * 1024;)
    {
      g_autoptr (GError) error = NULL;
      gsize              half;

      while (chunk->len < 16384)
        {
          g_string_append_printf (chunk,
                                  "\n<iq id='%u'><name%032u x:attribute%032u='' "
                                  "xmlns:x='urn:%032u'/></iq>",
                                  n, n, n, n);
          n++;
        }
      half = chunk->len - 50;
      total += half;
      g_assert_true (ibb_parser_feed (parser, chunk->str, half, &error));
      g_assert_no_error (error);
      g_string_erase (chunk, 0, (gssize) half);
      for (;;)
        {
          g_autoptr (IBBElement) element = NULL;
          g_autoptr (IBBStanza)  stanza = NULL;
          g_autofree char       *id = NULL;
          IBBParserEvent         event = ibb_parser_take (parser, &element, &stanza);

          if (event == IBB_PARSER_NOTHING)
            break;
          if (event != IBB_PARSER_STANZA)
            continue;
          /* No stanza is lost, and none comes twice. */
          id = g_strdup_printf ("%u", n_stanzas++);
          g_assert_cmpstr (ibb_stanza_get_id (stanza), ==, id);
        }
    }
  g_assert_cmpuint (n_stanzas + 2, >=, n);
  g_assert_cmpuint (mallinfo2 ().uordblks, <, before.uordblks + 6 * 1024 * 1024);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ibb/parser/chunks", test_chunks);
  g_test_add_func ("/ibb/parser/tree", test_tree);
  g_test_add_func ("/ibb/parser/condition", test_condition);
  g_test_add_func ("/ibb/parser/forbidden", test_forbidden);
  g_test_add_func ("/ibb/parser/utf16", test_utf16);
  g_test_add_func ("/ibb/parser/depth", test_depth);
  g_test_add_func ("/ibb/parser/tree/bounds", test_tree_bounds);
  g_test_add_func ("/ibb/parser/length", test_length);
  g_test_add_func ("/ibb/parser/leftover", test_leftover);
  g_test_add_func ("/ibb/parser/memory", test_memory);

  return g_test_run ();
}
