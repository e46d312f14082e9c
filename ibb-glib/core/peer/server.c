/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/peer/server.h"

static void
server_free (gpointer data)
{
  IBBServer *self = data;

  g_free (self->domain);
  g_free (self);
}

static void
ask (IBBServer *self)
{
  IBBContext *context = self->context;

  ibb_pendings_add (context->pendings, &self->query, IBB_PENDING_SERVER,
                    ibb_ids_create (&context->ids), self->domain, self);
  ibb_control_push (&context->control,
                    ibb_stanza_record_new (IBB_STANZA_IQ, "get", IBB_PAYLOAD_DISCO_QUERY,
                                           self->query.id, self->domain));
}

IBBServer *
ibb_servers_use (IBBContext *context, const char *domain)
{
  IBBServer *server;

  if (context->servers == NULL)
    context->servers = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, server_free);
  server = g_hash_table_lookup (context->servers, domain);
  if (server == NULL)
    {
      server = g_new0 (IBBServer, 1);
      server->context = context;
      server->domain = g_strdup (domain);
      g_hash_table_insert (context->servers, server->domain, server);
      ask (server);
    }
  server->n_users++;
  return server;
}

static void
forget_query (IBBServer *self)
{
  ibb_pendings_remove (self->context->pendings, &self->query);
}

void
ibb_server_leave (IBBServer *self)
{
  if (--self->n_users > 0)
    return;

  forget_query (self); /* nobody waits for the answer any more */
  g_hash_table_remove (self->context->servers, self->domain);
}

void
ibb_server_answered (IBBServer *self, const IBBStanza *answer)
{
  forget_query (self);
  self->heeds_rules = answer != NULL && answer->payload == IBB_PAYLOAD_DISCO_INFO &&
                      answer->features != NULL &&
                      g_strv_contains ((const char *const *) answer->features, IBB_AMP_NAMESPACE);
}
