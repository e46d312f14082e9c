/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What open sessions cost that do nothing, in memory: with their transports and halves, over a
 * loopback. An end has 8 KiB, and all of it comes back. The slices of old versions of GLib would
 * keep it, so that this runs without them. That nothing wakes up is tested in
 * tests/loopback/idle.c.
 */

#include "config.h"

#include "../lib/calls.h"

#include <errno.h>
#include <ibb-glib/ibb-glib.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define N_SESSIONS 1000
#define MOST 8192          /* bytes for an idle end */
#define MOST_OF_CLOSED 100 /* what tables keep that have grown, and GLib */

static GPtrArray *opened;
static GPtrArray *accepted;

static void
accepted_cb (IBBService *service, IBBTransport *transport, gpointer data)
{
  g_ptr_array_add (accepted, g_object_ref (transport));
}

static void
opened_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_ptr_array_add (opened,
                   assert_succeeds (ibb_service_open_session_finish, IBB_SERVICE (source), result));
}

static gsize
get_used (void)
{
  return mallinfo2 ().uordblks + mallinfo2 ().hblkhd;
}

/* The end of a session at the other end wakes nobody: what waits for it looks now and then. */
static gboolean
tick_cb (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

typedef struct
{
  IBBLoopback   *loopback; /* (owned) */
  IBBConnection *connections[2];
  IBBService    *services[2];
} Pair;

static void
set_up (Pair *pair)
{
  pair->loopback = ibb_loopback_new ();
  pair->connections[0] = ibb_loopback_attach (pair->loopback, "alice@example.org/idle");
  pair->connections[1] = ibb_loopback_attach (pair->loopback, "bob@example.org/idle");
  for (guint i = 0; i < 2; i++)
    pair->services[i] = ibb_service_new (pair->connections[i]);
  ibb_service_set_session_limit (pair->services[1], G_MAXUINT);
  g_signal_connect (pair->services[1], "session-accepted", G_CALLBACK (accepted_cb), NULL);
}

static void
open_sessions (Pair *pair, guint n)
{
  g_autofree char *peer = ibb_connection_dup_local_jid (pair->connections[1]);

  for (guint i = 0; i < n; i++)
    {
      ibb_service_open_session_async (pair->services[0], peer, NULL, NULL, opened_cb, NULL);
      while (opened->len + 100 < i) /* the open-timeout is for each */
        g_main_context_iteration (NULL, TRUE);
    }
  wait_until (opened->len == n && accepted->len == n);
}

/* A little to and fro in each, so that they are as after use. */
static void
use_sessions (void)
{
  for (guint i = 0; i < opened->len; i++)
    {
      GIOStream *streams[2] = { opened->pdata[i], NULL };
      char       bytes[5000] = "";

      for (guint j = 0; j < accepted->len && streams[1] == NULL; j++)
        if (strcmp (ibb_transport_get_sid (accepted->pdata[(i + j) % accepted->len]),
                    ibb_transport_get_sid (opened->pdata[i])) == 0)
          streams[1] = accepted->pdata[(i + j) % accepted->len];
      for (guint side = 0; side < 2; side++)
        {
          assert_succeeds (g_output_stream_write_all, g_io_stream_get_output_stream (streams[side]),
                           bytes, sizeof bytes, NULL, NULL);
          assert_succeeds (g_input_stream_read_all, g_io_stream_get_input_stream (streams[!side]),
                           bytes, sizeof bytes, NULL, NULL);
          assert_succeeds (ibb_transport_drain, IBB_TRANSPORT (streams[side]), NULL);
        }
    }
}

static void
closed_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  assert_succeeds (g_io_stream_close_finish, G_IO_STREAM (source), result);
  (*(guint *) data)++;
}

static void
close_sessions (void)
{
  guint n = opened->len;
  guint n_closed = 0;

  for (guint i = 0; i < n; i++)
    g_io_stream_close_async (opened->pdata[i], G_PRIORITY_DEFAULT, NULL, closed_cb, &n_closed);
  wait_until (n_closed == n);
  for (guint i = 0; i < n; i++)
    wait_until (ibb_transport_has_ended (accepted->pdata[i]));
  run_pending ();
  g_ptr_array_set_size (opened, 0);
  g_ptr_array_set_size (accepted, 0);
}

static void
report (const char *what, gsize used, gsize most)
{
  gsize per_end = used / (2 * N_SESSIONS);

  g_print ("# %s: %" G_GSIZE_FORMAT " bytes for each end of a session\n", what, per_end);
  g_assert_cmpuint (per_end, <=, most);
}

/* GLib reads it before main () begins, so it takes another beginning. */
static void
avoid_slices (char **arguments)
{
  if (g_strcmp0 (g_getenv ("G_SLICE"), "always-malloc") == 0)
    return;
  g_setenv ("G_SLICE", "always-malloc", TRUE);
  execv ("/proc/self/exe", arguments);
  g_error ("/proc/self/exe: %s", g_strerror (errno));
}

int
main (int argc, char **argv)
{
  Pair  pair = { 0 };
  gsize used;

  avoid_slices (argv);
  g_print ("1..1\n");
  opened = g_ptr_array_new_with_free_func (g_object_unref);
  accepted = g_ptr_array_new_with_free_func (g_object_unref);
  g_timeout_add (5, tick_cb, NULL);
  set_up (&pair);
  /* Types, names and what peers know of each other are made once, before the measurement. */
  open_sessions (&pair, 10);
  use_sessions ();
  close_sessions ();

  used = get_used ();
  open_sessions (&pair, N_SESSIONS);
  report ("new", get_used () - used, MOST);
  g_assert_cmpuint (get_used (), >, used);
  use_sessions ();
  report ("used", get_used () - used, MOST);

  close_sessions ();
  report ("closed", MAX (get_used (), used) - used, MOST_OF_CLOSED);
  malloc_trim (0);
  report ("closed and trimmed", MAX (get_used (), used) - used, MOST_OF_CLOSED);
  g_print ("ok 1 - /ibb/idle/memory\n");

  for (guint i = 0; i < 2; i++)
    {
      g_object_unref (pair.services[i]);
      g_object_unref (pair.connections[i]);
    }
  g_object_unref (pair.loopback);
  g_ptr_array_unref (opened);
  g_ptr_array_unref (accepted);
  return 0;
}
