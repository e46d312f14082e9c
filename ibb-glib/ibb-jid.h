/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_GLIB_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/ibb-glib.h> can be included directly."
#endif

#include <gio/gio.h>

#include <ibb-glib/ibb-version.h>

G_BEGIN_DECLS

IBB_AVAILABLE_IN_1_0
gboolean ibb_jid_is_from (const char *address, const char *jid);

G_END_DECLS
