/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/trust/ibb-xmpp-identity.h"

#include "base/blocking-call.h"
#include "base/call-task.h"
#include "base/intl.h"
#include "base/source.h"
#include "xmpp/trust/ibb-xmpp-known-certificates-private.h"
#include "xmpp/trust/ibb-xmpp-trust-question.h"
#include "xmpp/trust/identity-session.h"
#include "xmpp/trust/named-keys.h"

/**
 * IBBXmppIdentity:
 *
 * A key of this installation of a program, with which its sessions are private from the servers.
 *
 * The servers between two peers can read and change what a session carries. This class protects a
 * session from them: by TLS 1.3 inside the session, with a certificate for each end. No authority
 * signs these. Whose certificate it is, is known from an earlier session
 * ([property@IBBXmpp.Identity:known-certificates]), or by its fingerprint
 * ([method@IBBXmpp.Identity.set_peer_fingerprints]), or the application decides
 * ([signal@IBBXmpp.Identity::trust-requested]) by six digits that the two people read to each
 * other.
 *
 * ```c
 * static GIOStream *
 * open_private (IBBService *service, const char *peer, IBBXmppIdentity *identity, GError **error)
 * {
 *   g_autoptr (IBBTransport) transport =
 *       ibb_service_open_session (service, peer, NULL, NULL, error);
 *
 *   if (transport == NULL)
 *     return NULL;
 *   return ibb_xmpp_identity_encrypt (identity, transport, NULL, error);
 * }
 * ```
 *
 * Both ends have to call it before they write anything. The end that opened the session becomes
 * the client of TLS, the other one the server.
 *
 * An application makes one identity for all its sessions: those with keys that are not known take
 * turns, so that nobody can try the digits out.
 *
 * [Private from the servers](privacy.html) has the same in each language, and what remains visible.
 *
 * ## Threads
 *
 * Any thread may call any method. [signal@IBBXmpp.Identity::trust-requested] is emitted in the
 * thread-default context of the call that asks, and inside [method@IBBXmpp.Identity.encrypt] in the
 * calling thread.
 *
 * Since: 1.0
 */

struct _IBBXmppIdentity
{
  GObject parent_instance;

  GTlsCertificate *certificate; /* immutable after construction */

  GMutex                    lock;
  IBBEncrypter             *encrypter; /* protected by lock; (owned) (nullable): once needed */
  IBBXmppKnownCertificates *known;     /* protected by lock; (owned) (nullable) */
  GHashTable               *named;     /* protected by lock; (owned) (element-type utf8 GStrv) */
};

enum
{
  PROP_CERTIFICATE = 1,
  PROP_KNOWN_CERTIFICATES,
  N_PROPS
};

enum
{
  SIGNAL_TRUST_REQUESTED,
  SIGNAL_PEER_ASKING,
  SIGNAL_BROKEN_OFF,
  SIGNAL_WAITING,
  N_SIGNALS
};

static GParamSpec *props[N_PROPS];
static guint       signals[N_SIGNALS];

static void ibb_xmpp_identity_identity_init (IBBIdentityInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (IBBXmppIdentity,
                               ibb_xmpp_identity,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (IBB_TYPE_IDENTITY,
                                                      ibb_xmpp_identity_identity_init))

/* A notice of the encrypter to the application. */
typedef struct
{
  IBBXmppIdentity *identity; /* (owned) */
  guint            signal;
  char            *peer;
  char            *code;  /* (nullable): of peer-asking */
  guint            count; /* of broken-off, as the next one */
  guint            pause;
} Notice;

static void
ibb_xmpp_identity_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  IBBXmppIdentity *self = IBB_XMPP_IDENTITY (object);

  switch (id)
    {
    case PROP_CERTIFICATE:
      g_value_set_object (value, self->certificate);
      break;
    case PROP_KNOWN_CERTIFICATES:
      g_value_take_object (value, ibb_xmpp_identity_dup_known_certificates (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
ibb_xmpp_identity_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  IBBXmppIdentity *self = IBB_XMPP_IDENTITY (object);

  switch (id)
    {
    case PROP_CERTIFICATE:
      self->certificate = g_value_dup_object (value);
      break;
    case PROP_KNOWN_CERTIFICATES:
      ibb_xmpp_identity_set_known_certificates (self, g_value_get_object (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
ibb_xmpp_identity_finalize (GObject *object)
{
  IBBXmppIdentity *self = IBB_XMPP_IDENTITY (object);

  g_clear_pointer (&self->encrypter, ibb_encrypter_unref);
  g_clear_object (&self->certificate);
  g_clear_object (&self->known);
  g_hash_table_unref (self->named);
  g_mutex_clear (&self->lock);

  G_OBJECT_CLASS (ibb_xmpp_identity_parent_class)->finalize (object);
}

static void
ibb_xmpp_identity_class_init (IBBXmppIdentityClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = ibb_xmpp_identity_get_property;
  object_class->set_property = ibb_xmpp_identity_set_property;
  object_class->finalize = ibb_xmpp_identity_finalize;

  /**
   * IBBXmppIdentity:certificate:
   *
   * The certificate of this end, with its private key.
   *
   * Default: %NULL, without which an identity cannot be made.
   *
   * Since: 1.0
   */
  props[PROP_CERTIFICATE] =
      g_param_spec_object ("certificate", NULL, NULL, G_TYPE_TLS_CERTIFICATE,
                           G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * IBBXmppIdentity:known-certificates: (getter dup_known_certificates)
   *
   * The certificates of peers that are trusted without a question, and where those are remembered
   * that the application accepts. A peer may have several, one for each device.
   *
   * An identity begins with those of the user, as [ctor@IBBXmpp.KnownCertificates.new] makes
   * without a path.
   *
   * Default: %NULL.
   *
   * Since: 1.0
   */
  props[PROP_KNOWN_CERTIFICATES] =
      g_param_spec_object ("known-certificates", NULL, NULL, IBB_XMPP_TYPE_KNOWN_CERTIFICATES,
                           G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  g_object_class_install_properties (object_class, N_PROPS, props);

  /**
   * IBBXmppIdentity::trust-requested:
   * @self: the identity
   * @question: whether the certificate of the peer is trusted
   *
   * The certificate of a peer is not known. [property@IBBXmpp.TrustQuestion:code] has six digits.
   * The other user sees the same digits, unless somebody is in between: in such a question, or by
   * [signal@IBBXmpp.Identity::peer-asking] if the program of the other user already knows the
   * certificate of @self.
   *
   * Nothing but the handshake has passed. The question has to be answered within five minutes. If
   * it is refused, or there is no handler, the call fails with %G_TLS_ERROR_BAD_CERTIFICATE. If
   * the session ends meanwhile, or the other user says no, it is withdrawn.
   *
   * The sessions that a program accepts ask one after the other, and so do those that it opens. A
   * session that waits for its turn does not ask if the certificate is known by then.
   *
   * Returns: TRUE to keep the question from further handlers
   *
   * Since: 1.0
   */
  signals[SIGNAL_TRUST_REQUESTED] =
      g_signal_new ("trust-requested", IBB_XMPP_TYPE_IDENTITY, G_SIGNAL_RUN_LAST, 0,
                    g_signal_accumulator_true_handled, NULL, NULL, G_TYPE_BOOLEAN, 1,
                    IBB_XMPP_TYPE_TRUST_QUESTION);

  /**
   * IBBXmppIdentity::peer-asking:
   * @self: the identity
   * @peer: the bare JID of the peer
   * @code: six digits, with a space in the middle
   *
   * This end trusts the certificate of the peer without a question, but the program of the peer
   * does not know that of @self, and asks its user. Show @code, so that the two people can compare
   * the digits; there is nothing to answer.
   *
   * Emitted in the same context as [signal@IBBXmpp.Identity::trust-requested].
   *
   * Since: 1.0
   */
  signals[SIGNAL_PEER_ASKING] =
      g_signal_new ("peer-asking", IBB_XMPP_TYPE_IDENTITY, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                    G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);

  /**
   * IBBXmppIdentity::broken-off:
   * @self: the identity
   * @peer: the bare JID of the peer
   * @count: how many times this has happened with @peer lately
   * @pause: how long the next question about @peer waits, in seconds
   *
   * A peer whose certificate is not known may have learned the digits before this end had an answer
   * to [signal@IBBXmpp.Identity::trust-requested]: the session ended, the peer refused, or the call
   * was cancelled. The signal may not even have been emitted. A single time may be an accident. If
   * there are more, somebody in between may be trying until the digits are the same at both ends:
   * tell the user.
   *
   * Who ended the session makes no difference, as a peer can bring this end to do it. A user who
   * gives up has an answer, no: refuse the question ([method@IBBXmpp.Question.refuse]).
   *
   * Emitted in the same context as [signal@IBBXmpp.Identity::trust-requested].
   *
   * Since: 1.0
   */
  signals[SIGNAL_BROKEN_OFF] =
      g_signal_new ("broken-off", IBB_XMPP_TYPE_IDENTITY, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                    G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_UINT, G_TYPE_UINT);

  /**
   * IBBXmppIdentity::waiting:
   * @self: the identity
   * @peer: the bare JID of the peer
   *
   * A session waits until the user has answered the question about another one, as the key of its
   * peer is not known either.
   *
   * Emitted in the same context as [signal@IBBXmpp.Identity::trust-requested].
   *
   * Since: 1.1
   */
  signals[SIGNAL_WAITING] = g_signal_new ("waiting", IBB_XMPP_TYPE_IDENTITY, G_SIGNAL_RUN_LAST, 0,
                                          NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
ibb_xmpp_identity_init (IBBXmppIdentity *self)
{
  g_mutex_init (&self->lock);
  self->named = ibb_named_keys_new ();
}

/**
 * ibb_xmpp_identity_get_certificate: (get-property certificate)
 * @self: an identity
 *
 * Gets the certificate of this end. Its fingerprint
 * ([func@IBBXmpp.KnownCertificates.dup_fingerprint]) is what the user of the other end compares.
 *
 * Returns: (transfer none): the certificate
 *
 * Since: 1.0
 */
GTlsCertificate *
ibb_xmpp_identity_get_certificate (IBBXmppIdentity *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_IDENTITY (self), NULL);

  return self->certificate;
}

/**
 * ibb_xmpp_identity_dup_known_certificates: (get-property known-certificates)
 * @self: an identity
 *
 * Gets the certificates of peers; see [property@IBBXmpp.Identity:known-certificates].
 *
 * Returns: (transfer full) (nullable): the certificates, or NULL for none
 *
 * Since: 1.0
 */
IBBXmppKnownCertificates *
ibb_xmpp_identity_dup_known_certificates (IBBXmppIdentity *self)
{
  IBBXmppKnownCertificates *known = NULL;

  g_return_val_if_fail (IBB_XMPP_IS_IDENTITY (self), NULL);

  g_mutex_lock (&self->lock);
  g_set_object (&known, self->known);
  g_mutex_unlock (&self->lock);
  return known;
}

/**
 * ibb_xmpp_identity_set_known_certificates: (set-property known-certificates)
 * @self: an identity
 * @known_certificates: (nullable): certificates, or NULL for none
 *
 * Sets the certificates of peers; see [property@IBBXmpp.Identity:known-certificates].
 *
 * Since: 1.0
 */
void
ibb_xmpp_identity_set_known_certificates (IBBXmppIdentity          *self,
                                          IBBXmppKnownCertificates *known_certificates)
{
  gboolean changed;

  g_return_if_fail (IBB_XMPP_IS_IDENTITY (self));
  g_return_if_fail (known_certificates == NULL ||
                    IBB_XMPP_IS_KNOWN_CERTIFICATES (known_certificates));

  g_mutex_lock (&self->lock);
  changed = g_set_object (&self->known, known_certificates);
  g_mutex_unlock (&self->lock);
  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_KNOWN_CERTIFICATES]);
}

/**
 * ibb_xmpp_identity_set_peer_fingerprints:
 * @self: an identity
 * @jid: (nullable): the valid address of a peer, of which the bare JID counts; %NULL: each peer
 *   whose keys no other call names
 * @fingerprints: (nullable) (array zero-terminated=1): the SHA-256 of each key that the peer may
 *   have, 64 hexadecimal digits with or without colons; %NULL: takes back what was named before
 *
 * Names the keys of a peer before a session with it is encrypted.
 *
 * For the sessions that are encrypted from then on, these keys are known, and no other one counts:
 * neither one of [property@IBBXmpp.Identity:known-certificates], nor is
 * [signal@IBBXmpp.Identity::trust-requested] emitted. Such a session does not wait for questions
 * about others. With no fingerprint in the array, no key of the peer counts.
 *
 * An address or a fingerprint that is not valid is a mistake of the program: a warning is logged,
 * and nothing changes.
 *
 * A URI names a key so; see [func@IBBXmpp.Identity.parse_uri].
 *
 * Since: 1.1
 */
void
ibb_xmpp_identity_set_peer_fingerprints (IBBXmppIdentity   *self,
                                         const char        *jid,
                                         const char *const *fingerprints)
{
  g_return_if_fail (IBB_XMPP_IS_IDENTITY (self));
  g_return_if_fail (jid == NULL || ibb_named_keys_is_peer (jid));
  for (guint i = 0; fingerprints != NULL && fingerprints[i] != NULL; i++)
    g_return_if_fail (ibb_xmpp_known_certificates_is_fingerprint (fingerprints[i]));

  g_mutex_lock (&self->lock);
  ibb_named_keys_set (self->named, jid, fingerprints);
  g_mutex_unlock (&self->lock);
}

/* (nullable) */
static GStrv
dup_named (IBBXmppIdentity *self, const char *peer)
{
  GStrv named;

  g_mutex_lock (&self->lock);
  named = ibb_named_keys_find (self->named, peer);
  g_mutex_unlock (&self->lock);
  return named;
}

/* The encrypter. */

static void
notice_free (gpointer data)
{
  Notice *notice = data;

  g_object_unref (notice->identity);
  g_free (notice->peer);
  g_free (notice->code);
  g_free (notice);
}

static gboolean
notice_cb (gpointer data)
{
  Notice *notice = data;

  if (notice->signal == SIGNAL_WAITING)
    g_signal_emit (notice->identity, signals[SIGNAL_WAITING], 0, notice->peer);
  else if (notice->signal == SIGNAL_PEER_ASKING)
    g_signal_emit (notice->identity, signals[SIGNAL_PEER_ASKING], 0, notice->peer, notice->code);
  else
    g_signal_emit (notice->identity, signals[SIGNAL_BROKEN_OFF], 0, notice->peer, notice->count,
                   notice->pause);
  return G_SOURCE_REMOVE;
}

static void
give_notice (const Notice *model, GMainContext *context)
{
  Notice *notice = g_memdup2 (model, sizeof *model);

  g_object_ref (notice->identity);
  notice->peer = g_strdup (model->peer);
  notice->code = g_strdup (model->code);
  g_source_unref (ibb_source_attach (g_idle_source_new (), context,
                                     "[ibb-glib] notice of the encryption", notice_cb, notice,
                                     notice_free));
}

static gboolean
can_ask (gpointer identity)
{
  return g_signal_has_handler_pending (identity, signals[SIGNAL_TRUST_REQUESTED], 0, FALSE);
}

static void
tell_peer_asks (gpointer identity, GMainContext *context, const char *peer, const char *code)
{
  give_notice (&(Notice){ identity, SIGNAL_PEER_ASKING, (char *) peer, (char *) code }, context);
}

static void
tell_broken_off (
    gpointer identity, GMainContext *context, const char *peer, guint count, guint pause)
{
  give_notice (&(Notice){ identity, SIGNAL_BROKEN_OFF, (char *) peer, NULL, count, pause },
               context);
}

static void
tell_waiting (gpointer identity, GMainContext *context, const char *peer)
{
  give_notice (&(Notice){ identity, SIGNAL_WAITING, (char *) peer }, context);
}

static GSource *
ask (gpointer            identity,
     IBBXmppQuestion    *question,
     GMainContext       *context,
     IBBQuestionAnswered answered,
     gpointer            data,
     GDestroyNotify      data_free)
{
  return ibb_xmpp_question_ask (question, identity, signals[SIGNAL_TRUST_REQUESTED], context,
                                answered, data, data_free);
}

static const IBBIdentitySessionEvents session_events = {
  .can_ask = can_ask,
  .ask = ask,
  .peer_asks = tell_peer_asks,
  .broken_off = tell_broken_off,
  .waiting = tell_waiting,
};

/* (transfer full) (nullable) */
static IBBEncrypter *
dup_encrypter (IBBXmppIdentity *self, GError **error)
{
  IBBEncrypter *encrypter;

  g_mutex_lock (&self->lock);
  if (self->encrypter == NULL)
    self->encrypter = ibb_encrypter_new (self->certificate, error);
  encrypter = self->encrypter != NULL ? ibb_encrypter_ref (self->encrypter) : NULL;
  g_mutex_unlock (&self->lock);
  return encrypter;
}

/**
 * ibb_xmpp_identity_encrypt_async:
 * @self: an identity
 * @transport: a session over which nothing has been sent or received
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when the session is encrypted, or has failed
 * @user_data: data for @callback
 *
 * Encrypts a session by TLS 1.3, and checks who is at the other end.
 *
 * The bytes of the application go through the stream that comes back; closing that closes
 * @transport, too, and reports what [class@IBB.Transport] would. After an error @transport has
 * ended, too.
 *
 * Errors:
 *
 * - %G_TLS_ERROR_BAD_CERTIFICATE: the certificate of the peer is neither known, nor was it accepted
 * - %G_IO_ERROR_PERMISSION_DENIED: the peer does not trust the certificate of @self
 * - %G_TLS_ERROR_NOT_TLS, %G_TLS_ERROR_HANDSHAKE or another one of %G_TLS_ERROR: the peer does not
 *   encrypt, or not by TLS 1.3
 * - %IBB_ERROR_PROTOCOL: the peer broke the rules of the exchange
 * - %G_IO_ERROR_BUSY: four other sessions with the peer wait for an answer about its certificate
 * - %G_IO_ERROR_TIMED_OUT: the peer took longer than a minute to begin the handshake, or to end it,
 *   or than five for the answer of its user, or the turn of the session did not come (see
 *   [signal@IBBXmpp.Identity::waiting])
 * - %G_IO_ERROR_CONNECTION_CLOSED, and the other errors of a read: the session has ended
 * - %G_IO_ERROR_CANCELLED
 *
 * All sessions of an identity are encrypted in one thread, in which none waits for another one.
 *
 * Since: 1.0
 */
void
ibb_xmpp_identity_encrypt_async (IBBXmppIdentity    *self,
                                 IBBTransport       *transport,
                                 GCancellable       *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer            user_data)
{
  g_autofree char                     *own = NULL;
  g_autofree char                     *peer = NULL;
  g_autofree char                     *own_name = NULL;
  g_autofree char                     *peer_name = NULL;
  g_autoptr (IBBXmppKnownCertificates) known = NULL;
  IBBEncrypter                        *encrypter;
  GError                              *error = NULL;
  GTask                               *task;

  g_return_if_fail (IBB_XMPP_IS_IDENTITY (self));
  g_return_if_fail (self->certificate != NULL); /* a binding can make an identity without one */
  g_return_if_fail (IBB_IS_TRANSPORT (transport));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  own = ibb_transport_dup_local_jid (transport);
  g_return_if_fail (own != NULL); /* a binding can make a transport without a session */
  peer = ibb_transport_dup_peer_jid (transport);
  task = ibb_call_task_new (self, ibb_xmpp_identity_encrypt_async, "[ibb-glib] encrypt",
                            cancellable, callback, user_data);
  encrypter = dup_encrypter (self, &error);
  if (encrypter == NULL)
    {
      ibb_transport_abort_with_reason (transport, IBB_STANZA_CONDITION_RESOURCE_CONSTRAINT, NULL);
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  own_name = ibb_named_keys_dup_name (own);
  peer_name = ibb_named_keys_dup_name (peer);
  known = ibb_xmpp_identity_dup_known_certificates (self);
  ibb_identity_session_start (encrypter, task, &session_events, transport, own_name, peer_name,
                              known, dup_named (self, peer_name));
  ibb_encrypter_unref (encrypter);
}

/**
 * ibb_xmpp_identity_encrypt_finish:
 * @self: an identity
 * @result: what the callback was given
 * @error: return location for an error, see [method@IBBXmpp.Identity.encrypt_async]
 *
 * Finishes [method@IBBXmpp.Identity.encrypt_async].
 *
 * Returns: (transfer full): the encrypted stream, a [class@Gio.TlsConnection]
 *
 * Since: 1.0
 */
GIOStream *
ibb_xmpp_identity_encrypt_finish (IBBXmppIdentity *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (IBB_XMPP_IS_IDENTITY (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, ibb_xmpp_identity_encrypt_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
ibb_xmpp_identity_identity_init (IBBIdentityInterface *iface)
{
  iface->encrypt_async = (void (*) (IBBIdentity *, IBBTransport *, GCancellable *,
                                    GAsyncReadyCallback, gpointer)) ibb_xmpp_identity_encrypt_async;
  iface->encrypt_finish = (GIOStream * (*) (IBBIdentity *, GAsyncResult *, GError **) )
      ibb_xmpp_identity_encrypt_finish;
}

/**
 * ibb_xmpp_identity_encrypt:
 * @self: an identity
 * @transport: a session over which nothing has been sent or received
 * @cancellable: (nullable): cancels the call
 * @error: return location for an error, see [method@IBBXmpp.Identity.encrypt_async]
 *
 * Encrypts a session by TLS 1.3, and waits until that is done. No main loop is needed or run. Not
 * for the thread that serves a connection of the application's own.
 *
 * Returns: (transfer full): the encrypted stream, a [class@Gio.TlsConnection]
 *
 * Since: 1.0
 */
GIOStream *
ibb_xmpp_identity_encrypt (IBBXmppIdentity *self,
                           IBBTransport    *transport,
                           GCancellable    *cancellable,
                           GError         **error)
{
  g_autoptr (GMainContext) nobody = g_main_context_new ();
  g_autofree char         *own = NULL;
  IBBBlockingCall          wait;
  GIOStream               *stream;

  g_return_val_if_fail (IBB_XMPP_IS_IDENTITY (self), NULL);
  g_return_val_if_fail (self->certificate != NULL, NULL);
  g_return_val_if_fail (IBB_IS_TRANSPORT (transport), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  own = ibb_transport_dup_local_jid (transport);
  g_return_val_if_fail (own != NULL, NULL); /* otherwise the wait below would have no end */

  /* The thread of the call, not the caller's, waits for the session. */
  if (!ibb_blocking_call_begin (&wait, nobody, "ibb_xmpp_identity_encrypt_async", error))
    return NULL;
  ibb_xmpp_identity_encrypt_async (self, transport, cancellable, ibb_blocking_call_cb, &wait);
  stream = ibb_xmpp_identity_encrypt_finish (self, ibb_blocking_call_wait (&wait), error);
  ibb_blocking_call_clear (&wait);
  return stream;
}
