/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The behaviour of a stream, call by call: scripts that run over each kind of pair, in each manner
 * of calling. doc/stream.md says the same in words. */

#pragma once

#include "pair.h"

typedef enum
{
  A,
  B,
} Which;

typedef enum
{
  /* These may wait, and have an asynchronous variant. */
  READ,
  READ_ALL,
  READ_BYTES,
  SKIP,
  WRITE,
  WRITE_ALL,
  WRITE_BYTES,
  WRITEV,
  WRITEV_ALL,
  FLUSH,
  DRAIN,
  SHUTDOWN,
  CLOSE_INPUT,
  CLOSE_OUTPUT,
  CLOSE,
  N_WAITING,

  /* These do not wait. */
  READ_NB = N_WAITING,
  WRITE_NB,
  WRITEV_NB,
  IS_READABLE,
  IS_WRITABLE,
  FIRES_IN, /* whether a source fires at once */
  FIRES_OUT,
  ABORT, /* TCP: the close without lingering */
  IS_CLOSED,
  IS_INPUT_CLOSED,
  IS_OUTPUT_CLOSED,
  HAS_PENDING,
  HAS_INPUT_PENDING,
  HAS_OUTPUT_PENDING,
  SET_INPUT_PENDING,
  SET_OUTPUT_PENDING,
  CLEAR_INPUT_PENDING,
  CLEAR_OUTPUT_PENDING,
  HAS_ENDED, /* IBB only */

  /* These are the test's own. */
  AWAIT_IN, /* waits for a source to fire */
  AWAIT_OUT,
  AWAIT_END, /* IBB: waits until both directions are over */
  FILL,      /* writes until there is no more room, for good */
  WRITE_ON,  /* writes until that fails */
  READ_REST, /* reads all that the other end has written, which must be there */
  LIMIT_IN,  /* a read times out, soon */
  LIMIT_OUT, /* a write does */
  UNLIMIT,   /* no more */
  HOLD_BACK, /* IBB: auto-flush off */
  CANCEL,
  RESET,
  DROP, /* the last reference */
  N_CALLS,
} Call;

/* For a call that waits: begins it and goes on, or ends it by the cancellable of its end. */
#define BEGIN(call) ((call) | 0x100)
#define END(call) ((call) | 0x200)
#define C 0x400
#define CALL_MASK 0xff

/* How a call ends: with a number of bytes, TRUE or FALSE, or not well. */
#define NO(code) (-1000 - G_IO_ERROR_##code)
#define ANY (-1)  /* whatever it is, no byte is lost or doubled */
#define NONE (-2) /* there is no such call */

typedef struct
{
  int   call;
  gsize count; /* bytes */
} Step;

typedef enum
{
  SYNC = 1 << 0,    /* in the main thread */
  WORKER = 1 << 1,  /* the same in another thread, without any main loop */
  ASYNC = 1 << 2,   /* in the main context */
  CONTEXT = 1 << 3, /* the same in another thread that has a context of its own */
  ENGINE = 1 << 4,  /* synchronous, in the thread that serves the connection */
} Manner;

/* One end while a scenario runs. */
typedef struct _Op Op;

typedef struct _End End;
struct _End
{
  Which         which;
  GIOStream    *stream;
  GCancellable *cancellable;
  End          *peer;
  guint64       written; /* bytes */
  guint64       read;
  Op           *ops[3]; /* begun: on the input, on the output, on both */
};

/* Performs one step; how it ended. */
gssize scenario_perform (End *end, const Step *step, Manner manner);
/* The same for calls that never wait. */
gssize scenario_call (End *end, const Step *step, Manner manner);

/* Every byte is told by its place. */
void scenario_write_pattern (const End *end, guint8 *buffer, gsize count);
void scenario_check_pattern (const End *end, const guint8 *buffer, gsize count);

gssize scenario_get_outcome (gssize size, GError *error); /* (transfer full): error */

static inline GInputStream *
end_get_input (const End *end)
{
  return g_io_stream_get_input_stream (end->stream);
}

static inline GOutputStream *
end_get_output (const End *end)
{
  return g_io_stream_get_output_stream (end->stream);
}

static inline gboolean
end_is_ibb (const End *end)
{
  return IBB_IS_TRANSPORT (end->stream);
}
