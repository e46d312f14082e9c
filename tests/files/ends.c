/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ends.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
notify_cb (GObject *transfer, GParamSpec *pspec, gpointer data)
{
  guint n = GPOINTER_TO_UINT (g_object_get_data (transfer, pspec->name));

  g_object_set_data (transfer, pspec->name, GUINT_TO_POINTER (n + 1));
}

static gboolean
offered_cb (IBBFilesService *service, IBBFilesTransfer *transfer, Files *self)
{
  g_set_object (&self->offered, transfer);
  g_signal_connect (transfer, "notify", G_CALLBACK (notify_cb), NULL);
  return !self->refuses;
}

IBBFilesService *
create_receiver (Files *self, IBBConnection *connection)
{
  IBBFilesService *service = ibb_files_service_new (connection);

  g_signal_connect (service, "file-offered", G_CALLBACK (offered_cb), self);
  return service;
}

void
set_up (Files *self, gconstpointer data)
{
  self->loopback = ibb_loopback_new ();
  self->folder = assert_succeeds (g_dir_make_tmp, "ibb-files-XXXXXX");
  self->romeo_connection = ibb_loopback_attach (self->loopback, ROMEO);
  self->romeo = ibb_files_service_new (self->romeo_connection);
  self->juliet_connection = ibb_loopback_attach (self->loopback, JULIET);
  self->juliet = create_receiver (self, self->juliet_connection);
}

static gboolean
trust_cb (IBBXmppIdentity *identity, IBBXmppTrustQuestion *question, gpointer trusts)
{
  if (GPOINTER_TO_INT (trusts))
    ibb_xmpp_trust_question_accept (question, IBB_XMPP_ANSWER_FLAGS_NONE);
  return TRUE;
}

void
set_asking (Files *self, IBBFilesService *service, gpointer handler, gpointer data)
{
  g_autofree char *path = g_strdup_printf ("%s.key-%p", self->folder, (gpointer) service);
  g_autoptr (IBBXmppIdentity) identity = assert_succeeds (ibb_xmpp_identity_load_or_create, path);

  ibb_xmpp_identity_set_known_certificates (identity, NULL);
  g_signal_connect (identity, "trust-requested", handler, data);
  ibb_files_service_set_identity (service, IBB_IDENTITY (identity));
}

void
set_identity (Files *self, IBBFilesService *service, gboolean trusts)
{
  set_asking (self, service, trust_cb, GINT_TO_POINTER (trusts));
}

void
set_up_private (Files *self, gconstpointer data)
{
  set_up (self, data);
  set_identity (self, self->romeo, TRUE);
  set_identity (self, self->juliet, TRUE);
}

static gboolean
has_features (IBBConnection *connection)
{
  g_auto (GStrv) features = ibb_connection_dup_features (connection);

  return features[0] != NULL;
}

/* A service takes with it what it has announced. */
static void
drop_connection (IBBConnection *connection)
{
  poll_until (!has_features (connection));
  drop_and_wait (connection);
}

void
tear_down (Files *self, gconstpointer data)
{
  g_autofree char *command = g_strdup_printf ("rm -r '%s'*", self->folder);

  g_clear_object (&self->result);
  g_clear_object (&self->sent);
  g_clear_object (&self->offered);
  g_clear_pointer (&self->bytes, g_bytes_unref);
  run_pending ();
  /* The session of a bundle keeps the service until it is closed. Some tests have dropped one. */
  if (self->romeo != NULL)
    drop_and_wait (self->romeo);
  if (self->juliet != NULL)
    drop_and_wait (self->juliet);
  drop_connection (self->romeo_connection);
  drop_connection (self->juliet_connection);
  g_assert_finalize_object (self->loopback);
  g_assert_cmpint (system (command), ==, 0);
  g_free (self->folder);
}

char *
get_path (Files *self, const char *name)
{
  return g_build_filename (self->folder, name, NULL);
}

GFile *
make_file (Files *self, const char *name, GBytes *bytes)
{
  g_autofree char *path = get_path (self, name);

  assert_succeeds (g_file_set_contents, path, g_bytes_get_data (bytes, NULL),
                   (gssize) g_bytes_get_size (bytes));
  return g_file_new_for_path (path);
}

void
assert_content (Files *self, const char *name, GBytes *bytes)
{
  g_autofree char *path = get_path (self, name);
  g_autofree char *content = NULL;
  gsize            length;

  assert_succeeds (g_file_get_contents, path, &content, &length);
  g_assert_cmpmem (content, length, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

/* Until the time of the inode is another one, as a file system counts in ticks. */
void
rewrite_in_place (const char *path)
{
  int         fd = open (path, O_WRONLY);
  struct stat before, now;

  g_assert_cmpint (fstat (fd, &before), ==, 0);
  do
    {
      const struct timespec times[] = { before.st_atim, before.st_mtim };

      g_assert_cmpint (pwrite (fd, "", 1, 0), ==, 1);
      g_assert_cmpint (futimens (fd, times), ==, 0);
      g_assert_cmpint (fstat (fd, &now), ==, 0);
    }
  while (now.st_ctim.tv_sec == before.st_ctim.tv_sec &&
         now.st_ctim.tv_nsec == before.st_ctim.tv_nsec);
  close (fd);
}

guint
count_files (Files *self)
{
  g_autoptr (GDir) dir = assert_succeeds (g_dir_open, self->folder, 0);
  guint            n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

/* What one transfer has moved never becomes less. */
static void
moved_cb (IBBFilesTransfer *transfer, GParamSpec *pspec, gpointer data)
{
  guint64 moved = ibb_files_transfer_get_bytes_moved (transfer);

  g_assert_cmpuint (moved, >=, GPOINTER_TO_SIZE (g_object_get_data (G_OBJECT (transfer), "moved")));
  g_object_set_data (G_OBJECT (transfer), "moved", GSIZE_TO_POINTER (moved));
}

guint
count_notified (IBBFilesTransfer *transfer, const char *name)
{
  return GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (transfer), name));
}

IBBFilesTransfer *
offer (Files *self, const char *jid)
{
  g_autofree char  *path = get_path (self, "sent");
  g_autoptr (GFile) file = g_file_new_for_path (path);
  GAsyncResult     *result = NULL;
  IBBFilesTransfer *transfer;

  ibb_files_service_offer_file_async (self->romeo, jid, file, NULL, NULL, store_result_cb, &result);
  transfer = assert_result (ibb_files_service_offer_file_finish, self->romeo, &result);
  g_signal_connect (transfer, "notify::bytes-moved", G_CALLBACK (moved_cb), NULL);
  g_signal_connect (transfer, "notify", G_CALLBACK (notify_cb), NULL);
  return transfer;
}

void
begin (Files *self, gsize size)
{
  g_autoptr (GFile) file = NULL;

  self->bytes = make_bytes (size, 1);
  file = make_file (self, "sent", self->bytes);
  self->sent = offer (self, JULIET);
}

void
accept_as (Files *self, const char *name, GAsyncResult **result)
{
  g_autofree char  *path = get_path (self, name);
  g_autoptr (GFile) file = g_file_new_for_path (path);

  wait_until (self->offered != NULL);
  ibb_files_transfer_accept_file_async (self->offered, file, self->existing, NULL, store_result_cb,
                                        result);
}
