/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Engines on narrow paths, and two with much between them: time passes with each stanza. Other
 * paths are cells of tests/flow. */

#include "config.h"

#include "core/session/lifecycle.h"
#include "driver.h"

#define BLOCK 4096
#define WINDOW (1024 * 1024)

typedef void (*PathFunc) (Driver *self);

static void
run (gconstpointer data)
{
  Driver self;

  driver_init (&self, OWN, NULL, (Random){ 42 });
  ((PathFunc) data) (&self);
  driver_clear (&self);
}

static void
take_all (Driver *self, GQueue *path)
{
  IBBStanza *stanza;

  while ((stanza = driver_take_served (self)) != NULL)
    g_queue_push_tail (path, stanza);
}

static void
fill (Driver *self, IBBSession *session)
{
  driver_write (self, session, ibb_session_get_writable (session));
}

static void
clear_path (GQueue *path)
{
  g_queue_clear_full (path, (GDestroyNotify) ibb_stanza_record_unref);
}

/* ---- one session ---- */

/* N-39: behind a server that lets 10 kB/s through little is under way. A chat message stands
 * behind less than a second and a half of blocks. */
static void
test_throttle (Driver *self)
{
  g_autoptr (IBBSession) session = driver_open (self, "s", BLOCK);
  GQueue                 server = G_QUEUE_INIT;
  gsize                  most = 0;

  while (session->sender.delivered < 1000000)
    {
      g_autoptr (IBBStanza) block = NULL;

      fill (self, session);
      take_all (self, &server);
      /* The window is checked from the tenth round trip on, when the path is known. */
      if (session->sender.delivered > 100000)
        most = MAX (most, session->sender.flight.stall.in_flight);
      block = g_queue_pop_head (&server);
      driver_advance_to (self,
                         *self->clock + 20000 + 100 * (gint64) g_bytes_get_size (block->bytes));
      driver_answer (self, block);
    }
  g_assert_cmpuint (most, >=, BLOCK);
  g_assert_cmpuint (most, <=, 3 * BLOCK);
  clear_path (&server);
}

/* D-56: while a person chats, a block behind that server is short, and alone. Then it is as
 * long as before. */
static void
test_chat (Driver *self)
{
  const gsize            length = 1152;
  g_autoptr (IBBSession) session = driver_open (self, "s", BLOCK);
  gsize                  longest[3] = { 0 };
  gsize                  most[3] = { 0 };
  GQueue                 server = G_QUEUE_INIT;

  for (guint i = 0; i < 300; i++)
    {
      g_autoptr (IBBStanza) block = NULL;
      guint                 part = i / 100; /* before, while and after a person chats */

      if (part == 1)
        ibb_engine_note_chat (self->engine, *self->clock);
      else if (i == 200)
        driver_advance (self, 10000);
      fill (self, session);
      take_all (self, &server);
      block = g_queue_pop_head (&server);
      if (i == 201) /* it was sent ten seconds after the last word */
        g_assert_cmpuint (g_bytes_get_size (block->bytes), ==, BLOCK);
      if (i % 100 >= 50)
        {
          longest[part] = MAX (longest[part], g_bytes_get_size (block->bytes));
          most[part] = MAX (most[part], session->sender.flight.stall.in_flight);
        }
      driver_advance_to (self,
                         *self->clock + 2000 + 100 * (gint64) g_bytes_get_size (block->bytes));
      driver_answer (self, block);
    }
  g_assert_cmpuint (longest[0], ==, BLOCK);
  g_assert_cmpuint (longest[1], ==, length);
  g_assert_cmpuint (longest[2], ==, BLOCK);
  g_assert_cmpuint (most[1], ==, length);
  clear_path (&server);
}

/* ---- two engines (D-23) ---- */

#define DELAY (50 * MILLISECOND) /* each way */

typedef struct
{
  IBBStanza *stanza;
  gint64     arrives;
} Passage;

typedef struct
{
  gint64      now;
  Driver      ends[2];
  IBBSession *sessions[2];
  GQueue      wires[2]; /* (element-type Passage): on the way to which end */
  guint       n_errors; /* to blocks */
  gsize       most_in_flight;
  gsize       most_unread;
} Pair;

static const char *const jids[] = { OWN, PEER };

/* Passes stanzas on as the two servers do. */
static void
pump (Pair *self)
{
  for (guint i = 0; i < 2; i++)
    {
      IBBEvent   event = IBB_EVENT_INIT;
      IBBStanza *stanza;

      while (driver_take_event (&self->ends[i], &event))
        self->sessions[i] = g_steal_pointer (&event.session);
      while ((stanza = driver_take_served (&self->ends[i])) != NULL)
        {
          Passage *passage = g_new (Passage, 1);

          g_free (stanza->from);
          stanza->from = g_strdup (jids[i]);
          self->n_errors += stanza->payload == IBB_PAYLOAD_ERROR &&
                            stanza->condition != IBB_CONDITION_ITEM_NOT_FOUND; /* a probe's */
          *passage = (Passage){ stanza, self->now + DELAY };
          g_queue_push_tail (&self->wires[1 - i], passage);
        }
    }
}

/* The next thing that happens, until then at most. FALSE: nothing did. */
static gboolean
step (Pair *self, gint64 until)
{
  gint64 next = G_MAXINT64;

  pump (self);
  for (guint i = 0; i < 2; i++)
    {
      const Passage *passage = g_queue_peek_head (&self->wires[i]);

      next = MIN (next, ibb_engine_get_wake_time (self->ends[i].engine));
      next = MIN (next, passage != NULL ? passage->arrives : G_MAXINT64);
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

      driver_advance_to (&self->ends[i], self->now);
      if (passage == NULL || passage->arrives > self->now)
        continue;
      g_queue_pop_head (&self->wires[i]);
      driver_receive (&self->ends[i], passage->stanza);
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
  guint64     written;
  gsize       n;

  while ((written = session->sender.written) < end &&
         (n = MIN (ibb_session_get_writable (session), MIN (BLOCK, end - written))) > 0)
    {
      guint8 bytes[BLOCK];

      for (gsize i = 0; i < n; i++)
        bytes[i] = byte_at (written + i);
      g_assert_cmpuint (ibb_session_write (session, bytes, n, self->now), ==, n);
    }
  self->most_in_flight = MAX (self->most_in_flight, session->sender.flight.stall.in_flight);
}

static void
read_all (Pair *self, guint64 *read)
{
  guint8 bytes[BLOCK];
  gsize  n;

  while ((n = ibb_session_read (self->sessions[1], bytes, sizeof bytes, self->now)) > 0)
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
      g_assert_true (step (self, G_MAXINT64 - 1));
    }
  return self->now - start;
}

/* 1 MiB in flight at 100 ms, and a reader that pauses: the acknowledgements of what it does not
 * take are delayed, not refused, and afterwards all goes on as before. */
static void
test_pause (gconstpointer data)
{
  const gint64  pause = GPOINTER_TO_INT (data) * SECOND;
  const guint64 length = 16 * WINDOW;
  Pair          self = { .now = 1000 * SECOND };
  guint64       read = 0;
  gint64        until;
  gint64        warm;

  for (guint i = 0; i < 2; i++)
    {
      g_queue_init (&self.wires[i]);
      driver_init (&self.ends[i], jids[i], &self.now, (Random){ i });
    }
  self.ends[0].engine->context->settings.window = WINDOW;
  self.ends[1].engine->context->settings.session_limit = 1;
  self.ends[1].engine->acceptor.listen = IBB_LISTEN_ACCEPT;
  self.sessions[0] = ibb_engine_open (
      self.ends[0].engine, &(IBBOpen){ .peer = PEER, .block_size = 2 * BLOCK }, self.now, NULL);
  while (ibb_session_get_state (self.sessions[0]) != IBB_SESSION_OPEN)
    g_assert_true (step (&self, G_MAXINT64 - 1));

  transfer (&self, length, &read); /* the window opens */
  warm = transfer (&self, 2 * length, &read);
  g_assert_cmpuint (self.most_in_flight, >, WINDOW - 2 * BLOCK);
  g_assert_cmpuint (self.most_in_flight, <=, WINDOW);
  g_assert_cmpint (warm, <=, 2 * 16 * 2 * DELAY);

  until = self.now + pause;
  do
    {
      write_on (&self, 3 * length);
      self.most_unread = MAX (self.most_unread, self.sessions[1]->receiver.queue.length);
    }
  while (step (&self, until));
  g_assert_cmpuint (self.most_unread, >=, WINDOW);
  g_assert_cmpuint (self.most_unread, <=, WINDOW + 256 * 1024 + BLOCK);
  g_assert_cmpint (transfer (&self, 3 * length, &read), <=, 2 * warm);
  g_assert_cmpuint (self.n_errors, ==, 0);

  ibb_lifecycle_close (self.sessions[0], self.now);
  while (ibb_session_get_state (self.sessions[0]) != IBB_SESSION_ENDED)
    g_assert_true (step (&self, G_MAXINT64 - 1));
  g_assert_cmpuint (self.sessions[0]->sender.delivered, ==, 3 * length);
  g_assert_cmpint (self.sessions[0]->failure.kind, ==, IBB_FAILURE_NONE);
  g_assert_cmpint (ibb_session_get_input (self.sessions[1]), ==, IBB_INPUT_EOF);

  for (guint i = 0; i < 2; i++)
    {
      Passage *passage;

      ibb_session_unref (self.sessions[i]);
      driver_clear (&self.ends[i]);
      while ((passage = g_queue_pop_head (&self.wires[i])) != NULL)
        {
          ibb_stanza_record_unref (passage->stanza);
          g_free (passage);
        }
    }
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    PathFunc    test;
  } tests[] = {
    { "/engine/paths/N-39/throttle", test_throttle },
    { "/engine/paths/D-56/chat", test_chat },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add_data_func (tests[i].path, tests[i].test, run);
  g_test_add_data_func ("/engine/paths/D-23/pause-3-s", GINT_TO_POINTER (3), test_pause);
  g_test_add_data_func ("/engine/paths/D-23/pause-300-s", GINT_TO_POINTER (300), test_pause);
  return g_test_run ();
}
