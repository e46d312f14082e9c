/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/session/farewells.h"

#include <string.h>

#define FAREWELLS_MAX 100   /* sessions whose end is remembered */
#define GUARD_TIMEOUT 60000 /* ms: as a sender has to open the session that was accepted */

typedef struct
{
  char  *account;  /* (owned) */
  char  *sid;      /* (owned) */
  char **payloads; /* (owned) */
} Farewell;

typedef struct
{
  char         *peer_jid;    /* (owned) */
  char         *sid;         /* (owned) */
  GCancellable *cancellable; /* (owned): of the expectation, which may be over */
} Guard;

struct _IBBFarewells
{
  GQueue queue;  /* (element-type Farewell): the oldest one first */
  GQueue guards; /* (element-type Guard): the oldest one first */
};

static void
farewell_free (gpointer data)
{
  Farewell *farewell = data;

  g_free (farewell->account);
  g_free (farewell->sid);
  g_strfreev (farewell->payloads);
  g_free (farewell);
}

static void
guard_free (gpointer data)
{
  Guard *guard = data;

  g_cancellable_cancel (guard->cancellable);
  g_object_unref (guard->cancellable);
  g_free (guard->peer_jid);
  g_free (guard->sid);
  g_free (guard);
}

IBBFarewells *
ibb_farewells_new (void)
{
  IBBFarewells *self = g_new0 (IBBFarewells, 1);

  g_queue_init (&self->queue);
  g_queue_init (&self->guards);
  return self;
}

void
ibb_farewells_free (IBBFarewells *self)
{
  g_queue_clear_full (&self->queue, farewell_free);
  g_queue_clear_full (&self->guards, guard_free);
  g_free (self);
}

void
ibb_farewells_add (IBBFarewells *self, const char *peer_jid, const char *sid, char **payloads)
{
  Farewell *farewell = g_new0 (Farewell, 1);

  farewell->account = g_strndup (peer_jid, strcspn (peer_jid, "/"));
  farewell->sid = g_strdup (sid);
  farewell->payloads = payloads;
  g_queue_push_tail (&self->queue, farewell);
  if (self->queue.length > FAREWELLS_MAX)
    farewell_free (g_queue_pop_head (&self->queue));
}

/* After a new login the peer may have another resource. */
const char *const *
ibb_farewells_find (IBBFarewells *self, const char *peer_jid, const char *sid)
{
  for (GList *l = self->queue.tail; l != NULL; l = l->prev)
    {
      Farewell *farewell = l->data;

      if (g_str_equal (farewell->sid, sid) && ibb_jid_is_from (peer_jid, farewell->account))
        return (const char *const *) farewell->payloads;
    }
  return NULL;
}

static void
opened_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (IBBTransport) transport =
      ibb_service_expect_session_finish (IBB_SERVICE (object), result, NULL);

  if (transport != NULL)
    ibb_transport_abort (transport);
}

void
ibb_farewells_guard (IBBFarewells     *self,
                     IBBService       *sessions,
                     const char       *peer_jid,
                     IBBSessionParams *params)
{
  Guard *guard = g_new0 (Guard, 1);

  guard->peer_jid = g_strdup (peer_jid);
  guard->sid = g_strdup (ibb_session_params_get_sid (params));
  guard->cancellable = g_cancellable_new ();
  ibb_session_params_set_expect_timeout (params, GUARD_TIMEOUT);
  ibb_service_expect_session_async (sessions, peer_jid, guard->sid, params, guard->cancellable,
                                    opened_cb, NULL);
  g_queue_push_tail (&self->guards, guard);
  if (self->guards.length > FAREWELLS_MAX)
    guard_free (g_queue_pop_head (&self->guards));
}

void
ibb_farewells_unguard (IBBFarewells *self, const char *peer_jid, const char *sid)
{
  GList *next;

  for (GList *l = self->guards.head; l != NULL; l = next)
    {
      Guard *guard = l->data;

      next = l->next;
      if (!g_str_equal (guard->sid, sid) || !g_str_equal (guard->peer_jid, peer_jid))
        continue;
      g_queue_delete_link (&self->guards, l);
      guard_free (guard);
    }
}
