//! A pickle's stack with weights instead of objects.
//!
//! `pytorch-reader` builds every object of a pickle and copies objects in and out of the memo. Its own limits leave
//! room: keys of dictionaries and names of classes do not count against them, a million copied nodes may be a few
//! hundred megabytes, and a byte of pickle can become a hundred bytes of object. So the pickle is run here first with
//! numbers: what each object will weigh, what each copy adds. Nothing is built but short strings, which name imports.

use std::collections::HashMap;
use std::rc::Rc;

/// What an object weighs at least: an enum of up to 80 bytes in a vector that doubles, its share of a hash table.
pub(crate) const NODE: u64 = 192;
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
    /// A dictionary.
    Dict,
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
    /// Everything that was ever built or copied.
    pub built: u64,
    pub budget: u64,
}

impl Stack {
    pub fn new(budget: u64) -> Self {
        Self { budget, ..Self::default() }
    }

    fn charge(&mut self, weight: u64) -> Result<(), Fault> {
        self.built = self.built.saturating_add(weight);
        if self.built > self.budget {
            return Err((format!("objects of more than {} bytes", self.budget), "a pickle of metadata"));
        }
        Ok(())
    }

    pub fn push(&mut self, payload: u64, label: Label) -> Result<(), Fault> {
        self.charge(NODE + payload)?;
        self.slots.push(Slot { weight: NODE + payload, depth: 0, label, memo: None });
        Ok(())
    }

    /// A container around `inner` objects of which the heaviest part is already on the books.
    fn wrap(&mut self, inner: &[Slot], label: Label) -> Result<(), Fault> {
        let depth = inner.iter().map(|s| s.depth + 1).max().unwrap_or(0);
        deep(depth)?;
        self.charge(NODE)?;
        let weight = NODE + inner.iter().map(|s| s.weight).sum::<u64>();
        self.slots.push(Slot { weight, depth, label, memo: None });
        Ok(())
    }

    pub fn mark(&mut self) {
        self.marks.push(self.slots.len());
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
        self.pop().map(drop)
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

    pub fn wrap_mark(&mut self, label: Label) -> Result<(), Fault> {
        let inner = self.pop_mark()?;
        self.wrap(&inner, label)
    }

    /// Puts objects into the container on top.
    pub fn extend(&mut self, inner: &[Slot]) -> Result<(), Fault> {
        if self.mark_on_top() {
            return Err(("a mark".into(), "a container on the stack"));
        }
        let top = self.slots.last_mut().ok_or(("an empty stack".to_owned(), "a container on the stack"))?;
        top.weight += inner.iter().map(|s| s.weight).sum::<u64>();
        top.depth = top.depth.max(inner.iter().map(|s| s.depth + 1).max().unwrap_or(0));
        deep(top.depth)
    }

    pub fn dup(&mut self) -> Result<(), Fault> {
        let top = self.pop()?;
        self.charge(top.weight)?;
        self.slots.extend([top.clone(), top]);
        Ok(())
    }

    pub fn get(&mut self, index: u32) -> Result<(), Fault> {
        let slot = self.memo.get(&index).cloned().ok_or((format!("memo {index}, never set"), "a memo that was set"))?;
        self.charge(slot.weight)?;
        self.slots.push(slot);
        Ok(())
    }

    pub fn put(&mut self, index: u32) -> Result<(), Fault> {
        let mut top = self.pop()?;
        top.memo = Some(index);
        self.charge(top.weight)?;
        self.memo.insert(index, top.clone());
        self.slots.push(top);
        Ok(())
    }

    pub fn memoize(&mut self) -> Result<(), Fault> {
        self.put(u32::try_from(self.memo.len()).unwrap_or(u32::MAX))
    }

    /// A call: what lies on top are its arguments, `n` objects, and under them what is called.
    pub fn call(&mut self, n: usize) -> Result<(), Fault> {
        let mut inner = Vec::with_capacity(n + 1);
        for _ in 0..=n {
            inner.push(self.pop()?);
        }
        let label = match inner.pop().map(|callee| callee.label) {
            Some(Label::Class(name) | Label::Instance(name)) => Label::Instance(name),
            _ => Label::Plain,
        };
        // A tensor keeps its shape and strides as words where the arguments had objects, and drops the rest. Everything
        // else is no heavier than what it is made of.
        if matches!(&label, Label::Instance(name) if name.starts_with("torch._utils._rebuild_tensor")) {
            let shape = inner.iter().map(|s| s.weight).sum::<u64>() / 8;
            return self.push(2 * NODE + shape, label);
        }
        self.wrap(&inner, label)
    }

    /// BUILD: state goes into an object, and into the memo's copy of it.
    pub fn build(&mut self) -> Result<(), Fault> {
        let state = self.pop()?;
        self.extend(&[state])?;
        let top = self.pop()?;
        if let Some(index) = top.memo {
            self.charge(top.weight)?;
            self.memo.insert(index, top.clone());
        }
        self.slots.push(top);
        Ok(())
    }
}

fn deep(depth: u32) -> Result<(), Fault> {
    if depth > MAX_DEPTH {
        return Err((format!("objects nested {depth} deep"), "at most 200 levels"));
    }
    Ok(())
}
