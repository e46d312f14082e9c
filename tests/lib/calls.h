/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Calls that report a GError, and what a test expects of them. The error is the last
 * argument and is left out: assert_succeeds (g_io_stream_close, stream, NULL).
 */

#pragma once

#include <gio/gio.h>

/* A GAsyncReadyCallback that stores the result in a GAsyncResult **. */
static inline void
store_result_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  GAsyncResult **stored = (GAsyncResult **) data;

  g_assert_null (*stored);
  *stored = g_object_ref (result);
}

/* Iterates the thread's default context until the condition holds. The
 * watchdog of the test program ends what never comes. */
#define wait_until(condition)                                                                      \
  G_STMT_START                                                                                     \
  {                                                                                                \
    while (!(condition))                                                                           \
      g_main_context_iteration (g_main_context_get_thread_default (), TRUE);                       \
  }                                                                                                \
  G_STMT_END

/* Waits until a result is stored; the caller owns it. */
static inline GAsyncResult *
wait_for_result (GAsyncResult **stored)
{
  wait_until (*stored != NULL);
  return g_steal_pointer (stored);
}

/* Runs what is ready in the thread's default context, and returns. */
static inline void
run_pending (void)
{
  while (g_main_context_iteration (g_main_context_get_thread_default (), FALSE))
    ;
}

/* The value is that of the call, which is not 0. */
#define assert_succeeds(function, ...)                                                             \
  ({                                                                                               \
    g_autoptr (GError)                        error_ = NULL;                                       \
    __typeof__ (function (__VA_ARGS__, NULL)) value_ = function (__VA_ARGS__, &error_);            \
                                                                                                   \
    g_assert_no_error (error_);                                                                    \
    g_assert_true (value_);                                                                        \
    value_;                                                                                        \
  })

/* A message can be shown, and names no NULL. */
static inline void
assert_readable (const GError *error)
{
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_null (g_strrstr (error->message, "(null)"));
}

/* A call that fails returns FALSE, NULL or -1. */
#define assert_fails(domain, code, function, ...)                                                  \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autoptr (GError) error_ = NULL;                                                              \
                                                                                                   \
    g_assert_cmpint ((gssize) function (__VA_ARGS__, &error_), <=, 0);                             \
    g_assert_error (error_, domain, code);                                                         \
    assert_readable (error_);                                                                      \
    g_test_message ("%s", error_->message);                                                        \
  }                                                                                                \
  G_STMT_END

/* The same for an asynchronous call and its result, see store_result_cb (). Waits
 * for the result; finish is the second half of the call. */
#define assert_result(finish, object, stored, ...)                                                 \
  ({                                                                                               \
    g_autoptr (GAsyncResult) result_ = wait_for_result (stored);                                   \
                                                                                                   \
    assert_succeeds (finish, object, result_, ##__VA_ARGS__);                                      \
  })

#define assert_result_fails(domain, code, finish, object, stored)                                  \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autoptr (GAsyncResult) result_ = wait_for_result (stored);                                   \
                                                                                                   \
    assert_fails (domain, code, finish, object, result_);                                          \
  }                                                                                                \
  G_STMT_END
