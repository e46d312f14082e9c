/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/xml-input.h"

#include "xmpp/source.h"

#define READ_SIZE (64 * 1024)
#define MAX_READS 8 /* per dispatch, so that output and timers get their turn */

struct _IBBXmlInput
{
  grefcount                 ref_count; /* a dispatch holds one */
  GMainContext             *context;
  const IBBXmlInputHandler *handler;
  gpointer                  owner;
  IBBParser                *parser;
  GPollableInputStream     *stream; /* (owned) (nullable) */
  gboolean                  is_tls;
  GSource                  *source; /* (owned) (nullable): while it reads */
  guint8                   *buffer;
  gint64                    last_read;
};

IBBXmlInput *
ibb_xml_input_new (GMainContext *context, const IBBXmlInputHandler *handler, gpointer owner)
{
  IBBXmlInput *self = g_new0 (IBBXmlInput, 1);

  g_ref_count_init (&self->ref_count);
  self->context = g_main_context_ref (context);
  self->handler = handler;
  self->owner = owner;
  self->parser = ibb_parser_new ();
  self->buffer = g_malloc (READ_SIZE);
  self->last_read = g_get_monotonic_time ();

  return self;
}

static void
input_unref (IBBXmlInput *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;

  ibb_parser_free (self->parser);
  g_clear_object (&self->stream);
  g_main_context_unref (self->context);
  g_free (self->buffer);
  g_free (self);
}

void
ibb_xml_input_free (IBBXmlInput *self)
{
  ibb_xml_input_stop (self);
  input_unref (self);
}

void
ibb_xml_input_restart (IBBXmlInput *self)
{
  IBBParser *old = self->parser;

  /* In this order: take_events () further up the stack sees another pointer, and looks at
   * the old one no more. */
  self->parser = ibb_parser_new ();
  ibb_parser_free (old);
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
      self->handler->event (event, element, stanza, self->owner);
    }
}

static void
parse (IBBXmlInput *self, gsize length)
{
  IBBParser         *parser = self->parser;
  g_autoptr (GError) error = NULL;
  gboolean           fine = ibb_parser_feed (parser, (const char *) self->buffer, length, &error);

  take_events (self, parser);
  if (!fine && self->parser == parser && self->source != NULL)
    self->handler->refused (ibb_parser_get_condition (parser), error, self->owner);
}

/* TRUE if more may be waiting right now. */
static gboolean
read_once (IBBXmlInput *self)
{
  g_autoptr (GError) error = NULL;
  gssize             n;

  n = g_pollable_input_stream_read_nonblocking (self->stream, self->buffer, READ_SIZE, NULL,
                                                &error);
  if (n < 0 && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return FALSE;
  if (n <= 0)
    {
      self->handler->ended (error, self->owner);
      return FALSE;
    }

  self->last_read = g_get_monotonic_time ();
  self->handler->begin (self->owner);
  parse (self, (gsize) n);
  self->handler->end (self->owner);

  /* A socket that gave less than it was asked for is empty. TLS gives a record at a time. */
  return self->source != NULL && (n == READ_SIZE || self->is_tls);
}

static gboolean
ready_cb (gpointer user_data)
{
  IBBXmlInput *self = user_data;

  g_ref_count_inc (&self->ref_count);
  for (int i = 0; i < MAX_READS && read_once (self); i++)
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

/* Not recursive in fact, but said to be: for others GLib takes the descriptor out of the
 * poll around each dispatch, which costs three system calls. The socket's own source has it
 * without the child that a stream's has. */
void
ibb_xml_input_start (IBBXmlInput *self, GIOStream *io, GSocket *socket)
{
  GSourceFunc callback;

  if (self->source != NULL)
    return;

  g_set_object (&self->stream, G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (io)));
  self->is_tls = socket == NULL;
  if (self->is_tls)
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

gboolean
ibb_xml_input_is_reading (IBBXmlInput *self)
{
  return self->source != NULL;
}

gboolean
ibb_xml_input_has_leftover (IBBXmlInput *self)
{
  return ibb_parser_has_leftover (self->parser);
}

void
ibb_xml_input_set_read_stanzas (IBBXmlInput *self, gboolean read_stanzas)
{
  ibb_parser_set_read_stanzas (self->parser, read_stanzas);
}

gint64
ibb_xml_input_get_last_read_time (IBBXmlInput *self)
{
  return self->last_read;
}
