/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "base/same-version.h"

/* Only for the loader. */
static const char *const needed_version IBB_RETAINED = &ibb_xmpp_needs_ibb_glib;
