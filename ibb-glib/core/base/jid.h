/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Comparison of JIDs (D-02). What is sent is the text that the application
 * gave, but for A-labels. */

#pragma once

#include <glib.h>

/* The longest JID there is, RFC 7622: three parts of 1023 bytes and "@", "/". */
#define IBB_JID_MAX_LENGTH 3071

/* The form by which JIDs are compared: node and domain in NFKC and lower case,
 * A-labels as U-labels, no trailing dot; the resource in NFC with its case. NULL
 * for what is not a valid JID: NULL, empty domain, node or resource, or one of
 * characters that stringprep deletes, such as the soft hyphen; too long, not UTF-8,
 * control characters, white space, "@" or "/" in node or domain. Does not depend on
 * the locale. */
char *ibb_jid_normalize (const char *jid);
/* Like ibb_jid_normalize (), without a copy for a JID in normal form, as most addresses of stanzas
 * are: returns jid, or sets copy, an initialised g_autofree variable, and returns that. */
const char *ibb_jid_peek_normal (const char *jid, char **copy);

/* Whether the normal forms are equal. What is not a valid JID equals only its
 * own text; NULL equals nothing. */
gboolean ibb_jid_equal (const char *a, const char *b);

/* Whether jid, in any form, is domain or an address of it; domain: in its normal form. */
gboolean ibb_jid_is_of_domain (const char *jid, const char *domain);

/* Whether a server that prepares JIDs by stringprep (RFC 3920) or by PRECIS
 * (RFC 7622) may make one of the other: stringprep turns "ß" into "ss", PRECIS
 * keeps it. Two accounts of one server may resemble each other, so this decides
 * only about replies whose id nobody can guess, and about the address that our own
 * server gives to a login (D-02), never about access. */
gboolean ibb_jid_resembles (const char *a, const char *b);

/* Returns the JID in the form in which it is sent, with U-labels in the domain (RFC 7622 §3.2).
 * Text that is no valid JID is copied. */
char *ibb_jid_dup_unicode (const char *jid);

/* Parts as they stand, for a JID that ibb_jid_normalize takes. */
char       *ibb_jid_dup_bare (const char *jid);
const char *ibb_jid_get_resource (const char *jid); /* (nullable): points into jid */
char       *ibb_jid_dup_domain (const char *jid);
/* Whether both are of one account; in normal form. */
gboolean ibb_jid_is_of_account (const char *a, const char *b);
