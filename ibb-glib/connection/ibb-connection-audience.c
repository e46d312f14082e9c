/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The listeners of a connection, and the calls by which an implementation notifies them. */

#include "config.h"

#include "connection/ibb-connection-private.h"

/* Data that is attached to each connection with a listener. */
typedef struct
{
  GMutex lock;

  /* protected by lock */
  GPtrArray *listeners; /* (owned) (element-type IBBConnectionListener): replaced, not changed */
  /* LOST, INTERRUPTED or SUSPENDED while the connection is so, which a new listener has to know;
   * else RESTORED */
  IBBConnectionEventType state;
  GError                *error; /* (owned) (nullable): why the XML stream was lost */
} Audience;

static GQuark
audience_quark (void)
{
  static GQuark quark;

  if (G_UNLIKELY (quark == 0)) /* to look up the quark takes a lock */
    quark = g_quark_from_static_string ("ibb-connection-audience");
  return quark;
}

void
ibb_connection_listener_init (IBBConnectionListener *self, const IBBConnectionListenerClass *class)
{
  g_atomic_ref_count_init (&self->ref_count);
  self->class = class;
}

static IBBConnectionListener *
listener_ref (IBBConnectionListener *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
ibb_connection_listener_unref (IBBConnectionListener *self)
{
  if (g_atomic_ref_count_dec (&self->ref_count))
    self->class->free (self);
}

/* The connection is being freed; its listeners may live on. */
static void
audience_free (gpointer data)
{
  Audience                *audience = data;
  const IBBConnectionEvent event = { .type = IBB_CONNECTION_GONE };

  for (guint i = 0; i < audience->listeners->len; i++)
    {
      IBBConnectionListener *listener = g_ptr_array_index (audience->listeners, i);

      listener->class->notify (listener, &event);
    }
  g_ptr_array_unref (audience->listeners);
  g_clear_error (&audience->error);
  g_mutex_clear (&audience->lock);
  g_free (audience);
}

static Audience *
find_audience (IBBConnection *self)
{
  return g_object_get_qdata (G_OBJECT (self), audience_quark ());
}

static void
local_jid_changed_cb (IBBConnection *self, GParamSpec *pspec, gpointer data)
{
  ibb_connection_tell (self, IBB_CONNECTION_LOCAL_JID_CHANGED);
}

static Audience *
get_audience (IBBConnection *self)
{
  Audience *audience = find_audience (self);
  gulong    handler;

  if (audience != NULL)
    return audience;

  audience = g_new0 (Audience, 1);
  g_mutex_init (&audience->lock);
  audience->state = IBB_CONNECTION_RESTORED;
  audience->listeners =
      g_ptr_array_new_with_free_func ((GDestroyNotify) ibb_connection_listener_unref);
  /* Before others can see the audience: a listener that another thread adds misses no change. */
  handler = g_signal_connect (self, "notify::local-jid", G_CALLBACK (local_jid_changed_cb), NULL);
  if (g_object_replace_qdata (G_OBJECT (self), audience_quark (), NULL, audience, audience_free,
                              NULL))
    return audience;
  g_signal_handler_disconnect (self, handler); /* another thread was faster */
  audience_free (audience);
  return find_audience (self);
}

GPtrArray *
ibb_connection_dup_listeners (IBBConnection *self)
{
  Audience  *audience = find_audience (self);
  GPtrArray *listeners;

  if (audience == NULL)
    return NULL;
  g_mutex_lock (&audience->lock);
  listeners = g_ptr_array_ref (audience->listeners);
  g_mutex_unlock (&audience->lock);
  return listeners;
}

/* Returns TRUE as soon as one listener has taken the event. */
static gboolean
tell_each (GPtrArray *listeners, const IBBConnectionEvent *event)
{
  for (guint i = 0; i < listeners->len; i++)
    {
      IBBConnectionListener *listener = g_ptr_array_index (listeners, i);

      if (listener->class->notify (listener, event))
        return TRUE;
    }
  return FALSE;
}

static gboolean
tell_event (IBBConnection *self, const IBBConnectionEvent *event)
{
  g_autoptr (GPtrArray) listeners = ibb_connection_dup_listeners (self);

  return listeners != NULL && tell_each (listeners, event);
}

gboolean
ibb_connection_tell (IBBConnection *self, IBBConnectionEventType type)
{
  const IBBConnectionEvent event = { .type = type };

  return tell_event (self, &event);
}

/* The first reason stays, unless the connection was to return: then the connection has given up. */
static void
note_error_locked (Audience *audience, const GError *error)
{
  if (audience->state != IBB_CONNECTION_LOST)
    g_clear_error (&audience->error);
  if (audience->error == NULL && error != NULL)
    audience->error = g_error_copy (error);
}

/* Notes the state. A lost XML stream stays lost until a new one takes its place. */
static IBBConnectionEventType
enter_state_locked (Audience *audience, IBBConnectionState state, const GError *error)
{
  IBBConnectionEventType before = audience->state;

  switch (state)
    {
    case IBB_CONNECTION_STATE_OFFLINE:
    case IBB_CONNECTION_STATE_CONNECTING:
      note_error_locked (audience, error);
      audience->state =
          state == IBB_CONNECTION_STATE_OFFLINE ? IBB_CONNECTION_LOST : IBB_CONNECTION_INTERRUPTED;
      return audience->state;
    case IBB_CONNECTION_STATE_SUSPENDED:
      if (before == IBB_CONNECTION_RESTORED)
        audience->state = IBB_CONNECTION_SUSPENDED;
      return IBB_CONNECTION_SUSPENDED;
    case IBB_CONNECTION_STATE_ONLINE:
    default:
      g_clear_error (&audience->error);
      audience->state = IBB_CONNECTION_RESTORED;
      return before == IBB_CONNECTION_SUSPENDED ? IBB_CONNECTION_RESUMED : IBB_CONNECTION_RESTORED;
    }
}

/* Copies all listeners but @without (nullable). */
static GPtrArray *
copy_listeners (GPtrArray *listeners, IBBConnectionListener *without)
{
  GPtrArray *copy = g_ptr_array_new_with_free_func ((GDestroyNotify) ibb_connection_listener_unref);

  for (guint i = 0; i < listeners->len; i++)
    {
      IBBConnectionListener *listener = g_ptr_array_index (listeners, i);

      if (listener != without)
        g_ptr_array_add (copy, listener_ref (listener));
    }
  return copy;
}

void
ibb_connection_add_listener (IBBConnection *self, IBBConnectionListener *listener)
{
  Audience             *audience = get_audience (self);
  g_autoptr (GPtrArray) old = NULL;

  g_mutex_lock (&audience->lock);
  old = audience->listeners;
  audience->listeners = copy_listeners (old, NULL);
  g_ptr_array_add (audience->listeners, listener);
  /* With the lock, so that a return of the connection cannot be told before. */
  if (audience->state != IBB_CONNECTION_RESTORED)
    {
      const IBBConnectionEvent event = { .type = audience->state, .error = audience->error };

      listener->class->notify (listener, &event);
    }
  g_mutex_unlock (&audience->lock);
}

void
ibb_connection_remove_listener (IBBConnection *self, IBBConnectionListener *listener)
{
  Audience             *audience = get_audience (self);
  g_autoptr (GPtrArray) old = NULL; /* freed without the lock, and with it the listener */

  g_mutex_lock (&audience->lock);
  old = audience->listeners;
  audience->listeners = copy_listeners (old, listener);
  g_mutex_unlock (&audience->lock);
}

gboolean
ibb_connection_offer_to_services (IBBConnection *self,
                                  IBBStanza     *stanza,
                                  gboolean       may_others_follow)
{
  IBBConnectionEvent    event = { .type = IBB_CONNECTION_RECEIVED,
                                  .stanza = stanza,
                                  .may_others_follow = may_others_follow };
  g_autoptr (GPtrArray) listeners = ibb_connection_dup_listeners (self);
  IBBClaim              claim;

  if (listeners == NULL)
    return FALSE;
  claim = listeners->len > 1 ? IBB_CLAIM_SESSION : IBB_CLAIM_NONE;
  for (; claim > IBB_CLAIM_NONE; claim = ibb_claim_get_next (claim, stanza))
    {
      event.claim = claim;
      if (tell_each (listeners, &event))
        return TRUE;
    }
  event.claim = IBB_CLAIM_NONE;
  return tell_each (listeners, &event);
}

gboolean
ibb_connection_change_state (IBBConnection *self, IBBConnectionState state, const GError *error)
{
  Audience             *audience = get_audience (self);
  IBBConnectionEvent    event = { .error = error };
  g_autoptr (GPtrArray) listeners = NULL;
  gboolean              is_shorter = FALSE;

  g_mutex_lock (&audience->lock);
  event.type = enter_state_locked (audience, state, error);
  listeners = g_ptr_array_ref (audience->listeners);
  g_mutex_unlock (&audience->lock);

  /* Each listener has to know, whatever the others return. */
  for (guint i = 0; i < listeners->len; i++)
    {
      IBBConnectionListener *listener = g_ptr_array_index (listeners, i);

      is_shorter |= listener->class->notify (listener, &event);
    }
  return is_shorter;
}

/**
 * ibb_connection_confirmed:
 * @self: a connection
 * @stanza: a message that [vfunc@IBB.Connection.send] took
 *
 * Says that the server has a message. Called by implementations of
 * [vfunc@IBB.Connection.confirms], in the connection's context, for each
 * message that was taken while that returned TRUE, in their order.
 *
 * Since: 1.0
 */
void
ibb_connection_confirmed (IBBConnection *self, IBBStanza *stanza)
{
  const IBBConnectionEvent event = { .type = IBB_CONNECTION_CONFIRMED, .stanza = stanza };

  g_return_if_fail (IBB_IS_CONNECTION (self));
  g_return_if_fail (stanza != NULL);

  tell_event (self, &event);
}

/**
 * ibb_connection_begin_batch:
 * @self: a connection
 *
 * Says that stanzas follow which have arrived together, such as by one read of the socket. What
 * they cause, answers and the waking of readers, happens once, in
 * [method@IBB.Connection.end_batch]. Called by implementations, in the connection's context.
 * Optional: without batches it happens in the next turn of that context.
 *
 * Since: 1.0
 */
void
ibb_connection_begin_batch (IBBConnection *self)
{
  g_return_if_fail (IBB_IS_CONNECTION (self));

  ibb_connection_tell (self, IBB_CONNECTION_BATCH_BEGAN);
}

/**
 * ibb_connection_end_batch:
 * @self: a connection
 *
 * Ends what [method@IBB.Connection.begin_batch] began: the stanzas that follow from the batch are
 * sent now.
 *
 * Since: 1.0
 */
void
ibb_connection_end_batch (IBBConnection *self)
{
  g_return_if_fail (IBB_IS_CONNECTION (self));

  ibb_connection_tell (self, IBB_CONNECTION_BATCH_ENDED);
}

/**
 * ibb_connection_is_needed:
 * @self: a connection
 *
 * Tells whether a session would end with the XML stream, for an implementation that can either
 * resume the XML stream (XEP-0198) or log in again. Called in the connection's context.
 *
 * Returns: TRUE if a session depends on this XML stream
 *
 * Since: 1.0
 */
gboolean
ibb_connection_is_needed (IBBConnection *self)
{
  g_return_val_if_fail (IBB_IS_CONNECTION (self), FALSE);

  return ibb_connection_tell (self, IBB_CONNECTION_NEEDED);
}

/**
 * ibb_connection_has_progress:
 * @self: a connection
 *
 * Tells whether a session was opened or resumed over the present XML stream, or has moved a byte
 * over it. An implementation that waits longer after each loss of the XML stream need not do so
 * after one that was of use. Called in the connection's context.
 *
 * Returns: TRUE if the XML stream was of use to a session
 *
 * Since: 1.0
 */
gboolean
ibb_connection_has_progress (IBBConnection *self)
{
  g_return_val_if_fail (IBB_IS_CONNECTION (self), FALSE);

  return ibb_connection_tell (self, IBB_CONNECTION_MOVED);
}

/**
 * ibb_connection_set_state:
 * @self: a connection
 * @state: what has become of the XML stream
 *
 * Says what has become of the XML stream. Called by implementations, in the connection's context.
 * A connection is %IBB_CONNECTION_STATE_ONLINE until it says otherwise.
 *
 * - %IBB_CONNECTION_STATE_OFFLINE: the XML stream is gone for good. All sessions, opens, accepts
 *   and expectations of the connection's services end with %G_IO_ERROR_CONNECTION_CLOSED (XEP-0047
 *   knows no session without its XML stream), except for sessions with
 *   [property@IBB.Service:resume-sessions], which wait for another XML stream.
 * - %IBB_CONNECTION_STATE_CONNECTING: the same, and the connection logs in again by itself, so that
 *   accepts go on waiting for a session. If it gives up, %IBB_CONNECTION_STATE_OFFLINE ends them.
 * - %IBB_CONNECTION_STATE_SUSPENDED: the XML stream broke, and the connection tries to resume it
 *   (XEP-0198). The connection's services send nothing, and the timeouts of the protocol stand
 *   still, except for [property@IBB.Service:resume-timeout], which ends them. The sessions stay
 *   open, and queue the bytes that the application writes. The application's own timeouts
 *   (`read-timeout`, `write-timeout`) and cancellation go on. Sessions that close in the
 *   background, without a reference of the application, do not keep a suspended or congested
 *   connection alive: nothing would resume it.
 * - %IBB_CONNECTION_STATE_ONLINE, after it was suspended: the XML stream goes on, under the same
 *   address. The connection has sent again, or sends again before anything else, what the
 *   server had not received: each stanza that it took, once and in order.
 * - %IBB_CONNECTION_STATE_ONLINE otherwise: a new XML stream has taken the place of the former one,
 *   and [property@IBB.Connection:local-jid] is the new address. Services open and accept sessions
 *   again. Interrupted sessions ([property@IBB.Service:resume-sessions]) are resumed; those that
 *   ended with the former XML stream stay ended.
 *
 * A service that is made later finds the connection in that state.
 * [method@IBB.Connection.set_state_with_error] says why as well.
 *
 * Since: 1.0
 */
void
ibb_connection_set_state (IBBConnection *self, IBBConnectionState state)
{
  ibb_connection_set_state_with_error (self, state, NULL);
}

/**
 * ibb_connection_set_state_with_error:
 * @self: a connection
 * @state: what has become of the XML stream
 * @error: (nullable): why, for a state that is not %IBB_CONNECTION_STATE_ONLINE
 *
 * Says what has become of the XML stream, as [method@IBB.Connection.set_state] does, and why. The
 * errors of the sessions that end have the message of @error.
 *
 * %IBB_ERROR_POLICY_VIOLATION as @error says that the server has ended the XML stream with that
 * condition, as servers do upon a stanza that is longer than they take. If blocks were under way
 * that were longer than those before, later ones have half of their length; sessions whose
 * stanzas have no room for data then end with %G_IO_ERROR_MESSAGE_TOO_LARGE.
 *
 * Returns: TRUE if blocks are shorter from now on because of @error, so that a new login will
 *   not meet it at once
 *
 * Since: 1.0
 */
gboolean
ibb_connection_set_state_with_error (IBBConnection     *self,
                                     IBBConnectionState state,
                                     const GError      *error)
{
  g_return_val_if_fail (IBB_IS_CONNECTION (self), FALSE);

  return ibb_connection_change_state (self, state, error);
}

/**
 * ibb_connection_closing:
 * @self: a connection
 *
 * Says that the connection will close its XML stream once it has sent all that it has taken. Before
 * the call returns, services send the last word of sessions that were given up, congested or not.
 * Called by implementations, in the connection's context, before they set the state to
 * %IBB_CONNECTION_STATE_OFFLINE.
 *
 * Since: 1.0
 */
void
ibb_connection_closing (IBBConnection *self)
{
  g_return_if_fail (IBB_IS_CONNECTION (self));

  ibb_connection_tell (self, IBB_CONNECTION_LEAVING);
}

/**
 * ibb_connection_drained:
 * @self: a connection
 *
 * Says that the connection is no longer congested. Called by implementations
 * of [vfunc@IBB.Connection.is_congested], from any thread.
 *
 * Since: 1.0
 */
void
ibb_connection_drained (IBBConnection *self)
{
  g_return_if_fail (IBB_IS_CONNECTION (self));

  ibb_connection_tell (self, IBB_CONNECTION_DRAINED);
}

/**
 * ibb_connection_note_stanza:
 * @self: a connection
 *
 * Says that the application has sent a stanza of its own over the XML stream. Called by
 * implementations, from any thread, for each IQ, message and presence of the application beside the
 * service: those that it sends without [method@IBB.Connection.send], and those that arrive and are
 * not passed to [method@IBB.Connection.receive]. Those two calls need no such note.
 *
 * While the application exchanges stanzas, services may send less at once, so that these
 * stanzas do not wait long behind blocks.
 *
 * Since: 1.0
 */
void
ibb_connection_note_stanza (IBBConnection *self)
{
  g_return_if_fail (IBB_IS_CONNECTION (self));

  ibb_connection_tell (self, IBB_CONNECTION_CHAT);
}
