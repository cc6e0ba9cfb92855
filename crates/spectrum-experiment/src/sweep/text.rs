//! Numbers and words as CSV and JSON.

use std::borrow::Cow;
use std::fmt::Write;

use spectrum_core::{Outcome, Record, Scalar};
use toml::Value;

/// A text field (RFC 4180), quoted where it must be.
pub(crate) fn field(text: &str) -> Cow<'_, str> {
    if text.contains([',', '"', '\n', '\r']) {
        return Cow::Owned(format!("\"{}\"", text.replace('"', "\"\"")));
    }
    Cow::Borrowed(text)
}

/// A swept value: words bare, all else as in TOML.
pub(crate) fn value_field(value: &Value) -> String {
    match value {
        Value::String(s) => field(s).into_owned(),
        Value::Float(x) => format!("{x:?}"),
        other => field(&other.to_string()).into_owned(),
    }
}

/// A number that reads back to the same f64; nothing for a missing one.
pub(crate) fn number(outcome: Option<&Outcome>) -> String {
    outcome.and_then(Outcome::value).map_or(String::new(), |v| format!("{v:?}"))
}

/// A swept value as JSON: what JSON cannot say is the text that TOML has for it.
pub(crate) fn value_json(value: &Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match value {
        Value::String(s) => Json::from(s.as_str()),
        Value::Integer(n) => Json::from(*n),
        Value::Boolean(b) => Json::from(*b),
        Value::Float(x) => serde_json::Number::from_f64(*x).map_or_else(|| Json::from(value.to_string()), Json::Number),
        Value::Datetime(_) => Json::from(value.to_string()),
        Value::Array(values) => values.iter().map(value_json).collect(),
        Value::Table(table) => table.iter().map(|(k, v)| (k.clone(), value_json(v))).collect(),
    }
}

/// `steps.csv`: one line a number, long form.
#[derive(Debug)]
pub(crate) struct Steps(String);

impl Steps {
    pub fn new() -> Self {
        Self("point,step,layer,kind,view,metric,value,reason\n".to_owned())
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn truncate(&mut self, length: usize) {
        self.0.truncate(length);
    }

    pub fn finish(self) -> String {
        self.0
    }

    pub fn scalar(&mut self, point: usize, s: &Scalar) {
        self.line(point, s.step, ",,", &s.name, &s.outcome);
    }

    pub fn record(&mut self, point: usize, r: &Record) {
        let matrix = format!("{},{},{}", field(&r.id.layer), r.id.kind, field(&r.id.view));
        self.line(point, r.id.step, &matrix, &r.metric, &r.outcome);
    }

    fn line(&mut self, point: usize, step: u64, matrix: &str, name: &str, outcome: &Outcome) {
        let reason = outcome.reason().map(ToString::to_string).unwrap_or_default();
        let (value, name, reason) = (number(Some(outcome)), field(name), field(&reason));
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{point},{step},{matrix},{name},{value},{reason}");
    }
}
