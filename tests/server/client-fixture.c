/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "client-fixture.h"

#include <unistd.h>

void
start_watchdog (void)
{
  alarm (90);
}

void
store_result_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **stored = user_data;

  g_assert_null (*stored);
  *stored = g_object_ref (result);
}

void
wait_for_result (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
}

static gboolean
tick_cb (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

void
wait_for_state (IBBClient *client, IBBClientState state)
{
  guint tick = g_timeout_add (5, tick_cb, NULL);

  while (ibb_client_get_state (client) != state)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (tick);
}

void
iterate_until_idle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

void
wait_for_int (int *value, int wanted)
{
  while (g_atomic_int_get (value) != wanted)
    g_thread_yield ();
}

void
drop_client (IBBClient *client)
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
