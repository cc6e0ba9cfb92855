//! The shape of a spectrum by name, and the numbers that decided it.

use spectrum_core::{Blob, Measure, Outcome, Reason, Record, Sample, Spectrum};
use spectrum_tail::hill_median;

use super::bulk::{bulk_of, trusted_fit};
use super::live::live;
use crate::battery::record;
use crate::gaussian::GaussianReference;

/// The named shapes of a spectrum; `code` is the value of `shape_class`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShapeClass {
    /// Indistinguishable from a Gaussian matrix of the same shape.
    Bulk,
    /// A Gaussian bulk and a few outliers.
    BulkAndSpikes,
    /// The edge of the bulk is smeared, or the outliers are many: everything between the others.
    BulkDecay,
    /// No bulk is left.
    HeavyTail,
}

impl ShapeClass {
    /// The value in the records: 0 bulk, 1 bulk + spikes, 2 bulk decay, 3 heavy tail.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bulk => "bulk",
            Self::BulkAndSpikes => "bulk + spikes",
            Self::BulkDecay => "bulk decay",
            Self::HeavyTail => "heavy tail",
        }
    }
}

/// The numbers that a class is decided by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// Eigenvalues, n = min(N, p).
    pub count: usize,
    /// Outliers of the fitted bulk.
    pub outliers: usize,
    /// `mp_distance`: all eigenvalues to the fitted Marchenko-Pastur law.
    pub distance: f64,
    /// `mp_bulk_distance`: the eigenvalues beside the outliers to the law of their shape.
    pub bulk_distance: f64,
    /// `alpha_hill`.
    pub hill: f64,
    /// `alpha_hill_bulk`: the index of the eigenvalues beside the outliers.
    pub bulk_hill: f64,
    /// `alpha_hill_gaussian`: mean for a Gaussian matrix of the same shape.
    pub gaussian: f64,
    /// The same for the shape that is left beside the outliers.
    pub bulk_gaussian: f64,
    /// `alpha_hill_gaussian_sd`.
    pub gaussian_sd: f64,
}

/// Distance to the law below which a spectrum may be a bulk, and 5/n for small ones.
const BULK_DISTANCE: f64 = 0.02;
/// The same for what is left beside spikes.
const SPIKED_DISTANCE: f64 = 0.03;
/// Fewer than one Gaussian matrix in ten thousand has a distance of 5/n (mean 2/n at n = 50 and 2.6/n at 250, deviation
/// 0.3/n).
const SMALL: f64 = 5.0;
/// Standard deviations that Hill's index of a bulk may be off.
const DEVIATIONS: f64 = 4.0;
/// What the index of the bulk beside spikes may be off at least.
const SPIKED_HILL: f64 = 0.03;
/// More spikes than this, or than a hundredth of all eigenvalues, are no few.
const FEW: f64 = 5.0;
/// A heavy tail: distance to the law, share of outliers, and how far Hill's index lies below the Gaussian's.
const HEAVY: (f64, f64, f64) = (0.12, 0.1, 0.15);

impl Evidence {
    /// The class.
    ///
    /// | class | rule |
    /// |---|---|
    /// | heavy tail | distance >= 0.12, outliers > n/10, Hill at least 0.15 below a Gaussian matrix of the same shape |
    /// | bulk | no outlier, distance < max(0.02, 5/n), Hill within 4 standard deviations of that Gaussian's |
    /// | bulk + spikes | 1 to max(5, n/100) outliers; beside them distance < max(0.03, 5/n) and Hill within max(0.03, 4 sd) |
    /// | bulk decay | everything else |
    ///
    /// A spike raises ln(lambda/median) of one value and lowers the index of the whole spectrum by about
    /// (alpha - 1)^2 ln(lambda/edge)/(n/2): three strong ones by more than 0.03 at n = 400. So the index beside the outliers
    /// is the one that is compared in the third row.
    #[must_use]
    pub fn class(&self) -> ShapeClass {
        let n = self.count as f64;
        let outliers = self.outliers as f64;
        let heavy = self.distance >= HEAVY.0 && outliers > HEAVY.1 * n && self.hill <= self.gaussian - HEAVY.2;
        let bulk = self.outliers == 0
            && self.distance < BULK_DISTANCE.max(SMALL / n)
            && (self.hill - self.gaussian).abs() < DEVIATIONS * self.gaussian_sd;
        let spiked = self.outliers > 0
            && outliers <= FEW.max(0.01 * n)
            && self.bulk_distance < SPIKED_DISTANCE.max(SMALL / n)
            && (self.bulk_hill - self.bulk_gaussian).abs() < SPIKED_HILL.max(DEVIATIONS * self.gaussian_sd);
        if heavy {
            ShapeClass::HeavyTail
        } else if bulk {
            ShapeClass::Bulk
        } else if spiked {
            ShapeClass::BulkAndSpikes
        } else {
            ShapeClass::BulkDecay
        }
    }
}

/// `shape_class`, `alpha_hill_gaussian`, `alpha_hill_gaussian_sd`, `alpha_hill_bulk`, `mp_bulk_distance`, `mp_p`.
///
/// `mp_p` is the share of Gaussian matrices of the same shape whose fitted distance is at least as large
/// ([`GaussianReference::p_value`]).
#[derive(Debug, Clone, Copy, Default)]
pub struct Shape;

impl Measure for Shape {
    fn metrics(&self) -> &'static [&'static str] {
        &["shape_class", "alpha_hill_gaussian", "alpha_hill_gaussian_sd", "alpha_hill_bulk", "mp_bulk_distance", "mp_p"]
    }

    fn measure(&self, sample: &Sample<'_>, records: &mut Vec<Record>, _: &mut Vec<Blob>) {
        let live = live(sample);
        let s = live.as_ref();
        let gaussian = GaussianReference::of(s.rows, s.cols);
        let evidence = gaussian.clone().and_then(|g| evidence(s, &g));
        let of = |f: fn(&Evidence) -> f64| Outcome::from(evidence.as_ref().map(f).map_err(Clone::clone));
        let bulk = evidence.as_ref().map_err(Clone::clone).and_then(|e| bulk_of(s).map(|_| e));
        let of_bulk = |f: fn(&Evidence) -> f64| Outcome::from(bulk.as_ref().map(|e| f(e)).map_err(Clone::clone));
        let p = match (&gaussian, &evidence) {
            (Ok(g), Ok(e)) => Ok(g.p_value(e.distance)),
            (Err(reason), _) | (_, Err(reason)) => Err(reason.clone()),
        };
        let hill = gaussian.as_ref().map(|g| g.hill).map_err(Clone::clone);
        let sd = gaussian.as_ref().map(|g| g.hill_sd).map_err(Clone::clone);
        records.push(record(sample.id, "shape_class", of(|e| f64::from(e.class().code()))));
        records.push(record(sample.id, "alpha_hill_gaussian", hill));
        records.push(record(sample.id, "alpha_hill_gaussian_sd", sd));
        records.push(record(sample.id, "alpha_hill_bulk", of_bulk(|e| e.bulk_hill)));
        records.push(record(sample.id, "mp_bulk_distance", of_bulk(|e| e.bulk_distance)));
        records.push(record(sample.id, "mp_p", p));
    }
}

/// What is known of a spectrum's shape. Where there is no bulk (more than half of the values are outliers), the fit is still
/// evidence against one: all those values lie above the fitted edge, so that the distance is above 1/2.
///
/// # Errors
/// The reasons of `alpha_hill` and of the fitted bulk.
pub fn evidence(s: &Spectrum, gaussian: &GaussianReference) -> Result<Evidence, Reason> {
    let fit = trusted_fit(s)?;
    let (eigenvalues, floor) = (s.eigenvalues(), s.floor * s.floor);
    Ok(Evidence {
        count: s.rank_bound(),
        outliers: fit.outliers,
        distance: fit.distance,
        bulk_distance: fit.trimmed_distance,
        hill: hill_median(&eigenvalues, floor)?.alpha,
        bulk_hill: hill_median(&eigenvalues[fit.outliers..], floor)?.alpha,
        gaussian: gaussian.hill,
        bulk_gaussian: gaussian.hill_beside(s.rows, s.cols, fit.outliers)?,
        gaussian_sd: gaussian.hill_sd,
    })
}
