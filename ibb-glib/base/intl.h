/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Messages in the language of the user. */

#pragma once

#include <glib.h>

#define _(message) ibb_intl_gettext (message)
/* For a table: only xgettext sees it, and _ () translates it later. */
#define N_(message) (message)

const char *ibb_intl_gettext (const char *message) G_GNUC_FORMAT (1);
