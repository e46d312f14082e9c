/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* When an application is notified of its client's connection, and of which error. Scripts of
 * tests/server show the states. */

#include "config.h"

#include "xmpp/status.h"

#include "xmpp/ibb-xmpp-client.h"

static void
set_online (IBBStatus *status, const char *local_jid, guint stanza_limit)
{
  const IBBNegotiationResult result = { .local_jid = (char *) local_jid,
                                        .stanza_limit = stanza_limit };

  ibb_status_set_online (status, &result);
}

static void
notify_cb (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  g_string_append_printf (user_data, "%s ", pspec->name);
}

/* Any object with these properties will do. */
static IBBStatus *
create_status (GObject **object, GString *log)
{
  *object = G_OBJECT (ibb_xmpp_client_new ("user@d.test"));
  g_signal_connect (*object, "notify", G_CALLBACK (notify_cb), log);
  return ibb_status_new (IBB_CONNECTION (*object), NULL, NULL);
}

static void
iterate (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* One notification for all changes since the last one, and none after the end. */
static void
test_notifications (void)
{
  GObject            *object;
  g_autoptr (GString) log = g_string_new (NULL);
  IBBStatus          *status = create_status (&object, log);
  g_autoptr (GError)  error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "x");

  g_assert_no_error (ibb_status_begin_login (status, "user@d.test"));
  set_online (status, "user@d.test/r", 10000);
  g_assert_cmpstr (log->str, ==, "");
  iterate ();
  g_assert_cmpstr (log->str, ==, "local-jid state ");

  g_string_truncate (log, 0);
  ibb_status_set_lost (status, IBB_CONNECTION_STATE_OFFLINE, error);
  iterate ();
  g_assert_cmpstr (log->str, ==, "local-jid disconnect-error state ");

  g_string_truncate (log, 0);
  ibb_status_begin_login (status, "user@d.test");
  ibb_status_free (status);
  iterate ();
  g_assert_cmpstr (log->str, ==, "");
  g_object_unref (object);
}

/* The error is that of the last attempt, and notified of when it is another one. */
static void
test_attempts (void)
{
  GObject            *object;
  g_autoptr (GString) log = g_string_new (NULL);
  IBBStatus          *status = create_status (&object, log);
  g_autoptr (GError)  lost = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "x");
  g_autoptr (GError) refused = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED, "x");
  g_autoptr (GError) other = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED, "y");
  g_autoptr (GError) kept = NULL;
  const GError      *attempts[] = { lost, refused, refused, other, lost };

  ibb_status_begin_login (status, "user@d.test");
  set_online (status, "user@d.test/r", 10000);
  ibb_status_set_lost (status, IBB_CONNECTION_STATE_CONNECTING, lost);
  iterate ();
  for (guint i = 0; i < G_N_ELEMENTS (attempts); i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean           is_new = i > 0 && attempts[i] != attempts[i - 1];

      g_string_truncate (log, 0);
      ibb_status_note_attempt (status, attempts[i]);
      iterate ();
      g_assert_cmpstr (log->str, ==, is_new ? "disconnect-error " : "");
      error = ibb_status_dup_error (status);
      g_assert_error (error, attempts[i]->domain, attempts[i]->code);
      g_assert_cmpstr (error->message, ==, attempts[i]->message);
    }

  /* Only a successful login removes it. */
  ibb_status_set_lost (status, IBB_CONNECTION_STATE_OFFLINE, lost);
  ibb_status_begin_login (status, "user@d.test");
  ibb_status_login_failed (status);
  kept = ibb_status_dup_error (status);
  g_assert_error (kept, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  set_online (status, "user@d.test/r", 0);
  g_assert_null (ibb_status_dup_error (status));
  ibb_status_free (status);
  g_object_unref (object);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ibb/status/notifications", test_notifications);
  g_test_add_func ("/ibb/status/attempts", test_attempts);

  return g_test_run ();
}
