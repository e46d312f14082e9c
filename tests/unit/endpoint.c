/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/reach/endpoint.h"

#include <string.h>

static const struct
{
  const char *uri;
  const char *host; /* NULL: it is refused */
  guint16     port;
  const char *authority;
  const char *target;
} uris[] = {
  { "wss://example.org/ws", "example.org", 443, "example.org", "/ws" },
  { "wss://example.org", "example.org", 443, "example.org", "/" },
  { "wss://example.org:5443/a%20b?c=d%26", "example.org", 5443, "example.org:5443",
    "/a%20b?c=d%26" },
  { "wss://[::1]:1/", "::1", 1, "[::1]:1", "/" },
  { "wss://m\303\274nchen.example/ws", "xn--mnchen-3ya.example", 443, "xn--mnchen-3ya.example",
    "/ws" },
  { "ws://example.org/ws", NULL },
  { "https://example.org/ws", NULL },
  { "wss:///ws", NULL },
  { "wss:example.org", NULL },
  { "wss://user@example.org/ws", NULL },
  { "wss://example.org/ws#part", NULL },
  { "wss://example.org:0/ws", NULL },
  { "wss://example.org:65536/ws", NULL },
  { "wss://example.org/a\r\nHost: other", NULL },
  { "wss://example.org/a b", NULL },
  { "wss://exa\r\nmple.org/", NULL },
  { "wss://exa mple.org/", NULL },
  { "", NULL },
};

/* No message has a password, or more lines than one. */
static void
test_message (void)
{
  static const char *const wrong[] = { "wss://user:secret@example.org/ws", "wss://:secret@:0",
                                       "x\nsecret@" };

  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError)      error = NULL;
      g_autoptr (IBBEndpoint) endpoint = ibb_endpoint_new (wrong[i], &error);

      g_assert_null (endpoint);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_assert_null (strstr (error->message, "secret"));
      g_assert_null (strchr (error->message, '\n'));
      g_assert_true (g_str_has_prefix (error->message, "“…@"));
    }
}

static void
test_uris (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (uris); i++)
    {
      g_autoptr (GError)      error = NULL;
      g_autoptr (IBBEndpoint) endpoint = ibb_endpoint_new (uris[i].uri, &error);
      g_autofree char        *authority = NULL;

      g_test_message ("%s", uris[i].uri);
      if (uris[i].host == NULL)
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
          g_assert_null (endpoint);
          g_assert_true (g_str_has_prefix (error->message, "“"));
          continue;
        }
      g_assert_no_error (error);
      authority = ibb_endpoint_dup_authority (endpoint);
      g_assert_cmpstr (endpoint->uri, ==, uris[i].uri);
      g_assert_cmpstr (endpoint->host, ==, uris[i].host);
      g_assert_cmpuint (endpoint->port, ==, uris[i].port);
      g_assert_cmpstr (authority, ==, uris[i].authority);
      g_assert_cmpstr (endpoint->target, ==, uris[i].target);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ibb/endpoint/uris", test_uris);
  g_test_add_func ("/ibb/endpoint/message", test_message);
  return g_test_run ();
}
