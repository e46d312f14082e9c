/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How many requests of peers wait for an answer of our application, by bare JID
 * (D-47).
 */

#pragma once

#include <glib.h>

#include "core/peer/context.h"

G_BEGIN_DECLS

struct _IBBRequests
{
  GHashTable *by_jid; /* (element-type utf8 guint): how many, by bare JID */
  guint       n;
};

IBBRequests *ibb_requests_new (void);
void         ibb_requests_free (IBBRequests *self);
/* peer: a normalised JID, full or bare. is_domain: we have all addresses of one. */
gboolean ibb_requests_have_room (IBBRequests *self, const char *peer, gboolean is_domain);
void     ibb_requests_add (IBBRequests *self, const char *peer);
void     ibb_requests_remove (IBBRequests *self, const char *peer);

G_END_DECLS
