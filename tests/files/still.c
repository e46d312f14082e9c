/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A transfer that waits sleeps, in the clear and in private, counted in turns. */

#include "config.h"

#include "../lib/count-turns.h"
#include "ends.h"

/* The file was offered, and nobody has answered. */
static void
test_offered (Files *self, gconstpointer data)
{
  begin (self, 10);
  wait_until (self->offered != NULL);
  turns_assert_asleep ();
  g_assert_cmpint (ibb_files_transfer_get_state (self->sent), ==, IBB_FILES_STATE_OFFERED);
  ibb_files_transfer_cancel (self->offered);
  assert_fails (IBB_ERROR, IBB_ERROR_FORBIDDEN, ibb_files_transfer_wait, self->sent, NULL);
}

static gboolean
keep_cb (IBBXmppIdentity *identity, IBBXmppTrustQuestion *question, IBBXmppTrustQuestion **kept)
{
  g_assert_true (g_set_object (kept, question));
  return TRUE;
}

/* The receiver is asked for the key of the sender first. */
static void
test_asked (Files *self, gconstpointer data)
{
  IBBIdentity                     *identity = ibb_files_service_get_identity (self->juliet);
  g_autoptr (IBBXmppTrustQuestion) question = NULL;
  g_autoptr (GFile)                file = NULL;
  GAsyncResult                    *result = NULL;

  g_signal_handlers_disconnect_by_data (identity, GINT_TO_POINTER (TRUE)); /* that of ends.c */
  g_signal_connect (identity, "trust-requested", G_CALLBACK (keep_cb), &question);
  self->bytes = make_bytes (10, 1);
  file = make_file (self, "sent", self->bytes);
  ibb_files_service_offer_file_async (self->romeo, JULIET, file, NULL, NULL, store_result_cb,
                                      &result);
  wait_until (question != NULL);
  turns_assert_asleep ();
  g_assert_null (self->offered);
  ibb_xmpp_question_refuse (IBB_XMPP_QUESTION (question));
  self->sent = assert_result (ibb_files_service_offer_file_finish, self->romeo, &result);
  assert_fails (G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, ibb_files_transfer_wait, self->sent,
                NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/ibb/files/still/offered", Files, NULL, set_up, test_offered, tear_down);
  g_test_add ("/ibb/files/still/asked", Files, NULL, set_up_private, test_asked, tear_down);
  return g_test_run ();
}
