/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ibb-request.h"

#include <glib/gi18n-lib.h>

#include "ibb-enum-types.h"
#include "ibb-error-private.h"
#include "ibb-service-private.h"

/**
 * IBBRequest:
 *
 * A peer's wish for a session, as [signal@IBB.Service::session-requested] tells
 * it.
 *
 * It is answered by [method@IBB.Request.accept] or [method@IBB.Request.refuse],
 * whichever comes first; it is refused with `not-acceptable` when its last
 * reference is dropped, and after [property@IBB.Service:accept-timeout].
 *
 * ## Threads
 *
 * Any thread may call any method; none of them waits.
 *
 * Since: 1.0
 */

struct _IBBRequest
{
  GObject parent_instance;

  /* immutable after construction */
  IBBWorker  *worker;  /* (owned): as a user */
  IBBSession *session; /* (owned) */
};

enum
{
  PROP_0,
  PROP_PEER_JID,
  PROP_LOCAL_JID,
  PROP_SID,
  PROP_BLOCK_SIZE,
  PROP_STANZA_TYPE,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

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
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
ibb_request_finalize (GObject *object)
{
  IBBRequest *self = IBB_REQUEST (object);

  if (self->worker != NULL)
    {
      ibb_worker_lock (self->worker);
      ibb_session_refuse (self->session, IBB_CONDITION_NOT_ACCEPTABLE, NULL,
                          g_get_monotonic_time ());
      ibb_worker_update_locked (self->worker);
      ibb_session_unref (self->session);
      ibb_worker_unlock (self->worker);
      ibb_worker_release (self->worker);
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
   * The JID of whoever asks.
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
   * The stanza that is to carry the blocks.
   *
   * Since: 1.0
   */
  props[PROP_STANZA_TYPE] = g_param_spec_enum ("stanza-type", NULL, NULL, IBB_TYPE_STANZA_TYPE,
                                               IBB_STANZA_TYPE_IQ, read_only);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
ibb_request_init (IBBRequest *self)
{
}

IBBRequest *
ibb_request_new (IBBWorker *worker, IBBSession *session)
{
  IBBRequest *self = g_object_new (IBB_TYPE_REQUEST, NULL);

  self->worker = worker;
  self->session = session;
  return self;
}

/**
 * ibb_request_get_peer_jid: (get-property peer-jid)
 * @self: a request
 *
 * Gets the JID of whoever asks.
 *
 * Returns: (not nullable): the JID
 *
 * Since: 1.0
 */
const char *
ibb_request_get_peer_jid (IBBRequest *self)
{
  g_return_val_if_fail (IBB_IS_REQUEST (self), NULL);

  return self->session != NULL ? ibb_session_get_peer (self->session) : "";
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

  return self->session != NULL ? ibb_session_get_local (self->session) : NULL;
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

  return self->session != NULL ? ibb_session_get_sid (self->session) : "";
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

  return self->session != NULL ? ibb_session_get_block_size (self->session) : 0;
}

/**
 * ibb_request_get_stanza_type: (get-property stanza-type)
 * @self: a request
 *
 * Gets the stanza that is to carry the blocks.
 *
 * Returns: the type
 *
 * Since: 1.0
 */
IBBStanzaType
ibb_request_get_stanza_type (IBBRequest *self)
{
  g_return_val_if_fail (IBB_IS_REQUEST (self), IBB_STANZA_TYPE_IQ);

  if (self->session != NULL && ibb_session_get_carrier (self->session) == IBB_CARRIER_MESSAGE)
    return IBB_STANZA_TYPE_MESSAGE;
  return IBB_STANZA_TYPE_IQ;
}

/**
 * ibb_request_accept:
 * @self: a request
 * @error: return location for an error
 *
 * Accepts the session.
 *
 * It fails when the request has been answered or withdrawn already:
 * %G_IO_ERROR_TIMED_OUT after [property@IBB.Service:accept-timeout],
 * %G_IO_ERROR_CONNECTION_CLOSED after the connection was lost,
 * %G_IO_ERROR_CANCELLED after the service was stopped, else
 * %G_IO_ERROR_CLOSED.
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

  if (self->worker != NULL)
    {
      ibb_worker_lock (self->worker);
      if (ibb_session_accept (self->session, g_get_monotonic_time ()))
        channel = ibb_channel_new_locked (self->worker, self->session);
      else if (ibb_session_get_state (self->session) == IBB_SESSION_ENDED)
        reason = ibb_worker_new_error_locked (self->worker, ibb_session_get_failure (self->session),
                                              self->session);
      ibb_worker_update_locked (self->worker);
      ibb_worker_unlock (self->worker);
    }
  if (channel != NULL)
    return ibb_transport_new (channel);

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
 * @condition: which stanza error to answer with: the value of an
 *   [error@IBB.Error]; `not-acceptable` for one that is no stanza error
 * @text: (nullable): what to tell the peer's user, or NULL
 *
 * Refuses the session. Without effect when the request has been answered
 * already.
 *
 * Since: 1.0
 */
void
ibb_request_refuse (IBBRequest *self, int condition, const char *text)
{
  IBBCondition answer;

  g_return_if_fail (IBB_IS_REQUEST (self));

  if (self->worker == NULL)
    return;
  if (!ibb_error_code_to_condition (condition, &answer))
    answer = IBB_CONDITION_NOT_ACCEPTABLE;

  ibb_worker_lock (self->worker);
  ibb_session_refuse (self->session, answer, text, g_get_monotonic_time ());
  ibb_worker_update_locked (self->worker);
  ibb_worker_unlock (self->worker);
}
