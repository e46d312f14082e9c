/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/management/outbox.h"

#include "base/lock.h"
#include "base/source.h"
#include "xmpp/stream/stream-xml.h"

/* Milliseconds after which an acknowledgement is requested even for few stanzas. */
#define REQUEST_DELAY 1000
/* While so many bytes wait for a server that does not read, no answer is added. */
#define MAX_UNSENT_ANSWERS (256 * 1024)

struct _IBBOutbox
{
  GMainContext *context;
  char         *from; /* (nullable): immutable */

  GMutex lock;
  /* protected by lock */
  IBBXmlStream *stream; /* (owned) (nullable): NULL while offline or suspended */
  IBBAckQueue  *acks;   /* (owned) (nullable): since acknowledgements were asked for */
  gboolean      is_granted;
  gboolean      is_closed;
  gboolean      drain_wanted; /* a service was told that there is no room, for lack of acks */
  gint64        requested_at;
  GSource      *timer; /* (owned) (nullable): requests an acknowledgement */
};

IBBOutbox *
ibb_outbox_new (GMainContext *context)
{
  IBBOutbox *self = g_new0 (IBBOutbox, 1);

  self->context = g_main_context_ref (context);
  g_mutex_init (&self->lock);

  return self;
}

void
ibb_outbox_free (IBBOutbox *self)
{
  ibb_outbox_reset (self);
  g_main_context_unref (self->context);
  g_free (self->from);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
ibb_outbox_set_from (IBBOutbox *self, const char *from)
{
  self->from = g_strdup (from);
}

static void
request_locked (IBBOutbox *self)
{
  ibb_ack_queue_note_request (self->acks);
  self->requested_at = g_get_monotonic_time ();
  ibb_xml_stream_send_text (self->stream, IBB_STREAM_XML_REQUEST);
}

/* No request may follow the end of our XML stream. */
static gboolean
wants_request_locked (IBBOutbox *self)
{
  return self->is_granted && !self->is_closed && ibb_ack_queue_wants_request (self->acks);
}

static gboolean
send_next_locked (IBBOutbox *self)
{
  IBBStanza *stanza = ibb_ack_queue_get_next (self->acks);

  if (stanza == NULL || !ibb_xml_stream_send (self->stream, stanza))
    return FALSE;

  ibb_ack_queue_note_sent (self->acks);
  if (wants_request_locked (self))
    request_locked (self);
  return TRUE;
}

/* Sends the stanzas that wait since a resumption a few at a time, so that there is no second copy
 * of all of them. */
static void
send_waiting_locked (IBBOutbox *self)
{
  while (ibb_ack_queue_get_next (self->acks) != NULL &&
         !ibb_xml_stream_is_congested (self->stream) && send_next_locked (self))
    ;
}

static gboolean
timer_cb (gpointer user_data)
{
  IBBOutbox *self = user_data;
  IBB_AUTO_LOCK (&self->lock);

  ibb_source_clear (&self->timer);
  if (self->stream != NULL && self->is_granted && !self->is_closed &&
      !ibb_ack_queue_is_asked (self->acks) && !ibb_ack_queue_is_empty (self->acks))
    request_locked (self);
  return G_SOURCE_REMOVE;
}

static void
arm_timer_locked (IBBOutbox *self)
{
  ibb_source_clear (&self->timer);
  self->timer = ibb_source_attach (g_timeout_source_new (REQUEST_DELAY), self->context,
                                   "[ibb-glib] acknowledgement request", timer_cb, self, NULL);
}

/* For a block in a message the acknowledgement of the server is awaited: the peer sends none. */
static gboolean
is_awaited (const IBBStanza *stanza)
{
  return stanza->name == IBB_STANZA_MESSAGE && stanza->payload == IBB_PAYLOAD_DATA;
}

static gboolean
send_complete_locked (IBBOutbox *self, IBBStanza *stanza)
{
  gboolean waits;

  if (self->acks == NULL)
    return self->stream != NULL && ibb_xml_stream_send (self->stream, stanza);
  if (self->is_closed)
    return FALSE;
  /* Services ask for room before they send. The application may fill the queue beyond its bound,
   * but not while there is no XML stream. */
  if (self->stream == NULL && ibb_ack_queue_is_full (self->acks))
    return FALSE;

  waits = ibb_ack_queue_get_next (self->acks) != NULL;
  ibb_ack_queue_push (self->acks, stanza, is_awaited (stanza));
  if (self->stream != NULL && !waits)
    send_next_locked (self);
  if (self->stream != NULL && self->is_granted && self->timer == NULL)
    arm_timer_locked (self);
  return TRUE;
}

static gboolean
send_locked (IBBOutbox *self, IBBStanza *stanza)
{
  IBBStanza *copy;
  gboolean   sent;

  if (self->from == NULL || stanza->from != NULL)
    return send_complete_locked (self, stanza);

  copy = ibb_stanza_record_copy (stanza); /* another thread may use the stanza, too */
  copy->from = g_strdup (self->from);
  sent = send_complete_locked (self, copy);
  ibb_stanza_unref (copy);
  return sent;
}

gboolean
ibb_outbox_send (IBBOutbox *self, IBBStanza *stanza)
{
  IBB_AUTO_LOCK (&self->lock);

  return send_locked (self, stanza);
}

static gsize
get_unsent_locked (IBBOutbox *self)
{
  if (self->acks != NULL && ibb_ack_queue_is_full (self->acks))
    return G_MAXSIZE;
  return self->stream != NULL ? ibb_xml_stream_get_unsent (self->stream) : 0;
}

void
ibb_outbox_send_answer (IBBOutbox *self, IBBStanza *answer)
{
  g_mutex_lock (&self->lock);
  if (get_unsent_locked (self) < MAX_UNSENT_ANSWERS)
    send_locked (self, answer);
  g_mutex_unlock (&self->lock);
}

gboolean
ibb_outbox_is_congested (IBBOutbox *self)
{
  IBB_AUTO_LOCK (&self->lock);
  gboolean congested = FALSE;

  if (self->acks != NULL)
    {
      congested = self->stream == NULL || ibb_ack_queue_get_next (self->acks) != NULL ||
                  ibb_ack_queue_is_full (self->acks);
      if (congested)
        self->drain_wanted = TRUE;
    }
  if (!congested)
    congested = self->stream != NULL && ibb_xml_stream_is_congested (self->stream);
  return congested;
}

gboolean
ibb_outbox_confirms (IBBOutbox *self)
{
  IBB_AUTO_LOCK (&self->lock);

  return self->acks != NULL;
}

void
ibb_outbox_open (IBBOutbox            *self,
                 IBBXmlStream         *stream,
                 IBBOutboxConfirmation confirmation,
                 IBBStanza            *first)
{
  g_mutex_lock (&self->lock);
  self->stream = ibb_xml_stream_ref (stream);
  if (confirmation != IBB_OUTBOX_CONFIRMATION_NONE)
    self->acks = ibb_ack_queue_new (0);
  if (confirmation == IBB_OUTBOX_CONFIRMATION_ASK)
    ibb_xml_stream_send_text (self->stream, IBB_STREAM_XML_ENABLE);
  if (first != NULL)
    send_locked (self, first);
  g_mutex_unlock (&self->lock);
}

void
ibb_outbox_suspend (IBBOutbox *self)
{
  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->stream, ibb_xml_stream_unref);
  ibb_source_clear (&self->timer);
  g_mutex_unlock (&self->lock);
}

gboolean
ibb_outbox_resume (IBBOutbox *self, IBBXmlStream *stream, guint32 h, GQueue *awaited)
{
  gboolean possible;

  /* With the lock, so that stanzas that were not acknowledged are sent before any other. */
  g_mutex_lock (&self->lock);
  self->stream = ibb_xml_stream_ref (stream);
  possible = ibb_ack_queue_acknowledge (self->acks, h, awaited);
  if (possible)
    {
      ibb_ack_queue_restart (self->acks);
      request_locked (self);
      send_waiting_locked (self);
      if (!ibb_ack_queue_is_empty (self->acks))
        arm_timer_locked (self);
    }
  g_mutex_unlock (&self->lock);

  return possible;
}

void
ibb_outbox_close (IBBOutbox *self)
{
  g_mutex_lock (&self->lock);
  self->is_closed = TRUE;
  g_mutex_unlock (&self->lock);
}

void
ibb_outbox_reset (IBBOutbox *self)
{
  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->stream, ibb_xml_stream_unref);
  ibb_source_clear (&self->timer);
  g_clear_pointer (&self->acks, ibb_ack_queue_free);
  self->is_granted = FALSE;
  self->is_closed = FALSE;
  self->drain_wanted = FALSE;
  g_mutex_unlock (&self->lock);
}

gboolean
ibb_outbox_grant (IBBOutbox *self)
{
  IBB_AUTO_LOCK (&self->lock);
  gboolean is_news = self->acks != NULL && !self->is_granted && !self->is_closed;

  if (is_news)
    {
      self->is_granted = TRUE;
      if (!ibb_ack_queue_is_empty (self->acks))
        arm_timer_locked (self);
      if (wants_request_locked (self))
        request_locked (self);
    }
  return is_news;
}

gboolean
ibb_outbox_refuse (IBBOutbox *self, GQueue *awaited)
{
  gboolean is_news;

  g_mutex_lock (&self->lock);
  is_news = self->acks != NULL && !self->is_granted;
  if (is_news)
    {
      ibb_ack_queue_give_up (self->acks, awaited);
      g_clear_pointer (&self->acks, ibb_ack_queue_free);
      self->drain_wanted = FALSE;
    }
  g_mutex_unlock (&self->lock);

  return is_news;
}

gboolean
ibb_outbox_is_granted (IBBOutbox *self)
{
  IBB_AUTO_LOCK (&self->lock);

  return self->is_granted;
}

gboolean
ibb_outbox_acknowledge (IBBOutbox *self, guint32 h, GQueue *awaited)
{
  IBB_AUTO_LOCK (&self->lock);
  gboolean possible = ibb_ack_queue_acknowledge (self->acks, h, awaited);

  if (possible && wants_request_locked (self))
    request_locked (self);
  if (possible && ibb_ack_queue_is_empty (self->acks))
    ibb_source_clear (&self->timer);
  return possible;
}

guint32
ibb_outbox_get_sent_count (IBBOutbox *self)
{
  IBB_AUTO_LOCK (&self->lock);

  return ibb_ack_queue_get_sent (self->acks);
}

gboolean
ibb_outbox_request (IBBOutbox *self)
{
  IBB_AUTO_LOCK (&self->lock);
  gboolean possible = self->stream != NULL && self->is_granted;

  if (possible)
    request_locked (self);
  return possible;
}

gboolean
ibb_outbox_has_other (IBBOutbox *self)
{
  IBB_AUTO_LOCK (&self->lock);

  return self->acks != NULL && ibb_ack_queue_has_other (self->acks);
}

gint64
ibb_outbox_get_request_time (IBBOutbox *self)
{
  IBB_AUTO_LOCK (&self->lock);

  return self->requested_at;
}

gboolean
ibb_outbox_refill (IBBOutbox *self)
{
  gboolean waits = FALSE;

  g_mutex_lock (&self->lock);
  if (self->acks != NULL && self->stream != NULL)
    {
      send_waiting_locked (self);
      waits = ibb_ack_queue_get_next (self->acks) != NULL;
    }
  g_mutex_unlock (&self->lock);

  return !waits;
}

gboolean
ibb_outbox_take_drained (IBBOutbox *self)
{
  IBB_AUTO_LOCK (&self->lock);
  gboolean drained = self->drain_wanted && self->stream != NULL &&
                     ibb_ack_queue_get_next (self->acks) == NULL &&
                     !ibb_ack_queue_is_full (self->acks);

  if (drained)
    self->drain_wanted = FALSE;
  return drained;
}
