/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The hidden file that a signal removes. */

#include "config.h"

#include "tool/transfer/place.h"

#include "tool/session/stream.h"
#include "tool/words/output.h"

#include <glib/gstdio.h>

typedef struct
{
  char      *folder;
  char      *path;
  ToolPlace *place;
} Fixture;

/* ---- in place of functions of the command ---- */

static char *temporary; /* (owned) (nullable): what a signal would remove */

void
tool_run_set_temporary (ToolRun *run, const char *path)
{
  g_free (temporary);
  temporary = g_strdup (path);
}

GCancellable *
tool_run_get_cancellable (ToolRun *run)
{
  g_assert_not_reached ();
}

gboolean
tool_stream_write (
    gpointer output, gconstpointer data, gsize length, GCancellable *cancellable, GError **error)
{
  g_assert_not_reached ();
}

gboolean
tool_stream_close (const ToolStreamOutput *output, GCancellable *cancellable, GError **error)
{
  g_assert_not_reached ();
}

int
tool_stream_get_code (int failure)
{
  g_assert_not_reached ();
}

void
tool_output_note (const char *format, ...)
{
  g_assert_not_reached ();
}

/* ---- cases ---- */

static void
set_up (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  self->folder = g_dir_make_tmp ("ibb-place-XXXXXX", &error);
  g_assert_no_error (error);
  self->path = g_build_filename (self->folder, "file", NULL);
  self->place = tool_place_new (self->path, &error);
  g_assert_no_error (error);
  g_assert_true (tool_place_open (self->place, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (tool_place_write (self->place, "x", 1, NULL, &error));
  g_assert_no_error (error);
  g_assert_nonnull (temporary);
  g_assert_true (g_file_test (temporary, G_FILE_TEST_IS_REGULAR));
  g_assert_false (g_file_test (self->path, G_FILE_TEST_EXISTS));
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  tool_place_free (self->place);
  tool_run_set_temporary (NULL, NULL);
  g_unlink (self->path);
  g_assert_cmpint (g_rmdir (self->folder), ==, 0);
  g_free (self->path);
  g_free (self->folder);
}

/* Later another command may have made a file of that name. */
static void
test_committed (Fixture *self, gconstpointer data)
{
  g_autofree char   *former = g_strdup (temporary);
  g_autoptr (GError) error = NULL;

  g_assert_true (tool_place_commit (self->place, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_test (self->path, G_FILE_TEST_IS_REGULAR));
  g_assert_false (g_file_test (former, G_FILE_TEST_EXISTS));
  g_assert_null (temporary);
}

/* What has failed keeps the hidden file until the place is freed. */
static void
test_failed (Fixture *self, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError)       error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_false (tool_place_commit (self->place, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (g_file_test (self->path, G_FILE_TEST_EXISTS));
  g_assert_nonnull (temporary);
}

#define add_case(path, function)                                                                   \
  g_test_add ("/place/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_case ("committed", test_committed);
  add_case ("failed", test_failed);
  return g_test_run ();
}
