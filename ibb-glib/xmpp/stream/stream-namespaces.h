/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The namespaces of XML streams, their management and logins; and with them those of stanzas. */

#pragma once

#include "stanza/namespaces.h"

#define IBB_STREAM_NAMESPACE "http://etherx.jabber.org/streams"
#define IBB_FRAMING_NAMESPACE "urn:ietf:params:xml:ns:xmpp-framing" /* RFC 7395 */
#define IBB_STREAM_ERROR_NAMESPACE "urn:ietf:params:xml:ns:xmpp-streams"
#define IBB_TLS_NAMESPACE "urn:ietf:params:xml:ns:xmpp-tls"
#define IBB_SASL_NAMESPACE "urn:ietf:params:xml:ns:xmpp-sasl"
#define IBB_SASL2_NAMESPACE "urn:xmpp:sasl:2" /* XEP-0388 */
#define IBB_BIND_NAMESPACE "urn:ietf:params:xml:ns:xmpp-bind"
#define IBB_BIND2_NAMESPACE "urn:xmpp:bind:0" /* XEP-0386 */
#define IBB_FAST_NAMESPACE "urn:xmpp:fast:0"  /* XEP-0484 */
#define IBB_SESSION_NAMESPACE "urn:ietf:params:xml:ns:xmpp-session"
#define IBB_CHANNEL_BINDING_NAMESPACE "urn:xmpp:sasl-cb:0" /* XEP-0440 */
#define IBB_LIMITS_NAMESPACE "urn:xmpp:stream-limits:0"    /* XEP-0478 */
#define IBB_MANAGEMENT_NAMESPACE "urn:xmpp:sm:3"           /* XEP-0198 */
