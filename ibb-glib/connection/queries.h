/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The IQ requests of an application that wait for their answers. They listen to their connection.
 * Any thread may call. */

#pragma once

#include "ibb-connection.h"

typedef struct _IBBQueries IBBQueries;

/* Returns the queries of a connection, which owns them. */
IBBQueries *ibb_queries_get (IBBConnection *connection);

/* Takes task, whose source object is the connection. It ends in its context with the answer, an
 * error, or after timeout milliseconds (0: without a limit); the context may be that of another
 * thread, so that the task may have ended when the function returns. Returns the id that the
 * request has to have, (transfer full). peer (nullable): the addressee. */
char *ibb_queries_add (IBBQueries *self, GTask *task, const char *peer, guint timeout);
/* The request with that id could not be sent. error: (transfer full) */
void ibb_queries_end (IBBQueries *self, const char *id, GError *error);
