/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A text as a picture that a camera reads: a QR code of half blocks. */

#pragma once

#include <glib.h>

/* fd: where it is shown. G_IO_ERROR_NOT_SUPPORTED: the command was built without libqrencode, or
 * the locale has no blocks. G_IO_ERROR_NO_SPACE: the text is too long, or the terminal too narrow.
 */
char *tool_qr_draw (const char *text, int fd, GError **error);
