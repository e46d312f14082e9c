/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* SCRAM against the vectors of the RFCs, and against hostile challenges. */

#include "config.h"

#include <string.h>

#include "../lib/memory.h"
#include "ibb-error.h"
#include "xmpp/login/scram.h"

/* RFC 5802 §5, RFC 7677 §3, and for SHA-512 the same conversation, computed by
 * Python's hashlib and hmac. The last one has the challenge of XEP-0474 §5.3; that example has no
 * true proof, so this one comes from Python, too. */
static const struct
{
  const char   *name;
  GChecksumType hash;
  const char   *nonce;
  const char   *challenge;
  const char   *final;
  const char   *signature;
  const char   *offer;
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
  { "/ibb/scram/offer", G_CHECKSUM_SHA1, "12C4CD5C-E38E-4A98-8F6D-15C38F51CCC6",
    "r=12C4CD5C-E38E-4A98-8F6D-15C38F51CCC6a09117a6-ac50-4f2f-93f1-93799c2bddf6,"
    "s=QSXCR+Q6sek8bf92,i=4096,h=G6k/rBLDqgOhRRaCuuatSDFkJ08=",
    "c=biws,r=12C4CD5C-E38E-4A98-8F6D-15C38F51CCC6a09117a6-ac50-4f2f-93f1-93799c2bddf6,"
    "p=zFQ4MuMUQpI73wr3Z8EpdhcYUd0=",
    "v=4Ppmd2KX0VczCGboFvUzB8gmjXY=",
    "SCRAM-SHA-1\x1eSCRAM-SHA-1-PLUS\x1ftls-exporter\x1etls-server-end-point" },
};

static IBBScram *
create_for (GChecksumType hash, const char *nonce, const char *offer)
{
  IBBScramParameters parameters = { .hash = hash,
                                    .node = "user",
                                    .password = "pencil",
                                    .offer = offer,
                                    .nonce = nonce };
  g_autoptr (GError) error = NULL;
  IBBScram          *scram = ibb_scram_new (&parameters, &error);

  g_assert_no_error (error);
  return scram;
}

static IBBScram *
create (GChecksumType hash, const char *nonce)
{
  return create_for (hash, nonce, NULL);
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
  g_autoptr (IBBScram) scram = create_for (vectors[i].hash, vectors[i].nonce, vectors[i].offer);
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

static const char *const key_names[] = { "salted password", "client key", "stored key",
                                         "server key" };
#define N_KEYS G_N_ELEMENTS (key_names)

/* A key as bytes and as text, of which the digits are changed by MEMORY_MASK, too. */
static void
set_key (MemoryText *bytes, MemoryText *digits, const char *name, const char *masked)
{
  guint8 raw[64], text[128];
  gsize  length = strlen (masked) / 2;

  for (gsize i = 0; i < length; i++)
    {
      raw[i] = (guint8) (g_ascii_xdigit_value (masked[2 * i]) << 4 |
                         g_ascii_xdigit_value (masked[2 * i + 1]));
      text[2 * i] = (guint8) "0123456789abcdef"[(raw[i] ^ MEMORY_MASK) >> 4] ^ MEMORY_MASK;
      text[2 * i + 1] = (guint8) "0123456789abcdef"[(raw[i] ^ MEMORY_MASK) & 15] ^ MEMORY_MASK;
    }
  memory_text_set (bytes, name, raw, length);
  memory_text_set (digits, name, text, 2 * length);
}

static void
play (GChecksumType hash, const char *password)
{
  IBBScramParameters   parameters = { .hash = hash,
                                      .node = "user",
                                      .password = password,
                                      .nonce = "abc" };
  g_autoptr (GError)   error = NULL;
  g_autoptr (IBBScram) scram = ibb_scram_new (&parameters, &error);
  g_autofree char     *final = NULL;

  g_assert_no_error (error);
  g_assert_true (set_challenge (scram, "r=abcdef,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", &error));
  while (!ibb_scram_compute (scram))
    ;
  final = ibb_scram_dup_final (scram);
}

/* Each of these keys opens the account, or proves to a client that a server knows it. The
 * table has the last 16 bytes of each, computed by Python, changed by MEMORY_MASK. */
static void
test_memory (void)
{
  static const char password[] = "a password of some length";
  static const struct
  {
    GChecksumType hash;
    const char   *keys[N_KEYS];
  } cases[] = {
    { G_CHECKSUM_SHA1,
      { "3e97ed0d578cbb027eff7456b95c12d2", "b115da4d7acd25ade0d11dabe4d5bc9c",
        "db59900fdcf23ee39aa44af9f9fe8c26", "4105ba49856d51d5e62b48a8544b5ed1" } },
    { G_CHECKSUM_SHA256,
      { "150ab073359072875e000f2c169f1943", "008008fe59bdcb599c2337fab01a8a4f",
        "57ab9a5c6872c29f0b527b52db2b6c47", "4de65865a4b6159279b6ac6b86bc3669" } },
    { G_CHECKSUM_SHA512,
      { "090d5cb4e255925b3973a8002b3352a8", "345467b7ee4c3220f2dbee6aa90f8ac7",
        "966e6cdad78b5e3b0bb1a82f1589be5e", "ae61679aa38a9150ba1132f780a530fc" } },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      MemoryText texts[2 * N_KEYS + 2];

      for (gsize k = 0; k < N_KEYS; k++)
        set_key (&texts[2 * k], &texts[2 * k + 1], key_names[k], cases[i].keys[k]);
      for (gsize k = 2 * N_KEYS; k < G_N_ELEMENTS (texts); k++)
        {
          guint8 pad[sizeof password - 1];

          for (gsize j = 0; j < sizeof pad; j++)
            pad[j] = (guint8) password[j] ^ MEMORY_MASK ^ (k % 2 == 0 ? 0x36 : 0x5c);
          memory_text_set (&texts[k], "pad", pad, sizeof pad);
        }

      play (cases[i].hash, password);
      memory_search (texts, G_N_ELEMENTS (texts));
      for (gsize k = 0; k < G_N_ELEMENTS (texts); k++)
        g_assert_cmpuint (texts[k].n_found, ==, 0);
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
#define A "h=VZrq0IJk1XldOQlxjN0Fq9SVcuhP5VWQ7vMaiKCP3/0="

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
    { CHALLENGE ("r=abcd,s=QQ==,i=4096,H=,"), FALSE },
    { CHALLENGE ("r=abcd,s=QQ==,i=4096,x"), FALSE },
    { CHALLENGE ("r=abcd,s=QQ==,i=4096,,x=extension"), FALSE },
    { CHALLENGE ("r=abcd,s=QQ==,i=4096,=extension"), FALSE },
    { CHALLENGE ("r=abcd,s=QQ==,i=4096,m=extension"), FALSE },
    { CHALLENGE ("r=abcd,s=QQ==,i=4096,x=y,m=extension"), FALSE },
    /* The hash of the offer, here SHA-256 of "A", in any place and once. */
    { CHALLENGE ("r=abcd,s=QQ==,i=4096," A), TRUE },
    { CHALLENGE ("r=abcd,s=QQ==,i=4096,x=y," A ",d=z"), TRUE },
    { CHALLENGE ("r=abcd,s=QQ==,i=4096," A ",m=y"), FALSE },
    { CHALLENGE ("r=abcd,s=QQ==,i=4096," A "," A), FALSE },
    { CHALLENGE ("r=abcd,s=QQ==,i=4096," A "A"), FALSE },
    { CHALLENGE ("r=abcd,s=QQ==,i=4096," A A), FALSE },
    { CHALLENGE ("r=abcd,s=QQ==,i=4096,h="), FALSE },
    { CHALLENGE ("r=abcd,s=QQ==,i=4096,h"), FALSE },
    { CHALLENGE ("r=abcd,s=QQ==,i=4096,h=!"), FALSE },
    { CHALLENGE ("r=abcd,s=QQ==,i=4096,h=QQ=="), FALSE },
    /* SHA-1 of "A", and SHA-256 of nothing and of "B" */
    { CHALLENGE ("r=abcd,s=QQ==,i=4096,h=bc1M4j2I4u6VaLpUbAB8Y9kTHBs="), FALSE },
    { CHALLENGE ("r=abcd,s=QQ==,i=4096,h=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="), FALSE },
    { CHALLENGE ("r=abcd,s=QQ==,i=4096,h=335w5QIVRPSDS77mSp43if68S+gUcN9inK1t2wMyClw="), FALSE },
    { CHALLENGE (A ",r=abcd,s=QQ==,i=4096"), FALSE },
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
      g_autoptr (IBBScram) scram = create_for (G_CHECKSUM_SHA256, "abc", "A");
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

/* A good challenge is changed at random. It is refused, or its demands stay within the bounds: the
 * number of rounds is the one in the text. */
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
  /* Sanitizers and valgrind keep what is freed. */
  if (memory_can_search ())
    g_test_add_func ("/ibb/scram/memory", test_memory);
  g_test_add_func ("/ibb/scram/first", test_first);
  g_test_add_func ("/ibb/scram/forbidden", test_forbidden);
  g_test_add_func ("/ibb/scram/nonces-differ", test_nonces_differ);
  g_test_add_func ("/ibb/scram/challenges", test_challenges);
  g_test_add_func ("/ibb/scram/second-challenge", test_second_challenge);
  g_test_add_func ("/ibb/scram/slices", test_slices);
  g_test_add_func ("/ibb/scram/mutations", test_mutations);

  return g_test_run ();
}
