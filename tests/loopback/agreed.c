/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sessions on which a negotiation elsewhere has agreed (XEP-0261). */

#include "fixture.h"

static void
expect (Fixture *fixture, IBBStanzaType stanza_type, guint block_size, GAsyncResult **result)
{
  ibb_service_expect_agreed_session_async (fixture->juliet, ROMEO, "agreed", stanza_type,
                                           block_size, NULL, store_result_cb, result);
}

static IBBTransport *
finish_expect (Fixture *fixture, GAsyncResult **stored)
{
  g_autoptr (GAsyncResult) result = wait_for_result (stored);
  g_autoptr (GError)       error = NULL;
  IBBTransport            *transport;

  transport = ibb_service_expect_agreed_session_finish (fixture->juliet, result, &error);
  g_assert_no_error (error);
  return transport;
}

static void
assert_open_fails (Fixture *fixture, IBBStanzaType stanza_type, guint block_size, IBBError code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (ibb_service_open_agreed_session (fixture->romeo, JULIET, "agreed", stanza_type,
                                                  block_size, NULL, &error));
  g_assert_error (error, IBB_ERROR, (int) code);
}

/* N-46, N-47: each end keeps to what was agreed, and an open that differs leaves
 * the expectation as it is. */
static void
check_agreed (Fixture *fixture, IBBStanzaType stanza_type)
{
  IBBStanzaType other_type =
      stanza_type == IBB_STANZA_TYPE_IQ ? IBB_STANZA_TYPE_MESSAGE : IBB_STANZA_TYPE_IQ;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GError)       error = NULL;
  GAsyncResult            *expected = NULL;
  GAsyncResult            *opened = NULL;

  ibb_service_set_session_limit (fixture->juliet, 0);
  expect (fixture, stanza_type, 1000, &expected);
  assert_open_fails (fixture, stanza_type, 999, IBB_ERROR_RESOURCE_CONSTRAINT);
  assert_open_fails (fixture, stanza_type, 1001, IBB_ERROR_RESOURCE_CONSTRAINT);
  assert_open_fails (fixture, other_type, 1000, IBB_ERROR_NOT_ACCEPTABLE);
  ibb_service_open_agreed_session_async (fixture->romeo, JULIET, "agreed", stanza_type, 1000, NULL,
                                         store_result_cb, &opened);
  result = wait_for_result (&opened);
  romeo = ibb_service_open_agreed_session_finish (fixture->romeo, result, &error);
  g_assert_no_error (error);
  juliet = finish_expect (fixture, &expected);
  g_assert_cmpuint (ibb_transport_get_block_size (juliet), ==, 1000);
  g_assert_cmpuint (ibb_transport_get_block_size (romeo), ==, 1000);
  g_assert_cmpstr (ibb_transport_get_sid (juliet), ==, "agreed");
  g_assert_cmpint (ibb_transport_get_stanza_type (juliet), ==, stanza_type);
  write_text (romeo, "as agreed");
  assert_reads (juliet, "as agreed");
}

static void
test_iq (Fixture *fixture, gconstpointer data)
{
  check_agreed (fixture, IBB_STANZA_TYPE_IQ);
}

static void
test_message (Fixture *fixture, gconstpointer data)
{
  check_agreed (fixture, IBB_STANZA_TYPE_MESSAGE);
}

/* A peer that takes only smaller blocks refuses: nothing is tried again. */
static void
test_no_fallback (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError)       error = NULL;
  GAsyncResult            *expected = NULL;

  ibb_service_set_max_block_size (fixture->juliet, 1000);
  ibb_service_expect_session_async (fixture->juliet, ROMEO, "agreed", cancellable, store_result_cb,
                                    &expected);
  assert_open_fails (fixture, IBB_STANZA_TYPE_IQ, 4096, IBB_ERROR_RESOURCE_CONSTRAINT);
  g_assert_null (expected);
  g_cancellable_cancel (cancellable);
  result = wait_for_result (&expected);
  g_assert_null (ibb_service_expect_session_finish (fixture->juliet, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* A session that came for a cancelled call, with other terms, is not the agreed one. */
static void
test_other_terms (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (IBBTransport) other = NULL;
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GError)       error = NULL;
  GAsyncResult            *expected = NULL;

  ibb_service_expect_session_async (fixture->juliet, ROMEO, "agreed", cancellable, store_result_cb,
                                    &expected);
  other = ibb_service_open_session (fixture->romeo, JULIET, IBB_STANZA_TYPE_IQ, 4096, "agreed",
                                    NULL, &error);
  g_assert_no_error (error);
  g_cancellable_cancel (cancellable);
  result = wait_for_result (&expected);
  g_assert_null (ibb_service_expect_session_finish (fixture->juliet, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  expect (fixture, IBB_STANZA_TYPE_MESSAGE, 1000, &expected);
  assert_read_fails (other, G_IO_ERROR_CONNECTION_CLOSED);
  g_assert_null (expected);
  romeo = ibb_service_open_agreed_session (fixture->romeo, JULIET, "agreed",
                                           IBB_STANZA_TYPE_MESSAGE, 1000, NULL, &error);
  g_assert_no_error (error);
  juliet = finish_expect (fixture, &expected);
  g_assert_cmpuint (ibb_transport_get_block_size (juliet), ==, 1000);
  g_assert_cmpint (ibb_transport_get_stanza_type (juliet), ==, IBB_STANZA_TYPE_MESSAGE);
}

static void
assert_invalid (Fixture *fixture, const char *peer, const char *sid, int type, guint block_size)
{
  g_autoptr (GError)       error = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  GAsyncResult            *stored = NULL;

  g_assert_null (ibb_service_open_agreed_session (fixture->romeo, peer, sid, (IBBStanzaType) type,
                                                  block_size, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (ibb_service_expect_agreed_session (fixture->romeo, peer, sid, (IBBStanzaType) type,
                                                    block_size, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);

  ibb_service_expect_agreed_session_async (fixture->romeo, peer, sid, (IBBStanzaType) type,
                                           block_size, NULL, store_result_cb, &stored);
  result = wait_for_result (&stored);
  g_assert_null (ibb_service_expect_agreed_session_finish (fixture->romeo, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

/* N-50: what a negotiation may leave out or get wrong. */
static void
test_invalid (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  assert_invalid (fixture, "@", "agreed", IBB_STANZA_TYPE_IQ, 4096);
  assert_invalid (fixture, JULIET, NULL, IBB_STANZA_TYPE_IQ, 4096);
  assert_invalid (fixture, JULIET, "two words", IBB_STANZA_TYPE_IQ, 4096);
  assert_invalid (fixture, JULIET, "agreed", 7, 4096);
  assert_invalid (fixture, JULIET, "agreed", IBB_STANZA_TYPE_IQ, 0);
  assert_invalid (fixture, JULIET, "agreed", IBB_STANZA_TYPE_IQ, 65536);

  ibb_service_set_max_block_size (fixture->romeo, 1000);
  g_assert_null (ibb_service_expect_agreed_session (fixture->romeo, JULIET, "agreed",
                                                    IBB_STANZA_TYPE_IQ, 1001, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test ("/ibb/loopback/agreed/iq/N-46,N-47", test_iq);
  add_test ("/ibb/loopback/agreed/message", test_message);
  add_test ("/ibb/loopback/agreed/no-fallback/N-46", test_no_fallback);
  add_test ("/ibb/loopback/agreed/other-terms", test_other_terms);
  add_test ("/ibb/loopback/agreed/invalid/N-50", test_invalid);
  return g_test_run ();
}
