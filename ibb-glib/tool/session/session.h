/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Getting a session: ours to open, or theirs to wait for. */

#pragma once

#include "tool/account/run.h"
#include "tool/words/refusals.h"

/* The settings of the command. */
void tool_session_set_up (IBBService *service, const ToolOptions *options);
IBBService *
tool_session_new_service (IBBConnection *connection, const ToolOptions *options, gboolean accept);
IBBTransport *
tool_session_open (ToolRun *run, IBBService *service, const char *peer, GError **error);
/* Whether --from lets the peer in. */
gboolean tool_session_is_from (const ToolOptions *options, const char *local_jid, const char *peer);
gboolean
tool_session_is_welcome (const ToolOptions *options, const char *local_jid, IBBRequest *request);
void tool_session_note_stranger (const ToolOptions *options,
                                 const char        *local_jid,
                                 IBBRequest        *request,
                                 ToolRefusals      *refusals);
void tool_session_report_ready (const ToolOptions *options, const char *local_jid);
IBBTransport *
tool_session_wait (ToolRun *run, IBBService *service, const char *local_jid, GError **error);
gboolean tool_session_finish (IBBTransport *transport, GCancellable *cancellable, GError **error);
void     tool_session_abort (IBBTransport *transport, const GError *error);
void     tool_session_give_up (IBBTransport *transport, const GError *error);
