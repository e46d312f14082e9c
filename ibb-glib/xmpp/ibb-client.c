/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/ibb-client.h"

#include <glib/gi18n-lib.h>

#include "ibb-connection.h"
#include "ibb-enum-types.h"
#include "xmpp/client-private.h"

/**
 * IBBClient:
 *
 * A small XMPP client, so that an application without one can use bytestreams.
 *
 * It looks the server up, connects, starts TLS, logs in, binds a resource and
 * sends presence, so that it can be reached by its full JID, which is then
 * [property@IBB.Connection:local-jid]. Give it to [ctor@IBB.Service.new]; what
 * no service takes comes as [signal@IBB.Connection::stanza-received], and
 * [method@IBB.Connection.send] sends whatever else the application has to say.
 *
 * By itself it answers disco#info, with what its services can do (XEP-0030),
 * and pings (XEP-0199); an IQ request that nobody takes gets
 * `service-unavailable`.
 *
 * Passwords go by SCRAM, which never shows them to the server, bound to the TLS
 * channel where the server can do that; in plain text only over TLS, or where
 * [property@IBB.Client:allow-plain-text] permits it. Without a password an
 * account uses EXTERNAL, and a JID that is only a domain logs in anonymously.
 *
 * ## When the network goes
 *
 * A client whose connection breaks, or whose server does not answer any more, is
 * %IBB_CLIENT_STATE_SUSPENDED, unless [property@IBB.Client:resumable] is %FALSE
 * or the server does not offer XEP-0198. It connects again, at once and then at
 * growing intervals of up to half a minute, for as long as the server keeps its
 * place, which is for the server to say (ten minutes with Prosody) and five
 * minutes if it does not. Meanwhile sessions live on: reads and writes wait, or
 * use what is buffered. Once the server agrees the client is online again, what
 * had not arrived goes once more, and nothing was lost.
 *
 * Otherwise the client is offline and can log in again. Sessions end with
 * %G_IO_ERROR_CONNECTION_CLOSED (XEP-0047 knows none without its stream); its
 * services go on with the new login.
 *
 * A certificate that a handler of [signal@IBB.Client::accept-certificate] accepted
 * at the login is accepted again; another one that cannot be verified is not.
 *
 * ## Threads
 *
 * Each client has a thread of its own for its socket; the engine of its
 * services runs there too. All methods may be called from any thread.
 * [method@IBB.Client.login], [method@IBB.Client.logout] and
 * [method@IBB.Client.query_support] block the caller and need no main loop;
 * they fail with %G_IO_ERROR_WOULD_BLOCK on the client's own thread.
 * Asynchronous calls complete in the thread-default context of the caller.
 * Signals, property notifications among them, are emitted in the
 * thread-default context in which the client was constructed, but for
 * [signal@IBB.Client::accept-certificate].
 *
 * Dropping the last reference logs out in the background.
 *
 * Since: 1.0
 */

#define DEFAULT_KEEPALIVE_INTERVAL 60000
#define DEFAULT_PRIORITY (-1)

enum
{
  PROP_JID = 1,
  PROP_PASSWORD,
  PROP_HOST,
  PROP_PORT,
  PROP_TLS_MODE,
  PROP_TLS_DATABASE,
  PROP_ALLOW_PLAIN_TEXT,
  PROP_PRIORITY,
  PROP_RESUMABLE,
  PROP_KEEPALIVE_INTERVAL,
  PROP_STATE,
  N_PROPS,
  PROP_LOCAL_JID = N_PROPS,
};

enum
{
  SIGNAL_ACCEPT_CERTIFICATE,
  N_SIGNALS,
};

static GParamSpec *props[N_PROPS];
static guint       signals[N_SIGNALS];

static void connection_interface_init (IBBConnectionInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (IBBClient,
                               ibb_client,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (IBB_TYPE_CONNECTION,
                                                      connection_interface_init))

GSource *
ibb_client_attach (GMainContext  *context,
                   GSource       *source,
                   GSourceFunc    callback,
                   gpointer       data,
                   GDestroyNotify data_free)
{
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_static_name (source, "[ibb-glib] client");
  g_source_set_callback (source, callback, data, data_free);
  g_source_attach (source, context);

  return source;
}

void
ibb_client_clear_source (GSource **source)
{
  if (*source == NULL)
    return;

  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

GWeakRef *
ibb_client_weak_ref_new (IBBClient *self)
{
  GWeakRef *weak = g_new0 (GWeakRef, 1);

  g_weak_ref_init (weak, self);
  return weak;
}

void
ibb_client_weak_ref_free (gpointer data)
{
  g_weak_ref_clear (data);
  g_free (data);
}

static gboolean
notify_cb (gpointer user_data)
{
  g_autoptr (IBBClient) self = g_weak_ref_get (user_data);
  IBBClientNotify       pending;

  if (self == NULL)
    return G_SOURCE_REMOVE;

  g_mutex_lock (&self->lock);
  pending = self->notify_pending;
  self->notify_pending = 0;
  ibb_client_clear_source (&self->notify_source);
  g_mutex_unlock (&self->lock);

  if (pending & IBB_CLIENT_NOTIFY_LOCAL_JID)
    g_object_notify (G_OBJECT (self), "local-jid");
  if (pending & IBB_CLIENT_NOTIFY_STATE)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE]);

  return G_SOURCE_REMOVE;
}

/* One source for all changes since it ran last, so that nothing piles up in a
 * context that nobody runs. */
void
ibb_client_queue_notify_locked (IBBClient *self, IBBClientNotify notify)
{
  self->notify_pending |= notify;
  if (self->notify_source != NULL)
    return;

  self->notify_source =
      ibb_client_attach (self->context, g_idle_source_new (), notify_cb,
                         ibb_client_weak_ref_new (self), ibb_client_weak_ref_free);
}

gboolean
ibb_client_has_certificate_handler (IBBClient *self)
{
  return g_signal_has_handler_pending (self, signals[SIGNAL_ACCEPT_CERTIFICATE], 0, FALSE);
}

gboolean
ibb_client_ask_certificate (IBBClient           *self,
                            GTlsCertificate     *certificate,
                            GTlsCertificateFlags errors)
{
  gboolean accept = FALSE;

  g_signal_emit (self, signals[SIGNAL_ACCEPT_CERTIFICATE], 0, certificate, errors, &accept);
  return accept;
}

static gboolean
ibb_client_send (IBBConnection *connection, IBBStanza *stanza, GError **error)
{
  IBBClient *self = IBB_CLIENT (connection);
  gboolean   sent;

  g_mutex_lock (&self->lock);
  sent = ibb_client_send_locked (self, stanza);
  g_mutex_unlock (&self->lock);

  if (!sent)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED, _ ("Not logged in"));
  return sent;
}

static GMainContext *
ibb_client_get_context (IBBConnection *connection)
{
  return ibb_thread_get_context (IBB_CLIENT (connection)->thread);
}

static gboolean
ibb_client_is_congested (IBBConnection *connection)
{
  IBBClient *self = IBB_CLIENT (connection);
  gboolean   congested;

  g_mutex_lock (&self->lock);
  congested = ibb_client_is_congested_locked (self);
  g_mutex_unlock (&self->lock);

  return congested;
}

static guint
ibb_client_get_stanza_limit (IBBConnection *connection)
{
  IBBClient *self = IBB_CLIENT (connection);
  guint      limit;

  g_mutex_lock (&self->lock);
  limit = self->stanza_limit;
  g_mutex_unlock (&self->lock);

  return limit;
}

static gboolean
ibb_client_confirms (IBBConnection *connection)
{
  IBBClient *self = IBB_CLIENT (connection);
  gboolean   confirms;

  g_mutex_lock (&self->lock);
  confirms = self->acks != NULL;
  g_mutex_unlock (&self->lock);

  return confirms;
}

static void
connection_interface_init (IBBConnectionInterface *iface)
{
  iface->confirms = ibb_client_confirms;
  iface->send = ibb_client_send;
  iface->get_context = ibb_client_get_context;
  iface->is_congested = ibb_client_is_congested;
  iface->get_stanza_limit = ibb_client_get_stanza_limit;
}

static void
ibb_client_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  IBBClient *self = IBB_CLIENT (object);

  g_mutex_lock (&self->lock);
  switch (id)
    {
    case PROP_JID:
      g_value_set_string (value, self->jid);
      break;
    case PROP_HOST:
      g_value_set_string (value, self->host);
      break;
    case PROP_PORT:
      g_value_set_uint (value, self->port);
      break;
    case PROP_TLS_MODE:
      g_value_set_enum (value, self->tls_mode);
      break;
    case PROP_TLS_DATABASE:
      g_value_set_object (value, self->tls_database);
      break;
    case PROP_ALLOW_PLAIN_TEXT:
      g_value_set_boolean (value, self->allow_plain_text);
      break;
    case PROP_PRIORITY:
      g_value_set_int (value, self->priority);
      break;
    case PROP_RESUMABLE:
      g_value_set_boolean (value, self->resumable);
      break;
    case PROP_KEEPALIVE_INTERVAL:
      g_value_set_uint (value, self->keepalive_interval);
      break;
    case PROP_STATE:
      g_value_set_enum (value, self->state);
      break;
    case PROP_LOCAL_JID:
      g_value_set_string (value, self->local_jid);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
  g_mutex_unlock (&self->lock);
}

static void
ibb_client_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  IBBClient *self = IBB_CLIENT (object);

  switch (id)
    {
    case PROP_JID:
      self->jid = g_value_dup_string (value);
      break;
    case PROP_PASSWORD:
      ibb_client_set_password (self, g_value_get_string (value));
      break;
    case PROP_HOST:
      ibb_client_set_host (self, g_value_get_string (value));
      break;
    case PROP_PORT:
      ibb_client_set_port (self, g_value_get_uint (value));
      break;
    case PROP_TLS_MODE:
      ibb_client_set_tls_mode (self, g_value_get_enum (value));
      break;
    case PROP_TLS_DATABASE:
      ibb_client_set_tls_database (self, g_value_get_object (value));
      break;
    case PROP_ALLOW_PLAIN_TEXT:
      ibb_client_set_allow_plain_text (self, g_value_get_boolean (value));
      break;
    case PROP_PRIORITY:
      ibb_client_set_priority (self, g_value_get_int (value));
      break;
    case PROP_RESUMABLE:
      ibb_client_set_resumable (self, g_value_get_boolean (value));
      break;
    case PROP_KEEPALIVE_INTERVAL:
      ibb_client_set_keepalive_interval (self, g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
ibb_client_finalize (GObject *object)
{
  IBBClient *self = IBB_CLIENT (object);

  /* Here rather than in dispose (): no weak reference leads here any more, so
   * the worker has nothing of this object in hands. */
  ibb_client_leave_session (self);
  ibb_client_clear_iq (self);
  ibb_client_clear_source (&self->notify_source);
  g_free (self->jid);
  g_free (self->password);
  g_free (self->host);
  g_clear_object (&self->tls_database);
  g_free (self->local_jid);
  g_main_context_unref (self->context);
  g_mutex_clear (&self->lock);

  G_OBJECT_CLASS (ibb_client_parent_class)->finalize (object);
}

static void
ibb_client_class_init (IBBClientClass *klass)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags read_only = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  const GParamFlags read_write = read_only | G_PARAM_WRITABLE;

  object_class->get_property = ibb_client_get_property;
  object_class->set_property = ibb_client_set_property;
  object_class->finalize = ibb_client_finalize;

  /**
   * IBBClient:jid:
   *
   * The account: a bare JID, or a full one to ask for that resource. A mere domain
   * logs in anonymously. What is no JID is reported by the login.
   *
   * Since: 1.0
   */
  props[PROP_JID] = g_param_spec_string (
      "jid", NULL, NULL, NULL, G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * IBBClient:password:
   *
   * The account's password; without one, only EXTERNAL and ANONYMOUS can be used.
   *
   * Since: 1.0
   */
  props[PROP_PASSWORD] =
      g_param_spec_string ("password", NULL, NULL, NULL,
                           G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * IBBClient:host:
   *
   * The host to connect to, a name or an address, instead of the one that the
   * domain of the JID names in DNS. The certificate has to be the domain's all
   * the same.
   *
   * Since: 1.0
   */
  props[PROP_HOST] = g_param_spec_string ("host", NULL, NULL, NULL, read_write);

  /**
   * IBBClient:port:
   *
   * The port to connect to. 0: the one that SRV records name or, with a
   * [property@IBB.Client:host], 5222, or 5223 for %IBB_TLS_MODE_DIRECT.
   *
   * Since: 1.0
   */
  props[PROP_PORT] = g_param_spec_uint ("port", NULL, NULL, 0, G_MAXUINT16, 0, read_write);

  /**
   * IBBClient:tls-mode:
   *
   * How the connection is encrypted.
   *
   * Since: 1.0
   */
  props[PROP_TLS_MODE] = g_param_spec_enum ("tls-mode", NULL, NULL, IBB_TYPE_TLS_MODE,
                                            IBB_TLS_MODE_STARTTLS, read_write);

  /**
   * IBBClient:tls-database:
   *
   * The authorities whose certificates are trusted; %NULL: the system's.
   *
   * Since: 1.0
   */
  props[PROP_TLS_DATABASE] =
      g_param_spec_object ("tls-database", NULL, NULL, G_TYPE_TLS_DATABASE, read_write);

  /**
   * IBBClient:allow-plain-text:
   *
   * Whether the password may be sent readable over a connection without TLS, to a
   * server that offers no better way.
   *
   * Since: 1.0
   */
  props[PROP_ALLOW_PLAIN_TEXT] =
      g_param_spec_boolean ("allow-plain-text", NULL, NULL, FALSE, read_write);

  /**
   * IBBClient:priority:
   *
   * The priority of the presence that the login sends. A negative one can be
   * reached by its full JID, but gets no chat that is meant for the account.
   *
   * Since: 1.0
   */
  props[PROP_PRIORITY] =
      g_param_spec_int ("priority", NULL, NULL, -128, 127, DEFAULT_PRIORITY, read_write);

  /**
   * IBBClient:resumable:
   *
   * Whether a broken connection is resumed (XEP-0198), where the server offers
   * it: see [class@IBB.Client]. The next login uses it.
   *
   * Since: 1.0
   */
  props[PROP_RESUMABLE] = g_param_spec_boolean ("resumable", NULL, NULL, TRUE, read_write);

  /**
   * IBBClient:keepalive-interval:
   *
   * After how many milliseconds without any other output white space is sent, so
   * that the network does not forget the connection; 0 for never. A change
   * counts from the next time that it is due.
   *
   * Since: 1.0
   */
  props[PROP_KEEPALIVE_INTERVAL] = g_param_spec_uint ("keepalive-interval", NULL, NULL, 0, G_MAXINT,
                                                      DEFAULT_KEEPALIVE_INTERVAL, read_write);

  /**
   * IBBClient:state:
   *
   * Where the client stands.
   *
   * Since: 1.0
   */
  props[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, IBB_TYPE_CLIENT_STATE,
                                         IBB_CLIENT_STATE_OFFLINE, read_only);

  g_object_class_install_properties (object_class, N_PROPS, props);
  g_object_class_override_property (object_class, PROP_LOCAL_JID, "local-jid");

  /**
   * IBBClient::accept-certificate:
   * @self: the client
   * @peer_cert: the server's certificate
   * @errors: what is wrong with it
   *
   * The server's certificate cannot be verified for the domain of the account.
   *
   * As with [signal@Gio.TlsConnection::accept-certificate], a handler that knows
   * this very certificate may accept it; nothing of the account was sent so far.
   * Unless a handler accepts, or if none answers within 30 seconds, the login
   * fails with %G_TLS_ERROR_BAD_CERTIFICATE.
   *
   * Emitted from inside [method@IBB.Client.login], in the calling thread; during
   * [method@IBB.Client.login_async] in the thread-default context of its caller.
   * A handler may do anything but a blocking login of the same client.
   *
   * Returns: TRUE to accept the certificate, which ends the emission
   *
   * Since: 1.0
   */
  signals[SIGNAL_ACCEPT_CERTIFICATE] =
      g_signal_new ("accept-certificate", IBB_TYPE_CLIENT, G_SIGNAL_RUN_LAST, 0,
                    g_signal_accumulator_true_handled, NULL, NULL, G_TYPE_BOOLEAN, 2,
                    G_TYPE_TLS_CERTIFICATE, G_TYPE_TLS_CERTIFICATE_FLAGS);
}

static void
ibb_client_init (IBBClient *self)
{
  g_mutex_init (&self->lock);
  self->context = g_main_context_ref_thread_default ();
  self->priority = DEFAULT_PRIORITY;
  self->resumable = TRUE;
  self->keepalive_interval = DEFAULT_KEEPALIVE_INTERVAL;
  ibb_client_init_session (self);
  ibb_client_init_iq (self);
  self->thread = ibb_thread_new ();
}

/**
 * ibb_client_new:
 * @jid: the account, as a bare JID, or as a full one to ask for that resource
 *
 * Creates a client that is offline.
 *
 * Returns: (transfer full): the client
 *
 * Since: 1.0
 */
IBBClient *
ibb_client_new (const char *jid)
{
  g_return_val_if_fail (jid != NULL, NULL);

  return g_object_new (IBB_TYPE_CLIENT, "jid", jid, NULL);
}
