//! A pickle's stack with weights instead of objects.
//!
//! `pytorch-reader` builds every object of a pickle and copies objects in and out of the memo. Its own limits leave
//! room: keys of dictionaries and names of classes do not count against them, a million copied nodes may be a few
//! hundred megabytes, and a byte of pickle can become a hundred bytes of object. So the pickle is run here first with
//! numbers: what each object will weigh, what each copy adds. Nothing is built but short strings, which name imports.

use std::collections::HashMap;
use std::rc::Rc;

/// What an object weighs at least: an enum of up to 80 bytes with its place in a tuple.
pub(crate) const NODE: u64 = 96;
/// The highest stack. Python writes the items of lists and dictionaries in thousands; only a tuple lies there whole.
const MAX_HEIGHT: usize = 1 << 18;
/// The deepest nesting. Objects are dropped and walked recursively; real checkpoints stay below 20.
const MAX_DEPTH: u32 = 200;

/// What can be known of an object without building it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Label {
    /// Nothing.
    Plain,
    /// A short string.
    Text(Rc<str>),
    /// Something that the pickle imports.
    Class(Rc<str>),
    /// What came of calling it.
    Instance(Rc<str>),
}

#[derive(Debug, Clone)]
pub(crate) struct Slot {
    pub weight: u64,
    pub depth: u32,
    pub label: Label,
    memo: Option<u32>,
}

/// Why a pickle is refused: what was found, what was expected.
pub(crate) type Fault = (String, &'static str);

#[derive(Debug, Default)]
pub(crate) struct Stack {
    slots: Vec<Slot>,
    marks: Vec<usize>,
    memo: HashMap<u32, Slot>,
    /// What the stack and the memo weigh now.
    pub live: u64,
    /// What was ever built or copied: a bound on the time.
    pub built: u64,
    budget: u64,
}

impl Stack {
    /// A stack for a pickle whose objects may weigh `budget` at a time.
    pub fn new(budget: u64) -> Self {
        Self { budget, ..Self::default() }
    }

    fn charge(&mut self, weight: u64) -> Result<(), Fault> {
        self.live = self.live.saturating_add(weight);
        self.built = self.built.saturating_add(weight);
        if self.live > self.budget || self.built > self.budget.saturating_mul(8) {
            return Err((format!("objects of more than {} bytes", self.budget), "a pickle of metadata"));
        }
        Ok(())
    }

    fn free(&mut self, weight: u64) {
        self.live = self.live.saturating_sub(weight);
    }

    fn place(&mut self, slot: Slot) -> Result<(), Fault> {
        if self.slots.len() >= MAX_HEIGHT {
            return Err((format!("{MAX_HEIGHT} objects on the stack"), "a pickle of metadata"));
        }
        self.slots.push(slot);
        Ok(())
    }

    /// An object of its own.
    pub fn push(&mut self, payload: u64, label: Label) -> Result<(), Fault> {
        self.charge(NODE + payload)?;
        self.place(Slot { weight: NODE + payload, depth: 0, label, memo: None })
    }

    /// A container around objects that are already on the books.
    fn wrap(&mut self, inner: &[Slot], label: Label) -> Result<(), Fault> {
        let depth = inner.iter().map(|s| s.depth + 1).max().unwrap_or(0);
        deep(depth)?;
        self.charge(NODE)?;
        let weight = NODE + inner.iter().map(|s| s.weight).sum::<u64>();
        self.place(Slot { weight, depth, label, memo: None })
    }

    pub fn mark(&mut self) -> Result<(), Fault> {
        if self.marks.len() >= MAX_HEIGHT {
            return Err((format!("{MAX_HEIGHT} marks"), "a pickle of metadata"));
        }
        self.marks.push(self.slots.len());
        Ok(())
    }

    fn mark_on_top(&self) -> bool {
        self.marks.last() == Some(&self.slots.len())
    }

    pub fn pop(&mut self) -> Result<Slot, Fault> {
        if self.mark_on_top() {
            return Err(("a mark".into(), "an object on the stack"));
        }
        self.slots.pop().ok_or(("an empty stack".into(), "an object on the stack"))
    }

    /// POP: an object, or a mark that nothing lies on.
    pub fn discard(&mut self) -> Result<(), Fault> {
        if self.mark_on_top() {
            self.marks.pop();
            return Ok(());
        }
        let slot = self.pop()?;
        self.free(slot.weight);
        Ok(())
    }

    /// POP_MARK.
    pub fn discard_mark(&mut self) -> Result<(), Fault> {
        let weight = self.pop_mark()?.iter().map(|s| s.weight).sum();
        self.free(weight);
        Ok(())
    }

    pub fn pop_mark(&mut self) -> Result<Vec<Slot>, Fault> {
        let mark = self.marks.pop().ok_or(("no mark".to_owned(), "a mark on the stack"))?;
        if mark > self.slots.len() {
            return Err(("a mark above the stack".into(), "a mark on the stack"));
        }
        Ok(self.slots.split_off(mark))
    }

    pub fn wrap_top(&mut self, n: usize) -> Result<(), Fault> {
        let mut inner = Vec::with_capacity(n);
        for _ in 0..n {
            inner.push(self.pop()?);
        }
        self.wrap(&inner, Label::Plain)
    }

    pub fn wrap_mark(&mut self) -> Result<(), Fault> {
        let inner = self.pop_mark()?;
        self.wrap(&inner, Label::Plain)
    }

    /// Puts objects into the container on top.
    pub fn extend(&mut self, inner: &[Slot]) -> Result<(), Fault> {
        if self.mark_on_top() {
            return Err(("a mark".into(), "a container on the stack"));
        }
        // Lists and tables keep up to as many places free as they have in use, and hold half as many more while they grow.
        let spare = 2 * NODE * inner.len() as u64;
        self.charge(spare)?;
        let top = self.slots.last_mut().ok_or(("an empty stack".to_owned(), "a container on the stack"))?;
        top.weight += spare + inner.iter().map(|s| s.weight).sum::<u64>();
        top.depth = top.depth.max(inner.iter().map(|s| s.depth + 1).max().unwrap_or(0));
        deep(top.depth)
    }

    pub fn dup(&mut self) -> Result<(), Fault> {
        let top = self.pop()?;
        self.charge(top.weight)?;
        self.slots.push(top.clone());
        self.place(top)
    }

    pub fn get(&mut self, index: u32) -> Result<(), Fault> {
        let slot = self.memo.get(&index).cloned().ok_or((format!("memo {index}, never set"), "a memo that was set"))?;
        self.charge(slot.weight)?;
        self.place(slot)
    }

    pub fn put(&mut self, index: u32) -> Result<(), Fault> {
        let mut top = self.pop()?;
        top.memo = Some(index);
        self.remember(index, top.clone())?;
        self.slots.push(top);
        Ok(())
    }

    fn remember(&mut self, index: u32, slot: Slot) -> Result<(), Fault> {
        // The copy is made before the old one goes.
        self.charge(slot.weight)?;
        if let Some(old) = self.memo.insert(index, slot) {
            self.free(old.weight);
        }
        Ok(())
    }

    pub fn memoize(&mut self) -> Result<(), Fault> {
        self.put(u32::try_from(self.memo.len()).unwrap_or(u32::MAX))
    }

    /// A call: what lies on top are its arguments, `n` objects, and under them what is called.
    pub fn call(&mut self, n: usize) -> Result<(), Fault> {
        let mut inner = Vec::with_capacity(n);
        for _ in 0..n {
            inner.push(self.pop()?);
        }
        let callee = self.pop()?;
        let arguments: u64 = inner.iter().map(|s| s.weight).sum();
        let label = match callee.label {
            Label::Class(name) | Label::Instance(name) => Label::Instance(name),
            _ => Label::Plain,
        };
        // A tensor keeps its shape and strides as words where the arguments had objects. What is not interpreted is a
        // name. Everything else is as heavy as what it is made of.
        let kept = match &label {
            Label::Instance(name) if name.starts_with("torch._utils._rebuild_tensor") => 2 * NODE + arguments / 4,
            Label::Instance(name) if !interpreted(name) => name.len() as u64,
            _ => {
                self.free(callee.weight);
                return self.wrap(&inner, label);
            }
        };
        self.push(kept, label)?;
        self.free(arguments + callee.weight);
        Ok(())
    }

    /// A persistent id on top becomes a reference to a storage.
    pub fn storage(&mut self) -> Result<(), Fault> {
        let id = self.pop()?;
        // Its key is the only text of the id that it keeps.
        let text = id.weight.saturating_sub(6 * NODE);
        self.push(NODE + text, Label::Plain)?;
        self.free(id.weight);
        Ok(())
    }

    /// BUILD: state goes into an object, and into the memo's copy of it.
    pub fn build(&mut self) -> Result<(), Fault> {
        let state = self.pop()?;
        self.extend(&[state])?;
        let top = self.pop()?;
        if let Some(index) = top.memo {
            self.remember(index, top.clone())?;
        }
        self.slots.push(top);
        Ok(())
    }
}

/// Whether the reader makes something of a call's arguments.
fn interpreted(name: &str) -> bool {
    name == "collections.OrderedDict"
        || name.starts_with("torch._")
        || name.ends_with(".set")
        || name.ends_with(".frozenset")
}

fn deep(depth: u32) -> Result<(), Fault> {
    if depth > MAX_DEPTH {
        return Err((format!("objects nested {depth} deep"), "at most 200 levels"));
    }
    Ok(())
}
