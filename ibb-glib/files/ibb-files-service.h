/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_FILES_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/files/ibb-files.h> can be included directly."
#endif

#include <ibb-glib/files/ibb-files-transfer.h>

G_BEGIN_DECLS

#define IBB_FILES_TYPE_SERVICE (ibb_files_service_get_type ())

IBB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (IBBFilesService, ibb_files_service, IBB_FILES, SERVICE, GObject)

IBB_AVAILABLE_IN_1_0
IBBFilesService *ibb_files_service_new (IBBConnection *connection);

IBB_AVAILABLE_IN_1_0
IBBConnection *ibb_files_service_get_connection (IBBFilesService *self);

IBB_AVAILABLE_IN_1_0
IBBService *ibb_files_service_get_sessions (IBBFilesService *self);

IBB_AVAILABLE_IN_1_0
IBBIdentity *ibb_files_service_get_identity (IBBFilesService *self);

IBB_AVAILABLE_IN_1_0
void ibb_files_service_set_identity (IBBFilesService *self, IBBIdentity *identity);

IBB_AVAILABLE_IN_1_0
void ibb_files_service_offer_file_async (IBBFilesService    *self,
                                         const char         *peer_jid,
                                         GFile              *file,
                                         IBBFilesMetadata   *metadata,
                                         GCancellable       *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer            user_data);

IBB_AVAILABLE_IN_1_0
IBBFilesTransfer *
ibb_files_service_offer_file_finish (IBBFilesService *self, GAsyncResult *result, GError **error);

IBB_AVAILABLE_IN_1_0
void ibb_files_service_offer_stream_async (IBBFilesService    *self,
                                           const char         *peer_jid,
                                           GInputStream       *stream,
                                           IBBFilesMetadata   *metadata,
                                           GCancellable       *cancellable,
                                           GAsyncReadyCallback callback,
                                           gpointer            user_data);

IBB_AVAILABLE_IN_1_0
IBBFilesTransfer *
ibb_files_service_offer_stream_finish (IBBFilesService *self, GAsyncResult *result, GError **error);

G_END_DECLS
