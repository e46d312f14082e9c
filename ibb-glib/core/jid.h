/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* JIDs, as far as the core needs them: comparison (D-02), never preparation. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The longest JID there is, RFC 7622: three parts of 1023 bytes and "@", "/". */
#define IBB_JID_MAX_LENGTH 3071

/* Node and domain NFC and lower case, domain without trailing dot, resource
 * NFC with its case. NULL for what is no JID: NULL, empty domain, node or
 * resource, too long, not UTF-8, control characters, white space in node or
 * domain. Does not depend on the locale. */
char *ibb_jid_normalize (const char *jid);

/* What is no JID equals only its own text; NULL equals nothing. */
gboolean ibb_jid_equal (const char *a, const char *b);

/* Parts as they stand, for a JID that ibb_jid_normalize takes. */
char       *ibb_jid_dup_bare (const char *jid);
const char *ibb_jid_get_resource (const char *jid); /* (nullable): points into jid */
char       *ibb_jid_dup_domain (const char *jid);

G_END_DECLS
