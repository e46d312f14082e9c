/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One of the engine's settings, which the engine reads when it needs it. A setting is given by
 * its offset in IBBSettings. A setter returns whether the value has changed. */

#pragma once

#include "runtime/host.h"

#define IBB_SETTING(member) G_STRUCT_OFFSET (IBBSettings, member)

guint    ibb_setting_get_uint (IBBHost *host, glong setting);
gboolean ibb_setting_set_uint (IBBHost *host, glong setting, guint value);

gboolean ibb_setting_get_boolean (IBBHost *host, glong setting);
gboolean ibb_setting_set_boolean (IBBHost *host, glong setting, gboolean value);

double   ibb_setting_get_double (IBBHost *host, glong setting);
gboolean ibb_setting_set_double (IBBHost *host, glong setting, double value);

guint64  ibb_setting_get_size (IBBHost *host, glong setting);
gboolean ibb_setting_set_size (IBBHost *host, glong setting, guint64 value);
