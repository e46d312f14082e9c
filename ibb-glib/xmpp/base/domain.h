/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

/* The domain as DNS and certificates have it, with A-labels by IDNA2008 (RFC
 * 5891); ASCII stays as it is. NULL if it cannot be one.
 *
 * g_hostname_to_ascii () follows IDNA2003, by which “straße.example” is
 * “strasse.example”, today another domain that may belong to somebody else. */
char *ibb_domain_to_ascii (const char *domain);
/* The address that the domain is, an IPv6 one without its brackets (RFC 7622 §3.2). NULL
 * for a name. */
char *ibb_domain_dup_address (const char *domain);
/* Whether it is a name of Tor's, which may not be looked up in DNS (RFC 7686 §2). */
gboolean ibb_domain_is_onion (const char *domain);
