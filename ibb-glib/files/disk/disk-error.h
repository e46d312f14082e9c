/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a call of the disk failed with, as an error. */

#pragma once

#include <gio/gio.h>

/* The code of G_IO_ERROR, from which ibb_reason_from_error () finds what the peer learns. */
int ibb_disk_error_get_code (int failure);
