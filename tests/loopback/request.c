/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a dialogue that asks the user about a session learns of its request. */

#include "../lib/process.h"
#include "fixture.h"

#define N_KEPT 100

#define SID "asked"

typedef enum
{
  END_CLOSED,  /* by the peer that asked */
  END_TIMEOUT, /* nobody answered */
  END_LOST,    /* the connection */
  END_STOPPED, /* the service */
  END_DROPPED, /* its last reference */
  N_ENDS
} End;

static const struct
{
  const char *path;
  int         code;
  const char *text;
} ends[N_ENDS] = {
  [END_CLOSED] = { "/ibb/loopback/request/withdrawn/closed/D-15", G_IO_ERROR_CLOSED, "withdrew" },
  [END_TIMEOUT] = { "/ibb/loopback/request/withdrawn/timeout/D-15", G_IO_ERROR_TIMED_OUT,
                    "in time" },
  [END_LOST] = { "/ibb/loopback/request/withdrawn/lost/D-42", G_IO_ERROR_CONNECTION_CLOSED,
                 "connection to the XMPP server was lost" },
  [END_STOPPED] = { "/ibb/loopback/request/withdrawn/stopped", G_IO_ERROR_CANCELLED, "stopped" },
  [END_DROPPED] = { "/ibb/loopback/request/withdrawn/dropped", G_IO_ERROR_CANCELLED, "stopped" },
};

/* The dialogue. */
typedef struct
{
  Fixture    *fixture;
  IBBRequest *request;
  gboolean    modal; /* the handler runs a main loop of its own */
  gboolean    drops; /* the handler of withdrawn drops the request */
  guint       n_requests;
  guint       n_notified;
  guint       n_withdrawn;
  GError     *error;
  End         end;
} Dialogue;

static void
dialogue_clear (Dialogue *self)
{
  g_clear_object (&self->request);
  g_clear_error (&self->error);
}

static void
notify_cb (IBBRequest *request, GParamSpec *pspec, gpointer data)
{
  Dialogue *self = data;

  g_assert_true (g_main_context_is_owner (NULL));
  g_assert_false (ibb_request_is_pending (request));
  g_assert_cmpuint (self->n_withdrawn, ==, 0);
  self->n_notified++;
}

static void
withdrawn_cb (IBBRequest *request, const GError *error, gpointer data)
{
  Dialogue *self = data;

  g_assert_true (g_main_context_is_owner (NULL));
  self->n_withdrawn++;
  self->error = g_error_copy (error);
  if (self->drops)
    g_clear_object (&self->request);
}

static void
bring_about (Dialogue *self)
{
  switch (self->end)
    {
    case END_CLOSED:
      send_xml (self->fixture->romeo_connection,
                "<iq type='set' id='close' from='" ROMEO "' to='" JULIET "'>"
                "<close xmlns='http://jabber.org/protocol/ibb' sid='" SID "'/></iq>");
      break;
    case END_LOST:
      /* Another connection takes its place. */
      g_object_unref (ibb_loopback_attach (self->fixture->loopback, JULIET));
      break;
    case END_STOPPED:
      ibb_service_stop (self->fixture->juliet);
      break;
    case END_DROPPED:
      g_assert_finalize_object (g_steal_pointer (&self->fixture->juliet));
      break;
    case END_TIMEOUT: /* by itself */
    case N_ENDS:
    default:
      break;
    }
}

static gboolean
requested_cb (IBBService *service, IBBRequest *request, gpointer data)
{
  Dialogue *self = data;

  self->n_requests++;
  self->request = g_object_ref (request);
  /* The time of one that nobody ends may be over. */
  g_assert_true (ibb_request_is_pending (request) || self->end == END_TIMEOUT);
  g_signal_connect (request, "notify::pending", G_CALLBACK (notify_cb), self);
  g_signal_connect (request, "withdrawn", G_CALLBACK (withdrawn_cb), self);
  if (self->modal)
    {
      bring_about (self);
      wait_until (self->n_withdrawn > 0);
    }
  return TRUE;
}

static void
dialogue_begin (Dialogue *self, Fixture *fixture, GAsyncResult **opened)
{
  self->fixture = fixture;
  g_signal_connect (fixture->juliet, "session-requested", G_CALLBACK (requested_cb), self);
  for (guint timeout = 30;; timeout *= 2)
    {
      if (self->end == END_TIMEOUT)
        g_object_set (fixture->juliet, "accept-timeout", timeout, NULL);
      open_with_async (fixture->romeo, JULIET, IBB_STANZA_TYPE_IQ, 0, SID, store_result_cb, opened);
      wait_until (self->n_requests == 1 || *opened != NULL);
      run_pending ();
      if (self->n_requests == 1)
        return;
      /* The request was withdrawn before this thread handled it, so nobody is told. */
      g_assert_cmpint (self->end, ==, END_TIMEOUT);
      g_clear_object (opened);
    }
}

static IBBTransport *
finish_open (Fixture *fixture, GAsyncResult **opened, GError **error)
{
  g_autoptr (GAsyncResult) result = wait_for_result (opened);

  return ibb_service_open_session_finish (fixture->romeo, result, error);
}

static void
withdraw (Fixture *fixture, Dialogue *dialogue)
{
  g_autoptr (GError) open_error = NULL;
  g_autoptr (GError) error = NULL;
  GAsyncResult      *opened = NULL;

  dialogue_begin (dialogue, fixture, &opened);
  if (!dialogue->modal)
    bring_about (dialogue);
  wait_until (dialogue->n_withdrawn > 0);
  if (dialogue->end == END_LOST)
    ibb_service_stop (fixture->romeo); /* who is lost answers nothing */
  g_assert_null (finish_open (fixture, &opened, &open_error));
  if (dialogue->end == END_LOST)
    g_assert_nonnull (open_error);
  else
    g_assert_error (open_error, IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE);
  run_pending ();

  g_assert_cmpuint (dialogue->n_requests, ==, 1);
  g_assert_cmpuint (dialogue->n_notified, ==, 1);
  g_assert_cmpuint (dialogue->n_withdrawn, ==, 1);
  g_assert_error (dialogue->error, G_IO_ERROR, ends[dialogue->end].code);
  g_assert_nonnull (strstr (dialogue->error->message, ends[dialogue->end].text));
  g_assert_nonnull (strstr (dialogue->error->message, ROMEO));
  if (dialogue->drops)
    {
      g_assert_null (dialogue->request);
      return;
    }

  g_assert_false (ibb_request_is_pending (dialogue->request));
  for (guint i = 0; i < 2; i++)
    {
      g_assert_null (ibb_request_accept (dialogue->request, &error));
      g_assert_error (error, dialogue->error->domain, dialogue->error->code);
      g_assert_cmpstr (error->message, ==, dialogue->error->message);
      g_clear_error (&error);
      ibb_request_refuse (dialogue->request, IBB_STANZA_CONDITION_FORBIDDEN, NULL);
    }
  run_pending ();
}

static void
test_withdrawn (Fixture *fixture, gconstpointer data)
{
  Dialogue dialogue = *(const Dialogue *) data;

  withdraw (fixture, &dialogue);
  g_assert_cmpuint (dialogue.n_notified, ==, 1);
  g_assert_cmpuint (dialogue.n_withdrawn, ==, 1);
  dialogue_clear (&dialogue);
}

static gpointer
accept_thread (gpointer data)
{
  g_autoptr (GError) error = NULL;
  IBBTransport      *transport = ibb_request_accept (data, &error);

  g_assert_no_error (error);
  return transport;
}

/* The answer was told once, and is the last one. */
static void
dialogue_end_answered (Dialogue *dialogue)
{
  g_autoptr (GError) error = NULL;

  run_pending ();
  g_assert_cmpuint (dialogue->n_notified, ==, 1);
  g_assert_cmpuint (dialogue->n_withdrawn, ==, 0);
  g_assert_null (ibb_request_accept (dialogue->request, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_nonnull (strstr (error->message, "answered already"));
  dialogue_clear (dialogue);
}

/* Accepted in another thread, and ended by the peer: nothing was withdrawn. */
static void
test_accepted (Fixture *fixture, gconstpointer data)
{
  Dialogue                 dialogue = { 0 };
  GAsyncResult            *opened = NULL;
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  gboolean                 pending;

  dialogue_begin (&dialogue, fixture, &opened);
  juliet = g_thread_join (g_thread_new ("accept", accept_thread, dialogue.request));
  g_object_get (dialogue.request, "pending", &pending, NULL);
  g_assert_false (pending);
  romeo = assert_succeeds (finish_open, fixture, &opened);
  ibb_transport_abort (romeo);
  wait_until (ibb_transport_has_ended (juliet));
  dialogue_end_answered (&dialogue);
}

static void
test_refused (Fixture *fixture, gconstpointer data)
{
  Dialogue           dialogue = { 0 };
  GAsyncResult      *opened = NULL;
  g_autoptr (GError) open_error = NULL;

  dialogue_begin (&dialogue, fixture, &opened);
  ibb_request_refuse (dialogue.request, IBB_STANZA_CONDITION_FORBIDDEN, NULL);
  g_assert_false (ibb_request_is_pending (dialogue.request));
  g_assert_null (finish_open (fixture, &opened, &open_error));
  g_assert_error (open_error, IBB_ERROR, IBB_ERROR_FORBIDDEN);
  ibb_service_stop (fixture->juliet);
  dialogue_end_answered (&dialogue);
}

static gboolean
answer_cb (IBBService *service, IBBRequest *request, gpointer data)
{
  GPtrArray *kept = data;

  if (kept->len % 2 == 0)
    ibb_request_refuse (request, IBB_STANZA_CONDITION_FORBIDDEN, NULL);
  else
    g_object_unref (assert_succeeds (ibb_request_accept, request)); /* which aborts the session */
  g_ptr_array_add (kept, g_object_ref (request));
  return TRUE;
}

/* Requests that are answered have no descriptor, however long they are kept. */
static void
test_kept (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) kept = g_ptr_array_new_with_free_func (g_object_unref);
  guint                 before = 0;

  g_signal_connect (fixture->juliet, "session-requested", G_CALLBACK (answer_cb), kept);
  for (guint i = 0; i <= N_KEPT; i++)
    {
      GAsyncResult            *opened = NULL;
      g_autoptr (IBBTransport) romeo = NULL;

      open_with_async (fixture->romeo, JULIET, IBB_STANZA_TYPE_IQ, 0, NULL, store_result_cb,
                       &opened);
      romeo = finish_open (fixture, &opened, NULL);
      g_assert_true (i % 2 > 0 || romeo == NULL);
      g_assert_cmpuint (kept->len, ==, i + 1);
      g_assert_false (ibb_request_is_pending (g_ptr_array_index (kept, i)));
      if (i == 0)
        before = process_count_descriptors ();
    }
  g_assert_cmpuint (process_count_descriptors (), <=, before);
}

static void
add_withdrawn (const char *path, const Dialogue *dialogue)
{
  g_test_add (path, Fixture, dialogue, fixture_set_up, test_withdrawn, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  /* The handler of session-requested runs a modal dialogue, and returns after it. */
  static const Dialogue closed = { .end = END_CLOSED, .modal = TRUE };
  static const Dialogue dropped = { .end = END_STOPPED, .drops = TRUE };
  static Dialogue       plain[N_ENDS];

  test_init (&argc, &argv);
  for (guint i = 0; i < N_ENDS; i++)
    {
      plain[i].end = i;
      add_withdrawn (ends[i].path, &plain[i]);
    }
  add_withdrawn ("/ibb/loopback/request/modal", &closed);
  add_withdrawn ("/ibb/loopback/request/dropped-in-handler", &dropped);
  add_test ("/ibb/loopback/request/accepted", test_accepted);
  add_test ("/ibb/loopback/request/refused", test_refused);
  add_test ("/ibb/loopback/request/kept", test_kept);
  return g_test_run ();
}
