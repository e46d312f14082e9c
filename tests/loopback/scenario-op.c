/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The calls of a scenario that may wait: in this thread, in another one, or
 * asynchronously. */

#include "scenario.h"

struct _Op
{
  Call          call;
  End          *end;
  GObject      *object;      /* (owned): the half or the stream */
  GCancellable *cancellable; /* (owned) (nullable) */
  guint8       *buffer;      /* (owned) (nullable) */
  gsize         count;
  GOutputVector vectors[2];

  GThread      *thread; /* (nullable): where it runs by itself */
  int           done;   /* there */
  GThread      *caller; /* of an asynchronous call */
  GAsyncResult *result; /* (owned) (nullable) */

  gssize outcome;
  gsize  moved; /* bytes */
};

static gboolean
reads (Call call)
{
  return call <= SKIP;
}

static gboolean
writes (Call call)
{
  return call >= WRITE && call <= WRITEV_ALL;
}

static guint
get_slot (Call call)
{
  if (reads (call) || call == CLOSE_INPUT)
    return 0;
  return call == CLOSE ? 2 : 1;
}

static Op *
op_new (End *end, Call call, gsize count, GCancellable *cancellable)
{
  Op *self = g_new0 (Op, 1);

  self->call = call;
  self->end = end;
  self->count = count;
  g_set_object (&self->cancellable, cancellable);
  if (call == DRAIN || call == SHUTDOWN || call == CLOSE)
    self->object = g_object_ref (G_OBJECT (end->stream));
  else if (get_slot (call) == 0)
    self->object = g_object_ref (G_OBJECT (end_get_input (end)));
  else
    self->object = g_object_ref (G_OBJECT (end_get_output (end)));

  if (reads (call) || writes (call))
    self->buffer = g_malloc0 (count + 1);
  if (writes (call))
    scenario_write_pattern (end, self->buffer, count);
  self->vectors[0] = (GOutputVector){ self->buffer, count / 3 };
  self->vectors[1] = (GOutputVector){ self->buffer + count / 3, count - count / 3 };
  return self;
}

static void
op_free (Op *self)
{
  g_clear_object (&self->result);
  g_clear_object (&self->cancellable);
  g_object_unref (self->object);
  g_free (self->buffer);
  g_free (self);
}

static gssize
take_bytes (Op *self, GBytes *bytes)
{
  gsize         size;
  gconstpointer data;

  if (bytes == NULL)
    return -1;
  data = g_bytes_get_data (bytes, &size);
  g_assert_cmpuint (size, <=, self->count);
  if (size > 0)
    memcpy (self->buffer, data, size);
  g_bytes_unref (bytes);
  return size;
}

static void
result_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Op *self = data;

  /* The callback runs in the context of the caller, and never before the call has returned. */
  g_assert_true (g_thread_self () == self->caller);
  g_assert_null (self->result);
  self->result = g_object_ref (result);
}

/* A call that waits, or the asynchronous one, or its end. */
typedef enum
{
  FORM_SYNC,
  FORM_ASYNC,
  FORM_FINISH,
} Form;

#define PERFORM(function, arguments, begins, ends)                                                 \
  ({                                                                                               \
    __typeof__ (function arguments) value_ = 0;                                                    \
                                                                                                   \
    if (form == FORM_SYNC)                                                                         \
      value_ = function arguments;                                                                 \
    else if (form == FORM_ASYNC)                                                                   \
      function##_async begins;                                                                     \
    else                                                                                           \
      value_ = function##_finish ends;                                                             \
    value_;                                                                                        \
  })

/* The arguments of both calls begin with those that are given. */
#define CALL(function, ...)                                                                        \
  PERFORM (function, (__VA_ARGS__, c, error), (__VA_ARGS__, G_PRIORITY_DEFAULT, c, cb, self),      \
           (object, self->result, error))

/* A call for all or nothing, which may have moved some bytes in any case: how many, or -1. */
#define CALL_ALL(function, ...)                                                                    \
  (PERFORM (function, (__VA_ARGS__, moved, c, error),                                              \
            (__VA_ARGS__, G_PRIORITY_DEFAULT, c, cb, self), (object, self->result, moved, error))  \
       ? (gssize) *moved                                                                           \
       : -1)

#define CALL_OURS(function)                                                                        \
  PERFORM (function, (object, c, error), (object, c, cb, self), (object, self->result, error))

/* The number of bytes, TRUE or FALSE; nothing of a call that has but begun. */
static gssize
perform (Op *self, Form form, GError **error)
{
  gpointer            object = self->object;
  GCancellable       *c = self->cancellable;
  GAsyncReadyCallback cb = result_cb;
  gsize               count = self->count, *moved = &self->moved;
  g_autoptr (GBytes)  bytes = g_bytes_new_static (self->buffer, self->buffer != NULL ? count : 0);

  switch (self->call)
    {
    case READ:
      return CALL (g_input_stream_read, object, self->buffer, count);
    case READ_ALL:
      return CALL_ALL (g_input_stream_read_all, object, self->buffer, count);
    case READ_BYTES:
      return take_bytes (self, CALL (g_input_stream_read_bytes, object, count));
    case SKIP:
      return CALL (g_input_stream_skip, object, count);
    case WRITE:
      return CALL (g_output_stream_write, object, self->buffer, count);
    case WRITE_ALL:
      return CALL_ALL (g_output_stream_write_all, object, self->buffer, count);
    case WRITE_BYTES:
      return CALL (g_output_stream_write_bytes, object, bytes);
    case WRITEV:
      return CALL_ALL (g_output_stream_writev, object, self->vectors, 2);
    case WRITEV_ALL:
      return CALL_ALL (g_output_stream_writev_all, object, self->vectors, 2);
    case FLUSH:
      return CALL (g_output_stream_flush, object);
    case DRAIN:
      return CALL_OURS (ibb_transport_drain);
    case SHUTDOWN:
      if (end_is_ibb (self->end))
        return CALL_OURS (ibb_transport_shutdown_output);
      return g_socket_shutdown (g_socket_connection_get_socket (object), FALSE, TRUE, error);
    case CLOSE_INPUT:
      return CALL (g_input_stream_close, object);
    case CLOSE_OUTPUT:
      return CALL (g_output_stream_close, object);
    case CLOSE:
      return CALL (g_io_stream_close, object);
    default:
      g_assert_not_reached ();
    }
}

/* The message in the thread that serves the connection names the way out. */
static void
check_advice (Call call, const GError *error)
{
  static const char *const names[N_WAITING] = {
    [READ] = "g_input_stream_read",
    [WRITE] = "g_output_stream_write",
    [FLUSH] = "g_output_stream_flush",
    [DRAIN] = "ibb_transport_drain",
    [SHUTDOWN] = "ibb_transport_shutdown_output",
    [CLOSE] = "g_io_stream_close",
  };
  g_autofree char *advice = g_strconcat (names[call] != NULL ? names[call] : "", "_async()", NULL);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    g_assert_nonnull (strstr (error->message, advice));
}

static void
conclude (Op *self, gssize size, GError *error)
{
  check_advice (self->call, error);
  g_assert_true ((size == -1 || (size == 0 && self->call >= FLUSH)) == (error != NULL));
  self->outcome = scenario_get_outcome (size, error);
  if (self->outcome > 0 && self->moved == 0 && self->call < FLUSH)
    self->moved = self->outcome;
}

static int
count_references (Op *self)
{
  return g_atomic_int_get ((int *) &G_OBJECT (self->end->stream)->ref_count);
}

static gpointer
op_thread (gpointer data)
{
  Op     *self = data;
  GError *error = NULL;
  gssize  size = perform (self, FORM_SYNC, &error);

  conclude (self, size, error);
  g_atomic_int_set (&self->done, TRUE);
  return NULL;
}

/* GIO's flag says that it has begun; a drain has none. The thread may stand still between the
 * flag and our part of the call, which adds a reference to those that the stream had. */
static gboolean
has_begun (Op *self, int n_references)
{
  if (g_atomic_int_get (&self->done))
    return TRUE;
  if (end_is_ibb (self->end) && count_references (self) <= n_references)
    return FALSE;
  if (self->call == DRAIN)
    return TRUE;
  switch (get_slot (self->call))
    {
    case 0:
      return g_input_stream_has_pending (G_INPUT_STREAM (self->object));
    case 2:
      return g_io_stream_has_pending (G_IO_STREAM (self->object));
    default:
      return g_output_stream_has_pending (
          self->call == SHUTDOWN ? g_io_stream_get_output_stream (G_IO_STREAM (self->object))
                                 : G_OUTPUT_STREAM (self->object));
    }
}

static void
op_begin (Op *self, Manner manner)
{
  int n_references = count_references (self);

  if (manner & (ASYNC | CONTEXT))
    {
      self->caller = g_thread_self ();
      perform (self, FORM_ASYNC, NULL);
      g_assert_null (self->result);
      return;
    }
  self->thread = g_thread_new ("call", op_thread, self);
  /* A call that waits in another thread tells nobody. */
  while (!has_begun (self, n_references))
    g_usleep (100);
}

static gssize
op_end (Op *self)
{
  End    *end = self->end;
  GError *error = NULL;
  gssize  outcome;

  if (self->thread != NULL)
    g_thread_join (self->thread);
  else if (self->caller != NULL)
    {
      wait_until (self->result != NULL);
      outcome = perform (self, FORM_FINISH, &error);
      conclude (self, outcome, error);
    }

  if (reads (self->call))
    {
      if (self->call != SKIP)
        scenario_check_pattern (end, self->buffer, self->moved);
      end->read += self->moved;
    }
  else if (writes (self->call))
    end->written += self->moved;
  outcome = self->outcome;
  op_free (self);
  return outcome;
}

/* A socket has but the synchronous half-close, which does not wait. */
static gboolean
has_twin (End *end, Call call)
{
  return call != SHUTDOWN || end_is_ibb (end);
}

gssize
scenario_perform (End *end, const Step *step, Manner manner)
{
  Call call = step->call & CALL_MASK;
  Op **slot;
  Op  *op;

  if (call >= N_WAITING)
    return scenario_call (end, step, manner);

  slot = &end->ops[get_slot (call)];
  if (step->call & END (0))
    {
      g_assert_nonnull (*slot);
      return op_end (g_steal_pointer (slot));
    }
  op = op_new (end, call, step->count, step->call & C ? end->cancellable : NULL);
  if (step->call & BEGIN (0))
    {
      g_assert_null (*slot);
      *slot = op;
      op_begin (op, manner);
      return ANY;
    }
  if (manner & (ASYNC | CONTEXT) && has_twin (end, call))
    op_begin (op, manner);
  else
    op_thread (op);
  return op_end (op);
}
