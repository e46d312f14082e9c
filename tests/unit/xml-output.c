/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/stream/xml-output.h"

#include "ibb-stanza.h"
#include "slow-stream.h"

static gboolean
write_once (IBBXmlOutput *output, SlowStream *stream)
{
  g_autoptr (GError) error = NULL;
  gboolean           drained;

  if (ibb_xml_output_write (output, G_POLLABLE_OUTPUT_STREAM (stream), TRUE, &drained, &error))
    return TRUE;
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  return FALSE;
}

static void
append_element (IBBXmlOutput *output, gsize length)
{
  g_autofree char *text = g_strnfill (length, 'x');

  ibb_xml_output_append (output, text, FALSE);
}

static void
assert_write (IBBXmlOutput *output, SlowStream *stream, guint length)
{
  g_byte_array_set_size (stream->bytes, 0);
  stream->is_full = FALSE;
  write_once (output, stream);
  g_assert_cmpuint (stream->bytes->len, ==, length);
}

/* Over TLS a write is a record: whole elements if they fit, and no more than Prosody reads at a
 * time. */
static void
test_records (void)
{
  IBBXmlOutput          *output = ibb_xml_output_new ();
  g_autoptr (SlowStream) stream = g_object_new (SLOW_TYPE_STREAM, NULL);

  stream->step = G_MAXSIZE;
  append_element (output, 3000);
  append_element (output, 3000);
  append_element (output, 2193);
  assert_write (output, stream, 6000);
  append_element (output, 5999);
  assert_write (output, stream, 2193);
  assert_write (output, stream, 5999);

  append_element (output, 20000);
  append_element (output, 4000);
  append_element (output, 4000);
  assert_write (output, stream, 8192);
  assert_write (output, stream, 8192);
  assert_write (output, stream, 3616 + 4000);
  assert_write (output, stream, 4000);
  g_assert_cmpuint (ibb_xml_output_get_unsent (output), ==, 0);
  ibb_xml_output_free (output);
}

/* A block of so many bytes, around which the stanza has 133. */
static void
append_block (IBBXmlOutput *output, gsize length, gboolean fills)
{
  g_autoptr (IBBStanza) block = ibb_stanza_record_new (IBB_STANZA_IQ, "set", IBB_PAYLOAD_DATA,
                                                       "0123456789abcdef", "bob@example.org");

  block->fills = fills;
  block->sid = g_strdup ("sid");
  block->bytes = g_bytes_new_take (g_malloc0 (length), length);
  ibb_xml_output_append_stanza (output, block);
}

/* Long blocks fill records, and so does what is between them (D-64). */
static void
test_filled_records (void)
{
  IBBXmlOutput          *output = ibb_xml_output_new ();
  g_autoptr (SlowStream) stream = g_object_new (SLOW_TYPE_STREAM, NULL);

  stream->step = G_MAXSIZE;
  append_element (output, 100);
  append_block (output, 5760, FALSE);
  assert_write (output, stream, 100 + 7680 + 133);
  append_block (output, 5760, TRUE);
  assert_write (output, stream, 8192);
  g_assert_cmpint (stream->bytes->data[8191], ==, ' ');
  append_element (output, 100);
  assert_write (output, stream, 8192);

  append_element (output, 200);
  append_block (output, 30336, TRUE);
  append_block (output, 5760, TRUE);
  append_element (output, 300);
  for (guint i = 0; i < 7; i++)
    assert_write (output, stream, 8192);
  g_assert_cmpuint (ibb_xml_output_get_unsent (output), ==, 0);
  ibb_xml_output_free (output);
}

/* There are no more spaces than 64 KiB, and a part in 32 of what blocks have. */
static void
test_spaces (void)
{
  IBBXmlOutput          *output = ibb_xml_output_new ();
  g_autoptr (SlowStream) stream = g_object_new (SLOW_TYPE_STREAM, NULL);

  stream->step = G_MAXSIZE;
  append_block (output, 61056, TRUE);
  for (guint i = 0; i < 10; i++)
    assert_write (output, stream, 8192);
  for (guint i = 0; i < 8; i++)
    {
      append_element (output, 192);
      assert_write (output, stream, 8192);
    }
  append_element (output, 192);
  assert_write (output, stream, 192);
  for (guint j = 0; j < 3; j++)
    {
      append_block (output, 61056, TRUE);
      for (guint i = 0; i < 10; i++)
        assert_write (output, stream, 8192);
    }
  append_element (output, 192);
  assert_write (output, stream, 8192);
  append_element (output, 192);
  assert_write (output, stream, 192);
  ibb_xml_output_free (output);
}

/* Each element is a frame, and each stanza has its namespace. A pong that has not left yet is
 * none of their bytes. */
static void
test_framed (void)
{
  IBBXmlOutput          *output = ibb_xml_output_new ();
  g_autoptr (SlowStream) stream = g_object_new (SLOW_TYPE_STREAM, NULL);
  g_autoptr (IBBStanza)  stanza = ibb_stanza_new_from_xml ("<presence/>", -1, NULL);
  g_autofree char       *text = g_strnfill (40000, 'x');

  stream->step = 3;
  ibb_xml_output_set_framed (output);
  ibb_xml_output_pong (output, (const guint8 *) "ping", 4);
  g_assert_false (write_once (output, stream));
  ibb_xml_output_append (output, "<iq type='set'/>", FALSE);
  ibb_xml_output_append (output, "<r xmlns='urn:xmpp:sm:3'/>", FALSE);
  ibb_xml_output_append_stanza (output, stanza);
  g_assert_cmpuint (ibb_xml_output_get_unsent (output), >, 0);
  while (!write_once (output, stream))
    ;
  g_assert_cmpuint (ibb_xml_output_get_unsent (output), ==, 0);
  assert_frame (stream, 0x8a, "ping");
  assert_frame (stream, 0x81, "<iq xmlns='jabber:client' type='set'/>");
  assert_frame (stream, 0x81, "<r xmlns='urn:xmpp:sm:3'/>");
  assert_frame (stream, 0x81, "<presence xmlns='jabber:client'></presence>");

  /* More than a record, in between which a ping comes. */
  stream->step = 10000;
  ibb_xml_output_append (output, text, TRUE);
  ibb_xml_output_append (output, "<a/>", FALSE);
  g_assert_false (write_once (output, stream));
  ibb_xml_output_pong (output, NULL, 0);
  while (!write_once (output, stream))
    ;
  assert_frame (stream, 0x81, text);
  assert_frame (stream, 0x81, "<a/>");
  assert_frame (stream, 0x8a, "");
  g_assert_cmpuint (stream->bytes->len, ==, 0);

  stream->is_full = FALSE;
  ibb_xml_output_end_frames (output, G_POLLABLE_OUTPUT_STREAM (stream));
  assert_frame (stream, 0x88, "\x03\xe8");
  ibb_xml_output_free (output);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ibb/xml-output/records", test_records);
  g_test_add_func ("/ibb/xml-output/filled-records", test_filled_records);
  g_test_add_func ("/ibb/xml-output/spaces", test_spaces);
  g_test_add_func ("/ibb/xml-output/framed", test_framed);
  return g_test_run ();
}
