// SPDX-License-Identifier: LGPL-2.1-or-later

// What the tests of the Vala binding share.

const int LENGTH = 10247;

async void both_ends (IBB.Service opener, IBB.Service accepter, string opener_jid,
                      string accepter_jid, out IBB.Transport opened, out IBB.Transport accepted)
    throws Error {
  Error? failure = null;
  IBB.Transport? expected = null;
  SourceFunc resume = both_ends.callback;
  var waiting = false;
  accepter.expect_session_async.begin (opener_jid, "vala", null, null, (object, result) => {
    try {
      expected = accepter.expect_session_async.end (result);
    } catch (Error error) {
      failure = error;
    }
    if (waiting)
      resume ();
  });
  var params = new IBB.SessionParams () { sid = "vala" };
  opened = yield opener.open_session_async (accepter_jid, params, null);
  if (expected == null && failure == null) {
    waiting = true;
    yield;
  }
  if (failure != null)
    throw failure;
  accepted = expected;
}

async void pass (IBB.Transport from, IBB.Transport to, uint8[] data) throws Error {
  size_t written;
  yield from.output_stream.write_all_async (data, Priority.DEFAULT, null, out written);
  assert (written == data.length);
  var buffer = new uint8[data.length];
  size_t length;
  yield to.input_stream.read_all_async (buffer, Priority.DEFAULT, null, out length);
  assert (length == data.length && Memory.cmp (buffer, data, length) == 0);
}

async void round_trip (IBB.Transport opened, IBB.Transport accepted) throws Error {
  var data = new uint8[LENGTH];
  for (var i = 0; i < LENGTH; i++)
    data[i] = (uint8) (i * 7);
  yield pass (opened, accepted, data);
  yield pass (accepted, opened, data);
  yield opened.drain_async (null);
  assert (opened.bytes_acknowledged == LENGTH && opened.bytes_received == LENGTH);
  yield opened.shutdown_output_async (null);
  var end = yield accepted.input_stream.read_async (data, Priority.DEFAULT, null);
  assert (end == 0);
  yield accepted.close_async (Priority.DEFAULT, null);
  yield opened.close_async (Priority.DEFAULT, null);
}
