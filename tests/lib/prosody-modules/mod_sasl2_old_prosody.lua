-- SPDX-License-Identifier: LGPL-2.1-or-later

-- That of Debian 13 has what is missing here.
if not prosody.version:match("^0%.") then
	return;
end

-- Debian 12 has the modules of SASL2 for a newer Prosody than its own. They ask a connection
-- of Prosody 0.12.3 for what it cannot tell; it learns that here.
local function add_calls(conn)
	function conn:ssl_info()
		return self:socket():info();
	end
	function conn:ssl_peerfinished()
		return self:socket():getpeerfinished();
	end
	function conn:ssl_exportkeyingmaterial(...)
		return self:socket():exportkeyingmaterial(...);
	end
end

-- Lua 5.4 does not format a time with a fraction.
local datetime = require "util.datetime";
local format_time = datetime.datetime;
function datetime.datetime(time)
	return format_time(time and math.floor(time));
end

local stanza_methods = require "util.stanza".stanza_mt.__index;
function stanza_methods:get_child_attr(name, namespace, attribute)
	local child = self:get_child(name, namespace);
	return child and child.attr[attribute];
end

-- Of the header that follows STARTTLS.
local function keep_sender(session)
	local open_stream = session.open_stream;
	function session.open_stream(self, from, to)
		self.header_from = to;
		return open_stream(self, from, to);
	end
	session.keeps_sender = true;
end

module:hook("stream-features", function (event)
	local session = event.origin;
	if session.conn and not session.conn.ssl_info then
		add_calls(session.conn);
	end
	if not session.keeps_sender then
		keep_sender(session);
	end
	event.stream = { from = session.header_from };
end, 1000);

-- The module of SASL makes another handler after that of SASL2, which alone knows
-- tls-exporter. SCRAM of 0.12.3 does not.
module:hook("stream-features", function (event)
	event.origin.sasl2_handler = event.origin.sasl_handler;
end, 0.5);

module:hook_tag("urn:xmpp:sasl:2", "authenticate", function (session, auth)
	if auth:get_child("fast", "urn:xmpp:fast:0") then
		session.sasl_handler = session.sasl2_handler;
	end
end, 200);

-- Prosody 0.12.3 says so only of a login by SASL, and would keep the limit for stanzas of
-- strangers, 10 kB.
module:hook("sasl2/c2s/success", function (event)
	module:fire_event("authentication-success", { session = event.session });
end, 999);
