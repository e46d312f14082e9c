/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Moves the files of a bundle over a stream, in a thread of its own. A folder counts as a file. */

#pragma once

#include "files/move/mover.h"
#include "files/protocol/bundle.h"

typedef struct _IBBCarrier IBBCarrier;

typedef enum
{
  IBB_CARRIER_OFFERED,
  IBB_CARRIER_ACCEPTED,  /* the bytes begin to move */
  IBB_CARRIER_FAILED,    /* by the peer */
  IBB_CARRIER_RELEASED,  /* the thread uses the mover no longer: once for each */
  IBB_CARRIER_DELIVERED, /* the peer says so; of a receiver: it has been written */
  IBB_CARRIER_IDLE,      /* the sender has no file that has not ended */
  IBB_CARRIER_OVER,      /* the stream; before the last files are released */
} IBBCarrierEvent;

typedef struct
{
  IBBCarrierEvent   event;
  guint32           number;      /* of the file */
  IBBFilesMetadata *metadata;    /* (owned) (nullable): of an offer */
  char             *hash;        /* (owned) (nullable): in base64, what a whole file has to be */
  char             *reason;      /* (owned) (nullable): the word of the peer */
  char             *text;        /* (owned) (nullable): the peer's words beside it */
  gboolean          is_accepted; /* the failed file was */
  GError           *error;       /* (owned) (nullable): of the mover, the stream, or a folder */
} IBBCarrierNews;

typedef void (*IBBCarrierFunc) (IBBCarrierNews *news, gpointer user_data);

/* func is called in the context of this call, where the other calls belong, too. */
IBBCarrier *ibb_carrier_new (
    GIOStream *stream, gboolean is_sender, IBBCarrierFunc func, gpointer user_data, GError **error);
/* Nothing is read and written any more. */
void ibb_carrier_stop (IBBCarrier *self);
/* func is called no more. The thread ends when the stream has. */
void ibb_carrier_free (IBBCarrier *self);

/* The sender. Files have the numbers 1, 2, … in the order of the calls. */
void ibb_carrier_offer (IBBCarrier *self, IBBMover *mover, IBBFilesMetadata *metadata);
/* The receiver. The file begins at the offset of the mover. */
void ibb_carrier_accept (IBBCarrier *self, guint32 number, IBBMover *mover);
void ibb_carrier_deliver (IBBCarrier *self, guint32 number);
/* text (nullable). */
void ibb_carrier_fail (IBBCarrier *self, guint32 number, IBBReason reason, const char *text);
