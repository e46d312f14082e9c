/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "trust/trust-answer.h"

/* Milliseconds for an answer in which no person has a part. */
#define PROMPT_ANSWER 1000

/* The answer to a question. The question, the thread and the signal share this. */
typedef struct
{
  GMutex   lock;
  GCond    cond;
  gboolean is_answered;  /* protected by lock */
  gboolean is_cancelled; /* protected by lock */

  IBBTrustQuestion *accepted; /* protected by lock; (owned) (nullable) */
} Answer;

static void
answer_clear (gpointer data)
{
  Answer *answer = data;

  g_clear_object (&answer->accepted);
  g_mutex_clear (&answer->lock);
  g_cond_clear (&answer->cond);
}

static void
answer_unref (gpointer answer)
{
  g_atomic_rc_box_release_full (answer, answer_clear);
}

static void
answered_cb (IBBQuestion *question, gboolean yes, gpointer data)
{
  Answer *answer = data;

  g_mutex_lock (&answer->lock);
  answer->is_answered = TRUE;
  if (yes)
    answer->accepted = g_object_ref (IBB_TRUST_QUESTION (question));
  g_cond_signal (&answer->cond);
  g_mutex_unlock (&answer->lock);
}

static void
cancelled_cb (GCancellable *cancellable, gpointer data)
{
  Answer *answer = data;

  g_mutex_lock (&answer->lock);
  answer->is_cancelled = TRUE;
  g_cond_signal (&answer->cond);
  g_mutex_unlock (&answer->lock);
}

IBBTrustQuestion *
ibb_trust_answer_wait (IBBTrustQuestion  *trust_question,
                       gpointer           object,
                       guint              signal,
                       GMainContext      *context,
                       const IBBExchange *exchange)
{
  IBBQuestion *question = IBB_QUESTION (trust_question);
  Answer      *answer = g_atomic_rc_box_new0 (Answer);
  gint64       start = g_get_monotonic_time ();
  gboolean     is_put_off = FALSE;
  gulong       handler;
  GWeakRef     weak;

  IBBTrustQuestion *accepted;

  g_mutex_init (&answer->lock);
  g_cond_init (&answer->cond);
  g_weak_ref_init (&weak, question);
  handler = g_cancellable_connect (exchange->cancellable, G_CALLBACK (cancelled_cb),
                                   g_atomic_rc_box_acquire (answer), answer_unref);
  g_source_unref (ibb_question_ask (question, object, signal, context, answered_cb,
                                    g_atomic_rc_box_acquire (answer), answer_unref));

  g_mutex_lock (&answer->lock);
  while (!answer->is_answered && !answer->is_cancelled)
    {
      gint64 timeout = is_put_off ? IBB_TRUST_ANSWER_TIMEOUT : PROMPT_ANSWER;

      if (g_cond_wait_until (&answer->cond, &answer->lock,
                             start + timeout * G_TIME_SPAN_MILLISECOND))
        continue;
      if (is_put_off)
        break;
      is_put_off = TRUE;
      g_mutex_unlock (&answer->lock);
      ibb_exchange_put_off (exchange);
      g_mutex_lock (&answer->lock);
    }
  accepted = g_steal_pointer (&answer->accepted);
  g_mutex_unlock (&answer->lock);

  g_cancellable_disconnect (exchange->cancellable, handler);
  question = g_weak_ref_get (&weak);
  if (question != NULL)
    {
      ibb_question_withdraw (question);
      g_object_unref (question);
    }
  g_weak_ref_clear (&weak);
  answer_unref (answer);
  return accepted;
}
