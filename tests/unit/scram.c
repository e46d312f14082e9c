/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* SCRAM against the vectors of the RFCs, and against hostile challenges. */

#include "config.h"

#include <string.h>

#include "ibb-error.h"
#include "xmpp/scram.h"

/* RFC 5802 §5, RFC 7677 §3, and for SHA-512 the same conversation, computed by
 * Python's hashlib and hmac. */
static const struct
{
  const char   *name;
  GChecksumType hash;
  const char   *nonce;
  const char   *challenge;
  const char   *final;
  const char   *signature;
} vectors[] = {
  { "/ibb/scram/sha-1", G_CHECKSUM_SHA1, "fyko+d2lbbFgONRv9qkxdawL",
    "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
    "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=" },
  { "/ibb/scram/sha-256", G_CHECKSUM_SHA256, "rOprNGfwEbeRWgbNEkqO",
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=" },
  { "/ibb/scram/sha-512", G_CHECKSUM_SHA512, "rOprNGfwEbeRWgbNEkqO",
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=gMGXRcevScNtxZ6/"
    "8lQYpGtnsNAc3mGcmNomv+xnoOMw+3R2xNJdMNnzMlTN8PPC6wdp6dybEmDYXYTxwnYPJQ==",
    "v=ZQnYEgWQMFmmsM8aQMF0nDDCy/AgCzkwk8CmMZYcMg0vSVlKDanekLtifDSeVGT4+5ZxXnJq199RVG2rR7N7Zw==" },
};

static IBBScram *
create (GChecksumType hash, const char *nonce)
{
  IBBScramParameters parameters = { .hash = hash,
                                    .node = "user",
                                    .password = "pencil",
                                    .nonce = nonce };
  g_autoptr (GError) error = NULL;
  IBBScram          *scram = ibb_scram_new (&parameters, &error);

  g_assert_no_error (error);
  return scram;
}

static gboolean
set_challenge (IBBScram *scram, const char *text, GError **error)
{
  return ibb_scram_set_challenge (scram, (const guint8 *) text, strlen (text), error);
}

static gboolean
verify (IBBScram *scram, const char *text, GError **error)
{
  return ibb_scram_verify (scram, (const guint8 *) text, strlen (text), error);
}

static void
test_vector (gconstpointer data)
{
  gsize                i = GPOINTER_TO_SIZE (data);
  g_autoptr (IBBScram) scram = create (vectors[i].hash, vectors[i].nonce);
  g_autofree char     *first = g_strdup_printf ("n,,n=user,r=%s", vectors[i].nonce);
  g_autofree char     *final = NULL;
  g_autoptr (GError)   error = NULL;

  g_assert_cmpstr (ibb_scram_get_first (scram), ==, first);
  g_assert_false (verify (scram, vectors[i].signature, &error));
  g_assert_error (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION);
  g_clear_error (&error);

  g_assert_true (set_challenge (scram, vectors[i].challenge, &error));
  g_assert_no_error (error);
  g_assert_true (ibb_scram_compute (scram));
  final = ibb_scram_dup_final (scram);
  g_assert_cmpstr (final, ==, vectors[i].final);

  g_assert_false (verify (scram, "v=rmF9pqV8S7suAoZWja4dJRkFsKQA", &error));
  g_assert_error (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION);
  g_clear_error (&error);
  g_assert_false (verify (scram, "e=invalid-proof", &error));
  g_assert_error (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION);
  g_assert_nonnull (strstr (error->message, "invalid-proof"));
  g_clear_error (&error);
  g_assert_true (verify (scram, vectors[i].signature, &error));
  g_assert_no_error (error);
}

/* RFC 5802 §5.1 and §6: what stands before the name, and what is in it. */
static void
test_first (void)
{
  static const struct
  {
    IBBScramBinding binding;
    const char     *node;
    const char     *first;
    const char     *final;
  } cases[] = {
    { IBB_SCRAM_BINDING_NONE, "a,b=c", "n,,n=a=2Cb=3Dc,r=abc", "c=biws,r=abcdef,p=" },
    { IBB_SCRAM_BINDING_NOT_OFFERED, "user", "y,,n=user,r=abc", "c=eSws,r=abcdef,p=" },
    /* "p=tls-unique,," and 1, 2, 3 */
    { IBB_SCRAM_BINDING_BOUND, "I\302\255X", "p=tls-unique,,n=IX,r=abc",
      "c=cD10bHMtdW5pcXVlLCwBAgM=,r=abcdef,p=" },
  };
  g_autoptr (GBytes) data = g_bytes_new_static ("\1\2\3", 3);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      IBBScramParameters   parameters = { .hash = G_CHECKSUM_SHA256,
                                          .node = cases[i].node,
                                          .password = "pencil",
                                          .nonce = "abc",
                                          .binding = cases[i].binding,
                                          .binding_type = "tls-unique",
                                          .binding_data = data };
      g_autoptr (GError)   error = NULL;
      g_autoptr (IBBScram) scram = ibb_scram_new (&parameters, &error);
      g_autofree char     *final = NULL;

      g_assert_no_error (error);
      g_assert_cmpstr (ibb_scram_get_first (scram), ==, cases[i].first);
      g_assert_true (set_challenge (scram, "r=abcdef,s=QQ==,i=4096", &error));
      g_assert_true (ibb_scram_compute (scram));
      final = ibb_scram_dup_final (scram);
      g_assert_true (g_str_has_prefix (final, cases[i].final));
    }
}

/* RFC 4013 */
static void
test_forbidden (void)
{
  static const char *const forbidden[] = { "", "a\tb", "\302\255" };

  for (gsize i = 0; i < G_N_ELEMENTS (forbidden); i++)
    {
      IBBScramParameters parameters = { .hash = G_CHECKSUM_SHA1, .node = "user" };
      g_autoptr (GError) error = NULL;

      parameters.password = forbidden[i];
      g_assert_null (ibb_scram_new (&parameters, &error));
      g_assert_error (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION);
    }
}

static void
test_nonces_differ (void)
{
  g_autoptr (IBBScram) one = create (G_CHECKSUM_SHA1, NULL);
  g_autoptr (IBBScram) two = create (G_CHECKSUM_SHA1, NULL);

  g_assert_cmpstr (ibb_scram_get_first (one), !=, ibb_scram_get_first (two));
}

#define CHALLENGE(text) text, sizeof text - 1

static void
test_challenges (void)
{
  static const struct
  {
    const char *bytes;
    gsize       length;
    gboolean    good;
  } cases[] = {
    { CHALLENGE ("r=abcd,s=QQ==,i=4096"), TRUE },
    { CHALLENGE ("r=abcd,s=QQ==,i=1000000"), TRUE },
    { CHALLENGE ("r=abcd,s=QQ==,i=4096,x=extension"), TRUE },
    /* The nonce hides the number behind it. */
    { CHALLENGE ("r=abcd\0,s=QQ==,i=12000000"), FALSE },
    { CHALLENGE ("r=abcd,s=QQ==,i=4096\0"), FALSE },
    { CHALLENGE ("r=abcd,s=QQ==,i=4096\0,i=1"), FALSE },
    { CHALLENGE ("r=abcd,s=QQ==,i=0"), FALSE },
    { CHALLENGE ("r=abcd,s=QQ==,i=1"), FALSE },
    { CHALLENGE ("r=abcd,s=QQ==,i=4095"), FALSE },
    { CHALLENGE ("r=abcd,s=QQ==,i=1000001"), FALSE },
    { CHALLENGE ("r=abcd,s=QQ==,i=12000000"), FALSE },
    { CHALLENGE ("r=abcd,s=QQ==,i=4000000000"), FALSE },
    /* 2^32 + 4096 and 2^64 + 4096 */
    { CHALLENGE ("r=abcd,s=QQ==,i=4294971392"), FALSE },
    { CHALLENGE ("r=abcd,s=QQ==,i=18446744073709555712"), FALSE },
    { CHALLENGE ("r=abcd,s=QQ==,i=-4096"), FALSE },
    { CHALLENGE ("r=abcd,s=QQ==,i=+4096"), FALSE },
    { CHALLENGE ("r=abcd,s=QQ==,i= 4096"), FALSE },
    { CHALLENGE ("r=abcd,s=QQ==,i=04096"), FALSE },
    { CHALLENGE ("r=abcd,s=QQ==,i=0x4096"), FALSE },
    { CHALLENGE ("r=abcd,s=QQ==,i=4096 "), FALSE },
    { CHALLENGE ("r=abcd,s=QQ==,i="), FALSE },
    { CHALLENGE ("r=abcd,s=QQ==,i"), FALSE },
    { CHALLENGE ("r=abcd,s=QQ=="), FALSE },
    { CHALLENGE ("r=abcd,s=,i=4096"), FALSE },
    { CHALLENGE ("r=abcd,s=Q*==,i=4096"), FALSE },
    { CHALLENGE ("r=abcd,s=Q,i=4096"), FALSE },
    { CHALLENGE ("s=QQ==,r=abcd,i=4096"), FALSE },
    { CHALLENGE ("m=extension,r=abcd,s=QQ==,i=4096"), FALSE },
    { CHALLENGE ("r=abc,s=QQ==,i=4096"), FALSE }, /* nothing of the server's */
    { CHALLENGE ("r=abd,s=QQ==,i=4096"), FALSE },
    { CHALLENGE ("r=xabc,s=QQ==,i=4096"), FALSE },
    { CHALLENGE ("r=abc d,s=QQ==,i=4096"), FALSE },
    { CHALLENGE ("r=abc\303\244,s=QQ==,i=4096"), FALSE },
    { CHALLENGE ("r=abcd\377,s=QQ==,i=4096"), FALSE },
    { CHALLENGE (""), FALSE },
    { CHALLENGE (","), FALSE },
    { CHALLENGE ("r"), FALSE },
    { CHALLENGE ("r="), FALSE },
    { CHALLENGE ("e=other-error"), FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (IBBScram) scram = create (G_CHECKSUM_SHA256, "abc");
      g_autoptr (GError)   error = NULL;

      g_test_message ("case %" G_GSIZE_FORMAT, i);
      g_assert_cmpint (
          ibb_scram_set_challenge (scram, (const guint8 *) cases[i].bytes, cases[i].length, &error),
          ==, cases[i].good);
      if (!cases[i].good)
        g_assert_error (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION);
    }
}

static void
test_second_challenge (void)
{
  g_autoptr (IBBScram) scram = create (G_CHECKSUM_SHA256, "abc");
  g_autoptr (GError)   error = NULL;

  g_assert_true (set_challenge (scram, "r=abcd,s=QQ==,i=4096", NULL));
  g_assert_false (set_challenge (scram, "r=abcd,s=QQ==,i=4096", &error));
  g_assert_error (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION);
}

/* The most that a server may ask for goes in many slices, and it takes all of them. */
static void
test_slices (void)
{
  g_autoptr (IBBScram) scram = create (G_CHECKSUM_SHA1, "abc");
  guint                n = 1;

  g_assert_true (set_challenge (scram, "r=abcd,s=QQ==,i=100000", NULL));
  while (!ibb_scram_compute (scram))
    n++;
  g_assert_cmpuint (n, ==, 25);
}

/* Whatever becomes of a good challenge, it is refused, or what it asks for stays
 * within bounds: the number that was accepted is the one that stands there. */
static void
test_mutations (void)
{
  static const char good[] = "r=abcdef,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=409600";
  static const char interesting[] = "\0,=ris019-+ \377\n";
  guint             n_accepted = 0;

  for (guint k = 0; k < 20000; k++)
    {
      g_autoptr (IBBScram)   scram = create (G_CHECKSUM_SHA256, "abc");
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      int                    n = g_test_rand_int_range (1, 4);

      g_byte_array_append (bytes, (const guint8 *) good, sizeof good - 1);
      for (int i = 0; i < n && bytes->len > 0; i++)
        {
          guint  at = (guint) g_test_rand_int_range (0, (int) bytes->len);
          guint8 byte =
              (guint8) interesting[g_test_rand_int_range (0, (int) sizeof interesting - 1)];

          switch (g_test_rand_int_range (0, 4))
            {
            case 0:
              bytes->data[at] = byte;
              break;
            case 1:
              g_byte_array_remove_index (bytes, at);
              break;
            case 2:
              g_byte_array_set_size (bytes, at);
              break;
            default:
              g_byte_array_append (bytes, &byte, 1);
            }
        }
      if (!ibb_scram_set_challenge (scram, bytes->data, bytes->len, NULL))
        continue;

      n_accepted++;
      g_byte_array_append (bytes, (const guint8 *) "", 1);
      {
        const char *text = (const char *) bytes->data;
        const char *number = strstr (text, ",i=") + 3;
        guint64     rounds = g_ascii_strtoull (number, NULL, 10);

        g_assert_cmpuint (strlen (text), ==, bytes->len - 1);
        g_assert_cmpuint (rounds, >=, IBB_SCRAM_MIN_ROUNDS);
        g_assert_cmpuint (rounds, <=, IBB_SCRAM_MAX_ROUNDS);
      }
    }
  g_assert_cmpuint (n_accepted, >, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    g_test_add_data_func (vectors[i].name, GSIZE_TO_POINTER (i), test_vector);
  g_test_add_func ("/ibb/scram/first", test_first);
  g_test_add_func ("/ibb/scram/forbidden", test_forbidden);
  g_test_add_func ("/ibb/scram/nonces-differ", test_nonces_differ);
  g_test_add_func ("/ibb/scram/challenges", test_challenges);
  g_test_add_func ("/ibb/scram/second-challenge", test_second_challenge);
  g_test_add_func ("/ibb/scram/slices", test_slices);
  g_test_add_func ("/ibb/scram/mutations", test_mutations);

  return g_test_run ();
}
