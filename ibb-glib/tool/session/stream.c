/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/account/source.h"
#include "tool/session/secure.h"
#include "tool/session/stream.h"

#include <errno.h>
#include <gio/gfiledescriptorbased.h>
#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <glib/gi18n.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEP_SIZE (64 * 1024)
#define FEATURE "urn:ibb-glib:1" /* of a peer that says whether it reads on */

/* The error of the session, if there is one, says more than that of a stream operation. That of TLS
 * does not name the peer. */
void
tool_stream_set_error (GError **error, IBBTransport *transport, GError *seen)
{
  g_autofree char *peer = ibb_transport_dup_peer_jid (transport);
  GError          *precise = NULL;

  if (!g_error_matches (seen, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    precise = ibb_transport_dup_error (transport);
  if (precise != NULL)
    g_error_free (seen);
  else if (seen->domain == G_TLS_ERROR)
    g_prefix_error (&seen, /* Translators: %s is a JID; a reason follows */
                    _ ("The encrypted session with “%s” is broken: "), peer);
  g_propagate_error (error, precise != NULL ? precise : seen);
}

/* The size and the times of a regular file, zeros for anything else. That of the inode changes also
 * where the file is renamed or unlinked, which would do no harm, but cannot be put back. */
typedef struct
{
  off_t           size;
  struct timespec time;
  struct timespec change;
} Version;

static Version
get_version (GInputStream *source)
{
  Version     version = { 0 };
  struct stat info;

  if (G_IS_FILE_DESCRIPTOR_BASED (source) &&
      fstat (g_file_descriptor_based_get_fd (G_FILE_DESCRIPTOR_BASED (source)), &info) == 0 &&
      S_ISREG (info.st_mode))
    {
      version.size = info.st_size;
      version.time = info.st_mtim;
      version.change = info.st_ctim;
    }
  return version;
}

static gboolean
is_same_time (struct timespec a, struct timespec b)
{
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static gboolean
is_same_version (Version a, Version b)
{
  return a.size == b.size && is_same_time (a.time, b.time) && is_same_time (a.change, b.change);
}

/* How many bytes were written to the session beside the first n_bytes of the source: those of the
 * encryption. */
static guint64
get_n_beside (IBBTransport *transport, guint64 n_bytes)
{
  g_autoptr (IBBStatistics) statistics = ibb_transport_dup_statistics (transport);
  guint64                   n_written = statistics->bytes_acknowledged + statistics->bytes_queued;

  return n_written - MIN (n_written, n_bytes);
}

/* Sends all bytes of source and then the end. If the session is not encrypted, waits until each
 * byte is acknowledged. A file that changes meanwhile is an error: the peer would get a mixture of
 * two. run (nullable): learns what has moved. name: of source, for errors. n_bytes: (out): of
 * source, written; encrypted, the session carries more. reading: of the source only. */
gboolean
tool_stream_send (ToolRun      *run,
                  IBBTransport *transport,
                  GInputStream *source,
                  const char   *name,
                  guint64      *n_bytes,
                  GCancellable *reading,
                  GCancellable *cancellable,
                  GError      **error)
{
  g_autofree guint8 *buffer = g_malloc (STEP_SIZE);
  GOutputStream     *sink = g_io_stream_get_output_stream (tool_secure_get_stream (transport));
  Version            version = get_version (source);
  GError            *seen = NULL;
  guint64            n_beside = get_n_beside (transport, 0);
  gssize             n;

  *n_bytes = 0;
  while ((n = g_input_stream_read (source, buffer, STEP_SIZE, reading, error)) > 0)
    {
      if (run != NULL)
        tool_run_set_moved (run, *n_bytes + (guint64) n, n_beside);
      if (!g_output_stream_write_all (sink, buffer, (gsize) n, NULL, cancellable, &seen))
        {
          tool_stream_set_error (error, transport, seen);
          return FALSE;
        }
      *n_bytes += (guint64) n;
      n_beside = get_n_beside (transport, *n_bytes);
      if (run != NULL)
        tool_run_set_moved (run, *n_bytes, n_beside);
    }
  if (n < 0)
    {
      g_prefix_error (error, /* Translators: a reason follows */
                      _ ("Cannot read %s: "), name);
      return FALSE;
    }
  if (!is_same_version (version, get_version (source)))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                   /* Translators: %s is a file */
                   _ ("%s changed while it was sent: send it again"), name);
      return FALSE;
    }
  if (!tool_secure_end_output (transport, cancellable, &seen))
    {
      tool_stream_set_error (error, transport, seen);
      return FALSE;
    }
  return TRUE;
}

int
tool_stream_get_code (int failure)
{
  /* GIO has no code for a quota, nor for a limit of the size. */
  return failure == EDQUOT || failure == EFBIG ? (int) G_IO_ERROR_NO_SPACE
                                               : (int) g_io_error_from_errno (failure);
}

/* A file never waits. Of its errors GIO tells some apart only by their text. */
static gboolean
write_file (int fd, const guint8 *bytes, gsize length, GError **error)
{
  while (length > 0)
    {
      gssize n = write (fd, bytes, length);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          g_set_error_literal (error, G_IO_ERROR, tool_stream_get_code (errno), g_strerror (errno));
          return FALSE;
        }
      bytes += n;
      length -= (gsize) n;
    }
  return TRUE;
}

/* A ToolStreamWrite, to a ToolStreamOutput. */
gboolean
tool_stream_write (
    gpointer data, gconstpointer bytes, gsize length, GCancellable *cancellable, GError **error)
{
  const ToolStreamOutput *output = data;
  int         fd = g_file_descriptor_based_get_fd (G_FILE_DESCRIPTOR_BASED (output->stream));
  struct stat info;
  gboolean    is_file = fstat (fd, &info) == 0 && S_ISREG (info.st_mode);

  if (is_file ? write_file (fd, bytes, length, error)
              : g_output_stream_write_all (output->stream, bytes, length, NULL, cancellable, error))
    return TRUE;
  g_prefix_error (error, /* Translators: a reason follows */
                  _ ("Cannot write %s: "), output->name);
  return FALSE;
}

/* Some file systems tell only now that they have no room. */
gboolean
tool_stream_close (const ToolStreamOutput *output, GCancellable *cancellable, GError **error)
{
  if (g_output_stream_close (output->stream, cancellable, error))
    return TRUE;
  g_prefix_error (error, /* Translators: a reason follows */
                  _ ("Cannot write %s: "), output->name);
  return FALSE;
}

/* Stores all bytes until the peer's clean end. n_bytes: (out): stored; encrypted, the
 * session carries more. */
gboolean
tool_stream_receive (IBBTransport   *transport,
                     ToolStreamWrite write,
                     gpointer        target,
                     guint64        *n_bytes,
                     GCancellable   *cancellable,
                     GError        **error)
{
  g_autofree guint8 *buffer = g_malloc (STEP_SIZE);
  GError            *seen = NULL;
  gssize             n;

  *n_bytes = 0;
  while ((n = tool_secure_read (transport, buffer, STEP_SIZE, cancellable, &seen)) > 0)
    {
      if (!write (target, buffer, (gsize) n, cancellable, error))
        return FALSE;
      *n_bytes += (guint64) n;
    }
  if (n < 0)
    {
      tool_stream_set_error (error, transport, seen);
      return FALSE;
    }
  return TRUE;
}

static gboolean
discard (
    gpointer target, gconstpointer data, gsize length, GCancellable *cancellable, GError **error)
{
  return TRUE;
}

/* Call this when our end was sent: the peer's clean end says that it has stored everything, if the
 * session is not encrypted. Otherwise tool_confirm () learns that. Nobody asked for bytes of the
 * peer, and nobody confirms them. */
gboolean
tool_stream_expect_end (IBBTransport *transport, GCancellable *cancellable, GError **error)
{
  guint64 n_discarded;

  return tool_stream_receive (transport, discard, NULL, &n_discarded, cancellable, error);
}

typedef struct
{
  ToolRun      *run;
  IBBTransport *transport;
  GCancellable *reading; /* of standard input */
  guint64       n_written;
  gboolean      succeeded;
  GError       *error;
} Sender;

static gpointer
sender_thread (gpointer data)
{
  Sender                  *self = data;
  GCancellable            *cancellable = tool_run_get_cancellable (self->run);
  g_autoptr (GInputStream) source = g_unix_input_stream_new (STDIN_FILENO, FALSE);
  g_autoptr (GError)       failure = NULL;

  self->succeeded = tool_stream_send (self->run, self->transport, source, _ ("standard input"),
                                      &self->n_written, self->reading, cancellable, &self->error);
  if (self->succeeded)
    return NULL;
  /* A peer that has closed the session takes no input, and has all that was read of it. The error
   * of a session comes before its end. */
  failure = ibb_transport_dup_error (self->transport);
  self->succeeded = failure == NULL &&
                    g_error_matches (self->error, G_IO_ERROR, G_IO_ERROR_CANCELLED) &&
                    !g_cancellable_is_cancelled (cancellable);
  /* The other direction cannot succeed, either. */
  if (!self->succeeded)
    g_cancellable_cancel (cancellable);
  return NULL;
}

/* The peer has ended its direction: whether it ends ours, too. The programs that read on say so.
 * XEP-0047 alone has no words for that, and its close ends both. */
static gboolean
has_peer_left (IBBConnection *connection, IBBTransport *transport, GCancellable *cancellable)
{
  g_autofree char *peer = ibb_transport_dup_peer_jid (transport);
  g_auto (GStrv)   features = NULL;

  if (ibb_transport_has_ended (transport) || !IBB_IS_TRANSPORT (tool_secure_get_stream (transport)))
    return FALSE;
  features = ibb_connection_query_features (connection, peer, cancellable, NULL);
  return features == NULL || !g_strv_contains ((const char *const *) features, FEATURE);
}

/* Once the peer has ended its direction, only a write would meet the end of the session, and
 * standard input may have nothing to write. */
static void
join_sender (Sender *self, GThread *thread)
{
  gulong handler = tool_source_cancel_at (self->transport, "notify::ended", self->reading);

  if (ibb_transport_has_ended (self->transport))
    g_cancellable_cancel (self->reading);
  g_thread_join (thread);
  g_signal_handler_disconnect (self->transport, handler);
}

/* If the session has an error, the sender was cancelled because of that. */
static GError *
steal_error (Sender *self)
{
  GError *failure = NULL;

  if (g_error_matches (self->error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    failure = ibb_transport_dup_error (self->transport);
  return failure != NULL ? failure : g_steal_pointer (&self->error);
}

/* Joins standard input and output with the session, each direction until its own end. */
gboolean
tool_stream_join (ToolRun         *run,
                  IBBConnection   *connection,
                  IBBTransport    *transport,
                  ToolStreamMoved *moved,
                  GError         **error)
{
  GCancellable             *cancellable = tool_run_get_cancellable (run);
  g_autoptr (GOutputStream) sink = g_unix_output_stream_new (STDOUT_FILENO, TRUE);
  g_autoptr (GError)        local_error = NULL;
  g_autoptr (GCancellable)  reading = g_cancellable_new ();
  ToolStreamOutput          output = { sink, _ ("standard output") };
  Sender                    sender = { .run = run, .transport = transport, .reading = reading };
  gulong                    cancelled = tool_run_connect (run, reading);
  GThread                  *thread = g_thread_new ("sender", sender_thread, &sender);
  gboolean                  received;

  received = tool_stream_receive (transport, tool_stream_write, &output, &moved->n_read,
                                  cancellable, &local_error);
  /* The reader of standard output learns of the end even while our own input goes on. */
  received = received && tool_stream_close (&output, cancellable, &local_error);
  if (!received)
    g_cancellable_cancel (cancellable);
  else if (has_peer_left (connection, transport, reading))
    g_cancellable_cancel (reading);
  join_sender (&sender, thread);
  g_cancellable_disconnect (cancellable, cancelled);
  /* The error of a direction that was cancelled because of the other one does not count. */
  if (!received && !g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_propagate_error (error, g_steal_pointer (&local_error));
  else if (!sender.succeeded)
    g_propagate_error (error, steal_error (&sender));
  else if (!received)
    g_propagate_error (error, g_steal_pointer (&local_error));
  g_clear_error (&sender.error);
  moved->n_written = sender.n_written;
  return received && sender.succeeded;
}
