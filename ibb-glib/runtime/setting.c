/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime/setting.h"

#include <string.h>

/* The engine and the place of its settings never change. The lock protects the values. */
static gpointer
find (IBBHost *host, glong setting)
{
  return G_STRUCT_MEMBER_P (&host->engine->context->settings, setting);
}

/* The change may let a session go on that waits for room, to send, or for a silent peer. */
static void
unlock (IBBHost *host, gboolean changed)
{
  if (changed)
    {
      ibb_engine_settings_changed (host->engine, g_get_monotonic_time ());
      ibb_host_update_locked (host);
    }
  ibb_host_unlock (host);
}

static void
get (IBBHost *host, glong setting, gpointer value, gsize size)
{
  ibb_host_lock (host);
  memcpy (value, find (host, setting), size);
  ibb_host_unlock (host);
}

static gboolean
set (IBBHost *host, glong setting, gconstpointer value, gsize size)
{
  gpointer member = find (host, setting);
  gboolean changed;

  ibb_host_lock (host);
  changed = memcmp (member, value, size) != 0;
  memcpy (member, value, size);
  unlock (host, changed);
  return changed;
}

guint
ibb_setting_get_uint (IBBHost *host, glong setting)
{
  guint value;

  get (host, setting, &value, sizeof value);
  return value;
}

gboolean
ibb_setting_set_uint (IBBHost *host, glong setting, guint value)
{
  return set (host, setting, &value, sizeof value);
}

gboolean
ibb_setting_get_boolean (IBBHost *host, glong setting)
{
  gboolean value;

  get (host, setting, &value, sizeof value);
  return value;
}

gboolean
ibb_setting_set_boolean (IBBHost *host, glong setting, gboolean value)
{
  gboolean normal = !!value;

  return set (host, setting, &normal, sizeof normal);
}

double
ibb_setting_get_double (IBBHost *host, glong setting)
{
  double value;

  get (host, setting, &value, sizeof value);
  return value;
}

gboolean
ibb_setting_set_double (IBBHost *host, glong setting, double value)
{
  return set (host, setting, &value, sizeof value);
}

guint64
ibb_setting_get_size (IBBHost *host, glong setting)
{
  gsize value;

  get (host, setting, &value, sizeof value);
  return value;
}

gboolean
ibb_setting_set_size (IBBHost *host, glong setting, guint64 value)
{
  gsize size = MIN (value, G_MAXSIZE);

  return set (host, setting, &size, sizeof size);
}
