-- SPDX-License-Identifier: LGPL-2.1-or-later

-- Debian 12 has mod_sasl2 for a newer Prosody than its own: a connection of Prosody
-- 0.12.3 does not have the calls by which that asks about TLS. It gets them here.
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

module:hook("stream-features", function (event)
	local conn = event.origin.conn;
	if conn and not conn.ssl_info then
		add_calls(conn);
	end
end, 1000);
