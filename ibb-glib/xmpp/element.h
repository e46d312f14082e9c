/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A small tree for what is not a stanza: stream features, SASL, STARTTLS,
 * stream errors, and the IQs of resource binding. Bounded by the parser.
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define IBB_CLIENT_NAMESPACE "jabber:client"
#define IBB_STREAM_NAMESPACE "http://etherx.jabber.org/streams"
#define IBB_STREAM_ERROR_NAMESPACE "urn:ietf:params:xml:ns:xmpp-streams"
#define IBB_STANZA_ERROR_NAMESPACE "urn:ietf:params:xml:ns:xmpp-stanzas"
#define IBB_TLS_NAMESPACE "urn:ietf:params:xml:ns:xmpp-tls"
#define IBB_SASL_NAMESPACE "urn:ietf:params:xml:ns:xmpp-sasl"
#define IBB_BIND_NAMESPACE "urn:ietf:params:xml:ns:xmpp-bind"
#define IBB_SESSION_NAMESPACE "urn:ietf:params:xml:ns:xmpp-session"
#define IBB_CHANNEL_BINDING_NAMESPACE "urn:xmpp:sasl-cb:0" /* XEP-0440 */
#define IBB_LIMITS_NAMESPACE "urn:xmpp:stream-limits:0"    /* XEP-0478 */
#define IBB_MANAGEMENT_NAMESPACE "urn:xmpp:sm:3"           /* XEP-0198 */

typedef struct _IBBElement IBBElement;

struct _IBBElement
{
  char *name;
  char *namespace;
  char   **attributes;  /* (array zero-terminated=1): name, value, …; those without a namespace */
  GString *text;        /* its own text, that of children not included */
  GPtrArray  *children; /* (element-type IBBElement) */
  IBBElement *parent;   /* (nullable) (transfer none) */
};

IBBElement *ibb_element_new (const char *name, const char *namespace, IBBElement *parent);
void        ibb_element_free (IBBElement *self);
gboolean    ibb_element_is (const IBBElement *self, const char *name, const char *namespace);
const char *ibb_element_get_attribute (const IBBElement *self, const char *name);
IBBElement *ibb_element_get_child (const IBBElement *self, const char *name, const char *namespace);

/* The condition that a stream error, a SASL failure or a stanza error names:
 * its first child in that namespace that is not <text/>. */
const char *ibb_element_get_condition (const IBBElement *self, const char *namespace);
/* The text beside it, or NULL; cut to a length fit for a message. */
char *ibb_element_dup_condition_text (const IBBElement *self, const char *namespace);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBElement, ibb_element_free)

G_END_DECLS
