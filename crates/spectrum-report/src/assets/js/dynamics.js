// The pictures of spectral dynamics (Yunis et al., arXiv 2408.11804): which run they show, the events of a run, and the names of
// what they draw.
const dynamics = { run: 0, followers: [] };

// Scalars at the last step that say when something happened.
const EVENTS = [
  { name: "generalization_step", word: "test accuracy above the threshold", short: "test accuracy above the threshold", dash: "9 3 2 3" },
  { name: "half_rank_drop_step", word: "half of the rank\u2019s fall", short: "half of the rank\u2019s fall", dash: "2 3" },
];

// The performance with a part of the singular values: <train|test>_<loss|accuracy>_<top|bottom>_<fraction kept>.
function partOf(name) {
  const m = /^(train|test)_(loss|accuracy)_(top|bottom)_([\d.]+)$/.exec(name);
  return m && Number(m[4]) >= 0 && Number(m[4]) <= 1 ? { of: `${m[1]}_${m[2]}`, side: m[3], fraction: Number(m[4]) } : null;
}

const MEAN_RANK = "effective_rank_mean";
const valued = (curve) => (curve ? curve.v.filter((v) => v !== null).length : 0);
const hasMeanRank = () => DATA.runs.some((r) => valued(r.scalars[MEAN_RANK]) > 1);
// Scalars that the loss section leaves to this one.
const isDynamic = (name) => EVENTS.some((e) => e.name === name) || partOf(name) !== null || (name === MEAN_RANK && hasMeanRank());

// The accuracy that counts as generalisation, where all runs that say it have the same one.
function thresholdWords() {
  const all = [...new Set(DATA.runs.filter((r) => r.threshold !== undefined).map((r) => r.threshold))];
  return all.length === 1 && all[0] !== null ? text(all[0], 4) : "the threshold (dynamics.threshold)";
}

// Each event of a run: {at, why}, the step or the reason that there is none; left out where it was not looked for.
function eventsOf(run) {
  return EVENTS.flatMap((e) => {
    const c = run.scalars[e.name], i = c ? c.t.length - 1 : -1;
    if (i < 0) return [];
    const why = Object.entries(c.why || {}).find(([, where]) => where.includes(i));
    const named = e.name === "generalization_step" && run.threshold !== null && run.threshold !== undefined;
    const words = named ? { word: `test accuracy above ${text(run.threshold, 4)}`, short: `test accuracy > ${text(run.threshold, 4)}` } : {};
    return [{ ...e, ...words, at: c.v[i], why: c.v[i] === null ? (why ? why[0] : "no value") : null }];
  });
}

// A reason without the name of its sort, or in words where it has nothing but that.
const plainReason = (why) => (REASONS[why] || why || "no value").replace(/^Not(Applicable|Computed): /, "");

// What a caption says of the events.
function eventWords(run) {
  const all = eventsOf(run).map((e) => (e.why === null ? `${e.word} at ${DATA.step_word} ${text(e.at, 9)}` : `${e.word}: none (${plainReason(e.why)})`));
  return all.length ? `${all.join("; ")}.` : "";
}
const sentence = (words) => words.charAt(0).toUpperCase() + words.slice(1);

// A run that these pictures have something of.
const isSubject = (run) => Boolean(run.diagonals || run.pairs || Object.keys(run.scalars).some(partOf) || rankRows(run).length > 1);

function drawDynamicsRun(root) {
  const runs = DATA.runs.map((r, i) => [i, r.name]).filter(([i]) => isSubject(DATA.runs[i]));
  dynamics.run = runs.length ? runs[0][0] : 0;
  if (runs.length < 2) { root.remove(); return; }
  const select = el("select", { "aria-label": "run", onchange: () => { dynamics.run = Number(select.value); dynamics.followers.forEach((f) => f()); } }, ...runs.map(([i, name]) => el("option", { value: i }, name)));
  root.append(el("div", { class: "bar" }, el("label", {}, "run in maps and parts", select)));
}

// The legend of the upright lines of a heat map.
const eventLegend = (events) => (events.length ? legend(events.map((e) => ({ name: `${e.word} (${DATA.step_word} ${text(e.at, 9)})`, color: "var(--ink)", dash: e.dash }))) : "");

const STEPS = [["linear", "linear"], ["log1p", "log"]];
const ofRun = () => (DATA.runs.length > 1 ? `Run ${runName(dynamics.run)}. ` : "");
