//! Data of a single-index teacher.

use serde::{Deserialize, Serialize};

use crate::stream::{normal, round_f32, stream};
use crate::{DataError, Dataset, Link, Split, Targets};

/// A teacher y = g(<beta, x>) + noise * xi on Gaussian inputs (arXiv 2406.04657, section 2; its default link is
/// softplus, not centred, not normalised).
///
/// x ~ N(0, I_d), xi ~ N(0, 1), beta uniform on the unit sphere. Train, probe and test set are drawn independently, each
/// from a stream of its own (`data.train`, `data.probe`, `data.test`; beta from `data.teacher`), and all of them have
/// noisy labels. Each stream gives the d inputs of a sample and then its noise, so a smaller set is the beginning of a
/// larger one, and another noise level keeps every input and every xi.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SingleIndex {
    /// Training samples.
    pub n: usize,
    /// Input dimension.
    pub d: usize,
    /// Test samples.
    pub n_test: usize,
    /// Samples of the probe set, on which kernels and ridge refits are computed; none when zero.
    #[serde(default)]
    pub n_probe: usize,
    /// The link.
    pub link: Link,
    /// Standard deviation of the label noise.
    pub noise: f64,
    /// Subtract the link's Gaussian mean.
    #[serde(default)]
    pub centre: bool,
    /// Divide the link by its Gaussian standard deviation.
    #[serde(default)]
    pub normalise: bool,
}

impl Default for SingleIndex {
    /// The small scale of the heavy-tail experiment: n = 800, d = 400, softplus, noise 0.3.
    fn default() -> Self {
        Self {
            n: 800,
            d: 400,
            n_test: 200,
            n_probe: 0,
            link: Link::Softplus,
            noise: 0.3,
            centre: false,
            normalise: false,
        }
    }
}

impl SingleIndex {
    /// Draws the teacher and its sets from the run's seed.
    ///
    /// Inputs, labels and beta are rounded to f32. Labels are computed in f64 from the rounded inputs and beta, so the
    /// numbers that are handed out satisfy the teacher's equation to the labels' own rounding.
    ///
    /// # Errors
    /// [`DataError::Request`] when a size is zero or too large for this machine, or the noise is not a finite number
    /// at or above zero.
    pub fn draw(&self, seed: u64) -> Result<Split, DataError> {
        let positive = |what, n: usize| {
            if n == 0 {
                return Err(DataError::Request { what, found: "0".into(), expected: "a number above zero" });
            }
            Ok(())
        };
        positive("n", self.n)?;
        positive("d", self.d)?;
        positive("n_test", self.n_test)?;
        if !(self.noise.is_finite() && self.noise >= 0.0) {
            let expected = "a finite number, zero or above";
            return Err(DataError::Request { what: "noise", found: self.noise.to_string(), expected });
        }
        let beta = self.teacher(seed)?;
        let probe = if self.n_probe == 0 {
            None
        } else {
            Some(self.samples(seed, "data.probe", "n_probe", self.n_probe, &beta)?)
        };
        Ok(Split {
            train: self.samples(seed, "data.train", "n", self.n, &beta)?,
            probe,
            test: self.samples(seed, "data.test", "n_test", self.n_test, &beta)?,
            teacher: Some(beta),
        })
    }

    /// The noiseless label of an input whose inner product with beta is `u`.
    #[must_use]
    pub fn signal(&self, u: f64) -> f64 {
        self.link.shaped(u, self.centre, self.normalise)
    }

    fn teacher(&self, seed: u64) -> Result<Vec<f64>, DataError> {
        let mut beta: Vec<f64> = reserve("d", self.d)?;
        let mut rng = stream(seed, "data.teacher");
        beta.extend((0..self.d).map(|_| normal(&mut rng)));
        let norm = dot(&beta, &beta).sqrt();
        for b in &mut beta {
            *b /= norm;
        }
        round_f32(&mut beta);
        Ok(beta)
    }

    fn samples(&self, seed: u64, name: &str, what: &'static str, n: usize, beta: &[f64]) -> Result<Dataset, DataError> {
        let elements = n.checked_mul(self.d).ok_or_else(|| too_large(what, n))?;
        let mut inputs: Vec<f32> = reserve(what, elements)?;
        let mut labels: Vec<f64> = reserve(what, n)?;
        let mut rng = stream(seed, name);
        for _ in 0..n {
            let mut u = 0.0;
            for b in beta {
                let x = normal(&mut rng) as f32;
                u += b * f64::from(x);
                inputs.push(x);
            }
            labels.push(self.signal(u) + self.noise * normal(&mut rng));
        }
        round_f32(&mut labels);
        Ok(Dataset { inputs, n, dim: self.d, targets: Targets::Values(labels) })
    }
}

pub(crate) fn reserve<T>(what: &'static str, n: usize) -> Result<Vec<T>, DataError> {
    let mut v = Vec::new();
    v.try_reserve_exact(n).map_err(|_| too_large(what, n))?;
    Ok(v)
}

pub(crate) fn too_large(what: &'static str, n: usize) -> DataError {
    DataError::Request { what, found: n.to_string(), expected: "a size that fits in this machine's memory" }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(set: &Dataset) -> &[f64] {
        match &set.targets {
            Targets::Values(v) => v,
            Targets::Classes { .. } => panic!("a regression has values"),
        }
    }

    #[test]
    fn golden_sample() {
        // tests/golden_stream.py: independent ChaCha8, 40-digit quantile, 40-digit labels.
        let task = SingleIndex { n: 2, d: 4, n_test: 1, centre: true, normalise: true, ..SingleIndex::default() };
        let split = task.draw(3).unwrap();
        assert_eq!(
            split.teacher.unwrap(),
            [0.05867892503738403, 0.3067382276058197, -0.776832103729248, -0.5468092560768127]
        );
        let x: Vec<f64> = split.train.inputs.iter().map(|&v| f64::from(v)).collect();
        assert_eq!(x[..4], [-0.8211663961410522, 0.011503755114972591, 0.5534217357635498, 0.052779871970415115]);
        assert_eq!(x[4..], [-0.11367465555667877, 1.4744890928268433, -0.548111081123352, -0.16244211792945862]);
        assert_eq!(values(&split.train), [-0.7661950588226318, 1.391160488128662]);
    }

    #[test]
    fn labels_have_the_gaussian_moments_of_the_link() {
        for link in Link::ALL {
            let task = SingleIndex { n: 20_000, d: 5, n_test: 1, link, noise: 0.5, ..SingleIndex::default() };
            let split = task.draw(1).unwrap();
            let y = values(&split.train);
            let mean = y.iter().sum::<f64>() / y.len() as f64;
            let variance = y.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / y.len() as f64;
            let expected = link.standard_deviation().powi(2) + 0.25;
            // Five standard errors of the mean; the variance of Hermite 3 has the widest spread (kurtosis 46.2).
            assert!((mean - link.mean()).abs() < 5.0 * (expected / y.len() as f64).sqrt(), "{link:?} {mean}");
            assert!(
                (variance / expected - 1.0).abs() < 5.0 * (46.2_f64 / y.len() as f64).sqrt(),
                "{link:?} {variance}"
            );
        }
    }

    #[test]
    fn a_smaller_set_begins_a_larger_one_and_noise_changes_labels_alone() {
        let large = SingleIndex { n: 30, d: 7, n_probe: 4, ..SingleIndex::default() };
        let small = SingleIndex { n: 10, ..large.clone() };
        let silent = SingleIndex { noise: 0.0, ..large.clone() };
        let (l, s, q) = (large.draw(9).unwrap(), small.draw(9).unwrap(), silent.draw(9).unwrap());
        assert_eq!(l.train.inputs[..70], s.train.inputs[..]);
        assert_eq!(values(&l.train)[..10], values(&s.train)[..]);
        assert_eq!((&l.test, &l.probe, &l.teacher), (&s.test, &s.probe, &s.teacher));
        assert_eq!(l.train.inputs, q.train.inputs);
        let beta = q.teacher.as_deref().unwrap();
        for (x, y) in q.train.inputs.chunks(7).zip(values(&q.train)) {
            let u = dot(&x.iter().map(|&v| f64::from(v)).collect::<Vec<_>>(), beta);
            assert_eq!(f64::from(silent.signal(u) as f32), *y);
        }
    }

    #[test]
    fn the_sets_are_independent_and_the_teacher_has_unit_norm() {
        let task = SingleIndex { n: 500, d: 20, n_test: 500, n_probe: 500, ..SingleIndex::default() };
        let split = task.draw(0).unwrap();
        let beta = split.teacher.as_deref().unwrap();
        assert!((dot(beta, beta) - 1.0).abs() < 1e-7);
        let probe = split.probe.as_ref().unwrap();
        for (a, b) in [(&split.train, probe), (&split.train, &split.test), (probe, &split.test)] {
            let r = a.inputs.iter().zip(&b.inputs).map(|(x, y)| f64::from(x * y)).sum::<f64>() / 1e4;
            assert!(r.abs() < 0.05, "{r}");
        }
        assert_eq!(task.draw(0).unwrap(), split);
        assert_ne!(task.draw(1).unwrap().train, split.train);
    }

    #[test]
    fn impossible_requests_are_refused() {
        let ok = SingleIndex { n: 2, d: 2, n_test: 2, ..SingleIndex::default() };
        for (bad, says) in [
            (SingleIndex { n: 0, ..ok.clone() }, "n is 0"),
            (SingleIndex { d: 0, ..ok.clone() }, "d is 0"),
            (SingleIndex { n_test: 0, ..ok.clone() }, "n_test is 0"),
            (SingleIndex { noise: f64::NAN, ..ok.clone() }, "noise is NaN"),
            (SingleIndex { noise: -0.1, ..ok.clone() }, "noise is -0.1"),
            (SingleIndex { n: usize::MAX, d: 3, ..ok.clone() }, "memory"),
            (SingleIndex { d: usize::MAX / 2, ..ok.clone() }, "memory"),
        ] {
            let text = bad.draw(0).unwrap_err().to_string();
            assert!(text.contains(says), "{text}");
        }
    }
}
