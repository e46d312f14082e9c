/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Services of the application's own beside that for files, made before it and after it, with
 * handlers, accepts, limits and expectations. Their sessions carry one letter: they never get
 * those of files, nor lose theirs to them. */

#include "config.h"

#include "whole.h"

#include <string.h>

#define LETTER 'A'
#define LENGTH_MAX 20000

typedef struct
{
  char    *sid; /* (owned) */
  gsize    length;
  gsize    n_read;
  gboolean is_open;
  gboolean is_taken;
  gboolean is_held; /* by a request that nobody answers */
} Stream;

static GPtrArray *services[WHOLE_PROGRAMS_MAX]; /* (element-type IBBService) */
static GPtrArray *streams;                      /* (element-type Stream) */
static guint8     letters[LENGTH_MAX];

static void
stream_free (gpointer data)
{
  g_free (((Stream *) data)->sid);
  g_free (data);
}

static void
read_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Stream            *stream = user_data;
  g_autoptr (GBytes) bytes =
      g_input_stream_read_bytes_finish (G_INPUT_STREAM (object), result, NULL);
  gsize         length;
  const guint8 *data;

  if (bytes == NULL)
    return;
  data = g_bytes_get_data (bytes, &length);
  if (memcmp (data, letters, length) != 0 && world.n_evils == 0)
    whole_fail ("the application has read bytes of a file");
  stream->n_read += length;
  if (length > 0)
    g_input_stream_read_bytes_async (G_INPUT_STREAM (object), LENGTH_MAX, G_PRIORITY_DEFAULT, NULL,
                                     read_cb, stream);
}

static void
take (IBBTransport *transport)
{
  Stream *stream = NULL;

  for (guint i = 0; i < streams->len; i++)
    if (g_str_equal (((Stream *) g_ptr_array_index (streams, i))->sid,
                     ibb_transport_get_sid (transport)))
      stream = g_ptr_array_index (streams, i);
  if (stream == NULL)
    {
      if (world.n_evils == 0)
        whole_fail ("the application has got a session of files");
      return;
    }
  stream->is_taken = TRUE;
  g_input_stream_read_bytes_async (g_io_stream_get_input_stream (G_IO_STREAM (transport)),
                                   LENGTH_MAX, G_PRIORITY_DEFAULT, NULL, read_cb, stream);
}

static void
accepted_cb (IBBService *service, IBBTransport *transport, gpointer data)
{
  take (transport);
}

static gboolean
requested_cb (IBBService *service, IBBRequest *request, gpointer data)
{
  g_autoptr (IBBTransport) transport = NULL;

  if (whole_one_in (4))
    return TRUE;
  transport = ibb_request_accept (request, NULL);
  if (transport != NULL)
    take (transport);
  return TRUE;
}

static void
accept_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (IBBTransport) transport =
      ibb_service_accept_finish (IBB_SERVICE (object), result, NULL);

  if (transport == NULL)
    return;
  take (transport);
  ibb_service_accept_async (IBB_SERVICE (object), NULL, accept_cb, NULL);
}

static void
expected_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (IBBTransport) transport =
      ibb_service_expect_session_finish (IBB_SERVICE (object), result, NULL);

  if (transport != NULL)
    take (transport);
}

void
beside_start (WholeProgram *program)
{
  IBBService *service;

  if (services[program->number] == NULL)
    services[program->number] = g_ptr_array_new_with_free_func (g_object_unref);
  if (whole_one_in (2))
    return;
  service = ibb_service_new (IBB_CONNECTION (program->connection));
  g_ptr_array_add (services[program->number], service);
  ibb_service_set_session_limit (service, (guint) random_below (&turns_random, 3));
  ibb_service_set_resume_sessions (service, whole_one_in (2));
  if (whole_one_in (3))
    g_object_set (service, "receive-memory-limit", (guint64) LENGTH_MAX, NULL);
  switch (random_below (&turns_random, 4))
    {
    case 0:
      g_signal_connect (service, "session-accepted", G_CALLBACK (accepted_cb), NULL);
      break;
    case 1:
      g_signal_connect (service, "session-requested", G_CALLBACK (requested_cb), NULL);
      break;
    case 2:
      ibb_service_accept_async (service, NULL, accept_cb, NULL);
      break;
    default:
      break;
    }
}

void
beside_stop (WholeProgram *program)
{
  for (guint i = 0; i < services[program->number]->len; i++)
    ibb_service_stop (g_ptr_array_index (services[program->number], i));
  g_clear_pointer (&services[program->number], g_ptr_array_unref);
}

static void
written_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (IBBTransport) transport = user_data;

  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (object), result, NULL, NULL))
    g_io_stream_close_async (G_IO_STREAM (transport), G_PRIORITY_DEFAULT, NULL, NULL, NULL);
}

static void
opened_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Stream       *stream = user_data;
  IBBTransport *transport = ibb_service_open_session_finish (IBB_SERVICE (object), result, NULL);

  if (transport == NULL)
    return;
  stream->is_open = TRUE;
  g_output_stream_write_all_async (g_io_stream_get_output_stream (G_IO_STREAM (transport)), letters,
                                   stream->length, G_PRIORITY_DEFAULT, NULL, written_cb, transport);
}

static IBBService *
pick_service (const WholeProgram *program)
{
  GPtrArray *all = services[program->number];

  return program->runs && all->len > 0
             ? g_ptr_array_index (all, random_below (&turns_random, all->len))
             : NULL;
}

void
beside_open (gpointer data)
{
  WholeProgram *program = &world.programs[random_below (&turns_random, world.n_programs)];
  WholeProgram *other = &world.programs[(program->number + 1) % world.n_programs];
  IBBService   *service = pick_service (program);
  IBBService   *expecting = pick_service (other);
  Stream       *stream;
  g_autoptr (IBBSessionParams) params = ibb_session_params_new ();

  if (service == NULL || !other->runs)
    return;
  stream = g_new0 (Stream, 1);
  stream->sid = g_strdup_printf ("application-%u", streams->len);
  stream->length = (gsize) random_below (&turns_random, LENGTH_MAX);
  g_ptr_array_add (streams, stream);
  if (expecting != NULL && whole_one_in (2))
    {
      turns_enter (other->number);
      ibb_service_expect_session_async (expecting, wire_connection_get_jid (program->connection),
                                        stream->sid, NULL, NULL, expected_cb, NULL);
      turns_leave ();
    }
  ibb_session_params_set_sid (params, stream->sid);
  turns_enter (program->number);
  ibb_service_open_session_async (service, wire_connection_get_jid (other->connection), params,
                                  NULL, opened_cb, stream);
  turns_leave ();
}

void
beside_begin (void)
{
  memset (letters, LETTER, sizeof letters);
  streams = g_ptr_array_new_with_free_func (stream_free);
}

void
beside_judge (void)
{
  for (guint i = 0; i < streams->len && world.n_evils == 0; i++)
    {
      const Stream *stream = g_ptr_array_index (streams, i);

      if (stream->is_open && !stream->is_taken)
        whole_fail ("the application has lost the session “%s”", stream->sid);
      else if (stream->is_open && stream->n_read != stream->length)
        whole_fail ("%" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " bytes of “%s” have come",
                    stream->n_read, stream->length, stream->sid);
      world.n_streams += stream->is_open;
    }
}

void
beside_end (void)
{
  g_ptr_array_unref (streams);
}
