/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What two ends say to each other within TLS before the bytes of the application: the random
 * numbers for the digits that people compare, and whether each trusts the other. The calls wait for
 * the peer.
 */

#pragma once

#include <gio/gio.h>

/* Nothing of it is owned. */
typedef struct
{
  GTlsConnection *tls; /* after its handshake */
  gboolean        as_server;
  const char     *peer; /* for messages */
  GCancellable   *cancellable;
} IBBExchange;

/* Six digits, which both ends have unless somebody sits in between: (transfer full). */
char *ibb_exchange_agree_on_code (const IBBExchange *self, GError **error);
/* The user of this end is asked. A session that has ended meets its error at the verdict. */
void ibb_exchange_put_off (const IBBExchange *self);
/* This end trusts the other one. FALSE: the other one does not trust this end, which is
 * %G_IO_ERROR_PERMISSION_DENIED, or has not said so. put_off (nullable) is called with data if the
 * user of the other end is asked. */
gboolean ibb_exchange_accept (const IBBExchange *self,
                              void (*put_off) (gpointer data),
                              gpointer data,
                              GError **error);
/* This end does not. Waits for what the peer says: a session that ends with bytes on the way would
 * cost the peer the verdict. */
void ibb_exchange_decline (const IBBExchange *self);
