/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What --help prints, in lines that fit a terminal of 80 columns in each language, and the same
 * options for the completion scripts of shells. GOption neither wraps lines nor groups options.
 */

#pragma once

#include <glib.h>

typedef struct _ToolHelp ToolHelp;

/* The words that an option takes as its value. */
typedef struct
{
  const char *option;
  const char *words; /* with spaces between them */
} ToolHelpChoice;

ToolHelp *tool_help_new (void);
void      tool_help_free (ToolHelp *self);

void tool_help_add_paragraph (ToolHelp *self, const char *text);
void tool_help_add_title (ToolHelp *self, const char *title);
void tool_help_add_row (ToolHelp *self, const char *label, const char *text);
void tool_help_add_options (ToolHelp *self, const char *title, const GOptionEntry *entries);

void tool_help_print (ToolHelp *self);
void tool_help_print_options (ToolHelp *self, const ToolHelpChoice *choices, gsize n_choices);
/* (nullable): the option that was probably meant by the first of these that is none. */
const char *tool_help_find_meant (ToolHelp *self, char **arguments);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolHelp, tool_help_free)
