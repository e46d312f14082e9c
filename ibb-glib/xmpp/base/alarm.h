/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A timer that goes on while the machine sleeps. A timer of GLib stands still meanwhile: after
 * the wake-up it would let the rest of its time pass. On the worker.
 */

#pragma once

#include <glib.h>

typedef struct _IBBAlarm IBBAlarm;

/* Called once; the owner may free the alarm in it. has_slept: the machine has slept since the alarm
 * was made. */
typedef void (*IBBAlarmFunc) (gboolean has_slept, gpointer owner);

IBBAlarm      *
ibb_alarm_new (GMainContext *context, guint milliseconds, IBBAlarmFunc rang, gpointer owner);
void ibb_alarm_free (IBBAlarm *self);

/* Microseconds, of a clock that goes on while the machine sleeps. Any thread. */
gint64 ibb_alarm_get_time (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBAlarm, ibb_alarm_free)
