//! `spectrum backends`.

use serde_json::json;
use spectrum_train::backend;

use crate::args::Backends;
use crate::exit::Failure;
use crate::output;

pub(crate) fn backends(args: &Backends) -> Result<(), Failure> {
    let lines = backend::list();
    if args.json {
        let all: Vec<_> = lines
            .iter()
            .map(|l| {
                json!({"name": l.name, "held": l.held, "answers": l.device.is_ok(), "note": l.note,
                       "device": l.device.as_ref().ok(), "reason": l.device.as_ref().err()})
            })
            .collect();
        return output::json(&json!({ "backends": all }));
    }
    let mut text = String::new();
    for l in lines {
        let note = if l.note.is_empty() { String::new() } else { format!(" ({})", l.note) };
        text += &match l.device {
            Ok(d) => {
                let f64 = if d.f64 { "f32, f64" } else { "f32" };
                let adapter = d.adapter.unwrap_or_else(|| "CPU".into());
                let through = match (d.api, d.driver) {
                    (Some(api), Some(driver)) => format!(", {api}, {driver}"),
                    (Some(api), None) => format!(", {api}"),
                    _ => String::new(),
                };
                format!("{:<8} {adapter}{through}; {f64}{note}\n", l.name)
            }
            Err(why) => format!("{:<8} not available: {why}{note}\n", l.name),
        };
    }
    output::print(&text)
}
