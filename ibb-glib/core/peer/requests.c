/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/peer/requests.h"

#include "core/base/jid.h"

/* How many opens may wait for the answer of the application. IBBAcceptor refuses more (D-47). */
#define REQUESTS_MAX 16
#define REQUESTS_MAX_OF_DOMAIN 1000
#define REQUESTS_MAX_PER_JID 4

IBBRequests *
ibb_requests_new (void)
{
  IBBRequests *self = g_new0 (IBBRequests, 1);

  self->by_jid = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
ibb_requests_free (IBBRequests *self)
{
  g_hash_table_unref (self->by_jid);
  g_free (self);
}

static guint
count (IBBRequests *self, const char *bare)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->by_jid, bare));
}

gboolean
ibb_requests_have_room (IBBRequests *self, const char *peer, gboolean is_domain)
{
  g_autofree char *bare = ibb_jid_dup_bare (peer);

  return self->n < (is_domain ? REQUESTS_MAX_OF_DOMAIN : REQUESTS_MAX) &&
         count (self, bare) < REQUESTS_MAX_PER_JID;
}

void
ibb_requests_add (IBBRequests *self, const char *peer)
{
  char *bare = ibb_jid_dup_bare (peer);
  guint n = count (self, bare);

  g_hash_table_replace (self->by_jid, bare, GUINT_TO_POINTER (n + 1));
  self->n++;
}

void
ibb_requests_remove (IBBRequests *self, const char *peer)
{
  g_autofree char *bare = ibb_jid_dup_bare (peer);
  guint            n = count (self, bare);

  g_assert (n > 0);
  self->n--;
  if (n == 1)
    g_hash_table_remove (self->by_jid, bare);
  else
    g_hash_table_replace (self->by_jid, g_steal_pointer (&bare), GUINT_TO_POINTER (n - 1));
}
