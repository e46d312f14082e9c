/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The header of a WebSocket frame (RFC 6455 §5.2). */

#pragma once

/* The first byte */
#define IBB_FRAME_FINAL 0x80
#define IBB_FRAME_RESERVED 0x70
#define IBB_FRAME_OPCODE_MASK 0x0f
#define IBB_FRAME_OPCODE_CONTINUATION 0x0
#define IBB_FRAME_OPCODE_TEXT 0x1
#define IBB_FRAME_OPCODE_BINARY 0x2
#define IBB_FRAME_CONTROL 0x8 /* a bit of those that follow */
#define IBB_FRAME_OPCODE_CLOSE 0x8
#define IBB_FRAME_OPCODE_PING 0x9
#define IBB_FRAME_OPCODE_PONG 0xa

/* The second byte */
#define IBB_FRAME_MASKED 0x80
#define IBB_FRAME_LENGTH_MASK 0x7f
#define IBB_FRAME_LENGTH_16 126 /* two bytes with the length follow */
#define IBB_FRAME_LENGTH_64 127 /* eight */

#define IBB_FRAME_CONTROL_MAX 125 /* bytes of payload in a control frame */
#define IBB_FRAME_NORMAL_CLOSURE 1000
