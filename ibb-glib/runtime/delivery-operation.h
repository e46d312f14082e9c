/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Waiting until the bytes that were written have got somewhere: flush, drain, shutdown and
 * close. */

#pragma once

#include <gio/gio.h>

#include "runtime/channel.h"

G_BEGIN_DECLS

typedef enum
{
  IBB_DELIVERY_FLUSH,    /* until they are sent */
  IBB_DELIVERY_DRAIN,    /* until they are acknowledged */
  IBB_DELIVERY_SHUTDOWN, /* until they are acknowledged and the output is closed */
  IBB_DELIVERY_CLOSE,    /* until the session has ended */
} IBBDeliveryGoal;

/* FALSE with error set. channel may be NULL: a half that a binding made without a transport. */
gboolean ibb_delivery_operation_run (IBBChannel     *channel,
                                     IBBDeliveryGoal goal,
                                     GCancellable   *cancellable,
                                     GError        **error);
/* Ends task, with a boolean. finished (nullable) is called before the result is returned, or
 * the error. */
void ibb_delivery_operation_start (IBBChannel     *channel,
                                   IBBDeliveryGoal goal,
                                   GTask          *task,
                                   void (*finished) (gpointer data),
                                   gpointer finished_data);

G_END_DECLS
