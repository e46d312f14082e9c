/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Accepting one session that both ends have agreed on out of band. The operation holds
 * service. */

#pragma once

#include <gio/gio.h>

#include "runtime/inbox.h"

G_BEGIN_DECLS

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

/* The caller has checked what is in expected. (transfer full), or NULL with error set. */
IBBChannel *ibb_expect_operation_run (IBBHost           *host,
                                      IBBInbox          *inbox,
                                      GObject           *service,
                                      const IBBExpected *expected,
                                      GCancellable      *cancellable,
                                      GError           **error);
void        ibb_expect_operation_start (
           IBBHost *host, IBBInbox *inbox, GObject *service, const IBBExpected *expected, GTask *task);
/* A session that is not fetched by this goes back to the inbox. */
IBBChannel *ibb_expect_operation_finish (GTask *task, GError **error);

G_END_DECLS
