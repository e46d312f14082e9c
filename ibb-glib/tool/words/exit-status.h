/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How a command ends. */

#pragma once

#define TOOL_EXIT_DONE 0    /* every byte delivered */
#define TOOL_EXIT_FAILED 1  /* said why in one line */
#define TOOL_EXIT_USAGE 2   /* the command line makes no sense */
#define TOOL_EXIT_REFUSED 3 /* the server refuses the login, and would refuse the next one */
/* Plus its number: a signal is to end the process. Shells count in the same way. */
#define TOOL_EXIT_SIGNAL 128
