//! Sharded sets: an index (`{"weight_map": {"tensor": "shard file"}}`) over files in the same folder.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::checkpoint::{Opened, Source};
use crate::error::clip;
use crate::mapping::Mapping;
use crate::{Checkpoint, CheckpointError, Container, Skipped, TensorInfo, natural_order};

#[derive(Deserialize)]
struct Index {
    weight_map: WeightMap,
}

/// Tensor and shard, as a list, so that a name that stands twice is seen.
struct WeightMap(Vec<(String, String)>);

impl<'de> Deserialize<'de> for WeightMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = WeightMap;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of tensor and shard names")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<WeightMap, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(WeightMap(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

/// Reads the index and opens every shard.
pub(crate) fn open(map: &Mapping) -> Result<Opened, CheckpointError> {
    let file = || map.file();
    let Index { weight_map: WeightMap(pairs) } =
        serde_json::from_slice(map.bytes()).map_err(|e| CheckpointError::Malformed {
            file: file(),
            what: format!("index, line {}", e.line()),
            byte: e.column() as u64,
            found: clip(&e.to_string()),
            expected: "JSON with a \"weight_map\" from tensor to shard file",
        })?;
    if pairs.is_empty() {
        return Err(CheckpointError::NoTensors { file: file(), found: "an empty weight_map".into(), imports: vec![] });
    }
    let folder = map.path().parent().unwrap_or(Path::new(""));
    let mut shards: BTreeMap<String, usize> = BTreeMap::new();
    let mut opened: Vec<Checkpoint> = Vec::new();
    let (mut rows, mut seen) = (Vec::with_capacity(pairs.len()), HashMap::with_capacity(pairs.len()));
    for (tensor, shard) in pairs {
        if seen.insert(tensor.clone(), ()).is_some() {
            return Err(CheckpointError::DuplicateName { file: file(), name: tensor });
        }
        let number = match shards.get(&shard) {
            Some(&number) => number,
            None => {
                opened.push(open_shard(map, folder, &tensor, &shard)?);
                shards.insert(shard.clone(), opened.len() - 1);
                opened.len() - 1
            }
        };
        let Some(index) = opened[number].index_of(&tensor) else {
            return Err(CheckpointError::TensorNotInShard { file: file(), shard, tensor });
        };
        rows.push((opened[number].tensors()[index].clone(), (number, index)));
    }
    let skipped = skipped(&shards, &opened, &seen);
    rows.sort_by(|a, b| natural_order(&a.0.name, &b.0.name));
    let (tensors, places): (Vec<TensorInfo>, Vec<_>) = rows.into_iter().unzip();
    let safetensors = opened.iter().all(|s| s.container() == Container::Safetensors);
    Ok(Opened {
        order: None,
        container: if safetensors { Container::ShardedSafetensors } else { Container::ShardedPytorch },
        file_bytes: map.len() + opened.iter().map(Checkpoint::file_bytes).sum::<u64>(),
        tensors,
        skipped,
        root: None,
        source: Box::new(Shards { opened, places }),
    })
}

fn open_shard(map: &Mapping, folder: &Path, tensor: &str, shard: &str) -> Result<Checkpoint, CheckpointError> {
    // A plain file name. (A symbolic link may lead elsewhere: the caches of model hubs are made of them.)
    let mut parts = Path::new(shard).components();
    let plain = matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None));
    if !plain || shard.contains(['/', '\\', '\0']) {
        let (shard, tensor) = (clip(shard), clip(tensor));
        return Err(CheckpointError::ShardOutside { file: map.file(), shard, tensor });
    }
    let shard_is = |c: &Checkpoint| {
        matches!(c.container(), Container::Safetensors | Container::PytorchZip | Container::PytorchLegacy)
    };
    match Checkpoint::open_with(&folder.join(shard), false) {
        Ok(checkpoint) if shard_is(&checkpoint) => Ok(checkpoint),
        Ok(other) => Err(CheckpointError::Unsupported {
            file: other.path().to_owned(),
            found: format!("a shard that is {}", other.container()),
            instead: "shards are safetensors or PyTorch files",
        }),
        Err(CheckpointError::NotFound { .. }) => {
            let (shard, tensor) = (clip(shard), clip(tensor));
            Err(CheckpointError::ShardMissing { file: map.file(), shard, tensor })
        }
        Err(other) => Err(other),
    }
}

/// What the shards left out, and their tensors that the index does not name.
fn skipped(shards: &BTreeMap<String, usize>, opened: &[Checkpoint], named: &HashMap<String, ()>) -> Vec<Skipped> {
    let mut all = Vec::new();
    for (shard, &number) in shards {
        all.extend(opened[number].skipped().iter().cloned());
        for info in opened[number].tensors() {
            if !named.contains_key(&info.name) {
                all.push(Skipped {
                    name: info.name.clone(),
                    reason: format!("in shard {shard}, but not in the index"),
                });
            }
        }
    }
    all
}

struct Shards {
    opened: Vec<Checkpoint>,
    /// Shard, and the tensor in it.
    places: Vec<(usize, usize)>,
}

impl Source for Shards {
    fn with(&self, index: usize, f: &mut dyn FnMut(&[u8])) -> Result<(), CheckpointError> {
        let (shard, tensor) = self.places[index];
        self.opened[shard].source().with(tensor, f)
    }

    fn release(&self, index: usize) {
        let (shard, tensor) = self.places[index];
        self.opened[shard].source().release(tensor);
    }

    fn files(&self) -> Vec<PathBuf> {
        self.opened.iter().map(|shard| shard.path().to_owned()).collect()
    }
}
