/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A peer that sends well-formed stanzas without any sense: all payloads, ids and sids that it saw,
 * guessed or stole, in its own name, which it writes in several ways. It knows the secrets of all
 * sessions, and resumes those of others and its own, at any moment and at any position (D-58).
 * Others must not notice (D-01, D-33, B-01). */

#include "config.h"

#include "world.h"

#include "core/base/jid.h"
#include "core/base/proof.h"
#include "core/engine.h"
#include "core/peer/registration.h"
#include "core/session/session.h"

#include <string.h>

#define MOST_KEPT 64
#define MOST_AT_ONCE 12
#define HELD_OPEN (30 * MINUTE)
#define HELD_GAP_MAX (50 * SECOND)

struct _Hostile
{
  World     *world;
  Node      *node;
  Random     random;
  GPtrArray *ids; /* (element-type utf8) */
  GPtrArray *sids;
  guint      budget; /* stanzas that it still sends */
  guint      seq;

  /* A close of somebody else's that it keeps waiting, with blocks instead of an
   * answer. */
  gboolean holds;
  char    *held_sid; /* (nullable): there is one */
  char    *held_jid;
  gint64   held_until;
  guint16  held_seq;
};

static void
post (Hostile *self)
{
  gint64 wait = (gint64) random_scaled (&self->random, 1, 10 * SECOND);

  if (self->budget > 0)
    world_post (self->world, self->world->now + wait, EVENT_PEER, self->node->index, 0, NULL);
}

/* The node of the peer, whatever resource it takes, and however it writes the rest. NULL if it is
 * somebody else. */
Node *
hostile_find (World *world, const char *jid)
{
  for (guint i = 0; jid != NULL && i < world->schedule.n_nodes; i++)
    {
      Node *node = &world->nodes[i];
      gsize length = strlen (node->bare);

      if (node->hostile != NULL && g_ascii_strncasecmp (jid, node->bare, length) == 0 &&
          (jid[length] == '\0' || jid[length] == '/'))
        return node;
    }
  return NULL;
}

void
hostile_start (Node *node)
{
  Hostile *self = g_new0 (Hostile, 1);

  node->hostile = self;
  self->world = node->world;
  self->node = node;
  self->random = random_fork (&node->driver.random);
  self->ids = g_ptr_array_new_with_free_func (g_free);
  self->sids = g_ptr_array_new_with_free_func (g_free);
  self->holds = random_percent (&self->random, 50);
  self->budget = 20 + (guint) random_below (&self->random, 300);
  post (self);
}

void
hostile_clear (Node *node)
{
  if (node->hostile == NULL)
    return;
  g_ptr_array_unref (node->hostile->ids);
  g_ptr_array_unref (node->hostile->sids);
  g_free (node->hostile->held_sid);
  g_free (node->hostile->held_jid);
  g_clear_pointer (&node->hostile, g_free);
}

static void
keep (Hostile *self, GPtrArray *array, const char *text)
{
  if (text == NULL)
    return;
  if (array->len < MOST_KEPT)
    g_ptr_array_add (array, g_strdup (text));
  else
    {
      gpointer *place = &array->pdata[random_below (&self->random, array->len)];

      g_free (*place);
      *place = g_strdup (text);
    }
}

static char *
pick (Hostile *self, GPtrArray *array, const char *prefix)
{
  if (array->len > 0 && random_percent (&self->random, 80))
    return g_strdup (array->pdata[random_below (&self->random, array->len)]);
  if (random_percent (&self->random, 5))
    return NULL;
  return g_strdup_printf ("%s%u", prefix, (guint) random_below (&self->random, 12));
}

/* The sid of somebody else's session is no secret to it. */
static char *
pick_sid (Hostile *self)
{
  GPtrArray *ends = self->world->ends;

  if (ends->len > 0 && random_percent (&self->random, 40))
    {
      End *end = ends->pdata[random_below (&self->random, ends->len)];

      if (end->session != NULL)
        return g_strdup (end->session->parameters.key.sid);
    }
  if (random_percent (&self->random, 2))
    return g_strdup ("no token");
  return pick (self, self->sids, "h");
}

static char *
pick_from (Hostile *self)
{
  const char *bare = self->node->bare;

  switch (random_below (&self->random, 12))
    {
    case 0:
      return g_strdup (bare);
    case 1:
      return g_strdup_printf ("%s/other", bare);
    case 2:
      {
        g_autofree char *upper = g_ascii_strup (bare, -1);

        return g_strconcat (upper, strchr (self->node->jid, '/'), NULL);
      }
    default:
      return g_strdup (self->node->jid);
    }
}

static void
fill_data (Hostile *self, IBBStanza *stanza)
{
  Random *random = &self->random;
  gsize   length = random_percent (random, 10) ? 0 : (gsize) random_scaled (random, 1, 20000);

  stanza->seq_valid = !random_percent (random, 3);
  stanza->seq = (guint16) (random_percent (random, 70)   ? self->seq++
                           : random_percent (random, 80) ? random_below (random, 4)
                                                         : random_next (random));
  if (random_percent (random, 20))
    self->seq = 0;
  stanza->base64 = random_percent (random, 85)   ? IBB_BASE64_EXACT
                   : random_percent (random, 50) ? IBB_BASE64_LENIENT
                                                 : IBB_BASE64_INVALID;
  stanza->has_child = random_percent (random, 2);
  stanza->asks_room = random_percent (random, 30);
  stanza->text_length = IBB_BASE64_ENCODED_LENGTH (length);
  if (stanza->base64 == IBB_BASE64_LENIENT)
    stanza->text_length += random_below (random, 2 * length + 300);
  if (stanza->base64 != IBB_BASE64_INVALID)
    stanza->bytes = g_bytes_new_take (g_malloc0 (length + 1), length);
}

static void
fill_error (Hostile *self, IBBStanza *stanza)
{
  stanza->condition = (IBBCondition) random_below (&self->random, IBB_N_CONDITIONS);
  stanza->error_type = (IBBErrorType) random_below (&self->random, IBB_ERROR_TYPE_WAIT + 1);
  if (random_percent (&self->random, 30))
    stanza->text = g_strdup ("because");
}

static void
fill_room (Hostile *self, IBBStanza *stanza)
{
  stanza->tells_room = random_percent (&self->random, 30);
  stanza->room = (guint32) random_below (&self->random, 100000);
  stanza->delay = (guint32) random_scaled (&self->random, 1, 10 * SECOND);
}

/* ---- sessions that outlive their connection ---- */

static char *
make_secret (Hostile *self)
{
  return g_strdup_printf ("%016" G_GINT64_MODIFIER "x%016" G_GINT64_MODIFIER "x",
                          random_next (&self->random), random_next (&self->random));
}

/* Somebody's session that has a secret, at that node if there is one. */
static IBBSession *
pick_session (Hostile *self, const Node *node)
{
  GPtrArray  *ends = self->world->ends;
  IBBSession *found = NULL;
  guint       turn = ends->len > 0 ? (guint) random_below (&self->random, ends->len) : 0;

  for (guint i = 0; i < ends->len; i++)
    {
      End *end = ends->pdata[(turn + i) % ends->len];

      if (end->session == NULL || end->session->parameters.secret == NULL)
        continue;
      found = end->session;
      if (node == NULL || end->node == node->index)
        return found;
    }
  return found;
}

static guint64
pick_position (Hostile *self, const IBBSession *session)
{
  const IBBSender *sender = &session->sender;

  switch (random_below (&self->random, 10))
    {
    case 0:
      return random_next (&self->random);
    case 1:
      return G_MAXINT64;
    case 2:
      return 0;
    case 3:
      return sender->delivered + random_below (&self->random, 2 * session->parameters.block_size);
    case 4:
    case 5:
      return sender->segmented;
    default:
      return sender->delivered;
    }
}

static guint32
pick_count (Hostile *self, guint32 next)
{
  if (random_percent (&self->random, 80))
    return next;
  if (random_percent (&self->random, 10))
    return G_MAXUINT32;
  return next + (guint32) random_below (&self->random, 5) - 2;
}

/* Fills in positions, and the proof that goes with them, or with something else. */
static void
fill_position (
    Hostile *self, IBBStanza *stanza, const IBBSession *session, IBBProofKind kind, guint32 count)
{
  Random          *random = &self->random;
  g_autofree char *secret =
      random_percent (random, 95) ? g_strdup (session->parameters.secret) : make_secret (self);
  IBBStatement statement;

  stanza->has_position = !random_percent (random, 3);
  stanza->count = count;
  stanza->received = pick_position (self, session);
  stanza->acknowledged =
      random_percent (random, 60) ? session->sender.delivered : pick_position (self, session);
  statement = (IBBStatement){ kind,
                              !session->parameters.is_initiator,
                              session->parameters.key.sid,
                              count,
                              stanza->received,
                              stanza->acknowledged };
  stanza->proof = ibb_proof_create (secret, &statement);
  if (random_percent (random, 2))
    g_clear_pointer (&stanza->proof, g_free);
  else if (random_percent (random, 3))
    stanza->proof[random_below (random, IBB_PROOF_LENGTH)] = '0';
}

static void
fill_resume (Hostile *self, IBBStanza *stanza, const Node *to)
{
  IBBSession  *session = pick_session (self, to);
  IBBProofKind kind = IBB_PROOF_RESUME;
  guint32      count;

  if (session == NULL || random_percent (&self->random, 3))
    {
      stanza->sid = pick_sid (self);
      stanza->has_position = random_percent (&self->random, 50);
      return;
    }
  stanza->sid = g_strdup (session->parameters.key.sid);
  count = pick_count (self, session->resume.peer_count + 1);
  if (count % 16 == 15)
    {
      stanza->unclean = TRUE;
      kind = IBB_PROOF_UNCLEAN;
    }
  else if (count % 16 == 7)
    {
      stanza->has_ended = TRUE;
      kind = IBB_PROOF_ENDED;
    }
  fill_position (self, stanza, session, kind, count);
}

/* The result of our <resume/>. */
static void
fill_resumed (Hostile *self, IBBStanza *result, const IBBStanza *resume)
{
  IBBSession *session = pick_session (self, server_find (self->world, resume->from));

  for (guint i = 0; i < self->world->ends->len; i++)
    {
      const End *end = self->world->ends->pdata[i];

      if (end->session != NULL && end->wild && end->session->parameters.secret != NULL &&
          g_strcmp0 (end->session->parameters.key.sid, resume->sid) == 0)
        session = end->session;
    }
  if (session == NULL)
    return;
  result->has_ended = random_percent (&self->random, 20);
  fill_position (self, result, session, result->has_ended ? IBB_PROOF_ENDED : IBB_PROOF_RESUMED,
                 resume->count);
}

static void
fill_disco (Hostile *self, IBBStanza *stanza)
{
  stanza->features = g_strdupv ((char *[]){
      (char *) (random_percent (&self->random, 50) ? IBB_FEATURE_NAMESPACE : IBB_NAMESPACE),
      NULL });
  if (random_percent (&self->random, 30))
    stanza->identities =
        g_strdupv ((char *[]){ (char *) "client/bot/aioxmpp default identity", NULL });
}

static void
send (Hostile *self, IBBStanza *stanza)
{
  World *world = self->world;
  Node  *to = server_find (world, stanza->to);

  if (stanza->from == NULL)
    stanza->from = pick_from (self);
  world->n_stanzas++;
  if (world->verbose)
    world_trace (world, "%c -> * %s (hostile, as %s)", 'A' + (char) self->node->index,
                 stanza_describe (stanza), stanza->from);
  if (to == NULL || to->driver.engine == NULL)
    {
      ibb_stanza_record_unref (stanza);
      return;
    }
  if (stanza->name == IBB_STANZA_IQ)
    check_asked (world, self->node, stanza);
  server_deliver (world, self->node->index, to, stanza, world->now);
}

/* Sends any stanza that the reader of XML could make. */
static void
send_anything (Hostile *self)
{
  static const char *const kinds[] = { "get", "set", "set", "set", "set", "set" };
  static const IBBPayload  requests[] = {
     IBB_PAYLOAD_OTHER, IBB_PAYLOAD_OPEN,   IBB_PAYLOAD_OPEN,   IBB_PAYLOAD_DATA,
     IBB_PAYLOAD_DATA,  IBB_PAYLOAD_DATA,   IBB_PAYLOAD_DATA,   IBB_PAYLOAD_CLOSE,
     IBB_PAYLOAD_CLOSE, IBB_PAYLOAD_RESUME, IBB_PAYLOAD_RESUME, IBB_PAYLOAD_UNKNOWN
  };
  static const IBBPayload answers[] = { IBB_PAYLOAD_RESULT, IBB_PAYLOAD_RESULT, IBB_PAYLOAD_ERROR,
                                        IBB_PAYLOAD_DISCO_INFO };

  Random     *random = &self->random;
  Node       *to = &self->world->nodes[random_below (random, self->world->schedule.n_nodes - 1)];
  gboolean    is_iq = random_percent (random, 80);
  gboolean    is_answer = random_percent (random, 40);
  IBBPayload  payload;
  const char *kind;
  g_autofree char *id = pick (self, self->ids, "i");
  IBBStanza       *stanza;

  payload = is_answer ? answers[random_below (random, G_N_ELEMENTS (answers))]
                      : requests[random_below (random, G_N_ELEMENTS (requests))];
  if (!is_iq && is_answer)
    payload = IBB_PAYLOAD_ERROR;
  is_iq |= payload == IBB_PAYLOAD_RESUME;
  if (payload == IBB_PAYLOAD_ERROR)
    kind = "error";
  else if (is_answer)
    kind = "result";
  else if (is_iq)
    kind = kinds[random_below (random, G_N_ELEMENTS (kinds))];
  else
    kind = random_percent (random, 50) ? "normal" : NULL;

  stanza = ibb_stanza_record_new (is_iq ? IBB_STANZA_IQ : IBB_STANZA_MESSAGE, kind, payload, id,
                                  to->jid);
  switch (payload)
    {
    case IBB_PAYLOAD_OPEN:
      stanza->sid = pick_sid (self);
      stanza->block_size_valid = !random_percent (random, 5);
      stanza->block_size = (guint) random_scaled (random, 1, IBB_BLOCK_SIZE_MAX);
      stanza->long_block_size = (guint) random_scaled (random, 1, IBB_BLOCK_SIZE_MAX);
      stanza->by_message_valid = !random_percent (random, 5);
      stanza->by_message = random_percent (random, 30);
      stanza->secret = random_percent (random, 70) ? make_secret (self) : NULL;
      keep (self, self->sids, stanza->sid);
      break;
    case IBB_PAYLOAD_DATA:
      stanza->sid = pick_sid (self);
      fill_data (self, stanza);
      break;
    case IBB_PAYLOAD_CLOSE:
      stanza->sid = pick_sid (self);
      stanza->unclean = random_percent (random, 30);
      stanza->reads = !stanza->unclean && random_percent (random, 50);
      stanza->gives_reason = stanza->unclean && random_percent (random, 50);
      break;
    case IBB_PAYLOAD_ERROR:
      fill_error (self, stanza);
      break;
    case IBB_PAYLOAD_DISCO_INFO:
      fill_disco (self, stanza);
      break;
    case IBB_PAYLOAD_RESULT:
      fill_room (self, stanza);
      stanza->is_resumable = random_percent (random, 30);
      stanza->long_block_size = (guint) random_scaled (random, 1, IBB_BLOCK_SIZE_MAX);
      break;
    case IBB_PAYLOAD_RESUME:
      fill_resume (self, stanza, to);
      break;
    case IBB_PAYLOAD_OTHER:
    case IBB_PAYLOAD_UNKNOWN:
    case IBB_PAYLOAD_DISCO_QUERY:
    case IBB_PAYLOAD_PING:
    default:
      break;
    }
  send (self, stanza);
}

static void
post_held (Hostile *self)
{
  gint64 wait = (gint64) random_below (&self->random, HELD_GAP_MAX);

  world_post (self->world, self->world->now + wait, EVENT_PEER, self->node->index, 0, NULL);
}

static void
begin_to_hold (Hostile *self, IBBStanza *close)
{
  Node *node = server_find (self->world, close->from);
  End  *end = check_find_end (self->world, NULL, node->index, self->node->index, close->sid);

  self->held_sid = g_strdup (close->sid);
  self->held_jid = g_strdup (close->from);
  self->held_until = self->world->now + HELD_OPEN;
  if (end != NULL && end->session != NULL)
    self->held_seq = end->session->receiver.next_seq;
  post_held (self);
}

/* Mostly the next block, as one that still has much to say would send it. */
static void
hold (Hostile *self)
{
  Random    *random = &self->random;
  IBBStanza *stanza =
      ibb_stanza_record_new (IBB_STANZA_IQ, "set", IBB_PAYLOAD_DATA, NULL, self->held_jid);

  stanza->id = g_strdup_printf ("held%u", (guint) random_next (random));
  stanza->from = g_strdup (self->node->jid);
  stanza->sid = g_strdup (self->held_sid);
  stanza->seq_valid = TRUE;
  stanza->seq = (guint16) (random_percent (random, 80) ? self->held_seq++ : random_next (random));
  stanza->base64 = IBB_BASE64_EXACT;
  stanza->text_length = IBB_BASE64_ENCODED_LENGTH (1);
  stanza->bytes = g_bytes_new_static ("x", 1);
  send (self, stanza);
  post_held (self);
}

void
hostile_run (Node *node)
{
  Hostile *self = node->hostile;
  guint    n = 1 + (guint) random_below (&self->random, MOST_AT_ONCE);

  if (self->held_sid != NULL)
    {
      if (self->world->now < self->held_until)
        hold (self);
      return;
    }
  for (; n > 0 && self->budget > 0; n--, self->budget--)
    send_anything (self);
  post (self);
}

/* Now and then it answers as it should, so that it gets further. */
void
hostile_receive (Node *node, IBBStanza *stanza)
{
  Hostile *self = node->hostile;

  keep (self, self->ids, stanza->id);
  keep (self, self->sids, stanza->sid);
  if (self->holds && self->held_sid == NULL && stanza->payload == IBB_PAYLOAD_CLOSE &&
      !stanza->unclean)
    {
      begin_to_hold (self, stanza);
      return;
    }
  if (stanza->name == IBB_STANZA_IQ && stanza_is_request (stanza) &&
      random_percent (&self->random, 60))
    {
      IBBStanza *reply = ibb_stanza_record_new_result (stanza);

      if (stanza->payload == IBB_PAYLOAD_DISCO_QUERY)
        {
          reply->payload = IBB_PAYLOAD_DISCO_INFO;
          fill_disco (self, reply);
        }
      else if (stanza->payload == IBB_PAYLOAD_RESUME)
        fill_resumed (self, reply, stanza);
      else
        fill_room (self, reply);
      reply->is_resumable = stanza->secret != NULL && random_percent (&self->random, 70);
      reply->long_block_size = random_percent (&self->random, 50)
                                   ? stanza->long_block_size
                                   : (guint) random_scaled (&self->random, 1, IBB_BLOCK_SIZE_MAX);
      send (self, reply);
    }
  else if (self->budget > 0 && random_percent (&self->random, 30))
    {
      self->budget--;
      send_anything (self);
    }
}

/* ---- the schedule ---- */

void
hostile_make (Schedule *self, Random *random)
{
  for (guint i = 0; i < 2; i++)
    {
      self->settings[i].resume_sessions = random_percent (random, 80);
      if (random_percent (random, 70))
        self->settings[i].resume_timeout = (guint) random_scaled (random, 1, 600000);
    }
}

/* ---- for the checks ---- */

/* A session with the hostile one that it may have resumed elsewhere, at positions of its own
 * (D-58): its blocks are not known any more. */
gboolean
hostile_is_astray (
    World *self, const Node *node, const Node *to, const End *end, const IBBStanza *block)
{
  if (self->schedule.profile != PROFILE_HOSTILE ||
      !self->schedule.settings[node->index].resume_sessions || (end != NULL && !end->wild) ||
      to->hostile == NULL)
    return FALSE;
  return end == NULL || end->session == NULL || end->session->resume.count > 0 ||
         end->session->resume.peer_count > 0 ||
         ibb_session_get_state (end->session) != IBB_SESSION_OPEN ||
         g_strcmp0 (end->session->parameters.peer_jid, block->to) != 0;
}

/* A session that is interrupted leaves what comes without an answer: it comes again (D-58). */
gboolean
hostile_is_for_later (World *self, const Node *node, const IBBStanza *stanza)
{
  g_autofree char  *peer = stanza->from != NULL ? ibb_jid_normalize (stanza->from) : NULL;
  const IBBSession *session = NULL;
  IBBEngine        *engines[3];

  if (hostile_find (self, stanza->from) == NULL ||
      (stanza->payload != IBB_PAYLOAD_DATA && stanza->payload != IBB_PAYLOAD_CLOSE) ||
      !ibb_stanza_record_is_kind (stanza, "set") || stanza->unclean)
    return FALSE;
  /* Both may have one of that name, and the first of them gets the stanza. */
  driver_get_engines (&node->driver, engines);
  for (guint i = 0; session == NULL && engines[i] != NULL; i++)
    session = ibb_registration_find (engines[i]->context, node->jid, peer, stanza->sid);
  return session != NULL && session->state == IBB_SESSION_INTERRUPTED;
}
