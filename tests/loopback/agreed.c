/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sessions on which a negotiation elsewhere has agreed (XEP-0261). */

#include "fixture.h"

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
  assert_invalid (fixture, "@", "agreed", 4096);
  assert_invalid (fixture, JULIET, "two words", 4096);
  assert_invalid (fixture, JULIET, "agreed", 0);
  assert_invalid (fixture, JULIET, "agreed", 65536);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test ("/ibb/loopback/agreed/smaller/N-47", test_smaller);
  add_test ("/ibb/loopback/agreed/other-terms", test_other_terms);
  add_test ("/ibb/loopback/agreed/invalid/N-50", test_invalid);
  return g_test_run ();
}
