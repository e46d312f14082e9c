/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* libibb-xmpp knows private structures of libibb-glib, so that both have to be of one version.
 * same-version.map puts this symbol of libibb-glib under a node that has its version, and
 * libibb-xmpp refers to the symbol, and so to the node. A loader that finds a libibb-glib of
 * another version ends with an error that names the node. */

#pragma once

#include "ibb-version.h"

IBB_EXTERN const char ibb_xmpp_needs_ibb_glib;

/* On a variable that nothing uses, which neither the compiler nor the linker drops
 * (--gc-sections). */
#if __has_attribute(retain)
#define IBB_RETAINED __attribute__ ((used, retain))
#else
#define IBB_RETAINED __attribute__ ((used))
#endif
