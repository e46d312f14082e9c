/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ibb cat: standard input and output to a peer, each way until its own end. */

#include "config.h"

#include "tool/account/login.h"
#include "tool/command/commands.h"
#include "tool/session/confirm.h"
#include "tool/session/session.h"
#include "tool/words/output.h"

#include <glib/gi18n.h>

typedef struct
{
  char      *peer;
  ToolLogin *login;
} Cat;

static gboolean
cat_run (ToolRun *run, gpointer data, GError **error)
{
  Cat                     *self = data;
  g_autofree char         *phase = g_strdup_printf (_ ("talking to “%s”"), self->peer);
  g_autofree char         *local_jid = NULL;
  g_autoptr (IBBService)   service = NULL;
  g_autoptr (IBBTransport) transport = NULL;
  gboolean                 joined = FALSE;

  service = tool_session_new_service (IBB_CONNECTION (tool_login_get_client (self->login)),
                                      tool_run_get_options (run), FALSE);
  local_jid = tool_login_begin (self->login, run, error);
  if (local_jid == NULL)
    return FALSE;
  transport = tool_session_open (run, service, self->peer, error);
  if (transport != NULL)
    {
      tool_run_begin_phase (run, phase, 0);
      joined = tool_confirm_join (run, ibb_service_get_connection (service), transport, error);
    }
  tool_login_end (self->login, error);
  return joined;
}

int
tool_cat (int argc, char **argv)
{
  g_auto (ToolOptions) options = { 0 };
  g_auto (ToolAccount) account = { NULL };
  Cat                  self = { NULL };
  int                  status = TOOL_EXIT_FAILED;

  if (!tool_options_parse (
          &options,
          TOOL_OPTIONS_ACCOUNT | TOOL_OPTIONS_PEER | TOOL_OPTIONS_ENCRYPT | TOOL_OPTIONS_OPEN |
              TOOL_OPTIONS_SID | TOOL_OPTIONS_WINDOW | TOOL_OPTIONS_TIMEOUT | TOOL_OPTIONS_QUIET,
          NULL, _ ("PEER"), _ ("Joins standard input and output to a peer, such as “ibb listen”."),
          _ ("PEER without a resource means PEER/ibb. At the end of the input it tells the peer, "
             "and still writes what the peer sends. It ends when both directions have ended."),
          &argc, &argv))
    return TOOL_EXIT_USAGE;
  if (argc != 2)
    return tool_output_usage_error ("cat",
                                    argc < 2 ? _ ("PEER is required") : _ ("too many arguments"));

  self.peer = tool_options_parse_peer ("cat", argv[1]);
  if (self.peer == NULL)
    return TOOL_EXIT_USAGE;
  if (tool_account_prepare (&account, &options))
    {
      self.login = tool_login_new (&account, &options, options.jid);
      status = tool_run (&options, cat_run, &self);
    }

  g_clear_pointer (&self.login, tool_login_free);
  g_free (self.peer);
  return status;
}
