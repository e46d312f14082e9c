/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Ends that are not orderly: abort, failure, the last reference. */

#include "scenario.h"

/* One call a line. */
/* clang-format off */

/* D-41: at once, and for good. */
static const Step aborted[] = {
  { A, HOLD_BACK, 0, TRUE },
  { A, WRITE, 5, 5 },
  { A, ABORT, 0, TRUE },
  { A, HAS_ENDED, 0, NONE, TRUE, "Abort" },
  { A, READ, 5, NO (CLOSED) },
  { A, READ, 5, NO (CLOSED) },
  { A, WRITE, 5, NO (CLOSED) },
  { A, SHUTDOWN, 0, NONE, NO (CLOSED), "Half-close" },
  { A, READ_NB, 5, NO (CLOSED) },
  { A, WRITE_NB, 5, NO (CLOSED) },
  { A, IS_READABLE, 0, NONE, TRUE, "Ready after an error" },
  { A, IS_WRITABLE, 0, NONE, TRUE, "Ready after an error" },
  { A, IS_CLOSED, 0, TRUE, FALSE, "Abort" },
  { A, CLOSE, 0, TRUE, NO (CLOSED), "Abort" },
  { A, IS_CLOSED, 0, TRUE },
  { B, READ, 100, NONE, NO (CONNECTION_CLOSED), "Abort" },
};

static const Step aborted_unsent[] = {
  { A, FILL, 0, TRUE },
  { A, BEGIN (DRAIN), 0, NONE, ANY, "Drain" },
  { A, ABORT, 0, TRUE },
  { A, END (DRAIN), 0, NONE, NO (CLOSED), "Drain" },
  { A, WRITE, 5, NO (CLOSED) },
  { A, FLUSH, 0, NO (CLOSED) },
  { A, DRAIN, 0, NONE, NO (CLOSED), "Drain" },
  { A, SHUTDOWN, 0, NONE, NO (CLOSED), "Half-close" },
  { A, CLOSE, 0, TRUE, NO (CLOSED), "Abort" },
};

/* Bytes before the end can be read. Then each call has the same error. */
static const Step peer_aborted[] = {
  { A, WRITE, 5, 5 },
  { B, AWAIT_IN, 0, TRUE },
  { A, ABORT, 0, TRUE },
  { B, AWAIT_END, 0, TRUE },
  { B, READ, 100, 5 },
  { B, READ, 100, NO (CONNECTION_CLOSED) },
  { B, READ, 100, 0, NO (CONNECTION_CLOSED), "Errors stay" },
  { B, READ_ALL, 100, 0, NO (CONNECTION_CLOSED), "Errors stay" },
  { B, READ_BYTES, 100, 0, NO (CONNECTION_CLOSED), "Errors stay" },
  { B, READ_NB, 100, 0, NO (CONNECTION_CLOSED), "Errors stay" },
  { B, WRITE, 5, NO (BROKEN_PIPE) },
  { B, WRITE_NB, 5, NO (BROKEN_PIPE) },
  { B, WRITEV, 5, NO (BROKEN_PIPE) },
  { B, FLUSH, 0, TRUE },
  { B, DRAIN, 0, NONE, TRUE, "Drain" },
  { B, SHUTDOWN, 0, NONE, NO (BROKEN_PIPE), "Half-close" },
  { B, CLOSE, 0, TRUE, NO (BROKEN_PIPE), "Close" },
  { B, READ, 100, NO (CLOSED) },
};

/* A call that waits learns of the end. */
static const Step abort_while_reading[] = {
  { A, BEGIN (READ), 100 },
  { A, ABORT, 0, TRUE },
  { A, END (READ), 0, NO (CLOSED) },
};

static const Step abort_while_writing[] = {
  { A, FILL, 0, TRUE },
  { A, BEGIN (WRITE), 5 },
  { A, ABORT, 0, TRUE },
  { A, END (WRITE), 0, NO (CLOSED) },
};

static const Step abort_while_closing[] = {
  { A, FILL, 0, TRUE },
  { A, BEGIN (CLOSE), 0 },
  { A, ABORT, 0, NONE, TRUE, "Abort" },
  { A, END (CLOSE), 0, TRUE, NO (CLOSED), "Close" },
};

static const Step peer_aborts_while_reading[] = {
  { B, BEGIN (READ), 100 },
  { A, ABORT, 0, TRUE },
  { B, END (READ), 0, NO (CONNECTION_CLOSED) },
};

static const Step peer_aborts_while_writing[] = {
  { B, BEGIN (WRITE_ALL), 200000 },
  { A, ABORT, 0, TRUE },
  { B, END (WRITE_ALL), 0, NO (BROKEN_PIPE) },
  { B, WRITE, 5, NO (BROKEN_PIPE) },
};

static const Step peer_aborts_while_closing[] = {
  { B, FILL, 0, TRUE },
  { B, BEGIN (CLOSE), 0 },
  { A, ABORT, 0, TRUE },
  { B, END (CLOSE), 0, TRUE, NO (BROKEN_PIPE), "Close" },
};

/* The other end closes while we write: told at once, not by a lost byte. */
static const Step peer_closes_while_writing[] = {
  { B, WRITE, 5, 5 },
  { A, READ, 100, 5 }, /* so that its first block is not the one refused (D-32) */
  { B, BEGIN (WRITE_ALL), 200000 },
  { A, AWAIT_IN, 0, TRUE },
  { A, CLOSE, 0, TRUE },
  { B, END (WRITE_ALL), 0, NO (BROKEN_PIPE) },
  { B, WRITE, 5, NO (BROKEN_PIPE) },
  { B, FLUSH, 0, TRUE, NO (BROKEN_PIPE), "Errors stay" },
  { B, CLOSE, 0, TRUE, NO (BROKEN_PIPE), "Close" },
};

/* The last reference. */
static const Step dropped[] = {
  { A, DROP, 0, TRUE },
  { B, READ, 100, 0, NO (CONNECTION_CLOSED), "The last reference" },
};

static const Step dropped_unsent[] = {
  { A, FILL, 0, TRUE },
  { A, DROP, 0, TRUE },
  { B, READ_ALL, 200000, ANY, NO (CONNECTION_CLOSED), "The last reference" },
};

static const Step dropped_reading[] = {
  { A, BEGIN (READ), 100 },
  { A, DROP, 0, ANY },
  { B, WRITE, 5, 5 },
  { A, END (READ), 0, 5 },
  { B, READ, 100, 0, NO (CONNECTION_CLOSED), "The last reference" },
};

static const Step dropped_writing[] = {
  { A, FILL, 0, TRUE },
  { A, BEGIN (WRITE), 5 },
  { A, DROP, 0, ANY },
  { B, READ_REST, 0, TRUE, NONE, "The last reference" },
  { B, READ_ALL, PAIR_BLOCK_SIZE, NONE, PAIR_BLOCK_SIZE, "The last reference" },
  { A, END (WRITE), 0, 5 },
  { B, READ_ALL, 200000, ANY, NO (CONNECTION_CLOSED), "The last reference" },
};

static const Step dropped_closing[] = {
  { A, FILL, 0, TRUE },
  { A, BEGIN (CLOSE), 0 },
  { A, DROP, 0, ANY },
  { B, READ_REST, 0, TRUE },
  { B, READ, 100, 0 },
  { A, END (CLOSE), 0, TRUE },
};

static const Step dropped_closed[] = {
  { A, WRITE, 5, 5 },
  { A, CLOSE, 0, TRUE },
  { A, DROP, 0, TRUE },
  { B, READ, 100, 5 },
  { B, READ, 100, 0 },
  { B, DROP, 0, TRUE },
};

static const Step dropped_after_peer[] = {
  { A, CLOSE, 0, TRUE },
  { B, READ, 100, 0 },
  { B, DROP, 0, TRUE },
};

static const Step dropped_half_closed[] = {
  { A, SHUTDOWN, 0, TRUE },
  { B, READ, 100, 0 },
  { B, DROP, 0, TRUE },
  { A, READ, 100, 0, NO (CONNECTION_CLOSED), "The last reference" },
};

/* clang-format on */

static const Scenario scenarios[] = {
  SCENARIO ("aborted", aborted),
  SCENARIO ("aborted-unsent", aborted_unsent, .rows = "F-16"),
  SCENARIO ("peer-aborted", peer_aborted),
  SCENARIO ("abort-while-reading", abort_while_reading, .tcp_manners = ASYNC),
  SCENARIO ("abort-while-writing", abort_while_writing, .tcp_manners = ASYNC),
  SCENARIO ("abort-while-closing", abort_while_closing),
  SCENARIO ("peer-aborts-while-reading", peer_aborts_while_reading),
  SCENARIO ("peer-aborts-while-writing", peer_aborts_while_writing),
  SCENARIO ("peer-aborts-while-closing", peer_aborts_while_closing),
  SCENARIO ("peer-closes-while-writing", peer_closes_while_writing),
  SCENARIO ("dropped", dropped),
  SCENARIO ("dropped-unsent", dropped_unsent),
  SCENARIO ("dropped-reading", dropped_reading),
  SCENARIO ("dropped-writing", dropped_writing),
  SCENARIO ("dropped-closing", dropped_closing),
  SCENARIO ("dropped-closed", dropped_closed),
  SCENARIO ("dropped-after-peer", dropped_after_peer),
  SCENARIO ("dropped-half-closed", dropped_half_closed),
};

const Theme end_theme = { scenarios, G_N_ELEMENTS (scenarios) };
