/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/status.h"

#include "base/intl.h"
#include "base/lock.h"
#include "base/source.h"
#include "base/weak.h"
#include "ibb-enum-types.h"

/* Bytes of stanzas that wait for an application that does not run its context. Strangers can send
 * them. */
#define MAX_STANZAS_SIZE (4 * 1024 * 1024)

typedef enum
{
  NOTIFY_STATE = 1 << 0,
  NOTIFY_LOCAL_JID = 1 << 1,
  NOTIFY_ERROR = 1 << 2,
  NOTIFY_TOKEN = 1 << 3,
  NOTIFY_PRESENCES = 1 << 4,
} Notify;

/* The source holds a reference: it may run in the application's thread while the client is freed in
 * another. */
struct _IBBStatus
{
  IBBWeak      *object;    /* (owned) */
  IBBOutbox    *outbox;    /* valid while object is */
  IBBPresences *presences; /* (nullable): likewise */

  GMutex lock;
  /* protected by lock */
  GMainContext      *context; /* (owned) (nullable): NULL once the object is dropped */
  IBBConnectionState state;
  gboolean           is_logging_out;
  char              *local_jid; /* (nullable) */
  GError            *error;     /* (owned) (nullable) */
  guint              stanza_limit;
  char              *mechanism;   /* (nullable) */
  GTlsCertificate   *certificate; /* (owned) (nullable) */
  Notify             pending;
  GQueue             stanzas;      /* (element-type IBBStanza): for the application */
  gsize              stanzas_size; /* bytes of those, about */
  GSource           *source;       /* (owned) (nullable) */
};

IBBStatus *
ibb_status_new (IBBConnection *object, IBBOutbox *outbox, IBBPresences *presences)
{
  IBBStatus *self = g_atomic_rc_box_new0 (IBBStatus);

  self->object = ibb_weak_new (object);
  self->outbox = outbox;
  self->presences = presences;
  self->context = g_main_context_ref_thread_default ();
  g_mutex_init (&self->lock);

  return self;
}

static void
status_clear (gpointer data)
{
  IBBStatus *self = data;

  ibb_weak_unref (self->object);
  g_free (self->local_jid);
  g_free (self->mechanism);
  g_clear_object (&self->certificate);
  g_clear_error (&self->error);
  g_queue_clear_full (&self->stanzas, (GDestroyNotify) ibb_stanza_unref);
  g_mutex_clear (&self->lock);
}

static void
status_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, status_clear);
}

void
ibb_status_end (IBBStatus *self)
{
  g_autoptr (GMainContext) context = NULL; /* not under the lock: it may free sources */

  g_mutex_lock (&self->lock);
  ibb_source_clear (&self->source);
  context = g_steal_pointer (&self->context);
  g_mutex_unlock (&self->lock);
}

GMainContext *
ibb_status_dup_context (IBBStatus *self)
{
  GMainContext *context;

  g_mutex_lock (&self->lock);
  context = self->context != NULL ? g_main_context_ref (self->context) : NULL;
  g_mutex_unlock (&self->lock);
  return context;
}

void
ibb_status_free (IBBStatus *self)
{
  ibb_status_end (self);
  status_unref (self);
}

static void
notify (GObject *object, Notify pending)
{
  if (pending & NOTIFY_LOCAL_JID)
    g_object_notify (object, "local-jid");
  if (pending & NOTIFY_ERROR)
    g_object_notify (object, "disconnect-error");
  if (pending & NOTIFY_TOKEN)
    g_object_notify (object, "token");
  if (pending & NOTIFY_STATE)
    g_object_notify (object, "state");
}

/* Emits the stanza, and answers a request that no handler takes. */
static void
emit (IBBStatus *self, IBBConnection *connection, IBBStanza *stanza)
{
  g_autoptr (IBBStanza) answer = NULL;

  if (ibb_connection_deliver (connection, stanza))
    return;
  answer = ibb_stanza_record_new_unknown (stanza);
  if (answer != NULL)
    ibb_outbox_send_answer (self->outbox, answer);
}

/* All notifications, and one stanza. */
static gboolean
tell_cb (gpointer user_data)
{
  IBBStatus            *self = user_data;
  g_autoptr (GObject)   object = ibb_weak_get (self->object);
  g_autoptr (IBBStanza) stanza = NULL;
  Notify                pending;
  gboolean              more;

  g_mutex_lock (&self->lock);
  pending = self->pending;
  self->pending = 0;
  stanza = g_queue_pop_head (&self->stanzas);
  if (stanza != NULL)
    self->stanzas_size -= ibb_stanza_record_get_size (stanza);
  more = object != NULL && !g_queue_is_empty (&self->stanzas);
  if (!more)
    ibb_source_clear (&self->source);
  g_mutex_unlock (&self->lock);

  if (object != NULL)
    notify (object, pending);
  if (object != NULL && (pending & NOTIFY_PRESENCES))
    ibb_presences_tell (self->presences, object);
  if (object != NULL && stanza != NULL)
    emit (self, IBB_CONNECTION (object), stanza);
  return more;
}

/* One source tells all, so that nothing but stanzas piles up in a context that nobody runs. */
static void
wake_locked (IBBStatus *self)
{
  GSource *source;

  if (self->source != NULL || self->context == NULL)
    return;

  source = g_idle_source_new ();
  /* If a handler runs a main loop of its own, the next stanza is delivered there. */
  g_source_set_can_recurse (source, TRUE);
  self->source = ibb_source_attach (source, self->context, "[ibb-glib] notify", tell_cb,
                                    g_atomic_rc_box_acquire (self), status_unref);
}

static void
queue_notify_locked (IBBStatus *self, Notify notify)
{
  self->pending |= notify;
  wake_locked (self);
}

gboolean
ibb_status_deliver (IBBStatus *self, IBBStanza *stanza)
{
  IBB_AUTO_LOCK (&self->lock);
  gsize    size = ibb_stanza_record_get_size (stanza);
  gboolean has_room = self->context != NULL && self->stanzas_size + size <= MAX_STANZAS_SIZE;

  if (has_room)
    {
      g_queue_push_tail (&self->stanzas, ibb_stanza_ref (stanza));
      self->stanzas_size += size;
      wake_locked (self);
    }
  return has_room;
}

static void
set_state_locked (IBBStatus *self, IBBConnectionState state)
{
  self->state = state;
  queue_notify_locked (self, NOTIFY_STATE);
}

static void
set_error_locked (IBBStatus *self, const GError *error)
{
  if (self->error == NULL && error == NULL)
    return;

  g_clear_error (&self->error);
  self->error = error != NULL ? g_error_copy (error) : NULL;
  queue_notify_locked (self, NOTIFY_ERROR);
}

IBBConnectionState
ibb_status_get_state (IBBStatus *self)
{
  IBB_AUTO_LOCK (&self->lock);

  return self->state;
}

char *
ibb_status_dup_local_jid (IBBStatus *self)
{
  IBB_AUTO_LOCK (&self->lock);

  return g_strdup (self->local_jid);
}

GError *
ibb_status_dup_error (IBBStatus *self)
{
  IBB_AUTO_LOCK (&self->lock);

  return self->error != NULL ? g_error_copy (self->error) : NULL;
}

guint
ibb_status_get_stanza_limit (IBBStatus *self)
{
  IBB_AUTO_LOCK (&self->lock);

  return self->stanza_limit;
}

char *
ibb_status_dup_mechanism (IBBStatus *self)
{
  IBB_AUTO_LOCK (&self->lock);

  return g_strdup (self->mechanism);
}

GTlsCertificate *
ibb_status_dup_certificate (IBBStatus *self)
{
  IBB_AUTO_LOCK (&self->lock);

  return self->certificate != NULL ? g_object_ref (self->certificate) : NULL;
}

GError *
ibb_status_begin_login (IBBStatus *self, const char *jid)
{
  IBB_AUTO_LOCK (&self->lock);

  if (self->is_logging_out || self->state == IBB_CONNECTION_STATE_CONNECTING)
    return g_error_new (G_IO_ERROR, G_IO_ERROR_PENDING, _ ("“%s” is already logging in or out"),
                        jid);
  if (self->state != IBB_CONNECTION_STATE_OFFLINE)
    return g_error_new (G_IO_ERROR, G_IO_ERROR_EXISTS, _ ("“%s” is already logged in"), jid);

  set_state_locked (self, IBB_CONNECTION_STATE_CONNECTING);
  return NULL;
}

void
ibb_status_login_failed (IBBStatus *self)
{
  g_mutex_lock (&self->lock);
  set_state_locked (self, IBB_CONNECTION_STATE_OFFLINE);
  g_mutex_unlock (&self->lock);
}

static void
trace (const char *jid, IBBConnectionState state, const GError *error)
{
  g_autofree char *name = g_enum_to_string (IBB_TYPE_CONNECTION_STATE, (int) state);

  g_debug ("Connection of %s: %s%s%s", jid != NULL ? jid : "nobody", name,
           error != NULL ? ": " : "", error != NULL ? error->message : "");
}

void
ibb_status_set_online (IBBStatus *self, const IBBNegotiationResult *result)
{
  g_mutex_lock (&self->lock);
  self->local_jid = g_strdup (result->local_jid);
  self->stanza_limit = result->stanza_limit;
  self->mechanism = g_strdup (result->mechanism);
  g_set_object (&self->certificate, result->certificate);
  set_error_locked (self, NULL);
  set_state_locked (self, IBB_CONNECTION_STATE_ONLINE);
  queue_notify_locked (self, NOTIFY_LOCAL_JID);
  g_mutex_unlock (&self->lock);
  trace (result->local_jid, IBB_CONNECTION_STATE_ONLINE, NULL);
}

void
ibb_status_set_state (IBBStatus *self, IBBConnectionState state, const GError *error)
{
  g_autofree char *jid = NULL;

  g_mutex_lock (&self->lock);
  jid = g_strdup (self->local_jid);
  set_error_locked (self, error);
  set_state_locked (self, state);
  g_mutex_unlock (&self->lock);
  trace (jid, state, error);
}

static gboolean
is_same (const GError *a, const GError *b)
{
  return a != NULL && b != NULL && g_error_matches (a, b->domain, b->code) &&
         g_str_equal (a->message, b->message);
}

void
ibb_status_note_attempt (IBBStatus *self, const GError *error)
{
  g_mutex_lock (&self->lock);
  if (!is_same (self->error, error))
    set_error_locked (self, error);
  g_mutex_unlock (&self->lock);
}

void
ibb_status_begin_logout (IBBStatus *self)
{
  g_mutex_lock (&self->lock);
  self->is_logging_out = TRUE;
  g_mutex_unlock (&self->lock);
}

void
ibb_status_set_lost (IBBStatus *self, IBBConnectionState state, const GError *error)
{
  g_autofree char *jid = NULL;

  g_mutex_lock (&self->lock);
  self->is_logging_out = FALSE;
  self->stanza_limit = 0;
  jid = g_steal_pointer (&self->local_jid);
  g_clear_pointer (&self->mechanism, g_free);
  g_clear_object (&self->certificate);
  set_error_locked (self, error);
  set_state_locked (self, state);
  queue_notify_locked (self, NOTIFY_LOCAL_JID);
  g_mutex_unlock (&self->lock);
  trace (jid, state, error);
}

void
ibb_status_note_token (IBBStatus *self)
{
  g_mutex_lock (&self->lock);
  queue_notify_locked (self, NOTIFY_TOKEN);
  g_mutex_unlock (&self->lock);
}

void
ibb_status_note_presences (IBBStatus *self)
{
  g_mutex_lock (&self->lock);
  queue_notify_locked (self, NOTIFY_PRESENCES);
  g_mutex_unlock (&self->lock);
}
