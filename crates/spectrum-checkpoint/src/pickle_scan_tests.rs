use super::*;

fn names(pickle: &[u8]) -> Vec<String> {
    scan(pickle).map_or_else(|stop| stop.imports, |scan| scan.imports)
}

#[test]
fn the_length_ends_at_stop() {
    let scanned = scan(b"\x80\x02}q\x00.rest").unwrap();
    assert_eq!((scanned.length, scanned.root), (6, None));
}

#[test]
fn imports_of_every_spelling() {
    assert_eq!(names(b"cos\nsystem\n."), ["os.system"]);
    assert_eq!(names(b"cos\r\nsystem\r\n."), ["os.system"]);
    // Short strings, whatever opcode wrote them, also through the memo.
    assert_eq!(names(b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94\x93."), ["os.system"]);
    assert_eq!(names(b"X\x02\0\0\0osq\x00U\x06system\x93h\x00X\x05\0\0\0abort\x93\x86."), ["os.system", "os.abort"]);
    assert_eq!(names(b"(ios\nsystem\n."), ["os.system"]);
    // A call's root, and an object's.
    assert_eq!(scan(b"cos\nsystem\n)R.").unwrap().root.as_deref(), Some("os.system"));
    assert_eq!(scan(b"ca\nB\n)\x81}b.").unwrap().root.as_deref(), Some("a.B"));
    assert_eq!(scan(b"ca\nB\n)}\x92}b.").unwrap().root.as_deref(), Some("a.B"));
}

#[test]
fn faults_say_where_and_what() {
    let fault = |pickle: &[u8]| {
        let stop = scan(pickle).unwrap_err();
        (stop.byte, stop.found, stop.expected)
    };
    assert_eq!(fault(b"").1, "the end of the pickle");
    assert_eq!(fault(b"K\x01."[..2].as_ref()).0, 2);
    assert_eq!(fault(b"\x80\x06."), (0, "protocol 6".into(), "protocol 0 to 5"));
    assert_eq!(fault(b"."), (0, "an empty stack".into(), "an object on the stack"));
    assert_eq!(fault(b"K\x01(.").1, "a mark");
    assert_eq!(fault(b"h\x05.").1, "memo 5, never set");
    assert_eq!(fault(b"t.").1, "no mark");
    assert_eq!(fault(b"\xff").1, "opcode 0xff");
    assert_eq!(fault(b"K\x01K\x02\x93.").2, "a module and a name");
    assert_eq!(fault(b"X\xff\xff\xff\xffabc").0, 0);
    assert_eq!(fault(b"\x82\x01.").2, "an import by name");
    // A mark below what was popped since.
    assert_eq!(fault(b"K\x01(0000.").1, "an empty stack");
}

#[test]
fn what_describes_tensors() {
    for known in [
        "collections.OrderedDict",
        "torch._utils._rebuild_tensor_v2",
        "torch._utils._rebuild_parameter",
        "torch.FloatStorage",
        "torch.BFloat16Storage",
        "torch.float32",
        "torch.int64",
        "torch.bool",
        "torch.storage.UntypedStorage",
        "builtins.set",
    ] {
        assert!(describes_tensors(known), "{known}");
    }
    for other in [
        "os.system",
        "builtins.eval",
        "torch.load",
        "torch.hub.load",
        "evil.FloatStorage",
        "torch.x.Storage",
        "torch._utils.x",
    ] {
        assert!(!describes_tensors(other), "{other}");
    }
}
