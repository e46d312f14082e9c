/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/login/login.h"

#include "base/call-task.h"
#include "base/cancel-watch.h"
#include "base/intl.h"
#include "base/source.h"
#include "ibb-error.h"
#include "xmpp/base/keyring.h"
#include "xmpp/base/secret.h"
#include "xmpp/trust/ibb-xmpp-password-question-private.h"
#include "xmpp/trust/ibb-xmpp-trust-question-private.h"

struct _IBBLogin
{
  IBBThread                *thread;
  IBBLoginSignals           signals;
  IBBLoginDone              done;
  gpointer                  owner;
  IBBAccount               *account;
  IBBXmppKnownCertificates *known; /* (owned) (nullable) */
  gboolean keyring; /* a missing password is looked up there, and may be kept there */

  GTask             *task;        /* (owned) (nullable): until it is done */
  IBBNegotiation    *negotiation; /* (owned) (nullable): until it is done */
  IBBCancelWatch    *cancelled;   /* (owned) (nullable) */
  GCancellable      *lookup;      /* (owned): of the password in the keyring */
  gboolean           is_looking_up;
  GError            *keyring_error; /* (owned) (nullable): why none can be there */
  GWeakRef           question;      /* to the application */
  gboolean           is_asking;     /* question has neither been answered nor withdrawn */
  GMainContext      *context;       /* (owned) (nullable): of the signals */
  GSource           *emission;      /* (owned) (nullable): of question, in context */
  GTlsCertificate   *asked;         /* (owned) (nullable): of question, while is_asking */
  GTlsCertificate   *accepted;      /* (owned) (nullable) */
  char              *bare_jid;      /* (owned) (nullable): the account that lacks a password */
  char              *password;      /* (owned) (nullable): the password that a person typed */
  IBBXmppAnswerFlags password_flags;
};

/* The receiver of an answer. The client keeps the thread. */
typedef struct
{
  IBBLogin *login;  /* (owned) */
  GObject  *client; /* (owned) */
} Asker;

/* The thread may get it after the login, so it has nothing of the application's. */
typedef struct
{
  IBBLogin          *login; /* (owned) */
  gboolean           yes;
  char              *password; /* (owned) (nullable) */
  IBBXmppAnswerFlags flags;    /* of password */
} Answer;

static void
login_clear (gpointer data)
{
  IBBLogin *self = data;

  g_clear_object (&self->known);
  g_clear_object (&self->lookup);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_error (&self->keyring_error);
  g_weak_ref_clear (&self->question);
  g_clear_object (&self->accepted);
  g_free (self->bare_jid);
  ibb_secret_free (self->password);
}

static void
login_unref (IBBLogin *self)
{
  g_atomic_rc_box_release_full (self, login_clear);
}

static void
asker_free (gpointer data)
{
  Asker *asker = data;

  login_unref (asker->login);
  g_object_unref (asker->client);
  g_free (asker);
}

static void
answer_free (gpointer data)
{
  Answer *answer = data;

  login_unref (answer->login);
  ibb_secret_free (answer->password);
  g_free (answer);
}

static void
fail (IBBLogin *self, int code, const char *message)
{
  g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, code, message);

  ibb_negotiation_fail (self->negotiation, error);
}

static void
take_password (IBBLogin *self, Answer *answer)
{
  if (!answer->yes)
    {
      g_autofree char *message =
          g_strdup_printf (_ ("No password was given for “%s”"), self->bare_jid);

      fail (self, G_IO_ERROR_CANCELLED, message);
      return;
    }
  self->password = g_steal_pointer (&answer->password);
  self->password_flags = answer->flags;
  ibb_negotiation_answer_password (self->negotiation, self->password);
}

static gboolean
answer_cb (gpointer user_data)
{
  Answer   *answer = user_data;
  IBBLogin *self = answer->login;

  /* The login may have ended before the answer. */
  if (!self->is_asking)
    return G_SOURCE_REMOVE;

  self->is_asking = FALSE;
  if (self->asked == NULL)
    {
      take_password (self, answer);
      return G_SOURCE_REMOVE;
    }
  if (answer->yes)
    g_set_object (&self->accepted, self->asked);
  g_clear_object (&self->asked);
  ibb_negotiation_answer_certificate (self->negotiation, answer->yes);
  return G_SOURCE_REMOVE;
}

/* Runs in any thread. */
static void
answered_cb (IBBXmppQuestion *question, gboolean yes, gpointer user_data)
{
  Asker    *asker = user_data;
  IBBLogin *self = asker->login;
  Answer   *answer = g_new0 (Answer, 1);

  answer->login = g_atomic_rc_box_acquire (self);
  answer->yes = yes;
  if (yes && IBB_XMPP_IS_PASSWORD_QUESTION (question))
    answer->password = ibb_xmpp_password_question_take_password (
        IBB_XMPP_PASSWORD_QUESTION (question), &answer->flags);
  ibb_thread_invoke (self->thread, answer_cb, answer, answer_free);
}

static gboolean
has_handler (IBBLogin *self, guint signal)
{
  return g_signal_has_handler_pending (g_task_get_source_object (self->task), signal, 0, FALSE);
}

/* Asks the application, which refuses if it keeps no reference. Takes question. */
static void
ask (IBBLogin *self, IBBXmppQuestion *question, guint signal)
{
  GObject *client = g_task_get_source_object (self->task);
  Asker   *asker = g_new0 (Asker, 1);

  asker->login = g_atomic_rc_box_acquire (self);
  asker->client = g_object_ref (client);
  g_weak_ref_set (&self->question, question);
  self->is_asking = TRUE;
  ibb_source_clear (&self->emission);
  self->emission = ibb_xmpp_question_ask (question, client, signal, self->context, answered_cb,
                                          asker, asker_free);
}

static void
certificate_cb (IBBNegotiation      *negotiation,
                const char          *name,
                GTlsCertificate     *certificate,
                GTlsCertificateFlags errors,
                gpointer             owner)
{
  IBBLogin *self = owner;

  if (!has_handler (self, self->signals.trust))
    {
      ibb_negotiation_answer_certificate (negotiation, FALSE);
      return;
    }
  g_set_object (&self->asked, certificate);
  ask (self,
       IBB_XMPP_QUESTION (
           ibb_xmpp_trust_question_new (name, certificate, errors, self->known, NULL)),
       self->signals.trust);
}

/* A step on its way to the application. */
typedef struct
{
  GObject         *client; /* (owned) */
  guint            signal;
  IBBXmppLoginStep step;
  char            *text;        /* (nullable) */
  GTlsCertificate *certificate; /* (owned) (nullable) */
} Step;

static void
step_free (gpointer data)
{
  Step *self = data;

  g_object_unref (self->client);
  g_free (self->text);
  g_clear_object (&self->certificate);
  g_free (self);
}

static gboolean
step_emission_cb (gpointer data)
{
  Step *self = data;

  g_signal_emit (self->client, self->signal, 0, self->step, self->text, self->certificate);
  return G_SOURCE_REMOVE;
}

static void
step_cb (IBBXmppLoginStep step, const char *text, GTlsCertificate *certificate, gpointer owner)
{
  IBBLogin           *self = owner;
  g_autoptr (GSource) source = NULL;
  Step               *told = g_new0 (Step, 1);

  told->client = g_object_ref (g_task_get_source_object (self->task));
  told->signal = self->signals.step;
  told->step = step;
  told->text = g_strdup (text);
  g_set_object (&told->certificate, certificate);
  source = ibb_source_attach (g_idle_source_new (), self->context, "[ibb-glib] login step",
                              step_emission_cb, told, step_free);
}

static void
ask_for_password (IBBLogin *self)
{
  if (has_handler (self, self->signals.password))
    ask (self,
         IBB_XMPP_QUESTION (ibb_xmpp_password_question_new (
             self->bare_jid, ibb_account_get_was_refused (self->account), self->keyring,
             self->keyring_error)),
         self->signals.password);
  else
    ibb_negotiation_answer_password (self->negotiation, NULL);
}

static void
lookup_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  IBBLogin *self = user_data;
  char     *password = ibb_keyring_lookup_finish (result, &self->keyring_error);

  self->is_looking_up = FALSE;
  if (self->negotiation == NULL)
    ;
  else if (password != NULL && !ibb_account_get_was_refused (self->account))
    {
      self->password = g_steal_pointer (&password);
      ibb_negotiation_answer_password (self->negotiation, self->password);
    }
  else
    ask_for_password (self);
  ibb_secret_free (password);
  ibb_thread_release (self->thread);
  login_unref (self);
}

static void
password_cb (IBBNegotiation *negotiation, const char *bare_jid, gpointer owner)
{
  IBBLogin *self = owner;

  self->bare_jid = g_strdup (bare_jid);
  /* After a refusal, too: it tells whether another password can be kept. */
  if (self->keyring)
    {
      step_cb (IBB_XMPP_LOGIN_STEP_KEYRING, NULL, NULL, self);
      self->is_looking_up = TRUE;
      ibb_thread_hold (self->thread);
      ibb_keyring_lookup_async (bare_jid, self->lookup, lookup_cb, g_atomic_rc_box_acquire (self));
    }
  else
    ask_for_password (self);
}

/* Ends the login. The caller completes the task. */
static GTask *
end (IBBLogin *self)
{
  g_autoptr (IBBXmppQuestion) question = g_weak_ref_get (&self->question);

  g_clear_pointer (&self->cancelled, ibb_cancel_watch_free);
  g_cancellable_cancel (self->lookup);
  self->is_asking = FALSE;
  if (question != NULL)
    ibb_xmpp_question_withdraw (question);
  ibb_source_clear (&self->emission);
  g_clear_object (&self->asked);
  g_clear_pointer (&self->negotiation, ibb_negotiation_unref);

  return g_steal_pointer (&self->task);
}

/* Keeps a password that a person typed, for logins that the client makes by itself. */
static void
keep_password (IBBLogin *self)
{
  if (self->password == NULL)
    return;
  ibb_account_set_was_refused (self->account, FALSE);
  ibb_account_set_string (self->account, IBB_ACCOUNT_SETTING (password), self->password);
  if ((self->password_flags & IBB_XMPP_ANSWER_FLAGS_REMEMBER) != 0 && self->keyring &&
      self->keyring_error == NULL)
    ibb_keyring_store (self->bare_jid, self->password);
}

static void
login_succeeded (IBBLogin *self, IBBNegotiationResult *result)
{
  IBBThread *thread = self->thread;
  GTask     *task = end (self);

  keep_password (self);
  self->done (self, g_task_get_source_object (task), result, NULL, self->owner);
  ibb_call_task_return (task, NULL, thread);
}

/* (transfer full) */
static GError *
explain (IBBLogin *self, const GError *error)
{
  if (self->is_looking_up)
    return g_error_new (error->domain, error->code,
                        /* Translators: %s is a sentence: the login has ended */
                        _ ("%s: the keyring has not answered"), error->message);
  if (self->keyring_error != NULL && self->password == NULL &&
      g_error_matches (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION))
    return g_error_new (error->domain, error->code, "%s. %s", error->message,
                        self->keyring_error->message);
  return g_error_copy (error);
}

/* Ends a login that the negotiation, the certificate, a cancellation or a logout made fail. */
static void
login_failed (IBBLogin *self, const GError *error)
{
  IBBThread *thread = self->thread;
  GError    *reason = explain (self, error);
  GTask     *task = end (self);

  if (self->password != NULL && g_error_matches (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION))
    ibb_account_set_was_refused (self->account, TRUE);
  self->done (self, g_task_get_source_object (task), NULL, reason, self->owner);
  ibb_call_task_return (task, reason, thread);
}

static void
done_cb (IBBNegotiationResult *result, const GError *error, gboolean is_refused, gpointer owner)
{
  if (result != NULL)
    login_succeeded (owner, result);
  else
    login_failed (owner, error);
}

static const IBBNegotiationHandler handler = {
  .step = step_cb,
  .certificate = certificate_cb,
  .password = password_cb,
  .done = done_cb,
};

static gboolean
cancelled_cb (gpointer user_data)
{
  IBBLogin *self = user_data;

  fail (self, G_IO_ERROR_CANCELLED, _ ("The login was cancelled"));
  return G_SOURCE_REMOVE;
}

IBBLogin *
ibb_login_new (IBBThread             *thread,
               GTask                 *task,
               GMainContext          *context,
               const IBBLoginSignals *signals,
               IBBAccountSettings    *settings,
               IBBLoginDone           done,
               gpointer               owner)
{
  IBBLogin *self = g_atomic_rc_box_new0 (IBBLogin);

  self->thread = thread;
  self->signals = *signals;
  self->done = done;
  self->owner = owner;
  self->account = settings->account;
  g_set_object (&self->known, settings->known_certificates);
  self->keyring = settings->keyring;
  self->lookup = g_cancellable_new ();
  g_weak_ref_init (&self->question, NULL);
  self->task = task;
  self->context = context;
  self->negotiation = ibb_negotiation_new (thread, settings, NULL, &handler, self);
  self->cancelled = ibb_cancel_watch_new_callback (
      g_task_get_cancellable (task), ibb_thread_get_context (thread), cancelled_cb, self);

  return self;
}

void
ibb_login_free (IBBLogin *self)
{
  g_assert (self->task == NULL);

  login_unref (self);
}

void
ibb_login_end (IBBLogin *self)
{
  fail (self, G_IO_ERROR_CANCELLED, _ ("The login was ended by a logout"));
}

GTlsCertificate *
ibb_login_get_accepted_certificate (IBBLogin *self)
{
  return self->accepted;
}
