/* SPDX-License-Identifier: 0BSD */

/* loopback: a question and its answer between two ends in this process, without
 * any server, in asynchronous calls on the main loop.
 */

#include <ibb-glib/ibb-glib.h>
#include <locale.h>
#include <string.h>

#define QUESTION "wherefore art thou romeo?"
#define ANSWER "call me but love"

typedef struct
{
  GMainLoop    *loop;
  IBBTransport *juliet;
  IBBTransport *romeo;
  char          buffer[100];
  GError       *error;
} Talk;

static void
fail (Talk *talk, GError *error)
{
  talk->error = error;
  g_main_loop_quit (talk->loop);
}

static void
closed_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Talk   *talk = data;
  GError *error = NULL;

  if (!g_io_stream_close_finish (G_IO_STREAM (source), result, &error))
    fail (talk, error);
  else
    g_main_loop_quit (talk->loop);
}

static void
answer_read_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Talk   *talk = data;
  GError *error = NULL;
  gsize   n;

  if (!g_input_stream_read_all_finish (G_INPUT_STREAM (source), result, &n, &error))
    {
      fail (talk, error);
      return;
    }
  g_print ("juliet hears: %.*s\n", (int) n, talk->buffer);
  g_io_stream_close_async (G_IO_STREAM (talk->juliet), G_PRIORITY_DEFAULT, NULL, closed_cb, talk);
}

static void
answer_written_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Talk   *talk = data;
  GError *error = NULL;

  if (!g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &error))
    fail (talk, error);
}

static void
question_read_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Talk          *talk = data;
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (talk->romeo));
  GInputStream  *input = g_io_stream_get_input_stream (G_IO_STREAM (talk->juliet));
  GError        *error = NULL;
  gsize          n;

  if (!g_input_stream_read_all_finish (G_INPUT_STREAM (source), result, &n, &error))
    {
      fail (talk, error);
      return;
    }
  g_print ("romeo hears: %.*s\n", (int) n, talk->buffer);
  g_output_stream_write_all_async (output, ANSWER, strlen (ANSWER), G_PRIORITY_DEFAULT, NULL,
                                   answer_written_cb, talk);
  g_input_stream_read_all_async (input, talk->buffer, strlen (ANSWER), G_PRIORITY_DEFAULT, NULL,
                                 answer_read_cb, talk);
}

static void
session_accepted_cb (IBBService *service, IBBTransport *transport, gpointer data)
{
  Talk         *talk = data;
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (transport));

  talk->romeo = g_object_ref (transport);
  g_input_stream_read_all_async (input, talk->buffer, strlen (QUESTION), G_PRIORITY_DEFAULT, NULL,
                                 question_read_cb, talk);
}

static void
opened_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Talk   *talk = data;
  GError *error = NULL;

  talk->juliet = ibb_service_open_session_finish (IBB_SERVICE (source), result, &error);
  if (talk->juliet == NULL)
    fail (talk, error);
  /* What fits into the send buffer needs no waiting. */
  else if (!g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (talk->juliet)),
                                       QUESTION, strlen (QUESTION), NULL, NULL, &error))
    fail (talk, error);
}

int
main (void)
{
  Talk                      talk = { .loop = g_main_loop_new (NULL, FALSE) };
  g_autoptr (IBBLoopback)   loopback = ibb_loopback_new ();
  g_autoptr (IBBConnection) left = ibb_loopback_attach (loopback, "juliet@example.org/balcony");
  g_autoptr (IBBConnection) right = ibb_loopback_attach (loopback, "romeo@example.org/orchard");
  g_autoptr (IBBService)    juliet = ibb_service_new (left);
  g_autoptr (IBBService)    romeo = ibb_service_new (right);

  setlocale (LC_ALL, ""); /* for what is said */
  ibb_service_set_session_limit (romeo, 1);
  g_signal_connect (romeo, "session-accepted", G_CALLBACK (session_accepted_cb), &talk);
  ibb_service_open_session_async (juliet, "romeo@example.org/orchard", NULL, NULL, opened_cb,
                                  &talk);
  g_main_loop_run (talk.loop);

  if (talk.error != NULL)
    g_printerr ("loopback: %s\n", talk.error->message);
  g_clear_object (&talk.juliet);
  g_clear_object (&talk.romeo);
  g_main_loop_unref (talk.loop);
  return talk.error != NULL ? 1 : 0;
}
