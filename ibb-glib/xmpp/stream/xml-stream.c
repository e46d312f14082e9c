/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/stream/xml-stream.h"

#ifdef G_OS_UNIX
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#endif

#include "base/callback-source.h"
#include "base/foreign-text.h"
#include "base/ibb-error-private.h"
#include "base/intl.h"
#include "base/source.h"
#include "xmpp/stream/stream-namespaces.h"
#include "xmpp/stream/stream-xml.h"
#include "xmpp/stream/xml-input.h"
#include "xmpp/stream/xml-output.h"

#define NOT_SENT_LIMIT (16 * 1024) /* bytes that the kernel takes before the network does */
#define CLOSE_TIMEOUT 2 /* seconds, for the peer's end of the XML stream and again for TLS's */

struct _IBBXmlStream
{
  gatomicrefcount ref_count;
  GMainContext   *context;
  IBBXmlOutput   *output;       /* any thread */
  GSource        *flush_source; /* any thread */

  /* worker thread only */
  const IBBXmlStreamHandler *handler;
  gpointer                   owner;
  GDestroyNotify             owner_free;
  GSocketConnection         *connection;
  GIOStream                 *io; /* that, or TLS over it */
  IBBXmlInput               *input;
  GSource                   *write_source; /* (nullable): waits for room in the socket */
  GError                    *write_error;  /* (nullable) */
  GSource                   *close_source; /* (nullable): ends the wait for good-byes */
  gboolean                   is_framed;
  gboolean                   awaits_open; /* <open/>, the header of a framed XML stream */
  char                      *other_uri;   /* (nullable): of the server's <close/> */
  guint                      idle_limit;  /* seconds */
  gboolean                   closing;
  gboolean                   peer_closed;
  gboolean                   broken;   /* neither side ended it */
  gboolean                   finished; /* nothing is read or written any more */
  gboolean                   closed;   /* and the owner knows it */
};

static void
set_tcp_option (GSocketConnection *connection, int option, int value)
{
#ifdef G_OS_UNIX
  g_socket_set_option (g_socket_connection_get_socket (connection), IPPROTO_TCP, option, value,
                       NULL);
#endif
}

static void
set_socket_options (GSocketConnection *connection)
{
#ifdef TCP_NODELAY
  set_tcp_option (connection, TCP_NODELAY, 1);
#endif
  /* Chat can no longer overtake bytes that the kernel has taken. */
#ifdef TCP_NOTSENT_LOWAT
  set_tcp_option (connection, TCP_NOTSENT_LOWAT, NOT_SENT_LIMIT);
#endif
}

/* A server with Nagle's algorithm (Prosody) holds back the end of a long write until our kernel
 * acknowledges its beginning, which would take 40 ms. */
static void
acknowledge_quickly (GSocketConnection *connection)
{
#ifdef TCP_QUICKACK
  set_tcp_option (connection, TCP_QUICKACK, 1);
#endif
}

static void finish (IBBXmlStream *self, const GError *error);

static gboolean
is_tls (IBBXmlStream *self)
{
  return self->io != G_IO_STREAM (self->connection);
}

/* Output. */

static void flush (IBBXmlStream *self);

static gboolean
write_ready_cb (GObject *object, gpointer user_data)
{
  IBBXmlStream            *self = user_data;
  g_autoptr (IBBXmlStream) keep = ibb_xml_stream_ref (self);

  ibb_source_clear (&self->write_source);
  flush (self);
  return G_SOURCE_REMOVE;
}

static void
wait_for_room (IBBXmlStream *self, GPollableOutputStream *output)
{
  self->write_source =
      ibb_source_attach (g_pollable_output_stream_create_source (output, NULL), self->context,
                         "[ibb-glib] write", G_SOURCE_FUNC (write_ready_cb), self, NULL);
}

/* The last element of the server tells more than our broken pipe: while reading goes on, the end of
 * the input decides. */
static void
write_failed (IBBXmlStream *self, const GError *error)
{
  ibb_xml_output_close (self->output);
  g_clear_error (&self->write_error);
  self->write_error = g_error_copy (error);
  if (self->input->source == NULL)
    {
      self->broken = !self->closing;
      finish (self, error);
    }
}

static void
flush (IBBXmlStream *self)
{
  GPollableOutputStream *output =
      G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (self->io));
  g_autoptr (GError) error = NULL;
  gboolean           drained;

  ibb_callback_source_take (self->flush_source);
  if (self->write_source != NULL || self->write_error != NULL || self->finished)
    return;

  if (!ibb_xml_output_write (self->output, output, is_tls (self), &drained, &error))
    {
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        {
          write_failed (self, error);
          return;
        }
      wait_for_room (self, output);
    }
  if (drained && self->handler->drained != NULL)
    self->handler->drained (self, self->owner);
}

static gboolean
flush_cb (gpointer user_data)
{
  g_autoptr (IBBXmlStream) self = ibb_xml_stream_ref (user_data);

  flush (self);
  return G_SOURCE_CONTINUE;
}

void
ibb_xml_stream_send_text (IBBXmlStream *self, const char *text)
{
  ibb_xml_output_append (self->output, text, FALSE);
  ibb_callback_source_request (self->flush_source);
}

void
ibb_xml_stream_send_secret (IBBXmlStream *self, const char *text)
{
  ibb_xml_output_append (self->output, text, TRUE);
  ibb_callback_source_request (self->flush_source);
}

gboolean
ibb_xml_stream_send (IBBXmlStream *self, IBBStanza *stanza)
{
  if (!ibb_xml_output_append_stanza (self->output, stanza))
    return FALSE;

  ibb_callback_source_request (self->flush_source);
  return TRUE;
}

gboolean
ibb_xml_stream_is_congested (IBBXmlStream *self)
{
  return ibb_xml_output_is_congested (self->output);
}

gsize
ibb_xml_stream_get_unsent (IBBXmlStream *self)
{
  return ibb_xml_output_get_unsent (self->output);
}

/* The end of the XML stream. */

static void
report_closed (IBBXmlStream *self, const GError *error)
{
  self->closed = TRUE;
  if (self->handler->closed != NULL)
    self->handler->closed (self, error, self->owner);
}

static void
close_tls_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (IBBXmlStream) self = user_data;

  g_io_stream_close_finish (G_IO_STREAM (object), result, NULL);
  ibb_source_clear (&self->close_source);
  g_io_stream_close (G_IO_STREAM (self->connection), NULL, NULL);
  /* The thread that has closed it may hold it a moment longer than the client lives. */
  g_tls_connection_set_database (G_TLS_CONNECTION (object), NULL);
  report_closed (self, NULL);
}

/* A thread sends the end of TLS, since that may wait for a peer that does not read. */
static void
close_tls (IBBXmlStream *self)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  self->close_source = ibb_source_cancel_after (CLOSE_TIMEOUT * 1000, self->context,
                                                "[ibb-glib] TLS close", cancellable);
  g_io_stream_close_async (self->io, G_PRIORITY_DEFAULT, cancellable, close_tls_cb,
                           ibb_xml_stream_ref (self));
}

static void
finish (IBBXmlStream *self, const GError *error)
{
  if (self->finished)
    return;

  self->finished = TRUE;
  ibb_xml_output_close (self->output);
  ibb_xml_input_stop (self->input);
  ibb_source_clear (&self->write_source);
  ibb_source_clear (&self->close_source);
  g_source_destroy (self->flush_source);

  if (!self->broken && self->write_error == NULL)
    ibb_xml_output_end_frames (self->output,
                               G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (self->io)));
  if (error == NULL && self->peer_closed && is_tls (self))
    {
      close_tls (self);
      return;
    }
  g_io_stream_close (G_IO_STREAM (self->connection), NULL, NULL);
  report_closed (self, error);
}

static gboolean
close_timeout_cb (gpointer user_data)
{
  IBBXmlStream            *self = user_data;
  g_autoptr (IBBXmlStream) keep = ibb_xml_stream_ref (self);
  gint64 quiet = g_get_monotonic_time () - ibb_xml_output_get_last_write_time (self->output);

  /* On a slow path queued bytes are still leaving. */
  if (self->write_error == NULL && quiet < CLOSE_TIMEOUT * G_USEC_PER_SEC)
    return G_SOURCE_CONTINUE;

  finish (self, NULL);
  return G_SOURCE_REMOVE;
}

static void
send_end (IBBXmlStream *self)
{
  ibb_xml_stream_send_text (self, self->is_framed ? IBB_STREAM_XML_FRAMED_END : IBB_STREAM_XML_END);
}

/* Sends the error, and the end of the XML stream. */
static void
send_error (IBBXmlStream *self, const char *condition, const char *detail)
{
  g_autofree char *text = ibb_stream_xml_dup_error (condition, detail, self->is_framed);

  ibb_xml_stream_send_text (self, text);
  send_end (self);
}

void
ibb_xml_stream_close (IBBXmlStream *self)
{
  if (self->closing || self->finished)
    return;

  self->closing = TRUE;
  ibb_xml_output_close (self->output);
  send_end (self);
  self->close_source =
      ibb_source_attach (g_timeout_source_new_seconds (CLOSE_TIMEOUT), self->context,
                         "[ibb-glib] close", close_timeout_cb, self, NULL);
}

void
ibb_xml_stream_abort (IBBXmlStream *self, const char *condition, const GError *error)
{
  ibb_xml_stream_abort_with (self, condition, NULL, error);
}

void
ibb_xml_stream_abort_with (IBBXmlStream *self,
                           const char   *condition,
                           const char   *detail,
                           const GError *error)
{
  g_autoptr (IBBXmlStream) keep = ibb_xml_stream_ref (self);

  if (self->finished)
    return;

  /* During the TLS handshake nothing else may be written. */
  if (!self->closing && self->write_error == NULL && self->input->source != NULL)
    {
      self->closing = TRUE;
      if (condition != NULL)
        send_error (self, condition, detail);
      else
        send_end (self);
      flush (self);
    }
  finish (self, error);
}

void
ibb_xml_stream_drop (IBBXmlStream *self, const GError *error)
{
  g_autoptr (IBBXmlStream) keep = ibb_xml_stream_ref (self);

  self->broken = !self->closing && !self->finished;
  finish (self, error);
}

gboolean
ibb_xml_stream_is_closed (IBBXmlStream *self)
{
  return self->closed;
}

gboolean
ibb_xml_stream_is_broken (IBBXmlStream *self)
{
  return self->broken;
}

const char *
ibb_xml_stream_get_other_uri (IBBXmlStream *self)
{
  return self->other_uri;
}

/* Input. */

static void
begin_cb (gpointer owner)
{
  IBBXmlStream *self = ibb_xml_stream_ref (owner); /* until end_cb () */

  if (self->handler->begin != NULL)
    self->handler->begin (self, self->owner);
}

static void
end_cb (gpointer owner)
{
  g_autoptr (IBBXmlStream) self = owner;

  if (self->handler->end != NULL)
    self->handler->end (self, self->owner);

  /* Answers leave together, without another turn of the loop, and our acknowledgement with them. */
  if (self->finished)
    return;
  if (ibb_callback_source_is_requested (self->flush_source))
    flush (self);
  else
    acknowledge_quickly (self->connection);
}

/* element (nullable): <close/>. The owner decides whether to follow to another address. */
static void
peer_ended (IBBXmlStream *self, const IBBElement *element)
{
  g_autoptr (GError) error = NULL;

  self->peer_closed = TRUE;
  if (self->closing)
    {
      finish (self, NULL);
      return;
    }

  if (element != NULL)
    self->other_uri = g_strdup (ibb_element_get_attribute (element, "see-other-uri"));
  if (self->other_uri != NULL)
    {
      g_autofree char *place = ibb_foreign_text_dup_quotation (self->other_uri);

      error = g_error_new (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                           _ ("The server ended the XML stream and named another address, %s, "
                              "which is not followed"),
                           place);
    }
  else
    error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                                 _ ("The server ended the XML stream"));
  ibb_xml_stream_abort (self, NULL, error);
}

/* Over a WebSocket two elements stand for the tags around an XML stream (RFC 7395 §3.4, §3.6). */
static IBBParserEvent
translate (IBBParserEvent event, const IBBElement *element)
{
  if (event != IBB_PARSER_ELEMENT)
    return event;
  if (ibb_element_is (element, "open", IBB_FRAMING_NAMESPACE))
    return IBB_PARSER_HEADER;
  return ibb_element_is (element, "close", IBB_FRAMING_NAMESPACE) ? IBB_PARSER_END : event;
}

/* Each framed XML stream begins with one <open/>. */
static gboolean
check_order (IBBXmlStream *self, IBBParserEvent event)
{
  g_autoptr (GError) error = NULL;

  if (event == IBB_PARSER_END || self->awaits_open == (event == IBB_PARSER_HEADER))
    {
      self->awaits_open = FALSE;
      return TRUE;
    }

  error = g_error_new_literal (IBB_ERROR, IBB_ERROR_PROTOCOL, _ ("The server does not speak XMPP"));
  ibb_xml_stream_abort (self, "invalid-namespace", error);
  return FALSE;
}

static void
event_cb (IBBParserEvent event, IBBElement *element, IBBStanza *stanza, gpointer owner)
{
  IBBXmlStream *self = owner;

  if (self->is_framed)
    {
      event = translate (event, element);
      if (!check_order (self, event))
        return;
    }

  if (event == IBB_PARSER_END)
    peer_ended (self, element);
  else if (event == IBB_PARSER_STANZA || event == IBB_PARSER_DROPPED)
    {
      if (self->handler->stanza != NULL)
        self->handler->stanza (self, stanza, self->owner);
    }
  else if (self->handler->element != NULL)
    self->handler->element (self, event, element, self->owner);
}

static void
refused_cb (const char *condition, const GError *error, gpointer owner)
{
  ibb_xml_stream_abort (owner, condition, error);
}

/* The last element of the server is read even if our write has failed before. */
static void
ended_cb (const GError *error, gpointer owner)
{
  g_autoptr (IBBXmlStream) self = ibb_xml_stream_ref (owner);
  g_autoptr (GError)       eof = NULL;

  if (self->closing || self->peer_closed)
    {
      finish (self, NULL);
      return;
    }

  if (error == NULL)
    error = eof = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                                       _ ("The server closed the connection"));
  ibb_xml_stream_drop (self, error);
}

/* end_cb () answers the ping, together with other answers. */
static void
ping_cb (const guint8 *payload, gsize length, gpointer owner)
{
  IBBXmlStream *self = owner;

  ibb_xml_output_pong (self->output, payload, length);
  ibb_callback_source_request (self->flush_source);
}

static const IBBXmlInputHandler input_handler = {
  .begin = begin_cb,
  .event = event_cb,
  .ping = ping_cb,
  .refused = refused_cb,
  .end = end_cb,
  .ended = ended_cb,
};

IBBXmlStream *
ibb_xml_stream_new (GMainContext *context, GSocketConnection *connection)
{
  static const IBBXmlStreamHandler none = { NULL };
  IBBXmlStream                    *self = g_new0 (IBBXmlStream, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->context = g_main_context_ref (context);
  self->handler = &none;
  self->connection = g_object_ref (connection);
  self->io = g_object_ref (G_IO_STREAM (connection));
  self->input = ibb_xml_input_new (context, &input_handler, self);
  self->output = ibb_xml_output_new ();
  self->flush_source = ibb_callback_source_new ("[ibb-glib] flush", flush_cb, self, NULL);
  g_source_attach (self->flush_source, context);
  set_socket_options (connection);

  return self;
}

IBBXmlStream *
ibb_xml_stream_ref (IBBXmlStream *self)
{
  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

void
ibb_xml_stream_unref (IBBXmlStream *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  /* The last reference may be dropped on any thread, but only after the end: the owner holds one
   * until then. */
  ibb_xml_input_free (self->input);
  ibb_source_clear (&self->write_source);
  ibb_source_clear (&self->flush_source);
  ibb_source_clear (&self->close_source);
  if (self->owner_free != NULL)
    self->owner_free (self->owner);
  ibb_xml_output_free (self->output);
  g_clear_error (&self->write_error);
  g_free (self->other_uri);
  g_object_unref (self->io);
  g_object_unref (self->connection);
  g_main_context_unref (self->context);
  g_free (self);
}

void
ibb_xml_stream_set_owner (IBBXmlStream              *self,
                          const IBBXmlStreamHandler *handler,
                          gpointer                   owner,
                          GDestroyNotify             owner_free)
{
  GDestroyNotify old_free = self->owner_free;
  gpointer       old = self->owner;

  self->handler = handler;
  self->owner = owner;
  self->owner_free = owner_free;
  if (old_free != NULL)
    old_free (old);
}

GIOStream *
ibb_xml_stream_get_io (IBBXmlStream *self)
{
  return self->io;
}

void
ibb_xml_stream_set_io (IBBXmlStream *self, GIOStream *io)
{
  g_assert (self->input->source == NULL && self->write_source == NULL);

  g_set_object (&self->io, io);
}

void
ibb_xml_stream_set_framed (IBBXmlStream *self)
{
  self->is_framed = TRUE;
  ibb_xml_input_set_framed (self->input);
  ibb_xml_output_set_framed (self->output);
}

/* NULL if there may be something to read that has left the socket. TLS before 1.3 can have another
 * handshake, which a thread reads. Below our TLS there may be that of a proxy, which reads records
 * of its own. */
static GSocket *
get_readable_socket (IBBXmlStream *self)
{
  if (is_tls (self) && (G_IS_TCP_WRAPPER_CONNECTION (self->connection) ||
                        g_tls_connection_get_protocol_version (G_TLS_CONNECTION (self->io)) !=
                            G_TLS_PROTOCOL_VERSION_TLS_1_3))
    return NULL;
  return g_socket_connection_get_socket (self->connection);
}

static void
open_with (IBBXmlStream *self, const char *header)
{
  if (self->finished)
    return;

  self->awaits_open = self->is_framed;
  ibb_xml_input_restart (self->input);
  ibb_xml_stream_send_text (self, header);
  ibb_xml_input_start (self->input, self->io, get_readable_socket (self));
}

void
ibb_xml_stream_open (IBBXmlStream *self, const char *from, const char *to)
{
  g_autofree char *header = self->is_framed ? ibb_stream_xml_dup_framed_header (from, to)
                                            : ibb_stream_xml_dup_header (from, to);

  open_with (self, header);
}

void
ibb_xml_stream_open_component (IBBXmlStream *self, const char *to)
{
  g_autofree char *header = ibb_stream_xml_dup_component_header (to);

  open_with (self, header);
}

gboolean
ibb_xml_stream_pause (IBBXmlStream *self)
{
  ibb_xml_input_stop (self->input);

  return !ibb_parser_has_leftover (self->input->parser);
}

void
ibb_xml_stream_set_awaited (IBBXmlStream *self, const char *id)
{
  self->input->parser->awaited = id;
}

void
ibb_xml_stream_expect_stanzas (IBBXmlStream *self)
{
  self->input->parser->expects_stanzas = TRUE;
}

gint64
ibb_xml_stream_get_last_read_time (IBBXmlStream *self)
{
  return self->input->last_read;
}

gint64
ibb_xml_stream_get_last_write_time (IBBXmlStream *self)
{
  return ibb_xml_output_get_last_write_time (self->output);
}

void
ibb_xml_stream_set_idle_limit (IBBXmlStream *self, guint seconds)
{
  self->idle_limit = seconds;
}

guint
ibb_xml_stream_get_idle_limit (IBBXmlStream *self)
{
  return self->idle_limit;
}
