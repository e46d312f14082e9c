/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Folders of a peer that plays the frames itself, or wants to write elsewhere. */

#include "config.h"

#include "folder-ends.h"

#include "base/disk.h"
#include "files/ibb-files-metadata-private.h"
#include "files/move/folder-sink.h"
#include "files/move/folder-source.h"
#include "files/protocol/offer.h"

#include <string.h>
#include <sys/stat.h>

/* A peer that speaks the frames itself. */

static void
write_frame (IBBTransport *stream, guint8 type, const char *rest, gsize length)
{
  const guint8 header[] = { type, 0, (guint8) (length >> 8), (guint8) length, 0, 0, 0, 1 };

  write_bytes (stream, header, sizeof header);
  write_bytes (stream, rest, length);
}

static IBBTransport *
open_bundle (Files *self, const char *sid)
{
  g_autoptr (IBBSessionParams) params = ibb_session_params_new ();
  g_autoptr (IBBStanza)        answer = NULL;
  g_autoptr (IBBStanza)        request = NULL;
  GAsyncResult                *result = NULL;

  request = new_stanza (
      "<iq type='set' to='" JULIET "'><jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' "
      "sid='%s'><content creator='initiator' name='c'><description "
      "xmlns='urn:ibb-glib:folders:1'/><transport xmlns='urn:xmpp:jingle:transports:ibb:1' "
      "block-size='4096' sid='%s'/></content></jingle></iq>",
      sid, sid);
  ibb_connection_query_async (self->romeo_connection, request, 0, NULL, store_result_cb, &result);
  answer = assert_result (ibb_connection_query_finish, self->romeo_connection, &result);
  ibb_session_params_set_sid (params, sid);
  ibb_session_params_set_block_size (params, 4096);
  ibb_session_params_set_agreed (params, TRUE);
  ibb_service_open_session_async (ibb_files_service_get_sessions (self->romeo), JULIET, params,
                                  NULL, store_result_cb, &result);
  return assert_result (ibb_service_open_session_finish,
                        ibb_files_service_get_sessions (self->romeo), &result);
}

static const char offer_of_file[] = "<file xmlns='urn:xmpp:jingle:apps:file-transfer:5'>"
                                    "<name>a</name><size>1000</size></file>";

/* A session whose file is over is no offer, though its peer does not close it yet: ten offers of an
 * account may wait. */
static void
test_lingering (Files *self, gconstpointer data)
{
  g_autoptr (GPtrArray) streams = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < 12; i++)
    {
      g_autofree char *sid = g_strdup_printf ("b%u", i);
      IBBTransport    *stream = open_bundle (self, sid);

      g_ptr_array_add (streams, stream);
      write_frame (stream, 1, offer_of_file, strlen (offer_of_file));
      wait_until (self->offered != NULL);
      ibb_files_transfer_refuse (self->offered, NULL);
      g_clear_object (&self->offered);
    }
}

/* No part stays of a file of which a byte too many came. */
static void
test_more_than_offered (Files *self, gconstpointer data)
{
  g_autoptr (IBBTransport) stream = open_bundle (self, "b");
  g_autofree char         *bytes = g_strnfill (600, 'x');
  char                     accept[4096];
  GAsyncResult            *read = NULL;

  write_frame (stream, 1, offer_of_file, strlen (offer_of_file));
  accept_as (self, "received", &self->result);
  g_input_stream_read_async (get_input (stream), accept, sizeof accept, G_PRIORITY_DEFAULT, NULL,
                             store_result_cb, &read);
  assert_result (g_input_stream_read_finish, get_input (stream), &read);
  write_frame (stream, 3, bytes, 600);
  wait_until (ibb_files_transfer_get_bytes_moved (self->offered) == 600);
  g_assert_cmpuint (count_files (self), ==, 1);
  write_frame (stream, 3, bytes, 401);
  assert_result_fails (IBB_ERROR, IBB_ERROR_PROTOCOL, ibb_files_transfer_accept_file_finish,
                       self->offered, &self->result);
  g_assert_cmpuint (count_files (self), ==, 0);
}

/* A peer that names what it likes. */

typedef struct
{
  IBBBundle *sender;
  IBBBundle *receiver;
  IBBMover  *mover; /* of the received folder */
  GString   *log;
  GError    *error;
} Peer;

static void
push (IBBBundle *from, IBBBundle *to)
{
  g_autoptr (GBytes) output = ibb_bundle_take_output (from, TRUE);

  if (output != NULL)
    ibb_bundle_push (to, g_bytes_get_data (output, NULL), g_bytes_get_size (output));
}

static void
exchange (Peer *self)
{
  IBBBundleEvent event;

  push (self->sender, self->receiver);
  while (ibb_bundle_next (self->receiver, &event))
    if (event.folder > 0)
      self->mover->class->take (self->mover, self->receiver, &event, &self->error);
  g_assert_null (self->receiver->mistake);
  self->mover->class->flush (self->mover, self->receiver, &self->error);
  push (self->receiver, self->sender);
  while (ibb_bundle_next (self->sender, &event))
    if (event.type == IBB_BUNDLE_FAILED)
      g_string_append_printf (self->log, "failed:%s ",
                              event.text != NULL ? event.text : event.reason);
    else if (event.type == IBB_BUNDLE_DELIVERED)
      g_string_append (self->log, "delivered ");
}

/* With an offer of the folder “root”, which is there, accepted. */
static void
peer_init (Peer *self, Files *files)
{
  g_autofree char             *path = get_path (files, "root");
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new ("root", 100);
  g_autoptr (GCancellable)     cancellable = g_cancellable_new ();
  IBBBundleEvent               event;

  *self = (Peer){ ibb_bundle_new (TRUE), ibb_bundle_new (FALSE) };
  ibb_files_metadata_set_folder (metadata, 100);
  self->log = g_string_new (NULL);
  self->mover = ibb_folder_sink_new_mover (path, ROMEO, metadata, IBB_SINK_FAIL, cancellable);
  assert_succeeds (self->mover->class->open, self->mover);
  ibb_bundle_offer (self->sender, metadata);
  push (self->sender, self->receiver);
  g_assert_true (ibb_bundle_next (self->receiver, &event));
  ibb_bundle_accept (self->receiver, 1, 0);
  exchange (self);
}

static void
peer_clear (Peer *self)
{
  ibb_mover_unref (self->mover);
  ibb_bundle_free (self->sender);
  ibb_bundle_free (self->receiver);
  g_string_free (self->log, TRUE);
}

static const guint8 hash_of_a[] = { 0xca, 0x97, 0x81, 0x12, 0xca, 0x1b, 0xbd, 0xca,
                                    0xfa, 0xc2, 0x31, 0xb3, 0x9a, 0x23, 0xdc, 0x4d,
                                    0xa7, 0x86, 0xef, 0xf8, 0x14, 0x7c, 0x4e, 0x72,
                                    0xb9, 0x80, 0x77, 0x85, 0xaf, 0xee, 0x48, 0xbb };

static const guint8 hash_of_nothing[] = { 0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14,
                                          0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
                                          0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c,
                                          0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55 };

static void
send_entry (Peer *self, const char *path)
{
  const char      *end = strstr (path, "//#"); /* another hash than that of nothing */
  gboolean         is_folder = end != NULL || g_str_has_suffix (path, "//");
  g_autofree char *name =
      g_strndup (path, end != NULL ? (gsize) (end - path) : strlen (path) - (is_folder ? 2 : 0));
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new (name, is_folder ? 0 : 1);
  guint32                      number;

  if (is_folder)
    ibb_files_metadata_set_folder (metadata, 0);
  number = ibb_bundle_offer_entry (self->sender, 1, metadata);
  exchange (self);
  if (!ibb_bundle_can_send (self->sender, number))
    return;
  if (!is_folder)
    ibb_bundle_send (self->sender, number, "a", 1);
  ibb_bundle_end (self->sender, number, is_folder && end == NULL ? hash_of_nothing : hash_of_a);
  exchange (self);
}

#define BAD "failed:The name cannot be used "
#define WRONG "failed:media-error "
#define UNABLE "failed:A file or a link is in the way of a folder "

static const struct
{
  const char *set_up; /* (nullable): a command */
  const char *paths;  /* by “|”; a folder ends in “//” */
  const char *log;
} entries[] = {
  { NULL, "a|b/c|b/d|e//", "delivered delivered delivered delivered " },
  { NULL, "e//#|a", WRONG "delivered " },
  { NULL, "../a|b/../../a|b/..|..|.|b/./a", BAD BAD BAD BAD BAD BAD },
  { NULL, "/a|b//a|b/|./a|/", BAD BAD BAD BAD BAD },
  { NULL,
    "b\\..\\a|.bashrc|.ibb-0123456789abcdef-1.part|a\xe2\x80\xae"
    "b",
    BAD BAD BAD BAD },
  { NULL, "a|a/b", "delivered " UNABLE },
  { NULL, "a/b|a|a//", "delivered failed:There is a file of this name already delivered " },
  { NULL, "a|a", "delivered failed:There is a file of this name already " },
  { "ln -s ../elsewhere root/b", "b/a|b//|b|a",
    UNABLE UNABLE "failed:There is a file of this name already delivered " },
  { "ln -s ../elsewhere/a root/a && mkfifo root/b", "a|b|b/c",
    "failed:There is a file of this name already failed:There is a file of this name "
    "already " UNABLE },
  { "ln -s ../elsewhere/a root/.ibb-0123456789abcdef-1.part", "a", "delivered " },
};

static void
test_hostile (Files *self, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (entries); i++)
    {
      g_auto (GStrv) paths = g_strsplit (entries[i].paths, "|", -1);
      Peer           peer;

      run (self, "rm -rf root elsewhere && mkdir root elsewhere");
      if (entries[i].set_up != NULL)
        run (self, entries[i].set_up);
      peer_init (&peer, self);
      for (guint j = 0; paths[j] != NULL; j++)
        send_entry (&peer, paths[j]);
      g_test_message ("%s", entries[i].paths);
      g_assert_no_error (peer.error);
      g_assert_cmpstr (peer.log->str, ==, entries[i].log);
      run (self, "test -z \"$(ls -A elsewhere)\" && test ! -e a && test -z \"$(find root -name "
                 "'.ibb-*' -type f)\"");
      peer_clear (&peer);
    }
}

/* A message quotes a name of the peer as it quotes its other words. */
static void
test_message (Files *self, gconstpointer data)
{
  Peer               peer;
  g_autoptr (GError) error = NULL;

  run (self, "mkdir root");
  peer_init (&peer, self);
  send_entry (&peer, "../a\xe2\x80\xae\nb”: whole");
  error = ibb_mover_dup_error (peer.mover);
  g_assert_cmpstr (
      error->message, ==,
      "1 of 100 files failed; the first is “../a  b\": whole”: “../a  b\": whole” is no "
      "name for a file in this folder");
  peer_clear (&peer);
}

/* What comes after a cancellation makes no part. The part that is there waits for the decision of
 * the owner, whatever the thread does before. */
static void
test_cancelled (Files *self, gconstpointer data)
{
  gboolean                     keeps = GPOINTER_TO_INT (data);
  g_autoptr (IBBFilesMetadata) first = ibb_files_metadata_new ("first", 2);
  g_autoptr (IBBFilesMetadata) second = ibb_files_metadata_new ("second", 1);
  Peer                         peer;
  guint32                      numbers[2];

  run (self, "mkdir root");
  peer_init (&peer, self);
  numbers[0] = ibb_bundle_offer_entry (peer.sender, 1, first);
  numbers[1] = ibb_bundle_offer_entry (peer.sender, 1, second);
  exchange (&peer);
  ibb_bundle_send (peer.sender, numbers[0], "a", 1);
  exchange (&peer);
  run (self, "test $(cat root/.ibb-*) = a");
  g_cancellable_cancel (peer.mover->cancellable);
  ibb_bundle_send (peer.sender, numbers[0], "b", 1);
  ibb_bundle_end (peer.sender, numbers[0], hash_of_a);
  ibb_bundle_send (peer.sender, numbers[1], "a", 1);
  ibb_bundle_end (peer.sender, numbers[1], hash_of_a);
  exchange (&peer);
  peer.mover->class->stop (peer.mover, TRUE);
  run (self, "test $(cat root/.ibb-*) = a");
  peer.mover->class->close (peer.mover, keeps);
  run (self, keeps ? "test $(cat root/.ibb-*) = a" : "test -z \"$(ls -A root)\"");
  g_assert_no_error (peer.error);
  peer_clear (&peer);
}

/* No entry has entries of its own. */
static void
test_entry (Files *self, gconstpointer data)
{
  g_autofree char             *path = get_path (self, "sent");
  g_autoptr (GCancellable)     cancellable = g_cancellable_new ();
  IBBFolderSource             *source;
  g_autoptr (IBBFilesMetadata) metadata = NULL;
  g_autoptr (IBBFilesMetadata) read = NULL;
  g_autoptr (IBBBundle)        bundle = ibb_bundle_new (TRUE);
  g_autoptr (GBytes)           output = NULL;
  static const guint8          accept[] = { 2, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0 };
  IBBBundleEvent               event;
  IBBMover                    *mover;
  const guint8                *bytes;
  gsize                        length;

  run (self, "mkdir -p sent/empty");
  source = assert_succeeds (ibb_folder_source_new, path, cancellable);
  metadata = ibb_folder_source_describe (source, "sent");
  mover = ibb_folder_source_new_mover (source, JULIET, cancellable);
  ibb_bundle_offer (bundle, metadata);
  ibb_bundle_push (bundle, accept, sizeof accept);
  g_assert_true (ibb_bundle_next (bundle, &event));
  g_bytes_unref (ibb_bundle_take_output (bundle, FALSE));
  g_assert_cmpint (mover->class->send (mover, bundle, 1, NULL), ==, IBB_MOVER_WORKS);
  output = ibb_bundle_take_output (bundle, FALSE);
  bytes = g_bytes_get_data (output, &length);
  read = ibb_offer_read (bytes + 12, length - 12);
  g_assert_true (ibb_files_metadata_get_is_folder (read));
  g_assert_cmpuint (ibb_files_metadata_get_n_files (read), ==, 0);
  ibb_mover_unref (mover);
}

static const IBBDisk *real_disk;
/* The folder in which a name was made that is not on the disk. */
static ino_t unsynced;

static ino_t
get_number (int fd)
{
  struct stat info;

  g_assert_cmpint (real_disk->stat (fd, NULL, &info), ==, 0);
  return info.st_ino;
}

static int
rename_and_note (int folder, const char *from, const char *to, gboolean replaces)
{
  int result = real_disk->rename (folder, from, to, replaces);

  if (result == 0)
    unsynced = get_number (folder);
  return result;
}

static int
sync_and_note (int fd)
{
  if (get_number (fd) == unsynced)
    unsynced = 0;
  return real_disk->sync (fd);
}

/* While the bytes of a file come another one is offered, in another folder or below a file: the
 * folder of the first one is synchronized before that is delivered. */
static void
test_other_folder (Files *self, gconstpointer data)
{
  IBBDisk                      disk = *ibb_disk;
  g_autoptr (IBBFilesMetadata) first = ibb_files_metadata_new ("x/a", 1);
  g_autoptr (IBBFilesMetadata) second = ibb_files_metadata_new (data, 1);
  Peer                         peer;
  guint32                      number;

  real_disk = ibb_disk;
  unsynced = 0;
  disk.rename = rename_and_note;
  disk.sync = sync_and_note;
  run (self, "mkdir root");
  peer_init (&peer, self);
  ibb_disk = &disk;
  send_entry (&peer, "file");
  number = ibb_bundle_offer_entry (peer.sender, 1, first);
  exchange (&peer);
  ibb_bundle_send (peer.sender, number, "a", 1);
  ibb_bundle_offer_entry (peer.sender, 1, second);
  exchange (&peer);
  g_assert_cmpint (unsynced, ==, 0);
  ibb_bundle_end (peer.sender, number, hash_of_a);
  exchange (&peer);
  ibb_disk = real_disk;
  g_assert_no_error (peer.error);
  g_assert_true (g_str_has_suffix (peer.log->str, "delivered "));
  g_assert_cmpint (unsynced, ==, 0);
  peer_clear (&peer);
}

int
main (int argc, char **argv)
{
  if (!begin_as_user (&argc, &argv))
    return 0;
  add_test_of ("disk/other-folder", "y/c", set_up, test_other_folder);
  add_test_of ("disk/no-folder", "file/c", set_up, test_other_folder);
  add_test_of ("cancelled/drops", GINT_TO_POINTER (FALSE), set_up, test_cancelled);
  add_test_of ("cancelled/keeps", GINT_TO_POINTER (TRUE), set_up, test_cancelled);
  add_test_of ("entry", NULL, set_up, test_entry);
  add_test_of ("lingering", NULL, set_up, test_lingering);
  add_test_of ("more-than-offered", NULL, set_up, test_more_than_offered);
  add_test_of ("hostile", NULL, set_up, test_hostile);
  add_test_of ("message", NULL, set_up, test_message);
  return g_test_run ();
}
