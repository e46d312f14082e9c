/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The digits of an exchange, and the turns of exchanges. decision.c has the rest of the exchange.
 */

#include <string.h>

#include "trust/exchange.h"
#include "trust/turns.h"

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
      ibb_exchange_begin (&romeo);
      pass (&romeo, &juliet);
      ibb_exchange_begin (&juliet);
      pass (&juliet, &romeo);
      pass (&romeo, &juliet);
      g_assert_cmpstr (romeo.code, ==, rows[i].code);
      g_assert_cmpstr (juliet.code, ==, rows[i].code);
      ibb_exchange_clear (&romeo);
      ibb_exchange_clear (&juliet);
    }
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

static void
play (guint order)
{
  static const char *const names[] = { "a@montague.example", "b@montague.example" };
  IBBTurns                 turns;
  gint64                   now = 1000 * SECOND;
  int                      owner = -1;
  gint64                   paused_until[2] = { 0 };
  gint64                   all_until = 0;

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
  g_assert_cmpint (ibb_turns_take (&turns, names[0], FALSE, now + 512 * SECOND), ==, 0);
  ibb_turns_clear (&turns);
}

static void
test_orders (void)
{
  guint n_orders = 1;

  for (guint i = 0; i < N_STEPS; i++)
    n_orders *= N_EVENTS;
  for (guint order = 0; order < n_orders; order++)
    play (order);
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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/exchange/digits", test_digits);
  g_test_add_func ("/exchange/turns/attempts", test_attempts);
  g_test_add_func ("/exchange/turns/orders", test_orders);
  g_test_add_func ("/exchange/turns/waiting", test_waiting);
  return g_test_run ();
}
