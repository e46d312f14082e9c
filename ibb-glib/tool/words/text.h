/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Texts for people and for programs. */

#pragma once

#include <glib.h>

char    *tool_text_make_printable (const char *text);
char    *tool_text_to_locale (const char *text);
char    *tool_text_as_shown (const char *text);
char    *tool_text_escape_json (const char *text);
gsize    tool_text_get_width (const char *text);
char    *tool_text_shorten (const char *text, gsize columns);
char    *tool_text_format_duration (double seconds);
char    *tool_text_format_whole_duration (double seconds);
char    *tool_text_format_rate (guint64 bytes, double seconds);
gboolean tool_text_normalize_fingerprint (char **fingerprint);

void
tool_text_append_wrapped (GString *out, const char *text, gsize column, gsize indent, gsize width);

const char *tool_text_find_meant (const char *typed, const char *const *words);
