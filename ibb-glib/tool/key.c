/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ibb key: what the other end compares. */

#include "config.h"

#include "output.h"
#include "report.h"
#include "tool.h"

#include <glib/gi18n.h>
#include <ibb-glib/ibb-glib.h>
#include <ibb-glib/xmpp/ibb-xmpp.h>

#include "options.h"

int
tool_key (int argc, char **argv)
{
  g_auto (ToolOptions)        options = { 0 };
  g_autoptr (GError)          error = NULL;
  g_autoptr (IBBXmppIdentity) identity = NULL;
  g_autofree char            *fingerprint = NULL;

  if (!tool_options_parse (&options, 0, NULL, NULL,
                           _ ("Prints the SHA-256 fingerprint of the key of this user."),
                           _ ("The other end compares it, or passes it to --peer-fingerprint, for "
                              "sessions with --encrypt. The key is made at the first use."),
                           &argc, &argv))
    return TOOL_EXIT_USAGE;
  if (argc != 1)
    return tool_output_usage_error ("key", _ ("unexpected argument “%s”"), argv[1]);
  identity = ibb_xmpp_identity_load_or_create (NULL, &error);
  if (identity == NULL)
    {
      tool_report_error (error);
      return TOOL_EXIT_FAILED;
    }
  fingerprint =
      ibb_xmpp_known_certificates_dup_fingerprint (ibb_xmpp_identity_get_certificate (identity));
  g_print ("%s\n", fingerprint);
  return TOOL_EXIT_DONE;
}
