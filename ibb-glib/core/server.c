/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/engine-private.h"
#include "core/server.h"

IBBServer *
ibb_server_use (IBBEngine *engine, const char *domain)
{
  IBBServer *self = g_hash_table_lookup (engine->servers, domain);

  if (self == NULL)
    {
      self = g_new0 (IBBServer, 1);
      self->engine = engine;
      self->domain = g_strdup (domain);
      g_hash_table_insert (engine->servers, self->domain, self);
      self->query = ibb_engine_new_id (engine);
      ibb_engine_add_pending (engine, IBB_PENDING_SERVER, self->query, domain)->server = self;
      ibb_engine_queue_control (engine, ibb_stanza_record_new (IBB_STANZA_IQ, "get",
                                                               IBB_PAYLOAD_DISCO_QUERY, self->query,
                                                               domain));
    }
  self->n_users++;
  return self;
}

static void
forget_query (IBBServer *self)
{
  if (self->query != NULL)
    ibb_engine_remove_pending (self->engine, self->query);
  g_clear_pointer (&self->query, g_free);
}

void
ibb_server_leave (IBBServer *self)
{
  if (--self->n_users > 0)
    return;

  forget_query (self); /* nobody waits for the answer any more */
  g_hash_table_remove (self->engine->servers, self->domain);
}

void
ibb_server_free (IBBServer *self)
{
  g_free (self->domain);
  g_free (self->query);
  g_free (self);
}

void
ibb_server_answered (IBBServer *self, IBBStanza *answer)
{
  forget_query (self);
  self->heeds_rules = answer->payload == IBB_PAYLOAD_DISCO_INFO && answer->features != NULL &&
                      g_strv_contains ((const char *const *) answer->features, IBB_AMP_NAMESPACE);
}
