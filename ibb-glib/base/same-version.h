/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* libibb-xmpp knows private structures of libibb-glib, so that both have to be of one version. The
 * name of this variable has the version of libibb-glib, and libibb-xmpp refers to it. A loader that
 * finds a libibb-glib of another version ends with an error that contains the name. */

#pragma once

#include "ibb-version.h"

#define IBB_SAME_VERSION_JOIN(major, minor, micro)                                                 \
  ibb_xmpp_needs_ibb_glib_##major##_##minor##_##micro
#define IBB_SAME_VERSION_NAME(major, minor, micro) IBB_SAME_VERSION_JOIN (major, minor, micro)
#define IBB_SAME_VERSION                                                                           \
  IBB_SAME_VERSION_NAME (IBB_MAJOR_VERSION, IBB_MINOR_VERSION, IBB_MICRO_VERSION)

IBB_EXTERN const char IBB_SAME_VERSION;
