/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Names of files that are as long as a file system takes them. */

#pragma once

#include <glib.h>

#define IBB_FILE_NAME_MAX 255   /* bytes */
#define IBB_FILE_NAMES_MAX 1000 /* that are tried where files have the name already */

/* The name with the text, such as “ (2)” or nothing, before its suffix: “letter (2).pdf”. A name
 * that is too long is cut before the text, between two characters. */
char *ibb_file_name_insert (const char *name, const char *text);
/* What a file is called of which others have the name already: 1 has the name itself. */
char *ibb_file_name_number (const char *name, guint number);
