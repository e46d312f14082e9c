/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The request to resume an XML stream that broke (XEP-0198 §5). */

#pragma once

#include "xmpp/stream/element.h"
#include "xmpp/stream/xml-stream.h"

typedef struct
{
  char            *id;                   /* of the XML stream */
  guint32          h;                    /* how many of its stanzas were handled here */
  char            *location;             /* (nullable): where the server wants to be met */
  guint            seconds;              /* for how long the server keeps the XML stream */
  GTlsCertificate *accepted_certificate; /* (nullable): of the server, by the application */
} IBBResumption;

typedef enum
{
  IBB_RESUMPTION_GOES_ON,
  IBB_RESUMPTION_DONE,
  IBB_RESUMPTION_REFUSED, /* another attempt would fail too */
} IBBResumptionState;

/* Fills a copy, to be cleared by the caller. */
void ibb_resumption_copy (const IBBResumption *self, IBBResumption *copy);
void ibb_resumption_clear (IBBResumption *self);

void ibb_resumption_send (const IBBResumption *self, IBBXmlStream *stream);
/* Takes an element of the server. h: how many stanzas the server has handled. domain is for
 * messages. */
IBBResumptionState ibb_resumption_handle (const IBBResumption *self,
                                          const IBBElement    *element,
                                          const char          *domain,
                                          guint32             *h,
                                          GError             **error);
