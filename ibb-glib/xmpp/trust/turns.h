/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The turns of comparing digits: one exchange with an unknown key at a time, and a pause that
 * doubles after each exchange that the peer broke off. Without turns somebody in between, who
 * learns the digits of this end before its user sees them, could try until they fit.
 *
 * A state without a clock: each time is given, in microseconds. Peers with a known key have no part
 * in it.
 */

#pragma once

#include <glib.h>

typedef struct
{
  guint  n_broken; /* exchanges that were broken off, one after the other */
  gint64 until;    /* none begins before */
} IBBPause;

typedef struct
{
  gboolean    is_taken[2]; /* by this end as the client, and as the server */
  IBBPause    all;
  GHashTable *names;   /* (owned) (element-type utf8 IBBPause) */
  GHashTable *waiting; /* (owned) (element-type utf8 guint): how many of a name */
  /* (owned) (element-type utf8): names to which this end has said yes, as the client, and as the
   * server, and which have not answered. */
  GHashTable *accepted[2];
} IBBTurns;

void ibb_turns_init (IBBTurns *self);
void ibb_turns_clear (IBBTurns *self);

/* Returns 0 if the exchange with name may begin: its turn is taken then. Otherwise when to ask
 * again at the latest; G_MAXINT64: when another turn has ended. */
gint64 ibb_turns_take (IBBTurns *self, const char *name, gboolean as_server, gint64 now);
/* Whether one more exchange with name may wait: until ibb_turns_stop_waiting (), turn or not. Those
 * of one name keep no place from others. */
gboolean ibb_turns_start_waiting (IBBTurns *self, const char *name);
void     ibb_turns_stop_waiting (IBBTurns *self, const char *name);
/* A turn ends without a pause. is_trusted: each end trusts the other, and what was broken off
 * before with name counts no more. */
void ibb_turns_end (IBBTurns *self, const char *name, gboolean as_server, gboolean is_trusted);
/* A turn ends, as this end has said yes. Further exchanges with name wait for ibb_turns_settle ():
 * then the key may be known, and the user is not asked twice. */
void ibb_turns_accept (IBBTurns *self, const char *name, gboolean as_server);
void ibb_turns_settle (IBBTurns *self, const char *name, gboolean as_server, gboolean is_trusted);
/* A turn ends, as the peer broke off. Returns the pause of name: none begins until then. */
IBBPause ibb_turns_break_off (IBBTurns *self, const char *name, gboolean as_server, gint64 now);
