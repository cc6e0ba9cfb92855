//! The recursion of theorem 3.7, unfolded into one system of equations.
//!
//! Fan and Wang define t_l(z, w) = lim (1/n) Tr[(z_-1 + sum_k z_k K_k)^-1 (w_-1 + sum_k w_k K_k)], K_k = X_k^T X_k, through
//! t_{l-1} at changed arguments, with a fixed point s_l inside. Read as written it nests one iteration into another at
//! every layer. But z changes only in its first and last entry, s_l does not depend on w, and t_l is linear in w, so a
//! single chain of arguments is ever visited and all the traces taken on it are made of
//!
//! ```text
//! g   = t_l(z, (1, 0, .., 0)),   the same number at every level,
//! h_l = t_l(z, (0, .., 0, 1)).
//! ```
//!
//! Writing (c_l, zeta_l) for the first and last entry of z at level l, u_l = 1/s_l and T_{l-1} for the trace in s_l:
//!
//! ```text
//! down  u_l        = zeta_l / (1 + gamma_l zeta_l T_{l-1})              (s_l = 1/zeta_l + gamma_l T_{l-1})
//!       c_{l-1}    = c_l + alpha_l u_l,      zeta_{l-1} = z_{l-1} + beta_l u_l
//! base  g          = int 1/(c_0 + zeta_0 x) dmu_0,      h_0 = int x/(c_0 + zeta_0 x) dmu_0
//! up    T_{l-1}    = alpha_l g + beta_l h_{l-1},        h_l = T_{l-1} / (1 + gamma_l zeta_l T_{l-1})
//! ```
//!
//! with alpha = 1 - b^2, beta = b^2. (h_l: from t_{l-1}(z', z') = 1, the trace of the identity.) The unknowns are
//! T_0, .., T_{L-1}; one evaluation costs one pass over mu_0, whatever the depth. Nothing is divided by zeta_l, so unused
//! layers (z_k = 0) and b = 0 need no care. A Marchenko-Pastur mu_0 is one more level over a point mass at 1, with
//! alpha = 1, beta = 0, gamma = n/d_0.
//!
//! For Im z_-1 < 0 and Im z_k <= 0 the system maps (Im T > 0)^L into itself: the solution there is the wanted one.

use super::complex::Complex;

/// One layer: phi = alpha + beta y is the covariance its features have where the previous kernel has eigenvalue y.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Level {
    pub alpha: f64,
    pub beta: f64,
    /// n/d_l.
    pub gamma: f64,
}

/// The matrix z_0 K_0 + .. + z_M K_M in the limit, without the multiple of the identity.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chain {
    /// Points of the base population and their weights.
    pub base: Vec<(f64, f64)>,
    /// Weight z_0 of the base.
    pub base_weight: Complex,
    /// The levels 1..=M and the weights z_1..z_M.
    pub levels: Vec<(Level, Complex)>,
}

/// Everything one evaluation gives; reused from point to point.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    /// zeta_0..zeta_M and c_0..c_M.
    pub zeta: Vec<Complex>,
    pub c: Vec<Complex>,
    /// u_l = 1/s_l (entry 0 unused), and its share u_l/zeta_l = h_l/T_{l-1} = 1/(1 + gamma_l zeta_l T_{l-1}).
    pub u: Vec<Complex>,
    pub share: Vec<Complex>,
    /// h_0..h_M.
    pub h: Vec<Complex>,
    /// g: the Stieltjes transform.
    pub g: Complex,
    /// The map's value, as many as levels.
    pub image: Vec<Complex>,
    /// d image_i / d T_j, row-major.
    pub jacobian: Vec<Complex>,
    /// Gradients of zeta and c at the current level, then of g, h and T; scratch.
    grad: [Vec<Complex>; 3],
    zeta_grad: Vec<Complex>,
}

impl Chain {
    pub(crate) fn depth(&self) -> usize {
        self.levels.len()
    }

    /// Evaluates the map at the traces `t` (T_0..T_{M-1}) for z_-1 = `first`.
    pub(crate) fn evaluate(&self, first: Complex, t: &[Complex], s: &mut State, with_jacobian: bool) {
        let m = self.depth();
        s.zeta.resize(m + 1, Complex::ZERO);
        s.c.resize(m + 1, Complex::ZERO);
        s.u.resize(m + 1, Complex::ZERO);
        s.share.resize(m + 1, Complex::ZERO);
        s.h.resize(m + 1, Complex::ZERO);
        s.image.resize(m, Complex::ZERO);
        self.down(first, t, s);
        let (i1, j) = self.base_integrals(s.c[0], s.zeta[0], with_jacobian);
        (s.g, s.h[0]) = (i1[0], i1[1]);
        for (l, (level, _)) in self.levels.iter().enumerate() {
            s.image[l] = s.g * level.alpha + s.h[l] * level.beta;
            s.h[l + 1] = t[l] * s.share[l + 1];
        }
        if with_jacobian {
            self.differentiate(j, s);
        }
    }

    fn down(&self, first: Complex, t: &[Complex], s: &mut State) {
        let m = self.depth();
        s.c[m] = first;
        s.zeta[m] = self.levels.last().map_or(self.base_weight, |l| l.1);
        for l in (1..=m).rev() {
            let (level, _) = self.levels[l - 1];
            s.share[l] = (Complex::ONE + s.zeta[l] * t[l - 1] * level.gamma).recip();
            let u = s.zeta[l] * s.share[l];
            let below = if l == 1 { self.base_weight } else { self.levels[l - 2].1 };
            s.u[l] = u;
            s.c[l - 1] = s.c[l] + u * level.alpha;
            s.zeta[l - 1] = below + u * level.beta;
        }
    }

    /// int x^i/D for i = 0, 1 and int x^i/D^2 for i = 0, 1, 2, D = c + zeta x.
    fn base_integrals(&self, c: Complex, zeta: Complex, squares: bool) -> ([Complex; 2], [Complex; 3]) {
        let (mut one, mut two) = ([Complex::ZERO; 2], [Complex::ZERO; 3]);
        if squares {
            for &(x, w) in &self.base {
                let inverse = (c + zeta * x).recip();
                let (p, q) = (inverse * w, inverse.square() * w);
                one[0] += p;
                one[1] += p * x;
                two[0] += q;
                two[1] += q * x;
                two[2] += q * (x * x);
            }
        } else {
            for &(x, w) in &self.base {
                let p = (c + zeta * x).recip() * w;
                one[0] += p;
                one[1] += p * x;
            }
        }
        (one, two)
    }

    /// The derivative of the map, by the chain rule down and up the levels.
    fn differentiate(&self, [j0, j1, j2]: [Complex; 3], s: &mut State) {
        let m = self.depth();
        let [dc, dg, dh] = &mut s.grad;
        for v in [&mut *dc, &mut *dg, &mut *dh] {
            v.clear();
            v.resize(m, Complex::ZERO);
        }
        // Row l of `zeta_grad`: the gradient of zeta_l.
        s.zeta_grad.clear();
        s.zeta_grad.resize((m + 1) * m, Complex::ZERO);
        for l in (1..=m).rev() {
            let (level, _) = self.levels[l - 1];
            // u = zeta/(1 + gamma zeta T): du/dzeta = share^2, du/dT = -gamma u^2.
            let (by_zeta, by_t) = (s.share[l].square(), s.u[l].square() * -level.gamma);
            for (k, dc) in dc.iter_mut().enumerate() {
                let mut du = by_zeta * s.zeta_grad[l * m + k];
                if k == l - 1 {
                    du += by_t;
                }
                *dc += du * level.alpha;
                s.zeta_grad[(l - 1) * m + k] = du * level.beta;
            }
        }
        for k in 0..m {
            dg[k] = -(j0 * dc[k] + j1 * s.zeta_grad[k]);
            dh[k] = -(j1 * dc[k] + j2 * s.zeta_grad[k]);
        }
        s.jacobian.clear();
        s.jacobian.resize(m * m, Complex::ZERO);
        for (l, (level, _)) in self.levels.iter().enumerate() {
            let (by_t, by_zeta) = (s.share[l + 1].square(), s.h[l + 1].square() * -level.gamma);
            for k in 0..m {
                s.jacobian[l * m + k] = dg[k] * level.alpha + dh[k] * level.beta;
                // h = T/(1 + gamma zeta T): dh/dT = share^2, dh/dzeta = -gamma h^2.
                dh[k] = by_zeta * s.zeta_grad[(l + 1) * m + k];
                if k == l {
                    dh[k] += by_t;
                }
            }
        }
    }

    /// Mass at or below Re z in the limit z -> real axis from above, at an evaluated solution: exact, without integrating.
    ///
    /// The equations are the stationarity conditions of
    ///
    /// ```text
    /// Phi = int log D dmu_0 + sum_l [ (1/gamma_l) log(1 + gamma_l zeta_l T_{l-1}) - u_l T_{l-1} ]
    /// ```
    ///
    /// in T and u, dPhi/dz = -g, and Phi ~ log(-z) far away: Phi = int log(x - z) dmu(x), whose imaginary part on the axis
    /// is -pi times the distribution function. All arguments lie in the closed lower half plane, where arg is in -pi..0.
    pub(crate) fn mass_below(&self, t: &[Complex], s: &State) -> f64 {
        let arg = |z: Complex| -(z.im.abs().atan2(z.re));
        let (c, zeta) = (s.c[0], s.zeta[0]);
        let mut sum: f64 =
            if zeta == Complex::ZERO { arg(c) } else { self.base.iter().map(|&(x, w)| w * arg(c + zeta * x)).sum() };
        for (l, (level, _)) in self.levels.iter().enumerate() {
            let (zeta, u) = (s.zeta[l + 1], s.u[l + 1]);
            if zeta == Complex::ZERO {
                continue;
            }
            // arg(zeta/u) without the cancellation of two args where that is possible (small gamma).
            let factor = Complex::ONE + zeta * t[l] * level.gamma;
            let turn = if factor.re > 0.0 { factor.im.atan2(factor.re) } else { arg(zeta) - arg(u) };
            sum += turn / level.gamma - (u * t[l]).im;
        }
        -sum / std::f64::consts::PI
    }

    /// Bounds of the support: the Marchenko-Pastur map of ratio gamma widens it at most by (1 +- sqrt gamma)^2.
    pub(crate) fn bounds(&self) -> (f64, f64) {
        let (mut low, mut high) = (self.base.first().map_or(0.0, |p| p.0), self.base.last().map_or(0.0, |p| p.0));
        let (mut sum_low, mut sum_high) = (self.base_weight.re * low, self.base_weight.re * high);
        for &(level, weight) in &self.levels {
            let root = level.gamma.sqrt();
            low = if root < 1.0 { (level.alpha + level.beta * low) * (1.0 - root).powi(2) } else { 0.0 };
            high = (level.alpha + level.beta * high) * (1.0 + root).powi(2);
            sum_low += weight.re * low;
            sum_high += weight.re * high;
        }
        (sum_low, sum_high)
    }

    /// Rounding to be expected in `mass_below`.
    pub(crate) fn mass_rounding(&self) -> f64 {
        let wide: f64 = self.levels.iter().map(|(l, _)| 1.0 / l.gamma).sum();
        1e-12 + 4.0 * f64::EPSILON * wide
    }

    /// Where the eigenvalues of the base go when every layer is infinitely wide (gamma = 0): a band lies about each.
    pub(crate) fn images(&self) -> Vec<f64> {
        let image = |&(x, _): &(f64, f64)| {
            let mut y = x;
            let mut sum = self.base_weight.re * y;
            for &(level, weight) in &self.levels {
                y = level.alpha + level.beta * y;
                sum += weight.re * y;
            }
            sum
        };
        self.base.iter().map(image).collect()
    }

    /// Mean eigenvalue: every level has mean alpha + beta * (mean of the one below).
    pub(crate) fn mean(&self) -> f64 {
        let mut mean: f64 = self.base.iter().map(|(x, w)| x * w).sum();
        let mut sum = self.base_weight.re * mean;
        for &(level, weight) in &self.levels {
            mean = level.alpha + level.beta * mean;
            sum += weight.re * mean;
        }
        sum
    }

    /// The atoms (eigenvalue, mass) by counting dimensions.
    ///
    /// Layer l has d_l features: its kernel K_l = Y^T Y has a null space of dimension n - d_l in general position, or that
    /// of its covariance where that is larger. An eigenvalue keeps a positive share p of the dimensions only on the part
    /// of an eigenspace of the base that every layer with a positive weight maps to zero.
    pub(crate) fn atoms(&self) -> Vec<(f64, f64)> {
        // (place, share p of the eigenspace, share of it inside the null space of the current kernel).
        let mut spaces: Vec<(f64, f64, f64)> = if self.base_weight.re > 0.0 {
            let null = |x: f64, w: f64| if x == 0.0 { w } else { 0.0 };
            self.base.iter().map(|&(x, w)| (self.base_weight.re * x, w, null(x, w))).collect()
        } else {
            let null = self.base.iter().filter(|p| p.0 == 0.0).map(|p| p.1).sum();
            vec![(0.0, 1.0, null)]
        };
        for &(level, weight) in &self.levels {
            for (_, share, null) in &mut spaces {
                // The covariance alpha + beta K has a null space only for a linear activation.
                let inherited = if level.alpha == 0.0 { *null } else { 0.0 };
                let kernel = inherited.max(*share - 1.0 / level.gamma);
                if weight.re > 0.0 {
                    *share = kernel;
                }
                *null = kernel;
            }
        }
        // Shares that are only the rounding of a critical ratio are none.
        spaces.into_iter().map(|(x, p, _)| (x, p)).filter(|a| a.1 > 1e-13).collect()
    }
}
