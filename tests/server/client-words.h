/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A case of client-script.c while it runs: a client, its server, and what the words do. */

#pragma once

#include <glib.h>

typedef struct _ClientRun ClientRun;

/* definitions: (element-type utf8 utf8): the texts that %NAME stands for, to which words add. */
ClientRun *client_run_new (GHashTable *definitions);
/* Logs out, and looks at all that the client has sent. */
void client_run_free (ClientRun *self);
/* FALSE if there is no such word. text: what comes behind it; line: the statement as it stands in
 * the script. */
gboolean client_run_call (ClientRun *self, const char *name, const char *text, const char *line);
