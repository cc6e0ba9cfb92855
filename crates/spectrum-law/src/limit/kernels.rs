//! The laws themselves: the Marchenko-Pastur map, conjugate kernels, the tangent kernel, and the recursion's traces.

use crate::LawError;

use super::chain::{Chain, Level};
use super::complex::Complex;
use super::constants::Constants;
use super::law::LimitLaw;
use super::population::{Points, Population};
use super::settings::{Note, Settings};
use super::solve::Solver;

/// From this relative difference of the population's mean from 1 on, a law carries a note.
const MEAN_OFF: f64 = 0.05;

/// A fully connected network in the limit of linear width: n, d_0, .., d_L grow together.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkShape {
    /// Law of the eigenvalues of X_0^T X_0.
    pub population: Population,
    /// gamma_l = n/d_l of the layers l = 1..L.
    pub ratios: Vec<f64>,
    /// The activation.
    pub constants: Constants,
}

/// The coefficients of lemma 3.5: the tangent kernel is, up to o(n) in squared Frobenius norm over n, the matrix
/// r_+ I + sum_l q_l X_l^T X_l.
#[derive(Debug, Clone, PartialEq)]
pub struct Coefficients {
    /// q_0..q_L.
    pub q: Vec<f64>,
    /// r_+.
    pub r_plus: f64,
}

impl NetworkShape {
    /// Number of layers L.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.ratios.len()
    }

    /// q_l = tau_{l+1} b^{2(L-l)} for l < L, q_L = tau_{L+1}, r_+ = sum_{l<L} tau_{l+1} (a^{L-l} - b^{2(L-l)}) (Fan and Wang,
    /// lemma 3.5 and, for the learning-rate weights tau_1..tau_{L+1}, their remark on them). All tau are 1 for `None`.
    ///
    /// # Errors
    /// Those of the shape, [`LawError::RateCount`], [`LawError::Rate`], [`LawError::NoRates`].
    pub fn coefficients(&self, rates: Option<&[f64]>) -> Result<Coefficients, LawError> {
        self.check()?;
        let layers = self.depth();
        let tau = rates.map_or_else(|| vec![1.0; layers + 1], <[f64]>::to_vec);
        if tau.len() != layers + 1 {
            return Err(LawError::RateCount { found: tau.len(), needed: layers + 1 });
        }
        if let Some((i, &rate)) = tau.iter().enumerate().find(|(_, t)| !(t.is_finite() && **t >= 0.0)) {
            return Err(LawError::Rate { index: i + 1, rate });
        }
        if tau.iter().all(|t| *t == 0.0) {
            return Err(LawError::NoRates);
        }
        let power = |base: f64, l: usize| base.powi(i32::try_from(layers - l).unwrap_or(i32::MAX));
        let b2 = self.constants.b2();
        let q = (0..=layers).map(|l| tau[l] * power(b2, l)).collect();
        // a >= 1 >= b^2 up to rounding: a linear activation has r_+ = 0.
        let r_plus = (0..layers).map(|l| tau[l] * (power(self.constants.a, l) - power(b2, l)).max(0.0)).sum();
        Ok(Coefficients { q, r_plus })
    }

    fn check(&self) -> Result<(), LawError> {
        self.constants.check()?;
        if self.ratios.is_empty() {
            return Err(LawError::NoLayers);
        }
        match self.ratios.iter().enumerate().find(|(_, g)| !(g.is_finite() && **g > 0.0)) {
            Some((i, &ratio)) => Err(LawError::Ratio { layer: i + 1, ratio }),
            None => Ok(()),
        }
    }

    /// sum_k weights_k K_k over the first layers, as many as there are weights after the first.
    pub(crate) fn chain(&self, weights: &[Complex]) -> Result<Chain, LawError> {
        self.check()?;
        let b2 = self.constants.b2().min(1.0);
        let layers =
            self.ratios.iter().zip(&weights[1..]).map(|(&gamma, &w)| (Level { alpha: 1.0 - b2, beta: b2, gamma }, w));
        chain(&self.population, weights[0], layers)
    }

    fn notes(&self) -> Result<Vec<Note>, LawError> {
        let mut notes = population_notes(&self.population)?;
        match self.constants.b2() {
            0.0 => notes.push(Note::EvenActivation),
            1.0 => notes.push(Note::LinearActivation),
            _ => {}
        }
        Ok(notes)
    }
}

fn chain(
    population: &Population,
    weight: Complex,
    layers: impl Iterator<Item = (Level, Complex)>,
) -> Result<Chain, LawError> {
    let Points { points: base, ratio } = population.points()?;
    let (base_weight, first) = match ratio {
        Some(gamma) => (Complex::ZERO, Some((Level { alpha: 1.0, beta: 0.0, gamma }, weight))),
        None => (weight, None),
    };
    Ok(Chain { base, base_weight, levels: first.into_iter().chain(layers).collect() })
}

fn population_notes(population: &Population) -> Result<Vec<Note>, LawError> {
    let mean = population.mean()?;
    Ok(if (mean - 1.0).abs() > MEAN_OFF { vec![Note::PopulationMean(mean)] } else { Vec::new() })
}

/// The Marchenko-Pastur map: the limiting law of the eigenvalues of the n x n matrix Y^T Y, Y = G Sigma^{1/2}/sqrt(d) with
/// a d x n standard normal G, Sigma of eigenvalue law `population` and n/d = `ratio`. It keeps the mean; a population's
/// mean need not be 1 here.
///
/// # Errors
/// [`LawError::Ratio`], and those of a population or of settings that are none.
pub fn marchenko_pastur_map(population: &Population, ratio: f64, settings: &Settings) -> Result<LimitLaw, LawError> {
    settings.check()?;
    if !(ratio.is_finite() && ratio > 0.0) {
        return Err(LawError::Ratio { layer: 1, ratio });
    }
    let level = Level { alpha: 0.0, beta: 1.0, gamma: ratio };
    let chain = chain(population, Complex::ZERO, std::iter::once((level, Complex::ONE)))?;
    Ok(LimitLaw::solve(chain, 0.0, Vec::new(), settings))
}

/// The law of the last layer's conjugate kernel X_L^T X_L (theorem 3.4): the Marchenko-Pastur map of ratio gamma_l after
/// y -> (1 - b^2) + b^2 y, layer after layer from mu_0; as one system of equations, without grids in between.
///
/// # Errors
/// [`LawError::NoLayers`], [`LawError::Ratio`], [`LawError::Constants`], and those of the population and the settings.
pub fn conjugate_kernel(shape: &NetworkShape, settings: &Settings) -> Result<LimitLaw, LawError> {
    conjugate_kernel_of(shape, shape.depth(), settings)
}

/// The laws of the conjugate kernels of every layer, 1..L.
///
/// # Errors
/// As [`conjugate_kernel`].
pub fn conjugate_kernels(shape: &NetworkShape, settings: &Settings) -> Result<Vec<LimitLaw>, LawError> {
    shape.check()?;
    (1..=shape.depth()).map(|l| conjugate_kernel_of(shape, l, settings)).collect()
}

/// The law of one layer's conjugate kernel, counted from 1.
///
/// # Errors
/// As [`conjugate_kernel`]; [`LawError::NoLayers`] for a layer that the shape does not have.
pub fn conjugate_kernel_of(shape: &NetworkShape, layer: usize, settings: &Settings) -> Result<LimitLaw, LawError> {
    settings.check()?;
    if layer == 0 || layer > shape.depth() {
        return Err(LawError::NoLayers);
    }
    let mut weights = vec![Complex::ZERO; layer + 1];
    weights[layer] = Complex::ONE;
    Ok(LimitLaw::solve(shape.chain(&weights)?, 0.0, shape.notes()?, settings))
}

/// The law of the tangent kernel (theorem 3.7 at the coefficients of lemma 3.5), with learning-rate weights
/// tau_1..tau_{L+1} of the layers and the readout where they differ. A network with k outputs has the same law (its nk x nk
/// kernel).
///
/// # Errors
/// As [`conjugate_kernel`] and [`NetworkShape::coefficients`].
pub fn tangent_kernel(shape: &NetworkShape, rates: Option<&[f64]>, settings: &Settings) -> Result<LimitLaw, LawError> {
    settings.check()?;
    let Coefficients { q, r_plus } = shape.coefficients(rates)?;
    let weights: Vec<Complex> = q.into_iter().map(Complex::real).collect();
    Ok(LimitLaw::solve(shape.chain(&weights)?, r_plus, shape.notes()?, settings))
}

/// The solved recursion of theorem 3.7.
#[derive(Debug, Clone, PartialEq)]
pub struct Recursion {
    /// t_L(z, w).
    pub value: Complex,
    /// The traces t_L(z, e_k) of the unit vectors k = -1, 0, .., L, of which `value` is the combination by w.
    pub traces: Vec<Complex>,
    /// Largest relative residual of the equations.
    pub residual: f64,
}

/// t_L(z, w) = lim (1/n) Tr[(z_-1 + sum_k z_k X_k^T X_k)^-1 (w_-1 + sum_k w_k X_k^T X_k)] (theorem 3.7), both vectors of
/// L + 2 numbers, -1, 0, .., L. Im z_-1 < 0 and Im z_k <= 0.
///
/// # Errors
/// [`LawError::VectorLength`], [`LawError::HalfPlane`], [`LawError::NoFixedPoint`], and those of the shape.
pub fn stieltjes_recursion(
    shape: &NetworkShape,
    z: &[Complex],
    w: &[Complex],
    settings: &Settings,
) -> Result<Recursion, LawError> {
    settings.check()?;
    let needed = shape.depth() + 2;
    for vector in [z, w] {
        if vector.len() != needed {
            return Err(LawError::VectorLength { found: vector.len(), needed });
        }
    }
    for (i, value) in z.iter().enumerate() {
        if !value.is_finite() || value.im > 0.0 || (i == 0 && value.im == 0.0) {
            return Err(LawError::HalfPlane { index: i as isize - 1, re: value.re, im: value.im });
        }
    }
    let chain = shape.chain(&z[1..])?;
    let mut solver = Solver::new(&chain, 0.0, settings.tolerance, settings.max_iterations);
    let mut t = Vec::new();
    let answer = solver.above_axis(-z[0], &mut t);
    if !answer.converged {
        return Err(LawError::NoFixedPoint { residual: answer.residual });
    }
    let state = solver.state(-z[0], &t);
    // A Marchenko-Pastur population is the chain's first level: its base is not a kernel.
    let first = chain.depth() - shape.depth();
    let traces: Vec<Complex> = std::iter::once(state.g).chain(state.h[first..].iter().copied()).collect();
    let value = traces.iter().zip(w).fold(Complex::ZERO, |sum, (t, w)| sum + *t * *w);
    Ok(Recursion { value, traces, residual: answer.residual })
}
