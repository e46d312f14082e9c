/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* D-59: Juliet's service is on the connection of a domain, each of whose addresses is its own.
 * Romeo is an account. */

#include "fixture.h"

#define DOMAIN "bots.example"
#define ECHO "echo@bots.example"
#define NEWS "news@bots.example/today"

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

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
#define add(path, function)                                                                        \
  g_test_add (path, Fixture, DOMAIN, fixture_set_up_stacks, function, fixture_tear_down)
  add ("/ibb/loopback/domain/D-59/open", test_open);
  add ("/ibb/loopback/domain/D-59/expected", test_expected);
  add ("/ibb/loopback/domain/D-59/not-ours", test_not_ours);
  return g_test_run ();
}
