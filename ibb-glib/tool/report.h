/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reports about the account and its sessions: for people by lines on standard error, and with
 * --json for scripts by events. From any thread. */

#pragma once

#include <ibb-glib/ibb-glib.h>
#ifdef HAVE_FILES
#include <ibb-glib/files/ibb-files.h>
#endif

G_BEGIN_DECLS

void tool_report_error (const GError *error);
void tool_report_session_error (const GError *error, const char *peer, const char *sid);
void tool_report_session_lost (const GError *error, const char *peer, const char *sid);

void tool_report_ready (const char *jid);
void tool_report_ready_at (const char *jid, const char *address, guint16 port);
void tool_report_suspended (const char *jid);
void tool_report_resumed (const char *jid);
void tool_report_disconnected (const char *jid, const GError *error);
void tool_report_reconnected (const char *jid);
void tool_report_opened (IBBTransport *transport);
void tool_report_interrupted (IBBTransport *transport);
void tool_report_waiting (IBBTransport *transport, const GError *reason);
void tool_report_done (guint64 bytes, double seconds, const char *sentence);
#ifdef HAVE_FILES
/* path (nullable): where the file is that was received. */
void tool_report_file_done (IBBFilesTransfer *transfer,
                            const char       *path,
                            double            seconds,
                            const char       *sentence);
#endif
void tool_report_session_done (IBBTransport *transport, double seconds);

G_END_DECLS
