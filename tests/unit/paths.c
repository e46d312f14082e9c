/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An engine on a narrow path: time passes with each stanza. Other paths are cells of tests/flow. */

#include "config.h"

#include "driver.h"

#define BLOCK 4096

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
  return g_test_run ();
}
