//! Which matrices a tensor of another tool's checkpoint becomes, by its name and shape.
//!
//! A state dict does not say what its tensors are. The names that PyTorch, Hugging Face and Burn give their layers do, and
//! where they do not, a tensor is one matrix (two axes) or a convolution kernel (more), output first.

use spectrum_core::{Cell, LayerRule, Order, Projection, View};

use crate::settings::{Layout, ViewChoice};

/// What the names of the whole checkpoint say.
#[derive(Debug, Clone, Default)]
pub struct Dialect {
    /// Two-dimensional tensors are input x output (Burn).
    pub input_first: bool,
    /// The attention blocks are GPT-2's, whose `Conv1D` keeps its weights input x output.
    pub conv1d: bool,
    /// Attention heads of queries; 0 when nobody said.
    pub heads: usize,
    /// Attention heads of keys and values (grouped-query attention has fewer).
    pub key_heads: usize,
}

/// Name and shape of a tensor.
pub type Named<'a> = (&'a str, &'a [usize]);

impl Dialect {
    /// Reads the dialect off the tensors.
    #[must_use]
    pub fn of(tensors: &[Named<'_>], burnpack: bool, layout: Layout, heads: usize, key_heads: usize) -> Self {
        let input_first = match layout {
            Layout::Auto => burnpack,
            Layout::Torch => false,
            Layout::Burn => true,
        };
        let conv1d = tensors
            .iter()
            .any(|(name, shape)| stem(name).ends_with("c_attn") && matches!(shape, [d, w] if *w == 3 * d));
        Self { input_first, conv1d: conv1d && layout == Layout::Auto, heads, key_heads }
    }

    fn order(&self, name: &str, shape: &[usize]) -> Order {
        if shape.len() > 2 {
            let lower = name.to_ascii_lowercase();
            let transposed = ["transpose", "deconv"].iter().any(|t| lower.contains(t));
            return if transposed { Order::InOut } else { Order::OutIn };
        }
        let stem = stem(name);
        let last = stem.rsplit('.').next().unwrap_or(stem);
        let gpt2 = self.conv1d && matches!(last, "c_attn" | "c_fc" | "c_proj");
        if self.input_first || gpt2 || is_embedding(name) { Order::InOut } else { Order::OutIn }
    }
}

/// The name without its `.weight`.
fn stem(name: &str) -> &str {
    name.strip_suffix(".weight").unwrap_or(name)
}

fn is_embedding(name: &str) -> bool {
    let stem = stem(name);
    let last = stem.rsplit('.').next().unwrap_or(stem);
    let usual = matches!(last, "wte" | "wpe" | "embed_tokens" | "embed_positions" | "shared" | "embed" | "emb");
    let endings = ["embedding", "embeddings", "embedding_table", "_emb"];
    usual || endings.iter().any(|e| last.ends_with(e))
}

/// LSTM or GRU, from the recurrent weight (gates * h, h) of the same layer.
fn cell(name: &str, tensors: &[Named<'_>]) -> Option<Cell> {
    let recurrent = if name.contains("weight_hh") || name.contains("w_hh") {
        name.to_owned()
    } else if name.contains("weight_ih") {
        name.replace("weight_ih", "weight_hh")
    } else if name.contains("w_ih") {
        name.replace("w_ih", "w_hh")
    } else {
        return None;
    };
    let (_, shape) = tensors.iter().find(|(n, _)| *n == recurrent)?;
    match **shape {
        [gates, h] if h > 0 && gates == 4 * h => Some(Cell::Lstm),
        [gates, h] if h > 0 && gates == 3 * h => Some(Cell::Gru),
        _ => None,
    }
}

/// The attention projection that a name means.
fn projection(name: &str) -> Option<Projection> {
    if name.ends_with("in_proj_weight") {
        return Some(Projection::Stacked);
    }
    let stem = stem(name);
    let mut parts = stem.rsplit('.');
    let last = parts.next()?;
    let before = parts.next().unwrap_or("");
    let attention = stem.contains("attn") || stem.contains("attention");
    match last {
        "query" | "q_proj" | "to_q" | "wq" | "q_lin" => Some(Projection::Query),
        "key" | "k_proj" | "to_k" | "wk" | "k_lin" => Some(Projection::Key),
        "value" | "v_proj" | "to_v" | "wv" | "v_lin" => Some(Projection::Value),
        "o_proj" | "wo" | "out_lin" => Some(Projection::Output),
        "out_proj" | "c_proj" | "output" if attention => Some(Projection::Output),
        "dense" if before == "output" && attention => Some(Projection::Output),
        "0" if before == "to_out" => Some(Projection::Output),
        "c_attn" | "qkv" | "qkv_proj" | "Wqkv" => Some(Projection::Stacked),
        "query_key_value" => Some(Projection::Interleaved),
        _ => None,
    }
}

/// The rules of one tensor: its usual view, or those that were asked for and fit. None for a tensor of fewer than two axes.
#[must_use]
pub fn rules(
    name: &str,
    shape: &[usize],
    tensors: &[Named<'_>],
    dialect: &Dialect,
    asked: &[ViewChoice],
) -> Vec<LayerRule> {
    let order = dialect.order(name, shape);
    let rule = |view| LayerRule { name: name.to_owned(), parameters: vec![name.to_owned()], view, order };
    let of = |choices: &[(ViewChoice, View)], usual: View| -> Vec<LayerRule> {
        let views: Vec<View> = choices.iter().filter(|(c, _)| asked.contains(c)).map(|(_, v)| *v).collect();
        if views.is_empty() { vec![rule(usual)] } else { views.into_iter().map(rule).collect() }
    };
    if shape.len() > 2 {
        return of(&[(ViewChoice::Flatten, View::Flatten), (ViewChoice::Positions, View::Positions)], View::Flatten);
    }
    if shape.len() < 2 {
        return Vec::new();
    }
    if let Some(cell) = cell(name, tensors) {
        return of(&[(ViewChoice::Stacked, View::Stacked), (ViewChoice::Gates, View::Gates(cell))], View::Stacked);
    }
    let Some(role) = projection(name) else { return vec![rule(View::Matrix)] };
    let stacked = matches!(role, Projection::Stacked | Projection::Interleaved);
    let whole = if stacked { View::Stacked } else { View::Matrix };
    let count = match role {
        Projection::Key | Projection::Value if dialect.key_heads > 0 => dialect.key_heads,
        _ => dialect.heads,
    };
    // Grouped queries stack unequal thirds: their heads cannot be told from the shape.
    let grouped = stacked && dialect.key_heads > 0 && dialect.key_heads != dialect.heads;
    if count == 0 || grouped {
        return vec![rule(whole)];
    }
    // One whole, by whichever of its two names.
    let name = if asked.contains(&ViewChoice::Matrix) { ViewChoice::Matrix } else { ViewChoice::Stacked };
    of(&[(name, whole), (ViewChoice::Heads, View::Heads { count, role })], whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn views(name: &str, shape: &[usize], all: &[Named<'_>], asked: &[ViewChoice]) -> Vec<(View, Order)> {
        let dialect = Dialect::of(all, false, Layout::Auto, 12, 0);
        rules(name, shape, all, &dialect, asked).into_iter().map(|r| (r.view, r.order)).collect()
    }

    #[test]
    fn names_of_bert_gpt2_and_lstm_are_understood() {
        let bert = "encoder.layer.0.attention.self.query.weight";
        assert_eq!(views(bert, &[384, 384], &[], &[]), [(View::Matrix, Order::OutIn)]);
        let heads = |role| (View::Heads { count: 12, role }, Order::OutIn);
        assert_eq!(views(bert, &[384, 384], &[], &[ViewChoice::Heads]), [heads(Projection::Query)]);
        let output = "encoder.layer.0.attention.output.dense.weight";
        assert_eq!(views(output, &[384, 384], &[], &[ViewChoice::Heads]), [heads(Projection::Output)]);
        assert_eq!(
            views("encoder.layer.0.output.dense.weight", &[384, 1536], &[], &[ViewChoice::Heads]),
            [(View::Matrix, Order::OutIn)]
        );
        let embedding = "embeddings.word_embeddings.weight";
        assert_eq!(views(embedding, &[30522, 384], &[], &[]), [(View::Matrix, Order::InOut)]);

        assert_eq!(views("enc_emb", &[29, 256], &[], &[]), [(View::Matrix, Order::InOut)]);

        let gpt2: &[Named<'_>] = &[("h.0.attn.c_attn.weight", &[768, 2304]), ("h.0.mlp.c_fc.weight", &[768, 3072])];
        assert_eq!(views(gpt2[0].0, gpt2[0].1, gpt2, &[]), [(View::Stacked, Order::InOut)]);
        assert_eq!(views(gpt2[1].0, gpt2[1].1, gpt2, &[]), [(View::Matrix, Order::InOut)]);

        let lstm: &[Named<'_>] = &[("lstm.weight_ih_l0", &[1024, 40]), ("lstm.weight_hh_l0", &[1024, 256])];
        assert_eq!(views(lstm[0].0, lstm[0].1, lstm, &[]), [(View::Stacked, Order::OutIn)]);
        let gates = (View::Gates(Cell::Lstm), Order::OutIn);
        assert_eq!(views(lstm[0].0, lstm[0].1, lstm, &[ViewChoice::Gates]), [gates]);
        let gru: &[Named<'_>] = &[("enc_w_ih", &[768, 256]), ("enc_w_hh", &[768, 256])];
        let gates = (View::Gates(Cell::Gru), Order::OutIn);
        assert_eq!(views(gru[0].0, gru[0].1, gru, &[ViewChoice::Gates]), [gates]);
    }

    #[test]
    fn vectors_have_no_rule_and_kernels_have_two() {
        assert!(views("bias", &[10], &[], &[]).is_empty());
        let both = views("conv.weight", &[8, 4, 3, 3], &[], &[ViewChoice::Positions, ViewChoice::Flatten]);
        assert_eq!(both, [(View::Flatten, Order::OutIn), (View::Positions, Order::OutIn)]);
    }

    #[test]
    fn burn_keeps_its_inputs_first() {
        let dialect = Dialect::of(&[], true, Layout::Auto, 0, 0);
        assert_eq!(rules("hidden.weight", &[20, 30], &[], &dialect, &[])[0].order, Order::InOut);
    }
}
