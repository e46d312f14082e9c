/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Clients that are logged out and are kept. */

#include "config.h"

#include "../lib/account.h"
#include "../lib/calls.h"
#include "../lib/process.h"
#include "client-fixture.h"

#define N_KEPT 100

static void
log_in_and_out (IBBXmppClient *client)
{
  assert_login (client);
  assert_succeeds (ibb_xmpp_client_logout, client, NULL);
}

/* A client that is logged out has the descriptors of one that was never logged in. */
static void
test_kept (void)
{
  IBBXmppClient *clients[1 + N_KEPT];
  guint          before;

  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    clients[i] = account_create_client ("alice", NULL);
  log_in_and_out (clients[0]); /* with what GLib opens once */
  before = process_count_descriptors ();
  for (guint i = 1; i < G_N_ELEMENTS (clients); i++)
    log_in_and_out (clients[i]);
  /* The thread of a client may still close the socket. */
  while (process_count_descriptors () > before)
    wait_a_moment ();
  g_assert_cmpuint (process_count_descriptors (), <=, before);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    drop_client (clients[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  start_watchdog ();
  g_test_add_func ("/client/kept", test_kept);
  return g_test_run ();
}
