/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/session/lifecycle.h"
#include "engine-pair.h"

static const char *const jids[] = { OWN, PEER };

static void
take_events (EnginePair *self, guint side)
{
  IBBEvent event = IBB_EVENT_INIT;

  while (driver_take_event (&self->ends[side], &event))
    self->accepted[self->n_accepted++] = g_steal_pointer (&event.session);
}

void
engine_pair_exchange (EnginePair *self)
{
  gboolean   again;
  IBBStanza *stanza;

  do
    {
      again = FALSE;
      for (guint side = 0; side < 2; side++)
        {
          while ((stanza = driver_take (&self->ends[side])) != NULL)
            {
              again = TRUE;
              self->now += 10;
              /* A server adds the address of the sender. */
              if (stanza->from == NULL)
                stanza->from = g_strdup (jids[side]);
              driver_receive (&self->ends[!side], stanza);
              take_events (self, side);
              take_events (self, !side);
            }
          driver_advance_to (&self->ends[side], self->now);
        }
    }
  while (again);
}

void
engine_pair_init (EnginePair *self, guint n_sessions)
{
  IBBOpen    open = { 0 };
  IBBFailure failure = IBB_FAILURE_INIT;

  *self = (EnginePair){
    .now = 1000 * G_USEC_PER_SEC,
    .n_sessions = n_sessions,
    .opened = g_new0 (IBBSession *, n_sessions),
    .accepted = g_new0 (IBBSession *, n_sessions),
  };
  for (guint side = 0; side < 2; side++)
    driver_init (&self->ends[side], jids[side], &self->now, (Random){ side });
  self->ends[1].engine->context->settings.session_limit = n_sessions;
  self->ends[1].engine->acceptor.listen = IBB_LISTEN_ACCEPT;

  open.peer = PEER;
  for (guint i = 0; i < n_sessions; i++)
    {
      self->opened[i] = ibb_engine_open (self->ends[0].engine, &open, self->now, &failure);
      g_assert_nonnull (self->opened[i]);
      engine_pair_exchange (self);
    }
  g_assert_cmpuint (self->n_accepted, ==, n_sessions);
}

void
engine_pair_clear (EnginePair *self)
{
  for (guint i = 0; i < self->n_sessions; i++)
    {
      ibb_lifecycle_close (self->opened[i], self->now);
      engine_pair_exchange (self);
    }
  for (guint side = 0; side < 2; side++)
    g_assert_cmpuint (g_hash_table_size (self->ends[side].engine->context->sessions), ==, 0);
  for (guint i = 0; i < self->n_sessions; i++)
    {
      ibb_session_unref (self->opened[i]);
      ibb_session_unref (self->accepted[i]);
    }
  for (guint side = 0; side < 2; side++)
    driver_clear (&self->ends[side]);
  g_free (self->opened);
  g_free (self->accepted);
}
