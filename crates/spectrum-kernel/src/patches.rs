//! The gradient of each sample with respect to a convolution's weights.

/// Shape of one convolution with stride 1 and its images.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub inputs: usize,
    pub outputs: usize,
    pub height: usize,
    pub width: usize,
    pub kernel: [usize; 2],
    pub padding: [usize; 2],
}

impl Shape {
    fn area(&self) -> usize {
        self.height * self.width
    }

    /// Rows of a sample's patches: kernel positions of every input channel.
    pub fn patch(&self) -> usize {
        self.inputs * self.kernel[0] * self.kernel[1]
    }

    /// What the kernel sees at each place: patch x area, row-major, zeros outside the image.
    fn patches(&self, image: &[f64], out: &mut [f64]) {
        let (h, w) = (self.height as isize, self.width as isize);
        let mut row = 0;
        for c in 0..self.inputs {
            let plane = &image[c * self.area()..][..self.area()];
            for i in 0..self.kernel[0] {
                for j in 0..self.kernel[1] {
                    let (di, dj) = (i as isize - self.padding[0] as isize, j as isize - self.padding[1] as isize);
                    let line = &mut out[row * self.area()..][..self.area()];
                    for (at, value) in line.iter_mut().enumerate() {
                        let (y, x) = ((at / self.width) as isize + di, (at % self.width) as isize + dj);
                        let inside = (0..h).contains(&y) && (0..w).contains(&x);
                        *value = if inside { plane[(y * w + x) as usize] } else { 0.0 };
                    }
                    row += 1;
                }
            }
        }
    }

    /// Gradients of the samples with respect to the weights of some output channels, one sample a column: entry
    /// (channel, kernel position) is sum over places of delta * patch; with `bias` the sum of delta follows each channel.
    pub fn gradients(
        &self,
        images: &[f64],
        deltas: &[f64],
        channels: std::ops::Range<usize>,
        parts: Parts,
        n: usize,
    ) -> Vec<f64> {
        let (area, patch) = (self.area(), self.patch());
        let rows = channels.len() * parts.rows(patch);
        let mut out = Vec::with_capacity(rows * n);
        let mut patches = vec![0.0; if parts.weight { patch * area } else { 0 }];
        for sample in 0..n {
            if parts.weight {
                self.patches(&images[sample * self.inputs * area..][..self.inputs * area], &mut patches);
            }
            for channel in channels.clone() {
                let delta = &deltas[(sample * self.outputs + channel) * area..][..area];
                if parts.weight {
                    let dot = |p: &[f64]| p.iter().zip(delta).map(|(x, d)| x * d).sum::<f64>();
                    out.extend(patches.chunks_exact(area).map(dot));
                }
                if parts.bias {
                    out.push(delta.iter().sum());
                }
            }
        }
        out
    }
}

/// Which parameters of a layer train.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts {
    pub weight: bool,
    pub bias: bool,
}

impl Parts {
    /// Parameters of one output channel with `patch` weights.
    pub fn rows(self, patch: usize) -> usize {
        if self.weight { patch } else { 0 }.saturating_add(usize::from(self.bias))
    }
}
