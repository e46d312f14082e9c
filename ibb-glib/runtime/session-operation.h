/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The calls of a service that end with a session: to open one, to accept the next unexpected one,
 * and to accept one that both ends have agreed on out of band. The operation holds service. */

#pragma once

#include <gio/gio.h>

#include "runtime/inbox.h"

typedef enum
{
  IBB_SESSION_CALL_ACCEPT, /* the next unexpected session */
  IBB_SESSION_CALL_OPEN,
  IBB_SESSION_CALL_EXPECT,
} IBBSessionCall;

/* A call, whose arguments the caller has checked. */
typedef struct
{
  IBBSessionCall call;
  IBBOpen        open;    /* of the session to open or to expect */
  guint          timeout; /* of an expectation: ms; 0: none */
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
