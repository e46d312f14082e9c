/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sessions that are private from the servers: IBBXmppIdentity at both ends. */

#define _GNU_SOURCE /* memmem () */

#include <string.h>

#include "fixture.h"
#include "identities.h"

/* A user at one end, whose program works in a thread. */
typedef struct
{
  Fixture         *fixture;
  IBBXmppIdentity *identity; /* (owned) */
  gboolean         accepts;

  /* of the thread until it has ended */
  GIOStream *stream; /* (owned) (nullable) */
  GError    *error;  /* (owned) (nullable) */
  char      *code;   /* (owned) (nullable) */
  char      *digits; /* (owned) (nullable): the fingerprint that was shown */
  guint      n_asked;

  GAsyncQueue *told; /* (nullable): the digits that the other end shows come before the answer */

  IBBTransport *transport; /* (owned) */
} User;

static gboolean
trust_cb (IBBXmppIdentity *identity, IBBXmppTrustQuestion *question, User *self)
{
  self->n_asked++;
  g_free (self->code);
  g_free (self->digits);
  self->code = g_strdup (ibb_xmpp_trust_question_get_code (question));
  self->digits = g_strdup (ibb_xmpp_trust_question_get_fingerprint (question));
  if (self->told != NULL)
    {
      g_autofree char *code = g_async_queue_pop (self->told);

      g_assert_cmpstr (code, ==, self->code);
    }
  if (self->accepts)
    ibb_xmpp_trust_question_accept (question, IBB_XMPP_ANSWER_FLAGS_REMEMBER);
  return TRUE;
}

static void
peer_asking_cb (IBBXmppIdentity *identity, const char *peer, const char *code, GAsyncQueue *told)
{
  g_assert_cmpstr (peer, ==, "romeo@montague.example");
  g_async_queue_push (told, g_strdup (code));
}

static gpointer
encrypt_thread (gpointer data)
{
  User *self = data;

  self->stream = ibb_xmpp_identity_encrypt (self->identity, self->transport, NULL, &self->error);
  return NULL;
}

static void
user_init (User *self, const char *name)
{
  *self = (User){ .accepts = TRUE };
  self->identity = create_identity (name);
  g_signal_connect (self->identity, "trust-requested", G_CALLBACK (trust_cb), self);
}

static void
user_end_session (User *self)
{
  g_clear_object (&self->stream);
  g_clear_object (&self->transport);
  g_clear_error (&self->error);
}

static void
user_clear (User *self)
{
  user_end_session (self);
  g_clear_pointer (&self->code, g_free);
  g_clear_pointer (&self->digits, g_free);
  g_clear_object (&self->identity);
}

static void
encrypt (Fixture *fixture, User *romeo, User *juliet)
{
  Ends     ends = fixture_open_with (fixture, IBB_STANZA_TYPE_IQ);
  GThread *threads[2];

  romeo->transport = ends.romeo;
  juliet->transport = ends.juliet;
  threads[0] = g_thread_new ("romeo", encrypt_thread, romeo);
  threads[1] = g_thread_new ("juliet", encrypt_thread, juliet);
  g_thread_join (threads[0]);
  g_thread_join (threads[1]);
}

static char *
dup_fingerprint (User *self)
{
  return ibb_xmpp_known_certificates_dup_fingerprint (
      ibb_xmpp_identity_get_certificate (self->identity));
}

#define TEXT "what light through yonder window breaks?"

static gpointer
write_thread (gpointer data)
{
  User *self = data;

  if (g_output_stream_write_all (g_io_stream_get_output_stream (self->stream), TEXT, strlen (TEXT),
                                 NULL, NULL, &self->error))
    g_io_stream_close (self->stream, NULL, &self->error);
  return NULL;
}

static gpointer
read_thread (gpointer data)
{
  User *self = data;
  char  buffer[100];
  gsize n = 0;

  if (g_input_stream_read_all (g_io_stream_get_input_stream (self->stream), buffer, sizeof buffer,
                               &n, NULL, &self->error))
    g_io_stream_close (self->stream, NULL, &self->error);
  /* The other end has closed both directions: TLS's own end cannot be delivered. */
  if (g_error_matches (self->error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE))
    g_clear_error (&self->error);
  g_assert_cmpmem (buffer, n, TEXT, strlen (TEXT));
  return NULL;
}

static void
assert_text_passes (User *from, User *to)
{
  GThread *threads[2] = { g_thread_new ("write", write_thread, from),
                          g_thread_new ("read", read_thread, to) };

  g_thread_join (threads[0]);
  g_thread_join (threads[1]);
  g_assert_no_error (from->error);
  g_assert_no_error (to->error);
}

/* A context has one. */
static guint
count_descriptors (void)
{
  g_autoptr (GDir) dir = assert_succeeds (g_dir_open, "/proc/self/fd", 0);
  guint            n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

/* Both are asked once, see the same digits and the key of the other, and are not asked again. */
static void
test_code (Fixture *fixture, gconstpointer data)
{
  User             romeo, juliet;
  g_autofree char *romeo_digits = NULL;
  g_autofree char *juliet_digits = NULL;
  guint            n_descriptors = 0;

  user_init (&romeo, "romeo");
  user_init (&juliet, "juliet");
  romeo_digits = dup_fingerprint (&romeo);
  juliet_digits = dup_fingerprint (&juliet);
  for (guint i = 0; i < 3; i++)
    {
      encrypt (fixture, &romeo, &juliet);
      g_assert_no_error (romeo.error);
      g_assert_no_error (juliet.error);
      if (i % 2 == 0)
        assert_text_passes (&romeo, &juliet);
      else
        assert_text_passes (&juliet, &romeo);
      user_end_session (&romeo);
      user_end_session (&juliet);
      if (i == 0)
        n_descriptors = count_descriptors ();
    }
  poll_until (count_descriptors () <= n_descriptors);
  g_assert_cmpuint (romeo.n_asked, ==, 1);
  g_assert_cmpuint (juliet.n_asked, ==, 1);
  g_assert_cmpstr (romeo.code, ==, juliet.code);
  g_assert_true (g_regex_match_simple ("^[0-9]{3} [0-9]{3}$", romeo.code, 0, 0));
  g_assert_cmpstr (romeo.digits, ==, juliet_digits);
  g_assert_cmpstr (juliet.digits, ==, romeo_digits);
  user_clear (&romeo);
  user_clear (&juliet);
}

/* The end that knows the other one is not asked, but shows the digits for the user of that. */
static void
test_one_knows (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GAsyncQueue) told = g_async_queue_new_full (g_free);
  User                    romeo, juliet;

  user_init (&romeo, "forgets");
  user_init (&juliet, "knows");
  g_signal_connect (juliet.identity, "peer-asking", G_CALLBACK (peer_asking_cb), told);
  encrypt (fixture, &romeo, &juliet);
  user_end_session (&romeo);
  user_end_session (&juliet);
  g_assert_cmpint (g_async_queue_length (told), ==, 0);

  ibb_xmpp_identity_set_known_certificates (romeo.identity, NULL);
  romeo.told = told;
  encrypt (fixture, &romeo, &juliet);
  g_assert_no_error (romeo.error);
  g_assert_no_error (juliet.error);
  g_assert_cmpuint (romeo.n_asked, ==, 2);
  g_assert_cmpuint (juliet.n_asked, ==, 1);
  user_clear (&romeo);
  user_clear (&juliet);
}

/* Another key than before is named so. */
static void
test_changed (Fixture *fixture, gconstpointer data)
{
  User romeo, juliet;

  user_init (&romeo, "romeo");
  user_init (&juliet, "another-juliet");
  romeo.accepts = FALSE;
  encrypt (fixture, &romeo, &juliet);
  g_assert_error (romeo.error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  g_assert_nonnull (strstr (romeo.error->message, "another one than before"));
  g_assert_nonnull (strstr (romeo.error->message, romeo.digits));
  user_clear (&romeo);
  user_clear (&juliet);
}

/* A peer that does not encrypt gets nothing of what was to be private, and gives nothing. */
static void
test_plain_peer (Fixture *fixture, gconstpointer data)
{
  gboolean           is_server = GPOINTER_TO_INT (data);
  Ends               ends = fixture_open_with (fixture, IBB_STANZA_TYPE_IQ);
  IBBTransport      *plain = is_server ? ends.romeo : ends.juliet;
  User               user;
  GThread           *thread;
  g_autoptr (GError) error = NULL;

  user_init (&user, "plain");
  user.transport = is_server ? ends.juliet : ends.romeo;
  thread = g_thread_new ("user", encrypt_thread, &user);
  assert_succeeds (g_output_stream_write_all, get_output (plain), "no TLS at all", 13, NULL, NULL);
  g_io_stream_close (G_IO_STREAM (plain), NULL, &error);
  g_thread_join (thread);
  g_assert_nonnull (user.error);
  g_assert_true (g_str_has_prefix (user.error->message, "Cannot encrypt the session with “"));
  g_assert_null (user.stream);
  user_clear (&user);
  g_object_unref (plain);
}

/* A peer that encrypts, but then breaks the rules; and what is said of that. */
enum
{
  LIES,
  SAYS_MORE,
  BREAKS_TLS,
  LEAVES
};

static const struct
{
  const char *path;
  const char *said;
} offences[] = {
  [LIES] = { "/ibb/encrypt/offence/lies", "another random number than it had promised" },
  [SAYS_MORE] = { "/ibb/encrypt/offence/says-more", "broke the rules" },
  [BREAKS_TLS] = { "/ibb/encrypt/offence/breaks-tls", "Cannot encrypt the session with “romeo" },
  [LEAVES] = { "/ibb/encrypt/offence/leaves", "ended the session before it was encrypted" },
};

static gboolean
accept_cb (GTlsConnection      *tls,
           GTlsCertificate     *certificate,
           GTlsCertificateFlags errors,
           gpointer             data)
{
  return TRUE;
}

static void
test_offence (Fixture *fixture, gconstpointer data)
{
  gsize                       offence = GPOINTER_TO_SIZE (data);
  Ends                        ends = fixture_open_with (fixture, IBB_STANZA_TYPE_IQ);
  g_autoptr (IBBXmppIdentity) mallory = create_identity ("mallory");
  g_autoptr (GIOStream)       tls =
      assert_succeeds (g_tls_client_connection_new, G_IO_STREAM (ends.romeo), NULL);
  g_autoptr (GChecksum) promise = g_checksum_new (G_CHECKSUM_SHA256);
  guint8                number[32] = { 0 }, bytes[32];
  gsize                 length = sizeof bytes;
  User                  user;
  GThread              *thread;

  user_init (&user, "offended");
  user.transport = ends.juliet;
  thread = g_thread_new ("user", encrypt_thread, &user);
  g_tls_connection_set_certificate (G_TLS_CONNECTION (tls),
                                    ibb_xmpp_identity_get_certificate (mallory));
  g_signal_connect (tls, "accept-certificate", G_CALLBACK (accept_cb), NULL);
  g_checksum_update (promise, number, sizeof number);
  g_checksum_get_digest (promise, bytes, &length);
  assert_succeeds (g_output_stream_write_all, get_output (tls), bytes, sizeof bytes, NULL, NULL);
  assert_succeeds (g_input_stream_read_all, get_input (tls), bytes, sizeof bytes, NULL, NULL);
  number[0] = offence == LIES;
  if (offence == LIES || offence == SAYS_MORE)
    assert_succeeds (g_output_stream_write_all, get_output (tls), number, sizeof number, NULL,
                     NULL);
  if (offence == SAYS_MORE)
    assert_succeeds (g_output_stream_write_all, get_output (tls), "x", 1, NULL, NULL);
  else if (offence == BREAKS_TLS)
    assert_succeeds (g_output_stream_write_all, get_output (ends.romeo), "no record of TLS", 16,
                     NULL, NULL);
  else if (offence == LEAVES)
    assert_succeeds (g_output_stream_close, get_output (tls), NULL);
  g_thread_join (thread);
  g_assert_null (user.stream);
  if (offence == BREAKS_TLS)
    g_assert_cmpuint (user.error->domain, ==, G_TLS_ERROR);
  else if (offence == LEAVES)
    g_assert_error (user.error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  else
    g_assert_error (user.error, IBB_ERROR, IBB_ERROR_PROTOCOL);
  g_assert_nonnull (strstr (user.error->message, offences[offence].said));
  user_clear (&user);
  g_object_unref (ends.romeo);
}

/* Somebody between the ends, such as a server, with a key of their own and a TLS connection to
 * each: the two users see different digits. */
static void
test_in_between (Fixture *fixture, gconstpointer data)
{
  User     romeo, juliet, to_romeo, to_juliet;
  Ends     near_ends = fixture_open_with (fixture, IBB_STANZA_TYPE_IQ);
  Ends     far_ends = fixture_open_with (fixture, IBB_STANZA_TYPE_IQ);
  GThread *threads[4];

  user_init (&romeo, "victim-romeo");
  user_init (&juliet, "victim-juliet");
  user_init (&to_romeo, "mallory");
  user_init (&to_juliet, "mallory");
  romeo.transport = near_ends.romeo;
  to_romeo.transport = near_ends.juliet;
  to_juliet.transport = far_ends.romeo;
  juliet.transport = far_ends.juliet;
  threads[0] = g_thread_new ("romeo", encrypt_thread, &romeo);
  threads[1] = g_thread_new ("to romeo", encrypt_thread, &to_romeo);
  threads[2] = g_thread_new ("to juliet", encrypt_thread, &to_juliet);
  threads[3] = g_thread_new ("juliet", encrypt_thread, &juliet);
  for (guint i = 0; i < 4; i++)
    g_thread_join (threads[i]);
  g_assert_cmpstr (romeo.code, !=, juliet.code);
  user_clear (&romeo);
  user_clear (&juliet);
  user_clear (&to_romeo);
  user_clear (&to_juliet);
}

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

/* The keys that a program names count, and no other one, and nobody is asked. Each row follows
 * those before. */
static void
test_named (Fixture *fixture, gconstpointer data)
{
  g_autofree char         *fingerprint = NULL;
  g_autoptr (GString)      digits = NULL;
  const char              *right[] = { "AB", NULL, NULL };
  const char              *plain[] = { NULL, NULL };
  static const char *const wrong[] = { "00", "", "\xff", NULL };
  static const char *const none[] = { NULL };
  User                     romeo, juliet;
  const struct
  {
    const char        *jid;
    const char *const *fingerprints;
    gboolean           succeeds;
  } rows[] = {
    { ROMEO, right, TRUE },
    { "ROMEO@montague.example", plain, TRUE },
    { "romeo@montague.example", wrong, FALSE },
    { NULL, right, FALSE },
    { ROMEO, NULL, TRUE },
    { NULL, none, FALSE },
    { "mercutio@montague.example", right, FALSE },
    { ROMEO, plain, TRUE },
    { ROMEO, none, FALSE },
  };

  user_init (&romeo, "named-romeo");
  user_init (&juliet, "naming-juliet");
  right[1] = fingerprint = dup_fingerprint (&romeo);
  digits = g_string_new (fingerprint);
  g_string_replace (digits, ":", "", 0);
  plain[0] = g_string_ascii_down (digits)->str;
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      ibb_xmpp_identity_set_peer_fingerprints (juliet.identity, rows[i].jid, rows[i].fingerprints);
      encrypt (fixture, &romeo, &juliet);
      if (rows[i].succeeds)
        g_assert_no_error (juliet.error);
      else
        {
          g_assert_error (juliet.error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
          g_assert_nonnull (strstr (juliet.error->message, fingerprint));
          g_assert_error (romeo.error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
        }
      user_end_session (&romeo);
      user_end_session (&juliet);
    }
  g_assert_cmpuint (juliet.n_asked, ==, 0);

  /* Nothing was remembered; then what is remembered counts. */
  ibb_xmpp_identity_set_peer_fingerprints (juliet.identity, ROMEO, NULL);
  ibb_xmpp_identity_set_peer_fingerprints (juliet.identity, NULL, NULL);
  for (guint i = 0; i < 2; i++)
    {
      encrypt (fixture, &romeo, &juliet);
      g_assert_no_error (juliet.error);
      user_end_session (&romeo);
      user_end_session (&juliet);
    }
  g_assert_cmpuint (juliet.n_asked, ==, 1);
  ibb_xmpp_identity_set_peer_fingerprints (juliet.identity, NULL, none);
  encrypt (fixture, &romeo, &juliet);
  g_assert_error (juliet.error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  user_clear (&romeo);
  user_clear (&juliet);
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

/* A server that passes on the bytes of a session, one way. */
typedef struct
{
  GIOStream  *from;
  GIOStream  *to;
  GByteArray *seen;
} Server;

static gpointer
server_thread (gpointer data)
{
  Server *self = data;
  guint8  buffer[65536];
  gssize  n;

  while ((n = g_input_stream_read (get_input (self->from), buffer, sizeof buffer, NULL, NULL)) > 0)
    {
      g_byte_array_append (self->seen, buffer, (guint) n);
      if (!g_output_stream_write_all (get_output (self->to), buffer, (gsize) n, NULL, NULL, NULL))
        break;
    }
  ibb_transport_shutdown_output (IBB_TRANSPORT (self->to), NULL, NULL);
  return NULL;
}

/* A server learns nothing of what it passes on. */
static void
test_server (Fixture *fixture, gconstpointer data)
{
  Ends     near_ends = fixture_open_with (fixture, IBB_STANZA_TYPE_IQ);
  Ends     far_ends = fixture_open_with (fixture, IBB_STANZA_TYPE_IQ);
  Server   there = { G_IO_STREAM (near_ends.juliet), G_IO_STREAM (far_ends.romeo) };
  Server   back = { there.to, there.from };
  User     romeo, juliet;
  GThread *threads[4];

  there.seen = g_byte_array_new ();
  back.seen = g_byte_array_new ();
  user_init (&romeo, "served-romeo");
  user_init (&juliet, "served-juliet");
  romeo.transport = near_ends.romeo;
  juliet.transport = far_ends.juliet;
  threads[0] = g_thread_new ("romeo", encrypt_thread, &romeo);
  threads[1] = g_thread_new ("juliet", encrypt_thread, &juliet);
  threads[2] = g_thread_new ("there", server_thread, &there);
  threads[3] = g_thread_new ("back", server_thread, &back);
  g_thread_join (threads[0]);
  g_thread_join (threads[1]);
  g_assert_no_error (romeo.error);
  g_assert_no_error (juliet.error);
  assert_text_passes (&romeo, &juliet);
  ibb_transport_abort (romeo.transport);
  ibb_transport_abort (juliet.transport);
  g_thread_join (threads[2]);
  g_thread_join (threads[3]);
  g_assert_cmpuint (there.seen->len, >, strlen (TEXT));
  g_assert_null (memmem (there.seen->data, there.seen->len, TEXT, strlen (TEXT)));
  g_byte_array_unref (there.seen);
  g_byte_array_unref (back.seen);
  user_clear (&romeo);
  user_clear (&juliet);
  ends_clear (&(Ends){ near_ends.juliet, far_ends.romeo });
}

/* What an end writes below TLS once it has sent its own end of TLS and read that of the other,
 * which may come long before. */
#define BELOW "no record of TLS"

static gpointer
end_thread (gpointer data)
{
  User *self = data;
  char  buffer[100];
  gsize n;

  /* The server writes on after the end of the client. */
  if (ibb_transport_is_incoming (self->transport))
    assert_succeeds (g_input_stream_read_all, get_input (self->stream), buffer, sizeof buffer, &n,
                     NULL);
  assert_succeeds (g_output_stream_write_all, get_output (self->stream), TEXT, strlen (TEXT), NULL,
                   NULL);
  assert_succeeds (g_output_stream_close, get_output (self->stream), NULL);
  if (!ibb_transport_is_incoming (self->transport))
    assert_succeeds (g_input_stream_read_all, get_input (self->stream), buffer, sizeof buffer, &n,
                     NULL);
  g_assert_cmpmem (buffer, n, TEXT, strlen (TEXT));

  assert_succeeds (g_output_stream_write_all, get_output (self->transport), BELOW, strlen (BELOW),
                   NULL, NULL);
  assert_succeeds (ibb_transport_shutdown_output, self->transport, NULL);
  assert_succeeds (g_input_stream_read_all, get_input (self->transport), buffer, sizeof buffer, &n,
                   NULL);
  g_assert_cmpmem (buffer, n, BELOW, strlen (BELOW));
  return NULL;
}

/* The end of TLS leaves the session open in both directions, and TLS reads no byte behind the end
 * of the peer. */
static void
test_below (Fixture *fixture, gconstpointer data)
{
  User     romeo, juliet;
  GThread *threads[2];

  user_init (&romeo, "below-romeo");
  user_init (&juliet, "below-juliet");
  encrypt (fixture, &romeo, &juliet);
  g_assert_no_error (romeo.error);
  g_assert_no_error (juliet.error);
  threads[0] = g_thread_new ("romeo", end_thread, &romeo);
  threads[1] = g_thread_new ("juliet", end_thread, &juliet);
  for (guint i = 0; i < 2; i++)
    g_thread_join (threads[i]);
  user_clear (&romeo);
  user_clear (&juliet);
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

#define N_PLACES 16 /* of one peer */

static void
waiting_cb (IBBXmppIdentity *identity, const char *peer, guint *n_waiting)
{
  g_assert_cmpstr (peer, ==, "romeo@montague.example");
  (*n_waiting)++;
}

static void
assert_encrypted (IBBXmppIdentity *identity, GAsyncResult **result)
{
  wait_until (*result != NULL);
  g_object_unref (assert_succeeds (ibb_xmpp_identity_encrypt_finish, identity, *result));
  g_clear_object (result);
}

/* A session with nurse, while there are more sessions with Romeo than places for him. */
static void
assert_other_has_place (Fixture *fixture, IBBXmppIdentity *nurse, IBBXmppIdentity *juliet)
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

/* Sessions in which the peer says nothing have some places. The others wait, and say so; a place
 * that becomes free goes to one that neither was cancelled nor has ended meanwhile. */
static void
test_places (Fixture *fixture, gconstpointer data)
{
  enum
  {
    ENDED = N_PLACES,
    CANCELLED,
    LAST,
    N
  };
  g_autoptr (IBBXmppIdentity)          romeo = create_identity ("talking-romeo");
  g_autoptr (IBBXmppIdentity)          juliet = create_identity ("crowded-juliet");
  g_autoptr (IBBXmppKnownCertificates) his = ibb_xmpp_identity_dup_known_certificates (romeo);
  g_autoptr (IBBXmppKnownCertificates) hers = ibb_xmpp_identity_dup_known_certificates (juliet);
  g_autoptr (GCancellable)             cancellable = g_cancellable_new ();
  Ends                                 ends[N];
  GAsyncResult                        *results[N] = { NULL };
  GAsyncResult                        *result = NULL;
  guint                                n_waiting = 0;

  assert_succeeds (ibb_xmpp_known_certificates_add, his, "juliet@capulet.example",
                   ibb_xmpp_identity_get_certificate (juliet));
  assert_succeeds (ibb_xmpp_known_certificates_add, hers, "romeo@montague.example",
                   ibb_xmpp_identity_get_certificate (romeo));
  assert_succeeds (ibb_xmpp_known_certificates_add, hers, "nurse@capulet.example",
                   ibb_xmpp_identity_get_certificate (romeo));
  g_signal_connect (juliet, "waiting", G_CALLBACK (waiting_cb), &n_waiting);
  ibb_service_set_session_limit (fixture->juliet, N + 1);
  for (guint i = 0; i < N; i++)
    {
      ends[i] = fixture_open_with (fixture, IBB_STANZA_TYPE_IQ);
      ibb_xmpp_identity_encrypt_async (juliet, ends[i].juliet, i == CANCELLED ? cancellable : NULL,
                                       store_result_cb, &results[i]);
    }
  wait_until (n_waiting == N - N_PLACES);
  assert_other_has_place (fixture, romeo, juliet);

  ibb_transport_abort (ends[ENDED].romeo);
  wait_until (results[ENDED] != NULL);
  assert_fails (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, ibb_xmpp_identity_encrypt_finish, juliet,
                results[ENDED]);
  g_cancellable_cancel (cancellable);
  wait_until (results[CANCELLED] != NULL);
  assert_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, ibb_xmpp_identity_encrypt_finish, juliet,
                results[CANCELLED]);
  g_assert_true (ibb_transport_has_ended (ends[CANCELLED].juliet));

  ibb_xmpp_identity_encrypt_async (romeo, ends[LAST].romeo, NULL, store_result_cb, &result);
  g_assert_null (results[LAST]);
  for (guint i = 0; i < N_PLACES; i++)
    {
      ibb_transport_abort (ends[i].romeo);
      wait_until (results[i] != NULL);
      g_assert_null (ibb_xmpp_identity_encrypt_finish (juliet, results[i], NULL));
    }
  assert_encrypted (juliet, &results[LAST]);
  assert_encrypted (romeo, &result);
  g_assert_cmpuint (n_waiting, ==, N - N_PLACES);
  for (guint i = 0; i < N; i++)
    {
      g_clear_object (&results[i]);
      ends_clear (&ends[i]);
    }
}

#define ADD(path, data, test)                                                                      \
  g_test_add (path, Fixture, data, fixture_set_up, test, fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/ibb/encrypt/code", NULL, test_code);
  ADD ("/ibb/encrypt/one-knows", NULL, test_one_knows);
  ADD ("/ibb/encrypt/changed", NULL, test_changed);
  ADD ("/ibb/encrypt/plain-peer/client", GINT_TO_POINTER (FALSE), test_plain_peer);
  ADD ("/ibb/encrypt/plain-peer/server", GINT_TO_POINTER (TRUE), test_plain_peer);
  for (gsize i = 0; i < G_N_ELEMENTS (offences); i++)
    ADD (offences[i].path, GSIZE_TO_POINTER (i), test_offence);
  ADD ("/ibb/encrypt/in-between", NULL, test_in_between);
  ADD ("/ibb/encrypt/server", NULL, test_server);
  ADD ("/ibb/encrypt/below", NULL, test_below);
  ADD ("/ibb/encrypt/cancelled", NULL, test_cancelled);
  ADD ("/ibb/encrypt/places", NULL, test_places);
  ADD ("/ibb/encrypt/one-at-a-time", NULL, test_one_at_a_time);
  ADD ("/ibb/encrypt/answered", NULL, test_answered);
  ADD ("/ibb/encrypt/named/counts", NULL, test_named);
  ADD ("/ibb/encrypt/named/does-not-wait", NULL, test_named_does_not_wait);
  /* After these the next question about Romeo waits. */
  ADD ("/ibb/encrypt/withdrawn/vanishes", GINT_TO_POINTER (OTHER_VANISHES), test_withdrawn);
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
