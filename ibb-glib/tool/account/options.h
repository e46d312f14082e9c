/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The options that commands share. */

#pragma once

#include <gio/gio.h>
#include <ibb-glib/ibb-glib.h>
#include <ibb-glib/xmpp/ibb-xmpp.h>

#define TOOL_TIMEOUT_DEFAULT -1 /* not given */
#define TOOL_PEER_TIMEOUT 600   /* seconds: as long as servers keep a suspended XML stream */
#define TOOL_RESUME_TIMEOUT 120 /* seconds: longer than the restart of a server takes */
#define TOOL_FROM_ANYBODY "any" /* among those of --from */

typedef enum
{
  TOOL_OPTIONS_ACCOUNT = 1 << 0, /* --jid and its company; --jid is required */
  TOOL_OPTIONS_OPEN = 1 << 1,    /* --stanza-type, --block-size of a session that we open */
  TOOL_OPTIONS_ACCEPT = 1 << 2,  /* --from, --show-online, --block-size of one that comes in */
  TOOL_OPTIONS_WINDOW = 1 << 3,  /* --window */
  TOOL_OPTIONS_TIMEOUT = 1 << 4, /* --timeout */
  TOOL_OPTIONS_JSON = 1 << 5,    /* --json */
  TOOL_OPTIONS_QUIET = 1 << 6,   /* --quiet */
  TOOL_OPTIONS_SID = 1 << 8,     /* --sid of the only session */
  TOOL_OPTIONS_ENCRYPT = 1 << 9, /* --encrypt, --peer-fingerprint */
  TOOL_OPTIONS_PEER = 1 << 10,   /* the last argument is PEER */
} ToolOptionsFlags;

typedef struct
{
  char          *account; /* NULL: none; in the file of accounts */
  IBBXmppClient *client;  /* NULL: none; of account, which is read once */
  char          *jid;
  char          *password_file;
  /* values of ibb_xmpp_client_parse_setting (); NULL: as the account says */
  char         *server, *tls, *proxy, *websocket, *password_policy;
  char         *ca_file;          /* NULL: the authorities of the system */
  char         *fingerprint;      /* NULL: none; of the server's certificate */
  char         *certificate_file; /* NULL: none */
  char         *key_file;         /* NULL: in certificate_file */
  IBBStanzaType stanza_type;
  guint         block_size; /* 0: the default */
  char         *sid;        /* NULL: any, or a fresh one */
  gboolean      encrypt;
  char         *peer_fingerprint; /* NULL: none; of the peer's key */
  GPtrArray    *peer_keys;        /* NULL: none; those that URIs name, see uri.h */
  char         *peer;             /* NULL: none; PEER, of a URI its address */
  char        **from;             /* NULL: the account's own resources */
  gboolean      show_online;      /* to the contacts of the account */
  guint64       window;           /* 0: adapts */
  double        timeout;          /* s; 0: none; TOOL_TIMEOUT_DEFAULT */
  double        peer_timeout;     /* s; 0: never */
  double        resume_timeout;   /* s; 0: sessions end with the connection */
  gboolean      quiet;
  gboolean      json;
  gboolean      list_parts, remove_parts; /* need no account */
} ToolOptions;

gboolean tool_options_parse (ToolOptions        *self,
                             ToolOptionsFlags    flags,
                             const GOptionEntry *entries,
                             const char         *parameters,
                             const char         *summary,
                             const char         *description,
                             int                *argc,
                             char             ***argv);
void     tool_options_clear (ToolOptions *self);

/* Those of a session to open. */
IBBSessionParams *tool_options_new_params (const ToolOptions *self);

char    *tool_options_parse_peer (const char *command, const char *text);
gboolean tool_options_parse_size (const char *text, guint64 *size);
gboolean tool_options_parse_count (const char *text, guint *count);
char    *tool_options_parse_time (const char *option, const char *text, double *seconds);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ToolOptions, tool_options_clear)
