/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/move/folder-failures.h"

#include "base/intl.h"
#include "files/protocol/reason.h"

/* Takes error. */
static void
add (IBBFolderFailures *self, const char *path, GError *error)
{
  if (self->n++ > 0)
    {
      g_error_free (error);
      return;
    }
  self->path = g_strdup (path);
  self->error = error;
}

void
ibb_folder_failures_add (
    IBBFolderFailures *self, const char *path, IBBBundle *bundle, guint32 number, GError *error)
{
  const char *text;
  IBBReason   reason = ibb_reason_from_error (error, self->direction, FALSE, &text);

  ibb_bundle_fail (bundle, number, reason, text);
  add (self, path, error);
}

void
ibb_folder_failures_take (IBBFolderFailures    *self,
                          const char           *path,
                          const char           *peer_jid,
                          const IBBBundleEvent *event)
{
  add (self, path,
       ibb_reason_to_error (event->reason, event->text, peer_jid, self->direction, FALSE));
}

GError *
ibb_folder_failures_dup_error (const IBBFolderFailures *self, guint n_files)
{
  g_autofree char *shown = NULL;

  if (self->n == 0)
    return NULL;
  shown = g_filename_display_name (self->path);
  return g_error_new (IBB_ERROR, IBB_ERROR_FAILED,
                      /* Translators: a file of a folder, and a sentence: why it failed */
                      _ ("%u of %u files failed; the first is “%s”: %s"), self->n, n_files, shown,
                      self->error->message);
}

void
ibb_folder_failures_clear (IBBFolderFailures *self)
{
  g_clear_pointer (&self->path, g_free);
  g_clear_error (&self->error);
}
