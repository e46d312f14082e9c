-- SPDX-License-Identifier: LGPL-2.1-or-later

-- A server that keeps for itself what one account writes into its sessions, and the ends of these, and
-- says in the name of the peer that all has arrived. The file that swallow_file names has the account
-- and the names of the elements: without that file all goes on.
local st = require "util.stanza";
local jid_bare = require "util.jid".bare;
local xmlns_ibb = "http://jabber.org/protocol/ibb";
local path = module:get_option_string("swallow_file");

module:hook("pre-iq/full", function (event)
	local stanza = event.stanza;
	local child = stanza.tags[1];
	local file = child and child.attr.xmlns == xmlns_ibb and io.open(path);
	if not file then
		return;
	end
	local words = " " .. file:read("*a") .. " ";
	file:close();
	if words:find(" " .. jid_bare(stanza.attr.from) .. " ", 1, true) and words:find(" " .. child.name .. " ", 1, true) then
		event.origin.send(st.reply(stanza));
		return true;
	end
end, 1000);
