/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "base/source.h"
#include "xmpp/trust/ibb-xmpp-question-private.h"

/**
 * IBBXmppQuestion:
 *
 * A question to the user that the application answers when it can: at once, or after a dialogue.
 *
 * [class@IBBXmpp.TrustQuestion] asks whether a certificate is trusted,
 * [class@IBBXmpp.PasswordQuestion] asks for a password. The signals that bring a question name the
 * time within which it has to be answered. The first answer counts. A question that is neither
 * answered nor kept is refused when its last reference is dropped.
 *
 * ```c
 * static void
 * user_closed_dialogue_cb (IBBXmppQuestion *question)
 * {
 *   if (ibb_xmpp_question_is_pending (question))
 *     ibb_xmpp_question_refuse (question);
 * }
 * ```
 *
 * While [property@IBBXmpp.Question:pending] is %TRUE, somebody waits for the answer. If that ends
 * without one, [signal@IBBXmpp.Question::withdrawn] is emitted: a dialogue closes then.
 *
 * ## Threads
 *
 * Any thread may answer. [signal@IBBXmpp.Question::withdrawn] is emitted in the thread-default
 * context in which the signal with the question was.
 *
 * Since: 1.0
 */

enum
{
  PROP_PENDING = 1,
  N_PROPS
};

enum
{
  SIGNAL_WITHDRAWN,
  N_SIGNALS
};

static GParamSpec *props[N_PROPS];
static guint       signals[N_SIGNALS];

G_DEFINE_ABSTRACT_TYPE (IBBXmppQuestion, ibb_xmpp_question, G_TYPE_OBJECT)

static void
ibb_xmpp_question_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_PENDING)
    g_value_set_boolean (value, ibb_xmpp_question_is_pending (IBB_XMPP_QUESTION (object)));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
ibb_xmpp_question_dispose (GObject *object)
{
  ibb_xmpp_question_refuse (IBB_XMPP_QUESTION (object));

  G_OBJECT_CLASS (ibb_xmpp_question_parent_class)->dispose (object);
}

static void
ibb_xmpp_question_finalize (GObject *object)
{
  IBBXmppQuestion *self = IBB_XMPP_QUESTION (object);

  g_clear_pointer (&self->context, g_main_context_unref);

  G_OBJECT_CLASS (ibb_xmpp_question_parent_class)->finalize (object);
}

static void
ibb_xmpp_question_class_init (IBBXmppQuestionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = ibb_xmpp_question_get_property;
  object_class->dispose = ibb_xmpp_question_dispose;
  object_class->finalize = ibb_xmpp_question_finalize;

  /**
   * IBBXmppQuestion:pending: (getter is_pending)
   *
   * Whether an answer is waited for. No notification is emitted: an answer is the application's
   * own, and [signal@IBBXmpp.Question::withdrawn] tells the other end.
   *
   * Since: 1.0
   */
  props[PROP_PENDING] =
      g_param_spec_boolean ("pending", NULL, NULL, FALSE,
                            G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  g_object_class_install_properties (object_class, N_PROPS, props);

  /**
   * IBBXmppQuestion::withdrawn:
   * @self: the question
   *
   * Nobody waits for an answer any more: the login or the session has ended, or the time is over.
   * It is not emitted after an answer.
   *
   * Since: 1.0
   */
  signals[SIGNAL_WITHDRAWN] = g_signal_new ("withdrawn", IBB_XMPP_TYPE_QUESTION, G_SIGNAL_RUN_LAST,
                                            0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
ibb_xmpp_question_init (IBBXmppQuestion *self)
{
  self->pending = TRUE;
}

/* A question on its way to the application. */
typedef struct
{
  IBBXmppQuestion *question; /* (owned) */
  GObject         *object;   /* (owned) */
  guint            signal;
} Emission;

static void
emission_free (gpointer data)
{
  Emission *emission = data;

  g_object_unref (emission->question);
  g_object_unref (emission->object);
  g_free (emission);
}

static gboolean
emission_cb (gpointer user_data)
{
  Emission *emission = user_data;
  gboolean  handled;

  /* The session may have ended meanwhile. */
  if (ibb_xmpp_question_is_pending (emission->question))
    g_signal_emit (emission->object, emission->signal, 0, emission->question, &handled);
  return G_SOURCE_REMOVE;
}

GSource *
ibb_xmpp_question_ask (IBBXmppQuestion    *self,
                       gpointer            object,
                       guint               signal,
                       GMainContext       *context,
                       IBBQuestionAnswered answered,
                       gpointer            data,
                       GDestroyNotify      data_free)
{
  Emission *emission = g_new0 (Emission, 1);

  self->context = context != NULL ? g_main_context_ref (context) : NULL;
  self->answered = answered;
  self->data = data;
  self->data_free = data_free;
  emission->question = self;
  emission->object = g_object_ref (object);
  emission->signal = signal;
  return ibb_source_attach (g_idle_source_new (), context, "[ibb-glib] question", emission_cb,
                            emission, emission_free);
}

gboolean
ibb_xmpp_question_settle (IBBXmppQuestion *self)
{
  return g_atomic_int_compare_and_exchange (&self->pending, TRUE, FALSE);
}

static void
forget_asker (IBBXmppQuestion *self)
{
  if (self->data_free != NULL)
    self->data_free (g_steal_pointer (&self->data));
}

void
ibb_xmpp_question_answer (IBBXmppQuestion *self, gboolean yes)
{
  if (self->answered != NULL)
    self->answered (self, yes, self->data);
  forget_asker (self);
}

static gboolean
withdrawn_cb (gpointer user_data)
{
  g_signal_emit (user_data, signals[SIGNAL_WITHDRAWN], 0);
  return G_SOURCE_REMOVE;
}

void
ibb_xmpp_question_withdraw (IBBXmppQuestion *self)
{
  if (!ibb_xmpp_question_settle (self))
    return;
  forget_asker (self);
  /* Before the end of the call that asked. */
  g_source_unref (ibb_source_attach (g_idle_source_new (), self->context,
                                     "[ibb-glib] question withdrawn", withdrawn_cb,
                                     g_object_ref (self), g_object_unref));
}

/**
 * ibb_xmpp_question_is_pending:
 * @self: a question
 *
 * Gets whether an answer is waited for.
 *
 * Returns: TRUE while it is
 *
 * Since: 1.0
 */
gboolean
ibb_xmpp_question_is_pending (IBBXmppQuestion *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_QUESTION (self), FALSE);

  return g_atomic_int_get (&self->pending);
}

/**
 * ibb_xmpp_question_refuse:
 * @self: a question
 *
 * Answers no: the certificate is not trusted, or no password is given. Without effect after
 * another answer.
 *
 * Since: 1.0
 */
void
ibb_xmpp_question_refuse (IBBXmppQuestion *self)
{
  g_return_if_fail (IBB_XMPP_IS_QUESTION (self));

  if (ibb_xmpp_question_settle (self))
    ibb_xmpp_question_answer (self, FALSE);
}
