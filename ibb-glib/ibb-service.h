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
guint ibb_service_get_max_retries (IBBService *self);

IBB_AVAILABLE_IN_1_0
void ibb_service_set_max_retries (IBBService *self, guint max_retries);

IBB_AVAILABLE_IN_1_0
guint ibb_service_get_initial_wait_time (IBBService *self);

IBB_AVAILABLE_IN_1_0
void ibb_service_set_initial_wait_time (IBBService *self, guint initial_wait_time);

IBB_AVAILABLE_IN_1_0
double ibb_service_get_wait_backoff_factor (IBBService *self);

IBB_AVAILABLE_IN_1_0
void ibb_service_set_wait_backoff_factor (IBBService *self, double wait_backoff_factor);

IBB_AVAILABLE_IN_1_0
guint ibb_service_get_default_block_size (IBBService *self);

IBB_AVAILABLE_IN_1_0
void ibb_service_set_default_block_size (IBBService *self, guint default_block_size);

IBB_AVAILABLE_IN_1_0
guint ibb_service_get_max_block_size (IBBService *self);

IBB_AVAILABLE_IN_1_0
void ibb_service_set_max_block_size (IBBService *self, guint max_block_size);

IBB_AVAILABLE_IN_1_0
guint64 ibb_service_get_window (IBBService *self);

IBB_AVAILABLE_IN_1_0
void ibb_service_set_window (IBBService *self, guint64 window);

IBB_AVAILABLE_IN_1_0
guint64 ibb_service_get_send_buffer_size (IBBService *self);

IBB_AVAILABLE_IN_1_0
void ibb_service_set_send_buffer_size (IBBService *self, guint64 send_buffer_size);

IBB_AVAILABLE_IN_1_0
guint64 ibb_service_get_receive_buffer_size (IBBService *self);

IBB_AVAILABLE_IN_1_0
void ibb_service_set_receive_buffer_size (IBBService *self, guint64 receive_buffer_size);

IBB_AVAILABLE_IN_1_0
guint64 ibb_service_get_receive_memory_limit (IBBService *self);

IBB_AVAILABLE_IN_1_0
void ibb_service_set_receive_memory_limit (IBBService *self, guint64 receive_memory_limit);

IBB_AVAILABLE_IN_1_0
guint ibb_service_get_open_timeout (IBBService *self);

IBB_AVAILABLE_IN_1_0
void ibb_service_set_open_timeout (IBBService *self, guint open_timeout);

IBB_AVAILABLE_IN_1_0
guint ibb_service_get_accept_timeout (IBBService *self);

IBB_AVAILABLE_IN_1_0
void ibb_service_set_accept_timeout (IBBService *self, guint accept_timeout);

IBB_AVAILABLE_IN_1_0
guint ibb_service_get_peer_timeout (IBBService *self);

IBB_AVAILABLE_IN_1_0
void ibb_service_set_peer_timeout (IBBService *self, guint peer_timeout);

IBB_AVAILABLE_IN_1_0
gboolean ibb_service_get_resume_sessions (IBBService *self);

IBB_AVAILABLE_IN_1_0
void ibb_service_set_resume_sessions (IBBService *self, gboolean resume_sessions);

IBB_AVAILABLE_IN_1_0
guint ibb_service_get_resume_timeout (IBBService *self);

IBB_AVAILABLE_IN_1_0
void ibb_service_set_resume_timeout (IBBService *self, guint resume_timeout);

IBB_AVAILABLE_IN_1_0
gboolean ibb_service_get_half_close (IBBService *self);

IBB_AVAILABLE_IN_1_0
void ibb_service_set_half_close (IBBService *self, gboolean half_close);

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
