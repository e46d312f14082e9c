/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/base/condition.h"

#include <string.h>

static const struct
{
  const char  *name;
  IBBErrorType type; /* where RFC 6120 leaves a choice, the one it names first */
} conditions[IBB_N_CONDITIONS] = {
  [IBB_CONDITION_BAD_REQUEST] = { "bad-request", IBB_ERROR_TYPE_MODIFY },
  [IBB_CONDITION_CONFLICT] = { "conflict", IBB_ERROR_TYPE_CANCEL },
  [IBB_CONDITION_FEATURE_NOT_IMPLEMENTED] = { "feature-not-implemented", IBB_ERROR_TYPE_CANCEL },
  [IBB_CONDITION_FORBIDDEN] = { "forbidden", IBB_ERROR_TYPE_AUTH },
  [IBB_CONDITION_GONE] = { "gone", IBB_ERROR_TYPE_CANCEL },
  [IBB_CONDITION_INTERNAL_SERVER_ERROR] = { "internal-server-error", IBB_ERROR_TYPE_CANCEL },
  [IBB_CONDITION_ITEM_NOT_FOUND] = { "item-not-found", IBB_ERROR_TYPE_CANCEL },
  [IBB_CONDITION_JID_MALFORMED] = { "jid-malformed", IBB_ERROR_TYPE_MODIFY },
  [IBB_CONDITION_NOT_ACCEPTABLE] = { "not-acceptable", IBB_ERROR_TYPE_MODIFY },
  [IBB_CONDITION_NOT_ALLOWED] = { "not-allowed", IBB_ERROR_TYPE_CANCEL },
  [IBB_CONDITION_NOT_AUTHORIZED] = { "not-authorized", IBB_ERROR_TYPE_AUTH },
  [IBB_CONDITION_POLICY_VIOLATION] = { "policy-violation", IBB_ERROR_TYPE_MODIFY },
  [IBB_CONDITION_RECIPIENT_UNAVAILABLE] = { "recipient-unavailable", IBB_ERROR_TYPE_WAIT },
  [IBB_CONDITION_REDIRECT] = { "redirect", IBB_ERROR_TYPE_MODIFY },
  [IBB_CONDITION_REGISTRATION_REQUIRED] = { "registration-required", IBB_ERROR_TYPE_AUTH },
  [IBB_CONDITION_REMOTE_SERVER_NOT_FOUND] = { "remote-server-not-found", IBB_ERROR_TYPE_CANCEL },
  [IBB_CONDITION_REMOTE_SERVER_TIMEOUT] = { "remote-server-timeout", IBB_ERROR_TYPE_WAIT },
  [IBB_CONDITION_RESOURCE_CONSTRAINT] = { "resource-constraint", IBB_ERROR_TYPE_WAIT },
  [IBB_CONDITION_SERVICE_UNAVAILABLE] = { "service-unavailable", IBB_ERROR_TYPE_CANCEL },
  [IBB_CONDITION_SUBSCRIPTION_REQUIRED] = { "subscription-required", IBB_ERROR_TYPE_AUTH },
  [IBB_CONDITION_UNDEFINED_CONDITION] = { "undefined-condition", IBB_ERROR_TYPE_CANCEL },
  [IBB_CONDITION_UNEXPECTED_REQUEST] = { "unexpected-request", IBB_ERROR_TYPE_WAIT },
};

static const char *const types[] = {
  [IBB_ERROR_TYPE_AUTH] = "auth",         [IBB_ERROR_TYPE_CANCEL] = "cancel",
  [IBB_ERROR_TYPE_CONTINUE] = "continue", [IBB_ERROR_TYPE_MODIFY] = "modify",
  [IBB_ERROR_TYPE_WAIT] = "wait",
};

const char *
ibb_condition_to_string (IBBCondition condition)
{
  g_assert ((guint) condition < IBB_N_CONDITIONS);

  return conditions[condition].name;
}

gboolean
ibb_condition_from_string (const char *name, IBBCondition *condition)
{
  for (guint i = 0; name != NULL && i < IBB_N_CONDITIONS; i++)
    {
      if (strcmp (name, conditions[i].name) == 0)
        {
          *condition = i;
          return TRUE;
        }
    }

  return FALSE;
}

IBBErrorType
ibb_condition_get_default_type (IBBCondition condition)
{
  g_assert ((guint) condition < IBB_N_CONDITIONS);

  return conditions[condition].type;
}

gboolean
ibb_condition_means_nobody (IBBCondition condition)
{
  return condition == IBB_CONDITION_SERVICE_UNAVAILABLE || condition == IBB_CONDITION_GONE ||
         condition == IBB_CONDITION_REMOTE_SERVER_NOT_FOUND;
}

gboolean
ibb_condition_means_unreachable (IBBCondition condition)
{
  return ibb_condition_means_nobody (condition) ||
         condition == IBB_CONDITION_RECIPIENT_UNAVAILABLE ||
         condition == IBB_CONDITION_REMOTE_SERVER_TIMEOUT;
}

const char *
ibb_condition_type_to_string (IBBErrorType type)
{
  g_assert ((guint) type < G_N_ELEMENTS (types));

  return types[type];
}

gboolean
ibb_condition_type_from_string (const char *name, IBBErrorType *type)
{
  for (guint i = 0; name != NULL && i < G_N_ELEMENTS (types); i++)
    {
      if (strcmp (name, types[i]) == 0)
        {
          *type = i;
          return TRUE;
        }
    }

  return FALSE;
}

char *
ibb_condition_dup_text (const char *text)
{
  g_autoptr (GString) line = NULL;

  if (text == NULL)
    return NULL;

  line = g_string_sized_new (IBB_ERROR_TEXT_MAX_LENGTH);

  for (const char *p = text; *p != '\0';)
    {
      gunichar c = g_utf8_get_char_validated (p, -1);
      gboolean valid = c != (gunichar) -1 && c != (gunichar) -2;
      gsize    length = valid ? (gsize) g_unichar_to_utf8 (c, NULL) : 1;

      /* The text is shown in messages of one line, and on terminals. */
      if (!valid)
        c = 0xFFFD;
      else if (g_unichar_iscntrl (c))
        c = ' ';

      if (line->len + (gsize) g_unichar_to_utf8 (c, NULL) > IBB_ERROR_TEXT_MAX_LENGTH)
        break;

      g_string_append_unichar (line, c);
      p += length;
    }

  return g_string_free (g_steal_pointer (&line), FALSE);
}
