/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How services hang on a connection: a list that lives on the connection
 * object itself, so that any class may implement IBBConnection.
 */

#pragma once

#include "ibb-connection.h"

G_BEGIN_DECLS

/* What a connection tells a service, in the connection's context; drained,
 * dup_features and, once, as the service is added, suspended from any thread. */
typedef struct
{
  gboolean (*receive) (gpointer service, IBBStanza *stanza);
  void (*lost) (gpointer service, const GError *error);
  void (*restored) (gpointer service);
  void (*suspended) (gpointer service);
  void (*resumed) (gpointer service);
  void (*confirmed) (gpointer service, IBBStanza *stanza);
  void (*drained) (gpointer service);
  char **(*dup_features) (gpointer service);
  /* Around the stanzas that came together, in the connection's context: what
   * they bring about leaves in end (), not after another turn of the loop. */
  void (*begin) (gpointer service);
  void (*end) (gpointer service);
  gpointer (*ref) (gpointer service);
  void (*unref) (gpointer service);
} IBBConnectionHooks;

/* The list holds a reference to service until it is removed. A call that is
 * under way in another thread may still reach a service after its removal. */
void
ibb_connection_add_service (IBBConnection *self, const IBBConnectionHooks *hooks, gpointer service);
void ibb_connection_remove_service (IBBConnection *self, gpointer service);

/* The two halves of ibb_connection_receive (), for connections whose signals
 * belong into another context than their stanzas. */
gboolean ibb_connection_offer_to_services (IBBConnection *self, IBBStanza *stanza);
void     ibb_connection_begin_batch (IBBConnection *self);
void     ibb_connection_end_batch (IBBConnection *self);
gboolean ibb_connection_has_receiver (IBBConnection *self); /* of stanza-received */
gboolean ibb_connection_emit_stanza_received (IBBConnection *self, IBBStanza *stanza);

G_END_DECLS
