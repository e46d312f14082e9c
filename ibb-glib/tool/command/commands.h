/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The commands of ibb. Each takes its own arguments, argv[0] being its name,
 * and returns the exit status, or TOOL_EXIT_SIGNAL and the number of a signal.
 */

#pragma once

#include "tool/words/exit-status.h"

int tool_send (int argc, char **argv);
int tool_receive (int argc, char **argv);
int tool_cat (int argc, char **argv);
int tool_listen (int argc, char **argv);
int tool_forward (int argc, char **argv);
int tool_expose (int argc, char **argv);
int tool_doctor (int argc, char **argv);
int tool_demo (int argc, char **argv);
int tool_key (int argc, char **argv);
