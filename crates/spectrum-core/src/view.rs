//! The views: what a parameter is, and which matrices it becomes.

use std::fmt;

/// How a parameter becomes matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum View {
    /// A two-dimensional array as one matrix.
    Matrix,
    /// A convolution (c_out, c_in, h, w) as one c_out x (c_in h w) matrix. Any number of kernel axes.
    Flatten,
    /// A convolution as one c_out x c_in matrix for each kernel position.
    Positions,
    /// Gates of a recurrent layer stacked along the output, as one matrix.
    Stacked,
    /// The same, one matrix a gate.
    Gates(Cell),
    /// An attention projection, one matrix a head.
    Heads {
        /// How many heads.
        count: usize,
        /// Which projection the parameter holds.
        role: Projection,
    },
    /// What a head's queries and keys make of two inputs, one matrix a head: W_q^T W_k (input x input), whose left vectors are the query's
    /// side. One parameter with stacked projections, or that of the queries and that of the keys.
    Qk {
        /// How many heads.
        count: usize,
    },
    /// What a head passes on, one matrix a head: W_o W_v (output x input). The parameter of the values, stacked or alone, and that
    /// of the output projection.
    Ov {
        /// How many heads.
        count: usize,
    },
}

/// A recurrent cell, by the order in which its gates are stacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cell {
    /// Input, forget, cell, output (PyTorch's and Burn's order).
    Lstm,
    /// Reset, update, new (PyTorch's order).
    Gru,
}

impl Cell {
    /// The gates' names in the order of the stack.
    #[must_use]
    pub fn gates(self) -> &'static [&'static str] {
        match self {
            Self::Lstm => &["input", "forget", "cell", "output"],
            Self::Gru => &["reset", "update", "new"],
        }
    }
}

/// What an attention projection makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Projection {
    /// Queries: heads share out the outputs.
    Query,
    /// Keys: heads share out the outputs.
    Key,
    /// Values: heads share out the outputs.
    Value,
    /// The output projection: heads share out the inputs.
    Output,
    /// Queries, keys and values stacked along the output: all queries first.
    Stacked,
    /// The same head by head: queries, keys and values of the first, then of the next (GPT-NeoX, BLOOM).
    Interleaved,
}

impl View {
    /// The name in rows, without the instance.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Matrix => "matrix",
            Self::Flatten => "flatten",
            Self::Positions => "positions",
            Self::Stacked => "stacked",
            Self::Gates(_) => "gates",
            Self::Heads { .. } => "heads",
            Self::Qk { .. } => "qk",
            Self::Ov { .. } => "ov",
        }
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which axis of a two-dimensional array is the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Order {
    /// The first axis is the output (PyTorch's linear layers, our own models).
    #[default]
    OutIn,
    /// The first axis is the input (Burn's linear layers, embeddings stored vocabulary x width).
    InOut,
}
