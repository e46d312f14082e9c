/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_GLIB_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/ibb-glib.h> can be included directly."
#endif

#include <glib-object.h>

#include <ibb-glib/ibb-version.h>

G_BEGIN_DECLS

#define IBB_TYPE_STATISTICS (ibb_statistics_get_type ())

/**
 * IBBStatistics:
 * @bytes_acknowledged: see [property@IBB.Transport:bytes-acknowledged]
 * @bytes_received: see [property@IBB.Transport:bytes-received]
 * @bytes_queued: see [property@IBB.Transport:bytes-queued]
 * @bytes_in_flight: see [property@IBB.Transport:bytes-in-flight]
 * @send_rate: see [property@IBB.Transport:send-rate]
 * @receive_rate: see [property@IBB.Transport:receive-rate]
 *
 * What a transport has counted at one moment.
 *
 * Only the library allocates it, by [method@IBB.Transport.dup_statistics]. Later versions may add
 * members at its end.
 *
 * Since: 1.0
 */
typedef struct
{
  guint64 bytes_acknowledged;
  guint64 bytes_received;
  guint64 bytes_queued;
  guint64 bytes_in_flight;
  guint64 send_rate;
  guint64 receive_rate;
} IBBStatistics;

IBB_AVAILABLE_IN_1_0
GType ibb_statistics_get_type (void);

IBB_AVAILABLE_IN_1_0
IBBStatistics *ibb_statistics_copy (const IBBStatistics *self);

IBB_AVAILABLE_IN_1_0
void ibb_statistics_free (IBBStatistics *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBStatistics, ibb_statistics_free)

G_END_DECLS
