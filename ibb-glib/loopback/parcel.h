/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A stanza on its way through the loopback. */

#pragma once

#include "core/base/stanza.h"
#include "loopback/port.h"

typedef struct
{
  GList       link; /* in the queue of the hub */
  gint64      due;
  gsize       size;   /* of the XML, estimated */
  GRefString *to;     /* (owned) (nullable): a key of the hub's table; NULL for a lost one */
  IBBStanza  *stanza; /* (owned) (nullable): else xml */
  GBytes     *xml;    /* (owned) (nullable) */
  IBBPort    *sender; /* (owned) (nullable): whose rate it waited for */
} IBBParcel;

/* stanza is taken over. to: (nullable) */
IBBParcel *ibb_parcel_new (IBBStanza *stanza, IBBPort *to, gboolean as_xml);
void       ibb_parcel_free (IBBParcel *self);

gsize ibb_parcel_estimate_size (const IBBStanza *stanza);
/* The stanza, read from the XML if need be; owned by the parcel. */
IBBStanza *ibb_parcel_open (IBBParcel *self);
