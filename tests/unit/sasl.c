/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which mechanism a login uses, and what it says first. How a SCRAM login goes on stands in
 * scram.c, and beside libgsasl in tests/server/password.script. */

#include "config.h"

#include "xmpp/login/sasl.h"

#include <string.h>

#include "ibb-error.h"

static IBBSaslParameters
get_parameters (const char *const *mechanisms)
{
  IBBSaslParameters parameters = {
    .node = "user",
    .bare_jid = "user@example.org",
    .password = "pencil",
    .policy = IBB_PASSWORD_POLICY_READABLE,
    .mechanisms = mechanisms,
  };

  return parameters;
}

static void
assert_chosen (const IBBSaslParameters *parameters, const char *expected)
{
  g_autoptr (GError)  error = NULL;
  g_autoptr (IBBSasl) sasl = ibb_sasl_new (parameters, &error);

  if (expected == NULL)
    {
      g_assert_null (sasl);
      g_assert_error (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION);
      return;
    }
  g_assert_no_error (error);
  g_assert_cmpstr (ibb_sasl_get_mechanism (sasl), ==, expected);
}

/* The client chooses the best mechanism that both sides have; -PLUS only over TLS with a
 * binding. */
static void
test_choice (void)
{
  static const struct
  {
    const char *offered[5];
    const char *expected;
  } cases[] = {
    { { "PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256" }, "SCRAM-SHA-256" },
    { { "SCRAM-SHA-256", "SCRAM-SHA-512" }, "SCRAM-SHA-512" },
    { { "SCRAM-SHA-512-PLUS", "SCRAM-SHA-1" }, "SCRAM-SHA-1" },
    { { "SCRAM-SHA-512-PLUS" }, NULL },
    { { "PLAIN", "DIGEST-MD5" }, "PLAIN" },
    { { "DIGEST-MD5" }, NULL },
    { { "ANONYMOUS" }, NULL }, /* not for one who has a name */
    { { "EXTERNAL", "PLAIN" }, "PLAIN" },
    { { NULL }, NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      IBBSaslParameters parameters = get_parameters (cases[i].offered);

      assert_chosen (&parameters, cases[i].expected);
    }
}

static void
test_plain (void)
{
  static const char *const offered[] = { "PLAIN", NULL };
  IBBSaslParameters        parameters = get_parameters (offered);
  g_autoptr (IBBSasl)      sasl = ibb_sasl_new (&parameters, NULL);
  g_autofree guchar       *message = NULL;
  gsize                    length;

  message = g_base64_decode (ibb_sasl_get_initial (sasl), &length);
  g_assert_cmpmem (message, length, "\0user\0pencil", 12);
  g_assert_true (ibb_sasl_finish (sasl, "", NULL));

  parameters.policy = IBB_PASSWORD_POLICY_ENCRYPTED; /* and there is no TLS */
  assert_chosen (&parameters, NULL);
  parameters.policy = IBB_PASSWORD_POLICY_HASHED;
  assert_chosen (&parameters, NULL);
}

/* EXTERNAL, with a certificate or without a password, says which account it is for. */
static void
test_external (void)
{
  static const char *const offered[] = { "EXTERNAL", "SCRAM-SHA-1", NULL };
  IBBSaslParameters        parameters = get_parameters (offered);
  g_autoptr (IBBSasl)      sasl = NULL;

  parameters.has_certificate = TRUE;
  assert_chosen (&parameters, "EXTERNAL");
  parameters.has_certificate = FALSE;
  assert_chosen (&parameters, "SCRAM-SHA-1");
  parameters.password = NULL;
  sasl = ibb_sasl_new (&parameters, NULL);
  g_assert_cmpstr (ibb_sasl_get_initial (sasl), ==, "dXNlckBleGFtcGxlLm9yZw==");
}

static void
test_anonymous (void)
{
  static const char *const offered[] = { "PLAIN", "ANONYMOUS", NULL };
  IBBSaslParameters        parameters = get_parameters (offered);
  g_autoptr (IBBSasl)      sasl = NULL;

  parameters.node = NULL;
  parameters.bare_jid = "example.org";
  parameters.password = NULL;
  sasl = ibb_sasl_new (&parameters, NULL);
  g_assert_cmpstr (ibb_sasl_get_mechanism (sasl), ==, "ANONYMOUS");
  g_assert_cmpstr (ibb_sasl_get_initial (sasl), ==, "=");
}

/* The names that a server offers stand apart in the message, even if they look like a part of it.
 */
static void
test_offered_text (void)
{
  static const char *const offered[] = { "X”)\nUse telnet", "Y", NULL };
  static const char *const none[] = { NULL };
  IBBSaslParameters        parameters = get_parameters (offered);
  g_autoptr (GError)       error = NULL;
  g_autoptr (GError)       no_offer = NULL;

  g_assert_null (ibb_sasl_new (&parameters, &error));
  g_assert_true (g_str_has_suffix (error->message, "(“X\") Use telnet, Y”)"));
  parameters.mechanisms = none;
  g_assert_null (ibb_sasl_new (&parameters, &no_offer));
  g_assert_true (g_str_has_suffix (no_offer->message, "(“”)"));
}

/* A server that skips the proof, or sends what is no challenge, is not believed. */
static void
test_proof (void)
{
  static const char *const offered[] = { "SCRAM-SHA-1", NULL };
  IBBSaslParameters        parameters = get_parameters (offered);
  g_autofree char         *endless = g_strnfill (5000, 'A');
  const char              *challenges[] = { "!", "AAAA", "=", endless };

  for (gsize i = 0; i < G_N_ELEMENTS (challenges); i++)
    {
      g_autoptr (IBBSasl) sasl = ibb_sasl_new (&parameters, NULL);
      g_autoptr (GError)  error = NULL;

      g_assert_false (ibb_sasl_set_challenge (sasl, challenges[i], &error));
      g_assert_error (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION);
      g_assert_false (ibb_sasl_finish (sasl, "", NULL));
    }
}

static gboolean
accepts (const IBBSaslParameters *parameters, const char *offer)
{
  g_autoptr (IBBSasl)   sasl = ibb_sasl_new (parameters, NULL);
  GChecksumType         type = g_str_equal (ibb_sasl_get_mechanism (sasl), "SCRAM-SHA-1")
                                   ? G_CHECKSUM_SHA1
                                   : G_CHECKSUM_SHA512;
  g_autoptr (GChecksum) checksum = g_checksum_new (type);
  guint8                digest[64];
  gsize                 size = sizeof digest, length;
  g_autofree guchar    *first = g_base64_decode (ibb_sasl_get_initial (sasl), &length);
  g_autofree char      *message = g_strndup ((char *) first, length);
  g_autofree char      *hash = NULL;
  g_autofree char      *challenge = NULL;
  g_autofree char      *encoded = NULL;

  g_checksum_update (checksum, (const guchar *) offer, -1);
  g_checksum_get_digest (checksum, digest, &size);
  hash = g_base64_encode (digest, size);
  challenge = g_strdup_printf ("%sx,s=QQ==,i=4096,h=%s", strstr (message, "r="), hash);
  encoded = g_base64_encode ((const guchar *) challenge, strlen (challenge));

  return ibb_sasl_set_challenge (sasl, encoded, NULL);
}

/* XEP-0474 §5.1: what the server has hashed, in the order of bytes. The list beside the one that
 * is chosen from does not count. */
static void
test_offer (void)
{
  static const char *const offered[] = { "a", "SCRAM-SHA-512", "PLAIN", "SCRAM-SHA-1", NULL };
  static const char *const others[] = { "EXTERNAL", NULL };
  static const char *const types[] = { "tls-x", "tls-exporter", NULL };
  static const char *const none[] = { NULL };
  static const char *const alone[] = { "SCRAM-SHA-1", NULL };
  IBBSaslParameters        parameters = get_parameters (offered);

  parameters.other_mechanisms = others;
  g_assert_true (accepts (&parameters, "PLAIN\x1eSCRAM-SHA-1\x1eSCRAM-SHA-512\x1e"
                                       "a"));
  g_assert_false (accepts (&parameters, "PLAIN\x1eSCRAM-SHA-1\x1eSCRAM-SHA-512"));
  parameters.binding_types = types;
  g_assert_true (accepts (&parameters, "PLAIN\x1eSCRAM-SHA-1\x1eSCRAM-SHA-512\x1e"
                                       "a\x1ftls-exporter\x1etls-x"));
  parameters.mechanisms = alone;
  parameters.binding_types = none;
  g_assert_true (accepts (&parameters, "SCRAM-SHA-1\x1f"));
  g_assert_false (accepts (&parameters, "SCRAM-SHA-1"));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ibb/sasl/choice", test_choice);
  g_test_add_func ("/ibb/sasl/plain", test_plain);
  g_test_add_func ("/ibb/sasl/external", test_external);
  g_test_add_func ("/ibb/sasl/anonymous", test_anonymous);
  g_test_add_func ("/ibb/sasl/offered-text", test_offered_text);
  g_test_add_func ("/ibb/sasl/proof", test_proof);
  g_test_add_func ("/ibb/sasl/offer", test_offer);

  return g_test_run ();
}
