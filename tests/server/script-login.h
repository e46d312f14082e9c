/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The words of a script of client-script.c for the server's side of a password and a token. */

#pragma once

#include "script-server.h"

/* FALSE if there is no such word. */
gboolean script_login_call (ScriptServer *self, const char *name, Words *words);
void     script_login_clear (void);
