/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime/answer.h"

#include <string.h>

#include "ibb-connection-private.h"
#include "runtime/capabilities.h"
#include "stanza/stream-xml.h"

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
  IBBStanza *answer = ibb_stanza_record_new_result (request);
  char      *xml = ibb_stream_xml_dup_version (IBB_CAPABILITIES_NAME, PACKAGE_VERSION);

  answer->xml = g_bytes_new_take (xml, strlen (xml));
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
        return new_disco_info (request, identity, ibb_capabilities_dup_features (features));
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

IBBStanza *
ibb_answer_create (IBBConnection *connection, const IBBStanza *request)
{
  g_autofree char *own_identity = NULL;
  g_auto (GStrv)   features = NULL;
  g_auto (GStrv)   added = NULL;

  if (request->payload == IBB_PAYLOAD_DISCO_QUERY)
    {
      own_identity = ibb_connection_dup_identity (connection);
      features = ibb_connection_dup_features (connection);
      added = ibb_connection_dup_own_features (connection);
    }
  return ibb_answer_new (request, own_identity, (const char *const *) features,
                         (const char *const *) added);
}
