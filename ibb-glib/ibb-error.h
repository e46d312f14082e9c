/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_GLIB_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/ibb-glib.h> can be included directly."
#endif

#include <gio/gio.h>

#include <ibb-glib/ibb-types.h>
#include <ibb-glib/ibb-version.h>

G_BEGIN_DECLS

/**
 * IBB_ERROR:
 *
 * The error domain of ibb-glib; its codes are [error@IBB.Error].
 *
 * Since: 1.0
 */
#define IBB_ERROR (ibb_error_quark ())

IBB_AVAILABLE_IN_1_0
GQuark ibb_error_quark (void);

/**
 * IBBError:
 * @IBB_ERROR_FAILED: no other code names the failure; the message tells
 * @IBB_ERROR_PROTOCOL: the peer or the server sent what the protocol does not allow, such as a
 *   block with a wrong number
 * @IBB_ERROR_AUTHENTICATION: the server did not accept the password or the certificate of the login
 * @IBB_ERROR_BAD_REQUEST: `bad-request`: the peer or the server cannot read the request: an element
 *   or an attribute is missing or malformed, or the peer has sent a malformed block
 * @IBB_ERROR_CONFLICT: `conflict`: another entity has the resource or the name that the request
 *   asks for, as after a second login with one resource
 * @IBB_ERROR_FEATURE_NOT_IMPLEMENTED: `feature-not-implemented`: the program of the peer does not
 *   know the request; some answer an open so, in place of `service-unavailable`
 * @IBB_ERROR_FORBIDDEN: `forbidden`: the peer or the server does not allow it to this account; a
 *   blocked contact, for example
 * @IBB_ERROR_GONE: `gone`: the address does not exist any more
 * @IBB_ERROR_INTERNAL_SERVER_ERROR: `internal-server-error`: the peer or the server met an error of
 *   its own
 * @IBB_ERROR_ITEM_NOT_FOUND: `item-not-found`: the peer does not know the session, because its
 *   program was restarted for example; or there is no such account
 * @IBB_ERROR_JID_MALFORMED: `jid-malformed`: the server does not take the address for one
 * @IBB_ERROR_NOT_ACCEPTABLE: `not-acceptable`: the peer refuses the session: nobody accepts one
 *   there, or its user said no
 * @IBB_ERROR_NOT_ALLOWED: `not-allowed`: the peer or the server allows it to nobody
 * @IBB_ERROR_NOT_AUTHORIZED: `not-authorized`: the peer or the server wants a login, or a
 *   permission, first
 * @IBB_ERROR_POLICY_VIOLATION: `policy-violation`: a rule of the server forbids it: a stanza is too
 *   long, or too many are sent
 * @IBB_ERROR_RECIPIENT_UNAVAILABLE: `recipient-unavailable`: the peer is offline
 * @IBB_ERROR_REDIRECT: `redirect`: the peer or the server names another address to ask
 * @IBB_ERROR_REGISTRATION_REQUIRED: `registration-required`: the service wants a registration
 *   first: a gateway or a chat room
 * @IBB_ERROR_REMOTE_SERVER_NOT_FOUND: `remote-server-not-found`: our server does not find the
 *   server of the peer
 * @IBB_ERROR_REMOTE_SERVER_TIMEOUT: `remote-server-timeout`: our server does not reach the server
 *   of the peer
 * @IBB_ERROR_RESOURCE_CONSTRAINT: `resource-constraint`: the peer or the server is short of
 *   something: it has too many sessions, wants smaller blocks, or the reader is slower than
 *   messages arrive
 * @IBB_ERROR_SERVICE_UNAVAILABLE: `service-unavailable`: nobody there answers: the peer is offline,
 *   or its program knows no in-band bytestreams
 * @IBB_ERROR_SUBSCRIPTION_REQUIRED: `subscription-required`: the peer or the server wants a
 *   subscription to presence first
 * @IBB_ERROR_UNDEFINED_CONDITION: `undefined-condition`: the error names no condition of RFC 6120,
 *   or one that is not known
 * @IBB_ERROR_UNEXPECTED_REQUEST: `unexpected-request`: the request does not fit in at this time: a
 *   block is missing before it, for example
 *
 * What went wrong, when it is not something that [error@Gio.IOErrorEnum] names.
 *
 * Beside the first three each code is a stanza error condition of RFC 6120
 * §8.3.3, as answered by a peer or a server.
 *
 * Since: 1.0
 */
typedef enum
{
  IBB_ERROR_FAILED,
  IBB_ERROR_PROTOCOL,
  IBB_ERROR_AUTHENTICATION,
  IBB_ERROR_BAD_REQUEST,
  IBB_ERROR_CONFLICT,
  IBB_ERROR_FEATURE_NOT_IMPLEMENTED,
  IBB_ERROR_FORBIDDEN,
  IBB_ERROR_GONE,
  IBB_ERROR_INTERNAL_SERVER_ERROR,
  IBB_ERROR_ITEM_NOT_FOUND,
  IBB_ERROR_JID_MALFORMED,
  IBB_ERROR_NOT_ACCEPTABLE,
  IBB_ERROR_NOT_ALLOWED,
  IBB_ERROR_NOT_AUTHORIZED,
  IBB_ERROR_POLICY_VIOLATION,
  IBB_ERROR_RECIPIENT_UNAVAILABLE,
  IBB_ERROR_REDIRECT,
  IBB_ERROR_REGISTRATION_REQUIRED,
  IBB_ERROR_REMOTE_SERVER_NOT_FOUND,
  IBB_ERROR_REMOTE_SERVER_TIMEOUT,
  IBB_ERROR_RESOURCE_CONSTRAINT,
  IBB_ERROR_SERVICE_UNAVAILABLE,
  IBB_ERROR_SUBSCRIPTION_REQUIRED,
  IBB_ERROR_UNDEFINED_CONDITION,
  IBB_ERROR_UNEXPECTED_REQUEST,
} IBBError;

/**
 * IBBStanzaCondition:
 * @IBB_STANZA_CONDITION_NONE: no condition
 * @IBB_STANZA_CONDITION_BAD_REQUEST: `bad-request`: a request that cannot be read, such as one with
 *   a missing or malformed attribute
 * @IBB_STANZA_CONDITION_CONFLICT: `conflict`: another entity has the name that the request asks for
 * @IBB_STANZA_CONDITION_FEATURE_NOT_IMPLEMENTED: `feature-not-implemented`: a request that the
 *   program does not know
 * @IBB_STANZA_CONDITION_FORBIDDEN: `forbidden`: something that this sender may not do
 * @IBB_STANZA_CONDITION_GONE: `gone`: an address that does not exist any more
 * @IBB_STANZA_CONDITION_INTERNAL_SERVER_ERROR: `internal-server-error`: an error of the program
 *   that answers
 * @IBB_STANZA_CONDITION_ITEM_NOT_FOUND: `item-not-found`: a session, an account or another item
 *   that is not known
 * @IBB_STANZA_CONDITION_JID_MALFORMED: `jid-malformed`: an address that is none
 * @IBB_STANZA_CONDITION_NOT_ACCEPTABLE: `not-acceptable`: a session that is not wanted
 * @IBB_STANZA_CONDITION_NOT_ALLOWED: `not-allowed`: something that nobody may do
 * @IBB_STANZA_CONDITION_NOT_AUTHORIZED: `not-authorized`: something that needs a permission first
 * @IBB_STANZA_CONDITION_POLICY_VIOLATION: `policy-violation`: a rule of the one who answers, such
 *   as a limit of length
 * @IBB_STANZA_CONDITION_RECIPIENT_UNAVAILABLE: `recipient-unavailable`: a peer that is offline
 * @IBB_STANZA_CONDITION_REDIRECT: `redirect`: another address is to be asked
 * @IBB_STANZA_CONDITION_REGISTRATION_REQUIRED: `registration-required`: a service that wants a
 *   registration first
 * @IBB_STANZA_CONDITION_REMOTE_SERVER_NOT_FOUND: `remote-server-not-found`: a server of the peer
 *   that cannot be found
 * @IBB_STANZA_CONDITION_REMOTE_SERVER_TIMEOUT: `remote-server-timeout`: a server of the peer that
 *   cannot be reached
 * @IBB_STANZA_CONDITION_RESOURCE_CONSTRAINT: `resource-constraint`: too many sessions, or a block
 *   size that is too large; a smaller one may be accepted
 * @IBB_STANZA_CONDITION_SERVICE_UNAVAILABLE: `service-unavailable`: a request that nobody there
 *   serves
 * @IBB_STANZA_CONDITION_SUBSCRIPTION_REQUIRED: `subscription-required`: something that needs a
 *   subscription to presence first
 * @IBB_STANZA_CONDITION_UNDEFINED_CONDITION: `undefined-condition`: a reason that no other member
 *   names
 * @IBB_STANZA_CONDITION_UNEXPECTED_REQUEST: `unexpected-request`: a request that does not fit in at
 *   this time
 *
 * A stanza error condition of RFC 6120 §8.3.3: why a peer or a server refuses something.
 *
 * Since: 1.0
 */
typedef enum
{
  IBB_STANZA_CONDITION_NONE,
  IBB_STANZA_CONDITION_BAD_REQUEST,
  IBB_STANZA_CONDITION_CONFLICT,
  IBB_STANZA_CONDITION_FEATURE_NOT_IMPLEMENTED,
  IBB_STANZA_CONDITION_FORBIDDEN,
  IBB_STANZA_CONDITION_GONE,
  IBB_STANZA_CONDITION_INTERNAL_SERVER_ERROR,
  IBB_STANZA_CONDITION_ITEM_NOT_FOUND,
  IBB_STANZA_CONDITION_JID_MALFORMED,
  IBB_STANZA_CONDITION_NOT_ACCEPTABLE,
  IBB_STANZA_CONDITION_NOT_ALLOWED,
  IBB_STANZA_CONDITION_NOT_AUTHORIZED,
  IBB_STANZA_CONDITION_POLICY_VIOLATION,
  IBB_STANZA_CONDITION_RECIPIENT_UNAVAILABLE,
  IBB_STANZA_CONDITION_REDIRECT,
  IBB_STANZA_CONDITION_REGISTRATION_REQUIRED,
  IBB_STANZA_CONDITION_REMOTE_SERVER_NOT_FOUND,
  IBB_STANZA_CONDITION_REMOTE_SERVER_TIMEOUT,
  IBB_STANZA_CONDITION_RESOURCE_CONSTRAINT,
  IBB_STANZA_CONDITION_SERVICE_UNAVAILABLE,
  IBB_STANZA_CONDITION_SUBSCRIPTION_REQUIRED,
  IBB_STANZA_CONDITION_UNDEFINED_CONDITION,
  IBB_STANZA_CONDITION_UNEXPECTED_REQUEST,
} IBBStanzaCondition;

IBB_AVAILABLE_IN_1_0
IBBStanzaCondition ibb_error_get_condition (const GError *error);

G_END_DECLS
