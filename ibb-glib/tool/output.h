/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the command says: lines for people on standard error, objects for
 * scripts on standard output. From any thread.
 */

#pragma once

#include <gio/gio.h>
#include <ibb-glib/ibb-glib.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

void     tool_output_init (gboolean quiet, gboolean json);
gboolean tool_output_is_json (void);
gboolean tool_output_shows_status (void);

void  tool_print (const char *text);
void  tool_output_check (void);
char *tool_make_printable (const char *text);

int  tool_usage_error (const char *command, const char *format, ...) G_GNUC_PRINTF (2, 3);
void tool_error (const GError *error);
void tool_session_error (const GError *error, const char *peer, const char *sid);
void tool_note (const char *format, ...) G_GNUC_PRINTF (1, 2);
void tool_status (const char *text);

void tool_ready (const char *jid);
void tool_ready_at (const char *jid, const char *address, guint16 port);
void tool_suspended (const char *jid);
void tool_resumed (const char *jid);
void tool_opened (IBBTransport *transport);
void tool_done (guint64 bytes, double seconds, const char *sentence);
void tool_session_done (IBBTransport *transport, double seconds);

JsonBuilder *tool_event_new (const char *event);
void         tool_event_string (JsonBuilder *event, const char *name, const char *value);
void         tool_event_int (JsonBuilder *event, const char *name, gint64 value);
void         tool_event_double (JsonBuilder *event, const char *name, double value);
void         tool_event_emit (JsonBuilder *event);

char *tool_format_duration (double seconds);
char *tool_format_rate (guint64 bytes, double seconds);

G_END_DECLS
