/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ibb-request.h"

#include "base/callback-source.h"
#include "base/ibb-error-private.h"
#include "base/intl.h"
#include "base/weak.h"
#include "core/session/lifecycle.h"
#include "ibb-enum-types.h"
#include "ibb-jid.h"
#include "service/ibb-service-private.h"
#include "service/ibb-transport-private.h"

/**
 * IBBRequest:
 *
 * An open by a peer that waits for the answer of the application: see
 * [signal@IBB.Service::session-requested].
 *
 * It is answered by [method@IBB.Request.accept] or [method@IBB.Request.refuse],
 * whichever comes first; it is refused with `not-acceptable` when its last
 * reference is dropped, and after [property@IBB.Service:accept-timeout].
 *
 * While [property@IBB.Request:pending] is TRUE it can be answered. When it ends
 * without an answer of the application, [signal@IBB.Request::withdrawn] says why:
 * a dialogue that asks the user closes then.
 *
 * ```c
 * static gboolean
 * on_requested (IBBService *service, IBBRequest *request, GPtrArray *transports)
 * {
 *   IBBTransport *transport = NULL;
 *
 *   if (ibb_request_is_from (request, "juliet@example.org"))
 *     transport = ibb_request_accept (request, NULL); // NULL: the peer has gone meanwhile
 *   else
 *     ibb_request_refuse (request, IBB_STANZA_CONDITION_NOT_ACCEPTABLE, NULL);
 *   if (transport != NULL)
 *     g_ptr_array_add (transports, transport);
 *   return TRUE;
 * }
 * ```
 *
 * ## Threads
 *
 * Any thread may call any method; none of them waits. Its signals, `notify`
 * included, are emitted in the thread-default context in which the service was
 * constructed.
 *
 * Since: 1.0
 */

struct _IBBRequest
{
  GObject parent_instance;

  /* immutable after construction */
  IBBWeak        *service; /* (owned): its list */
  IBBHost        *host;    /* (owned): as a user */
  IBBSession     *session; /* (owned) */
  IBBSessionOwner owner;
  GSource        *source; /* (owned): emits the signals */
  /* What the peer asked for. The session may go on from other addresses, with other terms. */
  char    *peer_jid;  /* (owned) */
  char    *local_jid; /* (owned) (nullable) */
  char    *sid;       /* (owned) */
  guint    block_size;
  gboolean by_message;

  /* protected by the host's lock */
  gboolean pending; /* neither answered nor withdrawn */
  GError  *reason;  /* (owned) (nullable): why it was withdrawn */
};

enum
{
  PROP_0,
  PROP_PEER_JID,
  PROP_LOCAL_JID,
  PROP_SID,
  PROP_BLOCK_SIZE,
  PROP_STANZA_TYPE,
  PROP_PENDING,
  N_PROPS
};

enum
{
  SIGNAL_WITHDRAWN,
  N_SIGNALS
};

static GParamSpec *props[N_PROPS];
static guint       signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (IBBRequest, ibb_request, G_TYPE_OBJECT)

static void
ibb_request_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  IBBRequest *self = IBB_REQUEST (object);

  switch (prop_id)
    {
    case PROP_PEER_JID:
      g_value_set_string (value, ibb_request_get_peer_jid (self));
      break;
    case PROP_LOCAL_JID:
      g_value_set_string (value, ibb_request_get_local_jid (self));
      break;
    case PROP_SID:
      g_value_set_string (value, ibb_request_get_sid (self));
      break;
    case PROP_BLOCK_SIZE:
      g_value_set_uint (value, ibb_request_get_block_size (self));
      break;
    case PROP_STANZA_TYPE:
      g_value_set_enum (value, ibb_request_get_stanza_type (self));
      break;
    case PROP_PENDING:
      g_value_set_boolean (value, ibb_request_is_pending (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

/* The request is no longer pending, and the session calls it no more. */
static void
settle_locked (IBBRequest *self)
{
  self->pending = FALSE;
  self->session->data = NULL;
  g_source_set_ready_time (self->source, 0);
}

static gboolean
is_pending_locked (IBBRequest *self)
{
  return self->pending && ibb_session_get_state (self->session) == IBB_SESSION_REQUESTED;
}

static void
session_changed_locked (gpointer data, IBBSession *session)
{
  IBBRequest *self = data;

  if (!self->pending || is_pending_locked (self))
    return;
  self->reason = ibb_host_new_error_locked (self->host, self->session);
  settle_locked (self);
}

static void
emit_end (gpointer data)
{
  IBBRequest        *self = data;
  g_autoptr (GError) reason = NULL;

  ibb_host_lock (self->host);
  if (self->reason != NULL)
    reason = g_error_copy (self->reason);
  ibb_host_unlock (self->host);

  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PENDING]);
  if (reason != NULL)
    g_signal_emit (self, signals[SIGNAL_WITHDRAWN], 0, reason);
}

static void
ibb_request_finalize (GObject *object)
{
  IBBRequest *self = IBB_REQUEST (object);

  if (self->host != NULL)
    {
      g_source_destroy (self->source);
      ibb_host_lock (self->host);
      if (self->pending)
        self->session->data = NULL;
      ibb_lifecycle_refuse (self->session, IBB_CONDITION_NOT_ACCEPTABLE, NULL);
      ibb_host_update_locked (self->host);
      ibb_session_unref (self->session);
      ibb_host_unlock (self->host);
      ibb_host_release (self->host);
      g_source_unref (self->source);
      ibb_weak_unref (self->service);
      g_clear_error (&self->reason);
      g_free (self->peer_jid);
      g_free (self->local_jid);
      g_free (self->sid);
    }
  G_OBJECT_CLASS (ibb_request_parent_class)->finalize (object);
}

static void
ibb_request_class_init (IBBRequestClass *class)
{
  const GParamFlags read_only = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  GObjectClass     *object_class = G_OBJECT_CLASS (class);

  object_class->get_property = ibb_request_get_property;
  object_class->finalize = ibb_request_finalize;

  /**
   * IBBRequest:peer-jid:
   *
   * The full JID of the peer that requests the session.
   *
   * Since: 1.0
   */
  props[PROP_PEER_JID] = g_param_spec_string ("peer-jid", NULL, NULL, NULL, read_only);

  /**
   * IBBRequest:local-jid:
   *
   * The JID that was asked.
   *
   * Since: 1.0
   */
  props[PROP_LOCAL_JID] = g_param_spec_string ("local-jid", NULL, NULL, NULL, read_only);

  /**
   * IBBRequest:sid:
   *
   * The session identifier that the peer chose.
   *
   * Since: 1.0
   */
  props[PROP_SID] = g_param_spec_string ("sid", NULL, NULL, NULL, read_only);

  /**
   * IBBRequest:block-size:
   *
   * The block size that the peer proposes, in bytes.
   *
   * Since: 1.0
   */
  props[PROP_BLOCK_SIZE] =
      g_param_spec_uint ("block-size", NULL, NULL, 0, IBB_BLOCK_SIZE_MAX, 0, read_only);

  /**
   * IBBRequest:stanza-type:
   *
   * The stanza type that the peer proposes.
   *
   * Since: 1.0
   */
  props[PROP_STANZA_TYPE] = g_param_spec_enum ("stanza-type", NULL, NULL, IBB_TYPE_STANZA_TYPE,
                                               IBB_STANZA_TYPE_IQ, read_only);

  /**
   * IBBRequest:pending: (getter is_pending)
   *
   * Whether the request can still be answered.
   *
   * It is TRUE until the application accepts or refuses, or the request ends
   * without that (see [signal@IBB.Request::withdrawn]), and FALSE ever after.
   * The value changes at once, `notify` follows in the context of the service's
   * signals.
   *
   * Since: 1.0
   */
  props[PROP_PENDING] = g_param_spec_boolean ("pending", NULL, NULL, FALSE, read_only);

  g_object_class_install_properties (object_class, N_PROPS, props);

  /**
   * IBBRequest::withdrawn:
   * @self: the request
   * @error: why it can no longer be answered
   *
   * The request ended before the application has answered it.
   *
   * The error is that of a later [method@IBB.Request.accept]:
   * %G_IO_ERROR_CLOSED when the peer closed the session that it had asked for,
   * %G_IO_ERROR_TIMED_OUT after [property@IBB.Service:accept-timeout],
   * %G_IO_ERROR_CONNECTION_CLOSED when the connection was lost,
   * %G_IO_ERROR_CANCELLED when the service was stopped or dropped. Nothing needs
   * to be done about the request but to stop asking the user.
   *
   * Emitted once, in the thread-default context in which the service was
   * constructed, and after [signal@IBB.Service::session-requested], also in a main
   * loop that a handler of that signal runs. It is not emitted after an answer of
   * the application. A handler may do anything, dropping the request's last
   * reference included.
   *
   * Since: 1.0
   */
  signals[SIGNAL_WITHDRAWN] = g_signal_new ("withdrawn", IBB_TYPE_REQUEST, G_SIGNAL_RUN_LAST, 0,
                                            NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
ibb_request_init (IBBRequest *self)
{
}

IBBRequest *
ibb_request_new (IBBService *service, IBBHost *host, IBBSession *session)
{
  IBBRequest *self = g_object_new (IBB_TYPE_REQUEST, NULL);

  self->service = ibb_weak_new (service);
  self->host = host;
  self->session = session;
  self->source = ibb_callback_source_new_for_object ("[ibb-glib] request", self, emit_end);
  g_source_attach (self->source, ibb_host_get_signal_context (host));
  self->owner.changed_locked = session_changed_locked;
  self->owner.object = self;

  ibb_host_lock (host);
  self->peer_jid = g_strdup (session->parameters.peer_jid);
  self->local_jid = g_strdup (session->parameters.local_jid);
  self->sid = g_strdup (session->parameters.key.sid);
  self->block_size = session->parameters.block_size;
  self->by_message = session->parameters.by_message;
  self->pending = TRUE;
  session->data = &self->owner;
  session_changed_locked (self, session); /* the session may have ended before the signal */
  ibb_host_unlock (host);
  return self;
}

/**
 * ibb_request_get_peer_jid: (get-property peer-jid)
 * @self: a request
 *
 * Gets the full JID of the peer that requests the session.
 *
 * Returns: (not nullable): the JID
 *
 * Since: 1.0
 */
const char *
ibb_request_get_peer_jid (IBBRequest *self)
{
  g_return_val_if_fail (IBB_IS_REQUEST (self), NULL);

  /* A binding can make a request that has no session. */
  return self->peer_jid != NULL ? self->peer_jid : "";
}

/**
 * ibb_request_is_from:
 * @self: a request
 * @jid: a JID; a bare one stands for all resources of the account
 *
 * Checks whether the session is requested by that account or resource, as
 * [func@IBB.jid_is_from] compares addresses.
 *
 * Returns: %TRUE if it is; %FALSE also for what is not a valid JID
 *
 * Since: 1.0
 */
gboolean
ibb_request_is_from (IBBRequest *self, const char *jid)
{
  g_return_val_if_fail (IBB_IS_REQUEST (self), FALSE);

  return ibb_jid_is_from (ibb_request_get_peer_jid (self), jid);
}

/**
 * ibb_request_get_local_jid: (get-property local-jid)
 * @self: a request
 *
 * Gets the JID that was asked.
 *
 * Returns: (nullable): the JID; NULL if neither the stanza nor the connection
 *   told it
 *
 * Since: 1.0
 */
const char *
ibb_request_get_local_jid (IBBRequest *self)
{
  g_return_val_if_fail (IBB_IS_REQUEST (self), NULL);

  return self->local_jid;
}

/**
 * ibb_request_get_sid: (get-property sid)
 * @self: a request
 *
 * Gets the session identifier that the peer chose.
 *
 * Returns: (not nullable): the sid
 *
 * Since: 1.0
 */
const char *
ibb_request_get_sid (IBBRequest *self)
{
  g_return_val_if_fail (IBB_IS_REQUEST (self), NULL);

  return self->sid != NULL ? self->sid : "";
}

/**
 * ibb_request_get_block_size: (get-property block-size)
 * @self: a request
 *
 * Gets the block size that the peer proposes.
 *
 * Returns: the size in bytes, 1 to 65535
 *
 * Since: 1.0
 */
guint
ibb_request_get_block_size (IBBRequest *self)
{
  g_return_val_if_fail (IBB_IS_REQUEST (self), 0);

  return self->block_size;
}

/**
 * ibb_request_get_stanza_type: (get-property stanza-type)
 * @self: a request
 *
 * Gets the stanza type that the peer proposes.
 *
 * Returns: the type
 *
 * Since: 1.0
 */
IBBStanzaType
ibb_request_get_stanza_type (IBBRequest *self)
{
  g_return_val_if_fail (IBB_IS_REQUEST (self), IBB_STANZA_TYPE_IQ);

  return self->by_message ? IBB_STANZA_TYPE_MESSAGE : IBB_STANZA_TYPE_IQ;
}

/**
 * ibb_request_is_pending: (get-property pending)
 * @self: a request
 *
 * Tells whether the request can still be answered. Unless
 * [method@IBB.Request.accept] is called in the same step, the answer may be out of
 * date: the peer can withdraw the request at any time.
 *
 * Returns: TRUE until it is answered or withdrawn
 *
 * Since: 1.0
 */
gboolean
ibb_request_is_pending (IBBRequest *self)
{
  gboolean pending;

  g_return_val_if_fail (IBB_IS_REQUEST (self), FALSE);

  if (self->host == NULL)
    return FALSE;
  ibb_host_lock (self->host);
  pending = is_pending_locked (self);
  ibb_host_unlock (self->host);
  return pending;
}

/**
 * ibb_request_accept:
 * @self: a request
 * @error: return location for an error
 *
 * Accepts the session.
 *
 * It fails when the request has been answered already, with %G_IO_ERROR_CLOSED,
 * and when it was withdrawn, with the error of
 * [signal@IBB.Request::withdrawn].
 *
 * Returns: (transfer full): the session; keep a reference to keep it
 *
 * Since: 1.0
 */
IBBTransport *
ibb_request_accept (IBBRequest *self, GError **error)
{
  g_autoptr (IBBChannel) channel = NULL;
  g_autoptr (GError)     reason = NULL;

  g_return_val_if_fail (IBB_IS_REQUEST (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (self->host != NULL)
    {
      ibb_host_lock (self->host);
      if (ibb_lifecycle_accept (self->session, g_get_monotonic_time ()))
        {
          settle_locked (self);
          channel = ibb_channel_new_locked (self->host, self->session);
        }
      else
        session_changed_locked (self, self->session);
      if (self->reason != NULL)
        reason = g_error_copy (self->reason);
      ibb_host_update_locked (self->host);
      ibb_host_unlock (self->host);
    }
  if (channel != NULL)
    {
      IBBTransport          *transport = ibb_transport_new_take (g_steal_pointer (&channel));
      g_autoptr (IBBService) service = ibb_weak_get (self->service);

      if (service != NULL)
        ibb_service_list_update_here (service);
      return transport;
    }

  if (reason == NULL)
    reason = g_error_new (G_IO_ERROR, G_IO_ERROR_CLOSED,
                          _ ("The request of “%s” has been answered already"),
                          ibb_request_get_peer_jid (self));
  g_propagate_error (error, g_steal_pointer (&reason));
  return NULL;
}

/**
 * ibb_request_refuse:
 * @self: a request
 * @condition: the stanza error condition of the answer;
 *   %IBB_STANZA_CONDITION_NONE stands for `not-acceptable`
 * @text: (nullable): what to tell the peer's user, or NULL
 *
 * Refuses the session. Without effect when the request has been answered
 * already.
 *
 * Since: 1.0
 */
void
ibb_request_refuse (IBBRequest *self, IBBStanzaCondition condition, const char *text)
{
  g_return_if_fail (IBB_IS_REQUEST (self));

  if (self->host == NULL)
    return;

  ibb_host_lock (self->host);
  if (ibb_lifecycle_refuse (self->session,
                            ibb_error_to_condition (condition, IBB_CONDITION_NOT_ACCEPTABLE), text))
    {
      ibb_host_trace_locked (self->host, "Session %s with %s: refused", self->sid, self->peer_jid);
      settle_locked (self);
    }
  ibb_host_update_locked (self->host);
  ibb_host_unlock (self->host);
}
