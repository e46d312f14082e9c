/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sessions that share a connection (D-50): what leaves first, in turn, and what
 * becomes of those whose acknowledgements stay out. */

#include "config.h"

#include "engine-harness.h"

#include "core/engine-private.h"

#include <string.h>

#define BLOCK 4096
#define SERVER "capulet.example"

/* As it is after a while on a long way. */
static void
set_window (Harness *h, gsize blocks)
{
  h->engine->flow.window = blocks * BLOCK;
}

/* One that may have several blocks in flight, on a way of 10 ms. */
static IBBSession *
open_warm (Harness *h, const char *sid)
{
  IBBSession           *session = harness_open_another (h, sid, BLOCK);
  g_autoptr (IBBStanza) block = NULL;

  harness_write (h, session, "w");
  block = harness_expect_data (h, 0, "w");
  harness_advance (h, 10);
  harness_answer (h, block);
  return session;
}

/* Takes so many blocks of that session, and keeps them. */
static void
take_blocks (Harness *h, GPtrArray *blocks, const char *sid, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      IBBStanza *block = harness_expect (h, IBB_PAYLOAD_DATA);

      g_assert_cmpstr (block->sid, ==, sid);
      g_ptr_array_add (blocks, block);
    }
}

static GPtrArray *
new_blocks (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) ibb_stanza_record_unref);
}

static void
answer_all (Harness *h, GPtrArray *blocks)
{
  for (guint i = 0; i < blocks->len; i++)
    harness_answer (h, g_ptr_array_index (blocks, i));
  g_ptr_array_set_size (blocks, 0);
}

/* A session that fills the window of four blocks, and one that waits behind. */
typedef struct
{
  IBBSession *stalled;
  IBBSession *live;
  GPtrArray  *blocks; /* of the stalled one */
} Pair;

static void
pair_init (Pair *self, Harness *h)
{
  self->blocks = new_blocks ();
  self->stalled = open_warm (h, "stalled");
  self->live = open_warm (h, "live");
  set_window (h, 4);
  harness_write_n (h, self->stalled, 8 * BLOCK);
  take_blocks (h, self->blocks, "stalled", 4);
  harness_write_n (h, self->live, 2 * BLOCK);
  harness_expect_nothing (h);
}

static void
pair_clear (Pair *self)
{
  ibb_session_unref (self->stalled);
  ibb_session_unref (self->live);
  g_ptr_array_unref (self->blocks);
}

static void
expect_live (Harness *h, gint64 wait)
{
  g_autoptr (IBBStanza) block = harness_expect (h, IBB_PAYLOAD_DATA);

  g_assert_cmpstr (block->sid, ==, "live");
  harness_advance (h, wait);
  harness_answer (h, block);
}

/* ---- order ---- */

static void
test_answers_first (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);

  harness_write (h, session, "block");
  harness_send_data (h, SID, 0, "theirs");
  harness_expect_result (h);
  ibb_stanza_record_unref (harness_expect_data (h, 0, "block"));
}

/* A hundred sessions with more to send than there is room for: none is ever
 * more than a turn ahead of another. */
static void
test_in_turn (Harness *h, gconstpointer data)
{
  IBBSession *sessions[100];
  guint       n_blocks[G_N_ELEMENTS (sessions)] = { 0 };
  GQueue      path = G_QUEUE_INIT;

  for (guint i = 0; i < G_N_ELEMENTS (sessions); i++)
    {
      g_autofree char *sid = g_strdup_printf ("%u", i);

      sessions[i] = open_warm (h, sid);
    }
  set_window (h, 32);
  for (guint i = 0; i < G_N_ELEMENTS (sessions); i++)
    harness_write_n (h, sessions[i], 16 * BLOCK);
  for (guint i = 0; i < 10 * G_N_ELEMENTS (sessions); i++)
    {
      IBBStanza *block;
      guint      least = G_MAXUINT;
      guint      most = 0;

      while ((block = harness_take (h)) != NULL)
        {
          n_blocks[g_ascii_strtoull (block->sid, NULL, 10)]++;
          g_queue_push_tail (&path, block);
        }
      harness_advance (h, 1);
      block = g_queue_pop_head (&path);
      g_assert_nonnull (block);
      harness_answer (h, block);
      ibb_stanza_record_unref (block);
      for (guint j = 0; j < G_N_ELEMENTS (sessions); j++)
        {
          least = MIN (least, n_blocks[j]);
          most = MAX (most, n_blocks[j]);
        }
      g_assert_cmpuint (most, <=, least + 1);
    }
  g_assert_cmpuint (n_blocks[0], >=, 10);
  for (guint i = 0; i < G_N_ELEMENTS (sessions); i++)
    ibb_session_unref (sessions[i]);
  g_queue_clear_full (&path, (GDestroyNotify) ibb_stanza_record_unref);
}

/* Messages need no acknowledgement: the shut window of an IQ session does not
 * hold them up. */
static void
test_message_passes (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) message = harness_open (h, IBB_CARRIER_MESSAGE, 10);
  g_autoptr (IBBSession) first = harness_open_another (h, "first", 65535);
  g_autoptr (IBBSession) second = harness_open_another (h, "second", 65535);

  harness_write_n (h, first, 65535);
  ibb_stanza_record_unref (harness_expect_data (h, 0, NULL));
  harness_write_n (h, second, 65535);
  harness_expect_nothing (h); /* the window that they share is full */
  harness_write (h, message, "0123456789");
  ibb_stanza_record_unref (harness_expect_data (h, 0, "0123456789"));
}

/* ---- whose acknowledgements stay out ---- */

/* Sixteen readers stop, an hour long; a seventeenth hardly notices. */
static void
test_stalled (Harness *h, gconstpointer data)
{
  IBBSession            *stalled[16];
  g_autoptr (GPtrArray)  blocks = new_blocks ();
  g_autoptr (IBBSession) live = NULL;
  gint64                 start;

  for (guint i = 0; i < G_N_ELEMENTS (stalled); i++)
    {
      g_autofree char *sid = g_strdup_printf ("stalled%u", i);

      stalled[i] = open_warm (h, sid);
    }
  live = open_warm (h, "live");
  set_window (h, 64);
  for (guint i = 0; i < G_N_ELEMENTS (stalled); i++)
    harness_write_n (h, stalled[i], 16 * BLOCK);
  harness_write_n (h, live, 16 * BLOCK);

  start = h->now;
  while (ibb_session_get_delivered (live) < 16 * BLOCK + 1)
    {
      IBBStanza *block = harness_take (h);

      g_assert_cmpint (h->now - start, <, 3 * SECOND);
      if (block != NULL && g_str_equal (block->sid, "live"))
        {
          harness_advance (h, 10);
          harness_answer (h, block);
          ibb_stanza_record_unref (block);
        }
      else if (block != NULL)
        g_ptr_array_add (blocks, block);
      else
        harness_advance (h, 10);
    }
  /* All of them have been parked by then, or are with the next to be sent. */
  g_assert_cmpuint (h->n_pings, <=, 2);
  g_assert_cmpuint (h->engine->flow.in_flight, <=, h->engine->flow.window);

  /* An hour later everything is read: all of it arrives, soon. */
  for (guint i = 0; i < blocks->len; i++)
    harness_answer (h, g_ptr_array_index (blocks, i));
  for (guint i = 0; i < 1000; i++)
    {
      g_autoptr (IBBStanza) block = harness_take (h);

      if (block == NULL)
        break;
      harness_advance (h, 1);
      harness_answer (h, block);
    }
  for (guint i = 0; i < G_N_ELEMENTS (stalled); i++)
    {
      g_assert_cmpuint (ibb_session_get_delivered (stalled[i]), ==, 16 * BLOCK + 1);
      ibb_session_unref (stalled[i]);
    }
  g_assert_cmpuint (h->engine->parked, ==, 0);
  g_assert_cmpuint (h->engine->flow.in_flight, ==, 0);
}

/* Peers that get one block at a time and acknowledge it after 4 s, read or not
 * (D-22), hold up nobody either: what returns is not in the shared count. */
static void
test_dripping (Harness *h, gconstpointer data)
{
  IBBSession            *slow[16];
  GQueue                 held = G_QUEUE_INIT;
  g_autoptr (IBBSession) live = NULL;
  guint                  n_live = 0;
  guint                  n_slow = 0;

  h->has_feature = FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (slow); i++)
    {
      g_autofree char *sid = g_strdup_printf ("slow%u", i);

      slow[i] = open_warm (h, sid);
    }
  live = open_warm (h, "live");
  set_window (h, 1);
  for (guint i = 0; i < G_N_ELEMENTS (slow); i++)
    harness_write_n (h, slow[i], 16 * BLOCK);
  /* In 10 ms of a minute each: what is 4 s old is acknowledged. */
  for (guint i = 0; i < 6000; i++)
    {
      IBBStanza *block;

      if (ibb_session_get_writable (live) >= BLOCK)
        harness_write_n (h, live, BLOCK);
      while ((block = harness_take (h)) != NULL)
        if (g_str_equal (block->sid, "live"))
          {
            harness_advance (h, 1);
            harness_answer (h, block);
            ibb_stanza_record_unref (block);
            n_live++;
          }
        else
          {
            block->seq = (guint16) (h->now / (100 * MILLISECOND)); /* a note: when it came */
            g_queue_push_tail (&held, block);
          }
      while ((block = g_queue_peek_head (&held)) != NULL &&
             (guint16) (h->now / (100 * MILLISECOND) - block->seq) >= 40)
        {
          harness_answer (h, g_queue_pop_head (&held));
          ibb_stanza_record_unref (block);
          n_slow++;
        }
      harness_advance (h, 10);
    }
  /* Each slow one costs the live one a second at first, and nothing later. */
  g_assert_cmpuint (n_live, >=, 4000);
  g_assert_cmpuint (n_slow, >=, 16 * 8);
  g_queue_clear_full (&held, (GDestroyNotify) ibb_stanza_record_unref);
  for (guint i = 0; i < G_N_ELEMENTS (slow); i++)
    ibb_session_unref (slow[i]);
}

/* The acknowledgement is not overdue before a second is over, nor before eight
 * round trips; then the server is asked, once. */
static void
test_asks (Harness *h, gconstpointer data)
{
  gboolean              long_way = GPOINTER_TO_INT (data);
  Pair                  pair;
  g_autoptr (IBBStanza) ping = NULL;
  guint                 n_wakes;

  h->leave_ping = TRUE;
  pair_init (&pair, h);
  if (long_way)
    pair.stalled->sender.smoothed = 2 * SECOND;
  ibb_session_update_timer (pair.stalled, h->now);
  harness_advance (h, long_way ? 15999 : 999);
  harness_expect_nothing (h);
  harness_advance (h, 1);
  ping = harness_expect (h, IBB_PAYLOAD_PING);
  g_assert_cmpint (ping->name, ==, IBB_STANZA_IQ);
  g_assert_true (ibb_stanza_record_is_kind (ping, "get"));
  g_assert_cmpstr (ping->to, ==, SERVER);
  g_assert_cmpuint (h->engine->parked, ==, 0);
  n_wakes = h->n_wakes;
  harness_advance (h, 30000);
  harness_expect_nothing (h); /* no second one, and no block */
  g_assert_cmpuint (h->n_wakes, ==, n_wakes);
  pair_clear (&pair);
}

typedef enum
{
  ANSWER_RESULT,
  ANSWER_ERROR,
  ANSWER_UNNAMED, /* D-33: without "from" */
} Answer;

static void
answer_ping (Harness *h, IBBStanza *ping, Answer answer)
{
  IBBStanza *reply;

  if (answer == ANSWER_ERROR)
    reply = ibb_stanza_record_new_error (ping, IBB_CONDITION_SERVICE_UNAVAILABLE,
                                         IBB_ERROR_TYPE_CANCEL, NULL);
  else
    reply = ibb_stanza_record_new_result (ping);
  if (answer == ANSWER_UNNAMED)
    g_clear_pointer (&reply->from, g_free);
  g_assert_true (harness_receive (h, reply));
}

/* Whatever the server answers, it shows that the way is free. */
static void
test_answered (Harness *h, gconstpointer data)
{
  Pair                  pair;
  g_autoptr (IBBStanza) ping = NULL;
  IBBStanza            *forged;

  h->leave_ping = TRUE;
  pair_init (&pair, h);
  harness_advance (h, 1000);
  ping = harness_expect (h, IBB_PAYLOAD_PING);
  harness_advance (h, 20000);
  harness_expect_nothing (h);

  /* D-33: not what anybody else says. */
  forged = ibb_stanza_record_new_result (ping);
  g_free (forged->from);
  forged->from = g_strdup (PEER);
  g_assert_false (harness_receive (h, forged));
  harness_expect_nothing (h);

  answer_ping (h, ping, (Answer) GPOINTER_TO_INT (data));
  g_assert_cmpuint (h->engine->parked, ==, 4 * BLOCK);
  g_assert_cmpuint (h->engine->flow.in_flight, ==, 0);
  expect_live (h, 10);
  expect_live (h, 10);
  harness_expect_nothing (h);
  g_assert_cmpuint (h->n_pings, ==, 1);
  pair_clear (&pair);
}

/* Congestion: all are late, and so is the answer. Nobody is parked, and the
 * window shrinks with the samples. */
static void
test_congestion (Harness *h, gconstpointer data)
{
  Pair                  pair;
  gsize                 window;
  g_autoptr (IBBStanza) ping = NULL;

  h->leave_ping = TRUE;
  pair_init (&pair, h);
  window = h->engine->flow.window;
  harness_advance (h, 1000);
  ping = harness_expect (h, IBB_PAYLOAD_PING);
  harness_advance (h, 4000);
  for (guint i = 0; i < 4; i++)
    {
      harness_answer (h, g_ptr_array_index (pair.blocks, i));
      g_assert_cmpuint (h->engine->parked, ==, 0);
      g_assert_true (g_queue_is_empty (&h->engine->late)); /* by now more is usual */
    }
  g_assert_cmpuint (h->engine->flow.window, <, window);
  answer_ping (h, ping, ANSWER_RESULT);
  g_assert_cmpuint (h->engine->parked, ==, 0);
  expect_live (h, 10);
  pair_clear (&pair);
}

/* Behind a server that throttles, new sessions wait longer than a second for
 * their first acknowledgement. It comes before the answer to the ping, which
 * stands behind it: nobody is parked, and the queue stays short. */
static void
test_throttled (Harness *h, gconstpointer data)
{
  IBBSession *sessions[8];
  GQueue      server = G_QUEUE_INIT;
  IBBStanza  *stanza;
  gsize       most = 0;

  h->leave_ping = h->leave_disco = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (sessions); i++)
    {
      g_autofree char *sid = g_strdup_printf ("%u", i);

      sessions[i] = harness_open_another (h, sid, BLOCK);
      harness_write_n (h, sessions[i], 16 * BLOCK);
    }
  set_window (h, 4); /* what was right before the server began to throttle */
  for (guint i = 0; i < 200; i++)
    {
      gsize in_flight = 0;

      while ((stanza = harness_take (h)) != NULL)
        g_queue_push_tail (&server, stanza);
      for (guint j = 0; j < G_N_ELEMENTS (sessions); j++)
        in_flight += ibb_session_get_in_flight (sessions[j]);
      if (i >= 100)
        most = MAX (most, in_flight);
      stanza = g_queue_pop_head (&server);
      if (stanza == NULL)
        break;
      if (stanza->payload == IBB_PAYLOAD_DATA)
        harness_advance (h, 500); /* 8 KiB in a second */
      harness_answer (h, stanza);
      ibb_stanza_record_unref (stanza);
      g_assert_cmpuint (h->engine->parked, ==, 0);
    }
  g_assert_cmpuint (h->n_pings, >, 0);
  g_assert_cmpuint (most, >, 0);
  g_assert_cmpuint (most, <=, 3 * BLOCK);
  for (guint i = 0; i < G_N_ELEMENTS (sessions); i++)
    ibb_session_unref (sessions[i]);
  g_queue_clear_full (&server, (GDestroyNotify) ibb_stanza_record_unref);
}

/* An acknowledgement of another session tells as much, if its block left when
 * the first was overdue already: without any ping. */
static void
test_others_answered (Harness *h, gconstpointer data)
{
  Pair                  pair;
  g_autoptr (IBBStanza) early = NULL;
  g_autoptr (IBBStanza) late = NULL;

  pair_init (&pair, h);
  set_window (h, 16);
  take_blocks (h, pair.blocks, "stalled", 1);
  early = harness_expect (h, IBB_PAYLOAD_DATA);
  take_blocks (h, pair.blocks, "stalled", 1);
  late = harness_expect (h, IBB_PAYLOAD_DATA);
  take_blocks (h, pair.blocks, "stalled", 2);
  g_assert_cmpstr (early->sid, ==, "live");
  g_assert_cmpstr (late->sid, ==, "live");
  harness_expect_nothing (h);
  harness_advance (h, 1000);
  harness_answer (h, early);
  harness_answer (h, late);
  g_assert_cmpuint (h->engine->parked, ==, 0);
  g_assert_cmpuint (ibb_session_get_in_flight (pair.stalled), ==, 8 * BLOCK);

  harness_write_n (h, pair.live, BLOCK);
  expect_live (h, 10);
  g_assert_cmpuint (h->engine->parked, ==, 8 * BLOCK);
  g_assert_cmpuint (h->engine->flow.in_flight, ==, 0);
  g_assert_cmpuint (h->n_pings, ==, 0);
  pair_clear (&pair);
}

/* A server that answers nothing: after a minute time decides. It is not asked
 * again, and one late answer makes that good. */
static void
test_unanswered (Harness *h, gconstpointer data)
{
  Pair                   pair;
  g_autoptr (IBBStanza)  ping = NULL;
  g_autoptr (IBBStanza)  again = NULL;
  g_autoptr (IBBSession) third = NULL;
  g_autoptr (IBBSession) fourth = NULL;

  h->leave_ping = TRUE;
  third = open_warm (h, "third");
  fourth = open_warm (h, "fourth");
  pair_init (&pair, h);
  harness_advance (h, 1000);
  ping = harness_expect (h, IBB_PAYLOAD_PING);
  harness_advance (h, 59999);
  ibb_stanza_record_unref (harness_expect_close (h, FALSE)); /* a probe (D-27) */
  harness_expect_nothing (h);
  g_assert_cmpuint (h->engine->parked, ==, 0);
  harness_advance (h, 1);
  expect_live (h, 10);
  g_assert_cmpuint (h->engine->parked, ==, 4 * BLOCK);
  expect_live (h, 10);

  set_window (h, 4);
  harness_write_n (h, third, 4 * BLOCK);
  take_blocks (h, pair.blocks, "third", 4);
  harness_write_n (h, pair.live, 2 * BLOCK);
  harness_expect_nothing (h);
  harness_advance (h, 1000);
  expect_live (h, 10);
  expect_live (h, 10);
  g_assert_cmpuint (h->engine->parked, ==, 8 * BLOCK);
  g_assert_cmpuint (h->n_pings, ==, 1);

  answer_ping (h, ping, ANSWER_RESULT);
  set_window (h, 4);
  harness_write_n (h, pair.live, 4 * BLOCK);
  take_blocks (h, pair.blocks, "live", 4);
  harness_write_n (h, fourth, BLOCK);
  harness_expect_nothing (h);
  harness_advance (h, 1000);
  again = harness_expect (h, IBB_PAYLOAD_PING);
  g_assert_cmpstr (again->id, !=, ping->id);
  pair_clear (&pair);
}

/* Nobody is asked where the answer would change nothing: one session alone,
 * with a window or without, however long its reader sleeps, and no session at
 * all. Nor does the engine want to be woken for it. */
static void
test_no_ping (Harness *h, gconstpointer data)
{
  gboolean               has_window = GPOINTER_TO_INT (data);
  g_autoptr (IBBSession) session = NULL;
  g_autoptr (IBBSession) idle = NULL;
  g_autoptr (GPtrArray)  blocks = new_blocks ();
  guint                  n_wakes;

  h->has_feature = has_window;
  session = open_warm (h, "stalled");
  idle = open_warm (h, "idle");
  set_window (h, 4);
  harness_write_n (h, session, 8 * BLOCK);
  take_blocks (h, blocks, "stalled", has_window ? 4 : 1);
  harness_expect_nothing (h);
  n_wakes = h->n_wakes;
  harness_advance (h, 59000);
  harness_expect_nothing (h);
  g_assert_cmpuint (h->n_wakes - n_wakes, <=, 2);
  g_assert_cmpuint (h->n_pings, ==, 0);
  g_assert_cmpuint (h->engine->parked, ==, 0);

  answer_all (h, blocks);
  ibb_stanza_record_unref (harness_expect (h, IBB_PAYLOAD_DATA));
}

/* With the last session goes the ping; the next one has its own. */
static void
test_ping_forgotten (Harness *h, gconstpointer data)
{
  Pair                  pair;
  g_autoptr (IBBStanza) ping = NULL;
  g_autoptr (IBBStanza) again = NULL;

  h->leave_ping = TRUE;
  for (guint i = 0; i < 2; i++)
    {
      pair_init (&pair, h);
      harness_advance (h, 1000);
      g_clear_pointer (&ping, ibb_stanza_record_unref);
      ping = harness_expect (h, IBB_PAYLOAD_PING);
      ibb_session_abort (pair.stalled, h->now);
      ibb_session_abort (pair.live, h->now);
      for (guint j = 0; j < 2; j++)
        ibb_stanza_record_unref (harness_expect_close (h, TRUE));
      harness_assert_empty (h);
      g_assert_false (harness_receive (h, ibb_stanza_record_new_result (ping)));
      pair_clear (&pair);
    }
}

/* Who does not know its own name cannot ask: time decides. */
static void
test_no_server (Harness *h, gconstpointer data)
{
  Pair pair;

  pair_init (&pair, h);
  ibb_engine_set_local_jid (h->engine, NULL);
  harness_advance (h, 999);
  harness_expect_nothing (h);
  harness_advance (h, 1);
  expect_live (h, 10);
  g_assert_cmpuint (h->n_pings, ==, 0);
  pair_clear (&pair);
}

/* What may be parked has a bound; nobody is asked in vain. */
static void
test_bound (Harness *h, gconstpointer data)
{
  Pair pair;

  pair_init (&pair, h);
  h->engine->parked = 64 * 1024 * 1024 - 4 * BLOCK + 1;
  harness_advance (h, 10000);
  harness_expect_nothing (h);
  g_assert_cmpuint (h->n_pings, ==, 0);
  h->engine->parked--;
  expect_live (h, 10);
  g_assert_cmpuint (h->n_pings, ==, 1);
  g_assert_cmpuint (h->engine->parked, ==, 64 * 1024 * 1024);
  h->engine->parked = 4 * BLOCK;
  pair_clear (&pair);
}

/* The same when what is parked first leaves no room for the next. */
static void
test_bound_reached (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) first = open_warm (h, "first");
  g_autoptr (IBBSession) second = open_warm (h, "second");
  g_autoptr (IBBSession) live = open_warm (h, "live");
  g_autoptr (GPtrArray)  blocks = new_blocks ();

  set_window (h, 4);
  harness_write_n (h, first, 2 * BLOCK);
  take_blocks (h, blocks, "first", 2);
  harness_write_n (h, second, 2 * BLOCK);
  take_blocks (h, blocks, "second", 2);
  harness_write_n (h, live, BLOCK);
  h->engine->parked = 64 * 1024 * 1024 - 3 * BLOCK;
  harness_advance (h, 1000);
  expect_live (h, 10);
  g_assert_true (first->sender.parked);
  g_assert_false (second->sender.parked);
  h->engine->parked = 2 * BLOCK;
}

/* A parked session returns with one block for an acknowledgement, outside the
 * shared count and without a sample; once that block is acknowledged in time it
 * is a session like any other. */
static void
test_returns (Harness *h, gconstpointer data)
{
  gboolean              in_time = GPOINTER_TO_INT (data);
  Pair                  pair;
  gsize                 window;
  guint                 n = 0;
  g_autoptr (IBBStanza) trial = NULL;
  IBBStanza            *block;

  pair_init (&pair, h);
  harness_advance (h, 1000);
  expect_live (h, 10);
  expect_live (h, 10);
  g_assert_cmpuint (h->engine->parked, ==, 4 * BLOCK);
  harness_expect_nothing (h);

  harness_advance (h, 30000);
  window = h->engine->flow.window;
  harness_answer (h, g_ptr_array_index (pair.blocks, 0));
  trial = harness_expect (h, IBB_PAYLOAD_DATA);
  g_assert_cmpuint (trial->seq, ==, 5);
  harness_expect_nothing (h);
  for (guint i = 1; i < 4; i++)
    {
      harness_answer (h, g_ptr_array_index (pair.blocks, i));
      harness_expect_nothing (h); /* one at a time */
    }
  g_assert_cmpuint (h->engine->parked, ==, BLOCK);
  g_assert_cmpuint (h->engine->flow.in_flight, ==, 0);
  g_assert_cmpuint (h->engine->flow.window, ==, window);

  harness_advance (h, in_time ? 10 : 1000);
  harness_answer (h, trial);
  g_assert_cmpuint (h->engine->parked, ==, 0);
  while ((block = harness_take (h)) != NULL)
    {
      n++;
      ibb_stanza_record_unref (block);
    }
  g_assert_cmpuint (n, ==, in_time ? 3 : 1);
  g_assert_cmpuint (h->engine->parked, ==, in_time ? 0 : BLOCK);
  g_assert_cmpuint (h->engine->flow.in_flight, ==, in_time ? 3 * BLOCK : 0);
  pair_clear (&pair);
}

/* Refused while overdue: there is nothing left to wait for. */
static void
test_refused (Harness *h, gconstpointer data)
{
  gboolean              is_parked = GPOINTER_TO_INT (data);
  Pair                  pair;
  g_autoptr (IBBStanza) ping = NULL;

  h->leave_ping = TRUE;
  pair_init (&pair, h);
  harness_advance (h, 1000);
  ping = harness_expect (h, IBB_PAYLOAD_PING);
  if (is_parked)
    answer_ping (h, ping, ANSWER_RESULT);
  for (guint i = 0; i < 4; i++)
    harness_answer_error (h, g_ptr_array_index (pair.blocks, i), IBB_CONDITION_RESOURCE_CONSTRAINT,
                          IBB_ERROR_TYPE_WAIT);
  g_assert_true (g_queue_is_empty (&h->engine->late));
  g_assert_cmpuint (h->engine->parked, ==, 0);
  g_assert_cmpuint (h->engine->flow.in_flight, ==, 0);
  expect_live (h, 10);
  expect_live (h, 10);
  harness_advance (h, 980);
  ibb_stanza_record_unref (harness_expect_data (h, 1, NULL)); /* again, and it alone (D-30) */
  harness_expect_nothing (h);
  pair_clear (&pair);
}

/* The first acknowledgement of all that says how long the way is brings one back
 * that has more in flight. */
static void
test_returns_with_more (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) stalled = harness_open_another (h, "stalled", 1);
  g_autoptr (IBBSession) live = open_warm (h, "live");
  g_autoptr (GPtrArray)  blocks = new_blocks ();
  g_autoptr (IBBStanza)  refused = NULL;
  g_autoptr (IBBStanza)  repeated = NULL;

  /* Of a block that was sent twice nobody knows. */
  harness_write (h, stalled, "w");
  refused = harness_expect_data (h, 0, "w");
  harness_answer_error (h, refused, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_WAIT);
  harness_advance (h, 1000);
  repeated = harness_expect_data (h, 0, "w");
  harness_answer (h, repeated);

  set_window (h, 4);
  harness_write (h, stalled, "abc");
  take_blocks (h, blocks, "stalled", 3);
  harness_advance (h, 1100);
  harness_write (h, live, "l");
  expect_live (h, 1);
  g_assert_cmpuint (h->engine->parked, ==, 3);
  harness_answer (h, g_ptr_array_index (blocks, 0));
  g_assert_cmpuint (h->engine->parked, ==, 0);
  g_assert_cmpuint (h->engine->flow.in_flight, ==, 2);
  answer_all (h, blocks);
  g_assert_cmpuint (h->engine->flow.in_flight, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  harness_add ("/engine/sharing/D-50/answers-first", test_answers_first, NULL);
  harness_add ("/engine/sharing/D-50/in-turn", test_in_turn, NULL);
  harness_add ("/engine/sharing/D-50/message-passes", test_message_passes, NULL);
  harness_add ("/engine/sharing/D-50/stalled", test_stalled, NULL);
  harness_add ("/engine/sharing/D-50/dripping", test_dripping, NULL);
  harness_add ("/engine/sharing/D-50/asks", test_asks, GINT_TO_POINTER (FALSE));
  harness_add ("/engine/sharing/D-50/asks-later", test_asks, GINT_TO_POINTER (TRUE));
  harness_add ("/engine/sharing/D-50/answered", test_answered, GINT_TO_POINTER (ANSWER_RESULT));
  harness_add ("/engine/sharing/D-50/error", test_answered, GINT_TO_POINTER (ANSWER_ERROR));
  harness_add ("/engine/sharing/D-33/unnamed", test_answered, GINT_TO_POINTER (ANSWER_UNNAMED));
  harness_add ("/engine/sharing/D-50/congestion", test_congestion, NULL);
  harness_add ("/engine/sharing/D-50/throttled", test_throttled, NULL);
  harness_add ("/engine/sharing/D-50/others-answered", test_others_answered, NULL);
  harness_add ("/engine/sharing/D-50/unanswered", test_unanswered, NULL);
  harness_add ("/engine/sharing/D-50/no-ping", test_no_ping, GINT_TO_POINTER (TRUE));
  harness_add ("/engine/sharing/D-50/no-ping-one-block", test_no_ping, GINT_TO_POINTER (FALSE));
  harness_add ("/engine/sharing/D-50/ping-forgotten", test_ping_forgotten, NULL);
  harness_add ("/engine/sharing/D-50/no-server", test_no_server, NULL);
  harness_add ("/engine/sharing/D-50/bound", test_bound, NULL);
  harness_add ("/engine/sharing/D-50/bound-reached", test_bound_reached, NULL);
  harness_add ("/engine/sharing/D-50/returns", test_returns, GINT_TO_POINTER (TRUE));
  harness_add ("/engine/sharing/D-50/returns-late", test_returns, GINT_TO_POINTER (FALSE));
  harness_add ("/engine/sharing/D-50/returns-with-more", test_returns_with_more, NULL);
  harness_add ("/engine/sharing/D-50/refused", test_refused, GINT_TO_POINTER (FALSE));
  harness_add ("/engine/sharing/D-50/refused-when-parked", test_refused, GINT_TO_POINTER (TRUE));
  return g_test_run ();
}
