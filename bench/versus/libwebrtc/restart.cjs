// ICE restarts, as bench/ice_restart/loopback.cpp does them.
'use strict';
const fs = require('fs');

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const cpuMs = () => { const used = process.cpuUsage(); return (used.user + used.system) / 1e3; };
const quantile = (values, q) => {
  const sorted = Float64Array.from(values).sort();
  return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] : -1;
};
const mean = (values) => values.reduce((sum, each) => sum + each, 0) / values.length;
const patience = 20e3;

async function selected(pc) {
  let id;
  (await pc.getStats()).forEach((each) => { if (each.type === 'transport') id = each.selectedCandidatePairId; });
  return id;
}

class Restarting {
  constructor(pair) {
    Object.assign(this, pair);
    this.into.onmessage = ({ data }) => { if (data === 'ping') this.into.send('pong'); };
    this.out.onmessage = ({ data }) => { if (data === 'pong') this.ponged?.(); };
    this.pass(this.a, this.b);
    this.pass(this.b, this.a);
  }
  /// Candidates that come before the description they belong to are held back until `described` is called.
  pass(from, to) {
    to.described = () => {};
    from.onicecandidate = async ({ candidate }) => {
      await to.ready;
      if (!candidate) return;
      to.lastCandidate = candidate;
      to.addIceCandidate(candidate).catch(() => {}); // of a generation that is gone
    };
  }
  expectDescription(pc) { pc.ready = new Promise((resolve) => { pc.described = resolve; }); }

  /// Asks the statistics. libwebrtc keeps a report for 50 ms unless a candidate is added, so one that it knows is.
  async poll(pc) {
    if (pc.lastCandidate) await pc.addIceCandidate(pc.lastCandidate).catch(() => {});
    return selected(pc);
  }
  /// Until both ends have another pair. The answerer goes over when data comes by the new one: each look is with a message.
  async changed(before, late) {
    const waiting = new Map([[this.a, before[0]], [this.b, before[1]]]);
    for (;;) {
      this.out.send('x');
      this.into.send('x');
      const now = await Promise.all([...waiting].map(async ([pc, old]) => [pc, old, await this.poll(pc)]));
      for (const [pc, old, id] of now) if (id && id !== old) waiting.delete(pc);
      if (waiting.size === 0) return;
      if (performance.now() > late) throw new Error('no new pair');
      await sleep(5);
    }
  }
  async restart() {
    const { a, b } = this, before = [await selected(a), await selected(b)];
    const begin = performance.now();
    this.expectDescription(b);
    const offer = await a.createOffer({ iceRestart: true });
    this.expectDescription(a);
    await a.setLocalDescription(offer);
    await b.setRemoteDescription(offer);
    b.described();
    const answer = await b.createAnswer();
    await b.setLocalDescription(answer);
    await a.setRemoteDescription(answer);
    a.described();
    await this.changed(before, begin + patience);
    const done = performance.now() - begin;
    await new Promise((resolve, reject) => {
      this.ponged = resolve;
      setTimeout(() => reject(new Error('no answer')), patience).unref();
      this.out.send('ping');
    });
    return { done, answered: performance.now() - begin };
  }
}

/// Numbered messages each way, a thousand a second, unordered and sent once.
class Numbers {
  sent = 0;
  arrived = 0;

  constructor(from, to) {
    to.onmessage = () => { ++this.arrived; };
    const begin = performance.now(), first = this.sent;
    this.timer = setInterval(() => {
      for (const due = first + performance.now() - begin; this.sent < due; ++this.sent) from.send(new Uint32Array([this.sent]));
    }, 1);
  }
  stop() { clearInterval(this.timer); }
}
async function startNumbers({ a, b }) {
  const init = { ordered: false, maxRetransmits: 0, negotiated: true, id: 100 };
  const ends = [a, b].map((pc) => pc.createDataChannel('numbers', init));
  await Promise.all(ends.map((each) => each.readyState === 'open' || new Promise((resolve) => { each.onopen = resolve; })));
  return [new Numbers(ends[0], ends[1]), new Numbers(ends[1], ends[0])];
}

exports.restart = async (connect, pairs, count) => {
  const all = [];
  for (let i = 0; i < pairs; ++i) all.push(new Restarting(await connect()));
  await sleep(500);
  let done = [], answered = [], failed = 0;
  const inTurn = async (times) => {
    for (let i = 0; i < times; ++i) {
      try {
        const took = await all[i % pairs].restart();
        done.push(took.done);
        answered.push(took.answered);
      } catch { ++failed; }
    }
  };
  await inTurn(Math.min(5, count)); // warm up
  [done, answered, failed] = [[], [], 0];
  const cpuBefore = cpuMs();
  await inTurn(count);
  const cpu_ms = (cpuMs() - cpuBefore) / count;
  if (process.env.BENCH_SAMPLES) fs.appendFileSync(process.env.BENCH_SAMPLES, done.map((each) => each.toFixed(6) + '\n').join(''));

  const flows = await startNumbers(all[0]);
  await sleep(100);
  const together = [];
  let took = 0;
  const end = performance.now() + 2e3;
  for (let i = 0; i < 3 || performance.now() < end; ++i) {
    const begin = performance.now();
    await Promise.all(all.map((each) => each.restart().then((times) => together.push(times.done), () => { ++failed; })));
    took += performance.now() - begin;
  }
  await sleep(100);
  for (const each of flows) each.stop();
  await sleep(500);
  const sum = (key) => flows[0][key] + flows[1][key];
  return {
    median_ms: quantile(done, .5), mean_ms: mean(done), p90_ms: quantile(done, .9), p99_ms: quantile(done, .99),
    answered_median_ms: quantile(answered, .5), answered_p99_ms: quantile(answered, .99),
    restarts_per_s: done.length / answered.reduce((all, each) => all + each, 0) * 1e3, cpu_ms,
    together_median_ms: quantile(together, .5), together_p99_ms: quantile(together, .99), together_per_s: together.length / took * 1e3,
    sent: sum('sent'), lost: sum('sent') - sum('arrived'), failed,
  };
};
