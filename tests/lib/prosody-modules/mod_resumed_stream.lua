-- SPDX-License-Identifier: LGPL-2.1-or-later

-- Prosody 0.12.3 and 13.0 read a resumed stream with the parser of the broken one. When
-- that one stands in the middle of a stanza, all that follows is taken for its
-- other half and never seen. A resumed stream gets its own parser here, so that
-- tests can break connections anywhere.
if prosody.version:match("^0%.") then
	module:hook("smacks-hibernation-end", function (event)
		event.resumed.data = event.origin.data;
	end);
else
	-- By that event 13.0 has emptied the session of the new connection.
	module:hook_global("c2s-session-updated", function (event)
		event.session.data = event.from_session.data;
	end);
end
