/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sessions that are private from the servers: IBBXmppIdentity at both ends, a peer that breaks the
 * rules, somebody between the ends, and which bytes a server sees. */

#define _GNU_SOURCE /* memmem () */

#include <string.h>

#include "users.h"

#include "../lib/process.h"

static void
peer_asking_cb (IBBXmppIdentity *identity, const char *peer, const char *code, GAsyncQueue *told)
{
  g_assert_cmpstr (peer, ==, "romeo@montague.example");
  g_async_queue_push (told, g_strdup (code));
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
        n_descriptors = process_count_descriptors ();
    }
  /* Each context has a descriptor, and none is left. */
  poll_until (process_count_descriptors () <= n_descriptors);
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

#define OTHER_KEY "abababababababababababababababababababababababababababababababab"

/* The keys that a program names count, and no other one, and nobody is asked. Each row follows
 * those before. */
static void
test_named (Fixture *fixture, gconstpointer data)
{
  g_autofree char         *fingerprint = NULL;
  g_autoptr (GString)      digits = NULL;
  const char              *right[] = { OTHER_KEY, NULL, NULL };
  const char              *plain[] = { NULL, NULL };
  static const char *const other[] = { OTHER_KEY, NULL };
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
    { "romeo@montague.example", other, FALSE },
    { NULL, right, FALSE },
    { ROMEO, NULL, TRUE },
    { NULL, none, FALSE },
    { "mercutio@montague.example", right, FALSE },
    { ROMEO, plain, TRUE },
    { ROMEO, none, FALSE },
    { NULL, right, FALSE },
    { ROMEO, NULL, TRUE },
    { NULL, none, FALSE },
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

static gpointer
cancel_thread (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return NULL;
}

/* The bytes that calls have reported as written arrive, although the last call was cancelled and no
 * other one follows; after a close nothing is written. */
static void
test_cancelled_write (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autofree guint8       *bytes = g_malloc0 (65536);
  User                     romeo, juliet;
  GPollableOutputStream   *output;
  GThread                 *thread;
  GError                  *error = NULL;
  gsize                    n_written = 0, n_read = 0;
  gssize                   n;

  user_init (&romeo, "hasty-romeo");
  user_init (&juliet, "hasty-juliet");
  encrypt (fixture, &romeo, &juliet);
  g_assert_no_error (romeo.error);
  g_assert_no_error (juliet.error);
  output = G_POLLABLE_OUTPUT_STREAM (get_output (romeo.stream));
  while ((n = g_pollable_output_stream_write_nonblocking (output, bytes, 65536, NULL, &error)) > 0)
    n_written += (gsize) n;
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  thread = g_thread_new ("cancel", cancel_thread, cancellable);
  n = g_output_stream_write (G_OUTPUT_STREAM (output), bytes, 65536, cancellable, &error);
  g_thread_join (thread);
  if (n > 0)
    n_written += (gsize) n;
  else
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  while (n_read < n_written)
    {
      n = g_input_stream_read (get_input (juliet.stream), bytes, 65536, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpint (n, >, 0);
      n_read += (gsize) n;
    }
  g_assert_cmpuint (n_read, ==, n_written);

  assert_succeeds (g_output_stream_close, G_OUTPUT_STREAM (output), NULL);
  g_assert_cmpint (g_pollable_output_stream_write_nonblocking (output, bytes, 1, NULL, &error), ==,
                   -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);
  user_clear (&romeo);
  user_clear (&juliet);
}

/* What is no address, or no fingerprint, names no key: for nobody, and least of all for
 * everybody. */
static void
test_named_mistakes (Fixture *fixture, gconstpointer data)
{
  User             romeo, juliet;
  g_autofree char *fingerprint = NULL;

  user_init (&romeo, "mistaken-romeo");
  user_init (&juliet, "mistaken-juliet");
  fingerprint = dup_fingerprint (&romeo);
  {
    const char *const right[] = { fingerprint, NULL };
    const struct
    {
      const char *jid;
      const char *fingerprints[3];
    } mistakes[] = {
      { "", { fingerprint } },
      { "/r", { fingerprint } },
      { "@montague.example", { fingerprint } },
      { ROMEO, { "" } },
      { ROMEO, { fingerprint, "00" } },
      { NULL, { OTHER_KEY "0" } },
      { NULL, { "x" OTHER_KEY } },
      { NULL, { fingerprint, "\xff" } },
    };

    for (gsize i = 0; i < G_N_ELEMENTS (mistakes); i++)
      {
        g_test_expect_message ("ibb-glib", G_LOG_LEVEL_CRITICAL, "*set_peer_fingerprints*");
        ibb_xmpp_identity_set_peer_fingerprints (juliet.identity, mistakes[i].jid,
                                                 mistakes[i].fingerprints);
        g_test_assert_expected_messages ();
      }
    juliet.accepts = FALSE;
    encrypt (fixture, &romeo, &juliet);
    g_assert_error (juliet.error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
    g_assert_cmpuint (juliet.n_asked, ==, 1);
    user_end_session (&romeo);
    user_end_session (&juliet);

    /* What was named before stays. */
    ibb_xmpp_identity_set_peer_fingerprints (juliet.identity, ROMEO, right);
    g_test_expect_message ("ibb-glib", G_LOG_LEVEL_CRITICAL, "*set_peer_fingerprints*");
    ibb_xmpp_identity_set_peer_fingerprints (juliet.identity, ROMEO, mistakes[3].fingerprints);
    g_test_assert_expected_messages ();
    encrypt (fixture, &romeo, &juliet);
    g_assert_no_error (juliet.error);
  }
  user_clear (&romeo);
  user_clear (&juliet);
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
  ADD ("/ibb/encrypt/cancelled-write", NULL, test_cancelled_write);
  ADD ("/ibb/encrypt/named/counts", NULL, test_named);
  ADD ("/ibb/encrypt/named/mistakes", NULL, test_named_mistakes);
  return run_with_identities ();
}
