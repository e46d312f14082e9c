/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "engine-harness.h"

#include <string.h>

typedef struct
{
  HarnessFunc   test;
  gconstpointer data;
} Test;

static void
fill_random (guint8 *bytes, gsize length, gpointer data)
{
  Harness *self = data;

  for (gsize i = 0; i < length; i++)
    {
      self->random = self->random * G_GUINT64_CONSTANT (6364136223846793005) + 1442695040888963407;
      bytes[i] = (guint8) (self->random >> 40);
    }
}

static void
run (gconstpointer data)
{
  const Test *test = data;
  Harness     self = { 0 };

  self.now = 1000 * SECOND;
  self.random = 42;
  self.has_feature = TRUE;
  g_queue_init (&self.events);
  self.engine = ibb_engine_new (fill_random, &self);
  ibb_engine_set_local_jid (self.engine, OWN);

  test->test (&self, test->data);

  g_queue_clear_full (&self.events, (GDestroyNotify) harness_event_free);
  ibb_engine_free (self.engine);
}

void
harness_add (const char *path, HarnessFunc test, gconstpointer data)
{
  Test *t = g_new (Test, 1);

  *t = (Test){ test, data };
  g_test_add_data_func_full (path, t, run, g_free);
}

IBBSettings *
harness_settings (Harness *self)
{
  return ibb_engine_get_settings (self->engine);
}

void
harness_advance (Harness *self, gint64 milliseconds)
{
  gint64 end = self->now + milliseconds * MILLISECOND;
  guint  n_same = 0;
  gint64 wake;

  while ((wake = ibb_engine_get_wake_time (self->engine)) <= end)
    {
      n_same = wake <= self->now ? n_same + 1 : 0;
      g_assert_cmpuint (n_same, <, 1000);
      self->n_wakes++;
      self->now = MAX (self->now, wake);
      ibb_engine_advance (self->engine, self->now);
    }
  self->now = end;
  ibb_engine_advance (self->engine, self->now);
}

/* ---- what the peer sends ---- */

gboolean
harness_receive (Harness *self, IBBStanza *stanza)
{
  gboolean ours = ibb_engine_receive (self->engine, stanza, self->now);

  ibb_stanza_record_unref (stanza);
  return ours;
}

IBBStanza *
harness_request (
    Harness *self, IBBPayload payload, const char *from, const char *id, const char *sid)
{
  IBBStanza *stanza;

  if (id == NULL)
    {
      g_snprintf (self->last_id, sizeof self->last_id, "peer-%u", self->n_ids++);
      id = self->last_id;
    }
  else if (id != self->last_id)
    g_strlcpy (self->last_id, id, sizeof self->last_id);
  stanza = ibb_stanza_record_new (IBB_STANZA_IQ, "set", payload, id, OWN);
  stanza->from = g_strdup (from);
  stanza->sid = g_strdup (sid);
  return stanza;
}

void
harness_send_open (
    Harness *self, const char *from, const char *sid, guint block_size, IBBCarrier carrier)
{
  IBBStanza *stanza = harness_request (self, IBB_PAYLOAD_OPEN, from, NULL, sid);

  stanza->block_size = block_size;
  stanza->block_size_valid = block_size >= 1 && block_size <= IBB_BLOCK_SIZE_MAX;
  stanza->carrier = carrier;
  stanza->carrier_valid = TRUE;
  g_assert_true (harness_receive (self, stanza));
}

void
harness_send_data_full (Harness    *self,
                        const char *from,
                        const char *id,
                        const char *sid,
                        guint       seq,
                        const void *bytes,
                        gsize       length,
                        IBBCarrier  carrier)
{
  IBBStanza *stanza = harness_request (self, IBB_PAYLOAD_DATA, from, id, sid);

  if (carrier == IBB_CARRIER_MESSAGE)
    {
      stanza->name = IBB_STANZA_MESSAGE;
      g_clear_pointer (&stanza->kind, g_free);
    }
  stanza->seq = (guint16) seq;
  stanza->seq_valid = TRUE;
  stanza->bytes = g_bytes_new (bytes, length);
  stanza->base64 = IBB_BASE64_EXACT;
  stanza->text_length = IBB_BASE64_ENCODED_LENGTH (length);
  g_assert_true (harness_receive (self, stanza));
}

void
harness_send_data (Harness *self, const char *sid, guint seq, const char *bytes)
{
  harness_send_data_full (self, PEER, NULL, sid, seq, bytes, strlen (bytes), IBB_CARRIER_IQ);
}

void
harness_send_blocks (Harness *self, const char *sid, guint seq, guint n_blocks, gsize length)
{
  g_autofree guint8 *bytes = g_malloc0 (length);

  for (guint i = 0; i < n_blocks; i++)
    harness_send_data_full (self, PEER, NULL, sid, seq + i, bytes, length, IBB_CARRIER_IQ);
}

void
harness_send_close (Harness *self, const char *sid, gboolean unclean)
{
  IBBStanza *stanza = harness_request (self, IBB_PAYLOAD_CLOSE, PEER, NULL, sid);

  stanza->unclean = unclean;
  g_assert_true (harness_receive (self, stanza));
}

void
harness_answer (Harness *self, IBBStanza *stanza)
{
  IBBStanza *reply = ibb_stanza_record_new_result (stanza);

  g_free (reply->to);
  reply->to = g_strdup (OWN);
  harness_receive (self, reply);
}

void
harness_answer_error (Harness *self, IBBStanza *stanza, IBBCondition condition, IBBErrorType type)
{
  IBBStanza *reply = ibb_stanza_record_new_error (stanza, condition, type, NULL);

  g_free (reply->to);
  reply->to = g_strdup (OWN);
  harness_receive (self, reply);
}

/* ---- what the engine sends ---- */

static void
answer_disco (Harness *self, IBBStanza *query)
{
  IBBStanza *reply = ibb_stanza_record_new_result (query);

  reply->payload = IBB_PAYLOAD_DISCO_INFO;
  reply->features = g_new0 (char *, 3);
  reply->features[0] =
      g_strdup (self->has_feature ? IBB_FEATURE_NAMESPACE : IBB_DISCO_INFO_NAMESPACE);
  reply->features[1] = self->has_rules ? g_strdup (IBB_AMP_NAMESPACE) : NULL;
  harness_receive (self, reply);
}

IBBStanza *
harness_take (Harness *self)
{
  IBBStanza *stanza;

  while ((stanza = ibb_engine_take_stanza (self->engine, self->now)) != NULL)
    {
      if (!self->hold_sent)
        ibb_engine_sent (self->engine, stanza, self->now);
      if (stanza->payload == IBB_PAYLOAD_PING)
        {
          self->n_pings++;
          if (self->leave_ping)
            return stanza;
          harness_answer (self, stanza);
        }
      else if (stanza->payload == IBB_PAYLOAD_DISCO_QUERY)
        {
          self->n_disco++;
          if (self->leave_disco)
            return stanza;
          answer_disco (self, stanza);
        }
      else
        return stanza;
      ibb_stanza_record_unref (stanza);
    }
  return NULL;
}

static const char *
describe (const IBBStanza *stanza)
{
  static const char *const names[] = { "other",  "open",  "data",        "close",      "unknown",
                                       "result", "error", "disco query", "disco info", "ping" };

  return stanza == NULL ? "nothing" : names[stanza->payload];
}

IBBStanza *
harness_expect (Harness *self, IBBPayload payload)
{
  IBBStanza *stanza = harness_take (self);

  if (stanza == NULL || stanza->payload != payload)
    g_error ("expected payload %d, got %s%s%s", payload, describe (stanza),
             stanza != NULL && stanza->payload == IBB_PAYLOAD_ERROR ? " " : "",
             stanza != NULL && stanza->payload == IBB_PAYLOAD_ERROR
                 ? ibb_condition_to_string (stanza->condition)
                 : "");
  /* Whatever it is, it came from us and goes somewhere. */
  g_assert_nonnull (stanza->id);
  g_assert_nonnull (stanza->to);
  if (stanza->from != NULL)
    g_assert_cmpstr (stanza->from, ==, OWN);
  return stanza;
}

void
harness_expect_nothing (Harness *self)
{
  IBBStanza *stanza = harness_take (self);

  if (stanza != NULL)
    g_error ("expected nothing, got %s", describe (stanza));
}

void
harness_expect_result_to (Harness *self, const char *id)
{
  IBBStanza *stanza = harness_expect (self, IBB_PAYLOAD_RESULT);

  g_assert_cmpint (stanza->name, ==, IBB_STANZA_IQ);
  g_assert_true (ibb_stanza_record_is_kind (stanza, "result"));
  g_assert_cmpstr (stanza->id, ==, id);
  ibb_stanza_record_unref (stanza);
}

void
harness_expect_result (Harness *self)
{
  harness_expect_result_to (self, self->last_id);
}

void
harness_expect_error_to (Harness *self, const char *id, IBBCondition condition, IBBErrorType type)
{
  IBBStanza *stanza = harness_expect (self, IBB_PAYLOAD_ERROR);

  g_assert_true (ibb_stanza_record_is_kind (stanza, "error"));
  g_assert_cmpstr (stanza->id, ==, id);
  g_assert_cmpstr (ibb_condition_to_string (stanza->condition), ==,
                   ibb_condition_to_string (condition));
  g_assert_cmpstr (ibb_error_type_to_string (stanza->error_type), ==,
                   ibb_error_type_to_string (type));
  g_assert_null (stanza->bytes); /* nothing is echoed (D-48) */
  g_assert_null (stanza->sid);
  ibb_stanza_record_unref (stanza);
}

void
harness_expect_error (Harness *self, IBBCondition condition, IBBErrorType type)
{
  harness_expect_error_to (self, self->last_id, condition, type);
}

IBBStanza *
harness_expect_data (Harness *self, guint seq, const char *bytes)
{
  IBBStanza *stanza = harness_expect (self, IBB_PAYLOAD_DATA);

  g_assert_cmpuint (stanza->seq, ==, seq);
  g_assert_true (stanza->seq_valid);
  g_assert_nonnull (stanza->bytes);
  g_assert_nonnull (stanza->sid);
  if (bytes != NULL)
    g_assert_cmpmem (g_bytes_get_data (stanza->bytes, NULL), g_bytes_get_size (stanza->bytes),
                     bytes, strlen (bytes));
  return stanza;
}

IBBStanza *
harness_expect_close (Harness *self, gboolean unclean)
{
  IBBStanza *stanza = harness_expect (self, IBB_PAYLOAD_CLOSE);

  g_assert_cmpint (stanza->name, ==, IBB_STANZA_IQ); /* N-34 */
  g_assert_true (ibb_stanza_record_is_kind (stanza, "set"));
  g_assert_nonnull (stanza->sid);
  g_assert_cmpint (stanza->unclean, ==, unclean);
  return stanza;
}

/* ---- events ---- */

void
harness_event_free (IBBEvent *event)
{
  ibb_event_clear (event);
  g_free (event);
}

IBBEvent *
harness_event (Harness *self)
{
  IBBEvent event = IBB_EVENT_INIT;

  while (ibb_engine_take_event (self->engine, &event))
    {
      if (event.type != IBB_EVENT_CHANGED)
        return g_memdup2 (&event, sizeof event);
      g_assert_nonnull (event.session);
      ibb_event_clear (&event);
    }
  return NULL;
}

IBBSession *
harness_expect_session (Harness *self, IBBEventType type)
{
  g_autoptr (IBBEvent) event = harness_event (self);

  g_assert_nonnull (event);
  g_assert_cmpint (event->type, ==, type);
  g_assert_nonnull (event->session);
  return g_steal_pointer (&event->session);
}

/* ---- sessions ---- */

IBBSession *
harness_begin_open (
    Harness *self, const char *peer, const char *sid, IBBCarrier carrier, guint block_size)
{
  IBBOpen     open = { .peer = peer, .carrier = carrier, .block_size = block_size, .sid = sid };
  IBBFailure  failure = IBB_FAILURE_INIT;
  IBBSession *session = ibb_engine_open (self->engine, &open, self->now, &failure);

  g_assert_nonnull (session);
  assert_failure (&failure, IBB_FAILURE_NONE);
  assert_state (session, IBB_SESSION_OPENING);
  return session;
}

static IBBSession *
open_session (Harness *self, const char *sid, IBBCarrier carrier, guint block_size)
{
  IBBSession *session = harness_begin_open (self, PEER, sid, carrier, block_size);
  IBBStanza  *open = harness_expect (self, IBB_PAYLOAD_OPEN);

  harness_answer (self, open);
  ibb_stanza_record_unref (open);
  assert_state (session, IBB_SESSION_OPEN);
  return session;
}

IBBSession *
harness_open (Harness *self, IBBCarrier carrier, guint block_size)
{
  return open_session (self, SID, carrier, block_size);
}

IBBSession *
harness_open_another (Harness *self, const char *sid, guint block_size)
{
  return open_session (self, sid, IBB_CARRIER_IQ, block_size);
}

IBBSession *
harness_accept (Harness *self, IBBCarrier carrier, guint block_size)
{
  IBBSession *session;

  harness_settings (self)->session_limit = MAX (harness_settings (self)->session_limit, 1);
  ibb_engine_set_listen (self->engine, IBB_LISTEN_ACCEPT);
  harness_send_open (self, PEER, SID, block_size, carrier);
  session = harness_expect_session (self, IBB_EVENT_ACCEPTED);
  harness_expect_result (self);
  assert_state (session, IBB_SESSION_OPEN);
  return session;
}

void
harness_write (Harness *self, IBBSession *session, const char *bytes)
{
  g_assert_cmpuint (ibb_session_write (session, (const guint8 *) bytes, strlen (bytes), self->now),
                    ==, strlen (bytes));
}

void
harness_write_n (Harness *self, IBBSession *session, gsize length)
{
  g_autofree guint8 *bytes = g_malloc0 (length);

  g_assert_cmpuint (ibb_session_write (session, bytes, length, self->now), ==, length);
}

void
harness_expect_read (Harness *self, IBBSession *session, const char *bytes)
{
  gsize              length = strlen (bytes);
  g_autofree guint8 *read = g_malloc (length + 1);

  g_assert_cmpuint (ibb_session_get_readable (session), ==, length);
  g_assert_cmpuint (ibb_session_read (session, read, length + 1, self->now), ==, length);
  g_assert_cmpmem (read, length, bytes, length);
}

gsize
harness_read_n (Harness *self, IBBSession *session, gsize length)
{
  g_autofree guint8 *read = g_malloc (length);

  return ibb_session_read (session, read, length, self->now);
}

gsize
harness_size_of (IBBStanza *block)
{
  return g_bytes_get_size (block->bytes);
}

void
harness_warm_up (Harness *h, IBBSession *session)
{
  g_autoptr (IBBStanza) block = NULL;

  harness_write (h, session, "w");
  block = harness_expect_data (h, 0, "w");
  harness_answer (h, block);
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 1);
}

void
harness_send_two (Harness *self, IBBSession *session, IBBStanza **first, IBBStanza **second)
{
  harness_warm_up (self, session);
  harness_write_n (self, session, 2 * (gsize) ibb_session_get_block_size (session));
  *first = harness_expect_data (self, 1, NULL);
  *second = harness_expect_data (self, 2, NULL);
}

void
harness_assert_empty (Harness *self)
{
  harness_expect_nothing (self);
  g_assert_cmpuint (ibb_engine_get_n_sessions (self->engine), ==, 0);
  g_assert_cmpuint (ibb_engine_get_n_timers (self->engine), ==, 0);
  g_assert_cmpuint (ibb_engine_get_n_pending (self->engine), ==, 0);
}
