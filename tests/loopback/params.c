/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the parameters of a session say: that a negotiation elsewhere has agreed on it (XEP-0261),
 * and which of a domain's addresses it has (D-59). Juliet's service is then on the connection of a
 * domain, and Romeo is an account. */

#include "fixture.h"

#define DOMAIN "bots.example"
#define ECHO "echo@bots.example"
#define NEWS "news@bots.example/today"

static IBBSessionParams *
new_agreed (IBBStanzaType stanza_type, guint block_size)
{
  return g_object_new (IBB_TYPE_SESSION_PARAMS, "stanza-type", stanza_type, "block-size",
                       block_size, "sid", "agreed", "agreed", TRUE, NULL);
}

static void
expect (Fixture *fixture, IBBStanzaType stanza_type, guint block_size, GAsyncResult **result)
{
  g_autoptr (IBBSessionParams) params = new_agreed (stanza_type, block_size);

  ibb_service_expect_session_async (fixture->juliet, ROMEO, "agreed", params, NULL, store_result_cb,
                                    result);
}

/* N-47: an open with smaller blocks does no harm, whether it comes before or after the call. */
static void
test_smaller (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBSessionParams) params = new_agreed (IBB_STANZA_TYPE_IQ, 999);
  g_autoptr (GCancellable)     cancellable = g_cancellable_new ();

  for (guint is_before = 0; is_before <= 1; is_before++)
    {
      g_autoptr (IBBTransport) romeo = NULL;
      g_autoptr (IBBTransport) juliet = NULL;
      GAsyncResult            *expected = NULL;

      if (is_before)
        ibb_service_expect_session_async (fixture->juliet, ROMEO, "agreed", NULL, cancellable,
                                          store_result_cb, &expected);
      else
        expect (fixture, IBB_STANZA_TYPE_IQ, 1000, &expected);
      romeo = assert_succeeds (ibb_service_open_session, fixture->romeo, JULIET, params, NULL);
      if (is_before)
        {
          g_cancellable_cancel (cancellable);
          assert_result_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, ibb_service_expect_session_finish,
                               fixture->juliet, &expected);
          expect (fixture, IBB_STANZA_TYPE_IQ, 1000, &expected);
        }
      juliet = assert_result (ibb_service_expect_session_finish, fixture->juliet, &expected);
      g_assert_cmpuint (ibb_transport_get_block_size (juliet), ==, 999);
      write_text (romeo, "smaller");
      assert_reads (juliet, "smaller");
      close_stream (romeo);
      assert_reads_eof (juliet);
    }
}

/* A session that came for a cancelled call, with other terms, is not the agreed one. */
static void
test_other_terms (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable)     cancellable = g_cancellable_new ();
  g_autoptr (IBBSessionParams) params = new_agreed (IBB_STANZA_TYPE_MESSAGE, 1000);
  g_autoptr (IBBTransport)     other = NULL;
  g_autoptr (IBBTransport)     romeo = NULL;
  g_autoptr (IBBTransport)     juliet = NULL;
  GAsyncResult                *expected = NULL;

  ibb_service_expect_session_async (fixture->juliet, ROMEO, "agreed", NULL, cancellable,
                                    store_result_cb, &expected);
  other = assert_succeeds (open_with, fixture->romeo, JULIET, IBB_STANZA_TYPE_IQ, 4096, "agreed");
  g_cancellable_cancel (cancellable);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, ibb_service_expect_session_finish,
                       fixture->juliet, &expected);

  expect (fixture, IBB_STANZA_TYPE_MESSAGE, 1000, &expected);
  assert_read_fails (other, G_IO_ERROR_CONNECTION_CLOSED);
  g_assert_null (expected);
  romeo = assert_succeeds (ibb_service_open_session, fixture->romeo, JULIET, params, NULL);
  juliet = assert_result (ibb_service_expect_session_finish, fixture->juliet, &expected);
  g_assert_cmpuint (ibb_transport_get_block_size (juliet), ==, 1000);
  g_assert_cmpint (ibb_transport_get_stanza_type (juliet), ==, IBB_STANZA_TYPE_MESSAGE);
}

static void
assert_invalid (Fixture *fixture, const char *peer, const char *sid, guint block_size)
{
  g_autoptr (IBBSessionParams) params = new_agreed (IBB_STANZA_TYPE_IQ, block_size);
  GAsyncResult                *stored = NULL;

  ibb_session_params_set_sid (params, sid);
  assert_fails (G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, ibb_service_open_session, fixture->romeo,
                peer, params, NULL);
  assert_fails (G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, ibb_service_expect_session, fixture->romeo,
                peer, sid, params, NULL);
  ibb_service_expect_session_async (fixture->romeo, peer, sid, params, NULL, store_result_cb,
                                    &stored);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, ibb_service_expect_session_finish,
                       fixture->romeo, &stored);
}

/* N-50: what a negotiation may get wrong. */
static void
test_invalid (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBSessionParams) params = g_object_new (IBB_TYPE_SESSION_PARAMS, "sid", "one", NULL);

  assert_invalid (fixture, "@", "agreed", 4096);
  assert_invalid (fixture, JULIET, "two words", 4096);
  assert_invalid (fixture, JULIET, "agreed", 0);
  assert_invalid (fixture, JULIET, "agreed", 65536);
  assert_fails (G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, ibb_service_expect_session, fixture->romeo,
                JULIET, "other", params, NULL);
}

/* The addresses of a domain */

static void
open_from (IBBService    *service,
           const char    *local_jid,
           const char    *peer_jid,
           const char    *sid,
           GAsyncResult **opened)
{
  g_autoptr (IBBSessionParams) params =
      g_object_new (IBB_TYPE_SESSION_PARAMS, "local-jid", local_jid, "sid", sid, NULL);

  ibb_service_open_session_async (service, peer_jid, params, NULL, store_result_cb, opened);
}

static void
expect_at (IBBService *service, const char *local_jid, GAsyncResult **expected)
{
  g_autoptr (IBBSessionParams) params = ibb_session_params_new ();

  ibb_session_params_set_local_jid (params, local_jid);
  ibb_service_expect_session_async (service, ROMEO, "s", params, NULL, store_result_cb, expected);
}

static void
close_both (IBBTransport *a, IBBTransport *b)
{
  close_async (a);
  close_async (b);
}

/* Two addresses open a session with the same peer and the same sid. */
static void
test_open (Fixture *fixture, gconstpointer data)
{
  static const char *const addresses[] = { ECHO, NEWS };

  ibb_service_set_session_limit (fixture->romeo, 10);
  for (guint i = 0; i < G_N_ELEMENTS (addresses); i++)
    {
      GAsyncResult            *opened = NULL;
      GAsyncResult            *accepted = NULL;
      g_autoptr (IBBTransport) bot = NULL;
      g_autoptr (IBBTransport) romeo = NULL;
      g_autoptr (GBytes)       bytes = make_bytes (20000, i);

      ibb_service_accept_async (fixture->romeo, NULL, store_result_cb, &accepted);
      open_from (fixture->juliet, addresses[i], ROMEO, "s", &opened);
      bot = assert_result (ibb_service_open_session_finish, fixture->juliet, &opened);
      romeo = assert_result (ibb_service_accept_finish, fixture->romeo, &accepted);
      assert_local_jid (bot, addresses[i]);
      assert_peer_jid (romeo, addresses[i]);
      assert_passes (bot, romeo, bytes);
      assert_passes (romeo, bot, bytes);
      close_both (bot, romeo);
    }
}

/* An expectation for one address is not met at another one. */
static void
test_expected (Fixture *fixture, gconstpointer data)
{
  GAsyncResult            *expected = NULL;
  GAsyncResult            *opened = NULL;
  g_autoptr (IBBTransport) bot = NULL;
  g_autoptr (IBBTransport) romeo = NULL;

  expect_at (fixture->juliet, ECHO, &expected);
  open_with_async (fixture->romeo, NEWS, IBB_STANZA_TYPE_IQ, 0, "s", store_result_cb, &opened);
  assert_result_fails (IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE, ibb_service_open_session_finish,
                       fixture->romeo, &opened);

  open_with_async (fixture->romeo, ECHO, IBB_STANZA_TYPE_IQ, 0, "s", store_result_cb, &opened);
  romeo = assert_result (ibb_service_open_session_finish, fixture->romeo, &opened);
  bot = assert_result (ibb_service_expect_session_finish, fixture->juliet, &expected);
  assert_local_jid (bot, ECHO);
  close_both (bot, romeo);
}

static void
assert_not_ours (IBBService *service, const char *local_jid, const char *peer_jid)
{
  GAsyncResult *opened = NULL;

  open_from (service, local_jid, peer_jid, NULL, &opened);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, ibb_service_open_session_finish,
                       service, &opened);
}

static void
test_not_ours (Fixture *fixture, gconstpointer data)
{
  GAsyncResult *expected = NULL;

  assert_not_ours (fixture->juliet, "echo@gods.example", ROMEO);
  assert_not_ours (fixture->juliet, "@", ROMEO);
  assert_not_ours (fixture->juliet, ECHO, "Echo@Bots.example"); /* D-04: with itself */
  assert_not_ours (fixture->romeo, JULIET, ECHO);

  expect_at (fixture->juliet, JULIET, &expected);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, ibb_service_expect_session_finish,
                       fixture->juliet, &expected);
}

#define add_domain_test(path, function)                                                            \
  g_test_add (path, Fixture, DOMAIN, fixture_set_up_stacks, function, fixture_tear_down)

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test ("/ibb/loopback/agreed/smaller/N-47", test_smaller);
  add_test ("/ibb/loopback/agreed/other-terms", test_other_terms);
  add_test ("/ibb/loopback/agreed/invalid/N-50", test_invalid);
  add_domain_test ("/ibb/loopback/domain/D-59/open", test_open);
  add_domain_test ("/ibb/loopback/domain/D-59/expected", test_expected);
  add_domain_test ("/ibb/loopback/domain/D-59/not-ours", test_not_ours);
  return g_test_run ();
}
