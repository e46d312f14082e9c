/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_GLIB_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/ibb-glib.h> can be included directly."
#endif

#include <gio/gio.h>

#include <ibb-glib/ibb-stanza.h>
#include <ibb-glib/ibb-types.h>
#include <ibb-glib/ibb-version.h>

G_BEGIN_DECLS

#define IBB_TYPE_CONNECTION (ibb_connection_get_type ())

IBB_AVAILABLE_IN_1_0
G_DECLARE_INTERFACE (IBBConnection, ibb_connection, IBB, CONNECTION, GObject)

/**
 * IBBConnectionInterface:
 * @parent_iface: the parent interface
 * @send: queues one stanza for the XML stream; called in the context that
 *   @get_context names. The call does not wait; queued stanzas are sent in the
 *   order of the calls. Required.
 * @get_context: names the context in which the connection works, where @send
 *   is called and [method@IBB.Connection.receive] must be; optional, by default
 *   the thread-default one at the construction of the service
 * @is_congested: whether the connection would rather not get more now; once it
 *   would again, it calls [method@IBB.Connection.drained]; optional, never by
 *   default
 * @get_stanza_limit: the longest stanza the server takes, in bytes (XEP-0478),
 *   0 for no limit; optional, 8192 by default
 * @dup_resources: the resources of a contact that are online; called in any
 *   thread; optional, by default the connection does not know
 * @confirms: whether the connection will call
 *   [method@IBB.Connection.confirmed] for each message taken from now on;
 *   optional, never by default
 *
 * The virtual table of [iface@IBB.Connection].
 *
 * Since: 1.0
 */
struct _IBBConnectionInterface
{
  GTypeInterface parent_iface;

  /**
   * IBBConnectionInterface::send:
   * @self: a connection
   * @stanza: what to send
   * @error: return location for an error
   *
   * Sends one stanza over the XML stream.
   *
   * Returns: TRUE if it was taken; FALSE, with or without an error, if not
   */
  gboolean (*send) (IBBConnection *self, IBBStanza *stanza, GError **error);

  /**
   * IBBConnectionInterface::get_context:
   * @self: a connection
   *
   * Names the context in which the connection works.
   *
   * Returns: (transfer none) (nullable): the context
   */
  GMainContext *(*get_context) (IBBConnection *self);

  /**
   * IBBConnectionInterface::dup_resources:
   * @self: a connection
   * @contact: a bare JID
   *
   * Lists the resources of a contact that are online.
   *
   * Returns: (transfer full) (nullable) (array zero-terminated=1): full JIDs
   */
  char **(*dup_resources) (IBBConnection *self, const char *contact);

  gboolean (*is_congested) (IBBConnection *self);

  guint (*get_stanza_limit) (IBBConnection *self);

  gboolean (*confirms) (IBBConnection *self);

  /*< private >*/
  gpointer padding[7];
};

IBB_AVAILABLE_IN_1_0
gboolean ibb_connection_send (IBBConnection *self, IBBStanza *stanza, GError **error);

IBB_AVAILABLE_IN_1_0
GMainContext *ibb_connection_get_context (IBBConnection *self);

IBB_AVAILABLE_IN_1_0
gboolean ibb_connection_is_congested (IBBConnection *self);

IBB_AVAILABLE_IN_1_0
guint ibb_connection_get_stanza_limit (IBBConnection *self);

IBB_AVAILABLE_IN_1_0
gboolean ibb_connection_confirms (IBBConnection *self);

IBB_AVAILABLE_IN_1_0
char **ibb_connection_dup_resources (IBBConnection *self, const char *contact);

IBB_AVAILABLE_IN_1_0
char *ibb_connection_dup_local_jid (IBBConnection *self);

IBB_AVAILABLE_IN_1_0
gboolean ibb_connection_receive (IBBConnection *self, IBBStanza *stanza);

IBB_AVAILABLE_IN_1_0
gboolean ibb_connection_offer (IBBConnection *self, IBBStanza *stanza);

IBB_AVAILABLE_IN_1_0
gboolean ibb_connection_has_receiver (IBBConnection *self, IBBStanza *stanza);

IBB_AVAILABLE_IN_1_0
gboolean ibb_connection_deliver (IBBConnection *self, IBBStanza *stanza);

IBB_AVAILABLE_IN_1_0
void ibb_connection_begin_batch (IBBConnection *self);

IBB_AVAILABLE_IN_1_0
void ibb_connection_end_batch (IBBConnection *self);

IBB_AVAILABLE_IN_1_0
gboolean ibb_connection_is_needed (IBBConnection *self);

IBB_AVAILABLE_IN_1_0
gboolean ibb_connection_has_progress (IBBConnection *self);

IBB_AVAILABLE_IN_1_0
void ibb_connection_set_state (IBBConnection *self, IBBConnectionState state);

IBB_AVAILABLE_IN_1_0
gboolean ibb_connection_set_state_with_error (IBBConnection     *self,
                                              IBBConnectionState state,
                                              const GError      *error);

IBB_AVAILABLE_IN_1_0
void ibb_connection_confirmed (IBBConnection *self, IBBStanza *stanza);

IBB_AVAILABLE_IN_1_0
void ibb_connection_closing (IBBConnection *self);

IBB_AVAILABLE_IN_1_0
void ibb_connection_drained (IBBConnection *self);

IBB_AVAILABLE_IN_1_0
void ibb_connection_note_stanza (IBBConnection *self);

IBB_AVAILABLE_IN_1_0
char **ibb_connection_dup_features (IBBConnection *self);

IBB_AVAILABLE_IN_1_0
void ibb_connection_add_feature (IBBConnection *self, const char *feature);

IBB_AVAILABLE_IN_1_0
void ibb_connection_remove_feature (IBBConnection *self, const char *feature);

IBB_AVAILABLE_IN_1_0
void ibb_connection_set_identity (IBBConnection *self,
                                  const char    *category,
                                  const char    *type,
                                  const char    *name);

IBB_AVAILABLE_IN_1_0
IBBStanza *ibb_connection_create_answer (IBBConnection *self, IBBStanza *request);

IBB_AVAILABLE_IN_1_0
char *ibb_connection_dup_capabilities (IBBConnection *self);

IBB_AVAILABLE_IN_1_0
void ibb_connection_query_async (IBBConnection      *self,
                                 IBBStanza          *stanza,
                                 guint               timeout,
                                 GCancellable       *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer            user_data);

IBB_AVAILABLE_IN_1_0
IBBStanza *ibb_connection_query_finish (IBBConnection *self, GAsyncResult *result, GError **error);

IBB_AVAILABLE_IN_1_0
IBBStanza *ibb_connection_query (IBBConnection *self,
                                 IBBStanza     *stanza,
                                 guint          timeout,
                                 GCancellable  *cancellable,
                                 GError       **error);

IBB_AVAILABLE_IN_1_0
void ibb_connection_query_features_async (IBBConnection      *self,
                                          const char         *peer_jid,
                                          GCancellable       *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer            user_data);

IBB_AVAILABLE_IN_1_0
char **
ibb_connection_query_features_finish (IBBConnection *self, GAsyncResult *result, GError **error);

IBB_AVAILABLE_IN_1_0
char **ibb_connection_query_features (IBBConnection *self,
                                      const char    *peer_jid,
                                      GCancellable  *cancellable,
                                      GError       **error);

G_END_DECLS
