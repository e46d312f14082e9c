/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/stream-error.h"

#include <gio/gio.h>

#include "core/condition.h"
#include "ibb-error.h"
#include "ibb-intl-private.h"
#include "stanza/namespaces.h"

static GError *
new_error (GQuark domain, int code, const char *message, const char *text)
{
  if (text == NULL)
    return g_error_new_literal (domain, code, message);

  return g_error_new (domain, code, "%s: %s", message, text);
}

/* The conditions with which a server says that it could not read us. */
static gboolean
is_about_xml (const char *condition)
{
  static const char *const conditions[] = {
    "bad-format",           "bad-namespace-prefix",    "invalid-namespace",
    "invalid-xml",          "not-well-formed",         "restricted-xml",
    "unsupported-encoding", "unsupported-stanza-type", NULL,
  };

  return g_strv_contains (conditions, condition);
}

GError *
ibb_stream_error_to_error (const IBBElement *element, const char *domain)
{
  const char      *condition = ibb_element_get_condition (element, IBB_STREAM_ERROR_NAMESPACE);
  g_autofree char *text = ibb_element_dup_condition_text (element, IBB_STREAM_ERROR_NAMESPACE);
  g_autofree char *message = NULL;
  GQuark           error_domain = IBB_ERROR;
  int              code;

  if (condition == NULL)
    condition = "undefined-condition";
  if (g_str_equal (condition, "conflict"))
    code = IBB_ERROR_CONFLICT;
  else if (g_str_equal (condition, "policy-violation"))
    code = IBB_ERROR_POLICY_VIOLATION;
  else if (is_about_xml (condition))
    code = IBB_ERROR_PROTOCOL;
  else
    {
      error_domain = G_IO_ERROR;
      code = G_IO_ERROR_CONNECTION_CLOSED;
    }

  /* What servers add to this one says no more. */
  if (error_domain == IBB_ERROR && code == IBB_ERROR_CONFLICT)
    return g_error_new (IBB_ERROR, IBB_ERROR_CONFLICT,
                        _ ("Another login took the resource of “%s” (conflict)"), domain);
  if (g_str_equal (condition, "host-unknown"))
    message = g_strdup_printf (_ ("The server does not serve “%s” (host-unknown)"), domain);
  else if (g_str_equal (condition, "system-shutdown"))
    message = g_strdup_printf (_ ("The server of “%s” is shutting down"), domain);
  else
    message =
        g_strdup_printf (_ ("The server of “%s” closed the connection: %s"), domain, condition);

  return new_error (error_domain, code, message, text);
}

GError *
ibb_sasl_failure_to_error (const IBBElement *element, const char *mechanism, const char *jid)
{
  const char      *condition = ibb_element_get_condition (element, IBB_SASL_NAMESPACE);
  g_autofree char *text = ibb_element_dup_condition_text (element, IBB_SASL_NAMESPACE);
  g_autofree char *message = NULL;

  if (g_strcmp0 (condition, "not-authorized") == 0 && g_str_equal (mechanism, "EXTERNAL"))
    message = g_strdup_printf (_ ("The server did not accept the certificate of “%s”"), jid);
  else if (g_strcmp0 (condition, "not-authorized") == 0)
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
