/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ibb-loopback.h"

#include <string.h>

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
 * Latency, a rate limit and faults can be set, so that an application can be
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
  IBBLoopback *self = IBB_LOOPBACK (object);

  switch (prop_id)
    {
    case PROP_LATENCY:
      g_value_set_uint (value, ibb_loopback_get_latency (self));
      break;
    case PROP_RATE:
      g_value_set_uint64 (value, ibb_loopback_get_rate (self));
      break;
    case PROP_DROP_PROBABILITY:
      g_value_set_double (value, ibb_loopback_get_drop_probability (self));
      break;
    case PROP_BOUNCE_PROBABILITY:
      g_value_set_double (value, ibb_loopback_get_bounce_probability (self));
      break;
    case PROP_DUPLICATE_PROBABILITY:
      g_value_set_double (value, ibb_loopback_get_duplicate_probability (self));
      break;
    case PROP_SEED:
      g_value_set_uint (value, ibb_loopback_get_seed (self));
      break;
    case PROP_CARRY_XML:
      g_value_set_boolean (value, ibb_loopback_get_carry_xml (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
ibb_loopback_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  IBBLoopback *self = IBB_LOOPBACK (object);

  switch (prop_id)
    {
    case PROP_LATENCY:
      ibb_loopback_set_latency (self, g_value_get_uint (value));
      break;
    case PROP_RATE:
      ibb_loopback_set_rate (self, g_value_get_uint64 (value));
      break;
    case PROP_DROP_PROBABILITY:
      ibb_loopback_set_drop_probability (self, g_value_get_double (value));
      break;
    case PROP_BOUNCE_PROBABILITY:
      ibb_loopback_set_bounce_probability (self, g_value_get_double (value));
      break;
    case PROP_DUPLICATE_PROBABILITY:
      ibb_loopback_set_duplicate_probability (self, g_value_get_double (value));
      break;
    case PROP_SEED:
      ibb_loopback_set_seed (self, g_value_get_uint (value));
      break;
    case PROP_CARRY_XML:
      ibb_loopback_set_carry_xml (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
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
   * The seed of the random  Setting another one begins its sequence.
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

/* Define the accessors of the property of this name, a setting of the hub. is_valid: of a value to
 * set. */

#define GETTER(type, name)                                                                         \
  type ibb_loopback_get_##name (IBBLoopback *self)                                                 \
  {                                                                                                \
    IBBHubSettings settings;                                                                       \
                                                                                                   \
    g_return_val_if_fail (IBB_IS_LOOPBACK (self), 0);                                              \
                                                                                                   \
    ibb_hub_get_settings (self->hub, &settings);                                                   \
    return settings.name;                                                                          \
  }

#define SETTER(type, name, is_valid)                                                               \
  void ibb_loopback_set_##name (IBBLoopback *self, type name)                                      \
  {                                                                                                \
    IBBHubSettings settings;                                                                       \
                                                                                                   \
    g_return_if_fail (IBB_IS_LOOPBACK (self));                                                     \
    g_return_if_fail (is_valid);                                                                   \
                                                                                                   \
    ibb_hub_get_settings (self->hub, &settings);                                                   \
    if (memcmp (&settings.name, &name, sizeof name) == 0)                                          \
      return;                                                                                      \
    settings.name = name;                                                                          \
    ibb_hub_set_settings (self->hub, &settings);                                                   \
    g_object_notify (G_OBJECT (self), #name);                                                      \
  }

/**
 * ibb_loopback_get_latency: (get-property latency)
 * @self: a loopback
 *
 * Gets the latency of a stanza, in milliseconds.
 *
 * Returns: the value; see [property@IBB.Loopback:latency]
 *
 * Since: 1.0
 */
GETTER (guint, latency)

/**
 * ibb_loopback_set_latency: (set-property latency)
 * @self: a loopback
 * @latency: the value; see [property@IBB.Loopback:latency]
 *
 * Sets the latency of a stanza, in milliseconds. It holds for stanzas sent from
 * now on.
 *
 * Since: 1.0
 */
SETTER (guint, latency, TRUE)

/**
 * ibb_loopback_get_rate: (get-property rate)
 * @self: a loopback
 *
 * Gets the rate limit of each connection, in bytes per second.
 *
 * Returns: the value; see [property@IBB.Loopback:rate]
 *
 * Since: 1.0
 */
GETTER (guint64, rate)

/**
 * ibb_loopback_set_rate: (set-property rate)
 * @self: a loopback
 * @rate: the value; see [property@IBB.Loopback:rate]
 *
 * Sets the rate limit of each connection, in bytes per second. It holds for
 * stanzas sent from now on.
 *
 * Since: 1.0
 */
SETTER (guint64, rate, TRUE)

/**
 * ibb_loopback_get_drop_probability: (get-property drop-probability)
 * @self: a loopback
 *
 * Gets the probability that a stanza is lost.
 *
 * Returns: the value; see [property@IBB.Loopback:drop-probability]
 *
 * Since: 1.0
 */
GETTER (double, drop_probability)

/**
 * ibb_loopback_set_drop_probability: (set-property drop-probability)
 * @self: a loopback
 * @drop_probability: the value; see [property@IBB.Loopback:drop-probability]
 *
 * Sets the probability that a stanza is lost. It holds for stanzas sent from now
 * on.
 *
 * Since: 1.0
 */
SETTER (double, drop_probability, drop_probability >= 0.0 && drop_probability <= 1.0)

/**
 * ibb_loopback_get_bounce_probability: (get-property bounce-probability)
 * @self: a loopback
 *
 * Gets the probability that a request or message comes back with an error.
 *
 * Returns: the value; see [property@IBB.Loopback:bounce-probability]
 *
 * Since: 1.0
 */
GETTER (double, bounce_probability)

/**
 * ibb_loopback_set_bounce_probability: (set-property bounce-probability)
 * @self: a loopback
 * @bounce_probability: the value; see [property@IBB.Loopback:bounce-probability]
 *
 * Sets the probability that a request or message comes back with an error. It
 * holds for stanzas sent from now on.
 *
 * Since: 1.0
 */
SETTER (double, bounce_probability, bounce_probability >= 0.0 && bounce_probability <= 1.0)

/**
 * ibb_loopback_get_duplicate_probability: (get-property duplicate-probability)
 * @self: a loopback
 *
 * Gets the probability that a stanza arrives twice.
 *
 * Returns: the value; see [property@IBB.Loopback:duplicate-probability]
 *
 * Since: 1.0
 */
GETTER (double, duplicate_probability)

/**
 * ibb_loopback_set_duplicate_probability: (set-property duplicate-probability)
 * @self: a loopback
 * @duplicate_probability: the value; see [property@IBB.Loopback:duplicate-probability]
 *
 * Sets the probability that a stanza arrives twice. It holds for stanzas sent
 * from now on.
 *
 * Since: 1.0
 */
SETTER (double, duplicate_probability, duplicate_probability >= 0.0 && duplicate_probability <= 1.0)

/**
 * ibb_loopback_get_seed: (get-property seed)
 * @self: a loopback
 *
 * Gets the seed of the random
 *
 * Returns: the value; see [property@IBB.Loopback:seed]
 *
 * Since: 1.0
 */
GETTER (guint, seed)

/**
 * ibb_loopback_set_seed: (set-property seed)
 * @self: a loopback
 * @seed: the value; see [property@IBB.Loopback:seed]
 *
 * Sets the seed of the random  It holds for stanzas sent from now on.
 *
 * Since: 1.0
 */
SETTER (guint, seed, TRUE)

/**
 * ibb_loopback_get_carry_xml: (get-property carry-xml)
 * @self: a loopback
 *
 * Gets whether stanzas are carried as XML.
 *
 * Returns: TRUE if so; see [property@IBB.Loopback:carry-xml]
 *
 * Since: 1.0
 */
GETTER (gboolean, carry_xml)

/**
 * ibb_loopback_set_carry_xml: (set-property carry-xml)
 * @self: a loopback
 * @carry_xml: TRUE or FALSE; see [property@IBB.Loopback:carry-xml]
 *
 * Sets whether stanzas are carried as XML. It holds for stanzas sent from now on.
 *
 * Since: 1.0
 */
void
ibb_loopback_set_carry_xml (IBBLoopback *self, gboolean carry_xml)
{
  IBBHubSettings settings;

  g_return_if_fail (IBB_IS_LOOPBACK (self));

  ibb_hub_get_settings (self->hub, &settings);
  if (!settings.carry_xml == !carry_xml)
    return;
  settings.carry_xml = !!carry_xml;
  ibb_hub_set_settings (self->hub, &settings);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_CARRY_XML]);
}
