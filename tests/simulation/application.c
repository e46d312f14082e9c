/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Applications: each end of a session follows its plan, looking at the session
 * only after an event or at a time that it chose itself, as a real one does.
 * A missing event is thus a hang, and found. */

#include "config.h"

#include "world.h"

#include "core/session/lifecycle.h"
#include "inside.h"

#include <string.h>

#define CHUNK 65536

static guint8 buffer[CHUNK];

void
pattern_fill (guint64 key, guint64 offset, guint8 *bytes, gsize length)
{
  guint64 word = random_mix (key + (offset >> 3)) >> (8 * (offset & 7));

  for (gsize i = 0; i < length; i++)
    {
      bytes[i] = (guint8) word;
      word >>= 8;
      if ((++offset & 7) == 0)
        word = random_mix (key + (offset >> 3));
    }
}

gboolean
pattern_matches (guint64 key, guint64 offset, const guint8 *bytes, gsize length)
{
  guint64 word = random_mix (key + (offset >> 3)) >> (8 * (offset & 7));

  for (gsize i = 0; i < length; i++)
    {
      if (bytes[i] != (guint8) word)
        return FALSE;
      word >>= 8;
      if ((++offset & 7) == 0)
        word = random_mix (key + (offset >> 3));
    }
  return TRUE;
}

static char
letter (const End *self)
{
  return 'A' + (char) self->node;
}

/* The plan is looked at again at that time, if not before. */
static void
step_at (End *self, gint64 time)
{
  World *world = self->world;

  time = MAX (time, world->now);
  if (self->finished || self->step_at <= time)
    return;
  self->step_at = time;
  world_post (world, time, EVENT_STEP, self->node, 0, self);
}

static void
finish (End *self)
{
  if (self->finished)
    return;
  world_trace (self->world, "%c: end %u is done", letter (self), self->index);
  if (self->plan->deadline > 0 && self->world->now - self->world->start > self->plan->deadline)
    world_fail (self->world, "end %u is done after %.0f s: others held it up (D-50)", self->index,
                (double) (self->world->now - self->world->start) / SECOND);
  check_finish (self);
  self->finished = TRUE;
  self->world->n_unfinished--;
}

static void
drop (End *self)
{
  if (self->session == NULL)
    return;
  finish (self);
  self->dropped = TRUE;
  self->session->data = NULL;
  g_clear_pointer (&self->session, ibb_session_unref);
}

static void
do_close (End *self)
{
  if (self->closed)
    return;
  world_trace (self->world, "%c: end %u closes", letter (self), self->index);
  self->closed = TRUE;
  self->input_over = TRUE; /* a close gives the input up */
  self->output_over = TRUE;
  check_refuses (self, FALSE);
  ibb_lifecycle_close (self->session, self->world->now);
  logins_break (self);
  if (self->plan->drop)
    {
      world_trace (self->world, "%c: end %u drops it", letter (self), self->index);
      drop (self);
    }
}

static void
do_abort (End *self)
{
  world_trace (self->world, "%c: end %u aborts", letter (self), self->index);
  self->aborted = TRUE;
  self->was_over = ibb_session_get_state (self->session) == IBB_SESSION_ENDED;
  check_refuses (self, TRUE);
  ibb_lifecycle_abort (self->session, self->world->now);
}

/* A user's patience is at an end: the session goes, in whatever state. */
void
application_give_up (End *self)
{
  if (self->session == NULL)
    return;
  if (ibb_session_get_state (self->session) == IBB_SESSION_OPENING ||
      ibb_session_get_state (self->session) == IBB_SESSION_REQUESTED || self->may_hang)
    {
      world_trace (self->world, "%c: end %u gives up", letter (self), self->index);
      do_abort (self);
      application_step (self);
      if (!self->finished && ibb_session_get_state (self->session) == IBB_SESSION_ENDED)
        drop (self);
    }
}

static void
read_part (End *self)
{
  World      *world = self->world;
  const Plan *plan = self->plan;

  while (!self->input_over && self->session != NULL)
    {
      gsize    most = 1 + (gsize) random_below (&world->random, plan->read_max);
      gsize    n;
      IBBInput input;

      if (self->next_read > world->now)
        {
          step_at (self, self->next_read);
          return;
        }
      if (plan->pause > 0 && !self->paused && self->got >= plan->pause_at)
        {
          self->paused = TRUE;
          self->next_read = world->now + plan->pause;
          world_trace (world, "%c: end %u stops reading at %" G_GUINT64_FORMAT, letter (self),
                       self->index, self->got);
          continue;
        }
      if (plan->finish == FINISH_CLOSE_INPUT && self->got >= plan->position)
        {
          world_trace (world, "%c: end %u closes its input", letter (self), self->index);
          self->input_closed = TRUE;
          self->input_over = TRUE;
          ibb_session_close_input (self->session, world->now);
          return;
        }
      input = ibb_session_get_input (self->session);
      if (input == IBB_INPUT_EMPTY)
        return;
      if (input == IBB_INPUT_EOF || input == IBB_INPUT_FAILED)
        {
          self->saw_eof = input == IBB_INPUT_EOF;
          self->input_over = TRUE;
          world_trace (world, "%c: end %u reads %s after %" G_GUINT64_FORMAT, letter (self),
                       self->index, self->saw_eof ? "the end" : "a failure", self->got);
          if (self->session->receiver.queue.length > 0)
            world_fail (world, "end %u: the input is over with bytes left in it", self->index);
          if (ibb_session_read (self->session, buffer, 1, world->now) != 0)
            world_fail (world, "end %u: a read after the end returns something", self->index);
          if (self->saw_eof != (self->session->receiver.failure.kind == IBB_FAILURE_NONE))
            world_fail (world, "end %u: input and its failure disagree", self->index);
          check_end (self);
          return;
        }
      n = ibb_session_read (self->session, buffer, MIN (most, CHUNK), world->now);
      if (n == 0 || n > most)
        {
          world_fail (world, "end %u: a read of data returns %" G_GSIZE_FORMAT, self->index, n);
          return;
        }
      if (!self->wild && !pattern_matches (self->key_in, self->got, buffer, n))
        self->is_damaged = TRUE;
      if (self->is_damaged && !check_may_be_damaged (self))
        {
          world_fail (world, "end %u: what was read at %" G_GUINT64_FORMAT " was not written there",
                      self->index, self->got);
          return;
        }
      self->got += n;
      world->n_bytes += n;
      if (plan->read_gap > 0)
        self->next_read =
            world->now + (gint64) random_below (&world->random, (guint64) plan->read_gap + 1);
    }
}

static void
write_part (End *self)
{
  World      *world = self->world;
  const Plan *plan = self->plan;

  while (!self->output_over && self->session != NULL)
    {
      IBBOutput output = ibb_session_get_output (self->session);
      gsize     n;
      gsize     taken;

      if (output == IBB_OUTPUT_FAILED)
        {
          self->output_over = TRUE;
          world_trace (world, "%c: end %u can write no more", letter (self), self->index);
          if (self->session->sender.output_failure.kind == IBB_FAILURE_NONE)
            world_fail (world, "end %u: the output failed without a failure", self->index);
          return;
        }
      if (self->drain_to > 0)
        {
          if (self->session->sender.delivered < self->drain_to)
            return; /* an event will come */
          self->drain_to = 0;
        }
      if (self->wrote == plan->total)
        {
          /* An end that waits for the peer next must have sent what the peer waits for. */
          if (!plan->auto_flush &&
              (plan->finish == FINISH_READ_END || plan->finish == FINISH_CLOSE_INPUT ||
               plan->finish == FINISH_CLOSE_OUTPUT))
            {
              ibb_session_flush (self->session, world->now);
              self->flush_to = self->wrote;
            }
          self->output_over = TRUE;
          return;
        }
      if (self->next_write > world->now)
        {
          step_at (self, self->next_write);
          return;
        }
      if (output == IBB_OUTPUT_FULL)
        {
          if (ibb_session_get_writable (self->session) != 0)
            world_fail (world, "end %u: a full output has room", self->index);
          return;
        }
      n = 1 + (gsize) random_below (&world->random, plan->write_max);
      n = (gsize) MIN (MIN (n, CHUNK), plan->total - self->wrote);
      pattern_fill (self->key_out, self->wrote, buffer, n);
      taken = ibb_session_write (self->session, buffer, n, world->now);
      if (taken == 0 || taken > n)
        {
          world_fail (world, "end %u: a write with room takes %" G_GSIZE_FORMAT, self->index,
                      taken);
          return;
        }
      self->wrote += taken;
      if (self->session->sender.written != self->wrote)
        world_fail (world, "end %u: the written position is wrong", self->index);
      if (random_percent (&world->random, plan->flush_percent))
        {
          ibb_session_flush (self->session, world->now);
          self->flush_to = self->wrote;
        }
      if (random_percent (&world->random, plan->drain_percent))
        {
          ibb_session_flush (self->session, world->now);
          self->drain_to = self->wrote;
        }
      if (plan->write_gap > 0)
        self->next_write =
            world->now + (gint64) random_below (&world->random, (guint64) plan->write_gap + 1);
    }
}

/* A flush is over when what it covers was passed on, or never will be. */
static gboolean
is_flushed (End *self)
{
  return self->flush_to <= self->session->sender.passed ||
         self->session->sender.delivery_failure.kind != IBB_FAILURE_NONE;
}

static gboolean
is_drained (End *self)
{
  return self->wrote <= self->session->sender.delivered ||
         self->session->sender.delivery_failure.kind != IBB_FAILURE_NONE;
}

/* Both directions are over, one way or the other: is it time for the finish of the plan? */
static void
finish_part (End *self)
{
  World      *world = self->world;
  const Plan *plan = self->plan;
  gboolean    moment = world->now >= self->opened_at + plan->moment;

  if (self->session == NULL || self->closed || self->aborted)
    return;
  switch (plan->finish)
    {
    case FINISH_ABORT:
    case FINISH_DROP:
    case FINISH_CLOSE_EARLY:
      if (moment || (self->input_over && self->output_over))
        {
          if (plan->finish == FINISH_CLOSE_EARLY)
            {
              do_close (self);
              return;
            }
          do_abort (self);
          if (plan->finish == FINISH_DROP)
            drop (self);
          return;
        }
      step_at (self, self->opened_at + plan->moment);
      return;
    case FINISH_CLOSE:
      if (self->output_over)
        do_close (self);
      return;
    case FINISH_SHUTDOWN:
      if (self->output_over && !self->shut)
        {
          world_trace (world, "%c: end %u shuts its output down", letter (self), self->index);
          self->shut = TRUE;
          ibb_lifecycle_shutdown_output (self->session, world->now);
        }
      /* A shutdown is over when the close was passed on, or has failed. */
      if (self->shut && self->input_over &&
          (!plan->waits || self->session->closing.confirms ||
           ibb_session_get_state (self->session) == IBB_SESSION_ENDED) &&
          (self->session->closing.output_shut ||
           self->session->sender.delivery_failure.kind != IBB_FAILURE_NONE))
        do_close (self);
      return;
    case FINISH_DRAIN:
      if (!self->output_over)
        return;
      if (!self->output_closed)
        {
          ibb_session_flush (self->session, world->now);
          self->output_closed = TRUE;
        }
      if (is_drained (self) &&
          (self->input_over || self->other == NULL || self->got >= self->other->plan->total))
        do_close (self);
      return;
    case FINISH_READ_END:
      if (self->input_over && self->output_over && is_flushed (self))
        do_close (self);
      return;
    case FINISH_CLOSE_OUTPUT:
      if (self->output_over && !self->output_closed)
        {
          world_trace (world, "%c: end %u closes its output", letter (self), self->index);
          self->output_closed = TRUE;
          ibb_session_close_output (self->session);
          if (ibb_session_get_output (self->session) != IBB_OUTPUT_FAILED ||
              ibb_session_write (self->session, buffer, 1, world->now) != 0)
            world_fail (world, "end %u: a closed output still takes bytes", self->index);
        }
      if (self->output_closed)
        {
          if (self->input_over || moment)
            do_close (self);
          else
            step_at (self, self->opened_at + plan->moment);
        }
      return;
    case FINISH_CLOSE_INPUT:
      if (self->output_over && self->input_over)
        do_close (self);
      else if (self->output_over && moment)
        do_close (self);
      else if (self->output_over)
        step_at (self, self->opened_at + plan->moment);
      return;
    default:
      g_assert_not_reached ();
    }
}

static void
open_part (End *self)
{
  self->opened = TRUE;
  self->opened_at = self->world->now;
  self->block_size = self->session->parameters.block_size;
  self->is_resumable = logins_outlives (self);
  if (!self->plan->auto_flush)
    ibb_session_set_auto_flush (self->session, FALSE, self->world->now);
}

/* The session may have opened and ended before anybody looked. */
static gboolean
was_open (End *self, IBBSessionState state)
{
  if (state == IBB_SESSION_OPEN)
    return TRUE;
  switch (self->session->failure.kind)
    {
    case IBB_FAILURE_NONE:
    case IBB_FAILURE_PEER_CLOSED:
    case IBB_FAILURE_PEER_ABORTED:
    case IBB_FAILURE_PROTOCOL:
    case IBB_FAILURE_OVERFLOW:
      return TRUE;
    default:
      return FALSE;
    }
}

void
application_step (End *self)
{
  IBBSessionState state;

  if (self->finished || self->session == NULL)
    return;
  state = ibb_session_get_state (self->session);
  if (state == IBB_SESSION_OPENING || state == IBB_SESSION_REQUESTED)
    return;
  if (!self->opened && was_open (self, state))
    open_part (self);
  if (!self->opened)
    {
      /* Refused, timed out, lost or abandoned. */
      if (self->session->failure.kind == IBB_FAILURE_NONE)
        world_fail (self->world, "end %u: never opened, and no failure says why", self->index);
      finish (self);
      return;
    }
  read_part (self);
  write_part (self);
  finish_part (self);
  if (self->session == NULL || self->finished)
    return;
  if (ibb_session_get_state (self->session) == IBB_SESSION_ENDED)
    {
      /* Bytes in the buffer can still be read. Then nothing is left to do. */
      if (self->closed || self->aborted || (self->input_over && self->output_over))
        finish (self);
      else if (!self->output_over)
        world_fail (self->world, "end %u: ended, but the output has not failed", self->index);
    }
}

static End *
end_new_bare (World      *world,
              Session    *session,
              guint       side,
              const char *sid,
              gboolean    by_message,
              guint       block_size)
{
  End    *self = g_new0 (End, 1);
  guint64 key = hash_string (sid);

  self->world = world;
  self->plan_of = session;
  self->plan = &session->plans[side];
  self->index = world->ends->len;
  self->initiator = side == 0;
  self->node = side == 0 ? session->initiator : session->responder;
  self->peer = side == 0 ? session->responder : session->initiator;
  self->sid_hash = key;
  self->key_out = random_mix (key ^ (side == 0 ? 1 : 2));
  self->key_in = random_mix (key ^ (side == 0 ? 2 : 1));
  self->by_message = by_message;
  self->block_size = block_size;
  self->step_at = G_MAXINT64;
  self->blocks = g_array_new (FALSE, FALSE, sizeof (Block));
  session->ends[side] = self;
  g_ptr_array_add (world->ends, self);
  return self;
}

static End *
end_new (World *world, Session *session, guint side, IBBSession *core)
{
  End *self = end_new_bare (world, session, side, core->parameters.key.sid,
                            core->parameters.by_message, core->parameters.block_size);

  self->session = core;
  self->context = core->parameters.context;
  self->wild = world->nodes[self->peer].hostile != NULL;
  /* A peer that neither closes nor sends leaves a reader waiting for ever. */
  self->may_hang = self->wild || (world->nodes[self->peer].peer != NULL &&
                                  (!world->schedule.habits.closes || world->schedule.habits.dies));
  core->data = self;
  world->n_unfinished++;
  world->n_ends++;
  return self;
}

/* The end of a script. Its own checks are few: it is not what is tested. */
End *
application_add_scripted (World      *self,
                          Session    *session,
                          guint       side,
                          const char *sid,
                          gboolean    by_message,
                          guint       block_size)
{
  End *end = end_new_bare (self, session, side, sid, by_message, block_size);

  end->scripted = TRUE;
  end->finished = TRUE;
  return end;
}

/* A hostile one opens as many as it likes, under whatever names: one plan
 * serves for all. */
static End *
end_new_for_hostile (World *world, Node *node, IBBSession *core)
{
  for (guint i = 0; i < world->schedule.sessions->len; i++)
    {
      Session *session = &g_array_index (world->schedule.sessions, Session, i);

      if (world->nodes[session->initiator].hostile != NULL && session->responder == node->index)
        {
          End *end = end_new (world, session, 1, core);

          /* Under another of its addresses the same sid is another session. */
          if (server_find (world, core->parameters.peer_jid) == NULL)
            end->sid_hash = 0;
          return end;
        }
    }
  g_assert_not_reached ();
}

/* A session that a peer began: whose is it? The plan is found by what the
 * initiator's end says. */
static End *
end_new_for_peer (World *world, Node *node, IBBSession *core)
{
  Node *peer = server_find (world, core->parameters.peer_jid);
  End  *other = NULL;
  End  *self;

  if (peer == NULL && world->schedule.profile == PROFILE_LOGINS)
    peer = logins_find_account (world, core->parameters.peer_jid); /* of before */
  if (world->schedule.profile == PROFILE_HOSTILE && (peer == NULL || peer->hostile != NULL))
    return end_new_for_hostile (world, node, core);
  for (guint i = world->ends->len; peer != NULL && i-- > 0 && other == NULL;)
    {
      End *end = g_ptr_array_index (world->ends, i);

      if (end->initiator && end->node == peer->index && end->peer == node->index &&
          end->sid_hash == hash_string (core->parameters.key.sid))
        other = end;
    }
  if (other == NULL)
    {
      world_fail (world, "%s: a session that nobody opened", node->jid);
      ibb_session_unref (core);
      return NULL;
    }
  if (other->other != NULL && !other->other->refused_by_us)
    {
      /* Its open came a second time after the first was over: no plan is left. */
      world_fail (world, "%s: a session came a second time", node->jid);
      ibb_session_unref (core);
      return NULL;
    }
  self = end_new (world, other->plan_of, 1, core);
  self->other = other;
  self->may_hang |= other->may_hang;
  other->other = self;
  return self;
}

static void
answer_request (World *self, Node *node, End *end)
{
  const Schedule *schedule = &self->schedule;
  guint           chance = (guint) random_below (&self->random, 100);

  if (chance < schedule->request_refuse[node->index])
    {
      IBBCondition condition = random_percent (&self->random, 30)
                                   ? IBB_CONDITION_RESOURCE_CONSTRAINT
                                   : (IBBCondition) random_below (&self->random, IBB_N_CONDITIONS);

      end->refused_by_us = TRUE;
      world_trace (self, "%c: refuses with %s", letter (end), ibb_condition_to_string (condition));
      if (!ibb_lifecycle_refuse (end->session, condition, "not now"))
        world_fail (self, "a request could not be refused");
      drop (end);
    }
  else if (chance < schedule->request_refuse[node->index] + schedule->request_ignore[node->index])
    {
      end->refused_by_us = TRUE;
      if (random_percent (&self->random, 50))
        {
          world_trace (self, "%c: drops the request", letter (end));
          ibb_lifecycle_abort (end->session, self->now);
          drop (end);
        }
      else
        {
          world_trace (self, "%c: leaves the request unanswered", letter (end));
          end->may_hang =
              end->session->opening->deadline == IBB_NEVER; /* then nobody else answers it */
        }
    }
  else if (!ibb_lifecycle_accept (end->session, self->now))
    world_fail (self, "a request could not be accepted");
}

void
application_event (World *self, Node *node, IBBEvent *event)
{
  End *end = NULL;

  switch (event->type)
    {
    case IBB_EVENT_CHANGED:
      if (event->session == NULL)
        {
          world_fail (self, "%s: CHANGED without a session", node->jid);
          return;
        }
      end = event->session->data;
      if (end == NULL)
        return; /* dropped */
      break;
    case IBB_EVENT_REQUESTED:
    case IBB_EVENT_ACCEPTED:
    case IBB_EVENT_EXPECTED:
      end = end_new_for_peer (self, node, g_steal_pointer (&event->session));
      if (end == NULL)
        return;
      world_trace (self, "%c: end %u is the peer of %d (%s)", letter (end), end->index,
                   end->other != NULL ? (int) end->other->index : -1,
                   event->type == IBB_EVENT_REQUESTED  ? "requested"
                   : event->type == IBB_EVENT_ACCEPTED ? "accepted"
                                                       : "expected");
      if (event->type == IBB_EVENT_EXPECTED && event->expectation != end->plan_of)
        world_fail (self, "%s: another expectation was met", node->jid);
      if (event->type == IBB_EVENT_REQUESTED)
        {
          gint64 delay = self->schedule.request_delay[node->index];

          if (delay == 0)
            answer_request (self, node, end);
          else
            {
              /* Ask the user: the answer comes with a step. */
              end->next_read = -1;
              end->step_at = self->now + (gint64) random_below (&self->random, (guint64) delay);
              world_post (self, end->step_at, EVENT_STEP, end->node, 1, end);
              return;
            }
        }
      if (end->session == NULL)
        return;
      break;
    case IBB_EVENT_EXPECTATION_FAILED:
      if (node->up && !node->was_stopped)
        world_fail (self, "%s: an expectation failed for no reason", node->jid);
      return;
    case IBB_EVENT_NONE:
    default:
      world_fail (self, "%s: an event of type %d", node->jid, event->type);
      return;
    }
  if (end->next_read == -1)
    return; /* not answered yet */
  if (end->plan->reaction > 0)
    step_at (end,
             self->now + (gint64) random_below (&self->random, (guint64) end->plan->reaction + 1));
  else
    application_step (end);
}

/* The user has answered. */
void
application_answer (End *end)
{
  end->next_read = 0;
  if (end->session == NULL)
    return;
  if (ibb_session_get_state (end->session) == IBB_SESSION_REQUESTED)
    answer_request (end->world, &end->world->nodes[end->node], end);
  else if (ibb_lifecycle_accept (end->session, end->world->now))
    world_fail (end->world, "end %u: a request was accepted that is none any more", end->index);
  if (end->session != NULL)
    application_step (end);
}

void
application_open (World *self, Session *session)
{
  Node           *node = &self->nodes[session->initiator];
  Node           *peer = &self->nodes[session->responder];
  IBBOpen         open = { 0 };
  IBBFailure      failure = IBB_FAILURE_INIT;
  IBBSession     *core;
  IBBExpectation *expectation = NULL;
  IBBEngine      *expecting = peer->driver.beside;
  End            *end;

  if (expecting == NULL)
    expecting = peer->driver.engine;
  if (session->rival != 0 &&
      check_find_end (self, NULL, session->initiator, session->responder, session->sid) != NULL)
    return; /* the other side was first: a sid is not used again */
  if (session->expected)
    {
      expectation = ibb_engine_expect (expecting,
                                       &(IBBOpen){ .peer = node->jid,
                                                   .sid = session->sid,
                                                   .block_size = session->expected_block_size },
                                       session, &failure);
      if (expectation == NULL &&
          (failure.kind == IBB_FAILURE_NONE ||
           (failure.kind == IBB_FAILURE_IN_USE && session->rival == 0) ||
           (failure.kind != IBB_FAILURE_IN_USE && peer->up && !peer->was_stopped)))
        world_fail (self, "%s: could not expect: %d", peer->jid, failure.kind);
      if (expectation != NULL && session->cancelled)
        ibb_acceptor_remove (&expecting->acceptor, expectation);
    }
  ibb_failure_clear (&failure);
  open.peer = peer->jid;
  open.by_message = session->by_message;
  open.block_size = session->block_size;
  open.sid = session->sid[0] != '\0' ? session->sid : NULL;
  core = ibb_engine_open (node->driver.engine, &open, self->now, &failure);
  if (core == NULL)
    {
      world_trace (self, "%s: could not open: %d", node->jid, failure.kind);
      if (failure.kind == IBB_FAILURE_NONE ||
          (failure.kind == IBB_FAILURE_IN_USE && session->rival == 0) ||
          (failure.kind != IBB_FAILURE_IN_USE && node->up && !node->was_stopped))
        world_fail (self, "%s: could not open: %d", node->jid, failure.kind);
      ibb_failure_clear (&failure);
      return;
    }
  if (ibb_session_get_state (core) != IBB_SESSION_OPENING)
    world_fail (self, "%s: a new session is not opening", node->jid);
  end = end_new (self, session, 0, core);
  if (peer->peer != NULL)
    {
      end->other = application_add_scripted (self, session, 1, core->parameters.key.sid,
                                             end->by_message, end->block_size);
      end->other->other = end;
    }
  world_trace (self, "%c: end %u opens to %c", letter (end), end->index, 'A' + (char) end->peer);
}
