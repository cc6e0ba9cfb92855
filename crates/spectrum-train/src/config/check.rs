//! What a config must keep, beyond its types.

use spectrum_core::{Kind, Precision, Route};
use spectrum_data::LabelForm;
use spectrum_linalg::Part;

use super::read::nearest;
use super::{
    Batch, Config, DataConfig, DynamicsConfig, FeatureScale, InterventionsConfig, KernelLayers, LossKind, MatrixConfig,
    ModelConfig,
};

/// The key and what is wrong with it.
pub(super) type Wrong = (&'static str, String);

fn positive(key: &'static str, n: usize) -> Result<(), Wrong> {
    if n == 0 { Err((key, "must be at least 1, found 0".into())) } else { Ok(()) }
}

/// That a matrix has a test set, and targets from one place.
fn matrix(m: &MatrixConfig) -> Result<(), Wrong> {
    positive("data.n_test", m.n_test)?;
    if m.has_targets() == m.teacher.is_some() {
        let found = if m.has_targets() { "both" } else { "neither" };
        let expected = "expected data.targets (or data.targets_file), or data.teacher";
        return Err(("data.targets", format!("a matrix needs targets or a teacher, found {found}; {expected}")));
    }
    if m.teacher.is_some() && m.form == LabelForm::Class {
        return Err(("data.form", "a teacher makes numbers: expected `values` or `sign`".into()));
    }
    match m.noise {
        Some(_) if m.teacher.is_none() => {
            Err(("data.noise", "is added to a teacher's labels, and there is no data.teacher".into()))
        }
        Some(s) if !(s.is_finite() && s >= 0.0) => {
            Err(("data.noise", format!("must be finite and not negative, found {s}")))
        }
        _ => Ok(()),
    }
}

/// Everything that can be checked without touching data or a device.
pub(super) fn check(c: &Config) -> Result<(), Wrong> {
    /// f64 elements that fit into half of a 64 GiB machine: beyond it a size is a slip of the keyboard.
    const ELEMENTS: usize = 1 << 32;
    if !matches!(c.precision, Precision::F32 | Precision::F64) {
        return Err(("precision", format!("`{}` cannot be trained in; expected f32 or f64", c.precision.as_str())));
    }
    let mut inputs = None;
    if let DataConfig::SingleIndex(d) = &c.data {
        positive("data.n", d.n)?;
        positive("data.d", d.d)?;
        positive("data.n_test", d.n_test)?;
        if !(d.noise.is_finite() && d.noise >= 0.0) {
            return Err(("data.noise", format!("must be finite and not negative, found {}", d.noise)));
        }
        if d.n.max(d.n_test).max(d.n_probe).checked_mul(d.d).is_none_or(|e| e > ELEMENTS) {
            return Err(("data.n", format!("{} x {} inputs do not fit into memory", d.n, d.d)));
        }
        inputs = Some(d.d);
    }
    if let DataConfig::Matrix(m) = &c.data {
        matrix(m)?;
    }
    match &c.model {
        ModelConfig::TwoLayer(m) => {
            positive("model.width", m.width)?;
            if inputs.unwrap_or(1).checked_mul(m.width).is_none_or(|e| e > ELEMENTS) {
                return Err(("model.width", format!("{} hidden units do not fit into memory", m.width)));
            }
            if !c.data.has_values() {
                let why = "two-layer has one output; expected `mlp` for classes, or data.targets = \"sign\" (of a matrix: \
                           data.form) for two of them";
                return Err(("model.kind", why.into()));
            }
        }
        ModelConfig::SumEmbedding(m) => {
            positive("model.embedding", m.embedding)?;
            positive("model.hidden", m.hidden)?;
            if m.embedding.max(m.hidden) > ELEMENTS >> 13 {
                return Err(("model.hidden", "embedding and hidden layer do not fit into memory".into()));
            }
            if !matches!(c.data, DataConfig::Modular(_)) {
                return Err((
                    "model.kind",
                    "sum-embedding needs pairs of residues: expected data.kind = \"modular\"".into(),
                ));
            }
        }
        ModelConfig::Transformer(m) => {
            positive("model.width", m.width)?;
            positive("model.heads", m.heads)?;
            positive("model.blocks", m.blocks)?;
            if !m.width.is_multiple_of(m.heads) {
                let why = format!("{} heads do not divide the width {}; expected a divisor of it", m.heads, m.width);
                return Err(("model.heads", why));
            }
            if m.width.max(m.hidden()) > ELEMENTS >> 14 || m.blocks > 1024 {
                return Err(("model.width", "the blocks do not fit into memory".into()));
            }
            if !matches!(c.data, DataConfig::Modular(_)) {
                let why = "transformer needs sequences of tokens: expected data.kind = \"modular\"";
                return Err(("model.kind", why.into()));
            }
            if c.spectra.kinds.iter().any(|k| matches!(k, Kind::Ck | Kind::Ntk)) {
                let why = "kernels are those of layers that see a sample once, and positions share a transformer's; expected weight, \
                           displacement, update, gradient";
                return Err(("spectra.kinds", why.into()));
            }
        }
        ModelConfig::ConvNet(m) => {
            if m.channels.is_empty() {
                return Err(("model.channels", "needs at least one convolution".into()));
            }
            for w in &m.channels {
                positive("model.channels", *w)?;
                if *w > ELEMENTS >> 16 {
                    return Err(("model.channels", format!("{w} channels do not fit into memory")));
                }
            }
            if m.kernel.is_multiple_of(2) || m.kernel > 63 {
                return Err(("model.kernel", format!("must be odd and at most 63, found {}", m.kernel)));
            }
            if !c.data.has_images() {
                return Err((
                    "model.kind",
                    "conv-net needs images; expected `two-layer` or `mlp` for this data".into(),
                ));
            }
        }
        ModelConfig::Mlp(m) => {
            if m.hidden.is_empty() {
                return Err(("model.hidden", "needs at least one width".into()));
            }
            for w in &m.hidden {
                positive("model.hidden", *w)?;
                if *w > ELEMENTS >> 8 {
                    return Err(("model.hidden", format!("{w} hidden units do not fit into memory")));
                }
            }
        }
    }
    match (c.training.steps, c.training.epochs) {
        (Some(_), Some(_)) => return Err(("training", "has both `steps` and `epochs`; expected one of them".into())),
        (None, None) => return Err(("training", "has neither `steps` nor `epochs`; expected one of them".into())),
        _ => {}
    }
    if c.training.clip_norm.is_some_and(|n| !(n.is_finite() && n > 0.0)) {
        return Err(("training.clip_norm", "must be finite and positive".into()));
    }
    let r = &c.training.regularizers;
    for (key, value) in [
        ("training.regularizers.weight_decay", r.weight_decay),
        ("training.regularizers.input_noise", r.input_noise),
        ("training.regularizers.jacobian", r.jacobian),
    ] {
        if !(value.is_finite() && value >= 0.0) {
            return Err((key, format!("must be finite and not negative, found {value}")));
        }
    }
    if r.input_noise > 0.0 && matches!(c.data, DataConfig::Modular(_)) {
        let why = "noise is added to numbers, and the inputs are residues; expected other data";
        return Err(("training.regularizers.input_noise", why.into()));
    }
    if c.probe.substitutes.is_some() && !(c.probe.enabled && c.spectra.enabled) {
        return Err(("probe.substitutes", "needs probe.enabled and spectra.enabled".into()));
    }
    if let ModelConfig::TwoLayer(m) = &c.model
        && r.jacobian > 0.0
        && m.train.iter().any(|p| p != "hidden" && p != "hidden.weight")
    {
        let why = "its closed form is that of the hidden layer alone; expected model.train = [\"hidden\"]";
        return Err(("training.regularizers.jacobian", why.into()));
    }
    if r.jacobian > 0.0 && !matches!(c.model, ModelConfig::TwoLayer(_)) {
        return Err((
            "training.regularizers.jacobian",
            "has a closed form for the two-layer model only; expected `two-layer`".into(),
        ));
    }
    if c.training.loss == Some(LossKind::Logistic) && !c.data.has_signs() {
        return Err((
            "training.loss",
            "logistic needs labels -1 and +1: data.targets = \"sign\", data.form = \"sign\", or data.sign = true"
                .into(),
        ));
    }
    if c.training.loss == Some(LossKind::CrossEntropy) && c.data.has_values() {
        return Err(("training.loss", "cross-entropy needs classes; this data has real targets".into()));
    }
    if !(c.probe.ridge_lambda.is_finite() && c.probe.ridge_lambda > 0.0) {
        return Err(("probe.ridge_lambda", format!("must be finite and positive, found {}", c.probe.ridge_lambda)));
    }
    let g = &c.gradients;
    if (g.decompose || g.means) && !c.spectra.kinds.contains(&Kind::Gradient) {
        return Err(("spectra.kinds", "[gradients] measures the kind `gradient`, which is not among them".into()));
    }
    if g.decompose {
        if !matches!(c.model, ModelConfig::TwoLayer(_)) {
            return Err((
                "gradients.decompose",
                "the terms are those of a two-layer network; expected model.kind = \"two-layer\"".into(),
            ));
        }
        if !c.data.has_spikes() {
            let why = "needs data with spikes: data.kind = \"spiked\", or data.spikes of images or a matrix";
            return Err(("gradients.decompose", why.into()));
        }
        if c.training.batch != Batch::Full {
            return Err((
                "gradients.decompose",
                "the terms are those of the whole training set; expected training.batch = \"full\"".into(),
            ));
        }
    }
    if c.kernels.laws {
        crate::run::limits::applies(c)?;
        if !c.spectra.kinds.iter().any(|k| matches!(k, Kind::Ck | Kind::Ntk)) {
            return Err(("kernels.laws", "needs the kind ck or ntk in spectra.kinds".into()));
        }
        if !c.spectra.kinds.contains(&Kind::Ck) {
            return Err(("spectra.kinds", "the law of ntk is compared through every ck: expected both kinds".into()));
        }
        if c.kernels.layers == KernelLayers::Last && c.spectra.kinds.contains(&Kind::Ntk) {
            return Err(("kernels.layers", "the law of ntk is compared through every layer: expected `all`".into()));
        }
    }
    if c.kernels.samples == 1 {
        return Err(("kernels.samples", "a kernel needs at least two samples, found 1; 0 means all".into()));
    }
    if c.spectra.route == Route::Density {
        return Err((
            "spectra.route",
            "density is not computed by this version; expected gram, svd, vectors, topk".into(),
        ));
    }
    if c.spectra.enabled && c.spectra.layers.is_empty() {
        return Err(("spectra.layers", "an empty list records nothing; use enabled = false".into()));
    }
    if c.spectra.enabled && c.spectra.kinds.is_empty() {
        return Err(("spectra.kinds", "an empty list records nothing; use enabled = false".into()));
    }
    if c.spectra.workers > 1024 {
        return Err(("spectra.workers", format!("must be at most 1024, found {}", c.spectra.workers)));
    }
    if c.spectra.queue > 65_536 {
        return Err(("spectra.queue", format!("must be at most 65536, found {}", c.spectra.queue)));
    }
    if let Some(d) = &c.dynamics {
        dynamics(d, c)?;
    }
    if let Some(i) = &c.interventions {
        interventions(i)?;
    }
    if !crate::backend::NAMES.contains(&c.backend.as_str()) {
        let hint = nearest(&c.backend, &crate::backend::NAMES);
        return Err((
            "backend",
            format!("unknown `{}`{hint}; expected one of {}", c.backend, crate::backend::NAMES.join(", ")),
        ));
    }
    if c.probe.feature_scale == FeatureScale::D && !matches!(c.model, ModelConfig::TwoLayer(_)) {
        return Err(("probe.feature_scale", "`d` is defined for the two-layer model; expected `sqrt_d`".into()));
    }
    Ok(())
}

fn dynamics(d: &DynamicsConfig, c: &Config) -> Result<(), Wrong> {
    if !(d.threshold > 0.0 && d.threshold < 1.0) {
        return Err(("dynamics.threshold", format!("must be an accuracy between 0 and 1, found {}", d.threshold)));
    }
    if !(c.spectra.enabled && c.spectra.kinds.contains(&Kind::Weight)) {
        return Err(("spectra.kinds", "[dynamics] is computed from the kind `weight`, which is not recorded".into()));
    }
    if !d.agreement.is_empty() && c.spectra.vectors == 0 {
        return Err((
            "spectra.vectors",
            "dynamics.agreement compares singular vectors: expected at least 1, found 0".into(),
        ));
    }
    Ok(())
}

fn interventions(i: &InterventionsConfig) -> Result<(), Wrong> {
    if let Some(f) = i.fractions.iter().find(|f| !(**f > 0.0 && **f < 1.0)) {
        return Err(("interventions.fractions", format!("must be between 0 and 1, found {f}")));
    }
    if let Some(k) = (1..i.fractions.len()).find(|k| i.fractions[..*k].contains(&i.fractions[*k])) {
        return Err(("interventions.fractions", format!("{} is there twice", i.fractions[k])));
    }
    if let Some(k) = (1..i.keep.len()).find(|k| i.keep[..*k].contains(&i.keep[*k])) {
        return Err(("interventions.keep", format!("`{}` is there twice", Part::from(i.keep[k]))));
    }
    if i.fractions.is_empty() || i.keep.is_empty() {
        let key = if i.keep.is_empty() { "interventions.keep" } else { "interventions.fractions" };
        return Err((key, "an empty list evaluates nothing; leave [interventions] out".into()));
    }
    Ok(())
}
