/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_FILES_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/files/ibb-files.h> can be included directly."
#endif

#include <ibb-glib/files/ibb-files-metadata.h>
#include <ibb-glib/files/ibb-files-types.h>

G_BEGIN_DECLS

#define IBB_FILES_TYPE_TRANSFER (ibb_files_transfer_get_type ())

IBB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (IBBFilesTransfer, ibb_files_transfer, IBB_FILES, TRANSFER, GObject)

IBB_AVAILABLE_IN_1_0
IBBFilesDirection ibb_files_transfer_get_direction (IBBFilesTransfer *self);

IBB_AVAILABLE_IN_1_0
const char *ibb_files_transfer_get_peer_jid (IBBFilesTransfer *self);

IBB_AVAILABLE_IN_1_0
IBBFilesWay ibb_files_transfer_get_way (IBBFilesTransfer *self);

IBB_AVAILABLE_IN_1_0
IBBFilesMetadata *ibb_files_transfer_get_metadata (IBBFilesTransfer *self);

IBB_AVAILABLE_IN_1_0
IBBFilesState ibb_files_transfer_get_state (IBBFilesTransfer *self);

IBB_AVAILABLE_IN_1_0
guint64 ibb_files_transfer_get_bytes_moved (IBBFilesTransfer *self);

IBB_AVAILABLE_IN_1_0
guint64 ibb_files_transfer_get_bytes_resumed (IBBFilesTransfer *self);

IBB_AVAILABLE_IN_1_0
double ibb_files_transfer_get_progress (IBBFilesTransfer *self);

IBB_AVAILABLE_IN_1_0
guint64 ibb_files_transfer_get_rate (IBBFilesTransfer *self);

IBB_AVAILABLE_IN_1_0
int ibb_files_transfer_get_time_left (IBBFilesTransfer *self);

IBB_AVAILABLE_IN_1_0
IBBTransport *ibb_files_transfer_get_transport (IBBFilesTransfer *self);

IBB_AVAILABLE_IN_1_0
GFile *ibb_files_transfer_get_file (IBBFilesTransfer *self);

IBB_AVAILABLE_IN_1_0
GError *ibb_files_transfer_dup_error (IBBFilesTransfer *self);

IBB_AVAILABLE_IN_1_0
void ibb_files_transfer_accept_file_async (IBBFilesTransfer   *self,
                                           GFile              *file,
                                           IBBFilesExisting    existing,
                                           GCancellable       *cancellable,
                                           GAsyncReadyCallback callback,
                                           gpointer            user_data);

IBB_AVAILABLE_IN_1_0
gboolean ibb_files_transfer_accept_file_finish (IBBFilesTransfer *self,
                                                GAsyncResult     *result,
                                                GError          **error);

IBB_AVAILABLE_IN_1_0
void ibb_files_transfer_accept_stream_async (IBBFilesTransfer   *self,
                                             GOutputStream      *stream,
                                             GCancellable       *cancellable,
                                             GAsyncReadyCallback callback,
                                             gpointer            user_data);

IBB_AVAILABLE_IN_1_0
gboolean ibb_files_transfer_accept_stream_finish (IBBFilesTransfer *self,
                                                  GAsyncResult     *result,
                                                  GError          **error);

IBB_AVAILABLE_IN_1_0
void ibb_files_transfer_refuse (IBBFilesTransfer *self, const char *reason);

IBB_AVAILABLE_IN_1_0
void ibb_files_transfer_cancel (IBBFilesTransfer *self);

IBB_AVAILABLE_IN_1_0
void ibb_files_transfer_wait_async (IBBFilesTransfer   *self,
                                    GCancellable       *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer            user_data);

IBB_AVAILABLE_IN_1_0
gboolean
ibb_files_transfer_wait_finish (IBBFilesTransfer *self, GAsyncResult *result, GError **error);

IBB_AVAILABLE_IN_1_0
gboolean
ibb_files_transfer_wait (IBBFilesTransfer *self, GCancellable *cancellable, GError **error);

IBB_AVAILABLE_IN_1_0
const char *const *ibb_files_transfer_get_left_out (IBBFilesTransfer *self);

IBB_AVAILABLE_IN_1_0
guint ibb_files_transfer_get_n_left_out (IBBFilesTransfer *self);

G_END_DECLS
