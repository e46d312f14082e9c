/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The stanza error conditions of RFC 6120 §8.3.3 and the types of §8.3.2. */

#pragma once

#include <glib.h>

/* In the order of RFC 6120 §8.3.3; the public IBBError has the same ones in
 * the same order, offset by IBB_ERROR_BAD_REQUEST. */
typedef enum
{
  IBB_CONDITION_BAD_REQUEST,
  IBB_CONDITION_CONFLICT,
  IBB_CONDITION_FEATURE_NOT_IMPLEMENTED,
  IBB_CONDITION_FORBIDDEN,
  IBB_CONDITION_GONE,
  IBB_CONDITION_INTERNAL_SERVER_ERROR,
  IBB_CONDITION_ITEM_NOT_FOUND,
  IBB_CONDITION_JID_MALFORMED,
  IBB_CONDITION_NOT_ACCEPTABLE,
  IBB_CONDITION_NOT_ALLOWED,
  IBB_CONDITION_NOT_AUTHORIZED,
  IBB_CONDITION_POLICY_VIOLATION,
  IBB_CONDITION_RECIPIENT_UNAVAILABLE,
  IBB_CONDITION_REDIRECT,
  IBB_CONDITION_REGISTRATION_REQUIRED,
  IBB_CONDITION_REMOTE_SERVER_NOT_FOUND,
  IBB_CONDITION_REMOTE_SERVER_TIMEOUT,
  IBB_CONDITION_RESOURCE_CONSTRAINT,
  IBB_CONDITION_SERVICE_UNAVAILABLE,
  IBB_CONDITION_SUBSCRIPTION_REQUIRED,
  IBB_CONDITION_UNDEFINED_CONDITION,
  IBB_CONDITION_UNEXPECTED_REQUEST,
} IBBCondition;

#define IBB_N_CONDITIONS (IBB_CONDITION_UNEXPECTED_REQUEST + 1)

typedef enum
{
  IBB_ERROR_TYPE_AUTH,
  IBB_ERROR_TYPE_CANCEL,
  IBB_ERROR_TYPE_CONTINUE,
  IBB_ERROR_TYPE_MODIFY,
  IBB_ERROR_TYPE_WAIT,
} IBBErrorType;

const char  *ibb_condition_to_string (IBBCondition condition);
gboolean     ibb_condition_from_string (const char *name, IBBCondition *condition);
IBBErrorType ibb_condition_get_default_type (IBBCondition condition); /* RFC 6120 §8.3.3 */
/* Whether a server says so in place of a peer that has gone. */
gboolean ibb_condition_means_nobody (IBBCondition condition);
/* Whether a server says so in place of a peer that it cannot reach, for now or for good. */
gboolean    ibb_condition_means_unreachable (IBBCondition condition);
const char *ibb_condition_type_to_string (IBBErrorType type);
gboolean    ibb_condition_type_from_string (const char *name, IBBErrorType *type);

/* The text of an error as it is kept: valid UTF-8, one line, cut between two
 * characters. NULL for NULL. */
#define IBB_ERROR_TEXT_MAX_LENGTH 256

char *ibb_condition_dup_text (const char *text);
