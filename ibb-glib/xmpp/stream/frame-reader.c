/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/stream/frame-reader.h"

#include <string.h>

#include "base/intl.h"
#include "ibb-error.h"
#include "xmpp/stream/frame.h"

#define HEADER_LENGTH 10 /* of the longest one; a server uses no mask */

struct _IBBFrameReader
{
  gsize max_message;

  guint8   header[HEADER_LENGTH];
  guint    n_header;                       /* how much of it has come */
  gboolean in_payload;                     /* the header is complete */
  guint64  left;                           /* of the payload */
  guint8   control[IBB_FRAME_CONTROL_MAX]; /* payload of a control frame */
  gsize    n_control;
  gboolean in_message; /* a message has begun, and has not ended */
  guint64  message_length;
  GError  *error; /* (owned) (nullable): for good */
};

IBBFrameReader *
ibb_frame_reader_new (gsize max_message)
{
  IBBFrameReader *self = g_new0 (IBBFrameReader, 1);

  self->max_message = max_message;

  return self;
}

void
ibb_frame_reader_free (IBBFrameReader *self)
{
  g_clear_error (&self->error);
  g_free (self);
}

static guint
get_opcode (const IBBFrameReader *self)
{
  return self->header[0] & IBB_FRAME_OPCODE_MASK;
}

static gboolean
is_control (const IBBFrameReader *self)
{
  return (get_opcode (self) & IBB_FRAME_CONTROL) != 0;
}

static gboolean
is_final (const IBBFrameReader *self)
{
  return (self->header[0] & IBB_FRAME_FINAL) != 0;
}

/* Returns 0 while the first two bytes, which tell the length, have not come. */
static guint
get_header_length (const IBBFrameReader *self)
{
  guint length = self->header[1] & IBB_FRAME_LENGTH_MASK;

  if (self->n_header < 2)
    return 0;
  if (length == IBB_FRAME_LENGTH_16)
    return 2 + 2;
  return length == IBB_FRAME_LENGTH_64 ? 2 + 8 : 2;
}

/* Returns FALSE if a shorter form would have done, which RFC 6455 §5.2 forbids. */
static gboolean
parse_length (const IBBFrameReader *self, guint64 *length)
{
  guint   short_length = self->header[1] & IBB_FRAME_LENGTH_MASK;
  guint64 value = 0;

  *length = short_length;
  if (short_length < IBB_FRAME_LENGTH_16)
    return TRUE;

  for (guint i = 2; i < self->n_header; i++)
    value = value << 8 | self->header[i];
  *length = value;
  return short_length == IBB_FRAME_LENGTH_16 ? value >= IBB_FRAME_LENGTH_16 : value > G_MAXUINT16;
}

static const char *
find_fault_of_message (IBBFrameReader *self)
{
  guint opcode = get_opcode (self);

  if (opcode == IBB_FRAME_OPCODE_BINARY)
    return _ ("The server sent a binary WebSocket message");
  if (self->in_message != (opcode == IBB_FRAME_OPCODE_CONTINUATION))
    return _ ("The server sent the parts of a WebSocket message in the wrong order");

  if (!self->in_message)
    self->message_length = 0;
  /* In this order the sum cannot overflow: left may be close to the largest number. */
  if (self->left > self->max_message ||
      self->message_length + self->left > (guint64) self->max_message)
    return _ ("The server sent a WebSocket message that is too long");
  return NULL;
}

/* (nullable): the fault of the header; NULL if it has none. */
static const char *
find_fault (IBBFrameReader *self)
{
  if ((self->header[0] & IBB_FRAME_RESERVED) != 0)
    return _ ("The server sent a WebSocket frame with an extension that was not agreed on");
  if ((self->header[1] & IBB_FRAME_MASKED) != 0)
    return _ ("The server sent a WebSocket frame with a mask");
  if (!parse_length (self, &self->left))
    return _ ("The server sent a WebSocket frame with a bad length");
  if (get_opcode (self) > (is_control (self) ? IBB_FRAME_OPCODE_PONG : IBB_FRAME_OPCODE_BINARY))
    return _ ("The server sent a WebSocket frame of an unknown kind");
  if (!is_control (self))
    return find_fault_of_message (self);

  if (!is_final (self) || self->left > IBB_FRAME_CONTROL_MAX)
    return _ ("The server sent a WebSocket control frame that is not allowed");
  return NULL;
}

/* Returns FALSE if the header is incomplete, or wrong. */
static gboolean
read_header (IBBFrameReader *self, const guint8 **data, gsize *length)
{
  const char *fault;

  while (*length > 0 && (self->n_header < 2 || self->n_header < get_header_length (self)))
    {
      self->header[self->n_header++] = **data;
      *data += 1;
      *length -= 1;
    }
  if (self->n_header < 2 || self->n_header < get_header_length (self))
    return FALSE;

  fault = find_fault (self);
  if (fault != NULL)
    {
      self->error = g_error_new_literal (IBB_ERROR, IBB_ERROR_PROTOCOL, fault);
      return FALSE;
    }

  self->in_payload = TRUE;
  self->n_control = 0;
  if (!is_control (self))
    {
      self->in_message = TRUE;
      self->message_length += self->left;
    }
  return TRUE;
}

static void
end_frame (IBBFrameReader *self)
{
  self->in_payload = FALSE;
  self->n_header = 0;
}

/* Returns NOTHING if the next frame follows. */
static IBBFrameEvent
end_control (IBBFrameReader *self, const guint8 **payload, gsize *payload_length)
{
  guint opcode = get_opcode (self);

  *payload = self->control;
  *payload_length = self->n_control;
  end_frame (self);
  if (opcode == IBB_FRAME_OPCODE_CLOSE)
    return IBB_FRAME_CLOSE;
  return opcode == IBB_FRAME_OPCODE_PING ? IBB_FRAME_PING : IBB_FRAME_NOTHING;
}

/* Returns NOTHING if the next frame follows, or more bytes are needed. */
static IBBFrameEvent
read_payload (IBBFrameReader *self,
              const guint8  **data,
              gsize          *length,
              const guint8  **payload,
              gsize          *payload_length)
{
  gsize n = (gsize) MIN (self->left, (guint64) *length);

  *payload = *data;
  *payload_length = n;
  *data += n;
  *length -= n;
  self->left -= n;
  if (is_control (self))
    {
      if (n > 0)
        memcpy (self->control + self->n_control, *payload, n);
      self->n_control += n;
      return self->left == 0 ? end_control (self, payload, payload_length) : IBB_FRAME_NOTHING;
    }

  if (n > 0)
    return IBB_FRAME_TEXT;
  if (self->left > 0)
    return IBB_FRAME_NOTHING;

  end_frame (self);
  if (!is_final (self))
    return IBB_FRAME_NOTHING;
  self->in_message = FALSE;
  return IBB_FRAME_MESSAGE;
}

IBBFrameEvent
ibb_frame_reader_read (IBBFrameReader *self,
                       const guint8  **data,
                       gsize          *length,
                       const guint8  **payload,
                       gsize          *payload_length,
                       GError        **error)
{
  *payload_length = 0;
  while (self->error == NULL && (self->in_payload || read_header (self, data, length)))
    {
      IBBFrameEvent event = read_payload (self, data, length, payload, payload_length);

      if (event != IBB_FRAME_NOTHING)
        return event;
      if (*length == 0 && self->in_payload)
        return IBB_FRAME_NOTHING;
    }

  if (self->error == NULL)
    return IBB_FRAME_NOTHING;
  g_propagate_error (error, g_error_copy (self->error));
  return IBB_FRAME_REFUSED;
}
