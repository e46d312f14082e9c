/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/management/keepalive.h"

#include "base/intl.h"
#include "core/base/jid.h"
#include "xmpp/base/alarm.h"
#include "xmpp/base/id.h"
#include "xmpp/base/network-watch.h"

#define NEVER G_MAXINT64

/* Microseconds that the server has for a sign of life after the network has changed or the machine
 * has slept: the connection may belong to the network before, or the server may have closed it. */
#define CHANGE_TIMEOUT (5 * G_USEC_PER_SEC)

/* The time for an answer after a resumption: several times the duration of the resumption, which
 * took some round trips. */
#define ANSWER_TIME_MIN (G_USEC_PER_SEC / 2)
#define ANSWER_TIME_DURATIONS 4

struct _IBBKeepalive
{
  IBBThread *thread;
  IBBOutbox *outbox;
  int        interval; /* atomic */
  int        timeout;  /* atomic */

  /* worker thread only */
  IBBXmlStream    *stream;  /* (owned) (nullable): the one that is watched */
  char            *jid;     /* (nullable) */
  IBBNetworkWatch *watch;   /* (owned) (nullable) */
  IBBAlarm        *alarm;   /* (owned) (nullable) */
  char            *ping_id; /* (nullable): of the last ping, until it is answered */
  gint64           pinged_at;
  gint64           changed_at;    /* the last question after a change, or 0 */
  gint64           next_change;   /* no such question before; by the alarm's clock */
  gboolean         has_changed;   /* it waits for that time */
  guint            n_silences;    /* since the server last acknowledged anything */
  gboolean         is_unanswered; /* see ibb_keepalive_is_unanswered () */
  gboolean         gets_pongs;    /* see ibb_keepalive_take_pong () */
  gboolean         has_pong;      /* of this stream */
  gint64           answer_due;    /* or NEVER */
};

IBBKeepalive *
ibb_keepalive_new (IBBThread *thread, IBBOutbox *outbox)
{
  IBBKeepalive *self = g_new0 (IBBKeepalive, 1);

  self->thread = thread;
  self->outbox = outbox;
  self->interval = IBB_KEEPALIVE_DEFAULT_INTERVAL;
  self->timeout = IBB_KEEPALIVE_DEFAULT_TIMEOUT;
  self->answer_due = NEVER;

  return self;
}

void
ibb_keepalive_free (IBBKeepalive *self)
{
  ibb_keepalive_stop (self);
  g_free (self->ping_id);
  g_free (self);
}

static void
send_ping (IBBKeepalive *self)
{
  g_autofree char *domain = ibb_jid_dup_domain (self->jid);
  IBBStanza       *ping;

  g_free (self->ping_id);
  self->ping_id = ibb_id_new ();
  ping = ibb_stanza_record_new (IBB_STANZA_IQ, "get", IBB_PAYLOAD_PING, self->ping_id, domain);
  ibb_outbox_send (self->outbox, ping);
  ibb_stanza_unref (ping);
  self->pinged_at = g_get_monotonic_time ();
}

/* A component pings its own domain. ejabberd may give the ping to another process of that domain,
 * or drop the ping where a process is missing. So the silence of the server counts only after a
 * first answer, of this XML stream or of one before. */
gboolean
ibb_keepalive_take_pong (IBBKeepalive *self, const IBBStanza *stanza)
{
  if (stanza->name != IBB_STANZA_IQ || self->ping_id == NULL ||
      g_strcmp0 (stanza->id, self->ping_id) != 0)
    return FALSE;

  g_clear_pointer (&self->ping_id, g_free);
  self->gets_pongs = TRUE;
  self->has_pong = TRUE;
  return TRUE;
}

/* In microseconds; 0: without a limit. */
static gint64
get_timeout (IBBKeepalive *self)
{
  return self->gets_pongs ? (gint64) g_atomic_int_get (&self->timeout) * 1000 : 0;
}

static void
send_question (IBBKeepalive *self)
{
  if (!ibb_outbox_request (self->outbox))
    send_ping (self);
}

static void
drop_stream (IBBKeepalive *self, gint64 now)
{
  g_autoptr (IBBXmlStream) stream = ibb_xml_stream_ref (self->stream);
  g_autoptr (GError)       error = g_error_new (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                                                _ ("The server of “%s” no longer answers"), self->jid);

  self->n_silences += self->answer_due <= now ? IBB_KEEPALIVE_MAX_SILENCES : 1;
  self->answer_due = NEVER;
  /* Where this one had no answer, other processes may have joined, which get the pings now: the
   * next XML stream learns again, so that there is not one login after another. */
  self->gets_pongs = self->has_pong;
  ibb_xml_stream_drop (stream, error);
}

/* How long the server may get nothing, in microseconds, or NEVER: half of the time after which
 * it ends such an XML stream (XEP-0478). */
static gint64
get_pause (IBBKeepalive *self)
{
  guint seconds = ibb_xml_stream_get_idle_limit (self->stream);

  return seconds > 0 ? (gint64) seconds * G_USEC_PER_SEC / 2 : NEVER;
}

/* When the server has to get something, or NEVER. */
static gint64
get_speak_time (IBBKeepalive *self, gint64 asked_at)
{
  gint64 last_write = ibb_xml_stream_get_last_write_time (self->stream);
  gint64 pause = get_pause (self);

  return pause != NEVER ? MAX (last_write, asked_at) + pause : NEVER;
}

/* Sends the question if it is due. Returns when to check again, or NEVER. The server is gone when
 * the time for its answer is over, and as much time has passed since its last sign of life as a
 * silent application would have waited. */
static gint64
check (IBBKeepalive *self, gint64 now, gboolean *gone)
{
  gint64   last_read = ibb_xml_stream_get_last_read_time (self->stream);
  gint64   asked_at = MAX (self->pinged_at, ibb_outbox_get_request_time (self->outbox));
  gint64   interval = (gint64) g_atomic_int_get (&self->interval) * 1000;
  gint64   timeout = get_timeout (self);
  gboolean asked = asked_at > last_read;
  gint64   since = asked ? asked_at : last_read;
  gint64   speak_time = get_speak_time (self, asked_at);

  if (interval > 0 && now >= MIN (since + interval, speak_time) && (!asked || timeout == 0))
    {
      send_question (self);
      asked = TRUE;
      since = now;
      speak_time = get_speak_time (self, now);
    }
  if (asked && timeout > 0)
    {
      gint64 gone_time = MAX (since, last_read + interval) + timeout;

      if (self->changed_at > last_read)
        gone_time = MIN (gone_time, self->changed_at + CHANGE_TIMEOUT);
      *gone = now >= gone_time;
      /* If the answer comes, the next question is due before that. */
      return interval > 0 ? MIN (gone_time, now + MIN (interval, get_pause (self))) : gone_time;
    }
  if (interval > 0)
    return MIN (since + interval, speak_time);
  /* While stanzas are sent, acknowledgements are requested anyway. Check whether one is overdue. */
  return timeout > 0 ? now + MAX (timeout, G_USEC_PER_SEC) : NEVER;
}

/* A new login would lose the stanzas of the application that the server has not acknowledged. */
static void
look_for_other_stanzas (IBBKeepalive *self)
{
  if (self->answer_due != NEVER && ibb_outbox_has_other (self->outbox))
    self->answer_due = NEVER;
}

/* The network has changed, or the machine woke. An address that comes and goes, as where containers
 * start and stop, is no reason for one question after another. */
static void
note_change (IBBKeepalive *self)
{
  gint64 now = ibb_alarm_get_time ();

  /* A timeout of 0 never gives up, so no question is needed. */
  if (self->changed_at > ibb_xml_stream_get_last_read_time (self->stream) ||
      g_atomic_int_get (&self->timeout) == 0)
    return;

  self->has_changed = now < self->next_change;
  if (self->has_changed)
    return;

  send_question (self);
  self->changed_at = g_get_monotonic_time ();
  self->next_change = now + IBB_KEEPALIVE_CHANGE_INTERVAL;
}

/* Asks about a change that had to wait. Returns when to check again, or NEVER. */
static gint64
check_change (IBBKeepalive *self, gint64 now)
{
  if (self->has_changed)
    note_change (self);
  return self->has_changed ? now + self->next_change - ibb_alarm_get_time () : NEVER;
}

static gboolean check_cb (gpointer user_data);

static void
alarm_cb (gboolean has_slept, gpointer owner)
{
  if (has_slept)
    note_change (owner);
  check_cb (owner);
}

/* Called by the alarm, or after a change of the settings. */
static gboolean
check_cb (gpointer user_data)
{
  IBBKeepalive *self = user_data;
  gint64        now = g_get_monotonic_time ();
  gboolean      gone = FALSE;
  gint64        due, change_due;

  g_clear_pointer (&self->alarm, ibb_alarm_free);
  if (self->stream == NULL)
    return G_SOURCE_REMOVE;

  look_for_other_stanzas (self);
  change_due = check_change (self, now);
  due = MIN (check (self, now, &gone), self->answer_due);
  due = MIN (due, change_due);
  if (gone || self->answer_due <= now)
    drop_stream (self, now);
  else if (due != NEVER)
    self->alarm =
        ibb_alarm_new (ibb_thread_get_context (self->thread),
                       (guint) MIN (MAX (due - now, 0) / 1000 + 1, G_MAXINT), alarm_cb, self);
  return G_SOURCE_REMOVE;
}

static void
network_cb (gpointer owner)
{
  note_change (owner);
  check_cb (owner);
}

/* The client cannot be freed meanwhile: its end goes to the same thread, see ibb_link_leave (). */
static gboolean
set (IBBKeepalive *self, int *setting, guint value)
{
  if (g_atomic_int_get (setting) == (int) value)
    return FALSE;

  g_atomic_int_set (setting, (int) value);
  ibb_thread_invoke (self->thread, check_cb, self, NULL);
  return TRUE;
}

gboolean
ibb_keepalive_set_interval (IBBKeepalive *self, guint interval)
{
  return set (self, &self->interval, interval);
}

gboolean
ibb_keepalive_set_timeout (IBBKeepalive *self, guint timeout)
{
  return set (self, &self->timeout, timeout);
}

guint
ibb_keepalive_get_interval (IBBKeepalive *self)
{
  return (guint) g_atomic_int_get (&self->interval);
}

guint
ibb_keepalive_get_timeout (IBBKeepalive *self)
{
  return (guint) g_atomic_int_get (&self->timeout);
}

void
ibb_keepalive_start (IBBKeepalive *self,
                     IBBXmlStream *stream,
                     const char   *jid,
                     gboolean      is_component)
{
  self->stream = ibb_xml_stream_ref (stream);
  self->jid = g_strdup (jid);
  self->gets_pongs |= !is_component;
  self->has_pong = FALSE;
  self->watch = ibb_network_watch_new (self->thread, network_cb, self);
  self->changed_at = 0;
  self->has_changed = FALSE;
  check_cb (self);
}

void
ibb_keepalive_stop (IBBKeepalive *self)
{
  look_for_other_stanzas (self);
  /* The XML stream ended before it was known whether the server heard anything. */
  if (self->answer_due != NEVER)
    self->n_silences++;
  self->answer_due = NEVER;
  g_clear_pointer (&self->alarm, ibb_alarm_free);
  g_clear_pointer (&self->watch, ibb_network_watch_free);
  g_clear_pointer (&self->stream, ibb_xml_stream_unref);
  g_clear_pointer (&self->jid, g_free);
}

void
ibb_keepalive_expect_answer (IBBKeepalive *self, gint64 duration, gboolean may_drop)
{
  self->is_unanswered = TRUE;
  if (!may_drop || g_atomic_int_get (&self->timeout) == 0)
    return;

  self->answer_due =
      g_get_monotonic_time () + MAX (ANSWER_TIME_MIN, ANSWER_TIME_DURATIONS * duration);
  check_cb (self);
}

gboolean
ibb_keepalive_is_unanswered (IBBKeepalive *self)
{
  return self->is_unanswered;
}

void
ibb_keepalive_forget_silences (IBBKeepalive *self)
{
  self->n_silences = 0;
  self->is_unanswered = FALSE;
  self->answer_due = NEVER;
}

gboolean
ibb_keepalive_is_in_vain (IBBKeepalive *self)
{
  return self->n_silences >= IBB_KEEPALIVE_MAX_SILENCES;
}
