/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_GLIB_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/ibb-glib.h> can be included directly."
#endif

#include <gio/gio.h>

#include <ibb-glib/ibb-types.h>
#include <ibb-glib/ibb-version.h>

G_BEGIN_DECLS

#define IBB_TYPE_OUTPUT_STREAM (ibb_output_stream_get_type ())

IBB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (IBBOutputStream, ibb_output_stream, IBB, OUTPUT_STREAM, GOutputStream)

G_END_DECLS
