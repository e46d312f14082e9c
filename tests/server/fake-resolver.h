/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The resolver of the process: it knows the records that it is told. Each host is this machine,
 * except nowhere.test, which has no address, and silent.test, about which no answer comes. */

#pragma once

#include <gio/gio.h>

#define FAKE_TYPE_RESOLVER (fake_resolver_get_type ())
G_DECLARE_FINAL_TYPE (FakeResolver, fake_resolver, FAKE, RESOLVER, GResolver)

FakeResolver *fake_resolver_install (void);
/* target: (transfer full): an SRV record, of XEP-0368 if is_direct. */
void fake_resolver_add (FakeResolver *self, gboolean is_direct, GSrvTarget *target);
/* A resolver of the application's own knows services, and need not know records. */
void fake_resolver_set_knows_records (FakeResolver *self, gboolean knows_records);
/* From now on no answer comes about records. */
void fake_resolver_fall_silent (FakeResolver *self);
/* (transfer full): the names of records and hosts that were asked for, each once. */
char *fake_resolver_dup_asked (FakeResolver *self);
