/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_XMPP_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/xmpp/ibb-xmpp.h> can be included directly."
#endif

#include <glib-object.h>

#include <ibb-glib/ibb-glib.h>

G_BEGIN_DECLS

#define IBB_XMPP_TYPE_WORKER (ibb_xmpp_worker_get_type ())

IBB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (IBBXmppWorker, ibb_xmpp_worker, IBB_XMPP, WORKER, GObject)

IBB_AVAILABLE_IN_1_0
IBBXmppWorker *ibb_xmpp_worker_new (void);

G_END_DECLS
