/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/farewells.h"

#include <string.h>

#define FAREWELLS_MAX 100 /* sessions whose end is remembered */

typedef struct
{
  char  *account;  /* (owned) */
  char  *sid;      /* (owned) */
  char **payloads; /* (owned) */
} Farewell;

struct _IBBFarewells
{
  GQueue queue; /* (element-type Farewell): the oldest one first */
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

IBBFarewells *
ibb_farewells_new (void)
{
  IBBFarewells *self = g_new0 (IBBFarewells, 1);

  g_queue_init (&self->queue);
  return self;
}

void
ibb_farewells_free (IBBFarewells *self)
{
  g_queue_clear_full (&self->queue, farewell_free);
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

      if (g_str_equal (farewell->sid, sid) && ibb_address_is_from (peer_jid, farewell->account))
        return (const char *const *) farewell->payloads;
    }
  return NULL;
}
