/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Two people, each with a key, and somebody between them who owns the servers: every order of all
 * that the three can do is searched, with the real exchange and the real decision about a key. The
 * attacker has a TLS connection of its own to an end, or passes on one between the two; it opens
 * sessions at any time, gives an end any name, delays, reflects, invents, breaks off, and says what
 * it has seen in other sessions. Random numbers are given. A person may answer a question at any
 * time, or never.
 *
 * Any timeout that can come may come at once, and no pause keeps the attacker off: so there are
 * more orders than with a clock. exchange.c has the clock. */

#include <string.h>

#include "xmpp/trust/decision.h"

#define LENGTH IBB_EXCHANGE_NUMBER_LENGTH
#define MAX_LINKS 3
#define WAY_MAX (2 * LENGTH + 4)

enum
{
  ROMEO,
  JULIET,
  N_USERS,
  MALLORY = N_USERS, /* a person with a name and a key, who owns the servers */
  N_PEOPLE
};

static const char *const names[] = {
  "romeo@montague.example",
  "juliet@capulet.example",
  "mallory@montague.example",
};

/* Whose key is accepted for whose name. */
#define ENTRY(name, key) (1u << ((name) *N_PEOPLE + (key)))

typedef enum
{
  USER_COMPARES,  /* says yes if the owner of the name has read the same digits out */
  USER_TRUSTS,    /* says yes */
  USER_IS_NOBODY, /* as of a service without a terminal */
  USER_NAMES_KEY, /* by --peer-fingerprint: no list counts */
  N_KINDS
} UserKind;

/* The states that were reached. */
typedef struct
{
  guint64 *hashes; /* 0: none */
  gsize    n_places;
  gsize    n;
} States;

static gboolean
put (States *self, guint64 hash)
{
  gsize place = (hash >> 1) % self->n_places;

  while (self->hashes[place] != 0 && self->hashes[place] != hash)
    place = (place + 1) % self->n_places;
  if (self->hashes[place] == hash)
    return FALSE;
  self->hashes[place] = hash;
  return TRUE;
}

/* Returns whether the state is new. */
static gboolean
states_add (States *self, gconstpointer state, gsize size)
{
  guint64 words[4];
  guint64 hash = 0;
  guint64 lanes[4] = { 1, 2, 3, 4 }; /* which a processor computes side by side */

  if (2 * self->n >= self->n_places)
    {
      States more = { NULL, MAX (4096, 2 * self->n_places), self->n };

      more.hashes = g_new0 (guint64, more.n_places);
      for (gsize i = 0; i < self->n_places; i++)
        if (self->hashes[i] != 0)
          put (&more, self->hashes[i]);
      g_free (self->hashes);
      *self = more;
    }
  for (gsize i = 0; i + sizeof words <= size; i += sizeof words)
    {
      memcpy (words, (const guint8 *) state + i, sizeof words);
      for (guint k = 0; k < G_N_ELEMENTS (lanes); k++)
        {
          lanes[k] = (lanes[k] ^ words[k]) * G_GUINT64_CONSTANT (0xff51afd7ed558ccd);
          lanes[k] ^= lanes[k] >> 32;
        }
    }
  memset (words, 0, sizeof words);
  memcpy (words, (const guint8 *) state + size - size % sizeof words, size % sizeof words);
  for (guint k = 0; k < G_N_ELEMENTS (lanes); k++)
    lanes[k] ^= words[k];
  for (guint k = 0; k < G_N_ELEMENTS (lanes); k++)
    hash = (hash ^ lanes[k]) * G_GUINT64_CONSTANT (0xff51afd7ed558ccd);
  if (!put (self, hash | 1))
    return FALSE;
  self->n++;
  return TRUE;
}

/* One end of a session. */
typedef struct
{
  guint8 user;
  guint8 as_server;
  guint8 name;  /* of the peer, as the servers say */
  gint8  other; /* the link at the other end of the TLS connection; -1: the attacker */
} Link;

typedef struct
{
  const char *path;
  guint       n_links;
  Link        links[MAX_LINKS];
  guint       lists[N_USERS]; /* ENTRY () of each user, beside those that the search adds */
} Scene;

typedef enum
{
  SESSION_UNOPENED,
  SESSION_OPEN,
  SESSION_OVER
} SessionState;

typedef struct
{
  IBBDecision  decision;
  SessionState state;
  gboolean     is_asking;
  gboolean     is_shown; /* the digits, to the user */
  gboolean     remembers;
  gboolean     said_yes;
  gint         promised;     /* a text, or -1 */
  guint8       way[WAY_MAX]; /* to the other link */
  gsize        n_way;
} Session;

/* A text is what a number is, or promises: of each link, of the attacker, and of an end that will
 * say no. */
#define PROMISE(link) (2 * (link))
#define NUMBER(link) (2 * (link) + 1)
#define REFUSAL (MAX_LINKS + 1)
#define N_TEXTS (2 * (REFUSAL + 1))

typedef struct
{
  Session  sessions[MAX_LINKS];
  guint    lists[N_USERS];
  guint    granted[N_USERS]; /* what was known, or has been accepted */
  guint    texts;            /* those that the attacker has seen: bits */
  gboolean is_taken[N_USERS][2];
} World;

typedef struct
{
  const Scene *scene;
  UserKind     kinds[N_USERS];
  guint8       texts[N_TEXTS][LENGTH];
  IBBDecision  fresh[MAX_LINKS];
  IBBTurns     turns;
  GArray      *stack; /* (element-type World): to be looked at */
  States       seen;
  guint        n_trusted;
} Search;

static guint
get_key (const Search *self, guint link)
{
  const Link *links = self->scene->links;

  return links[link].other < 0 ? MALLORY : links[links[link].other].user;
}

/* What holds. */

static void
judge_trusted (Search *self, const World *world, guint link)
{
  const Link *it = &self->scene->links[link];
  guint       key = get_key (self, link);
  UserKind    kind = self->kinds[it->user];

  self->n_trusted++;
  /* Only the holder of a key that was accepted for the name reads or writes. */
  g_assert_true (world->granted[it->user] & ENTRY (it->name, key));
  /* A list says the truth about Romeo and Juliet. */
  if (it->name != MALLORY && kind != USER_TRUSTS)
    g_assert_cmpuint (key, ==, it->name);
  /* The other end has agreed. */
  if (it->other >= 0)
    g_assert_true (world->sessions[it->other].said_yes);
}

static void
judge_digits (Search *self, const World *world, guint one, guint two)
{
  const Link *links = self->scene->links;
  const char *code = world->sessions[one].decision.exchange.code;
  gboolean    is_same;

  if (code[0] == '\0' || world->sessions[two].decision.exchange.code[0] == '\0')
    return;
  is_same = links[one].other == (gint) two && links[one].name == links[two].user &&
            links[two].name == links[one].user;
  g_assert_cmpint (strcmp (code, world->sessions[two].decision.exchange.code) == 0, ==, is_same);
}

static void judge_refusal (Search *self, const World *world, guint link);

static void
judge (Search *self, const World *world)
{
  guint n_exposed[N_USERS][2] = { { 0 } };

  for (guint i = 0; i < self->scene->n_links; i++)
    {
      const Session     *session = &world->sessions[i];
      const IBBDecision *decision = &session->decision;
      const Link        *it = &self->scene->links[i];

      for (guint k = 0; k < i; k++)
        judge_digits (self, world, k, i);
      if (session->state != SESSION_OPEN)
        continue;
      /* Without a time when an end gives up, a refusal would wait for the peer. */
      g_assert_cmpint (decision->until, <=, 300 * G_TIME_SPAN_SECOND);
      if (decision->exchange.state == IBB_EXCHANGE_DECLINED)
        judge_refusal (self, world, i);
      /* The digits of one unknown peer at a time can be tried unseen. */
      if (ibb_exchange_is_exposed (&decision->exchange) &&
          decision->trust != IBB_XMPP_TRUST_KNOWN && decision->can_ask)
        n_exposed[it->user][it->as_server]++;
    }
  for (guint i = 0; i < N_USERS * 2; i++)
    g_assert_cmpuint (n_exposed[i / 2][i % 2], <=, 1);
}

static void
reach (Search *self, const World *world)
{
  if (!states_add (&self->seen, world, sizeof *world))
    return;
  judge (self, world);
  g_array_append_vals (self->stack, world, 1);
}

/* The ends. */

static void
take_output (Search *self, World *world, guint link)
{
  Session    *session = &world->sessions[link];
  GByteArray *output = session->decision.exchange.output;

  if (output->len == 0)
    return;
  if (self->scene->links[link].other >= 0)
    {
      g_assert_cmpuint (session->n_way + output->len, <=, WAY_MAX);
      memcpy (session->way + session->n_way, output->data, output->len);
      session->n_way += output->len;
    }
  else if (output->len == LENGTH)
    for (guint i = PROMISE (link); i <= NUMBER (link); i++)
      if (memcmp (output->data, self->texts[i], LENGTH) == 0)
        world->texts |= 1u << i;
  g_byte_array_set_size (output, 0);
}

static void
end (Search *self, World *world, guint link)
{
  Session    *session = &world->sessions[link];
  const Link *it = &self->scene->links[link];
  IBBPause    pause;
  char        code[8];

  if (session->decision.failure == IBB_DECISION_FAILURE_NONE &&
      session->decision.exchange.state == IBB_EXCHANGE_TRUSTED)
    {
      judge_trusted (self, world, link);
      if (session->remembers)
        world->lists[it->user] |= ENTRY (it->name, get_key (self, link));
    }
  ibb_decision_end (&session->decision, &self->turns, names[it->name], 0, &pause);
  /* Nothing of the rest counts any more. */
  memcpy (code, session->decision.exchange.code, sizeof code);
  memset (&session->decision, 0, sizeof session->decision);
  if (session->is_shown)
    memcpy (session->decision.exchange.code, code, sizeof code);
  session->state = SESSION_OVER;
  session->is_asking = session->remembers = FALSE;
  session->promised = -1;
}

static void
check (Search *self, World *world, guint link)
{
  const Link  *it = &self->scene->links[link];
  guint        list = world->lists[it->user];
  IBBXmppTrust trust = IBB_XMPP_TRUST_UNKNOWN;

  if (list & ENTRY (it->name, get_key (self, link)))
    trust = IBB_XMPP_TRUST_KNOWN;
  else if (list & (7 * ENTRY (it->name, 0)))
    trust = IBB_XMPP_TRUST_CHANGED;
  ibb_decision_set_trust (&world->sessions[link].decision, trust,
                          self->kinds[it->user] != USER_IS_NOBODY);
}

static guint
count_waiting (const Search *self, const World *world, guint user, guint name)
{
  guint n = 0;

  for (guint i = 0; i < self->scene->n_links; i++)
    n += self->scene->links[i].user == user && self->scene->links[i].name == name &&
         world->sessions[i].decision.is_waiting;
  return n;
}

/* Who has a turn, or waits for one, is part of a state; what was broken off is not, so that no
 * pause delays anything. */
static void
load_user_turns (Search *self, const World *world, guint user)
{
  g_hash_table_remove_all (self->turns.waiting);
  for (guint i = 0; i < self->scene->n_links; i++)
    if (self->scene->links[i].user == user && world->sessions[i].decision.is_waiting)
      ibb_turns_start_waiting (&self->turns, names[self->scene->links[i].name]);
  for (guint i = 0; i < 2; i++)
    g_hash_table_remove_all (self->turns.accepted[i]);
  for (guint i = 0; i < self->scene->n_links; i++)
    if (self->scene->links[i].user == user && world->sessions[i].decision.is_settling)
      ibb_turns_accept (&self->turns, names[self->scene->links[i].name],
                        self->scene->links[i].as_server);
  memcpy (self->turns.is_taken, world->is_taken[user], sizeof self->turns.is_taken);
  self->turns.all = (IBBPause){ 0 };
  g_hash_table_remove_all (self->turns.names);
}

/* The end does what it can at a time, which is 0 in each state. */
static void
run (Search *self, World *world, guint link, gint64 now)
{
  Session     *session = &world->sessions[link];
  IBBDecision *decision = &session->decision;
  const Link  *it = &self->scene->links[link];
  IBBStep      step;

  load_user_turns (self, world, it->user);
  do
    {
      step = ibb_decision_proceed (decision, &self->turns, names[it->name], now);
      if (step == IBB_STEP_CHECK)
        check (self, world, link);
      else if (step == IBB_STEP_ASK || step == IBB_STEP_NOTIFY)
        session->is_shown = TRUE;
      /* The digits are shown to each person once. */
      g_assert_true (step != IBB_STEP_NOTIFY || !decision->is_asked);
      session->is_asking = decision->is_asked && !decision->is_answered;
      take_output (self, world, link);
    }
  while (step != IBB_STEP_WAIT);
  /* Nothing is left to do before something happens. */
  g_assert_cmpint (ibb_decision_proceed (decision, &self->turns, names[it->name], now), ==,
                   IBB_STEP_WAIT);
  g_assert_cmpuint (decision->exchange.output->len, ==, 0);
  session->said_yes = decision->exchange.state == IBB_EXCHANGE_WAITING ||
                      decision->exchange.state == IBB_EXCHANGE_TRUSTED;
  decision->deadline -= now;
  decision->prompt_until = MAX (decision->prompt_until - now, 0);
  decision->until -= now;
  if (ibb_decision_is_over (decision))
    end (self, world, link);
  g_assert_cmpuint (GPOINTER_TO_UINT (g_hash_table_lookup (self->turns.waiting, names[it->name])),
                    ==, count_waiting (self, world, it->user, it->name));
  memcpy (world->is_taken[it->user], self->turns.is_taken, sizeof self->turns.is_taken);
}

static void
tell (Search *self, World *world, guint link, const guint8 *bytes, gsize n)
{
  ibb_exchange_receive (&world->sessions[link].decision.exchange, bytes, n);
  run (self, world, link, 0);
}

static gboolean
take_from_way (Search *self, World *world, guint link, gsize most)
{
  Session *from = &world->sessions[self->scene->links[link].other];
  gsize    wanted = ibb_exchange_get_wanted (&world->sessions[link].decision.exchange);
  gsize    n = MIN (MIN (wanted, from->n_way), most);
  guint8   bytes[LENGTH];

  if (n == 0)
    return FALSE;
  memcpy (bytes, from->way, n);
  from->n_way -= n;
  memmove (from->way, from->way + n, from->n_way);
  memset (from->way + from->n_way, 0, n);
  tell (self, world, link, bytes, n);
  return TRUE;
}

/* An end that refuses waits three seconds at most; the other one learns so with the byte. */
static void
judge_refusal (Search *self, const World *before, guint link)
{
  gint  other = self->scene->links[link].other;
  World world = *before;

  g_assert_cmpint (before->sessions[link].decision.until, <=, 3 * G_TIME_SPAN_SECOND);
  run (self, &world, link, before->sessions[link].decision.until);
  g_assert_cmpint (world.sessions[link].state, ==, SESSION_OVER);
  if (other < 0)
    return;
  while (world.sessions[other].state == SESSION_OPEN)
    g_assert_true (take_from_way (self, &world, (guint) other, LENGTH));
}

/* What can happen. */

static gboolean
may_accept (const Search *self, const World *world, guint link)
{
  const Link *it = &self->scene->links[link];
  const char *code = world->sessions[link].decision.exchange.code;

  if (self->kinds[it->user] == USER_TRUSTS)
    return TRUE;
  if (self->kinds[it->user] == USER_NAMES_KEY)
    return get_key (self, link) == it->name;
  /* Mallory says what is read to them. */
  if (it->name == MALLORY)
    return TRUE;
  for (guint i = 0; i < self->scene->n_links; i++)
    if (i != link && self->scene->links[i].user == it->name && world->sessions[i].is_shown &&
        strcmp (world->sessions[i].decision.exchange.code, code) == 0)
      return TRUE;
  return FALSE;
}

static void
step_user (Search *self, const World *before, guint link)
{
  const Link *it = &self->scene->links[link];
  gboolean    keeps = self->kinds[it->user] != USER_NAMES_KEY;

  if (!before->sessions[link].is_asking)
    return;
  for (guint answer = 0; answer < 3; answer++)
    {
      World world = *before;

      if (answer > 0 && !may_accept (self, before, link))
        break;
      if (answer > 1 && !keeps)
        break;
      if (answer > 0)
        world.granted[it->user] |= ENTRY (it->name, get_key (self, link));
      world.sessions[link].remembers = answer == 2;
      ibb_decision_answer (&world.sessions[link].decision, answer > 0);
      run (self, &world, link, 0);
      reach (self, &world);
    }
}

static void
step_attacker (Search *self, const World *before, guint link)
{
  const Session     *session = &before->sessions[link];
  const IBBExchange *exchange = &session->decision.exchange;
  gsize              wanted = ibb_exchange_get_wanted (exchange);

  if (wanted == 1)
    for (const char *verdict = "yanx"; *verdict != '\0'; verdict++)
      {
        World world = *before;

        tell (self, &world, link, (const guint8 *) verdict, 1);
        reach (self, &world);
      }
  else if (wanted == LENGTH)
    for (gint i = 0; i < N_TEXTS; i++)
      {
        gboolean is_promise = exchange->as_server && exchange->state == IBB_EXCHANGE_OPENING;
        World    world = *before;

        /* Of what is no number, or no promise, one is as good as another. */
        if ((before->texts & 1u << i) == 0 || (i < PROMISE (MAX_LINKS) && is_promise == (i & 1)))
          continue;
        /* Who sits in between has no choice any more when the number of the end is known: so the
         * digits are those of the other end once in a million. */
        if (is_promise || !exchange->as_server)
          g_assert_false (before->texts & 1u << NUMBER (link));
        if (is_promise)
          world.sessions[link].promised = i;
        tell (self, &world, link, self->texts[i], LENGTH);
        if (exchange->as_server && world.sessions[link].decision.exchange.code[0] != '\0')
          g_assert_cmpint (i, ==, session->promised + 1);
        reach (self, &world);
      }
}

static void
step_link (Search *self, const World *before, guint link)
{
  const Link    *it = &self->scene->links[link];
  const Session *session = &before->sessions[link];
  World          world = *before;

  if (session->state == SESSION_OVER)
    return;
  if (session->state == SESSION_UNOPENED)
    {
      world.sessions[link].decision = self->fresh[link];
      world.sessions[link].state = SESSION_OPEN;
      run (self, &world, link, 0);
      reach (self, &world);
      return;
    }
  step_user (self, before, link);
  if (it->other < 0)
    step_attacker (self, before, link);
  else
    for (gsize most = LENGTH; most >= LENGTH / 2; most /= 2)
      {
        world = *before;
        if (take_from_way (self, &world, link, most))
          reach (self, &world);
      }

  /* The time of the state, or of another one, is over. */
  world = *before;
  run (self, &world, link, session->decision.until);
  reach (self, &world);
  if (session->decision.is_waiting)
    {
      world = *before;
      run (self, &world, link, 0);
      reach (self, &world);
    }
  /* The session is cut off. */
  world = *before;
  load_user_turns (self, &world, it->user);
  end (self, &world, link);
  memcpy (world.is_taken[it->user], self->turns.is_taken, sizeof self->turns.is_taken);
  reach (self, &world);
}

static void
hash_number (const guint8 *number, guint8 *digest)
{
  GChecksum *checksum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize      length = LENGTH;

  g_checksum_update (checksum, number, LENGTH);
  g_checksum_get_digest (checksum, digest, &length);
  g_checksum_free (checksum);
}

static void
search_init (Search *self, const Scene *scene, const UserKind *kinds)
{
  *self = (Search){ .scene = scene, .kinds = { kinds[ROMEO], kinds[JULIET] } };
  for (guint i = 0; i <= REFUSAL; i++)
    {
      for (guint k = 0; k < LENGTH; k++)
        self->texts[NUMBER (i)][k] = i == REFUSAL ? 'n' : (guint8) (41 * i + 7 * k + 3);
      hash_number (self->texts[NUMBER (i)], self->texts[PROMISE (i)]);
    }
  for (guint i = 0; i < scene->n_links; i++)
    {
      const Link        *it = &scene->links[i];
      guint8             connection = (guint8) (it->other < 0 ? i : MIN (i, (guint) it->other));
      g_autoptr (GBytes) key = g_bytes_new (&connection, 1);

      ibb_decision_init (&self->fresh[i], it->as_server, names[it->user], names[it->name], key,
                         self->texts[NUMBER (i)], 0);
    }
  ibb_turns_init (&self->turns);
  self->stack = g_array_new (FALSE, FALSE, sizeof (World));
}

static void
search_clear (Search *self)
{
  for (guint i = 0; i < self->scene->n_links; i++)
    ibb_decision_clear (&self->fresh[i]);
  ibb_turns_clear (&self->turns);
  g_array_unref (self->stack);
  g_free (self->seen.hashes);
}

static gsize
search_all (const Scene *scene, const UserKind *kinds, const guint *lists, guint *n_trusted)
{
  Search search;
  World  world;

  search_init (&search, scene, kinds);
  memset (&world, 0, sizeof world);
  world.texts = 15u << PROMISE (MAX_LINKS);
  for (guint i = 0; i < N_USERS; i++)
    if (kinds[i] != USER_NAMES_KEY)
      world.lists[i] = world.granted[i] = scene->lists[i] | lists[i];
  for (guint i = 0; i < MAX_LINKS; i++)
    world.sessions[i].promised = -1;
  reach (&search, &world);
  while (search.stack->len > 0)
    {
      World next = g_array_index (search.stack, World, search.stack->len - 1);

      g_array_set_size (search.stack, search.stack->len - 1);
      for (guint i = 0; i < scene->n_links; i++)
        step_link (&search, &next, i);
    }
  *n_trusted += search.n_trusted;
  search_clear (&search);
  return search.seen.n;
}

/* Romeo opens, Juliet opens, or the attacker opens to each; the rest are further sessions. */
static const Scene scenes[] = {
  { "/decision/search/direct", 2, { { ROMEO, FALSE, JULIET, 1 }, { JULIET, TRUE, ROMEO, 0 } } },
  { "/decision/search/direct-and-more",
    3,
    { { ROMEO, FALSE, JULIET, 1 }, { JULIET, TRUE, ROMEO, 0 }, { JULIET, TRUE, ROMEO, -1 } } },
  { "/decision/search/in-between",
    2,
    { { ROMEO, FALSE, JULIET, -1 }, { JULIET, TRUE, ROMEO, -1 } } },
  { "/decision/long/in-between-and-more",
    3,
    { { ROMEO, FALSE, JULIET, -1 }, { JULIET, TRUE, ROMEO, -1 }, { JULIET, TRUE, ROMEO, -1 } } },
  { "/decision/search/both-accept",
    2,
    { { ROMEO, TRUE, JULIET, -1 }, { JULIET, TRUE, ROMEO, -1 } } },
  { "/decision/search/both-open",
    2,
    { { ROMEO, FALSE, JULIET, -1 }, { JULIET, FALSE, ROMEO, -1 } } },
  { "/decision/search/renamed", 2, { { ROMEO, FALSE, JULIET, 1 }, { JULIET, TRUE, MALLORY, 0 } } },
  { "/decision/long/renamed-contact",
    3,
    { { ROMEO, FALSE, MALLORY, 1 }, { JULIET, TRUE, ROMEO, 0 }, { ROMEO, FALSE, JULIET, -1 } } },
  { "/decision/long/contact",
    3,
    { { JULIET, TRUE, MALLORY, -1 }, { JULIET, TRUE, ROMEO, -1 }, { ROMEO, FALSE, JULIET, -1 } },
    { 0, ENTRY (MALLORY, MALLORY) } },
  { "/decision/long/reflected",
    3,
    { { ROMEO, FALSE, JULIET, 1 }, { ROMEO, TRUE, JULIET, 0 }, { JULIET, TRUE, ROMEO, -1 } } },
};

/* Every pair of users, who know each other or not; but where there are further sessions, Juliet
 * compares. What is known makes no difference where each end meets the attacker only. */
static void
test_scene (gconstpointer data)
{
  const Scene *scene = data;
  guint        n_lists = scene->links[0].other < 0 ? 1 : 4;
  guint        n_kinds = scene->n_links == MAX_LINKS ? 1 : N_KINDS;
  gsize        n_states = 0;
  guint        n_trusted = 0;

  for (guint i = 0; i < N_KINDS * n_kinds * n_lists; i++)
    {
      const UserKind kinds[] = { i % N_KINDS, i / N_KINDS % n_kinds };
      const guint    known = i / N_KINDS / n_kinds;
      const guint    lists[] = { known & 1 ? ENTRY (JULIET, JULIET) : 0,
                              known & 2 ? ENTRY (ROMEO, ROMEO) : 0 };
      guint n_before = n_trusted;

      n_states += search_all (scene, kinds, lists, &n_trusted);
      /* Each can trust the other if each is there to be asked, or knows the other. */
      if (scene == &scenes[0])
        g_assert_cmpint (n_trusted > n_before, ==,
                         (kinds[ROMEO] != USER_IS_NOBODY || lists[ROMEO] != 0) &&
                             (kinds[JULIET] != USER_IS_NOBODY || lists[JULIET] != 0));
    }
  g_test_message ("%zu states", n_states);
  g_assert_cmpuint (n_trusted, >, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (scenes); i++)
    g_test_add_data_func (scenes[i].path, &scenes[i], test_scene);
  return g_test_run ();
}
