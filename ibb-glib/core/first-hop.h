/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The way to our own server, which the blocks to all peers share. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Never more than this in flight, whatever arrives (D-50). */
#define IBB_FIRST_HOP_MAX (64 * 1024 * 1024)

typedef struct
{
  gsize in_flight; /* bytes sent and not yet answered, stalled sessions left out */
} IBBFirstHop;

/* Whether length more bytes may go now; one block always may. */
gboolean ibb_first_hop_may_send (const IBBFirstHop *self, gsize length);
void     ibb_first_hop_sent (IBBFirstHop *self, gsize length);
/* Bytes leave the count: answered, stalled, given up. */
void ibb_first_hop_forget (IBBFirstHop *self, gsize length);

G_END_DECLS
