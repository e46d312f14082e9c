/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reports about the account and its sessions: for people by lines on standard error, and with
 * --json for scripts by events. From any thread. */

#pragma once

#include <ibb-glib/ibb-glib.h>

/* The good end of a session, or of a file. */
typedef struct
{
  const char *sentence; /* such as “Sent to a@b/ibb” */
  guint64     bytes;
  gint64      start; /* monotonic time */

  /* of a file; NULL: it has no name */
  const char *name;
  const char *peer;
  const char *path; /* (nullable): where the received file is */
  guint64     resumed;
  gboolean    is_delivered;
} ToolDone;

/* Why a file takes long. */
typedef struct
{
  const char *peer;
  guint64     rate;     /* bytes per second */
  double      seconds;  /* left */
  const char *server;   /* (nullable): where the bytes wait */
  const char *software; /* (nullable): of that */
  const char *advice;
} ToolSlowness;

void    tool_report_error (const GError *error);
void    tool_report_session_error (const GError *error, const char *peer, const char *sid);
void    tool_report_file_error (const GError *error, const char *peer, const char *name);
void    tool_report_one_file_error (const GError *error, const char *peer, const char *name);
GError *tool_report_add_remedy (const GError *error);
void    tool_report_retry (const GError *error, const char *peer, const char *name);
void    tool_report_session_lost (const GError *error, const char *peer, const char *sid);

void tool_report_ready (const char *jid);
void tool_report_ready_at (const char *jid, const char *address, guint16 port);
void tool_report_suspended (const char *jid);
void tool_report_resumed (const char *jid);
void tool_report_disconnected (const char *jid, const GError *error);
void tool_report_reconnected (const char *jid);
void tool_report_opened (IBBTransport *transport);
void tool_report_interrupted (IBBTransport *transport);
void tool_report_throttled (const char *peer, guint64 rate);
void tool_report_slow (const ToolSlowness *slowness);
void tool_report_wait (const char *phase);
void tool_report_waiting (IBBTransport *transport, const GError *reason);
void tool_report_done (const ToolDone *done);
void tool_report_session_done (
    IBBTransport *transport, guint64 sent, guint64 received, double seconds, gboolean is_private);
