/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The ends of a session: what it tells, and what close.script and end.script, which
 * have the calls one by one, do not say. */

#include "../lib/process.h"
#include "fixture.h"

#define N_KEPT 100

typedef struct
{
  guint    n_calls;
  gboolean failed;
  GThread *thread;
} Ended;

static void
ended_cb (IBBTransport *transport, GParamSpec *pspec, gpointer data)
{
  Ended             *ended = data;
  g_autoptr (GError) error = ibb_transport_dup_error (transport);

  ended->n_calls++;
  ended->failed = error != NULL;
  ended->thread = g_thread_self ();
  g_assert_true (ibb_transport_has_ended (transport));
}

/* F-15, D-45: everything written before the close arrives, flushed or not, then the end; ended
 * is told once on both sides (F-17). */
static void
test_close (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends)      ends = fixture_open (fixture);
  g_autoptr (GBytes) bytes = make_bytes (50000, 1);
  g_autofree char   *got = g_malloc (50001);
  gsize              size;
  Ended              romeo_ended = { 0 };
  Ended              juliet_ended = { 0 };

  g_signal_connect (ends.romeo, "notify::ended", G_CALLBACK (ended_cb), &romeo_ended);
  g_signal_connect (ends.juliet, "notify::ended", G_CALLBACK (ended_cb), &juliet_ended);
  g_assert_false (ibb_transport_has_ended (ends.romeo));

  g_object_set (ends.romeo, "auto-flush", FALSE, NULL);
  write_bytes (ends.romeo, g_bytes_get_data (bytes, NULL), 50000);
  close_stream (ends.romeo);
  g_assert_cmpuint (ibb_transport_get_bytes_acknowledged (ends.romeo), ==, 50000);
  g_assert_true (ibb_transport_has_ended (ends.romeo));
  g_assert_null (ibb_transport_dup_error (ends.romeo));

  /* B-05: the end does not hide what came before. */
  assert_write_fails (ends.juliet, G_IO_ERROR_BROKEN_PIPE);
  assert_succeeds (g_input_stream_read_all, get_input (ends.juliet), got, 50001, &size, NULL);
  g_assert_cmpmem (got, size, g_bytes_get_data (bytes, NULL), 50000);
  close_stream (ends.juliet);

  wait_until (romeo_ended.n_calls > 0 && juliet_ended.n_calls > 0);
  run_pending ();
  g_assert_cmpuint (romeo_ended.n_calls, ==, 1);
  g_assert_cmpuint (juliet_ended.n_calls, ==, 1);
  g_assert_false (romeo_ended.failed);
  g_assert_false (juliet_ended.failed);
  g_assert_true (juliet_ended.thread == g_thread_self ());
}

static void
assert_aborted (IBBTransport *transport)
{
  g_autoptr (GError) error = ibb_transport_dup_error (transport);

  g_assert_true (ibb_transport_has_ended (transport));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  assert_write_fails (transport, G_IO_ERROR_CLOSED);
  assert_read_fails (transport, G_IO_ERROR_CLOSED);
  /* Again does nothing. */
  ibb_transport_abort (transport);
}

/* D-49: the reason reaches a reader, also one that has written everything. */
static void
test_abort_with_reason (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    IBBStanzaCondition condition;
    IBBStanzaCondition expected;
    const char        *text;
    const char        *words;
  } cases[] = {
    { IBB_STANZA_CONDITION_RESOURCE_CONSTRAINT, IBB_STANZA_CONDITION_RESOURCE_CONSTRAINT,
      "disk full", "“disk full”" },
    { IBB_STANZA_CONDITION_RECIPIENT_UNAVAILABLE, IBB_STANZA_CONDITION_RECIPIENT_UNAVAILABLE, NULL,
      "it was stopped" },
    { IBB_STANZA_CONDITION_NONE, IBB_STANZA_CONDITION_UNDEFINED_CONDITION, "two\nlines",
      "“two lines”" },
  };

  for (guint i = 0; i < 2 * G_N_ELEMENTS (cases); i++)
    {
      g_auto (Ends)      ends = fixture_open (fixture);
      g_autoptr (GError) error = NULL;
      g_autoptr (GError) seen = NULL;
      guint              n = i / 2;
      char               byte;

      write_text (ends.romeo, "all");
      if (i % 2 == 1)
        {
          shut_down_output (ends.romeo);
          assert_reads (ends.juliet, "all");
          assert_reads_eof (ends.juliet);
        }
      ibb_transport_abort_with_reason (ends.juliet, cases[n].condition, cases[n].text);
      assert_aborted (ends.juliet);
      g_assert_cmpint (g_input_stream_read (get_input (ends.romeo), &byte, 1, NULL, &seen), ==, -1);
      g_assert_error (seen, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
      error = ibb_transport_dup_error (ends.romeo);
      g_assert_cmpint (ibb_error_get_condition (error), ==, cases[n].expected);
      g_assert_cmpstr (seen->message, ==, error->message);
      g_assert_nonnull (strstr (error->message, cases[n].words));
    }
}

/* D-67: both have shut their output. The close of one waits until the application of the other has
 * closed as well, or has failed. */
static void
test_confirmed (Fixture *fixture, gconstpointer data)
{
  g_object_set (fixture->romeo, "confirm-close", TRUE, NULL);
  g_object_set (fixture->juliet, "confirm-close", TRUE, NULL);
  for (gboolean fails = FALSE; fails <= TRUE; fails++)
    {
      g_auto (Ends)            ends = fixture_open (fixture);
      g_autoptr (GAsyncResult) closed = NULL;
      g_autoptr (GError)       error = NULL;

      shut_down_output (ends.juliet);
      assert_reads_eof (ends.romeo);
      write_text (ends.romeo, "last");
      shut_down_output (ends.romeo);
      g_io_stream_close_async (G_IO_STREAM (ends.romeo), G_PRIORITY_DEFAULT, NULL, store_result_cb,
                               &closed);
      assert_reads (ends.juliet, "last");
      assert_reads_eof (ends.juliet);
      fixture_settle (fixture);
      g_assert_null (closed);
      if (fails)
        ibb_transport_abort (ends.juliet);
      else
        close_stream (ends.juliet);
      wait_until (closed != NULL);
      g_assert_cmpint (g_io_stream_close_finish (G_IO_STREAM (ends.romeo), closed, &error), ==,
                       !fails);
      if (fails)
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
    }
}

/* A handler of ended may drop the last reference. */
static void
drop_cb (IBBTransport *transport, GParamSpec *pspec, gpointer data)
{
  g_clear_object ((IBBTransport **) data);
}

static void
test_drop_in_handler (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends) ends = fixture_open (fixture);

  g_signal_connect (ends.romeo, "notify::ended", G_CALLBACK (drop_cb), &ends.romeo);
  ibb_transport_abort (ends.juliet);
  wait_until (ends.romeo == NULL);
  run_pending ();
  g_assert_null (ends.romeo);
}

/* The service goes, its sessions live on. */
static void
test_drop_service (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends) ends = fixture_open (fixture);

  g_assert_finalize_object (g_steal_pointer (&fixture->romeo));
  g_assert_finalize_object (g_steal_pointer (&fixture->juliet));
  write_text (ends.romeo, "orphans");
  assert_reads (ends.juliet, "orphans");
  write_text (ends.juliet, "both");
  assert_reads (ends.romeo, "both");
  close_stream (ends.romeo);
  assert_reads_eof (ends.juliet);
}

/* Sessions that are over have no descriptor, however long they are kept. */
static void
test_kept (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) kept = g_ptr_array_new_with_free_func (g_object_unref);
  guint                 before = 0;

  for (guint i = 0; i <= N_KEPT; i++)
    {
      g_auto (Ends) ends = fixture_open (fixture);

      write_text (ends.romeo, "x");
      assert_reads (ends.juliet, "x");
      if (i % 2 == 0)
        close_stream (ends.romeo);
      else
        ibb_transport_abort (ends.romeo);
      wait_until (ibb_transport_has_ended (ends.juliet));
      g_ptr_array_add (kept, g_object_ref (ends.romeo));
      g_ptr_array_add (kept, g_object_ref (ends.juliet));
      if (i == 0)
        before = process_count_descriptors ();
    }
  g_assert_cmpuint (process_count_descriptors (), <=, before);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test ("/ibb/loopback/close/close/D-45", test_close);
  add_test ("/ibb/loopback/close/abort-with-reason/D-49", test_abort_with_reason);
  add_test ("/ibb/loopback/close/confirmed/D-67", test_confirmed);
  add_test ("/ibb/loopback/close/drop-in-handler", test_drop_in_handler);
  add_test ("/ibb/loopback/close/drop-service", test_drop_service);
  add_test ("/ibb/loopback/close/kept", test_kept);
  return g_test_run ();
}
