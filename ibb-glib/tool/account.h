/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From the account's options to a client that is online. */

#pragma once

#include "options.h"
#include "run.h"

G_BEGIN_DECLS

/* What has to be there before anything goes over the network. */
typedef struct
{
  char            *password;     /* NULL: a certificate is enough */
  GTlsDatabase    *tls_database; /* NULL: the system's */
  GTlsCertificate *certificate;  /* NULL: none */
} ToolAccount;

gboolean tool_account_prepare (ToolAccount *self, const ToolOptions *options, GError **error);
void     tool_account_clear (ToolAccount *self);

IBBClient *tool_account_new_client (const ToolAccount *self,
                                    const ToolOptions *options,
                                    const char        *jid,
                                    gboolean           accepts);

char *tool_account_login (ToolRun *run, IBBClient *client, GError **error);
void  tool_account_logout (IBBClient *client, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ToolAccount, tool_account_clear)

G_END_DECLS
