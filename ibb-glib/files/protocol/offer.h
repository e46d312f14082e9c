/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The description, in XML, of a file or folder that a bundle offers. */

#pragma once

#include "files/ibb-files-metadata.h"

#define IBB_OFFER_FOLDER_NAMESPACE "urn:ibb-glib:files:1" /* of <folder/> and <rights/> */

GString *ibb_offer_write (IBBFilesMetadata *metadata);
/* NULL: the file or the payload is no description. */
IBBFilesMetadata *ibb_offer_read_element (const IBBElement *file);
IBBFilesMetadata *ibb_offer_read (const guint8 *payload, gsize length);
