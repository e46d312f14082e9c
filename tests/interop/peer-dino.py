# SPDX-License-Identifier: LGPL-2.1-or-later
"""Dino as it is packaged, with the plugin of peer-dino.cpp: as peer.hpp says."""

import json
import os
import sys

import screen

screen.begin(json.loads(sys.argv[1])['profile'])
os.environ['DINO_PLUGIN_DIR'] = os.path.dirname(os.environ['IBB_DINO_PLUGIN'])
os.execvp('dino-im', ('dino-im',))
