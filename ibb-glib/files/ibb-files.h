/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#define IBB_FILES_INSIDE
#include <ibb-glib/files/ibb-files-enum-types.h>
#include <ibb-glib/files/ibb-files-metadata.h>
#include <ibb-glib/files/ibb-files-output-stream.h>
#include <ibb-glib/files/ibb-files-part.h>
#include <ibb-glib/files/ibb-files-service.h>
#include <ibb-glib/files/ibb-files-transfer.h>
#include <ibb-glib/files/ibb-files-types.h>
#include <ibb-glib/files/ibb-files-version.h>
#undef IBB_FILES_INSIDE
