/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The thread of a receiver, whose peer is the test: what is said, and when a file is released, in
 * an order of events that two whole ends seldom have. */

#include "config.h"

#include "files/session/bundle-thread.h"

#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../lib/watchdog.h"

typedef struct
{
  IBBBundleThread *thread;
  IBBBundle       *peer;   /* the sender */
  GSocket         *wire;   /* of the peer */
  int              fd;     /* of the thread */
  GString         *news;   /* of the thread */
  GString         *frames; /* that the peer got */
} Receiver;

static void
news_cb (IBBBundleThreadEvent *news, gpointer data)
{
  static const char *const names[] = {
    "offered", "accepted", "failed", "released", "delivered", "idle", "over",
  };
  Receiver *self = data;

  g_string_append_printf (self->news, "%s ", names[news->type]);
}

static gboolean
readable_cb (GSocket *wire, GIOCondition condition, gpointer data)
{
  Receiver      *self = data;
  char           bytes[4096];
  gssize         n = g_socket_receive (wire, bytes, sizeof bytes, NULL, NULL);
  IBBBundleEvent event;

  if (n <= 0)
    return G_SOURCE_REMOVE;
  ibb_bundle_push (self->peer, bytes, (gsize) n);
  while (ibb_bundle_next (self->peer, &event))
    if (event.type == IBB_BUNDLE_ACCEPTED)
      g_string_append (self->frames, "accepted ");
    else
      g_string_append_printf (self->frames, "%s ",
                              event.type == IBB_BUNDLE_FAILED ? event.reason : "other");
  return G_SOURCE_CONTINUE;
}

static void
push (Receiver *self)
{
  g_autoptr (GBytes) output = ibb_bundle_take_output (self->peer, FALSE);
  gsize              length;
  const char        *bytes = g_bytes_get_data (output, &length);

  g_assert_cmpint (g_socket_send (self->wire, bytes, length, NULL, NULL), ==, length);
}

static void
wait_for (GString *log, const char *words)
{
  while (g_strcmp0 (log->str, words) != 0)
    g_main_context_iteration (NULL, TRUE);
}

static GSource *source;

static void
receiver_init (Receiver *self)
{
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new ("a", 10);
  g_autoptr (GInputStream)     input = NULL;
  g_autoptr (GOutputStream)    output = NULL;
  g_autoptr (GIOStream)        stream = NULL;
  int                          fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  self->wire = g_socket_new_from_fd (fds[0], NULL);
  input = g_unix_input_stream_new (fds[1], FALSE);
  output = g_unix_output_stream_new (fds[1], TRUE);
  stream = g_simple_io_stream_new (input, output);
  self->fd = fds[1];
  self->news = g_string_new (NULL);
  self->frames = g_string_new (NULL);
  self->peer = ibb_bundle_new (TRUE);
  self->thread = ibb_bundle_thread_new (stream, FALSE, FALSE, NULL, news_cb, self, NULL);
  g_assert_nonnull (self->thread);
  source = g_socket_create_source (self->wire, G_IO_IN, NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (readable_cb), self, NULL);
  g_source_attach (source, NULL);
  ibb_bundle_offer (self->peer, metadata);
  push (self);
  wait_for (self->news, "offered ");
  g_string_truncate (self->news, 0);
}

static void
receiver_clear (Receiver *self)
{
  g_source_destroy (source);
  g_source_unref (source);
  ibb_bundle_thread_free (self->thread);
  ibb_bundle_free (self->peer);
  g_object_unref (self->wire);
  g_string_free (self->news, TRUE);
  g_string_free (self->frames, TRUE);
}

/* Both at once, as an owner does that fails a file whose disk fails as well. */
static gboolean
fail_cancelled (IBBMover *self, IBBBundle *bundle, const IBBBundleEvent *event, GError **error)
{
  g_cancellable_cancel (self->cancellable);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "full");
  return FALSE;
}

static gboolean
fail_alone (IBBMover *self, IBBBundle *bundle, const IBBBundleEvent *event, GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "full");
  return FALSE;
}

static void
stop (IBBMover *self, gboolean keeps)
{
}

static const IBBMoverClass cancelled_class = { .take = fail_cancelled,
                                               .stop = stop,
                                               .close = stop };
static const IBBMoverClass failing_class = { .take = fail_alone, .stop = stop, .close = stop };

static IBBMover *
create_mover (const IBBMoverClass *class)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  return ibb_mover_new_for_folder (class, NULL, FALSE, NULL, 10, 1, cancellable);
}

/* The owner of a cancelled file says why; of one that fails by itself the thread does. */
static void
test_cancelled (gconstpointer data)
{
  const gboolean is_cancelled = GPOINTER_TO_INT (data);
  Receiver       self;
  IBBMover      *mover = create_mover (is_cancelled ? &cancelled_class : &failing_class);

  receiver_init (&self);
  ibb_bundle_thread_accept (self.thread, 1, mover);
  wait_for (self.frames, "accepted ");
  ibb_bundle_send (self.peer, 1, "0123456789", 10);
  push (&self);
  wait_for (self.news, "released ");
  ibb_bundle_thread_fail (self.thread, 1, IBB_REASON_TIMEOUT, NULL);
  wait_for (self.frames, is_cancelled ? "accepted timeout " : "accepted failed-application ");
  ibb_mover_unref (mover);
  receiver_clear (&self);
}

static gboolean
take_all (IBBMover *self, IBBBundle *bundle, const IBBBundleEvent *event, GError **error)
{
  return TRUE;
}

static const IBBMoverClass whole_class = { .take = take_all, .stop = stop, .close = stop };

static gboolean
drain_cb (GSocket *wire, GIOCondition condition, gpointer data)
{
  char bytes[65536];

  return g_socket_receive (wire, bytes, sizeof bytes, NULL, NULL) > 0;
}

/* The owner may end the program when a file is delivered: the peer's end has the word then. */
static void
test_unwritten (void)
{
  static const guint8          hash[IBB_BUNDLE_HASH_LENGTH] = { 1 };
  static const char            filling[4096];
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new ("b", 1);
  Receiver                     self;
  IBBMover                    *mover = create_mover (&whole_class);

  receiver_init (&self);
  ibb_bundle_thread_accept (self.thread, 1, mover);
  wait_for (self.frames, "accepted ");
  ibb_bundle_send (self.peer, 1, "0123456789", 10);
  ibb_bundle_end (self.peer, 1, hash);
  push (&self);
  wait_for (self.news, "released ");
  g_source_destroy (source);
  g_source_unref (source);
  while (send (self.fd, filling, sizeof filling, MSG_DONTWAIT) > 0)
    ;
  ibb_bundle_thread_deliver (self.thread, 1);
  ibb_bundle_offer (self.peer, metadata);
  push (&self);
  wait_for (self.news, "released offered ");
  source = g_socket_create_source (self.wire, G_IO_IN, NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (drain_cb), NULL, NULL);
  g_source_attach (source, NULL);
  wait_for (self.news, "released offered delivered ");
  ibb_mover_unref (mover);
  receiver_clear (&self);
}

/* The peer has failed the file before the thread learns of the accept: the mover is released all
 * the same, so that the transfer of the owner ends. */
static void
test_withdrawn (void)
{
  Receiver  self;
  IBBMover *mover = create_mover (&failing_class);

  receiver_init (&self);
  ibb_bundle_fail (self.peer, 1, IBB_REASON_CANCEL, NULL);
  push (&self);
  wait_for (self.news, "failed ");
  ibb_bundle_thread_accept (self.thread, 1, mover);
  wait_for (self.news, "failed released ");
  ibb_mover_unref (mover);
  receiver_clear (&self);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  watchdog_start (60);
  g_test_add_data_func ("/ibb/files/bundle-thread/cancelled", GINT_TO_POINTER (TRUE),
                        test_cancelled);
  g_test_add_data_func ("/ibb/files/bundle-thread/failed", GINT_TO_POINTER (FALSE), test_cancelled);
  g_test_add_func ("/ibb/files/bundle-thread/unwritten", test_unwritten);
  g_test_add_func ("/ibb/files/bundle-thread/withdrawn", test_withdrawn);
  return g_test_run ();
}
