/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "folder-ends.h"

#include <grp.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define NOBODY 65534

void
run (Files *self, const char *format)
{
  g_autofree char *command = g_strconcat ("cd '", self->folder, "' && ", format, NULL);

  g_assert_cmpint (system (command), ==, 0);
}

void
make_small (Files *self, guint n)
{
  run (self, "mkdir -p sent");
  for (guint i = 0; i < n; i++)
    {
      g_autofree char   *name = g_strdup_printf ("sent/file %u", i);
      g_autoptr (GBytes) bytes = make_bytes (i % 100 == 0 ? 0 : 40 + i, i);
      g_autoptr (GFile)  file = make_file (self, name, bytes);
    }
}

void
make_large (Files *self, const char *name, gsize size)
{
  g_autoptr (GBytes) bytes = make_bytes (size, 3);
  g_autoptr (GFile)  file = make_file (self, name, bytes);
}

void
begin_folder (Files *self)
{
  g_clear_object (&self->sent);
  g_clear_object (&self->offered);
  g_clear_object (&self->result);
  self->sent = offer (self, JULIET);
  wait_until (self->offered != NULL ||
              ibb_files_transfer_get_state (self->sent) == IBB_FILES_STATE_FAILED);
  accept_as (self, "received", &self->result);
}

void
complete (Files *self)
{
  begin_folder (self);
  assert_result (ibb_files_transfer_accept_file_finish, self->offered, &self->result);
  assert_succeeds (ibb_files_transfer_wait, self->sent, NULL);
  g_assert_cmpint (ibb_files_transfer_get_state (self->sent), ==, IBB_FILES_STATE_DELIVERED);
}

void
assert_says (IBBFilesTransfer *transfer, const char *words)
{
  g_autoptr (GError) error = ibb_files_transfer_dup_error (transfer);

  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, words));
}

void
fail_with (Files *self, const char *words)
{
  begin_folder (self);
  assert_result_fails (IBB_ERROR, IBB_ERROR_FAILED, ibb_files_transfer_accept_file_finish,
                       self->offered, &self->result);
  assert_fails (IBB_ERROR, IBB_ERROR_FAILED, ibb_files_transfer_wait, self->sent, NULL);
  assert_says (self->sent, words);
  assert_says (self->offered, words);
}

void
assert_no_offer (Files *self, int code, const char *words)
{
  g_autofree char         *path = get_path (self, "sent");
  g_autoptr (GFile)        file = g_file_new_for_path (path);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError)       error = NULL;
  const GQuark domain = code == IBB_ERROR_FEATURE_NOT_IMPLEMENTED ? IBB_ERROR : G_IO_ERROR;

  ibb_files_service_offer_file_async (self->romeo, JULIET, file, NULL, NULL, store_result_cb,
                                      &self->result);
  result = wait_for_result (&self->result);
  g_assert_null (ibb_files_service_offer_file_finish (self->romeo, result, &error));
  g_assert_error (error, domain, code);
  g_assert_nonnull (strstr (error->message, words));
  g_assert_null (self->offered);
}

/* Returns FALSE if this process is not root's, or nobody can make no files. */
static gboolean
become_nobody (void)
{
  return geteuid () == 0 && setgroups (0, NULL) == 0 && setgid (NOBODY) == 0 &&
         setuid (NOBODY) == 0 && access (g_get_tmp_dir (), W_OK | X_OK) == 0 &&
         prctl (PR_SET_DUMPABLE, 1) == 0; /* the search for leaks needs that */
}

gboolean
begin_as_user (int *argc, char ***argv)
{
  if (*argc > 1 && g_str_equal ((*argv)[*argc - 1], "--as-nobody"))
    {
      if (!become_nobody ())
        {
          g_print (
              "1..0 # SKIP only root becomes nobody, who needs a folder for temporary files\n");
          return FALSE;
        }
      --*argc;
    }
  test_init (argc, argv);
  return TRUE;
}
