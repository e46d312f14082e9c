/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The file of accounts, and its values. */

#pragma once

#include <gio/gio.h>

char *ibb_account_file_dup_path (void);
/* (transfer full) (nullable): with the error. */
GKeyFile *ibb_account_file_read (const char *path, GError **error);
/* (transfer full) (nullable): the address of an account, with the error. */
char *ibb_account_file_dup_jid (GKeyFile *self, const char *path, const char *name, GError **error);

/* Parses HOST:PORT or [ADDRESS]:PORT, or HOST if usual is not 0. host: (transfer full). */
gboolean
ibb_account_file_parse_address (const char *text, guint16 usual, char **host, guint16 *port);
/* (transfer full) (nullable): the URI of a proxy that is named by its URI, or “none”. */
char *ibb_account_file_parse_proxy (const char *text);
/* Whether text is the URL of a WebSocket, without a user and a password. */
gboolean ibb_account_file_is_websocket (const char *text);
