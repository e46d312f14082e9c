/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "client-surroundings.h"

#include "../lib/fake-clock.h"
#include "../lib/fake-monitor.h"
#include "../lib/fake-random.h"
#include "../lib/fast-timers.h"
#include "../lib/script-file.h"
#include "client-fixture.h"
#include "fake-resolver.h"

struct _Surroundings
{
  FakeResolver *resolver;
};

/* "record HOST PRIORITY PORT [WEIGHT]": an SRV record of the domain; "-" is a host without a name
 */
static void
add_target (Surroundings *self, gboolean is_direct, const char *text)
{
  g_autofree char *host = script_take_word (&text);
  guint            priority = script_take_number (&text);
  guint            port = script_take_number (&text);
  guint            weight = *text != '\0' ? script_take_number (&text) : 0;

  fake_resolver_add (self->resolver, is_direct,
                     g_srv_target_new (g_str_equal (host, "-") ? "" : host, (guint16) port,
                                       (guint16) priority, (guint16) weight));
}

static void
add_record (Surroundings *self, const char *text)
{
  add_target (self, FALSE, text);
}

/* The same for TLS from the first byte (XEP-0368). */
static void
add_direct_record (Surroundings *self, const char *text)
{
  add_target (self, TRUE, text);
}

static void
forget_records (Surroundings *self, const char *text)
{
  fake_resolver_set_knows_records (self->resolver, FALSE);
}

static void
fall_silent (Surroundings *self, const char *text)
{
  fake_resolver_fall_silent (self->resolver);
}

/* The names that the client has looked up so far. */
static void
check_asked (Surroundings *self, const char *text)
{
  g_autofree char *asked = fake_resolver_dup_asked (self->resolver);

  g_assert_cmpstr (asked, ==, text);
}

/* What is to happen in so many ms happens at once, but for the first so many timers. */
static void
start_fast_timers (Surroundings *self, const char *text)
{
  guint time = script_take_number (&text);

  fast_timers_start (time, time, script_take_number (&text));
}

static void
set_random (Surroundings *self, const char *text)
{
  fake_random_start ((gint32) script_take_number (&text));
}

/* "waits N BOUND": the wait of that number had this bound. */
static void
check_wait (Surroundings *self, const char *text)
{
  guint n = script_take_number (&text);

  while (fake_random_get_bound (n) == 0)
    wait_a_moment ();
  g_assert_cmpuint (fake_random_get_bound (n), ==, script_take_number (&text));
}

static void
check_no_wait (Surroundings *self, const char *text)
{
  g_assert_cmpuint (fake_random_get_bound (script_take_number (&text)), ==, 0);
}

static void
change_network (Surroundings *self, const char *text)
{
  while (!fake_monitor_has_handlers ())
    wait_a_moment ();
  fake_monitor_change (g_str_equal (text, "on"));
}

static void
stop_clock (Surroundings *self, const char *text)
{
  fake_clock_stop ();
}

static void
advance_clock (Surroundings *self, const char *text)
{
  fake_clock_advance ((gint64) script_take_number (&text) * G_TIME_SPAN_MILLISECOND);
}

static const struct
{
  const char *name;
  void (*call) (Surroundings *self, const char *text);
} calls[] = {
  { "advance", advance_clock },
  { "asked", check_asked },
  { "direct-record", add_direct_record },
  { "fast", start_fast_timers },
  { "network", change_network },
  { "no-wait", check_no_wait },
  { "random", set_random },
  { "record", add_record },
  { "services-only", forget_records },
  { "silent-records", fall_silent },
  { "stop-clock", stop_clock },
  { "waits", check_wait },
};

gboolean
surroundings_call (Surroundings *self, const char *name, const char *text)
{
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    if (g_str_equal (name, calls[i].name))
      {
        calls[i].call (self, text);
        return TRUE;
      }
  return FALSE;
}

Surroundings *
surroundings_new (void)
{
  Surroundings *self = g_new (Surroundings, 1);

  self->resolver = fake_resolver_install ();
  fake_random_start (0);
  return self;
}

void
surroundings_free (Surroundings *self)
{
  fast_timers_stop ();
  fake_clock_start ();
  g_object_unref (self->resolver);
  g_free (self);
}
