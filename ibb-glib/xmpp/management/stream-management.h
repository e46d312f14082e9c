/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Stream management (XEP-0198): what the server says of it, and whether it would resume the
 * XML stream. On the worker.
 */

#pragma once

#include "xmpp/management/acknowledger.h"
#include "xmpp/management/outbox.h"
#include "xmpp/management/resumption.h"
#include "xmpp/stream/element.h"

typedef struct _IBBStreamManagement IBBStreamManagement;

typedef enum
{
  IBB_STREAM_MANAGEMENT_NOTHING,
  IBB_STREAM_MANAGEMENT_ACKNOWLEDGED,
  IBB_STREAM_MANAGEMENT_REFUSED, /* the server will never acknowledge */
} IBBStreamManagementNews;

IBBStreamManagement *ibb_stream_management_new (IBBOutbox *outbox, IBBAcknowledger *acknowledger);
void                 ibb_stream_management_free (IBBStreamManagement *self);

/* Takes an element of the XML stream. The awaited stanzas that the element settles go to awaited.
 * An impossible count ends the XML stream. */
IBBStreamManagementNews ibb_stream_management_handle (IBBStreamManagement *self,
                                                      IBBXmlStream        *stream,
                                                      const IBBElement    *element,
                                                      GQueue              *awaited);
/* Whether the server grants a resumption. */
gboolean ibb_stream_management_can_resume (IBBStreamManagement *self);
/* Fills a copy, to be cleared by the caller, but for the certificate. */
void ibb_stream_management_get_resumption (IBBStreamManagement *self, IBBResumption *resumption);
void ibb_stream_management_suspend (IBBStreamManagement *self);
/* Goes on with stream, on which the server had handled h stanzas. FALSE: it cannot have
 * handled so many, which ends the XML stream. */
gboolean ibb_stream_management_resume (IBBStreamManagement *self,
                                       IBBXmlStream        *stream,
                                       guint32              h,
                                       GQueue              *awaited);
/* The login is over. */
void ibb_stream_management_reset (IBBStreamManagement *self);
