//! The Python dictionary at the head of a numpy array.

use crate::error::clip;
use crate::npy::Wrong;

/// A reader of the one dictionary that a header is.
pub(crate) struct Literal<'a> {
    text: &'a [u8],
    at: usize,
    /// The offset of the text in the array's file.
    base: u64,
}

impl<'a> Literal<'a> {
    /// A header's text, which begins at byte `base` of the array's file.
    pub fn new(text: &'a [u8], base: u64) -> Self {
        Self { text, at: 0, base }
    }

    /// The type's description, whether the order is Fortran's, and the shape.
    pub fn header(mut self) -> Result<(String, bool, Vec<usize>), Wrong> {
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        self.expect(b'{', "a dictionary")?;
        while self.peek() != Some(b'}') {
            let key = self.string()?;
            self.expect(b':', "a colon")?;
            let fresh = match key.as_str() {
                "descr" => descr.replace(self.descr()?).is_none(),
                "fortran_order" => fortran.replace(self.boolean()?).is_none(),
                "shape" => shape.replace(self.shape()?).is_none(),
                _ => return Err(self.wrong("the keys descr, fortran_order and shape")),
            };
            if !fresh {
                return Err(self.wrong("each key once"));
            }
            if self.peek() != Some(b'}') {
                self.expect(b',', "a comma or the end of the dictionary")?;
            }
        }
        self.at += 1;
        if self.peek().is_some() {
            return Err(self.wrong("nothing after the dictionary"));
        }
        match (descr, fortran, shape) {
            (Some(d), Some(f), Some(s)) => Ok((d, f, s)),
            _ => Err(self.wrong("the keys descr, fortran_order and shape")),
        }
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn wrong(&self, expected: &'static str) -> Wrong {
        let rest = &self.text[self.at.min(self.text.len())..];
        let found = String::from_utf8_lossy(&rest[..rest.len().min(20)]).into_owned();
        (self.base + self.at as u64, if found.is_empty() { "the end".into() } else { clip(&found) }, expected)
    }

    fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), Wrong> {
        if self.peek() != Some(byte) {
            return Err(self.wrong(what));
        }
        self.at += 1;
        Ok(())
    }

    fn string(&mut self) -> Result<String, Wrong> {
        let quote = self.peek().filter(|q| matches!(q, b'\'' | b'"')).ok_or_else(|| self.wrong("a string"))?;
        let begin = self.at + 1;
        let length = self.text[begin..].iter().position(|&c| c == quote).ok_or_else(|| self.wrong("a whole string"))?;
        self.at = begin + length + 1;
        Ok(String::from_utf8_lossy(&self.text[begin..begin + length]).into_owned())
    }

    /// A type: a string, or the list of a structured type, which is kept as text.
    fn descr(&mut self) -> Result<String, Wrong> {
        if self.peek() != Some(b'[') {
            return self.string();
        }
        let (begin, mut depth, mut quoted) = (self.at, 0usize, None);
        while let Some(&c) = self.text.get(self.at) {
            match (quoted, c) {
                (Some(q), c) if q == c => quoted = None,
                (None, b'\'' | b'"') => quoted = Some(c),
                (None, b'[' | b'(') => depth += 1,
                (None, b']' | b')') => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Ok(String::from_utf8_lossy(&self.text[begin..self.at]).into_owned());
            }
        }
        Err(self.wrong("the end of the type's list"))
    }

    fn boolean(&mut self) -> Result<bool, Wrong> {
        self.peek();
        for (word, value) in [(&b"True"[..], true), (b"False", false)] {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.wrong("True or False"))
    }

    fn shape(&mut self) -> Result<Vec<usize>, Wrong> {
        self.expect(b'(', "a tuple")?;
        let mut shape = Vec::new();
        while self.peek() != Some(b')') {
            let digits = self.text[self.at..].iter().take_while(|c| c.is_ascii_digit()).count();
            let text = std::str::from_utf8(&self.text[self.at..self.at + digits]).unwrap_or_default();
            let extent = text.parse().map_err(|_| self.wrong("an extent below 2^64"))?;
            self.at += digits;
            // Python 2 wrote long integers as 3L.
            if self.peek() == Some(b'L') {
                self.at += 1;
            }
            shape.push(extent);
            if self.peek() != Some(b')') {
                self.expect(b',', "a comma or the end of the tuple")?;
            }
        }
        self.at += 1;
        Ok(shape)
    }
}
