/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Another implementation of XEP-0047, small and by itself: one conversation
 * after the habits of the schedule (rows H and B of doc/protocol.md). It is believed in
 * one thing only: which bytes it wrote, and which it took in order. */

#include "config.h"

#include "world.h"

#include <string.h>

#include "core/session/session.h"
#include "stanza/namespaces.h"

#define RETRY_WAIT SECOND
#define MAX_RETRIES 5
#define POOL_DELAY (20 * MILLISECOND)

typedef enum
{
  STATE_OPENING,
  STATE_OPEN,
  STATE_CLOSING, /* its close is out */
  STATE_OVER,
} State;

typedef struct
{
  char     id[24];
  guint64  offset;
  guint    length;
  guint16  seq;
  gboolean as_message;
} Sent;

typedef struct
{
  Peer      *peer;
  End       *end; /* what is known of it outside */
  char       sid[IBB_SID_MAX_LENGTH + 1];
  State      state;
  gboolean   by_message;
  guint      block_size;
  gint64     registered; /* it knows its own session from then on (H-04) */
  char       open_id[24];
  char       close_id[24];
  IBBStanza *owed; /* (nullable): a close that is answered when the rest is out */

  guint16  expected; /* seq */
  gboolean broken;   /* it spent a number: what comes now is not in order (B-07) */

  guint64  offset; /* of the next block */
  guint16  seq;
  GQueue   flight; /* (element-type Sent) */
  gint64   next_write;
  guint    retries;
  gboolean waits; /* before it tries again */
} Talk;

struct _Peer
{
  World     *world;
  Node      *node;
  GPtrArray *talks; /* (element-type Talk) */
  gint64     busy_until;
  guint64    n_ids;
  gboolean   spent; /* its permission (H-09) */
};

typedef enum
{
  TASK_HANDLE,   /* stanza */
  TASK_WRITE,    /* talk */
  TASK_RETRY,    /* talk */
  TASK_PATIENCE, /* talk, id of the block */
} TaskKind;

typedef struct
{
  TaskKind   kind;
  IBBStanza *stanza; /* (owned) (nullable) */
  Talk      *talk;
  char       id[24];
} Task;

static const Habits *
get_habits (Peer *self)
{
  return &self->world->schedule.habits;
}

static void
talk_free (gpointer data)
{
  Talk *self = data;

  g_queue_clear_full (&self->flight, g_free);
  g_clear_pointer (&self->owed, ibb_stanza_record_unref);
  g_free (self);
}

void
peer_start (Node *node)
{
  node->peer = g_new0 (Peer, 1);
  node->peer->world = node->world;
  node->peer->node = node;
  node->peer->talks = g_ptr_array_new_with_free_func (talk_free);
}

void
peer_clear (Node *node)
{
  if (node->peer == NULL)
    return;
  g_ptr_array_unref (node->peer->talks);
  g_clear_pointer (&node->peer, g_free);
}

void
peer_task_free (gpointer data)
{
  Task *task = data;

  g_clear_pointer (&task->stanza, ibb_stanza_record_unref);
  g_free (task);
}

static void
post (Peer *self, TaskKind kind, Talk *talk, const char *id, IBBStanza *stanza, gint64 time)
{
  Task *task = g_new0 (Task, 1);

  task->kind = kind;
  task->talk = talk;
  task->stanza = stanza;
  if (id != NULL)
    g_strlcpy (task->id, id, sizeof task->id);
  world_post (self->world, time, EVENT_PEER, self->node->index, 0, task);
}

static void
send (Peer *self, IBBStanza *stanza)
{
  World *world = self->world;
  Node  *to = server_find (world, stanza->to);

  if (stanza->from == NULL)
    stanza->from = g_strdup (self->node->jid);
  world->n_stanzas++;
  if (world->verbose)
    world_trace (world, "%c -> * %s (peer)", 'A' + (char) self->node->index,
                 stanza_describe (stanza));
  check_asked (world, self->node, stanza);
  if (to != NULL)
    server_deliver (world, self->node->index, to, stanza, world->now);
  else
    ibb_stanza_record_unref (stanza);
}

static void
send_result (Peer *self, IBBStanza *request)
{
  send (self, ibb_stanza_record_new_result (request));
}

static void
send_error (Peer *self, IBBStanza *request, IBBCondition condition, IBBErrorType type)
{
  send (self, ibb_stanza_record_new_error (request, condition, type, NULL));
}

static IBBStanza *
new_request (Talk *talk, IBBPayload payload, char *id, gsize id_size)
{
  Peer      *self = talk->peer;
  Node      *to = &self->world->nodes[talk->end->peer];
  IBBStanza *stanza;

  g_snprintf (id, id_size, "p%" G_GUINT64_FORMAT, ++self->n_ids);
  stanza = ibb_stanza_record_new (IBB_STANZA_IQ, "set", payload, id, to->jid);
  stanza->sid = g_strdup (talk->sid);
  return stanza;
}

static Talk *
find_talk (Peer *self, const char *sid)
{
  for (guint i = self->talks->len; sid != NULL && i-- > 0;)
    {
      Talk *talk = g_ptr_array_index (self->talks, i);

      if (strcmp (talk->sid, sid) == 0)
        return talk;
    }
  return NULL;
}

static Talk *
new_talk (Peer *self, End *end, const char *sid)
{
  Talk *talk = g_new0 (Talk, 1);

  talk->peer = self;
  talk->end = end;
  talk->by_message = end->by_message;
  talk->block_size = end->block_size;
  g_strlcpy (talk->sid, sid, sizeof talk->sid);
  g_ptr_array_add (self->talks, talk);
  return talk;
}

/* ---- writing ---- */

static void
begin_close (Talk *talk)
{
  talk->state = STATE_CLOSING;
  send (talk->peer, new_request (talk, IBB_PAYLOAD_CLOSE, talk->close_id, sizeof talk->close_id));
}

/* The rest of what it meant to send is lost, and a reader must not take the close that comes now
 * for the end of it. */
static void
give_up (Talk *talk, gboolean close)
{
  world_trace (talk->peer->world, "the peer gives up");
  if (talk->end->plan->total > talk->end->wrote)
    talk->end->wrote = talk->end->plan->total;
  if (close && talk->state == STATE_OPEN)
    begin_close (talk);
  else
    talk->state = STATE_OVER;
}

static void
put_block (Talk *talk, Sent *block)
{
  Peer         *self = talk->peer;
  const Habits *habits = get_habits (self);
  char          id[24];
  guint8       *bytes = g_malloc (block->length + 1);
  IBBStanza    *stanza = new_request (talk, IBB_PAYLOAD_DATA, id, sizeof id);

  if (block->id[0] == '\0')
    g_strlcpy (block->id, id, sizeof block->id);
  g_free (stanza->id);
  stanza->id = g_strdup (block->id);
  if (block->as_message)
    {
      stanza->name = IBB_STANZA_MESSAGE;
      ibb_stanza_record_set_kind (stanza, NULL);
    }
  pattern_fill (talk->end->key_out, block->offset, bytes, block->length);
  stanza->bytes = g_bytes_new_take (bytes, block->length);
  stanza->seq = block->seq;
  stanza->seq_valid = TRUE;
  stanza->text_length = IBB_BASE64_ENCODED_LENGTH (block->length);
  stanza->base64 = IBB_BASE64_EXACT;
  if (habits->white_space)
    {
      stanza->base64 = IBB_BASE64_LENIENT;
      stanza->text_length += stanza->text_length / 64 + 1; /* lines */
    }
  send (self, stanza);
  if (habits->patience > 0 && !block->as_message)
    post (self, TASK_PATIENCE, talk, block->id, NULL, self->world->now + habits->patience);
}

static void
send_next (Talk *talk)
{
  Peer         *self = talk->peer;
  World        *world = self->world;
  const Habits *habits = get_habits (self);
  Sent         *block = g_new0 (Sent, 1);
  guint64       most = talk->end->plan->total - talk->offset;

  most = MIN (MIN (most, talk->block_size), habits->block_max);
  block->length =
      (guint) (random_percent (&world->random, 60) ? most
                                                   : 1 + random_below (&world->random, most));
  if (random_percent (&world->random, habits->empty))
    block->length = 0;
  block->offset = talk->offset;
  block->seq = talk->seq++;
  block->as_message = talk->by_message;
  talk->offset += block->length;
  talk->end->wrote = MAX (talk->end->wrote, talk->offset);
  g_queue_push_tail (&talk->flight, block);
  put_block (talk, block);
  if (block->as_message)
    g_free (g_queue_pop_tail (&talk->flight)); /* nothing will come */
}

static gboolean
is_written (Talk *talk)
{
  return talk->offset == talk->end->plan->total && g_queue_is_empty (&talk->flight);
}

static void
check_done (Talk *talk)
{
  Peer         *self = talk->peer;
  const Habits *habits = get_habits (self);

  if (!is_written (talk))
    return;
  if (talk->owed != NULL)
    {
      talk->state = STATE_OVER;
      send_result (self, talk->owed);
      g_clear_pointer (&talk->owed, ibb_stanza_record_unref);
      return;
    }
  if (talk->state != STATE_OPEN || !habits->closes)
    return;
  /* A peer that wants to receive everything knows how much that is. */
  if (habits->conforms && talk->end->other != NULL &&
      talk->end->last_received < talk->end->other->plan->total)
    return;
  begin_close (talk);
}

static void
write_more (Talk *talk)
{
  Peer         *self = talk->peer;
  World        *world = self->world;
  const Habits *habits = get_habits (self);
  gint64        gap = talk->end->plan->write_gap;

  if (talk->state != STATE_OPEN || talk->waits)
    return;
  if (world->now < talk->registered)
    {
      post (self, TASK_WRITE, talk, NULL, NULL, talk->registered);
      return;
    }
  while (talk->offset < talk->end->plan->total &&
         g_queue_get_length (&talk->flight) < MAX (habits->pipeline, 1))
    {
      if (world->now < talk->next_write)
        {
          post (self, TASK_WRITE, talk, NULL, NULL, talk->next_write);
          return;
        }
      send_next (talk);
      if (gap > 0)
        talk->next_write = world->now + (gint64) random_below (&world->random, (guint64) gap + 1);
    }
  check_done (talk);
}

/* Back to the first that has no acknowledgement, all as they were. */
static void
try_again (Talk *talk)
{
  talk->waits = FALSE;
  if (talk->state != STATE_OPEN)
    return;
  for (GList *l = talk->flight.head; l != NULL; l = l->next)
    put_block (talk, l->data);
}

static Sent *
find_sent (Talk *talk, const char *id)
{
  for (GList *l = talk->flight.head; l != NULL; l = l->next)
    if (g_strcmp0 (((Sent *) l->data)->id, id) == 0)
      return l->data;
  return NULL;
}

static void
lose_patience (Talk *talk, const char *id)
{
  Sent *block = find_sent (talk, id);

  if (talk->state != STATE_OPEN || block == NULL)
    return;
  talk->end->gave_up_at = block->offset + block->length;
  give_up (talk, TRUE);
}

static void
block_answered (Talk *talk, Sent *block, IBBStanza *answer)
{
  Peer *self = talk->peer;

  if (answer->payload != IBB_PAYLOAD_ERROR)
    {
      g_queue_remove (&talk->flight, block);
      g_free (block);
      talk->retries = 0;
      write_more (talk);
      check_done (talk);
      return;
    }
  if (answer->condition == IBB_CONDITION_ITEM_NOT_FOUND)
    give_up (talk, FALSE);
  else if (get_habits (self)->gives_up || answer->error_type != IBB_ERROR_TYPE_WAIT ||
           talk->retries >= MAX_RETRIES)
    give_up (talk, TRUE);
  else if (!talk->waits)
    {
      talk->waits = TRUE;
      talk->retries++;
      post (self, TASK_RETRY, talk, NULL, NULL, self->world->now + RETRY_WAIT);
    }
}

/* ---- what comes ---- */

static void
handle_open (Peer *self, IBBStanza *stanza)
{
  World        *world = self->world;
  const Habits *habits = get_habits (self);
  Node         *from = server_find (world, stanza->from);
  End          *ours = check_find_end (world, NULL, from->index, self->node->index, stanza->sid);
  Talk         *talk;

  if (habits->never_accepts)
    return;
  if (self->spent || random_percent (&world->random, habits->refuse_open))
    {
      static const IBBCondition conditions[] = {
        IBB_CONDITION_NOT_ACCEPTABLE,
        IBB_CONDITION_ITEM_NOT_FOUND,
        IBB_CONDITION_SERVICE_UNAVAILABLE,
        IBB_CONDITION_FEATURE_NOT_IMPLEMENTED,
      };

      send_error (self, stanza,
                  self->spent ? IBB_CONDITION_NOT_ACCEPTABLE
                              : conditions[random_below (&world->random, 4)],
                  habits->type);
      return;
    }
  if (stanza->block_size > habits->max_block_size)
    {
      self->spent = habits->spends_permission;
      send_error (self, stanza, IBB_CONDITION_RESOURCE_CONSTRAINT, habits->type);
      return;
    }
  talk = new_talk (self, ours->other, stanza->sid);
  talk->state = STATE_OPEN;
  talk->block_size = stanza->block_size;
  if (habits->early)
    write_more (talk); /* its application hears of it first */
  send_result (self, stanza);
  write_more (talk);
}

static void
refuse_block (Talk *talk, IBBStanza *stanza)
{
  Peer         *self = talk->peer;
  const Habits *habits = get_habits (self);

  if (habits->consumes && stanza->seq == talk->expected)
    {
      talk->expected++;
      talk->broken = TRUE;
    }
  send_error (self, stanza, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_WAIT);
}

static void
take_block (Talk *talk, IBBStanza *stanza)
{
  Peer         *self = talk->peer;
  gsize         length;
  const guint8 *bytes = g_bytes_get_data (stanza->bytes, &length);

  talk->expected++;
  if (!talk->broken)
    {
      if (!pattern_matches (talk->end->key_in, talk->end->last_received, bytes, length))
        world_fail (self->world, "the peer got other bytes than were written at %" G_GUINT64_FORMAT,
                    talk->end->last_received);
      talk->end->last_received += length;
      self->world->n_bytes += length;
    }
  if (stanza->name == IBB_STANZA_IQ || get_habits (self)->iq_reply)
    send_result (self, stanza);
  check_done (talk);
}

static void
handle_data (Peer *self, IBBStanza *stanza)
{
  World        *world = self->world;
  const Habits *habits = get_habits (self);
  Talk         *talk = find_talk (self, stanza->sid);

  if (talk == NULL || talk->state == STATE_OVER || talk->state == STATE_OPENING || habits->mute ||
      world->now < talk->registered || (talk->state == STATE_CLOSING && habits->deaf))
    send_error (self, stanza, IBB_CONDITION_ITEM_NOT_FOUND, habits->type);
  else if (stanza->name == IBB_STANZA_IQ && random_percent (&world->random, habits->refuse))
    refuse_block (talk, stanza);
  else if (stanza->seq != talk->expected)
    {
      send_error (self, stanza, IBB_CONDITION_UNEXPECTED_REQUEST, habits->type);
      if (!habits->keeps)
        give_up (talk, habits->closes);
    }
  else
    take_block (talk, stanza);
}

static void
handle_close (Peer *self, IBBStanza *stanza)
{
  const Habits *habits = get_habits (self);
  Talk         *talk = find_talk (self, stanza->sid);

  if (talk == NULL || (talk->state == STATE_OVER && !habits->never_closes))
    {
      send_error (self, stanza, IBB_CONDITION_ITEM_NOT_FOUND, habits->type);
      return;
    }
  if (habits->never_closes)
    {
      talk->state = STATE_OVER;
      return;
    }
  if (habits->close_not_found)
    {
      talk->state = STATE_OVER;
      send_error (self, stanza, IBB_CONDITION_ITEM_NOT_FOUND, habits->type);
      return;
    }
  if (talk->state == STATE_OPEN && habits->remainder && !talk->by_message)
    while (talk->offset < talk->end->plan->total)
      send_next (talk);
  if (talk->state == STATE_OPEN && habits->finishes && !stanza->unclean && !is_written (talk))
    {
      g_clear_pointer (&talk->owed, ibb_stanza_record_unref);
      talk->owed = ibb_stanza_record_ref (stanza);
      return;
    }
  if (talk->state != STATE_CLOSING)
    talk->state = STATE_OVER;
  send_result (self, stanza);
}

static void
handle_disco (Peer *self, IBBStanza *stanza)
{
  const Habits *habits = get_habits (self);
  IBBStanza    *reply;

  if (habits->disco == 3)
    return;
  if (habits->disco == 0)
    {
      send_error (self, stanza, IBB_CONDITION_SERVICE_UNAVAILABLE, IBB_ERROR_TYPE_CANCEL);
      return;
    }
  reply = ibb_stanza_record_new_result (stanza);
  reply->payload = IBB_PAYLOAD_DISCO_INFO;
  reply->features =
      g_strdupv ((char *[]){ (char *) IBB_DISCO_INFO_NAMESPACE, (char *) IBB_NAMESPACE, NULL });
  if (habits->disco == 2)
    reply->identities =
        g_strdupv ((char *[]){ (char *) "client/bot/aioxmpp default identity", NULL });
  send (self, reply);
}

static void
open_answered (Talk *talk, IBBStanza *answer)
{
  Peer         *self = talk->peer;
  const Habits *habits = get_habits (self);

  talk->open_id[0] = '\0';
  if (answer->payload == IBB_PAYLOAD_ERROR && !habits->ignores_refusal)
    {
      talk->state = STATE_OVER;
      return;
    }
  talk->state = STATE_OPEN;
  talk->registered = self->world->now + habits->late;
  write_more (talk);
}

static void
handle_answer (Peer *self, IBBStanza *stanza)
{
  for (guint i = 0; i < self->talks->len; i++)
    {
      Talk *talk = g_ptr_array_index (self->talks, i);
      Sent *block;

      if (talk->open_id[0] != '\0' && g_strcmp0 (stanza->id, talk->open_id) == 0)
        open_answered (talk, stanza);
      else if (talk->close_id[0] != '\0' && g_strcmp0 (stanza->id, talk->close_id) == 0)
        talk->state = STATE_OVER;
      else if ((block = find_sent (talk, stanza->id)) != NULL && talk->state != STATE_OVER)
        block_answered (talk, block, stanza);
      else
        continue;
      return;
    }
}

static void
handle (Peer *self, IBBStanza *stanza)
{
  switch (stanza->payload)
    {
    case IBB_PAYLOAD_OPEN:
      handle_open (self, stanza);
      break;
    case IBB_PAYLOAD_DATA:
      handle_data (self, stanza);
      break;
    case IBB_PAYLOAD_CLOSE:
      handle_close (self, stanza);
      break;
    case IBB_PAYLOAD_DISCO_QUERY:
      handle_disco (self, stanza);
      break;
    case IBB_PAYLOAD_RESULT:
    case IBB_PAYLOAD_ERROR:
    case IBB_PAYLOAD_DISCO_INFO:
      handle_answer (self, stanza);
      break;
    case IBB_PAYLOAD_OTHER:
    case IBB_PAYLOAD_UNKNOWN:
    case IBB_PAYLOAD_PING:
    default:
      world_fail (self->world, "nobody asked for %s", stanza_describe (stanza));
      break;
    }
}

/* ---- what the world asks for ---- */

static gboolean
is_dead (Peer *self)
{
  gint64 dies = get_habits (self)->dies;

  return dies > 0 && self->world->now - self->world->start >= dies;
}

void
peer_receive (Node *node, IBBStanza *stanza)
{
  Peer         *self = node->peer;
  World        *world = self->world;
  const Habits *habits = get_habits (self);
  gint64        time = world->now;

  if (is_dead (self))
    return;
  if (habits->reorders && stanza->payload == IBB_PAYLOAD_DATA)
    time += (gint64) random_below (&world->random, POOL_DELAY);
  else
    {
      time += (gint64) random_below (&world->random, (guint64) habits->reaction + 1);
      time = MAX (time, self->busy_until);
      self->busy_until = time;
    }
  post (self, TASK_HANDLE, NULL, NULL, ibb_stanza_record_ref (stanza), time);
}

void
peer_run (Node *node, gpointer data)
{
  Peer *self = node->peer;
  Task *task = data;

  if (!is_dead (self))
    switch (task->kind)
      {
      case TASK_HANDLE:
        handle (self, task->stanza);
        break;
      case TASK_WRITE:
        write_more (task->talk);
        break;
      case TASK_RETRY:
        try_again (task->talk);
        break;
      case TASK_PATIENCE:
        lose_patience (task->talk, task->id);
        break;
      default:
        g_assert_not_reached ();
      }
  peer_task_free (task);
}

void
peer_open (Node *node, Session *session)
{
  Peer      *self = node->peer;
  guint      block_size = session->block_size != 0 ? session->block_size : 4096;
  char       sid[24];
  Talk      *talk;
  IBBStanza *open;

  g_snprintf (sid, sizeof sid, "peer%" G_GUINT64_FORMAT, ++self->n_ids);
  talk = new_talk (
      self,
      application_add_scripted (self->world, session, 0, sid, session->by_message, block_size),
      sid);
  open = new_request (talk, IBB_PAYLOAD_OPEN, talk->open_id, sizeof talk->open_id);
  open->block_size = block_size;
  open->block_size_valid = TRUE;
  open->by_message = session->by_message;
  open->by_message_valid = TRUE;
  send (self, open);
}
