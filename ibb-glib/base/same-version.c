/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "base/same-version.h"

/* A byte without a type. Checkers of an ABI compare variables and functions, and would miss this
 * one in each later version. */
__asm__(".pushsection .rodata\n"
        ".globl ibb_xmpp_needs_ibb_glib\n"
        ".size ibb_xmpp_needs_ibb_glib, 1\n"
        "ibb_xmpp_needs_ibb_glib: .byte 0\n"
        ".popsection\n");
