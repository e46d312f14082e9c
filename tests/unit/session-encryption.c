/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Two programs that encrypt several sessions at once, with the real TLS, the real exchange and the
 * real turns, in virtual time. From a seed: who knows whose key, who answers what and when, how the
 * bytes are divided and delayed, and what goes wrong: a direction is cut, falls silent, or has a
 * wrong byte, at any place. Every schedule ends, neither end trusts against its user, and every
 * byte of the application is whole and in its place. --first and --count: other schedules. */

#include "config.h"

#include <errno.h>
#include <malloc.h>

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <gnutls/gnutls.h>

#include "xmpp/trust/key-file.h"
#include "xmpp/trust/session-encryption.h"

#include "../lib/random.h"

#define N_SESSIONS 3
#define START (1000 * G_TIME_SPAN_SECOND)
#define LONGEST (3600 * G_TIME_SPAN_SECOND) /* within which a schedule ends */
#define N_EVENTS_MAX 20000
#define N_BYTES_MAX 40000  /* of the application, each way */
#define AGREEMENT_MAX 8192 /* bytes of output before the application's */

typedef enum
{
  FAULT_NONE,
  FAULT_CUT,
  FAULT_SILENCE,
  FAULT_WRONG_BYTE,
  N_FAULTS
} Fault;

/* The bytes from one end to the other. */
typedef struct
{
  GByteArray *bytes;
  gsize       n_delivered;
  gsize       n_passed; /* in all */
  gboolean    is_ended; /* the sender has ended the session */
  gboolean    end_told;
  Fault       fault;
  gsize       fault_at;
  gboolean    fault_done;
} Way;

typedef struct
{
  IBBTurns     turns;
  IBBXmppTrust trust;
  gboolean     can_ask;
  gboolean     says_yes;
  gint64       delay; /* of an answer; -1: never */
} Program;

typedef struct _End
{
  Program             *program;
  Way                 *in;
  Way                 *out;
  IBBSessionEncryption encryption;
  gboolean             as_server;
  gboolean             is_over; /* the encryption */
  gboolean             is_closed;
  gboolean             was_asked;
  gboolean             was_checked;
  gint64               answer_at; /* 0: no answer is due */
  gint64               until;
  guint32              pattern;
  gsize                n_to_write;
  gsize                n_written;
  gsize                n_read;
  gboolean             input_ended;
  gboolean             input_failed;
  gboolean             is_shut;
} End;

typedef struct
{
  guint32  seed;
  Random   random;
  gint64   now;
  gboolean may_fail;
  Program  programs[2]; /* of the clients, and of the servers */
  End      ends[N_SESSIONS][2];
  Way      ways[N_SESSIONS][2];
  guint    n_sessions;
  guint    n_waits; /* calls of proceed since the time or a byte has moved */
} World;

static GTlsCertificate   *certificates[2];
static IBBTlsCredentials *credentials[2];
static guint              n_done, n_failed;
static guint              first_seed;
static guint              n_schedules = 1500;

#define judge(world, condition)                                                                    \
  do                                                                                               \
    if (!(condition))                                                                              \
      g_error ("%s: again: %s --first %u --count 1", #condition, g_get_prgname (), (world)->seed); \
  while (0)

static guint8
get_byte (const End *end, gsize at)
{
  return (guint8) (random_mix (end->pattern + at) & 0xff);
}

static End *
get_other (World *world, const End *end)
{
  for (guint i = 0; i < world->n_sessions; i++)
    for (guint j = 0; j < 2; j++)
      if (&world->ends[i][j] == end)
        return &world->ends[i][!j];
  g_assert_not_reached ();
}

/* The end of the session at this end: the other one learns of it behind the bytes. */
static void
close_end (End *end)
{
  end->is_closed = TRUE;
  end->out->is_ended = TRUE;
}

static void
flush (World *world, End *end)
{
  GByteArray *output = ibb_tls_session_get_output (end->encryption.tls);

  if (!end->is_over)
    judge (world, output->len <= AGREEMENT_MAX);
  g_byte_array_append (end->out->bytes, output->data, output->len);
  g_byte_array_set_size (output, 0);
}

/* Each end trusts the other, or says why not. */
static void
judge_result (World *world, End *end)
{
  const Program              *program = end->program;
  const End                  *other = get_other (world, end);
  const IBBSessionEncryption *encryption = &end->encryption;
  gboolean                    says_yes = program->trust == IBB_XMPP_TRUST_KNOWN ||
                      (end->encryption.decision.trust == IBB_XMPP_TRUST_KNOWN) ||
                      (end->was_asked && program->says_yes);
  const IBBExchange *exchange = &other->encryption.decision.exchange;

  judge (world, (encryption->stage == IBB_SESSION_ENCRYPTION_FAILED) ==
                    (encryption->failure != IBB_SESSION_ENCRYPTION_FAILURE_NONE));
  if (encryption->stage == IBB_SESSION_ENCRYPTION_DONE)
    {
      n_done++;
      judge (world, says_yes);
      judge (world, end->was_checked);
      judge (world, other->encryption.has_decision && !exchange->refuses && exchange->is_answered &&
                        exchange->state != IBB_EXCHANGE_DECLINED);
      return;
    }
  n_failed++;
  switch (encryption->failure)
    {
    case IBB_SESSION_ENCRYPTION_FAILURE_TLS:
    case IBB_SESSION_ENCRYPTION_FAILURE_ENDED:
      /* The other end has ended the session, or something went wrong on the way. */
      judge (world, other->is_closed || world->may_fail);
      break;
    case IBB_SESSION_ENCRYPTION_FAILURE_DECLINED:
      judge (world, program->trust != IBB_XMPP_TRUST_KNOWN);
      break;
    case IBB_SESSION_ENCRYPTION_FAILURE_REFUSED:
      judge (world, other->program->trust != IBB_XMPP_TRUST_KNOWN);
      break;
    case IBB_SESSION_ENCRYPTION_FAILURE_PEER_LATE:
      /* Nobody is late but by silence, or a person who does not answer in time. */
      judge (world, world->may_fail || !(other->program->trust == IBB_XMPP_TRUST_KNOWN));
      break;
    case IBB_SESSION_ENCRYPTION_FAILURE_TURN_LATE:
    case IBB_SESSION_ENCRYPTION_FAILURE_BUSY:
      judge (world, program->trust != IBB_XMPP_TRUST_KNOWN && program->can_ask);
      break;
    default:
      judge (world, FALSE); /* nobody cheats here */
    }
}

static void
end_encryption (World *world, End *end)
{
  IBBPause pause;

  end->is_over = TRUE;
  judge_result (world, end);
  ibb_session_encryption_end (&end->encryption, &end->program->turns, world->now, &pause);
  /* Others may have waited for the turn. */
  for (guint i = 0; i < world->n_sessions; i++)
    for (guint j = 0; j < 2; j++)
      world->ends[i][j].until = world->now;
  if (end->encryption.stage == IBB_SESSION_ENCRYPTION_FAILED)
    {
      flush (world, end);
      close_end (end);
    }
}

static void
take_step (World *world, End *end, IBBStep step)
{
  switch (step)
    {
    case IBB_STEP_CHECK:
      {
        g_autoptr (GByteArray) expected = NULL;
        g_autoptr (GBytes)     bytes = NULL;

        g_object_get (certificates[!end->as_server], "certificate", &expected, NULL);
        bytes = g_bytes_new (expected->data, expected->len);
        judge (world,
               g_bytes_equal (bytes, ibb_tls_session_get_peer_certificate (end->encryption.tls)));
        end->was_checked = TRUE;
        ibb_decision_set_trust (&end->encryption.decision, end->program->trust,
                                end->program->can_ask);
        break;
      }
    case IBB_STEP_ASK:
      end->was_asked = TRUE;
      end->answer_at = end->program->delay < 0 ? 0 : world->now + 1 + end->program->delay;
      break;
    case IBB_STEP_NOTIFY:
      judge (world, !end->was_asked);
      break;
    case IBB_STEP_WAIT:
    default:
      break;
    }
}

/* Bytes of the application. */

static void
write_bytes (World *world, End *end)
{
  guint8 bytes[IBB_TLS_RECORD_MAX];
  gsize n = MIN (end->n_to_write - end->n_written, 1 + random_below (&world->random, sizeof bytes));
  gsize before = ibb_tls_session_get_output (end->encryption.tls)->len;

  if (end->is_shut || end->is_closed)
    return;
  n = MIN (n, end->n_to_write - end->n_written);
  if (n == 0)
    {
      judge (world, ibb_tls_session_shut (end->encryption.tls) == IBB_TLS_DONE);
      end->is_shut = TRUE;
    }
  for (gsize i = 0; i < n; i++)
    bytes[i] = get_byte (end, end->n_written + i);
  if (n > 0)
    {
      judge (world, ibb_tls_session_write (end->encryption.tls, bytes, n) == IBB_TLS_DONE);
      judge (world, ibb_tls_session_get_output (end->encryption.tls)->len <=
                        before + n + IBB_TLS_RECORD_OVERHEAD);
    }
  end->n_written += n;
}

static void
read_bytes (World *world, End *end)
{
  const End   *other = get_other (world, end);
  guint8       bytes[5000];
  gsize        n;
  IBBTlsResult result;

  while (!end->input_ended && !end->input_failed)
    {
      result = ibb_tls_session_read (end->encryption.tls, bytes,
                                     1 + random_below (&world->random, sizeof bytes), &n);
      if (result == IBB_TLS_WAIT)
        return;
      for (gsize i = 0; i < n; i++)
        judge (world, bytes[i] == get_byte (other, end->n_read + i));
      end->n_read += n;
      judge (world, end->n_read <= other->n_written);
      end->input_ended = result == IBB_TLS_ENDED;
      end->input_failed = result == IBB_TLS_FAILED;
      if (end->input_ended)
        judge (world, other->is_shut && end->n_read == other->n_to_write);
      if (end->input_failed)
        {
          g_autoptr (GError) error = ibb_tls_session_dup_error (end->encryption.tls);

          judge (world, world->may_fail || other->is_closed);
          judge (world, error->domain == G_TLS_ERROR && *error->message != '\0');
        }
    }
  if (end->input_failed)
    close_end (end);
}

static void
proceed (World *world, End *end)
{
  IBBStep step = IBB_STEP_CHECK;

  judge (world, world->n_waits++ < 100);
  while (!end->is_over && step != IBB_STEP_WAIT)
    {
      step = ibb_session_encryption_proceed (&end->encryption, &end->program->turns, world->now);
      take_step (world, end, step);
      flush (world, end);
      if (end->encryption.stage == IBB_SESSION_ENCRYPTION_DONE ||
          end->encryption.stage == IBB_SESSION_ENCRYPTION_FAILED)
        end_encryption (world, end);
    }
  if (!end->is_over)
    {
      end->until = end->encryption.until;
      judge (world, end->until > world->now); /* no turn of a loop without a cause */
      return;
    }
  if (end->encryption.stage == IBB_SESSION_ENCRYPTION_DONE)
    read_bytes (world, end);
  end->until = G_MAXINT64;
}

/* The way. */

static gsize
get_left (const Way *way)
{
  return way->bytes->len - way->n_delivered;
}

static gboolean
wants_input (const End *end)
{
  return !end->is_closed && (ibb_session_encryption_wants_input (&end->encryption) ||
                             (end->is_over && !end->input_ended && !end->input_failed));
}

static gboolean
can_deliver (const End *end)
{
  const Way *way = end->in;

  return wants_input (end) && !(way->fault == FAULT_SILENCE && way->fault_done) && !way->end_told &&
         (get_left (way) > 0 || way->is_ended);
}

static void
deliver (World *world, End *end)
{
  Way   *way = end->in;
  gsize  n = random_scaled (&world->random, 1, 4096);
  guint8 bytes[4096];

  n = MIN (n, get_left (way));
  if (way->fault != FAULT_NONE && !way->fault_done && way->n_passed + n > way->fault_at)
    n = MIN (n, way->fault_at - way->n_passed + (way->fault == FAULT_WRONG_BYTE));
  memcpy (bytes, way->bytes->data + way->n_delivered, n);
  way->n_delivered += n;
  way->n_passed += n;
  world->n_waits = 0;
  if (way->fault == FAULT_WRONG_BYTE && !way->fault_done && way->n_passed > way->fault_at && n > 0)
    {
      bytes[n - 1] ^= (guint8) (1 + random_below (&world->random, 255));
      way->fault_done = TRUE;
    }
  else if (way->fault != FAULT_NONE && way->n_passed >= way->fault_at)
    way->fault_done = TRUE;
  if (n > 0)
    ibb_tls_session_receive (end->encryption.tls, bytes, n);
  if ((get_left (way) == 0 && way->is_ended) || (way->fault == FAULT_CUT && way->fault_done))
    {
      way->end_told = TRUE;
      ibb_tls_session_receive_end (end->encryption.tls);
    }
  proceed (world, end);
}

/* Schedules. */

static void
init_program (World *world, Program *program)
{
  Random *random = &world->random;

  ibb_turns_init (&program->turns);
  program->trust = random_percent (random, 40)   ? IBB_XMPP_TRUST_KNOWN
                   : random_percent (random, 80) ? IBB_XMPP_TRUST_UNKNOWN
                                                 : IBB_XMPP_TRUST_CHANGED;
  program->can_ask = random_percent (random, 80);
  program->says_yes = random_percent (random, 75);
  program->delay =
      random_percent (random, 90) ? (gint64) random_scaled (random, 0, 400 * G_USEC_PER_SEC) : -1;
}

static void
init_end (World *world, End *end, gboolean as_server)
{
  static const char *const names[] = { "romeo@montague.example", "juliet@capulet.example" };
  guint8                   number[IBB_EXCHANGE_NUMBER_LENGTH];

  random_fill (number, sizeof number, &world->random);
  end->program = &world->programs[as_server];
  end->as_server = as_server;
  end->pattern = (guint32) random_next (&world->random);
  end->n_to_write = random_scaled (&world->random, 0, N_BYTES_MAX);
  ibb_session_encryption_init (&end->encryption, credentials[as_server], as_server,
                               names[as_server], names[!as_server], number, world->now);
  end->until = world->now;
}

static void
init_world (World *world, guint32 seed)
{
  *world = (World){ .seed = seed, .random = { seed } };
  world->now = START;
  world->may_fail = random_percent (&world->random, 60);
  world->n_sessions = 1 + random_below (&world->random, N_SESSIONS);
  for (guint i = 0; i < 2; i++)
    init_program (world, &world->programs[i]);
  for (guint i = 0; i < world->n_sessions; i++)
    for (guint j = 0; j < 2; j++)
      {
        Way *way = &world->ways[i][j];

        way->bytes = g_byte_array_new ();
        if (world->may_fail && random_percent (&world->random, 60))
          {
            way->fault = random_below (&world->random, N_FAULTS);
            way->fault_at = random_scaled (&world->random, 0, 6000);
          }
        world->ends[i][j].in = way;
        world->ends[i][!j].out = way;
        init_end (world, &world->ends[i][j], j == 1);
      }
}

/* Whether something can happen at once: a random one of these happens. */
static gboolean
act (World *world)
{
  guint first = random_below (&world->random, 2 * world->n_sessions);

  for (guint k = 0; k < 2 * world->n_sessions; k++)
    {
      guint i = (first + k) % (2 * world->n_sessions);
      End  *end = &world->ends[i / 2][i % 2];

      if (end->until <= world->now)
        {
          proceed (world, end);
          return TRUE;
        }
      if (end->answer_at != 0 && end->answer_at <= world->now)
        {
          end->answer_at = 0;
          if (!end->is_over)
            ibb_decision_answer (&end->encryption.decision, end->program->says_yes);
          end->until = world->now;
          return TRUE;
        }
      if (can_deliver (end) && random_percent (&world->random, 80))
        {
          deliver (world, end);
          return TRUE;
        }
      if (end->encryption.stage == IBB_SESSION_ENCRYPTION_DONE && !end->is_shut && !end->is_closed)
        {
          write_bytes (world, end);
          flush (world, end);
          return TRUE;
        }
    }
  for (guint i = 0; i < 2 * world->n_sessions; i++)
    if (can_deliver (&world->ends[i / 2][i % 2]))
      {
        deliver (world, &world->ends[i / 2][i % 2]);
        return TRUE;
      }
  return FALSE;
}

/* Returns whether anything is to come. */
static gboolean
pass_time (World *world)
{
  gint64 next = G_MAXINT64;

  for (guint i = 0; i < world->n_sessions; i++)
    for (guint j = 0; j < 2; j++)
      {
        const End *end = &world->ends[i][j];

        next = MIN (next, end->until);
        if (end->answer_at != 0 && !end->is_over)
          next = MIN (next, end->answer_at);
      }
  if (next == G_MAXINT64)
    return FALSE;
  judge (world, next > world->now);
  judge (world, next < START + LONGEST);
  world->now = next;
  world->n_waits = 0;
  return TRUE;
}

/* With nothing wrong on the way. */
static void
judge_whole (World *world)
{
  gboolean are_known = world->programs[0].trust == IBB_XMPP_TRUST_KNOWN &&
                       world->programs[1].trust == IBB_XMPP_TRUST_KNOWN;

  for (guint i = 0; i < world->n_sessions; i++)
    for (guint j = 0; j < 2; j++)
      {
        const End *end = &world->ends[i][j];
        const End *other = &world->ends[i][!j];

        judge (world, end->encryption.stage == other->encryption.stage);
        if (end->encryption.stage == IBB_SESSION_ENCRYPTION_DONE)
          judge (world, end->input_ended && end->n_read == other->n_to_write);
        if (!are_known)
          continue;
        /* Such a session waits for nobody. */
        judge (world, end->encryption.stage == IBB_SESSION_ENCRYPTION_DONE);
        judge (world, !end->was_asked && world->now == START);
      }
}

static void
clear_world (World *world)
{
  for (guint i = 0; i < world->n_sessions; i++)
    for (guint j = 0; j < 2; j++)
      {
        judge (world, world->ends[i][j].is_over);
        ibb_session_encryption_clear (&world->ends[i][j].encryption);
        g_byte_array_unref (world->ways[i][j].bytes);
      }
  for (guint i = 0; i < 2; i++)
    {
      const IBBTurns *turns = &world->programs[i].turns;

      judge (world, !turns->is_taken[0] && !turns->is_taken[1]);
      judge (world, g_hash_table_size (turns->waiting) == 0);
      judge (world, g_hash_table_size (turns->accepted[0]) == 0);
      judge (world, g_hash_table_size (turns->accepted[1]) == 0);
      ibb_turns_clear (&world->programs[i].turns);
    }
}

static void
run (guint32 seed)
{
  World world;
  guint n_events = 0;

  init_world (&world, seed);
  do
    while (act (&world))
      judge (&world, n_events++ < N_EVENTS_MAX);
  while (pass_time (&world));
  if (!world.may_fail)
    judge_whole (&world);
  clear_world (&world);
}

static void
test_schedules (void)
{
  for (guint i = 0; i < n_schedules; i++)
    run (first_seed + i);
  g_test_message ("%u schedules from %u on: %u ends encrypted, %u failed", n_schedules, first_seed,
                  n_done, n_failed);
  if (n_schedules > 100)
    g_assert_cmpuint (MIN (n_done, n_failed), >, n_schedules / 4);
}

/* The minute counts from the first byte of the client, which has a minute to come. */
static void
test_minute (void)
{
  const guint8 first[] = { 0x16, 0x03, 0x01 };
  const guint8 number[IBB_EXCHANGE_NUMBER_LENGTH] = { 0 };

  for (guint i = 0; i < 2; i++)
    {
      gint64               now = 50 * G_USEC_PER_SEC;
      IBBSessionEncryption self;
      IBBTurns             turns;

      ibb_turns_init (&turns);
      ibb_session_encryption_init (&self, credentials[1], TRUE, "a@b", "c@d", number, 0);
      if (i == 1)
        ibb_tls_session_receive (self.tls, first, sizeof first);
      g_assert_cmpint (ibb_session_encryption_proceed (&self, &turns, now), ==, IBB_STEP_WAIT);
      g_assert_cmpint (self.until, ==, (i == 0 ? 60 : 110) * G_USEC_PER_SEC);
      ibb_session_encryption_proceed (&self, &turns, self.until - 1);
      g_assert_cmpint (self.stage, ==, IBB_SESSION_ENCRYPTION_HANDSHAKE);
      ibb_session_encryption_proceed (&self, &turns, self.until);
      g_assert_cmpint (self.failure, ==, IBB_SESSION_ENCRYPTION_FAILURE_PEER_LATE);
      ibb_session_encryption_clear (&self);
      ibb_turns_clear (&turns);
    }
}

/* Passes on what an end has to say, to another one that does not answer. */
static void
pass (IBBSessionEncryption *from, IBBSessionEncryption *to)
{
  GByteArray *output = ibb_tls_session_get_output (from->tls);

  ibb_tls_session_receive (to->tls, output->data, output->len);
  g_byte_array_set_size (output, 0);
}

/* A key that this end refuses ends the session soon, although the peer says nothing after TLS. A
 * key about which somebody may be asked has the time of a question. */
static void
test_refused (void)
{
  const guint8 number[IBB_EXCHANGE_NUMBER_LENGTH] = { 0 };

  for (guint i = 0; i < 2; i++)
    {
      IBBSessionEncryption client, server;
      IBBTurns             turns;

      ibb_turns_init (&turns);
      ibb_session_encryption_init (&client, credentials[0], FALSE, "a@b", "c@d", number, 0);
      ibb_session_encryption_init (&server, credentials[1], TRUE, "c@d", "a@b", number, 0);
      ibb_tls_session_handshake (client.tls);
      pass (&client, &server);
      ibb_session_encryption_proceed (&server, &turns, 0);
      pass (&server, &client);
      g_assert_cmpint (ibb_tls_session_handshake (client.tls), ==, IBB_TLS_DONE);
      pass (&client, &server);
      g_assert_cmpint (ibb_session_encryption_proceed (&server, &turns, 0), ==, IBB_STEP_CHECK);
      ibb_decision_set_trust (&server.decision, IBB_XMPP_TRUST_CHANGED, i == 1);
      g_assert_cmpint (ibb_session_encryption_proceed (&server, &turns, 0), ==, IBB_STEP_WAIT);
      g_assert_cmpint (server.until, ==, (i == 0 ? 3 : 300) * G_USEC_PER_SEC);
      ibb_session_encryption_proceed (&server, &turns, server.until);
      g_assert_cmpint (server.failure, ==,
                       i == 0 ? IBB_SESSION_ENCRYPTION_FAILURE_DECLINED
                              : IBB_SESSION_ENCRYPTION_FAILURE_PEER_LATE);
      ibb_session_encryption_clear (&client);
      ibb_session_encryption_clear (&server);
      ibb_turns_clear (&turns);
    }
}

/* What a session takes at this end, in bytes: doc/limits.md has the figure. */
#define SESSION_BYTES_MAX 65536
#define N_COUNTED 100

static gsize
count_bytes (void)
{
  return mallinfo2 ().uordblks;
}

typedef enum
{
  STATE_NOTHING,   /* no byte of the client has come */
  STATE_STALLED,   /* a part of the first message */
  STATE_SILENT,    /* nothing after TLS */
  STATE_ENCRYPTED, /* as far as TLS is concerned */
  N_STATES
} State;

static void
reach_state (IBBSessionEncryption *server, IBBTurns *turns, State state)
{
  const guint8         number[IBB_EXCHANGE_NUMBER_LENGTH] = { 0 };
  const guint8         byte = 0;
  gsize                n;
  guint8               read;
  IBBSessionEncryption client;

  ibb_session_encryption_init (server, credentials[1], TRUE, "c@d", "a@b", number, 0);
  ibb_session_encryption_init (&client, credentials[0], FALSE, "a@b", "c@d", number, 0);
  ibb_tls_session_handshake (client.tls);
  if (state == STATE_STALLED)
    g_byte_array_set_size (ibb_tls_session_get_output (client.tls), 100);
  if (state != STATE_NOTHING)
    pass (&client, server);
  ibb_session_encryption_proceed (server, turns, 0);
  if (state > STATE_STALLED)
    {
      pass (server, &client);
      g_assert_cmpint (ibb_tls_session_handshake (client.tls), ==, IBB_TLS_DONE);
      pass (&client, server);
      ibb_session_encryption_proceed (server, turns, 0);
    }
  g_assert_cmpint (server->has_decision, ==, state > STATE_STALLED);
  if (state == STATE_ENCRYPTED)
    {
      g_assert_cmpint (ibb_tls_session_write (client.tls, &byte, 1), ==, IBB_TLS_DONE);
      pass (&client, server);
      g_assert_cmpint (ibb_tls_session_read (server->tls, &read, 1, &n), ==, IBB_TLS_DONE);
    }
  ibb_session_encryption_clear (&client);
}

/* The memory of a session has a bound in each of its states. */
static void
test_memory (void)
{
  for (State state = 0; state < N_STATES; state++)
    {
      IBBSessionEncryption sessions[N_COUNTED];
      IBBTurns             turns;
      gsize                before;

      ibb_turns_init (&turns);
      before = count_bytes ();
      for (guint i = 0; i < N_COUNTED; i++)
        reach_state (&sessions[i], &turns, state);
      g_test_message ("state %u: %zu bytes", state, (count_bytes () - before) / N_COUNTED);
      g_assert_cmpuint (count_bytes () - before, <=, N_COUNTED * SESSION_BYTES_MAX);
      for (guint i = 0; i < N_COUNTED; i++)
        ibb_session_encryption_clear (&sessions[i]);
      ibb_turns_clear (&turns);
    }
}

/* Who says something else than TLS, or nothing, is told apart. */
static void
test_not_tls (void)
{
  static const char *const words[] = { "GET / HTTP/1.1\r\n\r\n", "<stream:stream>",
                                       "\x15\x03\x03\x00\x02\x02\x28", "" };
  const GTlsError codes[] = { G_TLS_ERROR_NOT_TLS, G_TLS_ERROR_NOT_TLS, G_TLS_ERROR_HANDSHAKE,
                              G_TLS_ERROR_EOF };

  for (guint i = 0; i < 2 * G_N_ELEMENTS (words); i++)
    {
      g_autoptr (IBBTlsSession) self = ibb_tls_session_new (credentials[i % 2], i % 2 == 1);
      g_autoptr (GError)        error = NULL;
      const char               *text = words[i / 2];

      ibb_tls_session_handshake (self);
      /* An alert has zeros within. */
      ibb_tls_session_receive (self, (const guint8 *) text, text[0] == 0x15 ? 7 : strlen (text));
      ibb_tls_session_receive_end (self);
      g_assert_cmpint (ibb_tls_session_handshake (self), ==, IBB_TLS_FAILED);
      error = ibb_tls_session_dup_error (self);
      g_assert_error (error, G_TLS_ERROR, (int) codes[i / 2]);
    }
}

/* A peer by GnuTLS alone, with what is told of versions. */
typedef struct
{
  gnutls_session_t tls;
  GByteArray      *input;
  GByteArray      *output;
} Foreign;

static ssize_t
foreign_pull (gnutls_transport_ptr_t data, void *bytes, size_t n)
{
  Foreign *self = data;

  n = MIN (n, self->input->len);
  if (n == 0)
    {
      gnutls_transport_set_errno (self->tls, EAGAIN);
      return -1;
    }
  memcpy (bytes, self->input->data, n);
  g_byte_array_remove_range (self->input, 0, (guint) n);
  return (ssize_t) n;
}

static ssize_t
foreign_push (gnutls_transport_ptr_t data, const void *bytes, size_t n)
{
  g_byte_array_append (((Foreign *) data)->output, bytes, (guint) n);
  return (ssize_t) n;
}

static void
foreign_init (Foreign *self, gboolean as_server, const char *priorities, gboolean has_certificate)
{
  static gnutls_certificate_credentials_t nothing;

  if (nothing == NULL)
    gnutls_certificate_allocate_credentials (&nothing);
  gnutls_init (&self->tls, (as_server ? GNUTLS_SERVER : GNUTLS_CLIENT) | GNUTLS_NONBLOCK);
  g_assert_cmpint (gnutls_priority_set_direct (self->tls, priorities, NULL), ==, 0);
  gnutls_credentials_set (self->tls, GNUTLS_CRD_CERTIFICATE,
                          has_certificate ? credentials[as_server]->credentials : nothing);
  if (as_server)
    gnutls_certificate_server_set_request (self->tls, GNUTLS_CERT_REQUIRE);
  gnutls_transport_set_ptr (self->tls, self);
  gnutls_transport_set_pull_function (self->tls, foreign_pull);
  gnutls_transport_set_push_function (self->tls, foreign_push);
  self->input = g_byte_array_new ();
  self->output = g_byte_array_new ();
}

static void
foreign_clear (Foreign *self)
{
  gnutls_deinit (self->tls);
  g_byte_array_unref (self->input);
  g_byte_array_unref (self->output);
}

static IBBTlsResult
foreign_shake_hands (Foreign *self, IBBTlsSession *other)
{
  GByteArray  *said = ibb_tls_session_get_output (other);
  IBBTlsResult result = IBB_TLS_WAIT;
  int          code;

  for (guint step = 0; step < 10 && result == IBB_TLS_WAIT; step++)
    {
      result = ibb_tls_session_handshake (other);
      g_byte_array_append (self->input, said->data, said->len);
      g_byte_array_set_size (said, 0);
      code = gnutls_handshake (self->tls);
      if (code < 0 && gnutls_error_is_fatal (code))
        gnutls_alert_send_appropriate (self->tls, code);
      ibb_tls_session_receive (other, self->output->data, self->output->len);
      g_byte_array_set_size (self->output, 0);
    }
  return result;
}

/* Reads what the peer has said, no byte of which is given before it is wanted. */
static IBBTlsResult
read_wanted (IBBTlsSession *self, Foreign *from, guint8 *bytes, gsize size, gsize *n_read)
{
  IBBTlsResult result;
  gsize        n;

  while ((result = ibb_tls_session_read (self, bytes, size, n_read)) == IBB_TLS_WAIT)
    {
      n = MIN (ibb_tls_session_get_wanted (self), from->output->len);
      g_assert_cmpuint (ibb_tls_session_get_wanted (self), >, 0);
      if (n == 0)
        break;
      ibb_tls_session_receive (self, from->output->data, n);
      g_byte_array_remove_range (from->output, 0, (guint) n);
    }
  return result;
}

/* Records that are for the protocol alone end nothing, and those without end, the session. A peer
 * may want short records. */
static void
test_without_data (void)
{
  for (guint i = 0; i < 2; i++)
    {
      gboolean                  as_server = i == 1;
      g_autoptr (IBBTlsSession) self = ibb_tls_session_new (credentials[as_server], as_server);
      Foreign                   foreign = { NULL };
      g_autofree guint8        *bytes = g_malloc0 (5000);
      guint8                    read[10];
      gsize                     n = 0;
      IBBTlsResult              result;

      foreign_init (&foreign, !as_server, "NORMAL", TRUE);
      g_assert_cmpint (gnutls_record_set_max_recv_size (foreign.tls, 512), ==, 0);
      g_assert_cmpint (foreign_shake_hands (&foreign, self), ==, IBB_TLS_DONE);
      while (gnutls_handshake (foreign.tls) == GNUTLS_E_AGAIN)
        ;
      for (guint round = 0; round < 3; round++)
        {
          if (round > 0)
            g_assert_cmpint (
                gnutls_session_key_update (foreign.tls, round == 2 ? GNUTLS_KU_PEER : 0), ==, 0);
          g_assert_cmpint (gnutls_record_send2 (foreign.tls, "", 0, 100, 0), ==, 0);
          g_assert_cmpint (gnutls_record_send (foreign.tls, "x", 1), ==, 1);
          g_assert_cmpint (read_wanted (self, &foreign, read, sizeof read, &n), ==, IBB_TLS_DONE);
          g_assert_cmpuint (n, ==, 1);
        }
      g_assert_cmpint (ibb_tls_session_write (self, bytes, 5000), ==, IBB_TLS_DONE);
      g_assert_cmpuint (ibb_tls_session_get_output (self)->len, >,
                        5000 + 9 * IBB_TLS_RECORD_OVERHEAD);

      g_byte_array_set_size (foreign.output, 0);
      for (guint k = 0; k < 2000; k++)
        gnutls_record_send2 (foreign.tls, "", 0, 400, 0);
      result = read_wanted (self, &foreign, read, sizeof read, &n);
      g_assert_cmpint (result, ==, IBB_TLS_FAILED);
      g_assert_cmpuint (foreign.output->len, >, 0);
      foreign_clear (&foreign);
    }
}

static const struct
{
  const char  *priorities;
  gboolean     has_certificate;
  IBBTlsResult result;
} foreigners[] = {
  { "NORMAL", TRUE, IBB_TLS_DONE },
  { "NORMAL:-VERS-ALL:+VERS-TLS1.3", TRUE, IBB_TLS_DONE },
  { "NORMAL:-VERS-ALL:+VERS-TLS1.2", TRUE, IBB_TLS_FAILED },
  { "NORMAL", FALSE, IBB_TLS_FAILED }, /* as the client; a server always has one */
};

/* Only TLS 1.3 will do, and only with a certificate of the peer. */
static void
test_foreign (void)
{
  for (guint i = 0; i < 2 * G_N_ELEMENTS (foreigners); i++)
    {
      gboolean                  as_server = i % 2 == 1;
      g_autoptr (IBBTlsSession) self = ibb_tls_session_new (credentials[as_server], as_server);
      Foreign                   foreign = { NULL };

      if (!foreigners[i / 2].has_certificate && !as_server)
        continue;
      foreign_init (&foreign, !as_server, foreigners[i / 2].priorities,
                    foreigners[i / 2].has_certificate);
      g_assert_cmpint (foreign_shake_hands (&foreign, self), ==, foreigners[i / 2].result);
      foreign_clear (&foreign);
    }
}

static GTlsCertificate *
make_certificate (const char *folder, const char *name)
{
  g_autofree char   *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;
  GTlsCertificate   *certificate = ibb_key_file_load (path, &error);

  g_assert_no_error (error);
  g_assert_cmpint (g_unlink (path), ==, 0);
  return certificate;
}

int
main (int argc, char **argv)
{
  g_autofree char   *folder = g_dir_make_tmp (NULL, NULL);
  g_autoptr (GError) error = NULL;
  int                status;

  for (int i = 1; i + 1 < argc; i++)
    if (g_str_equal (argv[i], "--first") || g_str_equal (argv[i], "--count"))
      *(argv[i][2] == 'f' ? &first_seed : &n_schedules) =
          (guint) g_ascii_strtoull (argv[i + 1], NULL, 10);
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < 2; i++)
    {
      certificates[i] = make_certificate (folder, i == 0 ? "client" : "server");
      credentials[i] = ibb_tls_credentials_new (certificates[i], &error);
      g_assert_no_error (error);
    }
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  g_test_add_func ("/session-encryption/minute", test_minute);
  g_test_add_func ("/session-encryption/not-tls", test_not_tls);
  g_test_add_func ("/session-encryption/foreign", test_foreign);
  g_test_add_func ("/session-encryption/without-data", test_without_data);
  g_test_add_func ("/session-encryption/refused", test_refused);
  g_test_add_func ("/session-encryption/memory", test_memory);
  g_test_add_func ("/session-encryption/schedules", test_schedules);
  status = g_test_run ();
  for (guint i = 0; i < 2; i++)
    {
      ibb_tls_credentials_unref (credentials[i]);
      g_object_unref (certificates[i]);
    }
  return status;
}
