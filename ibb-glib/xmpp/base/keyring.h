/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Passwords of accounts in the Secret Service. In a build without libsecret there are none. */

#pragma once

#include <gio/gio.h>

void ibb_keyring_lookup_async (const char         *bare_jid,
                               GCancellable       *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer            user_data);
/* (nullable) (transfer full). error: why no password can be there, and none kept for later; an
 * account without a password is none. */
char *ibb_keyring_lookup_finish (GAsyncResult *result, GError **error);
/* Goes on by itself. A failure is logged. */
void ibb_keyring_store (const char *bare_jid, const char *password);
