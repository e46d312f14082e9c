/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/account/options.h"

#include "tool/account/uri.h"
#include "tool/words/exit-status.h"
#include "tool/words/help.h"
#include "tool/words/jid.h"
#include "tool/words/output.h"
#include "tool/words/text.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MIN 0.001  /* s: the clocks of the library count milliseconds */
#define TIMEOUT_MAX 1e6    /* s */
#define SID_MAX_LENGTH 256 /* bytes, as in the library */

/* The options as GOption stores them. */
typedef struct
{
  char *stanza_type;
  char *window;
  char *block_size;
  char *timeout;
  char *peer_timeout;
  char *resume_timeout;
} RawOptions;

static void
raw_options_clear (RawOptions *raw)
{
  g_free (raw->stanza_type);
  g_free (raw->window);
  g_free (raw->block_size);
  g_free (raw->timeout);
  g_free (raw->peer_timeout);
  g_free (raw->resume_timeout);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RawOptions, raw_options_clear)

static const struct
{
  char    suffix;
  guint64 factor;
} size_suffixes[] = {
  { 'k', 1 << 10 },
  { 'm', 1 << 20 },
  { 'g', 1 << 30 },
};

/* A number of bytes, with K, M or G for multiples of 1024. */
gboolean
tool_options_parse_size (const char *text, guint64 *size)
{
  char   *end = NULL;
  guint64 factor = 1;

  if (!g_ascii_isdigit (text[0]))
    return FALSE;
  errno = 0;
  *size = g_ascii_strtoull (text, &end, 10);
  if (errno != 0)
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (size_suffixes); i++)
    if (g_ascii_tolower (*end) == size_suffixes[i].suffix)
      {
        factor = size_suffixes[i].factor;
        end++;
        break;
      }
  if (*end != '\0' || *size > G_MAXINT64 / factor)
    return FALSE;
  *size *= factor;
  return TRUE;
}

/* A number of things, at least one. */
gboolean
tool_options_parse_count (const char *text, guint *count)
{
  guint64 number;

  if (!g_ascii_string_to_unsigned (text, 10, 1, G_MAXINT, &number, NULL))
    return FALSE;
  *count = (guint) number;
  return TRUE;
}

/* The words of options that take few. */
static const ToolHelpChoice choices[] = {
  { "from", TOOL_FROM_ANYBODY },      { "proxy", "none" },
  { "stanza-type", "iq message" },    { "tls", "automatic starttls direct none" },
  { "websocket", "fallback always" }, { "password-policy", "encrypted hashed readable" },
};

static gboolean
help_cb (const char *name, const char *value, gpointer help, GError **error)
{
  tool_help_print (help);
  exit (TOOL_EXIT_DONE);
}

/* For the scripts in completions/. */
static gboolean
complete_cb (const char *name, const char *value, gpointer help, GError **error)
{
  tool_help_print_options (help, choices, G_N_ELEMENTS (choices));
  exit (TOOL_EXIT_DONE);
}

/* For the commands that accept no session. */
static gboolean
from_cb (const char *name, const char *value, gpointer help, GError **error)
{
  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION,
                       _ ("--from names who may send to receive, listen and expose: the own "
                          "account is --account or --jid"));
  return FALSE;
}

static void
add_entries (GArray *all, const GOptionEntry *entries)
{
  for (; entries->long_name != NULL; entries++)
    g_array_append_vals (all, entries, 1);
}

static void
add_account_options (GArray *all, ToolOptions *self)
{
  const GOptionEntry entries[] = {
    { "account", 0, 0, G_OPTION_ARG_STRING, &self->account,
      N_ ("An account of the file of accounts"), N_ ("NAME") },
    { "jid", 0, 0, G_OPTION_ARG_STRING, &self->jid, N_ ("The account: user@host[/resource]"),
      N_ ("JID") },
    { "password-file", 0, 0, G_OPTION_ARG_FILENAME, &self->password_file,
      N_ ("The password is its first line (default: IBB_PASSWORD, or a prompt)"), N_ ("FILE") },
    { "server", 0, 0, G_OPTION_ARG_STRING, &self->server,
      N_ ("Where to connect (default: where DNS says)"), N_ ("HOST[:PORT]") },
    { "tls", 0, 0, G_OPTION_ARG_STRING, &self->tls,
      N_ ("How TLS begins: automatic (default), starttls, direct or none"), N_ ("MODE") },
    { "proxy", 0, 0, G_OPTION_ARG_STRING, &self->proxy,
      N_ ("socks5://, socks4a:// or http://HOST:PORT, or none (default: as the system says)"),
      N_ ("URI") },
    { "websocket", 0, 0, G_OPTION_ARG_STRING, &self->websocket,
      N_ ("Over HTTPS: fallback (if TCP does not get out), always, or a wss:// URL"), N_ ("HOW") },
    { "password-policy", 0, 0, G_OPTION_ARG_STRING, &self->password_policy,
      N_ ("Who may read the password: encrypted (the server), hashed (nobody) or readable (all)"),
      N_ ("POLICY") },
    { "ca-file", 0, 0, G_OPTION_ARG_FILENAME, &self->ca_file,
      N_ ("Certificates to trust, in PEM, instead of the system's"), N_ ("FILE") },
    { "fingerprint", 0, 0, G_OPTION_ARG_STRING, &self->fingerprint,
      N_ ("Trust the server's certificate with this SHA-256 fingerprint"), N_ ("HEX") },
    { "certificate", 0, 0, G_OPTION_ARG_FILENAME, &self->certificate_file,
      N_ ("Certificate to log in with, in PEM; no password is needed then"), N_ ("FILE") },
    { "key", 0, 0, G_OPTION_ARG_FILENAME, &self->key_file,
      N_ ("Private key of --certificate, if it is in a file of its own"), N_ ("FILE") },
    { NULL },
  };

  add_entries (all, entries);
}

static void
add_encrypt_options (GArray *all, ToolOptions *self)
{
  const GOptionEntry encrypt_entries[] = {
    { "encrypt", 0, 0, G_OPTION_ARG_NONE, &self->encrypt,
      N_ ("Keep the bytes private from the servers; at both ends"), NULL },
    { "peer-fingerprint", 0, 0, G_OPTION_ARG_STRING, &self->peer_fingerprint,
      N_ ("Trust the key of the peer with this SHA-256 fingerprint"), N_ ("HEX") },
    { NULL },
  };

  add_entries (all, encrypt_entries);
}

static void
add_session_options (GArray *all, ToolOptions *self, RawOptions *raw, ToolOptionsFlags flags)
{
  const GOptionEntry open_entries[] = {
    { "block-size", 0, 0, G_OPTION_ARG_STRING, &raw->block_size,
      N_ ("Bytes per block to propose, 1 to 65535 (default 8192, to ibb-glib 32768)"),
      N_ ("BYTES") },
    { "stanza-type", 0, 0, G_OPTION_ARG_STRING, &raw->stanza_type,
      N_ ("Stanza type: iq (default), or message, which nobody acknowledges"), N_ ("TYPE") },
    { NULL },
  };
  const GOptionEntry accept_entries[] = {
    { "from", 0, 0, G_OPTION_ARG_STRING_ARRAY, &self->from,
      N_ ("Who may open a session: a bare or full JID, a URI, or “any” (default: the own account)"),
      N_ ("JID") },
    { "show-online", 0, 0, G_OPTION_ARG_NONE, &self->show_online,
      N_ ("Let the contacts of the account see it online"), NULL },
    { "block-size", 0, 0, G_OPTION_ARG_STRING, &raw->block_size,
      N_ ("Largest block to accept, 1 to 65535 (default 65535)"), N_ ("BYTES") },
    { NULL },
  };
  const GOptionEntry sid_entries[] = {
    { "sid", 0, 0, G_OPTION_ARG_STRING, &self->sid, N_ ("The name of the session"), N_ ("SID") },
    { NULL },
  };
  const GOptionEntry window_entries[] = {
    { "window", 0, 0, G_OPTION_ARG_STRING, &raw->window,
      N_ ("Bytes on the way at most; 1 is one block at a time (default: adapts)"), N_ ("BYTES") },
    { NULL },
  };
  const GOptionEntry peer_entries[] = {
    { "peer-timeout", 0, 0, G_OPTION_ARG_STRING, &raw->peer_timeout,
      N_ ("Give up a peer that is silent for so long; 0 is never (default 600)"), N_ ("SECONDS") },
    { "resume-timeout", 0, 0, G_OPTION_ARG_STRING, &raw->resume_timeout,
      N_ ("How long a session waits when the connection of either end breaks; 0 is not at all "
          "(default 120)"),
      N_ ("SECONDS") },
    { NULL },
  };

  if (flags & TOOL_OPTIONS_ACCOUNT)
    add_entries (all, peer_entries);
  if (flags & TOOL_OPTIONS_OPEN)
    add_entries (all, open_entries);
  if (flags & TOOL_OPTIONS_ACCEPT)
    add_entries (all, accept_entries);
  if (flags & TOOL_OPTIONS_SID)
    add_entries (all, sid_entries);
  if (flags & TOOL_OPTIONS_WINDOW)
    add_entries (all, window_entries);
}

static void
add_output_options (GArray *all, ToolOptions *self, RawOptions *raw, ToolOptionsFlags flags)
{
  const GOptionEntry timeout_entries[] = {
    { "timeout", 0, 0, G_OPTION_ARG_STRING, &raw->timeout,
      N_ ("Give up after so long without any progress; 0 is never (default 30 for the login)"),
      N_ ("SECONDS") },
    { NULL },
  };
  const GOptionEntry help_entries[] = {
    { "help", 'h', G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, (gpointer) help_cb,
      N_ ("Print these lines"), NULL },
    { NULL },
  };
  const GOptionEntry quiet_entries[] = {
    { "quiet", 0, 0, G_OPTION_ARG_NONE, &self->quiet, N_ ("Print only errors and “ready”"), NULL },
    { NULL },
  };
  const GOptionEntry json_entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &self->json,
      N_ ("One JSON object per line on standard output"), NULL },
    { NULL },
  };

  if (flags & TOOL_OPTIONS_TIMEOUT)
    add_entries (all, timeout_entries);
  if (flags & TOOL_OPTIONS_QUIET)
    add_entries (all, quiet_entries);
  if (flags & TOOL_OPTIONS_JSON)
    add_entries (all, json_entries);
  add_entries (all, help_entries);
}

/* The options of a group, which has a title in the help. Takes them out of entries. */
static void
add_group (GOptionGroup *group, ToolHelp *help, const char *title, GArray *entries)
{
  if (entries->len == 0)
    return;
  g_option_group_add_entries (group, (const GOptionEntry *) (gpointer) entries->data);
  tool_help_add_options (help, title, (const GOptionEntry *) (gpointer) entries->data);
  g_array_set_size (entries, 0);
}

/* A URI as messages show it: without a password, which must not get into a log. */
static char *
dup_public_part (const char *uri)
{
  const char *at = strrchr (uri, '@');

  return at != NULL ? g_strconcat ("…", at, NULL) : g_strdup (uri);
}

static char *
describe_bad_proxy (const char *text)
{
  g_autofree char *shown = dup_public_part (text);

  return g_strdup_printf (_ ("--proxy is socks5://HOST:PORT, socks4a://HOST:PORT, http://HOST:PORT "
                             "or none, not “%s”"),
                          shown);
}

static char *
describe_bad_websocket (const char *text)
{
  g_autofree char *shown = dup_public_part (text);

  return g_strdup_printf (_ ("--websocket is fallback, always or a wss:// URL without user and "
                             "password, not “%s”"),
                          shown);
}

/* Refuses what is easily mistyped, before the command waits for a session that cannot come. The
 * library checks letters beyond ASCII. */
static gboolean
is_sid (const char *text)
{
  gsize length = strlen (text);

  if (length == 0 || length > SID_MAX_LENGTH)
    return FALSE;
  for (const char *p = text; *p != '\0'; p++)
    if ((guchar) *p < 0x80 && !g_ascii_isalnum (*p) && strchr (".-_:", *p) == NULL)
      return FALSE;
  return TRUE;
}

/* Returns what is wrong with the names, or NULL. */
static char *
check_names (ToolOptions *self)
{
  if (self->jid != NULL && !tool_jid_is_valid (self->jid))
    return g_strdup_printf (_ ("Invalid JID “%s” for --jid (expected user@host)"), self->jid);
  for (char **from = self->from; from != NULL && *from != NULL; from++)
    if (!g_str_equal (*from, TOOL_FROM_ANYBODY) && !tool_jid_is_valid (*from))
      return g_strdup_printf (_ ("Invalid JID “%s” for --from (expected user@host, or any)"),
                              *from);
    else if (!g_str_equal (*from, TOOL_FROM_ANYBODY) && tool_jid_lacks_domain (*from))
      return g_strdup_printf (
          _ ("“%s” for --from is a host, not an account (expected user@host, or any)"), *from);
  if (self->sid != NULL && !is_sid (self->sid))
    return g_strdup_printf (
        _ ("--sid is a session identifier, %d letters, digits and “.-_:” at most, not “%s”"),
        SID_MAX_LENGTH, self->sid);
  return NULL;
}

static gboolean
parse_block_size (ToolOptions *self, const char *text)
{
  guint64 size;

  if (!g_ascii_string_to_unsigned (text, 10, 1, 65535, &size, NULL))
    return FALSE;
  self->block_size = (guint) size;
  return TRUE;
}

/* 0, or a time that is not so short that it would be rounded to 0, which has another meaning.
 * Decimal digits only: strtod () also takes spaces, signs, exponents, “0x10” and “inf”. */
static gboolean
parse_seconds (const char *text, double *seconds)
{
  char *end = NULL;

  if (text[strspn (text, "0123456789.")] != '\0')
    return FALSE;
  *seconds = g_ascii_strtod (text, &end);
  return end != text && *end == '\0' &&
         (*seconds <= 0 || (*seconds >= TIMEOUT_MIN && *seconds <= TIMEOUT_MAX));
}

/* Returns what is wrong with a time, or NULL. text: (nullable): not given. */
char *
tool_options_parse_time (const char *option, const char *text, double *seconds)
{
  if (text == NULL || parse_seconds (text, seconds))
    return NULL;
  /* Translators: an option, and what was given instead. The numbers have a point in any language */
  return g_strdup_printf (
      _ ("%s is 0, or a number of seconds from 0.001 to 1000000 such as 1.5, not “%s”"), option,
      text);
}

/* Returns what is wrong with the settings of the login, or NULL. */
static char *
check_settings (const ToolOptions *self)
{
  /* Never logs in. */
  g_autoptr (IBBXmppClient) client = ibb_xmpp_client_new ("localhost");

  if (self->tls != NULL && !ibb_xmpp_client_parse_setting (client, "tls", self->tls))
    return g_strdup_printf (_ ("--tls is automatic, starttls, direct or none, not “%s”"),
                            self->tls);
  if (self->proxy != NULL && !ibb_xmpp_client_parse_setting (client, "proxy", self->proxy))
    return describe_bad_proxy (self->proxy);
  if (self->websocket != NULL &&
      (g_str_equal (self->websocket, "never") ||
       !ibb_xmpp_client_parse_setting (client, "websocket", self->websocket)))
    return describe_bad_websocket (self->websocket);
  if (self->password_policy != NULL &&
      !ibb_xmpp_client_parse_setting (client, "password-policy", self->password_policy))
    return g_strdup_printf (_ ("--password-policy is encrypted, hashed or readable, not “%s”"),
                            self->password_policy);
  if (self->server != NULL && !ibb_xmpp_client_parse_setting (client, "server", self->server))
    return g_strdup_printf (_ ("--server is HOST or HOST:PORT, not “%s”"), self->server);
  return NULL;
}

/* Returns what is wrong with the names of files, or NULL. */
static char *
check_files (const ToolOptions *self)
{
  const struct
  {
    const char *option;
    const char *name;
  } files[] = {
    { "--password-file", self->password_file },
    { "--ca-file", self->ca_file },
    { "--certificate", self->certificate_file },
    { "--key", self->key_file },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    if (files[i].name != NULL && *files[i].name == '\0')
      /* Translators: %s is an option */
      return g_strdup_printf (_ ("%s is empty"), files[i].option);
  return NULL;
}

/* Returns what is wrong, or NULL. */
static char *
understand_certificates (ToolOptions *self)
{
  if (self->key_file != NULL && self->certificate_file == NULL)
    return g_strdup (_ ("--key goes with --certificate"));
  if (self->peer_fingerprint != NULL && !self->encrypt)
    return g_strdup (_ ("--peer-fingerprint goes with --encrypt"));
  if (self->fingerprint != NULL && !tool_text_normalize_fingerprint (&self->fingerprint))
    return g_strdup_printf (_ ("--fingerprint is 64 hexadecimal digits, not “%s”"),
                            self->fingerprint);
  if (self->peer_fingerprint != NULL && !tool_text_normalize_fingerprint (&self->peer_fingerprint))
    return g_strdup_printf (_ ("--peer-fingerprint is 64 hexadecimal digits, not “%s”"),
                            self->peer_fingerprint);
  return NULL;
}

/* The JID of an account, whose other files need not be there. NULL or empty: the library says why.
 */
static char *
read_jid (const char *account)
{
  g_autofree char *path = g_build_filename (g_get_user_config_dir (), "ibb-glib", "accounts", NULL);
  g_autoptr (GKeyFile) file = g_key_file_new ();

  /* GLib would wait for the writer of a pipe before it refused one. */
  if (!g_file_test (path, G_FILE_TEST_IS_REGULAR) ||
      !g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, NULL))
    return NULL;
  return g_key_file_get_string (file, account, "jid", NULL);
}

/* Takes the JID of --account. logs_in: the command needs all of the account. Returns what is wrong,
 * or NULL. */
static char *
understand_account (ToolOptions *self, gboolean logs_in)
{
  g_autoptr (GError) error = NULL;
  g_autofree char   *jid = NULL;

  if (self->jid != NULL)
    return g_strdup (_ ("--account and --jid exclude each other: leave out --jid, or make another "
                        "group in the file of accounts"));
  if (!logs_in)
    jid = read_jid (self->account);
  if (jid != NULL && *jid != '\0')
    {
      self->jid = g_steal_pointer (&jid);
      return NULL;
    }
  self->client = ibb_xmpp_client_new_from_account (self->account, NULL, &error);
  if (self->client == NULL)
    return g_strdup (error->message);
  self->jid = g_strdup (ibb_xmpp_client_get_jid (self->client));
  return NULL;
}

/* Returns what is wrong, or NULL. */
static char *
understand (ToolOptions *self, RawOptions *raw, ToolOptionsFlags flags)
{
  gboolean wants_account =
      (flags & TOOL_OPTIONS_ACCOUNT) != 0 && !self->list_parts && !self->remove_parts;
  char *problem;

  if (self->account != NULL)
    {
      problem = understand_account (self, (flags & TOOL_OPTIONS_ACCOUNT) != 0);
      if (problem != NULL)
        return problem;
    }
  if (wants_account && (self->jid == NULL || *self->jid == '\0'))
    return g_strdup (_ ("--jid or --account is missing: which account?"));
  problem = (flags & TOOL_OPTIONS_ACCOUNT) != 0 ? check_settings (self) : NULL;
  if (problem == NULL)
    problem = check_files (self);
  if (problem != NULL)
    return problem;
  if (g_strcmp0 (raw->stanza_type, "message") == 0)
    self->stanza_type = IBB_STANZA_TYPE_MESSAGE;
  else if (raw->stanza_type != NULL && !g_str_equal (raw->stanza_type, "iq"))
    return g_strdup_printf (_ ("--stanza-type is iq or message, not “%s”"), raw->stanza_type);
  if (raw->block_size != NULL && !parse_block_size (self, raw->block_size))
    return g_strdup_printf (_ ("--block-size is 1 to 65535 bytes, not %s"), raw->block_size);
  if (raw->window != NULL &&
      (!tool_options_parse_size (raw->window, &self->window) || self->window == 0))
    return g_strdup_printf (_ ("%s is a number of bytes, at least 1, not “%s”"), "--window",
                            raw->window);
  problem = tool_options_parse_time ("--timeout", raw->timeout, &self->timeout);
  if (problem == NULL)
    problem = tool_options_parse_time ("--peer-timeout", raw->peer_timeout, &self->peer_timeout);
  if (problem == NULL)
    problem =
        tool_options_parse_time ("--resume-timeout", raw->resume_timeout, &self->resume_timeout);
  if (problem == NULL)
    problem = understand_certificates (self);
  return problem != NULL ? problem : check_names (self);
}

/* Replaces the URIs that name peers by their addresses. Returns what is wrong, or NULL. */
static char *
resolve_uris (ToolOptions *self, ToolOptionsFlags flags, char **last)
{
  char *problem;

  if (flags & TOOL_OPTIONS_PEER)
    self->peer = g_strdup (*last);
  problem = tool_uri_resolve (self->from, &self->peer, &self->peer_keys);
  if (self->peer != NULL)
    *last = self->peer;
  if (problem != NULL || self->peer_keys == NULL || !(flags & TOOL_OPTIONS_ENCRYPT))
    return problem;
  if (self->peer_fingerprint != NULL)
    return g_strdup (_ ("--peer-fingerprint and a URI with a key exclude each other"));
  self->encrypt = TRUE;
  return NULL;
}

static ToolHelp *
begin_help (const char *parameters, const char *summary)
{
  g_autofree char *synopsis = g_strjoin (" ", g_get_prgname (), _ ("[OPTION…]"), parameters, NULL);
  ToolHelp        *help = tool_help_new ();

  tool_help_add_title (help, _ ("Usage:"));
  tool_help_add_row (help, synopsis, "");
  tool_help_add_paragraph (help, summary);
  return help;
}

/* Takes the options out of argv. If they are wrong, prints why and returns FALSE. argv[0] is the
 * name of the command; entries (nullable) are its own options. */
gboolean
tool_options_parse (ToolOptions        *self,
                    ToolOptionsFlags    flags,
                    const GOptionEntry *entries,
                    const char         *parameters,
                    const char         *summary,
                    const char         *description,
                    int                *argc,
                    char             ***argv)
{
  g_auto (RawOptions)        raw = { NULL };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (ToolHelp)       help = begin_help (parameters, summary);
  g_autoptr (GArray)         all = g_array_new (TRUE, FALSE, sizeof (GOptionEntry));
  g_autoptr (GError)         error = NULL;
  g_autofree char           *problem = NULL;
  const char                *command = (*argv)[0];
  GOptionGroup              *group = g_option_group_new (NULL, NULL, NULL, help, NULL);
  const GOptionEntry         from_entries[] = {
            { "from", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer) from_cb, NULL, NULL },
            { NULL },
  };
  const GOptionEntry hidden_entries[] = {
    { "complete", 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, (gpointer) complete_cb, NULL,
      NULL },
    { NULL },
  };

  self->timeout = TOOL_TIMEOUT_DEFAULT;
  self->peer_timeout = TOOL_PEER_TIMEOUT;
  self->resume_timeout = TOOL_RESUME_TIMEOUT;
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_main_group (context, group);
  g_option_group_add_entries (group, hidden_entries);
  if (!(flags & TOOL_OPTIONS_ACCEPT))
    g_option_group_add_entries (group, from_entries);
  if (entries != NULL)
    add_entries (all, entries);
  add_group (group, help, _ ("Options of this command:"), all);
  if (flags & TOOL_OPTIONS_ENCRYPT)
    add_encrypt_options (all, self);
  add_group (group, help, _ ("Private from the servers:"), all);
  if (flags & TOOL_OPTIONS_ACCOUNT)
    add_account_options (all, self);
  add_group (group, help, _ ("Account and server:"), all);
  add_session_options (all, self, &raw, flags);
  add_group (group, help, _ ("Session:"), all);
  add_output_options (all, self, &raw, flags);
  add_group (group, help, _ ("Time and output:"), all);
  if (description != NULL)
    tool_help_add_paragraph (help, description);

  if (!g_option_context_parse (context, argc, argv, &error))
    {
      const char *meant = g_error_matches (error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION)
                              ? tool_help_find_meant (help, *argv + 1)
                              : NULL;

      if (meant != NULL)
        /* Translators: a sentence about an unknown option, and the name of one */
        tool_output_usage_error (command, _ ("%s: did you mean “--%s”?"), error->message, meant);
      else
        tool_output_usage_error (command, "%s", error->message);
      return FALSE;
    }
  problem = resolve_uris (self, flags, *argv + *argc - 1);
  if (problem == NULL)
    problem = understand (self, &raw, flags);
  if (problem != NULL)
    {
      tool_output_usage_error (command, "%s", problem);
      return FALSE;
    }
  /* GOption may leave “--” in argv. */
  if (*argc > 1 && g_str_equal ((*argv)[1], "--"))
    {
      memmove (*argv + 1, *argv + 2, sizeof (char *) * (gsize) (*argc - 1));
      (*argc)--;
    }
  tool_output_init (self->quiet, self->json);
  return TRUE;
}

/* Returns the address to open a session to. If the argument PEER is wrong, prints why and returns
 * NULL. */
char *
tool_options_parse_peer (const char *command, const char *text)
{
  if (tool_jid_is_valid (text) && !tool_jid_lacks_domain (text))
    return tool_jid_with_resource (text);
  if (tool_jid_is_valid (text))
    {
      tool_output_usage_error (
          command, _ ("“%s” for PEER is a host, not an account (expected user@host)"), text);
      return NULL;
    }
  tool_output_usage_error (command, _ ("Invalid JID “%s” for PEER (expected user@host)"), text);
  return NULL;
}

void
tool_options_clear (ToolOptions *self)
{
  g_free (self->account);
  g_clear_object (&self->client);
  g_free (self->jid);
  g_free (self->password_file);
  g_free (self->server);
  g_free (self->tls);
  g_free (self->proxy);
  g_free (self->websocket);
  g_free (self->password_policy);
  g_free (self->ca_file);
  g_free (self->fingerprint);
  g_free (self->peer_fingerprint);
  g_clear_pointer (&self->peer_keys, g_ptr_array_unref);
  g_free (self->peer);
  g_free (self->certificate_file);
  g_free (self->key_file);
  g_free (self->sid);
  g_strfreev (self->from);
}

IBBSessionParams *
tool_options_new_params (const ToolOptions *self)
{
  return g_object_new (IBB_TYPE_SESSION_PARAMS, "stanza-type", self->stanza_type, "block-size",
                       self->block_size, "sid", self->sid, NULL);
}
