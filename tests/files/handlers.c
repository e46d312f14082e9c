/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Handlers that act on the transfer which notifies them. */

#include "config.h"

#include "ends.h"

#include <glib/gstdio.h>

typedef enum
{
  ACTION_CANCEL,
  ACTION_REFUSE,
  ACTION_ABORT, /* the session */
  ACTION_DROP,  /* the last references of the application */
} Action;

typedef struct
{
  IBBFilesWay       way;
  gboolean          is_folder; /* a file of which fails */
  IBBFilesDirection watched;
  Action            action;
} Handling;

/* What a handler knows. */
typedef struct
{
  Files             *files;
  Action             action;
  IBBFilesTransfer **transfer; /* the reference of the application */
  guint              n_left;   /* notifications before the one that acts */
  gboolean           has_acted;
  gboolean           is_first; /* the transfer notified of nothing before */
  IBBFilesState      state;
} Handler;

/* A transfer never goes back, and its error is there as soon as it has failed. */
static void
follow_cb (IBBFilesTransfer *transfer, GParamSpec *pspec, Handler *self)
{
  IBBFilesState      state = ibb_files_transfer_get_state (transfer);
  g_autoptr (GError) error = ibb_files_transfer_dup_error (transfer);

  g_assert_cmpint (state, >=, self->state);
  g_assert_true (self->state < IBB_FILES_STATE_SENT || state == self->state);
  g_assert_true ((error != NULL) == (state == IBB_FILES_STATE_FAILED));
  self->state = state;
}

static void
act_cb (IBBFilesTransfer *transfer, GParamSpec *pspec, Handler *self)
{
  follow_cb (transfer, pspec, self);
  if (self->n_left-- != 0)
    return;
  self->has_acted = TRUE;
  g_test_message ("acts at “%s”, in state %d", pspec->name, self->state);
  switch (self->action)
    {
    case ACTION_CANCEL:
      ibb_files_transfer_cancel (transfer);
      break;
    case ACTION_REFUSE:
      ibb_files_transfer_refuse (transfer, "no");
      break;
    case ACTION_ABORT:
      if (ibb_files_transfer_get_transport (transfer) != NULL)
        ibb_transport_abort (ibb_files_transfer_get_transport (transfer));
      break;
    case ACTION_DROP:
      g_clear_object (self->transfer);
      if (self->transfer == &self->files->offered)
        g_clear_object (&self->files->juliet);
      else
        g_clear_object (&self->files->romeo);
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
begin_folder (Files *files)
{
  g_autoptr (GBytes) bytes = make_bytes (20000, 1);
  g_autoptr (GBytes) other = make_bytes (20, 2);

  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *path = get_path (files, i == 0 ? "sent" : "received");

      g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
    }
  g_object_unref (make_file (files, "sent/one", bytes));
  g_object_unref (make_file (files, "sent/two", bytes));
  g_object_unref (make_file (files, "received/two", other));
  files->sent = offer (files, JULIET);
}

/* Acts in the handler of the notification of number n; FALSE: there are not so many. */
static gboolean
handle (const Handling *handling, guint n)
{
  Files            files = { 0 };
  g_autofree char *path = NULL;
  GWeakRef         ends[2];
  gboolean         is_sender = handling->watched == IBB_FILES_DIRECTION_SEND;
  Handler          acts = { &files, handling->action, is_sender ? &files.sent : &files.offered, n };
  Handler          follows = { 0 };

  set_up (&files, NULL);
  path = get_path (&files, "received");
  if (handling->way == IBB_FILES_WAY_STREAM_INITIATION)
    ibb_connection_remove_feature (files.juliet_connection, "urn:xmpp:jingle:1");
  if (handling->is_folder)
    begin_folder (&files);
  else
    begin (&files, 20000);
  g_assert_cmpint (ibb_files_transfer_get_way (files.sent), ==, handling->way);
  wait_until (files.offered != NULL);
  g_weak_ref_init (&ends[0], files.sent);
  g_weak_ref_init (&ends[1], files.offered);
  g_signal_connect (files.sent, "notify", G_CALLBACK (is_sender ? act_cb : follow_cb),
                    is_sender ? &acts : &follows);
  g_signal_connect (files.offered, "notify", G_CALLBACK (is_sender ? follow_cb : act_cb),
                    is_sender ? &follows : &acts);
  accept_as (&files, "received", &files.result);
  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      g_autoptr (IBBFilesTransfer) transfer = g_weak_ref_get (&ends[i]);

      wait_until (transfer == NULL ||
                  ibb_files_transfer_get_state (transfer) >= IBB_FILES_STATE_SENT);
    }
  /* Nothing comes after the end. */
  wait_until (files.result != NULL);
  run_pending ();
  if (handling->is_folder)
    {
      g_assert_cmpint (acts.state, ==, IBB_FILES_STATE_FAILED);
      g_assert_cmpint (follows.state, ==, IBB_FILES_STATE_FAILED);
    }
  else if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_assert_cmpint (is_sender ? follows.state : acts.state, ==, IBB_FILES_STATE_FAILED);
      g_assert_cmpint (is_sender ? acts.state : follows.state, !=, IBB_FILES_STATE_DELIVERED);
    }
  else
    g_assert_cmpint (is_sender ? follows.state : acts.state, ==, IBB_FILES_STATE_DELIVERED);
  if (handling->action != ACTION_ABORT && !handling->is_folder)
    g_assert_cmpuint (count_files (&files), ==, g_file_test (path, G_FILE_TEST_EXISTS) ? 2 : 1);
  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      g_autoptr (IBBFilesTransfer) transfer = g_weak_ref_get (&ends[i]);

      if (transfer != NULL)
        g_signal_handlers_disconnect_matched (transfer, G_SIGNAL_MATCH_DATA, 0, 0, NULL, NULL,
                                              i == (is_sender ? 0 : 1) ? &acts : &follows);
      g_weak_ref_clear (&ends[i]);
    }
  tear_down (&files, NULL);
  return acts.has_acted;
}

/* In each handler of each notification the application acts, and the transfer ends once. */
static void
test_handler (gconstpointer data)
{
  guint n = 0;

  while (handle (data, n))
    n++;
  g_assert_cmpuint (n, >, 3);
}

int
main (int argc, char **argv)
{
  static const char *const ways[] = { "initiation", "jingle", "folder" };
  static Handling          handlings[3 * 2 * 4];
  static const char *const actions[] = { "cancel", "refuse", "abort", "drop" };

  test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (handlings); i++)
    {
      Handling        *handling = &handlings[i];
      g_autofree char *path = NULL;

      handling->way = i % 3 > 0 ? IBB_FILES_WAY_JINGLE : IBB_FILES_WAY_STREAM_INITIATION;
      handling->is_folder = i % 3 == 2;
      handling->watched = i / 3 % 2 ? IBB_FILES_DIRECTION_SEND : IBB_FILES_DIRECTION_RECEIVE;
      handling->action = i / 6;
      path = g_strdup_printf ("/ibb/files/handlers/%s/%s/%s", actions[handling->action],
                              i / 3 % 2 ? "sender" : "receiver", ways[i % 3]);
      g_test_add_data_func (path, handling, test_handler);
    }
  return g_test_run ();
}
