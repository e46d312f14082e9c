/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The addresses of a component: those of its domain, all of them or the ones that its
 * application has named. Any thread may call.
 */

#pragma once

#include <glib.h>

typedef enum
{
  IBB_ADDRESS_FOREIGN, /* of no address of the domain */
  IBB_ADDRESS_UNKNOWN, /* the application does not have it */
  IBB_ADDRESS_KNOWN,
} IBBAddress;

typedef struct _IBBAddresses IBBAddresses;

IBBAddresses *ibb_addresses_new (void);
void          ibb_addresses_free (IBBAddresses *self);
/* Call this once, before any other thread knows it. An invalid domain has no addresses. */
void ibb_addresses_set_domain (IBBAddresses *self, const char *domain);

/* Whether it has every address. The setter returns whether the value has changed. */
gboolean ibb_addresses_has_any (IBBAddresses *self);
gboolean ibb_addresses_set_any (IBBAddresses *self, gboolean has_any);
/* jid: with a resource or without, which makes no difference. FALSE: it is foreign. */
gboolean ibb_addresses_add (IBBAddresses *self, const char *jid);
/* FALSE: it was not there. */
gboolean   ibb_addresses_remove (IBBAddresses *self, const char *jid);
IBBAddress ibb_addresses_look_up (IBBAddresses *self, const char *jid); /* (nullable): jid */
