/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_XMPP_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/xmpp/ibb-xmpp.h> can be included directly."
#endif

#include <gio/gio.h>

#include <ibb-glib/ibb-glib.h>

G_BEGIN_DECLS

/**
 * IBBXmppToken:
 *
 * A secret that a server has issued, with which one installation of a program can log in
 * without the password (XEP-0484). Immutable; any thread may use it.
 *
 * [property@IBBXmpp.Client:token] has the token of an account. The application keeps the three
 * parts of it where it would keep a password, and makes them a token again for a later login:
 *
 * ```c
 * static void
 * token_cb (IBBXmppClient *client, GParamSpec *pspec, Store *store)
 * {
 *   g_autoptr (IBBXmppToken) token = ibb_xmpp_client_dup_token (client);
 *
 *   if (token == NULL)
 *     store_forget (store);
 *   else
 *     store_keep (store, ibb_xmpp_token_get_secret (token), ibb_xmpp_token_get_mechanism (token),
 *                 ibb_xmpp_token_get_expiry (token));
 * }
 * ```
 *
 * [Security](security.html#tokens) says what a token is worth.
 *
 * Since: 1.0
 */
typedef struct _IBBXmppToken IBBXmppToken;

#define IBB_XMPP_TYPE_TOKEN (ibb_xmpp_token_get_type ())

IBB_AVAILABLE_IN_1_0
GType ibb_xmpp_token_get_type (void);

IBB_AVAILABLE_IN_1_0
IBBXmppToken *ibb_xmpp_token_new (const char *secret, const char *mechanism, GDateTime *expiry);

IBB_AVAILABLE_IN_1_0
IBBXmppToken *ibb_xmpp_token_ref (IBBXmppToken *self);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_token_unref (IBBXmppToken *self);

IBB_AVAILABLE_IN_1_0
const char *ibb_xmpp_token_get_secret (IBBXmppToken *self);

IBB_AVAILABLE_IN_1_0
const char *ibb_xmpp_token_get_mechanism (IBBXmppToken *self);

IBB_AVAILABLE_IN_1_0
GDateTime *ibb_xmpp_token_get_expiry (IBBXmppToken *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBXmppToken, ibb_xmpp_token_unref)

G_END_DECLS
