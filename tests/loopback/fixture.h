/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Two services: what the tests of this folder begin with. They are on a
 * loopback or, when the program runs below tests/lib/prosody.py and uses nothing
 * of the loopback, on two clients of that server. */

#pragma once

#include <ibb-glib/ibb-glib.h>
#include <ibb-glib/xmpp/ibb-xmpp.h>

#include "loopback/hub.h"

#include "../lib/calls.h"
#include "../lib/open.h"
#include "stack.h"

#define ROMEO "romeo@montague.example/orchard"
#define JULIET "juliet@capulet.example/balcony"

typedef struct
{
  IBBLoopback   *loopback; /* NULL: on other connections */
  IBBConnection *romeo_connection;
  IBBConnection *juliet_connection;
  IBBService    *romeo;
  IBBService    *juliet;       /* lets 10 sessions in */
  GMutex         stop;         /* held while the loopback is to stand still */
  int            stands_still; /* atomic */
} Fixture;

void fixture_set_up (Fixture *self, gconstpointer data);
/* The same on two stacks of the application's own, in the context of the thread. data: Juliet's
 * JID, or NULL for the usual one. */
void fixture_set_up_stacks (Fixture *self, gconstpointer data);
/* Asserts that nothing is left. */
void fixture_tear_down (Fixture *self, gconstpointer data);
/* The same set-up, but through a server if IBB_TEST_HOST names one. */
void fixture_set_up_anywhere (Fixture *self, gconstpointer data);

/* The part of a set-up that comes after the two connections. */
void fixture_add_services (Fixture *self);

/* Both ends of an open session: Romeo opened it, Juliet accepted it. */
typedef struct
{
  IBBTransport *romeo;
  IBBTransport *juliet;
} Ends;

void ends_clear (Ends *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Ends, ends_clear)

Ends fixture_open (Fixture *self);
Ends fixture_open_with (Fixture *self, IBBStanzaType stanza_type);

/* For sessions by message that carry up to 20 MiB: nothing holds their writer up,
 * so a reader that is late has to have room for all of it. */
void fixture_make_room (Fixture *self);

/* Like wait_until (), for a change that does not wake the context: the caller checks again and
 * again. */
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

/* Runs until the loopback has nothing to do. */
void fixture_settle (Fixture *self);

/* Lets the loopback stand still: until it goes on, what is sent does not leave. Nothing can
 * have happened meanwhile, however long this thread takes. */
void fixture_stop_traffic (Fixture *self);
void fixture_resume_traffic (Fixture *self);

/* Drops the last reference and waits until the object is gone: the loopback's
 * thread may hold it for the moment of a delivery. */
void drop_and_wait (gpointer object);

static inline StackConnection *
get_romeo_stack (Fixture *self)
{
  return STACK_CONNECTION (self->romeo_connection);
}

static inline StackConnection *
get_juliet_stack (Fixture *self)
{
  return STACK_CONNECTION (self->juliet_connection);
}

static inline GInputStream *
get_input (gpointer stream)
{
  return g_io_stream_get_input_stream (G_IO_STREAM (stream));
}

static inline GOutputStream *
get_output (gpointer stream)
{
  return g_io_stream_get_output_stream (G_IO_STREAM (stream));
}

/* Calls that have to succeed. All but close_async () block. */
void close_stream (gpointer stream);
void close_async (gpointer stream); /* iterates the context meanwhile */
void drain_transport (IBBTransport *transport);
void shut_down_output (IBBTransport *transport);

void       write_bytes (IBBTransport *transport, gconstpointer bytes, gsize length);
void       write_text (IBBTransport *transport, const char *text);
IBBStanza *new_stanza (const char *format, ...) G_GNUC_PRINTF (1, 2);
#define send_xml(connection, ...)                                                                  \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autoptr (IBBStanza) stanza_ = new_stanza (__VA_ARGS__);                                      \
                                                                                                   \
    assert_succeeds (ibb_connection_send, connection, stanza_);                                    \
  }                                                                                                \
  G_STMT_END
/* The connection gets a stanza from outside. */
#define receive_xml(connection, ...)                                                               \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autoptr (IBBStanza) stanza_ = new_stanza (__VA_ARGS__);                                      \
                                                                                                   \
    g_assert_true (ibb_connection_receive (IBB_CONNECTION (connection), stanza_));                 \
  }                                                                                                \
  G_STMT_END
/* Writes bytes to one stream and reads them from another one, both asynchronously. */
void assert_passes (gpointer from, gpointer to, GBytes *bytes);
/* Reads exactly as much as text has, and compares. */
void assert_reads (IBBTransport *transport, const char *text);
void assert_reads_eof (IBBTransport *transport);
void assert_read_fails (IBBTransport *transport, int code);
void assert_write_fails (IBBTransport *transport, int code);

/* Bytes that look alike nowhere, from a seed. */
GBytes *make_bytes (gsize length, guint seed);
/* Writes until the send buffer takes no more, and the connection has what it takes of it
 * before an acknowledgement; how many bytes. */
gsize fill_output (IBBTransport *transport);

/* The same until nothing moves any more, because nobody reads. The transport then stays full. */
gsize fixture_fill (Fixture *self, IBBTransport *transport);

/* g_test_init and the watchdog. */
void test_init (int *argc, char ***argv);

#define add_test(path, function)                                                                   \
  g_test_add (path, Fixture, NULL, fixture_set_up, function, fixture_tear_down)
#define add_stacks_test(path, function)                                                            \
  g_test_add (path, Fixture, NULL, fixture_set_up_stacks, function, fixture_tear_down)
/* For what holds whatever is between the ends. */
#define add_test_anywhere(path, data, function)                                                    \
  g_test_add (path, Fixture, data, fixture_set_up_anywhere, function, fixture_tear_down)
/* With stanzas of either type. */
#define add_test_by_both(path, function)                                                           \
  G_STMT_START                                                                                     \
  {                                                                                                \
    add_test_anywhere (path "/iq", GINT_TO_POINTER (IBB_STANZA_TYPE_IQ), function);                \
    add_test_anywhere (path "/message", GINT_TO_POINTER (IBB_STANZA_TYPE_MESSAGE), function);      \
  }                                                                                                \
  G_STMT_END
