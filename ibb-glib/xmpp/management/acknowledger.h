/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Counts the stanzas that were handled here, and acknowledges them to the server
 * (XEP-0198 §4). On the worker.
 */

#pragma once

#include "xmpp/stream/xml-stream.h"

typedef struct _IBBAcknowledger IBBAcknowledger;

IBBAcknowledger *ibb_acknowledger_new (GMainContext *context);
void             ibb_acknowledger_free (IBBAcknowledger *self);

/* The server counts from now on. */
void ibb_acknowledger_start (IBBAcknowledger *self, IBBXmlStream *stream);
/* The count stays, for the XML stream that resumes this one. */
void ibb_acknowledger_stop (IBBAcknowledger *self);
void ibb_acknowledger_resume (IBBAcknowledger *self, IBBXmlStream *stream);

void ibb_acknowledger_note_handled (IBBAcknowledger *self);
void ibb_acknowledger_note_request (IBBAcknowledger *self);
/* After a piece of input: answers the requests in it, at once or a little later. */
void ibb_acknowledger_answer (IBBAcknowledger *self);
/* Call this before the end of the XML stream: sends an acknowledgement, requested or not, unless
 * much waits for a server that does not read. */
void    ibb_acknowledger_send_last (IBBAcknowledger *self);
guint32 ibb_acknowledger_get_handled (IBBAcknowledger *self);
