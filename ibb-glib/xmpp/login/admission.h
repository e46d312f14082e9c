/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How a server admits a component (XEP-0114 §3): by a digest of the identifier of the XML
 * stream and of a secret that both know.
 */

#pragma once

#include "xmpp/stream/element.h"
#include "xmpp/stream/xml-stream.h"

/* Answers the header of the server, unless its identifier is empty: then an error follows. secret:
 * (nullable). FALSE with error set: it lacks the identifier. domain is for messages. */
gboolean ibb_admission_send (IBBXmlStream     *stream,
                             const IBBElement *header,
                             const char       *secret,
                             const char       *domain,
                             GError          **error);
/* Takes the next element. has_id: the header was answered. FALSE with error set: the component is
 * not admitted. */
gboolean ibb_admission_handle (const IBBElement *element,
                               gboolean          has_id,
                               const char       *domain,
                               GError          **error);
/* A <stream:error/> of the server, during the admission or later. */
GError *ibb_admission_to_error (const IBBElement *element, const char *domain);
