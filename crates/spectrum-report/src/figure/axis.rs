//! Axes, and where their values lie on the page.

use super::ticks::{self, Tick};

/// How values are spread along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scale {
    /// Evenly.
    #[default]
    Linear,
    /// By their logarithm; values above 0 only.
    Log10,
}

impl Scale {
    /// Whether a value has a place.
    pub(crate) fn admits(self, v: f64) -> bool {
        v.is_finite() && (self == Self::Linear || v > 0.0)
    }

    fn of(self, v: f64) -> f64 {
        if self == Self::Log10 { v.log10() } else { v }
    }
}

/// One axis of a panel.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Axis {
    /// What is measured.
    pub label: String,
    /// Its unit, if it has one.
    pub unit: Option<String>,
    /// How values are spread.
    pub scale: Scale,
    /// The ends; by default those of the data with a little air. One that is no range on this scale is not used.
    pub range: Option<(f64, f64)>,
}

impl Axis {
    /// An axis with evenly spread values.
    #[must_use]
    pub fn linear(label: impl Into<String>) -> Self {
        Self { label: label.into(), ..Self::default() }
    }

    /// An axis with logarithmically spread values.
    #[must_use]
    pub fn log(label: impl Into<String>) -> Self {
        Self { label: label.into(), scale: Scale::Log10, ..Self::default() }
    }

    /// With a unit.
    #[must_use]
    pub fn unit(mut self, unit: impl Into<String>) -> Self {
        self.unit = Some(unit.into());
        self
    }

    /// With these ends.
    #[must_use]
    pub fn range(mut self, low: f64, high: f64) -> Self {
        self.range = Some((low, high));
        self
    }

    /// The label with its unit.
    pub(crate) fn text(&self) -> String {
        match self.unit.as_deref().filter(|u| !u.is_empty()) {
            Some(unit) => format!("{} [{unit}]", self.label),
            None => self.label.clone(),
        }
    }

    /// The ends that were asked for, if they are ends at all.
    pub(crate) fn asked(&self) -> Option<(f64, f64)> {
        self.range.filter(|(a, b)| self.scale.admits(*a) && self.scale.admits(*b) && a < b)
    }

    /// The ends: those asked for, or those of the data. `zero`: the axis starts at 0 whatever the data are.
    pub(crate) fn ends(&self, data: impl Iterator<Item = f64>, zero: bool) -> (f64, f64) {
        if let Some(range) = self.asked() {
            return range;
        }
        let admitted = data.filter(|v| self.scale.admits(*v));
        let (low, high) = admitted.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
        match self.scale {
            _ if low > high => {
                if self.scale == Scale::Log10 {
                    (0.1, 10.0)
                } else {
                    (0.0, 1.0)
                }
            }
            Scale::Log10 => {
                // At least a little more than a factor of 1.5, so that a tick has room.
                let air = (0.05 * (high / low).log10()).max(0.1);
                let air = 10f64.powf(air);
                ((low / air).max(f64::MIN_POSITIVE), (high * air).min(f64::MAX))
            }
            Scale::Linear => {
                let size = low.abs().max(high.abs());
                let span = high - low;
                if !(span.is_finite() && span > 1e-9 * size) {
                    // All the same: the value in the middle.
                    let half = if size > 0.0 { 0.1 * size } else { 1.0 };
                    return ((low - half).max(f64::MIN), (high + half).min(f64::MAX));
                }
                let air = 0.06 * span;
                let from_zero = low >= 0.0 && (zero || low < 0.35 * high);
                (if from_zero { 0.0 } else { low - air }, high + air)
            }
        }
    }
}

/// Values to pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Place {
    pub scale: Scale,
    /// The axis' ends.
    pub low: f64,
    pub high: f64,
    /// Their pixels.
    pub from: f64,
    pub to: f64,
}

impl Place {
    pub(crate) fn at(&self, v: f64) -> f64 {
        let (a, b) = (self.scale.of(self.low), self.scale.of(self.high));
        // In halves: the difference of the two largest numbers is not finite.
        let share = (self.scale.of(v) * 0.5 - a * 0.5) / (b * 0.5 - a * 0.5);
        // What lies far outside is clipped anyway; browsers want numbers of a reasonable size.
        self.from + (share * (self.to - self.from)).clamp(-20_000.0, 20_000.0)
    }

    pub(crate) fn holds(&self, v: f64) -> bool {
        // A value on the end of the axis may be off by rounding.
        let slack = 1e-9 * (self.high - self.low).abs();
        self.scale.admits(v) && v >= self.low - slack && v <= self.high + slack
    }

    /// Values that cut the axis into `n` pieces of one width on the page.
    pub(crate) fn edges(&self, n: usize) -> Vec<f64> {
        let share = |i: usize| i as f64 / n.max(1) as f64;
        let at = |t: f64| match self.scale {
            Scale::Linear => self.low + (self.high - self.low) * t,
            Scale::Log10 => 10f64.powf(self.low.log10() + (self.high / self.low).log10() * t),
        };
        (0..=n).map(|i| if i == n { self.high } else { at(share(i)) }).collect()
    }

    pub(crate) fn ticks(&self) -> Vec<Tick> {
        // A text every 70 pixels along a horizontal axis, every 40 up a vertical one.
        let room = if self.to > self.from { 70.0 } else { 40.0 };
        ticks::ticks(self.scale, self.low, self.high, ((self.to - self.from).abs() / room) as usize)
    }
}
