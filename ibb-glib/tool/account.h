/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An account as the options name it. */

#pragma once

#include "options.h"

G_BEGIN_DECLS

/* Everything that has to be there before anything goes over the network. */
typedef struct
{
  char            *password;     /* NULL: a certificate is enough, or the client knows it */
  GTlsDatabase    *tls_database; /* NULL: the system's */
  GTlsCertificate *certificate;  /* NULL: none */
} ToolAccount;

gboolean tool_account_prepare (ToolAccount *self, const ToolOptions *options, GError **error);
void     tool_account_clear (ToolAccount *self);

/* From the terminal, in any thread. */
char *tool_account_ask_for_password (const char *jid, GError **error);

/* A client that can log in as jid. */
IBBClient *
tool_account_new_client (const ToolAccount *self, const ToolOptions *options, const char *jid);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ToolAccount, tool_account_clear)

G_END_DECLS
