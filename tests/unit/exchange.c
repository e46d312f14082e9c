/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The digits of an exchange, and the turns of exchanges. decision.c has the rest of the exchange.
 */

#include <string.h>

#include "xmpp/trust/decision.h"

#define LENGTH IBB_EXCHANGE_NUMBER_LENGTH

enum
{
  ROMEO, /* the client */
  JULIET,
  N_ENDS
};

#define JULIET_JID "juliet@capulet.example"

static void
pass (IBBExchange *from, IBBExchange *to)
{
  ibb_exchange_receive (to, from->output->data, from->output->len);
  g_byte_array_set_size (from->output, 0);
}

/* The digits as another program computes them: two versions of the library show the same. Each of
 * what they depend on counts. */
static void
test_digits (void)
{
  static const struct
  {
    const char *key;
    guint8      romeos; /* the first byte of each random number */
    guint8      juliets;
    const char *code;
  } rows[] = {
    { "key", 0, 255, "893 552" },
    { "another key", 0, 255, "868 218" },
    { "key", 1, 255, "640 692" },
    { "key", 0, 254, "021 670" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GBytes) key = g_bytes_new_static (rows[i].key, strlen (rows[i].key));
      guint8             numbers[N_ENDS][LENGTH];
      IBBExchange        romeo, juliet;

      for (guint8 k = 0; k < LENGTH; k++)
        {
          numbers[ROMEO][k] = rows[i].romeos + k;
          numbers[JULIET][k] = rows[i].juliets - k;
        }
      ibb_exchange_init (&romeo, FALSE, "romeo@montague.example", JULIET_JID, key, numbers[ROMEO]);
      ibb_exchange_init (&juliet, TRUE, JULIET_JID, "romeo@montague.example", key, numbers[JULIET]);
      ibb_exchange_begin (&romeo, FALSE);
      pass (&romeo, &juliet);
      ibb_exchange_begin (&juliet, FALSE);
      pass (&juliet, &romeo);
      pass (&romeo, &juliet);
      g_assert_cmpstr (romeo.code, ==, rows[i].code);
      g_assert_cmpstr (juliet.code, ==, rows[i].code);
      ibb_exchange_clear (&romeo);
      ibb_exchange_clear (&juliet);
    }
}

static void
assert_output (IBBExchange *exchange, const char *bytes, gsize n)
{
  g_assert_cmpmem (exchange->output->data, exchange->output->len, bytes, n);
  g_byte_array_set_size (exchange->output, 0);
}

/* An end that will say no shows that by its number, and the other end then shows none. One of an
 * earlier version goes on, and gets the verdict. */
static void
test_refusal (void)
{
  g_autoptr (GBytes) key = g_bytes_new_static ("key", 3);
  const guint8       number[LENGTH] = { 1, 2, 3 };
  char               refusal[LENGTH];
  guint8             promise[LENGTH];
  gsize              length = LENGTH;
  GChecksum         *checksum = g_checksum_new (G_CHECKSUM_SHA256);
  IBBExchange        exchange;

  memset (refusal, 'n', sizeof refusal);
  for (guint as_server = 0; as_server < 2; as_server++)
    {
      g_checksum_reset (checksum);
      g_checksum_update (checksum, as_server ? number : (const guint8 *) refusal, LENGTH);
      g_checksum_get_digest (checksum, promise, &length);
      ibb_exchange_init (&exchange, as_server, "a", "b", key, number);
      if (as_server)
        ibb_exchange_receive (&exchange, promise, LENGTH);
      ibb_exchange_begin (&exchange, TRUE);
      assert_output (&exchange, as_server ? refusal : (const char *) promise, LENGTH);
      ibb_exchange_receive (&exchange, number, LENGTH);
      g_assert_cmpint (exchange.state, ==, IBB_EXCHANGE_JUDGING);
      assert_output (&exchange, refusal, as_server ? 0 : LENGTH);
      ibb_exchange_answer (&exchange, FALSE);
      assert_output (&exchange, "n", 1);
      ibb_exchange_clear (&exchange);
    }
  g_checksum_reset (checksum);
  g_checksum_update (checksum, (const guint8 *) refusal, LENGTH);
  g_checksum_get_digest (checksum, promise, &length);
  for (guint as_server = 0; as_server < 2; as_server++)
    {
      ibb_exchange_init (&exchange, as_server, "a", "b", key, number);
      if (as_server)
        ibb_exchange_receive (&exchange, promise, LENGTH);
      ibb_exchange_begin (&exchange, FALSE);
      g_byte_array_set_size (exchange.output, as_server ? exchange.output->len : 0);
      if (!as_server)
        ibb_exchange_receive (&exchange, (const guint8 *) refusal, LENGTH);
      g_assert_cmpint (exchange.state, ==, IBB_EXCHANGE_REFUSED);
      g_assert_cmpuint (exchange.output->len, ==, 0);
      ibb_exchange_clear (&exchange);
    }
  g_checksum_free (checksum);
}

/* Turns. */

#define SECOND G_TIME_SPAN_SECOND
#define DAY (24 * 3600 * SECOND)

/* Somebody in between breaks off in so many names, as fast as it can: how often in that time. After
 * so many times it rests, so that pauses are forgotten. */
static guint
count_attempts (guint n_names, gint64 time, guint n_before_rest, gint64 rest)
{
  IBBTurns turns;
  guint    n = 0;

  ibb_turns_init (&turns);
  for (gint64 now = 0; now < time;)
    {
      gint64 next = G_MAXINT64;
      gint64 until = 0;

      for (guint i = 0; i < n_names && next != 0; i++)
        {
          g_autofree char *name = g_strdup_printf ("%u@montague.example", i);
          gint64           turn = ibb_turns_take (&turns, name, TRUE, now);

          next = MIN (next, turn);
          if (turn == 0)
            until = ibb_turns_break_off (&turns, name, TRUE, now).until;
        }
      if (next != 0)
        now = next;
      else if (++n % n_before_rest == 0)
        now = until + rest;
    }
  ibb_turns_clear (&turns);
  return n;
}

/* The figures of doc/privacy.md. Patience does not pay. */
static void
test_attempts (void)
{
  g_assert_cmpuint (count_attempts (1, 300 * SECOND, G_MAXUINT, 0), ==, 9);
  g_assert_cmpuint (count_attempts (5, 300 * SECOND, G_MAXUINT, 0), ==, 10);
  g_assert_cmpuint (count_attempts (1000, DAY, G_MAXUINT, 0), <, 1360);
  for (guint n_before_rest = 1; n_before_rest <= 20; n_before_rest++)
    for (guint minutes = 0; minutes <= 180; minutes += 10)
      g_assert_cmpuint (
          count_attempts (1, DAY, n_before_rest, minutes * 60 * SECOND + (minutes > 0)), <, 180);
}

/* Every order of what may happen, up to a length. */

typedef enum
{
  TAKE_A,
  TAKE_B,
  END,
  TRUST,
  BREAK_OFF,
  WAIT_SHORT,
  WAIT_LONG,
  N_EVENTS
} Event;

#define N_STEPS 7

/* Returns how long somebody with the next turn has to wait. */
static gint64
play (guint order)
{
  static const char *const names[] = { "a@montague.example", "b@montague.example" };
  IBBTurns                 turns;
  gint64                   now = 1000 * SECOND;
  int                      owner = -1;
  gint64                   paused_until[2] = { 0 };
  gint64                   all_until = 0;
  gint64                   last;

  ibb_turns_init (&turns);
  for (guint i = 0; i < N_STEPS; i++, order /= N_EVENTS)
    {
      Event  event = order % N_EVENTS;
      gint64 until;

      if (event == TAKE_A || event == TAKE_B)
        {
          until = ibb_turns_take (&turns, names[event], TRUE, now);
          g_assert_cmpint (until == 0, ==,
                           owner < 0 && now >= paused_until[event] && now >= all_until);
          g_assert_true (until == 0 || until > now);
          if (until == 0)
            owner = (int) event;
        }
      else if (event == WAIT_SHORT || event == WAIT_LONG)
        now += event == WAIT_LONG ? 512 * SECOND : SECOND;
      else if (owner >= 0)
        {
          if (event == BREAK_OFF)
            {
              IBBPause pause = ibb_turns_break_off (&turns, names[owner], TRUE, now);

              g_assert_cmpint (pause.until - now, ==,
                               SECOND
                                   << (pause.n_broken - 1)); /* not so many yet as for the most */
              paused_until[owner] = pause.until;
              all_until = turns.all.until;
              g_assert_cmpint (all_until, <=, now + 64 * SECOND);
            }
          else
            ibb_turns_end (&turns, names[owner], TRUE, event == TRUST);
          if (event == TRUST)
            paused_until[owner] = 0;
          owner = -1;
        }
    }
  /* Nobody is kept out for good, and the other role has turns of its own. */
  last = ibb_turns_take (&turns, names[0], FALSE, now + 512 * SECOND);
  ibb_turns_clear (&turns);
  return last;
}

static void
test_orders (void)
{
  guint n_orders = 1;

  for (guint i = 0; i < N_STEPS; i++)
    n_orders *= N_EVENTS;
  for (guint order = 0; order < n_orders; order++)
    g_assert_cmpint (play (order), ==, 0);
}

/* A pause begins again with a second when the last one is long over. */
static void
test_forgotten (void)
{
  const gint64 memory = 7200 * SECOND;
  IBBTurns     turns;
  gint64       until;

  ibb_turns_init (&turns);
  ibb_turns_break_off (&turns, "a@montague.example", TRUE, 0);
  until = ibb_turns_break_off (&turns, "a@montague.example", TRUE, 10 * SECOND).until;
  g_assert_cmpint (until, ==, 12 * SECOND);
  until = ibb_turns_break_off (&turns, "a@montague.example", TRUE, until + memory).until;
  g_assert_cmpint (until, ==, 16 * SECOND + memory);
  until = ibb_turns_break_off (&turns, "a@montague.example", TRUE, until + memory + 1).until;
  g_assert_cmpint (until, ==, 17 * SECOND + 2 * memory + 1);
  ibb_turns_clear (&turns);
}

/* Of many names that which may begin first is forgotten, and no other one. */
static void
test_many_names (void)
{
  IBBTurns turns;

  ibb_turns_init (&turns);
  ibb_turns_break_off (&turns, "first@montague.example", TRUE, 0);
  for (guint i = 0; i < 64; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u@montague.example", i);

      g_assert_cmpuint (ibb_turns_break_off (&turns, name, TRUE, SECOND + i).n_broken, ==, 1);
    }
  g_assert_cmpuint (ibb_turns_break_off (&turns, "63@montague.example", TRUE, 2 * SECOND).n_broken,
                    ==, 2);
  g_assert_cmpuint (
      ibb_turns_break_off (&turns, "first@montague.example", TRUE, 2 * SECOND).n_broken, ==, 1);
  g_assert_cmpuint (ibb_turns_break_off (&turns, "1@montague.example", TRUE, 2 * SECOND).n_broken,
                    ==, 2);
  ibb_turns_clear (&turns);
}

/* Those of one name that wait keep no place from others. */
static void
test_waiting (void)
{
  IBBTurns turns;

  ibb_turns_init (&turns);
  for (guint i = 0; i < 6; i++)
    g_assert_cmpint (ibb_turns_start_waiting (&turns, "a@montague.example"), ==, i < 4);
  g_assert_true (ibb_turns_start_waiting (&turns, "b@montague.example"));
  ibb_turns_stop_waiting (&turns, "a@montague.example");
  g_assert_true (ibb_turns_start_waiting (&turns, "a@montague.example"));
  g_assert_false (ibb_turns_start_waiting (&turns, "a@montague.example"));
  ibb_turns_clear (&turns);
}

/* After a yes others have their turn, but not those of the same name: their key may be known soon.
 */
static void
test_accepted (void)
{
  IBBTurns turns;

  ibb_turns_init (&turns);
  g_assert_cmpint (ibb_turns_take (&turns, "a@montague.example", TRUE, 0), ==, 0);
  ibb_turns_accept (&turns, "a@montague.example", TRUE);
  g_assert_cmpint (ibb_turns_take (&turns, "a@montague.example", TRUE, 0), ==, G_MAXINT64);
  g_assert_cmpint (ibb_turns_take (&turns, "a@montague.example", FALSE, 0), ==, 0);
  g_assert_cmpint (ibb_turns_take (&turns, "b@montague.example", TRUE, 0), ==, 0);
  ibb_turns_settle (&turns, "a@montague.example", TRUE, TRUE);
  g_assert_cmpint (ibb_turns_take (&turns, "a@montague.example", TRUE, 0), ==, G_MAXINT64);
  ibb_turns_end (&turns, "b@montague.example", TRUE, FALSE);
  g_assert_cmpint (ibb_turns_take (&turns, "a@montague.example", TRUE, 0), ==, 0);
  ibb_turns_clear (&turns);
}

/* With a clock: how often somebody can learn the digits that Juliet's end, which accepts sessions,
 * would show, while her user never answers. */

typedef struct
{
  IBBDecision decision;
  gboolean    is_open;
  guint       name; /* of ROMEO, or another one */
  gboolean    is_counted;
  IBBPause    all;
  IBBPause    pauses[2];
  gboolean    has_pause[2];
  gint64      now;
  guint       n_attempts; /* in the name of ROMEO */
} Moment;

typedef struct
{
  IBBTurns    turns;
  IBBDecision fresh[2];
  GHashTable *seen;  /* (element-type GBytes) */
  GQueue      queue; /* (element-type Moment) */
  guint       most;
} Clock;

static const char *const clock_names[] = { "romeo@montague.example", "other@montague.example" };

static void
load_turns (Clock *self, const Moment *moment)
{
  self->turns.all = moment->all;
  memset (self->turns.is_taken, 0, sizeof self->turns.is_taken);
  self->turns.is_taken[TRUE] = moment->decision.has_turn;
  g_hash_table_remove_all (self->turns.names);
  for (guint i = 0; i < 2; i++)
    if (moment->has_pause[i])
      g_hash_table_insert (self->turns.names, g_strdup (clock_names[i]),
                           g_memdup2 (&moment->pauses[i], sizeof moment->pauses[i]));
}

static void
store_turns (const Clock *self, Moment *moment)
{
  moment->all = (IBBPause){ self->turns.all.n_broken, MAX (self->turns.all.until, moment->now) };
  for (guint i = 0; i < 2; i++)
    {
      const IBBPause *pause = g_hash_table_lookup (self->turns.names, clock_names[i]);

      moment->has_pause[i] = pause != NULL;
      if (pause != NULL)
        moment->pauses[i] = (IBBPause){ pause->n_broken, MAX (pause->until, moment->now) };
    }
}

/* After something has happened at the end of Juliet; is_cut: the session. */
static void
move_on (Clock *self, Moment *moment, gboolean is_cut)
{
  const char  *name = clock_names[moment->name];
  IBBDecision *decision = &moment->decision;
  IBBPause     pause;

  load_turns (self, moment);
  while (moment->is_open && !is_cut &&
         ibb_decision_proceed (decision, &self->turns, name, moment->now) == IBB_STEP_CHECK)
    ibb_decision_set_trust (decision, IBB_XMPP_TRUST_UNKNOWN, TRUE);
  if (moment->is_open)
    g_byte_array_set_size (decision->exchange.output, 0);
  if (moment->is_open && ibb_exchange_is_exposed (&decision->exchange) && !moment->is_counted)
    {
      moment->is_counted = TRUE;
      moment->n_attempts += moment->name == 0;
      self->most = MAX (self->most, moment->n_attempts);
    }
  if (moment->is_open && (is_cut || ibb_decision_is_over (decision)))
    {
      ibb_decision_end (decision, &self->turns, name, moment->now, &pause);
      memset (decision, 0, sizeof *decision);
      moment->is_open = moment->is_counted = FALSE;
      moment->name = 0;
    }
  store_turns (self, moment);
  if (g_hash_table_add (self->seen, g_bytes_new (moment, sizeof *moment)))
    g_queue_push_tail (&self->queue, g_memdup2 (moment, sizeof *moment));
}

static void
pass_time (Clock *self, const Moment *before, gint64 until)
{
  Moment moment = *before;

  if (until <= before->now || until > 300 * G_TIME_SPAN_SECOND)
    return;
  moment.now = until;
  move_on (self, &moment, FALSE);
}

static void
step_clock (Clock *self, const Moment *before, guint8 (*texts)[LENGTH])
{
  gsize wanted = 0;

  for (guint i = 0; i < 2 && !before->is_open; i++)
    {
      Moment moment = *before;

      moment.name = i;
      moment.decision = self->fresh[i];
      moment.decision.deadline = before->now + 300 * G_TIME_SPAN_SECOND;
      moment.is_open = TRUE;
      move_on (self, &moment, FALSE);
      pass_time (self, before, before->pauses[i].until);
    }
  pass_time (self, before, before->all.until);
  if (!before->is_open)
    return;
  pass_time (self, before, before->decision.until);
  wanted = ibb_exchange_get_wanted (&before->decision.exchange);
  for (guint i = 0; i < 4; i++)
    {
      Moment moment = *before;

      if (wanted == LENGTH && i < 2)
        ibb_exchange_receive (&moment.decision.exchange, texts[i], LENGTH);
      else if (wanted == 1)
        ibb_exchange_receive (&moment.decision.exchange, (const guint8 *) &"yanx"[i], 1);
      move_on (self, &moment, wanted == 0 || i == 3);
    }
}

/* The figure of doc/privacy.md for the five minutes of a question. */
static void
test_unseen (void)
{
  Clock              self = { 0 };
  g_autoptr (GBytes) key = g_bytes_new_static ("key", 3);
  guint8             texts[3][LENGTH] = { { 0 }, { 1, 2, 3 }, { 4, 5, 6 } };
  GChecksum         *checksum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize              length = LENGTH;
  Moment             moment;
  Moment            *next;

  g_checksum_update (checksum, texts[1], LENGTH);
  g_checksum_get_digest (checksum, texts[0], &length);
  g_checksum_free (checksum);
  ibb_turns_init (&self.turns);
  self.seen =
      g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, NULL);
  for (guint i = 0; i < 2; i++)
    ibb_decision_init (&self.fresh[i], TRUE, JULIET_JID, clock_names[i], key, texts[2], 0);
  memset (&moment, 0, sizeof moment);
  move_on (&self, &moment, FALSE);
  while ((next = g_queue_pop_head (&self.queue)) != NULL)
    {
      step_clock (&self, next, texts);
      g_free (next);
    }
  g_test_message ("%u states", g_hash_table_size (self.seen));
  g_assert_cmpuint (self.most, ==, 9);
  g_hash_table_unref (self.seen);
  for (guint i = 0; i < 2; i++)
    ibb_decision_clear (&self.fresh[i]);
  ibb_turns_clear (&self.turns);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/exchange/digits", test_digits);
  g_test_add_func ("/exchange/refusal", test_refusal);
  g_test_add_func ("/exchange/unseen", test_unseen);
  g_test_add_func ("/exchange/turns/attempts", test_attempts);
  g_test_add_func ("/exchange/turns/orders", test_orders);
  g_test_add_func ("/exchange/turns/forgotten", test_forgotten);
  g_test_add_func ("/exchange/turns/many-names", test_many_names);
  g_test_add_func ("/exchange/turns/waiting", test_waiting);
  g_test_add_func ("/exchange/turns/accepted", test_accepted);
  return g_test_run ();
}
