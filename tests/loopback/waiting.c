/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sessions that come while the application is busy: they count until it has them,
 * and those that are over by then are dropped (D-08, D-47). */

#include "fixture.h"
#include "stack.h"

#include <malloc.h>

#define N_PAIRS 4000
#define MEMORY_MAX (64 * 1024) /* what they may leave behind, 16 bytes each */

/* The connection works in a context of its own, which is served; the context of
 * the signals is not, until the test iterates it. */
typedef struct
{
  GMainContext    *context;
  StackConnection *connection;
  IBBService      *service;
  guint            n_sent;
  guint            n_requested;
  guint            n_accepted;
  IBBTransport    *transport; /* (nullable): the last one */
} Busy;

static void
set_up (Busy *self, gconstpointer data)
{
  self->context = g_main_context_new ();
  self->connection = stack_connection_new (JULIET);
  self->connection->context = self->context;
  self->service = ibb_service_new (IBB_CONNECTION (self->connection));
  ibb_service_set_session_limit (self->service, 1);
}

static void
serve (Busy *self)
{
  while (g_main_context_iteration (self->context, FALSE))
    ;
}

static void
tear_down (Busy *self, gconstpointer data)
{
  g_clear_object (&self->transport);
  serve (self);
  g_assert_finalize_object (self->service);
  serve (self);
  run_pending ();
  g_assert_finalize_object (self->connection);
  g_main_context_unref (self->context);
}

#define receive(self, child, ...)                                                                  \
  G_STMT_START                                                                                     \
  {                                                                                                \
    receive_xml ((self)->connection,                                                               \
                 "<iq type='set' id='x' from='" ROMEO "' to='" JULIET "'>" child "</iq>",          \
                 __VA_ARGS__);                                                                     \
    serve (self);                                                                                  \
  }                                                                                                \
  G_STMT_END
#define IBB "xmlns='http://jabber.org/protocol/ibb' sid='s%u'"

static void
receive_open (Busy *self, guint number)
{
  receive (self, "<open " IBB " block-size='4096'/>", number);
}

static void
receive_close (Busy *self, guint number, gboolean unclean)
{
  receive (self, "<close " IBB "%s/>", number,
           unclean ? " xmlns:i='urn:ibb-glib:1' i:unclean='true'" : "");
}

static void
receive_data (Busy *self, guint number)
{
  receive (self, "<data " IBB " seq='0'>Ynl0ZXM=</data>", number);
}

/* The memory that many sessions leave behind when they come and go. */
static void
receive_pairs (Busy *self, gboolean unclean)
{
  struct mallinfo2 before = mallinfo2 ();
  struct mallinfo2 after;

  for (guint i = 0; i < N_PAIRS; i++)
    {
      receive_open (self, i);
      receive_close (self, i, unclean);
    }
  after = mallinfo2 ();
  g_assert_cmpuint (after.uordblks, <, before.uordblks + MEMORY_MAX);
}

static gboolean
requested_cb (IBBService *service, IBBRequest *request, gpointer data)
{
  Busy *self = data;

  self->n_requested++;
  g_clear_object (&self->transport);
  self->transport = ibb_request_accept (request, NULL);
  return TRUE;
}

static void
accepted_cb (IBBService *service, IBBTransport *transport, gpointer data)
{
  Busy *self = data;

  self->n_accepted++;
  g_set_object (&self->transport, transport);
}

/* Requests that were withdrawn are not told; one that was not is. */
static void
test_requests (Busy *self, gconstpointer data)
{
  g_signal_connect (self->service, "session-requested", G_CALLBACK (requested_cb), self);
  receive_pairs (self, FALSE);
  receive_open (self, N_PAIRS);
  run_pending ();
  g_assert_cmpuint (self->n_requested, ==, 1);
  g_assert_nonnull (self->transport);
}

/* The same for sessions that were accepted at once, and that the peer aborted. */
static void
test_accepted (Busy *self, gconstpointer data)
{
  g_signal_connect (self->service, "session-accepted", G_CALLBACK (accepted_cb), self);
  receive_pairs (self, TRUE);
  receive_open (self, N_PAIRS);
  run_pending ();
  g_assert_cmpuint (self->n_accepted, ==, 1);
  receive_data (self, N_PAIRS);
  assert_reads (self->transport, "bytes");
}

static void
listen (Busy *self)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  GAsyncResult            *accepted = NULL;

  ibb_service_accept_async (self->service, cancellable, store_result_cb, &accepted);
  g_cancellable_cancel (cancellable);
  result = wait_for_result (&accepted);
  g_assert_null (ibb_service_accept_finish (self->service, result, NULL));
}

static IBBTransport *
accept_one (Busy *self)
{
  GAsyncResult *accepted = NULL;
  IBBTransport *transport;

  ibb_service_accept_async (self->service, NULL, store_result_cb, &accepted);
  transport = assert_result (ibb_service_accept_finish, self->service, &accepted);
  return transport;
}

static void
test_accept (Busy *self, gconstpointer data)
{
  listen (self);
  receive_pairs (self, TRUE);
  receive_open (self, N_PAIRS);
  receive_data (self, N_PAIRS);
  self->transport = accept_one (self);
  assert_reads (self->transport, "bytes");
}

/* A session that ended in order is an empty stream, or one with bytes: it counts, and the
 * application gets it. */
static void
test_ended (Busy *self, gconstpointer data)
{
  gboolean has_bytes = GPOINTER_TO_INT (data);

  listen (self);
  receive_open (self, 1);
  if (has_bytes)
    receive_data (self, 1);
  receive_close (self, 1, FALSE);
  receive_pairs (self, FALSE); /* refused */

  self->transport = accept_one (self);
  if (has_bytes)
    assert_reads (self->transport, "bytes");
  assert_reads_eof (self->transport);
  g_clear_object (&self->transport);

  receive_open (self, 2);
  self->transport = accept_one (self);
  receive_data (self, 2);
  assert_reads (self->transport, "bytes");
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
#define add(path, data, function) g_test_add (path, Busy, data, set_up, function, tear_down)
  add ("/ibb/loopback/waiting/D-47/requests", NULL, test_requests);
  add ("/ibb/loopback/waiting/D-08/accepted", NULL, test_accepted);
  add ("/ibb/loopback/waiting/D-08/accept", NULL, test_accept);
  add ("/ibb/loopback/waiting/D-08/ended", GINT_TO_POINTER (FALSE), test_ended);
  add ("/ibb/loopback/waiting/D-08/ended-with-bytes", GINT_TO_POINTER (TRUE), test_ended);
  return g_test_run ();
}
