/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* D-46: cancelled before or during, a call loses no byte and can be repeated. */

#include "scenario.h"

/* One call a line. */
/* clang-format off */

static const Step before_reading[] = {
  { A, WRITE, 20, 20 },
  { B, AWAIT_IN, 0, TRUE },
  { B, CANCEL, 0, TRUE },
  { B, READ | C, 5, NO (CANCELLED) },
  { B, READ_ALL | C, 5, NO (CANCELLED) },
  { B, READ_BYTES | C, 5, NO (CANCELLED) },
  { B, SKIP | C, 5, NO (CANCELLED) },
  { B, READ_NB | C, 5, NO (CANCELLED) },
  { B, RESET, 0, TRUE },
  { B, READ | C, 5, 5 },
  { B, READ_NB | C, 5, 5 },
  { B, READ_REST, 0, TRUE },
};

static const Step while_reading[] = {
  { B, BEGIN (READ) | C, 100 },
  { B, CANCEL, 0, TRUE },
  { B, END (READ), 0, NO (CANCELLED) },
  { B, RESET, 0, TRUE },
  { B, BEGIN (READ_BYTES) | C, 100 },
  { B, CANCEL, 0, TRUE },
  { B, END (READ_BYTES), 0, NO (CANCELLED) },
  { B, RESET, 0, TRUE },
  { B, BEGIN (SKIP) | C, 100 },
  { B, CANCEL, 0, TRUE },
  { B, END (SKIP), 0, NO (CANCELLED) },
  { B, RESET, 0, TRUE },
  { A, WRITE, 5, 5 },
  { B, READ, 100, 5 },
};

/* The call says how far it got. */
static const Step while_reading_all[] = {
  { A, WRITE, 5, 5 },
  { B, AWAIT_IN, 0, TRUE },
  { B, BEGIN (READ_ALL) | C, 100 },
  { B, CANCEL, 0, TRUE },
  { B, END (READ_ALL), 0, NO (CANCELLED) },
  { A, WRITE, 5, 5 },
  { B, READ_REST, 0, TRUE },
};

/* The bytes are there, but nobody has come for them. */
static const Step before_reading_ends[] = {
  { A, WRITE, 5, 5 },
  { B, AWAIT_IN, 0, TRUE },
  { B, BEGIN (READ) | C, 100 },
  { B, CANCEL, 0, TRUE },
  { B, END (READ), 0, NO (CANCELLED) },
  { B, READ_NB, 100, NO (WOULD_BLOCK), 5, "Cancelling loses nothing" },
};

/* The bytes were taken, or not, though the call says that they were not. */
static const Step before_writing_ends[] = {
  { A, BEGIN (WRITE) | C, 5 },
  { A, CANCEL, 0, TRUE },
  { A, END (WRITE), 0, NO (CANCELLED) },
  { B, AWAIT_IN, 0, TRUE, NONE, "Cancelling loses nothing" },
  { B, READ_NB, 100, 5, NO (WOULD_BLOCK), "Cancelling loses nothing" },
};

static const Step before_writing[] = {
  { A, CANCEL, 0, TRUE },
  { A, WRITE | C, 5, NO (CANCELLED) },
  { A, WRITE_ALL | C, 5, NO (CANCELLED) },
  { A, WRITE_BYTES | C, 5, NO (CANCELLED) },
  { A, WRITEV | C, 5, NO (CANCELLED) },
  { A, WRITEV_ALL | C, 5, NO (CANCELLED) },
  { A, WRITE_NB | C, 5, NO (CANCELLED) },
  { A, WRITEV_NB | C, 5, NO (CANCELLED) },
  { A, DRAIN | C, 0, NONE, NO (CANCELLED), "Drain" },
  { A, SHUTDOWN | C, 0, NONE, NO (CANCELLED), "Half-close" },
  { A, RESET, 0, TRUE },
  { A, WRITE | C, 5, 5 },
  { A, WRITEV | C, 5, 5 },
  { A, FLUSH | C, 0, TRUE },
  { B, READ_REST, 0, TRUE },
};

static const Step before_flushing[] = {
  { A, WRITE, 5, 5 },
  { A, CANCEL, 0, TRUE },
  { A, FLUSH | C, 0, TRUE, NO (CANCELLED), "Flush" },
  { A, FLUSH, 0, TRUE },
  { B, READ_REST, 0, TRUE },
};

static const Step while_writing[] = {
  { A, FILL, 0, TRUE },
  { A, BEGIN (WRITE) | C, 5 },
  { A, CANCEL, 0, TRUE },
  { A, END (WRITE), 0, NO (CANCELLED) },
  { A, RESET, 0, TRUE },
  { A, BEGIN (WRITEV) | C, 5 },
  { A, CANCEL, 0, TRUE },
  { A, END (WRITEV), 0, NO (CANCELLED) },
  { A, RESET, 0, TRUE },
  { B, READ_REST, 0, TRUE },
  { A, WRITE, 5, 5 },
  { B, READ, 100, 5 },
};

/* The call says how far it got. */
static const Step while_writing_all[] = {
  { A, BEGIN (WRITE_ALL) | C, 200000 },
  { A, CANCEL, 0, TRUE },
  { A, END (WRITE_ALL), 0, NO (CANCELLED) },
  { A, RESET, 0, TRUE },
  { B, READ_REST, 0, TRUE },
  { A, BEGIN (WRITEV_ALL) | C, 200000 },
  { A, CANCEL, 0, TRUE },
  { A, END (WRITEV_ALL), 0, NO (CANCELLED) },
  { B, READ_REST, 0, TRUE },
  { A, WRITE, 5, 5 },
  { B, READ, 100, 5 },
};

/* A flush or drain that is cancelled goes on, and can be repeated. */
static const Step while_flushing[] = {
  { A, FILL, 0, TRUE },
  { A, BEGIN (FLUSH) | C, 0 },
  { A, CANCEL, 0, TRUE },
  { A, END (FLUSH), 0, ANY, NO (CANCELLED), "Flush" },
  { A, BEGIN (DRAIN) | C, 0, NONE, ANY, "Drain" },
  { A, END (DRAIN), 0, NONE, NO (CANCELLED), "Drain" },
  { A, RESET, 0, TRUE },
  { A, BEGIN (DRAIN) | C, 0, NONE, ANY, "Drain" },
  { A, CANCEL, 0, TRUE },
  { A, END (DRAIN), 0, NONE, NO (CANCELLED), "Drain" },
  { A, RESET, 0, TRUE },
  { B, READ_REST, 0, TRUE },
  { A, FLUSH | C, 0, TRUE },
  { A, DRAIN | C, 0, NONE, TRUE, "Drain" },
};

static const Step while_shutting[] = {
  { A, FILL, 0, TRUE },
  { A, BEGIN (SHUTDOWN) | C, 0, NONE, ANY, "Half-close" },
  { A, WRITE, 5, NONE, NO (PENDING), "Half-close" },
  { A, SHUTDOWN, 0, NONE, NO (PENDING), "Half-close" },
  { A, CANCEL, 0, TRUE },
  { A, END (SHUTDOWN), 0, NONE, NO (CANCELLED), "Half-close" },
  { A, HAS_OUTPUT_PENDING, 0, FALSE },
  { B, READ_REST, 0, TRUE },
  { A, SHUTDOWN, 0, TRUE },
  { B, READ, 100, 0 },
};

static const Step before_closing_halves[] = {
  { A, CANCEL, 0, TRUE },
  { A, CLOSE_INPUT | C, 0, TRUE },
  { A, IS_INPUT_CLOSED, 0, TRUE },
  { A, CLOSE_OUTPUT | C, 0, TRUE, NO (CANCELLED), "Flush" },
  { A, IS_OUTPUT_CLOSED, 0, TRUE },
};

/* GIO closes once: cancelled, it is closed nevertheless, in the background. */
static const Step before_closing[] = {
  { A, FILL, 0, TRUE },
  { A, CANCEL, 0, TRUE },
  { A, CLOSE | C, 0, TRUE, NO (CANCELLED), "Close" },
  { A, IS_CLOSED, 0, TRUE },
  { A, CLOSE, 0, TRUE },
  { B, READ_REST, 0, TRUE },
  { B, READ, 100, 0 },
  { A, AWAIT_END, 0, TRUE },
};

static const Step while_closing[] = {
  { A, FILL, 0, TRUE },
  { A, BEGIN (CLOSE) | C, 0 },
  { A, CANCEL, 0, TRUE },
  { A, END (CLOSE), 0, ANY, NO (CANCELLED), "Close" },
  { A, IS_CLOSED, 0, TRUE },
  { B, READ_REST, 0, TRUE },
  { B, READ, 100, 0 },
  { A, AWAIT_END, 0, TRUE },
};

/* A source fires, so that the call after it says why. */
static const Step source[] = {
  { B, FIRES_IN | C, 0, FALSE },
  { B, CANCEL, 0, TRUE },
  { B, AWAIT_IN | C, 0, TRUE },
  { B, READ_NB | C, 100, NO (CANCELLED) },
  { B, READ_NB, 100, NO (WOULD_BLOCK) },
  { A, FILL, 0, TRUE },
  { A, FIRES_OUT | C, 0, FALSE },
  { A, CANCEL, 0, TRUE },
  { A, AWAIT_OUT | C, 0, TRUE },
  { A, WRITE_NB, 100, NO (WOULD_BLOCK) },
};

/* clang-format on */

static const Scenario scenarios[] = {
  SCENARIO ("before-reading", before_reading),
  SCENARIO ("while-reading", while_reading),
  SCENARIO ("while-reading-all", while_reading_all, .tcp_manners = SYNC),
  SCENARIO ("before-reading-ends", before_reading_ends, ASYNC | CONTEXT),
  SCENARIO ("before-writing", before_writing),
  SCENARIO ("before-writing-ends", before_writing_ends, ASYNC | CONTEXT),
  SCENARIO ("before-flushing", before_flushing, .tcp_manners = SYNC),
  SCENARIO ("while-writing", while_writing),
  SCENARIO ("while-writing-all", while_writing_all, .tcp_manners = SYNC),
  SCENARIO ("while-flushing", while_flushing),
  SCENARIO ("while-shutting", while_shutting),
  SCENARIO ("before-closing-halves", before_closing_halves, .tcp_manners = SYNC),
  SCENARIO ("before-closing", before_closing, .tcp_manners = SYNC),
  SCENARIO ("while-closing", while_closing),
  SCENARIO ("source", source),
};

const Theme cancel_theme = { scenarios, G_N_ELEMENTS (scenarios) };
