/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One SASL exchange (RFC 6120 §6), from the server's list of mechanisms to its proof that it
 * knows the password, too.
 */

#pragma once

#include <gio/gio.h>

#include "xmpp/ibb-xmpp-types.h"

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

typedef struct _IBBSasl IBBSasl;

/* Chooses the best mechanism. Error: IBB_ERROR_AUTHENTICATION. */
IBBSasl    *ibb_sasl_new (const IBBSaslParameters *parameters, GError **error);
void        ibb_sasl_free (IBBSasl *self);
const char *ibb_sasl_get_mechanism (IBBSasl *self);
/* Whether its mechanism comes before that of other in the order of preference. */
gboolean ibb_sasl_is_better (IBBSasl *self, IBBSasl *other);
/* Whether it binds the login to the TLS channel. */
gboolean ibb_sasl_is_bound (IBBSasl *self);
/* The text of <auth/>, base64 or "=". */
const char *ibb_sasl_get_initial (IBBSasl *self);
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
