/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime/answer.h"

#include "stanza/namespaces.h"

gboolean
ibb_answer_is_disco_query (const IBBStanza *stanza)
{
  return stanza->payload == IBB_PAYLOAD_DISCO_QUERY && ibb_stanza_record_is_kind (stanza, "get");
}

static IBBStanza *
new_disco_info (const IBBStanza *request, const char *identity, const char *const *features)
{
  g_autoptr (GStrvBuilder) all = g_strv_builder_new ();
  g_autoptr (GStrvBuilder) identities = g_strv_builder_new ();
  IBBStanza               *answer = ibb_stanza_record_new_result (request);

  g_strv_builder_add (all, IBB_DISCO_INFO_NAMESPACE);
  g_strv_builder_add (all, IBB_PING_NAMESPACE);
  if (features != NULL)
    g_strv_builder_addv (all, (const char **) features);
  g_strv_builder_add (identities, identity);
  answer->payload = IBB_PAYLOAD_DISCO_INFO;
  answer->features = g_strv_builder_end (all);
  answer->identities = g_strv_builder_end (identities);

  return answer;
}

IBBStanza *
ibb_answer_new (const IBBStanza *request, const char *identity, const char *const *features)
{
  if (ibb_answer_is_disco_query (request))
    return new_disco_info (request, identity, features);
  if (request->payload == IBB_PAYLOAD_PING && ibb_stanza_record_is_kind (request, "get"))
    return ibb_stanza_record_new_result (request);
  return NULL;
}

IBBStanza *
ibb_answer_new_refusal (const IBBStanza *stanza, IBBCondition condition)
{
  if (stanza->name != IBB_STANZA_IQ ||
      !(ibb_stanza_record_is_kind (stanza, "get") || ibb_stanza_record_is_kind (stanza, "set")))
    return NULL;

  return ibb_stanza_record_new_error (stanza, condition, ibb_condition_get_default_type (condition),
                                      NULL);
}
