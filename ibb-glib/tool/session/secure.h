/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A session with --encrypt: TLS of the two ends inside the session. What the other files do with
 * the bytes of a session they do with its stream, which is the session itself without --encrypt. */

#pragma once

#include "tool/account/run.h"

/* Announced by a command that takes encrypted sessions, and confirms their end (confirm.h). */
#define TOOL_SECURE_FEATURE "urn:ibb-glib:tls:1"
/* Announced by a program that takes encrypted files with their names. */
#define TOOL_SECURE_FILES_FEATURE "urn:ibb-glib:files:1"

/* The key of the user, if options ask for one: else NULL without an error. A person at the terminal
 * is asked about a peer that is not known, while all sessions go on. */
IBBXmppIdentity *tool_secure_new_identity (const ToolOptions *options, GError **error);
/* Whether the peer takes encrypted sessions: before the session is opened. */
gboolean
tool_secure_check_peer (ToolRun *run, IBBConnection *connection, const char *peer, GError **error);
/* Encrypts the session, if options ask for that; the person at the terminal may be asked. The end
 * that accepted the session is the server. */
gboolean tool_secure_begin (ToolRun *run, IBBTransport *transport, GError **error);

/* (transfer full): the error of a session that could not be encrypted, with what to do. */
GError *tool_secure_explain (const ToolOptions *options, const GError *reason);

/* Makes stream that of transport. */
void       tool_secure_set_stream (IBBTransport *transport, GIOStream *stream);
GIOStream *tool_secure_get_stream (IBBTransport *transport);
/* No more of stream is used. */
void tool_secure_forget_stream (IBBTransport *transport);

/* Reads from the stream. glib-networking lets a close wait for a blocking read; this one lets it
 * pass. */
gssize tool_secure_read (IBBTransport *transport,
                         gpointer      buffer,
                         gsize         size,
                         GCancellable *cancellable,
                         GError      **error);
/* Sends the end of the stream. */
gboolean
tool_secure_end_output (IBBTransport *transport, GCancellable *cancellable, GError **error);
