/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/login/login.h"

#include "ibb-intl-private.h"
#include "runtime/cancel-watch.h"
#include "xmpp/base/call-task.h"
#include "xmpp/base/source.h"

/* A question to the application also holds a reference. */
struct _IBBLogin
{
  IBBThread   *thread;
  guint        certificate_signal;
  IBBLoginDone done;
  gpointer     owner;

  GTask           *task;        /* (owned) (nullable): until it is done */
  IBBNegotiation  *negotiation; /* (owned) (nullable): until it is done */
  IBBCancelWatch  *cancelled;   /* (owned) (nullable) */
  GSource         *question;    /* (owned) (nullable): in the context of the task */
  GTlsCertificate *asked;       /* (owned) (nullable): of the question, until it is done */
  GTlsCertificate *accepted;    /* (owned) (nullable) */
};

typedef struct
{
  IBBLogin            *login;       /* (owned) */
  GTask               *task;        /* (owned) */
  GTlsCertificate     *certificate; /* (owned) */
  GTlsCertificateFlags errors;
} Question;

/* The thread may get it after the login, so it has nothing of the application's. */
typedef struct
{
  IBBLogin *login; /* (owned) */
  gboolean  accept;
} Answer;

static void
login_clear (gpointer data)
{
  IBBLogin *self = data;

  g_clear_object (&self->accepted);
}

static void
login_unref (IBBLogin *self)
{
  g_atomic_rc_box_release_full (self, login_clear);
}

static Question *
question_new (IBBLogin            *login,
              GTask               *task,
              GTlsCertificate     *certificate,
              GTlsCertificateFlags errors)
{
  Question *question = g_new0 (Question, 1);

  question->login = g_atomic_rc_box_acquire (login);
  question->task = g_object_ref (task);
  question->certificate = g_object_ref (certificate);
  question->errors = errors;

  return question;
}

static void
question_free (gpointer data)
{
  Question *question = data;

  login_unref (question->login);
  g_object_unref (question->task);
  g_object_unref (question->certificate);
  g_free (question);
}

static void
answer_free (gpointer data)
{
  Answer *answer = data;

  login_unref (answer->login);
  g_free (answer);
}

static gboolean
answer_cb (gpointer user_data)
{
  Answer   *answer = user_data;
  IBBLogin *self = answer->login;

  /* The login may have ended before the answer. */
  if (self->negotiation == NULL)
    return G_SOURCE_REMOVE;

  if (answer->accept)
    g_set_object (&self->accepted, self->asked);
  ibb_negotiation_answer_certificate (self->negotiation, answer->accept);

  return G_SOURCE_REMOVE;
}

/* Runs in the context of the task. */
static gboolean
question_cb (gpointer user_data)
{
  Question *question = user_data;
  IBBLogin *self = question->login;
  Answer   *answer = g_new0 (Answer, 1);

  answer->login = g_atomic_rc_box_acquire (self);
  g_signal_emit (g_task_get_source_object (question->task), self->certificate_signal, 0,
                 question->certificate, question->errors, &answer->accept);
  ibb_thread_invoke (self->thread, answer_cb, answer, answer_free);

  return G_SOURCE_REMOVE;
}

static void
certificate_cb (IBBNegotiation      *negotiation,
                GTlsCertificate     *certificate,
                GTlsCertificateFlags errors,
                gpointer             owner)
{
  IBBLogin *self = owner;

  if (!g_signal_has_handler_pending (g_task_get_source_object (self->task),
                                     self->certificate_signal, 0, FALSE))
    {
      ibb_negotiation_answer_certificate (negotiation, FALSE);
      return;
    }

  g_set_object (&self->asked, certificate);
  self->question = ibb_source_attach (
      g_idle_source_new (), g_task_get_context (self->task), "[ibb-glib] accept-certificate",
      question_cb, question_new (self, self->task, certificate, errors), question_free);
}

/* Ends the login. The caller completes the task. */
static GTask *
end (IBBLogin *self)
{
  g_clear_pointer (&self->cancelled, ibb_cancel_watch_free);
  ibb_source_clear (&self->question);
  g_clear_object (&self->asked);
  g_clear_pointer (&self->negotiation, ibb_negotiation_unref);

  return g_steal_pointer (&self->task);
}

static void
login_succeeded (IBBLogin *self, IBBNegotiationResult *result)
{
  IBBThread *thread = self->thread;
  GTask     *task = end (self);

  self->done (self, g_task_get_source_object (task), result, NULL, self->owner);
  ibb_call_task_return (task, NULL, thread);
}

/* Whatever the reason: the negotiation, the certificate, a cancellation or a logout. */
static void
login_failed (IBBLogin *self, const GError *error)
{
  IBBThread *thread = self->thread;
  GTask     *task = end (self);

  self->done (self, g_task_get_source_object (task), NULL, error, self->owner);
  ibb_call_task_return (task, g_error_copy (error), thread);
}

static void
done_cb (IBBNegotiation       *negotiation,
         IBBNegotiationResult *result,
         const GError         *error,
         gpointer              owner)
{
  if (result != NULL)
    login_succeeded (owner, result);
  else
    login_failed (owner, error);
}

static const IBBNegotiationHandler handler = {
  .certificate = certificate_cb,
  .done = done_cb,
};

static gboolean
cancelled_cb (gpointer user_data)
{
  g_autoptr (GError) error =
      g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, _ ("The login was cancelled"));

  ibb_login_fail (user_data, error);
  return G_SOURCE_REMOVE;
}

IBBLogin *
ibb_login_new (IBBThread          *thread,
               GTask              *task,
               guint               certificate_signal,
               IBBAccountSettings *settings,
               IBBLoginDone        done,
               gpointer            owner)
{
  IBBLogin *self = g_atomic_rc_box_new0 (IBBLogin);

  self->thread = thread;
  self->certificate_signal = certificate_signal;
  self->done = done;
  self->owner = owner;
  self->task = task;
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
ibb_login_fail (IBBLogin *self, const GError *error)
{
  ibb_negotiation_fail (self->negotiation, error);
}

GTlsCertificate *
ibb_login_get_accepted_certificate (IBBLogin *self)
{
  return self->accepted;
}
