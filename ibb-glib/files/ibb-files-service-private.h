/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "files/ibb-files-service.h"
#include "files/session/courier.h"
#include "files/session/farewells.h"

/* How the application is told. */
typedef struct
{
  /* Returns whether a handler has taken the transfer. */
  gboolean (*file_offered) (IBBFilesService *self, IBBFilesTransfer *transfer);
  /* Returns whether a peer is refused that wants to offer a file in private. */
  gboolean (*private_offered) (IBBFilesService *self, const char *peer_jid);
  void (*private_failed) (IBBFilesService *self, const char *peer_jid, const GError *error);
} IBBFilesServiceFuncs;

struct _IBBFilesService
{
  GObject parent_instance;

  IBBConnection *connection; /* (owned) */
  IBBService    *sessions;   /* (owned) */
  GPtrArray     *transfers;  /* (owned) (element-type IBBFilesTransfer): not over */
  IBBFarewells  *farewells;  /* (owned): of those that are over */
  IBBIdentity   *identity;   /* (owned) (nullable) */
  GPtrArray     *couriers;   /* (owned) (element-type IBBCourier): not over */
  GPtrArray     *turns;      /* (owned) (element-type IBBTurn): of these */

  const IBBFilesServiceFuncs *funcs; /* static */
};

/* Tells the list of it. FALSE: a handler has ended the transfer. */
gboolean ibb_files_service_add (IBBFilesService *self, IBBFilesTransfer *transfer);

/* Answers the requests of peers from now on. */
void ibb_files_service_listen (IBBFilesService *self, const IBBFilesServiceFuncs *funcs);
/* What the session of a bundle needs. */
IBBCourierPlace ibb_files_service_get_place (IBBFilesService *self);

IBBFilesTransfer *ibb_files_service_create_transfer (IBBFilesService  *self,
                                                     IBBFilesDirection direction,
                                                     IBBFilesWay       way,
                                                     const char       *peer_jid,
                                                     IBBFilesMetadata *metadata);
