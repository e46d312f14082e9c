/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Streams that are lost for good, noticed or not, and new logins, of the same resource or
 * of another one: sessions that both ends know the secret of go on (D-58). */

#include "config.h"

#include "core/engine.h"
#include "core/session/session.h"
#include "world.h"

#include <string.h>

/* ---- the schedule ---- */

static void
add_action (Schedule *self, ActionKind kind, gint64 time, guint node, guint number, guint value)
{
  Action action = { kind, time, node, number, value };

  g_array_append_val (self->actions, action);
}

/* The losses follow each other as in reality. */
static void
make_losses (Schedule *self, guint node, Random *random)
{
  gint64 time = self->is_patient ? random_between (random, 0, 30 * SECOND) : 0;

  for (guint n = (guint) random_below (random, 6); n > 0; n--)
    {
      guint ghost = random_percent (random, 50) ? 0 : (guint) random_scaled (random, 1, 400000);
      /* Were both another, neither would find the other. */
      guint is_moved = node == 0 && random_percent (random, 40);

      time += (gint64) random_scaled (random, 1, MINUTE);
      if (random_percent (random, 30))
        {
          add_action (self, ACTION_DEAFEN, time, node, 0, 0);
          time += (gint64) random_scaled (random, 1, 2 * MINUTE);
        }
      add_action (self, ACTION_CUT, time, node, ghost, 0);
      time += (gint64) random_scaled (random, 1, 3 * MINUTE);
      if (!self->is_patient && random_percent (random, 10))
        add_action (self, ACTION_RESTART, time, node, 0, 0);
      else if (self->is_patient || random_percent (random, 90))
        add_action (self, ACTION_LOGIN, time, node, is_moved, 0);
      else
        return;
    }
}

/* A reader that stops, and closes while blocks still wait for it. */
static void
make_refusing (Session *session, Random *random)
{
  guint side = (guint) random_below (random, 2);
  Plan *reading = &session->plans[side];
  Plan *writing = &session->plans[1 - side];

  session->by_message = FALSE;
  reading->total = 0;
  reading->finish = FINISH_CLOSE_EARLY;
  reading->moment = random_between (random, SECOND, MINUTE);
  reading->pause_at = random_below (random, 4096);
  reading->pause = HOUR;
  writing->finish = FINISH_READ_END;
  writing->total = random_scaled (random, 4096, 65536);
  writing->write_max = 65536;
  writing->write_gap = 0;
  writing->auto_flush = TRUE;
}

/* Blocks that are worth cutting. */
static void
make_long (Session *session, Random *random)
{
  session->by_message = FALSE;
  session->block_size = session->expected_block_size = 0;
  for (guint side = 0; side < 2; side++)
    {
      Plan *plan = &session->plans[side];

      plan->total = random_scaled (random, 4096, 65536);
      plan->write_max = 65536;
      plan->write_gap = 0;
      plan->auto_flush = TRUE;
    }
}

/* Sessions that last for as long as streams are lost. */
void
logins_stretch (Schedule *self, Random *random)
{
  Random own = { random_mix (self->seed) }; /* the rest of a schedule is the same without it */

  self->profile = PROFILE_LOGINS;
  for (guint i = 0; i < self->sessions->len; i++)
    {
      Session *session = &g_array_index (self->sessions, Session, i);

      if (random_percent (random, 60))
        session->by_message = FALSE;
      for (guint side = 0; side < 2; side++)
        {
          Plan *plan = &session->plans[side];

          if (random_percent (random, 30))
            continue;
          plan->write_max = 1 + (guint) (plan->total / (guint64) random_between (random, 3, 60));
          plan->write_gap = random_between (random, SECOND / 10, 8 * SECOND);
        }
      if (self->breaks > 0 && !self->is_patient)
        make_refusing (session, &own);
      else if (self->faults.late > 0)
        make_long (session, &own);
    }
}

void
logins_make (Schedule *self, Random *random)
{
  Random late = { random_mix (self->seed ^ G_GUINT64_CONSTANT (0x1a7e)) };

  self->breaks = self->seed % 2 == 0 ? 0 : 10 + (guint) (self->seed / 2 % 50);
  self->is_patient = random_percent (random, 60);
  if (self->is_patient)
    self->profile = PROFILE_OUTAGES; /* the same finishes */
  for (guint i = 0; i < self->n_nodes; i++)
    {
      IBBSettings *settings = &self->settings[i];

      settings->resume_sessions = self->is_patient || random_percent (random, 90);
      if (self->is_patient)
        {
          self->has_feature[i] = TRUE;
          settings->open_timeout = settings->accept_timeout = settings->close_timeout = 3600000;
          settings->resume_timeout = random_percent (random, 30) ? 0 : 4 * 3600000;
          /* Servers lose what is between them when their link breaks. */
          if (i == 0 && random_percent (random, 40))
            {
              self->faults.lose_data = (guint) random_scaled (random, 1, 60);
              self->faults.faults_until = (gint64) random_scaled (random, 10 * SECOND, HOUR);
            }
        }
      else if (self->breaks > 0)
        settings->receive_buffer_size = 1 + self->seed % 8192;
      if (!self->is_patient && random_percent (random, 70))
        settings->resume_timeout = (guint) random_scaled (random, 1, 600000);
      make_losses (self, i, random);
    }
  /* Drawn apart. A whole block that comes late, after it was cut, ends a session. */
  if (!self->is_patient && random_percent (&late, 60))
    {
      self->faults.late = (guint) random_between (&late, 10, 300);
      for (guint i = 0; i < self->n_nodes; i++)
        self->has_feature[i] = self->settings[i].resume_sessions = TRUE;
    }
  if (self->breaks > 0 && !self->is_patient)
    g_array_set_size (self->actions, 0); /* most sessions get as far as the close */
}

/* ---- what happens ---- */

static void
post_action (World *self, ActionKind kind, gint64 time, guint node)
{
  add_action (&self->schedule, kind, time, node, 0, 0);
  world_post (self, time, EVENT_ACTION, node, self->schedule.actions->len - 1, NULL);
}

/* The application has closed: the answers that leave now are lost, and sometimes those after the
 * next login, too. */
void
logins_break (End *end)
{
  World  *world = end->world;
  Random *random = &world->random;
  gint64  time = world->now;

  if (world->schedule.breaks == 0 || world->nodes[end->node].driver.engine == NULL)
    return;
  while (random_percent (random, world->schedule.breaks))
    {
      time += (gint64) random_scaled (random, 1, SECOND);
      post_action (world, ACTION_CUT, time, end->node);
      time += (gint64) random_scaled (random, 1, MINUTE);
      post_action (world, ACTION_LOGIN, time, end->node);
    }
}

/* The stream may break for a block that comes late after all, when a new login has made it shorter.
 */
void
logins_overtake (World *self, const Node *node)
{
  Random *random = &self->random;
  gint64  time = self->now;

  if (!random_percent (random, 30))
    return;
  time += (gint64) random_scaled (random, 1, SECOND);
  post_action (self, ACTION_CUT, time, node->index);
  time += (gint64) random_scaled (random, 1, SECOND);
  post_action (self, ACTION_LOGIN, time, node->index);
}

/* Stanzas of the node are lost, those to it wait, and nobody has noticed. */
void
logins_deafen (World *self, Node *node)
{
  world_trace (self, "%s is cut off, and has not noticed", node->jid);
  node->is_deaf = TRUE;
}

void
logins_cut (World *self, Node *node, gint64 ghost)
{
  node->is_ghost = ghost > 0;
  if (node->is_ghost)
    {
      world_trace (self, "%s is still there for the server", node->jid);
      world_post (self, self->now + ghost, EVENT_GHOST, node->index, node->incarnation + 1, NULL);
    }
  server_cut (self, node);
}

void
logins_forget_ghost (World *self, Node *node)
{
  if (!node->is_ghost)
    return;
  world_trace (self, "%s is gone for the server", node->jid);
  node->is_ghost = FALSE;
  server_drop_held (self, node);
}

static void
set_jid (Node *node)
{
  IBBEngine *engines[3];

  driver_get_engines (&node->driver, engines);
  for (guint i = 0; engines[i] != NULL; i++)
    ibb_engine_set_local_jid (engines[i], node->jid);
}

void
logins_login (World *self, Node *node, gboolean is_moved)
{
  gboolean before = random_percent (&self->random, 50);
  /* Stanzas that waited for the old login may be given to the new one of the same resource. */
  gboolean   is_inherited = !is_moved && random_percent (&self->random, 50);
  IBBEngine *engines[3];

  driver_get_engines (&node->driver, engines);

  if (!is_inherited)
    logins_forget_ghost (self, node);
  node->is_ghost = FALSE;
  node->up = TRUE;
  if (is_moved)
    g_snprintf (node->jid, sizeof node->jid, "%s/%c%u", node->bare, 'A' + (char) node->index,
                ++node->n_moves);
  world_trace (self, "%s logs in", node->jid);
  if (before)
    set_jid (node);
  for (guint i = 0; engines[i] != NULL; i++)
    ibb_engine_restored (engines[i]);
  if (!before)
    set_jid (node);
  if (is_inherited)
    server_release_held (self, node);
}

/* ---- the checks ---- */

gboolean
logins_outlives (const End *end)
{
  return end->session != NULL && end->session->parameters.secret != NULL && end->opened;
}

/* Both ends have agreed, and neither was set to wait for a shorter time than it takes. */
gboolean
logins_must_succeed (World *self, const End *end)
{
  const End *other = end->other;

  if (!self->schedule.is_patient || !end->is_resumable || other == NULL || !other->is_resumable)
    return FALSE;
  /* An acknowledgement that was lost is missed after a minute (D-27), and after the close of
   * the peer waited for 4 s (D-38). */
  if (end->may_hang && end->failure_kind == IBB_FAILURE_PEER_CLOSED)
    return FALSE;
  return TRUE;
}

/* For one that has never opened; or, without end, for one that has not come back. */
gboolean
logins_may_wait_on (const End *end)
{
  const Schedule *schedule = &end->world->schedule;

  if (schedule->profile != PROFILE_LOGINS || logins_must_succeed (end->world, end))
    return FALSE;
  return schedule->settings[end->node].resume_timeout == 0 || end->other == NULL ||
         !end->other->is_resumable || end->other->finished;
}

/* The account, whatever its resource. */
Node *
logins_find_account (World *self, const char *jid)
{
  const char *slash = jid != NULL ? strchr (jid, '/') : NULL;

  for (guint i = 0; slash != NULL && i < self->schedule.n_nodes; i++)
    if (strlen (self->nodes[i].bare) == (gsize) (slash - jid) &&
        strncmp (jid, self->nodes[i].bare, (gsize) (slash - jid)) == 0)
      return &self->nodes[i];
  return NULL;
}

/* Blocks in flight at an interruption are sent again, or do not count. */
void
logins_follow (End *self)
{
  const IBBSession *session = self->session;
  guint             n;

  if (self->world->schedule.profile != PROFILE_LOGINS)
    return;
  /* A session that was dropped may have been interrupted at any time since. */
  if (session != NULL)
    {
      n = session->resume.count + session->resume.peer_count +
          (session->state == IBB_SESSION_INTERRUPTED);
      if (n == self->n_resumed)
        return;
      self->n_resumed = n;
      self->acked |= session->sender.delivered > 0;
    }
  self->in_flight = 0;
  for (guint i = self->first; i < self->blocks->len; i++)
    g_array_index (self->blocks, Block, i).answered = TRUE;
}

gboolean
logins_is_interrupted (const End *self)
{
  return self->session != NULL && self->session->state == IBB_SESSION_INTERRUPTED;
}
