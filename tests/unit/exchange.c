/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The exchange of two ends, and the turns of exchanges: every order of their steps, with somebody
 * in between who delays, repeats, reflects and invents what is said, gives an end another name, or
 * breaks off. */

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

/* What an attacker may know, and say. */
enum
{
  PROMISE,        /* of the attacker's number */
  NUMBER,         /* the attacker's */
  ROMEOS_PROMISE, /* the ends say these three */
  ROMEOS_NUMBER,
  JULIETS_NUMBER,
  N_TEXTS
};

typedef struct
{
  IBBExchange ends[N_ENDS];
  gboolean    is_cut[N_ENDS]; /* the session of the end */
  gboolean    said[N_ENDS];   /* yes, or no */
  gboolean    put_off[N_ENDS];
  guint       known; /* a bit for each text */
  guint8      texts[N_TEXTS][LENGTH];

  /* Without an attacker who has a connection to each end: bytes on their way from an end. */
  guint8 way[N_ENDS][3 * LENGTH];
  gsize  n_way[N_ENDS];
} World;

/* A search through all states that can be reached. */
typedef struct
{
  gboolean    is_split; /* the attacker has a TLS connection of its own to each end */
  gboolean    is_renamed;
  GHashTable *seen;  /* (element-type GBytes) */
  GQueue      queue; /* (element-type World) */
  guint       n_both_trust;
  guint       n_both_have_digits;
} Search;

static void
take_output (const Search *search, World *world, guint end)
{
  GByteArray *output = world->ends[end].output;

  if (output->len == 0)
    return;
  if (!search->is_split)
    {
      memcpy (world->way[end] + world->n_way[end], output->data, output->len);
      world->n_way[end] += output->len;
    }
  else if (output->len == LENGTH)
    {
      guint text = end == JULIET                               ? JULIETS_NUMBER
                   : (world->known & 1 << ROMEOS_PROMISE) != 0 ? ROMEOS_NUMBER
                                                               : ROMEOS_PROMISE;

      memcpy (world->texts[text], output->data, LENGTH);
      world->known |= 1 << text;
    }
  g_byte_array_set_size (output, 0);
}

/* What holds in each state. */
static void
check (Search *search, const World *world)
{
  const IBBExchange *romeo = &world->ends[ROMEO];
  const IBBExchange *juliet = &world->ends[JULIET];
  gboolean           have_digits = romeo->code[0] != '\0' && juliet->code[0] != '\0';

  search->n_both_have_digits += have_digits;
  if (have_digits)
    g_assert_cmpint (strcmp (romeo->code, juliet->code) == 0, ==,
                     !search->is_split && !search->is_renamed);
  for (guint i = 0; i < N_ENDS; i++)
    {
      const IBBExchange *end = &world->ends[i];

      if (end->state == IBB_EXCHANGE_TRUSTED)
        g_assert_true (end->is_answered && end->code[0] != '\0');
      if (end->state == IBB_EXCHANGE_TRUSTED && !search->is_split)
        g_assert_true (world->ends[1 - i].is_answered &&
                       world->ends[1 - i].state != IBB_EXCHANGE_DECLINED);
      /* Nobody can learn the digits of an end that has not begun, or whose turn is over. */
      if (ibb_exchange_is_exposed (end))
        g_assert_true (end->state != IBB_EXCHANGE_OPENING && end->state != IBB_EXCHANGE_WAITING &&
                       end->state != IBB_EXCHANGE_TRUSTED && end->state != IBB_EXCHANGE_DECLINED);
      if (end->state == IBB_EXCHANGE_JUDGING)
        g_assert_true (ibb_exchange_is_exposed (end));
      if (!search->is_split && !world->is_cut[i])
        g_assert_true (end->state != IBB_EXCHANGE_BROKEN && end->state != IBB_EXCHANGE_CHEATED);
    }
  search->n_both_trust +=
      romeo->state == IBB_EXCHANGE_TRUSTED && juliet->state == IBB_EXCHANGE_TRUSTED;
}

/* A new state; end has made a step, or has been told something. */
static void
reach (Search *search, World *world, guint end)
{
  g_autoptr (GBytes) bytes = NULL;

  take_output (search, world, end);
  check (search, world);
  bytes = g_bytes_new (world, sizeof *world);
  if (g_hash_table_add (search->seen, g_bytes_ref (bytes)))
    g_queue_push_tail (&search->queue, g_memdup2 (world, sizeof *world));
}

static void
tell (Search *search, const World *before, guint end, const guint8 *bytes, gsize n, gsize from_way)
{
  World world = *before;

  ibb_exchange_receive (&world.ends[end], bytes, n);
  if (from_way > 0)
    {
      guint from = 1 - end;

      world.n_way[from] -= n;
      memmove (world.way[from], world.way[from] + n, world.n_way[from]);
      memset (world.way[from] + world.n_way[from], 0, n);
    }
  reach (search, &world, end);
}

static void
step_own (Search *search, const World *before, guint end)
{
  const IBBExchange *exchange = &before->ends[end];
  World              world = *before;

  if (ibb_exchange_can_begin (exchange))
    {
      ibb_exchange_begin (&world.ends[end]);
      reach (search, &world, end);
    }
  if (exchange->state != IBB_EXCHANGE_JUDGING)
    return;
  for (int yes = FALSE; yes <= TRUE; yes++)
    {
      world = *before;
      ibb_exchange_answer (&world.ends[end], yes);
      reach (search, &world, end);
    }
  if (!before->put_off[end])
    {
      world = *before;
      world.put_off[end] = TRUE;
      ibb_exchange_put_off (&world.ends[end]);
      reach (search, &world, end);
    }
}

/* All that the one in between can say to an end. */
static void
step_attacker (Search *search, const World *before, guint end)
{
  gsize wanted = ibb_exchange_get_wanted (&before->ends[end]);

  if (wanted == 1)
    for (const char *verdict = "yanx"; *verdict != '\0'; verdict++)
      tell (search, before, end, (const guint8 *) verdict, 1, 0);
  else if (wanted == LENGTH)
    for (guint i = 0; i < N_TEXTS; i++)
      if ((before->known & 1 << i) != 0)
        tell (search, before, end, before->texts[i], LENGTH, 0);
}

/* The bytes pass, in pieces. */
static void
step_way (Search *search, const World *before, guint end)
{
  gsize n = MIN (ibb_exchange_get_wanted (&before->ends[end]), before->n_way[1 - end]);

  if (n > 0)
    tell (search, before, end, before->way[1 - end], n, n);
  if (n == LENGTH)
    tell (search, before, end, before->way[1 - end], LENGTH / 2, LENGTH / 2);
}

static void
step (Search *search, const World *before)
{
  for (guint end = 0; end < N_ENDS; end++)
    {
      World world = *before;

      if (before->is_cut[end])
        continue;
      step_own (search, before, end);
      if (search->is_split)
        step_attacker (search, before, end);
      else
        step_way (search, before, end);
      world.is_cut[end] = TRUE;
      reach (search, &world, end);
    }
}

static void
search_all (guint seed, gboolean is_split, gboolean is_renamed, const char *juliets_own)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);
  GBytes           *keys[N_ENDS];
  guint8            numbers[3][LENGTH];
  GChecksum        *checksum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize             length = LENGTH;
  World             world = { .known = 1 << PROMISE | 1 << NUMBER };
  World            *next;
  Search            search = { .is_split = is_split, .is_renamed = is_renamed };
  guint             n = 0;

  for (guint i = 0; i < 3 * LENGTH; i++)
    numbers[i / LENGTH][i % LENGTH] = (guint8) g_rand_int (random);
  keys[ROMEO] = g_bytes_new (&seed, sizeof seed);
  keys[JULIET] = is_split ? g_bytes_new ("another connection", 18) : g_bytes_ref (keys[ROMEO]);
  ibb_exchange_init (&world.ends[ROMEO], FALSE, "romeo@montague.example", "juliet@capulet.example",
                     keys[ROMEO], numbers[ROMEO]);
  ibb_exchange_init (&world.ends[JULIET], TRUE, juliets_own,
                     is_renamed ? "mercutio@montague.example" : "romeo@montague.example",
                     keys[JULIET], numbers[JULIET]);
  g_checksum_update (checksum, numbers[2], LENGTH);
  g_checksum_get_digest (checksum, world.texts[PROMISE], &length);
  g_checksum_free (checksum);
  memcpy (world.texts[NUMBER], numbers[2], LENGTH);

  search.seen =
      g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, NULL);
  reach (&search, &world, ROMEO);
  while ((next = g_queue_pop_head (&search.queue)) != NULL)
    {
      step (&search, next);
      g_free (next);
      n++;
    }
  g_test_message ("%u states, %u with both digits", n, search.n_both_have_digits);
  g_assert_cmpuint (search.n_both_have_digits, >, 0);
  if (!is_split)
    g_assert_cmpuint (search.n_both_trust, >, 0);
  g_hash_table_unref (search.seen);
  for (guint i = 0; i < N_ENDS; i++)
    {
      ibb_exchange_clear (&world.ends[i]);
      g_bytes_unref (keys[i]);
    }
}

#define JULIET_JID "juliet@capulet.example"

/* A server that passes on what the two say, and may cut it off: the digits are the same. */
static void
test_direct (void)
{
  for (guint seed = 0; seed < 3; seed++)
    search_all (seed, FALSE, FALSE, JULIET_JID);
}

/* One that gives one end another name: the digits differ. */
static void
test_renamed (void)
{
  for (guint seed = 0; seed < 3; seed++)
    search_all (seed, FALSE, TRUE, JULIET_JID);
  search_all (3, FALSE, TRUE, "rosaline@capulet.example");
}

/* One with a TLS connection to each end, which says to each what it likes: the digits differ. */
static void
test_in_between (void)
{
  for (guint seed = 0; seed < 3; seed++)
    search_all (seed, TRUE, FALSE, JULIET_JID);
}

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

/* As fast as it can, somebody in between breaks off in so many names: how often in that time. */
static guint
count_attempts (guint n_names, gint64 time)
{
  IBBTurns turns;
  guint    n = 0;

  ibb_turns_init (&turns);
  for (gint64 now = 0; now < time;)
    {
      gint64 next = G_MAXINT64;

      for (guint i = 0; i < n_names && next != 0; i++)
        {
          g_autofree char *name = g_strdup_printf ("%u@montague.example", i);
          gint64           until = ibb_turns_take (&turns, name, TRUE, now);

          if (until == 0)
            ibb_turns_break_off (&turns, name, TRUE, now);
          next = MIN (next, until);
        }
      if (next == 0)
        n++;
      else
        now = next;
    }
  ibb_turns_clear (&turns);
  return n;
}

/* The figures of doc/privacy.md. */
static void
test_attempts (void)
{
  g_assert_cmpuint (count_attempts (1, 300 * SECOND), ==, 9);
  g_assert_cmpuint (count_attempts (5, 300 * SECOND), ==, 10);
  g_assert_cmpuint (count_attempts (1, DAY), <, 180);
  g_assert_cmpuint (count_attempts (1000, DAY), <, 1360);
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
  g_test_add_func ("/exchange/direct", test_direct);
  g_test_add_func ("/exchange/renamed", test_renamed);
  g_test_add_func ("/exchange/in-between", test_in_between);
  g_test_add_func ("/exchange/turns/attempts", test_attempts);
  g_test_add_func ("/exchange/turns/orders", test_orders);
  g_test_add_func ("/exchange/turns/waiting", test_waiting);
  return g_test_run ();
}
