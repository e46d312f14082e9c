-- SPDX-License-Identifier: LGPL-2.1-or-later

-- A server that keeps for itself what one account writes into its sessions, and the ends of these, and
-- says in the name of the peer that all has arrived. The account is in the file that swallow_file
-- names: without that file all goes on.
local st = require "util.stanza";
local jid_bare = require "util.jid".bare;
local xmlns_ibb = "http://jabber.org/protocol/ibb";
local path = module:get_option_string("swallow_file");

module:hook("pre-iq/full", function (event)
	local stanza = event.stanza;
	local is_swallowed = stanza:get_child("data", xmlns_ibb) or stanza:get_child("close", xmlns_ibb);
	local file = is_swallowed and io.open(path);
	if not file then
		return;
	end
	local account = file:read("*a");
	file:close();
	if jid_bare(stanza.attr.from) == account then
		event.origin.send(st.reply(stanza));
		return true;
	end
end, 1000);
