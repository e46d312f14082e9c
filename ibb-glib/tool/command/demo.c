/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ibb demo: what the library does, shown without any server. */

#include "config.h"

#include "tool/command/commands.h"
#include "tool/session/pair.h"
#include "tool/session/session.h"
#include "tool/session/stream.h"
#include "tool/words/output.h"
#include "tool/words/report.h"
#include "tool/words/text.h"

#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_SIZE (8 * 1024 * 1024)
#define STEP_SIZE (64 * 1024)
#define SENDER "juliet@example.org/balcony"
#define RECEIVER "romeo@example.org/orchard"

typedef struct
{
  guint64       size;
  char         *directory;
  char         *original;
  char         *copy;
  GError       *error; /* the receiver's */
  ToolPair     *pair;
  GCancellable *cancellable;
} Demo;

/* Any bytes do, if no two blocks are equal. */
static gboolean
make_file (Demo *self, GError **error)
{
  g_autoptr (GFile)         file = g_file_new_for_path (self->original);
  g_autoptr (GOutputStream) stream = NULL;
  g_autoptr (GRand)         random = g_rand_new_with_seed (47);
  g_autofree guint32       *step = g_malloc (STEP_SIZE);

  stream = G_OUTPUT_STREAM (g_file_replace (file, NULL, FALSE, G_FILE_CREATE_PRIVATE, NULL, error));
  if (stream == NULL)
    return FALSE;
  for (guint64 left = self->size; left > 0;)
    {
      gsize n = (gsize) MIN (left, STEP_SIZE);

      for (gsize i = 0; i < STEP_SIZE / sizeof (guint32); i++)
        step[i] = g_rand_int (random);
      if (!g_output_stream_write_all (stream, step, n, NULL, NULL, error))
        return FALSE;
      left -= n;
    }
  return g_output_stream_close (stream, NULL, error);
}

static char *
hash_file (const char *path, GError **error)
{
  g_autoptr (GFile)        file = g_file_new_for_path (path);
  g_autoptr (GInputStream) stream = G_INPUT_STREAM (g_file_read (file, NULL, error));
  g_autoptr (GChecksum)    checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree guint8       *step = g_malloc (STEP_SIZE);
  gssize                   n;

  if (stream == NULL)
    return NULL;
  while ((n = g_input_stream_read (stream, step, STEP_SIZE, NULL, error)) > 0)
    g_checksum_update (checksum, step, n);
  return n == 0 ? g_strdup (g_checksum_get_string (checksum)) : NULL;
}

static gpointer
receiver_thread (gpointer data)
{
  Demo                     *self = data;
  g_autoptr (GFile)         file = g_file_new_for_path (self->copy);
  g_autoptr (GOutputStream) sink = NULL;
  ToolStreamOutput          output = { NULL, RECEIVER };
  guint64                   n_bytes;

  sink = G_OUTPUT_STREAM (
      g_file_replace (file, NULL, FALSE, G_FILE_CREATE_PRIVATE, NULL, &self->error));
  output.stream = sink;
  if (sink == NULL ||
      !tool_stream_receive (self->pair->far, tool_stream_write, &output, &n_bytes,
                            self->cancellable, &self->error) ||
      !g_output_stream_close (sink, NULL, &self->error) ||
      !tool_session_finish (self->pair->far, self->cancellable, &self->error))
    ibb_transport_abort (self->pair->far);
  return NULL;
}

static gboolean
transfer (Demo *self, GError **error)
{
  g_autoptr (GFile)        file = g_file_new_for_path (self->original);
  g_autoptr (GInputStream) source = G_INPUT_STREAM (g_file_read (file, NULL, error));
  g_autoptr (GError)       local_error = NULL;
  GThread                 *thread;
  guint64                  n_bytes;
  gboolean                 sent;

  if (source == NULL)
    return FALSE;
  thread = g_thread_new ("receiver", receiver_thread, self);
  sent = tool_stream_send (NULL, self->pair->near, source, SENDER, &n_bytes, self->cancellable,
                           self->cancellable, &local_error) &&
         tool_stream_expect_end (self->pair->near, self->cancellable, &local_error) &&
         tool_session_finish (self->pair->near, self->cancellable, &local_error);
  if (!sent)
    ibb_transport_abort (self->pair->near);
  g_thread_join (thread);
  if (self->error != NULL)
    g_propagate_error (error, g_steal_pointer (&self->error));
  else if (!sent)
    g_propagate_error (error, g_steal_pointer (&local_error));
  return sent && (error == NULL || *error == NULL);
}

static gboolean
show_files (Demo *self, GError **error)
{
  g_autofree char *left = hash_file (self->original, error);
  g_autofree char *right = left != NULL ? hash_file (self->copy, error) : NULL;

  if (right == NULL)
    return FALSE;
  g_print (_ ("SHA-256 of what was sent  %s\n"), left);
  g_print (_ ("SHA-256 of what arrived   %s\n"), right);
  if (!g_str_equal (left, right))
    {
      g_set_error (error, IBB_ERROR, IBB_ERROR_FAILED, _ ("The two files differ"));
      return FALSE;
    }
  g_print (_ ("They are equal.\n"));
  return TRUE;
}

static gboolean
demo_run (ToolRun *run, gpointer data, GError **error)
{
  Demo                     *self = data;
  g_auto (ToolPair)         pair = { NULL };
  g_autoptr (IBBLoopback)   loopback = ibb_loopback_new ();
  g_autoptr (IBBConnection) near_end = ibb_loopback_attach (loopback, SENDER);
  g_autoptr (IBBConnection) far_end = ibb_loopback_attach (loopback, RECEIVER);
  g_autoptr (IBBService)    near = NULL;
  g_autoptr (IBBService)    far = NULL;
  g_autofree char          *size = g_format_size_full (self->size, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char          *duration = NULL;
  g_autofree char          *rate = NULL;
  gint64                    start;
  double                    seconds;
  guint                     block_size;

  self->cancellable = tool_run_get_cancellable (run);
  self->pair = &pair;
  if (!make_file (self, error))
    return FALSE;
  g_print (_ ("A file of %s, and two ends that talk XMPP inside this process:\n"), size);
  g_print (_ ("  %s sends, %s receives\n"), SENDER, RECEIVER);
  near = tool_session_new_service (near_end, tool_run_get_options (run), FALSE);
  far = tool_session_new_service (far_end, tool_run_get_options (run), TRUE);
  if (!tool_pair_open (&pair, run, near, SENDER, far, RECEIVER, error))
    return FALSE;
  block_size = ibb_transport_get_block_size (pair.near);
  g_print (ngettext ("Session “%s” is open: blocks of %u byte in IQ stanzas\n",
                     "Session “%s” is open: blocks of %u bytes in IQ stanzas\n", block_size),
           ibb_transport_get_sid (pair.near), block_size);

  tool_run_begin_phase (run, _ ("sending the file"), 60);
  tool_run_show_progress (run, "demo", TOOL_DIRECTION_SEND, self->size);
  start = g_get_monotonic_time ();
  if (!transfer (self, error))
    return FALSE;
  tool_run_end_progress (run);
  seconds = (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  duration = tool_text_format_duration (seconds);
  rate = tool_text_format_rate (self->size, seconds);
  g_print (_ ("Sent, acknowledged and closed from both sides in %s (%s)\n"), duration, rate);
  return show_files (self, error);
}

int
tool_demo (int argc, char **argv)
{
  g_auto (ToolOptions) options = { 0 };
  g_autoptr (GError)   error = NULL;
  g_autofree char     *size = NULL;
  Demo                 self = { .size = DEFAULT_SIZE };
  int                  status;
  const GOptionEntry   entries[] = {
      { "size", 0, 0, G_OPTION_ARG_STRING, &size, N_ ("Bytes to send, with K, M or G (default 8M)"),
        N_ ("BYTES") },
      { NULL },
  };

  if (!tool_options_parse (&options, 0, entries, NULL,
                           _ ("Sends a file between two ends in this process: no account, no "
                              "server, no network."),
                           NULL, &argc, &argv))
    return TOOL_EXIT_USAGE;
  if (argc != 1)
    return tool_output_usage_error ("demo", _ ("unexpected argument “%s”"), argv[1]);
  if (size != NULL && !tool_options_parse_size (size, &self.size))
    return tool_output_usage_error ("demo", _ ("--size is a number of bytes, not “%s”"), size);

  self.directory = g_dir_make_tmp ("ibb-demo-XXXXXX", &error);
  if (self.directory == NULL)
    {
      tool_report_error (error);
      return TOOL_EXIT_FAILED;
    }
  self.original = g_build_filename (self.directory, "original", NULL);
  self.copy = g_build_filename (self.directory, "copy", NULL);
  status = tool_run (&options, demo_run, &self);
  g_clear_error (&self.error);
  g_unlink (self.original);
  g_unlink (self.copy);
  g_rmdir (self.directory);
  g_free (self.original);
  g_free (self.copy);
  g_free (self.directory);
  return status;
}
