/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "driver.h"

#include "stanza/namespaces.h"

#include <string.h>

typedef struct
{
  IBBNames    parent;
  GHashTable *keys;
} Names;

static gboolean
names_take (IBBNames *names, const IBBSessionKey *key)
{
  GHashTable *keys = ((Names *) names)->keys;

  return !g_hash_table_contains (keys, key) && g_hash_table_add (keys, (gpointer) key);
}

static void
names_hand_over (IBBNames *names, const IBBSessionKey *from, const IBBSessionKey *to)
{
  g_assert_true (g_hash_table_remove (((Names *) names)->keys, from));
  if (to != NULL)
    g_assert_true (names_take (names, to));
}

static IBBNames *
names_new (void)
{
  Names *self = g_new (Names, 1);

  self->parent = (IBBNames){ names_take, names_hand_over };
  self->keys = g_hash_table_new (ibb_parameters_hash, ibb_parameters_equal);
  return &self->parent;
}

static void
names_free (IBBNames *names)
{
  Names *self = (Names *) names;

  g_assert_cmpuint (g_hash_table_size (self->keys), ==, 0);
  g_hash_table_unref (self->keys);
  g_free (self);
}

void
driver_init (Driver *self, const char *jid, gint64 *clock, Random random)
{
  *self = (Driver){ .time = 1000 * SECOND, .random = random, .has_feature = TRUE };
  self->clock = clock != NULL ? clock : &self->time;
  self->engine = ibb_engine_new (random_fill, &self->random);
  self->names = names_new ();
  self->engine->context->names = self->names;
  ibb_engine_set_local_jid (self->engine, jid);
}

void
driver_clear (Driver *self)
{
  g_clear_pointer (&self->engine, ibb_engine_free);
  g_clear_pointer (&self->beside, ibb_engine_free);
  g_clear_pointer (&self->names, names_free);
}

void
driver_add_beside (Driver *self, gboolean is_first)
{
  const IBBContext *context = self->engine->context;

  g_assert_null (self->beside);
  self->beside = ibb_engine_new (random_fill, &self->random);
  self->beside->context->names = self->names;
  self->is_beside_first = is_first;
  ibb_engine_set_local_jid (self->beside, context->local_jid);
  self->beside->context->settings = context->settings;
  self->beside->context->named_limit = context->named_limit;
}

void
driver_get_engines (const Driver *self, IBBEngine *engines[3])
{
  guint n = 0;

  if (self->beside != NULL && self->is_beside_first)
    engines[n++] = self->beside;
  if (self->engine != NULL)
    engines[n++] = self->engine;
  if (self->beside != NULL && !self->is_beside_first)
    engines[n++] = self->beside;
  engines[n] = NULL;
}

static IBBEngine *
get_next_engine (const Driver *self)
{
  return self->beside != NULL &&
                 ibb_engine_get_wake_time (self->beside) < ibb_engine_get_wake_time (self->engine)
             ? self->beside
             : self->engine;
}

gint64
driver_get_wake_time (const Driver *self)
{
  return ibb_engine_get_wake_time (get_next_engine (self));
}

void
driver_advance_to (Driver *self, gint64 time)
{
  guint  n_same = 0;
  gint64 wake;

  while ((wake = driver_get_wake_time (self)) <= time)
    {
      n_same = wake <= *self->clock ? n_same + 1 : 0;
      g_assert_cmpuint (n_same, <, 1000);
      self->n_wakes++;
      *self->clock = MAX (*self->clock, wake);
      ibb_engine_advance (get_next_engine (self), *self->clock);
    }
  *self->clock = time;
}

void
driver_advance (Driver *self, gint64 milliseconds)
{
  driver_advance_to (self, *self->clock + milliseconds * MILLISECOND);
}

/* ---- what the engine is sent ---- */

/* As a connection does with its services. */
static gboolean
offer (Driver *self, IBBStanza *stanza)
{
  IBBEngine *engines[3];
  IBBClaim   claim = self->beside != NULL ? IBB_CLAIM_SESSION : IBB_CLAIM_NONE;

  if (self->sees_no_sessions)
    claim = ibb_claim_get_next (claim, stanza);
  driver_get_engines (self, engines);
  for (;; claim = ibb_claim_get_next (claim, stanza))
    {
      for (guint i = 0; engines[i] != NULL; i++)
        if (ibb_engine_receive (engines[i], stanza, claim, *self->clock))
          return TRUE;
      if (claim == IBB_CLAIM_NONE)
        return FALSE;
    }
}

gboolean
driver_receive (Driver *self, IBBStanza *stanza)
{
  gboolean is_ours = offer (self, stanza);

  ibb_stanza_record_unref (stanza);
  return is_ours;
}

IBBStanza *
driver_new_request (
    IBBPayload payload, const char *from, const char *to, const char *id, const char *sid)
{
  IBBStanza *stanza = ibb_stanza_record_new (IBB_STANZA_IQ, "set", payload, id, to);

  stanza->from = g_strdup (from);
  stanza->sid = g_strdup (sid);
  return stanza;
}

IBBStanza *
driver_new_open (
    const char *from, const char *id, const char *sid, guint block_size, gboolean by_message)
{
  IBBStanza *stanza = driver_new_request (IBB_PAYLOAD_OPEN, from, OWN, id, sid);

  stanza->block_size = block_size;
  stanza->block_size_valid = block_size >= 1 && block_size <= IBB_BLOCK_SIZE_MAX;
  stanza->by_message = by_message;
  stanza->by_message_valid = TRUE;
  return stanza;
}

void
driver_set_block (IBBStanza *stanza, guint seq, const void *bytes, gsize length)
{
  stanza->seq = (guint16) seq;
  stanza->seq_valid = TRUE;
  stanza->bytes = g_bytes_new (bytes, length);
  stanza->base64 = IBB_BASE64_EXACT;
  stanza->text_length = IBB_BASE64_ENCODED_LENGTH (length);
}

void
driver_set_message (IBBStanza *stanza)
{
  stanza->name = IBB_STANZA_MESSAGE;
  ibb_stanza_record_set_kind (stanza, NULL);
}

static gboolean
answer (Driver *self, IBBStanza *reply)
{
  if (reply->to == NULL)
    reply->to = g_strdup (OWN);
  return driver_receive (self, reply);
}

gboolean
driver_answer (Driver *self, const IBBStanza *request)
{
  return answer (self, ibb_stanza_record_new_result (request));
}

gboolean
driver_answer_error (Driver          *self,
                     const IBBStanza *request,
                     IBBCondition     condition,
                     IBBErrorType     type)
{
  return answer (self, ibb_stanza_record_new_error (request, condition, type, NULL));
}

gboolean
driver_answer_info (Driver          *self,
                    const IBBStanza *query,
                    const char      *features,
                    const char      *identities)
{
  IBBStanza *reply = ibb_stanza_record_new_result (query);

  reply->payload = IBB_PAYLOAD_DISCO_INFO;
  if (features != NULL)
    reply->features = g_strsplit (features, " ", 0);
  if (identities != NULL)
    reply->identities = g_strsplit (identities, "\n", 0);
  return answer (self, reply);
}

/* ---- what the engine sends ---- */

void
driver_sent (Driver *self, IBBStanza *stanza)
{
  IBBEngine *engines[3];

  driver_get_engines (self, engines);
  for (guint i = 0; engines[i] != NULL; i++)
    ibb_engine_sent (engines[i], stanza, *self->clock);
}

static IBBStanza *
take_from (Driver *self, IBBEngine *engine)
{
  gboolean   is_asked = self->n_asked++ % 2 == 0; /* a host does not always ask before */
  gboolean   has_stanza = is_asked && ibb_engine_has_stanza (engine, *self->clock);
  IBBStanza *stanza = ibb_engine_take_stanza (engine, *self->clock);

  g_assert_true (!is_asked || has_stanza == (stanza != NULL));
  self->giver = engine->context;
  return stanza;
}

IBBStanza *
driver_take_unsent (Driver *self)
{
  IBBEngine *first = self->engine;
  IBBEngine *second = self->beside;
  IBBStanza *stanza;

  if (second == NULL)
    return take_from (self, first);

  if (self->is_turn_of_beside)
    {
      first = self->beside;
      second = self->engine;
    }
  self->is_turn_of_beside = self->takes_turns && !self->is_turn_of_beside;
  stanza = take_from (self, first);
  return stanza != NULL ? stanza : take_from (self, second);
}

IBBStanza *
driver_take (Driver *self)
{
  IBBStanza *stanza = driver_take_unsent (self);

  if (stanza != NULL && !self->hold_sent)
    driver_sent (self, stanza);
  return stanza;
}

gboolean
driver_is_probe (const IBBStanza *stanza)
{
  return stanza->payload == IBB_PAYLOAD_CLOSE && !stanza->unclean && strlen (stanza->sid) == 16;
}

gboolean
driver_answer_probe (Driver *self, const IBBStanza *probe)
{
  return probe->asked != NULL ? driver_answer (self, probe)
                              : driver_answer_error (self, probe, IBB_CONDITION_ITEM_NOT_FOUND,
                                                     IBB_ERROR_TYPE_CANCEL);
}

static gboolean
serve (Driver *self, const IBBStanza *stanza)
{
  if (stanza->payload == IBB_PAYLOAD_PING)
    {
      self->n_pings++;
      if (self->leave_ping)
        return FALSE;
      driver_answer (self, stanza);
    }
  else if (stanza->payload == IBB_PAYLOAD_DISCO_QUERY)
    {
      g_autofree char *features =
          g_strconcat (self->has_feature ? IBB_FEATURE_NAMESPACE : IBB_DISCO_INFO_NAMESPACE,
                       self->has_rules ? " " IBB_AMP_NAMESPACE : NULL, NULL);

      self->n_queries++;
      if (self->leave_disco)
        return FALSE;
      driver_answer_info (self, stanza, features, NULL);
    }
  else if (self->answer_probes && driver_is_probe (stanza))
    driver_answer_probe (self, stanza);
  else
    return FALSE;
  return TRUE;
}

IBBStanza *
driver_take_served (Driver *self)
{
  IBBStanza *stanza;

  while ((stanza = driver_take (self)) != NULL && serve (self, stanza))
    ibb_stanza_record_unref (stanza);
  return stanza;
}

const char *
driver_describe (const IBBStanza *stanza)
{
  static const char *const names[] = {
    [IBB_PAYLOAD_OTHER] = "other",     [IBB_PAYLOAD_OPEN] = "open",
    [IBB_PAYLOAD_DATA] = "data",       [IBB_PAYLOAD_CLOSE] = "close",
    [IBB_PAYLOAD_UNKNOWN] = "unknown", [IBB_PAYLOAD_RESULT] = "result",
    [IBB_PAYLOAD_ERROR] = "error",     [IBB_PAYLOAD_DISCO_QUERY] = "query",
    [IBB_PAYLOAD_DISCO_INFO] = "info", [IBB_PAYLOAD_PING] = "ping",
    [IBB_PAYLOAD_RESUME] = "resume",
  };

  return stanza == NULL ? "nothing" : names[stanza->payload];
}

gboolean
driver_take_event (Driver *self, IBBEvent *event)
{
  while (ibb_engine_take_event (self->engine, event))
    {
      if (event->type != IBB_EVENT_CHANGED)
        return TRUE;
      g_assert_nonnull (event->session);
      ibb_event_clear (event);
    }
  return FALSE;
}

/* ---- sessions ---- */

IBBSession *
driver_open (Driver *self, const char *sid, guint block_size)
{
  IBBOpen               open = { .peer = PEER, .block_size = block_size, .sid = sid };
  IBBFailure            failure = IBB_FAILURE_INIT;
  IBBSession           *session = ibb_engine_open (self->engine, &open, *self->clock, &failure);
  g_autoptr (IBBStanza) stanza = driver_take_served (self);

  g_assert_nonnull (session);
  g_assert_cmpint (stanza->payload, ==, IBB_PAYLOAD_OPEN);
  g_assert_true (driver_answer (self, stanza));
  g_assert_cmpint (ibb_session_get_state (session), ==, IBB_SESSION_OPEN);
  return session;
}

void
driver_write (Driver *self, IBBSession *session, gsize length)
{
  g_autofree guint8 *bytes = g_malloc0 (length);

  g_assert_cmpuint (ibb_session_write (session, bytes, length, *self->clock), ==, length);
}
