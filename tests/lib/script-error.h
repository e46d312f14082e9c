/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Errors and nicks in a script. */

#pragma once

#include <ibb-glib/ibb-glib.h>
#include <string.h>

#include "script-reader.h"

static inline int
script_find_nick (GType type, const char *nick)
{
  g_autoptr (GEnumClass) class = g_type_class_ref (type);
  GEnumValue *value = g_enum_get_value_by_nick (class, nick);

  if (value == NULL)
    script_fail ("%s has no value %s", g_type_name (type), nick);
  return value->value;
}

/* "DOMAIN CODE|any [TEXT]", or "none" */
static inline void
script_check_error (const GError *error, Words *words)
{
  const struct
  {
    const char *name;
    GQuark      domain;
    GType       codes;
  } domains[] = {
    { "ibb", IBB_ERROR, IBB_TYPE_ERROR },
    { "io", G_IO_ERROR, G_TYPE_IO_ERROR_ENUM },
    { "tls", G_TLS_ERROR, G_TYPE_TLS_ERROR },
    { "resolver", G_RESOLVER_ERROR, G_TYPE_RESOLVER_ERROR },
  };
  const char *domain = words_take (words);
  const char *code, *text;

  if (error == NULL || g_str_equal (domain, "none"))
    {
      if (error != NULL || !g_str_equal (domain, "none"))
        script_fail ("the error is %s", error != NULL ? error->message : "none");
      return;
    }
  code = words_take (words);
  text = words_take_rest (words);
  /* A server that has much to say does not fill a log or a terminal. */
  g_assert_cmpuint (strlen (error->message), <, 1000);
  for (guint i = 0; i < G_N_ELEMENTS (domains); i++)
    if (g_str_equal (domain, domains[i].name))
      {
        if (error->domain != domains[i].domain ||
            (!g_str_equal (code, "any") &&
             error->code != script_find_nick (domains[i].codes, code)) ||
            strstr (error->message, text) == NULL)
          script_fail ("it is %s, %d: %s", g_quark_to_string (error->domain), error->code,
                       error->message);
        return;
      }
  script_fail ("no domain %s", domain);
}
