-- SPDX-License-Identifier: LGPL-2.1-or-later

-- Prosody 0.12.3 reads a resumed stream with the parser of the broken one. When
-- that one stands in the middle of a stanza, all that follows is taken for its
-- other half and never seen. A resumed stream gets its own parser here, so that
-- tests can break connections anywhere.
module:hook("smacks-hibernation-end", function (event)
	event.resumed.data = event.origin.data;
end);
