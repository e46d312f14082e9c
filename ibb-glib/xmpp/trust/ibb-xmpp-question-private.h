/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The base of the questions to an application. */

#pragma once

#include "xmpp/trust/ibb-xmpp-question.h"

/* Once, in the thread that answers. yes: else the question was refused. */
typedef void (*IBBQuestionAnswered) (IBBXmppQuestion *question, gboolean yes, gpointer data);

struct _IBBXmppQuestion
{
  GObject parent_instance;

  gint                pending;  /* atomic */
  GMainContext       *context;  /* (owned) (nullable): withdrawn is emitted there */
  IBBQuestionAnswered answered; /* (nullable) */
  gpointer            data;     /* until it is settled */
  GDestroyNotify      data_free;
};

struct _IBBXmppQuestionClass
{
  GObjectClass parent_class;
};

/* Emits signal of object with the question in context: (IBBXmppQuestion) → whether another handler
 * is called. Takes self, so that an application that keeps no reference refuses. (transfer full):
 * the source that does so, in context. */
GSource *ibb_xmpp_question_ask (IBBXmppQuestion    *self,
                                gpointer            object,
                                guint               signal,
                                GMainContext       *context,
                                IBBQuestionAnswered answered,
                                gpointer            data,
                                GDestroyNotify      data_free);
/* Begins an answer. FALSE: there was one before. Otherwise ibb_xmpp_question_answer () follows,
 * which calls the asker and frees data. */
gboolean ibb_xmpp_question_settle (IBBXmppQuestion *self);
void     ibb_xmpp_question_answer (IBBXmppQuestion *self, gboolean yes);
/* Ends the question without an answer. Any thread. */
void ibb_xmpp_question_withdraw (IBBXmppQuestion *self);
