/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a client or a component says that it is and can do: in service discovery (XEP-0030), in
 * its presence (XEP-0115), and when it is asked for its version (XEP-0092).
 */

#pragma once

#include <glib.h>

#define IBB_CAPABILITIES_NAME "ibb-glib"
#define IBB_CAPABILITIES_NODE "urn:ibb-glib"

/* Adds features (nullable) that are not in all. */
void ibb_capabilities_collect (GPtrArray *all, const char *const *features);
/* Returns the own features of the connection, those of its services and added ones (both nullable),
 * each once. */
char **ibb_capabilities_dup_features (const char *const *of_services, const char *const *added);
/* All features that there may be, and those that the application has added (nullable). Presence
 * advertises them, so they do not depend on what the services accept (D-60). */
char **ibb_capabilities_dup_all_features (const char *const *added);
/* The hash of those and of an identity such as "client/pc/name": the attribute "ver". */
char *ibb_capabilities_dup_ver (const char *identity, const char *const *added);
/* Whether a node of service discovery is that of our presence. */
gboolean
ibb_capabilities_has_node (const char *identity, const char *const *added, const char *node);
/* The verification string of XEP-0115 §5.1 for one identity, with sha-1. */
char *ibb_capabilities_hash (const char *identity, const char *const *features);
