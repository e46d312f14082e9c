/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The calls of a service that end with a session: to open one, to accept the next unexpected one,
 * and to accept one that both ends have agreed on out of band. The operation holds service. */

#pragma once

#include <gio/gio.h>

#include "runtime/inbox.h"

/* The session to come. */
typedef struct
{
  const char *local; /* (nullable): at any of our addresses */
  const char *peer;
  const char *sid;
  gboolean    is_agreed; /* it has to have this stanza type and block size; else any */
  gboolean    by_message;
  guint       block_size;
  guint       timeout; /* ms; 0: none */
} IBBExpected;

/* The session to open, or the one to expect, which the caller has checked. Neither: the next
 * unexpected one. */
typedef struct
{
  const IBBOpen     *open;     /* (nullable) */
  const IBBExpected *expected; /* (nullable) */
} IBBSessionWish;

/* (transfer full), or NULL with error set. */
IBBChannel *ibb_session_operation_run (IBBInbox             *inbox,
                                       GObject              *service,
                                       const IBBSessionWish *wish,
                                       GCancellable         *cancellable,
                                       GError              **error);
void        ibb_session_operation_start (IBBInbox             *inbox,
                                         GObject              *service,
                                         const IBBSessionWish *wish,
                                         GTask                *task);
/* A session that is not fetched by this is aborted if it was opened; otherwise it goes back to the
 * inbox. */
IBBChannel *ibb_session_operation_finish (GTask *task, GError **error);
