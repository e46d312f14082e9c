/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "stanza/capabilities.h"

#include <string.h>

#include "core/base/stanza.h"
#include "stanza/namespaces.h"

static const char *const own_features[] = { IBB_CAPS_NAMESPACE, IBB_DISCO_INFO_NAMESPACE,
                                            IBB_PING_NAMESPACE, IBB_VERSION_NAMESPACE, NULL };

void
ibb_capabilities_collect (GPtrArray *all, const char *const *features)
{
  for (gsize i = 0; features != NULL && features[i] != NULL; i++)
    if (!g_ptr_array_find_with_equal_func (all, features[i], g_str_equal, NULL))
      g_ptr_array_add (all, g_strdup (features[i]));
}

char **
ibb_capabilities_dup_features (const char *const *of_services, const char *const *added)
{
  GPtrArray *all = g_ptr_array_new ();

  ibb_capabilities_collect (all, own_features);
  ibb_capabilities_collect (all, of_services);
  ibb_capabilities_collect (all, added);
  g_ptr_array_add (all, NULL);
  return (char **) g_ptr_array_free (all, FALSE);
}

char **
ibb_capabilities_dup_all_features (const char *const *added)
{
  static const char *const of_services[] = { IBB_FEATURE_NAMESPACE, IBB_NAMESPACE, NULL };

  return ibb_capabilities_dup_features (of_services, added);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static char *
dup_sha1 (const char *text)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA1);
  guint8                digest[20];
  gsize                 length = sizeof digest;

  g_checksum_update (checksum, (const guchar *) text, -1);
  g_checksum_get_digest (checksum, digest, &length);
  return g_base64_encode (digest, length);
}

/* The language of an identity stands between its type and its name. Ours has no language. */
char *
ibb_capabilities_hash (const char *identity, const char *const *features)
{
  g_auto (GStrv)       parts = g_strsplit (identity, "/", 3);
  g_autoptr (GString)  text = g_string_new (NULL);
  g_autofree gpointer *sorted = NULL;
  gsize                n = g_strv_length ((char **) features);

  g_assert (g_strv_length (parts) == 3);

  sorted = g_memdup2 (features, (n + 1) * sizeof *sorted);
  qsort (sorted, n, sizeof *sorted, compare);
  g_string_append_printf (text, "%s/%s//%s<", parts[0], parts[1], parts[2]);
  for (gsize i = 0; i < n; i++)
    g_string_append_printf (text, "%s<", (const char *) sorted[i]);
  return dup_sha1 (text->str);
}

char *
ibb_capabilities_dup_ver (const char *identity, const char *const *added)
{
  g_auto (GStrv) features = ibb_capabilities_dup_all_features (added);

  return ibb_capabilities_hash (identity, (const char *const *) features);
}

gboolean
ibb_capabilities_has_node (const char *identity, const char *const *added, const char *node)
{
  g_autofree char *ver = ibb_capabilities_dup_ver (identity, added);
  g_autofree char *ours = g_strconcat (IBB_CAPABILITIES_NODE "#", ver, NULL);

  return strcmp (node, ours) == 0;
}
