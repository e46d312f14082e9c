/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Interrupted sessions (D-58): our new logins, and peers that resume, with right and wrong
 * proofs and positions. */

#include "config.h"

#include "engine-world.h"

#include "core/engine.h"
#include "core/session/session.h"

#define SECRET "00112233445566778899aabbccddeeff"

/* A position as the peer may know it: from what is acknowledged to what was sent. */
static void
set_position (const IBBSession *session, IBBStanza *stanza, guint b)
{
  const IBBSender *sender = &session->sender;
  const GList     *first = sender->flight.blocks.head;
  guint64          least = sender->delivered;
  guint64          most = sender->segmented;
  guint64          middle = first != NULL ? ((const IBBBlock *) first->data)->end : most;
  const struct
  {
    guint64 received;
    guint64 acknowledged;
  } positions[] = {
    { least, least },   { most, most },     { most, least },     { middle, least },
    { middle, middle }, { most + 1, most }, { most, least - 1 }, { least, most },
  };

  stanza->has_position = TRUE;
  stanza->received = positions[b & 7].received;
  stanza->acknowledged = positions[b & 7].acknowledged;
}

static void
prove (const IBBSession *session, IBBStanza *stanza, IBBProofKind kind, guint b)
{
  const IBBParameters *parameters = &session->parameters;
  const char          *secret = parameters->secret != NULL ? parameters->secret : SECRET;
  IBBStatement         statement = { kind,          !parameters->is_initiator, parameters->key.sid,
                                     stanza->count, stanza->received,          stanza->acknowledged };

  switch (b & 7)
    {
    case 5:
      return;
    case 6:
      statement.by_initiator = parameters->is_initiator;
      break;
    case 7:
      statement.count++;
      break;
    default:
      break;
    }
  stanza->proof = ibb_proof_create (secret, &statement);
}

void
peers_offer_secret (IBBStanza *open)
{
  open->secret = g_strdup (SECRET);
}

/* The peer may have another resource by now, or be somebody else. */
static const char *
get_sender (const IBBSession *session, guint b)
{
  static const char *const others[] = {
    [1] = "romeo@montague.example/garden",
    [2] = "romeo@montague.example",
    [3] = "mallory@example.net/x",
  };

  return others[b & 3] != NULL ? others[b & 3] : session->parameters.key.peer;
}

void
peers_receive_resume (World *self)
{
  IBBSession *session = world_pick_session (self);
  guint       b = world_next (self);
  guint       c = world_next (self);
  IBBStanza  *stanza;

  if (session == NULL)
    return;

  stanza = peers_new_for_session (self, session, IBB_PAYLOAD_RESUME, FALSE, c >> 5 == 1 ? 1 : 0);
  g_free (stanza->from);
  stanza->from = g_strdup (get_sender (session, c));
  stanza->count = session->resume.peer_count + ((guint[]){ 1, 2, 1, 0 })[c >> 2 & 3];
  if (b >> 6 != 3)
    {
      set_position (session, stanza, b);
      prove (session, stanza, IBB_PROOF_RESUME, b >> 3);
    }
  /* Blocks from before the interruption stay without an answer. */
  self->was_lost = TRUE;
  peers_receive (self, stanza);
}

/* Whose <resume/> that is. (nullable) */
static const IBBSession *
find_session (const World *self, const IBBStanza *resume)
{
  for (guint i = 0; i < N_SESSIONS; i++)
    if (self->sessions[i] != NULL && self->sessions[i]->parameters.secret != NULL &&
        g_str_equal (self->sessions[i]->parameters.key.sid, resume->sid))
      return self->sessions[i];
  return NULL;
}

void
peers_answer_resume (World *self, const IBBStanza *resume, IBBStanza *result, guint b, guint c)
{
  const IBBSession *session = find_session (self, resume);

  if (session == NULL)
    return;

  result->count = resume->count;
  result->has_ended = b >> 2 & 1;
  set_position (session, result, c);
  prove (session, result, result->has_ended ? IBB_PROOF_ENDED : IBB_PROOF_RESUMED, c >> 3);
}

/* Logs in again, perhaps with another resource or another account. */
static void
log_in (World *self, guint b)
{
  static const char *const jids[] = { OWN, OWN, "juliet@capulet.example/chamber",
                                      "nurse@capulet.example/hall" };

  self->was_lost = TRUE;
  ibb_engine_lost (self->driver.engine); /* a close may be answered after the login (D-58) */
  ibb_engine_set_local_jid (self->driver.engine, NULL);
  if (b >> 2 & 1)
    {
      ibb_engine_restored (self->driver.engine);
      ibb_engine_set_local_jid (self->driver.engine, jids[b & 3]);
    }
  else
    {
      ibb_engine_set_local_jid (self->driver.engine, jids[b & 3]);
      ibb_engine_restored (self->driver.engine);
    }
  self->lost = FALSE;
}

static void
change_resumption (World *self, guint b)
{
  static const guint timeouts[] = { 600000, 0, 1000, 60000 };
  IBBSettings       *settings = &self->driver.engine->context->settings;

  settings->resume_sessions = b & 1;
  settings->resume_timeout = timeouts[b >> 1 & 3];
  ibb_engine_settings_changed (self->driver.engine, self->driver.time);
}

void
world_interrupt (World *self)
{
  guint b = world_next (self);

  switch (b >> 4 & 3)
    {
    case 0:
    case 1:
      log_in (self, b);
      break;
    case 2:
      change_resumption (self, b);
      break;
    case 3:
    default:
      if (self->driver.engine->context->clock.is_stopped)
        ibb_engine_resume (self->driver.engine, self->driver.time);
      else
        ibb_engine_suspend (self->driver.engine, self->driver.time);
      break;
    }
}

gboolean
world_has_interrupted (const World *self)
{
  GHashTableIter iter;
  gpointer       session;

  g_hash_table_iter_init (&iter, self->driver.engine->context->sessions);
  while (g_hash_table_iter_next (&iter, &session, NULL))
    if (((IBBSession *) session)->state == IBB_SESSION_INTERRUPTED)
      return TRUE;
  return FALSE;
}
