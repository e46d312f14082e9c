/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sessions that wait for a person at either end, for other sessions, or for a peer that says
 * nothing. */

#define _GNU_SOURCE /* RTLD_NEXT */

#include <dlfcn.h>
#include <string.h>

#include "users.h"

static gboolean has_no_threads;

/* Stands before that of GLib. */
GThread *
g_thread_try_new (const char *name, GThreadFunc function, gpointer data, GError **error)
{
  GThread *(*original) (const char *, GThreadFunc, gpointer, GError **);

  if (has_no_threads)
    {
      g_set_error_literal (error, G_THREAD_ERROR, G_THREAD_ERROR_AGAIN, "No more threads");
      return NULL;
    }
  *(void **) &original = dlsym (RTLD_NEXT, "g_thread_try_new");
  return original (name, function, data, error);
}
#include "../lib/process.h"

/* A user whose program keeps the question, in the main thread. */
typedef struct
{
  IBBXmppIdentity      *identity;  /* (owned) */
  IBBTransport         *transport; /* (owned) */
  IBBXmppTrustQuestion *question;  /* (owned) (nullable) */
  GAsyncResult         *result;    /* (owned) (nullable) */
  GError               *error;     /* (owned) (nullable) */
  gboolean              is_withdrawn;
  guint                 n_broken_off;
} Thinker;

static void
withdrawn_cb (IBBXmppTrustQuestion *question, Thinker *self)
{
  g_assert_false (ibb_xmpp_question_is_pending (IBB_XMPP_QUESTION (question)));
  self->is_withdrawn = TRUE;
}

static gboolean
keep_cb (IBBXmppIdentity *identity, IBBXmppTrustQuestion *question, Thinker *self)
{
  g_assert_null (self->question);
  self->question = g_object_ref (question);
  g_signal_connect (question, "withdrawn", G_CALLBACK (withdrawn_cb), self);
  return TRUE;
}

static void
broken_off_cb (IBBXmppIdentity *identity, const char *peer, guint count, guint pause, Thinker *self)
{
  g_assert_cmpuint (count, >=, 1);
  g_assert_cmpuint (pause, ==, 1 << (count - 1));
  if (g_str_equal (peer, "romeo@montague.example"))
    self->n_broken_off++;
}

static void
thinker_init (Thinker *self, const char *name, IBBTransport *transport, GCancellable *cancellable)
{
  *self = (Thinker){ .identity = create_identity (name), .transport = transport };
  g_signal_connect (self->identity, "trust-requested", G_CALLBACK (keep_cb), self);
  g_signal_connect (self->identity, "broken-off", G_CALLBACK (broken_off_cb), self);
  ibb_xmpp_identity_encrypt_async (self->identity, transport, cancellable, store_result_cb,
                                   &self->result);
}

static void
thinker_fail (Thinker *self)
{
  wait_until (self->result != NULL);
  g_assert_null (ibb_xmpp_identity_encrypt_finish (self->identity, self->result, &self->error));
}

static void
thinker_clear (Thinker *self)
{
  g_clear_object (&self->question);
  g_clear_object (&self->result);
  g_clear_error (&self->error);
  g_clear_object (&self->identity);
  g_clear_object (&self->transport);
}

typedef enum
{
  OTHER_REFUSES,
  OTHER_ENDS,
  OTHER_ENDS_LATE, /* when it has said yes; the application cancels the call then */
  OTHER_VANISHES,
  OWN_CANCELS,  /* as an application does when the peer answers no ping */
  OWN_ABORTS,   /* the session */
  OWN_GIVES_UP, /* the user says no, and the application cancels the call */
} OtherEnd;

static void
cancel_cb (IBBTransport *transport, GParamSpec *pspec, GCancellable *cancellable)
{
  g_cancellable_cancel (cancellable);
}

/* Waits until the answer has come to the other end. */
static void
accept_and_wait (Thinker *self, IBBTransport *other)
{
  guint64 before = ibb_transport_get_bytes_received (other);

  ibb_xmpp_trust_question_accept (self->question, IBB_XMPP_ANSWER_FLAGS_NONE);
  wait_until (ibb_transport_get_bytes_received (other) > before);
}

/* A question stays no longer than somebody waits for its answer: the other person has said no, or
 * the session has ended. Who breaks off so has to wait the next time, also who only brings this end
 * to do it. An end that refuses waits no more than a moment for a peer that says nothing more. */
static void
test_withdrawn (Fixture *fixture, gconstpointer data)
{
  OtherEnd                 other = GPOINTER_TO_INT (data);
  Ends                     ends = fixture_open_with (fixture, IBB_STANZA_TYPE_IQ);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Thinker                  romeo, juliet;

  if (other == OTHER_ENDS_LATE)
    g_signal_connect (ends.juliet, "notify::ended", G_CALLBACK (cancel_cb), cancellable);
  thinker_init (&romeo, "thinking-romeo", ends.romeo, NULL);
  thinker_init (&juliet, "thinking-juliet", ends.juliet, cancellable);
  wait_until (romeo.question != NULL && juliet.question != NULL);
  g_assert_cmpstr (ibb_xmpp_trust_question_get_code (romeo.question), ==,
                   ibb_xmpp_trust_question_get_code (juliet.question));
  if (other == OTHER_VANISHES)
    {
      ibb_loopback_set_faults (fixture->loopback, &(IBBHubFaults){ .drop_probability = 1.0 });
      ibb_xmpp_question_refuse (IBB_XMPP_QUESTION (juliet.question));
      thinker_fail (&juliet);
      g_assert_error (juliet.error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
      g_assert_true (ibb_transport_has_ended (ends.juliet));
      g_assert_cmpuint (juliet.n_broken_off, ==, 0);
      ibb_loopback_set_faults (fixture->loopback, &(IBBHubFaults){ 0 });
      ibb_transport_abort (ends.romeo);
      thinker_fail (&romeo);
    }
  else
    {
      if (other == OTHER_REFUSES)
        ibb_xmpp_question_refuse (IBB_XMPP_QUESTION (romeo.question));
      if (other == OTHER_ENDS_LATE)
        accept_and_wait (&romeo, ends.juliet);
      if (other == OWN_GIVES_UP)
        ibb_xmpp_question_refuse (IBB_XMPP_QUESTION (juliet.question));
      if (other == OWN_CANCELS || other == OWN_GIVES_UP)
        g_cancellable_cancel (cancellable);
      else if (other != OTHER_REFUSES)
        ibb_transport_abort (other == OWN_ABORTS ? ends.juliet : ends.romeo);
      if (other != OWN_GIVES_UP)
        wait_until (juliet.is_withdrawn);
      thinker_fail (&juliet);
      thinker_fail (&romeo);
      if (other == OTHER_REFUSES)
        g_assert_error (juliet.error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
      else if (other == OTHER_ENDS)
        g_assert_true (romeo.is_withdrawn);
      /* That is for what TLS says. */
      g_assert_null (strstr (juliet.error->message, "Cannot encrypt"));
      g_assert_true (ibb_transport_has_ended (ends.romeo));
      g_assert_true (ibb_transport_has_ended (ends.juliet));
      if (other == OWN_GIVES_UP)
        run_pending ();
      else
        wait_until (juliet.n_broken_off > 0);
      g_assert_cmpuint (juliet.n_broken_off, ==, other != OWN_GIVES_UP);
    }
  thinker_clear (&romeo);
  thinker_clear (&juliet);
}

/* An end that can ask nobody says no before the user of the other one is asked, or learns digits:
 * that is no attempt. */
static void
test_honest_no (Fixture *fixture, gconstpointer data)
{
  gboolean                    is_server = GPOINTER_TO_INT (data);
  Ends                        ends = fixture_open_with (fixture, IBB_STANZA_TYPE_IQ);
  g_autoptr (IBBXmppIdentity) nobody = create_identity ("nobody");
  GAsyncResult               *result = NULL;
  Thinker                     asking;

  ibb_xmpp_identity_encrypt_async (nobody, is_server ? ends.juliet : ends.romeo, NULL,
                                   store_result_cb, &result);
  thinker_init (&asking, is_server ? "asking-romeo" : "asking-juliet",
                is_server ? ends.romeo : ends.juliet, NULL);
  thinker_fail (&asking);
  g_assert_error (asking.error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  wait_until (result != NULL);
  assert_fails (G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE, ibb_xmpp_identity_encrypt_finish, nobody,
                result);
  run_pending ();
  g_assert_null (asking.question);
  g_assert_cmpuint (asking.n_broken_off, ==, 0);
  g_object_unref (result);
  g_object_unref (is_server ? ends.juliet : ends.romeo);
  thinker_clear (&asking);
}

#define N_SESSIONS 6

static guint
count_results (GAsyncResult **results)
{
  guint n = 0;

  for (guint i = 0; i < N_SESSIONS; i++)
    n += results[i] != NULL;
  return n;
}

/* While a user thinks about one unknown peer, no other one gets so far as to know the digits
 * (keep_cb () has one question at a time). Four may wait. An answer that is to be remembered holds
 * for those, if they have the same name and key. */
static void
test_one_at_a_time (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBXmppIdentity)          romeo = create_identity ("patient-romeo");
  g_autoptr (IBBXmppKnownCertificates) known = ibb_xmpp_identity_dup_known_certificates (romeo);
  Ends                                 ends[N_SESSIONS];
  GAsyncResult                        *there[N_SESSIONS] = { NULL };
  GAsyncResult                        *here[N_SESSIONS] = { NULL };
  guint                                n_encrypted = 0;
  Thinker                              juliet = { create_identity ("patient-juliet") };

  assert_succeeds (ibb_xmpp_known_certificates_add, known, "juliet@capulet.example",
                   ibb_xmpp_identity_get_certificate (juliet.identity));
  g_signal_connect (juliet.identity, "trust-requested", G_CALLBACK (keep_cb), &juliet);
  for (guint i = 0; i < N_SESSIONS; i++)
    {
      ends[i] = fixture_open_with (fixture, IBB_STANZA_TYPE_IQ);
      ibb_xmpp_identity_encrypt_async (romeo, ends[i].romeo, NULL, store_result_cb, &there[i]);
      ibb_xmpp_identity_encrypt_async (juliet.identity, ends[i].juliet, NULL, store_result_cb,
                                       &here[i]);
    }
  wait_until (juliet.question != NULL && count_results (here) == 1);
  ibb_xmpp_trust_question_accept (juliet.question, IBB_XMPP_ANSWER_FLAGS_REMEMBER);
  wait_until (count_results (there) == N_SESSIONS && count_results (here) == N_SESSIONS);
  for (guint i = 0; i < N_SESSIONS; i++)
    {
      g_autoptr (GError)    error = NULL;
      g_autoptr (GIOStream) stream =
          ibb_xmpp_identity_encrypt_finish (juliet.identity, here[i], &error);
      g_autoptr (GIOStream) other = ibb_xmpp_identity_encrypt_finish (romeo, there[i], NULL);

      n_encrypted += stream != NULL;
      g_assert_cmpint (stream != NULL, ==, other != NULL);
      if (stream == NULL)
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
      g_object_unref (here[i]);
      g_object_unref (there[i]);
      ends_clear (&ends[i]);
    }
  g_assert_cmpuint (n_encrypted, ==, N_SESSIONS - 1);
  thinker_clear (&juliet);
}

/* A session from another peer than Romeo. */
static Ends
open_from (Fixture *fixture, const char *jid)
{
  g_autoptr (IBBConnection) connection = ibb_loopback_attach (fixture->loopback, jid);
  g_autoptr (IBBService)    service = ibb_service_new (connection);
  IBBService               *romeo = fixture->romeo;
  Ends                      ends;

  fixture->romeo = service;
  ends = fixture_open_with (fixture, IBB_STANZA_TYPE_IQ);
  fixture->romeo = romeo;
  return ends;
}

/* The next user is asked when this one has answered, not only when the peer has. */
static void
test_answered (Fixture *fixture, gconstpointer data)
{
  Ends    ends = fixture_open_with (fixture, IBB_STANZA_TYPE_IQ);
  Ends    other_ends = open_from (fixture, "mercutio@verona.example/street");
  Thinker romeo, juliet, mercutio;
  Thinker next = { 0 };

  thinker_init (&romeo, "slow-romeo", ends.romeo, NULL);
  thinker_init (&juliet, "quick-juliet", ends.juliet, NULL);
  wait_until (romeo.question != NULL && juliet.question != NULL);
  thinker_init (&mercutio, "mercutio", other_ends.romeo, NULL);
  ibb_xmpp_identity_encrypt_async (juliet.identity, other_ends.juliet, NULL, store_result_cb,
                                   &next.result);
  ibb_xmpp_trust_question_accept (juliet.question, IBB_XMPP_ANSWER_FLAGS_NONE);
  g_clear_object (&juliet.question);
  wait_until (juliet.question != NULL);
  g_assert_cmpstr (ibb_xmpp_trust_question_get_name (juliet.question), ==,
                   "mercutio@verona.example");

  ibb_xmpp_question_refuse (IBB_XMPP_QUESTION (juliet.question));
  ibb_xmpp_question_refuse (IBB_XMPP_QUESTION (romeo.question));
  thinker_fail (&juliet);
  g_assert_error (juliet.error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  thinker_fail (&romeo);
  thinker_fail (&mercutio);
  wait_until (next.result != NULL);
  g_object_unref (next.result);
  g_object_unref (other_ends.juliet);
  thinker_clear (&romeo);
  thinker_clear (&juliet);
  thinker_clear (&mercutio);
}

/* A peer whose key is named gets in while a user thinks about another key. */
static void
test_named_does_not_wait (Fixture *fixture, gconstpointer data)
{
  Ends             ends = fixture_open_with (fixture, IBB_STANZA_TYPE_IQ);
  g_autofree char *fingerprint = NULL;
  Thinker          stranger, juliet;
  User             romeo, named;

  thinker_init (&stranger, "strange-romeo", ends.romeo, NULL);
  thinker_init (&juliet, "asked-juliet", ends.juliet, NULL);
  wait_until (stranger.question != NULL && juliet.question != NULL);

  user_init (&romeo, "prompt-romeo");
  named = (User){ .identity = g_object_ref (juliet.identity) };
  fingerprint = dup_fingerprint (&romeo);
  ibb_xmpp_identity_set_peer_fingerprints (juliet.identity, ROMEO,
                                           (const char *const[]){ fingerprint, NULL });
  encrypt (fixture, &romeo, &named);
  g_assert_no_error (named.error);
  g_assert_no_error (romeo.error);
  g_assert_true (ibb_xmpp_question_is_pending (IBB_XMPP_QUESTION (juliet.question)));

  ibb_xmpp_question_refuse (IBB_XMPP_QUESTION (juliet.question));
  thinker_fail (&juliet);
  thinker_fail (&stranger);
  thinker_clear (&stranger);
  thinker_clear (&juliet);
  user_clear (&romeo);
  user_clear (&named);
}

/* The end of the call by its caller. */
static void
test_cancelled (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBXmppIdentity) identity = create_identity ("cancelled");
  g_autoptr (GCancellable)    cancellable = g_cancellable_new ();
  Ends                        ends = fixture_open_with (fixture, IBB_STANZA_TYPE_IQ);
  GAsyncResult               *result = NULL;

  ibb_xmpp_identity_encrypt_async (identity, ends.romeo, cancellable, store_result_cb, &result);
  g_cancellable_cancel (cancellable);
  wait_until (result != NULL);
  assert_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, ibb_xmpp_identity_encrypt_finish, identity,
                result);
  g_clear_object (&result);
  g_object_unref (ends.romeo);
  g_object_unref (ends.juliet);
}

/* A session for which no thread can be made ends at both ends, and nobody goes on in the clear. */
static void
test_no_thread (Fixture *fixture, gconstpointer data)
{
  gboolean                    is_server = GPOINTER_TO_INT (data);
  g_autoptr (IBBXmppIdentity) identity = create_identity ("threadless");
  g_auto (Ends)               ends = fixture_open_with (fixture, IBB_STANZA_TYPE_IQ);
  IBBTransport               *here = is_server ? ends.juliet : ends.romeo;
  IBBTransport               *there = is_server ? ends.romeo : ends.juliet;
  GAsyncResult               *result = NULL;

  has_no_threads = TRUE;
  ibb_xmpp_identity_encrypt_async (identity, here, NULL, store_result_cb, &result);
  has_no_threads = FALSE;
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_FAILED, ibb_xmpp_identity_encrypt_finish, identity,
                       &result);
  g_assert_true (ibb_transport_has_ended (here));
  poll_until (ibb_transport_has_ended (there));
}

/* A caller that blocks keeps the notification of the end from the thread, which looks by itself. */
static void
test_ended_unnoticed (Fixture *fixture, gconstpointer data)
{
  Ends    ends = fixture_open_with (fixture, IBB_STANZA_TYPE_IQ);
  Thinker romeo, juliet;
  guint64 before;

  thinker_init (&romeo, "unnoticed-romeo", ends.romeo, NULL);
  thinker_init (&juliet, "unnoticed-juliet", ends.juliet, NULL);
  wait_until (romeo.question != NULL && juliet.question != NULL);
  before = ibb_transport_get_bytes_received (ends.romeo);
  accept_and_wait (&romeo, ends.juliet);
  /* Juliet's end wants no byte any more. It has said that its user takes long, and waits. */
  wait_until (ibb_transport_get_bytes_received (ends.romeo) > before);
  ibb_transport_abort (ends.romeo);
  /* No context of the test runs. */
  while (ibb_xmpp_question_is_pending (IBB_XMPP_QUESTION (juliet.question)))
    g_usleep (500);
  thinker_fail (&romeo);
  thinker_fail (&juliet);
  thinker_clear (&romeo);
  thinker_clear (&juliet);
}

static void
assert_encrypted (IBBXmppIdentity *identity, GAsyncResult **result)
{
  wait_until (*result != NULL);
  g_object_unref (assert_succeeds (ibb_xmpp_identity_encrypt_finish, identity, *result));
  g_clear_object (result);
}

/* A session with nurse, whom juliet knows. */
static void
assert_known_gets_in (Fixture *fixture, IBBXmppIdentity *nurse, IBBXmppIdentity *juliet)
{
  g_autoptr (IBBConnection) connection =
      ibb_loopback_attach (fixture->loopback, "nurse@capulet.example/hall");
  g_autoptr (IBBService) service = ibb_service_new (connection);
  Fixture                other = { .romeo = service, .juliet = fixture->juliet };
  g_auto (Ends)          ends = { NULL };
  GAsyncResult          *here = NULL;
  GAsyncResult          *there = NULL;

  other.loopback = fixture->loopback;
  other.juliet_connection = fixture->juliet_connection;
  ends = fixture_open_with (&other, IBB_STANZA_TYPE_IQ);
  ibb_xmpp_identity_encrypt_async (juliet, ends.juliet, NULL, store_result_cb, &here);
  ibb_xmpp_identity_encrypt_async (nurse, ends.romeo, NULL, store_result_cb, &there);
  assert_encrypted (juliet, &here);
  assert_encrypted (nurse, &there);
}

#define N_CROWD 100

/* Peers that say nothing, or stop within the handshake, keep nobody waiting, and take no threads,
 * however many they are. Those that leave end at once. */
static void
test_crowd (Fixture *fixture, gconstpointer data)
{
  gsize                                n_bytes = GPOINTER_TO_SIZE (data);
  g_autoptr (IBBXmppIdentity)          nurse = create_identity ("talking-nurse");
  g_autoptr (IBBXmppIdentity)          juliet = create_identity ("crowded-juliet");
  g_autoptr (IBBXmppKnownCertificates) his = ibb_xmpp_identity_dup_known_certificates (nurse);
  g_autoptr (IBBXmppKnownCertificates) hers = ibb_xmpp_identity_dup_known_certificates (juliet);
  Ends                                 ends[N_CROWD];
  GAsyncResult                        *results[N_CROWD] = { NULL };
  guint                                n_threads;

  assert_succeeds (ibb_xmpp_known_certificates_add, his, "juliet@capulet.example",
                   ibb_xmpp_identity_get_certificate (juliet));
  assert_succeeds (ibb_xmpp_known_certificates_add, hers, "nurse@capulet.example",
                   ibb_xmpp_identity_get_certificate (nurse));
  ibb_service_set_session_limit (fixture->juliet, N_CROWD + 1);
  assert_known_gets_in (fixture, nurse, juliet);
  n_threads = process_count_threads ("");
  for (guint i = 0; i < N_CROWD; i++)
    {
      GOutputStream *output;

      ends[i] = fixture_open_with (fixture, IBB_STANZA_TYPE_IQ);
      output = g_io_stream_get_output_stream (G_IO_STREAM (ends[i].romeo));
      assert_succeeds (g_output_stream_write_all, output, "\x16\x03\x01\x01", n_bytes, NULL, NULL);
      ibb_xmpp_identity_encrypt_async (juliet, ends[i].juliet, NULL, store_result_cb, &results[i]);
    }
  assert_known_gets_in (fixture, nurse, juliet);
  g_assert_cmpuint (process_count_threads (""), <=, n_threads);
  for (guint i = 0; i < N_CROWD; i++)
    {
      g_assert_null (results[i]);
      ibb_transport_abort (ends[i].romeo);
      wait_until (results[i] != NULL);
      g_assert_null (ibb_xmpp_identity_encrypt_finish (juliet, results[i], NULL));
      g_object_unref (results[i]);
      ends_clear (&ends[i]);
    }
}

#define ADD(path, data, test)                                                                      \
  g_test_add (path, Fixture, data, fixture_set_up, test, fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/ibb/encrypt/cancelled", NULL, test_cancelled);
  ADD ("/ibb/encrypt/no-thread/client", GINT_TO_POINTER (FALSE), test_no_thread);
  ADD ("/ibb/encrypt/no-thread/server", GINT_TO_POINTER (TRUE), test_no_thread);
  ADD ("/ibb/encrypt/crowd/silent", GSIZE_TO_POINTER (0), test_crowd);
  ADD ("/ibb/encrypt/crowd/stalled", GSIZE_TO_POINTER (4), test_crowd);
  ADD ("/ibb/encrypt/one-at-a-time", NULL, test_one_at_a_time);
  ADD ("/ibb/encrypt/answered", NULL, test_answered);
  ADD ("/ibb/encrypt/named/does-not-wait", NULL, test_named_does_not_wait);
  /* After these the next question about Romeo waits. */
  ADD ("/ibb/encrypt/withdrawn/vanishes", GINT_TO_POINTER (OTHER_VANISHES), test_withdrawn);
  ADD ("/ibb/encrypt/withdrawn/unnoticed", NULL, test_ended_unnoticed);
  ADD ("/ibb/encrypt/withdrawn/refused", GINT_TO_POINTER (OTHER_REFUSES), test_withdrawn);
  ADD ("/ibb/encrypt/withdrawn/ended", GINT_TO_POINTER (OTHER_ENDS), test_withdrawn);
  ADD ("/ibb/encrypt/withdrawn/late", GINT_TO_POINTER (OTHER_ENDS_LATE), test_withdrawn);
  ADD ("/ibb/encrypt/withdrawn/cancelled", GINT_TO_POINTER (OWN_CANCELS), test_withdrawn);
  ADD ("/ibb/encrypt/withdrawn/aborted", GINT_TO_POINTER (OWN_ABORTS), test_withdrawn);
  ADD ("/ibb/encrypt/withdrawn/given-up", GINT_TO_POINTER (OWN_GIVES_UP), test_withdrawn);
  ADD ("/ibb/encrypt/honest-no/client", GINT_TO_POINTER (FALSE), test_honest_no);
  ADD ("/ibb/encrypt/honest-no/server", GINT_TO_POINTER (TRUE), test_honest_no);
  return run_with_identities ();
}
