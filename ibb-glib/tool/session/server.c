/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/session/server.h"

#define QUERY_TIMEOUT 10000 /* ms */
#define N_PINGS 3

#define VERSION_NAMESPACE "jabber:iq:version"
#define PING_NAMESPACE "urn:xmpp:ping"

static IBBStanza *
query (IBBConnection *connection,
       const char    *domain,
       const char    *name,
       const char    *xmlns,
       GCancellable  *cancellable,
       GError       **error)
{
  g_autofree char *xml =
      g_markup_printf_escaped ("<iq type='get' to='%s'><%s xmlns='%s'/></iq>", domain, name, xmlns);
  g_autoptr (IBBStanza) stanza = ibb_stanza_new_from_xml (xml, -1, error);

  if (stanza == NULL)
    return NULL;
  return ibb_connection_query (connection, stanza, QUERY_TIMEOUT, cancellable, error);
}

static const char *
get_text (const IBBElement *element, const char *name)
{
  const IBBElement *child = ibb_element_get_child (element, name, VERSION_NAMESPACE);

  return child != NULL ? ibb_element_get_text (child) : "";
}

char *
tool_server_dup_software (IBBConnection *connection, const char *domain, GCancellable *cancellable)
{
  g_autoptr (IBBStanza) answer =
      query (connection, domain, "query", VERSION_NAMESPACE, cancellable, NULL);
  g_autoptr (IBBElement) element = answer != NULL ? ibb_stanza_dup_element (answer) : NULL;
  const IBBElement      *version =
      element != NULL ? ibb_element_get_child (element, "query", VERSION_NAMESPACE) : NULL;

  if (version == NULL)
    return NULL;
  return g_strstrip (
      g_strdup_printf ("%s %s", get_text (version, "name"), get_text (version, "version")));
}

gint64
tool_server_measure_round_trip (IBBConnection *connection,
                                const char    *domain,
                                GCancellable  *cancellable,
                                GError       **error)
{
  gint64 best = G_MAXINT64;

  for (int i = 0; i < N_PINGS; i++)
    {
      gint64                start = g_get_monotonic_time ();
      g_autoptr (GError)    refusal = NULL;
      g_autoptr (IBBStanza) answer =
          query (connection, domain, "ping", PING_NAMESPACE, cancellable, &refusal);

      /* A server without XEP-0199 answers with an error, in the same time. */
      if (answer == NULL && refusal->domain != IBB_ERROR)
        {
          g_propagate_error (error, g_steal_pointer (&refusal));
          return -1;
        }
      best = MIN (best, g_get_monotonic_time () - start);
    }
  return best;
}
