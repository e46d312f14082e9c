/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ibb key: what the other end compares, and what this end knows of others. */

#include "config.h"

#include "tool/command/commands.h"
#include "tool/words/jid.h"
#include "tool/words/output.h"
#include "tool/words/qr.h"
#include "tool/words/report.h"
#include "tool/words/text.h"

#include <glib/gi18n.h>
#include <ibb-glib/ibb-glib.h>
#include <ibb-glib/xmpp/ibb-xmpp.h>
#include <unistd.h>

#include "tool/account/options.h"

/* What to do; by default the fingerprint is printed. */
typedef struct
{
  gboolean uri;
  gboolean qr;
  gboolean list;
  char    *forget;
} Key;

static gboolean
print_own (const Key *self, const char *jid, GError **error)
{
  g_autoptr (IBBXmppIdentity) identity = ibb_xmpp_identity_load_or_create (NULL, error);
  g_autofree char            *text = NULL;
  g_autofree char            *picture = NULL;

  if (identity == NULL)
    return FALSE;
  if (self->uri || self->qr)
    text = ibb_xmpp_identity_dup_uri (identity, jid);
  else
    text =
        ibb_xmpp_known_certificates_dup_fingerprint (ibb_xmpp_identity_get_certificate (identity));
  if (!self->qr)
    {
      g_print ("%s\n", text);
      return TRUE;
    }
  picture = tool_qr_draw (text, STDOUT_FILENO, error);
  if (picture != NULL)
    g_print ("%s", picture);
  return picture != NULL;
}

static gboolean
print_known (IBBXmppKnownCertificates *known, GError **error)
{
  g_auto (GStrv) fingerprints = NULL;
  g_auto (GStrv) names = ibb_xmpp_known_certificates_list (known, &fingerprints, error);

  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      g_autofree char *name = tool_text_make_printable (names[i]);

      g_print ("%s %s\n", fingerprints[i], name);
    }
  return names != NULL;
}

static gboolean
forget (IBBXmppKnownCertificates *known, const char *name, GError **error)
{
  g_auto (GStrv) fingerprints = NULL;
  g_auto (GStrv) names = ibb_xmpp_known_certificates_list (known, &fingerprints, error);

  if (names == NULL)
    return FALSE;
  for (guint i = 0; names[i] != NULL; i++)
    if (g_ascii_strcasecmp (names[i], name) == 0)
      return ibb_xmpp_known_certificates_forget (known, name, error);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _ ("No key of “%s” is known"), name);
  return FALSE;
}

/* Returns the exit status if the arguments are wrong, else -1. */
static int
check_arguments (const Key *self, const ToolOptions *options, int argc, char **argv)
{
  gboolean has_address = options->jid != NULL;

  if (argc != 1)
    return tool_output_usage_error ("key", _ ("unexpected argument “%s”"), argv[1]);
  if (self->uri + self->qr + self->list + (self->forget != NULL) > 1)
    return tool_output_usage_error ("key",
                                    _ ("--uri, --qr, --list and --forget exclude each other"));
  if (self->forget != NULL && *self->forget == '\0')
    return tool_output_usage_error ("key", _ ("%s is empty"), "--forget");
  if (has_address && !self->uri && !self->qr)
    return tool_output_usage_error ("key", _ ("--jid and --account go with --uri or --qr"));
  if (has_address && tool_jid_lacks_domain (options->jid))
    return tool_output_usage_error (
        "key", _ ("“%s” is a host, not an account (expected user@host)"), options->jid);
  if (!has_address && (self->uri || self->qr))
    return tool_output_usage_error ("key", _ ("--jid or --account is missing: which account?"));
  return -1;
}

int
tool_key (int argc, char **argv)
{
  g_auto (ToolOptions)                 options = { 0 };
  g_autoptr (GError)                   error = NULL;
  g_autoptr (IBBXmppKnownCertificates) known = NULL;
  Key                                  self = { FALSE };
  gboolean                             done;
  int                                  status;
  const GOptionEntry                   entries[] = {
                      { "uri", 0, 0, G_OPTION_ARG_NONE, &self.uri,
                        N_ ("Print a URI with the address and the key, which others name as PEER"), NULL },
                      { "qr", 0, 0, G_OPTION_ARG_NONE, &self.qr, N_ ("Show the URI as a picture (QR code)"), NULL },
                      { "account", 0, 0, G_OPTION_ARG_STRING, &options.account,
                        N_ ("The address, by an account of the file of accounts"), N_ ("NAME") },
                      { "jid", 0, 0, G_OPTION_ARG_STRING, &options.jid, N_ ("The address: user@host[/resource]"),
                        N_ ("JID") },
                      { "list", 0, 0, G_OPTION_ARG_NONE, &self.list,
                        N_ ("List the keys and certificates of others that were accepted"), NULL },
                      { "forget", 0, 0, G_OPTION_ARG_STRING, &self.forget, N_ ("Forget those of a JID or a domain"),
                        N_ ("NAME") },
                      { NULL },
  };

  if (!tool_options_parse (&options, 0, entries, NULL,
                           _ ("Prints the SHA-256 fingerprint of the key of this user."),
                           _ ("The other end compares it, or passes it to --peer-fingerprint, for "
                              "sessions with --encrypt; or it gets the URI, and names that as PEER "
                              "or for --from. The key is made at the first use."),
                           &argc, &argv))
    return TOOL_EXIT_USAGE;
  status = check_arguments (&self, &options, argc, argv);
  if (status < 0)
    {
      known = ibb_xmpp_known_certificates_new (NULL);
      if (self.list)
        done = print_known (known, &error);
      else if (self.forget != NULL)
        done = forget (known, self.forget, &error);
      else
        done = print_own (&self, options.jid, &error);
      if (!done)
        tool_report_error (error);
      status = done ? TOOL_EXIT_DONE : TOOL_EXIT_FAILED;
    }
  g_free (self.forget);
  return status;
}
