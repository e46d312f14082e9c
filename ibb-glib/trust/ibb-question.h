/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_GLIB_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/ibb-glib.h> can be included directly."
#endif

#include <gio/gio.h>

#include <ibb-glib/ibb-version.h>

G_BEGIN_DECLS

#define IBB_TYPE_QUESTION (ibb_question_get_type ())

IBB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (IBBQuestion, ibb_question, IBB, QUESTION, GObject)

IBB_AVAILABLE_IN_1_0
gboolean ibb_question_is_pending (IBBQuestion *self);

IBB_AVAILABLE_IN_1_0
void ibb_question_refuse (IBBQuestion *self);

G_END_DECLS
