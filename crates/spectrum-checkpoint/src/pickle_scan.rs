//! A first pass over a pickle: what it imports, what its objects will weigh, where it ends.
//!
//! Nothing is executed and nothing is built. The opcodes are those of CPython's `pickletools`, protocols 0 to 5.

use std::rc::Rc;

use crate::error::clip;
use crate::pickle_stack::{Fault, Label, Stack};

/// The longest pickle that is read. 100 000 tensors take 25 MB.
pub(crate) const MAX_PICKLE: u64 = 64 << 20;
/// Longer strings are no names.
const MAX_NAME: usize = 1024;
/// More strings than this are not kept: a tensor has three or four.
const MAX_TEXTS: usize = 1 << 19;
/// More imports than this are not listed.
const MAX_IMPORTS: usize = 64;

/// What a pickle says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Scan {
    /// Bytes up to and including its STOP.
    pub length: usize,
    /// What it imports, in the order of first use, each once.
    pub imports: Vec<String>,
    /// Short strings in the order in which they stand in it, at most [`MAX_TEXTS`]: the keys of dictionaries are among them.
    pub texts: Vec<Rc<str>>,
    /// What the root object came from (`collections.OrderedDict`, `os.system`), where it came from a call.
    pub root: Option<String>,
}

/// Why a scan stopped: the byte, what was found, what was expected, and the imports up to there.
#[derive(Debug)]
pub(crate) struct Stop {
    pub byte: usize,
    pub found: String,
    pub expected: &'static str,
    pub imports: Vec<String>,
}

/// The most that a pickle's objects may weigh at a time. State dictionaries weigh 50 to 110 times their pickle.
fn budget(length: usize) -> u64 {
    ((32u64 << 20) + 128 * length as u64).min(1 << 30)
}

/// The imports of what reads as a pickle to its end.
pub(crate) fn imports(bytes: &[u8]) -> Option<Vec<String>> {
    match scan(bytes) {
        Ok(scan) => Some(scan.imports),
        // A pickle that breaks off after it has imported something is reported as one.
        Err(stop) if !stop.imports.is_empty() => Some(stop.imports),
        Err(_) => None,
    }
}

/// Runs the pickle at the beginning of `bytes`.
pub(crate) fn scan(bytes: &[u8]) -> Result<Scan, Stop> {
    let within = &bytes[..bytes.len().min(MAX_PICKLE as usize)];
    let mut reader = Reader { bytes: within, at: 0 };
    let mut stack = Stack::new(budget(within.len()));
    let mut scan = Scan::default();
    loop {
        let byte = reader.at;
        match step(&mut reader, &mut stack, &mut scan) {
            Ok(false) => {}
            Ok(true) => {
                scan.length = reader.at;
                return Ok(scan);
            }
            Err((found, expected)) => return Err(Stop { byte, found, expected, imports: scan.imports }),
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, n: u64) -> Result<&'a [u8], Fault> {
        let rest = &self.bytes[self.at..];
        let n = usize::try_from(n).ok().filter(|&n| n <= rest.len());
        let n = n.ok_or_else(|| ("the end of the pickle".to_owned(), "an opcode with its argument, or STOP"))?;
        self.at += n;
        Ok(&rest[..n])
    }

    fn number(&mut self, n: u64) -> Result<u64, Fault> {
        Ok(self.take(n)?.iter().rev().fold(0, |v, &b| v << 8 | u64::from(b)))
    }

    fn line(&mut self) -> Result<&'a [u8], Fault> {
        let rest = &self.bytes[self.at..];
        let n = rest.iter().position(|&b| b == b'\n').ok_or(("the end of the pickle".to_owned(), "a line"))?;
        self.at += n + 1;
        Ok(rest[..n].strip_suffix(b"\r").unwrap_or(&rest[..n]))
    }

    fn index(&mut self) -> Result<u32, Fault> {
        let line = self.line()?;
        let text = String::from_utf8_lossy(line);
        text.parse().map_err(|_| (format!("memo `{}`", clip(&text)), "a number below 2^32"))
    }
}

fn text(bytes: &[u8]) -> Label {
    match std::str::from_utf8(bytes) {
        Ok(name) if name.len() <= MAX_NAME => Label::Text(Rc::from(name)),
        _ => Label::Plain,
    }
}

/// One opcode; true at STOP.
fn step(r: &mut Reader<'_>, s: &mut Stack, scan: &mut Scan) -> Result<bool, Fault> {
    let op = r.take(1)?[0];
    match op {
        0x80 => {
            let version = r.number(1)?;
            if version > 5 {
                return Err((format!("protocol {version}"), "protocol 0 to 5"));
            }
        }
        0x95 => drop(r.take(8)?),
        b'.' => {
            let root = s.pop()?;
            if let Label::Instance(name) | Label::Class(name) = root.label {
                scan.root = Some(name.to_string());
            }
            return Ok(true);
        }
        // Scalars.
        b'N' | 0x88 | 0x89 => s.push(0, Label::Plain)?,
        b'I' | b'L' | b'F' => {
            r.line()?;
            s.push(0, Label::Plain)?;
        }
        b'J' => scalar(r, s, 4)?,
        b'K' => scalar(r, s, 1)?,
        b'M' => scalar(r, s, 2)?,
        b'G' => scalar(r, s, 8)?,
        0x8a => counted(r, s, 1, None)?,
        0x8b => counted(r, s, 4, None)?,
        // Strings and bytes.
        b'V' => {
            let line = r.line()?;
            s.push(2 * line.len() as u64, noted(scan, text(line)))?;
        }
        b'S' => {
            let line = r.line()?;
            s.push(line.len() as u64, noted(scan, text(line.trim_ascii())))?;
        }
        0x8c | b'U' => counted(r, s, 1, Some(scan))?,
        b'X' | b'T' => counted(r, s, 4, Some(scan))?,
        0x8d => counted(r, s, 8, Some(scan))?,
        b'C' => counted(r, s, 1, None)?,
        b'B' => counted(r, s, 4, None)?,
        0x8e | 0x96 => counted(r, s, 8, None)?,
        // Containers.
        b'(' => s.mark()?,
        b')' | b']' | b'}' | 0x8f => s.push(0, Label::Plain)?,
        b't' | b'l' | b'd' | 0x91 => s.wrap_mark()?,
        0x85 => s.wrap_top(1)?,
        0x86 => s.wrap_top(2)?,
        0x87 => s.wrap_top(3)?,
        b'a' => {
            let item = s.pop()?;
            s.extend(&[item])?;
        }
        b's' => {
            let (value, key) = (s.pop()?, s.pop()?);
            s.extend(&[key, value])?;
        }
        b'e' | 0x90 | b'u' => {
            let items = s.pop_mark()?;
            s.extend(&items)?;
        }
        // The stack and the memo.
        b'0' => s.discard()?,
        b'1' => s.discard_mark()?,
        b'2' => s.dup()?,
        b'g' => {
            let index = r.index()?;
            s.get(index)?;
        }
        b'h' => {
            let index = r.number(1)? as u32;
            s.get(index)?;
        }
        b'j' => {
            let index = r.number(4)? as u32;
            s.get(index)?;
        }
        b'p' => {
            let index = r.index()?;
            s.put(index)?;
        }
        b'q' => {
            let index = r.number(1)? as u32;
            s.put(index)?;
        }
        b'r' => {
            let index = r.number(4)? as u32;
            s.put(index)?;
        }
        0x94 => s.memoize()?,
        // Imports and calls.
        b'c' => {
            let (module, name) = (r.line()?, r.line()?);
            import(s, scan, &String::from_utf8_lossy(module), &String::from_utf8_lossy(name))?;
        }
        0x93 => {
            let (name, module) = (s.pop()?, s.pop()?);
            match (&module.label, &name.label) {
                (Label::Text(m), Label::Text(n)) => import(s, scan, m, n)?,
                _ => return Err(("STACK_GLOBAL without two short strings".into(), "a module and a name")),
            }
        }
        // INST: an import and a call in one.
        b'i' => {
            let (module, name) = (r.line()?, r.line()?);
            import(s, scan, &String::from_utf8_lossy(module), &String::from_utf8_lossy(name))?;
            return Err(("opcode INST".into(), "the opcodes that Python 3 writes"));
        }
        b'R' | 0x81 => s.call(1)?,
        0x92 => s.call(2)?,
        // OBJ: a call of what lies first above the mark.
        b'o' => return Err(("opcode OBJ".into(), "the opcodes that Python 3 writes")),
        b'b' => s.build()?,
        b'P' => {
            let line = r.line()?;
            s.push(line.len() as u64, Label::Plain)?;
        }
        b'Q' => {
            s.storage()?;
        }
        0x82..=0x84 => return Err(("an opcode of the extension registry".into(), "an import by name")),
        0x97 | 0x98 => return Err(("an out-of-band buffer".into(), "a pickle that holds all its data")),
        other => return Err((format!("opcode 0x{other:02x}"), "a pickle opcode")),
    }
    Ok(false)
}

fn scalar(r: &mut Reader<'_>, s: &mut Stack, n: u64) -> Result<(), Fault> {
    r.take(n)?;
    s.push(0, Label::Plain)
}

/// A value behind its length in `n` bytes; a string where `texts` is given.
fn counted(r: &mut Reader<'_>, s: &mut Stack, n: u64, texts: Option<&mut Scan>) -> Result<(), Fault> {
    let length = r.number(n)?;
    let bytes = r.take(length)?;
    s.push(length, texts.map_or(Label::Plain, |scan| noted(scan, text(bytes))))
}

/// Keeps a short string.
fn noted(scan: &mut Scan, label: Label) -> Label {
    if let Label::Text(text) = &label
        && scan.texts.len() < MAX_TEXTS
    {
        scan.texts.push(text.clone());
    }
    label
}

fn import(s: &mut Stack, scan: &mut Scan, module: &str, name: &str) -> Result<(), Fault> {
    let full = clip(&format!("{module}.{name}"));
    if scan.imports.len() < MAX_IMPORTS && !scan.imports.contains(&full) {
        scan.imports.push(full.clone());
    }
    s.push((module.len() + name.len()) as u64, Label::Class(Rc::from(full)))
}

/// Whether an import is one of those that describe tensors and dictionaries, which the reader interprets.
pub(crate) fn describes_tensors(import: &str) -> bool {
    const KNOWN: [&str; 7] = [
        "collections.OrderedDict",
        "torch._tensor._rebuild_from_type_v2",
        "torch.nn.parameter.Parameter",
        "torch.nn.parameter.Buffer",
        "torch.Tensor",
        "torch.storage.UntypedStorage",
        "torch.UntypedStorage",
    ];
    let dtype = |name: &str| {
        let kind = name.trim_end_matches(|c: char| c.is_ascii_digit());
        matches!(kind, "float" | "bfloat" | "int" | "uint" | "bool" | "half" | "double" | "long")
    };
    KNOWN.contains(&import)
        || import.strip_prefix("torch._utils.").is_some_and(|f| f.starts_with("_rebuild_"))
        || matches!(import, "builtins.set" | "builtins.frozenset" | "__builtin__.set" | "__builtin__.frozenset")
        || import.strip_prefix("torch.").is_some_and(|t| t.ends_with("Storage") && !t.contains('.') || dtype(t))
}

#[cfg(test)]
#[path = "pickle_scan_tests.rs"]
mod tests;
