/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The commands of ibb. Each takes its own arguments, argv[0] being its name,
 * and returns the exit status, or TOOL_EXIT_SIGNAL and the number of a signal.
 */

#pragma once

#include <glib.h>

#define TOOL_EXIT_DONE 0    /* every byte delivered */
#define TOOL_EXIT_FAILED 1  /* said why in one line */
#define TOOL_EXIT_USAGE 2   /* the command line makes no sense */
#define TOOL_EXIT_REFUSED 3 /* the server refuses the login, and would refuse the next one */
/* Plus its number: a signal is to end the process. Shells count in the same way. */
#define TOOL_EXIT_SIGNAL 128

int tool_send (int argc, char **argv);
int tool_receive (int argc, char **argv);
int tool_cat (int argc, char **argv);
int tool_listen (int argc, char **argv);
int tool_forward (int argc, char **argv);
int tool_expose (int argc, char **argv);
int tool_doctor (int argc, char **argv);
int tool_demo (int argc, char **argv);
int tool_key (int argc, char **argv);
