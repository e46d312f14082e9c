/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/delivery.h"

#include "ibb-connection-private.h"
#include "runtime/answer.h"
#include "runtime/weak.h"
#include "xmpp/base/source.h"

/* Bytes of stanzas that wait for an application that does not run its context. Strangers can send
 * them. */
#define MAX_SIZE (4 * 1024 * 1024)

/* The source holds a reference: it may run in the application's thread while the client is freed in
 * another. */
struct _IBBDelivery
{
  IBBWeak   *connection; /* (owned) */
  IBBOutbox *outbox;     /* valid while connection is */

  GMutex lock;
  /* protected by lock */
  GMainContext *context; /* (owned) (nullable): NULL once the connection is dropped */
  GQueue        stanzas; /* (element-type IBBStanza) */
  gsize         size;    /* bytes of those, about */
  GSource      *source;  /* (owned) (nullable) */
};

IBBDelivery *
ibb_delivery_new (IBBConnection *connection, IBBOutbox *outbox)
{
  IBBDelivery *self = g_atomic_rc_box_new0 (IBBDelivery);

  self->connection = ibb_weak_new (connection);
  self->context = g_main_context_ref_thread_default ();
  self->outbox = outbox;
  g_mutex_init (&self->lock);
  g_queue_init (&self->stanzas);

  return self;
}

static void
delivery_clear (gpointer data)
{
  IBBDelivery *self = data;

  ibb_weak_unref (self->connection);
  g_queue_clear_full (&self->stanzas, (GDestroyNotify) ibb_stanza_unref);
  g_mutex_clear (&self->lock);
}

static void
delivery_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, delivery_clear);
}

void
ibb_delivery_end (IBBDelivery *self)
{
  g_autoptr (GMainContext) context = NULL; /* not under the lock: it may free sources */

  g_mutex_lock (&self->lock);
  ibb_source_clear (&self->source);
  context = g_steal_pointer (&self->context);
  g_mutex_unlock (&self->lock);
}

void
ibb_delivery_free (IBBDelivery *self)
{
  ibb_delivery_end (self);
  delivery_unref (self);
}

static IBBStanza *
pop (IBBDelivery *self, gboolean *more)
{
  IBBStanza *stanza;

  g_mutex_lock (&self->lock);
  stanza = g_queue_pop_head (&self->stanzas);
  if (stanza != NULL)
    self->size -= ibb_stanza_record_get_size (stanza);
  *more = !g_queue_is_empty (&self->stanzas);
  if (!*more)
    ibb_source_clear (&self->source);
  g_mutex_unlock (&self->lock);

  return stanza;
}

static gboolean
emit_cb (gpointer user_data)
{
  IBBDelivery              *self = user_data;
  g_autoptr (IBBConnection) connection = ibb_weak_get (self->connection);
  g_autoptr (IBBStanza)     stanza = NULL;
  gboolean                  more;

  if (connection == NULL)
    return G_SOURCE_REMOVE;

  stanza = pop (self, &more);
  if (stanza != NULL && !ibb_connection_emit_stanza_received (connection, stanza))
    {
      g_autoptr (IBBStanza) answer = ibb_answer_new_unknown (stanza);

      if (answer != NULL)
        ibb_outbox_send_answer (self->outbox, answer);
    }

  return more;
}

gboolean
ibb_delivery_post (IBBDelivery *self, IBBStanza *stanza)
{
  gsize    size = ibb_stanza_record_get_size (stanza);
  gboolean posted;

  g_mutex_lock (&self->lock);
  posted = self->context != NULL && self->size + size <= MAX_SIZE;
  if (posted)
    {
      g_queue_push_tail (&self->stanzas, ibb_stanza_ref (stanza));
      self->size += size;
    }
  if (posted && self->source == NULL)
    {
      GSource *source = g_idle_source_new ();

      /* If a handler runs a main loop of its own, the next stanza is delivered there. */
      g_source_set_can_recurse (source, TRUE);
      self->source = ibb_source_attach (source, self->context, "[ibb-glib] stanza-received",
                                        emit_cb, g_atomic_rc_box_acquire (self), delivery_unref);
    }
  g_mutex_unlock (&self->lock);

  return posted;
}
