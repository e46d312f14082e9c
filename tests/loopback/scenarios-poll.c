/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Calls that never wait, and the sources that tell when to make them. */

#include "scenario.h"

/* One call a line. */
/* clang-format off */

static const Step input[] = {
  { B, IS_READABLE, 0, FALSE },
  { B, FIRES_IN, 0, FALSE },
  { B, READ_NB, 100, NO (WOULD_BLOCK) },
  { A, WRITE, 5, 5 },
  { B, AWAIT_IN, 0, TRUE },
  { B, IS_READABLE, 0, TRUE },
  { B, FIRES_IN, 0, TRUE },
  { B, READ_NB, 3, 3 },
  { B, FIRES_IN, 0, TRUE },
  { B, READ_NB, 100, 2 },
  { B, IS_READABLE, 0, FALSE },
  { B, FIRES_IN, 0, FALSE },
};

static const Step output[] = {
  { A, IS_WRITABLE, 0, TRUE },
  { A, FIRES_OUT, 0, TRUE },
  { A, FILL, 0, TRUE },
  { A, IS_WRITABLE, 0, FALSE },
  { A, FIRES_OUT, 0, FALSE },
  { A, WRITE_NB, 5, NO (WOULD_BLOCK) },
  { A, WRITEV_NB, 5, NO (WOULD_BLOCK) },
  { B, READ_REST, 0, TRUE },
  { A, AWAIT_OUT, 0, TRUE },
  { A, WRITE_NB, 5, 5 },
  { B, READ, 100, 5 },
};

/* A call that waits does not keep off those that do not. */
static const Step beside[] = {
  { B, BEGIN (READ), 100 },
  { B, READ_NB, 100, NO (WOULD_BLOCK) },
  { A, WRITE, 5, 5 },
  { B, END (READ), 0, 5 },
};

static const Step end_of_file[] = {
  { A, SHUTDOWN, 0, TRUE },
  { B, AWAIT_IN, 0, TRUE },
  { B, IS_READABLE, 0, TRUE },
  { B, READ_NB, 100, 0 },
  { B, FIRES_IN, 0, TRUE },
  { B, READ_NB, 100, 0 },
};

/* A failure makes both ready, for good. */
static const Step failure[] = {
  { A, FILL, 0, TRUE },
  { B, ABORT, 0, TRUE },
  { A, AWAIT_IN, 0, TRUE },
  { A, AWAIT_OUT, 0, TRUE },
  { A, IS_READABLE, 0, TRUE },
  { A, IS_WRITABLE, 0, TRUE },
  { A, READ_NB, 100, NO (CONNECTION_CLOSED) },
  { A, WRITE_NB, 5, NO (BROKEN_PIPE) },
  { A, READ_NB, 100, 0, NO (CONNECTION_CLOSED), "Errors stay" },
  { A, WRITE_NB, 5, NO (BROKEN_PIPE) },
  { A, FIRES_IN, 0, TRUE },
  { A, FIRES_OUT, 0, TRUE },
};

static const Step closed[] = {
  { A, CLOSE, 0, TRUE },
  { A, READ_NB, 100, NO (CLOSED) },
  { A, WRITE_NB, 5, NO (CLOSED) },
  { A, IS_READABLE, 0, FALSE, TRUE, "Ready after an error" },
  { A, IS_WRITABLE, 0, FALSE, TRUE, "Ready after an error" },
  /* GIO warns of such a source of a socket. */
  { A, FIRES_IN, 0, NONE, TRUE, "Ready after an error" },
  { A, FIRES_OUT, 0, NONE, TRUE, "Ready after an error" },
};

static const Step closed_halves[] = {
  { A, CLOSE_INPUT, 0, TRUE },
  { A, READ_NB, 100, NO (WOULD_BLOCK), NO (CLOSED), "Ready after an error" },
  { A, IS_READABLE, 0, FALSE, TRUE, "Ready after an error" },
  { A, WRITE_NB, 5, 5 },
  { A, CLOSE_OUTPUT, 0, TRUE },
  { A, WRITE_NB, 5, 5, NO (CLOSED), "Ready after an error" },
  { A, IS_WRITABLE, 0, TRUE },
};

/* clang-format on */

static const Scenario scenarios[] = {
  SCENARIO ("input", input),
  SCENARIO ("output", output),
  SCENARIO ("beside", beside),
  SCENARIO ("end-of-file", end_of_file),
  SCENARIO ("failure", failure),
  SCENARIO ("closed", closed),
  SCENARIO ("closed-halves", closed_halves),
};

const Theme poll_theme = { scenarios, G_N_ELEMENTS (scenarios) };
