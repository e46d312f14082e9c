/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/sasl2.h"

#include "core/jid.h"
#include "ibb-error.h"
#include "ibb-intl-private.h"
#include "stanza/namespaces.h"
#include "stanza/stream-xml.h"

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
  const IBBElement *inner = ibb_element_get_child (bind, "inline", IBB_BIND2_NAMESPACE);

  for (guint i = 0; inner != NULL && inner->children != NULL && i < inner->children->len; i++)
    {
      const IBBElement *feature = g_ptr_array_index (inner->children, i);

      if (ibb_element_is (feature, "feature", IBB_BIND2_NAMESPACE) &&
          g_strcmp0 (ibb_element_get_attribute (feature, "var"), IBB_MANAGEMENT_NAMESPACE) == 0)
        return TRUE;
    }

  return FALSE;
}

/* Either a resumption or a resource: a resumed stream keeps the one that it has, and a refused
 * resumption ends the attempt. */
static char *
dup_requests (const IBBElement *offer, const IBBSasl2Wishes *wishes)
{
  const IBBElement *inner = ibb_element_get_child (offer, "inline", IBB_SASL2_NAMESPACE);
  const IBBElement *bind;

  if (inner == NULL)
    return g_strdup ("");
  if (wishes->resumption != NULL)
    {
      if (ibb_element_get_child (inner, "sm", IBB_MANAGEMENT_NAMESPACE) == NULL)
        return g_strdup ("");
      return ibb_stream_xml_dup_resume (wishes->resumption->id, wishes->resumption->h);
    }

  bind = ibb_element_get_child (inner, "bind", IBB_BIND2_NAMESPACE);
  if (bind == NULL || !wishes->binds)
    return g_strdup ("");
  return ibb_stream_xml_dup_bind2 (wishes->confirms && offers_management (bind));
}

char *
ibb_sasl2_dup_authenticate (const IBBElement     *offer,
                            const IBBSasl2Wishes *wishes,
                            const char           *mechanism,
                            const char           *initial,
                            const char           *more)
{
  g_autofree char *requests = dup_requests (offer, wishes);
  g_autofree char *inner = g_strconcat (requests, more, NULL);

  /* SASL2 writes an empty message as an empty element (XEP-0388 §2.2). */
  return ibb_stream_xml_dup_authenticate (mechanism, g_str_equal (initial, "=") ? "" : initial,
                                          wishes->user_agent_id, inner);
}

/* The answers. */

const char *
ibb_sasl2_get_proof (const IBBElement *success)
{
  const IBBElement *proof = ibb_element_get_child (success, "additional-data", IBB_SASL2_NAMESPACE);

  return proof != NULL ? proof->text->str : NULL;
}

static IBBElement *
take_management (IBBElement *bound)
{
  IBBElement *enabled = ibb_element_take_child (bound, "enabled", IBB_MANAGEMENT_NAMESPACE);

  return enabled != NULL ? enabled
                         : ibb_element_take_child (bound, "failed", IBB_MANAGEMENT_NAMESPACE);
}

static IBBElement *
take_resumption (IBBElement *success)
{
  IBBElement *resumed = ibb_element_take_child (success, "resumed", IBB_MANAGEMENT_NAMESPACE);

  return resumed != NULL ? resumed
                         : ibb_element_take_child (success, "failed", IBB_MANAGEMENT_NAMESPACE);
}

static gboolean
is_bound_jid (const IBBElement *jid)
{
  g_autofree char *normal = jid != NULL ? ibb_jid_normalize (jid->text->str) : NULL;

  return normal != NULL && ibb_jid_get_resource (normal) != NULL;
}

gboolean
ibb_sasl2_take_outcome (IBBElement      *success,
                        const char      *domain,
                        IBBSasl2Outcome *outcome,
                        GError         **error)
{
  IBBElement *bound = ibb_element_get_child (success, "bound", IBB_BIND2_NAMESPACE);
  IBBElement *jid =
      ibb_element_get_child (success, "authorization-identifier", IBB_SASL2_NAMESPACE);

  outcome->resumption = take_resumption (success);
  if (outcome->resumption != NULL)
    g_debug ("With the login came <%s/>", outcome->resumption->name);
  if (bound == NULL)
    return TRUE;

  if (!is_bound_jid (jid))
    {
      g_set_error (error, IBB_ERROR, IBB_ERROR_PROTOCOL,
                   _ ("The server of “%s” did not report the bound address"), domain);
      return FALSE;
    }
  outcome->jid = g_strdup (jid->text->str);
  outcome->management = take_management (bound);
  if (outcome->management != NULL)
    g_debug ("With the login came <%s/>", outcome->management->name);
  return TRUE;
}

void
ibb_sasl2_outcome_clear (IBBSasl2Outcome *self)
{
  g_clear_pointer (&self->jid, g_free);
  g_clear_pointer (&self->management, ibb_element_free);
  g_clear_pointer (&self->resumption, ibb_element_free);
}
