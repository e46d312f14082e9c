/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/trust/identity-session.h"

#include "base/intl.h"
#include "base/random.h"
#include "base/source.h"
#include "ibb-error.h"
#include "xmpp/trust/encrypted-stream.h"
#include "xmpp/trust/ibb-xmpp-known-certificates-private.h"
#include "xmpp/trust/ibb-xmpp-trust-question-private.h"
#include "xmpp/trust/session-encryption.h"

/* Microseconds between two looks at the session while no byte is wanted: its notification comes in
 * the context of the service, which the caller may block. */
#define SESSION_CHECK G_USEC_PER_SEC
/* In a turn of the thread: a peer that goes on to speak leaves room for other sessions. */
#define ROUNDS_PER_TURN 32

/* The answer to a question. The question and the session share this. */
typedef struct
{
  IBBEncrypterGuest    *guest;       /* (owned): the session */
  gint                  is_answered; /* atomic */
  IBBXmppTrustQuestion *accepted;    /* (owned) (nullable): immutable once is_answered */
} Answer;

/* One session, in the thread of the encrypter. */
typedef struct
{
  IBBEncrypterGuest parent;

  GTask                          *task; /* (owned) (nullable): until the end */
  const IBBIdentitySessionEvents *events;
  IBBTransport                   *transport; /* (owned) */
  char                           *peer;
  IBBXmppKnownCertificates       *known;   /* (owned) (nullable) */
  GStrv                           named;   /* (owned) (nullable) */
  GMainContext                   *context; /* (owned): of the caller */
  IBBSessionEncryption            encryption;
  GTlsCertificate                *certificate; /* (owned) (nullable): of the peer */
  GSource                        *input;       /* (owned) (nullable): until bytes come */
  GSource                        *output;      /* (owned) (nullable): until bytes can leave */
  Answer                         *answer;      /* (owned) (nullable): the user was asked */
  GWeakRef                        question;    /* that of the answer */
  gulong                          ended;       /* the handler */
  gulong                          cancelled;   /* the handler; 0: none */
  GList                           link;        /* of awaiting, while the decision waits */
  gboolean                        was_waiting;
  GError                         *error; /* (owned) (nullable): the session has failed */
} IBBIdentitySession;

static void
answer_clear (gpointer data)
{
  Answer *answer = data;

  ibb_encrypter_guest_unref (answer->guest);
  g_clear_object (&answer->accepted);
}

static void
answer_unref (gpointer answer)
{
  g_atomic_rc_box_release_full (answer, answer_clear);
}

static void
answered_cb (IBBXmppQuestion *question, gboolean yes, gpointer data)
{
  Answer *answer = data;

  if (yes)
    answer->accepted = g_object_ref (IBB_XMPP_TRUST_QUESTION (question));
  g_atomic_int_set (&answer->is_answered, TRUE);
  ibb_encrypter_wake (answer->guest);
}

/* The key of the peer, and the user. */

/* (transfer full) */
static GTlsCertificate *
get_certificate (IBBTlsSession *tls, GError **error)
{
  GBytes          *der = ibb_tls_session_get_peer_certificate (tls);
  gsize            size;
  gconstpointer    data = g_bytes_get_data (der, &size);
  GByteArray      *bytes = g_byte_array_append (g_byte_array_new (), data, (guint) size);
  GTlsBackend     *backend = g_tls_backend_get_default ();
  GTlsCertificate *certificate = g_initable_new (g_tls_backend_get_certificate_type (backend), NULL,
                                                 error, "certificate", bytes, NULL);

  g_byte_array_unref (bytes);
  return certificate;
}

static void
check (IBBIdentitySession *self)
{
  IBBXmppTrust trust = IBB_XMPP_TRUST_UNKNOWN;

  if (self->certificate == NULL)
    self->certificate = get_certificate (self->encryption.tls, &self->error);
  if (self->certificate == NULL)
    return;
  for (guint i = 0; self->named != NULL && self->named[i] != NULL; i++)
    if (ibb_xmpp_known_certificates_matches (self->certificate, self->named[i]))
      trust = IBB_XMPP_TRUST_KNOWN;
  if (self->named == NULL && self->known != NULL)
    trust = ibb_xmpp_known_certificates_check (self->known, self->peer, self->certificate);
  ibb_decision_set_trust (&self->encryption.decision, trust,
                          self->named == NULL &&
                              self->events->can_ask (g_task_get_source_object (self->task)));
}

static void
ask (IBBIdentitySession *self)
{
  IBBXmppTrustQuestion *question =
      ibb_xmpp_trust_question_new (self->peer, self->certificate, G_TLS_CERTIFICATE_UNKNOWN_CA,
                                   self->known, self->encryption.decision.exchange.code);

  self->answer = g_atomic_rc_box_new0 (Answer);
  self->answer->guest = ibb_encrypter_guest_ref (&self->parent);
  g_weak_ref_set (&self->question, question);
  g_source_unref (self->events->ask (g_task_get_source_object (self->task),
                                     IBB_XMPP_QUESTION (question), self->context, answered_cb,
                                     g_atomic_rc_box_acquire (self->answer), answer_unref));
}

static void
withdraw (IBBIdentitySession *self)
{
  g_autoptr (IBBXmppQuestion) question = g_weak_ref_get (&self->question);

  if (question != NULL)
    ibb_xmpp_question_withdraw (question);
}

static void
take_answer (IBBIdentitySession *self)
{
  if (self->answer != NULL && g_atomic_int_get (&self->answer->is_answered))
    ibb_decision_answer (&self->encryption.decision, self->answer->accepted != NULL);
}

/* Bytes. */

static GPollableInputStream *
get_input (IBBIdentitySession *self)
{
  return G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (G_IO_STREAM (self->transport)));
}

static GPollableOutputStream *
get_output (IBBIdentitySession *self)
{
  return G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (G_IO_STREAM (self->transport)));
}

/* Returns whether anything has come: a part of one record. */
static gboolean
receive (IBBIdentitySession *self)
{
  IBBTlsSession     *tls = self->encryption.tls;
  guint8             bytes[4096];
  gsize              wanted = MIN (ibb_tls_session_get_wanted (tls), sizeof bytes);
  g_autoptr (GError) error = NULL;
  gssize             n;

  if (wanted == 0 || !ibb_session_encryption_wants_input (&self->encryption))
    return FALSE;
  n = g_pollable_input_stream_read_nonblocking (get_input (self), bytes, wanted, NULL, &error);
  if (n > 0)
    ibb_tls_session_receive (tls, bytes, (gsize) n);
  else if (n == 0)
    ibb_tls_session_receive_end (tls);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return FALSE;
  else
    self->error = g_steal_pointer (&error);
  return TRUE;
}

static void
send (IBBIdentitySession *self)
{
  GByteArray        *output = ibb_tls_session_get_output (self->encryption.tls);
  g_autoptr (GError) error = NULL;

  while (output->len > 0)
    {
      gssize n = g_pollable_output_stream_write_nonblocking (get_output (self), output->data,
                                                             output->len, NULL, &error);

      if (n < 0)
        break;
      g_byte_array_remove_range (output, 0, (guint) n);
    }
  /* The reason lies in what the peer has sent, if it has ended the session: a read meets it. */
  if (error != NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    g_byte_array_set_size (output, 0);
  if (error != NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK) &&
      !ibb_session_encryption_wants_input (&self->encryption) && self->error == NULL)
    self->error = g_steal_pointer (&error);
}

/* While no byte is wanted, no read meets the end of the session. */
static void
check_session (IBBIdentitySession *self)
{
  if (self->error != NULL ||
      g_cancellable_set_error_if_cancelled (g_task_get_cancellable (self->task), &self->error) ||
      ibb_session_encryption_wants_input (&self->encryption) ||
      self->encryption.stage != IBB_SESSION_ENCRYPTION_AGREEMENT ||
      !ibb_transport_has_ended (self->transport))
    return;
  self->error = ibb_transport_dup_error (self->transport);
  if (self->error == NULL)
    g_set_error (&self->error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                 _ ("“%s” ended the session before it was encrypted"), self->peer);
}

/* The turns. */

/* Those that wait for their turn wait for this job. */
static guint
count_holds (IBBIdentitySession *self)
{
  return (self->encryption.decision.has_turn ? 2 : 0) +
         (self->encryption.decision.is_settling ? 1 : 0);
}

/* After a step. n_holds: before it. */
static void
tell_others (IBBIdentitySession *self, guint n_holds)
{
  GQueue  *awaiting = &self->parent.encrypter->awaiting;
  gboolean is_waiting = self->encryption.decision.is_waiting;

  if (is_waiting && !self->was_waiting)
    {
      g_queue_push_tail_link (awaiting, &self->link);
      self->events->waiting (g_task_get_source_object (self->task), self->context, self->peer);
    }
  else if (!is_waiting && self->was_waiting)
    g_queue_unlink (awaiting, &self->link);
  self->was_waiting = is_waiting;
  if (count_holds (self) < n_holds)
    for (GList *l = awaiting->head; l != NULL; l = l->next)
      ibb_encrypter_wake (l->data);
}

static IBBStep
take_step (IBBIdentitySession *self)
{
  guint   n_holds = count_holds (self);
  IBBStep step = ibb_session_encryption_proceed (&self->encryption, &self->parent.encrypter->turns,
                                                 g_get_monotonic_time ());

  tell_others (self, n_holds);
  if (step == IBB_STEP_CHECK)
    check (self);
  else if (step == IBB_STEP_ASK)
    ask (self);
  else if (step == IBB_STEP_NOTIFY)
    self->events->peer_asks (g_task_get_source_object (self->task), self->context, self->peer,
                             self->encryption.decision.exchange.code);
  return step;
}

static void
end_decision (IBBIdentitySession *self)
{
  guint    n_holds = count_holds (self);
  gint64   now = g_get_monotonic_time ();
  IBBPause pause;

  if (ibb_session_encryption_end (&self->encryption, &self->parent.encrypter->turns, now, &pause))
    self->events->broken_off (g_task_get_source_object (self->task), self->context, self->peer,
                              pause.n_broken,
                              (guint) ((pause.until - now + G_USEC_PER_SEC / 2) / G_USEC_PER_SEC));
  tell_others (self, n_holds);
}

/* The result. */

static GError *
new_declined (IBBIdentitySession *self)
{
  g_autofree char *fingerprint = ibb_xmpp_known_certificates_dup_fingerprint (self->certificate);

  return g_error_new (G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE,
                      self->encryption.decision.trust == IBB_XMPP_TRUST_CHANGED
                          /* Translators: a JID, and a fingerprint */
                          ? _ ("The key of “%s” is another one than before, and is not trusted "
                               "(SHA-256 %s)")
                          /* Translators: a JID, and a fingerprint */
                          : _ ("The key of “%s” is not trusted (SHA-256 %s)"),
                      self->peer, fingerprint);
}

/* Takes error, which does not say what failed. */
static GError *
new_tls_error (IBBIdentitySession *self, GError *error)
{
  /* Translators: %s is a JID; a reason follows */
  g_prefix_error (&error, _ ("Cannot encrypt the session with “%s”: "), self->peer);
  return error;
}

static GError *
new_error (IBBIdentitySession *self)
{
  const char *peer = self->peer;

  switch (self->encryption.failure)
    {
    case IBB_SESSION_ENCRYPTION_FAILURE_TLS:
      return new_tls_error (self, ibb_tls_session_dup_error (self->encryption.tls));
    case IBB_SESSION_ENCRYPTION_FAILURE_ENDED:
      return g_error_new (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                          _ ("“%s” ended the session before it was encrypted"), peer);
    case IBB_SESSION_ENCRYPTION_FAILURE_BUSY:
      return g_error_new (G_IO_ERROR, G_IO_ERROR_BUSY,
                          _ ("Too many sessions with “%s” wait for an answer about its key"), peer);
    case IBB_SESSION_ENCRYPTION_FAILURE_TURN_LATE:
      return g_error_new (
          G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
          _ ("The session with “%s” waited too long for the answer to another question"), peer);
    case IBB_SESSION_ENCRYPTION_FAILURE_DECLINED:
      return new_declined (self);
    case IBB_SESSION_ENCRYPTION_FAILURE_REFUSED:
      return g_error_new (G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                          _ ("“%s” does not trust the key of this end"), peer);
    case IBB_SESSION_ENCRYPTION_FAILURE_CHEATED:
      return g_error_new (IBB_ERROR, IBB_ERROR_PROTOCOL,
                          _ ("“%s” sent another random number than it had promised"), peer);
    case IBB_SESSION_ENCRYPTION_FAILURE_BROKEN:
      return g_error_new (IBB_ERROR, IBB_ERROR_PROTOCOL,
                          _ ("“%s” broke the rules by which two ends agree to trust each other"),
                          peer);
    case IBB_SESSION_ENCRYPTION_FAILURE_PEER_LATE:
    case IBB_SESSION_ENCRYPTION_FAILURE_NONE:
    default:
      return g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                          _ ("“%s” did not encrypt the session in time"), peer);
    }
}

/* (transfer full) (nullable): why the encryption has failed. */
static GError *
take_error (IBBIdentitySession *self)
{
  if (self->encryption.has_decision && ibb_decision_is_refusal (&self->encryption.decision))
    return new_declined (self);
  if (self->encryption.stage == IBB_SESSION_ENCRYPTION_FAILED &&
      self->encryption.failure != IBB_SESSION_ENCRYPTION_FAILURE_TLS)
    return new_error (self);
  if (self->error != NULL && self->encryption.has_decision)
    return g_steal_pointer (&self->error);
  if (self->error != NULL)
    return new_tls_error (self, g_steal_pointer (&self->error));
  return self->encryption.stage == IBB_SESSION_ENCRYPTION_DONE ? NULL : new_error (self);
}

/* A peer that does not encrypt would take the close of a session for a good end. */
static void
abort_session (IBBIdentitySession *self)
{
  if (g_cancellable_is_cancelled (g_task_get_cancellable (self->task)))
    ibb_transport_abort_with_reason (self->transport, IBB_STANZA_CONDITION_RECIPIENT_UNAVAILABLE,
                                     NULL);
  else if (self->encryption.has_decision)
    ibb_transport_abort_with_reason (self->transport, IBB_STANZA_CONDITION_POLICY_VIOLATION,
                                     "The two ends have not agreed to trust each other");
  else
    ibb_transport_abort_with_reason (self->transport, IBB_STANZA_CONDITION_POLICY_VIOLATION,
                                     "The session has to be encrypted, as by --encrypt of ibb");
}

static void
stop_waiting (IBBIdentitySession *self)
{
  GCancellable *cancellable = g_task_get_cancellable (self->task);

  g_signal_handler_disconnect (self->transport, self->ended);
  /* g_cancellable_disconnect () would wait for the handlers of the application. */
  if (cancellable != NULL)
    g_signal_handler_disconnect (cancellable, self->cancelled);
  ibb_source_clear (&self->input);
  ibb_source_clear (&self->output);
}

static void
clear (IBBIdentitySession *self)
{
  ibb_session_encryption_clear (&self->encryption);
  g_clear_pointer (&self->answer, answer_unref);
  g_weak_ref_clear (&self->question);
  g_clear_object (&self->certificate);
  g_clear_object (&self->known);
  g_clear_error (&self->error);
  g_strfreev (self->named);
  g_free (self->peer);
  g_main_context_unref (self->context);
  g_object_unref (self->transport);
}

/* The turn has ended, and what the job holds is gone, when the caller learns of the end. */
static void
finish (IBBIdentitySession *self)
{
  g_autoptr (GTask) task = self->task;
  GIOStream        *stream = NULL;
  GError           *error;

  stop_waiting (self);
  /* The user may have answered just before the session ended. */
  take_answer (self);
  withdraw (self);
  error = take_error (self);
  if (error == NULL && self->answer != NULL)
    ibb_xmpp_trust_question_keep (self->answer->accepted);
  end_decision (self);
  if (error == NULL)
    stream = ibb_encrypted_stream_new (self->transport, g_steal_pointer (&self->encryption.tls),
                                       self->parent.encrypter->thread,
                                       self->parent.encrypter->certificate, self->certificate);
  else
    abort_session (self);
  clear (self);
  ibb_encrypter_leave (&self->parent);
  if (stream != NULL)
    g_task_return_pointer (task, stream, g_object_unref);
  else if (!g_task_return_error_if_cancelled (task))
    g_task_return_error (task, error);
  else
    g_error_free (error);
}

/* Moving. */

static gboolean
is_over (IBBIdentitySession *self)
{
  return self->error != NULL || self->encryption.stage == IBB_SESSION_ENCRYPTION_DONE ||
         self->encryption.stage == IBB_SESSION_ENCRYPTION_FAILED;
}

static void move (IBBEncrypterGuest *guest);

static gboolean
moved_cb (GObject *stream, gpointer guest)
{
  move (guest);
  return G_SOURCE_CONTINUE;
}

static GSource *
attach (IBBIdentitySession *self, GSource *source, const char *name)
{
  return ibb_source_attach (source, ibb_thread_get_context (self->parent.encrypter->thread), name,
                            G_SOURCE_FUNC (moved_cb), ibb_encrypter_guest_ref (&self->parent),
                            (GDestroyNotify) ibb_encrypter_guest_unref);
}

static void
wait (IBBIdentitySession *self)
{
  gint64   until = self->encryption.until;
  gboolean wants_input = ibb_session_encryption_wants_input (&self->encryption);
  gboolean has_output = ibb_tls_session_get_output (self->encryption.tls)->len > 0;

  if (!wants_input)
    {
      ibb_source_clear (&self->input);
      until = MIN (until, g_get_monotonic_time () + SESSION_CHECK);
    }
  else if (self->input == NULL)
    self->input = attach (self, g_pollable_input_stream_create_source (get_input (self), NULL),
                          "[ibb-glib] encryption input");
  if (!has_output)
    ibb_source_clear (&self->output);
  else if (self->output == NULL)
    self->output = attach (self, g_pollable_output_stream_create_source (get_output (self), NULL),
                           "[ibb-glib] encryption output");
  ibb_encrypter_wait_until (&self->parent, until);
}

static void
ended_cb (IBBTransport *transport, GParamSpec *pspec, gpointer guest)
{
  ibb_encrypter_wake (guest);
}

static void
cancelled_cb (GCancellable *cancellable, gpointer guest)
{
  ibb_encrypter_wake (guest);
}

/* A handler may still run in its thread when it is disconnected. */
static void
unref_guest (gpointer guest, GClosure *closure)
{
  ibb_encrypter_guest_unref (guest);
}

/* In the thread, which alone uses the numbers of the handlers. What has happened before is looked
 * at by the first step. */
static void
connect_handlers (IBBIdentitySession *self)
{
  GCancellable *cancellable = g_task_get_cancellable (self->task);

  self->ended = g_signal_connect_data (self->transport, "notify::ended", G_CALLBACK (ended_cb),
                                       ibb_encrypter_guest_ref (&self->parent), unref_guest, 0);
  if (cancellable != NULL)
    self->cancelled =
        g_signal_connect_data (cancellable, "cancelled", G_CALLBACK (cancelled_cb),
                               ibb_encrypter_guest_ref (&self->parent), unref_guest, 0);
}

static void
move (IBBEncrypterGuest *guest)
{
  IBBIdentitySession *self = (IBBIdentitySession *) guest;
  gboolean            has_received;
  IBBStep             step;
  guint               n = 0;

  if (self->ended == 0)
    connect_handlers (self);
  take_answer (self);
  do
    {
      has_received = receive (self);
      check_session (self);
      step = is_over (self) ? IBB_STEP_WAIT : take_step (self);
      send (self);
    }
  while (!is_over (self) && (has_received || step != IBB_STEP_WAIT) && ++n < ROUNDS_PER_TURN);
  if (is_over (self))
    {
      finish (self);
      return;
    }
  wait (self);
  if (n == ROUNDS_PER_TURN)
    ibb_encrypter_wake (guest);
}

void
ibb_identity_session_start (IBBEncrypter                   *encrypter,
                            GTask                          *task,
                            const IBBIdentitySessionEvents *events,
                            IBBTransport                   *transport,
                            const char                     *own,
                            const char                     *peer,
                            IBBXmppKnownCertificates       *known,
                            GStrv                           named)
{
  IBBIdentitySession *self = g_atomic_rc_box_new0 (IBBIdentitySession);
  guint8              number[IBB_EXCHANGE_NUMBER_LENGTH];

  ibb_encrypter_guest_init (&self->parent, encrypter, move);
  self->task = task;
  self->events = events;
  self->transport = g_object_ref (transport);
  self->peer = g_strdup (peer);
  g_set_object (&self->known, known);
  self->named = named;
  self->context = g_main_context_ref (g_task_get_context (task));
  self->link.data = self;
  g_weak_ref_init (&self->question, NULL);
  ibb_random_fill (number, sizeof number);
  ibb_session_encryption_init (&self->encryption, encrypter->credentials,
                               ibb_transport_is_incoming (transport), own, peer, number,
                               g_get_monotonic_time ());
  ibb_encrypter_wake (&self->parent);
  ibb_encrypter_guest_unref (&self->parent);
}
