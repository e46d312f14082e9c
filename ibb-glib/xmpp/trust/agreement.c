/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/trust/agreement.h"

#include "base/callback-source.h"
#include "base/intl.h"
#include "base/random.h"
#include "base/source.h"
#include "ibb-error.h"
#include "xmpp/trust/decision.h"
#include "xmpp/trust/ibb-xmpp-known-certificates-private.h"
#include "xmpp/trust/ibb-xmpp-trust-question-private.h"

/* Microseconds between two looks at the session while no byte is wanted: its notification comes in
 * the context of the service, which the caller may block. */
#define SESSION_CHECK G_USEC_PER_SEC

/* The answer to a question. The question and the thread share this. */
typedef struct
{
  GMainContext         *context;     /* (owned): of the thread */
  gint                  is_answered; /* atomic */
  IBBXmppTrustQuestion *accepted;    /* (owned) (nullable): immutable once is_answered */
} Answer;

typedef struct
{
  const IBBAgreement *call;
  GMainContext       *context; /* (owned): of the thread */
  IBBDecision         decision;
  GTlsCertificate    *certificate;
  gboolean            is_awaited; /* the context is among those */
  Answer             *answer;     /* (owned) (nullable): the user was asked */
  GWeakRef            question;   /* that of the answer */
  GError             *error;      /* (owned) (nullable): the session has failed */
} Run;

static void
answer_clear (gpointer data)
{
  Answer *answer = data;

  g_main_context_unref (answer->context);
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
  g_main_context_wakeup (answer->context);
}

/* Turns. */

void
ibb_agreement_turns_init (IBBAgreementTurns *self)
{
  g_mutex_init (&self->lock);
  ibb_turns_init (&self->turns);
}

void
ibb_agreement_turns_clear (IBBAgreementTurns *self)
{
  ibb_turns_clear (&self->turns);
  g_mutex_clear (&self->lock);
}

/* Those that wait for their turn wait for this exchange. */
static guint
count_holds (Run *self)
{
  return (self->decision.has_turn ? 2 : 0) + (self->decision.is_settling ? 1 : 0);
}

/* After a step. n_holds: before it. */
static void
tell_others_locked (Run *self, guint n_holds)
{
  IBBAgreementTurns *queue = self->call->queue;

  if (self->decision.is_waiting && !self->is_awaited)
    queue->awaited = g_list_prepend (queue->awaited, self->context);
  else if (!self->decision.is_waiting && self->is_awaited)
    queue->awaited = g_list_remove (queue->awaited, self->context);
  self->is_awaited = self->decision.is_waiting;
  if (count_holds (self) < n_holds)
    for (GList *l = queue->awaited; l != NULL; l = l->next)
      g_main_context_wakeup (l->data);
}

static IBBStep
proceed (Run *self)
{
  IBBAgreementTurns *queue = self->call->queue;
  guint              n_holds = count_holds (self);
  IBBStep            step;

  g_mutex_lock (&queue->lock);
  step = ibb_decision_proceed (&self->decision, &queue->turns, self->call->peer,
                               g_get_monotonic_time ());
  tell_others_locked (self, n_holds);
  g_mutex_unlock (&queue->lock);
  return step;
}

static void
end (Run *self)
{
  const IBBAgreement *call = self->call;
  guint               n_holds = count_holds (self);
  IBBPause            pause;
  gboolean            is_broken_off;

  g_mutex_lock (&call->queue->lock);
  is_broken_off = ibb_decision_end (&self->decision, &call->queue->turns, call->peer,
                                    g_get_monotonic_time (), &pause);
  tell_others_locked (self, n_holds);
  g_mutex_unlock (&call->queue->lock);
  if (is_broken_off)
    call->broken_off (&pause, call->data);
}

/* The user. */

static void
check (Run *self)
{
  const IBBAgreement *call = self->call;
  IBBXmppTrust        trust = IBB_XMPP_TRUST_UNKNOWN;

  for (guint i = 0; call->named != NULL && call->named[i] != NULL; i++)
    if (ibb_xmpp_known_certificates_matches (self->certificate, call->named[i]))
      trust = IBB_XMPP_TRUST_KNOWN;
  if (call->named == NULL && call->known != NULL)
    trust = ibb_xmpp_known_certificates_check (call->known, call->peer, self->certificate);
  ibb_decision_set_trust (&self->decision, trust,
                          call->named == NULL &&
                              g_signal_has_handler_pending (call->object, call->signal, 0, FALSE));
}

static void
ask (Run *self)
{
  const IBBAgreement   *call = self->call;
  IBBXmppTrustQuestion *question =
      ibb_xmpp_trust_question_new (call->peer, self->certificate, G_TLS_CERTIFICATE_UNKNOWN_CA,
                                   call->known, self->decision.exchange.code);

  self->answer = g_atomic_rc_box_new0 (Answer);
  self->answer->context = g_main_context_ref (self->context);
  g_weak_ref_set (&self->question, question);
  g_source_unref (ibb_xmpp_question_ask (IBB_XMPP_QUESTION (question), call->object, call->signal,
                                         call->context, answered_cb,
                                         g_atomic_rc_box_acquire (self->answer), answer_unref));
}

/* Bytes. */

static void
send (Run *self)
{
  GByteArray *output = self->decision.exchange.output;

  if (output->len == 0 || self->error != NULL)
    return;
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (self->call->tls)),
                             output->data, output->len, NULL, self->call->cancellable,
                             &self->error);
  g_byte_array_set_size (output, 0);
}

static GPollableInputStream *
get_input (Run *self)
{
  return G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (G_IO_STREAM (self->call->tls)));
}

static void
set_ended (Run *self)
{
  g_set_error (&self->error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
               _ ("“%s” ended the session before it was encrypted"), self->call->peer);
}

/* Takes what has come, but not for longer than the state may last: a peer may send without end.
 * Bytes that are not wanted stay in the stream. */
static void
receive (Run *self)
{
  guint8 bytes[IBB_EXCHANGE_NUMBER_LENGTH];
  gsize  wanted;

  while (self->error == NULL && g_get_monotonic_time () < self->decision.deadline &&
         (wanted = ibb_exchange_get_wanted (&self->decision.exchange)) > 0)
    {
      g_autoptr (GError) error = NULL;
      gssize n = g_pollable_input_stream_read_nonblocking (get_input (self), bytes, wanted,
                                                           self->call->cancellable, &error);

      if (n > 0)
        ibb_exchange_receive (&self->decision.exchange, bytes, (gsize) n);
      else if (n == 0)
        set_ended (self);
      else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return;
      else
        self->error = g_steal_pointer (&error);
    }
}

static gboolean
woken_cb (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

static gboolean
readable_cb (GObject *stream, gpointer data)
{
  return G_SOURCE_CONTINUE;
}

/* Until the peer has said something or the session has ended, the user has answered, the turn of
 * another exchange has ended, the call is cancelled, or until: µs. No source has the cancellable:
 * GLib 2.74 leaks such a source if this thread drops it while another one cancels. */
static void
wait (Run *self, gint64 until)
{
  GSource *input = NULL;
  GSource *timer = ibb_callback_source_new ("[ibb-glib] agreement timeout", woken_cb, NULL, NULL);

  if (ibb_exchange_get_wanted (&self->decision.exchange) > 0)
    input = ibb_source_attach (g_pollable_input_stream_create_source (get_input (self), NULL),
                               self->context, "[ibb-glib] agreement input",
                               G_SOURCE_FUNC (readable_cb), NULL, NULL);
  else
    until = MIN (until, g_get_monotonic_time () + SESSION_CHECK);
  ibb_source_attach_at (timer, until, self->context);
  g_main_context_iteration (self->context, TRUE);
  ibb_source_clear (&input);
  ibb_source_clear (&timer);
}

static gboolean
is_over (Run *self)
{
  return self->error != NULL || ibb_decision_is_over (&self->decision);
}

static void
ended_cb (IBBTransport *transport, GParamSpec *pspec, gpointer context)
{
  g_main_context_wakeup (context);
}

static void
cancelled_cb (GCancellable *cancellable, gpointer context)
{
  g_main_context_wakeup (context);
}

/* A handler may still run in its thread when it is disconnected. */
static void
unref_context (gpointer context, GClosure *closure)
{
  g_main_context_unref (context);
}

/* While no byte is wanted, no read meets the end of the session. */
static void
check_session (Run *self)
{
  if (is_over (self) || ibb_exchange_get_wanted (&self->decision.exchange) > 0 ||
      g_cancellable_set_error_if_cancelled (self->call->cancellable, &self->error) ||
      !ibb_transport_has_ended (self->call->transport))
    return;
  self->error = ibb_transport_dup_error (self->call->transport);
  if (self->error == NULL)
    set_ended (self);
}

static void
take_answer (Run *self)
{
  if (self->answer != NULL && g_atomic_int_get (&self->answer->is_answered))
    ibb_decision_answer (&self->decision, self->answer->accepted != NULL);
}

/* The steps that need neither bytes nor time. */
static void
take_steps (Run *self)
{
  IBBStep step;

  take_answer (self);
  do
    {
      step = proceed (self);
      if (step == IBB_STEP_CHECK)
        check (self);
      else if (step == IBB_STEP_ASK)
        ask (self);
      else if (step == IBB_STEP_NOTIFY)
        self->call->peer_asks (self->decision.exchange.code, self->call->data);
      send (self);
    }
  while (step != IBB_STEP_WAIT && !is_over (self));
}

static void
talk (Run *self)
{
  for (;;)
    {
      receive (self);
      check_session (self);
      if (!is_over (self))
        take_steps (self);
      if (is_over (self))
        return;
      wait (self, self->decision.until);
    }
}

/* The result. */

static void
withdraw (Run *self)
{
  g_autoptr (IBBXmppQuestion) question = g_weak_ref_get (&self->question);

  if (question != NULL)
    ibb_xmpp_question_withdraw (question);
}

static void
set_late (Run *self)
{
  const char *peer = self->call->peer;

  if (self->decision.failure == IBB_DECISION_FAILURE_BUSY)
    g_set_error (&self->error, G_IO_ERROR, G_IO_ERROR_BUSY,
                 _ ("Too many sessions with “%s” wait for an answer about its key"), peer);
  else if (self->decision.failure == IBB_DECISION_FAILURE_TURN_LATE)
    g_set_error (&self->error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                 _ ("The session with “%s” waited too long for the answer to another question"),
                 peer);
  else
    g_set_error (&self->error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                 _ ("“%s” did not encrypt the session in time"), peer);
}

static gboolean
set_declined (Run *self, GError **error)
{
  g_autofree char *fingerprint = ibb_xmpp_known_certificates_dup_fingerprint (self->certificate);

  g_set_error (
      error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE,
      self->decision.trust == IBB_XMPP_TRUST_CHANGED
          /* Translators: a JID, and a fingerprint */
          ? _ ("The key of “%s” is another one than before, and is not trusted (SHA-256 %s)")
          /* Translators: a JID, and a fingerprint */
          : _ ("The key of “%s” is not trusted (SHA-256 %s)"),
      self->call->peer, fingerprint);
  return FALSE;
}

static gboolean
set_result (Run *self, GError **error)
{
  const char *peer = self->call->peer;

  if (self->decision.exchange.refuses)
    return set_declined (self, error);
  switch (self->decision.exchange.state)
    {
    case IBB_EXCHANGE_TRUSTED:
      if (self->error != NULL)
        break;
      if (self->answer != NULL)
        ibb_xmpp_trust_question_keep (self->answer->accepted);
      return TRUE;
    case IBB_EXCHANGE_DECLINED:
      return set_declined (self, error);
    case IBB_EXCHANGE_REFUSED:
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                   _ ("“%s” does not trust the key of this end"), peer);
      return FALSE;
    case IBB_EXCHANGE_CHEATED:
      g_set_error (error, IBB_ERROR, IBB_ERROR_PROTOCOL,
                   _ ("“%s” sent another random number than it had promised"), peer);
      return FALSE;
    case IBB_EXCHANGE_BROKEN:
      g_set_error (error, IBB_ERROR, IBB_ERROR_PROTOCOL,
                   _ ("“%s” broke the rules by which two ends agree to trust each other"), peer);
      return FALSE;
    default:
      break;
    }
  if (self->error == NULL)
    set_late (self);
  if (self->error->domain == G_TLS_ERROR)
    /* Translators: %s is a JID; a reason follows */
    g_prefix_error (&self->error, _ ("Cannot encrypt the session with “%s”: "), peer);
  g_propagate_error (error, g_steal_pointer (&self->error));
  return FALSE;
}

gboolean
ibb_agreement_reach (const IBBAgreement *call, GError **error)
{
  Run                    self = { .call = call };
  g_autoptr (GByteArray) exporter = g_byte_array_new ();
  g_autoptr (GBytes)     key = NULL;
  guint8                 number[IBB_EXCHANGE_NUMBER_LENGTH];
  gboolean               succeeded;
  gulong                 ended;
  gulong                 cancelled;

  if (!g_tls_connection_get_channel_binding_data (call->tls, G_TLS_CHANNEL_BINDING_TLS_EXPORTER,
                                                  exporter, error))
    return FALSE;
  key = g_bytes_new (exporter->data, exporter->len);
  ibb_random_fill (number, sizeof number);
  ibb_decision_init (&self.decision, call->as_server, call->own, call->peer, key, number,
                     g_get_monotonic_time ());
  self.context = g_main_context_new ();
  self.certificate = g_tls_connection_get_peer_certificate (call->tls);
  g_weak_ref_init (&self.question, NULL);

  ended = g_signal_connect_data (call->transport, "notify::ended", G_CALLBACK (ended_cb),
                                 g_main_context_ref (self.context), unref_context, 0);
  cancelled =
      g_cancellable_connect (call->cancellable, G_CALLBACK (cancelled_cb), self.context, NULL);
  talk (&self);
  g_cancellable_disconnect (call->cancellable, cancelled);
  g_signal_handler_disconnect (call->transport, ended);

  /* The user may have answered just before the session ended. */
  take_answer (&self);
  withdraw (&self);
  succeeded = set_result (&self, error);
  end (&self);

  g_weak_ref_clear (&self.question);
  g_clear_pointer (&self.answer, answer_unref);
  ibb_decision_clear (&self.decision);
  g_main_context_unref (self.context);
  g_clear_error (&self.error);
  return succeeded;
}
