//! How far a sweep is. Nothing of this is recorded.

use std::time::Duration;

use super::PointStatus;

/// How far a sweep is, at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Progress {
    /// Points of the grid.
    pub total: usize,
    /// Points that are settled, those found included.
    pub done: usize,
    /// Points that were settled before this call.
    pub found: usize,
    /// Points that this call could not finish.
    pub failed: usize,
    /// Points at work, in the order in which they were begun.
    pub running: Vec<RunningPoint>,
    /// Time left, from the times of the points that this call has finished; none before the first.
    pub left: Option<Duration>,
    /// What happened just now, if anything did: each event is reported once.
    pub event: Option<Event>,
}

/// A point at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningPoint {
    /// Its place in the grid.
    pub index: usize,
    /// Its values in words.
    pub label: String,
    /// Steps done; 0 where the engine does not know.
    pub step: u64,
    /// Steps in all; 0 where the engine does not know.
    pub steps: u64,
}

/// Something worth a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A point came to its end.
    Ended {
        /// Its place in the grid.
        index: usize,
        /// Its values in words.
        label: String,
        /// How it ended.
        status: PointStatus,
        /// Why, if it did not finish.
        error: Option<String>,
    },
    /// The engine has something to say: a job was submitted, the states of its tasks changed.
    Said(String),
}

/// Time left from the mean time of finished points: `jobs` of the remaining ones at a time, less what the running ones
/// have done.
pub(crate) fn time_left(times: &[Duration], waiting: usize, running: &[RunningPoint], jobs: usize) -> Option<Duration> {
    let mean = times.iter().sum::<Duration>().checked_div(u32::try_from(times.len()).ok()?)?;
    let open = |r: &RunningPoint| if r.steps > 0 { 1.0 - (r.step.min(r.steps) as f64 / r.steps as f64) } else { 0.5 };
    let points = waiting as f64 + running.iter().map(open).sum::<f64>();
    Duration::try_from_secs_f64(mean.as_secs_f64() * points / jobs.max(1) as f64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_counts_what_is_done_of_running_points() {
        let running = |step| RunningPoint { index: 0, label: String::new(), step, steps: 10 };
        let times = [Duration::from_secs(8), Duration::from_secs(12)];
        // Mean 10 s; 3 wait, two run with 0.5 and 1.0 to go: 4.5 points by 2 threads.
        let left = time_left(&times, 3, &[running(5), running(0)], 2);
        assert_eq!(left, Some(Duration::from_millis(22_500)));
        assert_eq!(time_left(&[], 3, &[], 2), None);
    }
}
