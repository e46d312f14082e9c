/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_GLIB_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/ibb-glib.h> can be included directly."
#endif

#include <gio/gio.h>

#include <ibb-glib/ibb-connection.h>
#include <ibb-glib/ibb-types.h>
#include <ibb-glib/ibb-version.h>

G_BEGIN_DECLS

#define IBB_TYPE_LOOPBACK (ibb_loopback_get_type ())

IBB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (IBBLoopback, ibb_loopback, IBB, LOOPBACK, GObject)

IBB_AVAILABLE_IN_1_0
IBBLoopback *ibb_loopback_new (void);

IBB_AVAILABLE_IN_1_0
IBBConnection *ibb_loopback_attach (IBBLoopback *self, const char *jid);

G_END_DECLS
