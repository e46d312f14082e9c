/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The next step of a thread: any call of the API, of any session, at any time. */

#include "stress.h"

#include <string.h>

#define PIECE 9000

/* Waits until something can be done or some time is over. Not cancelled: GLib 2.74 leaks a source
 * that goes just when another thread cancels. */
static void
wait_for (Worker *worker, GSource *source)
{
  g_autoptr (GSource) child = g_timeout_source_new (below (worker, 50));

  g_source_set_dummy_callback (child);
  g_source_add_child_source (source, child);
  g_source_attach (source, worker->context);
}

/* Reading */

static void
read_done (Op *op, gssize n, const GError *error)
{
  check_stream_error (error, op->end);
  end_read (op->end, op->buffer, n);
  end_release (end_reading (op->end));
  op_end (op);
}

static void
read_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  gssize             n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);

  read_done (data, n, error);
}

static gboolean
readable_cb (GObject *source, gpointer data)
{
  Op                *op = data;
  g_autoptr (GError) error = NULL;
  gssize             n;

  n = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (source), op->buffer,
                                                op->count, NULL, &error);
  /* The time is up. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    g_clear_error (&error);
  read_done (op, n, error);
  return G_SOURCE_REMOVE;
}

static void
step_read (Worker *worker, End *end, IBBTransport *transport)
{
  GInputStream       *input = g_io_stream_get_input_stream (G_IO_STREAM (transport));
  g_autoptr (GError)  error = NULL;
  g_autoptr (GSource) source = NULL;
  Op                 *op;
  gssize              n;

  if (!end_grab (end_reading (end)))
    return;
  op = op_begin (worker, "read", end);
  op->count = 1 + below (worker, PIECE);
  op->buffer = g_malloc (op->count);
  switch (below (worker, 4))
    {
    case 0:
      n = g_input_stream_read (input, op->buffer, op->count, op->cancellable, &error);
      read_done (op, n, error);
      break;
    case 1:
      n = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (input), op->buffer,
                                                    op->count, op->cancellable, &error);
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        g_clear_error (&error);
      read_done (op, n, error);
      break;
    case 2:
      op->name = "poll for reading";
      source = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (input), NULL);
      g_source_set_callback (source, G_SOURCE_FUNC (readable_cb), op, NULL);
      wait_for (worker, source);
      break;
    default:
      op->name = "read_async";
      g_input_stream_read_async (input, op->buffer, op->count, G_PRIORITY_DEFAULT, op->cancellable,
                                 read_cb, op);
    }
}

/* Writing */

/* GIO looks at the cancellable once more in write_finish: a write that is
 * cancelled in that moment says so although its bytes were taken. */
static void
write_done (Op *op, IBBTransport *transport, gssize n, gboolean exactly, const GError *error)
{
  check_stream_error (error, op->end);
  end_wrote (op->end, transport, n,
             exactly || !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
  end_release (end_writing (op->end));
  op_end (op);
}

/* The operation has kept the transport up to here. */
static IBBTransport *
take_transport (Op *op)
{
  return g_object_steal_data (G_OBJECT (op->cancellable), "transport");
}

static void
write_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError)       error = NULL;
  g_autoptr (IBBTransport) transport = take_transport (data);
  gssize n = g_output_stream_write_finish (G_OUTPUT_STREAM (source), result, &error);

  write_done (data, transport, n, FALSE, error);
}

static void
writev_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError)       error = NULL;
  g_autoptr (IBBTransport) transport = take_transport (data);
  gsize                    n;

  g_output_stream_writev_finish (G_OUTPUT_STREAM (source), result, &n, &error);
  write_done (data, transport, (gssize) n, FALSE, error);
}

static gssize
write_nonblocking (Op *op, GOutputStream *output, GError **error)
{
  gssize n = g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (output),
                                                         op->buffer, op->count, NULL, error);

  if (g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    g_clear_error (error);
  return n;
}

static gboolean
writable_cb (GObject *source, gpointer data)
{
  Op                      *op = data;
  g_autoptr (GError)       error = NULL;
  g_autoptr (IBBTransport) transport = take_transport (op);
  gssize                   n = write_nonblocking (op, G_OUTPUT_STREAM (source), &error);

  write_done (op, transport, n, TRUE, error);
  return G_SOURCE_REMOVE;
}

/* Three vectors, one of them perhaps empty. */
static void
split (Worker *worker, Op *op)
{
  gsize first = below (worker, (guint) op->count + 1);
  gsize second = below (worker, (guint) (op->count - first) + 1);

  op->vectors[0] = (GOutputVector){ op->buffer, first };
  op->vectors[1] = (GOutputVector){ op->buffer + first, second };
  op->vectors[2] = (GOutputVector){ op->buffer + first + second, op->count - first - second };
}

static void
step_write (Worker *worker, End *end, IBBTransport *transport)
{
  GOutputStream      *output = g_io_stream_get_output_stream (G_IO_STREAM (transport));
  g_autoptr (GError)  error = NULL;
  g_autoptr (GSource) source = NULL;
  Op                 *op;
  gsize               size = 0;
  gssize              n;

  if (!end_grab (end_writing (end)))
    return;
  op = op_begin (worker, "write", end);
  op->count = chance (worker, 0.1) ? 100000 : 1 + below (worker, PIECE);
  op->buffer = g_malloc (op->count);
  end_prepare_write (end, op->buffer, op->count);
  split (worker, op);
  switch (below (worker, 6))
    {
    case 0:
      n = g_output_stream_write (output, op->buffer, op->count, op->cancellable, &error);
      write_done (op, transport, n, TRUE, error);
      break;
    case 1:
      g_output_stream_writev (output, op->vectors, 3, &size, op->cancellable, &error);
      write_done (op, transport, (gssize) size, TRUE, error);
      break;
    case 2:
      n = write_nonblocking (op, output, &error);
      write_done (op, transport, n, TRUE, error);
      break;
    case 3:
      op->name = "poll for writing";
      g_object_set_data_full (G_OBJECT (op->cancellable), "transport", g_object_ref (transport),
                              g_object_unref);
      source = g_pollable_output_stream_create_source (G_POLLABLE_OUTPUT_STREAM (output), NULL);
      g_source_set_callback (source, G_SOURCE_FUNC (writable_cb), op, NULL);
      wait_for (worker, source);
      break;
    case 4:
      op->name = "writev_async";
      g_object_set_data_full (G_OBJECT (op->cancellable), "transport", g_object_ref (transport),
                              g_object_unref);
      g_output_stream_writev_async (output, op->vectors, 3, G_PRIORITY_DEFAULT, op->cancellable,
                                    writev_cb, op);
      break;
    default:
      op->name = "write_async";
      g_object_set_data_full (G_OBJECT (op->cancellable), "transport", g_object_ref (transport),
                              g_object_unref);
      g_output_stream_write_async (output, op->buffer, op->count, G_PRIORITY_DEFAULT,
                                   op->cancellable, write_cb, op);
    }
}

/* Flush, drain, shutdown, close */

static void
done (Op *op, gboolean writes, const GError *error)
{
  check_stream_error (error, op->end);
  if (writes)
    end_release (end_writing (op->end));
  op_end (op);
}

static void
flush_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  g_output_stream_flush_finish (G_OUTPUT_STREAM (source), result, &error);
  done (data, TRUE, error);
}

static void
step_flush (Worker *worker, End *end, IBBTransport *transport)
{
  GOutputStream     *output = g_io_stream_get_output_stream (G_IO_STREAM (transport));
  g_autoptr (GError) error = NULL;
  Op                *op;

  if (!end_grab (end_writing (end)))
    return;
  op = op_begin (worker, "flush", end);
  if (chance (worker, 0.5))
    {
      g_output_stream_flush (output, op->cancellable, &error);
      done (op, TRUE, error);
    }
  else
    g_output_stream_flush_async (output, G_PRIORITY_DEFAULT, op->cancellable, flush_cb, op);
}

static void
drain_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  ibb_transport_drain_finish (IBB_TRANSPORT (source), result, &error);
  done (data, FALSE, error);
}

static void
step_drain (Worker *worker, End *end, IBBTransport *transport)
{
  Op                *op = op_begin (worker, "drain", end);
  g_autoptr (GError) error = NULL;

  if (chance (worker, 0.5))
    {
      ibb_transport_drain (transport, op->cancellable, &error);
      done (op, FALSE, error);
    }
  else
    ibb_transport_drain_async (transport, op->cancellable, drain_cb, op);
}

static void
shutdown_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  ibb_transport_shutdown_output_finish (IBB_TRANSPORT (source), result, &error);
  done (data, TRUE, error);
}

static void
step_shutdown (Worker *worker, End *end, IBBTransport *transport)
{
  g_autoptr (GError) error = NULL;
  Op                *op;

  if (!end_grab (end_writing (end)))
    return;
  op = op_begin (worker, "shutdown_output", end);
  end_set_orderly (end);
  if (chance (worker, 0.5))
    {
      ibb_transport_shutdown_output (transport, op->cancellable, &error);
      done (op, TRUE, error);
    }
  else
    ibb_transport_shutdown_output_async (transport, op->cancellable, shutdown_cb, op);
}

static void
close_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  g_io_stream_close_finish (G_IO_STREAM (source), result, &error);
  done (data, FALSE, error);
}

/* Closes while others read and write. */
static void
step_close (Worker *worker, End *end, IBBTransport *transport)
{
  Op                *op;
  g_autoptr (GError) error = NULL;

  if (!end_begin_close (end))
    return;
  op = op_begin (worker, "close", end);
  end_set_orderly (end);
  if (chance (worker, 0.5))
    {
      g_io_stream_close (G_IO_STREAM (transport), op->cancellable, &error);
      done (op, FALSE, error);
    }
  else
    g_io_stream_close_async (G_IO_STREAM (transport), G_PRIORITY_DEFAULT, op->cancellable, close_cb,
                             op);
  if (chance (worker, 0.3))
    end_drop (end);
}

static void
step_close_half (Worker *worker, End *end, IBBTransport *transport)
{
  GIOStream *stream = G_IO_STREAM (transport);
  Op        *op;

  if (chance (worker, 0.5) && end_grab (end_reading (end)))
    {
      op = op_begin (worker, "close input", end);
      g_input_stream_close (g_io_stream_get_input_stream (stream), op->cancellable, NULL);
      end_release (end_reading (end));
      op_end (op);
    }
  else if (end_grab (end_writing (end)))
    {
      op = op_begin (worker, "close output", end);
      g_output_stream_close (g_io_stream_get_output_stream (stream), op->cancellable, NULL);
      end_release (end_writing (end));
      op_end (op);
    }
}

static void
step_look (Worker *worker, End *end, IBBTransport *transport)
{
  g_autoptr (GError) error = ibb_transport_dup_error (transport);
  g_autofree char   *sid = NULL;
  guint64            received, queued;
  gboolean           flag;

  g_assert_true (error == NULL || ibb_transport_has_ended (transport));
  g_object_get (transport, "sid", &sid, "bytes-received", &received, "bytes-queued", &queued,
                "auto-flush", &flag, NULL);
  g_assert_nonnull (ibb_transport_get_peer_jid (transport));
  g_assert_cmpuint (ibb_transport_get_block_size (transport), >, 0);
  ibb_transport_set_read_timeout (transport, chance (worker, 0.2) ? below (worker, 10) : 0);
  ibb_transport_set_write_timeout (transport, chance (worker, 0.2) ? below (worker, 10) : 0);
  ibb_transport_set_auto_flush (transport, chance (worker, 0.9));
  g_pollable_input_stream_is_readable (
      G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (G_IO_STREAM (transport))));
  g_pollable_output_stream_is_writable (
      G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (G_IO_STREAM (transport))));
}

/* Opening and accepting */

static void
check_open_error (const GError *error)
{
  g_assert_nonnull (error);
  g_assert_true (error->domain == G_IO_ERROR || error->domain == IBB_ERROR);
  g_assert_false (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK));
}

static void
opened (Op *op, IBBTransport *transport, const GError *error)
{
  if (transport != NULL)
    end_add (op->link, 0, transport);
  else
    check_open_error (error);
  op_end (op);
}

static void
open_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  IBBTransport      *transport;

  transport = ibb_service_open_session_finish (IBB_SERVICE (source), result, &error);
  opened (data, transport, error);
}

static void
open_session (Worker *worker, Link *link, IBBService *service, const char *peer, gboolean iq)
{
  static const guint           sizes[] = { 0, 0, 0, 256, 1000, 8192, 65535 };
  Op                          *op = op_begin (worker, "open_session", NULL);
  guint                        size = sizes[below (worker, G_N_ELEMENTS (sizes))];
  IBBStanzaType                type = iq ? IBB_STANZA_TYPE_IQ : IBB_STANZA_TYPE_MESSAGE;
  g_autoptr (GError)           error = NULL;
  IBBTransport                *transport;
  g_autoptr (IBBSessionParams) params =
      g_object_new (IBB_TYPE_SESSION_PARAMS, "stanza-type", type, "block-size", size, "sid",
                    link_get_sid (link), NULL);

  op->link = link_ref (link);
  if (chance (worker, 0.5))
    {
      transport = ibb_service_open_session (service, peer, params, op->cancellable, &error);
      opened (op, transport, error);
    }
  else
    ibb_service_open_session_async (service, peer, params, op->cancellable, open_cb, op);
}

static void
accepted (Op *op, IBBTransport *transport, const GError *error)
{
  if (transport != NULL)
    end_accepted (transport);
  else
    check_open_error (error);
  op_end (op);
}

static void
expect_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  IBBTransport      *transport;

  transport = ibb_service_expect_session_finish (IBB_SERVICE (source), result, &error);
  accepted (data, transport, error);
}

static void
accept_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  IBBTransport      *transport;

  transport = ibb_service_accept_finish (IBB_SERVICE (source), result, &error);
  accepted (data, transport, error);
}

static void
step_open (Worker *worker, Place *place, IBBService *service)
{
  Place                 *other = &places[below (worker, n_places)];
  g_autoptr (IBBService) there = place_dup_service (other);
  gboolean               iq = chance (worker, 0.8);
  Link                  *link = link_new (iq);
  const char            *peer = chance (worker, 0.03) ? "nobody@example.org/nowhere" : other->jid;
  Op                    *op;

  if (chance (worker, 0.4))
    {
      op = op_begin (worker, "expect_session_async", NULL);
      op->link = link_ref (link);
      ibb_service_expect_session_async (there, place->jid, link_get_sid (link), NULL,
                                        op->cancellable, expect_cb, op);
    }
  open_session (worker, link, service, peer, iq);
  link_unref (link);
}

static void
step_expect (Worker *worker, IBBService *service)
{
  Op                *op = op_begin (worker, "expect_session", NULL);
  g_autoptr (GError) error = NULL;
  IBBTransport      *transport;

  transport =
      ibb_service_expect_session (service, places[0].jid, "never", NULL, op->cancellable, &error);
  g_assert_null (transport);
  accepted (op, NULL, error);
}

static void
step_accept (Worker *worker, IBBService *service)
{
  Op                *op = op_begin (worker, "accept", NULL);
  g_autoptr (GError) error = NULL;
  IBBTransport      *transport;

  if (chance (worker, 0.5))
    {
      transport = ibb_service_accept (service, op->cancellable, &error);
      accepted (op, transport, error);
    }
  else
    ibb_service_accept_async (service, op->cancellable, accept_cb, op);
}

static void
step_answer (Worker *worker)
{
  g_autoptr (IBBRequest) request = take_request ();
  IBBTransport          *transport;

  if (request == NULL)
    return;
  g_assert_cmpuint (ibb_request_get_block_size (request), >, 0);
  if (chance (worker, 0.2))
    ibb_request_refuse (request, IBB_ERROR_FORBIDDEN, "not now");
  else if (chance (worker, 0.9))
    {
      transport = ibb_request_accept (request, NULL);
      if (transport != NULL)
        end_accepted (transport);
    }
}

/* Service and connection */

static void
step_settings (Worker *worker, IBBService *service)
{
  g_auto (GStrv) features = ibb_service_get_features (service);

  g_assert_nonnull (features);
  ibb_service_set_window (service, chance (worker, 0.5) ? 0 : below (worker, 100000));
  ibb_service_set_send_buffer_size (service, chance (worker, 0.5) ? 0 : below (worker, 30000));
  ibb_service_set_receive_buffer_size (service, 1000 + below (worker, 60000));
  ibb_service_set_half_close (service, chance (worker, 0.5));
  ibb_service_set_max_block_size (service, chance (worker, 0.8) ? 65535 : 1000);
  ibb_service_set_session_limit (service, chance (worker, 0.9) ? 64 : below (worker, 10));
  ibb_service_set_max_retries (service, 1 + below (worker, 5));
}

typedef struct
{
  IBBConnection *connection;
  guint          what;
} Event;

static void
event_free (gpointer data)
{
  g_object_unref (((Event *) data)->connection);
  g_free (data);
}

static gboolean
event_cb (gpointer data)
{
  static const char *const stanzas[] = {
    "<iq type='set' id='1' from='a@example.org/b'><data xmlns='http://jabber.org/protocol/ibb' "
    "sid='none' seq='0'>YQ==</data></iq>",
    "<iq type='result' id='2' from='a@example.org/b'/>",
    "<iq type='set' id='3' from='a@example.org/b'><close xmlns='http://jabber.org/protocol/ibb' "
    "sid='stress-1'/></iq>",
    "<message from='a@example.org/b'><body>hello</body></message>",
    "<iq type='get' id='4' from='a@example.org/b'><query "
    "xmlns='http://jabber.org/protocol/disco#info'/></iq>",
  };
  Event             *event = data;
  g_autoptr (GError) error = NULL;

  if (event->what == 0)
    {
      error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "lost for a moment");
      ibb_connection_set_state (event->connection, IBB_CONNECTION_STATE_OFFLINE, error);
      ibb_connection_set_state (event->connection, IBB_CONNECTION_STATE_ONLINE, NULL);
    }
  else
    {
      g_autoptr (IBBStanza) stanza =
          ibb_stanza_new_from_xml (stanzas[event->what % G_N_ELEMENTS (stanzas)], -1, &error);

      g_assert_no_error (error);
      ibb_connection_receive (event->connection, stanza);
    }
  return G_SOURCE_REMOVE;
}

static void
step_connection (Worker *worker, const Setting *setting, Place *place)
{
  IBBConnection        *connection = place_dup_connection (place);
  g_autoptr (IBBStanza) stanza = NULL;
  g_autofree char      *jid = ibb_connection_dup_local_jid (connection);
  Event                *event = g_new (Event, 1);

  stanza = ibb_stanza_new_from_xml ("<message to='a@example.org/b'><body>hello</body></message>",
                                    -1, NULL);
  ibb_connection_send (connection, stanza, NULL);
  event->connection = connection;
  event->what = !setting->keeps_stream && chance (worker, 0.05) ? 0 : 1 + below (worker, 20);
  g_main_context_invoke_full (ibb_connection_get_context (connection), G_PRIORITY_DEFAULT, event_cb,
                              event, event_free);
}

static void
take_end_step (Worker *worker)
{
  End                     *end = dup_some_end (worker);
  g_autoptr (IBBTransport) transport = end != NULL ? end_dup_transport (end) : NULL;
  guint                    what = below (worker, 1000);

  if (transport == NULL)
    ;
  else if (what < 430)
    step_read (worker, end, transport);
  else if (what < 800)
    step_write (worker, end, transport);
  else if (what < 840)
    step_flush (worker, end, transport);
  else if (what < 880)
    step_drain (worker, end, transport);
  else if (what < 960)
    step_look (worker, end, transport);
  else if (what < 972)
    step_shutdown (worker, end, transport);
  else if (what < 985)
    step_close (worker, end, transport);
  else if (what < 988)
    step_close_half (worker, end, transport);
  else if (what < 994)
    ibb_transport_abort (transport);
  else
    end_drop (end);
  g_clear_pointer (&end, end_unref);
}

void
take_step (Worker *worker, const Setting *setting)
{
  Place                 *place = &places[below (worker, n_places)];
  g_autoptr (IBBService) service = place_dup_service (place);
  guint                  what = below (worker, 10000);

  worker->doing = "step";
  if (what < 8500)
    take_end_step (worker);
  else if (what < 8700)
    step_open (worker, place, service);
  else if (what < 8850)
    step_accept (worker, service);
  else if (what < 9000)
    step_answer (worker);
  else if (what < 9010)
    step_expect (worker, service);
  else if (what < 9200)
    step_settings (worker, service);
  else if (what < 9400)
    cancel_some_operation (worker);
  else if (what < 9900)
    step_connection (worker, setting, place);
  else if (what < 9940)
    setting->shake (worker, place);
  else if (what < 9946)
    place_replace (place, setting, FALSE, below (worker, 12));
  else if (what < 9949)
    place_replace (place, setting, TRUE, below (worker, 12));
}
