/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Loaded into the command, it holds the main thread when that first learns of a change of the
 * connection, until somebody opens the pipe for writing that IBB_TEST_LATE_MAIN_PIPE names. */

#define _GNU_SOURCE /* RTLD_NEXT */

#include <dlfcn.h>
#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <unistd.h>

#include <ibb-glib/xmpp/ibb-xmpp.h>

IBBConnectionState
ibb_xmpp_entity_get_state (IBBXmppEntity *entity)
{
  static gboolean was_held; /* main thread only */
  static gpointer original;
  IBBConnectionState (*call) (IBBXmppEntity *);

  if (gettid () == getpid () && !was_held)
    {
      int fd = open (getenv ("IBB_TEST_LATE_MAIN_PIPE"), O_RDONLY | O_CLOEXEC);

      if (fd < 0)
        abort ();
      close (fd);
      was_held = TRUE;
    }
  if (g_atomic_pointer_get (&original) == NULL)
    g_atomic_pointer_set (&original, dlsym (RTLD_NEXT, "ibb_xmpp_entity_get_state"));
  call = (IBBConnectionState (*) (IBBXmppEntity *)) g_atomic_pointer_get (&original);
  return call (entity);
}
