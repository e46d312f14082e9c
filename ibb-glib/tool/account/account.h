/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An account as the options name it. */

#pragma once

#include "tool/account/run.h"

/* Everything that has to be there before anything goes over the network, and the answers to what a
 * login asks meanwhile. Another thread touches it only during a login. */
typedef struct
{
  IBBXmppClient *client;   /* a template that never logs in: clients copy its settings */
  char          *password; /* (nullable): typed during a login */

  ToolRun             *run; /* (nullable): of the login that is going on, or of the last one */
  GError              *no_password; /* (nullable): why the last login went without one */
  gboolean             is_changed;  /* its certificate was refused as another one is known */
  GTlsCertificateFlags errors;      /* of the certificate that it was asked about last */
} ToolAccount;

/* Reports its error. */
gboolean tool_account_prepare (ToolAccount *self, const ToolOptions *options);
void     tool_account_clear (ToolAccount *self);

/* A client that can log in as jid, once tool_account_begin_login () was called: then the person at
 * the terminal is asked about its certificate, and for a password that is missing. The account
 * outlives the client. */
IBBXmppClient *tool_account_new_client (ToolAccount *self, const char *jid);
/* The login of client follows. */
void tool_account_begin_login (ToolAccount *self, ToolRun *run, IBBXmppClient *client);
/* If the last login had no password, the next one of client goes as far as it can: TRUE. */
gboolean tool_account_go_without_password (ToolAccount *self, IBBXmppClient *client);
/* Replaces the error of a login that had no password by what to do about that. */
void tool_account_explain_password (const ToolAccount *self, GError **error);
/* Whether nothing but its authority speaks against the certificate that was refused last: then
 * --ca-file helps. */
gboolean tool_account_needs_authority (const ToolAccount *self);
gboolean tool_account_has_expired (const ToolAccount *self);
/* Adds to the error of a login of client, whose server's certificate is not trusted, what to do
 * about it: (transfer full). */
GError *
tool_account_explain_certificate (ToolAccount *self, IBBXmppClient *client, const GError *reason);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ToolAccount, tool_account_clear)
