/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ibb listen: the end of ibb cat that waits. */

#include "config.h"

#include "tool/account/login.h"
#include "tool/command/commands.h"
#include "tool/session/confirm.h"
#include "tool/session/session.h"
#include "tool/words/jid.h"
#include "tool/words/output.h"

#include <glib/gi18n.h>

static gboolean
listen_run (ToolRun *run, gpointer data, GError **error)
{
  ToolLogin               *login = data;
  g_autofree char         *phase = NULL;
  g_autofree char         *peer = NULL;
  g_autofree char         *local_jid = NULL;
  g_autoptr (IBBService)   service = NULL;
  g_autoptr (IBBTransport) transport = NULL;
  gboolean                 joined = FALSE;

  service = tool_session_new_service (IBB_CONNECTION (tool_login_get_client (login)),
                                      tool_run_get_options (run), TRUE);
  local_jid = tool_login_begin (login, run, error);
  if (local_jid == NULL)
    return FALSE;
  transport = tool_session_wait (run, service, local_jid, error);
  if (transport != NULL)
    {
      peer = ibb_transport_dup_peer_jid (transport);
      phase = g_strdup_printf (_ ("talking to “%s”"), peer);
      tool_run_begin_phase (run, phase, 0);
      joined = tool_confirm_join (run, ibb_service_get_connection (service), transport, error);
    }
  tool_login_end (login, error);
  return joined;
}

int
tool_listen (int argc, char **argv)
{
  g_auto (ToolOptions)  options = { 0 };
  g_auto (ToolAccount)  account = { NULL };
  g_autofree char      *jid = NULL;
  g_autoptr (ToolLogin) login = NULL;

  if (!tool_options_parse (
          &options,
          TOOL_OPTIONS_ACCOUNT | TOOL_OPTIONS_ENCRYPT | TOOL_OPTIONS_ACCEPT | TOOL_OPTIONS_SID |
              TOOL_OPTIONS_WINDOW | TOOL_OPTIONS_TIMEOUT | TOOL_OPTIONS_QUIET,
          NULL, NULL, _ ("Waits for one session and joins standard input and output to it."),
          _ ("Asks for the resource “ibb” unless --jid names one, and says “ready "
             "JID” on standard "
             "error when it can be reached. The other end is “ibb cat”."),
          &argc, &argv))
    return TOOL_EXIT_USAGE;
  if (argc != 1)
    return tool_output_usage_error ("listen", _ ("unexpected argument “%s”"), argv[1]);

  if (!tool_account_prepare (&account, &options))
    return TOOL_EXIT_FAILED;
  jid = tool_jid_with_resource (options.jid);
  login = tool_login_new (&account, &options, jid);
  tool_login_set_stays (login);
  return tool_run (&options, listen_run, login);
}
