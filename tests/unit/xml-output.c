/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/xml-output.h"

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

  ibb_xml_output_append (output, text);
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
  ibb_xml_output_append (output, "<iq type='set'/>");
  ibb_xml_output_append (output, "<r xmlns='urn:xmpp:sm:3'/>");
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
  ibb_xml_output_append_secret (output, text);
  ibb_xml_output_append (output, "<a/>");
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
  g_test_add_func ("/ibb/xml-output/framed", test_framed);
  return g_test_run ();
}
