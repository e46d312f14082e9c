/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the library knows of a connection beside the interface: who listens to it. The list is
 * attached to the connection object, so that any class can implement IBBConnection.
 */

#pragma once

#include "core/base/claim.h"
#include "ibb-connection.h"

typedef enum
{
  IBB_CONNECTION_RECEIVED,  /* stanza, claim; TRUE if it was taken */
  IBB_CONNECTION_CONFIRMED, /* stanza */
  IBB_CONNECTION_DRAINED,   /* in any thread */
  IBB_CONNECTION_CHAT, /* the application sent or received a stanza of its own; in any thread */
  IBB_CONNECTION_SUSPENDED, /* in any thread if it was suspended before the listener was added */
  IBB_CONNECTION_RESUMED,
  IBB_CONNECTION_LEAVING, /* it closes the XML stream, and before that sends all that it has taken
                           */
  /* error (nullable); TRUE if stanzas are shorter from now on, since the server has ended the XML
   * stream for one that was too long; in any thread if it was lost before the listener was added */
  IBB_CONNECTION_LOST,
  IBB_CONNECTION_INTERRUPTED, /* arguments and result as with LOST */
  IBB_CONNECTION_RESTORED,
  /* TRUE if a session was opened or resumed over the XML stream, or a byte of one has moved */
  IBB_CONNECTION_MOVED,
  IBB_CONNECTION_NEEDED,            /* TRUE if a session would end with the XML stream */
  IBB_CONNECTION_LOCAL_JID_CHANGED, /* in any thread */
  /* Around stanzas that arrived together: the stanzas that follow from them are sent in the end. A
   * connection that does not know where a batch ends need not tell; then its end is the next turn
   * of the context of the connection. */
  IBB_CONNECTION_BATCH_BEGAN,
  IBB_CONNECTION_BATCH_ENDED,
  IBB_CONNECTION_GONE, /* the connection is being freed; in any thread */
} IBBConnectionEventType;

/* Notified in the connection's context unless the type says otherwise. */
typedef struct
{
  IBBConnectionEventType type;
  IBBStanza             *stanza;
  IBBClaim               claim;             /* listeners that the stanza concerns less leave it */
  gboolean               may_others_follow; /* at once, though no batch has begun */
  const GError          *error;
} IBBConnectionEvent;

typedef struct _IBBConnectionListener IBBConnectionListener;

typedef struct
{
  gboolean (*notify) (IBBConnectionListener *self, const IBBConnectionEvent *event);
  char **(*dup_features) (IBBConnectionListener *self); /* in any thread */
  void (*free) (IBBConnectionListener *self);
} IBBConnectionListenerClass;

/* The beginning of a listener's own struct. */
struct _IBBConnectionListener
{
  gatomicrefcount ref_count;
  const IBBConnectionListenerClass *class;
};

void
ibb_connection_listener_init (IBBConnectionListener *self, const IBBConnectionListenerClass *class);
/* Frees one that no connection has taken over. */
void ibb_connection_listener_unref (IBBConnectionListener *self);

/* The connection takes listener over, until it is removed. A call that is in progress in
 * another thread may reach a listener after its removal. */
void ibb_connection_add_listener (IBBConnection *self, IBBConnectionListener *listener);
void ibb_connection_remove_listener (IBBConnection *self, IBBConnectionListener *listener);

/* ibb_connection_send () for a stanza of a service, which is not counted as chat. */
gboolean ibb_connection_send_for_service (IBBConnection *self, IBBStanza *stanza, GError **error);

/* may_others_follow: at once, though no batch has begun. */
gboolean ibb_connection_offer_to_services (IBBConnection *self,
                                           IBBStanza     *stanza,
                                           gboolean       may_others_follow);
gboolean
ibb_connection_change_state (IBBConnection *self, IBBConnectionState state, const GError *error);

/* (nullable) (element-type IBBConnectionListener): those at the time of the call. */
GPtrArray *ibb_connection_dup_listeners (IBBConnection *self);

/* Notifies the listeners of an event without a stanza and without an error. Returns TRUE, and
 * notifies no more of them, once a listener has returned TRUE. */
gboolean ibb_connection_tell (IBBConnection *self, IBBConnectionEventType type);
