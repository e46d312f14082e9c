/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/login/binding.h"

#include <string.h>

#include "base/ibb-error-private.h"
#include "base/intl.h"
#include "core/base/jid.h"
#include "xmpp/stream/stream-namespaces.h"
#include "xmpp/stream/stream-xml.h"

#define MAX_SHOWN 200 /* characters of an address in the text of an error */
#define BIND_ID "bind"
#define SESSION_ID "session"

static char *
dup_shown (const char *jid)
{
  return g_utf8_substring (jid, 0, MIN (g_utf8_strlen (jid, -1), MAX_SHOWN));
}

/* The server prepares the name that the user has written. D-02 says how the two may differ. */
static gboolean
is_of_account (const char *jid, const char *bare_jid)
{
  g_autofree char *bare = ibb_jid_dup_bare (jid);

  return strchr (bare_jid, '@') == NULL || ibb_jid_resembles (bare, bare_jid);
}

gboolean
ibb_binding_check (const char *jid, const char *bare_jid, GError **error)
{
  g_autofree char *domain = ibb_jid_dup_domain (bare_jid);
  g_autofree char *normal = ibb_jid_normalize (jid);
  g_autofree char *shown = NULL;

  if (normal == NULL || ibb_jid_get_resource (normal) == NULL)
    {
      g_set_error (error, IBB_ERROR, IBB_ERROR_PROTOCOL,
                   _ ("The server of “%s” did not report the bound address"), domain);
      return FALSE;
    }
  if (is_of_account (normal, bare_jid))
    return TRUE;

  shown = dup_shown (normal);
  g_set_error (error, IBB_ERROR, IBB_ERROR_PROTOCOL,
               _ ("The server of “%s” logged “%s” in as “%s”, which is another account: if it is "
                  "yours, log in with that address"),
               domain, bare_jid, shown);
  return FALSE;
}

static void
send_bind (IBBBinding *self)
{
  g_autofree char *text = ibb_stream_xml_dup_bind (BIND_ID, self->resource);

  ibb_xml_stream_set_awaited (self->stream, BIND_ID);
  ibb_xml_stream_send_text (self->stream, text);
}

/* The client ignores the answer, because nobody needs that session. The server handles the request
 * before later ones, and a stanza for the client may come before the answer. */
static void
send_session (IBBBinding *self)
{
  g_autofree char *text = ibb_stream_xml_dup_session (SESSION_ID);

  ibb_xml_stream_send_text (self->stream, text);
}

IBBBinding *
ibb_binding_new (IBBXmlStream     *stream,
                 const IBBElement *features,
                 const char       *bare_jid,
                 const char       *resource,
                 GError          **error)
{
  IBBElement      *session = ibb_element_get_child (features, "session", IBB_SESSION_NAMESPACE);
  g_autofree char *domain = ibb_jid_dup_domain (bare_jid);
  IBBBinding      *self;

  if (ibb_element_get_child (features, "bind", IBB_BIND_NAMESPACE) == NULL)
    {
      g_set_error (error, IBB_ERROR, IBB_ERROR_PROTOCOL,
                   _ ("The server of “%s” offers no resource binding"), domain);
      return NULL;
    }

  self = g_new0 (IBBBinding, 1);
  self->stream = ibb_xml_stream_ref (stream);
  self->bare_jid = g_strdup (bare_jid);
  self->domain = g_steal_pointer (&domain);
  self->resource = g_strdup (resource);
  self->needs_session =
      session != NULL && ibb_element_get_child (session, "optional", IBB_SESSION_NAMESPACE) == NULL;
  send_bind (self);

  return self;
}

void
ibb_binding_free (IBBBinding *self)
{
  ibb_xml_stream_set_awaited (self->stream, NULL);
  ibb_xml_stream_unref (self->stream);
  g_free (self->bare_jid);
  g_free (self->domain);
  g_free (self->resource);
  g_free (self->jid);
  g_free (self);
}

static IBBBindingState
handle_result (IBBBinding *self, const IBBElement *element, GError **error)
{
  IBBElement *bind = ibb_element_get_child (element, "bind", IBB_BIND_NAMESPACE);
  IBBElement *jid = NULL;

  if (bind != NULL)
    jid = ibb_element_get_child (bind, "jid", IBB_BIND_NAMESPACE);
  if (!ibb_binding_check (jid != NULL ? ibb_element_get_text (jid) : NULL, self->bare_jid, error))
    return IBB_BINDING_FAILED;

  self->jid = g_strdup (ibb_element_get_text (jid));
  if (self->needs_session)
    send_session (self);
  return IBB_BINDING_DONE;
}

static IBBBindingState
handle_error (IBBBinding *self, const IBBElement *element, GError **error)
{
  const char      *condition = ibb_element_get_condition (element, IBB_STANZA_ERROR_NAMESPACE);
  g_autofree char *reason =
      ibb_element_dup_reason (element, IBB_STANZA_ERROR_NAMESPACE, IBB_STANZA_ERROR_NAMESPACE);

  /* The resource is taken by another login, or refused: the server chooses one. */
  if (self->resource != NULL &&
      (g_strcmp0 (condition, "conflict") == 0 || g_strcmp0 (condition, "bad-request") == 0 ||
       g_strcmp0 (condition, "not-acceptable") == 0))
    {
      g_clear_pointer (&self->resource, g_free);
      send_bind (self);
      return IBB_BINDING_GOES_ON;
    }

  g_set_error (error, IBB_ERROR, ibb_error_code_from_condition (condition),
               _ ("The server of “%s” did not bind a resource: %s"), self->domain, reason);
  return IBB_BINDING_FAILED;
}

IBBBindingState
ibb_binding_handle (IBBBinding *self, const IBBElement *element, GError **error)
{
  const char *id = ibb_element_get_attribute (element, "id");

  if (!ibb_element_is (element, "iq", IBB_CLIENT_NAMESPACE))
    return IBB_BINDING_GOES_ON;
  if (g_strcmp0 (id, BIND_ID) != 0)
    return IBB_BINDING_GOES_ON;
  if (g_strcmp0 (ibb_element_get_attribute (element, "type"), "result") == 0)
    return handle_result (self, element, error);

  return handle_error (self, element, error);
}
