/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ibb receive: one session into a file or standard output. */

#include "config.h"

#include "tool/account/login.h"
#include "tool/command/commands.h"
#include "tool/session/confirm.h"
#include "tool/session/descriptors.h"
#include "tool/session/session.h"
#include "tool/session/stream.h"
#include "tool/transfer/parts.h"
#include "tool/transfer/place.h"
#include "tool/transfer/receiving.h"
#include "tool/transfer/work.h"
#include "tool/words/jid.h"
#include "tool/words/output.h"
#include "tool/words/report.h"

#include <glib/gi18n.h>
#include <unistd.h>

#define DESCRIPTION                                                                                        \
  _ ("Asks for the resource “ibb” unless --jid names one, and says “ready JID” on standard error " \
     "when it can be reached. The file gets its name when it is complete; a file of that name is "         \
     "then replaced. With --directory nothing is replaced, and a file that did not arrive whole "          \
     "goes on when it is sent again.")

typedef struct
{
  ToolPlace *place; /* (owned) until receive_run () ends */
  char      *label;
  ToolLogin *login;
  ToolRun   *run;
  guint64    n_stored;
} Receive;

/* A ToolStreamWrite, to a Receive. */
static gboolean
write_cb (
    gpointer data, gconstpointer bytes, gsize length, GCancellable *cancellable, GError **error)
{
  Receive *self = data;

  if (!tool_place_write (self->place, bytes, length, cancellable, error))
    return FALSE;
  self->n_stored += length;
  tool_run_set_moved (self->run, self->n_stored, 0);
  return TRUE;
}

static gboolean
receive_bytes (ToolRun *run, Receive *self, IBBTransport *transport, GError **error)
{
  g_autofree char *peer = ibb_transport_dup_peer_jid (transport);
  GCancellable    *cancellable = tool_run_get_cancellable (run);
  g_autofree char *phase = g_strdup_printf (_ ("receiving from “%s”"), peer);
  g_autofree char *sentence = g_strdup_printf (_ ("Received from %s"), peer);
  ToolDone         done = { .sentence = sentence, .start = g_get_monotonic_time () };

  tool_run_begin_phase (run, phase, 0);
  tool_run_show_progress (run, self->label, TOOL_DIRECTION_RECEIVE, 0);
  self->run = run;
  if (!tool_stream_receive (transport, write_cb, self, &done.bytes, cancellable, error) ||
      !tool_place_commit (self->place, cancellable, error))
    return FALSE;
  /* The peer waits to learn that the file is in its place. From here on nothing can be lost. */
  tool_confirm (run, transport, done.bytes > 0, FALSE, NULL);
  tool_session_finish (transport, cancellable, NULL);
  tool_run_end_progress (run);
  tool_report_done (&done);
  return TRUE;
}

static gboolean
open_place (ToolRun *run, Receive *self, GError **error)
{
  g_autofree char *phase = g_strdup_printf (_ ("opening %s"), tool_place_get_name (self->place));

  tool_run_begin_phase (run, phase, 0);
  return tool_place_open (self->place, run, error);
}

static gboolean
receive_session (ToolRun *run, Receive *self, GError **error)
{
  g_autofree char         *local_jid = NULL;
  g_autoptr (IBBService)   service = NULL;
  g_autoptr (IBBTransport) transport = NULL;
  gboolean                 received = FALSE;

  service = tool_session_new_service (IBB_CONNECTION (tool_login_get_client (self->login)),
                                      tool_run_get_options (run), TRUE);
  local_jid = tool_login_begin (self->login, run, error);
  if (local_jid == NULL)
    return FALSE;
  transport = tool_session_wait (run, service, local_jid, error);
  if (transport != NULL)
    {
      received = receive_bytes (run, self, transport, error);
      if (!received)
        tool_session_give_up (transport, *error);
    }
  tool_login_end (self->login, error);
  return received;
}

/* The part of the file exists only in here, where a signal does not end the command at once. */
static gboolean
receive_run (ToolRun *run, gpointer data, GError **error)
{
  Receive *self = data;
  gboolean received = open_place (run, self, error) && receive_session (run, self, error);

  g_clear_pointer (&self->place, tool_place_free);
  tool_run_set_temporary (run, NULL);
  return received;
}

typedef struct
{
  ToolLogin       *login;
  IBBFilesService *transfers;
  ToolIntake       intake;
  gboolean         is_stopped; /* by a signal, or by --timeout */
} ReceiveFiles;

/* Of --directory alone, as they are given. */
typedef struct
{
  char *directory;
  char *count;
  char *max_size;
  char *max_total;
  char *older_than;
  char *on_received;
} RawIntake;

static void
raw_intake_clear (RawIntake *raw)
{
  g_free (raw->directory);
  g_free (raw->count);
  g_free (raw->max_size);
  g_free (raw->max_total);
  g_free (raw->older_than);
  g_free (raw->on_received);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RawIntake, raw_intake_clear)

static gboolean
receive_files_run (ToolRun *run, gpointer data, GError **error)
{
  ReceiveFiles    *self = data;
  g_autofree char *local_jid = tool_login_begin (self->login, run, error);
  gboolean         received;

  if (local_jid == NULL)
    return FALSE;
  received = tool_receiving_run (run, self->transfers, local_jid, &self->intake, error);
  tool_login_end (self->login, error);
  self->is_stopped = g_cancellable_is_cancelled (tool_run_get_cancellable (run));
  return received;
}

static int
usage_error_of_limit (const char *option, const char *text)
{
  return tool_output_usage_error ("receive", _ ("%s is a number of bytes, at least 1, not “%s”"),
                                  option, text);
}

static int
show_parts (const RawIntake *raw, gboolean removes)
{
  guint days = 0;

  if (raw->older_than != NULL && !tool_options_parse_count (raw->older_than, &days))
    return tool_output_usage_error (
        "receive", _ ("--older-than is a number of days from 1, not “%s”"), raw->older_than);
  return tool_parts_show (raw->directory, removes, days);
}

static int
receive_files (const ToolOptions *options, const RawIntake *raw)
{
  g_auto (ToolAccount) account = { NULL };
  g_autofree char     *jid = tool_jid_with_resource (options->jid);
  g_autoptr (GError)   error = NULL;
  ReceiveFiles         self = { .intake.folder = raw->directory };
  guint64              max_size = 0;
  guint64              max_total = 0;
  int                  status = TOOL_EXIT_FAILED;

  if (raw->count != NULL && !tool_options_parse_count (raw->count, &self.intake.count))
    return tool_output_usage_error ("receive", _ ("--count is a number from 1, not “%s”"),
                                    raw->count);
  if (!tool_quota_parse_limit (raw->max_size, &max_size))
    return usage_error_of_limit ("--max-size", raw->max_size);
  if (!tool_quota_parse_limit (raw->max_total, &max_total))
    return usage_error_of_limit ("--max-total", raw->max_total);
  if (!g_file_test (raw->directory, G_FILE_TEST_IS_DIR))
    return tool_output_usage_error ("receive", _ ("--directory: “%s” is not a folder"),
                                    raw->directory);
  tool_descriptors_raise ();
  if (tool_account_prepare (&account, options))
    {
      self.login = tool_login_new (&account, options, jid);
      tool_login_set_stays (self.login);
      self.transfers = tool_work_new_service (IBB_CONNECTION (tool_login_get_client (self.login)),
                                              options, &error);
      self.intake.quota = tool_quota_new (max_size, max_total);
      if (raw->on_received != NULL)
        self.intake.hooks = tool_hooks_new (raw->on_received);
      if (self.transfers != NULL)
        status = tool_run (options, receive_files_run, &self);
      else
        tool_report_error (error);
      if (self.intake.hooks != NULL && !tool_hooks_finish (self.intake.hooks, self.is_stopped) &&
          !self.is_stopped)
        status = MAX (status, TOOL_EXIT_FAILED);
    }
  g_clear_pointer (&self.intake.hooks, tool_hooks_free);
  g_clear_pointer (&self.intake.quota, tool_quota_free);
  g_clear_object (&self.transfers);
  g_clear_pointer (&self.login, tool_login_free);
  return status;
}

/* Options, and what is true of some. */
enum
{
  DIRECTORY = 1 << 0,
  COUNT = 1 << 1,
  MAX_SIZE = 1 << 2,
  MAX_TOTAL = 1 << 3,
  ON_RECEIVED = 1 << 4,
  NO_COMMAND = 1 << 5, /* --on-received is empty */
  OLDER_THAN = 1 << 6,
  LIST_PARTS = 1 << 7,
  REMOVE_PARTS = 1 << 8,
  SID = 1 << 9,
  JSON = 1 << 10,
  OUTPUT = 1 << 11,
  NO_NAME = 1 << 12,  /* --output is empty */
  STANDARD = 1 << 13, /* --output is standard output */
  PIPE = 1 << 14,     /* standard output is free, and no terminal */
  STREAM = 1 << 15,   /* not --directory */
};

/* The first rule counts that is broken. */
static const struct
{
  guint       options;  /* one of these */
  guint       needs;    /* one of these, if there are any */
  guint       excludes; /* each of these */
  const char *message;
} rules[] = {
  { DIRECTORY, 0, OUTPUT | SID, N_ ("--directory goes without --output and --sid") },
  { COUNT, DIRECTORY, 0, N_ ("--count needs --directory") },
  { MAX_SIZE | MAX_TOTAL, DIRECTORY, 0, N_ ("--max-size and --max-total need --directory") },
  { ON_RECEIVED, DIRECTORY, NO_COMMAND, N_ ("--on-received is a command, and needs --directory") },
  { OLDER_THAN, LIST_PARTS | REMOVE_PARTS, 0,
    N_ ("--older-than needs --list-parts or --remove-parts") },
  { LIST_PARTS | REMOVE_PARTS, DIRECTORY, JSON,
    N_ ("--list-parts and --remove-parts need --directory, and go without --json") },
  { STREAM, OUTPUT | PIPE, 0, N_ ("--output or --directory is missing: which file, or folder?") },
  { OUTPUT, 0, NO_NAME, N_ ("--output is empty: which file, or “-”?") },
  { JSON, 0, STANDARD,
    N_ ("--json needs --output FILE: events and data cannot share standard output") },
};

static guint
find_given (const ToolOptions *options, const RawIntake *intake, const char *output)
{
  const struct
  {
    gboolean is_given;
    guint    option;
  } all[] = {
    { intake->directory != NULL, DIRECTORY },
    { intake->directory == NULL, STREAM },
    { intake->count != NULL, COUNT },
    { intake->max_size != NULL, MAX_SIZE },
    { intake->max_total != NULL, MAX_TOTAL },
    { intake->on_received != NULL, ON_RECEIVED },
    { g_strcmp0 (intake->on_received, "") == 0, NO_COMMAND },
    { intake->older_than != NULL, OLDER_THAN },
    { options->list_parts, LIST_PARTS },
    { options->remove_parts, REMOVE_PARTS },
    { options->sid != NULL, SID },
    { options->json, JSON },
    { output != NULL, OUTPUT },
    { g_strcmp0 (output, "") == 0, NO_NAME },
    { g_strcmp0 (output, "-") == 0, STANDARD },
    { !options->json && !isatty (STDOUT_FILENO), PIPE },
  };
  guint given = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (all); i++)
    given |= all[i].is_given ? all[i].option : 0;
  return given;
}

/* (nullable): what is wrong, not translated yet. */
static const char *
find_broken_rule (const ToolOptions *options, const RawIntake *intake, const char *output)
{
  guint given = find_given (options, intake, output);

  for (gsize i = 0; i < G_N_ELEMENTS (rules); i++)
    if ((given & rules[i].options) != 0 &&
        ((rules[i].needs != 0 && (given & rules[i].needs) == 0) ||
         (given & rules[i].excludes) != 0))
      return rules[i].message;
  return NULL;
}

int
tool_receive (int argc, char **argv)
{
  g_auto (ToolOptions) options = { 0 };
  g_auto (ToolAccount) account = { NULL };
  g_autoptr (GError)   error = NULL;
  g_autofree char     *output = NULL;
  g_auto (RawIntake)   intake = { NULL };
  g_autofree char     *jid = NULL;
  const char          *problem;
  Receive              self = { NULL };
  int                  status = TOOL_EXIT_FAILED;
  const GOptionEntry   entries[] = {
      { "output", 'o', 0, G_OPTION_ARG_FILENAME, &output,
        N_ ("Where to write; “-” is standard output, the default unless that is a terminal"),
        N_ ("FILE|-") },
      { "directory", 'd', 0, G_OPTION_ARG_FILENAME, &intake.directory,
        N_ ("Take files with their names into a folder, until a signal comes"), N_ ("DIR") },
      { "count", 'n', 0, G_OPTION_ARG_STRING, &intake.count,
        N_ ("With --directory: end after so many files"), N_ ("NUMBER") },
      { "max-size", 0, 0, G_OPTION_ARG_STRING, &intake.max_size,
        N_ ("With --directory: refuse a file that is larger"), N_ ("BYTES") },
      { "max-total", 0, 0, G_OPTION_ARG_STRING, &intake.max_total,
        N_ ("With --directory: refuse a file if all, parts included, would be larger"),
        N_ ("BYTES") },
      { "on-received", 0, 0, G_OPTION_ARG_STRING, &intake.on_received,
        N_ ("With --directory: run in a shell for each file, which $IBB_FILE names"),
        N_ ("COMMAND") },
      { "list-parts", 0, 0, G_OPTION_ARG_NONE, &options.list_parts,
        N_ ("With --directory: list the parts of files that did not arrive whole"), NULL },
      { "remove-parts", 0, 0, G_OPTION_ARG_NONE, &options.remove_parts,
        N_ ("With --directory: remove the parts that no transfer uses"), NULL },
      { "older-than", 0, 0, G_OPTION_ARG_STRING, &intake.older_than,
        N_ ("With these: only parts to which nothing was written for so long"), N_ ("DAYS") },
      { NULL },
  };

  if (!tool_options_parse (&options,
                           TOOL_OPTIONS_ACCOUNT | TOOL_OPTIONS_ENCRYPT | TOOL_OPTIONS_ACCEPT |
                               TOOL_OPTIONS_SID | TOOL_OPTIONS_TIMEOUT | TOOL_OPTIONS_QUIET |
                               TOOL_OPTIONS_JSON,
                           entries, NULL, _ ("Waits for one session and stores what it brings."),
                           DESCRIPTION, &argc, &argv))
    return TOOL_EXIT_USAGE;
  if (argc != 1)
    return tool_output_usage_error ("receive", _ ("unexpected argument “%s”"), argv[1]);
  problem = find_broken_rule (&options, &intake, output);
  if (problem != NULL)
    return tool_output_usage_error ("receive", "%s", _ (problem));
  if (options.list_parts || options.remove_parts)
    return show_parts (&intake, options.remove_parts);
  if (intake.directory != NULL)
    return receive_files (&options, &intake);

  self.label = output != NULL ? g_filename_display_basename (output) : g_strdup ("-");
  jid = tool_jid_with_resource (options.jid);
  self.place = tool_place_new (output != NULL ? output : "-", &error);
  if (self.place == NULL)
    tool_report_error (error);
  else if (tool_account_prepare (&account, &options))
    {
      self.login = tool_login_new (&account, &options, jid);
      tool_login_set_stays (self.login);
      status = tool_run (&options, receive_run, &self);
    }

  g_clear_pointer (&self.login, tool_login_free);
  g_clear_pointer (&self.place, tool_place_free);
  g_free (self.label);
  return status;
}
