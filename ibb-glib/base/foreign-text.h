/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Text that a peer or a server has written. */

#pragma once

#include <glib.h>

/* Returns the text as valid UTF-8 of bounded length, or NULL if it is empty. */
char *ibb_foreign_text_dup (const char *text);
/* For a message: one line of at most 256 bytes, without control characters, marks of the direction
 * and the quotation marks of messages. NULL for NULL. */
char *ibb_foreign_text_dup_line (const char *text);
/* The same in quotation marks. */
char *ibb_foreign_text_dup_quotation (const char *text);
/* Whether the character could end the line, or change the direction of what is shown: marks of the
 * direction can make “exe.txt” of “txt.exe”. */
gboolean ibb_foreign_text_is_misleading (gunichar c);
/* Whether the character shows nothing by itself: it joins those beside it, or is a part of a flag.
 */
gboolean ibb_foreign_text_is_joiner (gunichar c);
