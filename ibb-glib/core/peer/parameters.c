/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/peer/parameters.h"

#include <string.h>

#include "core/base/jid.h"

#define STANZA_OVERHEAD 320 /* tags, attributes, id, what a server adds (D-16) */
#define RULES_OVERHEAD 180  /* of a message (N-31) */

/* As our writer of stanzas escapes, and as servers do. */
static gsize
get_escaped_length (const char *text)
{
  gsize length = 0;

  for (const char *p = text; *p != '\0'; p++)
    switch (*p)
      {
      case '"':
      case '\'':
        length += strlen ("&quot;");
        break;
      case '&':
        length += strlen ("&amp;");
        break;
      case '<':
      case '>':
        length += strlen ("&lt;");
        break;
      default:
        length++; /* there are no control characters in a JID or a sid */
        break;
      }
  return length;
}

/* For each change of an address, as both are needed for each block. */
static void
prepare_stanzas (IBBParameters *self)
{
  g_clear_pointer (&self->pattern, ibb_stanza_record_unref);
  self->pattern =
      ibb_stanza_record_new (IBB_STANZA_IQ, NULL, IBB_PAYLOAD_OTHER, NULL, self->peer_jid);
  self->pattern->sid = g_strdup (self->key.sid);
  self->overhead = STANZA_OVERHEAD + get_escaped_length (self->peer_jid) +
                   get_escaped_length (self->local_jid) + get_escaped_length (self->key.sid);
  if (self->by_message)
    self->overhead += RULES_OVERHEAD;
}

void
ibb_parameters_init (IBBParameters *self,
                     IBBContext    *context,
                     gpointer       owner,
                     const IBBOpen *open,
                     gboolean       is_initiator)
{
  self->context = ibb_context_ref (context);
  self->owner = owner;
  self->by_message = open->by_message;
  self->block_size = open->block_size;
  self->is_initiator = is_initiator;
  self->peer_jid = g_strdup (open->peer);
  self->local_jid = g_strdup (open->local);
  self->key.sid = g_strdup (open->sid);
  self->key.peer = ibb_jid_normalize (open->peer);
  self->key.local = ibb_jid_normalize (open->local);
  self->is_own_jid = g_strcmp0 (self->key.local, context->local_normal) == 0;
  prepare_stanzas (self);
}

void
ibb_parameters_clear (IBBParameters *self)
{
  ibb_stanza_record_unref (self->pattern);
  g_free (self->peer_jid);
  g_free (self->local_jid);
  g_free (self->key.sid);
  g_free (self->key.peer);
  g_free (self->key.local);
  g_free (self->secret);
  ibb_context_unref (self->context);
}

static void
replace (char **text, const char *with)
{
  if (with == NULL)
    return;

  g_free (*text);
  *text = g_strdup (with);
}

void
ibb_parameters_move (IBBParameters *self,
                     const char    *peer_jid,
                     const char    *peer,
                     const char    *local_jid,
                     const char    *local)
{
  replace (&self->peer_jid, peer_jid);
  replace (&self->key.peer, peer);
  replace (&self->local_jid, local_jid);
  replace (&self->key.local, local);
  prepare_stanzas (self);
}

void
ibb_parameters_set_secret (IBBParameters *self, const char *secret)
{
  g_free (self->secret);
  self->secret = g_strdup (secret);
}

guint
ibb_parameters_hash (gconstpointer key)
{
  const IBBSessionKey *session = key;

  return g_str_hash (session->sid) ^ (g_str_hash (session->peer) * 31) ^
         (g_str_hash (session->local) * 131);
}

gboolean
ibb_parameters_equal (gconstpointer a, gconstpointer b)
{
  const IBBSessionKey *session_a = a;
  const IBBSessionKey *session_b = b;

  return g_str_equal (session_a->sid, session_b->sid) &&
         g_str_equal (session_a->peer, session_b->peer) &&
         g_str_equal (session_a->local, session_b->local);
}

char *
ibb_parameters_dup_from (const IBBParameters *self)
{
  if (self->is_own_jid || g_strcmp0 (self->key.local, self->context->local_normal) == 0)
    return NULL;
  return g_strdup (self->local_jid);
}

IBBStanza *
ibb_parameters_create_stanza (const IBBParameters *self,
                              IBBStanzaName        name,
                              const char          *kind,
                              IBBPayload           payload,
                              const char          *id)
{
  IBBStanza *stanza = ibb_stanza_record_new_like (self->pattern, name, kind, payload, id);

  if (payload == IBB_PAYLOAD_RESULT)
    stanza->sid = NULL;
  stanza->from = ibb_parameters_dup_from (self);
  return stanza;
}

gsize
ibb_parameters_get_length (const IBBParameters *self, gsize size)
{
  return self->overhead + (size + 2) / 3 * 4;
}

/* The lesser one of both limits of a stanza; 0: none. */
static gsize
get_stanza_limit (const IBBContext *context)
{
  if (context->named_limit == 0 || context->learnt_limit == 0)
    return MAX (context->named_limit, context->learnt_limit);
  return MIN (context->named_limit, context->learnt_limit);
}

gsize
ibb_parameters_get_room (const IBBParameters *self)
{
  gsize limit = get_stanza_limit (self->context);

  if (limit == 0)
    return G_MAXSIZE;
  return (MAX (limit, self->overhead) - self->overhead) / 4 * 3;
}

gboolean
ibb_parameters_have_room (const IBBParameters *self)
{
  return ibb_parameters_get_room (self) >= MIN (self->block_size, IBB_SENDING_SIZE_MIN);
}
