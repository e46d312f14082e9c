/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The rule that decides which certificates of a server are trusted, for each TLS connection of a
 * login. */

#pragma once

#include <gio/gio.h>

#include "xmpp/base/account.h"

typedef struct
{
  char                     *fingerprint; /* (nullable): then no other certificate counts */
  GTlsDatabase             *database;    /* (owned) (nullable): the system's */
  IBBXmppKnownCertificates *known;       /* (owned) (nullable) */
  GTlsCertificate          *accepted;    /* (owned) (nullable): by the application */
} IBBServerTrust;

void ibb_server_trust_init (IBBServerTrust           *self,
                            const IBBAccountSettings *settings,
                            GTlsCertificate          *accepted);
void ibb_server_trust_copy (const IBBServerTrust *self, IBBServerTrust *copy);
void ibb_server_trust_clear (IBBServerTrust *self);

/* Whether a certificate for domain counts for which no authority speaks, or none is asked. */
gboolean ibb_server_trust_accepts (const IBBServerTrust *self,
                                   const char           *domain,
                                   GTlsCertificate      *certificate);
/* Whether another certificate of domain is known. */
gboolean ibb_server_trust_has_another (const IBBServerTrust *self,
                                       const char           *domain,
                                       GTlsCertificate      *certificate);
