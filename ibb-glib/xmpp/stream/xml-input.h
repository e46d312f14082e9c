/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The incoming half of an XML stream: reads the socket, or TLS over it, and parses what
 * comes. On the worker.
 */

#pragma once

#include "xmpp/base/tls-base.h"
#include "xmpp/stream/frame-reader.h"
#include "xmpp/stream/parser.h"
#include "xmpp/stream/prologue.h"

typedef struct _IBBXmlInput IBBXmlInput;

/* What the owner is told. Each call may stop the input or restart the parser; the owner has
 * to stay from begin () to end (). */
typedef struct
{
  void (*begin) (gpointer owner); /* before each piece of input */
  void (*event) (IBBParserEvent event, IBBElement *element, IBBStanza *stanza, gpointer owner);
  /* The XML is not what XMPP allows; condition is that of the stream error to answer with. NULL:
   * the server has refused ours, and gets no answer. */
  void (*refused) (const char *condition, const GError *error, gpointer owner);
  void (*end) (gpointer owner); /* after it */
  /* Over a WebSocket: to be answered with the same. */
  void (*ping) (const guint8 *payload, gsize length, gpointer owner);
  /* Nothing more comes; error is (nullable). */
  void (*ended) (const GError *error, gpointer owner);
} IBBXmlInputHandler;

struct _IBBXmlInput
{
  grefcount                 ref_count; /* a dispatch holds one */
  GMainContext             *context;
  const IBBXmlInputHandler *handler;
  gpointer                  owner;
  IBBParser                *parser;
  IBBFrameReader           *frames;      /* (owned) (nullable) */
  gboolean                  has_element; /* in this WebSocket message */
  IBBPrologue               prologue;    /* of it */
  GPollableInputStream     *stream;      /* (owned) (nullable) */
  GSocket                  *socket;      /* (owned) (nullable) */
  IBBTlsBase               *tls_base;    /* (nullable): below stream, which holds it */
  GSource                  *source;      /* (owned) (nullable): while it reads */
  gint64                    last_read;
  gboolean                  is_login; /* no stanza yet: a token may come */
};

IBBXmlInput *
ibb_xml_input_new (GMainContext *context, const IBBXmlInputHandler *handler, gpointer owner);
/* Stops it; nothing more is called. */
void ibb_xml_input_free (IBBXmlInput *self);

/* From now on WebSocket messages come, each of which is one element (RFC 7395). The parser sees
 * them as the children of one XML stream, without a header or an end. */
void ibb_xml_input_set_framed (IBBXmlInput *self);
/* The next bytes are the header of another XML stream. */
void ibb_xml_input_restart (IBBXmlInput *self);
/* Reads from now on. socket (nullable): io has something to read only when this socket has; NULL if
 * io itself has to be asked. */
void ibb_xml_input_start (IBBXmlInput *self, GIOStream *io, GSocket *socket);
void ibb_xml_input_stop (IBBXmlInput *self);
