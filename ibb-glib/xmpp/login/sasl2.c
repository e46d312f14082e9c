/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/login/sasl2.h"

#include "base/intl.h"
#include "core/base/jid.h"
#include "ibb-error.h"
#include "xmpp/login/binding.h"
#include "xmpp/stream/stream-namespaces.h"
#include "xmpp/stream/stream-xml.h"

IBBElement *
ibb_sasl2_get_offer (const IBBElement *features)
{
  return ibb_element_get_child (features, "authentication", IBB_SASL2_NAMESPACE);
}

/* The requests. */

/* Whether acknowledgements can be asked for along with a resource (XEP-0386 §3.1). */
static gboolean
offers_management (const IBBElement *bind)
{
  const IBBElement     *inner = ibb_element_get_child (bind, "inline", IBB_BIND2_NAMESPACE);
  g_autoptr (GPtrArray) features = inner != NULL ? ibb_element_list_children (inner) : NULL;

  for (guint i = 0; features != NULL && i < features->len; i++)
    {
      const IBBElement *feature = g_ptr_array_index (features, i);

      if (ibb_element_is (feature, "feature", IBB_BIND2_NAMESPACE) &&
          g_strcmp0 (ibb_element_get_attribute (feature, "var"), IBB_MANAGEMENT_NAMESPACE) == 0)
        return TRUE;
    }

  return FALSE;
}

/* Requests either a resumption or a resource: a resumed XML stream keeps its resource, and a
 * refused resumption ends the attempt. */
void
ibb_sasl2_get_requests (const IBBElement     *offer,
                        const IBBSasl2Wishes *wishes,
                        IBBSasl2Requests     *requests)
{
  const IBBElement *inner = ibb_element_get_child (offer, "inline", IBB_SASL2_NAMESPACE);
  const IBBElement *bind;

  *requests = (IBBSasl2Requests){ FALSE };
  if (inner == NULL)
    return;
  if (wishes->resumption != NULL)
    {
      requests->resumes = ibb_element_get_child (inner, "sm", IBB_MANAGEMENT_NAMESPACE) != NULL;
      return;
    }

  bind = ibb_element_get_child (inner, "bind", IBB_BIND2_NAMESPACE);
  requests->binds = wishes->binds && bind != NULL;
  requests->confirms = requests->binds && wishes->confirms && offers_management (bind);
}

static char *
dup_requests (const IBBSasl2Requests *requests, const IBBSasl2Wishes *wishes)
{
  if (requests->resumes)
    return ibb_stream_xml_dup_resume (wishes->resumption->id, wishes->resumption->h);
  if (requests->binds)
    return ibb_stream_xml_dup_bind2 (requests->confirms);

  return g_strdup ("");
}

char *
ibb_sasl2_dup_authenticate (const IBBSasl2Requests *requests,
                            const IBBSasl2Wishes   *wishes,
                            const char             *mechanism,
                            const char             *initial,
                            const char             *more)
{
  g_autofree char *asked = dup_requests (requests, wishes);
  g_autofree char *inner = g_strconcat (asked, more, NULL);

  /* SASL2 writes an empty message as an empty element (XEP-0388 §2.2). */
  return ibb_stream_xml_dup_authenticate (mechanism, g_str_equal (initial, "=") ? "" : initial,
                                          wishes->user_agent_id, inner);
}

/* The answers. */

const char *
ibb_sasl2_get_proof (const IBBElement *success)
{
  const IBBElement *proof = ibb_element_get_child (success, "additional-data", IBB_SASL2_NAMESPACE);

  return proof != NULL ? ibb_element_get_text (proof) : NULL;
}

static IBBElement *
take_management (IBBElement *bound)
{
  IBBElement *enabled = ibb_element_dup_child (bound, "enabled", IBB_MANAGEMENT_NAMESPACE);

  return enabled != NULL ? enabled
                         : ibb_element_dup_child (bound, "failed", IBB_MANAGEMENT_NAMESPACE);
}

static IBBElement *
take_resumption (IBBElement *success)
{
  IBBElement *resumed = ibb_element_dup_child (success, "resumed", IBB_MANAGEMENT_NAMESPACE);

  return resumed != NULL ? resumed
                         : ibb_element_dup_child (success, "failed", IBB_MANAGEMENT_NAMESPACE);
}

/* answer (nullable). An answer without a request is not believed: the client has not prepared for
 * what follows, such as the count of stanzas. */
static gboolean
is_asked_for (const IBBElement *answer, gboolean asked, const char *bare_jid, GError **error)
{
  g_autofree char *domain = NULL;

  if (answer == NULL || asked)
    return TRUE;

  domain = ibb_jid_dup_domain (bare_jid);
  g_set_error (error, IBB_ERROR, IBB_ERROR_PROTOCOL,
               _ ("The server of “%s” answered the login with <%s/>, for which it was not asked"),
               domain, ibb_element_get_name (answer));
  return FALSE;
}

static gboolean
check_bound (const IBBElement *success, const char *bare_jid, char **bound_jid, GError **error)
{
  const IBBElement *jid =
      ibb_element_get_child (success, "authorization-identifier", IBB_SASL2_NAMESPACE);

  if (!ibb_binding_check (jid != NULL ? ibb_element_get_text (jid) : NULL, bare_jid, error))
    return FALSE;

  *bound_jid = g_strdup (ibb_element_get_text (jid));
  return TRUE;
}

gboolean
ibb_sasl2_take_outcome (IBBElement             *success,
                        const IBBSasl2Requests *requests,
                        const char             *bare_jid,
                        IBBSasl2Outcome        *outcome,
                        GError                **error)
{
  IBBElement *bound = ibb_element_get_child (success, "bound", IBB_BIND2_NAMESPACE);

  outcome->resumption = take_resumption (success);
  outcome->management = bound != NULL ? take_management (bound) : NULL;
  if (outcome->resumption != NULL)
    g_debug ("With the login came <%s/>", ibb_element_get_name (outcome->resumption));
  if (outcome->management != NULL)
    g_debug ("With the login came <%s/>", ibb_element_get_name (outcome->management));

  if (is_asked_for (outcome->resumption, requests->resumes, bare_jid, error) &&
      is_asked_for (bound, requests->binds, bare_jid, error) &&
      is_asked_for (outcome->management, requests->confirms, bare_jid, error) &&
      (bound == NULL || check_bound (success, bare_jid, &outcome->jid, error)))
    return TRUE;

  ibb_sasl2_outcome_clear (outcome);
  return FALSE;
}

void
ibb_sasl2_outcome_clear (IBBSasl2Outcome *self)
{
  g_clear_pointer (&self->jid, g_free);
  g_clear_pointer (&self->management, ibb_element_unref);
  g_clear_pointer (&self->resumption, ibb_element_unref);
}
