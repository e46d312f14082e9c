// SPDX-License-Identifier: LGPL-2.1-or-later

// Files through the Vala binding.

const string ALICE = "alice@example.org/a";
const string BOB = "bob@example.org/b";

const string CONTENT = "But soft, what light through yonder window breaks?";

class Ends {
  public IBBFiles.Service alice;
  public IBBFiles.Service bob;
  public IBBFiles.Transfer? offered;
  private SourceFunc? woken;

  public Ends () {
    var loopback = new IBB.Loopback ();

    alice = new IBBFiles.Service (loopback.attach (ALICE));
    bob = new IBBFiles.Service (loopback.attach (BOB));
    bob.file_offered.connect ((transfer) => {
      offered = transfer;
      if (woken != null)
        Idle.add ((owned) woken);
      return true;
    });
  }

  public async IBBFiles.Transfer offer () throws Error {
    var source = new MemoryInputStream.from_data (CONTENT.data);
    var metadata = new IBBFiles.Metadata ("soft.txt", CONTENT.length);

    metadata.media_type = "text/plain";
    var transfer = yield alice.offer_stream_async (BOB, source, metadata);
    yield wait_for_offer ();
    return transfer;
  }

  public async void wait_for_offer () {
    while (offered == null) {
      woken = wait_for_offer.callback;
      yield;
    }
  }
}

async void run_file () throws Error {
  var ends = new Ends ();
  var folder = DirUtils.make_tmp ("ibb-files-XXXXXX");
  var sent = File.new_for_path (Path.build_filename (folder, "sent"));
  var place = File.new_for_path (Path.build_filename (folder, "got"));

  sent.replace_contents (CONTENT.data, null, false, FileCreateFlags.NONE, null);
  var transfer = yield ends.alice.offer_file_async (BOB, sent);
  yield ends.wait_for_offer ();
  yield ends.offered.accept_file_async (place);
  assert (yield transfer.wait_async ());
  assert (transfer.state == IBBFiles.State.DELIVERED && transfer.way == IBBFiles.Way.JINGLE);
  assert (ends.offered.metadata.name == "sent" && ends.offered.peer_jid == ALICE);
  uint8[] content;
  place.load_contents (null, out content, null);
  assert ((string) content == CONTENT);
  sent.delete ();
  place.delete ();
  DirUtils.remove (folder);
}

async void run_declined () throws Error {
  var ends = new Ends ();
  var transfer = yield ends.offer ();

  ends.offered.reject ("Not now");
  try {
    yield transfer.wait_async ();
    assert_not_reached ();
  } catch (IBB.Error.FORBIDDEN error) {
    assert (transfer.dup_error ().code == IBB.Error.FORBIDDEN);
  }
}

async void run_case (string name) throws Error {
  switch (name) {
    case "file": yield run_file (); break;
    case "declined": yield run_declined (); break;
    default: assert_not_reached ();
  }
}

void run (string name) {
  var loop = new MainLoop ();

  run_case.begin (name, (object, result) => {
    try {
      run_case.end (result);
    } catch (Error error) {
      Test.message ("%s", error.message);
      Test.fail ();
    }
    loop.quit ();
  });
  loop.run ();
}

int main (string[] args) {
  Test.init (ref args);
  foreach (var name in new string[] { "file", "declined" })
    Test.add_data_func ("/bindings/vala/files/" + name, () => run (name));
  return Test.run ();
}
