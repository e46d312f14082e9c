/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The input of an encrypted stream, which GIO can poll. */

#pragma once

#include "xmpp/trust/cipher-pipe.h"

#define IBB_TYPE_ENCRYPTED_INPUT (ibb_encrypted_input_get_type ())
G_DECLARE_FINAL_TYPE (IBBEncryptedInput, ibb_encrypted_input, IBB, ENCRYPTED_INPUT, GInputStream)

GInputStream *ibb_encrypted_input_new (IBBCipherPipe *pipe);
