/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Any frames of a WebSocket server, in any pieces: the same events as from one piece, no message
 * longer than allowed, and no event after a mistake. The first byte chooses the pieces and the
 * longest message. */

#include "config.h"

#include "fuzz.h"

#include <string.h>

#include "ibb-error.h"
#include "xmpp/stream/frame-reader.h"
#include "xmpp/stream/frame.h"

/* One limit for each form of a length. */
static const gsize max_messages[] = { 0, 100, 1000, 70000 };

typedef struct
{
  IBBFrameReader *reader;
  GString        *log;     /* the text of messages, and the other events */
  gsize           message; /* of the message that has not ended */
  gsize           max_message;
} Reading;

/* FALSE: nothing more is to come. */
static gboolean
take_event (Reading *self, IBBFrameEvent event, const guint8 *payload, gsize length)
{
  if (event == IBB_FRAME_TEXT)
    {
      self->message += length;
      g_assert (length > 0 && self->message <= self->max_message);
      g_string_append_len (self->log, (const char *) payload, (gssize) length);
      return TRUE;
    }
  g_string_append_printf (self->log, "[%d]", event);
  if (event == IBB_FRAME_MESSAGE)
    {
      self->message = 0;
      return TRUE;
    }

  g_assert (length <= IBB_FRAME_CONTROL_MAX);
  g_string_append_len (self->log, (const char *) payload, (gssize) length);
  return event == IBB_FRAME_PING;
}

static void
assert_stays_refused (Reading *self)
{
  const guint8  frame[] = { IBB_FRAME_FINAL | IBB_FRAME_OPCODE_TEXT, 0 };
  const guint8 *data = frame, *payload;
  gsize         length = sizeof frame, n;

  g_assert (ibb_frame_reader_read (self->reader, &data, &length, &payload, &n, NULL) ==
            IBB_FRAME_REFUSED);
}

/* FALSE at the end of the frames. */
static gboolean
read_piece (Reading *self, const guint8 *data, gsize length)
{
  const guint8 *end = data + length;

  for (;;)
    {
      g_autoptr (GError) error = NULL;
      const guint8      *payload = NULL;
      gsize              n = 0;
      IBBFrameEvent      event =
          ibb_frame_reader_read (self->reader, &data, &length, &payload, &n, &error);

      g_assert (data + length == end);
      g_assert ((event == IBB_FRAME_REFUSED) == (error != NULL));
      if (event == IBB_FRAME_NOTHING)
        {
          g_assert (length == 0);
          return TRUE;
        }
      if (event == IBB_FRAME_REFUSED)
        {
          g_assert (g_error_matches (error, IBB_ERROR, IBB_ERROR_PROTOCOL));
          assert_stays_refused (self);
        }
      if (!take_event (self, event, payload, event == IBB_FRAME_REFUSED ? 0 : n))
        return FALSE;
    }
}

/* seed 0: in one piece. A piece is a copy, so that reading behind its end is found. */
static GString *
read_all (const uint8_t *data, size_t size, gsize max_message, guint seed)
{
  g_autoptr (IBBFrameReader) reader = ibb_frame_reader_new (max_message);
  Reading                    self = { reader, g_string_new (NULL), 0, max_message };
  size_t                     offset = 0;
  gboolean                   goes_on = TRUE;

  while (goes_on && offset < size)
    {
      g_autofree guint8 *piece = NULL;
      size_t             n = size - offset;

      if (seed != 0)
        {
          seed = seed * 1664525 + 1013904223;
          n = MIN (n, 1 + (seed >> 24) % (seed & 64 ? 200 : 5));
        }
      piece = g_memdup2 (data + offset, n);
      offset += n;
      goes_on = read_piece (&self, piece, n);
    }

  return self.log;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  gsize               max_message;
  g_autoptr (GString) whole = NULL;
  g_autoptr (GString) pieces = NULL;

  if (size < 1)
    return 0;

  max_message = max_messages[data[0] % G_N_ELEMENTS (max_messages)];
  whole = read_all (data + 1, size - 1, max_message, 0);
  pieces = read_all (data + 1, size - 1, max_message, data[0] | 256);
  g_assert (g_string_equal (whole, pieces));

  return 0;
}
