-- SPDX-License-Identifier: LGPL-2.1-or-later

-- That of Debian 13 has what is missing here.
if not prosody.version:match("^0%.") then
	return;
end

-- Debian's mod_sasl2_sm wants mod_smacks of a newer Prosody, which returns its answers;
-- that of 0.12.3 sends them. They are caught here.
local smacks = module:depends("smacks");
local xmlns_sm = "urn:xmpp:sm:3";

-- In the place of the function by which a session sends.
local function new_catcher()
	return setmetatable({ caught = {} }, {
		__call = function (self, stanza)
			table.insert(self.caught, stanza);
			return true;
		end;
	});
end

local function refusal(answer)
	return { type = "cancel", condition = answer.tags[1] and answer.tags[1].name;
		context = { h = tonumber(answer.attr.h) } };
end

function smacks.do_enable(session, stanza)
	local send, catcher = session.send, new_catcher();
	session.send = catcher;
	smacks.handle_enable(session, stanza, xmlns_sm);
	session.send = send;
	local answer = catcher.caught[1];
	if answer.name ~= "enabled" then
		return nil, refusal(answer);
	end
	return { type = "enabled"; id = answer.attr.id; resume_max = answer.attr.max; finish = function () end };
end

-- What is sent again waits until the success of the login was sent.
local function finish(session, stanzas)
	session.resending_unacked = true;
	for _, stanza in ipairs(stanzas) do
		session.send(stanza);
	end
	session.resending_unacked = nil;
end

function smacks.do_resume(session, stanza)
	local send, catcher = session.send, new_catcher();
	session.send = catcher;
	smacks.handle_resume(session, stanza, xmlns_sm);
	local answer = table.remove(catcher.caught, 1);
	if answer.name ~= "resumed" then
		session.send = send;
		return nil, refusal(answer);
	end
	local resumed = catcher.session;
	resumed.sasl_handler = session.sasl_handler;
	resumed.client_id = session.client_id;
	resumed.send = send;
	send.session = resumed;
	send.filter = resumed.filter;
	return { type = "resumed"; session = resumed; id = answer.attr.previd;
		finish = function () finish(resumed, catcher.caught) end };
end
