/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How much may be in flight on one connection, all sessions together.
 *
 * A delay-based controller after TCP Vegas and LEDBAT (RFC 6817): it looks once
 * a round trip at how many bytes stood in queues, which is what the fastest
 * round trip of that round exceeds the fastest ever by, times the rate.
 *
 * Near a server, delay does not tell everything: some carry less when more than
 * one block waits (they read in steps, or share a processor with us). There one
 * block at a time is tried now and then, and kept while it carries more.
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Never more than this in flight, whatever the delay says (D-50). */
#define IBB_FLOW_SESSION_MAX (4 * 1024 * 1024)
#define IBB_FLOW_CONNECTION_MAX (64 * 1024 * 1024)

typedef struct
{
  gsize    window;    /* bytes */
  gsize    in_flight; /* bytes sent and not yet answered, stalled sessions left out */
  gboolean slow_start;
  gboolean limited; /* the window was what held something back in this round */

  gint64 base;      /* fastest round trip in this and the last epoch, or 0 */
  gint64 next_base; /* fastest in this epoch, or 0 */
  gint64 epoch;     /* when this epoch began */

  gint64  round_start;
  gint64  round_fastest; /* 0 before the first of this round */
  guint64 round_acked;

  gboolean one_block; /* in this interval only one block is in flight */
  gboolean trial;     /* this interval is to see what the other way carries */
  guint    wait;      /* intervals between two trials */
  guint    left;      /* intervals until the next one */
  gint64   interval_start;
  guint64  interval_acked;
  gboolean interval_limited;
  double   rates[2]; /* bytes a second: of the window, of one block; 0 before a trial */
} IBBFlow;

void ibb_flow_init (IBBFlow *self);
/* Whether length more bytes may go now; one block always may. */
gboolean ibb_flow_may_send (IBBFlow *self, gsize length);
void     ibb_flow_sent (IBBFlow *self, gsize length);
/* length bytes, sent then, were acknowledged now. round_trip 0: no sample (the
 * block was sent more than once). They leave the count by ibb_flow_forget. */
void ibb_flow_note (
    IBBFlow *self, gsize length, gint64 sent, gint64 round_trip, gsize block_size, gint64 now);
/* Bytes leave the count: answered, stalled, given up. */
void ibb_flow_forget (IBBFlow *self, gsize length);
void ibb_flow_refused (IBBFlow *self);

G_END_DECLS
