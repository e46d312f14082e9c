/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/first-hop.h"

gboolean
ibb_first_hop_may_send (const IBBFirstHop *self, gsize length)
{
  return self->in_flight == 0 || self->in_flight + length <= IBB_FIRST_HOP_MAX;
}

void
ibb_first_hop_sent (IBBFirstHop *self, gsize length)
{
  self->in_flight += length;
}

void
ibb_first_hop_forget (IBBFirstHop *self, gsize length)
{
  g_assert (self->in_flight >= length);
  self->in_flight -= length;
}
