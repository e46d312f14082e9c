/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The binding of a resource (RFC 6120 §7), which gives the login its address. */

#pragma once

#include "xmpp/stream/element.h"
#include "xmpp/stream/xml-stream.h"

typedef struct _IBBBinding IBBBinding;

struct _IBBBinding
{
  IBBXmlStream *stream;
  char         *bare_jid;
  char         *domain;        /* of bare_jid, for messages */
  char         *resource;      /* (nullable) */
  char         *jid;           /* (nullable): once it is bound */
  gboolean      needs_session; /* RFC 3921 §3: the server still requires the request for one */
};

typedef enum
{
  IBB_BINDING_GOES_ON,
  IBB_BINDING_DONE,
  IBB_BINDING_FAILED,
} IBBBindingState;

/* Sends the first request. bare_jid: of the account, or the domain of one that the server makes;
 * resource (nullable): the one to ask for. NULL: the features of the server offer no binding. */
IBBBinding *ibb_binding_new (IBBXmlStream     *stream,
                             const IBBElement *features,
                             const char       *bare_jid,
                             const char       *resource,
                             GError          **error);
void        ibb_binding_free (IBBBinding *self);
/* Takes an element of the server, and answers it if it has to. */
IBBBindingState ibb_binding_handle (IBBBinding *self, const IBBElement *element, GError **error);

/* Whether a server may give a login of the account bare_jid that address (nullable): one with a
 * resource, and of the same account, as the server writes it. A login without a name, whose
 * bare_jid is only a domain, takes any account. Error: IBB_ERROR_PROTOCOL. */
gboolean ibb_binding_check (const char *jid, const char *bare_jid, GError **error);
