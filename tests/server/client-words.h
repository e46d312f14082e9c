/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The words of a script of client-script.c. */

#pragma once

#include "../lib/script-reader.h"

/* A case while it runs. */
typedef struct _ClientRun ClientRun;

ClientRun *client_run_new (void);
/* Logs out. */
void client_run_free (ClientRun *self);
/* Prints what both ends have said, also while a wait of the case hangs. */
void client_run_describe (const ClientRun *self);
/* FALSE if there is no such word. */
gboolean client_run_call (ClientRun *self, const char *name, Words *words);
