/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Writing, flushing and draining. */

#include "scenario.h"

/* One call a line. */
/* clang-format off */

static const Step every_way[] = {
  { A, WRITE, 5, 5 },
  { A, WRITE_ALL, 6, 6 },
  { A, WRITE_BYTES, 7, 7 },
  { A, WRITEV, 8, 8 },
  { A, WRITEV_ALL, 9, 9 },
  { A, WRITE_NB, 10, 10 },
  { A, WRITEV_NB, 11, 11 },
  { B, READ_REST, 0, TRUE },
};

/* A reader and a writer on each end. */
static const Step together[] = {
  { A, BEGIN (WRITE_ALL), 200000 },
  { B, BEGIN (WRITE_ALL), 200000 },
  { A, BEGIN (READ_ALL), 200000 },
  { B, BEGIN (READ_ALL), 200000 },
  { A, END (READ_ALL), 0, 200000 },
  { B, END (READ_ALL), 0, 200000 },
  { A, END (WRITE_ALL), 0, 200000 },
  { B, END (WRITE_ALL), 0, 200000 },
};

static const Step nothing[] = {
  { A, WRITE, 0, 0 },
  { A, WRITE_ALL, 0, 0 },
  { A, WRITE_BYTES, 0, 0 },
  { A, WRITEV, 0, 0 },
  { A, WRITE_NB, 0, 0 },
  { A, FLUSH, 0, TRUE },
  { A, DRAIN, 0, NONE, TRUE, "Drain" },
  { A, FILL, 0, TRUE },
  { A, WRITE, 0, 0 },
  { A, WRITE_NB, 0, 0 },
  { B, READ_REST, 0, TRUE },
};

/* No room: it waits until the other end reads. */
static const Step waits[] = {
  { A, FILL, 0, TRUE },
  { A, BEGIN (WRITE), 5 },
  { A, HAS_OUTPUT_PENDING, 0, TRUE },
  { B, READ_REST, 0, TRUE },
  { A, END (WRITE), 0, 5 },
  { A, HAS_OUTPUT_PENDING, 0, FALSE },
  { B, READ, 100, 5 },
  { A, BEGIN (WRITE_ALL), 200000 },
  { B, READ_ALL, 200000, 200000 },
  { A, END (WRITE_ALL), 0, 200000 },
  { A, BEGIN (WRITEV_ALL), 200000 },
  { B, READ_ALL, 200000, 200000 },
  { A, END (WRITEV_ALL), 0, 200000 },
};

/* There is one writer: another call on the output is refused, and reading goes on. */
static const Step second[] = {
  { A, FILL, 0, TRUE },
  { A, BEGIN (WRITE), 5 },
  { A, WRITE, 5, NO (PENDING) },
  { A, WRITE_ALL, 5, NO (PENDING) },
  { A, WRITE_BYTES, 5, NO (PENDING) },
  { A, FLUSH, 0, NO (PENDING) },
  { A, CLOSE_OUTPUT, 0, NO (PENDING) },
  { A, SHUTDOWN, 0, NONE, NO (PENDING), "Half-close" },
  { B, WRITE, 5, 5 },
  { A, READ, 100, 5 },
  { B, READ_REST, 0, TRUE },
  { A, END (WRITE), 0, 5 },
  { A, WRITE, 5, 5 },
  { B, READ_ALL, 10, 10 },
};

static const Step second_vector[] = {
  { A, FILL, 0, TRUE },
  { A, BEGIN (WRITE), 5 },
  { A, WRITEV, 5, NO (PENDING) },
  { A, HAS_OUTPUT_PENDING, 0, TRUE },
  { B, READ_REST, 0, TRUE },
  { A, END (WRITE), 0, 5 },
  { B, READ, 5, 5 },
  { A, FILL, 0, TRUE },
  { A, BEGIN (WRITEV), 5 },
  { A, HAS_OUTPUT_PENDING, 0, TRUE },
  { A, WRITE, 5, NO (PENDING) },
  { B, READ_REST, 0, TRUE },
  { A, END (WRITEV), 0, 5 },
  { A, HAS_OUTPUT_PENDING, 0, FALSE },
};

/* GIO's own takes away the mark of the first. */
static const Step second_vector_async[] = {
  { A, FILL, 0, TRUE },
  { A, BEGIN (WRITE), 5 },
  { A, WRITEV, 5, NO (PENDING) },
  { A, HAS_OUTPUT_PENDING, 0, FALSE, TRUE, "A second writer" },
  { B, READ_REST, 0, TRUE },
  { A, END (WRITE), 0, 5 },
};

static const Step flag[] = {
  { A, SET_OUTPUT_PENDING, 0, TRUE },
  { A, HAS_OUTPUT_PENDING, 0, TRUE },
  { A, HAS_INPUT_PENDING, 0, FALSE },
  { A, SET_OUTPUT_PENDING, 0, NO (PENDING) },
  { A, WRITE, 5, NO (PENDING) },
  { A, FLUSH, 0, NO (PENDING) },
  { A, CLOSE_OUTPUT, 0, NO (PENDING) },
  { A, CLEAR_OUTPUT_PENDING, 0, TRUE },
  { A, WRITE, 5, 5 },
  { B, READ, 100, 5 },
};

/* Written bytes arrive without a flush. */
static const Step flush[] = {
  { A, FLUSH, 0, TRUE },
  { A, WRITE, 5, 5 },
  { B, READ, 100, 5 },
  { A, WRITE, 5, 5 },
  { A, FLUSH, 0, TRUE },
  { B, READ, 100, 5 },
};

/* Unless it is held back. */
static const Step held_back[] = {
  { A, HOLD_BACK, 0, TRUE },
  { A, WRITE, 5, 5 },
  { A, WRITE, 5, 5 },
  { A, FLUSH, 0, TRUE },
  { B, READ_REST, 0, TRUE },
  { A, WRITE, 5, 5 },
  { A, DRAIN, 0, NONE, TRUE, "Drain" },
  { B, READ_REST, 0, TRUE },
};

/* A flush waits until the connection has it all. */
static const Step flush_waits[] = {
  { A, FILL, 0, TRUE },
  { A, BEGIN (FLUSH), 0, ANY },
  { A, HAS_OUTPUT_PENDING, 0, NONE, TRUE, "Flush" },
  { A, WRITE, 5, NONE, NO (PENDING), "Flush" },
  { B, READ_REST, 0, TRUE },
  { A, END (FLUSH), 0, TRUE },
};

/* A drain waits until the other end has it all, and keeps nobody from writing. */
static const Step drain[] = {
  { A, WRITE, 5, 5 },
  { A, DRAIN, 0, NONE, TRUE, "Drain" },
  { A, FILL, 0, TRUE },
  { A, BEGIN (DRAIN), 0, NONE, ANY, "Drain" },
  { A, HAS_OUTPUT_PENDING, 0, FALSE },
  { B, READ_REST, 0, TRUE },
  { A, END (DRAIN), 0, NONE, TRUE, "Drain" },
  { A, WRITE, 5, 5 },
  { B, READ, 100, 5 },
};

static const Step timeout[] = {
  { A, FILL, 0, TRUE },
  { A, LIMIT_OUT, 0, TRUE },
  { A, WRITE, 5, NO (TIMED_OUT) },
  { A, FLUSH, 0, TRUE, NO (TIMED_OUT), "Flush" },
  { A, DRAIN, 0, NONE, NO (TIMED_OUT), "Drain" },
  { A, SHUTDOWN, 0, NONE, NO (TIMED_OUT), "Half-close" },
  { A, UNLIMIT, 0, TRUE },
  { B, READ_REST, 0, TRUE },
  { A, SHUTDOWN, 0, TRUE },
  { B, READ, 100, 0 },
};

static const Step engine_thread[] = {
  { A, FLUSH, 0, TRUE },
  { A, DRAIN, 0, TRUE },
  { A, WRITE, 5, 5 },
  { A, FLUSH, 0, NO (WOULD_BLOCK) },
  { A, DRAIN, 0, NO (WOULD_BLOCK) },
  { A, SHUTDOWN, 0, NO (WOULD_BLOCK) },
  { A, HAS_OUTPUT_PENDING, 0, FALSE },
  { A, WRITE, 100000, ANY },
  { A, WRITE, 5, NO (WOULD_BLOCK) },
  { A, WRITE_NB, 5, NO (WOULD_BLOCK) },
  { A, CLOSE, 0, NO (WOULD_BLOCK) },
  { A, IS_CLOSED, 0, TRUE },
};

/* clang-format on */

static const Scenario scenarios[] = {
  SCENARIO ("every-way", every_way),
  SCENARIO ("together", together),
  SCENARIO ("nothing", nothing),
  SCENARIO ("waits", waits),
  SCENARIO ("second", second),
  SCENARIO ("second-vector", second_vector, .tcp_manners = SYNC),
  SCENARIO ("second-vector-async", second_vector_async, ASYNC | CONTEXT),
  SCENARIO ("flag", flag),
  SCENARIO ("flush", flush),
  SCENARIO ("held-back", held_back),
  SCENARIO ("flush-waits", flush_waits),
  SCENARIO ("drain", drain),
  SCENARIO ("timeout", timeout),
  SCENARIO ("engine-thread", engine_thread, ENGINE),
};

const Theme write_theme = { scenarios, G_N_ELEMENTS (scenarios) };
