/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether a server may give a login of the account bare_jid that address (nullable): one with a
 * resource, and of the same account, as the server writes it. A login without a name, whose
 * bare_jid is only a domain, takes any account. Error: IBB_ERROR_PROTOCOL. */
gboolean ibb_bound_jid_check (const char *jid, const char *bare_jid, GError **error);

G_END_DECLS
