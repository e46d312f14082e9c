/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ibb send: a file, or standard input, to one peer. */

#include "config.h"

#include "login.h"
#include "output.h"
#include "report.h"
#include "session.h"
#include "slow-open.h"
#include "stream.h"
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixinputstream.h>
#include <glib/gi18n.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct
{
  char       *peer;
  char       *name; /* of the source, for people */
  char       *label;
  const char *path; /* to open once signals and --timeout are watched; NULL: fd is open */
  int         fd;
  guint64     total; /* 0: not known */
  ToolLogin  *login;
} Send;

static void
set_open_error (Send *self, GError **error)
{
  int failure = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (failure),
               /* Translators: the first %s is a file, the second says why */
               _ ("Cannot open %s: %s"), self->name, g_strerror (failure));
}

/* Opened before all else: a mistyped name costs no login. Only a named pipe, which waits for its
 * writer, is opened later. */
static gboolean
open_source (Send *self, const char *path, GError **error)
{
  g_autofree char *shown = g_filename_display_name (path);
  struct stat      info;

  if (g_str_equal (path, "-"))
    {
      self->fd = STDIN_FILENO;
      self->name = g_strdup (_ ("standard input"));
      self->label = g_strdup ("-");
    }
  else
    {
      self->name = g_strdup_printf ("“%s”", shown);
      self->label = g_filename_display_basename (path);
      if (stat (path, &info) == 0 && S_ISFIFO (info.st_mode) &&
          faccessat (AT_FDCWD, path, R_OK, AT_EACCESS) == 0)
        {
          self->path = path;
          return TRUE;
        }
      self->fd = open (path, O_RDONLY | O_CLOEXEC);
    }
  if (self->fd < 0 || fstat (self->fd, &info) != 0)
    {
      set_open_error (self, error);
      return FALSE;
    }
  if (S_ISDIR (info.st_mode))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY,
                   /* Translators: the first %s is a file, the second says why */
                   _ ("Cannot send %s: %s"), self->name, g_strerror (EISDIR));
      return FALSE;
    }
  if (S_ISREG (info.st_mode))
    self->total = (guint64) info.st_size;
  return TRUE;
}

static gboolean
open_pipe (ToolRun *run, Send *self, GError **error)
{
  g_autofree char *phase = g_strdup_printf (_ ("opening %s"), self->name);

  tool_run_begin_phase (run, phase, 0);
  self->fd = tool_slow_open (self->path, O_RDONLY, tool_run_get_cancellable (run));
  if (self->fd >= 0)
    return TRUE;
  set_open_error (self, error);
  return FALSE;
}

static gboolean
transfer (ToolRun *run, Send *self, IBBTransport *transport, GError **error)
{
  GCancellable            *cancellable = tool_run_get_cancellable (run);
  g_autoptr (GInputStream) source = g_unix_input_stream_new (self->fd, FALSE);
  g_autofree char         *phase = g_strdup_printf (_ ("sending to “%s”"), self->peer);
  g_autofree char         *sentence = g_strdup_printf (_ ("Sent to %s"), self->peer);
  gint64                   start = g_get_monotonic_time ();
  guint64                  sent;

  tool_run_begin_phase (run, phase, 0);
  tool_run_show_progress (run, self->label, TOOL_DIRECTION_SEND, self->total);
  if (!tool_stream_send (transport, source, self->name, cancellable, error) ||
      !tool_stream_expect_end (transport, cancellable, error) ||
      !tool_session_finish (transport, cancellable, error))
    return FALSE;
  tool_run_end_progress (run);
  sent = ibb_transport_get_bytes_acknowledged (transport);
  tool_report_done (sent, (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC, sentence);
  return TRUE;
}

static gboolean
send_run (ToolRun *run, gpointer data, GError **error)
{
  Send                    *self = data;
  g_autofree char         *local_jid = NULL;
  g_autoptr (IBBService)   service = NULL;
  g_autoptr (IBBTransport) transport = NULL;
  gboolean                 sent = FALSE;

  if (self->path != NULL && !open_pipe (run, self, error))
    return FALSE;
  service = tool_session_new_service (IBB_CONNECTION (tool_login_get_client (self->login)),
                                      tool_run_get_options (run), FALSE);
  local_jid = tool_login_begin (self->login, run, error);
  if (local_jid == NULL)
    return FALSE;
  transport = tool_session_open (run, service, self->peer, error);
  if (transport != NULL)
    {
      sent = transfer (run, self, transport, error);
      if (!sent)
        tool_session_give_up (transport, *error);
    }
  tool_login_end (self->login, error);
  return sent;
}

int
tool_send (int argc, char **argv)
{
  g_auto (ToolOptions) options = { 0 };
  g_auto (ToolAccount) account = { NULL };
  g_autoptr (GError)   error = NULL;
  Send                 self = { .fd = -1 };
  int                  status = TOOL_EXIT_FAILED;

  if (!tool_options_parse (
          &options,
          TOOL_OPTIONS_ACCOUNT | TOOL_OPTIONS_OPEN | TOOL_OPTIONS_SID | TOOL_OPTIONS_WINDOW |
              TOOL_OPTIONS_TIMEOUT | TOOL_OPTIONS_QUIET | TOOL_OPTIONS_JSON,
          NULL, _ ("FILE|- PEER"), _ ("Sends a file, or standard input, to a peer."),
          _ ("PEER without a resource means PEER/ibb. Done means that the peer has "
             "acknowledged\nevery byte and the end; “ibb receive” does so when "
             "the file is in place."),
          &argc, &argv))
    return TOOL_EXIT_USAGE;
  if (argc != 3)
    return tool_output_usage_error ("send", argc < 3 ? _ ("FILE and PEER are required")
                                                     : _ ("too many arguments"));

  self.peer = tool_options_parse_peer ("send", argv[2]);
  if (self.peer == NULL)
    return TOOL_EXIT_USAGE;
  if (open_source (&self, argv[1], &error) && tool_account_prepare (&account, &options, &error))
    {
      self.login = tool_login_new (&account, &options, options.jid);
      status = tool_run (&options, send_run, &self);
    }
  else
    tool_report_error (error);

  g_clear_pointer (&self.login, tool_login_free);
  if (self.fd > STDIN_FILENO)
    close (self.fd);
  g_free (self.peer);
  g_free (self.name);
  g_free (self.label);
  return status;
}
