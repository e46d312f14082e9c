/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "resume-peer.h"

#include "core/base/proof.h"

static void
init (Driver *self)
{
  driver_init (self, OWN, NULL, (Random){ 42 });
  ibb_engine_get_settings (self->engine)->resume_sessions = TRUE;
}

static void
run (gconstpointer data)
{
  const ResumePeerTest *test = data;
  IBBSession           *session;
  Driver                self;

  init (&self);
  session = resume_peer_accept (&self);
  test->func (&self, session);
  ibb_session_unref (session);
  driver_clear (&self);
}

static void
run_bare (gconstpointer data)
{
  Driver self;

  init (&self);
  ((void (*) (Driver *)) data) (&self);
  driver_clear (&self);
}

void
resume_peer_add (const ResumePeerTest *tests, gsize n)
{
  for (gsize i = 0; i < n; i++)
    {
      g_autofree char *path = g_strconcat ("/engine/resume/D-58/", tests[i].name, NULL);

      g_test_add_data_func (path, &tests[i], run);
    }
}

void
resume_peer_add_bare (const char *name, void (*func) (Driver *self))
{
  g_autofree char *path = g_strconcat ("/engine/resume/D-58/", name, NULL);

  g_test_add_data_func (path, (gconstpointer) func, run_bare);
}

IBBSession *
resume_peer_accept (Driver *self)
{
  return resume_peer_accept_from (self, PEER, OWN, SID, TRUE);
}

IBBSession *
resume_peer_accept_from (
    Driver *self, const char *peer, const char *local, const char *sid, gboolean has_secret)
{
  IBBStanza *open = driver_new_open (peer, "open", sid, BLOCK, FALSE);
  IBBStanza *result;
  IBBEvent   event = IBB_EVENT_INIT;

  ibb_engine_get_settings (self->engine)->session_limit = 1000;
  ibb_engine_set_listen (self->engine, IBB_LISTEN_ACCEPT);
  g_free (open->to);
  open->to = g_strdup (local);
  open->secret = has_secret ? g_strdup (SECRET) : NULL;
  g_assert_true (driver_receive (self, open));
  g_assert_true (driver_take_event (self, &event));
  result = driver_take_served (self);
  g_assert_cmpint (result->payload, ==, IBB_PAYLOAD_RESULT);
  g_assert_cmpint (result->is_resumable, ==,
                   has_secret && ibb_engine_get_settings (self->engine)->resume_sessions);
  ibb_stanza_record_unref (result);
  return event.session;
}

IBBStanza *
resume_peer_new (const char *from, guint32 count, guint64 received, guint64 acknowledged)
{
  IBBStatement statement = { IBB_PROOF_RESUME, TRUE, SID, count, received, acknowledged };
  IBBStanza   *stanza = driver_new_request (IBB_PAYLOAD_RESUME, from, OWN, "resume", SID);

  stanza->has_position = TRUE;
  stanza->count = count;
  stanza->received = received;
  stanza->acknowledged = acknowledged;
  stanza->proof = ibb_proof_create (SECRET, &statement);
  return stanza;
}

IBBStanza *
resume_peer_new_block (const char *id, guint seq, gsize length)
{
  static const guint8 bytes[BLOCK];
  IBBStanza          *block = driver_new_request (IBB_PAYLOAD_DATA, PEER, OWN, id, SID);

  driver_set_block (block, seq, bytes, length);
  return block;
}

IBBStanza *
resume_peer_ask (Driver *self, IBBStanza *request, IBBPayload payload)
{
  IBBStanza *answer;

  g_assert_true (driver_receive (self, request));
  answer = driver_take_served (self);
  g_assert_cmpint (answer->payload, ==, payload);
  return answer;
}

void
resume_peer_assert_agrees (Driver *self, IBBStanza *request)
{
  ibb_stanza_record_unref (resume_peer_ask (self, request, IBB_PAYLOAD_RESULT));
}

void
resume_peer_assert_refuses (Driver *self, IBBStanza *request, IBBCondition condition)
{
  g_autoptr (IBBStanza) answer = resume_peer_ask (self, request, IBB_PAYLOAD_ERROR);

  g_assert_cmpint (answer->condition, ==, condition);
}

void
resume_peer_assert_nothing (Driver *self)
{
  g_autoptr (IBBStanza) stanza = driver_take_served (self);

  g_assert_cmpstr (driver_describe (stanza), ==, "nothing");
}

IBBStanza *
resume_peer_take (Driver *self, const char *description)
{
  IBBStanza *stanza = driver_take_served (self);

  g_assert_cmpstr (driver_describe (stanza), ==, description);
  return stanza;
}

IBBStanza *
resume_peer_take_resume (Driver *self, guint32 count, guint64 received)
{
  IBBStanza   *stanza = resume_peer_take (self, "resume");
  IBBStatement statement;

  statement = (IBBStatement){ IBB_PROOF_RESUME, FALSE, SID, count, received, stanza->acknowledged };
  g_assert_true (stanza->has_position);
  g_assert_cmpuint (stanza->count, ==, count);
  g_assert_cmpuint (stanza->received, ==, received);
  g_assert_true (ibb_proof_matches (stanza->proof, SECRET, &statement));
  return stanza;
}

void
resume_peer_answer (Driver *self, const IBBStanza *resume, guint64 received, gboolean has_ended)
{
  IBBStatement statement = {
    has_ended ? IBB_PROOF_ENDED : IBB_PROOF_RESUMED, TRUE, SID, resume->count, received, received
  };
  IBBStanza *result = ibb_stanza_record_new_result (resume);

  if (result->to == NULL)
    result->to = g_strdup (OWN);
  result->has_position = TRUE;
  result->has_ended = has_ended;
  result->received = result->acknowledged = received;
  result->proof = ibb_proof_create (SECRET, &statement);
  g_assert_true (driver_receive (self, result));
}

void
resume_peer_answer_error (Driver *self, const IBBStanza *request, IBBCondition condition)
{
  g_assert_true (driver_answer_error (self, request, condition, IBB_ERROR_TYPE_CANCEL));
}

IBBStanza *
resume_peer_take_block (Driver *self, guint seq)
{
  IBBStanza *block = resume_peer_take (self, "data");

  g_assert_cmpuint (block->seq, ==, seq);
  return block;
}

IBBStanza *
resume_peer_write (Driver *self, IBBSession *session, gsize length)
{
  driver_write (self, session, length);
  return resume_peer_take_block (self, 0);
}

gboolean
resume_peer_take_change (Driver *self, IBBSession *session)
{
  IBBEvent event = IBB_EVENT_INIT;
  gboolean is_told = FALSE;

  while (ibb_engine_take_event (self->engine, &event))
    {
      is_told |= event.type == IBB_EVENT_CHANGED && event.session == session;
      ibb_event_clear (&event);
    }
  return is_told;
}

void
resume_peer_lose (Driver *self, IBBSession *session)
{
  gboolean was_interrupted = ibb_session_is_interrupted (session);

  resume_peer_take_change (self, session);
  ibb_engine_lost (self->engine);
  g_assert_true (was_interrupted || resume_peer_take_change (self, session));
  g_assert_true (ibb_session_is_interrupted (session));
  g_assert_cmpint (ibb_session_get_state (session), ==, IBB_SESSION_OPEN);
  driver_advance (self, 0);
  resume_peer_assert_nothing (self);
}

void
resume_peer_restore (Driver *self, const char *jid)
{
  ibb_engine_set_local_jid (self->engine, jid);
  ibb_engine_restored (self->engine);
  driver_advance (self, 0);
}

IBBStanza *
resume_peer_interrupt (Driver *self, IBBSession *session)
{
  resume_peer_lose (self, session);
  resume_peer_restore (self, OWN);
  return resume_peer_take_resume (self, 1, 0);
}

void
resume_peer_assert_ended (IBBSession *session, IBBFailureKind kind)
{
  g_assert_cmpint (ibb_session_get_state (session), ==, IBB_SESSION_ENDED);
  g_assert_cmpint (ibb_session_get_failure (session)->kind, ==, kind);
}

void
resume_peer_abort (Driver *self, IBBSession *session)
{
  ibb_session_abort (session, *self->clock);
  for (IBBStanza *rest = driver_take (self); rest != NULL; rest = driver_take (self))
    ibb_stanza_record_unref (rest);
}
