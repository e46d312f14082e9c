/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A connection as its application sees it: the properties state, local-jid and disconnect-error,
 * their notifications and that of token, and the stanzas for the application, one after another.
 * All of that is told in the context in which the connection was constructed. Any thread may call.
 */

#pragma once

#include <gio/gio.h>

#include "ibb-connection.h"
#include "ibb-types.h"
#include "xmpp/login/negotiation.h"
#include "xmpp/management/outbox.h"
#include "xmpp/presences.h"

typedef struct _IBBStatus IBBStatus;

/* Tells in the caller's thread-default context. It holds no reference to object. outbox gets the
 * answers to requests that the application does not take. presences (nullable): of a client. */
IBBStatus *ibb_status_new (IBBConnection *object, IBBOutbox *outbox, IBBPresences *presences);
/* The application has dropped the object: nothing is told from now on, and the context is
 * dropped, in the caller's thread. */
void ibb_status_end (IBBStatus *self);
/* (transfer full) (nullable): where it tells. */
GMainContext *ibb_status_dup_context (IBBStatus *self);
void          ibb_status_free (IBBStatus *self);

IBBConnectionState ibb_status_get_state (IBBStatus *self);
char              *ibb_status_dup_local_jid (IBBStatus *self); /* (nullable) */
GError            *ibb_status_dup_error (IBBStatus *self);     /* (nullable) */
guint              ibb_status_get_stanza_limit (IBBStatus *self);
char              *ibb_status_dup_mechanism (IBBStatus *self);   /* (nullable) */
GTlsCertificate   *ibb_status_dup_certificate (IBBStatus *self); /* (nullable) */

/* CONNECTING, if it was OFFLINE. Otherwise, or during a logout, the error for a login of jid. */
GError *ibb_status_begin_login (IBBStatus *self, const char *jid);
void    ibb_status_login_failed (IBBStatus *self);
void    ibb_status_set_online (IBBStatus *self, const IBBNegotiationResult *result);
/* SUSPENDED with the error that broke the XML stream, or ONLINE when it is resumed. */
void ibb_status_set_state (IBBStatus *self, IBBConnectionState state, const GError *error);
/* An attempt to come back has failed, and there will be another one. */
void ibb_status_note_attempt (IBBStatus *self, const GError *error);
/* The logout has begun; the state stays ONLINE until it is done. */
void ibb_status_begin_logout (IBBStatus *self);
/* OFFLINE, or CONNECTING if the client logs in again by itself. error (nullable): why. */
void ibb_status_set_lost (IBBStatus *self, IBBConnectionState state, const GError *error);
/* A login has replaced the token of the account. */
void ibb_status_note_token (IBBStatus *self);
/* There are changes of presences to tell. */
void ibb_status_note_presences (IBBStatus *self);
/* Emits stanza-received. FALSE: too much waits already. */
gboolean ibb_status_deliver (IBBStatus *self, IBBStanza *stanza);
