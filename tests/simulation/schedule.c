/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One seed gives one schedule: everything that is decided before the world begins. */

#include "config.h"

#include "world.h"

#include <string.h>

/* Most blocks of one direction, so that thousands of schedules pass quickly. */
#define USUAL_BLOCKS 120

/* With that probability the field becomes the value. */
#define SOMETIMES(random, percent, field, value)                                                   \
  G_STMT_START                                                                                     \
  {                                                                                                \
    if (random_percent (random, percent))                                                          \
      (field) = (__typeof__ (field)) (value);                                                      \
  }                                                                                                \
  G_STMT_END

/* The same with a number from low to high. */
#define MAYBE(random, percent, field, low, high)                                                   \
  SOMETIMES (random, percent, field, random_scaled (random, low, high))

static gint64
random_time (Random *random, gint64 most)
{
  return (gint64) random_scaled (random, 1, (guint64) most);
}

static guint
pick (Random *random, guint n)
{
  return (guint) random_below (random, n);
}

static gint64
random_delay (Random *random, guint kind)
{
  switch (kind)
    {
    case 0:
      return (gint64) random_below (random, 2 * MILLISECOND);
    case 1:
      return random_between (random, 5 * MILLISECOND, 200 * MILLISECOND);
    case 2:
      return random_between (random, SECOND / 2, 3 * SECOND);
    default:
      return random_between (random, 5 * SECOND, 50 * SECOND);
    }
}

static void
make_settings (IBBSettings *settings, Profile profile, Random *random)
{
  *settings = (IBBSettings) IBB_SETTINGS_INIT;
  settings->session_limit = 1000;
  SOMETIMES (random, 40, settings->window,
             random_percent (random, 20) ? 1 : (gsize) random_scaled (random, 1, 256 * 1024));
  MAYBE (random, 30, settings->send_buffer_size, 1, 64 * 1024);
  MAYBE (random, 50, settings->receive_buffer_size, 1, 256 * 1024);
  SOMETIMES (random, 20, settings->max_block_size,
             random_between (random, 512, IBB_BLOCK_SIZE_MAX));
  /* Where nothing may go wrong, the peers that need it say that they read on (D-39). A close of
   * messages is answered in time only without (D-37). */
  if (profile != PROFILE_CLEAN && profile != PROFILE_OUTAGES && profile != PROFILE_HOSTILE)
    settings->half_close = random_percent (random, 50);
  /* Where nothing may go wrong, a close takes longer than the longest way there and back: with
   * messages its answer is the only proof that they have arrived (D-37). */
  if (profile == PROFILE_CLEAN || profile == PROFILE_WRAP || profile == PROFILE_PEERS ||
      profile == PROFILE_HOSTILE || profile == PROFILE_SHARED)
    settings->close_timeout = CLOSE_TIMEOUT;
  /* A user who expects outages waits for them. */
  if (profile == PROFILE_OUTAGES)
    settings->open_timeout = settings->accept_timeout = settings->close_timeout = 3600000;
  if (profile == PROFILE_CROWD)
    settings->receive_memory_limit = (gsize) random_scaled (random, 4096, 1024 * 1024);
  if (profile == PROFILE_TIMING)
    {
      MAYBE (random, 30, settings->open_timeout, 1, 120000);
      MAYBE (random, 30, settings->accept_timeout, 1, 120000);
      MAYBE (random, 30, settings->close_timeout, 1, 120000);
      SOMETIMES (random, 30, settings->peer_timeout, random_scaled (random, 1, 1200000) - 1);
      /* Never. */
      SOMETIMES (random, 10, settings->open_timeout, 0);
      SOMETIMES (random, 10, settings->accept_timeout, 0);
    }
  if (profile == PROFILE_TIMING || profile == PROFILE_FAULTY)
    {
      SOMETIMES (random, 30, settings->max_retries, pick (random, 8));
      MAYBE (random, 30, settings->initial_wait_time, 1, 20000);
      SOMETIMES (random, 30, settings->wait_backoff_factor, 1.0 + pick (random, 30) / 10.0);
      SOMETIMES (random, 10, settings->session_limit, pick (random, 4));
    }
  settings->confirm_close = random_percent (random, 50);
}

/* While sessions run: whatever a user may set. */
void
schedule_change_settings (Schedule *self, IBBSettings *settings, Random *random)
{
  guint limit = settings->session_limit;
  gsize memory = settings->receive_memory_limit;

  make_settings (settings, self->profile, random);
  settings->session_limit = limit;
  /* A buffer that shrinks below what waits in it without auto-flush is full,
   * and nobody looks at it again before the next call. */
  if (settings->send_buffer_size > 0)
    settings->send_buffer_size += 64 * 1024;
  if (self->profile == PROFILE_CROWD)
    settings->receive_memory_limit = memory;
}

static guint64
random_total (Random *random, Profile profile, guint block_size)
{
  guint64 most = MIN ((guint64) block_size * USUAL_BLOCKS, 32768);

  if (profile == PROFILE_BULK)
    return 1 + random_below (random, MIN ((guint64) block_size * 3000, 9000000));

  if (random_percent (random, 10))
    return 0;
  if (random_percent (random, 2))
    most = MIN ((guint64) block_size * 1000, 2000000); /* now and then a large one */
  return random_scaled (random, 1, MAX (most, 1));
}

/* A pace at which so many bytes pass within the time. */
static void
random_pace (Random *random, guint64 total, gint64 within, guint *most, gint64 *gap)
{
  *most = (guint) random_scaled (random, 1, 65536);
  *gap = 0;
  if (random_percent (random, 60))
    return;
  *gap = random_time (random, 10 * SECOND);
  if (total > 0)
    {
      guint64 steps = 2 * total / *most + 1;

      *gap = MIN (*gap, within / (gint64) steps);
    }
}

/* How slow one direction may be. Peers without our feature do not hold
 * acknowledgements, so 300 s of silence are the end (D-27): where nothing may
 * go wrong, nobody keeps them waiting. */
static gint64
get_patience (const Schedule *self)
{
  if (self->profile == PROFILE_CLOSING)
    return 10 * SECOND;
  if (self->profile == PROFILE_PEERS && self->habits.conforms)
    return 40 * SECOND;
  if (self->profile == PROFILE_CLEAN || self->profile == PROFILE_OUTAGES)
    for (guint i = 0; i < self->n_nodes; i++)
      if (!self->has_feature[i])
        return 40 * SECOND;
  return self->profile == PROFILE_TIMING ? 3 * HOUR : 20 * MINUTE;
}

static void
make_plan (const Schedule *self, Plan *plan, gint64 patience, guint block_size, Random *random)
{
  memset (plan, 0, sizeof *plan);
  plan->total = random_total (random, self->profile, block_size);
  plan->auto_flush = !random_percent (random, 20);
  plan->drain_percent = random_percent (random, 20) ? 1 + pick (random, 50) : 0;
  plan->flush_percent = random_percent (random, 30) ? 1 + pick (random, 50) : 0;
  random_pace (random, plan->total, patience / 2, &plan->write_max, &plan->write_gap);
  if (plan->total / plan->write_max > 2000)
    plan->write_max = (guint) (plan->total / 1000);
  MAYBE (random, 30, plan->reaction, 1, 100 * MILLISECOND);
}

static void
make_reading (Plan *plan, const Plan *other, gint64 patience, Random *random)
{
  random_pace (random, other->total, patience, &plan->read_max, &plan->read_gap);
  if (other->total / plan->read_max > 2000)
    plan->read_max = (guint) (other->total / 1000);
  if (random_percent (random, 25))
    {
      plan->pause_at = random_below (random, other->total + 1);
      plan->pause = random_time (random, patience);
    }
}

/* Nothing goes wrong here, so all bytes must arrive: only finishes that lose nothing by their
 * nature, and what protocol.md promises to carry. */
static void
make_clean_finish (Session *session, Random *random)
{
  Plan *a = &session->plans[0];
  Plan *b = &session->plans[1];
  guint turn = pick (random, 2);

  switch (random_below (random, 4))
    {
    case 0: /* one way, closed by who wrote */
      session->plans[1 - turn].total = 0;
      session->plans[turn].finish = FINISH_CLOSE;
      session->plans[1 - turn].finish = FINISH_READ_END;
      break;
    case 1: /* both ways, each shut down by its writer */
      a->finish = b->finish = FINISH_SHUTDOWN;
      break;
    case 2: /* a request and an answer as long as it may be */
      session->plans[turn].finish = FINISH_SHUTDOWN;
      session->plans[1 - turn].finish = FINISH_READ_END;
      break;
    default: /* both know how much is to come */
      a->finish = b->finish = FINISH_DRAIN;
      break;
    }
}

static void
make_finish (Session *session, Profile profile, Random *random)
{
  for (guint side = 0; side < 2; side++)
    {
      Plan *plan = &session->plans[side];

      plan->finish = (Finish) random_below (random, FINISH_CLOSE_EARLY + 1);
      plan->moment = random_time (random, profile == PROFILE_CLOSING ? 20 * SECOND : 20 * MINUTE);
      plan->position = random_below (random, session->plans[1 - side].total + 1);
      plan->drop = random_percent (random, 30);
    }
  /* Somebody has to begin. */
  if (session->plans[0].finish == FINISH_READ_END && session->plans[1].finish == FINISH_READ_END)
    session->plans[random_below (random, 2)].finish = FINISH_SHUTDOWN;
}

/* Some ends that shut their output down wait for the end of the session before they close. They are
 * drawn apart, so that the rest of a schedule is the same without them. */
static void
make_waiting (const Schedule *self, Session *session)
{
  Random random = { random_mix (self->seed ^
                                (G_GUINT64_CONSTANT (0x45000) + self->sessions->len)) };

  for (guint side = 0; side < 2; side++)
    session->plans[side].waits = random_percent (&random, 40);
}

static void
add_action (Schedule *self, ActionKind kind, gint64 time, guint node, guint number, guint value)
{
  Action action = { kind, time, node, number, value };

  g_array_append_val (self->actions, action);
}

static void
make_session (Schedule *self, Random *random)
{
  Session session = { 0 };
  guint   number = self->sessions->len;
  gint64  time;

  session.initiator = pick (random, self->n_nodes);
  session.responder = (session.initiator + 1 + pick (random, self->n_nodes - 1)) % self->n_nodes;
  session.by_message = random_percent (random, 25);
  session.block_size =
      random_percent (random, 30) ? 0 : (guint) random_scaled (random, 1, IBB_BLOCK_SIZE_MAX);
  session.expected = random_percent (random, 25);
  if (session.expected)
    {
      session.cancelled = self->profile != PROFILE_CLEAN && self->profile != PROFILE_OUTAGES &&
                          random_percent (random, 15);
      if (random_percent (random, 10) && session.block_size != 0)
        session.expected_block_size =
            MIN (session.block_size, self->settings[session.responder].max_block_size);
      /* Halving would never find it. */
      if (session.expected_block_size != session.block_size)
        session.expected_block_size = 0;
    }
  if (session.expected || random_percent (random, 10))
    g_snprintf (session.sid, sizeof session.sid, "s%u-%08x", number, pick (random, G_MAXUINT32));
  for (guint side = 0; side < 2; side++)
    make_plan (self, &session.plans[side], get_patience (self),
               session.block_size != 0 ? session.block_size : 4096, random);
  for (guint side = 0; side < 2; side++)
    {
      guint node = side == 0 ? session.initiator : session.responder;
      gsize room = self->settings[node].send_buffer_size;

      /* A block has no bytes that do not fit into the buffer. */
      if (room > 0)
        session.plans[side].total = MIN (session.plans[side].total, room * USUAL_BLOCKS);
    }
  for (guint side = 0; side < 2; side++)
    make_reading (&session.plans[side], &session.plans[1 - side], get_patience (self), random);
  if (self->profile == PROFILE_CLEAN || self->profile == PROFILE_OUTAGES)
    make_clean_finish (&session, random);
  else
    make_finish (&session, self->profile, random);
  make_waiting (self, &session);
  time = number == 0 ? 0 : random_time (random, 10 * SECOND);
  add_action (self, ACTION_OPEN, time, session.initiator, number, 0);
  g_array_append_val (self->sessions, session);

  if (self->profile == PROFILE_TIMING && random_percent (random, 15))
    add_action (self, ACTION_GIVE_UP, time + random_time (random, 40 * SECOND), session.initiator,
                number, 0);
  /* A sid used twice mixes up sessions when an open is given up or times out
   * meanwhile; D-06 promises no more than that both may fail. */
  if (self->profile == PROFILE_CLOSING && !session.expected && random_percent (random, 15))
    {
      /* The other side has the same idea at about the same time. */
      Session *first = &g_array_index (self->sessions, Session, number);

      g_snprintf (session.sid, sizeof session.sid, "t%u", number);
      session.rival = 1;
      session.initiator = session.responder;
      session.responder = first->initiator;
      memcpy (first->sid, session.sid, sizeof session.sid);
      first->rival = 1;
      add_action (self, ACTION_OPEN, time + random_time (random, SECOND), session.initiator,
                  number + 1, 0);
      g_array_append_val (self->sessions, session);
    }
}

static void
make_faults (Schedule *self, Random *random)
{
  Faults *faults = &self->faults;

  faults->faults_until = (gint64) random_scaled (random, 10 * SECOND, HOUR);
  MAYBE (random, 50, faults->bounce, 1, 200);
  MAYBE (random, 30, faults->bounce_final, 1, 1000);
  faults->ambiguous = pick (random, 600);
  MAYBE (random, 40, faults->duplicate, 1, 300);
  MAYBE (random, 20, faults->replay, 1, 100);
  SOMETIMES (random, 20, faults->late_result, 500);
  MAYBE (random, 25, faults->lose_data, 1, 60);
  MAYBE (random, 25, faults->lose_message, 1, 60);
  MAYBE (random, 15, faults->lose_other, 1, 200);
  MAYBE (random, 15, faults->bounce_other, 1, 300);
  MAYBE (random, 10, faults->send_failed, 1, 40);
  if (random_percent (random, 20))
    {
      faults->stanza_limit = 600 + (gsize) random_scaled (random, 1, 60000);
      faults->limit_type = pick (random, IBB_ERROR_TYPE_WAIT + 1);
    }
  if (random_percent (random, 25))
    {
      guint  node = pick (random, self->n_nodes);
      gint64 time = random_time (random, 10 * MINUTE);

      if (random_percent (random, 70))
        add_action (self, ACTION_CUT, time, node, 0, 0);
      if (random_percent (random, 60))
        add_action (self, ACTION_RESTART, time + random_time (random, 2 * MINUTE), node, 0, 0);
    }
}

static void
make_wrap (Schedule *self, Random *random)
{
  Session session = { 0 };

  session.responder = 1;
  session.by_message = random_percent (random, 25);
  session.block_size = 1;
  for (guint side = 0; side < 2; side++)
    {
      Plan *plan = &session.plans[side];

      plan->total = 65537 + random_below (random, 5000);
      plan->write_max = plan->read_max = 65536;
      plan->auto_flush = TRUE;
      plan->finish = FINISH_SHUTDOWN;
      self->settings[side] = (IBBSettings) IBB_SETTINGS_INIT;
      self->settings[side].session_limit = 1;
      self->settings[side].window = random_percent (random, 50) ? 0 : 20000;
    }
  g_array_append_val (self->sessions, session);
  add_action (self, ACTION_OPEN, 0, 0, 0, 0);
}

/* ---- other implementations ---- */

static void
make_bad_habits (Habits *habits, Random *random)
{
  SOMETIMES (random, 5, habits->never_accepts, TRUE);
  SOMETIMES (random, 20, habits->refuse_open, pick (random, 100));
  habits->spends_permission = random_percent (random, 50);
  habits->ignores_refusal = random_percent (random, 30);
  MAYBE (random, 30, habits->late, 1, 3 * SECOND);
  habits->reorders = random_percent (random, 25);
  habits->mute = random_percent (random, 10);
  SOMETIMES (random, 40, habits->refuse, 1 + pick (random, 60));
  habits->consumes = random_percent (random, 40);
  SOMETIMES (random, 40, habits->patience, 5 * SECOND);
  if (habits->patience > 0)
    habits->pipeline = 1;
  habits->gives_up = random_percent (random, 50);
  habits->closes = random_percent (random, 60);
  habits->never_closes = random_percent (random, 15);
  habits->deaf = random_percent (random, 50);
  habits->remainder = random_percent (random, 30);
  habits->finishes = random_percent (random, 40);
  MAYBE (random, 10, habits->dies, MILLISECOND, 2 * MINUTE);
}

static void
make_habits (Schedule *self, Random *random)
{
  Habits *habits = &self->habits;

  habits->reaction = random_time (random, 100 * MILLISECOND);
  habits->disco = pick (random, 4);
  habits->type = (IBBErrorType) random_below (random, IBB_ERROR_TYPE_WAIT + 1);
  habits->max_block_size =
      random_percent (random, 40) ? (guint) random_between (random, 512, 8192) : IBB_BLOCK_SIZE_MAX;
  habits->early = random_percent (random, 30);
  MAYBE (random, 30, habits->late, 1, 700 * MILLISECOND);
  habits->keeps = random_percent (random, 50);
  habits->iq_reply = random_percent (random, 20);
  habits->block_max =
      random_percent (random, 40) ? (guint) random_scaled (random, 1, 768) : IBB_BLOCK_SIZE_MAX;
  habits->white_space = random_percent (random, 30);
  SOMETIMES (random, 20, habits->empty, pick (random, 40));
  habits->pipeline = random_percent (random, 70) ? 1 : 2 + pick (random, 6); /* D-24: 8 at most */
  habits->close_not_found = random_percent (random, 25);
  habits->conforms = random_percent (random, 40);
  if (!habits->conforms)
    make_bad_habits (habits, random);
}

/* A peer that does nothing wrong succeeds in the ways that lose nothing. */
static void
make_conforming_session (Schedule *self, Session *session, guint way)
{
  Habits *habits = &self->habits;
  guint   side = session->initiator == 0 ? 0 : 1;
  Plan   *ours = &session->plans[side];

  session->plans[0].drop = session->plans[1].drop = FALSE;
  if (side == 1)
    {
      /* Ours would refuse it, and this one tries only once. */
      session->block_size = MIN (session->block_size != 0 ? session->block_size : 4096,
                                 self->settings[0].max_block_size);
    }
  switch (way)
    {
    case 0:
      habits->closes = TRUE;
      ours->finish = FINISH_READ_END;
      break;
    case 1:
      ours->finish = FINISH_DRAIN;
      break;
    default:
      habits->finishes = TRUE;
      habits->close_not_found = FALSE;
      ours->finish = FINISH_SHUTDOWN;
      break;
    }
  /* The bytes of a message that came too soon are lost. */
  if (session->by_message)
    {
      habits->close_not_found = habits->early = FALSE;
      habits->late = 0;
    }
}

static void
make_peers (Schedule *self, guint n_sessions, Random *random)
{
  guint way = pick (random, 3);

  self->scripted[1] = TRUE;
  self->has_feature[1] = FALSE;
  self->timer_lag[0] = (gint64) random_below (random, 20 * MILLISECOND);
  for (guint i = 0; i < 2; i++)
    {
      /* With a longer delay, 5 s of patience would end a session in progress (H-02). */
      self->delay[i][1 - i] = random_time (random, 200 * MILLISECOND);
      self->jitter[i][1 - i] = random_time (random, 50 * MILLISECOND);
    }
  make_habits (self, random);
  if (self->habits.patience > 0)
    self->uplink_rate[0] = 0; /* nor may they be at an end in our own queue */
  while (self->sessions->len < n_sessions)
    {
      Session *session;
      guint    side;

      make_session (self, random);
      session = &g_array_index (self->sessions, Session, self->sessions->len - 1);
      side = session->initiator == 0 ? 1 : 0;
      session->plans[side].total =
          MIN (session->plans[side].total, (guint64) self->habits.block_max * USUAL_BLOCKS);
      session->expected = session->cancelled = FALSE;
      session->expected_block_size = 0;
      if (self->habits.conforms)
        make_conforming_session (self, session, way);
    }
}

/* Two that talk as in the clean profile, and a third one. */
static void
make_hostile (Schedule *self, guint n_sessions, Random *random)
{
  self->profile = PROFILE_CLEAN;
  while (self->sessions->len < n_sessions)
    make_session (self, random);
  self->profile = PROFILE_HOSTILE;

  self->n_nodes = 3;
  self->scripted[2] = TRUE;
  for (guint i = 0; i < 2; i++)
    {
      self->delay[i][2] = random_delay (random, pick (random, 3));
      self->delay[2][i] = random_delay (random, pick (random, 3));
    }
  for (guint node = 0; node < 2; node++)
    for (guint side = 0; side < 2; side++)
      {
        Session session = { 0 };

        /* What node does with sessions that the third one opens, and one of
         * its own to it. */
        session.initiator = side == 0 ? node : 2;
        session.responder = side == 0 ? 2 : node;
        session.by_message = random_percent (random, 25);
        session.block_size = (guint) random_scaled (random, 1, IBB_BLOCK_SIZE_MAX);
        for (guint i = 0; i < 2; i++)
          make_plan (self, &session.plans[i], MINUTE, session.block_size, random);
        for (guint i = 0; i < 2; i++)
          make_reading (&session.plans[i], &session.plans[1 - i], MINUTE, random);
        make_finish (&session, PROFILE_CLOSING, random);
        make_waiting (self, &session);
        if (side == 0)
          add_action (self, ACTION_OPEN, random_time (random, MINUTE), node, self->sessions->len,
                      0);
        g_array_append_val (self->sessions, session);
      }
  hostile_make (self, random);
}

static void
make_shared_session (Schedule *self, gboolean is_stalled, guint64 total, Random *random)
{
  Session session = { 0 };
  Plan   *writing;
  Plan   *reading;

  session.initiator = random_percent (random, 50) ? 0 : 1 + pick (random, 3);
  session.initiator %= self->n_nodes;
  session.responder = session.initiator == 0 ? 1 + pick (random, self->n_nodes - 1) : 0;
  session.by_message = FALSE;
  session.block_size = random_percent (random, 50) ? 4096 : 512 << random_below (random, 6);
  writing = &session.plans[session.initiator == 0 ? 0 : 1];
  reading = &session.plans[session.initiator == 0 ? 1 : 0];
  for (guint i = 0; i < 2; i++)
    {
      session.plans[i].write_max = session.plans[i].read_max = 65536;
      session.plans[i].auto_flush = TRUE;
    }
  writing->total = total;
  writing->finish = FINISH_CLOSE;
  reading->finish = FINISH_READ_END;
  if (is_stalled)
    {
      reading->pause_at = random_below (random, total + 1);
      reading->pause = random_between (random, 2 * HOUR, 4 * HOUR);
    }
  add_action (self, ACTION_OPEN, random_time (random, 20 * SECOND), session.initiator,
              self->sessions->len, 0);
  g_array_append_val (self->sessions, session);
}

/* Readers that stop beside others that do not, all written to over one
 * connection, whose way to the server is shut now and then. The others hardly
 * notice: less than the shortest of the stops. */
static void
make_shared (Schedule *self, Random *random)
{
  guint   n_stalled = 1 + pick (random, 16);
  guint   n_live = 1 + pick (random, 4);
  guint64 total = 0;
  gint64  deadline = HOUR;

  for (guint i = 0; i < self->n_nodes; i++)
    {
      self->has_feature[i] = TRUE; /* others do not hold acknowledgements so long (D-27) */
      self->request_delay[i] = 0;
      self->stanza_limit[i] = 0;
      self->settings[i].receive_buffer_size = (gsize) random_scaled (random, 1, 64 * 1024);
      self->settings[i].max_block_size = IBB_BLOCK_SIZE_MAX;
      self->settings[i].send_buffer_size = 0;
    }
  for (guint i = 0; i < n_stalled + n_live; i++)
    {
      guint64 length = 1 + random_below (random, i < n_stalled ? 150000 : 40000);

      make_shared_session (self, i < n_stalled, length, random);
      total += length;
    }
  for (guint i = 0; i < self->n_nodes; i++)
    if (self->uplink_rate[i] > 0)
      deadline += (gint64) (4 * total * SECOND / self->uplink_rate[i]);
  /* Shorter than the time after which somebody counts as gone (D-27). */
  for (guint i = pick (random, 4); i > 0; i--)
    add_action (self, ACTION_JAM, i * 2 * MINUTE + random_time (random, MINUTE), 0,
                (guint) random_scaled (random, 1, 40000), 0);
  if (random_percent (random, 30))
    add_action (self, ACTION_JAM, random_time (random, 30 * SECOND), 0,
                (guint) random_scaled (random, 1, 40000), 0);
  for (guint i = n_stalled; i < self->sessions->len; i++)
    for (guint side = 0; side < 2; side++)
      g_array_index (self->sessions, Session, i).plans[side].deadline = deadline;
}

/* Streams that break and are resumed (D-42). Drawn apart, so that the rest of a
 * schedule is what it would be without. The peer's patience goes on meanwhile:
 * where everybody must succeed no outage may be longer than that. */
static void
make_outages (Schedule *self)
{
  Random  r = { random_mix (self->seed ^ G_GUINT64_CONSTANT (0x198)) };
  Random *random = &r;
  guint64 longest = self->profile == PROFILE_CLEAN ? 3000 : 200 * 1000;
  gint64  latest = self->profile == PROFILE_CLOSING ? MINUTE : 10 * MINUTE;

  for (guint i = 0; i < self->n_nodes; i++)
    self->confirms[i] = random_percent (random, 50);
  for (guint n = random_percent (random, 70) ? 0 : 1 + pick (random, 5); n > 0; n--)
    add_action (self, ACTION_SUSPEND, random_time (random, latest), pick (random, self->n_nodes),
                (guint) random_scaled (random, 1, longest), pick (random, N_OUTAGES));
}

/* A network that is away, at either end, or a server that stands still: for as
 * long as to be noticed, and not so long that a peer counts as gone (D-27). */
static void
make_long_outages (Schedule *self, Random *random)
{
  for (guint n = 1 + pick (random, 3); n > 0; n--)
    add_action (self, random_percent (random, 60) ? ACTION_SUSPEND : ACTION_JAM,
                random_time (random, 10 * MINUTE), pick (random, self->n_nodes),
                (guint) random_between (random, 20000, 180000), pick (random, N_OUTAGES));
}

/* Several services on one connection. Drawn apart. */
static void
make_beside (Schedule *self)
{
  Random random = { random_mix (self->seed ^ G_GUINT64_CONSTANT (0xbe51de)) };

  for (guint i = 0; i < self->n_nodes; i++)
    {
      gboolean is_alone = self->scripted[i] || random_percent (&random, 60);

      self->beside[i] = is_alone ? BESIDE_NONE : (Beside) random_below (&random, N_BESIDES);
      self->is_beside_first[i] = random_percent (&random, 50);
    }
}

static gboolean
has_twins (Schedule *self)
{
  for (guint i = 0; i < self->sessions->len; i++)
    if (g_array_index (self->sessions, Session, i).rival != 0)
      return TRUE;
  return FALSE;
}

static void
make_usual (Schedule *self, guint n_sessions, Random *random)
{
  Profile profile = self->profile;

  if (profile == PROFILE_LOGINS)
    logins_make (self, random);
  while (self->sessions->len < n_sessions)
    make_session (self, random);
  if (profile == PROFILE_LOGINS)
    logins_stretch (self, random);
  if (profile == PROFILE_FAULTY ||
      (profile == PROFILE_LOGINS && !self->is_patient && random_percent (random, 40)) ||
      ((profile == PROFILE_BULK || profile == PROFILE_CROWD) && random_percent (random, 40)))
    make_faults (self, random);
  if (profile == PROFILE_OUTAGES)
    make_long_outages (self, random);
  else
    make_outages (self);
  if (profile == PROFILE_TIMING || profile == PROFILE_CROWD)
    for (guint i = 0; i < self->n_nodes; i++)
      for (guint n = pick (random, 4); n > 1; n--)
        add_action (self, ACTION_SETTINGS, random_time (random, 10 * MINUTE), i, 0, 0);
  if (((profile == PROFILE_CLOSING && !has_twins (self)) || profile == PROFILE_TIMING) &&
      random_percent (random, 10))
    add_action (self, ACTION_STOP, random_time (random, MINUTE), pick (random, self->n_nodes), 0,
                pick (random, 2));
}

static void
make (Schedule *self, Profile profile, guint64 seed)
{
  Random  r = { random_mix (seed * N_SEEDS + profile + 1) };
  Random *random = &r;
  guint   n_sessions = 1;

  memset (self, 0, sizeof *self);
  self->profile = profile;
  self->seed = seed;
  self->server_disco = (guint) (random_mix (r.state + 79) % 4);
  self->server_ping = (guint) (random_mix (r.state + 83) % 8);
  self->server_ping -= MIN (self->server_ping, 4); /* most answer as they should */
  /* Megabytes in blocks of a hundred bytes, each a round trip of seconds. A hostile peer
   * that answers probes may even take a minute for each of 30,000 blocks: it is slow, not gone. */
  self->time_limit = (profile == PROFILE_BULK || profile == PROFILE_HOSTILE ? 960 : 48) * HOUR;
  self->sessions = g_array_new (FALSE, FALSE, sizeof (Session));
  self->actions = g_array_new (FALSE, FALSE, sizeof (Action));
  self->n_nodes = 2;
  if (profile != PROFILE_CROWD && profile != PROFILE_BULK && profile != PROFILE_WRAP &&
      profile != PROFILE_PEERS && profile != PROFILE_HOSTILE && random_percent (random, 25))
    self->n_nodes = 3 + pick (random, MAX_NODES - 2);
  if (profile == PROFILE_CROWD)
    n_sessions = 4 + pick (random, 40);
  else if (random_percent (random, 40))
    n_sessions = 2 + pick (random, 3);

  for (guint i = 0; i < self->n_nodes; i++)
    {
      guint kind = pick (random, profile == PROFILE_TIMING ? 4 : profile == PROFILE_WRAP ? 2 : 3);

      make_settings (&self->settings[i], profile, random);
      SOMETIMES (random, 10, self->stanza_limit[i], 1000 + random_scaled (random, 1, 65536));
      self->listen[i] = random_percent (random, 50) ? IBB_LISTEN_ACCEPT : IBB_LISTEN_ASK;
      self->has_feature[i] = random_percent (random, 75);
      self->uplink_room[i] = (gsize) random_scaled (random, 1, 1000000);
      MAYBE (random, 30, self->request_delay[i], 1, 5 * SECOND);
      MAYBE (random, 30, self->timer_lag[i], 1, 50 * MILLISECOND);
      MAYBE (random, 25, self->uplink_rate[i], 10000, 10000000);
      self->server_delay[i] = random_delay (random, MIN (kind, 2));
      for (guint j = 0; j < self->n_nodes; j++)
        {
          self->delay[i][j] = random_delay (random, kind);
          SOMETIMES (random, 50, self->jitter[i][j], random_delay (random, kind));
        }
      if (profile == PROFILE_CLEAN || profile == PROFILE_WRAP || profile == PROFILE_PEERS ||
          profile == PROFILE_HOSTILE || profile == PROFILE_SHARED || profile == PROFILE_OUTAGES ||
          profile == PROFILE_LOGINS)
        continue;
      if (profile == PROFILE_TIMING || profile == PROFILE_FAULTY)
        {
          MAYBE (random, 20, self->request_delay[i], 1, 2 * MINUTE);
          SOMETIMES (random, 20, self->request_ignore[i], pick (random, 50));
        }
      SOMETIMES (random, 20, self->request_refuse[i], pick (random, 50));
      SOMETIMES (random, 5, self->listen[i], IBB_LISTEN_NONE);
      if (profile == PROFILE_TIMING && random_percent (random, 20))
        self->timer_lag[i] = random_time (random, 30 * SECOND);
    }

  if (profile == PROFILE_WRAP)
    make_wrap (self, random);
  else if (profile == PROFILE_PEERS)
    make_peers (self, n_sessions, random);
  else if (profile == PROFILE_HOSTILE)
    make_hostile (self, n_sessions, random);
  else if (profile == PROFILE_SHARED)
    make_shared (self, random);
  else
    make_usual (self, n_sessions, random);
}

void
schedule_make (Schedule *self, Profile profile, guint64 seed)
{
  make (self, profile, seed);
  make_beside (self);
}

void
schedule_clear (Schedule *self)
{
  g_clear_pointer (&self->sessions, g_array_unref);
  g_clear_pointer (&self->actions, g_array_unref);
}
