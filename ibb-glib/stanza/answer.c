/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "stanza/answer.h"

#include <string.h>

#include "stanza/capabilities.h"
#include "stanza/namespaces.h"

static IBBStanza *
new_disco_info (const IBBStanza *request, const char *identity, char **features)
{
  const char *const identities[] = { identity, NULL };
  IBBStanza        *answer = ibb_stanza_record_new_result (request);

  answer->payload = IBB_PAYLOAD_DISCO_INFO;
  answer->node = g_strdup (request->node);
  answer->features = features;
  answer->identities = g_strdupv ((char **) identities);
  return answer;
}

static IBBStanza *
new_version (const IBBStanza *request)
{
  static const char xml[] = "><query xmlns='" IBB_VERSION_NAMESPACE "'><name>" IBB_CAPABILITIES_NAME
                            "</name><version>" PACKAGE_VERSION "</version></query>";
  IBBStanza *answer = ibb_stanza_record_new_result (request);

  /* What follows the attributes of the answer. */
  answer->xml = g_bytes_new_static (xml, strlen (xml));
  return answer;
}

IBBStanza *
ibb_answer_new (const IBBStanza   *request,
                const char        *identity,
                const char *const *features,
                const char *const *added)
{
  if (!ibb_stanza_record_is_kind (request, "get"))
    return NULL;

  switch (request->payload)
    {
    case IBB_PAYLOAD_DISCO_QUERY:
      if (request->node == NULL)
        return new_disco_info (request, identity, ibb_capabilities_dup_features (features, NULL));
      if (ibb_capabilities_has_node (identity, added, request->node))
        return new_disco_info (request, identity, ibb_capabilities_dup_all_features (added));
      return NULL;
    case IBB_PAYLOAD_PING:
      return ibb_stanza_record_new_result (request);
    case IBB_PAYLOAD_VERSION:
      return new_version (request);
    default:
      return NULL;
    }
}
