/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/stream.h"

#include <glib/gi18n-lib.h>

#ifdef G_OS_UNIX
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#endif

#include "ibb-stanza-private.h"

#define READ_SIZE (64 * 1024)
#define MAX_READS 8            /* per dispatch, so that output and timers get their turn */
#define CLOSE_TIMEOUT 2        /* seconds, for the peer's good-bye and again for TLS's */
#define MAX_KEPT (1024 * 1024) /* of a buffer that was filled once */
#define NOT_SENT_LIMIT (32 * 1024)
#define RECORD_MAX (16 * 1024) /* of TLS */

struct _IBBStream
{
  gatomicrefcount ref_count;
  GMainContext   *context;

  /* worker thread only */
  const IBBStreamHandler *handler;
  gpointer                owner;
  GDestroyNotify          owner_free;
  GSocketConnection      *connection;
  GIOStream              *io;
  IBBParser              *parser;
  GSource                *read_source;  /* (nullable) */
  GSource                *write_source; /* (nullable): waits for room in the socket */
  GSource                *flush_source;
  GSource                *close_source; /* (nullable): ends the wait for good-byes */
  GByteArray             *writing;
  gsize                   written;
  GArray                 *writing_ends; /* (element-type gsize): where a piece ends, see pending */
  guint                   n_ends;       /* how many of them were reached */
  GError                 *write_error;  /* (nullable) */
  gboolean                closing;
  gboolean                peer_closed;
  gboolean                broken;   /* neither side ended it */
  gboolean                finished; /* nothing is read or written any more */
  gboolean                closed;   /* and the owner knows it */
  guint8                 *buffer;
  gint64                  last_read;

  GMutex      lock;
  GByteArray *pending;       /* protected by lock */
  GArray     *pending_ends;  /* protected by lock: where each stanza in it ends */
  gsize       unsent;        /* protected by lock: of pending and writing */
  gboolean    refuse_output; /* protected by lock */
  gboolean    drain_wanted;  /* protected by lock: somebody was told that it is congested */
  gint64      last_write;    /* protected by lock */
};

typedef struct
{
  GSource    source;
  IBBStream *stream; /* (transfer none): destroyed before the stream goes */
  int        wanted; /* atomic */
} FlushSource;

static void finish (IBBStream *self, const GError *error);
static void flush (IBBStream *self);

static gboolean
flush_prepare (GSource *source, int *timeout)
{
  *timeout = -1;

  return g_atomic_int_get (&((FlushSource *) source)->wanted);
}

static gboolean
flush_check (GSource *source)
{
  return g_atomic_int_get (&((FlushSource *) source)->wanted);
}

static gboolean
flush_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  g_autoptr (IBBStream) stream = ibb_stream_ref (((FlushSource *) source)->stream);

  flush (stream);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs flush_funcs = { flush_prepare, flush_check, flush_dispatch, NULL };

static gboolean
is_flush_wanted (IBBStream *self)
{
  return g_atomic_int_get (&((FlushSource *) self->flush_source)->wanted);
}

/* From the worker's own thread this costs no system call: the loop asks the
 * source before it polls. */
static void
want_flush (IBBStream *self)
{
  FlushSource *source = (FlushSource *) self->flush_source;

  if (g_atomic_int_compare_and_exchange (&source->wanted, 0, 1) &&
      !g_main_context_is_owner (self->context))
    g_main_context_wakeup (self->context);
}

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;

  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
attach (IBBStream *self, GSource *source, const char *name, GSourceFunc callback)
{
  g_source_set_callback (source, callback, self, NULL);
  g_source_set_static_name (source, name);
  g_source_attach (source, self->context);
}

static void
set_tcp_option (IBBStream *self, int option, int value)
{
#ifdef G_OS_UNIX
  g_socket_set_option (g_socket_connection_get_socket (self->connection), IPPROTO_TCP, option,
                       value, NULL);
#endif
}

/* Servers that leave Nagle on (Prosody) hold the tail of a long write until
 * our kernel acknowledges its head, which it would do 40 ms late. The kernel
 * forgets the option, so it is set again after each read. */
static void
acknowledge_quickly (IBBStream *self)
{
#ifdef TCP_QUICKACK
  set_tcp_option (self, TCP_QUICKACK, 1);
#endif
}

static gboolean
write_ready_cb (GObject *stream, gpointer user_data)
{
  IBBStream            *self = user_data;
  g_autoptr (IBBStream) keep = ibb_stream_ref (self);

  clear_source (&self->write_source);
  flush (self);
  return G_SOURCE_REMOVE;
}

/* Whether something is left to write, taking what others appended. */
static gboolean
refill (IBBStream *self)
{
  GByteArray *empty;
  GArray     *no_ends;

  if (self->written < self->writing->len)
    return TRUE;

  if (self->writing->len > MAX_KEPT)
    {
      g_byte_array_unref (self->writing);
      self->writing = g_byte_array_new ();
    }
  g_byte_array_set_size (self->writing, 0);
  self->written = 0;
  g_array_set_size (self->writing_ends, 0);
  self->n_ends = 0;
  empty = self->writing;
  no_ends = self->writing_ends;
  g_mutex_lock (&self->lock);
  self->writing = self->pending;
  self->pending = empty;
  self->writing_ends = self->pending_ends;
  self->pending_ends = no_ends;
  g_mutex_unlock (&self->lock);

  return self->writing->len > 0;
}

/* How much goes in one write: over TLS whole stanzas, which a record holds then
 * or does not. A server that got half of one when the connection broke might
 * take what is sent after a resumption for its other half: Prosody 0.12 does. */
static gsize
get_write_size (IBBStream *self)
{
  gsize left = self->writing->len - self->written;
  gsize size = 0;

  if (left <= RECORD_MAX || self->io == G_IO_STREAM (self->connection))
    return left;

  for (guint i = self->n_ends; i < self->writing_ends->len; i++)
    {
      gsize end = g_array_index (self->writing_ends, gsize, i);

      if (end <= self->written)
        self->n_ends++;
      else if (end - self->written <= RECORD_MAX)
        size = end - self->written;
      else
        break;
    }
  return size > 0 ? size : RECORD_MAX;
}

/* What the server said before it closed tells more than our broken pipe: while
 * reading goes on, the end of the input decides. */
static void
write_failed (IBBStream *self, GError *error)
{
  g_mutex_lock (&self->lock);
  self->refuse_output = TRUE;
  g_mutex_unlock (&self->lock);

  g_clear_error (&self->write_error);
  self->write_error = error;
  if (self->read_source == NULL)
    {
      self->broken = !self->closing;
      finish (self, error);
    }
}

static void
flush (IBBStream *self)
{
  GPollableOutputStream *output =
      G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (self->io));
  gboolean drained = FALSE;

  g_atomic_int_set (&((FlushSource *) self->flush_source)->wanted, 0);
  if (self->write_source != NULL || self->write_error != NULL || self->finished)
    return;

  while (refill (self))
    {
      g_autoptr (GError) error = NULL;
      gssize             n;

      n = g_pollable_output_stream_write_nonblocking (output, self->writing->data + self->written,
                                                      get_write_size (self), NULL, &error);
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        {
          self->write_source = g_pollable_output_stream_create_source (output, NULL);
          attach (self, self->write_source, "[ibb-glib] write", G_SOURCE_FUNC (write_ready_cb));
          break;
        }
      if (n < 0)
        {
          write_failed (self, g_steal_pointer (&error));
          return;
        }

      self->written += (gsize) n;
      g_mutex_lock (&self->lock);
      self->unsent -= (gsize) n;
      self->last_write = g_get_monotonic_time ();
      if (self->drain_wanted && self->unsent <= IBB_STREAM_LOW_WATER)
        {
          self->drain_wanted = FALSE;
          drained = TRUE;
        }
      g_mutex_unlock (&self->lock);
    }

  if (drained && self->handler->drained != NULL)
    self->handler->drained (self, self->owner);
}

/* With the lock, after something was appended. */
static void
end_piece (IBBStream *self, gsize length)
{
  gsize end = self->pending->len;

  self->unsent += length;
  g_array_append_val (self->pending_ends, end);
}

static void
append (IBBStream *self, const char *text, gsize length)
{
  g_mutex_lock (&self->lock);
  g_byte_array_append (self->pending, (const guint8 *) text, (guint) length);
  end_piece (self, length);
  g_mutex_unlock (&self->lock);
  want_flush (self);
}

static void
report_closed (IBBStream *self, const GError *error)
{
  self->closed = TRUE;
  if (self->handler->closed != NULL)
    self->handler->closed (self, error, self->owner);
}

static void
close_io_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (IBBStream) self = user_data;

  g_io_stream_close_finish (G_IO_STREAM (object), result, NULL);
  clear_source (&self->close_source);
  g_io_stream_close (G_IO_STREAM (self->connection), NULL, NULL);
  report_closed (self, NULL);
}

static gboolean
cancel_close_cb (gpointer user_data)
{
  g_cancellable_cancel (user_data);
  return G_SOURCE_REMOVE;
}

/* TLS says good-bye in a thread, for as long as the peer lets it. */
static void
close_tls (IBBStream *self)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  self->close_source = g_timeout_source_new_seconds (CLOSE_TIMEOUT);
  g_source_set_callback (self->close_source, cancel_close_cb, g_object_ref (cancellable),
                         g_object_unref);
  g_source_attach (self->close_source, self->context);
  g_io_stream_close_async (self->io, G_PRIORITY_DEFAULT, cancellable, close_io_cb,
                           ibb_stream_ref (self));
}

static void
finish (IBBStream *self, const GError *error)
{
  if (self->finished)
    return;

  self->finished = TRUE;
  g_mutex_lock (&self->lock);
  self->refuse_output = TRUE;
  g_mutex_unlock (&self->lock);
  clear_source (&self->read_source);
  clear_source (&self->write_source);
  clear_source (&self->close_source);
  g_source_destroy (self->flush_source);

  if (error == NULL && self->peer_closed && self->io != G_IO_STREAM (self->connection))
    {
      close_tls (self);
      return;
    }
  g_io_stream_close (G_IO_STREAM (self->connection), NULL, NULL);
  report_closed (self, error);
}

/* The server's last word is read even when it stands behind our failed write. */
static void
input_ended (IBBStream *self, GError *error)
{
  if (self->closing || self->peer_closed)
    finish (self, NULL);
  else if (error != NULL)
    ibb_stream_drop (self, error);
  else
    {
      g_autoptr (GError) eof = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                                                    _ ("The server closed the connection"));

      ibb_stream_drop (self, eof);
    }
  g_clear_error (&error);
}

static void
dispatch (IBBStream *self, IBBParserEvent event, IBBElement *element, IBBStanza *stanza)
{
  if (event == IBB_PARSER_STANZA || event == IBB_PARSER_DROPPED)
    {
      if (self->handler->stanza != NULL)
        self->handler->stanza (self, stanza, self->owner);
    }
  else if (event == IBB_PARSER_END)
    {
      self->peer_closed = TRUE;
      if (self->closing)
        {
          finish (self, NULL);
        }
      else
        {
          g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                                                          _ ("The server ended the stream"));

          ibb_stream_abort (self, NULL, error);
        }
    }
  else if (self->handler->element != NULL)
    {
      self->handler->element (self, event, element, self->owner);
    }
}

static void
take_events (IBBStream *self, IBBParser *parser)
{
  while (self->parser == parser && self->read_source != NULL)
    {
      g_autoptr (IBBElement) element = NULL;
      g_autoptr (IBBStanza)  stanza = NULL;
      IBBParserEvent         event = ibb_parser_take (parser, &element, &stanza);

      if (event == IBB_PARSER_NOTHING)
        return;
      dispatch (self, event, element, stanza);
    }
}

/* TRUE if more may be waiting right now. */
static gboolean
read_once (IBBStream *self)
{
  GInputStream      *input = g_io_stream_get_input_stream (self->io);
  IBBParser         *parser = self->parser;
  g_autoptr (GError) error = NULL;
  gboolean           fine;
  gssize             n;

  n = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (input), self->buffer,
                                                READ_SIZE, NULL, &error);
  if (n < 0 && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return FALSE;
  if (n <= 0)
    {
      input_ended (self, g_steal_pointer (&error));
      return FALSE;
    }

  self->last_read = g_get_monotonic_time ();
  if (self->handler->begin != NULL)
    self->handler->begin (self, self->owner);
  fine = ibb_parser_feed (parser, (const char *) self->buffer, (gsize) n, &error);
  take_events (self, parser);
  if (!fine && self->parser == parser && self->read_source != NULL)
    ibb_stream_abort (self, ibb_parser_get_condition (parser), error);
  if (self->handler->end != NULL)
    self->handler->end (self, self->owner);

  /* Answers leave together, without another turn of the loop, and take our
   * acknowledgement along. */
  if (!self->finished && !is_flush_wanted (self))
    acknowledge_quickly (self);
  else if (!self->finished)
    flush (self);

  /* A socket that gave less than it was asked for is empty. TLS gives a record
   * at a time. */
  return self->read_source != NULL &&
         (n == READ_SIZE || self->io != G_IO_STREAM (self->connection));
}

static gboolean
read_ready_cb (gpointer user_data)
{
  IBBStream            *self = user_data;
  g_autoptr (IBBStream) keep = ibb_stream_ref (self);

  for (int i = 0; i < MAX_READS && read_once (self); i++)
    ;

  return G_SOURCE_CONTINUE;
}

static gboolean
socket_ready_cb (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  return read_ready_cb (user_data);
}

static gboolean
input_ready_cb (GObject *stream, gpointer user_data)
{
  return read_ready_cb (user_data);
}

/* Not recursive in fact, but said to be: for others GLib takes the descriptor
 * out of the poll around each dispatch, which costs three system calls. The
 * socket's own source has it without the child that a stream's has. */
static void
start_reading (IBBStream *self)
{
  if (self->io == G_IO_STREAM (self->connection))
    {
      self->read_source =
          g_socket_create_source (g_socket_connection_get_socket (self->connection), G_IO_IN, NULL);
      g_source_set_can_recurse (self->read_source, TRUE);
      attach (self, self->read_source, "[ibb-glib] read", G_SOURCE_FUNC (socket_ready_cb));
    }
  else
    {
      self->read_source = g_pollable_input_stream_create_source (
          G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (self->io)), NULL);
      g_source_set_can_recurse (self->read_source, TRUE);
      attach (self, self->read_source, "[ibb-glib] read", G_SOURCE_FUNC (input_ready_cb));
    }
}

IBBStream *
ibb_stream_new (GMainContext *context, GSocketConnection *connection)
{
  static const IBBStreamHandler none = { NULL };
  IBBStream                    *self = g_new0 (IBBStream, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->context = g_main_context_ref (context);
  self->handler = &none;
  self->connection = g_object_ref (connection);
  self->io = g_object_ref (G_IO_STREAM (connection));
  self->parser = ibb_parser_new ();
  self->buffer = g_malloc (READ_SIZE);
  self->pending = g_byte_array_new ();
  self->writing = g_byte_array_new ();
  self->pending_ends = g_array_new (FALSE, FALSE, sizeof (gsize));
  self->writing_ends = g_array_new (FALSE, FALSE, sizeof (gsize));
  g_mutex_init (&self->lock);
  self->last_read = self->last_write = g_get_monotonic_time ();

  self->flush_source = g_source_new (&flush_funcs, sizeof (FlushSource));
  ((FlushSource *) self->flush_source)->stream = self;
  g_source_set_static_name (self->flush_source, "[ibb-glib] flush");
  g_source_attach (self->flush_source, context);

#ifdef TCP_NODELAY
  set_tcp_option (self, TCP_NODELAY, 1);
#endif
  /* What the kernel has taken can no longer be overtaken by chat. */
#ifdef TCP_NOTSENT_LOWAT
  set_tcp_option (self, TCP_NOTSENT_LOWAT, NOT_SENT_LIMIT);
#endif

  return self;
}

IBBStream *
ibb_stream_ref (IBBStream *self)
{
  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

void
ibb_stream_unref (IBBStream *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  /* The last reference may go on any thread, but only once it is finished: the
   * owner keeps one until then. */
  clear_source (&self->read_source);
  clear_source (&self->write_source);
  clear_source (&self->flush_source);
  clear_source (&self->close_source);
  if (self->owner_free != NULL)
    self->owner_free (self->owner);
  ibb_parser_free (self->parser);
  g_byte_array_unref (self->pending);
  g_byte_array_unref (self->writing);
  g_array_unref (self->pending_ends);
  g_array_unref (self->writing_ends);
  g_clear_error (&self->write_error);
  g_object_unref (self->io);
  g_object_unref (self->connection);
  g_main_context_unref (self->context);
  g_mutex_clear (&self->lock);
  g_free (self->buffer);
  g_free (self);
}

void
ibb_stream_set_owner (IBBStream              *self,
                      const IBBStreamHandler *handler,
                      gpointer                owner,
                      GDestroyNotify          owner_free)
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
ibb_stream_get_io (IBBStream *self)
{
  return self->io;
}

void
ibb_stream_set_io (IBBStream *self, GIOStream *io)
{
  g_assert (self->read_source == NULL && self->write_source == NULL);

  g_set_object (&self->io, io);
}

void
ibb_stream_open (IBBStream *self, const char *to)
{
  g_autofree char *escaped = g_markup_escape_text (to, -1);
  g_autofree char *header = g_strdup_printf ("<?xml version='1.0'?><stream:stream to='%s' "
                                             "version='1.0' xmlns='%s' xmlns:stream='%s'>",
                                             escaped, IBB_CLIENT_NAMESPACE, IBB_STREAM_NAMESPACE);
  IBBParser       *old;

  if (self->finished)
    return;

  /* In this order: take_events () further up the stack sees another pointer,
   * and looks at the old one no more. */
  old = self->parser;
  self->parser = ibb_parser_new ();
  ibb_parser_free (old);
  ibb_stream_send_text (self, header);
  if (self->read_source == NULL)
    start_reading (self);
}

gboolean
ibb_stream_pause (IBBStream *self)
{
  clear_source (&self->read_source);

  return !ibb_parser_has_leftover (self->parser);
}

void
ibb_stream_set_read_stanzas (IBBStream *self)
{
  ibb_parser_set_read_stanzas (self->parser, TRUE);
}

void
ibb_stream_send_text (IBBStream *self, const char *text)
{
  append (self, text, strlen (text));
}

gboolean
ibb_stream_send (IBBStream *self, IBBStanza *stanza)
{
  guint before;

  g_mutex_lock (&self->lock);
  if (self->refuse_output)
    {
      g_mutex_unlock (&self->lock);
      return FALSE;
    }
  before = self->pending->len;
  ibb_stanza_write (stanza, self->pending);
  end_piece (self, self->pending->len - before);
  g_mutex_unlock (&self->lock);

  want_flush (self);
  return TRUE;
}

gboolean
ibb_stream_is_congested (IBBStream *self)
{
  gboolean congested;

  g_mutex_lock (&self->lock);
  congested = self->unsent > IBB_STREAM_HIGH_WATER;
  if (congested)
    self->drain_wanted = TRUE;
  g_mutex_unlock (&self->lock);

  return congested;
}

gsize
ibb_stream_get_unsent (IBBStream *self)
{
  gsize unsent;

  g_mutex_lock (&self->lock);
  unsent = self->unsent;
  g_mutex_unlock (&self->lock);

  return unsent;
}

gint64
ibb_stream_get_last_write_time (IBBStream *self)
{
  gint64 time;

  g_mutex_lock (&self->lock);
  time = self->last_write;
  g_mutex_unlock (&self->lock);

  return time;
}

gint64
ibb_stream_get_last_read_time (IBBStream *self)
{
  return self->last_read;
}

static gboolean
close_timeout_cb (gpointer user_data)
{
  IBBStream            *self = user_data;
  g_autoptr (IBBStream) keep = ibb_stream_ref (self);
  gint64                quiet = g_get_monotonic_time () - ibb_stream_get_last_write_time (self);

  /* A slow path still takes what was handed over. */
  if (self->write_error == NULL && quiet < CLOSE_TIMEOUT * G_USEC_PER_SEC)
    return G_SOURCE_CONTINUE;

  finish (self, NULL);
  return G_SOURCE_REMOVE;
}

void
ibb_stream_close (IBBStream *self)
{
  if (self->closing || self->finished)
    return;

  self->closing = TRUE;
  g_mutex_lock (&self->lock);
  self->refuse_output = TRUE;
  g_mutex_unlock (&self->lock);
  ibb_stream_send_text (self, "</stream:stream>");
  self->close_source = g_timeout_source_new_seconds (CLOSE_TIMEOUT);
  attach (self, self->close_source, "[ibb-glib] close", close_timeout_cb);
}

void
ibb_stream_abort (IBBStream *self, const char *condition, const GError *error)
{
  ibb_stream_abort_with (self, condition, "", error);
}

void
ibb_stream_abort_with (IBBStream    *self,
                       const char   *condition,
                       const char   *detail,
                       const GError *error)
{
  g_autoptr (IBBStream) keep = ibb_stream_ref (self);

  if (self->finished)
    return;

  /* While TLS shakes hands the bytes are not ours. */
  if (!self->closing && self->write_error == NULL && self->read_source != NULL)
    {
      g_autofree char *text =
          condition == NULL
              ? g_strdup ("</stream:stream>")
              : g_strdup_printf ("<stream:error><%s xmlns='%s'/>%s</stream:error></stream:stream>",
                                 condition, IBB_STREAM_ERROR_NAMESPACE, detail);

      self->closing = TRUE;
      ibb_stream_send_text (self, text);
      flush (self);
    }
  finish (self, error);
}

void
ibb_stream_drop (IBBStream *self, const GError *error)
{
  g_autoptr (IBBStream) keep = ibb_stream_ref (self);

  self->broken = !self->closing && !self->finished;
  finish (self, error);
}

gboolean
ibb_stream_is_closed (IBBStream *self)
{
  return self->closed;
}

gboolean
ibb_stream_is_broken (IBBStream *self)
{
  return self->broken;
}
