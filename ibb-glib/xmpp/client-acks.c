/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a client sends, and what is known to have arrived (XEP-0198): the way out
 * of every stanza, the server's acknowledgements and ours, and whether it is
 * there at all. On the worker but for sending.
 */

#include "config.h"

#include "xmpp/client-private.h"

#include <glib/gi18n-lib.h>

#include "ibb-connection-private.h"
#include "ibb-stanza-private.h"

#define ENABLE "<enable xmlns='" IBB_MANAGEMENT_NAMESPACE "' resume='true'/>"
#define REQUEST "<r xmlns='" IBB_MANAGEMENT_NAMESPACE "'/>"

/* Milliseconds: how long what is little enough not to be asked for waits to be. */
#define ASK_DELAY 1000
/* How many stanzas, or milliseconds, one answer waits for others: a server that
 * asks after each block would spend half of its time on that. */
#define ANSWER_STANZAS 32
#define ANSWER_DELAY 50
/* Seconds that a resumption may take where the server does not say, and at most. */
#define RESUME_TIME 300
#define RESUME_TIME_MAX 3600

static void arm_timer_locked (IBBClient *self, guint milliseconds);

/* Out. */

static void
ask_locked (IBBClient *self)
{
  ibb_ack_queue_note_request (self->acks);
  self->asked_at = g_get_monotonic_time ();
  ibb_stream_send_text (self->stream, REQUEST);
}

static gboolean
send_next_locked (IBBClient *self)
{
  IBBStanza *stanza = ibb_ack_queue_get_next (self->acks);

  if (stanza == NULL || !ibb_stream_send (self->stream, stanza))
    return FALSE;

  ibb_ack_queue_note_sent (self->acks);
  if (self->managed && ibb_ack_queue_wants_request (self->acks))
    ask_locked (self);
  return TRUE;
}

/* What waits since a resumption leaves a little at a time, so that it is no
 * second copy of all of it. */
static void
send_waiting_locked (IBBClient *self)
{
  while (ibb_ack_queue_get_next (self->acks) != NULL && !ibb_stream_is_congested (self->stream) &&
         send_next_locked (self))
    ;
}

gboolean
ibb_client_send_locked (IBBClient *self, IBBStanza *stanza)
{
  gboolean waits;

  if (self->acks == NULL)
    return self->stream != NULL && ibb_stream_send (self->stream, stanza);
  if (self->logging_out)
    return FALSE;
  /* Services ask before they send; an application may fill it, but not for as
   * long as there is no stream. */
  if (self->stream == NULL && ibb_ack_queue_is_full (self->acks))
    return FALSE;

  waits = ibb_ack_queue_get_next (self->acks) != NULL;
  ibb_ack_queue_push (self->acks, stanza,
                      stanza->name == IBB_STANZA_MESSAGE && stanza->payload == IBB_PAYLOAD_DATA);
  if (self->stream != NULL && !waits)
    send_next_locked (self);
  if (self->stream != NULL && self->managed && self->ack_timer == NULL)
    arm_timer_locked (self, ASK_DELAY);
  return TRUE;
}

gsize
ibb_client_get_unsent_locked (IBBClient *self)
{
  if (self->acks != NULL && ibb_ack_queue_is_full (self->acks))
    return G_MAXSIZE;
  return self->stream != NULL ? ibb_stream_get_unsent (self->stream) : 0;
}

gboolean
ibb_client_is_congested_locked (IBBClient *self)
{
  gboolean congested;

  if (self->acks == NULL)
    return self->stream != NULL && ibb_stream_is_congested (self->stream);

  congested = self->stream == NULL || ibb_ack_queue_get_next (self->acks) != NULL ||
              ibb_ack_queue_is_full (self->acks);
  if (congested)
    self->drain_wanted = TRUE;
  return congested || ibb_stream_is_congested (self->stream);
}

/* Whoever was told that there is no room learns that there is. */
static void
tell_drained (IBBClient *self)
{
  gboolean drained;

  g_mutex_lock (&self->lock);
  drained = self->drain_wanted && self->stream != NULL &&
            ibb_ack_queue_get_next (self->acks) == NULL && !ibb_ack_queue_is_full (self->acks);
  if (drained)
    self->drain_wanted = FALSE;
  g_mutex_unlock (&self->lock);
  if (drained)
    ibb_connection_drained (IBB_CONNECTION (self));
}

void
ibb_client_stream_drained (IBBClient *self)
{
  gboolean waits = FALSE;

  g_mutex_lock (&self->lock);
  if (self->acks != NULL && self->stream != NULL)
    {
      send_waiting_locked (self);
      waits = ibb_ack_queue_get_next (self->acks) != NULL;
    }
  g_mutex_unlock (&self->lock);
  if (!waits)
    ibb_connection_drained (IBB_CONNECTION (self));
}

/* Acknowledgements of ours. */

static void
confirm (IBBClient *self, GQueue *awaited)
{
  IBBStanza *stanza;

  while ((stanza = g_queue_pop_head (awaited)) != NULL)
    {
      ibb_connection_confirmed (IBB_CONNECTION (self), stanza);
      ibb_stanza_unref (stanza);
    }
}

/* A server that counts stanzas which were never sent counts others as well: what
 * it says cannot be relied upon (XEP-0198 §4). */
static void
refuse_count (IBBClient *self, IBBStream *stream, guint32 h)
{
  g_autofree char   *detail = NULL;
  g_autoptr (GError) error = NULL;

  detail = g_strdup_printf ("<handled-count-too-high xmlns='" IBB_MANAGEMENT_NAMESPACE
                            "' h='%" G_GUINT32_FORMAT "' send-count='%" G_GUINT32_FORMAT "'/>",
                            h, ibb_ack_queue_get_sent (self->acks));
  error = g_error_new (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                       _ ("The server acknowledged more than “%s” had sent"), self->jid);
  ibb_stream_abort_with (stream, "undefined-condition", detail, error);
}

static void
acknowledged (IBBClient *self, IBBStream *stream, guint32 h)
{
  GQueue   awaited = G_QUEUE_INIT;
  gboolean possible;

  g_mutex_lock (&self->lock);
  self->n_vain = 0;
  possible = ibb_ack_queue_acknowledge (self->acks, h, &awaited);
  if (possible && ibb_ack_queue_wants_request (self->acks))
    ask_locked (self);
  if (possible && ibb_ack_queue_is_empty (self->acks))
    ibb_client_clear_source (&self->ack_timer);
  g_mutex_unlock (&self->lock);

  if (possible)
    {
      confirm (self, &awaited);
      tell_drained (self);
    }
  else
    refuse_count (self, stream, h);
}

/* Whether it is there. */

static guint
get_ack_timeout (IBBClient *self)
{
  guint timeout =
      GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (self), IBB_CLIENT_ACK_TIMEOUT_KEY));

  return timeout != 0 ? timeout : IBB_CLIENT_ACK_TIMEOUT;
}

/* How long until a server that is silent is taken to be gone: since we asked it,
 * said anything, or heard anything. Milliseconds. */
static gint64
get_patience_left (IBBClient *self)
{
  gint64 since = MAX (self->asked_at, ibb_stream_get_last_read_time (self->stream));

  since = MAX (since, ibb_stream_get_last_write_time (self->stream));
  return get_ack_timeout (self) - (g_get_monotonic_time () - since) / 1000;
}

static gboolean
timer_cb (gpointer user_data)
{
  g_autoptr (IBBClient) self = g_weak_ref_get (user_data);
  g_autoptr (GError)    error = NULL;
  gint64                left = 1;

  if (self == NULL)
    return G_SOURCE_REMOVE;

  g_mutex_lock (&self->lock);
  ibb_client_clear_source (&self->ack_timer);
  if (self->stream != NULL && self->managed && !self->logging_out)
    {
      if (ibb_ack_queue_is_asked (self->acks))
        left = get_patience_left (self);
      else if (!ibb_ack_queue_is_empty (self->acks))
        {
          ask_locked (self);
          left = get_ack_timeout (self);
        }
      if (left > 0 && ibb_ack_queue_is_asked (self->acks))
        arm_timer_locked (self, (guint) left);
    }
  g_mutex_unlock (&self->lock);
  if (left > 0)
    return G_SOURCE_REMOVE;

  error = g_error_new (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                       _ ("The server of “%s” does not answer any more"), self->jid);
  self->n_vain++;
  ibb_stream_drop (self->stream, error);
  return G_SOURCE_REMOVE;
}

static void
arm_timer_locked (IBBClient *self, guint milliseconds)
{
  self->ack_timer =
      ibb_client_attach (ibb_thread_get_context (self->thread), g_timeout_source_new (milliseconds),
                         timer_cb, ibb_client_weak_ref_new (self), ibb_client_weak_ref_free);
}

gboolean
ibb_client_ask_for_life (IBBClient *self)
{
  g_mutex_lock (&self->lock);
  if (self->managed && !self->logging_out && !ibb_ack_queue_is_asked (self->acks))
    {
      ask_locked (self);
      ibb_client_clear_source (&self->ack_timer);
      arm_timer_locked (self, get_ack_timeout (self));
    }
  g_mutex_unlock (&self->lock);
  return self->managed;
}

/* In. */

void
ibb_client_count_handled (IBBClient *self)
{
  if (self->managed)
    self->n_handled++;
}

static void
answer (IBBClient *self)
{
  g_autofree char *text = NULL;

  ibb_client_clear_source (&self->answer_timer);
  self->answer_wanted = FALSE;
  self->n_answered = self->n_handled;
  /* One that asks and does not read gets one answer to many requests. */
  if (ibb_stream_get_unsent (self->stream) > IBB_CLIENT_MAX_UNSENT_ANSWERS)
    return;
  text = g_strdup_printf ("<a xmlns='" IBB_MANAGEMENT_NAMESPACE "' h='%" G_GUINT32_FORMAT "'/>",
                          self->n_handled);
  ibb_stream_send_text (self->stream, text);
}

static gboolean
answer_cb (gpointer user_data)
{
  g_autoptr (IBBClient) self = g_weak_ref_get (user_data);

  if (self != NULL && self->answer_timer != NULL)
    answer (self);
  return G_SOURCE_REMOVE;
}

void
ibb_client_answer_request (IBBClient *self)
{
  /* After our good-bye nothing may follow. */
  if (!self->answer_wanted || self->stream == NULL || self->logging_out)
    return;

  if (self->n_handled - self->n_answered >= ANSWER_STANZAS)
    answer (self);
  else if (self->answer_timer == NULL)
    self->answer_timer = ibb_client_attach (
        ibb_thread_get_context (self->thread), g_timeout_source_new (ANSWER_DELAY), answer_cb,
        ibb_client_weak_ref_new (self), ibb_client_weak_ref_free);
}

void
ibb_client_say_last_count (IBBClient *self)
{
  if (self->managed)
    answer (self);
}

void
ibb_client_forget_request (IBBClient *self)
{
  self->answer_wanted = FALSE;
  ibb_client_clear_source (&self->answer_timer);
}

static gboolean
is_true (const char *text)
{
  return g_strcmp0 (text, "true") == 0 || g_strcmp0 (text, "1") == 0;
}

static void
handle_enabled (IBBClient *self, IBBElement *element)
{
  const char *max = ibb_element_get_attribute (element, "max");
  guint64     seconds = 0;

  if (self->managed)
    return; /* once is enough */

  g_mutex_lock (&self->lock);
  self->managed = TRUE;
  if (!ibb_ack_queue_is_empty (self->acks))
    arm_timer_locked (self, ASK_DELAY);
  if (ibb_ack_queue_wants_request (self->acks))
    ask_locked (self);
  g_mutex_unlock (&self->lock);

  self->n_handled = self->n_answered = 0;
  if (!is_true (ibb_element_get_attribute (element, "resume")))
    return;
  self->resume_id = g_strdup (ibb_element_get_attribute (element, "id"));
  self->resume_location = g_strdup (ibb_element_get_attribute (element, "location"));
  if (max == NULL || !g_ascii_string_to_unsigned (max, 10, 0, G_MAXUINT64, &seconds, NULL))
    seconds = RESUME_TIME;
  self->resume_time = (guint) MIN (seconds, RESUME_TIME_MAX);
}

static void
handle_failed (IBBClient *self)
{
  GQueue awaited = G_QUEUE_INIT;

  if (self->managed)
    return;

  g_mutex_lock (&self->lock);
  ibb_ack_queue_give_up (self->acks, &awaited);
  g_clear_pointer (&self->acks, ibb_ack_queue_free);
  g_mutex_unlock (&self->lock);
  confirm (self, &awaited); /* nobody will ever know better */
  ibb_connection_drained (IBB_CONNECTION (self));
}

static void
handle_acknowledgement (IBBClient *self, IBBStream *stream, IBBElement *element)
{
  guint32 h;

  if (!ibb_ack_queue_parse_h (ibb_element_get_attribute (element, "h"), &h))
    {
      g_autoptr (GError) error = g_error_new (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                                              _ ("The server acknowledged no number of stanzas"));

      ibb_stream_abort (stream, "undefined-condition", error);
    }
  else
    acknowledged (self, stream, h);
}

/* What was not asked for is left alone, like anything else that is not known. */
void
ibb_client_handle_management (IBBClient *self, IBBStream *stream, IBBElement *element)
{
  if (g_strcmp0 (element->namespace, IBB_MANAGEMENT_NAMESPACE) != 0 || self->acks == NULL)
    return;

  if (g_str_equal (element->name, "enabled"))
    handle_enabled (self, element);
  else if (g_str_equal (element->name, "failed"))
    handle_failed (self);
  else if (self->managed && g_str_equal (element->name, "r"))
    self->answer_wanted = TRUE;
  else if (self->managed && g_str_equal (element->name, "a"))
    handle_acknowledgement (self, stream, element);
}

/* Beginning and end. */

void
ibb_client_start_acks_locked (IBBClient *self)
{
  self->acks = ibb_ack_queue_new (0);
  ibb_stream_send_text (self->stream, ENABLE);
}

gboolean
ibb_client_resume_acks (IBBClient *self, IBBStream *stream, guint32 h)
{
  GQueue   awaited = G_QUEUE_INIT;
  gboolean possible;

  /* At once, so that nobody sends anything before what has to go again. */
  g_mutex_lock (&self->lock);
  self->stream = ibb_stream_ref (stream);
  possible = ibb_ack_queue_acknowledge (self->acks, h, &awaited);
  if (possible)
    {
      ibb_ack_queue_restart (self->acks);
      send_waiting_locked (self);
      if (!ibb_ack_queue_is_empty (self->acks))
        arm_timer_locked (self, ASK_DELAY);
      self->state = IBB_CLIENT_STATE_ONLINE;
      ibb_client_queue_notify_locked (self, IBB_CLIENT_NOTIFY_STATE);
    }
  g_mutex_unlock (&self->lock);

  ibb_client_take_stream (self, stream);
  if (possible)
    confirm (self, &awaited);
  else
    refuse_count (self, stream, h);
  return possible;
}

void
ibb_client_stop_acks_locked (IBBClient *self)
{
  ibb_client_clear_source (&self->ack_timer);
  g_clear_pointer (&self->acks, ibb_ack_queue_free);
  self->drain_wanted = FALSE;
  self->managed = FALSE;
  ibb_client_forget_request (self);
  self->may_resume = FALSE;
  self->n_vain = 0;
  g_clear_pointer (&self->resume_id, g_free);
  g_clear_pointer (&self->resume_location, g_free);
}
