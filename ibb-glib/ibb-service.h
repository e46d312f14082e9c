/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_GLIB_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/ibb-glib.h> can be included directly."
#endif

#include <gio/gio.h>

#include <ibb-glib/ibb-connection.h>
#include <ibb-glib/ibb-session-params.h>
#include <ibb-glib/ibb-transport.h>
#include <ibb-glib/ibb-types.h>
#include <ibb-glib/ibb-version.h>

G_BEGIN_DECLS

#define IBB_TYPE_SERVICE (ibb_service_get_type ())

IBB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (IBBService, ibb_service, IBB, SERVICE, GObject)

IBB_AVAILABLE_IN_1_0
IBBService *ibb_service_new (IBBConnection *connection);

IBB_AVAILABLE_IN_1_0
IBBConnection *ibb_service_get_connection (IBBService *self);

IBB_AVAILABLE_IN_1_0
guint ibb_service_get_session_limit (IBBService *self);

IBB_AVAILABLE_IN_1_0
void ibb_service_set_session_limit (IBBService *self, guint session_limit);

IBB_AVAILABLE_IN_1_0
gboolean ibb_service_get_resume_sessions (IBBService *self);

IBB_AVAILABLE_IN_1_0
void ibb_service_set_resume_sessions (IBBService *self, gboolean resume_sessions);

IBB_AVAILABLE_IN_1_0
void ibb_service_open_session_async (IBBService         *self,
                                     const char         *peer_jid,
                                     IBBSessionParams   *params,
                                     GCancellable       *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer            user_data);

IBB_AVAILABLE_IN_1_0
IBBTransport *
ibb_service_open_session_finish (IBBService *self, GAsyncResult *result, GError **error);

IBB_AVAILABLE_IN_1_0
IBBTransport *ibb_service_open_session (IBBService       *self,
                                        const char       *peer_jid,
                                        IBBSessionParams *params,
                                        GCancellable     *cancellable,
                                        GError          **error);

IBB_AVAILABLE_IN_1_0
void ibb_service_expect_session_async (IBBService         *self,
                                       const char         *peer_jid,
                                       const char         *sid,
                                       IBBSessionParams   *params,
                                       GCancellable       *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer            user_data);

IBB_AVAILABLE_IN_1_0
IBBTransport *
ibb_service_expect_session_finish (IBBService *self, GAsyncResult *result, GError **error);

IBB_AVAILABLE_IN_1_0
IBBTransport *ibb_service_expect_session (IBBService       *self,
                                          const char       *peer_jid,
                                          const char       *sid,
                                          IBBSessionParams *params,
                                          GCancellable     *cancellable,
                                          GError          **error);

IBB_AVAILABLE_IN_1_0
void ibb_service_accept_async (IBBService         *self,
                               GCancellable       *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer            user_data);

IBB_AVAILABLE_IN_1_0
IBBTransport *ibb_service_accept_finish (IBBService *self, GAsyncResult *result, GError **error);

IBB_AVAILABLE_IN_1_0
IBBTransport *ibb_service_accept (IBBService *self, GCancellable *cancellable, GError **error);

IBB_AVAILABLE_IN_1_0
void ibb_service_stop (IBBService *self);

G_END_DECLS
