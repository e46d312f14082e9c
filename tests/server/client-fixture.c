/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "client-fixture.h"

#include "../lib/watchdog.h"

void
start_watchdog (void)
{
  watchdog_start (90);
}

static gboolean
tick_cb (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

void
wait_a_moment (void)
{
  guint tick = g_timeout_add (5, tick_cb, NULL);

  g_main_context_iteration (NULL, TRUE);
  g_source_remove (tick);
}

void
wait_for_int (int *value, int wanted)
{
  while (g_atomic_int_get (value) != wanted)
    g_thread_yield ();
}

void
drop_client (gpointer client)
{
  GWeakRef weak;
  gpointer left;

  g_weak_ref_init (&weak, client);
  g_object_unref (client);
  while ((left = g_weak_ref_get (&weak)) != NULL)
    {
      g_object_unref (left);
      if (!g_main_context_iteration (NULL, FALSE))
        g_thread_yield ();
    }
  g_weak_ref_clear (&weak);
}

void
assert_login (IBBXmppClient *client)
{
  assert_succeeds (ibb_xmpp_client_login, client, NULL);
  g_assert_cmpint (ibb_xmpp_entity_get_state (IBB_XMPP_ENTITY (client)), ==,
                   IBB_CONNECTION_STATE_ONLINE);
}
