/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "path.h"

#include "packet.h"

#define PACED_RATE 8192000.0
#define UNLIMITED ((gsize) 256 * 1024 * 1024)

static gsize
get_size (PacketKind kind, gsize length)
{
  Packet *packet = packet_new (kind, length, 0);
  gsize   size = packet->size;

  packet_free (packet);
  return size;
}

/* Seconds of the server for a block and its acknowledgement. */
static double
get_cost (const Cell *cell)
{
  double bytes = (double) (get_size (PACKET_BLOCK, cell->model_block) + get_size (PACKET_ACK, 0));

  return (2 * cell->server_stanza * 1e3 + bytes * cell->server_byte) / 1e9;
}

static double
get_minimum (double a, double b)
{
  if (a <= 0 || b <= 0)
    return MAX (a, b);
  return MIN (a, b);
}

double
path_get_rate (const Cell *cell)
{
  double share = (double) cell->model_block / (double) get_size (PACKET_BLOCK, cell->model_block);
  double rate = cell->rate * share;

  if (cell->limit != CELL_LIMIT_NONE)
    rate = get_minimum (rate, cell->limit_rate * share);
  else if (cell->pacing)
    rate = get_minimum (rate, PACED_RATE * share);
  return get_minimum (rate, cell->model_block / get_cost (cell));
}

static double
get_transmission (const Cell *cell, double rate)
{
  double bytes = (double) (get_size (PACKET_BLOCK, cell->model_block) + get_size (PACKET_ACK, 0));

  return rate > 0 ? bytes / rate : 0;
}

double
path_get_round_trip (const Cell *cell, guint session)
{
  guint  peer = cell_get_peer (cell, session);
  double delay = cell->delay + cell_get (&cell->peer_delay, peer);
  double jitter = cell->jitter + cell_get (&cell->peer_jitter, peer);

  return 2 * (delay + jitter / 2) / 1e3 + get_cost (cell) + get_transmission (cell, cell->rate) +
         get_transmission (cell, cell_get (&cell->peer_rate, peer));
}

gsize
path_get_window (const Cell *cell, guint session)
{
  guint  n_usual = cell->peers * cell->sessions - cell->slow;
  double peer_rate = cell_get (&cell->peer_rate, cell_get_peer (cell, session));
  double share = (double) cell->model_block / (double) get_size (PACKET_BLOCK, cell->model_block);
  double rate = path_get_rate (cell) / MAX (n_usual, 1);

  if (cell->sender == CELL_SENDER_UNLIMITED)
    return UNLIMITED;
  if (cell->window > 0)
    return cell->window;
  rate = get_minimum (rate, peer_rate * share / MAX (cell->sessions, 1));
  if (cell_is_slow (cell, session))
    rate = get_minimum (rate, cell->slow_rate);
  return MAX ((gsize) (2 * rate * path_get_round_trip (cell, session)), cell->model_block);
}
