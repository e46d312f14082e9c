/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_GLIB_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/ibb-glib.h> can be included directly."
#endif

#include <gio/gio.h>

#include <ibb-glib/ibb-version.h>

G_BEGIN_DECLS

/**
 * IBBToken:
 *
 * A secret that a server has issued, with which one installation of a program can log in
 * without the password (XEP-0484). Immutable; any thread may use it.
 *
 * [property@IBB.Client:token] has the token of an account. The application keeps the three
 * parts of it where it would keep a password, and makes them a token again for a later login:
 *
 * ```c
 * static void
 * token_cb (IBBClient *client, GParamSpec *pspec, Store *store)
 * {
 *   g_autoptr (IBBToken) token = ibb_client_dup_token (client);
 *
 *   if (token == NULL)
 *     store_forget (store);
 *   else
 *     store_keep (store, ibb_token_get_secret (token), ibb_token_get_mechanism (token),
 *                 ibb_token_get_expiry (token));
 * }
 * ```
 *
 * [Security](security.html#tokens) says what a token is worth.
 *
 * Since: 1.0
 */
typedef struct _IBBToken IBBToken;

#define IBB_TYPE_TOKEN (ibb_token_get_type ())

IBB_AVAILABLE_IN_1_0
GType ibb_token_get_type (void);

IBB_AVAILABLE_IN_1_0
IBBToken *ibb_token_new (const char *secret, const char *mechanism, GDateTime *expiry);

IBB_AVAILABLE_IN_1_0
IBBToken *ibb_token_ref (IBBToken *self);

IBB_AVAILABLE_IN_1_0
void ibb_token_unref (IBBToken *self);

IBB_AVAILABLE_IN_1_0
const char *ibb_token_get_secret (IBBToken *self);

IBB_AVAILABLE_IN_1_0
const char *ibb_token_get_mechanism (IBBToken *self);

IBB_AVAILABLE_IN_1_0
GDateTime *ibb_token_get_expiry (IBBToken *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBToken, ibb_token_unref)

G_END_DECLS
