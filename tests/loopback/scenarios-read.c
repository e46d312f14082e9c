/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reading: how much, when it waits, the end of file, who may. */

#include "scenario.h"

/* One call a line. */
/* clang-format off */

/* A read returns the bytes that are there, up to the number that was asked for. */
static const Step some[] = {
  { A, WRITE, 10, 10 },
  { B, AWAIT_IN, 0, TRUE },
  { B, READ, 4, 4 },
  { B, READ_BYTES, 3, 3 },
  { B, SKIP, 2, 2 },
  { B, READ, 100, 1 },
  { B, IS_READABLE, 0, FALSE },
};

static const Step nothing[] = {
  { B, READ, 0, 0 },
  { B, READ_ALL, 0, 0 },
  { B, SKIP, 0, 0 },
  { B, READ_NB, 0, 0 },
  { A, WRITE, 5, 5 },
  { B, AWAIT_IN, 0, TRUE },
  { B, READ, 0, 0 },
  { B, READ, 5, 5 },
};

static const Step waits[] = {
  { B, BEGIN (READ), 100 },
  { B, HAS_INPUT_PENDING, 0, TRUE },
  { A, WRITE, 5, 5 },
  { B, END (READ), 0, 5 },
  { B, HAS_INPUT_PENDING, 0, FALSE },
  { B, BEGIN (SKIP), 6 },
  { A, WRITE, 6, 6 },
  { B, END (SKIP), 0, 6 },
  { B, BEGIN (READ_BYTES), 100 },
  { A, WRITE, 7, 7 },
  { B, END (READ_BYTES), 0, 7 },
};

static const Step all[] = {
  { B, BEGIN (READ_ALL), 200000 },
  { A, WRITE_ALL, 100000, 100000 },
  { A, WRITE_ALL, 100000, 100000 },
  { B, END (READ_ALL), 0, 200000 },
};

/* The end, over and over; what came before it is not lost. */
static const Step end[] = {
  { A, WRITE, 5, 5 },
  { A, SHUTDOWN, 0, TRUE },
  { B, READ_ALL, 100, 5 },
  { B, READ, 100, 0 },
  { B, READ, 100, 0 },
  { B, READ_ALL, 100, 0 },
  { B, READ_BYTES, 100, 0 },
  { B, SKIP, 100, 0 },
  { B, READ_NB, 100, 0 },
  { B, IS_READABLE, 0, TRUE },
  { B, FIRES_IN, 0, TRUE },
  { B, READ, 100, 0 },
};

static const Step end_awaited[] = {
  { B, BEGIN (READ), 100 },
  { A, SHUTDOWN, 0, TRUE },
  { B, END (READ), 0, 0 },
  { B, READ, 100, 0 },
};

/* Only one call may read: a second one is refused, whichever it is. Writing goes on. */
static const Step second[] = {
  { B, BEGIN (READ), 100 },
  { B, READ, 100, NO (PENDING) },
  { B, READ_ALL, 100, NO (PENDING) },
  { B, READ_BYTES, 100, NO (PENDING) },
  { B, SKIP, 100, NO (PENDING) },
  { B, CLOSE_INPUT, 0, NO (PENDING) },
  { B, WRITE, 5, 5 },
  { A, READ, 100, 5 },
  { A, WRITE, 5, 5 },
  { B, END (READ), 0, 5 },
  { A, WRITE, 5, 5 },
  { B, READ, 100, 5 },
};

static const Step flag[] = {
  { B, SET_INPUT_PENDING, 0, TRUE },
  { B, HAS_INPUT_PENDING, 0, TRUE },
  { B, HAS_OUTPUT_PENDING, 0, FALSE },
  { B, HAS_PENDING, 0, FALSE },
  { B, SET_INPUT_PENDING, 0, NO (PENDING) },
  { B, READ, 100, NO (PENDING) },
  { B, CLOSE_INPUT, 0, NO (PENDING) },
  { B, CLEAR_INPUT_PENDING, 0, TRUE },
  { A, WRITE, 5, 5 },
  { B, READ, 100, 5 },
};

/* Past its time a read can be repeated. */
static const Step timeout[] = {
  { B, LIMIT_IN, 0, TRUE },
  { B, READ, 100, NO (TIMED_OUT) },
  { B, READ_NB, 100, NO (WOULD_BLOCK) },
  { B, UNLIMIT, 0, TRUE },
  { A, WRITE, 5, 5 },
  { B, READ, 100, 5 },
};

static const Step engine_thread[] = {
  { B, READ, 100, NO (WOULD_BLOCK) },
  { B, READ_ALL, 100, NO (WOULD_BLOCK) },
  { B, SKIP, 100, NO (WOULD_BLOCK) },
  { B, HAS_INPUT_PENDING, 0, FALSE },
  { B, READ_NB, 100, NO (WOULD_BLOCK) },
  { B, READ, 0, 0 },
  { B, CLOSE_INPUT, 0, TRUE },
  { B, READ, 100, NO (CLOSED) },
};

/* clang-format on */

static const Scenario scenarios[] = {
  SCENARIO ("some", some),
  SCENARIO ("nothing", nothing),
  SCENARIO ("waits", waits),
  SCENARIO ("all", all),
  SCENARIO ("end", end),
  SCENARIO ("end-awaited", end_awaited),
  SCENARIO ("second", second),
  SCENARIO ("flag", flag),
  SCENARIO ("timeout", timeout, .rows = "F-23"),
  SCENARIO ("engine-thread", engine_thread, ENGINE),
};

const Theme read_theme = { scenarios, G_N_ELEMENTS (scenarios) };
