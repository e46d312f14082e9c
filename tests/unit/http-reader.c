/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Answers of HTTP, each in one piece and byte by byte. */

#include "config.h"

#include "xmpp/reach/http-reader.h"

#include <string.h>

#define MAX_BODY 20
#define INTERIM "HTTP/1.1 100 Continue\r\n\r\n"
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

static const struct
{
  const char *name;
  const char *answer;
  const char *body;  /* NULL: the answer is refused, for the reason in words */
  const char *words; /* (nullable) */
  const char *rest;  /* (nullable): what follows the answer */
  gboolean    ends;  /* the connection, behind it */
} cases[] = {
  { "length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello" },
  { "rest", "HTTP/1.1 200 OK\r\ncontent-length:5\r\n\r\nhelloHTTP", "hello", NULL, "HTTP" },
  { "no-content", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "" },
  { "line-feeds", "HTTP/1.0 200\nContent-Length:   5  \n\nhello", "hello" },
  { "until-end", "HTTP/1.0 200 OK\r\n\r\nhello", "hello", NULL, NULL, TRUE },
  { "chunks", CHUNKED "3;x=y\r\nhel\r\n02\r\nlo\r\n0\r\nT: 1\r\n\r\n", "hello" },
  { "other-status", "HTTP/1.1 404 Not Found\r\nContent-Length: 99\r\n\r\nx", "", NULL, "x" },
  { "interim",
    INTERIM "HTTP/1.1 103 X\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", "x" },
  { "ten-interim",
    INTERIM INTERIM INTERIM INTERIM INTERIM INTERIM INTERIM INTERIM INTERIM INTERIM
    "HTTP/1.1 204 No Content\r\n\r\n",
    "" },
  { "eleven-interim",
    INTERIM INTERIM INTERIM INTERIM INTERIM INTERIM INTERIM INTERIM INTERIM INTERIM INTERIM, NULL,
    "interim" },
  { "longest", "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n01234567890123456789",
    "01234567890123456789" },
  { "too-long", "HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n", NULL, "longer than 20" },
  { "longest-number", "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n", NULL,
    "longer than 20" },
  { "too-long-until-end", "HTTP/1.1 200 OK\r\n\r\n012345678901234567890", NULL, "longer than 20" },
  { "too-long-chunk", CHUNKED "15\r\n", NULL, "longer than 20" },
  { "too-long-chunks", CHUNKED "a\r\n0123456789\r\nb\r\n", NULL, "longer than 20" },
  { "longest-chunk", CHUNKED "fffffffffffffffff\r\n", NULL, "longer than 20" },
  { "bad-chunk", CHUNKED "-1\r\n", NULL, "not HTTP" },
  { "no-chunk-length", CHUNKED "\r\n", NULL, "not HTTP" },
  { "no-chunk-end", CHUNKED "1\r\nxy\r\n", NULL, "not HTTP" },
  { "other-coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", NULL, "coding" },
  { "two-lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", NULL,
    "not HTTP" },
  { "negative", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", NULL, "not HTTP" },
  { "folded", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", NULL, "not HTTP" },
  { "no-colon", "HTTP/1.1 200 OK\r\nA\r\n\r\n", NULL, "not HTTP" },
  { "space-in-name", "HTTP/1.1 200 OK\r\nA : b\r\n\r\n", NULL, "not HTTP" },
  { "not-utf-8", "HTTP/1.1 200 OK\r\nA: \xff\r\n\r\n", NULL, "not HTTP" },
  { "other-version", "HTTP/2 200 OK\r\n", NULL, "not HTTP" },
  { "two-digits", "HTTP/1.1 20 OK\r\n\r\n", NULL, "not HTTP" },
  { "four-digits", "HTTP/1.1 2000\r\n\r\n", NULL, "not HTTP" },
  { "other-protocol", "SSH-2.0-OpenSSH_9.2\r\n", NULL, "not HTTP" },
  { "nothing", "", NULL, "without an answer", NULL, TRUE },
  { "half-a-head", "HTTP/1.1 200 OK\r\n", NULL, "within the answer", NULL, TRUE },
  { "half-a-body", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx", NULL, "within the answer", NULL,
    TRUE },
  { "half-a-chunk", CHUNKED "2\r\nx", NULL, "within the answer", NULL, TRUE },
};

/* Reads an answer in pieces, up to data, or an error. */
static IBBHttpReader *
read_answer (gsize i, gsize piece, const char **data, GError **error)
{
  IBBHttpReader *reader = ibb_http_reader_new (MAX_BODY);
  gsize          length = strlen (cases[i].answer);
  gboolean       fine = TRUE;

  *data = cases[i].answer;
  while (fine && length > 0 && !ibb_http_reader_is_done (reader))
    {
      gsize left = MIN (piece, length);

      length -= left;
      fine = ibb_http_reader_feed (reader, data, &left, error);
      length += left;
    }
  if (fine && cases[i].ends)
    ibb_http_reader_end (reader, error);
  return reader;
}

/* Whole, and in pieces of one byte. */
static void
test_answers (gconstpointer piece)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char               *data;
      const char               *body;
      gsize                     n;
      g_autoptr (GError)        error = NULL;
      g_autoptr (IBBHttpReader) reader = NULL;

      g_test_message ("%s", cases[i].name);
      reader = read_answer (i, GPOINTER_TO_SIZE (piece), &data, &error);
      if (cases[i].body == NULL)
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
          g_assert_nonnull (strstr (error->message, cases[i].words));
          continue;
        }
      g_assert_no_error (error);
      g_assert_true (ibb_http_reader_is_done (reader));
      g_assert_cmpstr (data, ==, cases[i].rest != NULL ? cases[i].rest : "");
      body = ibb_http_reader_get_body (reader, &n);
      g_assert_cmpmem (body, n, cases[i].body, strlen (cases[i].body));
    }
}

static void
test_fields (void)
{
  g_autoptr (IBBHttpReader) reader = ibb_http_reader_new (0);
  const char               *data = "HTTP/1.1 103 X\r\nLocation: old\r\n\r\n"
                                   "HTTP/1.1 302 Found\r\nLOCATION:  /there \r\nConnection: a\r\n"
                                   "connection: Keep-Alive,Upgrade\r\nEmpty:\r\n\r\nmore";
  gsize                     length = strlen (data);

  g_assert_true (ibb_http_reader_feed (reader, &data, &length, NULL));
  g_assert_true (ibb_http_reader_is_done (reader));
  g_assert_cmpstr (data, ==, "more");
  g_assert_cmpuint (ibb_http_reader_get_status (reader), ==, 302);
  g_assert_cmpstr (ibb_http_reader_get_field (reader, "location"), ==, "/there");
  g_assert_cmpstr (ibb_http_reader_get_field (reader, "empty"), ==, "");
  g_assert_null (ibb_http_reader_get_field (reader, "none"));
  g_assert_true (ibb_http_reader_has_token (reader, "connection", "upgrade"));
  g_assert_true (ibb_http_reader_has_token (reader, "connection", "a"));
  g_assert_false (ibb_http_reader_has_token (reader, "connection", "keep"));
  g_assert_false (ibb_http_reader_has_token (reader, "none", ""));
}

/* What repeats without end, after a beginning. */
static const struct
{
  const char *start;
  const char *piece;
} endless[] = {
  { "", "HTTP/1.1 200 OK" },
  { "", INTERIM },
  { "HTTP/1.1 200 OK\r\n", "A" },
  { "HTTP/1.1 200 OK\r\n", "A: b\r\n" },
  { CHUNKED, "0" },
  { CHUNKED "0\r\n", "A: b\r\n" },
};

static void
test_endless (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (endless); i++)
    {
      g_autoptr (IBBHttpReader) reader = ibb_http_reader_new (MAX_BODY);
      g_autoptr (GError)        error = NULL;
      const char               *data = endless[i].start;
      gsize                     length = strlen (data);
      gsize                     n_fed = 0;

      g_assert_true (ibb_http_reader_feed (reader, &data, &length, NULL));
      while (error == NULL && n_fed < 100000)
        {
          data = endless[i].piece;
          length = strlen (data);
          n_fed += length;
          ibb_http_reader_feed (reader, &data, &length, &error);
        }
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
      g_assert_cmpuint (n_fed, <, 17000);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/ibb/http-reader/answers", GSIZE_TO_POINTER (G_MAXSIZE), test_answers);
  g_test_add_data_func ("/ibb/http-reader/answers/pieces", GSIZE_TO_POINTER (1), test_answers);
  g_test_add_func ("/ibb/http-reader/fields", test_fields);
  g_test_add_func ("/ibb/http-reader/endless", test_endless);
  return g_test_run ();
}
