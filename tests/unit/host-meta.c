/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/reach/host-meta.h"

#include <string.h>

#define XRD(inner)                                                                                 \
  "<?xml version='1.0' encoding='utf-8'?>"                                                         \
  "<XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'>" inner "</XRD>"
#define LINK(href) "<Link rel='urn:xmpp:alt-connections:websocket' href='" href "'/>"
#define OTHER "<Link rel='urn:xmpp:alt-connections:xbosh' href='wss://other.example/'/>"

static const struct
{
  const char *document;
  const char *uri; /* NULL: none */
} documents[] = {
  { XRD (LINK ("wss://one.example/ws")), "wss://one.example/ws" },
  { XRD (OTHER LINK ("wss://one.example/ws") LINK ("wss://two.example/ws")),
    "wss://one.example/ws" },
  { XRD (LINK ("ws://one.example/ws") LINK ("wss://two.example/ws")), "wss://two.example/ws" },
  { XRD ("<!-- a comment -->" LINK ("wss://one.example/?a&amp;b")), "wss://one.example/?a&b" },
  { "<x:XRD xmlns:x='http://docs.oasis-open.org/ns/xri/xrd-1.0'>"
    "<x:Link rel='urn:xmpp:alt-connections:websocket' href='wss://one.example/'/></x:XRD>",
    "wss://one.example/" },
  { XRD (OTHER), NULL },
  { XRD ("<Link rel='urn:xmpp:alt-connections:websocket'/>"), NULL },
  { XRD (LINK ("ws://one.example/ws")), NULL },
  { XRD (LINK ("/ws")), NULL },
  { XRD (LINK ("wss://one.example/ws")) "<", NULL },
  { "<XRD>" LINK ("wss://one.example/ws"), NULL },
  { "<!DOCTYPE XRD [<!ENTITY e 'wss://one.example/'>]>" XRD (LINK ("&e;")), NULL },
  { "{\"links\":[]}", NULL },
  { "", NULL },
};

static void
test_documents (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (documents); i++)
    {
      const char      *document = documents[i].document;
      g_autofree char *uri = ibb_host_meta_parse (document, strlen (document));

      g_test_message ("%s", document);
      g_assert_cmpstr (uri, ==, documents[i].uri);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ibb/host-meta/documents", test_documents);
  return g_test_run ();
}
