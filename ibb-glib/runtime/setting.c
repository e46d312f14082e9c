/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime/setting.h"

/* The engine, and where its settings are, never changes; their values are protected by the
 * lock. */
static gpointer
find (IBBHost *host, glong setting)
{
  return G_STRUCT_MEMBER_P (ibb_engine_get_settings (ibb_host_get_engine (host)), setting);
}

/* Sessions that wait for room, or to send, or for a silent peer, may not have to any more. */
static void
unlock (IBBHost *host, gboolean changed)
{
  if (changed)
    {
      ibb_engine_settings_changed (ibb_host_get_engine (host), g_get_monotonic_time ());
      ibb_host_update_locked (host);
    }
  ibb_host_unlock (host);
}

guint
ibb_setting_get_uint (IBBHost *host, glong setting)
{
  guint value;

  ibb_host_lock (host);
  value = *(guint *) find (host, setting);
  ibb_host_unlock (host);
  return value;
}

gboolean
ibb_setting_set_uint (IBBHost *host, glong setting, guint value)
{
  guint   *member = find (host, setting);
  gboolean changed;

  ibb_host_lock (host);
  changed = *member != value;
  *member = value;
  unlock (host, changed);
  return changed;
}

gboolean
ibb_setting_get_boolean (IBBHost *host, glong setting)
{
  gboolean value;

  ibb_host_lock (host);
  value = *(gboolean *) find (host, setting);
  ibb_host_unlock (host);
  return value;
}

gboolean
ibb_setting_set_boolean (IBBHost *host, glong setting, gboolean value)
{
  gboolean *member = find (host, setting);
  gboolean  changed;

  ibb_host_lock (host);
  changed = !*member != !value;
  *member = !!value;
  unlock (host, changed);
  return changed;
}

double
ibb_setting_get_double (IBBHost *host, glong setting)
{
  double value;

  ibb_host_lock (host);
  value = *(double *) find (host, setting);
  ibb_host_unlock (host);
  return value;
}

gboolean
ibb_setting_set_double (IBBHost *host, glong setting, double value)
{
  double  *member = find (host, setting);
  gboolean changed;

  ibb_host_lock (host);
  changed = ABS (*member - value) > 0.0;
  *member = value;
  unlock (host, changed);
  return changed;
}

guint64
ibb_setting_get_size (IBBHost *host, glong setting)
{
  guint64 value;

  ibb_host_lock (host);
  value = *(gsize *) find (host, setting);
  ibb_host_unlock (host);
  return value;
}

gboolean
ibb_setting_set_size (IBBHost *host, glong setting, guint64 value)
{
  gsize   *member = find (host, setting);
  gboolean changed;

  ibb_host_lock (host);
  changed = *member != MIN (value, G_MAXSIZE);
  *member = MIN (value, G_MAXSIZE);
  unlock (host, changed);
  return changed;
}
