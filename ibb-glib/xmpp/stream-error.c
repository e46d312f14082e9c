/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/stream-error.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>

#include "core/condition.h"
#include "ibb-error.h"

static GError *
new_error (GQuark domain, int code, const char *message, const char *text)
{
  if (text == NULL)
    return g_error_new_literal (domain, code, message);

  return g_error_new (domain, code, "%s: %s", message, text);
}

GError *
ibb_stream_error_to_error (const IBBElement *element, const char *domain)
{
  const char      *condition = ibb_element_get_condition (element, IBB_STREAM_ERROR_NAMESPACE);
  g_autofree char *text = ibb_element_dup_condition_text (element, IBB_STREAM_ERROR_NAMESPACE);
  g_autofree char *message = NULL;

  if (g_strcmp0 (condition, "conflict") == 0)
    message = g_strdup_printf (_ ("The server of “%s” closed the connection, for another login "
                                  "took its resource (conflict)"),
                               domain);
  else if (g_strcmp0 (condition, "host-unknown") == 0)
    message = g_strdup_printf (_ ("The server does not serve “%s” (host-unknown)"), domain);
  else if (g_strcmp0 (condition, "system-shutdown") == 0)
    message = g_strdup_printf (_ ("The server of “%s” is shutting down"), domain);
  else
    message = g_strdup_printf (_ ("The server of “%s” closed the connection: %s"), domain,
                               condition != NULL ? condition : "undefined-condition");

  return new_error (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, message, text);
}

GError *
ibb_sasl_failure_to_error (const IBBElement *element, const char *jid)
{
  const char      *condition = ibb_element_get_condition (element, IBB_SASL_NAMESPACE);
  g_autofree char *text = NULL;
  g_autofree char *message = NULL;

  /* What servers add to this one is a riddle to users. */
  if (g_strcmp0 (condition, "not-authorized") != 0)
    text = ibb_element_dup_condition_text (element, IBB_SASL_NAMESPACE);
  if (g_strcmp0 (condition, "not-authorized") == 0)
    message =
        g_strdup_printf (_ ("The server did not accept the user name or password of “%s”"), jid);
  else
    message = g_strdup_printf (_ ("The server did not let “%s” log in: %s"), jid,
                               condition != NULL ? condition : "?");

  return new_error (IBB_ERROR, IBB_ERROR_AUTHENTICATION, message, text);
}

int
ibb_condition_to_code (const char *name)
{
  IBBCondition condition;

  if (!ibb_condition_from_string (name, &condition))
    return IBB_ERROR_UNDEFINED_CONDITION;

  return IBB_ERROR_BAD_REQUEST + (int) condition;
}
