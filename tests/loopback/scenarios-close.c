/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Closing one half, the output for good, and the whole. */

#include "scenario.h"

/* One call a line. */
/* clang-format off */

/* F-17: everything arrives, then the end; afterwards nothing works. */
static const Step whole[] = {
  { A, IS_CLOSED, 0, FALSE },
  { A, IS_INPUT_CLOSED, 0, FALSE },
  { A, IS_OUTPUT_CLOSED, 0, FALSE },
  { A, WRITE, 5, 5 },
  { A, CLOSE, 0, TRUE },
  { A, IS_CLOSED, 0, TRUE },
  { A, IS_INPUT_CLOSED, 0, TRUE },
  { A, IS_OUTPUT_CLOSED, 0, TRUE },
  { A, HAS_PENDING, 0, FALSE },
  { A, CLOSE, 0, TRUE },
  { A, READ, 5, NO (CLOSED) },
  { A, READ_ALL, 5, NO (CLOSED) },
  { A, SKIP, 5, NO (CLOSED) },
  { A, READ, 0, 0 },
  { A, WRITE, 5, NO (CLOSED) },
  { A, WRITE_ALL, 5, NO (CLOSED) },
  { A, WRITEV, 5, NO (CLOSED) },
  { A, WRITE, 0, 0 },
  { A, FLUSH, 0, NO (CLOSED) },
  { A, CLOSE_INPUT, 0, TRUE },
  { A, DRAIN, 0, NONE, TRUE, "Drain" },
  { B, READ, 100, 5 },
  { B, READ, 100, 0 },
  { B, WRITE_ON, 0, NO (BROKEN_PIPE) },
  { B, READ, 100, 0 },
  { B, CLOSE, 0, TRUE },
};

/* The other end sees nothing of it. */
static const Step input_half[] = {
  { A, CLOSE_INPUT, 0, TRUE },
  { A, IS_INPUT_CLOSED, 0, TRUE },
  { A, IS_CLOSED, 0, FALSE },
  { A, CLOSE_INPUT, 0, TRUE },
  { A, READ, 5, NO (CLOSED) },
  { A, READ_BYTES, 5, NO (CLOSED) },
  { B, WRITE, 5, 5 },
  { B, FLUSH, 0, TRUE },
  { B, DRAIN, 0, NONE, TRUE, "Drain" },
  { A, WRITE, 5, 5 },
  { B, READ, 100, 5 },
};

static const Step output_half[] = {
  { A, HOLD_BACK, 0, TRUE },
  { A, WRITE, 5, 5 },
  { A, CLOSE_OUTPUT, 0, TRUE },
  { A, IS_OUTPUT_CLOSED, 0, TRUE },
  { A, WRITE, 5, NO (CLOSED) },
  { A, WRITEV_ALL, 5, NO (CLOSED) },
  { A, FLUSH, 0, NO (CLOSED) },
  { B, READ, 100, 5 },
  { B, READ_NB, 100, NO (WOULD_BLOCK) },
  { B, WRITE, 5, 5 },
  { A, READ, 100, 5 },
  { A, CLOSE, 0, TRUE },
  { B, READ, 100, 0 },
};

/* The half is flushed first. */
static const Step output_half_unsent[] = {
  { A, FILL, 0, TRUE },
  { A, BEGIN (CLOSE_OUTPUT), 0 },
  { A, HAS_OUTPUT_PENDING, 0, FALSE, TRUE, "Flush" },
  { B, READ_REST, 0, TRUE },
  { A, END (CLOSE_OUTPUT), 0, TRUE },
  { B, READ_NB, 100, NO (WOULD_BLOCK) },
};

/* GIO itself makes a difference here. */
static const Step twice[] = {
  { A, CLOSE_OUTPUT, 0, TRUE },
  { A, CLOSE_OUTPUT, 0, TRUE },
};

static const Step twice_async[] = {
  { A, CLOSE_OUTPUT, 0, TRUE },
  { A, CLOSE_OUTPUT, 0, NO (CLOSED) },
};

/* The half is closed as far as GIO goes; the other end may still be told. */
static const Step output_half_then_shutdown[] = {
  { A, CLOSE_OUTPUT, 0, TRUE },
  { B, READ_NB, 100, NO (WOULD_BLOCK) },
  { A, SHUTDOWN, 0, TRUE },
  { B, READ, 100, 0 },
};

static const Step both_halves[] = {
  { A, WRITE, 5, 5 },
  { A, CLOSE_OUTPUT, 0, TRUE },
  { A, CLOSE_INPUT, 0, TRUE },
  { A, IS_CLOSED, 0, FALSE },
  { B, READ, 100, 5 },
  { B, READ_NB, 100, NO (WOULD_BLOCK) },
  { A, CLOSE, 0, TRUE },
  { B, READ, 100, 0 },
};

/* Request and response. */
static const Step half_close[] = {
  { A, WRITE, 5, 5 },
  { A, SHUTDOWN, 0, TRUE },
  { A, WRITE, 5, NO (BROKEN_PIPE), NO (CLOSED), "Half-close" },
  { A, FLUSH, 0, TRUE },
  { A, IS_OUTPUT_CLOSED, 0, FALSE },
  { A, SHUTDOWN, 0, TRUE },
  { B, READ, 100, 5 },
  { B, READ, 100, 0 },
  { B, WRITE, 5, 5 },
  { A, READ, 100, 5 },
  { B, WRITE, 5, 5 },
  { B, SHUTDOWN, 0, TRUE },
  { A, READ, 100, 5 },
  { A, READ, 100, 0 },
  { A, CLOSE, 0, TRUE },
  { B, CLOSE, 0, TRUE },
};

static const Step both_shut[] = {
  { A, WRITE, 5, 5 },
  { B, WRITE, 5, 5 },
  { A, SHUTDOWN, 0, TRUE },
  { B, SHUTDOWN, 0, TRUE },
  { A, READ, 100, 5 },
  { A, READ, 100, 0 },
  { B, READ, 100, 5 },
  { B, READ, 100, 0 },
  { A, CLOSE, 0, TRUE },
  { B, CLOSE, 0, TRUE },
};

/* The close waits for the other end to have it all. */
static const Step undelivered[] = {
  { A, FILL, 0, TRUE },
  { A, BEGIN (CLOSE), 0 },
  { A, HAS_PENDING, 0, NONE, TRUE, "Close" },
  { A, CLOSE, 0, NONE, NO (PENDING), "Close" },
  { B, READ_REST, 0, TRUE },
  { B, READ, 100, 0 },
  { A, END (CLOSE), 0, TRUE },
  { A, CLOSE, 0, TRUE },
};

static const Step close_limited[] = {
  { A, FILL, 0, TRUE },
  { A, LIMIT_OUT, 0, TRUE },
  { A, CLOSE, 0, TRUE, NO (TIMED_OUT), "Close" },
  { A, CLOSE, 0, TRUE },
  { A, DROP, 0, TRUE },
  { B, READ_REST, 0, TRUE },
  { B, READ, 100, 0 },
};

/* Calls in progress end. */
static const Step while_reading[] = {
  { A, BEGIN (READ), 100 },
  { A, CLOSE, 0, TRUE },
  { A, END (READ), 0, NO (CLOSED) },
  { B, READ, 100, 0 },
};

static const Step while_writing[] = {
  { A, FILL, 0, TRUE },
  { A, BEGIN (WRITE), 5 },
  { A, BEGIN (CLOSE), 0 },
  { A, END (WRITE), 0, NO (CLOSED) },
  { B, READ_REST, 0, TRUE },
  { B, READ, 100, 0 },
  { A, END (CLOSE), 0, TRUE },
};

/* D-51: a close with bytes unread. */
static const Step unread[] = {
  { B, WRITE, 5, 5 },
  { A, AWAIT_IN, 0, TRUE },
  { A, WRITE, 5, 5 },
  { A, CLOSE, 0, TRUE },
  { B, READ, 100, 5 },
  { B, READ, 100, NO (CONNECTION_CLOSED), 0, "Unread bytes" },
  { B, WRITE_ON, 0, NO (BROKEN_PIPE) },
};

/* D-38: what this end wrote is lost, so the other's end is no clean one. */
static const Step cut[] = {
  { B, WRITE, 5, 5 },
  { A, READ, 100, 5 }, /* so that its first block is not the one refused (D-32) */
  { B, FILL, 0, TRUE },
  { A, AWAIT_IN, 0, TRUE },
  { A, CLOSE, 0, TRUE },
  { B, READ, 100, NO (CONNECTION_CLOSED) },
};

/* Both ends close at once. */
static const Step crossing[] = {
  { A, BEGIN (CLOSE), 0 },
  { B, BEGIN (CLOSE), 0 },
  { A, END (CLOSE), 0, TRUE },
  { B, END (CLOSE), 0, TRUE },
};

/* clang-format on */

static const Scenario scenarios[] = {
  SCENARIO ("whole", whole),
  SCENARIO ("input-half", input_half),
  SCENARIO ("output-half", output_half),
  SCENARIO ("output-half-unsent", output_half_unsent, .tcp_manners = SYNC),
  SCENARIO ("output-half-twice", twice, SYNC | WORKER),
  SCENARIO ("output-half-twice-async", twice_async, ASYNC | CONTEXT),
  SCENARIO ("output-half-then-shutdown", output_half_then_shutdown),
  SCENARIO ("both-halves", both_halves),
  SCENARIO ("half-close", half_close, .rows = "F-14"),
  SCENARIO ("both-shut", both_shut),
  SCENARIO ("undelivered", undelivered),
  SCENARIO ("limited", close_limited),
  SCENARIO ("while-reading", while_reading, .tcp_manners = ASYNC),
  SCENARIO ("while-writing", while_writing, .tcp_manners = ASYNC),
  SCENARIO ("unread", unread),
  SCENARIO ("cut", cut),
  SCENARIO ("crossing", crossing),
};

const Theme close_theme = { scenarios, G_N_ELEMENTS (scenarios) };
