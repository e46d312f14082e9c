/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The server in the process: a thread that carries stanzas between attached
 * connections, and the connections.
 */

#pragma once

#include "ibb-connection.h"

G_BEGIN_DECLS

typedef struct _IBBHub IBBHub;

/* What may go wrong on the way. */
typedef struct
{
  guint   latency; /* ms, each way */
  guint64 rate;    /* bytes per second and connection, 0 for no limit */
  double  drop_probability;
  double  bounce_probability;
  double  duplicate_probability;
  guint   seed;
} IBBHubSettings;

#define IBB_TYPE_LOOPBACK_CONNECTION (ibb_loopback_connection_get_type ())
G_DECLARE_FINAL_TYPE (
    IBBLoopbackConnection, ibb_loopback_connection, IBB, LOOPBACK_CONNECTION, GObject)

/* The thread ends when the last reference is dropped. */
IBBHub *ibb_hub_new (gboolean as_xml);
IBBHub *ibb_hub_ref (IBBHub *self);
void    ibb_hub_unref (IBBHub *self);

void           ibb_hub_get_settings (IBBHub *self, IBBHubSettings *settings);
void           ibb_hub_set_settings (IBBHub *self, const IBBHubSettings *settings);
IBBConnection *ibb_hub_attach (IBBHub *self, const char *jid); /* (nullable): no JID */

G_END_DECLS
