//! What a layer is for, guessed from its name and its view, so that a picture over depth can colour it.

use std::fmt;

/// The sorts of layers that the page tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LayerType {
    Query,
    Key,
    Value,
    /// Query, key and value in one matrix.
    Qkv,
    /// The projection behind the heads.
    AttentionOutput,
    Dense,
    Embedding,
    Convolution,
    Recurrent,
    Other,
}

impl LayerType {
    /// The name in the page's data.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Key => "key",
            Self::Value => "value",
            Self::Qkv => "qkv",
            Self::AttentionOutput => "attention_output",
            Self::Dense => "dense",
            Self::Embedding => "embedding",
            Self::Convolution => "conv",
            Self::Recurrent => "recurrent",
            Self::Other => "other",
        }
    }

    /// A guess. The view is sure where it says anything; names follow the habits of the common libraries.
    pub(crate) fn guess(layer: &str, view: &str) -> Self {
        Self::of_view(view).unwrap_or_else(|| Self::of_name(layer))
    }

    fn of_view(view: &str) -> Option<Self> {
        let (whole, part) = view.split_once('.').unwrap_or((view, ""));
        match whole.split('[').next().unwrap_or(whole) {
            "flatten" | "positions" => Some(Self::Convolution),
            "gates" => Some(Self::Recurrent),
            "heads" => match part.split('[').next() {
                Some("q") => Some(Self::Query),
                Some("k") => Some(Self::Key),
                Some("v") => Some(Self::Value),
                Some("o") => Some(Self::AttentionOutput),
                _ => None,
            },
            _ => None,
        }
    }

    fn of_name(layer: &str) -> Self {
        let name = words(layer);
        let has = |any: &[&str]| name.iter().any(|w| any.contains(&w.as_str()));
        let starts = |any: &[&str]| name.iter().any(|w| any.iter().any(|a| w.starts_with(a)));
        let attention = name.iter().any(|w| w.contains("attn") || w.contains("attention") || w == "mha");
        if starts(&["embed", "wte", "wpe"]) || has(&["emb", "tokens", "positions"]) && !attention {
            return Self::Embedding;
        }
        if has(&["qkv", "wqkv"]) || attention && (has(&["in"]) || name.windows(2).any(|w| w == ["c", "attn"])) {
            return Self::Qkv;
        }
        if starts(&["query"]) || has(&["wq"]) || last_of(&name, &["q"], attention) {
            return Self::Query;
        }
        if has(&["key", "wk"]) || last_of(&name, &["k"], attention) {
            return Self::Key;
        }
        if has(&["value", "values", "wv"]) || last_of(&name, &["v"], attention) {
            return Self::Value;
        }
        if starts(&["lstm", "gru", "rnn"]) || has(&["ih", "hh"]) {
            return Self::Recurrent;
        }
        if starts(&["conv", "downsample"]) {
            return Self::Convolution;
        }
        if attention && (has(&["out", "output", "o", "proj", "wo", "dense", "lin"])) {
            return Self::AttentionOutput;
        }
        let dense = [
            "mlp",
            "ffn",
            "ff",
            "fc",
            "dense",
            "linear",
            "feed",
            "intermediate",
            "classifier",
            "head",
            "lm",
            "hidden",
            "readout",
            "pooler",
            "output",
            "gate",
            "up",
            "down",
            "wi",
            "wo",
            "lin",
            "decoder",
            "proj",
        ];
        if has(&dense) || starts(&["fc", "linear", "lin1", "lin2", "wi", "dense", "feedforward", "mlp"]) {
            return Self::Dense;
        }
        Self::Other
    }
}

impl fmt::Display for LayerType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A single letter says something only inside an attention block, or as a projection (`q_proj`).
fn last_of(name: &[String], letters: &[&str], attention: bool) -> bool {
    name.iter().enumerate().any(|(i, w)| {
        letters.contains(&w.as_str())
            && (attention || name.get(i + 1).is_some_and(|next| ["proj", "lin", "linear"].contains(&next.as_str())))
    })
}

/// Lower-case words of a path: `encoder.SelfAttention.q_proj2` is encoder, self, attention, q, proj2.
fn words(layer: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut open = false;
    let mut small = false;
    for c in layer.chars() {
        if !c.is_alphanumeric() {
            (open, small) = (false, false);
            continue;
        }
        if !open || c.is_uppercase() && small {
            out.push(String::new());
        }
        if let Some(word) = out.last_mut() {
            word.extend(c.to_lowercase());
        }
        (open, small) = (true, c.is_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::LayerType as T;

    /// Names as the libraries write them: BERT, GPT-2, Llama, T5, torch's own modules, ViT, ResNet, ours.
    #[test]
    fn the_common_libraries_names_are_known() {
        for (name, sort) in [
            ("encoder.layer.0.attention.self.query.weight", T::Query),
            ("encoder.layer.0.attention.self.key.weight", T::Key),
            ("encoder.layer.0.attention.self.value.weight", T::Value),
            ("encoder.layer.0.attention.output.dense.weight", T::AttentionOutput),
            ("encoder.layer.0.intermediate.dense.weight", T::Dense),
            ("encoder.layer.0.output.dense.weight", T::Dense),
            ("embeddings.word_embeddings.weight", T::Embedding),
            ("embeddings.token_type_embeddings.weight", T::Embedding),
            ("h.0.attn.c_attn.weight", T::Qkv),
            ("h.0.attn.c_proj.weight", T::AttentionOutput),
            ("h.0.mlp.c_fc.weight", T::Dense),
            ("h.0.mlp.c_proj.weight", T::Dense),
            ("wte.weight", T::Embedding),
            ("model.layers.3.self_attn.q_proj.weight", T::Query),
            ("model.layers.3.self_attn.o_proj.weight", T::AttentionOutput),
            ("model.layers.3.mlp.gate_proj.weight", T::Dense),
            ("model.embed_tokens.weight", T::Embedding),
            ("lm_head.weight", T::Dense),
            ("encoder.block.0.layer.0.SelfAttention.q.weight", T::Query),
            ("encoder.block.0.layer.0.SelfAttention.o.weight", T::AttentionOutput),
            ("encoder.block.0.layer.1.DenseReluDense.wi.weight", T::Dense),
            ("transformer.layers.1.self_attn.in_proj_weight", T::Qkv),
            ("transformer.layers.1.self_attn.out_proj.weight", T::AttentionOutput),
            ("transformer.layers.1.linear1.weight", T::Dense),
            ("blocks.0.attn.qkv.weight", T::Qkv),
            ("blocks.0.attn.proj.weight", T::AttentionOutput),
            ("layer1.0.conv1.weight", T::Convolution),
            ("lstm.weight_ih_l0", T::Recurrent),
            ("decoder.rnn.weight_hh", T::Recurrent),
            ("fc.weight", T::Dense),
            ("hidden.weight", T::Dense),
            ("layers.0.weight", T::Other),
            ("w", T::Other),
            ("", T::Other),
        ] {
            assert_eq!(T::guess(name, "matrix"), sort, "{name}");
        }
    }

    #[test]
    fn a_view_says_more_than_a_name() {
        assert_eq!(T::guess("features.0.weight", "positions[1,2]"), T::Convolution);
        assert_eq!(T::guess("patch_embed.proj.weight", "flatten"), T::Convolution);
        assert_eq!(T::guess("cell.weight", "gates.input"), T::Recurrent);
        assert_eq!(T::guess("x", "heads.k[3]"), T::Key);
        assert_eq!(T::guess("x", "heads.o[0]"), T::AttentionOutput);
    }
}
