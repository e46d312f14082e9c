/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Two services: what the tests of this folder begin with. They are on a
 * loopback or, when the program runs below tests/lib/prosody.py and uses nothing
 * of the loopback, on two clients of that server. */

#pragma once

#include <ibb-glib/ibb-glib.h>

#define ROMEO "romeo@montague.example/orchard"
#define JULIET "juliet@capulet.example/balcony"

typedef struct
{
  IBBLoopback   *loopback; /* NULL: on other connections */
  IBBConnection *romeo_connection;
  IBBConnection *juliet_connection;
  IBBService    *romeo;
  IBBService    *juliet; /* lets 10 sessions in */
} Fixture;

void fixture_set_up (Fixture *self, gconstpointer data);
/* Asserts that nothing is left. */
void fixture_tear_down (Fixture *self, gconstpointer data);
/* The same set-up, through a server wherever IBB_TEST_HOST names one. */
void fixture_set_up_anywhere (Fixture *self, gconstpointer data);

/* The part of a set-up that comes after the two connections. */
void fixture_add_services (Fixture *self);

/* One open session: Romeo opened it, Juliet accepted it. */
void fixture_open (Fixture *self, IBBTransport **romeo, IBBTransport **juliet);
void fixture_open_with (Fixture       *self,
                        IBBStanzaType  stanza_type,
                        IBBTransport **romeo,
                        IBBTransport **juliet);

/* For sessions by message that carry up to 20 MiB: nothing holds their writer up,
 * so a reader that is late has to have room for all of it. */
void fixture_make_room (Fixture *self);

/* A GAsyncReadyCallback that stores the result in a GAsyncResult **. */
void store_result_cb (GObject *source, GAsyncResult *result, gpointer data);
/* Iterates the thread's default context until a result is stored; the caller
 * owns it. */
GAsyncResult *wait_for_result (GAsyncResult **result);

/* Iterates the thread's default context until the condition holds. The
 * watchdog of the test program ends what never comes. */
#define wait_until(condition)                                                                      \
  G_STMT_START                                                                                     \
  {                                                                                                \
    while (!(condition))                                                                           \
      g_main_context_iteration (g_main_context_get_thread_default (), TRUE);                       \
  }                                                                                                \
  G_STMT_END

/* The same for what changes without waking the context: looks again and again,
 * and how often decides nothing. */
void wait_briefly (void);
#define poll_until(condition)                                                                      \
  G_STMT_START                                                                                     \
  {                                                                                                \
    while (!(condition))                                                                           \
      wait_briefly ();                                                                             \
  }                                                                                                \
  G_STMT_END

/* For the thread that is to cancel a call: waits until the call stands in line,
 * which is when it listens to its cancellable. */
gboolean has_waiter (GCancellable *cancellable);
void     wait_for_waiter (GCancellable *cancellable);

/* Runs what is ready in the thread's default context, and returns. */
void run_pending (void);

/* Drops the last reference and waits until the object is gone: the loopback's
 * thread may hold it for the moment of a delivery. */
void drop_and_wait (gpointer object);

void write_bytes (IBBTransport *transport, gconstpointer bytes, gsize length);
void write_text (IBBTransport *transport, const char *text);
/* Reads exactly as much as text has, and compares. */
void assert_reads (IBBTransport *transport, const char *text);
void assert_reads_eof (IBBTransport *transport);
void assert_read_fails (IBBTransport *transport, int code);
void assert_write_fails (IBBTransport *transport, int code);

/* Bytes that look alike nowhere, from a seed. */
GBytes *make_bytes (gsize length, guint seed);
/* Writes until the send buffer takes no more, without waiting; how many bytes. */
gsize fill_output (IBBTransport *transport);

/* g_test_init and the watchdog. */
void test_init (int *argc, char ***argv);

#define add_test(path, function)                                                                   \
  g_test_add (path, Fixture, NULL, fixture_set_up, function, fixture_tear_down)
/* For what holds whatever is between the ends. */
#define add_test_anywhere(path, data, function)                                                    \
  g_test_add (path, Fixture, data, fixture_set_up_anywhere, function, fixture_tear_down)
