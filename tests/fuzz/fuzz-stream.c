/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Any bytes of a server, in any pieces: the same events as from one piece, never more memory than a
 * few stanzas take, and no event after a mistake. */

#include "config.h"

#include "fuzz.h"

#include <malloc.h>
#include <string.h>

#include "ibb-error.h"
#include "stanza/ibb-element-private.h"
#include "xmpp/management/ack-queue.h"
#include "xmpp/stream/parser.h"
#include "xmpp/stream/stream-namespaces.h"

#define HEADER                                                                                     \
  "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"

#define TEXT_MAX (2 * 1024 * 1024)

/* The stanza in the making, the names that libxml2 keeps, and what a growing
 * buffer may waste. */
#define MEMORY_MAX (8 * 1024 * 1024)

/* Control characters, which XML forbids, stand for what is tedious to find. */
static const char *const words[] = {
  [1] = HEADER,
  [2] = "<iq type='set' id='i' from='a@b/c' to='d@e/f'>",
  [3] = "</iq>",
  [4] = "<data xmlns='http://jabber.org/protocol/ibb' sid='s' seq='1'>",
  [5] = "</data>",
  [6] = "<message>",
  [7] = "</message>",
  [8] = "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>",
  [11] = "</mechanisms></stream:features>",
  [12] = "</stream:stream>",
  [14] = "<open xmlns='http://jabber.org/protocol/ibb' sid='s' block-size='4096'/>",
  [18] = "<enabled xmlns='urn:xmpp:sm:3' id='i' resume='true' max='600'/>",
  [19] = "<r xmlns='urn:xmpp:sm:3'/>",
  [20] = "<a xmlns='urn:xmpp:sm:3' h='",
  [21] = "<resumed xmlns='urn:xmpp:sm:3' previd='i' h='",
  [22] = "'/>",
};

#define WORD_LONG 15   /* 16 KiB of a letter */
#define WORD_REPEAT 16 /* the last 64 characters 256 times */
#define WORD_NAMES 17  /* 256 elements, each of another name */

extern size_t __sanitizer_get_current_allocated_bytes (void) __attribute__ ((weak));

static gsize
get_allocated (void)
{
  if (__sanitizer_get_current_allocated_bytes != NULL)
    return __sanitizer_get_current_allocated_bytes ();
  return mallinfo2 ().uordblks;
}

static GString *
expand (const uint8_t *data, size_t size)
{
  GString *text = g_string_new (NULL);
  guint    n_names = 0;

  for (size_t i = 0; i < size && text->len < TEXT_MAX; i++)
    if (data[i] < G_N_ELEMENTS (words) && words[data[i]] != NULL)
      g_string_append (text, words[data[i]]);
    else if (data[i] == WORD_LONG)
      {
        gsize length = text->len;

        g_string_set_size (text, length + 16384);
        memset (text->str + length, 'A', 16384);
      }
    else if (data[i] == WORD_REPEAT)
      {
        gsize            n = MIN (text->len, 64);
        g_autofree char *last = g_strdup (text->str + text->len - n);

        for (guint j = 0; j < 256; j++)
          g_string_append (text, last);
      }
    else if (data[i] == WORD_NAMES)
      for (guint j = 0; j < 256; j++)
        g_string_append_printf (text, "<name-that-nobody-knows-%u/>", n_names++);
    else
      g_string_append_c (text, (char) data[i]);

  return text;
}

static void
log_element (GString *log, const IBBElement *element)
{
  g_string_append_printf (log, "<%s %s", element->name, element->namespace);
  for (char **attribute = element->attributes; attribute != NULL && *attribute != NULL; attribute++)
    g_string_append_printf (log, " %s", *attribute);
  g_string_append_printf (log, " %u %s", g_str_hash (element->text->str),
                          element->children != NULL ? "" : "-");
  for (guint i = 0; element->children != NULL && i < element->children->len; i++)
    log_element (log, element->children->pdata[i]);
  g_string_append (log, ">");
}

static void
log_stanza (GString *log, IBBStanza *stanza)
{
  g_autofree char *xml = ibb_stanza_to_xml (stanza);

  g_assert (xml != NULL);
  g_string_append_printf (log, "[%d %s %u]", stanza->payload, ibb_stanza_get_name (stanza),
                          g_str_hash (xml));
}

typedef struct
{
  IBBAckQueue *queue;
  guint32      acknowledged; /* how many should be */
} Acks;

/* The server's counts (XEP-0198), whatever they are, against what was sent. */
static void
count (Acks *counted, const IBBElement *element, GString *log)
{
  IBBAckQueue *acks = counted->queue;
  GQueue       awaited = G_QUEUE_INIT;
  guint32      h;
  guint32      before = counted->acknowledged;
  guint32      sent = ibb_ack_queue_get_sent (acks);

  if (!ibb_ack_queue_parse_h (ibb_element_get_attribute (element, "h"), &h))
    return;
  if (ibb_ack_queue_acknowledge (acks, h, &awaited))
    {
      g_assert (h - before <= sent - before);
      g_assert (awaited.length == h - before);
      counted->acknowledged = h;
      if (ibb_element_is (element, "resumed", IBB_MANAGEMENT_NAMESPACE))
        {
          ibb_ack_queue_restart (acks);
          while (ibb_ack_queue_get_next (acks) != NULL)
            ibb_ack_queue_note_sent (acks);
        }
    }
  else
    g_assert (h - before > sent - before && awaited.length == 0);
  g_assert (ibb_ack_queue_get_sent (acks) == sent);
  g_string_append_printf (log, "h%u", h);
  g_queue_clear_full (&awaited, (GDestroyNotify) ibb_stanza_unref);
}

/* FALSE at the end of the stream. */
static gboolean
take_all (IBBParser *parser, gboolean expects_stanzas, Acks *acks, GString *log)
{
  for (;;)
    {
      g_autoptr (IBBElement) element = NULL;
      g_autoptr (IBBStanza)  stanza = NULL;
      IBBParserEvent         event = ibb_parser_take (parser, &element, &stanza);

      g_assert ((event == IBB_PARSER_STANZA) == (stanza != NULL));
      g_assert ((event == IBB_PARSER_HEADER || event == IBB_PARSER_ELEMENT) == (element != NULL));
      g_assert (event != IBB_PARSER_STANZA || expects_stanzas);
      if (event == IBB_PARSER_NOTHING)
        return TRUE;
      g_string_append_printf (log, "%d", event);
      if (element != NULL)
        log_element (log, element);
      if (element != NULL && g_strcmp0 (element->namespace, IBB_MANAGEMENT_NAMESPACE) == 0)
        count (acks, element, log);
      if (stanza != NULL)
        log_stanza (log, stanza);
      if (stanza != NULL && !ibb_ack_queue_is_full (acks->queue))
        {
          ibb_ack_queue_push (acks->queue, stanza, TRUE);
          ibb_ack_queue_note_sent (acks->queue);
        }
      if (event == IBB_PARSER_END)
        return FALSE;
    }
}

static void
parse (GString *text, gboolean expects_stanzas, guint seed, GString *log)
{
  gsize                   before = get_allocated ();
  g_autoptr (IBBParser)   parser = ibb_parser_new ();
  g_autoptr (IBBAckQueue) queue = ibb_ack_queue_new (G_MAXUINT32 - 1);
  Acks                    acks = { queue, G_MAXUINT32 - 1 };
  gsize                   offset = 0;
  gsize                   log_length = log->allocated_len;

  if (expects_stanzas)
    parser->expects_stanzas = TRUE;
  while (offset < text->len)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char   *piece = NULL;
      gsize              n = text->len - offset;
      gboolean           fine;

      if (seed != 0)
        {
          seed = seed * 1664525 + 1013904223;
          n = MIN (n, (seed >> 28) == 0 ? 8192 : 1 + (seed >> 24) % (seed & 64 ? 200 : 5));
        }
      piece = g_memdup2 (text->str + offset, n);
      offset += n;
      fine = ibb_parser_feed (parser, piece, n, &error);
      g_assert (fine == (error == NULL));
      if (!take_all (parser, expects_stanzas, &acks, log))
        return;
      if (!fine)
        {
          g_assert (g_error_matches (error, IBB_ERROR, IBB_ERROR_PROTOCOL));
          g_assert (parser->condition != NULL);
          g_assert (!ibb_parser_feed (parser, "<a/>", 4, NULL));
          g_assert (take_all (parser, expects_stanzas, &acks, log));
          return;
        }
      if (seed != 0)
        g_assert (get_allocated () <
                  before + MEMORY_MAX + 2 * IBB_ACK_QUEUE_MAX + log->allocated_len - log_length);
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GString) text = NULL;
  g_autoptr (GString) whole = g_string_new (NULL);
  g_autoptr (GString) pieces = g_string_new (NULL);

  if (size < 2)
    return 0;

  text = expand (data + 1, size - 1);
  /* When a mistake is found depends on how far libxml2 looks ahead; what comes
   * before it does not. */
  parse (text, data[0] & 1, 0, whole);
  parse (text, data[0] & 1, data[0] | 256, pieces);
  g_assert (strcmp (whole->str, pieces->str) == 0);

  return 0;
}
