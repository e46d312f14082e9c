/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "loopback/faults.h"

struct _IBBFaults
{
  IBBFaultSettings settings;
  GRand           *rand; /* (owned) */
};

IBBFaults *
ibb_faults_new (void)
{
  IBBFaults *self = g_new0 (IBBFaults, 1);

  self->rand = g_rand_new_with_seed (0);
  return self;
}

void
ibb_faults_free (IBBFaults *self)
{
  g_rand_free (self->rand);
  g_free (self);
}

void
ibb_faults_set (IBBFaults *self, const IBBFaultSettings *settings)
{
  if (self->settings.seed != settings->seed)
    g_rand_set_seed (self->rand, settings->seed);
  self->settings = *settings;
}

static gboolean
happens (IBBFaults *self, double probability)
{
  return probability > 0.0 && g_rand_double (self->rand) < probability;
}

IBBFault
ibb_faults_draw (IBBFaults *self, gboolean is_answerable)
{
  if (is_answerable && happens (self, self->settings.bounce_probability))
    return IBB_FAULT_BOUNCE;
  if (happens (self, self->settings.drop_probability))
    return IBB_FAULT_DROP;
  if (happens (self, self->settings.duplicate_probability))
    return IBB_FAULT_DUPLICATE;
  return IBB_FAULT_NONE;
}
