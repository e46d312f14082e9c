/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The network of a cell: the server, the links, and the ends. */

#pragma once

#include "meter.h"

/* Runs the cell; the meter is to be cleared by the caller. */
void network_run (const Cell *cell, Meter *meter, Events *events);
