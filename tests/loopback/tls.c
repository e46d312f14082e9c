/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* GTlsConnection at both ends of a session. G_TLS_GNUTLS_PRIORITY chooses the
 * version of TLS; IBB_TEST_CERTIFICATES is a folder that tests/lib/certificates.py
 * filled. */

#include "../lib/certificate.h"
#include "fixture.h"

/* One end, over one half of a session. */
typedef struct
{
  GIOStream      *base; /* (owned) */
  GTlsConnection *tls;  /* (owned) */
  GBytes         *sent;
  GBytes         *expected;
  GBytes         *received;
  GError         *error;
} End;

/* Romeo is the client of TLS. */
typedef struct
{
  End romeo;
  End juliet;
} Talk;

static void
set_up_end (GTlsConnection *tls, const char *certificate_name)
{
  g_autofree char         *path = get_certificate_path ("authority.crt");
  g_autoptr (GError)       error = NULL;
  g_autoptr (GTlsDatabase) database = g_tls_file_database_new (path, &error);

  g_assert_no_error (error);
  g_tls_connection_set_database (tls, database);
  if (certificate_name != NULL)
    {
      g_autoptr (GTlsCertificate) certificate = load_certificate (certificate_name);

      g_tls_connection_set_certificate (tls, certificate);
    }
}

/* GIO asks a server about every certificate, and refuses if nobody answers, even
 * one without fault. */
static gboolean
faultless_cb (GTlsConnection      *tls,
              GTlsCertificate     *certificate,
              GTlsCertificateFlags errors,
              gpointer             data)
{
  return errors == 0;
}

/* A session, and TLS over it, before the handshake. */
static void
talk_open (Talk         *self,
           Fixture      *fixture,
           IBBStanzaType stanza_type,
           const char   *identity,
           const char   *romeo_certificate,
           const char   *juliet_certificate)
{
  g_autoptr (GSocketConnectable) address = g_network_address_new (identity, 0);
  Ends                           ends;
  GIOStream                     *stream;

  if (stanza_type == IBB_STANZA_TYPE_MESSAGE)
    fixture_make_room (fixture);
  ends = fixture_open_with (fixture, stanza_type);
  *self = (Talk){ { .base = G_IO_STREAM (ends.romeo) }, { .base = G_IO_STREAM (ends.juliet) } };
  stream = assert_succeeds (g_tls_client_connection_new, self->romeo.base, address);
  self->romeo.tls = G_TLS_CONNECTION (stream);
  set_up_end (self->romeo.tls, romeo_certificate);
  stream = assert_succeeds (g_tls_server_connection_new, self->juliet.base, NULL);
  self->juliet.tls = G_TLS_CONNECTION (stream);
  set_up_end (self->juliet.tls, juliet_certificate);
  g_object_set (stream, "authentication-mode", G_TLS_AUTHENTICATION_REQUIRED, NULL);
  g_signal_connect (stream, "accept-certificate", G_CALLBACK (faultless_cb), NULL);
}

static void
end_clear (End *self)
{
  g_clear_object (&self->tls);
  g_clear_object (&self->base);
  g_clear_pointer (&self->sent, g_bytes_unref);
  g_clear_pointer (&self->expected, g_bytes_unref);
  g_clear_pointer (&self->received, g_bytes_unref);
  g_clear_error (&self->error);
}

static void
talk_clear (Talk *self)
{
  end_clear (&self->romeo);
  end_clear (&self->juliet);
}

static GInputStream *
tls_input (End *self)
{
  return get_input (self->tls);
}

static GOutputStream *
tls_output (End *self)
{
  return get_output (self->tls);
}

static void
handshake (Talk *self)
{
  GAsyncResult *romeo_done = NULL;
  GAsyncResult *juliet_done = NULL;

  g_tls_connection_handshake_async (self->romeo.tls, G_PRIORITY_DEFAULT, NULL, store_result_cb,
                                    &romeo_done);
  g_tls_connection_handshake_async (self->juliet.tls, G_PRIORITY_DEFAULT, NULL, store_result_cb,
                                    &juliet_done);
  assert_result (g_tls_connection_handshake_finish, self->romeo.tls, &romeo_done);
  assert_result (g_tls_connection_handshake_finish, self->juliet.tls, &juliet_done);
}

static void
talk_open_usual (Talk *self, Fixture *fixture, gconstpointer stanza_type)
{
  talk_open (self, fixture, GPOINTER_TO_INT (stanza_type), "juliet.example", "romeo.pem",
             "juliet.pem");
}

/* Exactly text goes from one end to the other. */
static void
pass_text (End *from, End *to, const char *text)
{
  g_autofree char *got = g_malloc0 (strlen (text) + 1);
  gsize            size;

  assert_succeeds (g_output_stream_write_all, tls_output (from), text, strlen (text), NULL, NULL);
  assert_succeeds (g_input_stream_read_all, tls_input (to), got, strlen (text), &size, NULL);
  g_assert_cmpstr (got, ==, text);
}

static gssize
read_byte (End *self, GError **error)
{
  char byte;

  return g_input_stream_read (tls_input (self), &byte, 1, NULL, error);
}

/* The order in which nothing is left over: our close-notify, theirs, and only
 * then the session, which would take no close-notify any more. */
static gpointer
close_thread (gpointer data)
{
  End *self = data;

  if (g_output_stream_close (tls_output (self), NULL, &self->error) &&
      read_byte (self, &self->error) == 0)
    g_io_stream_close (G_IO_STREAM (self->tls), NULL, &self->error);
  return NULL;
}

static void
close_cleanly (Talk *self)
{
  GThread *romeo = g_thread_new ("romeo", close_thread, &self->romeo);
  GThread *juliet = g_thread_new ("juliet", close_thread, &self->juliet);

  g_thread_join (romeo);
  g_thread_join (juliet);
  g_assert_no_error (self->romeo.error);
  g_assert_no_error (self->juliet.error);
  for (guint i = 0; i < 2; i++)
    {
      IBBTransport      *base = IBB_TRANSPORT (i == 0 ? self->romeo.base : self->juliet.base);
      g_autoptr (GError) error = NULL;

      poll_until (ibb_transport_has_ended (base));
      error = ibb_transport_dup_error (base);
      g_assert_no_error (error);
    }
}

/* The peer has this name. */
static void
assert_peer (End *self, const char *name)
{
  g_autoptr (GTlsCertificate) expected = load_certificate (name);
  GTlsCertificate            *got = g_tls_connection_get_peer_certificate (self->tls);

  g_assert_nonnull (got);
  g_assert_true (g_tls_certificate_is_same (got, expected));
}

static void
test_mutual (Fixture *fixture, gconstpointer stanza_type)
{
  const char *priority = g_getenv ("G_TLS_GNUTLS_PRIORITY");
  Talk        talk;

  talk_open_usual (&talk, fixture, stanza_type);
  handshake (&talk);
  assert_peer (&talk.romeo, "juliet.pem");
  assert_peer (&talk.juliet, "romeo.pem");
  g_assert_cmpint (g_tls_connection_get_peer_certificate_errors (talk.romeo.tls), ==, 0);
  g_assert_cmpint (g_tls_connection_get_peer_certificate_errors (talk.juliet.tls), ==, 0);
  g_assert_cmpint (g_tls_connection_get_protocol_version (talk.romeo.tls), ==,
                   priority != NULL && strstr (priority, "-VERS-TLS1.3") != NULL
                       ? G_TLS_PROTOCOL_VERSION_TLS_1_2
                       : G_TLS_PROTOCOL_VERSION_TLS_1_3);
  pass_text (&talk.romeo, &talk.juliet, "wherefore art thou Romeo?");
  pass_text (&talk.juliet, &talk.romeo, "call me but love");
  close_cleanly (&talk);
  talk_clear (&talk);
}

/* With TLS 1.3 a client has finished the handshake before the server has seen its certificate. Its
 * first read says whether the server accepts it. */
static gpointer
refused_thread (gpointer data)
{
  End *self = data;

  if (!g_tls_connection_handshake (self->tls, NULL, &self->error))
    g_io_stream_close (self->base, NULL, NULL);
  else
    g_assert_cmpint (read_byte (self, &self->error), ==, -1);
  return NULL;
}

static void
assert_refused (Fixture    *fixture,
                const char *identity,
                const char *romeo_certificate,
                const char *juliet_certificate,
                gboolean    by_romeo,
                int         code)
{
  Talk     talk;
  End     *refuser;
  GThread *romeo;
  GThread *juliet;

  talk_open (&talk, fixture, IBB_STANZA_TYPE_IQ, identity, romeo_certificate, juliet_certificate);
  romeo = g_thread_new ("romeo", refused_thread, &talk.romeo);
  juliet = g_thread_new ("juliet", refused_thread, &talk.juliet);
  g_thread_join (romeo);
  g_thread_join (juliet);
  refuser = by_romeo ? &talk.romeo : &talk.juliet;
  g_assert_error (refuser->error, G_TLS_ERROR, code);
  g_assert_nonnull (talk.romeo.error);
  g_assert_nonnull (talk.juliet.error);
  g_test_message ("Romeo: %s; Juliet: %s", talk.romeo.error->message, talk.juliet.error->message);
  talk_clear (&talk);
}

static void
test_refused (Fixture *fixture, gconstpointer data)
{
  assert_refused (fixture, "juliet.example", "stranger.pem", "juliet.pem", FALSE,
                  G_TLS_ERROR_BAD_CERTIFICATE);
  assert_refused (fixture, "juliet.example", NULL, "juliet.pem", FALSE,
                  G_TLS_ERROR_CERTIFICATE_REQUIRED);
  assert_refused (fixture, "juliet.example", "romeo.pem", "stranger.pem", TRUE,
                  G_TLS_ERROR_BAD_CERTIFICATE);
  assert_refused (fixture, "rosaline.example", "romeo.pem", "juliet.pem", TRUE,
                  G_TLS_ERROR_BAD_CERTIFICATE);
}

/* The end */

static void
test_clean_end (Fixture *fixture, gconstpointer stanza_type)
{
  Talk               talk;
  g_autoptr (GError) error = NULL;

  talk_open_usual (&talk, fixture, stanza_type);
  handshake (&talk);
  pass_text (&talk.romeo, &talk.juliet, "good night");
  assert_succeeds (g_output_stream_close, tls_output (&talk.romeo), NULL);
  g_assert_cmpint (read_byte (&talk.juliet, &error), ==, 0);
  g_assert_no_error (error);
  /* In TLS only one direction is over. The session knows nothing of that. */
  pass_text (&talk.juliet, &talk.romeo, "a thousand times good night");
  close_cleanly (&talk);
  talk_clear (&talk);
}

/* The session ends in order, and TLS does not. */
static void
test_no_close_notify (Fixture *fixture, gconstpointer lenient)
{
  Talk               talk;
  g_autoptr (GError) error = NULL;

  talk_open_usual (&talk, fixture, GINT_TO_POINTER (IBB_STANZA_TYPE_IQ));
  g_tls_connection_set_require_close_notify (talk.romeo.tls, lenient == NULL);
  handshake (&talk);
  pass_text (&talk.juliet, &talk.romeo, "good night");
  assert_succeeds (g_io_stream_close, talk.juliet.base, NULL);
  if (lenient != NULL)
    {
      g_assert_cmpint (read_byte (&talk.romeo, &error), ==, 0);
      g_assert_no_error (error);
    }
  else
    {
      assert_fails (G_TLS_ERROR, G_TLS_ERROR_EOF, read_byte, &talk.romeo);
    }
  talk_clear (&talk);
}

/* D-45, D-49: the session breaks: never an end of file, whatever TLS was told to require,
 * and first what had arrived. */
static void
test_truncated (Fixture *fixture, gconstpointer lenient)
{
  Talk               talk;
  g_autoptr (GError) error = NULL;

  talk_open_usual (&talk, fixture, GINT_TO_POINTER (IBB_STANZA_TYPE_IQ));
  g_tls_connection_set_require_close_notify (talk.romeo.tls, lenient == NULL);
  handshake (&talk);
  /* By this time the tickets of TLS 1.3 have been read. */
  pass_text (&talk.juliet, &talk.romeo, "hist");
  assert_succeeds (g_output_stream_write_all, tls_output (&talk.juliet), "ab", 2, NULL, NULL);
  assert_succeeds (ibb_transport_drain, IBB_TRANSPORT (talk.juliet.base), NULL);
  ibb_transport_abort (IBB_TRANSPORT (talk.juliet.base));
  poll_until (ibb_transport_has_ended (IBB_TRANSPORT (talk.romeo.base)));
  g_assert_cmpint (read_byte (&talk.romeo, &error), ==, 1);
  g_assert_cmpint (read_byte (&talk.romeo, &error), ==, 1);
  g_assert_no_error (error);
  assert_fails (G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, read_byte, &talk.romeo);
  assert_fails (G_IO_ERROR, G_IO_ERROR_CLOSED, read_byte, &talk.juliet);
  g_assert_cmpint (g_output_stream_write (tls_output (&talk.romeo), "x", 1, NULL, &error), ==, -1);
  /* GnuTLS has given its own session up by then. */
  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_MISC);
  talk_clear (&talk);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test_by_both ("/ibb/tls/mutual", test_mutual);
  add_test_anywhere ("/ibb/tls/refused", NULL, test_refused);
  add_test_by_both ("/ibb/tls/clean-end", test_clean_end);
  add_test_anywhere ("/ibb/tls/no-close-notify/strict", NULL, test_no_close_notify);
  add_test_anywhere ("/ibb/tls/no-close-notify/lenient", "", test_no_close_notify);
  add_test_anywhere ("/ibb/tls/truncated/strict", NULL, test_truncated);
  add_test_anywhere ("/ibb/tls/truncated/lenient", "", test_truncated);
  return g_test_run ();
}
