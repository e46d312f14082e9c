/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The calls of a scenario that never wait, and what the test does itself. */

#include "scenario.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

static guint8
get_pattern (Which which, guint64 place)
{
  return (guint8) (((place + 1) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15)) >> 56) ^ (guint8) which;
}

void
scenario_write_pattern (const End *end, guint8 *buffer, gsize count)
{
  for (gsize i = 0; i < count; i++)
    buffer[i] = get_pattern (end->which, end->written + i);
}

void
scenario_check_pattern (const End *end, const guint8 *buffer, gsize count)
{
  for (gsize i = 0; i < count; i++)
    g_assert_cmpuint (buffer[i], ==, get_pattern (!end->which, end->read + i));
}

gssize
scenario_get_outcome (gssize size, GError *error)
{
  gssize outcome = size;

  if (error == NULL)
    return size;
  g_assert_true (error->domain == G_IO_ERROR);
  g_assert_cmpstr (error->message, !=, "");
  outcome = -1000 - error->code;
  g_error_free (error);
  return outcome;
}

static gssize
read_nonblocking (End *end, gsize count, GCancellable *cancellable)
{
  g_autofree guint8    *buffer = g_malloc (MAX (count, 1));
  GPollableInputStream *input = G_POLLABLE_INPUT_STREAM (end_get_input (end));
  GError               *error = NULL;
  gssize                size =
      g_pollable_input_stream_read_nonblocking (input, buffer, count, cancellable, &error);

  if (size > 0)
    {
      scenario_check_pattern (end, buffer, size);
      end->read += size;
    }
  return scenario_get_outcome (size, error);
}

static gssize
write_nonblocking (End *end, gsize count, gboolean in_two, GCancellable *cancellable)
{
  g_autofree guint8     *buffer = g_malloc (MAX (count, 1));
  GPollableOutputStream *output = G_POLLABLE_OUTPUT_STREAM (end_get_output (end));
  GOutputVector vectors[2] = { { buffer, count / 3 }, { buffer + count / 3, count - count / 3 } };
  GError       *error = NULL;
  gsize         moved = 0;
  gssize        size;

  scenario_write_pattern (end, buffer, count);
  if (in_two)
    {
      GPollableReturn result = g_pollable_output_stream_writev_nonblocking (
          output, vectors, 2, &moved, cancellable, &error);

      if (result == G_POLLABLE_RETURN_WOULD_BLOCK)
        return NO (WOULD_BLOCK);
      size = result == G_POLLABLE_RETURN_OK ? (gssize) moved : -1;
    }
  else
    size = g_pollable_output_stream_write_nonblocking (output, buffer, count, cancellable, &error);
  if (size > 0)
    end->written += size;
  return scenario_get_outcome (size, error);
}

/* Sources */

typedef struct
{
  GThread *thread;
  gboolean fired;
} Fired;

static gboolean
fired_cb (GObject *stream, gpointer data)
{
  Fired *self = data;

  g_assert_true (g_thread_self () == self->thread);
  self->fired = TRUE;
  return G_SOURCE_CONTINUE;
}

/* For calls that are not asynchronous: a source in a context of its own. */
static gboolean
watch_source (End *end, gboolean input, GCancellable *cancellable, gboolean waits, Manner manner)
{
  g_autoptr (GMainContext) context =
      manner & (ASYNC | CONTEXT) ? g_main_context_ref_thread_default () : g_main_context_new ();
  g_autoptr (GSource) source = NULL;
  Fired               fired = { g_thread_self (), FALSE };

  g_assert_true (g_pollable_input_stream_can_poll (G_POLLABLE_INPUT_STREAM (end_get_input (end))));
  g_assert_true (
      g_pollable_output_stream_can_poll (G_POLLABLE_OUTPUT_STREAM (end_get_output (end))));
  source = input ? g_pollable_input_stream_create_source (
                       G_POLLABLE_INPUT_STREAM (end_get_input (end)), cancellable)
                 : g_pollable_output_stream_create_source (
                       G_POLLABLE_OUTPUT_STREAM (end_get_output (end)), cancellable);
  g_source_set_callback (source, G_SOURCE_FUNC (fired_cb), &fired, NULL);
  g_source_attach (source, context);
  if (!waits)
    while (g_main_context_iteration (context, FALSE) && !fired.fired)
      ;
  while (waits && !fired.fired)
    g_main_context_iteration (context, TRUE);
  g_source_destroy (source);
  return fired.fired;
}

/* Room */

/* Whether nothing moves until the other end reads. */

static gboolean
is_transport_full (End *end)
{
  IBBTransport *transport = IBB_TRANSPORT (end->stream);
  guint64       in_flight = ibb_transport_get_bytes_in_flight (transport);

  /* One block is in flight, larger than what may be unread of it. */
  return in_flight > PAIR_RECEIVE_BUFFER &&
         ibb_transport_get_bytes_queued (transport) == PAIR_SEND_BUFFER + in_flight;
}

static gboolean
is_socket_full (End *end)
{
  GSocket        *socket = g_socket_connection_get_socket (G_SOCKET_CONNECTION (end->stream));
  struct tcp_info info;
  socklen_t       length = sizeof info;

  /* All bytes that have left have arrived, and no more may leave: the kernel has asked for room and
   * got none. */
  g_assert_no_errno (getsockopt (g_socket_get_fd (socket), IPPROTO_TCP, TCP_INFO, &info, &length));
  g_assert_cmpuint (length, >, G_STRUCT_OFFSET (struct tcp_info, tcpi_snd_wnd));
  return info.tcpi_snd_wnd == 0 && info.tcpi_unacked == 0 && info.tcpi_backoff > 0;
}

static void
fill (End *end)
{
  for (;;)
    {
      gssize outcome = write_nonblocking (end, PAIR_BLOCK_SIZE, FALSE, NULL);

      if (outcome >= 0)
        continue;
      g_assert_cmpint (outcome, ==, NO (WOULD_BLOCK));
      if (end_is_ibb (end) ? is_transport_full (end) : is_socket_full (end))
        return;
      /* The peer takes bytes in its own time, and a buffer that is full tells nobody. */
      g_usleep (100);
    }
}

static gssize
write_on (End *end)
{
  for (;;)
    {
      g_autofree guint8 *buffer = g_malloc (1000);
      GError            *error = NULL;
      gssize             size;

      scenario_write_pattern (end, buffer, 1000);
      size = g_output_stream_write (end_get_output (end), buffer, 1000, NULL, &error);
      if (size < 0)
        return scenario_get_outcome (size, error);
      end->written += size;
    }
}

static gssize
read_rest (End *end)
{
  gsize              count = end->peer->written - end->read;
  g_autofree guint8 *buffer = g_malloc (MAX (count, 1));
  GError            *error = NULL;
  gsize              size = 0;

  g_input_stream_read_all (end_get_input (end), buffer, count, &size, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (size, ==, count);
  scenario_check_pattern (end, buffer, size);
  end->read += size;
  return TRUE;
}

/* Functions that a socket has under another name, or not at all. */

static void
abort_stream (End *end)
{
  const struct linger at_once = { 1, 0 };
  GSocket            *socket;

  if (end_is_ibb (end))
    {
      ibb_transport_abort (IBB_TRANSPORT (end->stream));
      return;
    }
  socket = g_socket_connection_get_socket (G_SOCKET_CONNECTION (end->stream));
  g_assert_no_errno (
      setsockopt (g_socket_get_fd (socket), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once));
  g_assert_true (g_io_stream_close (end->stream, NULL, NULL));
}

static void
set_limits (End *end, guint read_timeout, guint write_timeout)
{
  if (end_is_ibb (end))
    {
      g_object_set (end->stream, "read-timeout", read_timeout, "write-timeout", write_timeout,
                    NULL);
    }
  else /* in seconds */
    g_socket_set_timeout (g_socket_connection_get_socket (G_SOCKET_CONNECTION (end->stream)),
                          read_timeout + write_timeout > 0 ? 1 : 0);
}

static gboolean
is_closed (gpointer stream)
{
  gboolean closed = g_io_stream_is_closed (stream);
  gboolean property;

  g_object_get (stream, "closed", &property, NULL);
  g_assert_cmpint (property, ==, closed);
  return closed;
}

static gboolean
drop (End *end)
{
  gpointer weak = end->stream;

  g_object_add_weak_pointer (G_OBJECT (end->stream), &weak);
  g_clear_object (&end->stream);
  if (weak == NULL)
    return TRUE;
  g_object_remove_weak_pointer (weak, &weak);
  return FALSE;
}

gssize
scenario_call (End *end, const Step *step, Manner manner)
{
  GCancellable *cancellable = step->call & C ? end->cancellable : NULL;
  GError       *error = NULL;
  gboolean      success;

  switch (step->call & CALL_MASK)
    {
    case READ_NB:
      return read_nonblocking (end, step->count, cancellable);
    case WRITE_NB:
    case WRITEV_NB:
      return write_nonblocking (end, step->count, (step->call & CALL_MASK) == WRITEV_NB,
                                cancellable);
    case IS_READABLE:
      return !!g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (end_get_input (end)));
    case IS_WRITABLE:
      return !!g_pollable_output_stream_is_writable (
          G_POLLABLE_OUTPUT_STREAM (end_get_output (end)));
    case FIRES_IN:
    case AWAIT_IN:
      return watch_source (end, TRUE, cancellable, (step->call & CALL_MASK) == AWAIT_IN, manner);
    case FIRES_OUT:
    case AWAIT_OUT:
      return watch_source (end, FALSE, cancellable, (step->call & CALL_MASK) == AWAIT_OUT, manner);
    case ABORT:
      abort_stream (end);
      return TRUE;
    case IS_CLOSED:
      return is_closed (end->stream);
    case IS_INPUT_CLOSED:
      return g_input_stream_is_closed (end_get_input (end));
    case IS_OUTPUT_CLOSED:
      return g_output_stream_is_closed (end_get_output (end));
    case HAS_PENDING:
      return g_io_stream_has_pending (end->stream);
    case HAS_INPUT_PENDING:
      return g_input_stream_has_pending (end_get_input (end));
    case HAS_OUTPUT_PENDING:
      return g_output_stream_has_pending (end_get_output (end));
    case SET_INPUT_PENDING:
      success = g_input_stream_set_pending (end_get_input (end), &error);
      return scenario_get_outcome (success, error);
    case SET_OUTPUT_PENDING:
      success = g_output_stream_set_pending (end_get_output (end), &error);
      return scenario_get_outcome (success, error);
    case CLEAR_INPUT_PENDING:
      g_input_stream_clear_pending (end_get_input (end));
      return TRUE;
    case CLEAR_OUTPUT_PENDING:
      g_output_stream_clear_pending (end_get_output (end));
      return TRUE;
    case HAS_ENDED:
      return ibb_transport_has_ended (IBB_TRANSPORT (end->stream));
    case AWAIT_END:
      /* In the thread of a call, whose context is not the one that is told. */
      while (end_is_ibb (end) && !ibb_transport_has_ended (IBB_TRANSPORT (end->stream)))
        g_usleep (500);
      return TRUE;
    case FILL:
      fill (end);
      return TRUE;
    case WRITE_ON:
      return write_on (end);
    case READ_REST:
      return read_rest (end);
    case LIMIT_IN:
      set_limits (end, 50, 0);
      return TRUE;
    case LIMIT_OUT:
      set_limits (end, 0, 50);
      return TRUE;
    case UNLIMIT:
      set_limits (end, 0, 0);
      return TRUE;
    case HOLD_BACK:
      if (end_is_ibb (end))
        g_object_set (end->stream, "auto-flush", FALSE, NULL);
      return TRUE;
    case CANCEL:
      g_cancellable_cancel (end->cancellable);
      return TRUE;
    case RESET:
      g_object_unref (end->cancellable);
      end->cancellable = g_cancellable_new ();
      return TRUE;
    case DROP:
      return drop (end);
    default:
      g_assert_not_reached ();
    }
}
