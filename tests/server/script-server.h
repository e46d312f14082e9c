/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The words of a script of client-script.c for its server. */

#pragma once

#include "../lib/script-reader.h"
#include "fake-server.h"

typedef struct
{
  FakeServer *server; /* (owned): what is said and expected */
  FakeServer *home;   /* (owned) (nullable): another one, which is not spoken to */
  GPtrArray  *counts; /* (element-type utf8): "N TEXT", as often as the client sends it */
  guint       n_pings;
} ScriptServer;

ScriptServer *script_server_new (void);
/* Looks at all that the client has sent. */
void script_server_free (ScriptServer *self);
/* From now on %PORT, and what is said and expected, are those of a new server. name: of a
 * certificate with which the server speaks TLS from the start, or "". */
void script_server_start (ScriptServer *self, const char *name);
/* FALSE if there is no such word. */
gboolean script_server_call (ScriptServer *self, const char *name, Words *words);
