/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/stream/element.h"

#include <string.h>

#include "base/foreign-text.h"
#include "base/ibb-error-private.h"
#include "base/intl.h"
#include "xmpp/stream/stream-namespaces.h"

#define MAX_CONDITION 64 /* bytes: twice the longest one that is defined */

IBBElement *
ibb_element_dup_child (const IBBElement *self, const char *name, const char *namespace)
{
  IBBElement *child = ibb_element_get_child (self, name, namespace);

  return child != NULL ? ibb_element_ref (child) : NULL;
}

/* Some servers put the condition into another element, such as an <error/>. */
static const IBBElement *
find (const IBBElement *self, const char *namespace, gboolean is_text)
{
  g_autoptr (GPtrArray) children = ibb_element_list_children (self);
  const IBBElement     *found = NULL;

  for (guint i = 0; i < children->len; i++)
    {
      const IBBElement *child = g_ptr_array_index (children, i);
      const char       *name = ibb_element_get_name (child);

      if (strcmp (ibb_element_get_namespace (child), namespace) == 0 &&
          (strcmp (name, "text") == 0) == is_text && strlen (name) <= MAX_CONDITION)
        return child;
    }
  for (guint i = 0; found == NULL && i < children->len; i++)
    found = find (g_ptr_array_index (children, i), namespace, is_text);

  return found;
}

const char *
ibb_element_get_condition (const IBBElement *self, const char *namespace)
{
  const IBBElement *condition = find (self, namespace, FALSE);

  return condition != NULL ? ibb_element_get_name (condition) : NULL;
}

const char *
ibb_element_get_condition_text (const IBBElement *self, const char *namespace)
{
  const IBBElement *found = find (self, namespace, TRUE);
  const char       *text = found != NULL ? ibb_element_get_text (found) : "";

  return *text != '\0' ? text : NULL;
}

char *
ibb_element_dup_reason (const IBBElement *self, const char *namespace, const char *text_namespace)
{
  const char      *condition = ibb_element_get_condition (self, namespace);
  g_autofree char *quotation =
      ibb_foreign_text_dup_quotation (ibb_element_get_condition_text (self, text_namespace));

  if (condition == NULL)
    return quotation != NULL ? g_steal_pointer (&quotation) : g_strdup (_ ("it does not say why"));
  return quotation != NULL ? g_strconcat (condition, ": ", quotation, NULL) : g_strdup (condition);
}

static guint
get_limit (const IBBElement *features, const char *name)
{
  IBBElement *limits = ibb_element_get_child (features, "limits", IBB_LIMITS_NAMESPACE);
  IBBElement *limit = NULL;

  if (limits != NULL)
    limit = ibb_element_get_child (limits, name, IBB_LIMITS_NAMESPACE);
  if (limit == NULL)
    return 0;

  return (guint) MIN (g_ascii_strtoull (ibb_element_get_text (limit), NULL, 10),
                      (guint64) G_MAXINT);
}

guint
ibb_element_get_stanza_limit (const IBBElement *self)
{
  return get_limit (self, "max-bytes");
}

guint
ibb_element_get_idle_limit (const IBBElement *self)
{
  return get_limit (self, "idle-seconds");
}
