// SPDX-License-Identifier: LGPL-2.1-or-later

namespace IBB {
  public interface Connection : GLib.Object {
    public virtual bool confirms ();
    [CCode (array_length = false, array_null_terminated = true)]
    public virtual string[]? dup_resources (string contact);
    public virtual unowned GLib.MainContext? get_context ();
    public virtual uint get_stanza_limit ();
    public virtual bool is_congested ();
  }
}
