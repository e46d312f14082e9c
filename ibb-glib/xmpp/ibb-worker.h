/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_GLIB_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/ibb-glib.h> can be included directly."
#endif

#include <glib-object.h>

#include <ibb-glib/ibb-version.h>

G_BEGIN_DECLS

#define IBB_TYPE_WORKER (ibb_worker_get_type ())

IBB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (IBBWorker, ibb_worker, IBB, WORKER, GObject)

IBB_AVAILABLE_IN_1_0
IBBWorker *ibb_worker_new (void);

G_END_DECLS
