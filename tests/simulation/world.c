/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The queue of events, ordered by time and then by insertion, and the loop. */

#include "config.h"

#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* No world needs so many steps at one time. */
#define MAX_STEPS_AT_ONCE 2000000
#define MAX_STEPS 40000000

const char *const profile_names[N_PROFILES + 1] = { "clean",   "faulty",  "timing", "closing",
                                                    "crowd",   "bulk",    "wrap",   "peers",
                                                    "hostile", "outages", "shared", "logins",
                                                    NULL };

guint64
hash_string (const char *string)
{
  guint64 hash = G_GUINT64_CONSTANT (0xcbf29ce484222325);

  for (; string != NULL && *string != '\0'; string++)
    hash = (hash ^ (guint8) *string) * G_GUINT64_CONSTANT (0x100000001b3);
  return hash;
}

void
world_fail (World *self, const char *format, ...)
{
  va_list          arguments;
  g_autofree char *text = NULL;

  if (self->failure != NULL)
    return; /* the first one tells most */
  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  self->failure =
      g_strdup_printf ("at %.6f s: %s", (double) (self->now - self->start) / SECOND, text);
  if (self->verbose)
    printf ("FAILED %s\n", self->failure);
}

void
world_trace (World *self, const char *format, ...)
{
  va_list arguments;

  if (!self->verbose)
    return;
  printf ("%14.6f  ", (double) (self->now - self->start) / SECOND);
  va_start (arguments, format);
  vprintf (format, arguments);
  va_end (arguments);
  putchar ('\n');
}

static inline gboolean
event_before (const Event *a, const Event *b)
{
  return a->time != b->time ? a->time < b->time : a->order < b->order;
}

void
world_post (World *self, gint64 time, EventKind kind, guint node, guint64 number, gpointer pointer)
{
  Event event = { MAX (time, self->now), self->order++, kind, node, number, pointer };
  guint i = self->n_events++;

  if (self->n_events > self->heap_size)
    {
      self->heap_size = MAX (256, 2 * self->heap_size);
      self->heap = g_renew (Event, self->heap, self->heap_size);
    }
  for (; i > 0 && event_before (&event, &self->heap[(i - 1) / 2]); i = (i - 1) / 2)
    self->heap[i] = self->heap[(i - 1) / 2];
  self->heap[i] = event;
}

static Event
take_event (World *self)
{
  Event first = self->heap[0];
  Event last = self->heap[--self->n_events];
  guint i = 0;

  while (2 * i + 1 < self->n_events)
    {
      guint child = 2 * i + 1;

      if (child + 1 < self->n_events && event_before (&self->heap[child + 1], &self->heap[child]))
        child++;
      if (!event_before (&self->heap[child], &last))
        break;
      self->heap[i] = self->heap[child];
      i = child;
    }
  self->heap[i] = last;
  return first;
}

static void
start_beside (const Schedule *schedule, Node *node)
{
  Beside     beside = schedule->beside[node->index];
  IBBEngine *engine;

  if (beside == BESIDE_NONE)
    return;
  driver_add_beside (&node->driver, schedule->is_beside_first[node->index]);
  node->driver.takes_turns = TRUE;
  engine = node->driver.beside;
  if (beside != BESIDE_EXPECTS)
    engine->acceptor.listen = schedule->listen[node->index];
  if (beside != BESIDE_LISTENS)
    engine->context->settings.session_limit = 0;
  else
    node->driver.engine->context->settings.session_limit = 0;
}

static void
node_start (World *self, Node *node)
{
  const Schedule *schedule = &self->schedule;

  node->up = TRUE;
  node->late_for = G_MAXINT64;
  memset (node->trusts, 0, sizeof node->trusts);
  if (schedule->scripted[node->index])
    {
      if (schedule->profile == PROFILE_HOSTILE)
        hostile_start (node);
      else
        peer_start (node);
      return;
    }
  driver_init (&node->driver, node->jid, &self->now, node->driver.random);
  node->driver.engine->context->settings = schedule->settings[node->index];
  node->max_receive_buffer = schedule->settings[node->index].receive_buffer_size;
  node->max_memory_limit = schedule->settings[node->index].receive_memory_limit;
  node->driver.engine->context->named_limit = schedule->stanza_limit[node->index];
  node->driver.engine->acceptor.listen = schedule->listen[node->index];
  start_beside (schedule, node);
}

void
server_restart (World *self, Node *node)
{
  if (node->up && random_percent (&self->random, 50))
    {
      server_cut (self, node);
      world_pump (self, node);
    }
  if (node->up)
    server_cut (self, node); /* nobody hears of it ... */
  logins_forget_ghost (self, node);
  driver_clear (&node->driver); /* sessions still held stay readable */
  for (guint i = 0; i < self->ends->len; i++)
    {
      End *end = g_ptr_array_index (self->ends, i);

      if (end->node == node->index)
        application_step (end); /* ... but an end that looks finds out */
    }
  node->incarnation++;
  world_trace (self, "%s restarts", node->jid);
  node_start (self, node);
}

/* Lets an engine say everything that it has to say. */
void
world_pump (World *self, Node *node)
{
  gboolean   progress = node->driver.engine != NULL;
  IBBEngine *engines[3];

  driver_get_engines (&node->driver, engines);
  while (progress && self->failure == NULL)
    {
      IBBEvent   event = IBB_EVENT_INIT;
      IBBStanza *stanza;

      progress = FALSE;
      for (guint i = 0; engines[i] != NULL; i++)
        while (ibb_engine_take_event (engines[i], &event))
          {
            application_event (self, node, &event);
            ibb_event_clear (&event);
            progress = TRUE;
            if (self->n_steps++ > MAX_STEPS)
              break;
          }
      while ((node->unsent_bytes == 0 ||
              node->unsent_bytes < self->schedule.uplink_room[node->index]) &&
             (stanza = driver_take_unsent (&node->driver)) != NULL)
        {
          progress = TRUE;
          if (!node->up || node->suspended)
            world_fail (self, "%s: the engine sends without a stream", node->jid);
          check_sent (self, node, stanza);
          if (self->schedule.confirms[node->index] && stanza->name == IBB_STANZA_MESSAGE)
            for (guint i = 0; engines[i] != NULL; i++)
              ibb_engine_passed (engines[i], stanza);
          server_route (self, node, stanza);
          if (self->n_steps++ > MAX_STEPS || self->failure != NULL)
            break;
        }
      if (self->n_steps > MAX_STEPS)
        world_fail (self, "too many steps: is this a loop?");
    }
  if (node->driver.engine != NULL)
    check_node (self, node);
}

/* All but the limit of sessions. */
static void
copy_settings (const IBBEngine *from, IBBEngine *to)
{
  guint limit = to->context->settings.session_limit;

  to->context->settings = from->context->settings;
  to->context->settings.session_limit = limit;
}

static void
run_action (World *self, const Action *action)
{
  Node      *node = &self->nodes[action->node];
  Session   *session;
  IBBEngine *engines[3];

  driver_get_engines (&node->driver, engines);
  switch (action->kind)
    {
    case ACTION_OPEN:
      session = &g_array_index (self->schedule.sessions, Session, action->number);
      if (node->driver.engine != NULL)
        application_open (self, session);
      else
        peer_open (node, session);
      world_pump (self, &self->nodes[session->responder]);
      break;
    case ACTION_GIVE_UP:
      session = &g_array_index (self->schedule.sessions, Session, action->number);
      if (session->ends[0] != NULL)
        application_give_up (session->ends[0]);
      break;
    case ACTION_SUSPEND:
      if (node->up && !node->suspended)
        server_suspend (self, node, action->number * MILLISECOND, (Outage) action->value);
      break;
    case ACTION_JAM:
      server_jam (self, node, action->number * MILLISECOND);
      break;
    case ACTION_CUT:
      if (node->up)
        logins_cut (self, node, action->number * MILLISECOND);
      break;
    case ACTION_DEAFEN:
      if (node->up)
        logins_deafen (self, node);
      break;
    case ACTION_LOGIN:
      if (!node->up)
        logins_login (self, node, action->number != 0);
      break;
    case ACTION_RESTART:
      server_restart (self, node);
      break;
    case ACTION_STOP:
      world_trace (self, "%s stops%s", node->jid, action->value ? ", sessions too" : "");
      node->was_stopped = TRUE;
      for (guint i = 0; engines[i] != NULL; i++)
        ibb_engine_stop (engines[i], action->value != 0, self->now);
      break;
    case ACTION_SETTINGS:
      schedule_change_settings (&self->schedule, &node->driver.engine->context->settings,
                                &self->random);
      if (node->driver.beside != NULL)
        copy_settings (node->driver.engine, node->driver.beside);
      node->max_receive_buffer = MAX (node->max_receive_buffer,
                                      node->driver.engine->context->settings.receive_buffer_size);
      node->max_memory_limit =
          MAX (node->max_memory_limit, node->driver.engine->context->settings.receive_memory_limit);
      world_trace (self, "%s changes its settings", node->jid);
      /* There is no event for room: an end that waits for it has to check again. */
      for (guint i = 0; i < self->ends->len; i++)
        {
          End *end = g_ptr_array_index (self->ends, i);

          if (end->node == node->index && end->next_read != -1)
            application_step (end);
        }
      break;
    default:
      g_assert_not_reached ();
    }
  world_pump (self, node);
}

static void
run_event (World *self, Event *event)
{
  Node  *node = &self->nodes[event->node];
  Action action;

  switch (event->kind)
    {
    case EVENT_ARRIVE:
      server_arrive (self, node, event->pointer, (guint) event->number);
      world_pump (self, node);
      break;
    case EVENT_PASSED:
      server_passed (self, node, event->number);
      world_pump (self, node);
      break;
    case EVENT_STEP:
      {
        End *end = event->pointer;

        if (end->step_at != event->time)
          return; /* was brought forward */
        end->step_at = G_MAXINT64;
        if (event->number == 1)
          application_answer (end);
        else
          application_step (end);
        world_pump (self, node);
      }
      break;
    case EVENT_PEER:
      if (node->peer != NULL)
        peer_run (node, event->pointer);
      else
        hostile_run (node);
      break;
    case EVENT_RESUME:
      if (node->suspended && node->incarnation == event->number)
        server_resume (self, node);
      world_pump (self, node);
      break;
    case EVENT_FREE:
      server_free (self, node);
      world_pump (self, node);
      break;
    case EVENT_GHOST:
      if (node->incarnation == event->number)
        logins_forget_ghost (self, node);
      break;
    case EVENT_ACTION:
      action = g_array_index (self->schedule.actions, Action, event->number);
      run_action (self, &action); /* which may add others */
      break;
    default:
      g_assert_not_reached ();
    }
}

/* When an engine's timer goes off: on time or, as in life, somewhat late. */
static gint64
node_timer (World *self, Node *node)
{
  gint64 wake = node->driver.engine != NULL ? driver_get_wake_time (&node->driver) : G_MAXINT64;

  if (wake == G_MAXINT64)
    return wake;
  if (wake != node->late_for)
    {
      node->late_for = wake;
      node->late = (gint64) random_below (&self->random,
                                          (guint64) self->schedule.timer_lag[node->index] + 1);
    }
  return MAX (wake + node->late, self->now);
}

/* Nothing more happens by itself. An end that a fault has left without an answer, which nobody can
 * notice, gives up now, as a user would. TRUE if that set something going. */
static gboolean
give_up (World *self)
{
  gboolean any = FALSE;

  for (guint i = 0; i < self->ends->len; i++)
    {
      End *end = g_ptr_array_index (self->ends, i);

      if (end->finished || !(end->may_hang || logins_may_wait_on (end)))
        continue;
      end->may_hang = TRUE;
      any = TRUE;
      application_give_up (end);
      world_pump (self, &self->nodes[end->node]);
    }
  return any;
}

static void
loop (World *self)
{
  guint64 steps_at_once = 0;

  while (self->failure == NULL)
    {
      gint64 next = self->n_events > 0 ? self->heap[0].time : G_MAXINT64;
      Node  *timer = NULL;

      for (guint i = 0; i < self->schedule.n_nodes; i++)
        {
          gint64 time = node_timer (self, &self->nodes[i]);

          if (time < next ||
              (time == next && timer == NULL && time != G_MAXINT64 && (self->order & 1) != 0))
            {
              next = time;
              timer = &self->nodes[i];
            }
        }
      if (next == G_MAXINT64)
        {
          if (give_up (self))
            continue;
          return;
        }
      if (next - self->start > self->schedule.time_limit)
        {
          if (give_up (self))
            {
              self->schedule.time_limit += 4 * HOUR;
              continue;
            }
          world_fail (self, "not over after %.0f s", (double) self->schedule.time_limit / SECOND);
          return;
        }
      g_assert (next >= self->now);
      steps_at_once = next == self->now ? steps_at_once + 1 : 0;
      if (steps_at_once > MAX_STEPS_AT_ONCE || self->n_steps++ > MAX_STEPS)
        {
          world_fail (self, "too many steps%s: is this a loop?",
                      steps_at_once > MAX_STEPS_AT_ONCE ? " without time going on" : "");
          return;
        }
      self->now = next;
      if (timer != NULL)
        {
          gint64     wake = driver_get_wake_time (&timer->driver);
          IBBEngine *engines[3];

          driver_get_engines (&timer->driver, engines);
          for (guint i = 0; engines[i] != NULL; i++)
            ibb_engine_advance (engines[i], self->now);
          timer->late_for = G_MAXINT64;
          world_pump (self, timer);
          if (driver_get_wake_time (&timer->driver) == wake && self->failure == NULL)
            world_fail (self, "%s: still wants to be woken at a time that has passed", timer->jid);
        }
      else
        {
          Event event = take_event (self);

          run_event (self, &event);
        }
    }
}

static void
end_free (gpointer data)
{
  End *self = data;

  g_clear_pointer (&self->session, ibb_session_unref);
  g_array_unref (self->blocks);
  g_free (self);
}

World *
world_new (gboolean verbose)
{
  World *self = g_new0 (World, 1);

  self->verbose = verbose;
  self->ends = g_ptr_array_new_with_free_func (end_free);
  self->requests = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  return self;
}

static void
world_clear (World *self)
{
  g_ptr_array_set_size (self->ends, 0);
  for (guint i = 0; i < self->n_events; i++)
    if (self->heap[i].kind == EVENT_ARRIVE)
      ibb_stanza_record_unref (self->heap[i].pointer);
    else if (self->heap[i].kind == EVENT_PEER && self->heap[i].pointer != NULL)
      peer_task_free (self->heap[i].pointer);
  self->n_events = 0;
  for (guint i = 0; i < self->schedule.n_nodes; i++)
    {
      Node *node = &self->nodes[i];

      server_clear (node);
      peer_clear (node);
      hostile_clear (node);
      driver_clear (&node->driver);
    }
  memset (self->nodes, 0, sizeof self->nodes);
  g_hash_table_remove_all (self->requests);
  schedule_clear (&self->schedule);
}

void
world_free (World *self)
{
  g_ptr_array_unref (self->ends);
  g_hash_table_unref (self->requests);
  g_free (self->heap);
  g_free (self->failure);
  g_free (self);
}

gboolean
world_run (World *self, Profile profile, guint64 seed)
{
  g_clear_pointer (&self->failure, g_free);
  schedule_make (&self->schedule, profile, seed);
  self->random.state = random_mix (seed ^ G_GUINT64_CONSTANT (0x5bd1e995));
  self->order = 0;
  self->n_steps = 0;
  self->n_unfinished = 0;
  /* No clock begins at zero. */
  self->start = self->now = (gint64) random_below (&self->random, 1000 * HOUR);
  for (guint i = 0; i < self->schedule.n_nodes; i++)
    {
      Node *node = &self->nodes[i];

      node->world = self;
      node->index = i;
      g_snprintf (node->bare, sizeof node->bare, "user%u@" SERVER, i);
      g_snprintf (node->jid, sizeof node->jid, "%s/%c", node->bare, 'A' + (char) i);
      node->driver.random = random_fork (&self->random);
      g_queue_init (&node->unsent);
      g_queue_init (&node->held);
      node_start (self, node);
    }
  for (guint i = 0; i < self->schedule.actions->len; i++)
    {
      const Action *action = &g_array_index (self->schedule.actions, Action, i);

      world_post (self, self->start + action->time, EVENT_ACTION, action->node, i, NULL);
    }
  loop (self);
  if (self->failure == NULL)
    check_over (self);
  world_clear (self);
  return self->failure == NULL;
}
