/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The storm over built-in clients that log in and out in the middle of it,
 * through a server: run below tests/lib/prosody.py. */

#include "../lib/account.h"
#include "stress.h"

#include <string.h>

static const char *const accounts[] = { "alice", "bob", "carol" };

static char *
make_jid (guint index)
{
  const char      *account = accounts[index % G_N_ELEMENTS (accounts)];
  g_autofree char *resource = g_strdup_printf ("%u-%s", index, account);

  return account_dup_jid (account, resource);
}

static IBBConnection *
make_connection (const char *jid)
{
  IBBClient         *client = account_create_client (strrchr (jid, '-') + 1, strchr (jid, '/') + 1);
  g_autoptr (GError) error = NULL;

  ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (client), NULL, &error);
  /* Unless another thread makes one of the same name at the same time. */
  return IBB_CONNECTION (client);
}

static void
called (Op *op, const GError *error)
{
  g_assert_false (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK));
  op_end (op);
}

static void
login_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  ibb_xmpp_connection_login_finish (IBB_XMPP_CONNECTION (IBB_CLIENT (source)), result, &error);
  called (data, error);
}

static void
logout_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  ibb_xmpp_connection_logout_finish (IBB_XMPP_CONNECTION (IBB_CLIENT (source)), result, &error);
  called (data, error);
}

static void
query_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  ibb_client_query_support_finish (IBB_CLIENT (source), result, &error);
  called (data, error);
}

static void
log_in (Worker *worker, IBBClient *client)
{
  Op                *op = op_begin (worker, "login", NULL);
  g_autoptr (GError) error = NULL;

  /* Most succeed. */
  if (chance (worker, 0.8))
    op_spare (op);
  if (chance (worker, 0.5))
    ibb_xmpp_connection_login_async (IBB_XMPP_CONNECTION (client), op->cancellable, login_cb, op);
  else
    {
      ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (client), op->cancellable, &error);
      called (op, error);
    }
}

static void
log_out (Worker *worker, IBBClient *client)
{
  Op                *op = op_begin (worker, "logout", NULL);
  g_autoptr (GError) error = NULL;

  if (chance (worker, 0.5))
    ibb_xmpp_connection_logout_async (IBB_XMPP_CONNECTION (client), op->cancellable, logout_cb, op);
  else
    {
      ibb_xmpp_connection_logout (IBB_XMPP_CONNECTION (client), op->cancellable, &error);
      called (op, error);
    }
}

static void
shake (Worker *worker, Place *place)
{
  g_autoptr (IBBConnection) connection = place_dup_connection (place);
  IBBClient                *client = IBB_CLIENT (connection);
  Op                       *op;

  if (ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (client)) ==
          IBB_CONNECTION_STATE_OFFLINE ||
      chance (worker, 0.1))
    log_in (worker, client);
  else if (chance (worker, 0.15))
    log_out (worker, client);
  else
    {
      op = op_begin (worker, "query_support", NULL);
      ibb_client_query_support_async (client, places[below (worker, n_places)].jid, op->cancellable,
                                      query_cb, op);
    }
  ibb_xmpp_connection_set_keepalive_interval (IBB_XMPP_CONNECTION (client),
                                              1 + below (worker, 60000));
  ibb_client_set_priority (client, (int) below (worker, 10) - 5);
  g_assert_nonnull (ibb_client_get_jid (client));
  g_assert_cmpint (ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (client)), >=,
                   IBB_CONNECTION_STATE_OFFLINE);
}

static const Setting setting = {
  .name = "server",
  .n_places = 5,
  .make_jid = make_jid,
  .make_connection = make_connection,
  .shake = shake,
  .finish = account_drop_worker,
  .keeps_stream = TRUE,
};

int
main (int argc, char **argv)
{
  return stress_main (argc, argv, &setting);
}
