/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The network between the engines: connections that take time, a server that routes, in order
 * between each two addresses, and everything that can go wrong. */

#include "config.h"

#include "stanza/namespaces.h"
#include "world.h"

#include <string.h>

Node *
server_find (World *self, const char *jid)
{
  if (jid != NULL)
    for (guint i = 0; i < self->schedule.n_nodes; i++)
      {
        Node *node = &self->nodes[i];

        /* The hostile one writes its address in more than one way (D-02). */
        if (strcmp (jid, node->jid) == 0 ||
            (node->hostile != NULL && g_ascii_strcasecmp (jid, node->jid) == 0))
          return node;
      }
  return NULL;
}

gsize
server_estimate (const IBBStanza *stanza)
{
  gsize length = 200;

  if (stanza->bytes != NULL)
    length += IBB_BASE64_ENCODED_LENGTH (g_bytes_get_size (stanza->bytes));
  return length;
}

const char *
stanza_describe (const IBBStanza *stanza)
{
  static char text[512];
  gsize       n = (gsize) g_snprintf (text, sizeof text, "%s %s id=%.8s",
                                stanza->name == IBB_STANZA_MESSAGE ? "message" : "iq",
                                      driver_describe (stanza), stanza->id != NULL ? stanza->id : "-");

  if (stanza->sid != NULL)
    n += (gsize) g_snprintf (text + n, sizeof text - n, " sid=%.8s", stanza->sid);
  if (stanza->payload == IBB_PAYLOAD_DATA)
    n += (gsize) g_snprintf (text + n, sizeof text - n, " seq=%u length=%" G_GSIZE_FORMAT,
                             stanza->seq,
                             stanza->bytes != NULL ? g_bytes_get_size (stanza->bytes) : 0);
  if (stanza->payload == IBB_PAYLOAD_OPEN)
    n += (gsize) g_snprintf (text + n, sizeof text - n, " block-size=%u", stanza->block_size);
  if (stanza->payload == IBB_PAYLOAD_CLOSE && stanza->unclean)
    n += (gsize) g_snprintf (text + n, sizeof text - n, " unclean");
  if (stanza->payload == IBB_PAYLOAD_CLOSE && stanza->reads)
    n += (gsize) g_snprintf (text + n, sizeof text - n, " reads");
  if (stanza->payload == IBB_PAYLOAD_ERROR)
    g_snprintf (text + n, sizeof text - n, " %s/%s", ibb_condition_to_string (stanza->condition),
                ibb_condition_type_to_string (stanza->error_type));
  return text;
}

gboolean
stanza_is_request (const IBBStanza *stanza)
{
  return stanza->name == IBB_STANZA_IQ && !ibb_stanza_record_is_kind (stanza, "result") &&
         !ibb_stanza_record_is_kind (stanza, "error");
}

/* Puts a stanza on the way from an address to a node, behind all that is on
 * that way already. from == n_nodes: the server speaks for itself. */
void
server_deliver (World *self, guint from, Node *to, IBBStanza *stanza, gint64 time)
{
  const Schedule *schedule = &self->schedule;
  gint64          delay =
      from < MAX_NODES ? schedule->delay[from][to->index] : schedule->server_delay[to->index];
  gint64 jitter = from < MAX_NODES ? schedule->jitter[from][to->index] : 0;
  gint64 arrival = time + delay + (gint64) random_below (&self->random, (guint64) jitter + 1);

  arrival = MAX (arrival, to->last_arrival[from]); /* order is kept */
  to->last_arrival[from] = arrival;
  world_post (self, arrival, EVENT_ARRIVE, to->index, from, stanza);
}

/* The server answers in the name of whom it could not reach. */
static void
send_back (World       *self,
           guint        from,
           Node        *to,
           IBBStanza   *stanza,
           IBBCondition condition,
           IBBErrorType type,
           gint64       time)
{
  IBBStanza *error = ibb_stanza_record_new_error (stanza, condition, type, NULL);

  /* A rule was heeded: it speaks in its own name (N-31). */
  if (stanza->has_rules)
    {
      g_free (error->from);
      error->from = g_strdup (SERVER);
    }
  server_deliver (self, from, to, error, time);
}

/* A fault that drops something may leave somebody waiting who cannot notice. */
static void
mark_may_hang (World *self, guint a, guint b, const char *sid)
{
  End *end;

  if ((end = check_find_end (self, NULL, a, b, sid)) != NULL)
    end->may_hang = TRUE;
  if ((end = check_find_end (self, NULL, b, a, sid)) != NULL)
    end->may_hang = TRUE;
}

/* A reply does not name its session: be generous to all between the two. */
static void
mark_pair (World *self, guint a, guint b)
{
  for (guint i = 0; i < self->ends->len; i++)
    {
      End *end = g_ptr_array_index (self->ends, i);

      if ((end->node == a && end->peer == b) || (end->node == b && end->peer == a))
        end->may_hang = TRUE;
    }
}

/* The last one of a session is not missed (D-36): who counts bytes waits for
 * ever, who reads to the end does not see that it is missing. */
static void
message_gone (World *self, Node *from, Node *to, IBBStanza *stanza)
{
  End *end = check_find_end (self, NULL, from->index, to->index, stanza->sid);

  if (end == NULL)
    return;
  end->message_lost = TRUE;
  end->may_hang = TRUE;
  if (end->other != NULL)
    end->other->may_hang = TRUE;
}

/* A block comes back, and may have been delivered nevertheless. */
static void
bounce (World *self, Node *from, Node *to, IBBStanza *stanza, gint64 time)
{
  static const IBBCondition passing[] = {
    IBB_CONDITION_RECIPIENT_UNAVAILABLE,
    IBB_CONDITION_REMOTE_SERVER_TIMEOUT,
    IBB_CONDITION_RESOURCE_CONSTRAINT,
    IBB_CONDITION_INTERNAL_SERVER_ERROR,
  };
  const Faults *faults = &self->schedule.faults;
  Random       *random = &self->random;
  IBBCondition  condition = passing[random_below (random, G_N_ELEMENTS (passing))];
  IBBErrorType  type = IBB_ERROR_TYPE_WAIT;

  if (random_permille (random, faults->bounce_final))
    {
      /* All conditions but the last, unexpected-request, by which only a peer says that it has
       * the block (D-28). */
      condition = (IBBCondition) random_below (random, IBB_CONDITION_UNEXPECTED_REQUEST);
      type = (IBBErrorType) random_below (random, IBB_ERROR_TYPE_WAIT + 1);
    }
  else if ((condition == IBB_CONDITION_RECIPIENT_UNAVAILABLE ||
            condition == IBB_CONDITION_REMOTE_SERVER_TIMEOUT) &&
           random_permille (random, faults->ambiguous))
    {
      world_trace (self, "  sent back and delivered");
      question_doubled (self, from->index, to->index, stanza);
      server_deliver (self, from->index, to, ibb_stanza_record_ref (stanza), time);
      send_back (self, to->index, from, stanza, condition, type, time);
      return;
    }
  world_trace (self, "  sent back: %s", ibb_condition_to_string (condition));
  if (stanza->name != IBB_STANZA_IQ)
    message_gone (self, from, to, stanza); /* unless it is sent again */
  question_removed (self, from->index, to->index, stanza);
  send_back (self, to->index, from, stanza, condition, type, time);
}

/* TRUE: a fault has dealt with it. */
static gboolean
suffer (World *self, Node *from, Node *to, IBBStanza *stanza, gint64 time)
{
  const Faults *faults = &self->schedule.faults;
  Random       *random = &self->random;
  gboolean      is_data = stanza->payload == IBB_PAYLOAD_DATA;
  gboolean      is_iq = stanza->name == IBB_STANZA_IQ;

  if (faults->stanza_limit > 0 && is_data && server_estimate (stanza) > faults->stanza_limit)
    {
      world_trace (self, "  too long");
      if (!is_iq)
        message_gone (self, from, to, stanza);
      question_removed (self, from->index, to->index, stanza);
      send_back (self, to->index, from, stanza, IBB_CONDITION_POLICY_VIOLATION, faults->limit_type,
                 time);
      return TRUE;
    }
  if (self->now - self->start > faults->faults_until)
    return FALSE;
  if (is_data && random_permille (random, faults->bounce))
    {
      bounce (self, from, to, stanza, time);
      return TRUE;
    }
  if ((stanza->payload == IBB_PAYLOAD_OPEN || stanza->payload == IBB_PAYLOAD_CLOSE) &&
      random_permille (random, faults->bounce_other))
    {
      world_trace (self, "  sent back");
      question_removed (self, from->index, to->index, stanza);
      mark_may_hang (self, from->index, to->index, stanza->sid);
      send_back (self, to->index, from, stanza,
                 (IBBCondition) random_below (random, IBB_N_CONDITIONS),
                 (IBBErrorType) random_below (random, IBB_ERROR_TYPE_WAIT + 1), time);
      return TRUE;
    }
  if (is_data && random_permille (random, is_iq ? faults->lose_data : faults->lose_message))
    {
      world_trace (self, "  lost");
      if (is_iq)
        question_removed (self, from->index, to->index, stanza);
      else
        message_gone (self, from, to, stanza);
      return TRUE;
    }
  if (is_iq && (stanza->payload == IBB_PAYLOAD_RESULT || stanza->payload == IBB_PAYLOAD_ERROR) &&
      random_permille (random, faults->lose_data))
    {
      world_trace (self, "  lost");
      mark_pair (self, from->index, to->index);
      return TRUE;
    }
  if (is_iq && !is_data && stanza->payload != IBB_PAYLOAD_RESULT &&
      random_permille (random, faults->lose_other))
    {
      world_trace (self, "  lost");
      question_removed (self, from->index, to->index, stanza);
      mark_pair (self, from->index, to->index);
      return TRUE;
    }
  return FALSE;
}

static void
answer_disco (World *self, Node *from, IBBStanza *stanza, gint64 time)
{
  IBBStanza *reply = ibb_stanza_record_new_result (stanza);

  reply->payload = IBB_PAYLOAD_DISCO_INFO;
  reply->features = g_new0 (char *, 2);
  reply->features[0] =
      g_strdup (self->schedule.server_disco == 2 ? IBB_AMP_NAMESPACE : IBB_DISCO_INFO_NAMESPACE);
  server_deliver (self, MAX_NODES, from, reply, time);
}

/* Any answer shows that the way is free (D-50). */
static void
answer_ping (World *self, Node *from, IBBStanza *stanza, gint64 time)
{
  IBBStanza *reply;

  switch (self->schedule.server_ping)
    {
    case 1:
      send_back (self, MAX_NODES, from, stanza, IBB_CONDITION_SERVICE_UNAVAILABLE,
                 IBB_ERROR_TYPE_CANCEL, time);
      return;
    case 3:
      world_trace (self, "  never answered");
      return;
    default:
      reply = ibb_stanza_record_new_result (stanza);
      if (self->schedule.server_ping == 2)
        g_clear_pointer (&reply->from, g_free);
      server_deliver (self, MAX_NODES, from, reply, time);
      return;
    }
}

/* The server's own answers: a ping, and a disco#info without us in it. */
static void
answer_as_server (World *self, Node *from, IBBStanza *stanza, gint64 time)
{
  if (!stanza_is_request (stanza))
    return;
  question_removed (self, from->index, MAX_NODES, stanza);
  if (stanza->payload == IBB_PAYLOAD_PING)
    answer_ping (self, from, stanza, time);
  else if (stanza->payload == IBB_PAYLOAD_DISCO_QUERY && self->schedule.server_disco == 3)
    world_trace (self, "  never answered");
  else if (stanza->payload == IBB_PAYLOAD_DISCO_QUERY && self->schedule.server_disco > 0)
    answer_disco (self, from, stanza, time);
  else
    send_back (self, MAX_NODES, from, stanza, IBB_CONDITION_SERVICE_UNAVAILABLE,
               IBB_ERROR_TYPE_CANCEL, time);
}

/* A stanza that waits for an XML stream to be resumed: between whom. */
typedef struct
{
  IBBStanza *stanza; /* (owned) */
  guint      from;
  Node      *to;
} Held;

static void
hold (Node *at, IBBStanza *stanza, guint from, Node *to)
{
  Held *held = g_new (Held, 1);

  *held = (Held){ stanza, from, to };
  g_queue_push_tail (&at->held, held);
}

/* Stanzas whose fate is to be reported: the lowest bit says that it was refused. */
#define REFUSED(pointer) ((GPOINTER_TO_SIZE (pointer) & 1) != 0)
#define STANZA(pointer) ((IBBStanza *) GSIZE_TO_POINTER (GPOINTER_TO_SIZE (pointer) & ~(gsize) 1))

static void
pass_on (World *self, Node *node, IBBStanza *stanza, gboolean refused)
{
  const Schedule *schedule = &self->schedule;
  gsize           length = server_estimate (stanza);
  guint64         rate = schedule->uplink_rate[node->index];

  g_queue_push_tail (
      &node->unsent,
      GSIZE_TO_POINTER (GPOINTER_TO_SIZE (ibb_stanza_record_ref (stanza)) | (refused ? 1 : 0)));
  node->unsent_bytes += length;
  node->uplink_free = MAX (node->uplink_free, node->jammed ? node->jammed_until : self->now);
  if (rate > 0)
    node->uplink_free += (gint64) (length * (guint64) SECOND / rate);
  world_post (self, node->uplink_free, EVENT_PASSED, node->index, node->incarnation, NULL);
}

static void
send_failed (World *self, Node *node, IBBStanza *stanza)
{
  IBBEngine *engines[3];

  driver_get_engines (&node->driver, engines);
  for (guint i = 0; engines[i] != NULL; i++)
    ibb_engine_send_failed (engines[i], stanza, self->now);
}

void
server_passed (World *self, Node *node, guint64 incarnation)
{
  gpointer   pointer;
  IBBStanza *stanza;

  if (node->incarnation != incarnation || node->suspended ||
      (pointer = g_queue_pop_head (&node->unsent)) == NULL)
    return;
  stanza = STANZA (pointer);
  node->unsent_bytes -= server_estimate (stanza);
  check_passed (self, node, stanza);
  if (REFUSED (pointer))
    {
      world_trace (self, "%s: the connection refuses %s", node->jid, stanza_describe (stanza));
      check_not_sent (node, stanza);
      send_failed (self, node, stanza);
    }
  else
    driver_sent (&node->driver, stanza);
  ibb_stanza_record_unref (stanza);
}

static gboolean
may_come_again (const IBBStanza *stanza)
{
  return stanza->payload == IBB_PAYLOAD_DATA || stanza->payload == IBB_PAYLOAD_RESULT ||
         stanza->payload == IBB_PAYLOAD_CLOSE || stanza->payload == IBB_PAYLOAD_ERROR ||
         stanza->payload == IBB_PAYLOAD_RESUME;
}

static void
remember (Node *to, guint from, IBBStanza *stanza)
{
  IBBStanza **place = &to->history[from][to->n_history[from]++ % MAX_REPLAYED];

  g_clear_pointer (place, ibb_stanza_record_unref);
  *place = ibb_stanza_record_ref (stanza);
}

/* A stream that was resumed sends again what was not known to have arrived,
 * in its order. */
static void
replay (World *self, guint from, Node *to, gint64 time)
{
  guint n = MIN (to->n_history[from], MAX_REPLAYED);

  n = 1 + (guint) random_below (&self->random, n);
  world_trace (self, "  and the last %u again", n);
  for (guint i = to->n_history[from] - n; i < to->n_history[from]; i++)
    {
      IBBStanza *stanza = to->history[from][i % MAX_REPLAYED];

      question_doubled (self, from, to->index, stanza);
      server_deliver (self, from, to, ibb_stanza_record_ref (stanza), time);
    }
}

/* The order between two addresses is not kept, as where a stream is resumed: a block, or a copy of
 * it, may come after the interruption that its absence has caused. TRUE: nothing comes in time. */
static gboolean
come_late (World *self, const Node *from, const Node *to, IBBStanza *stanza, gint64 time)
{
  gboolean is_alone;

  if (stanza->payload != IBB_PAYLOAD_DATA || stanza->name != IBB_STANZA_IQ ||
      !random_permille (&self->random, self->schedule.faults.late))
    return FALSE;

  is_alone = random_percent (&self->random, 70);
  world_trace (self, is_alone ? "  overtaken" : "  a copy will come late");
  if (!is_alone)
    question_doubled (self, from->index, to->index, stanza);
  world_post (self, time + (gint64) random_scaled (&self->random, 1, 2 * MINUTE), EVENT_ARRIVE,
              to->index, from->index, ibb_stanza_record_ref (stanza));
  logins_overtake (self, from);
  return is_alone;
}

/* Sends the stanza on, as it is or nearly so. */
static void
pass (World *self, Node *from, Node *to, IBBStanza *stanza, gint64 time)
{
  const Faults *faults = &self->schedule.faults;
  gboolean      peace = self->now - self->start > faults->faults_until;

  if (!peace && stanza->payload == IBB_PAYLOAD_RESULT && self->answers_open &&
      random_permille (&self->random, faults->late_result))
    {
      gint64 delay = self->schedule.delay[from->index][to->index];

      world_trace (self, "  overtaken");
      world_post (self, time + delay + random_between (&self->random, 0, 2 * delay + SECOND),
                  EVENT_ARRIVE, to->index, from->index, ibb_stanza_record_ref (stanza));
      return;
    }
  if (come_late (self, from, to, stanza, time))
    return;
  server_deliver (self, from->index, to, ibb_stanza_record_ref (stanza), time);
  if (peace || !may_come_again (stanza))
    return;
  if (random_permille (&self->random, faults->duplicate))
    {
      world_trace (self, "  doubled");
      question_doubled (self, from->index, to->index, stanza);
      server_deliver (self, from->index, to, ibb_stanza_record_ref (stanza), time);
    }
  if (faults->replay > 0)
    {
      remember (to, from->index, stanza);
      if (random_permille (&self->random, faults->replay))
        replay (self, from->index, to, time);
    }
}

/* A stanza leaves a node, by the engine or by the application beside it. */
void
server_route (World *self, Node *from, IBBStanza *stanza)
{
  Node    *to = server_find (self, stanza->to);
  gint64   time;
  gboolean refused = self->now - self->start <= self->schedule.faults.faults_until &&
                     random_permille (&self->random, self->schedule.faults.send_failed);

  self->n_stanzas++;
  pass_on (self, from, stanza, refused);
  time = from->uplink_free; /* the server has the last byte of it */
  if (stanza->from == NULL)
    stanza->from = g_strdup (from->jid); /* the server adds the sender */
  if (self->verbose)
    world_trace (self, "%c -> %c %s", 'A' + (char) from->index,
                 to != NULL ? 'A' + (char) to->index : '*', stanza_describe (stanza));
  if (from->is_deaf || refused)
    {
      if (stanza_is_request (stanza))
        question_removed (self, from->index, to != NULL ? to->index : MAX_NODES, stanza);
      if (!from->is_deaf && to != NULL)
        mark_pair (self, from->index, to->index);
    }
  else if (to == NULL)
    answer_as_server (self, from, stanza, time);
  else if (!suffer (self, from, to, stanza, time))
    pass (self, from, to, stanza, time);
  ibb_stanza_record_unref (stanza);
}

/* The answers of the application beside the engine (D-43, N-08). */
static gboolean
can_accept (const Node *node)
{
  return ibb_engine_can_accept (node->driver.engine) ||
         (node->driver.beside != NULL && ibb_engine_can_accept (node->driver.beside));
}

static void
answer_as_application (World *self, Node *node, IBBStanza *stanza)
{
  IBBStanza *reply;
  Node      *to;

  if (!stanza_is_request (stanza) || stanza->id == NULL)
    return;
  if (stanza->payload == IBB_PAYLOAD_DISCO_QUERY)
    {
      GPtrArray *features = g_ptr_array_new ();

      reply = ibb_stanza_record_new_result (stanza);
      reply->payload = IBB_PAYLOAD_DISCO_INFO;
      g_ptr_array_add (features, g_strdup (IBB_DISCO_INFO_NAMESPACE));
      if (self->schedule.has_feature[node->index] && ibb_engine_is_running (node->driver.engine))
        g_ptr_array_add (features, g_strdup (IBB_FEATURE_NAMESPACE));
      if (can_accept (node))
        g_ptr_array_add (features, g_strdup (IBB_NAMESPACE));
      g_ptr_array_add (features, NULL);
      reply->features = (char **) g_ptr_array_free (features, FALSE);
    }
  else if (stanza->payload == IBB_PAYLOAD_PING)
    reply = ibb_stanza_record_new_result (stanza);
  else
    reply = ibb_stanza_record_new_error (stanza, IBB_CONDITION_SERVICE_UNAVAILABLE,
                                         IBB_ERROR_TYPE_CANCEL, NULL);
  check_sent (self, node, reply);
  /* This stanza leaves beside those of the engine, whose passing it must not confuse. */
  to = server_find (self, reply->to);
  reply->from = reply->from != NULL ? reply->from : g_strdup (node->jid);
  world_trace (self, "%c -> %c %s (application)", 'A' + (char) node->index,
               to != NULL ? 'A' + (char) to->index : '*', stanza_describe (reply));
  if (to != NULL && !node->is_deaf)
    server_deliver (self, node->index, to, reply, MAX (self->now, node->uplink_free));
  else
    ibb_stanza_record_unref (reply);
}

static gboolean
holds (const Node *at, guint from, const Node *to)
{
  for (GList *l = at->held.head; l != NULL; l = l->next)
    {
      const Held *held = l->data;

      if (held->from == from && held->to == to)
        return TRUE;
    }
  return FALSE;
}

/* The node that keeps the stanza until its XML stream is resumed: behind what waits already between
 * the two, or else the first whose XML stream is not there. */
static Node *
find_holder (World *self, Node *to, guint from)
{
  Node *sender = from < MAX_NODES ? &self->nodes[from] : NULL;

  if (sender != NULL && holds (sender, from, to))
    return sender;
  if (holds (to, from, to))
    return to;
  if (sender != NULL && sender->suspended && sender->outage == OUTAGE_LOST)
    return sender;
  return to->suspended || to->jammed || to->is_deaf || to->is_ghost ? to : NULL;
}

void
server_arrive (World *self, Node *node, IBBStanza *stanza, guint from)
{
  Node *holder = find_holder (self, node, from);

  if (holder != NULL)
    {
      hold (holder, stanza, from, node);
      return;
    }
  if (!node->up ||
      (self->schedule.profile == PROFILE_LOGINS && g_strcmp0 (stanza->to, node->jid) != 0))
    {
      /* Nobody is there any more: the server says so to the sender. */
      if (from < MAX_NODES && (stanza_is_request (stanza) || stanza->payload == IBB_PAYLOAD_DATA))
        {
          if (stanza->name == IBB_STANZA_IQ)
            question_removed (self, from, node->index, stanza);
          if (self->nodes[from].up)
            send_back (self, node->index, &self->nodes[from], stanza,
                       IBB_CONDITION_SERVICE_UNAVAILABLE, IBB_ERROR_TYPE_CANCEL, self->now);
        }
      ibb_stanza_record_unref (stanza);
      return;
    }
  if (self->verbose)
    world_trace (self, "%c <- %c %s", 'A' + (char) node->index,
                 from < MAX_NODES ? 'A' + (char) from : '*', stanza_describe (stanza));
  if (node->driver.engine == NULL)
    {
      if (node->peer != NULL)
        peer_receive (node, stanza);
      else
        hostile_receive (node, stanza);
      ibb_stanza_record_unref (stanza);
      return;
    }
  node->n_arrived++;
  check_received (self, node, stanza);
  if (!driver_receive (&node->driver, ibb_stanza_record_ref (stanza)))
    answer_as_application (self, node, stanza);
  ibb_stanza_record_unref (stanza);
}

void
server_suspend (World *self, Node *node, gint64 duration, Outage outage)
{
  IBBEngine *engines[3];

  world_trace (self, "%s is suspended for %.3f s%s", node->jid, (double) duration / SECOND,
               outage == OUTAGE_LOST ? ", what is under way is lost" : "");
  node->suspended = TRUE;
  node->outage = outage;
  driver_get_engines (&node->driver, engines);
  for (guint i = 0; engines[i] != NULL; i++)
    ibb_engine_suspend (engines[i], self->now);
  world_post (self, self->now + duration, EVENT_RESUME, node->index, node->incarnation, NULL);
}

/* Stanzas that the resumption sends again may have arrived before (D-20). */
static void
replay_some (World *self, Node *node)
{
  const Faults *faults = &self->schedule.faults;

  if (faults->replay == 0 || self->now - self->start > faults->faults_until)
    return;
  for (guint i = 0; i < self->schedule.n_nodes; i++)
    {
      Node *other = &self->nodes[i];

      if (other->n_history[node->index] > 0 && random_percent (&self->random, 50))
        replay (self, node->index, other, self->now);
      if (node->n_history[i] > 0 && random_percent (&self->random, 50))
        replay (self, i, node, self->now);
    }
}

/* A block may come after a few that were sent later: ejabberd hands over what
 * reaches the old connection's process when that of the new one has begun. The
 * answers of a peer come in their order. */
static void
reorder_held (World *self, Node *node)
{
  for (GList *l = node->held.head; l != NULL; l = l->next)
    {
      Held  *held = l->data;
      GList *place = l;

      if (held->to != node || held->from >= MAX_NODES ||
          held->stanza->payload != IBB_PAYLOAD_DATA || random_percent (&self->random, 70))
        continue;
      for (guint n = 1 + (guint) random_below (&self->random, 3); n > 0 && place->next != NULL;)
        {
          place = place->next;
          n -= ((Held *) place->data)->from == held->from;
        }
      world_trace (self, "  overtaken: %s", stanza_describe (held->stanza));
      g_queue_insert_after (&node->held, place, held);
      l->data = NULL;
      break;
    }
  g_queue_remove (&node->held, NULL);
}

/* Delivers in the order between each two, before all later stanzas. */
void
server_release_held (World *self, Node *node)
{
  GQueue queue = node->held;
  Held  *held;

  g_queue_init (&node->held);
  while ((held = g_queue_pop_head (&queue)) != NULL)
    {
      server_arrive (self, held->to, held->stanza, held->from);
      world_pump (self, held->to);
      g_free (held);
    }
}

void
server_resume (World *self, Node *node)
{
  IBBEngine *engines[3];

  world_trace (self, "%s is resumed", node->jid);
  node->suspended = FALSE;
  driver_get_engines (&node->driver, engines);
  for (guint i = 0; engines[i] != NULL; i++)
    ibb_engine_resume (engines[i], self->now);
  check_waits (self, node); /* the wait for the XML stream is over before another one begins */
  if (node->outage == OUTAGE_REORDERED)
    reorder_held (self, node);
  server_release_held (self, node);
  replay_some (self, node);
  /* The stanzas that the connection had taken are reported after all. */
  for (guint i = 0; i < node->unsent.length; i++)
    world_post (self, node->uplink_free, EVENT_PASSED, node->index, node->incarnation, NULL);
}

/* Others fill the way for a while. Stanzas on it come later, in their order. */
void
server_jam (World *self, Node *node, gint64 duration)
{
  world_trace (self, "%s is cut off for %.3f s", node->jid, (double) duration / SECOND);
  node->jammed = TRUE;
  node->jammed_until = self->now + duration;
  world_post (self, node->jammed_until, EVENT_FREE, node->index, 0, NULL);
}

void
server_free (World *self, Node *node)
{
  world_trace (self, "%s is no longer cut off", node->jid);
  node->jammed = FALSE;
  server_release_held (self, node);
}

/* The server gives up: who sent to it hears of it, and what never arrived is gone. */
void
server_drop_held (World *self, Node *node)
{
  GQueue held = node->held;
  Held  *one;

  g_queue_init (&node->held);
  while ((one = g_queue_pop_head (&held)) != NULL)
    {
      if (one->to == node)
        server_arrive (self, node, one->stanza, one->from);
      else
        {
          if (one->stanza->name == IBB_STANZA_IQ)
            question_removed (self, one->from, one->to->index, one->stanza);
          else
            message_gone (self, node, one->to, one->stanza);
          ibb_stanza_record_unref (one->stanza);
        }
      g_free (one);
    }
}

void
server_cut (World *self, Node *node)
{
  /* With policy-violation, as for a stanza that was too long (D-16). */
  gboolean is_violation = !self->schedule.is_patient &&
                          random_percent (&self->random, self->schedule.faults.late > 0 ? 60 : 20);
  gpointer   pointer;
  IBBEngine *engines[3];

  driver_get_engines (&node->driver, engines);
  world_trace (self, "%s loses its stream", node->jid);
  node->up = FALSE;
  node->is_deaf = FALSE;
  node->was_cut = TRUE;
  node->ping[0] = '\0';
  for (guint i = 0; i < self->ends->len; i++)
    {
      End *end = g_ptr_array_index (self->ends, i);

      if ((end->node == node->index || end->peer == node->index) && !logins_outlives (end))
        end->may_hang = TRUE;
      /* A longer address of either end may also leave less room. */
      if (is_violation || self->schedule.stanza_limit[end->node] > 0)
        end->was_cut_smaller = TRUE;
    }
  /* Stanzas that the connection still held may be reported as refused, or not at all. */
  while ((pointer = g_queue_pop_head (&node->unsent)) != NULL)
    {
      IBBStanza *stanza = STANZA (pointer);

      if (random_percent (&self->random, 50))
        send_failed (self, node, stanza);
      ibb_stanza_record_unref (stanza);
    }
  node->unsent_bytes = 0;
  node->incarnation++;
  node->uplink_free = self->now;
  for (guint i = 0; engines[i] != NULL; i++)
    {
      if (is_violation)
        ibb_engine_note_violation (engines[i]);
      ibb_engine_lost (engines[i]);
    }
  node->suspended = FALSE;
  server_drop_held (self, node);
}

/* The end of the world: what was never reported. */
void
server_clear (Node *node)
{
  gpointer pointer;

  while ((pointer = g_queue_pop_head (&node->unsent)) != NULL)
    ibb_stanza_record_unref (STANZA (pointer));
  while ((pointer = g_queue_pop_head (&node->held)) != NULL)
    {
      ibb_stanza_record_unref (((Held *) pointer)->stanza);
      g_free (pointer);
    }
  for (guint from = 0; from < MAX_NODES; from++)
    for (guint i = 0; i < MAX_REPLAYED; i++)
      g_clear_pointer (&node->history[from][i], ibb_stanza_record_unref);
}
