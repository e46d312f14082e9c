/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/stream/stream-error.h"

#include <gio/gio.h>

#include "base/foreign-text.h"
#include "base/ibb-error-private.h"
#include "base/intl.h"
#include "xmpp/stream/stream-namespaces.h"

/* The conditions that say that the server could not read our XML. */
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

const char *
ibb_stream_error_get_other_host (const IBBElement *element)
{
  const IBBElement *child =
      ibb_element_get_child (element, "see-other-host", IBB_STREAM_ERROR_NAMESPACE);

  return child != NULL ? ibb_element_get_text (child) : NULL;
}

GError *
ibb_stream_error_add_text (GError *error, const IBBElement *element, const char *namespace)
{
  g_autofree char *quotation =
      ibb_foreign_text_dup_quotation (ibb_element_get_condition_text (element, namespace));
  char *message;

  if (quotation == NULL)
    return error;

  /* Translators: the first %s is a sentence, the second a quotation */
  message = g_strdup_printf (_ ("%s; the server says %s"), error->message, quotation);
  g_free (error->message);
  error->message = message;
  return error;
}

GError *
ibb_stream_error_to_error (const IBBElement *element, const char *domain)
{
  const char      *condition = ibb_element_get_condition (element, IBB_STREAM_ERROR_NAMESPACE);
  const char      *other = ibb_stream_error_get_other_host (element);
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
  else if (g_str_equal (condition, "host-unknown") || g_str_equal (condition, "host-gone"))
    code = IBB_ERROR_ITEM_NOT_FOUND;
  else
    {
      error_domain = G_IO_ERROR;
      code = G_IO_ERROR_CONNECTION_CLOSED;
    }

  /* The text that servers add to this error says no more. */
  if (error_domain == IBB_ERROR && code == IBB_ERROR_CONFLICT)
    return g_error_new (IBB_ERROR, IBB_ERROR_CONFLICT,
                        _ ("Another login took the resource of “%s” (conflict)"), domain);
  if (error_domain == IBB_ERROR && code == IBB_ERROR_ITEM_NOT_FOUND)
    message = g_strdup_printf (_ ("The server does not serve “%s” (%s)"), domain, condition);
  else if (other != NULL)
    {
      g_autofree char *place = ibb_foreign_text_dup_quotation (other);

      message = g_strdup_printf (_ ("The server of “%s” names another one, %s, which is not "
                                    "followed"),
                                 domain, place);
    }
  else if (g_str_equal (condition, "system-shutdown"))
    message = g_strdup_printf (_ ("The server of “%s” is shutting down"), domain);
  else
    message =
        g_strdup_printf (_ ("The server of “%s” closed the connection: %s"), domain, condition);

  return ibb_stream_error_add_text (g_error_new_literal (error_domain, code, message), element,
                                    IBB_STREAM_ERROR_NAMESPACE);
}

gboolean
ibb_stream_error_is_of_connection (const IBBElement *element)
{
  const char *condition = ibb_element_get_condition (element, IBB_STREAM_ERROR_NAMESPACE);

  return g_strcmp0 (condition, "connection-timeout") == 0 || g_strcmp0 (condition, "reset") == 0;
}
