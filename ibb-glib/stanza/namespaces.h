/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The namespaces of XMPP, but for those by which the core knows features: they stand in
 * core/base/stanza.h.
 */

#pragma once

#define IBB_CLIENT_NAMESPACE "jabber:client"
#define IBB_SERVER_NAMESPACE "jabber:server"
#define IBB_COMPONENT_NAMESPACE "jabber:component:accept" /* XEP-0114 */
#define IBB_STANZA_ERROR_NAMESPACE "urn:ietf:params:xml:ns:xmpp-stanzas"
#define IBB_DISCO_INFO_NAMESPACE "http://jabber.org/protocol/disco#info"
#define IBB_CAPS_NAMESPACE "http://jabber.org/protocol/caps" /* XEP-0115 */
#define IBB_VERSION_NAMESPACE "jabber:iq:version"            /* XEP-0092 */
#define IBB_PING_NAMESPACE "urn:xmpp:ping"                   /* XEP-0199 */
#define IBB_HINTS_NAMESPACE "urn:xmpp:hints"                 /* XEP-0334 */
