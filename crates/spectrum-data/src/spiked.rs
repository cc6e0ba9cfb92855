//! Spiked anisotropic data.

use serde::{Deserialize, Serialize};

use crate::preprocess::orthonormalise;
use crate::single_index::{reserve, too_large};
use crate::spiked_parts::SpikedParts;
use crate::spiked_target::{Directions, SpikedTarget};
use crate::stream::{normal, normals, round_f32, stream};
use crate::symmetric::{dot, orthonormalise_against};
use crate::{DataError, Dataset, Split, Targets};

/// X = X_B + sum_s zeta_s z_s q_s^T: an anisotropic Gaussian bulk and rank-one spikes (arXiv 2510.01303).
///
/// The rows of X_B are N(0, Sigma) with Sigma diagonal, its eigenvalues k^-alpha for k = 1..d ([`BulkScale`]); z_s is
/// standard normal, q_s a unit vector (orthogonal to those before it), zeta_s = n^nu_s with n the number of training
/// samples in all sets. Since first-layer weights and q are rotation invariant, a diagonal Sigma is no restriction.
///
/// Streams: `data.train`, `data.probe`, `data.test` give the d bulk numbers of a sample and then its noise, as
/// [`SingleIndex`](crate::SingleIndex) does; `data.SET.latent.S` gives z_s, `data.spike.S` gives q_s, `data.teacher`
/// the target's directions. So another spike, strength or target keeps the bulk, the noise and the other spikes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spiked {
    /// Training samples.
    pub n: usize,
    /// Input dimension.
    pub d: usize,
    /// Test samples.
    pub n_test: usize,
    /// Samples of the probe set; none when zero.
    #[serde(default)]
    pub n_probe: usize,
    /// Decay of the bulk's eigenvalues, 0 to 4; 0 is isotropic.
    #[serde(default)]
    pub alpha: f64,
    /// Normalisation of the bulk.
    #[serde(default)]
    pub bulk: BulkScale,
    /// The spikes; none gives the bulk alone.
    pub spikes: Vec<Spike>,
    /// The target's function.
    #[serde(default)]
    pub target: SpikedTarget,
    /// The target's directions.
    #[serde(default)]
    pub directions: Directions,
    /// Standard deviation of the label noise.
    pub noise: f64,
    /// The sign of y (-1 or +1) in place of y, for a logistic loss.
    #[serde(default)]
    pub sign: bool,
}

/// One spike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spike {
    /// Its strength zeta = n^nu, nu from 0 to 1. The paper calls nu < 1/4 small, 1/4 to 1/2 moderate, from 1/2 large.
    pub nu: f64,
    /// Its direction, of any norm above zero; random, uniform on the sphere, where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Vec<f64>>,
}

/// Normalisation of the bulk's covariance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BulkScale {
    /// Eigenvalues k^-alpha as they are.
    #[default]
    Raw,
    /// Scaled to trace d, so that |x|^2 is d on average without spikes.
    Trace,
}

/// What [`Spiked::draw`] gives.
#[derive(Debug, Clone, PartialEq)]
pub struct SpikedDraw {
    /// The sets. `teacher` is the direction of a single-index target and absent for three.
    pub split: Split,
    /// What the training inputs are made of.
    pub parts: SpikedParts,
    /// The target's directions b_k, each of unit norm and length d.
    pub teachers: Vec<Vec<f64>>,
}

impl Default for Spiked {
    /// The size at which the structure is well seen (n 450, d 600), one moderate spike on an isotropic bulk.
    fn default() -> Self {
        Self {
            n: 450,
            d: 600,
            n_test: 450,
            n_probe: 0,
            alpha: 0.0,
            bulk: BulkScale::Raw,
            spikes: vec![Spike { nu: 0.375, direction: None }],
            target: SpikedTarget::Triple,
            directions: Directions::Generic,
            noise: 0.1,
            sign: false,
        }
    }
}

/// Everything that the samples of all sets share.
struct Population {
    q: Vec<Vec<f64>>,
    zeta: Vec<f64>,
    /// Standard deviations of the bulk's coordinates.
    bulk: Vec<f64>,
    teachers: Vec<Vec<f64>>,
    /// Standard deviation of <x, b_k>.
    deviations: Vec<f64>,
}

impl Spiked {
    /// Draws the data from the run's seed.
    ///
    /// Inputs, labels and the b_k are rounded to f32; labels are computed in f64 from the rounded inputs and b_k. The
    /// parts are f64 and give the rounded training inputs exactly: what rounding changed is counted to the bulk.
    ///
    /// # Errors
    /// [`DataError::Request`] when a size is zero or too large for this machine, alpha, a nu or the noise is out of
    /// range, there is no room for the spikes, or a spike's direction has the wrong length, no norm, or lies in the
    /// span of those before it.
    pub fn draw(&self, seed: u64) -> Result<SpikedDraw, DataError> {
        self.check()?;
        let population = self.population(seed)?;
        let (train, z) = self.samples(seed, "train", "n", self.n, &population)?;
        let probe = match self.n_probe {
            0 => None,
            n => Some(self.samples(seed, "probe", "n_probe", n, &population)?.0),
        };
        let (test, _) = self.samples(seed, "test", "n_test", self.n_test, &population)?;
        let Population { q, zeta, bulk, teachers, .. } = population;
        let mut parts = SpikedParts::new(&train, z, q, zeta)?;
        parts.bulk_eigenvalues = Some(bulk.iter().map(|s| s * s).collect());
        let teacher = if let [one] = teachers.as_slice() { Some(one.clone()) } else { None };
        Ok(SpikedDraw { split: Split { train, probe, test, teacher }, parts, teachers })
    }

    /// The eigenvalues of the bulk's covariance, descending.
    #[must_use]
    pub fn bulk_eigenvalues(&self) -> Vec<f64> {
        let mut values: Vec<f64> = (1..=self.d).map(|k| libm::pow(k as f64, -self.alpha)).collect();
        if self.bulk == BulkScale::Trace {
            let scale = self.d as f64 / values.iter().sum::<f64>();
            values.iter_mut().for_each(|v| *v *= scale);
        }
        values
    }

    fn check(&self) -> Result<(), DataError> {
        let refuse = |what, found: String, expected| Err(DataError::Request { what, found, expected });
        for (what, n) in [("n", self.n), ("d", self.d), ("n_test", self.n_test)] {
            if n == 0 {
                return refuse(what, "0".into(), "a number above zero");
            }
        }
        if !(0.0..=4.0).contains(&self.alpha) {
            return refuse("alpha", self.alpha.to_string(), "a number from 0 to 4");
        }
        if !(self.noise.is_finite() && self.noise >= 0.0) {
            return refuse("noise", self.noise.to_string(), "a finite number, zero or above");
        }
        if self.spikes.len() >= self.d {
            return refuse("the number of spikes", self.spikes.len().to_string(), "a number below d");
        }
        for spike in &self.spikes {
            if !(0.0..=1.0).contains(&spike.nu) {
                return refuse("nu", spike.nu.to_string(), "a number from 0 to 1");
            }
            if let Some(length) = spike.direction.as_ref().map(Vec::len).filter(|&l| l != self.d) {
                return refuse("the length of a spike's direction", length.to_string(), "d");
            }
        }
        Ok(())
    }

    fn population(&self, seed: u64) -> Result<Population, DataError> {
        // Reserved first, so that a size without hope is one clear error.
        let _: Vec<f64> =
            reserve("d", self.d.checked_mul(self.spikes.len() + 4).ok_or_else(|| too_large("d", self.d))?)?;
        let mut q: Vec<Vec<f64>> = (self.spikes.iter().enumerate())
            .map(|(s, spike)| match &spike.direction {
                Some(given) => given.clone(),
                None => normals(&mut stream(seed, &format!("data.spike.{s}")), self.d),
            })
            .collect();
        orthonormalise(&mut q, "the direction of a spike")?;
        let zeta: Vec<f64> = self.spikes.iter().map(|s| libm::pow(self.n as f64, s.nu)).collect();

        let mut rng = stream(seed, "data.teacher");
        let count = self.target.directions();
        let mut teachers = Vec::with_capacity(count);
        for _ in 0..count {
            let mut span = if self.directions == Directions::Orthogonal { q.clone() } else { Vec::new() };
            span.push(normals(&mut rng, self.d));
            let last = span.len() - 1;
            if !orthonormalise_against(&mut span, last) {
                let expected = "room beside the spikes";
                return Err(DataError::Request { what: "the target's direction", found: "zero".into(), expected });
            }
            round_f32(&mut span[last]);
            teachers.append(&mut span.split_off(last));
        }
        let eigenvalues = self.bulk_eigenvalues();
        let deviations = (teachers.iter())
            .map(|b| {
                let bulk: f64 = eigenvalues.iter().zip(b).map(|(l, b)| l * b * b).sum();
                let spikes: f64 = q.iter().zip(&zeta).map(|(q, z)| (z * dot(q, b)).powi(2)).sum();
                (bulk + spikes).sqrt()
            })
            .collect();
        Ok(Population { q, zeta, bulk: eigenvalues.iter().map(|l| l.sqrt()).collect(), teachers, deviations })
    }

    /// One set, and the z of each spike.
    fn samples(
        &self,
        seed: u64,
        set: &str,
        what: &'static str,
        n: usize,
        population: &Population,
    ) -> Result<(Dataset, Vec<Vec<f64>>), DataError> {
        let elements = n.checked_mul(self.d).ok_or_else(|| too_large(what, n))?;
        let mut inputs: Vec<f32> = reserve(what, elements)?;
        let mut labels: Vec<f64> = reserve(what, n)?;
        let z: Vec<Vec<f64>> =
            (0..self.spikes.len()).map(|s| normals(&mut stream(seed, &format!("data.{set}.latent.{s}")), n)).collect();
        let mut rng = stream(seed, &format!("data.{set}"));
        let mut row = vec![0.0; self.d];
        for i in 0..n {
            for (x, deviation) in row.iter_mut().zip(&population.bulk) {
                *x = deviation * normal(&mut rng);
            }
            for ((q, zeta), z) in population.q.iter().zip(&population.zeta).zip(&z) {
                let strength = zeta * z[i];
                row.iter_mut().zip(q).for_each(|(x, q)| *x += strength * q);
            }
            round_f32(&mut row);
            inputs.extend(row.iter().map(|&x| x as f32));
            let t: Vec<f64> =
                population.teachers.iter().zip(&population.deviations).map(|(b, sd)| dot(b, &row) / sd).collect();
            let y = self.target.signal(&t) + self.noise * normal(&mut rng);
            labels.push(if !self.sign {
                y
            } else if y < 0.0 {
                -1.0
            } else {
                1.0
            });
        }
        round_f32(&mut labels);
        Ok((Dataset { inputs, n, dim: self.d, targets: Targets::Values(labels) }, z))
    }
}
