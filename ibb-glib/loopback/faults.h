/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The faults on the way of a stanza, at random but from a seed. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  double drop_probability;
  double bounce_probability;
  double duplicate_probability;
  guint  seed;
} IBBFaultSettings;

typedef enum
{
  IBB_FAULT_NONE,
  IBB_FAULT_BOUNCE,
  IBB_FAULT_DROP,
  IBB_FAULT_DUPLICATE,
} IBBFault;

typedef struct _IBBFaults IBBFaults;

IBBFaults *ibb_faults_new (void);
void       ibb_faults_free (IBBFaults *self);

/* Another seed begins its sequence. */
void ibb_faults_set (IBBFaults *self, const IBBFaultSettings *settings);
/* Draws the fault of the next stanza; only one that is answerable can bounce. */
IBBFault ibb_faults_draw (IBBFaults *self, gboolean is_answerable);

G_END_DECLS
