/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The server in the process: a thread that carries stanzas between the ports of connections.
 */

#pragma once

#include "loopback/port.h"

typedef struct _IBBHub      IBBHub;
typedef struct _IBBLoopback IBBLoopback;

/* Faults on the way of a stanza, for tests; the random ones are the same in each run. */
typedef struct
{
  guint64  rate;      /* bytes per second and port, 0 for no limit */
  gboolean carry_xml; /* as between processes, rather than records */
  double   drop_probability;
  double   bounce_probability;
  double   duplicate_probability;
} IBBHubFaults;

/* The thread ends when the last reference is dropped. */
IBBHub *ibb_hub_new (void);
IBBHub *ibb_hub_ref (IBBHub *self);
void    ibb_hub_unref (IBBHub *self);

GMainContext *ibb_hub_get_context (IBBHub *self); /* of the thread */

/* From now on; those before are forgotten. */
void ibb_hub_set_faults (IBBHub *self, const IBBHubFaults *faults);
/* The same, for who has only the object. */
void ibb_loopback_set_faults (IBBLoopback *self, const IBBHubFaults *faults);

/* jid is valid. Without a resource it gets one. A connection that has the address loses it. */
IBBPort *ibb_hub_add_port (IBBHub *self, IBBConnection *connection, const char *jid);
void     ibb_hub_remove_port (IBBHub *self, IBBPort *port);

/* FALSE if the port is closed. */
gboolean ibb_hub_send (IBBHub *self, IBBPort *port, IBBStanza *stanza);
gboolean ibb_hub_is_congested (IBBHub *self, IBBPort *port);
