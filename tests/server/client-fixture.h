/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Waiting, under a watchdog. */

#pragma once

#include <ibb-glib/ibb-glib.h>
#include <ibb-glib/xmpp/ibb-xmpp.h>

#include "../lib/calls.h"

/* Ends the program when it takes longer than any of its tests may. */
void start_watchdog (void);
/* Iterates the default context, for as long as something is expected of another
 * thread or process. */
void wait_a_moment (void);
/* Waits for another thread to get there. */
void wait_for_int (int *value, int wanted);
/* Drops the last reference of the test's own and waits until it is gone: the
 * client's thread may hold one for a moment. */
void drop_client (gpointer client);
void assert_login (IBBXmppClient *client);
