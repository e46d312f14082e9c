/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The questions to an application, as those who ask see them. */

#include "ibb-error.h"
#include "xmpp/trust/certificate-error.h"
#include "xmpp/trust/ibb-xmpp-password-question-private.h"

#include "../lib/calls.h"

typedef struct
{
  guint n_yes;
  guint n_no;
  guint n_freed;
  guint n_withdrawn;
} Asker;

static void
answered_cb (IBBXmppQuestion *question, gboolean yes, gpointer data)
{
  Asker *self = data;

  g_assert_false (ibb_xmpp_question_is_pending (question));
  if (yes)
    self->n_yes++;
  else
    self->n_no++;
}

static void
freed_cb (gpointer data)
{
  ((Asker *) data)->n_freed++;
}

static void
withdrawn_cb (IBBXmppQuestion *question, Asker *self)
{
  self->n_withdrawn++;
}

/* Asked by a signal that an application does not handle; a reference keeps the question. */
static IBBXmppPasswordQuestion *
ask (Asker *self, const GError *keyring_error, GMainContext *context)
{
  IBBXmppPasswordQuestion *question =
      ibb_xmpp_password_question_new ("a@b", keyring_error == NULL, TRUE, keyring_error);
  g_autoptr (GObject) object = g_object_new (IBB_XMPP_TYPE_PASSWORD_QUESTION, NULL);
  g_autoptr (GSource) source = NULL;

  g_signal_connect (question, "withdrawn", G_CALLBACK (withdrawn_cb), self);
  source = ibb_xmpp_question_ask (IBB_XMPP_QUESTION (g_object_ref (question)), object,
                                  g_signal_lookup ("withdrawn", IBB_XMPP_TYPE_QUESTION), context,
                                  answered_cb, self, freed_cb);
  g_source_destroy (source);
  return question;
}

static void
test_password (void)
{
  Asker                    self = { 0 };
  IBBXmppPasswordQuestion *question = ask (&self, NULL, NULL);
  IBBXmppQuestion         *base = IBB_XMPP_QUESTION (question);
  IBBXmppAnswerFlags       flags = 0;
  g_autofree char         *password = NULL;
  g_autofree char         *jid = NULL;
  gboolean                 was_refused;
  gboolean                 can_remember;
  gboolean                 is_pending;

  g_assert_cmpstr (ibb_xmpp_password_question_get_jid (question), ==, "a@b");
  g_assert_null (ibb_xmpp_password_question_dup_keyring_error (question));
  g_assert_true (ibb_xmpp_question_is_pending (base));
  g_object_get (question, "jid", &jid, "was-refused", &was_refused, "can-remember", &can_remember,
                "pending", &is_pending, NULL);
  g_assert_cmpstr (jid, ==, "a@b");
  g_assert_true (was_refused && can_remember && is_pending);

  ibb_xmpp_password_question_answer (question, "first", IBB_XMPP_ANSWER_FLAGS_REMEMBER);
  /* Nothing after an answer counts. */
  ibb_xmpp_password_question_answer (question, "second", IBB_XMPP_ANSWER_FLAGS_NONE);
  ibb_xmpp_question_refuse (base);
  ibb_xmpp_question_withdraw (base);
  run_pending ();
  g_object_get (question, "pending", &is_pending, NULL);
  g_assert_false (is_pending);
  g_assert_cmpuint (self.n_yes, ==, 1);
  g_assert_cmpuint (self.n_no + self.n_withdrawn, ==, 0);
  g_assert_cmpuint (self.n_freed, ==, 1);
  password = ibb_xmpp_password_question_take_password (question, &flags);
  g_assert_cmpstr (password, ==, "first");
  g_assert_cmpuint (flags, ==, IBB_XMPP_ANSWER_FLAGS_REMEMBER);
  g_assert_null (ibb_xmpp_password_question_take_password (question, &flags));
  g_assert_finalize_object (question);
}

static void
test_refused (void)
{
  g_autoptr (GError)       reason = g_error_new_literal (IBB_ERROR, IBB_ERROR_PROTOCOL, "why");
  Asker                    self = { 0 };
  IBBXmppPasswordQuestion *question = ask (&self, reason, NULL);
  g_autoptr (GError)       seen = NULL;

  g_object_get (question, "keyring-error", &seen, NULL);
  g_assert_error (seen, IBB_ERROR, IBB_ERROR_PROTOCOL);
  g_assert_false (ibb_xmpp_password_question_get_was_refused (question));
  g_assert_false (ibb_xmpp_password_question_get_can_remember (question));
  ibb_xmpp_question_refuse (IBB_XMPP_QUESTION (question));
  ibb_xmpp_password_question_answer (question, "late", IBB_XMPP_ANSWER_FLAGS_REMEMBER);
  g_assert_cmpuint (self.n_no, ==, 1);
  g_assert_cmpuint (self.n_yes, ==, 0);
  g_assert_cmpuint (self.n_freed, ==, 1);
  g_assert_finalize_object (question);
}

/* The asker hears nothing, and the application learns so once, where it is asked. */
static void
test_withdrawn (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  Asker                    self = { 0 };
  IBBXmppPasswordQuestion *question = ask (&self, NULL, context);

  for (guint i = 0; i < 2; i++)
    ibb_xmpp_question_withdraw (IBB_XMPP_QUESTION (question));
  ibb_xmpp_password_question_answer (question, "late", IBB_XMPP_ANSWER_FLAGS_REMEMBER);
  run_pending ();
  g_assert_cmpuint (self.n_withdrawn, ==, 0);
  g_main_context_iteration (context, FALSE);
  g_assert_cmpuint (self.n_withdrawn, ==, 1);
  g_assert_cmpuint (self.n_yes + self.n_no, ==, 0);
  g_assert_cmpuint (self.n_freed, ==, 1);
  g_assert_finalize_object (question);
}

static void
test_reasons (void)
{
  static const struct
  {
    GTlsCertificateFlags errors;
    const char          *words;
  } rows[] = {
    { G_TLS_CERTIFICATE_BAD_IDENTITY, "it belongs to another name" },
    { G_TLS_CERTIFICATE_REVOKED | G_TLS_CERTIFICATE_EXPIRED, "it was revoked; it has expired" },
    { G_TLS_CERTIFICATE_NOT_ACTIVATED, "it is not valid yet" },
    { G_TLS_CERTIFICATE_INSECURE | G_TLS_CERTIFICATE_UNKNOWN_CA | G_TLS_CERTIFICATE_GENERIC_ERROR,
      "it is too weak; it is not signed by a trusted authority" },
    { G_TLS_CERTIFICATE_GENERIC_ERROR, "it could not be verified" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *words = ibb_certificate_error_explain (rows[i].errors);

      g_assert_cmpstr (words, ==, rows[i].words);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/question/password", test_password);
  g_test_add_func ("/question/refused", test_refused);
  g_test_add_func ("/question/withdrawn", test_withdrawn);
  g_test_add_func ("/question/reasons", test_reasons);
  return g_test_run ();
}
