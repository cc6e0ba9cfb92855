//! The limiting spectra of conjugate and tangent kernels, at any depth.
//!
//! Fan and Wang, "Spectra of the Conjugate Kernel and Neural Tangent Kernel for linear-width neural networks" (NeurIPS 2020,
//! arXiv 2005.11879). n samples are the columns of X_0 (d_0 x n, columns of norm about 1 and nearly orthogonal), X_l =
//! sigma(W_l X_{l-1})/sqrt(d_l) with standard normal W_l and a normalised sigma (E sigma(xi) = 0, E sigma(xi)^2 = 1), f =
//! w^T X_L. While n/d_l -> gamma_l, the eigenvalues of K_l = X_l^T X_l (conjugate kernel) and of the neural tangent kernel
//! have limiting laws that depend on the law mu_0 of X_0^T X_0, on gamma_1..gamma_L, and on two numbers of the activation,
//! b = E sigma'(xi) and a = E sigma'(xi)^2.
//!
//! # The equations
//!
//! Conjugate kernel (theorem 3.4), with the Marchenko-Pastur map of ratio gamma:
//!
//! ```text
//! mu_l = MP_{gamma_l} of the law of (1 - b^2) + b^2 y, y from mu_{l-1}
//! ```
//!
//! Tangent kernel (lemma 3.5): the law of r_+ I + sum_l q_l K_l,
//!
//! ```text
//! q_l = b^{2(L-l)},  q_L = 1,  r_+ = sum_{l<L} (a^{L-l} - b^{2(L-l)}),  mean 1 + sum_{l<L} a^{L-l}
//! ```
//!
//! Linear combinations (theorem 3.7): t_l(z, w) = lim (1/n) Tr[(z_-1 + sum z_k K_k)^-1 (w_-1 + sum w_k K_k)],
//!
//! ```text
//! t_0(z, w) = int (w_-1 + w_0 x)/(z_-1 + z_0 x) dmu_0(x)
//! s_l       = 1/z_l + gamma_l t_{l-1}(z', (1 - b^2, 0, .., 0, b^2))
//! z'        = (z_-1 + (1 - b^2)/s_l, z_0, .., z_{l-2}, z_{l-1} + b^2/s_l)
//! t_l(z, w) = w_l/z_l + t_{l-1}(z', (w_-1, .., w_{l-1}) - (w_l/z_l)(z_-1, .., z_{l-1}))
//! ```
//!
//! and m(z) = t_L((r_+ - z, q_0, .., q_L), (1, 0, .., 0)) is the Stieltjes transform.
//!
//! # A worked example: how the recursion unfolds
//!
//! Depth 2. We want m = t_2(z, e_-1) at z = (r_+ - x, q_0, q_1, 1), e_-1 = (1, 0, 0, 0).
//!
//! 1. Level 2. w_2 = 0, so t_2(z, e_-1) = t_1(z', e_-1): the vector w does not change. With p = 1 - b^2, r = b^2 and the yet
//!    unknown s_2, z' = (r_+ - x + p/s_2, q_0, q_1 + r/s_2).
//! 2. Level 1. Again t_1(z', e_-1) = t_0(z'', e_-1), now with s_1 and z'' = (r_+ - x + p/s_2 + p/s_1, q_0 + r/s_1).
//! 3. Level 0. m = g := int 1/D dmu_0, D(y) = (r_+ - x + p/s_2 + p/s_1) + (q_0 + r/s_1) y.
//! 4. Back up for s_1. Its equation, s_1 = 1/z'_1 + gamma_1 T_0, needs T_0 = t_0(z'', (p, r)) = p g + r h_0 with
//!    h_0 = int y/D dmu_0. The same D: s_1 belongs to z', whoever asks.
//! 5. Back up for s_2 = 1 + gamma_2 T_1, T_1 = t_1(z', (p, 0, r)). By linearity T_1 = p g + r h_1 with h_1 = t_1(z', e_1).
//!    By the recursion h_1 = (1/z'_1)(1 - t_0(z'', (z'_-1, z'_0))). But (z'_-1, z'_0) = z'' - (p, r)/s_1, and
//!    t_0(z'', z'') = 1 is the trace of the identity, so h_1 = T_0/(z'_1 s_1).
//!
//! So two unknowns, s_1 and s_2, two equations, and one integral over mu_0, although t_1 is called with different w: the
//! recursion nests in appearance only. At depth L there are L unknowns, and
//!
//! ```text
//! down:  z'_-1 = z_-1 + p/s_l,  z'_{l-1} = q_{l-1} + r/s_l          l = L, .., 1
//! up:    T_{l-1} = p g + r h_{l-1},  s_l = 1/z_l + gamma_l T_{l-1},  h_l = T_{l-1}/(z_l s_l)   l = 1, .., L
//! ```
//!
//! which Newton's method solves as one system. Every level of a chain has the same g: m is read off at the bottom.
//! The same in numbers ([`explain`] prints all of them):
//!
//! ```
//! use spectrum_law::limit::{Complex, NetworkShape, Population, Settings, constants, explain};
//!
//! let tanh = constants(&f64::tanh, &|x| 1.0 - x.tanh().powi(2))?;
//! let shape = NetworkShape {
//!     population: Population::MarchenkoPastur { ratio: 2.0 / 3.0 },
//!     ratios: vec![0.5, 2.0 / 3.0],
//!     constants: tanh,
//! };
//! let z = Complex::new(3.0, 0.2);
//! let unfolded = explain(&shape, None, z, &Settings::default())?;
//! let (two, one) = (&unfolded.levels[0], &unfolded.levels[1]);
//! let (s2, s1) = (two.inverse_s.recip(), one.inverse_s.recip());
//! let (p, r) = (1.0 - tanh.b * tanh.b, tanh.b * tanh.b);
//! let near = |a: Complex, b: Complex| (a - b).abs() < 1e-9;
//!
//! // q = (0.8658, 0.9305, 1), r_+ = 0.7688.
//! assert!((unfolded.coefficients.q[0] - 0.8658).abs() < 1e-4 && (unfolded.coefficients.r_plus - 0.7688).abs() < 1e-4);
//! // Level 2 hands its changed arguments down, level 1 too.
//! assert!(near(one.z[0], two.z[0] + s2.recip() * p) && near(one.z[2], two.z[2] + s2.recip() * r));
//! assert!(near(unfolded.bottom[0], one.z[0] + s1.recip() * p) && near(unfolded.bottom[1], one.z[1] + s1.recip() * r));
//! // The two equations, and the traces that close them.
//! let (g, h0) = (unfolded.stieltjes, unfolded.bottom_trace);
//! assert!(near(one.trace, g * p + h0 * r) && near(s1, one.z[2].recip() + one.trace * one.ratio));
//! let h1 = one.trace / (one.z[2] * s1);
//! assert!(near(two.trace, g * p + h1 * r) && near(s2, two.z[3].recip() + two.trace * two.ratio));
//! println!("{unfolded}");
//! # Ok::<(), spectrum_law::LawError>(())
//! ```
//!
//! # A law
//!
//! ```
//! use spectrum_law::limit::{NetworkShape, Population, Settings, conjugate_kernel, constants, tangent_kernel};
//!
//! let relu = constants(&|x| x.max(0.0), &|x| f64::from(x > 0.0))?;
//! let population = Population::MarchenkoPastur { ratio: 1.5 };
//! let shape = NetworkShape { population, ratios: vec![0.5, 2.0], constants: relu };
//! let ck = conjugate_kernel(&shape, &Settings::default())?;
//! assert!(ck.certificate().converged && (ck.mass() - 1.0).abs() < 1e-6 && (ck.mean() - 1.0).abs() < 1e-6);
//! // Half as many features as samples in the last layer: half of the eigenvalues are zero.
//! assert_eq!(ck.atoms(), &[(0.0, 0.5)]);
//! let ntk = tangent_kernel(&shape, None, &Settings::default())?;
//! assert!((ntk.mean() - (1.0 + relu.a + relu.a * relu.a)).abs() < 1e-5);
//! # Ok::<(), spectrum_law::LawError>(())
//! ```
//!
//! # Numerics
//!
//! Densities are computed on the real axis itself, not at a small imaginary part, so that nothing is smoothed: edges are
//! found to rounding and a gap is a gap. The grid gathers at the edges and is refined where needed. The integrated mass is
//! reported, never divided by, and a mass other than 1 (a band or a lower edge that was missed) makes the certificate say
//! so. It is compared with the exact mass: the equations are the stationarity conditions of int log(x - z) dmu(x), whose
//! imaginary part is the distribution function, so that hidden bands are found and `cdf` needs no integration. With `Population::Eigenvalues` mu_0 is that discrete law: where the ratios are
//! so small that bands about its points no longer overlap, the law has as many intervals.

mod chain;
mod complex;
mod constants;
mod distance;
mod explain;
mod grid;
mod kernels;
mod law;
mod population;
mod refine;
mod settings;
mod solve;
mod support;

pub use complex::Complex;
pub use constants::{Constants, constants};
pub use explain::{ExplainedLevel, Explanation, explain};
pub use kernels::{
    Coefficients, NetworkShape, Recursion, conjugate_kernel, conjugate_kernel_of, conjugate_kernels,
    marchenko_pastur_map, stieltjes_recursion, tangent_kernel,
};
pub use law::LimitLaw;
pub use population::Population;
pub use settings::{Certificate, Note, Settings};
