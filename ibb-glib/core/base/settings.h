/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Settings of all sessions of a connection: the properties of IBBService, and a time. */

#pragma once

#include <glib.h>

/* Read live: a change holds from the next time the value is looked at.
 * Units as in the properties of IBBService: bytes, milliseconds. A timeout of 0
 * never comes. */
typedef struct
{
  guint    session_limit;
  guint    max_retries;
  guint    initial_wait_time;
  double   wait_backoff_factor;
  guint    default_block_size;
  guint    max_block_size;
  gsize    window;
  gsize    send_buffer_size;
  gsize    receive_buffer_size;
  gsize    receive_memory_limit;
  guint    open_timeout;
  guint    accept_timeout;
  guint    close_timeout;
  guint    peer_timeout;    /* 0: never */
  gboolean resume_sessions; /* one that the peer agrees to outlives its connection (D-58) ... */
  guint    resume_timeout;  /* ... for so long */
  gboolean half_close;
  gboolean confirm_close;
} IBBSettings;

/* Milliseconds for the answer to a close, once everything is acknowledged (D-37). */
#define IBB_CLOSE_TIMEOUT 10000
#define IBB_BLOCK_SIZE_USUAL 8192 /* slixmpp accepts it as well (H-01) */

#define IBB_SETTINGS_WAIT_MAX (3600.0 * 1000) /* milliseconds */

/* The wait before the n-th attempt that follows the first one (D-26), in microseconds. */
static inline gint64
ibb_settings_get_wait (const IBBSettings *self, guint n)
{
  double wait = self->initial_wait_time;

  for (guint i = 1; i < n && wait < IBB_SETTINGS_WAIT_MAX; i++)
    wait *= self->wait_backoff_factor;
  /* Rounded: where a product has more digits than a double, 1728 ms may be a little less. */
  return (gint64) (MIN (wait, IBB_SETTINGS_WAIT_MAX) * 1000 + 0.5);
}

#define IBB_SETTINGS_INIT                                                                          \
  {                                                                                                \
    .session_limit = 0, .max_retries = 5, .initial_wait_time = 1000, .wait_backoff_factor = 1.2,   \
    .default_block_size = IBB_BLOCK_SIZE_USUAL, .max_block_size = 65535, .window = 0,              \
    .send_buffer_size = 0, .receive_buffer_size = 256 * 1024,                                      \
    .receive_memory_limit = 64 * 1024 * 1024, .open_timeout = 60000, .accept_timeout = 30000,      \
    .close_timeout = IBB_CLOSE_TIMEOUT, .peer_timeout = 600000, .resume_sessions = FALSE,          \
    .resume_timeout = 600000, .half_close = FALSE, .confirm_close = FALSE                          \
  }
