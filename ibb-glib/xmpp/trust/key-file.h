/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The certificate of this installation with its private key, in a file. */

#pragma once

#include <gio/gio.h>

/* Makes the file if it does not exist: readable for its owner only, with a key of its own. */
GTlsCertificate *ibb_key_file_load (const char *path, GError **error);
