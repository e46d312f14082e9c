/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Waiting, under a watchdog. */

#pragma once

#include <ibb-glib/ibb-glib.h>

/* Ends the program when it takes longer than any of its tests may. */
void start_watchdog (void);
/* A GAsyncReadyCallback for a GAsyncResult **. */
void store_result_cb (GObject *object, GAsyncResult *result, gpointer user_data);
/* These iterate the default context. */
void wait_for_result (GAsyncResult **result);
void wait_for_state (IBBClient *client, IBBClientState state);
void iterate_until_idle (void);
/* Waits for another thread to get there. */
void wait_for_int (int *value, int wanted);
/* Drops the last reference of the test's own and waits until it is gone: the
 * client's thread may hold one for a moment. */
void drop_client (IBBClient *client);
