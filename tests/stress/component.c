/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Many addresses of a component send to one client, all at once, through a real server:
 *
 *   tests/lib/prosody.py -- _build/tests/stress/stress-component --sessions 2000 --bytes 262144
 *
 * Each end is a process of its own. It says how long it took, and the most memory that each
 * had. With --limit it fails when the component had more, in MiB: 200 for that many. */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/account.h"
#include "../lib/process.h"

#define PIECE 16384

static int n_sessions = 50;
static int n_bytes = 65536;
static int send_buffer;
static int limit;

static guint8 *pattern;
static int     n_closed, n_equal;

/* The bytes of a session: the pattern, from a place of its own. */
static const guint8 *
get_bytes (guint number)
{
  return pattern + number % 4096;
}

typedef struct
{
  IBBTransport *transport;
  guint         number;
  gsize         received;
  guint8        piece[PIECE];
} Reader;

static void
closed_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  g_io_stream_close_finish (G_IO_STREAM (object), result, &error);
  g_assert_no_error (error);
  n_closed++;
  g_object_unref (object);
}

static void read_next (Reader *reader);

static void
read_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  Reader            *reader = data;
  g_autoptr (GError) error = NULL;
  gssize             n = g_input_stream_read_finish (G_INPUT_STREAM (object), result, &error);

  g_assert_no_error (error);
  if (n > 0)
    {
      g_assert_cmpuint (reader->received + (gsize) n, <=, n_bytes);
      g_assert_cmpint (
          memcmp (reader->piece, get_bytes (reader->number) + reader->received, (gsize) n), ==, 0);
      reader->received += (gsize) n;
      read_next (reader);
      return;
    }

  g_assert_cmpuint (reader->received, ==, n_bytes);
  n_equal++;
  g_io_stream_close_async (G_IO_STREAM (reader->transport), G_PRIORITY_DEFAULT, NULL, closed_cb,
                           NULL);
  g_free (reader);
}

static void
read_next (Reader *reader)
{
  g_input_stream_read_async (g_io_stream_get_input_stream (G_IO_STREAM (reader->transport)),
                             reader->piece, sizeof reader->piece, G_PRIORITY_DEFAULT, NULL, read_cb,
                             reader);
}

static void
accepted_cb (IBBService *service, IBBTransport *transport, gpointer data)
{
  Reader *reader = g_new0 (Reader, 1);

  reader->transport = g_object_ref (transport);
  reader->number = (guint) atoi (ibb_transport_get_peer_jid (transport) + strlen ("bot"));
  read_next (reader);
}

static void
written_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all_finish (G_OUTPUT_STREAM (object), result, NULL, &error);
  g_assert_no_error (error);
  g_io_stream_close_async (G_IO_STREAM (data), G_PRIORITY_DEFAULT, NULL, closed_cb, NULL);
}

static void
opened_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  IBBTransport      *transport =
      ibb_service_open_session_from_finish (IBB_SERVICE (object), result, &error);

  g_assert_no_error (error);
  g_output_stream_write_all_async (g_io_stream_get_output_stream (G_IO_STREAM (transport)),
                                   get_bytes (GPOINTER_TO_UINT (data)), (gsize) n_bytes,
                                   G_PRIORITY_DEFAULT, NULL, written_cb, transport);
}

static IBBService *
create_service (IBBConnection *connection)
{
  IBBService *service = ibb_service_new (connection);

  ibb_service_set_session_limit (service, (guint) n_sessions);
  ibb_service_set_send_buffer_size (service, (guint64) send_buffer);
  ibb_service_set_open_timeout (service, 0);
  ibb_service_set_close_timeout (service, 0);
  return service;
}

/* The most memory that the process has had, in MiB. */
static int
get_memory (const char *process)
{
  return (int) (process_get_status (process, "VmHWM") / 1024);
}

static void
print_memory (const char *who, const char *process)
{
  printf ("# memory of %s: %d MiB at most\n", who, get_memory (process));
  fflush (stdout);
}

/* The client's end, in a process of its own: reads what all of them send, and closes. */
static int
run_client (int ready)
{
  g_autoptr (IBBClient)  client = account_create_client ("alice", "scale");
  g_autoptr (IBBService) service = NULL;
  g_autoptr (GError)     error = NULL;

  service = create_service (IBB_CONNECTION (client));
  g_signal_connect (service, "session-accepted", G_CALLBACK (accepted_cb), NULL);
  ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (client), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (write (ready, "r", 1), ==, 1);

  while (n_closed < n_sessions)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (n_equal, ==, n_sessions);
  print_memory ("the client", "self");
  g_assert_true (ibb_xmpp_connection_logout (IBB_XMPP_CONNECTION (client), NULL, NULL));
  return 0;
}

static void
run_component (void)
{
  g_autofree char         *jid = account_dup_jid ("alice", "scale");
  g_autoptr (IBBComponent) component = ibb_component_new (g_getenv ("IBB_TEST_COMPONENT"));
  g_autoptr (IBBService)   service = NULL;
  g_autoptr (GError)       error = NULL;
  gint64                   start;

  ibb_xmpp_connection_set_host (IBB_XMPP_CONNECTION (component), g_getenv ("IBB_TEST_HOST"));
  ibb_xmpp_connection_set_port (IBB_XMPP_CONNECTION (component),
                                (guint) atoi (g_getenv ("IBB_TEST_COMPONENT_PORT")));
  ibb_component_set_secret (component, g_getenv ("IBB_TEST_COMPONENT_SECRET"));
  service = create_service (IBB_CONNECTION (component));
  ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (component), NULL, &error);
  g_assert_no_error (error);

  start = g_get_monotonic_time ();
  for (int i = 0; i < n_sessions; i++)
    {
      g_autofree char *address = g_strdup_printf ("bot%d@%s", i, g_getenv ("IBB_TEST_COMPONENT"));

      ibb_service_open_session_from_async (service, address, jid, IBB_STANZA_TYPE_IQ, 0, "scale",
                                           NULL, opened_cb, GUINT_TO_POINTER ((guint) i));
    }
  while (n_closed < n_sessions)
    g_main_context_iteration (NULL, TRUE);

  printf ("# %d sessions of %d bytes in %.1f s, %.1f s of the component's CPU time\n", n_sessions,
          n_bytes, (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC,
          (double) clock () / CLOCKS_PER_SEC);
  print_memory ("the component", "self");
  print_memory ("the server", g_getenv ("IBB_TEST_SERVER_PID"));
  if (limit > 0)
    g_assert_cmpint (get_memory ("self"), <=, limit);
  g_assert_true (ibb_xmpp_connection_logout (IBB_XMPP_CONNECTION (component), NULL, NULL));
}

static void
run (void)
{
  int   ready[2], status;
  char  byte;
  pid_t child;

  g_assert_cmpint (pipe (ready), ==, 0);
  child = fork (); /* while there is no other thread */
  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    _exit (run_client (ready[1]));

  close (ready[1]);
  g_assert_cmpint (read (ready[0], &byte, 1), ==, 1);
  run_component ();
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_cmpint (status, ==, 0);
}

int
main (int argc, char **argv)
{
  static const GOptionEntry entries[] = {
    { "sessions", 0, 0, G_OPTION_ARG_INT, &n_sessions, "how many", "N" },
    { "bytes", 0, 0, G_OPTION_ARG_INT, &n_bytes, "in each", "N" },
    { "send-buffer", 0, 0, G_OPTION_ARG_INT, &send_buffer, "of each; 0: the default", "BYTES" },
    { "limit", 0, 0, G_OPTION_ARG_INT, &limit, "of the memory", "MIB" },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError)         error = NULL;
  g_autoptr (GRand)          random = g_rand_new_with_seed (1);

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    g_error ("%s", error->message);

  pattern = g_malloc ((gsize) n_bytes + 4096);
  for (int i = 0; i < n_bytes + 4096; i++)
    pattern[i] = (guint8) g_rand_int (random);
  printf ("1..1\n");
  fflush (stdout); /* or the other process prints it, too */
  run ();
  printf ("ok 1 component\n");
  g_free (pattern);
  return 0;
}
