//! Modular arithmetic: every pair of residues with its result.

use serde::{Deserialize, Serialize};

use crate::stream::{permutation, stream};
use crate::{DataError, Dataset, RandomLabels, Split, Targets};

/// The operation of a table modulo p.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// a + b.
    #[default]
    Add,
    /// a - b.
    Subtract,
    /// a b.
    Multiply,
    /// a / b, the c with b c = a, for b != 0 and p prime.
    Divide,
}

/// What is put into the training set whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PairSplit {
    /// Each ordered pair by itself. For a commutative operation (b, a) then often gives away the test pair (a, b).
    #[default]
    Ordered,
    /// (a, b) together with (b, a), so that no test pair is the mirror of a training pair.
    Unordered,
}

/// All pairs (a, b) of residues modulo p with the result of one operation (A. Power et al., arXiv 2201.02177; the
/// settings of arXiv 2408.11804 are p = 113, addition, fraction 0.3).
///
/// There are p^2 pairs, p (p - 1) for a division. A permutation from the stream `data.split` orders them (or the
/// unordered pairs); the first floor(fraction * number) train, the rest test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModularArithmetic {
    /// The modulus, 2 to 4096; prime for a division.
    pub p: u32,
    /// The operation.
    #[serde(default)]
    pub operation: Operation,
    /// Share of the pairs that train.
    pub fraction: f64,
    /// What is kept together.
    #[serde(default)]
    pub split: PairSplit,
    /// Random labels in place of the results: made on the whole table, before it is split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub random_labels: Option<RandomLabels>,
}

impl Default for ModularArithmetic {
    /// The small scale of the grokking experiment: addition modulo 59, 40 % of the ordered pairs.
    fn default() -> Self {
        Self { p: 59, operation: Operation::Add, fraction: 0.4, split: PairSplit::Ordered, random_labels: None }
    }
}

/// Pairs with their labels.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PairSet {
    /// a and b, each below p.
    pub pairs: Vec<[u32; 2]>,
    /// The label of each pair, below p.
    pub labels: Vec<u32>,
}

/// The table, split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModularSplit {
    /// The modulus: residues are 0 to p - 1, and the token `=` is p.
    pub p: u32,
    /// Training pairs.
    pub train: PairSet,
    /// Test pairs.
    pub test: PairSet,
}

/// How a pair becomes the inputs of a [`Dataset`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PairInputs {
    /// Three tokens, a, b and `=` (which is p): the sequence of arXiv 2408.11804. Its classes are all p + 1 tokens, as there.
    #[default]
    Sequence,
    /// The same sequence, each token as a one-hot vector: 3(p + 1) numbers.
    SequenceOneHot,
    /// Two tokens, a and b.
    Pair,
    /// 2p numbers: the one-hot vectors of a and b, one after the other.
    OneHot,
}

/// Larger tables are no use here, and tokens stay far below 2^24, up to which f32 holds every integer.
const LARGEST: u32 = 4096;

impl ModularArithmetic {
    /// Makes the table and splits it.
    ///
    /// # Errors
    /// [`DataError::Request`] when p is below 2, above 4096, or not prime where a division is asked for, or the
    /// fraction leaves nothing to train or nothing to test; the errors of [`RandomLabels::apply`].
    pub fn draw(&self, seed: u64) -> Result<ModularSplit, DataError> {
        let p = self.p;
        let refuse = |what, found: String, expected| Err(DataError::Request { what, found, expected });
        if !(2..=LARGEST).contains(&p) {
            return refuse("the modulus p", p.to_string(), "a number from 2 to 4096");
        }
        if self.operation == Operation::Divide && !is_prime(p) {
            return refuse("the modulus p", p.to_string(), "a prime number, for a division");
        }
        let pairs = self.pairs();
        let mut labels: Vec<u32> = pairs.iter().map(|&pair| self.result(pair)).collect();
        if let Some(random) = &self.random_labels {
            random.apply(&mut labels, p)?;
        }
        let groups = self.groups(&pairs);
        // The smallest addition keeps 0.29 * 100 from becoming 28.
        let train = (self.fraction * groups.len() as f64 + 1e-9).floor();
        if !(self.fraction.is_finite() && train >= 1.0) {
            return refuse("fraction", self.fraction.to_string(), "a share that leaves pairs to train on");
        }
        if train >= groups.len() as f64 {
            return refuse("fraction", self.fraction.to_string(), "a share that leaves pairs to test on");
        }
        let mut split = ModularSplit { p, train: PairSet::default(), test: PairSet::default() };
        for (i, g) in permutation(&mut stream(seed, "data.split"), groups.len() as u32).into_iter().enumerate() {
            let set = if (i as f64) < train { &mut split.train } else { &mut split.test };
            for &k in &groups[g as usize] {
                set.pairs.push(pairs[k]);
                set.labels.push(labels[k]);
            }
        }
        Ok(split)
    }

    /// All pairs, a in the outer order.
    fn pairs(&self) -> Vec<[u32; 2]> {
        let first = u32::from(self.operation == Operation::Divide);
        (0..self.p).flat_map(|a| (first..self.p).map(move |b| [a, b])).collect()
    }

    /// The numbers of the pairs that stay together, in the order of the pair with a <= b.
    fn groups(&self, pairs: &[[u32; 2]]) -> Vec<Vec<usize>> {
        match self.split {
            PairSplit::Ordered => (0..pairs.len()).map(|k| vec![k]).collect(),
            PairSplit::Unordered => {
                let mut table = std::collections::BTreeMap::new();
                for (k, &[a, b]) in pairs.iter().enumerate() {
                    table.entry((a.min(b), a.max(b))).or_insert_with(Vec::new).push(k);
                }
                table.into_values().collect()
            }
        }
    }

    fn result(&self, [a, b]: [u32; 2]) -> u32 {
        let p = self.p;
        match self.operation {
            Operation::Add => (a + b) % p,
            Operation::Subtract => (a + p - b) % p,
            Operation::Multiply => a * b % p,
            // Fermat: b^(p-2) is the inverse of b.
            Operation::Divide => a * power(b, p - 2, p) % p,
        }
    }
}

/// b^e modulo p <= 4096.
fn power(b: u32, e: u32, p: u32) -> u32 {
    let (mut result, mut square, mut e) = (1 % p, b % p, e);
    while e > 0 {
        if e & 1 == 1 {
            result = result * square % p;
        }
        square = square * square % p;
        e >>= 1;
    }
    result
}

fn is_prime(p: u32) -> bool {
    p >= 2 && (2..).take_while(|k| k * k <= p).all(|k| !p.is_multiple_of(k))
}

impl ModularSplit {
    /// Tokens that a sequence can hold: the residues and `=`.
    #[must_use]
    pub fn vocabulary(&self) -> u32 {
        self.p + 1
    }

    /// As data sets with p classes, p + 1 of sequences. Tokens are whole numbers in f32, exactly.
    ///
    /// # Errors
    /// [`DataError::Request`] when one-hot inputs do not fit in memory.
    pub fn split(&self, inputs: PairInputs) -> Result<Split, DataError> {
        Ok(Split {
            train: self.train.dataset(self.p, inputs)?,
            probe: None,
            test: self.test.dataset(self.p, inputs)?,
            teacher: None,
        })
    }
}

impl PairSet {
    fn dataset(&self, p: u32, how: PairInputs) -> Result<Dataset, DataError> {
        let (n, width) = (self.pairs.len(), p as usize);
        let dim = match how {
            PairInputs::Sequence => 3,
            PairInputs::Pair => 2,
            PairInputs::OneHot => 2 * width,
            PairInputs::SequenceOneHot => 3 * (width + 1),
        };
        let mut inputs: Vec<f32> = Vec::new();
        inputs.try_reserve_exact(n * dim).map_err(|_| DataError::Request {
            what: "the number of pairs",
            found: n.to_string(),
            expected: "a size that fits in this machine's memory",
        })?;
        for &[a, b] in &self.pairs {
            match how {
                PairInputs::Sequence => inputs.extend([a as f32, b as f32, p as f32]),
                PairInputs::Pair => inputs.extend([a as f32, b as f32]),
                PairInputs::SequenceOneHot => {
                    let start = inputs.len();
                    inputs.resize(start + dim, 0.0);
                    for (k, token) in [a, b, p].into_iter().enumerate() {
                        inputs[start + k * (width + 1) + token as usize] = 1.0;
                    }
                }
                PairInputs::OneHot => {
                    let start = inputs.len();
                    inputs.resize(start + dim, 0.0);
                    inputs[start + a as usize] = 1.0;
                    inputs[start + width + b as usize] = 1.0;
                }
            }
        }
        let tokens = matches!(how, PairInputs::Sequence | PairInputs::SequenceOneHot);
        let count = p + u32::from(tokens);
        Ok(Dataset { inputs, n, dim, targets: Targets::Classes { indices: self.labels.clone(), count } })
    }
}
