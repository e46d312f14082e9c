/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An XMPP stack of the application's own, in the fewest lines: a connection
 * that passes its stanzas to another one, in a context of the application. There
 * the application must not block. */

#pragma once

#include <ibb-glib/ibb-glib.h>

#define STACK_TYPE_CONNECTION (stack_connection_get_type ())
G_DECLARE_FINAL_TYPE (StackConnection, stack_connection, STACK, CONNECTION, GObject)

struct _StackConnection
{
  GObject parent_instance;

  char         *jid;
  GWeakRef      peer;
  GMainContext *context; /* (unowned) (nullable): NULL for that of the services */
  GQueue        inbox;   /* (element-type IBBStanza) */
  GSource      *source;  /* delivers the inbox */
  GThread      *thread;  /* where everything is to be called */
  gboolean      refuses;
  gboolean      congested;
  gboolean      suspended;
  gboolean      confirms;
  GQueue        unconfirmed; /* (element-type IBBStanza): messages that were sent */
  guint         n_sent;
};

StackConnection *stack_connection_new (const char *jid); /* (nullable): jid */
/* From now on peer receives what self sends, and the other way round. */
void stack_connection_set_peer (StackConnection *self, StackConnection *peer);
