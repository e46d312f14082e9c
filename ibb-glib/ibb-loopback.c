/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ibb-loopback.h"

#include "core/base/jid.h"
#include "loopback/loopback-connection.h"

/**
 * IBBLoopback:
 *
 * Routes stanzas within the process as an XMPP server does, for demonstrations
 * and for tests of applications.
 *
 * Each [method@IBB.Loopback.attach] makes a connection with a JID of its own.
 * Services on two of these connections can open sessions to each other. A request
 * to any other JID is answered `service-unavailable`, as a server would;
 * disco#info and ping are answered, as a client would.
 *
 * Latency, a rate limit and faults are properties, so that an application can be
 * tested over a bad network.
 *
 * ```c
 * static IBBTransport *
 * open_within_process (GError **error)
 * {
 *   g_autoptr (IBBLoopback) loopback = ibb_loopback_new ();
 *   g_autoptr (IBBConnection) romeo = ibb_loopback_attach (loopback, "romeo@example.net/a");
 *   g_autoptr (IBBConnection) juliet = ibb_loopback_attach (loopback, "juliet@example.org/b");
 *   g_autoptr (IBBService) opener = ibb_service_new (romeo);
 *   g_autoptr (IBBService) acceptor = ibb_service_new (juliet);
 *
 *   ibb_service_accept_async (acceptor, NULL, NULL, NULL);
 *   return ibb_service_open_session (opener, "juliet@example.org/b", NULL, NULL, error);
 * }
 * ```
 *
 * ## Threads
 *
 * A loopback has a thread of its own, on which its connections work, so
 * synchronous calls work in every thread of the application. Any thread may
 * call any method. Signals of a connection are emitted in the thread-default
 * context in which it was attached. The loopback lives until it and all its
 * connections have been dropped.
 *
 * Since: 1.0
 */

struct _IBBLoopback
{
  GObject parent_instance;

  IBBHub *hub; /* (owned): immutable after construction */
};

enum
{
  PROP_0,
  PROP_LATENCY,
  PROP_RATE,
  PROP_DROP_PROBABILITY,
  PROP_BOUNCE_PROBABILITY,
  PROP_DUPLICATE_PROBABILITY,
  PROP_SEED,
  PROP_CARRY_XML,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (IBBLoopback, ibb_loopback, G_TYPE_OBJECT)

static void
ibb_loopback_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  IBBHubSettings settings;

  ibb_hub_get_settings (IBB_LOOPBACK (object)->hub, &settings);
  switch (prop_id)
    {
    case PROP_LATENCY:
      g_value_set_uint (value, settings.latency);
      break;
    case PROP_RATE:
      g_value_set_uint64 (value, settings.rate);
      break;
    case PROP_DROP_PROBABILITY:
      g_value_set_double (value, settings.drop_probability);
      break;
    case PROP_BOUNCE_PROBABILITY:
      g_value_set_double (value, settings.bounce_probability);
      break;
    case PROP_DUPLICATE_PROBABILITY:
      g_value_set_double (value, settings.duplicate_probability);
      break;
    case PROP_SEED:
      g_value_set_uint (value, settings.seed);
      break;
    case PROP_CARRY_XML:
      g_value_set_boolean (value, settings.carry_xml);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
ibb_loopback_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  IBBLoopback    *self = IBB_LOOPBACK (object);
  g_auto (GValue) before = G_VALUE_INIT;
  IBBHubSettings  settings;

  g_object_get_property (object, pspec->name, &before);
  if (g_param_values_cmp (pspec, value, &before) == 0)
    return;

  ibb_hub_get_settings (self->hub, &settings);
  switch (prop_id)
    {
    case PROP_LATENCY:
      settings.latency = g_value_get_uint (value);
      break;
    case PROP_RATE:
      settings.rate = g_value_get_uint64 (value);
      break;
    case PROP_DROP_PROBABILITY:
      settings.drop_probability = g_value_get_double (value);
      break;
    case PROP_BOUNCE_PROBABILITY:
      settings.bounce_probability = g_value_get_double (value);
      break;
    case PROP_DUPLICATE_PROBABILITY:
      settings.duplicate_probability = g_value_get_double (value);
      break;
    case PROP_SEED:
      settings.seed = g_value_get_uint (value);
      break;
    case PROP_CARRY_XML:
      settings.carry_xml = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
  ibb_hub_set_settings (self->hub, &settings);
  g_object_notify_by_pspec (object, pspec);
}

static void
ibb_loopback_finalize (GObject *object)
{
  IBBLoopback *self = IBB_LOOPBACK (object);

  ibb_hub_unref (self->hub);
  G_OBJECT_CLASS (ibb_loopback_parent_class)->finalize (object);
}

static void
ibb_loopback_class_init (IBBLoopbackClass *class)
{
  const GParamFlags read_write =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GObjectClass *object_class = G_OBJECT_CLASS (class);

  object_class->get_property = ibb_loopback_get_property;
  object_class->set_property = ibb_loopback_set_property;
  object_class->finalize = ibb_loopback_finalize;

  /**
   * IBBLoopback:latency:
   *
   * The latency of a stanza in one direction, in milliseconds.
   *
   * Default: 0 milliseconds.
   *
   * Since: 1.0
   */
  props[PROP_LATENCY] = g_param_spec_uint ("latency", NULL, NULL, 0, G_MAXUINT, 0, read_write);

  /**
   * IBBLoopback:rate:
   *
   * The rate limit of each connection, in bytes of XML per second (estimated); 0
   * for no limit. Stanzas above the limit wait.
   *
   * Default: 0.
   *
   * Since: 1.0
   */
  props[PROP_RATE] = g_param_spec_uint64 ("rate", NULL, NULL, 0, G_MAXUINT64, 0, read_write);

  /**
   * IBBLoopback:drop-probability:
   *
   * The probability that a stanza is lost, from 0 to 1. Answers are lost as well.
   * XMPP loses nothing while its connections last, so a session that loses a
   * block does not go on.
   *
   * Default: 0.
   *
   * Since: 1.0
   */
  props[PROP_DROP_PROBABILITY] =
      g_param_spec_double ("drop-probability", NULL, NULL, 0.0, 1.0, 0.0, read_write);

  /**
   * IBBLoopback:bounce-probability:
   *
   * The probability that a request or message comes back with the error
   * `recipient-unavailable`, after which it may be sent again; from 0 to 1.
   *
   * A block that comes back is sent again. But if others were on their way
   * behind it, the peer sees a gap and has to end the session (XEP-0047 §2.2);
   * set [property@IBB.Service:window] to 1 to have one at a time.
   *
   * Default: 0.
   *
   * Since: 1.0
   */
  props[PROP_BOUNCE_PROBABILITY] =
      g_param_spec_double ("bounce-probability", NULL, NULL, 0.0, 1.0, 0.0, read_write);

  /**
   * IBBLoopback:duplicate-probability:
   *
   * The probability that a stanza arrives twice, from 0 to 1.
   *
   * Default: 0.
   *
   * Since: 1.0
   */
  props[PROP_DUPLICATE_PROBABILITY] =
      g_param_spec_double ("duplicate-probability", NULL, NULL, 0.0, 1.0, 0.0, read_write);

  /**
   * IBBLoopback:seed:
   *
   * The seed of the faults. Setting another one begins their sequence again.
   *
   * Default: 0.
   *
   * Since: 1.0
   */
  props[PROP_SEED] = g_param_spec_uint ("seed", NULL, NULL, 0, G_MAXUINT, 0, read_write);

  /**
   * IBBLoopback:carry-xml:
   *
   * Whether stanzas are written as XML by the sender and parsed by the receiver, as between
   * two processes.
   *
   * A loopback usually passes the stanzas on as they are, which is faster. With XML a test
   * covers all that a server would see of an application.
   *
   * Default: %FALSE.
   *
   * Since: 1.0
   */
  props[PROP_CARRY_XML] = g_param_spec_boolean ("carry-xml", NULL, NULL, FALSE, read_write);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
ibb_loopback_init (IBBLoopback *self)
{
  self->hub = ibb_hub_new ();
}

/**
 * ibb_loopback_new:
 *
 * Makes a loopback without connections.
 *
 * Returns: (transfer full): a loopback
 *
 * Since: 1.0
 */
IBBLoopback *
ibb_loopback_new (void)
{
  return g_object_new (IBB_TYPE_LOOPBACK, NULL);
}

/**
 * ibb_loopback_attach:
 * @self: a loopback
 * @jid: a JID; without a resource it is given a fresh one, see
 *   [property@IBB.Connection:local-jid]
 *
 * Makes a connection with the JID @jid. Stanzas reach it for as long as it
 * exists.
 *
 * A connection that has this JID already is lost, as on a server. An invalid JID
 * is a programmer error.
 *
 * Returns: (transfer full): a connection
 *
 * Since: 1.0
 */
IBBConnection *
ibb_loopback_attach (IBBLoopback *self, const char *jid)
{
  g_autofree char *normal = NULL;

  g_return_val_if_fail (IBB_IS_LOOPBACK (self), NULL);
  g_return_val_if_fail (jid != NULL, NULL);

  normal = ibb_jid_normalize (jid);
  if (normal != NULL)
    return ibb_loopback_connection_new (self->hub, jid);
  g_critical ("“%s” is not a valid JID", jid);
  return NULL;
}
