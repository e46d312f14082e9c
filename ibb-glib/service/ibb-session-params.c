/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ibb-session-params.h"

#include "base/intl.h"
#include "core/base/jid.h"
#include "ibb-enum-types.h"
#include "service/ibb-session-params-private.h"

/**
 * IBBSessionParams:
 *
 * The parameters of a session, for [method@IBB.Service.open_session] and
 * [method@IBB.Service.expect_session].
 *
 * Without parameters, both have the defaults below. A call copies what it needs: the
 * object can be changed and used again as soon as the call has returned.
 *
 * ```c
 * static IBBTransport *
 * open_named (IBBService *service, const char *peer, const char *sid, GError **error)
 * {
 *   g_autoptr (IBBSessionParams) params = ibb_session_params_new ();
 *
 *   ibb_session_params_set_sid (params, sid);
 *   ibb_session_params_set_block_size (params, 4096);
 *   return ibb_service_open_session (service, peer, params, NULL, error);
 * }
 * ```
 *
 * ## Threads
 *
 * One thread at a time may use the object.
 *
 * Since: 1.0
 */

enum
{
  PROP_0,
  PROP_STANZA_TYPE,
  PROP_BLOCK_SIZE,
  PROP_SID,
  PROP_LOCAL_JID,
  PROP_AGREED,
  PROP_EXPECT_TIMEOUT,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

struct _IBBSessionParams
{
  GObject parent_instance;

  IBBStanzaType stanza_type;
  guint         block_size;
  char         *sid;       /* (owned) (nullable) */
  char         *local_jid; /* (owned) (nullable) */
  gboolean      agreed;
  guint         expect_timeout;
};

G_DEFINE_FINAL_TYPE (IBBSessionParams, ibb_session_params, G_TYPE_OBJECT)

static void
ibb_session_params_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  IBBSessionParams *self = IBB_SESSION_PARAMS (object);

  switch (prop_id)
    {
    case PROP_STANZA_TYPE:
      g_value_set_enum (value, self->stanza_type);
      break;
    case PROP_BLOCK_SIZE:
      g_value_set_uint (value, self->block_size);
      break;
    case PROP_SID:
      g_value_set_string (value, self->sid);
      break;
    case PROP_LOCAL_JID:
      g_value_set_string (value, self->local_jid);
      break;
    case PROP_AGREED:
      g_value_set_boolean (value, self->agreed);
      break;
    case PROP_EXPECT_TIMEOUT:
      g_value_set_uint (value, self->expect_timeout);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
ibb_session_params_set_property (GObject      *object,
                                 guint         prop_id,
                                 const GValue *value,
                                 GParamSpec   *pspec)
{
  IBBSessionParams *self = IBB_SESSION_PARAMS (object);

  switch (prop_id)
    {
    case PROP_STANZA_TYPE:
      ibb_session_params_set_stanza_type (self, g_value_get_enum (value));
      break;
    case PROP_BLOCK_SIZE:
      ibb_session_params_set_block_size (self, g_value_get_uint (value));
      break;
    case PROP_SID:
      ibb_session_params_set_sid (self, g_value_get_string (value));
      break;
    case PROP_LOCAL_JID:
      ibb_session_params_set_local_jid (self, g_value_get_string (value));
      break;
    case PROP_AGREED:
      ibb_session_params_set_agreed (self, g_value_get_boolean (value));
      break;
    case PROP_EXPECT_TIMEOUT:
      ibb_session_params_set_expect_timeout (self, g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
ibb_session_params_finalize (GObject *object)
{
  IBBSessionParams *self = IBB_SESSION_PARAMS (object);

  g_free (self->sid);
  g_free (self->local_jid);
  G_OBJECT_CLASS (ibb_session_params_parent_class)->finalize (object);
}

static void
ibb_session_params_class_init (IBBSessionParamsClass *class)
{
  const GParamFlags read_write =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GObjectClass *object_class = G_OBJECT_CLASS (class);

  object_class->get_property = ibb_session_params_get_property;
  object_class->set_property = ibb_session_params_set_property;
  object_class->finalize = ibb_session_params_finalize;

  /**
   * IBBSessionParams:stanza-type:
   *
   * The stanza that carries the blocks (XEP-0047 §2.1). An expectation that is not
   * [property@IBB.SessionParams:agreed] accepts either.
   *
   * Default: %IBB_STANZA_TYPE_IQ.
   *
   * Since: 1.0
   */
  props[PROP_STANZA_TYPE] = g_param_spec_enum ("stanza-type", NULL, NULL, IBB_TYPE_STANZA_TYPE,
                                               IBB_STANZA_TYPE_IQ, read_write);

  /**
   * IBBSessionParams:block-size:
   *
   * The most bytes that a block may carry, 1 to 65535; 0 for
   * [property@IBB.Service:default-block-size].
   *
   * A peer that answers `resource-constraint` is asked again with half the size, down to
   * 256 bytes, unless the parameters are [property@IBB.SessionParams:agreed]. An expectation
   * that is not agreed accepts any size. A call with more than 65535 fails with
   * %G_IO_ERROR_INVALID_ARGUMENT.
   *
   * Default: 0.
   *
   * Since: 1.0
   */
  props[PROP_BLOCK_SIZE] =
      g_param_spec_uint ("block-size", NULL, NULL, 0, G_MAXUINT, 0, read_write);

  /**
   * IBBSessionParams:sid:
   *
   * The session identifier of a session to open, an NMTOKEN of at most 256 bytes; %NULL for
   * a random one. [method@IBB.Service.expect_session] has an argument of its own for it, which this
   * one has to equal if it is set.
   *
   * Default: %NULL.
   *
   * Since: 1.0
   */
  props[PROP_SID] = g_param_spec_string ("sid", NULL, NULL, NULL, read_write);

  /**
   * IBBSessionParams:local-jid:
   *
   * Our address in the session; %NULL for [property@IBB.Connection:local-jid] to open a
   * session, and for any of our addresses to expect one.
   *
   * Over the connection of a domain, such as that of an
   * [`IBBXmpp.Component`](../ibb-xmpp-1.0/class.Component.html), each address of the domain can
   * be used, such as `echo@bots.example.org`, and the domain itself. Another connection has only
   * its own. A call with an address that the connection does not have fails with
   * %G_IO_ERROR_INVALID_ARGUMENT.
   *
   * Default: %NULL.
   *
   * Since: 1.0
   */
  props[PROP_LOCAL_JID] = g_param_spec_string ("local-jid", NULL, NULL, NULL, read_write);

  /**
   * IBBSessionParams:agreed:
   *
   * Whether a negotiation elsewhere, such as Jingle (XEP-0261), has agreed on
   * [property@IBB.SessionParams:stanza-type] and [property@IBB.SessionParams:block-size].
   * If not, an open proposes them.
   *
   * An agreed session is opened with exactly these: if the peer refuses the block size, the open
   * fails with `resource-constraint`, and is not repeated with a smaller one. An expectation takes
   * an open with that block size or a smaller one, as chat clients may send. A larger block size is
   * answered `resource-constraint` (XEP-0261 §2.2), another stanza type `not-acceptable`; then the
   * expectation goes on waiting. A call without a block size fails with
   * %G_IO_ERROR_INVALID_ARGUMENT. The page [Opening and accepting](opening.html#agreed-sessions)
   * says what the negotiation has to do.
   *
   * Default: %FALSE.
   *
   * Since: 1.0
   */
  props[PROP_AGREED] = g_param_spec_boolean ("agreed", NULL, NULL, FALSE, read_write);

  /**
   * IBBSessionParams:expect-timeout:
   *
   * How long [method@IBB.Service.expect_session] waits for the session, in milliseconds; 0 for no
   * end. Then the expectation is gone, and the call fails with %G_IO_ERROR_TIMED_OUT. A session
   * that is opened has [property@IBB.Service:open-timeout] instead.
   *
   * Default: 0.
   *
   * Since: 1.0
   */
  props[PROP_EXPECT_TIMEOUT] =
      g_param_spec_uint ("expect-timeout", NULL, NULL, 0, G_MAXUINT, 0, read_write);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
ibb_session_params_init (IBBSessionParams *self)
{
}

/**
 * ibb_session_params_new:
 *
 * Makes parameters that have the defaults.
 *
 * Returns: (transfer full): parameters
 *
 * Since: 1.0
 */
IBBSessionParams *
ibb_session_params_new (void)
{
  return g_object_new (IBB_TYPE_SESSION_PARAMS, NULL);
}

/**
 * ibb_session_params_get_stanza_type: (get-property stanza-type)
 * @self: parameters
 *
 * Gets the stanza that carries the blocks.
 *
 * Returns: the stanza type; see [property@IBB.SessionParams:stanza-type]
 *
 * Since: 1.0
 */
IBBStanzaType
ibb_session_params_get_stanza_type (IBBSessionParams *self)
{
  g_return_val_if_fail (IBB_IS_SESSION_PARAMS (self), 0);

  return self->stanza_type;
}

/**
 * ibb_session_params_set_stanza_type: (set-property stanza-type)
 * @self: parameters
 * @stanza_type: the stanza type; see [property@IBB.SessionParams:stanza-type]
 *
 * Sets the stanza that carries the blocks.
 *
 * Since: 1.0
 */
void
ibb_session_params_set_stanza_type (IBBSessionParams *self, IBBStanzaType stanza_type)
{
  g_return_if_fail (IBB_IS_SESSION_PARAMS (self));

  if (self->stanza_type == stanza_type)
    return;
  self->stanza_type = stanza_type;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STANZA_TYPE]);
}

/**
 * ibb_session_params_get_block_size: (get-property block-size)
 * @self: parameters
 *
 * Gets the most bytes that a block may carry.
 *
 * Returns: the number of bytes; see [property@IBB.SessionParams:block-size]
 *
 * Since: 1.0
 */
guint
ibb_session_params_get_block_size (IBBSessionParams *self)
{
  g_return_val_if_fail (IBB_IS_SESSION_PARAMS (self), 0);

  return self->block_size;
}

/**
 * ibb_session_params_set_block_size: (set-property block-size)
 * @self: parameters
 * @block_size: the number of bytes; see [property@IBB.SessionParams:block-size]
 *
 * Sets the most bytes that a block may carry.
 *
 * Since: 1.0
 */
void
ibb_session_params_set_block_size (IBBSessionParams *self, guint block_size)
{
  g_return_if_fail (IBB_IS_SESSION_PARAMS (self));

  if (self->block_size == block_size)
    return;
  self->block_size = block_size;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_BLOCK_SIZE]);
}

/**
 * ibb_session_params_get_sid: (get-property sid)
 * @self: parameters
 *
 * Gets the session identifier of a session to open.
 *
 * Returns: (nullable): the sid; see [property@IBB.SessionParams:sid]
 *
 * Since: 1.0
 */
const char *
ibb_session_params_get_sid (IBBSessionParams *self)
{
  g_return_val_if_fail (IBB_IS_SESSION_PARAMS (self), NULL);

  return self->sid;
}

/**
 * ibb_session_params_set_sid: (set-property sid)
 * @self: parameters
 * @sid: (nullable): the sid; see [property@IBB.SessionParams:sid]
 *
 * Sets the session identifier of a session to open.
 *
 * Since: 1.0
 */
void
ibb_session_params_set_sid (IBBSessionParams *self, const char *sid)
{
  g_return_if_fail (IBB_IS_SESSION_PARAMS (self));

  if (g_strcmp0 (self->sid, sid) == 0)
    return;
  g_free (self->sid);
  self->sid = g_strdup (sid);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SID]);
}

/**
 * ibb_session_params_get_local_jid: (get-property local-jid)
 * @self: parameters
 *
 * Gets our address in the session.
 *
 * Returns: (nullable): the JID; see [property@IBB.SessionParams:local-jid]
 *
 * Since: 1.0
 */
const char *
ibb_session_params_get_local_jid (IBBSessionParams *self)
{
  g_return_val_if_fail (IBB_IS_SESSION_PARAMS (self), NULL);

  return self->local_jid;
}

/**
 * ibb_session_params_set_local_jid: (set-property local-jid)
 * @self: parameters
 * @local_jid: (nullable): the JID; see [property@IBB.SessionParams:local-jid]
 *
 * Sets our address in the session.
 *
 * Since: 1.0
 */
void
ibb_session_params_set_local_jid (IBBSessionParams *self, const char *local_jid)
{
  g_return_if_fail (IBB_IS_SESSION_PARAMS (self));

  if (g_strcmp0 (self->local_jid, local_jid) == 0)
    return;
  g_free (self->local_jid);
  self->local_jid = g_strdup (local_jid);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_LOCAL_JID]);
}

/**
 * ibb_session_params_get_agreed: (get-property agreed)
 * @self: parameters
 *
 * Gets whether stanza type and block size are agreed.
 *
 * Returns: TRUE if so; see [property@IBB.SessionParams:agreed]
 *
 * Since: 1.0
 */
gboolean
ibb_session_params_get_agreed (IBBSessionParams *self)
{
  g_return_val_if_fail (IBB_IS_SESSION_PARAMS (self), FALSE);

  return self->agreed;
}

/**
 * ibb_session_params_set_agreed: (set-property agreed)
 * @self: parameters
 * @agreed: TRUE if so; see [property@IBB.SessionParams:agreed]
 *
 * Sets whether stanza type and block size are agreed.
 *
 * Since: 1.0
 */
void
ibb_session_params_set_agreed (IBBSessionParams *self, gboolean agreed)
{
  g_return_if_fail (IBB_IS_SESSION_PARAMS (self));

  if (self->agreed == !!agreed)
    return;
  self->agreed = !!agreed;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_AGREED]);
}

/**
 * ibb_session_params_get_expect_timeout: (get-property expect-timeout)
 * @self: parameters
 *
 * Gets how long a session is expected.
 *
 * Returns: milliseconds; see [property@IBB.SessionParams:expect-timeout]
 *
 * Since: 1.0
 */
guint
ibb_session_params_get_expect_timeout (IBBSessionParams *self)
{
  g_return_val_if_fail (IBB_IS_SESSION_PARAMS (self), 0);

  return self->expect_timeout;
}

/**
 * ibb_session_params_set_expect_timeout: (set-property expect-timeout)
 * @self: parameters
 * @expect_timeout: milliseconds; see [property@IBB.SessionParams:expect-timeout]
 *
 * Sets how long a session is expected.
 *
 * Since: 1.0
 */
void
ibb_session_params_set_expect_timeout (IBBSessionParams *self, guint expect_timeout)
{
  g_return_if_fail (IBB_IS_SESSION_PARAMS (self));

  if (self->expect_timeout == expect_timeout)
    return;
  self->expect_timeout = expect_timeout;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_EXPECT_TIMEOUT]);
}

/* Checks of arguments. FALSE with %G_IO_ERROR_INVALID_ARGUMENT set if one is wrong; nothing has
 * been sent then. */

static gboolean
check_jid (const char *jid, GError **error)
{
  g_autofree char *normal = ibb_jid_normalize (jid);

  g_autofree char *valid = NULL;

  if (normal != NULL)
    return TRUE;
  valid = g_utf8_make_valid (jid != NULL ? jid : "", -1);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               _ ("Invalid JID “%s” (expected user@host/resource)"), valid);
  return FALSE;
}

static gboolean
check_sid (const char *sid, GError **error)
{
  g_autofree char *valid = NULL;

  if (ibb_stanza_is_valid_sid (sid))
    return TRUE;
  valid = g_utf8_make_valid (sid, -1);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               _ ("Invalid session identifier “%s” (expected 1 to %d letters, digits and “.-_:”)"),
               valid, IBB_SID_MAX_LENGTH);
  return FALSE;
}

/* An agreed session needs a block size; otherwise 0 stands for the default. */
static gboolean
check_block_size (guint block_size, gboolean is_agreed, GError **error)
{
  if (block_size <= IBB_BLOCK_SIZE_MAX && (block_size > 0 || !is_agreed))
    return TRUE;
  if (block_size == 0)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                         _ ("Missing block size of an agreed session"));
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 _ ("Invalid block size %u (XEP-0047 allows at most %d bytes)"), block_size,
                 IBB_BLOCK_SIZE_MAX);
  return FALSE;
}

static gboolean
check (const IBBOpen *open, GError **error)
{
  return check_jid (open->peer, error) && (open->local == NULL || check_jid (open->local, error)) &&
         (open->sid == NULL || check_sid (open->sid, error)) &&
         check_block_size (open->block_size, open->is_agreed, error);
}

static void
fill (IBBSessionParams *self, const char *peer_jid, IBBSessionCall call, IBBSessionWish *wish)
{
  *wish = (IBBSessionWish){ .call = call, .open.peer = peer_jid };
  if (self == NULL)
    return;

  wish->open.local = self->local_jid;
  wish->open.sid = self->sid;
  wish->open.block_size = self->block_size;
  wish->open.by_message = self->stanza_type == IBB_STANZA_TYPE_MESSAGE;
  wish->open.is_agreed = self->agreed;
  wish->timeout = call == IBB_SESSION_CALL_EXPECT ? self->expect_timeout : 0;
}

gboolean
ibb_session_params_fill_open (IBBSessionParams *self,
                              const char       *peer_jid,
                              IBBSessionWish   *wish,
                              GError          **error)
{
  fill (self, peer_jid, IBB_SESSION_CALL_OPEN, wish);
  return check (&wish->open, error);
}

gboolean
ibb_session_params_fill_expected (IBBSessionParams *self,
                                  const char       *peer_jid,
                                  const char       *sid,
                                  IBBSessionWish   *wish,
                                  GError          **error)
{
  if (self != NULL && self->sid != NULL && g_strcmp0 (self->sid, sid) != 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _ ("The parameters name another session than “%s”"), sid);
      return FALSE;
    }
  fill (self, peer_jid, IBB_SESSION_CALL_EXPECT, wish);
  wish->open.sid = sid != NULL ? sid : "";
  /* An expectation that is not agreed takes any block size and stanza type. */
  if (!wish->open.is_agreed)
    wish->open.block_size = 0;
  return check (&wish->open, error);
}
