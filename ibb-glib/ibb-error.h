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
 * @IBB_ERROR_FAILED: anything that no other code names
 * @IBB_ERROR_PROTOCOL: the peer broke the protocol on the wire
 * @IBB_ERROR_AUTHENTICATION: the server did not accept the login
 * @IBB_ERROR_BAD_REQUEST: the stanza error condition `bad-request`
 * @IBB_ERROR_CONFLICT: the stanza error condition `conflict`
 * @IBB_ERROR_FEATURE_NOT_IMPLEMENTED: the stanza error condition `feature-not-implemented`
 * @IBB_ERROR_FORBIDDEN: the stanza error condition `forbidden`
 * @IBB_ERROR_GONE: the stanza error condition `gone`
 * @IBB_ERROR_INTERNAL_SERVER_ERROR: the stanza error condition `internal-server-error`
 * @IBB_ERROR_ITEM_NOT_FOUND: the stanza error condition `item-not-found`
 * @IBB_ERROR_JID_MALFORMED: the stanza error condition `jid-malformed`
 * @IBB_ERROR_NOT_ACCEPTABLE: the stanza error condition `not-acceptable`
 * @IBB_ERROR_NOT_ALLOWED: the stanza error condition `not-allowed`
 * @IBB_ERROR_NOT_AUTHORIZED: the stanza error condition `not-authorized`
 * @IBB_ERROR_POLICY_VIOLATION: the stanza error condition `policy-violation`
 * @IBB_ERROR_RECIPIENT_UNAVAILABLE: the stanza error condition `recipient-unavailable`
 * @IBB_ERROR_REDIRECT: the stanza error condition `redirect`
 * @IBB_ERROR_REGISTRATION_REQUIRED: the stanza error condition `registration-required`
 * @IBB_ERROR_REMOTE_SERVER_NOT_FOUND: the stanza error condition `remote-server-not-found`
 * @IBB_ERROR_REMOTE_SERVER_TIMEOUT: the stanza error condition `remote-server-timeout`
 * @IBB_ERROR_RESOURCE_CONSTRAINT: the stanza error condition `resource-constraint`
 * @IBB_ERROR_SERVICE_UNAVAILABLE: the stanza error condition `service-unavailable`
 * @IBB_ERROR_SUBSCRIPTION_REQUIRED: the stanza error condition `subscription-required`
 * @IBB_ERROR_UNDEFINED_CONDITION: the stanza error condition `undefined-condition`
 * @IBB_ERROR_UNEXPECTED_REQUEST: the stanza error condition `unexpected-request`
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
 * @IBB_STANZA_CONDITION_BAD_REQUEST: `bad-request`
 * @IBB_STANZA_CONDITION_CONFLICT: `conflict`
 * @IBB_STANZA_CONDITION_FEATURE_NOT_IMPLEMENTED: `feature-not-implemented`
 * @IBB_STANZA_CONDITION_FORBIDDEN: `forbidden`
 * @IBB_STANZA_CONDITION_GONE: `gone`
 * @IBB_STANZA_CONDITION_INTERNAL_SERVER_ERROR: `internal-server-error`
 * @IBB_STANZA_CONDITION_ITEM_NOT_FOUND: `item-not-found`
 * @IBB_STANZA_CONDITION_JID_MALFORMED: `jid-malformed`
 * @IBB_STANZA_CONDITION_NOT_ACCEPTABLE: `not-acceptable`
 * @IBB_STANZA_CONDITION_NOT_ALLOWED: `not-allowed`
 * @IBB_STANZA_CONDITION_NOT_AUTHORIZED: `not-authorized`
 * @IBB_STANZA_CONDITION_POLICY_VIOLATION: `policy-violation`
 * @IBB_STANZA_CONDITION_RECIPIENT_UNAVAILABLE: `recipient-unavailable`
 * @IBB_STANZA_CONDITION_REDIRECT: `redirect`
 * @IBB_STANZA_CONDITION_REGISTRATION_REQUIRED: `registration-required`
 * @IBB_STANZA_CONDITION_REMOTE_SERVER_NOT_FOUND: `remote-server-not-found`
 * @IBB_STANZA_CONDITION_REMOTE_SERVER_TIMEOUT: `remote-server-timeout`
 * @IBB_STANZA_CONDITION_RESOURCE_CONSTRAINT: `resource-constraint`
 * @IBB_STANZA_CONDITION_SERVICE_UNAVAILABLE: `service-unavailable`
 * @IBB_STANZA_CONDITION_SUBSCRIPTION_REQUIRED: `subscription-required`
 * @IBB_STANZA_CONDITION_UNDEFINED_CONDITION: `undefined-condition`
 * @IBB_STANZA_CONDITION_UNEXPECTED_REQUEST: `unexpected-request`
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
