//! Progress: a bar with rate and time left on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use spectrum_train::Progress;

/// Shows how far a run is.
pub(crate) struct Reporter {
    bar: Option<ProgressBar>,
    plain: bool,
    start: Instant,
    first: Option<u64>,
    said: Instant,
}

/// Time between plain lines: a log should say that something lives, not scroll.
const EVERY: Duration = Duration::from_secs(10);

impl Reporter {
    pub fn new(quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let now = Instant::now();
        let bar = (!quiet && terminal).then(|| {
            let style = ProgressStyle::with_template("{bar:30} step {pos}/{len}  {per_sec}  {eta} left  {msg}");
            ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { bar, plain: !quiet && !terminal, start: now, first: None, said: now }
    }

    pub fn at(&mut self, p: Progress) {
        if let Some(bar) = &self.bar {
            bar.set_length(p.total);
            bar.set_position(p.step);
            bar.set_message(format!("loss {:.4e}", p.loss));
        }
        let first = *self.first.get_or_insert(p.step);
        if self.plain && self.said.elapsed() >= EVERY {
            self.said = Instant::now();
            let seconds = self.start.elapsed().as_secs_f64();
            let rate = p.step.saturating_sub(first) as f64 / seconds;
            let left = if rate > 0.0 { (p.total - p.step) as f64 / rate } else { f64::INFINITY };
            eprintln!("step {}/{}  {rate:.1} steps/s  {left:.0} s left  loss {:.4e}", p.step, p.total, p.loss);
        }
    }

    pub fn done(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Shows how far an analysis is: a bar over the work, with the time left.
pub(crate) struct ShareReporter {
    bar: Option<ProgressBar>,
    plain: bool,
    start: Instant,
    said: Instant,
}

/// Positions of the bar: shares are drawn in thousandths.
const PARTS: f64 = 1000.0;

impl ShareReporter {
    pub fn new(quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let now = Instant::now();
        let bar = (!quiet && terminal).then(|| {
            let style = ProgressStyle::with_template("{bar:30} {percent} %  {eta} left  {msg}");
            ProgressBar::new(PARTS as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { bar, plain: !quiet && !terminal, start: now, said: now }
    }

    pub fn at(&mut self, p: &spectrum_analyze::Progress) {
        let what = format!("{} of {}: {}", p.done, p.total, p.layer);
        if let Some(bar) = &self.bar {
            bar.set_position((PARTS * p.share) as u64);
            bar.set_message(what.replace(char::is_control, "\u{fffd}"));
        }
        if self.plain && self.said.elapsed() >= EVERY && p.share > 0.0 {
            self.said = Instant::now();
            let left = self.start.elapsed().as_secs_f64() * (1.0 - p.share) / p.share;
            let what = what.replace(char::is_control, "\u{fffd}");
            eprintln!("{:.0} %  {left:.0} s left  {what}", 100.0 * p.share);
        }
    }

    pub fn done(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
