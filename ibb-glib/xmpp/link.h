/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The login of a client or component, its XML streams one after another, and the logout. The link
 * tells the services of the client about each change of the XML stream, and passes each stanza that
 * arrives to its service.
 *
 * A link runs on one thread, the worker, which other links may share.
 */

#pragma once

#include "base/thread.h"
#include "base/weak.h"
#include "ibb-connection.h"
#include "xmpp/addresses.h"
#include "xmpp/base/account.h"
#include "xmpp/base/backoff.h"
#include "xmpp/login/login.h"
#include "xmpp/logouts.h"
#include "xmpp/management/acknowledger.h"
#include "xmpp/management/keepalive.h"
#include "xmpp/management/outbox.h"
#include "xmpp/management/stream-management.h"
#include "xmpp/reception.h"
#include "xmpp/reconnection.h"
#include "xmpp/status.h"

typedef struct _IBBLink IBBLink;

/* The link owns its objects. The header of each says which threads may call it. */
struct _IBBLink
{
  IBBWeak        *client; /* (owned) */
  IBBLoginSignals login_signals;
  IBBThread      *thread;
  int             auto_reconnect; /* atomic */

  IBBAccount          *account;
  IBBAddresses        *addresses; /* (nullable): of a component */
  IBBPresences        *presences; /* (nullable): of a client */
  IBBStatus           *status;
  IBBOutbox           *outbox;
  IBBAcknowledger     *acknowledger;
  IBBStreamManagement *management;
  IBBKeepalive        *keepalive;
  IBBReception         reception;
  IBBLogouts          *logouts;
  IBBBackoff          *login_backoff;
  IBBBackoff          *resumption_backoff;

  /* worker thread only */
  IBBLogin        *login;         /* (owned) (nullable): while connecting */
  IBBXmlStream    *stream;        /* (owned) (nullable): while online */
  gint64           stream_since;  /* µs: when the XML stream was taken */
  gint64           resumed_at;    /* µs: the same, if it was resumed and has not lasted; else 0 */
  IBBReconnection *reconnection;  /* (owned) (nullable): while suspended */
  IBBReconnection *relogin;       /* (owned) (nullable): while it logs in by itself */
  GSource         *announcement;  /* (owned) (nullable): of what has changed in the presence */
  char            *resource;      /* (owned) (nullable): of the last login */
  GMainContext    *login_context; /* (owned) (nullable): of a login that has not begun */
  GTlsCertificate *accepted_certificate; /* (owned) (nullable): by the application, at the login */
  gboolean         is_available;         /* presence was sent over this XML stream */
  gboolean         may_resume;           /* the server ended the XML stream and may have kept it */
  gboolean         is_logging_out;
};

/* thread: (transfer full). The link holds no reference to client, which emits login_signals:
 * see ibb_login_new (); and resource_signal: see ibb_presences_tell (). The client emits its
 * signals in the caller's thread-default context. */
IBBLink *ibb_link_new (IBBConnection         *client,
                       IBBThread             *thread,
                       const IBBLoginSignals *login_signals,
                       guint                  resource_signal);
IBBLink *
ibb_link_new_for_component (IBBConnection *component, IBBThread *thread, const char *domain);
/* The client is gone. Any thread: ends the XML stream and frees itself, in the
 * background, after all that was begun before. */
void ibb_link_leave (IBBLink *self);

/* Any thread. The tasks, which hold the client, are taken; each gets TRUE in the end, or an
 * error. The status is CONNECTING when a login starts; unless it was OFFLINE, the task fails.
 * is_blocking: the login emits its signals in the context of the task. */
void ibb_link_login (IBBLink *self, GTask *task, gboolean is_blocking);
void ibb_link_logout (IBBLink *self, GTask *task);
/* Whether it logs in again by itself when the XML stream is lost. FALSE ends that at once. Returns
 * TRUE if it was otherwise before. */
gboolean ibb_link_set_auto_reconnect (IBBLink *self, gboolean auto_reconnect);
/* Sends the presence again after a change, if the client is online. Any thread. */
void ibb_link_update_presence (IBBLink *self);
/* The same for a change of the capabilities: several that come together are one presence. */
void ibb_link_announce (IBBLink *self);
