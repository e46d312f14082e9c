/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What joins a client to its server: it logs in, is online over one XML stream after
 * another, and logs out. It tells the services of the client what becomes of the XML stream, and
 * passes each stanza that arrives to the one that it is for.
 *
 * All of that happens on one thread, the worker, which other links may share.
 */

#pragma once

#include "ibb-connection.h"
#include "runtime/thread.h"
#include "xmpp/addresses.h"
#include "xmpp/base/account.h"
#include "xmpp/management/keepalive.h"
#include "xmpp/management/outbox.h"
#include "xmpp/status.h"

G_BEGIN_DECLS

typedef struct _IBBLink IBBLink;

/* thread: (transfer full). The link holds no reference to client, which emits certificate_signal:
 * see ibb_login_new (). The client emits its signals in the caller's thread-default context. */
IBBLink *ibb_link_new (IBBConnection *client, IBBThread *thread, guint certificate_signal);
/* Likewise, for a component, whose domain is to be set once, before any other thread knows it. */
IBBLink *ibb_link_new_for_component (IBBConnection *component,
                                     IBBThread     *thread,
                                     const char    *host,
                                     guint          port);
void     ibb_link_set_domain (IBBLink *self, const char *domain);
/* The client is gone. Any thread: ends the XML stream and frees itself, in the
 * background, after all that was begun before. */
void ibb_link_leave (IBBLink *self);

/* Its parts, which live as long as the client. */
IBBThread    *ibb_link_get_thread (IBBLink *self);
IBBAccount   *ibb_link_get_account (IBBLink *self);
IBBAddresses *ibb_link_get_addresses (IBBLink *self); /* (nullable): of a component */
IBBStatus    *ibb_link_get_status (IBBLink *self);
IBBOutbox    *ibb_link_get_outbox (IBBLink *self);
IBBKeepalive *ibb_link_get_keepalive (IBBLink *self);

/* Any thread. The tasks, which hold the client, are taken; each gets TRUE in the end, or an
 * error. The status is CONNECTING when a login starts; unless it was OFFLINE, the task fails. */
void ibb_link_login (IBBLink *self, GTask *task);
void ibb_link_logout (IBBLink *self, GTask *task);
/* Whether it logs in again by itself when the XML stream is lost. FALSE ends that at once. The
 * setter returns TRUE if it was otherwise before. */
gboolean ibb_link_get_auto_reconnect (IBBLink *self);
gboolean ibb_link_set_auto_reconnect (IBBLink *self, gboolean auto_reconnect);
/* Asks a peer by disco#info whether it supports bytestreams. */
void ibb_link_query (IBBLink *self, GTask *task, const char *peer_jid);

G_END_DECLS
