/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The XML that a client sends by itself, as no service and no application asks for it: the
 * elements of an XML stream (RFC 6120), of its management (XEP-0198), and a login's own
 * stanzas. Each function returns new text.
 */

#pragma once

#include <glib.h>

#include "xmpp/stream/stream-namespaces.h"

/* The XML stream (RFC 6120 §4). */
/* from (nullable): the account, for servers whose offers depend on it. */
char *ibb_stream_xml_dup_header (const char *from, const char *to);
/* The header of a component, and its answer to the header of the server (XEP-0114 §3). */
char *ibb_stream_xml_dup_component_header (const char *to);
char *ibb_stream_xml_dup_handshake (const char *digest);
#define IBB_STREAM_XML_END "</stream:stream>"
/* The end of the XML stream has to follow. detail (nullable): XML beside the condition. is_framed:
 * it goes over a WebSocket, and declares its namespace itself. */
char *ibb_stream_xml_dup_error (const char *condition, const char *detail, gboolean is_framed);
/* The header and the end over a WebSocket, of which each message is one element (RFC 7395
 * §3.3). */
char *ibb_stream_xml_dup_framed_header (const char *from, const char *to);
#define IBB_STREAM_XML_FRAMED_END "<close xmlns='" IBB_FRAMING_NAMESPACE "'/>"
/* What a parser has to read before those messages: a start tag that declares the prefix
 * of the XML stream. It is never sent. */
#define IBB_STREAM_XML_PARSER_HEADER "<stream:stream xmlns:stream='" IBB_STREAM_NAMESPACE "'>"
/* Declares the namespace of the stanza at start, which no header of a WebSocket names. Other
 * elements declare theirs. */
void ibb_stream_xml_qualify (GByteArray *xml, guint start);
/* A start tag of an XML stream that declares these namespaces: prefix or NULL, URI, … */
char *
ibb_stream_xml_dup_declarations (const char *prefix, int n_namespaces, const char **namespaces);

/* STARTTLS and SASL (RFC 6120 §5, §6); the texts are base64, or "=". */
#define IBB_STREAM_XML_STARTTLS "<starttls xmlns='" IBB_TLS_NAMESPACE "'/>"
char *ibb_stream_xml_dup_auth (const char *mechanism, const char *text);
/* namespace: of SASL or of SASL2. */
char *ibb_stream_xml_dup_response (const char *namespace, const char *text);

/* SASL2 (XEP-0388). initial is base64, and empty for an empty message; user_agent_id is
 * (nullable); inner is the XML of what is asked for along with the login. */
char *ibb_stream_xml_dup_authenticate (const char *mechanism,
                                       const char *initial,
                                       const char *user_agent_id,
                                       const char *inner);
/* A part of that: the binding of a resource that the server chooses (XEP-0386), with
 * acknowledgements (XEP-0198) if enable. */
char *ibb_stream_xml_dup_bind2 (gboolean enable);
/* Others: that the login is by a token (XEP-0484), and the request for one. No count is sent: it is
 * for data that TLS may carry twice (XEP-0484 §3.4), which the client does not send. */
#define IBB_STREAM_XML_FAST "<fast xmlns='" IBB_FAST_NAMESPACE "'/>"
char *ibb_stream_xml_dup_request_token (const char *mechanism);

/* The binding of a resource (RFC 6120 §7), and the session of RFC 3921 §3. resource is
 * (nullable). */
char *ibb_stream_xml_dup_bind (const char *id, const char *resource);
char *ibb_stream_xml_dup_session (const char *id);

/* Presence, with what the client can do (XEP-0115). A priority of 0 need not be told. */
char *ibb_stream_xml_dup_presence (int priority, const char *node, const char *ver);

/* Stream management (XEP-0198). */
#define IBB_STREAM_XML_ENABLE "<enable xmlns='" IBB_MANAGEMENT_NAMESPACE "' resume='true'/>"
#define IBB_STREAM_XML_REQUEST "<r xmlns='" IBB_MANAGEMENT_NAMESPACE "'/>"
char *ibb_stream_xml_dup_acknowledgement (guint32 h);
char *ibb_stream_xml_dup_resume (const char *id, guint32 h);
/* A detail of a stream error. */
char *ibb_stream_xml_dup_count_too_high (guint32 h, guint32 sent);
