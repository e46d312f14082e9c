/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "inside.h"

#include "core/engine.h"
#include "core/peer/first-hop.h"
#include "core/session/session.h"

guint
inside_get_n_timers (IBBEngine *engine)
{
  return (guint) g_sequence_get_length (engine->context->timers.sequence);
}

/* The largest of the windows of all peers. */
static gsize
get_window (IBBEngine *engine)
{
  gsize          window = 0;
  GHashTableIter iter;
  gpointer       peer;

  g_hash_table_iter_init (&iter, engine->context->peers->by_jid);
  while (g_hash_table_iter_next (&iter, NULL, &peer))
    window = MAX (window, ibb_peer_get_path (peer)->size.window);
  return window;
}

gboolean
inside_get (IBBEngine *engine, IBBSession *session, const char *name, gint64 *value)
{
  const struct
  {
    const char *name;
    gsize       value;
  } values[] = {
    /* of all sessions together */
    { "window", get_window (engine) },
    { "counted-in-flight", engine->context->first_hop->in_flight }, /* in the shared count */
    { "stalled-bytes", engine->context->stalled },                  /* out of it */
    { "late-sessions", g_queue_get_length (&engine->context->late) },
    { "record-bytes", engine->context->memory.records }, /* of delayed acknowledgements */
    { "queued-bytes", engine->context->control.size },   /* answers and requests to be sent */
    { "queued-error-bytes", engine->context->control.errors },
    { "queued-reply-bytes", engine->context->control.replies },
    { "waiting-sessions", g_queue_get_length (&engine->context->memory.waiting) },
    { "memory-short", ibb_memory_is_short (&engine->context->memory) ? 1 : 0 },
    { "chat-at", (gsize) (engine->context->chat_at / 1000) },
    { "backlogged", ibb_control_is_backlogged (&engine->context->control) ? 1 : 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    if (g_str_equal (name, values[i].name))
      {
        *value = (gint64) values[i].value;
        return TRUE;
      }
  if (!g_str_equal (name, "round-trip") || session == NULL)
    return FALSE;

  *value = session->sender.flight.stall.round_trip / 1000;
  return TRUE;
}

/* Sets the window of each peer, which may stay so for many blocks. A value of 0 stays as it is. */
static void
set_size (IBBEngine *engine, IBBSize size, gboolean stays)
{
  GHashTableIter iter;
  gpointer       peer;

  g_hash_table_iter_init (&iter, engine->context->peers->by_jid);
  while (g_hash_table_iter_next (&iter, NULL, &peer))
    {
      IBBController *path = ibb_peer_get_path (peer);
      IBBSize       *found = &path->size;

      path->first = G_MAXSIZE;
      found->window = size.window > 0 ? size.window : found->window;
      found->block = size.block > 0 ? size.block : found->block;
      if (stays)
        {
          path->phase = IBB_CONTROLLER_KEEPING;
          path->kept = *found;
          path->n_before = G_MAXUINT;
        }
      ibb_peer_try (peer);
    }
}

gboolean
inside_set (IBBEngine *engine, IBBSession *session, const char *name, gint64 value, gint64 now)
{
  if (g_str_equal (name, "window"))
    set_size (engine, (IBBSize){ .window = (gsize) value }, FALSE);
  else if (g_str_equal (name, "steady-window"))
    set_size (engine, (IBBSize){ .window = (gsize) value }, TRUE);
  else if (g_str_equal (name, "block"))
    set_size (engine, (IBBSize){ .block = (gsize) value }, FALSE);
  else if (g_str_equal (name, "stalled-bytes"))
    engine->context->stalled = (gsize) value;
  else if (g_str_equal (name, "round-trip"))
    {
      session->sender.flight.stall.round_trip = value * 1000;
      ibb_engine_settings_changed (engine, now); /* its timer is set again */
    }
  else
    return FALSE;
  return TRUE;
}
