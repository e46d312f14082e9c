/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What an engine knows of one peer JID: whether it may get several blocks at
 * once (D-29), and whether it still answers (the probe of D-27).
 */

#pragma once

#include <glib.h>

#include "core/engine.h"
#include "core/timer.h"

G_BEGIN_DECLS

typedef enum
{
  IBB_ORDER_UNKNOWN,
  IBB_ORDER_ASKED,     /* disco#info is under way */
  IBB_ORDER_KEPT,      /* its features or identity say that blocks keep their order */
  IBB_ORDER_UNCERTAIN, /* nothing says so, or it reordered: one block at a time */
} IBBOrder;

typedef struct _IBBPeer IBBPeer;

struct _IBBPeer
{
  IBBEngine *engine;    /* (unowned) */
  char      *jid;       /* normalised: the key among the engine's peers */
  char      *address;   /* as the application or the peer wrote it */
  GQueue     sessions;  /* (element-type IBBSession): those in the table, by their peer_link */
  GList      idle_link; /* in the engine's idle peers while it has no session */

  IBBOrder order;
  gboolean has_our_feature;
  gboolean reorders; /* it answered unexpected-request with several blocks in flight */
  char    *query;    /* (nullable): id of the disco#info query under way */

  char    *probe;       /* (nullable): id of the probe under way */
  gint64   next_probe;  /* not before */
  IBBTimer probe_timer; /* the probe's answer is overdue */
};

/* The peer of that JID, made when it is new. */
IBBPeer *ibb_peer_get (IBBEngine *engine, const char *normal_jid, const char *address);
void     ibb_peer_free (IBBPeer *self);
void     ibb_peer_add_session (IBBPeer *self, IBBSession *session);
void     ibb_peer_remove_session (IBBPeer *self, IBBSession *session);

void ibb_peer_ask_order (IBBPeer *self);
void ibb_peer_order_answered (IBBPeer *self, IBBStanza *answer, gint64 now);
void ibb_peer_set_reorders (IBBPeer *self);

/* Starts a probe unless one is under way or was lately. */
void ibb_peer_probe (IBBPeer *self, gint64 now);
void ibb_peer_probe_answered (IBBPeer *self, IBBStanza *answer, gint64 now);

G_END_DECLS
