/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "client-surroundings.h"

#include "../lib/fake-clock.h"
#include "../lib/fake-monitor.h"
#include "../lib/fake-random.h"
#include "../lib/fast-timers.h"
#include "../lib/script-reader.h"
#include "client-fixture.h"
#include "fake-resolver.h"

struct _Surroundings
{
  FakeResolver *resolver;
};

/* "record HOST PRIORITY PORT [WEIGHT]": an SRV record of the domain; "-" is a host without a name
 */
static void
add_target (Surroundings *self, gboolean is_direct, Words *words)
{
  const char *host = words_take (words);
  guint       priority = words_take_number (words);
  guint       port = words_take_number (words);
  guint       weight = words_peek (words) != NULL ? words_take_number (words) : 0;

  fake_resolver_add (self->resolver, is_direct,
                     g_srv_target_new (g_str_equal (host, "-") ? "" : host, (guint16) port,
                                       (guint16) priority, (guint16) weight));
}

static void
add_record (Surroundings *self, Words *words)
{
  add_target (self, FALSE, words);
}

/* The same for TLS from the first byte (XEP-0368). */
static void
add_direct_record (Surroundings *self, Words *words)
{
  add_target (self, TRUE, words);
}

static void
forget_records (Surroundings *self, Words *words)
{
  fake_resolver_set_knows_records (self->resolver, FALSE);
}

static void
fall_silent (Surroundings *self, Words *words)
{
  fake_resolver_fall_silent (self->resolver);
}

/* The names that the client has looked up so far. */
static void
check_asked (Surroundings *self, Words *words)
{
  g_autofree char *asked = fake_resolver_dup_asked (self->resolver);

  g_assert_cmpstr (asked, ==, words_take_rest (words));
}

/* What is to happen in so many ms happens at once, but for the first so many timers. */
static void
start_fast_timers (Surroundings *self, Words *words)
{
  guint time = words_take_number (words);

  fast_timers_start (time, time, words_take_number (words));
}

/* What is to happen in so many ms happens when the script says "fire". */
static void
hold_timer (Surroundings *self, Words *words)
{
  fast_timers_hold (words_take_number (words));
}

static void
fire_timer (Surroundings *self, Words *words)
{
  while (!fast_timers_is_held ())
    wait_a_moment ();
  fast_timers_fire ();
}

static void
set_random (Surroundings *self, Words *words)
{
  fake_random_start ((gint32) words_take_number (words));
}

/* "waits N BOUND": the wait of that number had this bound. */
static void
check_wait (Surroundings *self, Words *words)
{
  guint n = words_take_number (words);

  while (fake_random_get_bound (n) == 0)
    wait_a_moment ();
  g_assert_cmpuint (fake_random_get_bound (n), ==, words_take_number (words));
}

static void
check_no_wait (Surroundings *self, Words *words)
{
  g_assert_cmpuint (fake_random_get_bound (words_take_number (words)), ==, 0);
}

static void
change_network (Surroundings *self, Words *words)
{
  while (!fake_monitor_has_handlers ())
    wait_a_moment ();
  fake_monitor_change (g_str_equal (words_take_rest (words), "on"));
}

static void
stop_clock (Surroundings *self, Words *words)
{
  fake_clock_stop ();
}

static void
advance_clock (Surroundings *self, Words *words)
{
  fake_clock_advance ((gint64) words_take_number (words) * G_TIME_SPAN_MILLISECOND);
}

static const ScriptWord calls[] = {
  SCRIPT_WORD ("advance", advance_clock),
  SCRIPT_WORD ("asked", check_asked),
  SCRIPT_WORD ("direct-record", add_direct_record),
  SCRIPT_WORD ("fast", start_fast_timers),
  SCRIPT_WORD ("fire", fire_timer),
  SCRIPT_WORD ("hold", hold_timer),
  SCRIPT_WORD ("network", change_network),
  SCRIPT_WORD ("no-wait", check_no_wait),
  SCRIPT_WORD ("random", set_random),
  SCRIPT_WORD ("record", add_record),
  SCRIPT_WORD ("services-only", forget_records),
  SCRIPT_WORD ("silent-records", fall_silent),
  SCRIPT_WORD ("stop-clock", stop_clock),
  SCRIPT_WORD ("waits", check_wait),
};

gboolean
surroundings_call (Surroundings *self, const char *name, Words *words)
{
  return SCRIPT_CALL (calls, self, name, words);
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
