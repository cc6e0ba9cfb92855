//! The recursion of theorem 3.7 written out with its numbers, level by level.

use std::fmt;

use crate::LawError;

use super::complex::Complex;
use super::kernels::{Coefficients, NetworkShape};
use super::population::Population;
use super::settings::Settings;
use super::solve::Solver;

/// One level of the recursion, its arguments at that level.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainedLevel {
    /// l, from L down to 1.
    pub layer: usize,
    /// gamma_l = n/d_l.
    pub ratio: f64,
    /// The arguments (z_-1, z_0, .., z_l) that t_l is taken at.
    pub z: Vec<Complex>,
    /// 1/s_l; 0 where z_l = 0, when s_l is infinite and the layer drops out.
    pub inverse_s: Complex,
    /// t_{l-1}(z', (1 - b^2, 0, .., 0, b^2)), the trace in the equation of s_l.
    pub trace: Complex,
    /// t_l(z, (0, .., 0, 1)).
    pub own_trace: Complex,
}

/// The unfolded recursion at one z; `Display` writes it out with its equations.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    shape: NetworkShape,
    /// z, where the Stieltjes transform is taken.
    pub z: Complex,
    /// q_0..q_L and r_+.
    pub coefficients: Coefficients,
    /// Levels L, L-1, .., 1.
    pub levels: Vec<ExplainedLevel>,
    /// The arguments (z_-1, z_0) at level 0.
    pub bottom: [Complex; 2],
    /// int x/(z_-1 + z_0 x) dmu_0 at level 0.
    pub bottom_trace: Complex,
    /// The Stieltjes transform m(z), the same at every level.
    pub stieltjes: Complex,
    /// Largest relative residual of the equations.
    pub residual: f64,
    /// Newton steps it took.
    pub iterations: usize,
}

/// Unfolds the tangent kernel's recursion at z (Im z > 0; small, say 1e-3, for a density): constants, q_l, r_+, then for each
/// level the arguments, s_l and the traces.
///
/// # Errors
/// As [`tangent_kernel`](super::tangent_kernel); [`LawError::RealAxis`] unless Im z > 0; [`LawError::NoFixedPoint`].
pub fn explain(
    shape: &NetworkShape,
    rates: Option<&[f64]>,
    z: Complex,
    settings: &Settings,
) -> Result<Explanation, LawError> {
    settings.check()?;
    let coefficients = shape.coefficients(rates)?;
    if !z.is_finite() || z.im <= 0.0 {
        return Err(LawError::RealAxis { re: z.re, im: z.im });
    }
    let weights: Vec<Complex> = coefficients.q.iter().map(|q| Complex::real(*q)).collect();
    let chain = shape.chain(&weights)?;
    let mut solver = Solver::new(&chain, coefficients.r_plus, settings.tolerance, settings.max_iterations);
    let mut t = Vec::new();
    let answer = solver.above_axis(z, &mut t);
    if !answer.converged {
        return Err(LawError::NoFixedPoint { residual: answer.residual });
    }
    let state = solver.state(z, &t);
    let first = chain.depth() - shape.depth();
    let level = |layer: usize| {
        let k = first + layer;
        let mut arguments = vec![state.c[k]];
        arguments.extend(&weights[..layer]);
        arguments.push(state.zeta[k]);
        ExplainedLevel {
            layer,
            ratio: shape.ratios[layer - 1],
            z: arguments,
            inverse_s: state.u[k],
            trace: t[k - 1],
            own_trace: state.h[k],
        }
    };
    Ok(Explanation {
        shape: shape.clone(),
        z,
        levels: (1..=shape.depth()).rev().map(level).collect(),
        bottom: [state.c[first], state.zeta[first]],
        bottom_trace: state.h[first],
        stieltjes: answer.g,
        residual: answer.residual,
        iterations: answer.iterations,
        coefficients,
    })
}

fn vector(values: &[Complex]) -> String {
    let words: Vec<String> = values.iter().map(|v| format!("{v:.6}")).collect();
    format!("({})", words.join(", "))
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let c = &self.shape.constants;
        let (b2, layers) = (c.b2(), self.shape.depth());
        writeln!(f, "Tangent kernel of depth {layers} at z = {:.6}: theorem 3.7 of Fan and Wang, unfolded", self.z)?;
        writeln!(f)?;
        writeln!(f, "Activation: sigma = (f - {:.6})/{:.6}, b = {:.6}, a = {:.6}", c.mean, c.sd, c.b, c.a)?;
        writeln!(f, "            1 - b^2 = {:.6}, b^2 = {b2:.6}", 1.0 - b2)?;
        let data = match &self.shape.population {
            Population::MarchenkoPastur { ratio } => format!("Marchenko-Pastur law of n/d_0 = {ratio}"),
            Population::Point => "point mass at 1".to_owned(),
            Population::Eigenvalues(values) => format!("{} eigenvalues", values.len()),
            Population::Weighted(pairs) => format!("{} weighted eigenvalues", pairs.len()),
        };
        writeln!(f, "Data:       mu_0 = {data}")?;
        let q: Vec<String> = self.coefficients.q.iter().map(|q| format!("{q:.6}")).collect();
        writeln!(f, "Kernel:     r_+ I + sum_l q_l X_l^T X_l, q_0..q_{layers} = {}", q.join(", "))?;
        writeln!(f, "            r_+ = {:.6}", self.coefficients.r_plus)?;
        writeln!(f)?;
        writeln!(f, "m(z) = t_{layers}(z_vec, (1, 0, .., 0)),  z_vec = (r_+ - z, q_0, .., q_{layers})")?;
        for level in &self.levels {
            let l = level.layer;
            writeln!(f)?;
            writeln!(f, "Level {l}: gamma_{l} = n/d_{l} = {}", level.ratio)?;
            writeln!(f, "  (z_-1, z_0, .., z_{l}) = {}", vector(&level.z))?;
            if level.inverse_s == Complex::ZERO {
                writeln!(f, "  z_{l} = 0: s_{l} is infinite, the layer drops out and z' = z")?;
                continue;
            }
            let s = level.inverse_s.recip();
            writeln!(f, "  s_{l} = 1/z_{l} + gamma_{l} t_{}(z', (1 - b^2, 0, .., 0, b^2))", l - 1)?;
            let inverse = s - level.trace * level.ratio;
            writeln!(f, "      = ({inverse:.6}) + {} * ({:.6}) = {s:.6}", level.ratio, level.trace)?;
            writeln!(
                f,
                "  z'  = (z_-1 + (1 - b^2)/s_{l}, z_0, .., z_{} + b^2/s_{l}): the arguments of level {}",
                l - 1,
                l - 1
            )?;
            writeln!(
                f,
                "  t_{l}(z, (1, 0, .., 0)) = {:.6},  t_{l}(z, (0, .., 0, 1)) = {:.6}",
                self.stieltjes, level.own_trace
            )?;
        }
        writeln!(f)?;
        writeln!(f, "Level 0: D(x) = z_-1 + z_0 x, (z_-1, z_0) = {}", vector(&self.bottom))?;
        writeln!(f, "  t_0(z, (1, 0)) = int 1/D dmu_0 = {:.6}", self.stieltjes)?;
        writeln!(f, "  t_0(z, (0, 1)) = int x/D dmu_0 = {:.6}", self.bottom_trace)?;
        writeln!(f)?;
        writeln!(
            f,
            "m(z) = {:.9}, density at Re z (smoothed over Im z) = {:.9}",
            self.stieltjes,
            self.stieltjes.im / std::f64::consts::PI
        )?;
        let identity = self.identity();
        writeln!(f, "Check: t_{layers}(z_vec, z_vec) = {identity:.9} (the trace of the identity, 1)")?;
        write!(f, "Largest relative residual {:.1e} after {} Newton steps", self.residual, self.iterations)
    }
}

impl Explanation {
    /// t_L(z_vec, z_vec), the trace of the identity: 1 up to rounding.
    #[must_use]
    pub fn identity(&self) -> Complex {
        let own = self.levels.iter().rev().map(|l| l.own_trace);
        let kernels = std::iter::once(self.bottom_trace).chain(own);
        let first = (Complex::real(self.coefficients.r_plus) - self.z) * self.stieltjes;
        kernels.zip(&self.coefficients.q).fold(first, |sum, (h, q)| sum + h * *q)
    }
}
