/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Each request gets one answer (N-20). */

#include "config.h"

#include "world.h"

#define ERROR_REPLIES_MAX 1000 /* that wait to be sent (D-47) */
#define QUEUED_MAX 400         /* the same, behind which results are not repeated */

/* An IQ that awaits its answer (N-20). */
typedef struct
{
  gint64   key; /* of from, to and id */
  guint    sent;
  guint    removed; /* by a fault */
  guint    doubled;
  guint    answers;
  guint    from;
  guint    to;
  gboolean is_open;
  gboolean is_repeat; /* it was answered before */
  char     what[24];
} Request;

static gint64
request_key (guint from, guint to, const char *id)
{
  return (gint64) random_mix (hash_string (id) ^ ((guint64) from << 8) ^ to);
}

gboolean
question_is_answer (const IBBStanza *stanza)
{
  return ibb_stanza_record_is_kind (stanza, "result") ||
         ibb_stanza_record_is_kind (stanza, "error");
}

static Request *
get_request (World *self, guint from, guint to, const IBBStanza *stanza)
{
  gint64   key = request_key (from, to, stanza->id);
  Request *request = g_hash_table_lookup (self->requests, &key);

  if (request == NULL)
    {
      request = g_new0 (Request, 1);
      request->key = key;
      request->from = from;
      request->to = to;
      request->is_open = stanza->payload == IBB_PAYLOAD_OPEN;
      g_strlcpy (request->what, stanza->id, sizeof request->what);
      g_hash_table_add (self->requests, request);
    }
  return request;
}

void
question_asked (World *self, guint from, guint to, const IBBStanza *stanza)
{
  if (stanza->id == NULL)
    world_fail (self, "an IQ without an id");
  else
    get_request (self, from, to, stanza)->sent++;
}

/* The request is answered. It may come again, with the same id. */
static void
settle (Request *request)
{
  if (request->answers != request->sent - request->removed + request->doubled)
    return;
  request->is_repeat = TRUE;
  request->sent = request->removed = request->doubled = request->answers = 0;
}

void
question_answered (World *self, guint from, guint to, const IBBStanza *stanza)
{
  gint64   key = request_key (to, from, stanza->id);
  Request *request = g_hash_table_lookup (self->requests, &key);

  if (request == NULL || request->answers >= request->sent - request->removed + request->doubled)
    {
      world_fail (self, "%c answers %c twice, or what was never asked: %s", 'A' + (char) from,
                  'A' + (char) to, stanza_describe (stanza));
      return;
    }
  request->answers++;
  self->answers_open = request->is_open;
  settle (request);
}

void
question_removed (World *self, guint from, guint to, const IBBStanza *stanza)
{
  gint64   key = request_key (from, to, stanza->id);
  Request *request = g_hash_table_lookup (self->requests, &key);

  if (request == NULL || request->sent == 0 || stanza->name != IBB_STANZA_IQ)
    return;
  request->removed++;
  settle (request);
}

/* The request arrives once more than it was sent, and may be answered once more. */
void
question_doubled (World *self, guint from, guint to, const IBBStanza *stanza)
{
  if (stanza->name == IBB_STANZA_IQ && !question_is_answer (stanza))
    get_request (self, from, to, stanza)->doubled++;
}

/* While a session is interrupted, some requests are not answered: they come again. */
static gboolean
may_ignore (World *self, guint node, guint peer)
{
  for (guint i = 0; i < self->ends->len; i++)
    {
      End *end = g_ptr_array_index (self->ends, i);

      if (end->node == node && end->peer == peer && end->is_resumable)
        return TRUE;
    }
  return FALSE;
}

void
question_check_all (World *self)
{
  GHashTableIter iter;
  gpointer       value;

  g_hash_table_iter_init (&iter, self->requests);
  while (g_hash_table_iter_next (&iter, &value, NULL) && self->failure == NULL)
    {
      const Request *request = value;

      if (request->answers == 0 && request->sent > request->removed &&
          !self->nodes[request->to].was_cut && !may_ignore (self, request->to, request->from) &&
          self->schedule.profile != PROFILE_LOGINS &&
          self->nodes[request->to].driver.engine != NULL &&
          self->nodes[request->to].n_errors < (request->is_repeat ? QUEUED_MAX : ERROR_REPLIES_MAX))
        world_fail (self, "%c never answered %c: %s", 'A' + (char) request->to,
                    'A' + (char) request->from, request->what);
    }
}
