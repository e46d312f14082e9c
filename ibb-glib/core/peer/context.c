/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/peer/context.h"

#include <string.h>

#include "core/base/jid.h"

/* Opens that wait for the answer of the application (D-47). */
#define REQUESTS_MAX 16
#define REQUESTS_MAX_OF_DOMAIN 1000
#define REQUESTS_MAX_PER_JID 4

IBBContext *
ibb_context_new (IBBRandomFunc random, gpointer random_data, GHashTable *sessions)
{
  IBBContext *self = g_new0 (IBBContext, 1);

  g_ref_count_init (&self->ref_count);
  self->settings = (IBBSettings) IBB_SETTINGS_INIT;
  self->ids = (IBBIds){ random, random_data };
  self->sessions = sessions;
  self->resumable =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_queue_free);
  self->requests = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->pendings = g_hash_table_new (g_str_hash, g_str_equal);
  ibb_timers_init (&self->timers);
  ibb_timers_init (&self->waits);
  self->memory = (IBBMemory){ .settings = &self->settings, .control = &self->control };
  return self;
}

IBBContext *
ibb_context_ref (IBBContext *self)
{
  g_ref_count_inc (&self->ref_count);
  return self;
}

void
ibb_context_unref (IBBContext *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;

  ibb_control_clear (&self->control);
  g_hash_table_unref (self->sessions);
  g_hash_table_unref (self->resumable);
  g_hash_table_unref (self->requests);
  g_hash_table_unref (self->pendings);
  ibb_timers_clear (&self->waits);
  ibb_timers_clear (&self->timers);
  g_free (self->local_jid);
  g_free (self->local_normal);
  g_free (self->server);
  g_free (self);
}

/* Another server may take other lengths. */
static void
note_server (IBBContext *self)
{
  g_autofree char *server = ibb_jid_dup_domain (self->local_normal);

  if (g_strcmp0 (server, self->server) == 0)
    return;

  g_free (self->server);
  self->server = g_steal_pointer (&server);
  self->learnt_limit = 0;
}

void
ibb_context_set_local_jid (IBBContext *self, const char *jid)
{
  g_free (self->local_jid);
  g_free (self->local_normal);
  self->local_jid = g_strdup (jid);
  self->local_normal = jid != NULL ? ibb_jid_normalize (jid) : NULL;
  self->is_domain = self->local_normal != NULL && strpbrk (self->local_normal, "@/") == NULL;
  if (self->local_normal != NULL)
    note_server (self);
}

gboolean
ibb_context_may_get (const IBBContext *self, const char *jid)
{
  return !self->is_domain || (jid != NULL && ibb_jid_is_of_domain (jid, self->local_normal));
}

static guint
count_requests (IBBContext *self, const char *bare)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->requests, bare));
}

gboolean
ibb_context_has_room_for_request (IBBContext *self, const char *peer)
{
  g_autofree char *bare = ibb_jid_dup_bare (peer);

  return self->n_requests < (self->is_domain ? REQUESTS_MAX_OF_DOMAIN : REQUESTS_MAX) &&
         count_requests (self, bare) < REQUESTS_MAX_PER_JID;
}

void
ibb_context_add_request (IBBContext *self, const char *peer)
{
  char *bare = ibb_jid_dup_bare (peer);
  guint n = count_requests (self, bare);

  g_hash_table_replace (self->requests, bare, GUINT_TO_POINTER (n + 1));
  self->n_requests++;
}

void
ibb_context_remove_request (IBBContext *self, const char *peer)
{
  g_autofree char *bare = ibb_jid_dup_bare (peer);
  guint            n = count_requests (self, bare);

  g_assert (n > 0);
  self->n_requests--;
  if (n == 1)
    g_hash_table_remove (self->requests, bare);
  else
    g_hash_table_replace (self->requests, g_steal_pointer (&bare), GUINT_TO_POINTER (n - 1));
}
