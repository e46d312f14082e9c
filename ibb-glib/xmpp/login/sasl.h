/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One SASL exchange (RFC 6120 §6), from the server's list of mechanisms to its proof that it
 * knows the password, too.
 */

#pragma once

#include <gio/gio.h>

#include "xmpp/ibb-xmpp-types.h"
#include "xmpp/login/scram.h"

typedef struct
{
  const char           *node;            /* (nullable) */
  const char           *bare_jid;        /* of the account */
  const char           *password;        /* (nullable) */
  GTlsConnection       *tls;             /* (nullable): not encrypted */
  gboolean              has_certificate; /* one was shown to the server */
  IBBXmppPasswordPolicy policy;
  /* What the server's features say. binding_types is NULL if it says nothing
   * of them (XEP-0440). */
  const char *const *mechanisms;
  const char *const *binding_types;
  const char *const *other_mechanisms; /* (nullable): another list, which counts for -PLUS, too */
} IBBSaslParameters;

typedef enum
{
  IBB_SASL_KIND_CERTIFICATE, /* EXTERNAL */
  IBB_SASL_KIND_SCRAM,
  IBB_SASL_KIND_SCRAM_PLUS,
  IBB_SASL_KIND_PLAIN,
  IBB_SASL_KIND_NOBODY, /* ANONYMOUS */
} IBBSaslKind;

typedef struct
{
  const char *mechanism;
  gsize       rank;    /* of the mechanism: the smaller, the better */
  char       *initial; /* the text of <auth/>, base64 or "=" */

  /* private */
  IBBSaslKind kind;
  IBBScram   *scram;         /* (nullable) */
  gboolean    has_challenge; /* the first one */
  gboolean    is_verified;   /* by a second one */
} IBBSasl;

/* Chooses the best mechanism. Error: IBB_ERROR_AUTHENTICATION. */
IBBSasl *ibb_sasl_new (const IBBSaslParameters *parameters, GError **error);
void     ibb_sasl_free (IBBSasl *self);
/* Whether it binds the login to the TLS channel. */
gboolean ibb_sasl_is_bound (IBBSasl *self);
/* Takes the text of a <challenge/>. */
gboolean ibb_sasl_set_challenge (IBBSasl *self, const char *challenge, GError **error);
/* Works on the answer for some milliseconds. TRUE when it is ready. */
gboolean ibb_sasl_compute (IBBSasl *self);
/* The text of the <response/>, once it is ready. */
char *ibb_sasl_dup_response (IBBSasl *self);
/* The text of <success/>. FALSE: the server did not prove itself. */
gboolean ibb_sasl_finish (IBBSasl *self, const char *text, GError **error);

/* The bytes that a server sends in base64; NULL (nullable) and "=" stand for none. NULL: they are
 * malformed, or too many. */
guint8 *ibb_sasl_decode (const char *text, gsize *length, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBSasl, ibb_sasl_free)
