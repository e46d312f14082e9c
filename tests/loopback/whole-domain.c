/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* D-59: a service on the connection of a domain, each of whose addresses is its own. The other
 * end is an account. */

#include "fixture.h"
#include "stack.h"

#define DOMAIN "bots.example"
#define ECHO "echo@bots.example"
#define NEWS "news@bots.example/today"

typedef struct
{
  StackConnection *romeo_connection;
  StackConnection *bots_connection;
  IBBService      *romeo;
  IBBService      *bots;
} Stacks;

static void
set_up (Stacks *self, gconstpointer data)
{
  self->romeo_connection = stack_connection_new (ROMEO);
  self->bots_connection = stack_connection_new (DOMAIN);
  stack_connection_set_peer (self->romeo_connection, self->bots_connection);
  stack_connection_set_peer (self->bots_connection, self->romeo_connection);
  self->romeo = ibb_service_new (IBB_CONNECTION (self->romeo_connection));
  self->bots = ibb_service_new (IBB_CONNECTION (self->bots_connection));
  ibb_service_set_session_limit (self->romeo, 10);
  ibb_service_set_session_limit (self->bots, 10);
}

static void
tear_down (Stacks *self, gconstpointer data)
{
  g_assert_finalize_object (self->romeo);
  g_assert_finalize_object (self->bots);
  run_pending ();
  g_assert_finalize_object (self->romeo_connection);
  g_assert_finalize_object (self->bots_connection);
}

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
test_open (Stacks *stacks, gconstpointer data)
{
  static const char *const addresses[] = { ECHO, NEWS };

  for (guint i = 0; i < G_N_ELEMENTS (addresses); i++)
    {
      GAsyncResult            *opened = NULL;
      GAsyncResult            *accepted = NULL;
      g_autoptr (IBBTransport) bot = NULL;
      g_autoptr (IBBTransport) romeo = NULL;
      g_autoptr (GBytes)       bytes = make_bytes (20000, i);

      ibb_service_accept_async (stacks->romeo, NULL, store_result_cb, &accepted);
      open_from (stacks->bots, addresses[i], ROMEO, "s", &opened);
      bot = assert_result (ibb_service_open_session_finish, stacks->bots, &opened);
      romeo = assert_result (ibb_service_accept_finish, stacks->romeo, &accepted);
      assert_local_jid (bot, addresses[i]);
      assert_peer_jid (romeo, addresses[i]);
      assert_passes (bot, romeo, bytes);
      assert_passes (romeo, bot, bytes);
      close_both (bot, romeo);
    }
}

static gboolean
requested_cb (IBBService *service, IBBRequest *request, gpointer data)
{
  if (g_str_equal (ibb_request_get_local_jid (request), ECHO))
    *(IBBTransport **) data = ibb_request_accept (request, NULL);
  else
    ibb_request_refuse (request, IBB_STANZA_CONDITION_SERVICE_UNAVAILABLE, NULL);
  return TRUE;
}

/* The handler sees which address a peer means, and refuses as if there were no such account. */
static void
test_requested (Stacks *stacks, gconstpointer data)
{
  GAsyncResult            *opened = NULL;
  g_autoptr (IBBTransport) bot = NULL;
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError)       error = NULL;

  g_signal_connect (stacks->bots, "session-requested", G_CALLBACK (requested_cb), &bot);
  ibb_service_open_session_async (stacks->romeo, "nobody@bots.example", NULL, NULL, store_result_cb,
                                  &opened);
  result = wait_for_result (&opened);
  g_assert_null (ibb_service_open_session_finish (stacks->romeo, result, &error));
  g_assert_error (error, IBB_ERROR, IBB_ERROR_SERVICE_UNAVAILABLE);

  ibb_service_open_session_async (stacks->romeo, ECHO, NULL, NULL, store_result_cb, &opened);
  romeo = assert_result (ibb_service_open_session_finish, stacks->romeo, &opened);
  assert_local_jid (bot, ECHO);
  close_both (bot, romeo);
}

/* An expectation for one address is not met at another one. */
static void
test_expected (Stacks *stacks, gconstpointer data)
{
  GAsyncResult            *expected = NULL;
  GAsyncResult            *opened = NULL;
  g_autoptr (IBBTransport) bot = NULL;
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError)       error = NULL;

  expect_at (stacks->bots, ECHO, &expected);
  open_with_async (stacks->romeo, NEWS, IBB_STANZA_TYPE_IQ, 0, "s", store_result_cb, &opened);
  result = wait_for_result (&opened);
  g_assert_null (ibb_service_open_session_finish (stacks->romeo, result, &error));
  g_assert_error (error, IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE);

  open_with_async (stacks->romeo, ECHO, IBB_STANZA_TYPE_IQ, 0, "s", store_result_cb, &opened);
  romeo = assert_result (ibb_service_open_session_finish, stacks->romeo, &opened);
  bot = assert_result (ibb_service_expect_session_finish, stacks->bots, &expected);
  assert_local_jid (bot, ECHO);
  close_both (bot, romeo);
}

static void
assert_not_ours (IBBService *service, const char *local_jid, const char *peer_jid)
{
  GAsyncResult            *opened = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError)       error = NULL;

  open_from (service, local_jid, peer_jid, NULL, &opened);
  result = wait_for_result (&opened);
  g_assert_null (ibb_service_open_session_finish (service, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

static void
test_not_ours (Stacks *stacks, gconstpointer data)
{
  GAsyncResult            *expected = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError)       error = NULL;

  assert_not_ours (stacks->bots, "echo@gods.example", ROMEO);
  assert_not_ours (stacks->bots, "@", ROMEO);
  assert_not_ours (stacks->bots, ECHO, "Echo@Bots.example"); /* D-04: with itself */
  assert_not_ours (stacks->romeo, JULIET, ECHO);

  expect_at (stacks->bots, JULIET, &expected);
  result = wait_for_result (&expected);
  g_assert_null (ibb_service_expect_session_finish (stacks->bots, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add ("/ibb/loopback/domain/D-59/open", Stacks, NULL, set_up, test_open, tear_down);
  g_test_add ("/ibb/loopback/domain/D-59/requested", Stacks, NULL, set_up, test_requested,
              tear_down);
  g_test_add ("/ibb/loopback/domain/D-59/expected", Stacks, NULL, set_up, test_expected, tear_down);
  g_test_add ("/ibb/loopback/domain/D-59/not-ours", Stacks, NULL, set_up, test_not_ours, tear_down);

  return g_test_run ();
}
