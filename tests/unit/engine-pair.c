/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Two engines on a long way, where what either does depends on how fast the
 * other is. */

#include "config.h"

#include "engine-harness.h"

#include <string.h>

#define DELAY (50 * MILLISECOND) /* each way */
#define WINDOW (1024 * 1024)
#define NEVER G_MAXINT64

typedef struct
{
  IBBStanza *stanza;
  gint64     arrives;
} Passage;

typedef struct
{
  IBBEngine  *engines[2];
  IBBSession *sessions[2];
  GQueue      wires[2]; /* (element-type Passage): on the way to whom */
  gint64      now;
  guint64     random;
  guint       n_errors; /* to blocks */
  gsize       most_in_flight;
  gsize       most_unread;
} Pair;

static const char *const jids[] = { OWN, PEER };

static void
fill_random (guint8 *bytes, gsize length, gpointer data)
{
  Pair *self = data;

  for (gsize i = 0; i < length; i++)
    {
      self->random = self->random * G_GUINT64_CONSTANT (6364136223846793005) + 1442695040888963407;
      bytes[i] = (guint8) (self->random >> 40);
    }
}

static void
post (Pair *self, guint to, IBBStanza *stanza, gint64 delay)
{
  Passage *passage = g_new (Passage, 1);

  *passage = (Passage){ stanza, self->now + delay };
  g_queue_push_tail (&self->wires[to], passage);
}

/* What the two servers and whoever answers disco#info make of a stanza. */
static void
pass_on (Pair *self, guint from, IBBStanza *stanza)
{
  g_free (stanza->from);
  stanza->from = g_strdup (jids[from]);
  if (stanza->payload == IBB_PAYLOAD_PING || stanza->payload == IBB_PAYLOAD_DISCO_QUERY)
    {
      IBBStanza *reply = ibb_stanza_record_new_result (stanza);

      if (stanza->payload == IBB_PAYLOAD_DISCO_QUERY)
        {
          reply->payload = IBB_PAYLOAD_DISCO_INFO;
          reply->features = g_new0 (char *, 2);
          reply->features[0] = g_strdup (IBB_FEATURE_NAMESPACE);
        }
      post (self, from, reply, 2 * DELAY);
      ibb_stanza_record_unref (stanza);
    }
  else
    {
      self->n_errors += stanza->payload == IBB_PAYLOAD_ERROR &&
                        stanza->condition != IBB_CONDITION_ITEM_NOT_FOUND; /* that is a probe's */
      post (self, 1 - from, stanza, DELAY);
    }
}

static void
pump (Pair *self)
{
  for (guint i = 0; i < 2; i++)
    {
      IBBEvent   event = IBB_EVENT_INIT;
      IBBStanza *stanza;

      while (ibb_engine_take_event (self->engines[i], &event))
        {
          if (event.type == IBB_EVENT_ACCEPTED)
            self->sessions[i] = g_steal_pointer (&event.session);
          ibb_event_clear (&event);
        }
      while ((stanza = ibb_engine_take_stanza (self->engines[i], self->now)) != NULL)
        {
          ibb_engine_sent (self->engines[i], stanza, self->now);
          pass_on (self, i, stanza);
        }
    }
}

/* The next thing that happens, until then at most. FALSE: nothing did. */
static gboolean
step (Pair *self, gint64 until)
{
  gint64 next = NEVER;

  pump (self);
  for (guint i = 0; i < 2; i++)
    {
      const Passage *passage = g_queue_peek_head (&self->wires[i]);

      next = MIN (next, ibb_engine_get_wake_time (self->engines[i]));
      next = MIN (next, passage != NULL ? passage->arrives : NEVER);
    }
  if (next > until)
    {
      self->now = until;
      return FALSE;
    }
  self->now = MAX (self->now, next);
  for (guint i = 0; i < 2; i++)
    {
      Passage *passage = g_queue_peek_head (&self->wires[i]);

      ibb_engine_advance (self->engines[i], self->now);
      if (passage == NULL || passage->arrives > self->now)
        continue;
      g_queue_pop_head (&self->wires[i]);
      ibb_engine_receive (self->engines[i], passage->stanza, self->now);
      ibb_stanza_record_unref (passage->stanza);
      g_free (passage);
    }
  return TRUE;
}

static guint8
byte_at (guint64 offset)
{
  return (guint8) (offset ^ offset >> 8 ^ offset >> 16);
}

static void
write_on (Pair *self, guint64 end)
{
  IBBSession *session = self->sessions[0];
  guint64     written = ibb_session_get_written (session);
  gsize       length = MIN (ibb_session_get_writable (session), end - written);
  guint8      bytes[4096];

  while (length > 0)
    {
      gsize n = MIN (length, sizeof bytes);

      for (gsize i = 0; i < n; i++)
        bytes[i] = byte_at (written + i);
      g_assert_cmpuint (ibb_session_write (session, bytes, n, self->now), ==, n);
      written += n;
      length -= n;
    }
  self->most_in_flight = MAX (self->most_in_flight, ibb_session_get_in_flight (session));
}

static void
read_all (Pair *self, guint64 *read)
{
  IBBSession *session = self->sessions[1];
  guint8      bytes[4096];
  gsize       n;

  while ((n = ibb_session_read (session, bytes, sizeof bytes, self->now)) > 0)
    {
      for (gsize i = 0; i < n; i++)
        g_assert_cmpuint (bytes[i], ==, byte_at (*read + i));
      *read += n;
    }
}

/* The sender writes up to end, the reader reads all of it. How long that took. */
static gint64
transfer (Pair *self, guint64 end, guint64 *read)
{
  gint64 start = self->now;

  for (read_all (self, read); *read < end; read_all (self, read))
    {
      write_on (self, end);
      g_assert_true (step (self, NEVER - 1));
    }
  return self->now - start;
}

/* The sender writes on, but nobody reads. */
static void
pause_reading (Pair *self, gint64 duration, guint64 end)
{
  gint64 until = self->now + duration;

  do
    {
      write_on (self, end);
      self->most_unread = MAX (self->most_unread, ibb_session_get_readable (self->sessions[1]));
    }
  while (step (self, until));
}

static void
pair_open (Pair *self)
{
  IBBOpen    open = { .peer = PEER, .block_size = 4096 };
  IBBFailure failure = IBB_FAILURE_INIT;

  self->now = 1000 * SECOND;
  self->random = 42;
  for (guint i = 0; i < 2; i++)
    {
      g_queue_init (&self->wires[i]);
      self->engines[i] = ibb_engine_new (fill_random, self);
      ibb_engine_set_local_jid (self->engines[i], jids[i]);
    }
  ibb_engine_get_settings (self->engines[0])->window = WINDOW;
  ibb_engine_get_settings (self->engines[1])->session_limit = 1;
  ibb_engine_set_listen (self->engines[1], IBB_LISTEN_ACCEPT);
  self->sessions[0] = ibb_engine_open (self->engines[0], &open, self->now, &failure);
  g_assert_nonnull (self->sessions[0]);
  while (self->sessions[1] == NULL || ibb_session_get_state (self->sessions[0]) != IBB_SESSION_OPEN)
    g_assert_true (step (self, NEVER - 1));
}

static void
pair_clear (Pair *self)
{
  for (guint i = 0; i < 2; i++)
    {
      Passage *passage;

      ibb_session_unref (self->sessions[i]);
      ibb_engine_free (self->engines[i]);
      while ((passage = g_queue_pop_head (&self->wires[i])) != NULL)
        {
          ibb_stanza_record_unref (passage->stanza);
          g_free (passage);
        }
    }
}

/* 1 MiB in flight at 100 ms, and a reader that pauses: what it does not take is
 * held, not refused, and afterwards all goes on as before. */
static void
test_pause (gconstpointer data)
{
  const gint64  pause = GPOINTER_TO_INT (data) * SECOND;
  const guint64 length = 16 * WINDOW;
  Pair          self = { 0 };
  guint64       read = 0;
  gint64        warm;
  gint64        again;

  pair_open (&self);
  transfer (&self, length, &read); /* the window opens */
  warm = transfer (&self, 2 * length, &read);
  g_assert_cmpuint (self.most_in_flight, ==, WINDOW);
  g_assert_cmpint (warm, <=, 2 * 16 * 2 * DELAY);

  pause_reading (&self, pause, 3 * length);
  g_assert_cmpuint (self.most_unread, >=, WINDOW);
  g_assert_cmpuint (self.most_unread, <=, WINDOW + 256 * 1024 + 4096);
  again = transfer (&self, 3 * length, &read);
  g_test_message ("%" G_GINT64_FORMAT " ms, after the pause %" G_GINT64_FORMAT " ms",
                  warm / MILLISECOND, again / MILLISECOND);
  g_assert_cmpint (again, <=, 2 * warm);
  g_assert_cmpuint (ibb_session_get_retries (self.sessions[0]), ==, 0);
  g_assert_cmpuint (self.n_errors, ==, 0);

  ibb_session_close (self.sessions[0], self.now);
  while (ibb_session_get_state (self.sessions[0]) != IBB_SESSION_ENDED)
    g_assert_true (step (&self, NEVER - 1));
  g_assert_cmpuint (ibb_session_get_delivered (self.sessions[0]), ==, 3 * length);
  assert_failure (ibb_session_get_failure (self.sessions[0]), IBB_FAILURE_NONE);
  assert_input (self.sessions[1], IBB_INPUT_EOF);
  pair_clear (&self);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_data_func ("/engine/pair/D-23/pause-3-s", GINT_TO_POINTER (3), test_pause);
  g_test_add_data_func ("/engine/pair/D-23/pause-300-s", GINT_TO_POINTER (300), test_pause);

  return g_test_run ();
}
