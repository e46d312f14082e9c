/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/stream/xml-input.h"

#include <string.h>

#include "base/intl.h"
#include "base/source.h"
#include "ibb-error.h"
#include "xmpp/base/tls-base.h"
#include "xmpp/stream/frame-reader.h"
#include "xmpp/stream/prologue.h"
#include "xmpp/stream/stream-xml.h"

#define READ_SIZE (64 * 1024)
#define MESSAGE_TOO_BIG 1009 /* RFC 6455 §7.4.1 */
#define MAX_READS 8          /* per dispatch, so that output and timers get their turn */

IBBXmlInput *
ibb_xml_input_new (GMainContext *context, const IBBXmlInputHandler *handler, gpointer owner)
{
  IBBXmlInput *self = g_new0 (IBBXmlInput, 1);

  g_ref_count_init (&self->ref_count);
  self->context = g_main_context_ref (context);
  self->handler = handler;
  self->owner = owner;
  self->parser = ibb_parser_new ();
  self->last_read = g_get_monotonic_time ();
  self->is_login = TRUE;

  return self;
}

static void
input_unref (IBBXmlInput *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;

  ibb_parser_free (self->parser);
  g_clear_pointer (&self->frames, ibb_frame_reader_free);
  g_clear_object (&self->stream);
  g_clear_object (&self->socket);
  g_main_context_unref (self->context);
  g_free (self);
}

void
ibb_xml_input_free (IBBXmlInput *self)
{
  ibb_xml_input_stop (self);
  input_unref (self);
}

/* For the messages of a WebSocket: each is an element without an XML stream around it. */
static IBBParser *
create_framed_parser (void)
{
  IBBParser             *parser = ibb_parser_new ();
  g_autoptr (IBBElement) element = NULL;
  g_autoptr (IBBStanza)  stanza = NULL;

  ibb_parser_feed (parser, IBB_STREAM_XML_PARSER_HEADER, strlen (IBB_STREAM_XML_PARSER_HEADER),
                   NULL);
  ibb_parser_take (parser, &element, &stanza);
  return parser;
}

void
ibb_xml_input_set_framed (IBBXmlInput *self)
{
  self->frames = ibb_frame_reader_new (IBB_STANZA_MAX_LENGTH);
}

void
ibb_xml_input_restart (IBBXmlInput *self)
{
  IBBParser *old = self->parser;

  /* In this order take_events (), which may be further up the stack, sees that the pointer has
   * changed, and does not use the old parser. */
  self->parser = self->frames != NULL ? create_framed_parser () : ibb_parser_new ();
  ibb_parser_free (old);
}

static void
refuse_message (IBBXmlInput *self)
{
  g_autoptr (GError) error =
      g_error_new_literal (IBB_ERROR, IBB_ERROR_PROTOCOL,
                           _ ("The server sent a WebSocket message that is not one element"));

  self->handler->refused ("bad-format", error, self->owner);
}

static void
take_events (IBBXmlInput *self, IBBParser *parser)
{
  while (self->parser == parser && self->source != NULL)
    {
      g_autoptr (IBBElement) element = NULL;
      g_autoptr (IBBStanza)  stanza = NULL;
      IBBParserEvent         event = ibb_parser_take (parser, &element, &stanza);

      if (event == IBB_PARSER_NOTHING)
        return;
      if (self->has_element)
        {
          refuse_message (self);
          return;
        }
      self->has_element = self->frames != NULL;
      self->is_login &= event != IBB_PARSER_STANZA;
      self->handler->event (event, element, stanza, self->owner);
    }
}

static void
parse (IBBXmlInput *self, const guint8 *data, gsize length)
{
  IBBParser         *parser = self->parser;
  g_autoptr (GError) error = NULL;
  gboolean           fine = ibb_parser_feed (parser, (const char *) data, length, &error);

  if (self->is_login)
    ibb_parser_forget (parser);
  take_events (self, parser);
  if (!fine && self->parser == parser && self->source != NULL)
    self->handler->refused (parser->condition, error, self->owner);
}

static void
parse_message (IBBXmlInput *self, const guint8 *data, gsize length)
{
  const char *held;
  gsize       n_held;

  if (!ibb_prologue_skip (&self->prologue, &data, &length, &held, &n_held))
    {
      refuse_message (self);
      return;
    }
  if (n_held > 0)
    parse (self, (const guint8 *) held, n_held);
  if (length > 0 && self->source != NULL)
    parse (self, data, length);
}

static void
end_message (IBBXmlInput *self)
{
  gboolean has_element = self->has_element;

  self->has_element = FALSE;
  self->prologue = (IBBPrologue){ 0 };
  if (!has_element || ibb_parser_is_within (self->parser))
    refuse_message (self);
}

/* A server, or a proxy before it, may refuse a stanza that is too long by this code alone. */
static void
end_frames (IBBXmlInput *self, const guint8 *payload, gsize length)
{
  g_autoptr (GError) error = NULL;

  if (length < 2 || ((guint) payload[0] << 8 | payload[1]) != MESSAGE_TOO_BIG)
    {
      self->handler->ended (NULL, self->owner);
      return;
    }

  error = g_error_new_literal (IBB_ERROR, IBB_ERROR_POLICY_VIOLATION,
                               _ ("The server closed the connection: a message is too long for "
                                  "it (1009)"));
  self->handler->refused (NULL, error, self->owner);
}

static void
parse_frames (IBBXmlInput *self, const guint8 *data, gsize length)
{
  const guint8      *payload;
  gsize              n;
  g_autoptr (GError) error = NULL;

  while (self->source != NULL)
    switch (ibb_frame_reader_read (self->frames, &data, &length, &payload, &n, &error))
      {
      case IBB_FRAME_TEXT:
        parse_message (self, payload, n);
        break;
      case IBB_FRAME_MESSAGE:
        end_message (self);
        break;
      case IBB_FRAME_PING:
        self->handler->ping (payload, n, self->owner);
        break;
      case IBB_FRAME_CLOSE:
        end_frames (self, payload, n);
        return;
      case IBB_FRAME_REFUSED:
        self->handler->refused ("policy-violation", error, self->owner);
        return;
      case IBB_FRAME_NOTHING:
      default:
        return;
      }
}

/* A socket that gives less than was asked for is empty. TLS gives one record at a time. To ask the
 * socket costs less than a read that fails. */
static gboolean
may_have_more (IBBXmlInput *self, gsize n)
{
  if (self->tls_base == NULL)
    return n == READ_SIZE;
  return self->socket == NULL || g_socket_get_available_bytes (self->socket) != 0;
}

/* Returns TRUE if more bytes may be there at once. */
static gboolean
read_once (IBBXmlInput *self, guint8 *buffer)
{
  const gboolean     is_login = self->is_login;
  g_autoptr (GError) error = NULL;
  gssize             n;

  n = g_pollable_input_stream_read_nonblocking (self->stream, buffer, READ_SIZE, NULL, &error);
  if (n < 0 && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return FALSE;
  if (n <= 0)
    {
      self->handler->ended (error, self->owner);
      return FALSE;
    }

  self->last_read = g_get_monotonic_time ();
  if (self->tls_base != NULL)
    ibb_tls_base_note_data (self->tls_base);
  self->handler->begin (self->owner);
  if (self->frames != NULL)
    parse_frames (self, buffer, (gsize) n);
  else
    parse (self, buffer, (gsize) n);
  self->handler->end (self->owner);
  if (is_login)
    explicit_bzero (buffer, (gsize) n);

  return self->source != NULL && may_have_more (self, (gsize) n);
}

static gboolean
ready_cb (gpointer user_data)
{
  IBBXmlInput *self = user_data;
  /* Freed after each dispatch: it would be a third of the memory of an idle client. */
  g_autofree guint8 *buffer = g_malloc (READ_SIZE);

  g_ref_count_inc (&self->ref_count);
  for (int i = 0; i < MAX_READS && read_once (self, buffer); i++)
    ;
  input_unref (self);

  return G_SOURCE_CONTINUE;
}

static gboolean
socket_ready_cb (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  return ready_cb (user_data);
}

static gboolean
stream_ready_cb (GObject *stream, gpointer user_data)
{
  return ready_cb (user_data);
}

/* The source may recurse, although it never does: GLib takes the descriptor of other sources out of
 * the poll around each dispatch, which costs three system calls. The socket's own source polls the
 * descriptor itself; the source of a GIO stream has a child for that, and that of TLS a grandchild.
 */
void
ibb_xml_input_start (IBBXmlInput *self, GIOStream *io, GSocket *socket)
{
  GSourceFunc callback;

  if (self->source != NULL)
    return;

  g_set_object (&self->stream, G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (io)));
  g_set_object (&self->socket, socket);
  self->tls_base = G_IS_TLS_CONNECTION (io) ? ibb_tls_base_get (G_TLS_CONNECTION (io)) : NULL;
  if (socket == NULL)
    {
      self->source = g_pollable_input_stream_create_source (self->stream, NULL);
      callback = G_SOURCE_FUNC (stream_ready_cb);
    }
  else
    {
      self->source = g_socket_create_source (socket, G_IO_IN, NULL);
      callback = G_SOURCE_FUNC (socket_ready_cb);
    }
  g_source_set_can_recurse (self->source, TRUE);
  ibb_source_attach (self->source, self->context, "[ibb-glib] read", callback, self, NULL);
}

void
ibb_xml_input_stop (IBBXmlInput *self)
{
  ibb_source_clear (&self->source);
}
