/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_GLIB_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/ibb-glib.h> can be included directly."
#endif

#include <gio/gio.h>

#include <ibb-glib/ibb-types.h>
#include <ibb-glib/ibb-version.h>

G_BEGIN_DECLS

#define IBB_TYPE_SESSION_PARAMS (ibb_session_params_get_type ())

IBB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (IBBSessionParams, ibb_session_params, IBB, SESSION_PARAMS, GObject)

IBB_AVAILABLE_IN_1_0
IBBSessionParams *ibb_session_params_new (void);

IBB_AVAILABLE_IN_1_0
IBBStanzaType ibb_session_params_get_stanza_type (IBBSessionParams *self);

IBB_AVAILABLE_IN_1_0
void ibb_session_params_set_stanza_type (IBBSessionParams *self, IBBStanzaType stanza_type);

IBB_AVAILABLE_IN_1_0
guint ibb_session_params_get_block_size (IBBSessionParams *self);

IBB_AVAILABLE_IN_1_0
void ibb_session_params_set_block_size (IBBSessionParams *self, guint block_size);

IBB_AVAILABLE_IN_1_0
const char *ibb_session_params_get_sid (IBBSessionParams *self);

IBB_AVAILABLE_IN_1_0
void ibb_session_params_set_sid (IBBSessionParams *self, const char *sid);

IBB_AVAILABLE_IN_1_0
const char *ibb_session_params_get_local_jid (IBBSessionParams *self);

IBB_AVAILABLE_IN_1_0
void ibb_session_params_set_local_jid (IBBSessionParams *self, const char *local_jid);

IBB_AVAILABLE_IN_1_0
gboolean ibb_session_params_get_agreed (IBBSessionParams *self);

IBB_AVAILABLE_IN_1_0
void ibb_session_params_set_agreed (IBBSessionParams *self, gboolean agreed);

IBB_AVAILABLE_IN_1_0
guint ibb_session_params_get_expect_timeout (IBBSessionParams *self);

IBB_AVAILABLE_IN_1_0
void ibb_session_params_set_expect_timeout (IBBSessionParams *self, guint expect_timeout);

G_END_DECLS
