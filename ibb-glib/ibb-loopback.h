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

IBB_AVAILABLE_IN_1_0
guint ibb_loopback_get_latency (IBBLoopback *self);

IBB_AVAILABLE_IN_1_0
void ibb_loopback_set_latency (IBBLoopback *self, guint latency);

IBB_AVAILABLE_IN_1_0
guint64 ibb_loopback_get_rate (IBBLoopback *self);

IBB_AVAILABLE_IN_1_0
void ibb_loopback_set_rate (IBBLoopback *self, guint64 rate);

IBB_AVAILABLE_IN_1_0
double ibb_loopback_get_drop_probability (IBBLoopback *self);

IBB_AVAILABLE_IN_1_0
void ibb_loopback_set_drop_probability (IBBLoopback *self, double drop_probability);

IBB_AVAILABLE_IN_1_0
double ibb_loopback_get_bounce_probability (IBBLoopback *self);

IBB_AVAILABLE_IN_1_0
void ibb_loopback_set_bounce_probability (IBBLoopback *self, double bounce_probability);

IBB_AVAILABLE_IN_1_0
double ibb_loopback_get_duplicate_probability (IBBLoopback *self);

IBB_AVAILABLE_IN_1_0
void ibb_loopback_set_duplicate_probability (IBBLoopback *self, double duplicate_probability);

IBB_AVAILABLE_IN_1_0
guint ibb_loopback_get_seed (IBBLoopback *self);

IBB_AVAILABLE_IN_1_0
void ibb_loopback_set_seed (IBBLoopback *self, guint seed);

IBB_AVAILABLE_IN_1_0
gboolean ibb_loopback_get_carry_xml (IBBLoopback *self);

IBB_AVAILABLE_IN_1_0
void ibb_loopback_set_carry_xml (IBBLoopback *self, gboolean carry_xml);

G_END_DECLS
